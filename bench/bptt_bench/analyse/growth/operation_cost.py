"""How the time of an operation changes with the size, and what explains it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.response import substance
from bptt_bench.analyse.findings.growth import LearntInput, Levels, OperationCost, OutgrownCache, SpecialLevels
from bptt_bench.analyse.fitting.odd_levels import LEAST_ERRORS, LEAST_FACTOR, lines_along, odd_levels
from bptt_bench.analyse.growth.slopes import Response, Slopes
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.plan import Point

if TYPE_CHECKING:
    import pandas as pd

DATA_CACHES = ("L1d", "L2", "L3")
MOST_RISE = 20.0  # of the time of an operation, that caches explain: memory is some hundred cycles away
LEAST_RISE = 1.25  # that is worth an explanation
LEAST_EXPLAINED = 0.5  # of the logarithm of a rise, which a cache must explain
FEWEST_SPECIAL = 2  # levels, from which what they have in common may be why they are
EVEN = 0.5  # of how far special levels lie off: up to which the others may lie off among themselves
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
    given: Response,
    work: Slopes,
    response: str,
    circumstances: Circumstances,
    counts: Response | None = None,
    error: Array | None = None,
) -> OperationCost | None:
    """Return how the time of an operation changes from the smallest point to the largest.

    Parameters
    ----------
    given : the times.
    work, response : the fitted counts, and their name.
    counts : as they were counted, at points of which some may be those of the times.
    error : relative standard errors of the times (n_points,); None: they have none.

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
    special = () if counts is None else find_special_levels(given, counts, error)
    cause: OutgrownCache | LearntInput | SpecialLevels | None = None
    if rise >= LEAST_RISE:
        cause = _outgrown_cache(given, cost, rise, circumstances)
        if cause is None:
            cause = next((one for one in special if _explains(one, rise, _at(given, low), _at(given, high))), None)
        if cause is None and circumstances.has_one_input and given.values[low] < LONG_EVALUATION:
            cause = LearntInput()
    return OperationCost(
        counted=substance(response),
        rise=rise,
        smallest=_at(given, low),
        largest=_at(given, high),
        cause=cause,
        special=special,
    )


def find_special_levels(given: Response, counts: Response, error: Array | None = None) -> tuple[SpecialLevels, ...]:
    """Return the levels at which an operation takes longer than its neighbours say, by factor.

    Levels count that lie off in the samples of all repetitions, at whatever levels of the other factors. Only points
    are compared at which operations were counted: more work there is no longer operation.
    """
    operations = {Point(_at(counts, i)): float(count) for i, count in enumerate(counts.values)}
    known = np.array([Point(_at(given, i)) in operations for i in range(given.values.size)])
    if not known.any():
        return ()
    timed = given.where(known)
    logs = np.log(timed.values) - np.log([operations[Point(_at(timed, i))] for i in range(timed.values.size)])
    errors = np.zeros_like(logs) if error is None else np.where(np.isfinite(error[known]), error[known], np.inf)
    found = [*_powers_of_two(timed.points, logs, errors)]
    known_powers = {(one.factor, level) for one in found for level in one.levels}
    for name, level, times in odd_levels(timed.points, logs, errors):
        if times > 1 and (name, level) not in known_powers:
            found.append(SpecialLevels(factor=name, levels=(level,), times=times, is_power_of_two=False))
    return tuple(found)


def _powers_of_two(points: Mapping[str, Array], logs: Array, error: Array) -> Iterator[SpecialLevels]:
    """Yield factors of which all levels that are powers of two lie above the line through the others beside them.

    The others lie on a smooth line among themselves: nothing else makes the response uneven.
    """
    for name, levels in points.items():
        powers = np.array([_is_power_of_two(level) for level in levels])
        above: dict[float, float] = {}
        uneven, unsure = 0.0, 0.0
        for line in lines_along(points, name):
            others = line[~powers[line]]
            for point in line[powers[line]]:
                found = _off_neighbours(levels, logs, error, int(point), others)
                if found is not None:
                    above[float(levels[point])] = min(found[0], above.get(float(levels[point]), math.inf))
                    unsure = max(unsure, found[1])
            for point in others:
                found = _off_neighbours(levels, logs, error, int(point), others[others != point])
                uneven = max(uneven, 0.0 if found is None else abs(found[0]))
        least = min(above.values(), default=0.0)
        if len(above) >= FEWEST_SPECIAL and least >= max(math.log(LEAST_FACTOR), LEAST_ERRORS * unsure, uneven / EVEN):
            times = math.exp(max(above.values()))
            yield SpecialLevels(factor=name, levels=tuple(sorted(above)), times=times, is_power_of_two=True)


def _off_neighbours(levels: Array, logs: Array, error: Array, point: int, others: Index) -> tuple[float, float] | None:
    """Return how far a point lies off the line between its neighbours among others, and the standard error of that."""
    below, beyond = others[levels[others] < levels[point]], others[levels[others] > levels[point]]
    if not len(below) or not len(beyond):
        return None
    one, other = int(below[-1]), int(beyond[0])
    weight = math.log(levels[point] / levels[one]) / math.log(levels[other] / levels[one])
    off = float(logs[point] - (1 - weight) * logs[one] - weight * logs[other])
    return off, math.hypot(error[point], (1 - weight) * error[one], weight * error[other])


def _is_power_of_two(level: float) -> bool:
    return level >= 1 and math.frexp(level)[0] == 0.5


def _explains(one: SpecialLevels, rise: float, smallest: Levels, largest: Levels) -> bool:
    """Return whether the largest point has a level of that kind, the smallest has not, and this is most of a rise."""
    is_special = one.is_power_of_two and _is_power_of_two(largest[one.factor])
    is_alone = not _is_power_of_two(smallest[one.factor])
    return is_special and is_alone and math.log(one.times) >= LEAST_EXPLAINED * math.log(rise)


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
