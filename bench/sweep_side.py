"""side.py with the cases of the sweep; started by sweep.py."""

from __future__ import annotations

import side
import sweep_cases

if __name__ == "__main__":
    sweep_cases.register()
    side.main()
