"""On several hosts as on one: phases, memory, counts, peaks, signals; fake clusters on a fake clock."""

from __future__ import annotations

import os
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.measure.loop.events import BlockDone, Notice, PeaksStarted, RunStarted, SampleTaken
from bptt_bench.measure.loop.interrupts import Interrupted
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import CostLaw, Evaluation, Experiment, Point, Subject
from bptt_bench.plan.machine.peaks import Traffic

from tests.bench.measure.engines.fake_cluster import Ran
from tests.bench.measure.fakes import linear, toy

TWO = {"w1": "a", "w2": "b"}


def weighed(clock: FakeClock) -> Experiment:
    def prepare(point: Point) -> Evaluation:
        return lambda: clock.advance(0.001 * point["n"])

    subject = Subject(
        name="all",
        prepare=prepare,
        prepare_phased=linear(clock, phased=True).prepare_phased,
        law=CostLaw("n"),
        memory_law=CostLaw("n"),
        tally=lambda point: {"steps": point["n"]},
    )
    return toy(subject, processes=3)


@pytest.mark.parametrize("lines", [None, 0, 1, 2, 4])
def test_phases_memory_and_counts_are_measured_once_each(tmp_path: Path, lines: int | None) -> None:
    clock = FakeClock()
    ran = Ran(weighed(clock), clock, tmp_path, TWO)
    if lines is not None:
        ran.cluster.lost_after.update(dict.fromkeys((2, 3, 5, 7), lines))
    finished = ran.run()
    timings = Counter((timing, n) for _, n, _, timing in ran.visits)
    assert timings == {("whole", 1): 3, ("whole", 4): 3, ("phases", 1): 1, ("phases", 4): 1}
    for kind in ("memory", "count"):
        assert sorted(record["point"]["n"] for record in ran.sink.of(kind)) == [1, 4]
        assert {record["host"] for record in ran.sink.of(kind)} <= {"a", "b"}
    assert finished.memory_cells == 2
    assert len(ran.events_of(BlockDone)) == ran.events_of(RunStarted)[0].blocks_total == 5


@pytest.mark.parametrize("lines", [None, 0, 1])
def test_peaks_are_read_on_each_host_before_its_first_process(tmp_path: Path, lines: int | None) -> None:
    clock = FakeClock()
    subject = Subject(name="s", prepare=linear(clock).prepare, roofline=lambda _: Traffic(operations=1, least_bytes=1))
    ran = Ran(toy(subject, blocks=6, processes=6), clock, tmp_path, TWO)
    if lines is not None:
        ran.cluster.lost_after[2] = lines
    ran.run()
    assert sorted(record["host"] for record in ran.sink.of("peaks")) == ["a", "b"]
    asked = [(worker, task.peaks) for worker, task in ran.cluster.sent if task.kind == "visits"]
    first = dict(reversed(asked))
    assert first == {"w1": True, "w2": True}
    assert len(ran.events_of(PeaksStarted)) == sum(peaks for _, peaks in asked) == (3 if lines == 0 else 2)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("kind", [RunStarted, Notice, SampleTaken, BlockDone])
def test_a_signal_stops_the_run_its_tasks_and_the_cluster(
    tmp_path: Path, number: signal.Signals, kind: type[Any]
) -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock)), clock, tmp_path, TWO)

    def listen(event: Any) -> None:
        ran.events.append(event)
        if isinstance(event, kind):
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted, match=f"interrupted by {number.name}"):
        ran.run(on_event=listen)
    assert len(ran.events_of(kind)) <= 2  # of one piece of news, which is taken whole
    assert ran.cluster.closed == 1
    assert len(ran.visits) == len(ran.events_of(SampleTaken))
    assert ran.sink.synced == len(ran.sink.records)


def test_a_worker_that_cannot_even_be_asked_ends_a_run_that_has_not_begun(tmp_path: Path) -> None:
    clock = FakeClock()
    ran = Ran(toy(linear(clock)), clock, tmp_path, TWO)
    ran.cluster.broken = "ModuleNotFoundError: No module named 'bptt_bench'"
    with pytest.raises(MeasureError, match=r"^worker w1: ModuleNotFoundError: No module named 'bptt_bench'$"):
        ran.run()
    assert ran.cluster.closed == 1


def test_what_did_not_fit_in_memory_is_dropped_and_not_requested_again(tmp_path: Path) -> None:
    clock = FakeClock()
    experiment = toy(linear(clock, phased=True), n=(1, 4, 5), blocks=6, processes=1, phase_blocks=6)
    ran = Ran(experiment, clock, tmp_path, available=lambda _host: 5500)
    ran.run()
    assert Counter((n, timing) for _, n, _, timing in ran.visits) == dict.fromkeys(
        [(1, "whole"), (1, "phases"), (4, "whole"), (4, "phases")], 6
    )
    assert len(ran.sink.of("skip")) == 1
    assert not [event.text for event in ran.events_of(Notice) if "again" in event.text]
    assert [event.blocks_done for event in ran.events_of(BlockDone)] == [1, 2, 3, 4, 5, 6]
