"""From records to a tidy frame: each number lands in its column, and phases never mix with wholes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bptt_bench.errors import StoreError
from bptt_bench.plan.design.design import OF_SAMPLES
from bptt_bench.store.frame import load
from bptt_bench.store.runs.samples import SampleStore

from tests.bench.store.runs.test_samples import HEADER, sample, stored

COLUMNS = [
    "subject", "n", "block", "process", "evaluations", "started_at", "load_average", "visit_seconds", "timing",
    "stage", "seconds_per_eval", "below_floor", "host",
]  # fmt: skip


def phased(n: int, block: int = 0) -> dict[str, Any]:
    return sample(n, block, timing="phases", seconds_per_eval=0.75, phase_seconds_per_eval={"a": 0.25, "b": 0.5})


def test_a_row_holds_what_its_sample_holds(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(4, 2, started_at=9.0, load_average=None, below_floor=True), sample(2))
    frame = load(tmp_path)
    assert list(frame.columns) == COLUMNS
    assert set(COLUMNS) == {"n"} | set(OF_SAMPLES) & set(COLUMNS)  # no factor may be called like one of them
    first = frame.iloc[0]
    assert (first.subject, first.n, first.block, first.process, first.evaluations) == ("s", 4, 2, 0, 5)
    assert (first.timing, first.seconds_per_eval, bool(first.below_floor), first.started_at) == (
        "whole",
        0.25,
        True,
        9.0,
    )
    assert math.isnan(first.load_average)
    assert frame.n.dtype.kind == "i"
    assert frame.below_floor.dtype == bool
    assert not frame.below_floor[1]


def test_rows_with_phases_have_no_whole_and_the_other_way_round(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), phased(1), sample(2))
    frame = load(tmp_path)
    nan = np.nan
    np.testing.assert_equal(frame["seconds_per_eval"].to_numpy(), [0.25, nan, 0.25])
    np.testing.assert_equal(frame["instrumented_seconds_per_eval"].to_numpy(), [nan, 0.75, nan])
    np.testing.assert_equal(frame["a_seconds_per_eval"].to_numpy(), [nan, 0.25, nan])
    np.testing.assert_equal(frame["b_seconds_per_eval"].to_numpy(), [nan, 0.5, nan])


def test_the_stage_of_a_sample_is_that_of_its_block_and_sweep_by_default(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), sample(1, 9, stage="beyond", visit_seconds=0.5))
    frame = load(tmp_path)
    assert list(frame["stage"]) == ["sweep", "beyond"]
    np.testing.assert_equal(frame["visit_seconds"].to_numpy(), [np.nan, 0.5])


def test_the_other_records_go_along(tmp_path: Path) -> None:
    check = {"record": "check", "claim": "c", "estimate": 0.0, "allowed": 1.0, "cases": 1, "detail": "", "seconds": 0.0}
    worker = {"record": "worker", "process": 0, "pid": 7, "threads": [], "floor_seconds": 1e-8}
    finishes = [{"record": "finish", "busy_share": share} for share in (0.5, 0.9)]
    stored(tmp_path, HEADER, check, worker, sample(), *finishes)
    attributes = load(tmp_path).attrs
    assert attributes["run"] == HEADER
    assert attributes["factors"] == ["n"]
    assert attributes["checks"] == [check]
    assert attributes["workers"] == [worker]
    assert attributes["finish"]["busy_share"] == 0.9
    assert attributes["skips"] == []


def test_the_inputs_of_samples_are_summed_up_by_subject(tmp_path: Path) -> None:
    seen = [sample(1, inputs=4), sample(2, inputs=1), sample(4, 1, subject="used up", inputs=5)]
    stored(tmp_path, HEADER, *seen, sample(8, subject="of a run that did not record them"))
    assert load(tmp_path).attrs["inputs"] == {"s": (1, 4, False), "used up": (5, 5, True)}


def test_a_cell_that_was_skipped_is_listed_once_and_not_if_it_was_measured_later(tmp_path: Path) -> None:
    def skip(n: int, reason: str) -> dict[str, Any]:
        return {"record": "skip", "subject": "s", "point": {"n": n}, "timing": "whole", "reason": reason}

    stored(tmp_path, HEADER, skip(8, "first"), skip(8, "again"), skip(2, "then it fitted"), sample(2))
    frame = load(tmp_path)
    assert [(one["point"], one["reason"]) for one in frame.attrs["skips"]] == [({"n": 8}, "again")]
    assert frame.attrs["finish"] is None


def test_a_folder_and_its_file_give_the_same(tmp_path: Path) -> None:
    path = stored(tmp_path, HEADER, sample(1), sample(2))
    assert load(tmp_path).equals(load(str(path)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nowhere", "nowhere: no such file or folder"),
        ("", r"holds no run \(no samples.jsonl\)"),
        ("notes.txt", r"notes.txt: is of no known kind; allowed are the folder of a run or its samples.jsonl, CSV, "),
        ("missing.csv", "missing.csv: no such file or folder"),
    ],
)
def test_what_is_no_data_is_refused(tmp_path: Path, name: str, expected: str) -> None:
    (tmp_path / "notes.txt").write_text("n")
    with pytest.raises(StoreError, match=expected):
        load(tmp_path / name)


def test_a_run_without_samples_says_so(tmp_path: Path) -> None:
    stored(tmp_path, HEADER)
    with pytest.raises(StoreError, match="holds no sample yet"):
        load(tmp_path)


def test_a_sample_without_a_level_is_refused(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(point={"m": 1}))
    with pytest.raises(StoreError, match="line 2: the sample has no level of factor 'n'"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"seconds_per_eval": True}, "seconds_per_eval must be a finite number above 0, got True"),
        ({"seconds_per_eval": None}, "seconds_per_eval must be a finite number above 0, got None"),
        ({"seconds_per_eval": math.nan}, "seconds_per_eval must be a finite number above 0, got nan"),
        ({"seconds_per_eval": math.inf}, "seconds_per_eval must be a finite number above 0, got inf"),
        ({"seconds_per_eval": -1.0}, "seconds_per_eval must be a finite number above 0, got -1.0"),
        ({"seconds_per_eval": 0}, "seconds_per_eval must be a finite number above 0, got 0"),
        ({"seconds_per_eval": [1]}, r"seconds_per_eval must be a finite number above 0, got \[1\]"),
        ({"seconds_per_eval": "abc"}, "seconds_per_eval must be a finite number above 0, got 'abc'"),
        ({"seconds_per_eval": 10**400}, "seconds_per_eval must be .*, got a whole number of 1329 bits"),
        ({"point": [100]}, r"point must be an object of levels, got \[100\]"),
        ({"point": {"n": 10**400}}, "level 'n' of point must be .*, got a whole number of 1329 bits"),
        ({"point": {"n": True}}, "level 'n' of point must be a finite number or a text, got True"),
        ({"record": "sampel"}, "record must be 'sample', got 'sampel'"),
    ],
)
def test_a_sample_that_is_none_is_refused_with_its_line(tmp_path: Path, more: dict[str, Any], expected: str) -> None:
    path = stored(tmp_path, HEADER, sample(1), sample(2), sample(3) | more)
    with pytest.raises(StoreError, match=f"line 4: {expected}"):
        load(path)


def test_a_sample_below_the_floor_may_have_taken_no_time(tmp_path: Path) -> None:
    stored(tmp_path, HEADER, sample(1), sample(2, below_floor=True, seconds_per_eval=0.0))
    assert list(load(tmp_path)["seconds_per_eval"]) == [0.25, 0.0]


def test_a_run_is_read_while_it_is_being_written(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path) as store:
        store.append(HEADER)
        store.append(sample())
        assert len(load(tmp_path)) == 1


def test_a_row_names_the_host_of_its_sample_or_else_that_of_its_sitting(tmp_path: Path) -> None:
    here, there = ({"record": "resume", "environment": {"host": name}} for name in ("here", "there"))
    old = {**HEADER, "environment": {}}
    remote = {"record": "host", "host": "far", "environment": {"cpu": "quick"}}
    stored(tmp_path, old, sample(1), here, sample(2), remote, sample(3, host="far"), sample(4), there, sample(5))
    frame = load(tmp_path)
    assert frame["host"].tolist() == ["unknown", "here", "far", "here", "there"]
    assert frame.attrs["hosts"] == {"far": {"cpu": "quick"}}
