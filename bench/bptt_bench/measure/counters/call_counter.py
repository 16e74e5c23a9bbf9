"""Counts the operations of a call as one number, with what its Python code may do besides."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from bptt_bench.measure.counters.call import UncountedOperation
from bptt_bench.measure.counters.held import Replacer, inspect
from bptt_bench.measure.counters.meter import Meter
from bptt_bench.measure.counters.unseen import PythonSteps
from bptt_bench.plan.experiment.deferred import deferred_kind

NO_WORK = "bytes_allocated"  # a category that the others contain: what is allocated is written


class OperationCount(NamedTuple):
    """The operations of an evaluation.

    Attributes
    ----------
    operations : arithmetic, comparisons and elements moved, of NumPy; or what the subject counts itself.
    unseen : at most so many steps of Python code beside them.
    """

    operations: int
    unseen: int


def count_call(evaluate: Callable[[], Any], own: str = "") -> tuple[OperationCount, Any]:
    """Return the operations of a call, and its result; arrays in the result stay metered, which does not change them.

    Parameters
    ----------
    own : top-level package whose functions the call runs, which is looked into though it be installed.

    Raises
    ------
    UncountedOperation : the call does something that cannot be counted, or nothing that can; the message says what.
    """
    held = inspect(evaluate, own)
    if held.libraries:
        raise UncountedOperation(f"the code uses {', '.join(held.libraries)}, whose operations no counter sees")
    meter, steps = Meter(strict=True), PythonSteps(held.functions, held.longest)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with meter:
            replacer = Replacer(meter.metered, meter.stand_ins())
            metered = replacer(evaluate)
            with replacer.replaced_globals(held.functions), steps.counted():
                result = metered()
    if meter.refused:
        raise UncountedOperation(meter.refused)
    kind = deferred_kind(result)
    if kind is not None:
        raise UncountedOperation(f"a call returned a {kind} before its work was done")
    operations = sum(n for name, n in meter.total().items() if name != NO_WORK)
    if not operations:
        raise UncountedOperation("the code does no NumPy operation on arrays")
    return OperationCount(operations, steps.most_steps), result
