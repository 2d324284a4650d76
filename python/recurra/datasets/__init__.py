"""Public data sets and sources of batches.

`imdb`, `jena_climate`, `jsb_chorales`, `mnist`, `nottingham`, `ptb` and `tiny_shakespeare` each have `load_data`;
`large_texts` reads texts that the user has.
`WindowSource` and `timeseries_dataset_from_array` make batches of windows of your own series; `read_csv` reads one.
"""

import typing as _typing
from importlib import import_module as _import_module

if _typing.TYPE_CHECKING:
    from recurra.datasets import imdb as imdb
    from recurra.datasets import jena_climate as jena_climate
    from recurra.datasets import jsb_chorales as jsb_chorales
    from recurra.datasets import large_texts as large_texts
    from recurra.datasets import mnist as mnist
    from recurra.datasets import nottingham as nottingham
    from recurra.datasets import ptb as ptb
    from recurra.datasets import tiny_shakespeare as tiny_shakespeare
    from recurra.datasets import windows as windows
    from recurra.datasets.csv_file import Table as Table
    from recurra.datasets.csv_file import read_csv as read_csv
    from recurra.datasets.timeseries import timeseries_dataset_from_array as timeseries_dataset_from_array
    from recurra.datasets.windows import WindowSource as WindowSource

_MODULES = (
    "imdb",
    "jena_climate",
    "jsb_chorales",
    "large_texts",
    "mnist",
    "nottingham",
    "ptb",
    "tiny_shakespeare",
    "windows",
)
_NAMES = {
    "Table": "csv_file",
    "WindowSource": "windows",
    "read_csv": "csv_file",
    "timeseries_dataset_from_array": "timeseries",
}

if not _typing.TYPE_CHECKING:

    def __getattr__(name: str) -> _typing.Any:
        if name in _MODULES:
            return _import_module(f"recurra.datasets.{name}")
        if name in _NAMES:
            return getattr(_import_module(f"recurra.datasets.{_NAMES[name]}"), name)
        from recurra.checks import unknown_attribute

        raise unknown_attribute("recurra.datasets", name, __dir__())


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES, *_NAMES})
