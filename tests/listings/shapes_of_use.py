"""One to one, one to many, many to one, many to many of equal and of unequal length: the models and their shapes."""

from recurra import layers
from recurra.models import Sequential


def one_to_one(features=5, outputs=3):
    model = Sequential()
    model.add(layers.Dense(outputs, input_shape=(features,)))
    return model


def one_to_many(features=5, outputs=3, times=7):
    model = Sequential()
    model.add(layers.RepeatVector(times, input_shape=(features,)))
    model.add(layers.LSTM(outputs, return_sequences=True))
    return model


def many_to_one(steps=11, features=5):
    model = Sequential()
    model.add(layers.LSTM(1, input_shape=(steps, features)))
    return model


def many_to_many(steps=11, features=5):
    model = Sequential()
    model.add(layers.LSTM(1, input_shape=(steps, features), return_sequences=True))
    return model


def many_to_fewer(steps=11, features=5, last=4):
    model = many_to_many(steps, features)
    model.add(layers.Lambda(lambda x: x[:, -last:, :]))
    return model


if __name__ == "__main__":
    for build in (one_to_one, one_to_many, many_to_one, many_to_many, many_to_fewer):
        model = build()
        print(f"{build.__name__:14} {model.input_shape} -> {model.output_shape}")
