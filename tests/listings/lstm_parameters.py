"""How many numbers an LSTM learns: four dense maps of [state, input, 1], one for each gate and the candidate."""

from recurra.layers import LSTM


def main(units=2, features=3):
    layer = LSTM(units)
    layer.build((None, None, features))
    return {"counted": layer.count_params(), "by formula": (units + features + 1) * units * 4}


if __name__ == "__main__":
    print(main())
