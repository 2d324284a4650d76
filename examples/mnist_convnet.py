"""Digits with a convolutional network
===================================

The classic beside which recurrent networks are introduced.

    RECURRA_DATA=/folder/with/mnist python examples/mnist_convnet.py --epochs 12

Learning rate and momentum did best of four pairs on 10,000 training images held out (docs/results.md); the classic
listing leaves them at 0.01 and 0, which learns more slowly.
"""

import argparse

import recurra
from recurra import layers
from recurra.datasets import mnist
from recurra.models import Sequential

CLASSES = 10


def convnet():
    model = Sequential()
    model.add(layers.Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)))
    model.add(layers.Conv2D(64, (3, 3), activation="relu"))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Dropout(0.25))
    model.add(layers.Flatten())
    model.add(layers.Dense(128, activation="relu"))
    model.add(layers.Dropout(0.25))
    model.add(layers.Dense(CLASSES, activation="softmax"))
    return model


def main(data=None, epochs=12, batch_size=128, learning_rate=0.05, momentum=0.9, verbose=1):
    recurra.random.set_seed(1)
    (x_train, y_train), (x_test, y_test) = data or mnist.load_data()
    x_train, x_test = (x.reshape(-1, 28, 28, 1).astype("float32") / x.max() for x in (x_train, x_test))
    y_train, y_test = (recurra.utils.to_categorical(y, CLASSES) for y in (y_train, y_test))

    model = convnet()
    model.summary()
    model.compile(
        loss=recurra.losses.categorical_crossentropy,
        optimizer=recurra.optimizers.SGD(learning_rate, momentum=momentum),
        metrics=["accuracy"],
    )
    history = model.fit(
        x_train, y_train, batch_size=batch_size, epochs=epochs, verbose=verbose, validation_data=(x_test, y_test)
    )
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"test: loss {loss:.4f}, accuracy {accuracy:.4f}")
    return {"loss": loss, "accuracy": accuracy, "history": history, "model": model}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--learning-rate", type=float, default=0.05)
    parser.add_argument("--momentum", type=float, default=0.9)
    options = parser.parse_args()
    main(
        epochs=options.epochs,
        batch_size=options.batch_size,
        learning_rate=options.learning_rate,
        momentum=options.momentum,
    )
