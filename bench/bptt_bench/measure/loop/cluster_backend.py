"""Several hosts at once: whole blocks go to workers of a cluster, and a host has one task at a time.

One thread keeps all state of the run; the cluster only delivers events. Each report is handled by the task that it
belongs to, and reports of a task that was given up are ignored. So each visit is stored once, whatever becomes of
workers, and what was reported before a worker was lost is kept.
"""

from __future__ import annotations

import contextlib
import math
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import Cluster, ClusterEvent, TaskEnded, TaskReported, WorkerJoined, WorkerLeft
from bptt_bench.measure.engines.payload import Payload
from bptt_bench.measure.engines.task import HostTask
from bptt_bench.measure.loop.backend import HostReply, LabelledRequest, RunContext
from bptt_bench.measure.loop.cluster_tasks import (
    ENDED_EARLY,
    ClusterTask,
    LossCounts,
    RequestsTask,
    SurveyTask,
    TaskContext,
    VisitsTask,
)
from bptt_bench.measure.loop.events import Notice, PeaksStarted, WorkerStarted
from bptt_bench.measure.loop.host_registry import Host, HostRegistry
from bptt_bench.measure.loop.serial_backend import process_facts
from bptt_bench.measure.protocol.messages import OpenReply, PeaksReply, Reply, decode
from bptt_bench.measure.protocol.records import host_record, peaks_record, worker_record
from bptt_bench.measure.protocol.schedule import Block
from bptt_bench.measure.worker.output import CapturedOutput

SECONDS_BETWEEN_LOOKS = 0.5  # at whether there is any worker, while there is no event
PORTIONS_PER_HOST = 2  # of the blocks waiting; the first portion of a host is at most half of its share
PATIENCE_SECONDS = 2.0  # without any worker, before a line says that the run waits
SURVEY_SECONDS = 60.0  # at least for a survey: a worker may have all libraries to load over the network


class ClusterBackend:
    """Measures block after block on whichever host is idle.

    Parameters
    ----------
    payload : what opens the experiment on a host, and the code and files that it needs.
    variables : that measuring processes are started with.
    """

    def __init__(self, cluster: Cluster, payload: Payload, variables: Mapping[str, str], run: RunContext) -> None:
        self._cluster, self._payload, self._variables, self._run = cluster, payload, variables, run
        self._recorder, self._sink, self._clock = run.recorder, run.sink, run.clock
        self._process = run.first
        self._hosts = HostRegistry(
            payload.code, seconds_per_sample=run.seconds_per_sample, store_host=self._store_host, notify=self._notify
        )
        self._waiting: deque[Block] = deque()
        self._context = TaskContext(
            recorder=run.recorder,
            comparisons=run.comparisons,
            opened=self._process_opened,
            peaks=self._store_peaks,
            requeue=self._waiting.appendleft,
            notify=self._notify,
        )
        self._tasks: dict[int, ClusterTask] = {}
        self._no_worker_since: float | None = None
        self._wait_noticed = False

    def _notify(self, text: str) -> None:
        self._run.notify(Notice(text=text))

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
    def connect(self) -> Iterator[None]:
        """Connect for as long as the block lasts; whatever ends it ends all tasks."""
        try:
            with self._run.interrupts.allow():
                self._cluster.open()
            yield
        finally:
            self._cluster.close()

    def exchange(self, requests: Sequence[LabelledRequest], *, opened: bool) -> Iterator[HostReply]:
        left, losses = list(requests), 0
        while left:
            host = self._idle_host()
            task = RequestsTask(next(iter(host.workers)), host, tuple(left))
            self._submit(task, self._host_task("requests", opened=opened, requests=[request for request, _ in left]))
            while not task.has_ended or task.replies:
                while task.replies:
                    left.pop(0)
                    yield task.replies.popleft()
                if not task.has_ended:
                    self._step()
            if left:
                losses = 1 if task.n_replies else losses + 1
                if losses >= LossCounts.MOST_LOSSES:
                    raise MeasureError(f"{left[0][1]}: {losses} workers were lost there, the last one {task.worker}")
                self._notify(f"worker {task.worker}: {task.error or ENDED_EARLY}; {left[0][1]}: once more")

    def measure(self, shares: Sequence[Sequence[Block]]) -> None:
        self._waiting.extend(block for share in shares for block in share if block.visits)
        most = max((len(share) for share in shares), default=1)
        while self._waiting or self._visits_tasks:
            for host in tuple(self._hosts.idle()):
                if self._waiting:
                    self._start_visits(self._next_portion(most), host)
            if self._waiting or self._visits_tasks:
                self._step()

    @property
    def _visits_tasks(self) -> list[VisitsTask]:
        return [task for task in self._tasks.values() if isinstance(task, VisitsTask)]

    def _next_portion(self, most: int) -> list[Block]:
        """Return the blocks of the next process: fewer and fewer, so that hosts of any speed end at about one time.

        A process starts in a second and prepares each cell once, so it gets as many blocks as it would have on one
        machine if that leaves enough for the others.
        """
        surveyed = sum(isinstance(task, SurveyTask) and not task.answered for task in self._tasks.values())
        fair = math.ceil(len(self._waiting) / (PORTIONS_PER_HOST * (self._hosts.n_available + surveyed)))
        return [self._waiting.popleft() for _ in range(min(fair, most))]

    def _start_visits(self, portion: Sequence[Block], host: Host) -> None:
        """Have a host visit what is left of some blocks, less the cells that are left out on it."""
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
            index
            for index, visit in enumerate(visits)
            if visit.timing == "whole" and self._run.comparisons.start(visit)
        ]
        host_task = self._host_task(
            "visits",
            opened=True,
            visits=visits,
            evaluations=[host.calibrations.get(visit) for visit in visits],
            compared=compared,
            seconds_per_sample=self._run.seconds_per_sample,
            peaks=self._run.has_roofline and not host.peaks_read,
        )
        if host_task.peaks:
            self._run.notify(PeaksStarted())
        self._submit(VisitsTask(next(iter(host.workers)), host, blocks, compared, self._context), host_task)

    def _host_task(self, kind: Any, *, opened: bool, **fields: Any) -> HostTask:
        return HostTask(
            kind=kind,
            opening=self._payload.opening if opened else None,
            threads=self.threads,
            variables=self._variables,
            files={file.name: (file.sha256, file.path) for file in self._payload.shipped},
            **fields,
        )

    def _submit(self, task: ClusterTask, host_task: HostTask) -> None:
        if task.host is not None:
            task.host.is_busy = self._hosts.is_begun = True
        self._tasks[self._cluster.submit(task.worker, host_task.to_bytes())] = task

    def _idle_host(self) -> Host:
        while (host := next(self._hosts.idle(), None)) is None:
            self._step()
        return host

    def _step(self) -> None:
        """Handle the next event, or see that there is still a worker."""
        with self._run.interrupts.allow():
            event = self._cluster.next(SECONDS_BETWEEN_LOOKS)
        if event is not None:
            self._handle(event)
        self._recorder.progress.concurrency = max(self._hosts.n_available, 1)
        self._require_worker()

    def _handle(self, event: ClusterEvent) -> None:
        match event:
            case TaskReported(task_id, lines):
                for line in lines:
                    if task_id in self._tasks:
                        self._tasks[task_id].handle(decode(line))
            case TaskEnded(task_id, error):
                self._end(task_id, error)
            case WorkerJoined(worker):
                self._remove_worker(worker, "its worker was replaced")
                self._no_worker_since, self._wait_noticed = None, False
                survey = self._host_task("survey", opened=True, shipped=self._payload.shipped)
                self._submit(SurveyTask(worker, self._hosts), survey)
            case WorkerLeft(worker):
                self._remove_worker(worker, "it is gone")

    def _remove_worker(self, worker: str, reason: str) -> None:
        """Remove a worker, and end its tasks."""
        self._hosts.remove(worker)
        for task_id in [task_id for task_id, task in self._tasks.items() if task.worker == worker]:
            self._cluster.cancel(task_id)
            if isinstance(self._tasks[task_id], SurveyTask):
                del self._tasks[task_id]
            else:
                self._end(task_id, reason)

    def _end(self, task_id: int, error: str | None) -> None:
        task = self._tasks.pop(task_id, None)
        if task is None:
            return
        if task.host is not None:
            task.host.is_busy = False
        task.end(error)

    def _require_worker(self) -> None:
        """See that there is a worker that answers; wait for one, but not for ever.

        Raises
        ------
        MeasureError : there has been none for too long.
        """
        now = self._clock.now()
        if self._hosts.n_available or any(not isinstance(task, SurveyTask) for task in self._tasks.values()):
            self._no_worker_since, self._wait_noticed = None, False
            return
        if self._no_worker_since is None:
            self._no_worker_since = now
        waited, limit, what = now - self._no_worker_since, self._cluster.wait_seconds, ""
        if self._tasks:  # a worker that is stopped, or has something else to do, counts as none
            limit, what = max(limit, SURVEY_SECONDS), " that answers"
        if waited >= limit:
            raise MeasureError(
                f"{self._cluster.name}: no worker{what} for {limit:g} s; "
                "what was measured is stored, and --resume goes on"
            )
        if waited >= PATIENCE_SECONDS and not self._wait_noticed:
            self._wait_noticed = True
            self._notify(f"{self._cluster.name}: has no worker{what}; waiting for one, at most {limit:g} s")

    def _store_host(self, host: str, environment: Mapping[str, Any]) -> None:
        self._sink.append(host_record(host, environment))
        self._notify(f"host {host} takes part")

    def _process_opened(self, host: Host, reply: Reply) -> int:
        assert isinstance(reply, OpenReply)
        process, self._process = self._process, self._process + 1
        facts = process_facts(reply)
        self._sink.append(worker_record(process, facts, started_at=self._clock.wall(), host=host.name))
        to_come = len(self._waiting) + sum(not task.is_ready for task in self._visits_tasks) - 1
        self._run.notify(
            WorkerStarted(process=process, processes_total=self._process + to_come, host=host.name, **facts)
        )
        return process

    def _store_peaks(self, host: Host, reply: Reply) -> None:
        assert isinstance(reply, PeaksReply)
        host.peaks_read = True
        self._sink.append(peaks_record(reply, host.name))
