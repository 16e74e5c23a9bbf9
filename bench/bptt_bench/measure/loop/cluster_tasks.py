"""What workers of a cluster are out for: each takes what its task says, and knows what is missing if it is lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from bptt_bench.measure.loop.backend import HostReply, LabelledRequest
from bptt_bench.measure.loop.host_registry import Host, HostRegistry
from bptt_bench.measure.loop.recorder import Recorder
from bptt_bench.measure.protocol.messages import ComparisonReply, Reply, SampleReply, SkipReply, message_of
from bptt_bench.measure.protocol.records import MeasureError
from bptt_bench.measure.protocol.schedule import Block, Visit
from bptt_bench.measure.worker.output import CapturedOutput
from bptt_bench.measure.worker.result_check import PendingComparisons
from bptt_bench.measure.worker.visits import Outcome


class ClusterTask(Protocol):
    """One task, seen from where it was sent."""

    @property
    def worker(self) -> str:
        """Address of the worker that it was sent to."""
        ...

    @property
    def host(self) -> Host | None:
        """The host that is busy with it."""
        ...

    def hear(self, said: Mapping[str, Any]) -> None:
        """Take a line of the task.

        Raises
        ------
        MeasureError : it says that the run cannot go on.
        """
        ...

    def end(self, why: str | None) -> None:
        """The task has ended, of itself (None) or because it was lost."""
        ...


class SurveyTask:
    """Asks a worker what its host is, and what code it has."""

    host: Host | None = None

    def __init__(self, worker: str, registry: HostRegistry) -> None:
        self.worker, self._registry, self.answered = worker, registry, False

    def hear(self, said: Mapping[str, Any]) -> None:
        if said["line"] == "survey":
            self.answered = True
            self._registry.surveyed(self.worker, said["host"], said["environment"], said["code"])
        elif said["line"] == "failed":
            self.answered = True
            self._registry.unfit(self.worker, said["message"])

    def end(self, why: str | None) -> None:
        if not self.answered and why is not None:
            self._registry.unfit(self.worker, why)


class RequestsTask:
    """Has a host answer requests; what it did not come to is for another."""

    def __init__(self, worker: str, host: Host, asked: Sequence[LabelledRequest]) -> None:
        self.worker, self.host, self.asked = worker, host, asked
        self.heard: deque[HostReply] = deque()
        self.answered = 0
        self.has_ended = False
        self.lost: str | None = None  # why it ended before its time

    def hear(self, said: Mapping[str, Any]) -> None:
        where = f" (host {self.host})"
        if said["line"] == "heard":
            self.answered += 1
            self.heard.append(HostReply(message_of(said["reply"]), self.host.name))
        elif said["line"] in ("failed", "died"):
            opening = "start of a measuring process"
            about = self.asked[self.answered][1] if said["line"] == "failed" or said["place"] is not None else opening
            raise MeasureError(f"{about}: {said['message']}{where}")

    def end(self, why: str | None) -> None:
        self.lost = why
        self.has_ended = True


class TaskContext:
    """What errands that visit cells share: the recorder, and how often a process or worker was lost at a visit.

    Parameters
    ----------
    ready : told of a measuring process that is ready on a host; gives it its number.
    peaks : told of the peaks of a host.
    again : receives the rest of a block that a host did not come to.
    """

    MOST_DEATHS = 2  # of measuring processes at one visit: the first may have been the system's doing
    MOST_LOSSES = 4  # of workers at one visit, one more than dask allows of its own: more than chance, or a bad subject
    MOST_LOSSES_AT_START = 12  # of one block: starting takes most of the time of a short one, and chance hits it often

    def __init__(
        self,
        *,
        recorder: Recorder,
        comparisons: PendingComparisons,
        ready: Callable[[Host, Reply], int],
        peaks: Callable[[Host, Reply], None],
        again: Callable[[Block], None],
        say: Callable[[str], None],
    ) -> None:
        self.recorder, self.comparisons = recorder, comparisons
        self.ready, self.peaks, self.again, self.say = ready, peaks, again, say
        self.seconds_ready = 0.0
        self.output = CapturedOutput()
        self._deaths: dict[object, int] = {}
        self._losses: dict[object, int] = {}

    def is_deadly(self, at: object) -> bool:
        """Count a measuring process that died; whether it was not the first there."""
        self._deaths[at] = self._deaths.get(at, 0) + 1
        return self._deaths[at] >= self.MOST_DEATHS

    def loss(self, at: object, worker: str, where: str, most: int) -> None:
        """Count a worker that was lost.

        Raises
        ------
        MeasureError : too many were lost there.
        """
        self._losses[at] = self._losses.get(at, 0) + 1
        if self._losses[at] >= most:
            raise MeasureError(f"{where}: {most} workers were lost there, the last one {worker}")


class VisitsTask:
    """Has a host visit the cells of some blocks; what it did not come to goes back, to be done there or elsewhere."""

    def __init__(
        self, worker: str, host: Host, blocks: Sequence[Block], compared: Sequence[int], context: TaskContext
    ) -> None:
        self.worker, self.host, self._context = worker, host, context
        self._blocks = {block.number: block for block in blocks}
        self._visits = [visit for block in blocks for visit in block.visits]
        self._open = dict.fromkeys(range(len(self._visits)))  # places of visits not made yet, in order
        self._compared = set(compared)
        self._process: int | None = None
        self._seconds_ready = 0.0
        self._died: Mapping[str, Any] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether its measuring process has been heard of."""
        return self._process is not None

    def hear(self, said: Mapping[str, Any]) -> None:
        match said["line"]:
            case "found":
                self._found(said)
            case "ready":
                self._process = self._context.ready(self.host, message_of(said["reply"]))
            case "peaks":
                self._context.peaks(self.host, message_of(said["reply"]))
            case "printed":
                self._context.output.add_all(said["lines"], said["others"])
            case "failed":
                raise MeasureError(f"{said['message']} (host {self.host})")
            case "died":
                self._died = said
            case "busy":
                self._context.say(f"host {self.host}: something else is being measured there; waiting")

    def _found(self, said: Mapping[str, Any]) -> None:
        place = said["place"]
        visit, found = self._visits[place], message_of(said["reply"])
        assert self._process is not None, "a process is ready before it finds anything"
        self._context.seconds_ready += said["seconds_ready"] - self._seconds_ready
        self._seconds_ready = said["seconds_ready"]
        if isinstance(found, ComparisonReply):
            self._compared.discard(place)
        else:
            del self._open[place]
        if isinstance(found, SkipReply):
            self.host.skips.add(visit)
        elif isinstance(found, SampleReply):
            self.host.calibrations.update(visit, found)
        outcome, stage = Outcome(visit, found, said["seconds"]), self._blocks[visit.block].stage
        self._context.recorder.take(outcome, process=self._process, stage=stage, host=self.host.name)

    def end(self, why: str | None) -> None:
        left = []
        for visit in (self._visits[place] for place in self._open):
            if visit in self.host.skips:
                self._context.recorder.drop(visit)
            else:
                left.append(visit)
        for place in self._compared:
            self._context.comparisons.undo(self._visits[place])
        if left:
            self._lost(left, why or "it ended before its time")

    def _without_first(self, left: Sequence[Visit], why: str, process: int) -> list[Visit]:
        """Leave out the cell of the first visit, which costs process after process; what is left of the others."""
        self.host.skips.add(left[0])
        outcome = Outcome(left[0], SkipReply(reason=why, raised=True), 0.0)
        self._context.recorder.take(outcome, process=process, host=self.host.name)
        for visit in left[1:]:
            if visit in self.host.skips:
                self._context.recorder.drop(visit)
        return [visit for visit in left[1:] if visit not in self.host.skips]

    def _lost(self, left: Sequence[Visit], why: str) -> None:
        """Give back what is left, unless it is this very visit that costs one process or worker after the other."""
        before = self._process is None
        at: object = ("start", left[0].block) if before else left[0]
        where = "start of a measuring process" if before else f"subject {left[0].subject!r} at {left[0].point}"
        if self._died is not None:
            why = f"the measuring process died: {self._died['message']}"
            if self._context.is_deadly(at):
                if self._process is None:
                    raise MeasureError(f"{where}: {why} (host {self.host})")
                left = self._without_first(left, why, self._process)
        else:
            most = TaskContext.MOST_LOSSES_AT_START if before else TaskContext.MOST_LOSSES
            self._context.loss(at, self.worker, where, most)
        if not left:
            return
        rest: dict[int, list[Visit]] = {}
        for visit in left:
            rest.setdefault(visit.block, []).append(visit)
        numbers = f"block{'s' if len(rest) > 1 else ''} {', '.join(map(str, rest))}"
        self._context.say(
            f"worker {self.worker}: {why}; what is left of {numbers} "
            f"({len(left)} of {len(self._visits)} visits) is measured again"
        )
        for number in reversed(rest):
            self._context.again(self._blocks[number]._replace(visits=tuple(rest[number])))
