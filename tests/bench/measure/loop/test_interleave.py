"""Turns: visits alternate between two sides, one thing happens at a time, and nobody waits for ever."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from bptt_bench.measure.engines import WorkerDied
from bptt_bench.measure.loop.events import BlockDone, Event, RunStarted, SampleTaken
from bptt_bench.measure.loop.interleave import (
    Aborted,
    AnnotatingSink,
    InterleavedEngine,
    MergedEvents,
    TurnQueue,
    interleaved_order,
    run_interleaved,
)
from bptt_bench.measure.protocol.messages import CheckRequest, ErrorReply, OpenRequest, Reply, Request, SampleRequest
from bptt_bench.plan import Point

VISIT = SampleRequest(subject="a", point=Point(n=1), timing="whole", seconds_per_sample=0.01)
OPEN = OpenRequest(module="here", corpus=None, threads=1, fault=None)


class LoggingEngine:
    """An engine whose workers log the requests that they receive, and notice two at once."""

    def __init__(self, side: str, log: list[str], lock: threading.Lock) -> None:
        self.side, self.log, self.lock, self.opened = side, log, lock, ""

    def start(self, *, threads: int) -> LoggingEngine:
        assert threads == 1
        return self

    def send(self, request: Request) -> Reply:
        assert self.lock.acquire(blocking=False), "two processes did something at once"
        if isinstance(request, OpenRequest):
            self.opened = request.module
        self.log.append(f"{self.side} {type(request).__name__}")
        time.sleep(0.001)
        self.lock.release()
        return ErrorReply(message="")

    def close(self) -> None:
        pass


def side(engine: InterleavedEngine, visits: int, processes: int = 1) -> Callable[[], None]:
    def run() -> None:
        for _ in range(processes):
            worker = engine.start(threads=1)
            worker.send(OPEN)
            for _ in range(visits):
                worker.send(VISIT)
            worker.close()

    return run


def both(
    order: list[str], log: list[str], modules: dict[str, str | None]
) -> tuple[TurnQueue, dict[str, InterleavedEngine]]:
    turns, lock = TurnQueue(order), threading.Lock()
    return turns, {
        name: InterleavedEngine(LoggingEngine(name, log, lock), turns, name, modules.get(name)) for name in ("a", "b")
    }


def test_visits_come_in_the_order_of_the_turns() -> None:
    log: list[str] = []
    order = ["a", "b", "b", "a", "a", "b", "b", "a"]
    turns, engines = both(order, log, {})
    run_interleaved({name: side(engine, 2, processes=2) for name, engine in engines.items()}, turns)
    assert [line[0] for line in log if line.endswith("SampleRequest")] == order
    assert sum(line.endswith("OpenRequest") for line in log) == 4


def test_a_side_that_leaves_out_visits_does_not_block_the_other() -> None:
    log: list[str] = []
    turns, engines = both(["a", "b"] * 6, log, {})
    run_interleaved({"a": side(engines["a"], 6), "b": side(engines["b"], 1)}, turns)
    assert sum(line == "a SampleRequest" for line in log) == 6


def test_requests_that_are_not_visits_need_no_turn() -> None:
    log: list[str] = []
    _, engines = both(["b", "a"], log, {})
    worker = engines["a"].start(threads=1)
    worker.send(OPEN)
    worker.send(CheckRequest(claim="c", seed=0))
    assert log == ["a OpenRequest", "a CheckRequest"]


def test_a_process_that_ends_before_it_was_asked_gives_way() -> None:
    log: list[str] = []
    _, engines = both([], log, {})
    engines["a"].start(threads=1).close()
    engines["b"].start(threads=1).send(OPEN)
    assert log == ["b OpenRequest"]


def test_a_side_may_have_the_experiment_under_another_name() -> None:
    log: list[str] = []
    _, engines = both([], log, {"a": "there"})
    for engine in engines.values():
        engine.start(threads=1).send(OPEN)
    assert [engine._engine.opened for engine in engines.values()] == ["there", "here"]  # type: ignore[attr-defined]


def test_a_failure_stops_the_other_side_and_is_raised() -> None:
    log: list[str] = []
    turns, engines = both(["a", "b"] * 50, log, {})

    def failing() -> None:
        engines["b"].start(threads=1).send(OPEN)
        raise ValueError("no such subject")

    with pytest.raises(ValueError, match="no such subject"):
        run_interleaved({"a": side(engines["a"], 50), "b": failing}, turns)
    with pytest.raises(Aborted):
        turns.acquire("a")


class Mortal:
    """A process that is dead when it is asked; who aborts all has killed it."""

    def __init__(self, abort: Callable[[], None]) -> None:
        self.abort = abort

    def start(self, *, threads: int) -> Mortal:
        assert threads == 1
        return self

    def send(self, request: Request) -> Reply:
        assert isinstance(request, OpenRequest)
        self.abort()
        raise WorkerDied("it was killed by SIGKILL")

    def close(self) -> None:
        pass


def test_a_process_that_was_killed_to_stop_its_side_did_not_die_of_what_it_measured() -> None:
    turns = TurnQueue(["a"])
    with pytest.raises(Aborted):
        InterleavedEngine(Mortal(turns.abort), turns, "a").start(threads=1).send(OPEN)
    with pytest.raises(WorkerDied):
        InterleavedEngine(Mortal(lambda: None), TurnQueue(["a"]), "a").start(threads=1).send(OPEN)


def test_order_draws_who_is_first_and_leaves_out_what_is_done() -> None:
    order = list(interleaved_order({"a": range(100), "b": range(50, 100)}, seed=3))
    assert order[:50] == ["a"] * 50
    pairs = [tuple(order[i : i + 2]) for i in range(50, 150, 2)]
    assert {("a", "b"), ("b", "a")} == set(pairs)
    assert order == list(interleaved_order({"a": range(100), "b": range(50, 100)}, seed=3))


def test_only_the_first_record_is_marked() -> None:
    kept: list[dict[str, Any]] = []

    class Sink:
        append = staticmethod(lambda record: kept.append(dict(record)))
        sync = staticmethod(lambda: None)

    marked = AnnotatingSink(Sink(), {"pair": {"id": "x"}})
    marked.append({"record": "run"})
    marked.append({"record": "sample"})
    assert kept == [{"record": "run", "pair": {"id": "x"}}, {"record": "sample"}]


def test_progress_is_that_of_both_sides() -> None:
    reported: list[Event] = []
    together = MergedEvents(reported.append, ("a", "b"))
    started = RunStarted(experiment="e", profile="p", cells_done=0, cells_total=10, blocks_total=2, resumed=False)
    together.listener("a")(started)
    assert reported == []
    together.listener("b")(started)
    (begun,) = reported
    assert isinstance(begun, RunStarted)
    assert (begun.cells_total, begun.blocks_total) == (20, 4)
    for name, done, left in (("a", 3, 2.0), ("b", 4, 2.5)):
        sample = SampleTaken(
            subject="s", point=Point(n=1), block=0, timing="whole", seconds_per_eval=1.0, blocks_done=0,
            blocks_total=2, cells_done=done, cells_total=10, seconds_left=left,
        )  # fmt: skip
        together.listener(name)(sample)
    together.listener("a")(BlockDone(block=0, blocks_done=1, blocks_total=2))
    last = reported[-1]
    assert isinstance(last, SampleTaken)
    assert (last.cells_done, last.cells_total, last.seconds_left) == (7, 20, 2.5)
