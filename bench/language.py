"""Language models beside PyTorch: a training step over 10,000 words, and characters written one by one.

    python -m bench.language [--threads 2] [--rounds 5] [--only NAME] [--json FILE] [--markdown FILE]

PyTorch runs `nn.LSTM`, and a loop over its single steps. The losses of the first steps, and what is written, are
compared.
"""

from __future__ import annotations

from bench.beside_torch import main

if __name__ == "__main__":
    main("language", __doc__)
