"""Two interleaved runs: a visit of one, then the same visit of the other, in an order drawn for each.

Each side is an ordinary run in a thread of its own, and both have a measuring process at the same time. Only one of
them works at a time: the other waits for its request. So a machine that is slow for some seconds slows both visits of
a pair. Rejected: a process of one side, then a process of the other. On a machine with slow periods, half a second
between the two was too long: of twelve pairs of processes one differed by 36 % and one by 14 %.
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

SECONDS_BETWEEN_LOOKS = 0.2  # of the main thread, which alone receives Ctrl-C
TOTALS = ("cells_done", "cells_total", "blocks_total")
PROGRESS = ("blocks_done", "blocks_total", "cells_done", "cells_total")


class Aborted(Exception):  # not an error: another side failed, or a signal came
    """The end of a side that had to stop; what it measured is stored."""


class TurnQueue:
    """Lets one side work at a time, and its visits come in a given order.

    Parameters
    ----------
    order : sides in the order of their visits; other requests wait only until no side works.
    """

    def __init__(self, order: Iterable[str]) -> None:
        self._order, self._changed = deque(order), threading.Condition()
        self._busy, self._aborted = False, False
        self._workers: list[Worker] = []

    def acquire(self, side: str, *, visit: bool = False) -> None:
        """Wait until this side may work.

        Raises
        ------
        Aborted : all sides have to stop.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._aborted or (not self._busy and (not visit or self._is_next(side))))
            if self._aborted:
                raise Aborted
            self._busy = True

    def raise_if_aborted(self) -> None:
        """Raise if all sides have to stop.

        Raises
        ------
        Aborted : they have.
        """
        with self._changed:
            if self._aborted:
                raise Aborted

    def release(self, side: str, *, visit: bool = False) -> None:
        """Let another side work; after a visit the turn passes on."""
        with self._changed:
            self._busy = False
            if visit and self._order and self._order[0] == side:
                self._order.popleft()
            self._changed.notify_all()

    def _is_next(self, side: str) -> bool:
        return not self._order or self._order[0] == side

    def register(self, worker: Worker) -> None:
        """Register a process, to be ended if all sides have to stop."""
        with self._changed:
            self._workers.append(worker)

    def unregister(self, worker: Worker) -> None:
        """Forget a process before its run ends it: its number may soon be that of another."""
        with self._changed:
            self._workers = [other for other in self._workers if other is not worker]

    def finish(self, side: str) -> None:
        """Remove a side that makes no more visits."""
        with self._changed:
            self._order = deque(other for other in self._order if other != side)
            self._changed.notify_all()

    def abort(self) -> None:
        """Have all sides stop, and end their processes."""
        with self._changed:
            self._aborted, workers = True, list(self._workers)
            self._changed.notify_all()
        for worker in workers:
            worker.close()


class InterleavedEngine:
    """An engine whose processes work only when their side may.

    Parameters
    ----------
    module : under which this side's processes import the experiment, if not under the one that the run names.
    place : binds a process to the cores of its partner of the other side, given its number and its threads.
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
        """Return what the processes of the side have printed."""
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
    """A process that waits for its side before each request, but not from its start to its first reply."""

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
            self._turns.raise_if_aborted()  # it was ended, and did not die of what it measured
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
    """Bind a process to cores that depend on its number alone, where the system can.

    The system may keep the processes of one side on one core and those of the other on another. The cores of a virtual
    machine have different neighbours, so all pairs would differ in the same way. The effect was not measured.
    """
    pid = getattr(worker, "pid", None)
    if pid is None or not hasattr(os, "sched_setaffinity"):
        return
    cores = sorted(os.sched_getaffinity(0))
    if threads < len(cores):
        with contextlib.suppress(OSError):  # it has ended already, as its first request will show
            os.sched_setaffinity(pid, {cores[(number * threads + i) % len(cores)] for i in range(threads)})


class AnnotatingSink:
    """A sink that adds fields to the first record of a run."""

    def __init__(self, sink: Sink, more: Mapping[str, Any]) -> None:
        self._sink, self._more = sink, dict(more)

    def append(self, record: Mapping[str, Any]) -> None:
        self._sink.append({**record, **self._more} if record["record"] == "run" else record)

    def sync(self) -> None:
        self._sink.sync()


class MergedEvents:
    """Listener to several runs that reports them as one: progress is summed, and one beginning reported."""

    def __init__(self, listener: Listener, sides: Sequence[str]) -> None:
        self._listener, self._lock = listener, threading.Lock()
        self._begun: dict[str, RunStarted] = {}
        self._last: dict[str, Any] = {}
        self._sides = tuple(sides)

    def listener(self, side: str) -> Listener:
        """Return the listener for the events of one side."""

        def on_event(event: Event) -> None:
            with self._lock:
                summed = self._merge(side, event)
                if summed is not None:
                    self._listener(summed)

        return on_event

    def _merge(self, side: str, event: Event) -> Event | None:
        if isinstance(event, RunStarted):
            self._begun[side] = event
            if len(self._begun) < len(self._sides):
                return None
            total = {name: sum(getattr(one, name) for one in self._begun.values()) for name in TOTALS}
            resumed = any(one.resumed for one in self._begun.values())
            return dataclasses.replace(event, **total, resumed=resumed)
        if isinstance(event, BlockDone | WorkerStarted):
            return None  # each side has numbers of its own, which would confuse
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


def run_interleaved(runs: Mapping[str, Callable[[], object]], turns: TurnQueue) -> None:
    """Run several runs at once, each in a thread; the first failure stops all and is raised.

    Raises
    ------
    KeyboardInterrupt : of the main thread, after all runs have stored what they measured.
    """
    failures: list[BaseException] = []

    def guarded(side: str, run: Callable[[], object]) -> None:
        try:
            run()
        except BaseException as error:  # noqa: BLE001  # raised below, in the thread of the caller
            failures.append(error)
            turns.abort()
        finally:
            turns.finish(side)

    threads = [threading.Thread(target=guarded, args=each, daemon=True) for each in runs.items()]
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
    """Yield sides in the order of their visits; which side goes first is drawn for each visit that both have.

    >>> list(interleaved_order({"a": [1, 2, 3], "b": [2, 3]}, seed=0))
    ['a', 'a', 'b', 'a', 'b']
    """
    sides = list(visits)
    rng = np.random.default_rng(seed)
    owed = {side: set(visits[side]) for side in sides}
    for visit in dict.fromkeys(visit for side in sides for visit in visits[side]):
        yield from (sides[i] for i in rng.permutation(len(sides)) if visit in owed[sides[i]])
