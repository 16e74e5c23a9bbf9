"""Units that formats state: converted to seconds where they are times of an evaluation, told with the response else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bptt_bench.analyse.data.response import unit_of
from bptt_bench.store.frame import load

N = [1000, 2000, 4000]


def asv(folder: Path, units: dict[str, str]) -> pd.DataFrame:
    """Benchmarks of a value each, by their units as ``benchmarks.json`` states them."""
    results = {name: [[1.0, 2.0, 3.0], [list(map(str, N))], "v1"] for name in units}
    described = {
        name: {"param_names": ["n"], "unit": unit, "code": "", "version": "v1"} for name, unit in units.items()
    }
    (folder / "machine").mkdir()
    (folder / "benchmarks.json").write_text(json.dumps({**described, "version": 2}), encoding="utf-8")
    document = {
        "commit_hash": "0" * 40, "env_name": "e", "version": 2, "results": results,
        "result_columns": ["result", "params", "version"],
    }  # fmt: skip
    (folder / "machine" / "x.json").write_text(json.dumps(document), encoding="utf-8")
    return load(folder / "machine" / "x.json")


@pytest.mark.parametrize(
    ("stated", "response", "symbol"),
    [
        ("ms", "value_ms", "ms"),
        ("seconds", "value_s", "s"),
        ("bytes", "value_bytes", "B"),
        ("MB/s", "value_MB_per_s", "MB/s"),
        ("files", "value", "files"),
        ("unit", "value", None),
        ("two words", "value", None),
    ],
)
def test_what_asv_tracks_has_the_unit_that_it_states(
    stated: str, response: str, symbol: str | None, tmp_path: Path
) -> None:
    frame = asv(tmp_path, {"track_it": stated})
    assert frame[response].tolist() == [1.0, 2.0, 3.0]
    found = unit_of(response, frame)
    assert (None if found is None else found.symbol) == symbol


def test_where_benchmarks_differ_no_unit_is_known_and_it_is_said(tmp_path: Path) -> None:
    frame = asv(tmp_path, {"track_a": "files", "track_b": "lines"})
    assert unit_of("value", frame) is None
    said = "value: benchmarks have units of their own (files, lines), so none is known; --unit states it"
    assert said in frame.attrs["notes"]


@pytest.mark.parametrize(("unit", "response", "symbol"), [
    ("second", "seconds_per_eval", "s"), ("byte", "peak_bytes", "B"), ("integer", "value", "count"),
])  # fmt: skip
def test_pyperf_states_the_unit(unit: str, response: str, symbol: str, tmp_path: Path) -> None:
    runs = [{"values": [1.0, 2.0]}]
    benchmarks = [{"metadata": {"name": f"sort-{n}"}, "runs": runs} for n in N]
    document: dict[str, Any] = {"version": "1.0", "metadata": {"unit": unit}, "benchmarks": benchmarks}
    (tmp_path / "x.json").write_text(json.dumps(document), encoding="utf-8")
    found = unit_of(response, load(tmp_path / "x.json"))
    assert found is not None
    assert found.symbol == symbol
