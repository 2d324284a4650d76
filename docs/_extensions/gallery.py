"""How the programs of examples/ are run for the gallery: shortened, with the pictures that they write."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from sphinx_gallery.scrapers import figure_rst

# Options with which a program takes some seconds.
ARGUMENTS = {
    "dates.py": ["--epochs", "2"],
    "gru_against_lstm.py": ["--quick"],
    "many_to_many_equal.py": ["--epochs", "8"],
    "many_to_many_unequal.py": ["--epochs", "8"],
    "many_to_one.py": ["--epochs", "8"],
    "one_to_many.py": ["--epochs", "10"],
    "per_step_loss.py": ["--updates", "100"],
    "reverse_digits.py": ["--epochs", "1"],
    "window_against_recurrence.py": ["--quick"],
}


def arguments_of_example(gallery_conf: dict[str, Any], script_vars: dict[str, Any]) -> list[str]:
    """The options that a program is run with."""
    return ARGUMENTS.get(Path(script_vars["src_file"]).name, [])


def pictures_written(block: Any, block_vars: dict[str, Any], gallery_conf: dict[str, Any]) -> str:
    """The pictures that a program wrote beside itself, moved to the gallery."""
    moved = []
    for picture in sorted(Path(block_vars["src_file"]).parent.glob("*.png")):
        target = block_vars["image_path_iterator"].next()
        shutil.move(picture, target)
        moved.append(target)
    return figure_rst(moved, gallery_conf["src_dir"])
