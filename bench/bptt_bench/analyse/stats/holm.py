"""Many ratios tested at once: Holm's procedure, and intervals at the level at which it tests each.

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
    """What became of a ratio among others.

    ``p_value`` is adjusted; ``interval`` is that of the level at which the procedure came to this ratio, so that it
    lies wholly beyond the tolerance exactly if the ratio was told to (``rejected``). Intervals do not hold together as
    verdicts do: the last one tested has the level of a single one, so that of many true changes some lie outside.
    """

    p_value: float
    interval: Interval
    rejected: bool


def holm(estimates: Sequence[Estimate], *, tolerance: float, confidence: float) -> list[RatioTest]:
    """Whether each ratio is beyond 1 + tolerance or below 1 / (1 + tolerance).

    That one at all is said to be so and is not has a probability of at most 1 - confidence.
    """
    margin, allowed, count = float(np.log1p(tolerance)), 1 - confidence, len(estimates)
    each = [_p_value(estimate, margin) for estimate in estimates]
    order = sorted(range(count), key=each.__getitem__)
    adjusted, rejected, worst, going = [1.0] * count, [False] * count, 0.0, True
    level = [allowed / max(count, 1)] * count
    for rank, i in enumerate(order):
        worst = min(max(worst, (count - rank) * each[i]), 1.0)
        going = going and worst <= allowed
        adjusted[i], rejected[i] = worst, going
        level[i] = allowed / (count - rank)
        if not going:
            level[i] = allowed / (count - sum(rejected))
    return [
        RatioTest(adjusted[i], estimate.interval(1 - level[i]), rejected[i]) for i, estimate in enumerate(estimates)
    ]


def _p_value(estimate: Estimate, margin: float) -> float:
    """Two-sided: twice the chance of so far beyond the margin if the ratio were at it."""
    beyond = abs(estimate.log_ratio) - margin
    if estimate.standard_error <= 0:
        return 0.0 if beyond > EXACT else 1.0
    return float(min(2 * stdtr(estimate.freedom, -beyond / estimate.standard_error), 1.0))
