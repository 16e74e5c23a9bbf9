"""What a probe times: one reading to be made, and all of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bptt_bench.plan import Evaluation
from bptt_bench.plan.machine.readings import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTask:
    """A reading to be made.

    Attributes
    ----------
    name : by which it is listed when there is no time for it.
    evaluate : the call that is timed.
    work : operations or bytes of a call: in the first round the small ones come first.
    reading : makes the reading from least and median seconds of a call.
    """

    name: str
    evaluate: Evaluation
    work: int
    reading: Callable[[float, float], Reading]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeTasks:
    """All that a probe reads.

    Attributes
    ----------
    sized : readings that depend on a size.
    empty_call, reduction_call, python_call : a ufunc on one element; a sum of a few; a function that does nothing.
    fresh, warm : fill ``touched_bytes`` of memory that is got for the purpose and given back; of memory in use.
    skipped : what does not fit into memory, with the reason.
    """

    sized: Sequence[ProbeTask]
    empty_call: Evaluation
    reduction_call: Evaluation
    python_call: Evaluation
    fresh: Evaluation
    warm: Evaluation
    touched_bytes: int
    skipped: Sequence[str] = ()
