"""The temperature of the next hour from the last day: one LSTM, two in a stack, convolutions in front of one."""

import numpy as np
from data import weather

from recurra import layers
from recurra.models import Sequential

STEPS, PARTS, TEMPERATURE = 24, 4, 1


def days(temperatures):
    """(x, y): a day of normalised hourly temperatures (days, 24, 1), and the hour behind it (days,)."""
    series = np.asarray(temperatures, dtype="float32")
    series = (series - series.mean()) / series.std()
    windows = np.lib.stride_tricks.sliding_window_view(series, STEPS + 1)
    return windows[:, :STEPS, None], windows[:, STEPS]


def simple():
    model = Sequential()
    model.add(layers.LSTM(50, activation="relu", input_shape=(STEPS, 1)))
    model.add(layers.Dense(1))
    return model


def stacked():
    model = Sequential()
    model.add(layers.LSTM(50, activation="relu", return_sequences=True, input_shape=(STEPS, 1)))
    model.add(layers.LSTM(50, activation="relu"))
    model.add(layers.Dense(1))
    return model


def convolutional():
    """Each quarter of the day is read by convolutions, the four results by an LSTM."""
    model = Sequential()
    model.add(layers.Reshape((PARTS, STEPS // PARTS, 1), input_shape=(STEPS, 1)))
    model.add(layers.TimeDistributed(layers.Conv1D(64, 3, activation="relu")))
    model.add(layers.TimeDistributed(layers.MaxPooling1D(2)))
    model.add(layers.TimeDistributed(layers.Flatten()))
    model.add(layers.LSTM(50, activation="relu"))
    model.add(layers.Dense(1))
    return model


def main(build=simple, temperatures=None, epochs=10, verbose=1):
    x, y = days(weather()[::6, TEMPERATURE] if temperatures is None else temperatures)
    model = build()
    model.summary()
    model.compile(optimizer="adam", loss="mse", metrics=["mae"])
    history = model.fit(x, y, epochs=epochs, batch_size=128, validation_split=0.2, verbose=verbose)
    first = int(len(x) * 0.8)
    unchanged = float(np.abs(x[first:, -1, 0] - y[first:]).mean())
    print(f"mean absolute error {history.history['val_mae'][-1]:.4f}; of saying that nothing changes {unchanged:.4f}")
    return model, history


if __name__ == "__main__":
    for kind in (simple, stacked, convolutional):
        main(kind)
