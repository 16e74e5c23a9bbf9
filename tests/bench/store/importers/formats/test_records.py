"""JSON that somebody wrote by hand: a list of objects, objects a line, or objects under one key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.frame import load

RECORDS = [{"n": 1000, "kind": "a", "time": 0.5}, {"n": "2K", "kind": "b", "time": None}, {"n": 4000, "time": 2}]


def loaded(folder: Path, content: Any) -> pd.DataFrame:
    path = folder / "data.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return load(path)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(RECORDS),
        "\n".join(map(json.dumps, RECORDS)),
        "\n" + "\n\n".join(map(json.dumps, RECORDS)) + "\n",
        json.dumps({"results": RECORDS, "machine": "box"}, indent=1),
        "a log\n" + "\n".join(map(json.dumps, RECORDS)) + "\nits end",
    ],
)
def test_records_are_rows(tmp_path: Path, content: str) -> None:
    frame = loaded(tmp_path, content)
    assert frame["n"].tolist() == [1000, 2000, 4000]
    assert frame["kind"].tolist() == ["a", "b", ""]
    np.testing.assert_equal(frame["time"].to_numpy(), [0.5, np.nan, 2.0])
    assert "column 'time': 1 of 3 entries is missing (empty)" in frame.attrs["notes"]


def test_a_home_made_file_of_results_is_not_called_hyperfines(tmp_path: Path) -> None:
    frame = loaded(tmp_path, {"results": [{"name": "x", "n": 1, "mean": 2.0}, {"name": "x", "n": 2, "mean": 4.0}]})
    assert frame.attrs["source"] == {"tool": "table"}
    assert frame.attrs["notes"] == [
        "read as plain records, those of 'results': hyperfine's results have a 'command' each"
    ]


def test_objects_within_records_give_their_members_and_lists_are_samples(tmp_path: Path) -> None:
    frame = loaded(
        tmp_path,
        [
            {"params": {"n": 1, "m": {"k": 5}}, "times": [1.0, 2.0], "a": {"x": 1}, "b": {"x": 2}, "tags": ["p", "q"]},
            {"params": {"n": 2, "m": {"k": 6}}, "times": [3.0], "a": {"x": 3}, "b": {"x": 4}},
        ],
    )
    assert frame.columns.tolist() == ["n", "k", "times", "a.x", "b.x"]
    assert frame.to_numpy().tolist() == [[1, 5, 1, 1, 2], [1, 5, 2, 1, 2], [2, 6, 3, 3, 4]]
    assert frame.attrs["notes"] == ["left out, neither numbers nor text: tags"]


def test_text_that_is_no_unicode_is_printable(tmp_path: Path) -> None:
    assert loaded(tmp_path, [{"n": 1, "kind": "\ud800"}])["kind"].tolist() == ["\\ud800"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"\ud800": [[]]}], "must have records of 1 to 1000 numbers or texts, got 0"),
        ([{"n": 1}, 2], "is JSON of no known tool (a list)"),
        ([{"n": [{}]}], "must have records of 1 to 1000 numbers or texts, got 0"),
        ([{"n": []}], "holds no sample"),
        ([{"n": 1}, {"n": 2}, {"n": "x"}], "[2], column 'n': 'x' is not a number, as others are"),
        ('{"n": 1}\n{"n": 2}\n{"n": "x"}', "line 3, column 'n': 'x' is not a number"),
        ('{"n": 1}\n{"n"', "line 2: is broken JSON"),
        ('{"n": 1}\n[2]\n{"n": 3}', "line 2 must be an object, got a list"),
        ({"a": [{"n": 1}], "b": [{"n": 1}]}, "is JSON of no known tool (an object with a, b)"),
    ],
)
def test_what_is_not_a_table_is_one_line(tmp_path: Path, content: Any, expected: str) -> None:
    with pytest.raises(StoreError) as caught:
        loaded(tmp_path, content)
    assert expected in str(caught.value)
