"""What a run measures beyond its profile: asked for when the profile is done, stored, resumed and counted."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from bptt_bench.measure.loop.events import BlockDone, SampleTaken, WorkerStarted
from bptt_bench.measure.loop.interrupts import Interrupted
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.schedule import Block, StoredProgress, Visit
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Cell, Point

from tests.bench.measure.fakes import FakeEngine, ListSink, linear, toy

BLOCKS = 2  # of the profile; cells n=1 and n=4


def block(number: int, *levels: int, stage: str = "adaptive", expected: dict[int, float] | None = None) -> Block:
    visits = tuple(Visit("linear", Point(n=n), number, "whole") for n in levels)
    seconds = {Cell("linear", Point(n=n)): value for n, value in (expected or {}).items()}
    return Block(number, visits, stage, seconds)


def answers(*given: Sequence[Block]) -> Callable[[], Sequence[Block]]:
    """A callable that gives one answer after the other, and then says that it was asked too often."""
    left = list(given)

    def next_blocks() -> Sequence[Block]:
        assert left, "asked again after an empty answer"
        return left.pop(0)

    return next_blocks


class Ran:
    """A run with further blocks, and all that came of it."""

    def __init__(self, next_blocks: Callable[[], Sequence[Block]], done: StoredProgress | None = None) -> None:
        self.clock, self.sink, self.events = FakeClock(), ListSink(), list[Any]()
        experiment = toy(linear(self.clock), blocks=BLOCKS, processes=1)
        self.engine = FakeEngine(experiment, self.clock)
        run(
            experiment,
            module="toy",
            profile="quick",
            seed=3,
            threads=1,
            sink=self.sink,
            engine=self.engine,
            clock=self.clock,
            done=done,
            on_event=self.events.append,
            describe_environment=dict,
            next_blocks=next_blocks,
        )

    def visits(self) -> list[tuple[int, int, str, int]]:
        """Level, block, stage and process of each sample."""
        return [(r["point"]["n"], r["block"], r.get("stage", "sweep"), r["process"]) for r in self.sink.of("sample")]

    def events_of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


def test_each_answer_is_measured_in_a_fresh_process_until_one_is_empty() -> None:
    ran = Ran(answers([block(2, 4, 1), block(3, 4)], [block(4, 9)], []))
    next_blocks = [visit for visit in ran.visits() if visit[1] >= BLOCKS]
    assert next_blocks == [(4, 2, "adaptive", 1), (1, 2, "adaptive", 1), (4, 3, "adaptive", 1), (9, 4, "adaptive", 2)]
    assert len(ran.engine.workers) == 3
    assert [event.processes_total for event in ran.events_of(WorkerStarted)] == [1, 2, 3]


def test_it_is_asked_only_when_the_profile_is_done() -> None:
    stored: list[int] = []

    def next_blocks() -> Sequence[Block]:
        stored.append(len(ran_sink.records))
        return ()

    ran_sink = ListSink()
    clock = FakeClock()
    experiment = toy(linear(clock), blocks=BLOCKS, processes=1)
    engine = FakeEngine(experiment, clock)
    settings: dict[str, Any] = {
        "module": "toy",
        "profile": "quick",
        "seed": 3,
        "threads": 1,
        "describe_environment": dict,
    }
    run(experiment, sink=ran_sink, engine=engine, clock=clock, next_blocks=next_blocks, **settings)
    assert stored == [len(ran_sink.records) - 1]  # all but the finish
    assert len(ran_sink.of("sample")) == 2 * BLOCKS


def test_samples_of_another_stage_say_so_and_those_of_the_profile_do_not() -> None:
    ran = Ran(answers([block(2, 4, stage="beyond")], []))
    assert ["stage" in sample for sample in ran.sink.of("sample")] == [False] * 4 + [True]
    assert ran.sink.of("sample")[-1]["stage"] == "beyond"


def test_every_sample_says_what_its_visit_took_in_all() -> None:
    ran = Ran(answers([block(2, 4)], []))
    # calibrated before: warm-up of one evaluation of 4 ms and a sample of 20 ms
    assert ran.sink.of("sample")[-1]["visit_seconds"] == pytest.approx(0.024)


def test_counts_grow_with_what_is_added_and_the_time_left_is_that_of_the_new_visits() -> None:
    ran = Ran(answers([block(2, 4, 1)], [block(3, 1)], []))
    taken = ran.events_of(SampleTaken)
    assert [(event.cells_done, event.cells_total) for event in taken] == [
        (1, 4), (2, 4), (3, 4), (4, 4), (5, 6), (6, 6), (7, 7)
    ]  # fmt: skip
    assert [(event.blocks_done, event.blocks_total) for event in ran.events_of(BlockDone)] == [
        (1, 2), (2, 2), (3, 3), (4, 4)
    ]  # fmt: skip
    assert taken[3].seconds_left == 0
    assert taken[4].seconds_left == pytest.approx(0.022)  # n=1: 20 ms and a warm-up of 2 evaluations
    assert taken[-1].seconds_left == 0


def test_the_time_left_of_what_was_never_visited_is_what_it_is_expected_to_take() -> None:
    ran = Ran(answers([block(2, 4, 900, expected={900: 2.5}), block(3, 900, expected={900: 2.5})], []))
    left = [event.seconds_left for event in ran.events_of(SampleTaken)][2 * BLOCKS :]
    took = {(r["point"]["n"], r["block"]): r["visit_seconds"] for r in ran.sink.of("sample")}
    # n=4 is visited first, and n=900 once: from then on its own time counts, not what was expected of it
    assert left == [pytest.approx(5.0), pytest.approx(took[900, 2]), 0]


@pytest.mark.parametrize("stored", [4, 5, 6, 7])
def test_a_continued_run_leaves_out_what_is_stored_of_the_further_blocks(stored: int) -> None:
    plan = [[block(2, 4, 1)], [block(3, 9)], []]
    first = Ran(answers(*plan))
    samples = first.sink.of("sample")
    done = StoredProgress(
        header=first.sink.records[0],
        samples=frozenset(Visit(s["subject"], Point(s["point"]), s["block"], s["timing"]) for s in samples[:stored]),
        processes=5,
    )
    second = Ran(answers(*plan), done)
    assert [visit[:3] for visit in second.visits()] == [visit[:3] for visit in first.visits()[stored:]]
    assert all(visit[3] >= 5 for visit in second.visits())
    if stored < 7:
        last = second.events_of(SampleTaken)[-1]
        assert (last.cells_done, last.cells_total) == (7, 7)


def test_a_signal_while_it_thinks_ends_the_run() -> None:
    def next_blocks() -> Sequence[Block]:
        os.kill(os.getpid(), signal.SIGINT)
        return answers([block(2, 4)])()

    with pytest.raises(Interrupted):
        Ran(next_blocks)
