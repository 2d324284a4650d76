"""Weather in, temperature of the next day out: the networks that are tried in turn."""

import sys

from jena_generator import Windows

from recurra import layers
from recurra.models import Sequential
from recurra.optimizers import RMSprop

FEATURES = 14


def dense(shape):
    model = Sequential()
    model.add(layers.Flatten(input_shape=shape))
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(1))
    return model


def gru(shape):
    model = Sequential()
    model.add(layers.GRU(32, input_shape=(None, shape[-1])))
    model.add(layers.Dense(1))
    return model


def stacked_gru(shape):
    model = Sequential()
    model.add(layers.GRU(32, dropout=0.1, recurrent_dropout=0.5, return_sequences=True, input_shape=(None, shape[-1])))
    model.add(layers.GRU(64, activation="relu", dropout=0.1, recurrent_dropout=0.5))
    model.add(layers.Dense(1))
    return model


def bidirectional_gru(shape):
    model = Sequential()
    model.add(layers.Bidirectional(layers.GRU(32), input_shape=(None, shape[-1])))
    model.add(layers.Dense(1))
    return model


def conv_gru(shape):
    model = Sequential()
    model.add(layers.Conv1D(32, 5, activation="relu", input_shape=(None, shape[-1])))
    model.add(layers.MaxPooling1D(3))
    model.add(layers.Conv1D(32, 5, activation="relu"))
    model.add(layers.GRU(32, dropout=0.1, recurrent_dropout=0.5))
    model.add(layers.Dense(1))
    return model


EPOCHS = {dense: 20, gru: 20, stacked_gru: 40, bidirectional_gru: 40, conv_gru: 20}


def reverse(batches):
    """The same batches, each sample read from its end."""
    for samples, targets in batches:
        yield samples[:, ::-1, :], targets


def main(build, reversed_time=False, windows=None, steps_per_epoch=500, epochs=None, verbose=1):
    windows = windows or Windows(step=3 if build is conv_gru else 6)
    train, val = (reverse(windows.train), reverse(windows.val)) if reversed_time else (windows.train, windows.val)
    model = build(windows.shape)
    model.summary()
    model.compile(optimizer=RMSprop(), loss="mae")
    history = model.fit_generator(
        train,
        steps_per_epoch=steps_per_epoch,
        epochs=epochs or EPOCHS[build],
        validation_data=val,
        validation_steps=windows.val_steps,
        verbose=verbose,
    )
    return model, history


if __name__ == "__main__":
    names = {build.__name__: build for build in EPOCHS}
    if len(sys.argv) < 2 or sys.argv[1] not in names:
        sys.exit(f"usage: jena_models.py {{{','.join(names)}}} [reversed]")
    main(names[sys.argv[1]], reversed_time="reversed" in sys.argv)
