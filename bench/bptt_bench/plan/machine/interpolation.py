"""Rates between those that were read: along a line of sizes, and among shapes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

CLOSE_OCTAVES = 0.01  # a shape this near to one that was read has the rate of that one
NEARNESS = 4  # power of the distance in octaves by which readings of other shapes lose weight: the nearest decide


def interpolated(line: Sequence[tuple[float, float]], at: float) -> float:
    """A rate between readings, linear in the logarithms of both; flat beyond the first and the last.

    >>> round(interpolated([(1, 10.0), (100, 1000.0)], 10), 9)
    100.0
    >>> interpolated([(1, 10.0), (100, 1000.0)], 1e6)
    1000.0
    """
    ordered = sorted(line)
    places = [place for place, _ in ordered]
    right = bisect_right(places, at)
    if right == 0:
        return ordered[0][1]
    if right == len(ordered):
        return ordered[-1][1]
    (x0, y0), (x1, y1) = ordered[right - 1], ordered[right]
    share = math.log(at / x0) / math.log(x1 / x0)
    return float(y0 * (y1 / y0) ** share)


def of_like_shape(known: Sequence[tuple[tuple[int, int, int], float]], shape: tuple[int, int, int]) -> float:
    """The rate of a shape, from those of the nearest known ones: a weighted mean of logarithms."""
    total = weighted = 0.0
    for other, rate in known:
        octaves = math.dist([math.log2(size) for size in shape], [math.log2(size) for size in other])
        if octaves < CLOSE_OCTAVES:
            return rate
        total += octaves**-NEARNESS
        weighted += octaves**-NEARNESS * math.log(rate)
    return math.exp(weighted / total)
