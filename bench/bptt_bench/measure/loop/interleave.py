"""Two runs measured in turns: a visit of one, then the same visit of the other, in an order drawn for each.

Each side is an ordinary run in a thread of its own, and has a measuring process at the same time as the other. Only one
of them ever does anything: the other waits for its request. A machine that is slower for some seconds is so for both
visits of a pair then. Rejected: a process of one side, then a process of the other. On a machine in spells half a
second apart was too far: of twelve pairs of processes one differed by 36 % and one by 14 %.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bptt_bench.measure.engines import Engine, Worker, WorkerDied, output_of
from bptt_bench.measure.loop.events import (
    BlockDone,
    CountsTaken,
    Event,
    Listener,
    MemoryTaken,
    RunStarted,
    SampleTaken,
    WorkerStarted,
)
from bptt_bench.measure.protocol.messages import OpenRequest, Reply, Request, SampleRequest
from bptt_bench.measure.protocol.records import Sink
from bptt_bench.measure.worker.output import CapturedOutput

SECONDS_BETWEEN_LOOKS = 0.2  # of the main thread, which alone hears of Ctrl-C
PROGRESS = ("blocks_done", "blocks_total", "cells_done", "cells_total")


class Aborted(Exception):  # no error: another side failed, or a signal came
    """This side was told to stop; what it measured is stored."""


class TurnQueue:
    """Who may do something.

    Parameters
    ----------
    order : sides in the order of their visits; what is no visit may be done whenever nobody does anything.
    """

    def __init__(self, order: Iterable[str]) -> None:
        self._order, self._changed = deque(order), threading.Condition()
        self._busy, self._aborted = False, False
        self._workers: list[Worker] = []

    def acquire(self, side: str, *, visit: bool = False) -> None:
        """Wait until this side may do something.

        Raises
        ------
        Aborted : it may not any more.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or (not self._busy and (not visit or self._is_next(side))))
            if self._aborted:
                raise Aborted
            self._busy = True

    def raise_if_aborted(self) -> None:
        """See that nobody was told to stop.

        Raises
        ------
        Aborted : all were.
        """
        with self._changed:
            if self._aborted:
                raise Aborted

    def release(self, side: str, *, visit: bool = False) -> None:
        """It is done; of a visit the turn has passed on."""
        with self._changed:
            self._busy = False
            if visit and self._order and self._order[0] == side:
                self._order.popleft()
            self._changed.notify_all()

    def _is_next(self, side: str) -> bool:
        return not self._order or self._order[0] == side

    def register(self, worker: Worker) -> None:
        """Take note of a process, to be ended should all be aborted."""
        with self._changed:
            self._workers.append(worker)

    def unregister(self, worker: Worker) -> None:
        """It is about to be ended by its run: its number may be another process's soon."""
        with self._changed:
            self._workers = [other for other in self._workers if other is not worker]

    def finish(self, side: str) -> None:
        """A side makes no visit any more."""
        with self._changed:
            self._order = deque(other for other in self._order if other != side)
            self._changed.notify_all()

    def abort(self) -> None:
        """Nobody may do anything any more; what goes on is ended."""
        with self._changed:
            self._aborted, workers = True, list(self._workers)
            self._changed.notify_all()
        for worker in workers:
            worker.close()


class InterleavedEngine:
    """An engine whose processes do something only when their side may.

    Parameters
    ----------
    module : under which this side's processes import the experiment, if not under the one that the run names.
    place : puts a process where its partner of the other side is, given its number and its threads.
    """

    def __init__(
        self,
        engine: Engine,
        turns: TurnQueue,
        side: str,
        module: str | None = None,
        place: Callable[[Worker, int, int], None] | None = None,
    ) -> None:
        self._engine, self._turns, self._side, self._module = engine, turns, side, module
        self._place, self._started = place or pin_to_cores, 0

    @property
    def output(self) -> CapturedOutput:
        """What the processes of the side have printed."""
        return output_of(self._engine)

    def start(self, *, threads: int) -> Worker:
        self._turns.acquire(self._side)
        try:
            worker = self._engine.start(threads=threads)
        except BaseException:
            self._turns.release(self._side)
            raise
        self._turns.register(worker)
        self._place(worker, self._started, threads)
        self._started += 1
        return _InterleavedWorker(worker, self._turns, self._side, self._module)


class _InterleavedWorker:
    """A process that waits before each request; from its start to its first reply it is loading."""

    def __init__(self, worker: Worker, turns: TurnQueue, side: str, module: str | None) -> None:
        self._worker, self._turns, self._side, self._module = worker, turns, side, module
        self._begun = False

    def send(self, request: Request) -> Reply:
        visit = isinstance(request, SampleRequest)
        if isinstance(request, OpenRequest) and self._module is not None:
            request = dataclasses.replace(request, module=self._module)
        if self._begun:
            self._turns.acquire(self._side, visit=visit)
        self._begun = True
        try:
            return self._worker.send(request)
        except WorkerDied:
            self._turns.raise_if_aborted()  # it did not die of what it measured
            raise
        finally:
            self._turns.release(self._side, visit=visit)

    def close(self) -> None:
        self._turns.unregister(self._worker)
        self._worker.close()
        if not self._begun:
            self._begun = True
            self._turns.release(self._side)


def pin_to_cores(worker: Worker, number: int, threads: int) -> None:
    """Bind a process to cores that follow from its number alone; does nothing where the system cannot.

    Left to the system, one side's processes may stay on one core and the other's on another, and the cores of a virtual
    machine have other neighbours each: such a difference would be the same in all pairs. Not measured apart.
    """
    pid = getattr(worker, "pid", None)
    if pid is None or not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if threads < len(cores):
        with contextlib.suppress(OSError):  # it has ended already, which its first request will tell
            os.sched_setaffinity(pid, {cores[(number * threads + i) % len(cores)] for i in range(threads)})


class AnnotatingSink:
    """A sink that adds something to the first record of a run."""

    def __init__(self, sink: Sink, more: Mapping[str, Any]) -> None:
        self._sink, self._more = sink, dict(more)

    def append(self, record: Mapping[str, Any]) -> None:
        self._sink.append({**record, **self._more} if record["record"] == "run" else record)

    def sync(self) -> None:
        self._sink.sync()


class MergedEvents:
    """The events of several runs as those of one: progress is summed, and one beginning told."""

    def __init__(self, listener: Listener, sides: Sequence[str]) -> None:
        self._listener, self._lock = listener, threading.Lock()
        self._begun: dict[str, RunStarted] = {}
        self._last: dict[str, Any] = {}
        self._sides = tuple(sides)

    def of(self, side: str) -> Listener:
        """What a side tells."""

        def on_event(event: Event) -> None:
            with self._lock:
                told = self._summed(side, event)
                if told is not None:
                    self._listener(told)

        return on_event

    def _summed(self, side: str, event: Event) -> Event | None:
        if isinstance(event, RunStarted):
            self._begun[side] = event
            if len(self._begun) < len(self._sides):
                return None
            total = {name: sum(getattr(one, name) for one in self._begun.values()) for name in TOTALS}
            resumed = any(one.resumed for one in self._begun.values())
            return dataclasses.replace(event, **total, resumed=resumed)
        if isinstance(event, BlockDone | WorkerStarted):
            return None  # of two sides in turn, with numbers of their own: of no use on a screen
        if not isinstance(event, SampleTaken | MemoryTaken | CountsTaken):
            return event
        self._last[side] = event
        known = [self._last.get(one, self._begun.get(one)) for one in self._sides]
        sums: dict[str, Any] = {
            name: sum(getattr(one, name, 0) for one in known if one is not None) for name in PROGRESS
        }
        left = [one.seconds_left for one in self._last.values()]
        seconds = None if None in left else max(left)  # a visit of one side lasts until the other's is over
        return dataclasses.replace(event, **sums, seconds_left=seconds)


TOTALS = ("cells_done", "cells_total", "blocks_total")


def run_interleaved(runs: Mapping[str, Callable[[], object]], turns: TurnQueue) -> None:
    """Make several runs at once, each in a thread; the first failure stops all and is raised.

    Raises
    ------
    KeyboardInterrupt : of the main thread, after all runs have stored what they measured.
    """
    failures: list[BaseException] = []

    def made(side: str, run: Callable[[], object]) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001  # raised below, by the thread that others can catch it in
            failures.append(error)
            turns.abort()
        finally:
            turns.finish(side)

    threads = [threading.Thread(target=made, args=each, daemon=True) for each in runs.items()]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(SECONDS_BETWEEN_LOOKS)
    except BaseException:
        turns.abort()
        for thread in threads:
            thread.join()
        raise
    if failures:
        raise next((error for error in failures if not isinstance(error, Aborted)), failures[0])


def interleaved_order(visits: Mapping[str, Sequence[Hashable]], seed: int) -> Iterator[str]:
    """Sides in the order of their visits, each side's in its own order: who has a visit of both goes first is drawn.

    >>> list(interleaved_order({"a": [1, 2, 3], "b": [2, 3]}, seed=0))
    ['a', 'a', 'b', 'a', 'b']
    """
    sides = list(visits)
    rng = np.random.default_rng(seed)
    owed = {side: set(visits[side]) for side in sides}
    for visit in dict.fromkeys(visit for side in sides for visit in visits[side]):
        yield from (sides[i] for i in rng.permutation(len(sides)) if visit in owed[sides[i]])
