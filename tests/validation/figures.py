"""Figures from many trials, each with its Monte-Carlo standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Estimate(NamedTuple):
    """A figure and its Monte-Carlo standard error, in the same unit; ``None`` where it is not defined."""

    value: float | None
    standard_error: float | None


def share(values: Sequence[float]) -> Estimate:
    """The mean of what each trial gives, which may itself be a share: the trial is the unit of evidence.

    Where all trials agree the standard error is not 0: it is that of one more trial that differs (1 / n).

    >>> share([1, 1, 0, 1])
    Estimate(value=0.75, standard_error=0.25)
    """
    n = len(values)
    if n == 0:
        return Estimate(None, None)
    spread = float(np.std(values, ddof=1)) if n > 1 else 0.0
    return Estimate(float(np.mean(values)), spread / math.sqrt(n) or 1 / n)


def quantile(values: Sequence[float | None], level: float) -> Estimate:
    """A quantile; what is ``None`` counts as larger than everything.

    The standard error is half the distance of the order statistics one standard deviation of the rank to either side:
    it asks for no shape of the distribution.
    """
    ordered = np.sort([math.inf if value is None else value for value in values])
    n = len(ordered)
    if n == 0:
        return Estimate(None, None)
    rank = level * (n - 1)
    reach = math.sqrt(n * level * (1 - level))
    low, high = (ordered[min(n - 1, max(0, round(rank + sign * reach)))] for sign in (-1, 1))
    below, above = ordered[math.floor(rank)], ordered[math.ceil(rank)]
    value = float(below if below == above else below + (above - below) * (rank % 1))
    if not math.isfinite(value):
        return Estimate(None, None)
    return Estimate(value, float(high - low) / 2 if math.isfinite(high) else None)


def spread(values: Sequence[float | None]) -> tuple[Estimate, Estimate]:
    """Median and 95th percentile."""
    return quantile(values, 0.5), quantile(values, 0.95)
