"""Tasks sent to cluster workers: each handles its reports, and knows what is left if its worker is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines.task import (
    BusyReport,
    FailureReport,
    OpenReport,
    OutputReport,
    PeaksReport,
    ProcessDiedReport,
    RequestReport,
    SurveyReport,
    TaskReport,
    VisitReport,
)
from bptt_bench.measure.engines.task_runner import OPENING
from bptt_bench.measure.loop.backend import HostReply, LabelledRequest
from bptt_bench.measure.loop.host_registry import Host, HostRegistry
from bptt_bench.measure.loop.recorder import Recorder
from bptt_bench.measure.protocol.messages import ComparisonReply, CountReply, MemoryReply, Reply, SampleReply, SkipReply
from bptt_bench.measure.protocol.schedule import Block, Visit
from bptt_bench.measure.worker.output import CapturedOutput
from bptt_bench.measure.worker.result_check import PendingComparisons
from bptt_bench.measure.worker.visits import Outcome

ENDED_EARLY = "it ended before its time"


class ClusterTask(Protocol):
    """A task, as the run that sent it sees it."""

    @property
    def worker(self) -> str:
        """Return the address of the worker that it was sent to."""
        ...

    @property
    def host(self) -> Host | None:
        """Return the host that it keeps busy."""
        ...

    def handle(self, report: TaskReport) -> None:
        """Handle a report.

        Raises
        ------
        MeasureError : the run cannot go on.
        """
        ...

    def end(self, error: str | None) -> None:
        """Handle the end of the task, by itself (None) or because it was lost."""
        ...


class SurveyTask:
    """A task that identifies the host of a worker and its code."""

    host: Host | None = None

    def __init__(self, worker: str, registry: HostRegistry) -> None:
        self.worker, self._registry, self.answered = worker, registry, False

    def handle(self, report: TaskReport) -> None:
        if isinstance(report, SurveyReport):
            self.answered = True
            self._registry.add(self.worker, report.host, report.environment, report.code)
        elif isinstance(report, FailureReport):
            self.answered = True
            self._registry.reject(self.worker, report.message)

    def end(self, error: str | None) -> None:
        if not self.answered and error is not None:
            self._registry.reject(self.worker, error)


class RequestsTask:
    """A task that sends requests to one process; those without a reply are left for another."""

    def __init__(self, worker: str, host: Host, requests: Sequence[LabelledRequest]) -> None:
        self.worker, self.host, self.requests = worker, host, requests
        self.replies: deque[HostReply] = deque()
        self.n_replies = 0
        self.has_ended = False
        self.error: str | None = None  # why it was lost

    def handle(self, report: TaskReport) -> None:
        if isinstance(report, RequestReport):
            self.n_replies += 1
            self.replies.append(HostReply(report.reply, self.host.name))
        elif isinstance(report, FailureReport | ProcessDiedReport):
            at_opening = isinstance(report, ProcessDiedReport) and report.index is None
            label = OPENING if at_opening else self.requests[self.n_replies][1]
            raise MeasureError(f"{label}: {report.message} (host {self.host})")

    def end(self, error: str | None) -> None:
        self.error = error
        self.has_ended = True


class LossCounts:
    """How often processes died and workers were lost at the same place of a run."""

    MOST_DEATHS = 2  # of measuring processes at one visit: the first may have been the system's doing
    MOST_LOSSES = 4  # of workers at one visit, one more than dask allows by default: more than chance, or a bad subject
    MOST_LOSSES_AT_START = 12  # of one block: starting takes most of the time of a short one, and chance hits it often

    def __init__(self) -> None:
        self._deaths: dict[object, int] = {}
        self._losses: dict[object, int] = {}

    def add_death(self, at: object) -> bool:
        """Count a measuring process that died; return whether too many have died there."""
        self._deaths[at] = self._deaths.get(at, 0) + 1
        return self._deaths[at] >= self.MOST_DEATHS

    def add_loss(self, at: object, worker: str, where: str, most: int) -> None:
        """Count a worker that was lost.

        Raises
        ------
        MeasureError : too many were lost there.
        """
        self._losses[at] = self._losses.get(at, 0) + 1
        if self._losses[at] >= most:
            raise MeasureError(f"{where}: {most} workers were lost there, the last one {worker}")


class TaskContext:
    """What all tasks that visit cells share.

    Parameters
    ----------
    opened : handles the opening of the experiment by a process on a host, and returns the number of the process.
    peaks : handles the peaks of a host.
    requeue : receives the rest of a block that a host did not reach.
    notify : receives each message that is worth a line.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        comparisons: PendingComparisons,
        opened: Callable[[Host, Reply], int],
        peaks: Callable[[Host, Reply], None],
        requeue: Callable[[Block], None],
        notify: Callable[[str], None],
    ) -> None:
        self.recorder, self.comparisons, self.losses = recorder, comparisons, LossCounts()
        self.opened, self.peaks, self.requeue, self.notify = opened, peaks, requeue, notify
        self.seconds_ready = 0.0
        self.output = CapturedOutput()


class VisitsTask:
    """A task that visits the cells of some blocks; what it does not reach is queued again."""

    def __init__(
        self, worker: str, host: Host, blocks: Sequence[Block], compared: Sequence[int], context: TaskContext
    ) -> None:
        self.worker, self.host, self._context = worker, host, context
        self._blocks = {block.number: block for block in blocks}
        self._visits = [visit for block in blocks for visit in block.visits]
        self._open = dict.fromkeys(range(len(self._visits)))  # indices of visits not made yet, in order
        self._compared = set(compared)
        self._process: int | None = None
        self._seconds_ready = 0.0
        self._death: ProcessDiedReport | None = None

    @property
    def is_ready(self) -> bool:
        """Return whether its measuring process has opened the experiment."""
        return self._process is not None

    def handle(self, report: TaskReport) -> None:
        context = self._context
        match report:
            case VisitReport():
                self._record(report)
            case OpenReport(reply=reply):
                self._process = context.opened(self.host, reply)
            case PeaksReport(reply=reply):
                context.peaks(self.host, reply)
            case OutputReport(lines=lines, others=others):
                context.output.add_all(lines, others)
            case FailureReport(message=message):
                raise MeasureError(f"{message} (host {self.host})")
            case ProcessDiedReport():
                self._death = report
            case BusyReport():
                context.notify(f"host {self.host}: something else is being measured there; waiting")

    def end(self, error: str | None) -> None:
        left = self._without_skipped([self._visits[index] for index in self._open])
        for index in self._compared:
            self._context.comparisons.undo(self._visits[index])
        if left:
            self._requeue(left, error or ENDED_EARLY)

    def _record(self, report: VisitReport) -> None:
        visit, reply = self._visits[report.index], report.reply
        assert self._process is not None, "a process opens the experiment before its first visit"
        self._context.seconds_ready += report.seconds_ready - self._seconds_ready
        self._seconds_ready = report.seconds_ready
        if isinstance(reply, ComparisonReply):
            self._compared.discard(report.index)
        else:
            del self._open[report.index]
        if isinstance(reply, SkipReply):
            self.host.skips.add(visit)
        elif isinstance(reply, SampleReply):
            self.host.calibrations.update(visit, reply)
        assert isinstance(reply, ComparisonReply | SampleReply | MemoryReply | CountReply | SkipReply)
        outcome, stage = Outcome(visit, reply, report.seconds), self._blocks[visit.block].stage
        self._context.recorder.record(outcome, process=self._process, stage=stage, host=self.host.name)

    def _without_skipped(self, visits: Sequence[Visit]) -> list[Visit]:
        """Return the visits to cells that are not left out; drop the others."""
        for visit in visits:
            if visit in self.host.skips:
                self._context.recorder.drop(visit)
        return [visit for visit in visits if visit not in self.host.skips]

    def _skip_first(self, left: Sequence[Visit], reason: str, process: int) -> list[Visit]:
        """Leave out the cell of the first visit, where processes keep dying; return the other visits."""
        self.host.skips.add(left[0])
        outcome = Outcome(left[0], SkipReply(reason=reason, raised=True), 0.0)
        self._context.recorder.record(outcome, process=process, host=self.host.name)
        return self._without_skipped(left[1:])

    def _requeue(self, left: Sequence[Visit], reason: str) -> None:
        """Queue again what is left, unless processes or workers keep being lost at its first visit."""
        process, losses = self._process, self._context.losses
        at: object = ("start", left[0].block) if process is None else left[0]
        where = OPENING if process is None else f"subject {left[0].subject!r} at {left[0].point}"
        if self._death is not None:
            reason = f"the measuring process died: {self._death.message}"
            if losses.add_death(at):
                if process is None:
                    raise MeasureError(f"{where}: {reason} (host {self.host})")
                left = self._skip_first(left, reason, process)
        else:
            most = losses.MOST_LOSSES_AT_START if process is None else losses.MOST_LOSSES
            losses.add_loss(at, self.worker, where, most)
        if not left:
            return
        by_block: dict[int, list[Visit]] = {}
        for visit in left:
            by_block.setdefault(visit.block, []).append(visit)
        numbers = f"block{'s' if len(by_block) > 1 else ''} {', '.join(map(str, by_block))}"
        self._context.notify(
            f"worker {self.worker}: {reason}; what is left of {numbers} "
            f"({len(left)} of {len(self._visits)} visits) is measured again"
        )
        for number in reversed(by_block):
            self._context.requeue(self._blocks[number]._replace(visits=tuple(by_block[number])))
