"""Memory in the loop of a run: once at each point, in a process of its own, after the sweep; skipped and resumed."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.measure.loop.events import Event, MemoryTaken, RunFinished, RunStarted, SampleTaken
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import MemoryRequest, OpenRequest, SampleRequest
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import CostLaw, Evaluation, Experiment, Point, Subject
from bptt_bench.store import SampleStore
from bptt_bench.store.runs.samples import read_records

from tests.bench.measure.fakes import PEAK, FakeEngine, ListSink, linear, toy

LEVELS = (1, 4, 9)
CELLS = 2 * 3 * 3 + 3  # names and points and blocks of the sweep, and a memory for each point


def hungry(clock: FakeClock, name: str = "hungry") -> Subject:
    """A subject that takes n milliseconds and 10 000 n bytes, of which n are its result."""

    def prepare(point: Point) -> Evaluation:
        held = bytes(50_000)

        def evaluate() -> object:
            clock.advance(0.001 * point["n"])
            return len(held) + len(bytes(10_000 * int(point["n"])))

        return evaluate

    return dataclasses.replace(
        linear(clock, name), prepare=prepare, memory_law=CostLaw("n"), output_bytes=lambda point: int(point["n"])
    )


class Ran:
    """A run of the subject under two names, and what came of it."""

    def __init__(
        self,
        sink: Any = None,
        done: Any = None,
        clock: FakeClock | None = None,
        experiment: Experiment | None = None,
        **engine: Any,
    ) -> None:
        clock = clock or FakeClock()  # that of the experiment, or no evaluation would ever take any time
        self.events, self.sink = list[Event](), ListSink() if sink is None else sink
        self.experiment = experiment or toy(hungry(clock), placebo="hungry", n=LEVELS)
        self.engine = FakeEngine(self.experiment, clock, **engine)
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

    def events_of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_each_point_is_measured_once_and_the_placebo_never() -> None:
    found = Ran().sink.of("memory")
    assert [(record["subject"], record["point"]["n"]) for record in found] == [("hungry", n) for n in LEVELS]
    for record in found:
        n = record["point"]["n"]
        assert record["allocated_bytes"] == pytest.approx(10_000 * n, abs=1_000)
        assert (record["peak_bytes"], record["output_bytes"]) == (PEAK, n)


def test_it_has_a_process_of_its_own_after_the_sweep() -> None:
    ran = Ran()
    kinds = [record["record"] for record in ran.sink.records]
    assert kinds[-5:] == ["worker", "memory", "memory", "memory", "finish"]
    assert {record["process"] for record in ran.sink.of("memory")} == {2}
    last = max(i for i, request in enumerate(ran.engine.requests) if isinstance(request, OpenRequest))
    assert [type(request) for request in ran.engine.requests[last + 1 :]] == [MemoryRequest] * 3
    assert all(isinstance(request, OpenRequest | SampleRequest) for request in ran.engine.requests[: last + 1])


def test_subjects_without_a_memory_law_are_measured_as_ever() -> None:
    clock = FakeClock()
    ran = Ran(clock=clock, experiment=toy(linear(clock), n=LEVELS))
    assert ran.sink.of("memory") == []
    assert not any(isinstance(request, MemoryRequest) for request in ran.engine.requests)
    assert ran.finished.memory_cells == 0


def test_progress_counts_it() -> None:
    ran = Ran()
    (started,) = ran.events_of(RunStarted)
    assert (started.cells_total, started.blocks_total) == (CELLS, 4)
    taken = [event for event in ran.events if isinstance(event, SampleTaken | MemoryTaken)]
    assert [event.cells_done for event in taken] == list(range(1, CELLS + 1))
    last = taken[-1]
    assert isinstance(last, MemoryTaken)
    assert (last.cells_done, last.blocks_total, last.peak_bytes, last.seconds_left) == (CELLS, 4, PEAK, 0.0)
    assert (ran.finished.samples, ran.finished.memory_cells) == (CELLS - 3, 3)


def test_a_system_that_cannot_report_peaks_leaves_them_out() -> None:
    found = Ran(peak=None).sink.of("memory")
    assert [record["peak_bytes"] for record in found] == [None, None, None]
    assert found[0]["allocated_bytes"] == pytest.approx(10_000, abs=1_000)


def test_each_of_its_evaluations_is_prepared_afresh() -> None:
    clock, prepared = FakeClock(), list[int]()
    subject = hungry(clock)

    def prepare(point: Point) -> Evaluation:
        evaluate, number = subject.prepare(point), len(prepared)
        prepared.append(0)

        def counted() -> None:
            prepared[number] += 1
            evaluate()

        return counted

    experiment = toy(dataclasses.replace(subject, prepare=prepare), n=[4], blocks=1, processes=1)
    Ran(clock=clock, experiment=experiment)
    assert prepared[-3:] == [1, 1, 1]  # unwatched, for the peak, for what is allocated


def test_a_point_that_does_not_fit_is_skipped_and_said_to_be() -> None:
    clock = FakeClock()
    experiment = toy(hungry(clock), n=(1, 4))
    ran = Ran(
        clock=clock, experiment=experiment, available=lambda: 4_000
    )  # 1000 n bytes are needed, 80 % of these allowed
    assert [record["point"]["n"] for record in ran.sink.of("memory")] == [1]
    (skip,) = ran.sink.of("skip")  # once: where the time could not be measured, the memory is not tried
    assert (skip["point"]["n"], skip["timing"]) == (4, "whole")


def test_memory_that_fits_no_more_is_skipped_by_itself() -> None:
    clock, calls = FakeClock(), list[int]()

    def available() -> int:
        calls.append(1)
        return 4_000 if any(isinstance(request, MemoryRequest) for request in ran_requests) else 1 << 40

    experiment = toy(hungry(clock), n=(1, 4))
    engine = FakeEngine(experiment, clock, available=available)
    ran_requests, sink = engine.requests, ListSink()
    settings: dict[str, Any] = {
        "module": "toy",
        "profile": "quick",
        "seed": 3,
        "threads": 1,
        "describe_environment": dict,
    }
    finished = run(experiment, sink=sink, engine=engine, clock=clock, **settings)
    (skip,) = sink.of("skip")
    assert (skip["point"]["n"], skip["timing"]) == (4, "memory")
    assert (finished.skipped, finished.memory_cells) == (1, 1)


class Killed(BaseException):
    """Stands for a signal that nobody can catch."""


class Deadly:
    """A store whose process is killed after so many memory records."""

    def __init__(self, store: SampleStore, after: int) -> None:
        self._store, self._left = store, after

    def append(self, record: Mapping[str, Any]) -> None:
        self._store.append(record)
        self._left -= record["record"] == "memory"
        if self._left == 0:
            raise Killed

    def sync(self) -> None:
        self._store.sync()


@pytest.mark.parametrize("after", [1, 2, 3])
def test_a_run_killed_between_memories_goes_on_with_the_next(tmp_path: Path, after: int) -> None:
    with SampleStore.create(tmp_path) as store, pytest.raises(Killed):
        Ran(sink=Deadly(store, after))
    with SampleStore.resume(tmp_path) as store:
        ran = Ran(sink=store, done=store.done)
    records = read_records(tmp_path / "samples.jsonl")
    assert [record["point"]["n"] for record in records if record["record"] == "memory"] == list(LEVELS)
    assert sum(record["record"] == "sample" for record in records) == CELLS - 3
    assert (ran.finished.samples, ran.finished.memory_cells) == (0, 3 - after)
    assert ran.events_of(RunStarted)[0].cells_done == CELLS - 3 + after
    assert sum(record["record"] == "finish" for record in records) == (after < 3)
    assert isinstance(ran.events[-1], RunFinished)
