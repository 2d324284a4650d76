"""Four simple recurrent layers on word vectors: all but the last hand on whole sequences."""

from recurra.layers import Embedding, SimpleRNN
from recurra.models import Sequential


def main():
    model = Sequential()
    model.add(Embedding(10000, 32))
    for _ in range(3):
        model.add(SimpleRNN(32, return_sequences=True))
    model.add(SimpleRNN(32))
    model.build((None, None))
    model.summary()
    return model


if __name__ == "__main__":
    main()
