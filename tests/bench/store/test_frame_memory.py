"""Memory in the frame: rows and columns of its own, and none where no memory was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bptt_bench.errors import StoreError
from bptt_bench.measure.protocol.schedule import MEMORY_BLOCK, Visit
from bptt_bench.plan import Point
from bptt_bench.store.frame import load
from bptt_bench.store.runs.samples import SampleStore

from tests.bench.store.runs.test_samples import HEADER, sample, stored
from tests.bench.store.test_frame import COLUMNS

BYTES = ["peak_bytes", "allocated_bytes", "scratch_bytes", "peak_scratch_bytes"]


def memory(n: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "record": "memory",
        "subject": "s",
        "point": {"n": n},
        "process": 7,
        "peak_bytes": 1_500,
        "allocated_bytes": 1_000,
        "output_bytes": 300,
        "started_at": 9.0,
        "visit_seconds": 0.5,
        **more,
    }


def test_a_store_without_memory_loads_as_it_always_did(tmp_path: Path) -> None:
    stored(tmp_path / "old", HEADER, sample(1), sample(2))
    stored(tmp_path / "new", HEADER, sample(1), sample(2), memory(1))
    old, new = load(tmp_path / "old"), load(tmp_path / "new")
    assert list(old.columns) == COLUMNS
    assert old["block"].dtype.kind == "i"
    assert list(new.columns) == [*COLUMNS, *BYTES]
    for name in COLUMNS:
        np.testing.assert_array_equal(new[name].to_numpy()[:2], old[name].to_numpy())


def test_a_memory_record_is_a_row_with_bytes_and_no_seconds(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), memory(4))
    frame = load(tmp_path)
    assert list(frame["stage"]) == ["sweep", "memory"]
    row = frame.iloc[1]
    assert (row.subject, row.n, row.process, row.timing, row.visit_seconds) == ("s", 4, 7, "memory", 0.5)
    assert [row[name] for name in BYTES] == [1_500, 1_000, 700, 1_200]
    assert np.isnan([row.seconds_per_eval, row.block]).all()
    assert np.isnan(frame.iloc[0][BYTES].to_numpy(dtype=float)).all()
    assert frame["below_floor"].dtype == bool
    assert frame["n"].dtype.kind == "i"


def test_a_peak_that_the_system_could_not_tell_is_undefined(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), memory(1, peak_bytes=None))
    row = load(tmp_path).iloc[1]
    assert np.isnan([row.peak_bytes, row.peak_scratch_bytes]).all()
    assert (row.allocated_bytes, row.scratch_bytes) == (1_000, 700)


def test_without_a_declared_result_all_that_is_allocated_counts(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), memory(1, output_bytes=None))
    assert load(tmp_path)["scratch_bytes"].iloc[1] == 1_000


def test_of_several_memories_of_a_cell_the_last_counts(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), memory(1), memory(1, allocated_bytes=2_000))
    assert load(tmp_path)["allocated_bytes"].dropna().tolist() == [2_000]


def test_a_memory_that_was_skipped_and_then_measured_is_no_skip(tmp_path: Path) -> None:
    skip = {"record": "skip", "subject": "s", "point": {"n": 1}, "timing": "memory", "reason": "full"}
    stored(tmp_path / "a", HEADER, sample(1), skip)
    stored(tmp_path / "b", HEADER, sample(1), skip, memory(1))
    assert len(load(tmp_path / "a").attrs["skips"]) == 1
    assert load(tmp_path / "b").attrs["skips"] == []


def test_a_resumed_store_knows_which_memories_are_taken(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), memory(1))
    with SampleStore.resume(tmp_path) as store:
        assert Visit("s", Point(n=1), MEMORY_BLOCK, "memory") in store.done.samples
        assert len(store.done.samples) == 2


def test_a_memory_record_without_its_bytes_is_an_error_that_names_the_line(tmp_path: Path) -> None:
    incomplete = {name: value for name, value in memory(1).items() if name != "allocated_bytes"}
    stored(tmp_path, HEADER, sample(1), incomplete)
    with pytest.raises(StoreError, match="line 3: the memory record has no 'allocated_bytes'"):
        load(tmp_path)
