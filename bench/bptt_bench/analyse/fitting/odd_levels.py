"""Single levels that lie off what their neighbours say, such as sizes that an algorithm or a cache treats specially.

A point is compared with the straight line between its neighbours, in logarithms, whatever the law. Smooth growth bends
to the same side at all of them, and beyond a step, such as at the size of a cache, all points lie off.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from bptt_bench.analyse.findings.remarks import OddLevel
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.stats.arrays import Array, Index

LEAST_FACTOR = 1.5  # off the mean of the neighbours, from which a level is named
LEAST_ERRORS = 4.0  # standard errors of the locations: what does not recur in all repetitions is not so far off
SPIKE = 0.25  # of its deviation, by which both neighbours must lie off on the other side: the level is in their line
MOST_OF_END = 0.5  # of its deviation, by which the outermost level beside it may lie off the line through the others
FEWEST_LEVELS = 5  # of a factor; with fewer, two levels could each be the odd one


def find_odd_levels(subject: str, fit: Fit, added: Mapping[str, Collection[float]]) -> Iterator[OddLevel]:
    """Yield the levels that lie off, whatever the levels of the other factors are.

    Parameters
    ----------
    added : levels that were put in between those that were asked for, by factor.
    """
    measured = np.log(fit.points["measured"].to_numpy().astype(np.float64))
    error = fit.points["location_error"].to_numpy()
    for name, level, times in odd_levels(fit.levels, measured, error):
        yield OddLevel(subject=subject, factor=name, level=level, times=times, is_added=level in added.get(name, ()))


def odd_levels(levels: Mapping[str, Array], logs: Array, error: Array) -> Iterator[tuple[str, float, float]]:
    """Yield factor, level, and how many times as large values are there as its neighbours say.

    Parameters
    ----------
    levels : of each factor (n_points,).
    logs : logarithms of the values (n_points,).
    error : their standard errors.
    """
    for name, mine in levels.items():
        by_level: dict[float, list[float]] = {}
        for line in lines_along(levels, name):
            for level, deviation in _spikes(mine[line], logs[line], error[line]):
                by_level.setdefault(level, []).append(deviation)
        for level, deviations in sorted(by_level.items()):
            middle = float(np.median(deviations))
            if abs(middle) >= math.log(LEAST_FACTOR):
                yield name, level, math.exp(middle)


def lines_along(levels: Mapping[str, Array], name: str) -> Iterator[Index]:
    """Yield the points that differ in one factor alone, in its order."""
    others = np.column_stack([np.zeros(len(levels[name])), *(values for one, values in levels.items() if one != name)])
    _, line = np.unique(others, axis=0, return_inverse=True)
    for number in range(int(line.max()) + 1):
        points = np.flatnonzero(line.reshape(-1) == number)
        if len(points) >= FEWEST_LEVELS:
            yield points[np.argsort(levels[name][points])]


def _spikes(level: Array, y: Array, error: Array) -> Iterator[tuple[float, float]]:
    """Yield the inner levels of a line, each with how far it lies off if that is a spike, else with 0."""
    x = np.log(level) if (level > 0).all() else level
    weight = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    off = y[1:-1] - (1 - weight) * y[:-2] - weight * y[2:]
    errors = np.sqrt(error[1:-1] ** 2 + ((1 - weight) * error[:-2]) ** 2 + (weight * error[2:]) ** 2)
    last = len(off) - 1
    for i, (each, unsure) in enumerate(zip(off.tolist(), errors.tolist(), strict=True)):
        beside = [float(off[j]) for j in (i - 1, i + 1) if 0 <= j <= last]
        is_spike = abs(each) >= LEAST_ERRORS * unsure
        is_spike &= all(-other * math.copysign(1, each) >= SPIKE * abs(each) for other in beside)
        if i == 0:
            is_spike &= abs(_off_line(x, y, 0, 2, 3)) <= MOST_OF_END * abs(each)
        if i == last:
            is_spike &= abs(_off_line(x, y, -1, -3, -4)) <= MOST_OF_END * abs(each)
        yield float(level[i + 1]), each if is_spike else 0.0


def _off_line(x: Array, y: Array, point: int, one: int, other: int) -> float:
    """Return how far a point lies off the line through two others."""
    slope = (y[other] - y[one]) / (x[other] - x[one])
    return float(y[point] - y[one] - slope * (x[point] - x[one]))
