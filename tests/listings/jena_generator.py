"""Weather in, temperature of the next day out: normalisation, and batches of windows from a generator."""

import numpy as np
from data import weather

TEMPERATURE = 1


class Windows:
    """The measurements, normalised by their training part, and generators of (samples, targets).

    A sample is every `step`-th of the `lookback` rows before a row; its target is the temperature `delay` rows after.
    """

    def __init__(self, data=None, lookback=720, step=6, delay=144, batch_size=128, train_rows=None):
        data = np.array(weather() if data is None else data, dtype="float64")
        train_rows = train_rows or min(200000, len(data) // 2)
        data -= data[:train_rows].mean(axis=0)
        self.std = data[:train_rows].std(axis=0)
        data /= self.std
        self.data, self.lookback, self.step, self.delay, self.batch_size = data, lookback, step, delay, batch_size
        val_rows = (len(data) - train_rows) // 2
        self.shape = (lookback // step, data.shape[-1])
        self.train = self.generator(0, train_rows, shuffle=True)
        self.val = self.generator(train_rows + 1, train_rows + val_rows)
        self.val_steps = (val_rows - lookback - 1) // batch_size

    def generator(self, min_index, max_index, shuffle=False):
        if max_index is None:
            max_index = len(self.data) - self.delay - 1
        rng = np.random.default_rng(0)
        first = min_index + self.lookback
        next_row = first
        while True:
            if shuffle:
                rows = rng.integers(first, max_index, self.batch_size)
            else:
                if next_row + self.batch_size >= max_index:
                    next_row = first
                rows = np.arange(next_row, min(next_row + self.batch_size, max_index))
                next_row += len(rows)
            past = rows[:, None] + np.arange(-self.lookback, 0, self.step)
            yield self.data[past], self.data[rows + self.delay, TEMPERATURE]

    def common_sense_error(self, batches=None):
        """Mean absolute error of saying that it will be as warm as now, normalised and in degrees."""
        errors = [
            np.abs(samples[:, -1, TEMPERATURE] - targets).mean()
            for _, (samples, targets) in zip(range(batches or self.val_steps), self.val, strict=False)
        ]
        return float(np.mean(errors)), float(np.mean(errors) * self.std[TEMPERATURE])


if __name__ == "__main__":
    print("common sense: mean absolute error {:.3f} = {:.2f} degC".format(*Windows().common_sense_error()))
