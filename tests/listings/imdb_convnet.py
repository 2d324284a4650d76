"""Is a review of a film positive? Word vectors and one-dimensional convolutions.

The last layer has no sigmoid although the loss expects probabilities, as in the classic listing; the model says so.
"""

from data import reviews

from recurra import layers
from recurra.models import Sequential
from recurra.optimizers import RMSprop


def main(max_features=10000, max_len=500, count=None, epochs=10, verbose=1):
    x_train, y_train = reviews(max_features, max_len, count)

    model = Sequential()
    model.add(layers.Embedding(max_features, 128, input_length=max_len))
    model.add(layers.Conv1D(32, 7, activation="relu"))
    model.add(layers.MaxPooling1D(5))
    model.add(layers.Conv1D(32, 7, activation="relu"))
    model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Dense(1))
    model.build((None, max_len))
    model.summary()
    model.compile(optimizer=RMSprop(lr=1e-4), loss="binary_crossentropy", metrics=["acc"])
    history = model.fit(x_train, y_train, epochs=epochs, batch_size=128, validation_split=0.2, verbose=verbose)
    return model, history


if __name__ == "__main__":
    main()
