"""What the loop of a run needs of the way in which it measures: one process after the other, or several hosts."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from bptt_bench.measure.protocol.messages import Reply, Request
from bptt_bench.measure.protocol.schedule import Block
from bptt_bench.measure.worker.output import CapturedOutput

LabelledRequest = tuple[Request, str]  # a request, and where in the run it belongs


class HostReply(NamedTuple):
    """A reply, and the host that gave it if the run has several."""

    reply: Reply
    host: str | None = None


class Backend(Protocol):
    """How requests are answered and blocks measured."""

    @property
    def threads(self) -> int:
        """Threads of every numerical library in the measuring processes."""
        ...

    @property
    def output(self) -> CapturedOutput:
        """What the measuring processes have printed."""
        ...

    @property
    def seconds_ready(self) -> float:
        """Seconds for which a measuring process was ready to make visits, added up over all of them."""
        ...

    def connected(self) -> contextlib.AbstractContextManager[None]:
        """What it takes to measure, for as long as the block lasts."""
        ...

    def exchange(self, asked: Sequence[LabelledRequest], *, opened: bool) -> Iterator[HostReply]:
        """The replies of one fresh process, in order; ``opened``: it is to know the experiment.

        Raises
        ------
        MeasureError : a request failed, or no process could be had.
        Interrupted : a signal came.
        """
        ...

    def measure(self, shares: Sequence[Sequence[Block]]) -> None:
        """Make all visits of some blocks, which are dealt out to as many processes, or block by block to hosts.

        Raises
        ------
        MeasureError : a subject or a measuring process failed. What was measured before is in the recorder.
        Interrupted : a signal came.
        """
        ...
