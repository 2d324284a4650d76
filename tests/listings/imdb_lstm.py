"""Is a review of a film positive? Word vectors and an LSTM."""

from data import reviews

from recurra.layers import LSTM, Dense, Embedding
from recurra.models import Sequential


def main(max_words=10000, maxlen=500, count=None, epochs=10, verbose=1):
    x_train, y_train = reviews(max_words, maxlen, count)

    model = Sequential()
    model.add(Embedding(max_words, 32))
    model.add(LSTM(32))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(optimizer="rmsprop", loss="binary_crossentropy", metrics=["acc"])
    history = model.fit(x_train, y_train, epochs=epochs, batch_size=128, validation_split=0.2, verbose=verbose)
    return model, history


if __name__ == "__main__":
    main()
