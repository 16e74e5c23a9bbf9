"""How the time of an operation changes with the size, and what explains it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.response import substance
from bptt_bench.analyse.findings.growth import LearntInput, Levels, OperationCost, OutgrownCache
from bptt_bench.analyse.growth.slopes import Response, Slopes
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import Point

if TYPE_CHECKING:
    import pandas as pd

DATA_CACHES = ("L1d", "L2", "L3")
LEAST_RISE = 1.25  # that is worth an explanation
LEAST_EXPLAINED = 0.5  # of the logarithm of a rise, which a cache must explain
LONG_EVALUATION = 2e-3  # seconds: so many branches, a million, that no processor learns them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Circumstances:
    """What is known of the inputs of a subject and of the machine.

    Attributes
    ----------
    input_bytes : of the inputs that take turns, by point, as far as they were seen.
    caches_bytes : of the caches for data, by name; a shared machine may have less.
    has_one_input : whether one input was evaluated again and again at every point.
    """

    input_bytes: Mapping[Point, float]
    caches_bytes: Mapping[str, int]
    has_one_input: bool


def circumstances_of(frame: pd.DataFrame, subject: str) -> Circumstances:
    """Return the circumstances of a subject, as far as a run has stored them."""
    seen: Iterable[Mapping[str, Any]] = frame.attrs.get("inspections", ())
    environment = frame.attrs.get("run", {}).get("environment") or {}
    caches = environment.get("caches_bytes") or {}
    _, most, _ = frame.attrs.get("inputs", {}).get(subject, (0, 0, False))
    return Circumstances(
        input_bytes={
            Point(one["point"]): float(one["input_bytes"])
            for one in seen
            if one["subject"] == subject and one.get("input_bytes")
        },
        caches_bytes={name: caches[name] for name in DATA_CACHES if caches.get(name)},
        has_one_input=most == 1,
    )


def find_operation_cost(
    given: Response, work: Slopes, response: str, circumstances: Circumstances
) -> OperationCost | None:
    """Return how the time of an operation changes from the smallest point to the largest.

    Parameters
    ----------
    given : the times.
    work, response : the fitted counts, and their name.

    Returns
    -------
    The change; ``None`` where the counts foretell no work at some point.
    """
    operations: Array = work.full_law.evaluate(dict(given.points), work.coefficients)
    if not (operations > 0).all():
        return None
    cost = given.values / operations
    size = np.sum([np.log(np.maximum(levels, 1e-300)) for levels in given.points.values()], axis=0)
    low, high = int(size.argmin()), int(size.argmax())
    rise = float(cost[high] / cost[low])
    if not math.isfinite(rise) or low == high:
        return None
    cause: OutgrownCache | LearntInput | None = None
    if rise >= LEAST_RISE:
        cause = _outgrown_cache(given, cost, rise, circumstances)
        if cause is None and circumstances.has_one_input and given.values[low] < LONG_EVALUATION:
            cause = LearntInput()
    return OperationCost(
        counted=substance(response), rise=rise, smallest=_at(given, low), largest=_at(given, high), cause=cause
    )


def _at(given: Response, index: int) -> Levels:
    return {name: float(levels[index]) for name, levels in given.points.items()}


def _outgrown_cache(given: Response, cost: Array, rise: float, known: Circumstances) -> OutgrownCache | None:
    """Return the cache at whose size the time of an operation steps up, if one step explains most of the rise."""
    memory = np.array([known.input_bytes.get(Point(_at(given, i)), np.nan) for i in range(cost.size)])
    seen = np.isfinite(memory)
    logs = np.log(cost)
    best: tuple[float, OutgrownCache] | None = None
    for name, size in known.caches_bytes.items():
        within, beyond = seen & (memory <= size), seen & (memory > size)
        if not within.any() or not beyond.any():
            continue
        step = float(np.median(logs[beyond]) - np.median(logs[within]))
        left = float(sum(((logs[part] - np.median(logs[part])) ** 2).sum() for part in (within, beyond)))
        if step >= LEAST_EXPLAINED * math.log(rise) and (best is None or left < best[0]):
            first = int(np.flatnonzero(beyond)[memory[beyond].argmin()])
            found = OutgrownCache(cache=name, cache_bytes=size, rise=math.exp(step), first_beyond=_at(given, first))
            best = (left, found)
    return None if best is None else best[1]
