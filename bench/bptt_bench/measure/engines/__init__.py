"""Engines: where measuring processes run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from bptt_bench.errors import BenchError
from bptt_bench.measure.protocol.messages import Reply, Request
from bptt_bench.measure.worker.output import CapturedOutput


class WorkerDied(BenchError, RuntimeError):
    """A measuring process that ended before it replied; the message says how."""


class Worker(Protocol):
    """A measuring process that handles one request at a time."""

    def send(self, request: Request) -> Reply:
        """Send a request and return the reply.

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
        """Start a process whose numerical libraries will use so many threads."""
        ...


@runtime_checkable
class OutputCapturing(Protocol):
    """An engine that captures what its processes print."""

    @property
    def output(self) -> CapturedOutput:
        """Return what all processes have printed so far, except while they loaded an experiment."""
        ...


def output_of(engine: Engine) -> CapturedOutput:
    """Return what the processes of an engine have printed; nothing where the engine does not capture it."""
    return engine.output if isinstance(engine, OutputCapturing) else CapturedOutput()


class WorkerJoined(NamedTuple):
    """A worker that has joined the cluster, by its address; repeated when another has replaced it."""

    worker: str


class WorkerLeft(NamedTuple):
    """A worker that has left the cluster; its tasks are lost."""

    worker: str


class TaskReported(NamedTuple):
    """Reports of a task, in order, one line each."""

    task_id: int
    lines: Sequence[str]


class TaskEnded(NamedTuple):
    """A task that has ended, after all of its reports; ``error`` is one line, None where it ended of itself."""

    task_id: int
    error: str | None


ClusterEvent = WorkerJoined | WorkerLeft | TaskReported | TaskEnded


@runtime_checkable
class Cluster(Protocol):
    """Workers of a cluster, each able to start measuring processes on its host."""

    @property
    def name(self) -> str:
        """Return what messages call the cluster."""
        ...

    @property
    def wait_seconds(self) -> float:
        """Return how long a run waits while there is no worker at all."""
        ...

    def open(self) -> None:
        """Connect; each worker that is there becomes an event.

        Raises
        ------
        MeasureError : there is no connection.
        """
        ...

    def submit(self, worker: str, task: bytes) -> int:
        """Send a task, encoded as ``bptt_bench.measure.engines.task`` does it, to a worker; return its number.

        Raises
        ------
        MeasureError : the connection is lost.
        """
        ...

    def next(self, seconds: float) -> ClusterEvent | None:
        """Return the next event, in order; None if there is none for so long.

        Raises
        ------
        MeasureError : the connection is lost, and all reports from before were returned.
        """
        ...

    def cancel(self, task_id: int) -> None:
        """Stop a task, its measuring process included; later events of it are of no use."""
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
    "TaskReported",
    "Worker",
    "WorkerDied",
    "WorkerJoined",
    "WorkerLeft",
    "output_of",
]
