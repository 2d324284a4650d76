"""The Jena weather files: layouts, cache, what is refused, the synthetic series, finding and downloading."""

from __future__ import annotations

import functools
import gzip
import hashlib
import http.server
import os
import threading
import zipfile
from pathlib import Path

import numpy as np
import pytest

from recurra.datasets import jena_climate
from recurra.datasets.gaps import fill, longest_gap
from recurra.datasets.locate import DatasetNotFoundError, cache_folder, download, locate

NEWER = [
    "rain (mm)",
    "raining (s)",
    "SWDR (W/m²)",
    "PAR (µmol/m²/s)",
    "max. PAR (µmol/m²/s)",
    "Tlog (degC)",
    "CO2 (ppm)",
]


STATION_2024 = next(Path(os.environ.get("RECURRA_DATA") or "/none").glob("jena_mpi_roof_2024_part.csv.gz"), None)


@pytest.fixture(autouse=True)
def private_folders(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("RECURRA_DATA", raising=False)


def synthetic_file(rows: int, columns: tuple[str, ...] = jena_climate.COLUMNS) -> tuple[bytes, np.ndarray]:
    """A file in the station's layout with made-up numbers, and these numbers."""
    values = np.round(np.random.default_rng(0).normal(size=(997, len(columns))) * 100, 2)
    fields = [",".join(map(str, row)) for row in values.tolist()]
    days = np.datetime64("2009-01-01") + np.arange(rows // 144 + 1)
    dates = [f"{d.day:02}.{d.month:02}.{d.year}" for d in days.astype(object)]
    clock = [f"{m // 60:02}:{m % 60:02}:00" for m in range(0, 1440, 10)]
    header = ",".join(f'"{name}"' for name in ("Date Time", *columns))
    lines = [f"{dates[i // 144]} {clock[i % 144]},{fields[i % 997]}" for i in range(rows)]
    return "\r\n".join([header, *lines]).encode("latin-1"), values[np.arange(rows) % 997]


def test_full_size_layout_of_2009_2016(tmp_path) -> None:
    data, values = synthetic_file(jena_climate.ROWS)
    path = tmp_path / "jena_climate_2009_2016.csv"
    path.write_bytes(data)
    table = jena_climate.load_data(path)
    assert table.names == jena_climate.COLUMNS
    assert not table.synthetic
    np.testing.assert_array_equal(table.values, values)
    assert table.times[0] == np.datetime64("2009-01-01", "s").astype(int)
    np.testing.assert_array_equal(np.diff(table.times), 600)


@pytest.mark.parametrize("packing", ["plain", "gzip", "zip"])
def test_newer_files_have_more_columns_in_latin_1(tmp_path, packing) -> None:
    data, values = synthetic_file(300, (*jena_climate.COLUMNS, *NEWER))
    path = tmp_path / "mpi_roof_2024a.csv"
    if packing == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(path.name, data)
    else:
        path.write_bytes(gzip.compress(data) if packing == "gzip" else data)
    table = jena_climate.load_data(path)
    assert table.names == jena_climate.COLUMNS
    np.testing.assert_array_equal(table.values, values[:, :14])
    whole = jena_climate.load_data(path, all_columns=True)
    assert whole.names == (*jena_climate.COLUMNS, *NEWER)
    np.testing.assert_array_equal(whole.values, values)


def test_parsed_table_is_cached_until_the_file_changes(tmp_path, monkeypatch) -> None:
    path = tmp_path / "mpi_roof.csv"
    path.write_bytes(synthetic_file(300)[0])
    first = jena_climate.load_data(path)
    read, calls = jena_climate.read_csv, []
    monkeypatch.setattr(jena_climate, "read_csv", lambda *a, **k: calls.append(a) or read(*a, **k))
    again = jena_climate.load_data(path)
    np.testing.assert_array_equal(again.values, first.values)
    np.testing.assert_array_equal(again.times, first.times)
    assert not calls
    path.write_bytes(synthetic_file(310)[0])
    assert len(jena_climate.load_data(path)) == 310
    assert len(calls) == 1
    for kept in cache_folder().iterdir():
        kept.write_bytes(kept.read_bytes()[:100])
    assert len(jena_climate.load_data(path)) == 310
    assert len(calls) == 2


def test_failed_sensor_is_replaced_by_the_last_reading(tmp_path) -> None:
    data, values = synthetic_file(20)
    lines = data.decode().split("\r\n")
    for row in (5, 6):
        fields = lines[row + 1].split(",")
        fields[12] = "-9999.0"
        lines[row + 1] = ",".join(fields)
    path = tmp_path / "a.csv"
    path.write_text("\n".join(lines))
    table = jena_climate.load_data(path)
    values = values.copy()
    values[5:7, 11] = values[4, 11]
    np.testing.assert_array_equal(table.values, values)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "01.01.2009 01:00:00",
            "01.13.2009 01:00:00",
            r"line 8, column 1 \('Date Time'\): '01.13.2009 01:00:00' is not",
        ),
        (
            "01.01.2009 01:00:00,",
            "01.01.2009 01:00:00,x",
            r"line 8, column 2 \('p \(mbar\)'\): 'x.*' is not a finite number",
        ),
        ("01.01.2009 01:00:00,", "01.01.2009 01:00:00,1,", "line 8, column 16: unexpected"),
        ('"T (degC)"', '"T (K)"', "line 1 must have 'Date Time' and then p"),
        ('"Date Time"', '"When"', "no column 'Date Time'"),
    ],
)
def test_malformed_files_are_refused(tmp_path, old, new, message) -> None:
    text = synthetic_file(20)[0].decode()
    assert old in text
    path = tmp_path / "a.csv"
    path.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message):
        jena_climate.load_data(path)


def test_synthetic_series_is_announced_seeded_and_plausible() -> None:
    table = jena_climate.synthetic(60_000)
    assert table.synthetic
    assert "synthetic" in table.source
    assert table.names == jena_climate.COLUMNS
    assert table.values.shape == (60_000, 14)
    np.testing.assert_array_equal(table.values, jena_climate.synthetic(60_000).values)
    assert not np.array_equal(table.values, jena_climate.synthetic(60_000, seed=1).values)
    np.testing.assert_array_equal(np.diff(table.times), 600)
    v = dict(zip(table.names, table.values.T, strict=False))
    assert (v["Tdew (degC)"] < v["T (degC)"]).all()
    assert (v["rh (%)"] <= 100).all()
    assert (v["wv (m/s)"] > 0).all()
    np.testing.assert_allclose(v["VPmax (mbar)"] - v["VPact (mbar)"], v["VPdef (mbar)"], atol=0.011)
    month = table.times.astype("datetime64[s]").astype("datetime64[M]").astype(int) % 12
    assert v["T (degC)"][month == 6].mean() > v["T (degC)"][month == 0].mean() + 10
    hour = (table.times // 3600) % 24
    assert v["T (degC)"][hour == 14].mean() > v["T (degC)"][hour == 3].mean() + 3


def test_files_are_found_in_data_folders_before_the_cache(tmp_path, monkeypatch) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second, cache_folder()):
        folder.mkdir(parents=True)
    monkeypatch.setenv("RECURRA_DATA", f"{first}{os.pathsep}{second}")
    (cache_folder() / "a.csv").touch()
    assert locate(["a.csv", "b*.csv"]) == cache_folder() / "a.csv"
    (second / "b2.csv").touch()
    (second / "b1.csv").touch()
    assert locate(["a.csv", "b*.csv"]) == second / "b1.csv"
    (first / "a.csv").touch()
    assert locate(["a.csv", "b*.csv"]) == first / "a.csv"
    monkeypatch.setenv("RECURRA_DATA", str(tmp_path / "none"))
    with pytest.raises(NotADirectoryError, match="RECURRA_DATA names"):
        locate("a.csv")


def test_not_found_says_what_to_do(tmp_path) -> None:
    with pytest.raises(DatasetNotFoundError, match=r"set RECURRA_DATA to that folder, or put it into .*cache"):
        locate("a.csv")
    with pytest.raises(DatasetNotFoundError, match=r"could not be downloaded .*Put the file into a folder"):
        locate("a.csv", url="http://127.0.0.1:9/a.csv", timeout=1)
    with pytest.raises(DatasetNotFoundError, match=r"jena_climate_2009_2016\.csv"):
        jena_climate.load_data(download=False)


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path):
    (tmp_path / "www").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "www"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield tmp_path / "www", f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()


def test_download_is_checked_and_appears_whole(server, capsys) -> None:
    folder, address = server
    data = os.urandom(700_000)
    (folder / "a.bin").write_bytes(data)
    sha = hashlib.sha256(data).hexdigest()
    path = locate("a.bin", url=f"{address}/a.bin", sha256=sha, size=len(data))
    assert path == cache_folder() / "a.bin"
    assert path.read_bytes() == data
    assert "downloading a.bin: 0.7 of 0.7 MB (100 %)" in capsys.readouterr().err
    (folder / "a.bin").unlink()
    assert locate("a.bin", url=f"{address}/a.bin") == path  # from the cache
    (folder / "b.bin").write_bytes(data)
    for expected in ({"sha256": "0" * 64}, {"size": 5}):
        with pytest.raises(ValueError, match=r"b\.bin: expected"):
            locate("b.bin", url=f"{address}/b.bin", **expected)
    with pytest.raises(DatasetNotFoundError, match="File not found"):
        locate("c.bin", url=f"{address}/c.bin")
    assert [p.name for p in cache_folder().iterdir()] == ["a.bin"]


def test_download_that_breaks_off_leaves_nothing(tmp_path, monkeypatch) -> None:
    class Broken(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"x" * 10)

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Broken) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        with pytest.raises(OSError, match="ended after 10 of 1000 bytes"):
            download(f"http://127.0.0.1:{running.server_address[1]}/a", tmp_path / "a", verbose=False)
        running.shutdown()
    assert not list(tmp_path.glob("a*"))


def test_the_zip_is_downloaded_and_read(server, monkeypatch) -> None:
    folder, address = server
    data, values = synthetic_file(200)
    with zipfile.ZipFile(folder / "jena_climate_2009_2016.csv.zip", "w") as archive:
        archive.writestr("jena_climate_2009_2016.csv", data)
    monkeypatch.setattr(jena_climate, "URL", f"{address}/jena_climate_2009_2016.csv.zip")
    np.testing.assert_array_equal(jena_climate.load_data().values, values)


def test_gaps() -> None:
    column = np.array([np.nan, 1, np.nan, np.nan, 4, np.nan])
    assert longest_gap(column) == 2
    assert longest_gap(column[1:2]) == 0
    assert longest_gap(column[:1]) == 1
    np.testing.assert_array_equal(fill(column, "interpolate"), [1, 1, 2, 3, 4, 4])
    np.testing.assert_array_equal(fill(column, "forward"), [1, 1, 1, 1, 4, 4])
    with pytest.raises(ValueError, match="no value at all"):
        fill(np.array([np.nan]), "forward")
    with pytest.raises(ValueError, match="expected 'interpolate' or 'forward'"):
        fill(column, "guess")


@pytest.mark.skipif(STATION_2024 is None, reason="needs jena_mpi_roof_2024_part.csv.gz in RECURRA_DATA")
def test_the_stations_own_file_of_2024() -> None:
    table = jena_climate.load_data(STATION_2024, all_columns=True)
    assert table.values.shape == (19_132, 21)
    assert table.names[14:] == tuple(NEWER)
    assert table.times[0] == np.datetime64("2024-06-09T11:40", "s").astype(int)
    np.testing.assert_array_equal(np.diff(table.times), 600)
    v = dict(zip(table.names, table.values.T, strict=False))
    np.testing.assert_allclose(v["Tpot (K)"], (v["T (degC)"] + 273.15) * (1000 / v["p (mbar)"]) ** 0.286, atol=0.02)
