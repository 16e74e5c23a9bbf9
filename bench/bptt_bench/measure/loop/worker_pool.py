"""The measuring processes of a run, one after the other: start them, open the experiment in them, ask them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import Engine, Worker, WorkerDied, output_of
from bptt_bench.measure.loop.interrupts import Interrupts
from bptt_bench.measure.protocol.messages import ErrorReply, OpenReply, OpenRequest, Reply, Request
from bptt_bench.measure.worker.output import CapturedOutput


class MeasuringProcessDied(MeasureError):
    """A measuring process ended before it answered."""


class WorkerPool:
    """Where a run gets its measuring processes from.

    Parameters
    ----------
    opening : the request with which each process begins that is to know the experiment.
    interrupts : let a signal cut in while a reply is awaited, and nowhere else.
    """

    def __init__(self, engine: Engine, opening: OpenRequest, interrupts: Interrupts) -> None:
        self._engine, self._opening, self._interrupts = engine, opening, interrupts

    @property
    def threads(self) -> int:
        """Return the threads of every numerical library in the processes."""
        return self._opening.threads

    @property
    def output(self) -> CapturedOutput:
        """Return what the processes have printed."""
        return output_of(self._engine)

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """Start a process that ends with the block."""
        worker = self._engine.start(threads=self.threads)
        try:
            yield worker
        finally:
            worker.close()

    def open(self, worker: Worker) -> OpenReply:
        """Have a process load the experiment.

        Raises
        ------
        MeasureError : it cannot, or its threads are not as many as they should be.
        """
        reply = self.send(worker, self._opening, "start of a measuring process")
        assert isinstance(reply, OpenReply)
        return reply

    def send(self, worker: Worker, request: Request, where: str) -> Reply:
        """Wait for a reply.

        Raises
        ------
        MeasureError : the request failed, or the process ended (``MeasuringProcessDied``); the message says where.
        Interrupted : a signal came.
        """
        try:
            with self._interrupts.allow():
                reply = worker.send(request)
        except WorkerDied as died:
            self._interrupts.check()  # a signal to all processes at once may have reached the worker first
            raise MeasuringProcessDied(f"{where}: the measuring process died: {died}") from died
        if isinstance(reply, ErrorReply):
            raise MeasureError(f"{where}: {reply.message}")
        return reply
