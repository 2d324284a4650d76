"""One side of an experiment, in a process of its own.

    python -m bench.sides.training PEER THREADS EXPERIMENT SEED DATA WEIGHTS

DATA and WEIGHTS are .npz files: {train,validation,test}_{x,y}, and the initial weights in Keras's order and layout.
Answers lines of JSON on standard input: {"epoch": k} trains the k-th epoch, counted from 1, and answers with its
seconds (training alone), "loss" and "acc" of training, "val_loss" and "val_acc"; {"test": true} answers with the test
accuracy of the weights that had the best validation accuracy.
"""

from __future__ import annotations

import importlib
import json
import sys
import time

import numpy as np

from bench.trainings import BY_NAME


def main() -> None:
    peer, threads, name, seed, data, weights = sys.argv[1:]
    side = importlib.import_module(f"bench.peers.{peer}")
    side.set_threads(int(threads))
    training = BY_NAME[name]
    with np.load(data) as arrays:
        parts = {part: (arrays[f"{part}_x"], arrays[f"{part}_y"]) for part in ("train", "validation", "test")}
    with np.load(weights) as arrays:
        initial = [arrays[key] for key in sorted(arrays, key=int)]
    network = side.trained_network(training, initial, int(seed))
    print(json.dumps({"version": side.version()}), flush=True)
    best, kept = -1.0, initial
    for line in sys.stdin:
        order = json.loads(line)
        if "test" in order:
            network.set_weights(kept)
            print(json.dumps({"acc": network.judge(*parts["test"])[1]}), flush=True)
            continue
        x, y = parts["train"]
        rows = np.random.default_rng([int(seed), order["epoch"]]).permutation(len(x))
        x, y = x[rows], y[rows]
        began = time.perf_counter()
        loss, accuracy = network.epoch(x, y)
        seconds = time.perf_counter() - began
        validation_loss, validation_accuracy = network.judge(*parts["validation"])
        if validation_accuracy > best:
            best, kept = validation_accuracy, network.get_weights()
        figures = {"loss": loss, "acc": accuracy, "val_loss": validation_loss, "val_acc": validation_accuracy}
        print(json.dumps({"seconds": seconds, **figures}), flush=True)


if __name__ == "__main__":
    main()
