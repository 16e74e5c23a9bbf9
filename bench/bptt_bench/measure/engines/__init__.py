"""Engines: where measuring processes run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from bptt_bench.errors import BenchError
from bptt_bench.measure.protocol.messages import Reply, Request
from bptt_bench.measure.worker.output import CapturedOutput


class WorkerDied(BenchError, RuntimeError):
    """A measuring process ended before it answered; the message says how."""


class Worker(Protocol):
    """A measuring process that answers one request at a time."""

    def send(self, request: Request) -> Reply:
        """The reply to a request.

        Raises
        ------
        WorkerDied : the process ended instead.
        """
        ...

    def close(self) -> None:
        """End the process, whatever it is doing, and wait until it is gone."""
        ...


class Engine(Protocol):
    """Starts measuring processes."""

    def start(self, *, threads: int) -> Worker:
        """A fresh process whose numerical libraries will use so many threads."""
        ...


@runtime_checkable
class OutputCapturing(Protocol):
    """An engine that knows what its processes have printed."""

    @property
    def output(self) -> CapturedOutput:
        """What all processes have printed so far, but for what they print when they load an experiment."""
        ...


class WorkerJoined(NamedTuple):
    """A worker of the cluster is there, by its address; told again when it was replaced by another."""

    worker: str


class WorkerLeft(NamedTuple):
    """A worker of the cluster is gone, and what it was doing with it."""

    worker: str


class TaskMessages(NamedTuple):
    """A task has said something, line by line and in order."""

    task_id: int
    lines: Sequence[str]


class TaskEnded(NamedTuple):
    """A task has ended, and all that it said was told before; ``why`` in one line if not of itself."""

    task_id: int
    why: str | None


ClusterEvent = WorkerJoined | WorkerLeft | TaskMessages | TaskEnded


@runtime_checkable
class Cluster(Protocol):
    """Workers of a cluster, each able to start measuring processes on its host."""

    @property
    def name(self) -> str:
        """What the cluster is called in messages."""
        ...

    @property
    def wait_seconds(self) -> float:
        """How long a run waits while there is no worker at all."""
        ...

    def open(self) -> None:
        """Connect; the workers that are there are news.

        Raises
        ------
        MeasureError : that is not possible.
        """
        ...

    def send(self, worker: str, task: bytes) -> int:
        """Have a worker do a task, as ``bptt_bench.measure.engines.task`` puts it into bytes; the task_id of its news.

        Raises
        ------
        MeasureError : the cluster is lost.
        """
        ...

    def next(self, seconds: float) -> ClusterEvent | None:
        """What has happened, in order; None if nothing does for so long.

        Raises
        ------
        MeasureError : the cluster is lost, and all that was said before was told.
        """
        ...

    def cancel(self, task_id: int) -> None:
        """Stop a task, its measuring process included; no news of it matters any more."""
        ...

    def close(self) -> None:
        """Stop all tasks and disconnect; a second time it does nothing."""
        ...


__all__ = [
    "Cluster",
    "ClusterEvent",
    "Engine",
    "OutputCapturing",
    "TaskEnded",
    "TaskMessages",
    "Worker",
    "WorkerDied",
    "WorkerJoined",
    "WorkerLeft",
]
