"""All trials of the table, by two processes at most; each outcome is kept as soon as it is there."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any

from bptt_bench.report import format as show

from tests.validation.cells import Cell, tasks
from tests.validation.records import Records
from tests.validation.work import Bench, bench_with, work

PROCESSES = 2
WAITING = 4  # trials handed out to each process: enough that none waits, few enough that a stop comes soon
SECONDS_BETWEEN_LINES = 10.0  # of progress

Task = tuple[Cell, int]
_bench: Bench | None = None  # of this worker process, which keeps its peers from trial to trial


def run(
    records: Records,
    *,
    trials: int,
    seed: int,
    python: Path | None,
    progress: IO[str],
    now: Callable[[], float],
    bench: Bench | None = None,
) -> None:
    """Compute all trials that are not there yet.

    Parameters
    ----------
    trials : of each cell.
    python : interpreter of the environment of the peers, if there is one.
    bench : compute in this process, with these; else two processes do, each with its own.

    Raises
    ------
    KeyboardInterrupt : on Ctrl-C, after what was being computed is kept.
    """
    left = [task for task in tasks(trials) if (task[0].index, task[1]) not in records.outcomes]
    reported = Progress(total=len(left), already=len(records.outcomes), stream=progress, now=now)
    if not left:
        return
    outcomes = (work(*task, seed, bench) for task in left) if bench else computed(left, seed, python)
    with records.open() as file:
        for outcome in outcomes:
            records.append(file, outcome)
            reported.step()


def computed(left: Iterable[Task], seed: int, python: Path | None) -> Iterator[dict[str, Any]]:
    """Outcomes in the order in which they come; after a Ctrl-C those that are under way come too, and it is raised."""
    waiting: set[Future[dict[str, Any]]] = set()
    queue = iter(left)
    # spawned, not forked: each process starts its own peers, and no thread or pipe is inherited
    pool = ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn"), initializer=_start, initargs=(python,))
    with pool:
        try:
            while True:
                for cell, number in itertools.islice(queue, PROCESSES * WAITING - len(waiting)):
                    waiting.add(pool.submit(_work, cell, number, seed))
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            # one that was only just starting may have been stopped by the same Ctrl-C
            yield from (each.result() for each in waiting if not each.cancelled() and each.exception() is None)
            raise


def _start(python: Path | None) -> None:
    global _bench
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process decides
    _bench = bench_with(python)


def _work(cell: Cell, number: int, seed: int) -> dict[str, Any]:
    assert _bench is not None, "the process was not started by _start"
    return work(cell, number, seed, _bench)


class Progress:
    """A line now and then: how many trials are done, and how long the rest takes at this rate."""

    def __init__(self, *, total: int, already: int, stream: IO[str], now: Callable[[], float]) -> None:
        self._total, self._stream, self._now = total, stream, now
        self._done = 0
        self._started = self._last = now()
        again = f", {already} were there" if already else ""
        print(f"{total} trials to do{again}", file=stream, flush=True)

    def step(self) -> None:
        """One more trial is done."""
        self._done += 1
        moment = self._now()
        if moment - self._last >= SECONDS_BETWEEN_LINES or self._done == self._total:
            self._last = moment
            left = (moment - self._started) / self._done * (self._total - self._done)
            print(
                f"{self._done} of {self._total} trials, about {show.duration(left)} left"
                if self._done < self._total
                else f"{self._done} trials in {show.duration(moment - self._started)}",
                file=self._stream,
                flush=True,
            )
