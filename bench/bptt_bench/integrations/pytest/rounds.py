"""Takes the rounds of one benchmark of `pytest --benchmark`."""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import pytest

from bptt_bench.measure.timing.clock import WallClock
from bptt_bench.measure.timing.timing import calibrate, floor_seconds, take_sample, warm_up
from bptt_bench.plan import Cell, Evaluation, Subject

BLAS_THREADS = 1
MOST_NAMED = 3  # benchmarks that failed for one reason


class BenchmarkStats(Protocol):
    """The part of pytest-benchmark's statistics that is used here."""

    options: Mapping[str, Any]
    stats: Any

    def update(self, duration: float) -> None:
        """Add a round by the seconds of all its evaluations."""
        ...


class BenchmarkFixture(Protocol):
    """The part of pytest-benchmark's fixture that is used here; ``stats`` stays None where benchmarks are disabled."""

    group: str | None
    extra_info: dict[str, Any]
    stats: BenchmarkStats | None
    disabled: bool
    skipped: bool

    def pedantic(self, target: Evaluation, *, rounds: int, iterations: int) -> object:
        """Time a call in rounds of a given number of iterations."""
        ...


@dataclass(frozen=True, kw_only=True)
class TimerClock:
    """The timer of pytest-benchmark (``--benchmark-timer``) as a clock."""

    now: Callable[[], float]
    wall: Callable[[], float] = time.time


@dataclass(kw_only=True)
class Benchmark:
    """A cell that a test has begun to measure.

    Attributes
    ----------
    rounds, taken : in all and so far; the first is the test's own.
    first_block : block of the first one.
    most_rounds : up to which more are taken while claims on its subject are not supported.
    evaluations : in a round.
    """

    cell: Cell
    stats: BenchmarkStats
    rounds: int
    most_rounds: int
    first_block: int
    evaluations: int
    seconds_per_round: float
    taken: int = 0
    failed: bool = False

    def visit(self, subject: Subject) -> float:
        """Prepare the subject anew and take one more round.

        Returns
        -------
        seconds_per_eval : of this round.
        """
        sample = take_sample(
            subject.prepare(self.cell.point),
            TimerClock(now=self.stats.options["timer"]),
            seconds_per_sample=self.seconds_per_round,
            evaluations=self.evaluations,
        )
        self.stats.update(sample.seconds_per_eval * self.evaluations)
        return sample.seconds_per_eval


class Unmeasured(NamedTuple):
    """A benchmark that has no rounds, or not all of them, and why."""

    what: str
    reason: str


def one_line(error: BaseException) -> str:
    """Return the type of an exception and the first line of its message."""
    said = str(error).strip().splitlines()
    return f"{type(error).__name__}: {said[0]}" if said else type(error).__name__


def unmeasured_lines(unmeasured: list[Unmeasured]) -> list[str]:
    """Return lines about benchmarks that failed, one for each reason.

    >>> unmeasured_lines([Unmeasured(f"sort at n={n}", "MemoryError") for n in (1, 2, 3, 4)])
    ['not measured: sort at n=1, sort at n=2, sort at n=3 and 1 more: MemoryError']
    """
    by_reason: dict[str, list[str]] = {}
    for each in unmeasured:
        by_reason.setdefault(each.reason, []).append(each.what)
    lines = []
    for reason, names in by_reason.items():
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        lines.append(f"not measured: {', '.join(names[:MOST_NAMED])}{more}: {reason}")
    return lines


def calibrate_round(evaluation: Evaluation, seconds_per_round: float) -> int:
    """Warm up, then return how many evaluations make a round."""
    clock = WallClock()
    warm_up(evaluation, clock, seconds_per_round)
    return calibrate(evaluation, clock, seconds_per_round)[0]


@functools.cache
def empty_call_seconds() -> float:
    """Return the seconds per evaluation of a call that does nothing, measured once a session."""
    return floor_seconds(WallClock())


@contextlib.contextmanager
def pin_blas() -> Iterator[dict[str, Any]]:
    """Limit BLAS to one thread within the block; yield the BLAS and the threads that were read back."""
    import threadpoolctl

    with threadpoolctl.threadpool_limits(limits=BLAS_THREADS, user_api="blas"):
        blas = blas_info()
        if blas["threads"] not in (None, BLAS_THREADS):
            pytest.fail(f"BLAS threads: {BLAS_THREADS} asked for, {blas['threads']} read back", pytrace=False)
        yield blas


def blas_info() -> dict[str, Any]:
    """Return NumPy's BLAS and its threads, as threadpoolctl reads them; threads are None where it sees no BLAS."""
    import threadpoolctl

    pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
    pools = [pool for pool in pools if "numpy" in pool["filepath"]] or pools  # SciPy may bring one of its own
    names = {f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')}".strip() for pool in pools}
    return {"blas": sorted(names), "threads": max((int(pool["num_threads"]) for pool in pools), default=None)}
