"""Whatever is in a file, ``load`` gives a frame or says in one printable line why not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bptt_bench.errors import StoreError
from bptt_bench.store.frame import load
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.__main__ import as_text, report
from tests.fuzz.case import is_line
from tests.fuzz.processes import all_outcomes

CASES = 1000  # some 15 s; 100 000 are run by hand: python -m tests.fuzz
EXAMPLES = 300
words = st.sampled_from(
    [
        *("benchmarks", "context", "machine_info", "results", "runs", "values", "name", "real_time", "stats", "data"),
        *("command", "times", "parameters", "commit_hash", "version", "result_columns", "params", "value", "mean"),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=4), inner, max_size=5),
    max_leaves=25,
)
entries = st.lists(st.dictionaries(words, values, max_size=6), max_size=3)
documents = st.one_of(
    values,
    st.fixed_dictionaries({"context": st.just({}), "benchmarks": entries}),
    st.fixed_dictionaries({"machine_info": values, "benchmarks": entries}),
    st.fixed_dictionaries({"version": values, "metadata": values, "benchmarks": entries}),
    st.fixed_dictionaries({"results": entries}),
    st.fixed_dictionaries(
        {
            "commit_hash": st.text(max_size=8),
            "version": st.just(2),
            "result_columns": st.lists(words | st.just("result"), max_size=4),
            "results": st.dictionaries(st.text(max_size=4), values, max_size=3),
        }
    ),
)
cells = st.sampled_from(
    ["PARAMETER", "POINTS", "DATA", "METRIC", "REGION", "n", "1", "2.5", "x", ",", "(1 2)", "\x1b", "nan"]
)
texts = st.lists(st.lists(cells, max_size=6).map(" ".join) | st.text(max_size=20), max_size=12).map("\n".join)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile") / "data"


def assert_loaded_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    refused, frame = "", None
    try:
        frame = load(path)
    except StoreError as error:
        refused = str(error)
    assert is_line(refused) if frame is None else len(frame) > 0
    assert frame is None or all(str(name).isprintable() for name in frame.columns)


@settings(max_examples=EXAMPLES)
@given(document=documents)
def test_any_json(place: Path, document: object) -> None:
    assert_loaded_or_refused(place, json.dumps(document).encode())


@settings(max_examples=EXAMPLES)
@given(text=texts)
def test_any_text(place: Path, text: str) -> None:
    assert_loaded_or_refused(place, text.encode("utf-8", "surrogatepass"))


@settings(max_examples=EXAMPLES)
@given(
    start=st.sampled_from([b"", b"PAR1", b"{", b"[", b"n,t\n", b"PARAMETER n\nPOINTS "]),
    content=st.binary(max_size=200),
)
def test_any_bytes(place: Path, start: bytes, content: bytes) -> None:
    assert_loaded_or_refused(place, start + content)


@pytest.mark.slow
def test_mutated_files_of_every_format_neither_crash_nor_hang_nor_fail() -> None:
    found = report(all_outcomes(0, CASES))
    assert found["cases"] == CASES
    assert not found["bad"], as_text(found)
    by_format = found["by_format"]
    assert isinstance(by_format, dict)
    tools = {"asv", "extra_p", "google_benchmark", "hyperfine", "pyperf", "pytest_benchmark"}
    assert set(by_format) == tools | {"csv", "parquet", "run", "table"}
    assert all(
        {"fitted", "refused"} <= set(one) for one in by_format.values()
    )  # not everything is thrown out at the door
