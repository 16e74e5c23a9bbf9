"""Engines: where measuring processes run."""

from __future__ import annotations

from typing import Protocol

from bench.measure.messages import Reply, Request


class WorkerDied(RuntimeError):
    """A measuring process ended before it answered; the message says how."""


class Worker(Protocol):
    """A measuring process that answers one request at a time."""

    def ask(self, request: Request) -> Reply:
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


__all__ = ["Engine", "Worker", "WorkerDied"]
