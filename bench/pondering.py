"""Networks that ponder, on the inputs of parity and logic, beside PyTorch: training and inference.

    python -m bench.pondering [--threads 2] [--rounds 5] [--only NAME] [--json FILE] [--markdown FILE]

PyTorch runs loops around its `RNNCell` and `LSTMCell`: as many steps as the slowest row of the batch needs.
"""

from __future__ import annotations

from bench.beside_torch import main

if __name__ == "__main__":
    main("pondering", __doc__)
