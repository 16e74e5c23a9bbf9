"""Inspects the benchmarks of marked tests as a run inspects its subjects: does each call do the work of the first?

Imported where a marked test is called, not by every pytest session.
"""

from __future__ import annotations

import contextlib
import functools
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

from bptt_bench.integrations.pytest.inputs import CallInputs, turns
from bptt_bench.measure.worker.inputs import find_inputs
from bptt_bench.measure.worker.inspection import MOST_COPIED, Inspection, Inspector
from bptt_bench.plan.experiment.deferred import deferred_kind


class CallInspection(NamedTuple):
    """The inspection of a benchmark's calls; ``first_seconds`` is None if the first was not timed by itself."""

    inspection: Inspection
    first_seconds: float | None


Keep: TypeAlias = Callable[[CallInspection], object]


class _Timer(NamedTuple):
    """The timer of a benchmark as a clock."""

    now: Callable[[], float]

    def wall(self) -> float:
        return time.time()


@contextlib.contextmanager
def inspect_calls(benchmark: Any, keep: Keep, inputs: CallInputs | None = None) -> Iterator[None]:
    """Inspect what the fixture calls within the block; ``keep`` receives the inspection.

    Parameters
    ----------
    inputs : of the call; None: only the one that the fixture is given.

    A benchmark that is switched off, or a fixture of that name that is another's, is left alone.
    """
    simple, pedantic = getattr(benchmark, "_raw", None), getattr(benchmark, "_raw_pedantic", None)
    if not (callable(simple) and callable(pedantic) and getattr(benchmark, "enabled", False)):
        yield
        return
    if inputs is not None and inputs.stated.consumes:
        benchmark._raw = functools.partial(_measure_consuming, pedantic, keep, inputs)
    else:
        benchmark._raw = functools.partial(_measure_simple, benchmark, simple, keep, inputs)
    benchmark._raw_pedantic = functools.partial(_measure_pedantic, benchmark, pedantic, keep, inputs)
    try:
        yield
    finally:
        benchmark._raw, benchmark._raw_pedantic = simple, pedantic


@contextlib.contextmanager
def call_once(benchmark: Any, evaluate: Callable[[Callable[[], Any]], Any] | None = None) -> Iterator[list[bool]]:
    """Make the fixture call what it is given once, untimed, within the block.

    Parameters
    ----------
    evaluate : makes the call, and returns its result; None: it is just called.

    Yields
    ------
    called : is not empty when the fixture was called.
    """
    simple, pedantic = getattr(benchmark, "_raw", None), getattr(benchmark, "_raw_pedantic", None)
    called: list[bool] = []
    if not (callable(simple) and callable(pedantic)):
        yield called
        return

    def watched(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            called.append(True)
            made = functools.partial(function, *args, **kwargs)
            return made() if evaluate is None else evaluate(made)

        return call

    benchmark.disabled = True  # a fixture that is calls its function once, behind its setup
    benchmark._raw = lambda function, *args, **kwargs: simple(watched(function), *args, **kwargs)
    benchmark._raw_pedantic = lambda target, **how: pedantic(watched(target), **how)
    try:
        yield called
    finally:
        benchmark._raw, benchmark._raw_pedantic = simple, pedantic


def _measure_simple(
    benchmark: Any,
    measure: Callable[..., Any],
    keep: Keep,
    inputs: CallInputs | None,
    function: Any,
    *args: Any,
    **kwargs: Any,
) -> Any:
    """Call once more than asked for, before all other calls: that is the first."""
    watch = _CallInspector(benchmark, function, args, kwargs)
    first = watch.inspector.evaluate_first()
    call = functools.partial(function, *args, **kwargs)
    calls = [call] if inputs is None else inputs.in_turn(call, first, watch.inspector.is_suspicious)
    if len(calls) == 1:
        result = measure(function, *args, **kwargs)
    else:
        measure(turns(calls))
        result = call()
    keep(CallInspection(watch.inspector.compare_in_place(_median_seconds(benchmark), watch.put_back), first))
    return result


def _measure_consuming(
    pedantic: Callable[..., Any], keep: Keep, inputs: CallInputs, function: Any, *args: Any, **kwargs: Any
) -> Any:
    """Give each call an input of its own; none finds what another has left."""
    result = inputs.measure_consuming(pedantic, functools.partial(function, *args, **kwargs))
    keep(CallInspection(Inspection(returned=deferred_kind(result)), None))
    return result


def _measure_pedantic(
    benchmark: Any, measure: Callable[..., Any], keep: Keep, inputs: CallInputs | None, target: Any, **how: Any
) -> Any:
    """Add no call before: with a single round the first is all that is measured, and with a setup each is a first."""
    if inputs is not None:
        inputs.require_simple(has_setup=how.get("setup") is not None)
    evaluations = (how.get("rounds", 1) + how.get("warmup_rounds", 0)) * how.get("iterations", 1)
    if how.get("setup") is not None or evaluations <= 1:
        result = measure(target, **how)
        keep(CallInspection(Inspection(returned=deferred_kind(result)), None))
        return result
    watch = _CallInspector(benchmark, target, how.get("args") or (), how.get("kwargs") or {})
    result = watch.inspector.watch(lambda: measure(target, **how), evaluations)
    keep(CallInspection(watch.inspector.compare_in_place(None, watch.put_back), None))
    return result


class _CallInspector:
    """An inspector of a call, and what puts its inputs back as they are now."""

    def __init__(self, benchmark: Any, function: Any, args: Any, kwargs: Any) -> None:
        inputs = find_inputs(function, args, kwargs)
        call = functools.partial(function, *args, **kwargs)
        self.inspector = Inspector(call, _Timer(benchmark._timer), inputs)
        self.put_back = [each.restorer(MOST_COPIED // len(inputs)) for each in inputs]


def _median_seconds(benchmark: Any) -> float:
    """Return the median seconds of an evaluation in the rounds that were measured."""
    return float(statistics.median(benchmark.stats.stats.data))
