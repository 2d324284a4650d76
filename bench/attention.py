"""Attention, an encoder block of the Transformer and an attending decoder beside PyTorch: training and inference.

    python -m bench.attention [--threads 2] [--rounds 5] [--only NAME] [--json FILE] [--markdown FILE]

PyTorch runs `scaled_dot_product_attention`, `TransformerEncoderLayer` and a loop around `GRUCell`.
"""

from __future__ import annotations

from bench.beside_torch import main

if __name__ == "__main__":
    main("attention", __doc__)
