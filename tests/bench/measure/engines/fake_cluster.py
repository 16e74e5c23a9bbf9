"""A cluster inside the test: real tasks and hosts, on a clock that the test moves, lost when the test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import ClusterEvent, TaskEnded, TaskReported, WorkerDied, WorkerJoined, WorkerLeft
from bptt_bench.measure.engines.task import HostTask, TaskReport
from bptt_bench.measure.engines.task_runner import TaskRunner
from bptt_bench.measure.loop.events import Event
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import PeaksReply, PeaksRequest, Reply, Request, SampleRequest, encode
from bptt_bench.measure.protocol.schedule import Block, StoredProgress
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Experiment

from tests.bench.measure.fakes import FakeEngine, FakeWorker, ListSink

LONG_SECONDS = 1e4  # on the fake clock; no run here lasts so long
MODULE = "tests.bench.measure.fakes"  # any module that can be imported: its code is what hosts must have


class FakeCluster:
    """Does each task at once, and delivers its reports one by one.

    Parameters
    ----------
    hosts : of each worker, by its address.
    available : bytes of memory that a host seems to have.
    """

    name = "fake cluster"
    wait_seconds = 60.0

    def __init__(
        self,
        experiment: Experiment,
        clock: FakeClock,
        folder: Path,
        hosts: dict[str, str] | None = None,
        *,
        available: Callable[[str], int] = lambda _host: 1 << 40,
        dies_at_sample: dict[str, int] | None = None,
    ) -> None:
        self._experiment, self._clock, self._folder, self._available = experiment, clock, folder, available
        self._dies_at = dies_at_sample or {}
        self.hosts = dict({"w1": "a"} if hosts is None else hosts)
        self.news: deque[ClusterEvent] = deque()
        self.sent: list[tuple[str, HostTask]] = []
        self.cancelled: list[int] = []
        self.running: dict[str, int] = {}  # tasks not ended, by host
        self.lost_after: dict[int, int] = {}  # reports of a task after which its worker is gone
        self.rejoins = True
        self.broken: str | None = None  # what becomes of every task, if none can be done
        self.closed = 0
        self.is_lost = False
        self.is_silent = False  # whether tasks are taken and never done

    def open(self) -> None:
        self.news.extend(WorkerJoined(worker) for worker in self.hosts)

    def submit(self, worker: str, task: bytes) -> int:
        task_id, wanted = len(self.sent), HostTask.from_bytes(task)
        self.sent.append((worker, wanted))
        host = self.hosts[worker]
        if self.is_silent:
            return task_id
        if self.broken is not None:
            self.news.append(TaskEnded(task_id, self.broken))
            return task_id
        if wanted.kind != "survey":
            assert not self.running.get(host), "two measurements at once on a host"
            self.running[host] = self.running.get(host, 0) + 1
        reports: list[TaskReport] = []
        self._host(worker, host).run(wanted, reports.append)
        limit = self.lost_after.get(task_id)
        self.news.extend(TaskReported(task_id, [encode(report).decode()]) for report in reports[:limit])
        if limit is None:
            self.news.append(TaskEnded(task_id, None))
        else:
            self.news.append(WorkerLeft(worker))
            if self.rejoins:
                self.news.append(WorkerJoined(worker))
        return task_id

    def next(self, seconds: float) -> ClusterEvent | None:
        if self.is_lost:
            raise MeasureError("fake cluster: the connection is lost")
        if not self.news:
            assert self._clock.now() < LONG_SECONDS, "the run waits for ever"
            self._clock.advance(seconds)
            return None
        news = self.news.popleft()
        if isinstance(news, TaskEnded):
            self._over(news.task_id)
        return news

    def cancel(self, task_id: int) -> None:
        self.cancelled.append(task_id)
        self._over(task_id)

    def close(self) -> None:
        self.closed += 1

    def _over(self, task_id: int) -> None:
        worker, task = self.sent[task_id]
        if task.kind != "survey":
            self.running[self.hosts[worker]] = 0

    def _host(self, worker: str, host: str) -> TaskRunner:
        return TaskRunner(
            start=lambda _variables: MortalEngine(
                self._experiment, self._clock, available=lambda: self._available(host), dies_at=self._dies_at, host=host
            ),
            clock=self._clock,
            folder=self._folder / worker,
            name=host,
            environment=lambda: {"host": host},
        )


class MortalEngine(FakeEngine):
    """Fake measuring processes of a host, the n-th sample of which kills its process, once."""

    def __init__(self, *given: Any, dies_at: dict[str, int], host: str, **more: Any) -> None:
        super().__init__(*given, **more)
        self._dies_at, self._host = dies_at, host

    def start(self, *, threads: int) -> FakeWorker:
        worker, ask = super().start(threads=threads), FakeWorker.send
        measured = 0

        def mortal(request: Request) -> Reply:
            nonlocal measured
            if isinstance(request, PeaksRequest):
                return PeaksReply(peaks={"products": {}, "moves": {}, "threads": request.threads}, seconds=6.0)
            measured += isinstance(request, SampleRequest)
            if isinstance(request, SampleRequest) and self._dies_at.get(self._host) == measured:
                raise WorkerDied("it was killed by SIGSEGV")
            return ask(worker, request)

        worker.send = mortal  # type: ignore[method-assign]  # this one process alone
        return worker


class Ran:
    """A run on a fake cluster, with everything that came of it."""

    def __init__(self, experiment: Experiment, clock: FakeClock, folder: Path, *given: Any, **cluster: Any) -> None:
        self.experiment, self.clock = experiment, clock
        self.cluster = FakeCluster(experiment, clock, folder, *given, **cluster)
        self.sink, self.events = ListSink(), list[Event]()

    def run(
        self, done: StoredProgress | None = None, next_blocks: Callable[[], Sequence[Block]] | None = None, **given: Any
    ) -> Any:
        chosen = {"module": MODULE, "profile": "quick", "seed": 3, "threads": 1, "describe_environment": dict, **given}
        chosen.setdefault("on_event", self.events.append)
        return run(
            self.experiment,
            sink=self.sink,
            engine=self.cluster,
            clock=self.clock,
            done=done,
            next_blocks=next_blocks,
            **chosen,
        )

    @property
    def visits(self) -> list[tuple[Any, ...]]:
        return [(s["subject"], s["point"]["n"], s["block"], s["timing"]) for s in self.sink.of("sample")]

    def events_of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]
