"""Counts in the loop of a run: once at each point, never timed, with a line that says which count cannot be used."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bptt_bench.errors import MeasureError, StoreError
from bptt_bench.measure.loop.events import CountsTaken, Event, RunFinished, RunStarted
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import CountRequest, OpenRequest
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import CostLaw, Experiment, Point, Subject
from bptt_bench.store import SampleStore
from bptt_bench.store.frame import load
from bptt_bench.store.runs.samples import read_records

from tests.bench.measure.fakes import FakeEngine, ListSink, linear, toy

LEVELS = (1, 4, 9)


def counting(clock: FakeClock, counts: Mapping[Any, Any] | None = None, name: str = "counting") -> Subject:
    """A subject that takes n milliseconds and makes 3 n + 0.5 steps, or counts what it is told to."""

    def tally(point: Point) -> Mapping[str, float]:
        clock.advance(0.001 * point["n"])
        return {"steps": 3 * point["n"] + 0.5} if counts is None else dict(counts)

    return dataclasses.replace(linear(clock, name), tally=tally, count_laws={"steps": CostLaw("n")})


class Ran:
    """A run of the subject under two names, and what came of it."""

    def __init__(
        self, sink: Any = None, done: Any = None, experiment: Experiment | None = None, **changes: Any
    ) -> None:
        clock = FakeClock()
        self.events, self.sink = list[Event](), ListSink() if sink is None else sink
        self.experiment = experiment or toy(counting(clock, changes.pop("counts", None)), placebo="counting", n=LEVELS)
        self.engine = FakeEngine(self.experiment, clock, **changes)
        self.finished = run(
            self.experiment,
            module="toy",
            profile="quick",
            seed=3,
            threads=1,
            sink=self.sink,
            engine=self.engine,
            clock=clock,
            done=done,
            on_event=self.events.append,
            describe_environment=dict,
        )


def test_each_point_is_counted_once_in_a_process_of_its_own_and_the_placebo_never() -> None:
    ran = Ran()
    found = ran.sink.of("count")
    assert [(record["subject"], record["point"]["n"]) for record in found] == [("counting", n) for n in LEVELS]
    assert [record["counts"] for record in found] == [{"steps": 3 * n + 0.5} for n in LEVELS]
    assert {record["process"] for record in found} == {2}
    last = max(i for i, request in enumerate(ran.engine.requests) if isinstance(request, OpenRequest))
    assert [type(request) for request in ran.engine.requests[last + 1 :]] == [CountRequest] * 3
    assert ran.finished.counted_cells == 3


def test_progress_counts_it() -> None:
    ran = Ran()
    (started,) = [event for event in ran.events if isinstance(event, RunStarted)]
    taken = [event for event in ran.events if isinstance(event, CountsTaken)]
    assert started.cells_total == 2 * 3 * 3 + 3
    assert [event.cells_done for event in taken] == [19, 20, 21]
    assert (taken[-1].counts, taken[-1].seconds_left) == ({"steps": 27.5}, 0.0)
    assert isinstance(ran.events[-1], RunFinished)


def test_whole_numbers_stay_whole_however_large(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path / "run") as store:
        Ran(sink=store, counts={"steps": np.int64(2**53), "others": 2.0})
    records = read_records(tmp_path / "run" / "samples.jsonl")
    counts = [record["counts"] for record in records if record["record"] == "count"]
    assert counts == [{"steps": 2**53, "others": 2}] * 3
    assert all(isinstance(value, int) for each in counts for value in each.values())


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        ({}, "tally: lacks 'steps', which has a law; it gives nothing"),
        ({"stpes": 1}, "tally: lacks 'steps', which has a law; it gives stpes"),
        ({"steps": -1}, "tally: steps must be a finite number from 0, got -1"),
        ({"steps": math.nan}, "tally: steps must be a finite number from 0, got nan"),
        ({"steps": "3"}, "tally: steps must be a finite number from 0, got '3'"),
        ({"steps": 1, "two words": 2}, "tally: each key must be a name such as 'comparisons', got 'two words'"),
        ({"steps": 1, 3: 2}, "tally: each key must be a name such as 'comparisons', got 3"),
    ],
)
def test_a_tally_that_counts_nothing_of_use_stops_the_run_with_one_line(counts: Any, reason: str) -> None:
    with pytest.raises(MeasureError) as error:
        Ran(counts=counts)
    assert str(error.value).startswith("subject 'counting' at n=1: ValueError: ")
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_what_does_not_fit_into_memory_is_skipped() -> None:
    ran = Ran(available=lambda: 6_000)  # 80 % of which are less than the 9 000 that the largest point needs
    assert [record["point"]["n"] for record in ran.sink.of("count")] == [1, 4]
    assert {record["point"]["n"] for record in ran.sink.of("skip")} == {9}
    assert "counts" not in {record["timing"] for record in ran.sink.of("skip")}  # where the whole did not fit


def test_an_interrupted_run_counts_what_is_left(tmp_path: Path) -> None:
    whole = ListSink()
    Ran(sink=whole)
    kept = whole.records[:-3]  # all but two counts, and the end
    with SampleStore.create(tmp_path / "run") as store:
        for record in kept:
            store.append(record)
    with SampleStore.resume(tmp_path / "run") as store:
        ran = Ran(sink=store, done=store.done)
    assert [request.point["n"] for request in ran.engine.requests if isinstance(request, CountRequest)] == [4, 9]
    counts = load(tmp_path / "run")["steps_count"].dropna()
    assert counts.tolist() == [3 * n + 0.5 for n in LEVELS]


def test_counts_are_rows_of_their_own(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path / "run") as store:
        Ran(sink=store)
    frame = load(tmp_path / "run")
    rows = frame[frame["stage"] == "counts"]
    assert rows["timing"].unique().tolist() == ["counts"]
    assert rows["seconds_per_eval"].isna().all()
    assert rows["block"].isna().all()
    assert frame.loc[frame["stage"] != "counts", "steps_count"].isna().all()
    assert len(rows) == 3


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"counts": {"steps": "x"}}, "counts.steps must be a number, got 'x'"),
        ({"counts": 3}, "counts must be an object, got 3"),
        ({"counts": None}, "counts must be an object, got None"),
        ({"point": {"m": 1}}, "a count record has no level of factor 'n'"),
    ],
)
def test_a_broken_record_is_named(tmp_path: Path, broken: dict[str, Any], said: str) -> None:
    with SampleStore.create(tmp_path / "run") as store:
        Ran(sink=store)
        (record, *_) = [
            record for record in read_records(tmp_path / "run" / "samples.jsonl") if record["record"] == "count"
        ]
        store.append({**record, **broken})
    with pytest.raises(StoreError, match=re.escape(said)):
        load(tmp_path / "run")
