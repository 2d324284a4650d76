"""Weather at the Max Planck Institute for Biogeochemistry in Jena: 14 quantities every 10 minutes.

The file of 2009-2016 has 420,551 rows; the station's newer files have seven more columns after the same fourteen.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.catalogue import JENA, JENA_STATION
from recurra.datasets.csv_file import Table, read_csv
from recurra.datasets.gaps import fill
from recurra.datasets.locate import cache_folder, locate

COLUMNS = (
    "p (mbar)",
    "T (degC)",
    "Tpot (K)",
    "Tdew (degC)",
    "rh (%)",
    "VPmax (mbar)",
    "VPact (mbar)",
    "VPdef (mbar)",
    "sh (g/kg)",
    "H2OC (mmol/mol)",
    "rho (g/m**3)",
    "wv (m/s)",
    "max. wv (m/s)",
    "wd (deg)",
)
ROWS = 420_551
URL = JENA.url
FILES = (*JENA.also, JENA.name, *JENA_STATION.also)
_DATE_COLUMN = "Date Time"
_DATE_FORMAT = "%d.%m.%Y %H:%M:%S"
_SENSOR_FAILED = -9999.0


def load_data(
    path: str | Path | None = None, *, download: bool = True, all_columns: bool = False, cache: bool = True
) -> Table:
    r"""The measurements as one table; `load_data().values` is (rows, 14).

    Args:
        path: A file of 2009-2016 or of the station's newer ones (.csv, .gz, .zip); None: found in RECURRA_DATA or the
            cache, else downloaded.
        download: Whether the file of 2009-2016 may be fetched from the network (default True).
        all_columns: Also the columns that newer files have after the fourteen (default False).
        cache: Keep the parsed table in the cache, to be read at once next time (default True).

    Returns:
        A Table of float64 with times. A reading of a failed sensor (-9999) is replaced by the last one before it.

    Raises:
        DatasetNotFoundError: No file, and none to be had; the message says what to do.
        ValueError: The file is malformed or of another kind; the message names line and column.

    Example:
        >>> from pathlib import Path
        >>> jena = recurra.datasets.jena_climate
        >>> row = "01.01.2009 00:10:00," + ",".join(["1.5"] * 14)
        >>> _ = Path("station.csv").write_text("Date Time," + ",".join(jena.COLUMNS) + "\n" + row + "\n")
        >>> jena.load_data("station.csv", cache=False).values.shape
        (1, 14)
    """
    file = Path(path) if path is not None else locate(FILES, url=URL if download else None)
    kept = _cached_file(file) if cache else None
    table = _read_cached(kept, file.name) if kept is not None else None
    if table is None:
        table = read_csv(file, date_column=_DATE_COLUMN, date_format=_DATE_FORMAT)
        if table.names[: len(COLUMNS)] != COLUMNS:
            raise ValueError(
                f"{file.name}: line 1 must have '{_DATE_COLUMN}' and then {', '.join(COLUMNS)}; "
                f"got {', '.join(table.names)}"
            )
        _repair(table.values)
        if kept is not None:
            _write_cached(kept, table)
    if all_columns:
        return table
    return Table(table.source, COLUMNS, np.ascontiguousarray(table.values[:, : len(COLUMNS)]), table.times)


def synthetic(rows: int = ROWS, seed: int = 0) -> Table:
    """A made-up series in the form of the real one, for machines without data. It was not measured anywhere.

    Air masses come and go over days; temperature follows them with a delay of a day and a half, on top of the seasons
    and of days that are wider in summer. Pressure and wind announce the air mass, so the future can be guessed from
    more than the last temperature. The other columns follow from these by the formulas of moist air.

    Args:
        rows: Length at 10 minutes a row from 2009-01-01 on (default 420,551).
        seed: Of the random numbers (default 0).

    Returns:
        A Table with `synthetic` set.

    Example:
        >>> table = recurra.datasets.jena_climate.synthetic(rows=1000)
        >>> table.values.shape, table.names[1]
        ((1000, 14), 'T (degC)')
    """
    random = np.random.default_rng(seed)
    seconds = 600.0 * np.arange(1, rows + 1)
    days = seconds / 86400
    season = np.cos(2 * np.pi * (days - 20) / 365.25)  # 1 in the depth of winter
    sun = -np.cos(2 * np.pi * (days - 0.08)) * (1 - 0.45 * season)

    air = _red_noise(random, rows, memory=3.0)
    warmth = _delayed(air, memory=1.5)
    slow, moist, gust = (_red_noise(random, rows, memory=memory) for memory in (6.0, 2.0, 0.4))
    t = 9.4 - 9.6 * season + 3.2 * sun * (1 - 0.25 * moist) + 7.5 * warmth + 1.8 * slow + 0.5 * gust
    p = 989.0 - 5.5 * air - 3.5 * slow + 0.5 * np.sin(4 * np.pi * days)
    spread = np.maximum(0.1, 3.6 - 1.6 * moist + 2.4 * np.maximum(sun, -0.4) - 1.2 * season)
    t_dew = t - spread
    vp_max, vp_act = _vapour_pressure(t), _vapour_pressure(t_dew)
    wv = 2.1 * np.exp(0.55 * gust + 0.25 * np.abs(air)) * (1 + 0.15 * sun)
    wd = np.mod(200 + 75 * air + 25 * gust, 360)
    columns = [
        p,
        t,
        (t + 273.15) * (1000 / p) ** 0.286,
        t_dew,
        100 * vp_act / vp_max,
        vp_max,
        vp_act,
        vp_max - vp_act,
        622 * vp_act / (p - 0.378 * vp_act),
        1000 * vp_act / p,
        100 * (p - 0.378 * vp_act) / (287.05 * (t + 273.15)) * 1000,
        wv,
        wv * (1.5 + 0.2 * random.random(rows)),
        wd,
    ]
    values = np.round(np.stack(columns, axis=1), 2)
    start = np.datetime64("2009-01-01", "s").astype(np.int64)
    return Table("synthetic weather series", COLUMNS, values, start + seconds, synthetic=True)


def _red_noise(random: np.random.Generator, rows: int, memory: float) -> NDArray[np.float64]:
    """Noise of unit variance that forgets within `memory` days."""
    return _delayed(random.normal(size=rows), memory, unit=True)


def _delayed(x: NDArray[np.float64], memory: float, unit: bool = False) -> NDArray[np.float64]:
    """First-order lag dy/dt = (x - y) / memory in days, by its frequency response 1 / (1 + i w memory)."""
    length = 1 << (2 * len(x) - 1).bit_length()  # padded, so that the end does not flow into the beginning
    frequency = 2 * np.pi * np.fft.rfftfreq(length, d=600 / 86400)
    y = np.fft.irfft(np.fft.rfft(x, length) / (1 + 1j * frequency * memory), length)[: len(x)]
    return y / np.sqrt(600 / 86400 / (2 * memory)) if unit else y


def _vapour_pressure(celsius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Saturation pressure of water vapour in mbar (Magnus' formula with Sonntag's constants, 1990)."""
    return np.asarray(6.112 * np.exp(17.62 * celsius / (243.12 + celsius)))


def _repair(values: NDArray[np.float64]) -> None:
    values[values == _SENSOR_FAILED] = np.nan
    for column in np.flatnonzero(np.isnan(values).any(axis=0)):
        if not np.isnan(values[:, column]).all():
            values[:, column] = fill(values[:, column], "forward")


def _cached_file(file: Path) -> Path:
    """Where the parsed form of this very file is kept: the name holds size and time of its last change."""
    state = file.stat()
    return cache_folder() / f"{file.name.replace('.', '_')}-{state.st_size}-{state.st_mtime_ns}.npz"


def _read_cached(kept: Path, source: str) -> Table | None:
    try:
        with np.load(kept, allow_pickle=False) as stored:
            return Table(source, tuple(str(name) for name in stored["names"]), stored["values"], stored["times"])
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None  # not there, or cut off: it is made again


def _write_cached(kept: Path, table: Table) -> None:
    partial = kept.with_suffix(".part.npz")
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.savez(partial, names=np.array(table.names), values=table.values, times=np.asarray(table.times))
        partial.replace(kept)
    except OSError:
        partial.unlink(missing_ok=True)  # a full or read-only disk: the file is parsed again next time
