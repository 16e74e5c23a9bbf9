"""Names of benchmarks taken apart: levels come out of them, and two names that differ never become one."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bptt_bench.store.frame import load
from bptt_bench.store.importers.reading.names import parse_names
from hypothesis import given, settings
from hypothesis import strategies as st

# pieces of commands and calls: of any text hypothesis would hardly ever make two names that are nearly alike
PIECES = st.sampled_from(
    [
        *("fd", ".", "/", " ", "(", ")", "[", "]", "a", "sort", "-", "_", "*", "=", "n=", "n", ",", "1", "2", "10"),
        *("1.0", "010", "1e1", "{n}", "{arg0}", "\n", "\\n", "iterations:3", ":", "x" * 200, "\x1b", "\\x1b"),
    ]
)
NAMES = st.lists(PIECES, min_size=1, max_size=6).map("".join)
PAIRS = st.lists(NAMES, min_size=2, max_size=5, unique=True)
LEVELS = st.sampled_from(["1", "2", "10", "1.0", "", ".", "a", "n"])


def loaded(document: Any) -> pd.DataFrame:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.json"
        path.write_text(json.dumps(document))
        return load(path)


def n_cells(frame: pd.DataFrame) -> int:
    """How many subjects at points there are."""
    return len(frame[["subject", *frame.attrs["factors"]]].drop_duplicates())


def hyperfine(names: list[str], parameters: list[dict[str, str]] | None = None) -> Any:
    results: list[dict[str, Any]] = [{"command": name, "times": [1.0, 2.0]} for name in names]
    for result, point in zip(results, parameters or [], strict=parameters is not None):
        result["parameters"] = point
    return {"results": results}


def pyperf(names: list[str], metadata: list[dict[str, str]] | None = None) -> Any:
    more: list[dict[str, str]] = metadata or [{} for _ in names]
    found: list[dict[str, Any]] = [{"name": name} | each for name, each in zip(names, more, strict=True)]
    return {"version": "1.0", "benchmarks": [{"metadata": one, "runs": [{"values": [1.0, 2.0]}]} for one in found]}


@settings(max_examples=100, deadline=None)
@given(names=PAIRS)
def test_different_commands_and_benchmarks_never_become_one(names: list[str]) -> None:
    assert n_cells(loaded(hyperfine(names))) == len(names)
    assert n_cells(loaded(pyperf(names))) == len(names)


@settings(max_examples=60, deadline=None)
@given(names=PAIRS, data=st.data())
def test_nor_do_they_where_they_have_parameters(names: list[str], data: st.DataObject) -> None:
    points = [{"n": data.draw(LEVELS), "m": data.draw(LEVELS)} for _ in names]
    assert n_cells(loaded(hyperfine(names, points))) >= len(names)
    assert n_cells(loaded(pyperf(names, points))) >= len(names)


@settings(max_examples=60, deadline=None)
@given(names=PAIRS)
def test_nor_do_google_benchmarks_and_tests(names: list[str]) -> None:
    rows = [{"name": f"BM/{name}", "real_time": 1.0, "cpu_time": 1.0, "time_unit": "ns"} for name in names]
    assert n_cells(loaded({"context": {}, "benchmarks": rows})) == len(names)
    tests = [{"name": f"t[{name}]", "param": name, "params": {"p": name}, "stats": {"data": [1.0]}} for name in names]
    assert n_cells(loaded({"machine_info": {}, "benchmarks": tests})) == len(names)


@pytest.mark.parametrize(
    ("names", "subjects"),
    [
        (["fd .", "fd . /"], ["fd .", "fd . /"]),
        (["(a)", "a)"], ["(a)", "a)"]),
        (["[1]*1000", "[1]*2000"], ["[1]*", "[1]*"]),
        (["sort 10", "sort 20", "sort"], ["sort {arg0}", "sort {arg0}", "sort"]),
        (["sleep 1", "sleep 1.0", "sleep 2"], ["sleep 1", "sleep 1.0", "sleep"]),
        (["f(g(10))", "f(g(20))"], ["f(g)", "f(g)"]),
        (["-x 10", "-x 20"], ["-x", "-x"]),
        (["10-x", "20-x"], ["x", "x"]),
    ],
)
def test_names_lose_their_levels_and_nothing_else(names: list[str], subjects: list[str]) -> None:
    for frame in (loaded(hyperfine(names)), loaded(pyperf(names))):
        assert frame["subject"].tolist()[::2] == subjects  # two samples each


def test_a_name_without_levels_is_kept_as_it_is() -> None:
    names = [" (a) ", "a,", "[x]", "-"]
    assert [one.subject for one in parse_names(names)] == names


def test_a_google_benchmark_with_other_settings_is_another_benchmark() -> None:
    rows = [{"name": name, "real_time": 1.0, "time_unit": "ns"} for name in ("BM/8", "BM/iterations:5/8", "BM/16")]
    frame = loaded({"context": {}, "benchmarks": rows})
    assert frame["subject"].tolist() == ["BM/8", "BM/iterations:5/8", "BM"]


def test_pyperf_benchmarks_of_one_name_differ_by_what_their_metadata_say() -> None:
    frame = loaded(pyperf(["sort", "sort"], [{"kind": "merge"}, {"kind": "quick"}]))
    assert frame.attrs["factors"] == ["kind"]
    assert frame["kind"].tolist() == ["merge", "merge", "quick", "quick"]
