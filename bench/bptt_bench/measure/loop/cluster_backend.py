"""Several hosts at once: whole blocks go to workers of a cluster, and a host has one task at a time.

Everything that a run keeps is kept here, in one thread: the cluster only brings news. What a worker says of a visit is
taken from the errand that it was sent on, and an errand that is given up says nothing any more. So each visit is stored
once, whatever becomes of workers, and what was said before a worker was lost is kept.
"""

from __future__ import annotations

import contextlib
import json
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bptt_bench.measure.engines import Cluster, ClusterEvent, TaskEnded, TaskMessages, WorkerJoined, WorkerLeft
from bptt_bench.measure.engines.payload import Payload
from bptt_bench.measure.engines.task import HostTask
from bptt_bench.measure.loop.backend import HostReply, LabelledRequest
from bptt_bench.measure.loop.cluster_tasks import ClusterTask, RequestsTask, SurveyTask, TaskContext, VisitsTask
from bptt_bench.measure.loop.events import Listener, Notice, PeaksStarted, WorkerStarted
from bptt_bench.measure.loop.host_registry import Host, HostRegistry
from bptt_bench.measure.loop.interrupts import Interrupts
from bptt_bench.measure.loop.recorder import Recorder
from bptt_bench.measure.loop.serial_backend import process_facts
from bptt_bench.measure.protocol.messages import OpenReply, PeaksReply, Reply
from bptt_bench.measure.protocol.records import MeasureError, Sink, host_record, peaks_record, worker_record
from bptt_bench.measure.protocol.schedule import Block
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.worker.output import CapturedOutput
from bptt_bench.measure.worker.result_check import PendingComparisons

SECONDS_BETWEEN_LOOKS = 0.5  # at whether anybody is there, while there is no news
PORTIONS_PER_HOST = 2  # of the blocks waiting; the first portion of a host is at most half of its share
PATIENCE_SECONDS = 2.0  # without any worker, before a line says that the run waits
ANSWER_SECONDS = 60.0  # that a worker has at least to say what it is: it may have all libraries to load from afar


class ClusterBackend:
    """Measures block after block on whichever host is free.

    Parameters
    ----------
    payload : what opens the experiment on a host, and the code and files that it takes.
    variables : that measuring processes are started with.
    first : number of the first measuring process.
    has_roofline : whether the peaks of the hosts are wanted.
    """

    def __init__(
        self,
        *,
        cluster: Cluster,
        payload: Payload,
        variables: Mapping[str, str],
        recorder: Recorder,
        comparisons: PendingComparisons,
        interrupts: Interrupts,
        sink: Sink,
        notify: Listener,
        clock: Clock,
        seconds_per_sample: float,
        first: int,
        has_roofline: bool,
    ) -> None:
        self._cluster, self._payload, self._variables = cluster, payload, variables
        self._recorder, self._comparisons, self._interrupts = recorder, comparisons, interrupts
        self._sink, self._notify, self._clock = sink, notify, clock
        self._seconds_per_sample, self._process, self._has_roofline = seconds_per_sample, first, has_roofline
        self._registry = HostRegistry(
            payload.code, seconds_per_sample=seconds_per_sample, known=self._known, say=self._say
        )
        self._waiting: deque[Block] = deque()
        self._context = TaskContext(
            recorder=recorder,
            comparisons=comparisons,
            ready=self._ready,
            peaks=self._peaks,
            again=self._waiting.appendleft,
            say=self._say,
        )
        self._errands: dict[int, ClusterTask] = {}
        self._alone_since: float | None = None
        self._said_alone = False

    def _say(self, text: str) -> None:
        self._notify(Notice(text=text))

    @property
    def threads(self) -> int:
        return self._payload.opening.threads

    @property
    def output(self) -> CapturedOutput:
        return self._context.output

    @property
    def seconds_ready(self) -> float:
        return self._context.seconds_ready

    @contextlib.contextmanager
    def connected(self) -> Iterator[None]:
        """The cluster, for as long as the block lasts; whatever ends it, all tasks end with it."""
        try:
            with self._interrupts.allowed():
                self._cluster.open()
            yield
        finally:
            self._cluster.close()

    def exchange(self, asked: Sequence[LabelledRequest], *, opened: bool) -> Iterator[HostReply]:
        left, losses = list(asked), 0
        while left:
            host = self._free_host()
            talk = RequestsTask(next(iter(host.workers)), host, tuple(left))
            self._send(talk, self._task("talk", opened=opened, requests=[request for request, _ in left]))
            while not talk.has_ended or talk.heard:
                while talk.heard:
                    left.pop(0)
                    yield talk.heard.popleft()
                if not talk.has_ended:
                    self._step()
            if left:
                losses = 1 if talk.answered else losses + 1
                if losses >= TaskContext.MOST_LOSSES:
                    raise MeasureError(f"{left[0][1]}: {losses} workers were lost there, the last one {talk.worker}")
                self._say(f"worker {talk.worker}: {talk.lost or 'it ended before its time'}; {left[0][1]}: once more")

    def measure(self, shares: Sequence[Sequence[Block]]) -> None:
        self._waiting.extend(block for share in shares for block in share if block.visits)
        most = max((len(share) for share in shares), default=1)
        while self._waiting or self._stints:
            for host in tuple(self._registry.free()):
                if self._waiting:
                    self._begin(self._portion(most), host)
            if self._waiting or self._stints:
                self._step()

    @property
    def _stints(self) -> list[VisitsTask]:
        return [errand for errand in self._errands.values() if isinstance(errand, VisitsTask)]

    def _portion(self, most: int) -> list[Block]:
        """The blocks of the next process: fewer and fewer, so that hosts of any speed end at about the same time.

        A process starts in a second and prepares each cell once, so it is to have as many blocks as it would have on
        one machine if that leaves enough for the others.
        """
        surveyed = sum(isinstance(errand, SurveyTask) and not errand.answered for errand in self._errands.values())
        fair = math.ceil(len(self._waiting) / (PORTIONS_PER_HOST * (self._registry.there + surveyed)))
        return [self._waiting.popleft() for _ in range(min(fair, most))]

    def _begin(self, portion: Sequence[Block], host: Host) -> None:
        """Send a host to visit what is left of some blocks, and what has not turned out too large for it."""
        blocks = []
        for block in portion:
            for visit in block.visits:
                if visit in host.skips:
                    self._recorder.drop(visit)
            blocks.append(block._replace(visits=tuple(visit for visit in block.visits if visit not in host.skips)))
        visits = [visit for block in blocks for visit in block.visits]
        if not visits:
            return
        compared = [
            place for place, visit in enumerate(visits) if visit.timing == "whole" and self._comparisons.start(visit)
        ]
        known = ((place, host.calibrations.get(visit)) for place, visit in enumerate(visits))
        task = self._task(
            "visits",
            opened=True,
            visits=visits,
            evaluations={place: evaluations for place, evaluations in known if evaluations is not None},
            compared=compared,
            seconds_per_sample=self._seconds_per_sample,
            peaks=self._has_roofline and not host.peaks_read,
        )
        if task.peaks:
            self._notify(PeaksStarted())
        self._send(VisitsTask(next(iter(host.workers)), host, blocks, compared, self._context), task)

    def _task(self, kind: Any, *, opened: bool, **fields: Any) -> HostTask:
        return HostTask(
            kind=kind,
            opening=self._payload.opening if opened else None,
            threads=self.threads,
            variables=self._variables,
            files={one.name: (one.sha256, one.path) for one in self._payload.shipped},
            **fields,
        )

    def _send(self, errand: ClusterTask, task: HostTask) -> None:
        if errand.host is not None:
            errand.host.is_busy = self._registry.is_begun = True
        self._errands[self._cluster.send(errand.worker, task.to_bytes())] = errand

    def _free_host(self) -> Host:
        while (host := next(self._registry.free(), None)) is None:
            self._step()
        return host

    def _step(self) -> None:
        """Take a piece of news, or see that there is somebody to have news of."""
        with self._interrupts.allowed():
            news = self._cluster.next(SECONDS_BETWEEN_LOOKS)
        if news is not None:
            self._take(news)
        self._recorder.progress.concurrency = max(self._registry.there, 1)
        self._look_around()

    def _take(self, news: ClusterEvent) -> None:
        match news:
            case TaskMessages(task_id, lines):
                for line in lines:
                    if task_id in self._errands:
                        self._errands[task_id].hear(json.loads(line))
            case TaskEnded(task_id, why):
                self._give_up(task_id, why)
            case WorkerJoined(worker):
                self._gone(worker, "its worker was replaced")
                self._alone_since, self._said_alone = None, False
                self._send(
                    SurveyTask(worker, self._registry), self._task("survey", opened=True, shipped=self._payload.shipped)
                )
            case WorkerLeft(worker):
                self._gone(worker, "it is gone")

    def _gone(self, worker: str, why: str) -> None:
        """Take a worker off, and what it was out for with it."""
        self._registry.left(worker)
        for task_id in [task_id for task_id, errand in self._errands.items() if errand.worker == worker]:
            self._cluster.cancel(task_id)
            if isinstance(self._errands[task_id], SurveyTask):
                del self._errands[task_id]
            else:
                self._give_up(task_id, why)

    def _give_up(self, task_id: int, why: str | None) -> None:
        errand = self._errands.pop(task_id, None)
        if errand is None:
            return
        if errand.host is not None:
            errand.host.is_busy = False
        errand.end(why)

    def _look_around(self) -> None:
        """Wait for a worker while there is none that answers, but not for ever.

        Raises
        ------
        MeasureError : there has been none for too long.
        """
        now = self._clock.now()
        if self._registry.there or any(not isinstance(errand, SurveyTask) for errand in self._errands.values()):
            self._alone_since, self._said_alone = None, False
            return
        if self._alone_since is None:
            self._alone_since = now
        alone, limit, what = now - self._alone_since, self._cluster.wait_seconds, ""
        if self._errands:  # a worker that is stopped, or has something else to do, is as good as none
            limit, what = max(limit, ANSWER_SECONDS), " that answers"
        if alone >= limit:
            raise MeasureError(
                f"{self._cluster.name}: no worker{what} for {limit:g} s; "
                "what was measured is stored, and --resume goes on"
            )
        if alone >= PATIENCE_SECONDS and not self._said_alone:
            self._said_alone = True
            self._say(f"{self._cluster.name}: has no worker{what}; waiting for one, at most {limit:g} s")

    def _known(self, host: str, environment: Mapping[str, Any]) -> None:
        self._sink.append(host_record(host, environment))
        self._say(f"host {host} takes part")

    def _ready(self, host: Host, reply: Reply) -> int:
        assert isinstance(reply, OpenReply)
        process, self._process = self._process, self._process + 1
        facts = process_facts(reply)
        self._sink.append(worker_record(process, facts, started_at=self._clock.wall(), host=host.name))
        to_come = len(self._waiting) + sum(not stint.is_ready for stint in self._stints) - 1
        self._notify(WorkerStarted(process=process, processes_total=self._process + to_come, host=host.name, **facts))
        return process

    def _peaks(self, host: Host, reply: Reply) -> None:
        assert isinstance(reply, PeaksReply)
        host.peaks_read = True
        self._sink.append(peaks_record(reply, host.name))
