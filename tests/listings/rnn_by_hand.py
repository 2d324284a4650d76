"""A recurrent network as a loop: the output of one step is the state of the next."""

import numpy as np

from recurra.layers import SimpleRNN


def run_any(step, inputs, state=0.0):
    """The idea: any function of input and state, called again and again."""
    outputs = []
    for x in inputs:
        state = step(x, state)
        outputs.append(state)
    return outputs


def main(steps=100, features=32, units=64, seed=0):
    rng = np.random.default_rng(seed)
    inputs = rng.random((steps, features))
    w, u, b = rng.random((units, features)), rng.random((units, units)), rng.random(units)

    outputs = run_any(lambda x, state: np.tanh(w @ x + u @ state + b), inputs, np.zeros(units))
    sequence = np.stack(outputs)  # (steps, units); concatenate along axis 0 would give one long row

    layer = SimpleRNN(units, return_sequences=True, dtype="float64")
    layer.build((None, steps, features))
    layer.set_weights([w.T, u.T, b])
    same = np.asarray(layer(inputs[None]))[0]
    return {"sequence": sequence, "layer": same}


if __name__ == "__main__":
    result = main()
    print(
        result["sequence"].shape, "largest difference from SimpleRNN:", abs(result["sequence"] - result["layer"]).max()
    )
