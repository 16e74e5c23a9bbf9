"""Holm's procedure for many ratios, with an interval at the level at which each is tested.

Source: Holm (1979), "A simple sequentially rejective multiple test procedure".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr

from bptt_bench.analyse.stats.contrast import Estimate
from bptt_bench.analyse.stats.estimate import Interval

EXACT = 1e-9  # of a log ratio without any error, such as of bytes; less is rounding


class RatioTest(NamedTuple):
    """The test of one ratio among others.

    ``p_value`` is adjusted. ``interval`` has the level at which the procedure tests this ratio, so it lies wholly
    beyond the tolerance exactly where the ratio is ``rejected``. Intervals do not hold simultaneously as the tests do:
    the ratio tested last has the level of a single test.
    """

    p_value: float
    interval: Interval
    rejected: bool


def holm(estimates: Sequence[Estimate], *, tolerance: float, confidence: float) -> list[RatioTest]:
    """Test whether each ratio is above 1 + tolerance or below 1 / (1 + tolerance).

    Controls the family-wise error rate at 1 - confidence.
    """
    margin, allowed, count = float(np.log1p(tolerance)), 1 - confidence, len(estimates)
    p_values = [_p_value(estimate, margin) for estimate in estimates]
    adjusted, rejected, largest = [1.0] * count, [False] * count, 0.0
    level = [allowed / max(count, 1)] * count
    for rank, i in enumerate(sorted(range(count), key=p_values.__getitem__)):
        largest = min(max(largest, (count - rank) * p_values[i]), 1.0)
        adjusted[i], rejected[i] = largest, largest <= allowed
        level[i] = allowed / (count - (rank if rejected[i] else sum(rejected)))
    intervals = [estimate.interval(1 - level[i]) for i, estimate in enumerate(estimates)]
    return [RatioTest(*each) for each in zip(adjusted, intervals, rejected, strict=True)]


def _p_value(estimate: Estimate, margin: float) -> float:
    """Return twice the probability of an estimate so far beyond the margin if the ratio were at it."""
    beyond = abs(estimate.log_ratio) - margin
    if estimate.standard_error <= 0:
        return 0.0 if beyond > EXACT else 1.0
    return float(min(2 * stdtr(estimate.freedom, -beyond / estimate.standard_error), 1.0))
