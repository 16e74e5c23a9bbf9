"""What is written as CSV is read back as it was, to the last bit."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bptt_bench.store.exporters.csv import csv_text
from bptt_bench.store.frame import load
from hypothesis import given
from hypothesis import strategies as st


def written(frame: pd.DataFrame) -> str:
    return "".join(csv_text(frame))


def read_back(folder: Path, frame: pd.DataFrame) -> pd.DataFrame:
    path = folder / "x.csv"
    path.write_text(written(frame), encoding="utf-8", newline="")
    return load(path)


def test_numbers_are_bare_text_is_quoted_and_nothing_is_nothing() -> None:
    frame = pd.DataFrame(
        {
            "subject": ["sort", 'say "a,b"'],
            "n": [1, 2],
            "x": [0.1, 35.0],
            "gap": [math.nan, 1e-9],
            "flag": [True, False],
            "mixed": [None, "a"],
        }
    )
    assert written(frame) == (
        '"subject","n","x","gap","flag","mixed"\n"sort",1,0.1,,1,\n"say ""a,b""",2,35,1e-09,0,"a"\n'
    )


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_every_number_is_written_exactly(values: list[float]) -> None:
    rows = list(csv.reader(io.StringIO(written(pd.DataFrame({"x": values})))))[1:]
    assert [float(row[0]) for row in rows] == values


def test_every_number_is_read_back_exactly(tmp_path: Path, rng: np.random.Generator) -> None:
    values = np.exp(rng.uniform(-40, 40, 20_000))
    frame = read_back(tmp_path, pd.DataFrame({"x": values, "n": np.arange(len(values))}))
    assert (frame["x"].to_numpy() == values).all()
    assert frame["n"].dtype.kind == "i"


@pytest.mark.parametrize("name", ["=1+1", "+sum", "-x", "@cmd", "'=1", '=HYPERLINK("x")', "a=b", "plain"])
def test_names_that_a_spreadsheet_would_run_are_guarded_and_read_back(name: str, tmp_path: Path) -> None:
    frame = pd.DataFrame({"subject": [name, "other"], "seconds_per_eval": [1.0, -2.0], f"{name}_column": [1, 2]})
    for row in csv.reader(io.StringIO(written(frame))):
        for cell in row:
            assert cell == "-2" or cell[:1] not in "=+-@"
    back = read_back(tmp_path, frame)
    assert back["subject"].tolist() == frame["subject"].tolist()
    assert list(back.columns) == list(frame.columns)


@pytest.mark.parametrize("levels", [["32", "64"], ["1", "2", "x"], ["nan", "zero"], ["'1", "1e3"], ["1", "", "2"]])
def test_text_that_looks_like_a_number_stays_text(levels: list[str], tmp_path: Path) -> None:
    frame = pd.DataFrame({"bits": levels, "seconds_per_eval": 1.0})
    assert read_back(tmp_path, frame)["bits"].tolist() == levels


def test_a_large_frame_is_written_whole() -> None:
    frame = pd.DataFrame({"n": np.arange(25_001)})
    assert written(frame).split() == ['"n"', *map(str, range(25_001))]
