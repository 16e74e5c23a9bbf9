"""One measuring process after the other, each for its share of the blocks."""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from bptt_bench.measure.engines import Worker
from bptt_bench.measure.loop.backend import HostReply, LabelledRequest, RunContext
from bptt_bench.measure.loop.checks_and_probe import run_peaks
from bptt_bench.measure.loop.events import Notice, WorkerStarted
from bptt_bench.measure.loop.worker_pool import MeasuringProcessDied, WorkerPool
from bptt_bench.measure.protocol.messages import OpenReply, SkipReply
from bptt_bench.measure.protocol.records import worker_record
from bptt_bench.measure.protocol.schedule import Block, Visit
from bptt_bench.measure.worker.output import CapturedOutput
from bptt_bench.measure.worker.visits import Calibrations, Outcome, Skips, Visitor
from bptt_bench.plan import PLACEBO_SUFFIX


class SerialBackend:
    """Measures share after share."""

    def __init__(self, pool: WorkerPool, run: RunContext) -> None:
        self._pool, self._recorder, self._sink, self._notify = pool, run.recorder, run.sink, run.notify
        self._clock, self._process, self._has_roofline = run.clock, run.first, run.has_roofline
        self._skips = Skips()
        calibrations = Calibrations(run.seconds_per_sample)
        self._visiting: Callable[[Worker], Visitor] = lambda worker: Visitor(
            lambda request, where: pool.send(worker, request, where),
            run.clock,
            seconds_per_sample=run.seconds_per_sample,
            calibrations=calibrations,
            skips=self._skips,
            needs_comparison=run.comparisons.start,
        )
        self._seconds_ready = 0.0
        self._measured = {base_name(visit) for visit in run.recorder.stored}  # subjects of which something was measured
        self._tried_at_largest: set[str] = set()  # subjects that raise at their smallest point

    @property
    def threads(self) -> int:
        return self._pool.threads

    @property
    def output(self) -> CapturedOutput:
        return self._pool.output

    @property
    def seconds_ready(self) -> float:
        return self._seconds_ready

    def connect(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def exchange(self, asked: Sequence[LabelledRequest], *, opened: bool) -> Iterator[HostReply]:
        with self._pool.worker() as worker:
            if opened:
                self._pool.open(worker)
            for request, where in asked:
                yield HostReply(self._pool.send(worker, request, where))

    def measure(self, shares: Sequence[Sequence[Block]]) -> None:
        for number, blocks in enumerate(shares):
            if not self._has_visits(blocks):
                continue
            if self._has_roofline:  # before every measuring process: one reading may fall into a slow period
                run_peaks(self, sink=self._sink, notify=self._notify)
            self._run_share(blocks, processes_after=len(shares) - number - 1)

    def _has_visits(self, blocks: Sequence[Block]) -> bool:
        """Return whether any visit of some blocks is to be made; those that are not are counted."""
        visits = [visit for block in blocks for visit in block.visits]
        if any(visit not in self._skips for visit in visits):
            return True
        for visit in visits:
            self._recorder.drop(visit)
        return False

    def _run_share(self, blocks: Sequence[Block], processes_after: int) -> None:
        """Visit what is left of some blocks in one process, or in several where one ends before its time."""
        left = deque((visit, block.stage) for block in blocks for visit in block.visits)
        while left:
            self._run_process(left, processes_after)

    def _run_process(self, left: deque[tuple[Visit, str]], processes_after: int) -> None:
        process, self._process = self._process, self._process + 1
        with self._pool.worker() as worker:
            ready = self._pool.open(worker)
            start = self._clock.now()
            facts = process_facts(ready)
            self._sink.append(worker_record(process, facts, started_at=self._clock.wall()))
            self._notify(WorkerStarted(process=process, processes_total=self._process + processes_after, **facts))
            visiting = self._visiting(worker)
            try:
                while left:
                    visit, stage = left.popleft()
                    if visit in self._skips:
                        self._recorder.drop(visit)
                    for outcome in visiting.make(visit):
                        self._recorder.record(outcome, process=process, stage=stage)
                        self._after(outcome, left)
            except MeasuringProcessDied as died:  # the cell that was being visited is left out
                self._skips.add(visit)
                why = SkipReply(reason=f"the measuring process died: {died.__cause__}", raised=True)
                self._recorder.record(Outcome(visit, why, 0.0), process=process, stage=stage)
            finally:
                self._seconds_ready += self._clock.now() - start

    def _after(self, outcome: Outcome, left: deque[tuple[Visit, str]]) -> None:
        """Visit the smallest point of a subject next that has raised, then the largest, and none if it raises there.

        A mistake in a function is then known after two or three evaluations. A subject that has been measured somewhere
        is left out only where it raises.

        Raises
        ------
        MeasureError : all subjects raise everywhere.
        """
        visit, found, _ = outcome
        subject = base_name(visit)
        if not isinstance(found, SkipReply):
            self._measured.add(subject)
        if not isinstance(found, SkipReply) or not found.raised or subject in self._measured:
            return
        others = [one for one in left if base_name(one[0]) == subject and one[0] not in self._skips]
        by_size = sorted(others, key=lambda one: size_of(one[0]))
        following = None
        if by_size and subject not in self._tried_at_largest:
            if size_of(by_size[0][0]) < size_of(visit):
                following = by_size[0]
            elif size_of(by_size[-1][0]) > size_of(visit):
                following = by_size[-1]
                self._tried_at_largest.add(subject)
        if following is not None:
            left.remove(following)
            left.appendleft(following)
            return
        for other, _ in others:
            self._skips.add(other)
        if not self._measured and all(one in self._skips for one, _ in left):
            self._recorder.require_samples()  # which there are none of
        if others:
            why = "because it raises at its smallest and largest"
            self._notify(Notice(text=f"{subject}: not measured at other points, {why}"))


def base_name(visit: Visit) -> str:
    """Return the subject of a visit; a placebo has the name of what it repeats."""
    return visit.subject.removesuffix(PLACEBO_SUFFIX)


def size_of(visit: Visit) -> float:
    """Return the product of the levels of a visit's point."""
    return float(math.prod(level for level in visit.point.values() if not isinstance(level, str)))


def process_facts(ready: OpenReply) -> Mapping[str, Any]:
    """Return what is recorded and reported of a measuring process that is ready."""
    return {"pid": ready.pid, "threads": ready.threads, "floor_seconds": ready.floor_seconds}
