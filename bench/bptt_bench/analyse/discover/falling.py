"""Responses that fall as a factor grows, as a time does with the number of processors."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from scipy.special import stdtrit

from bptt_bench.analyse.data.columns import TOGETHER
from bptt_bench.analyse.findings.fits import Falls
from bptt_bench.analyse.stats.arrays import Array

CONFIDENCE = 0.999  # of the interval of a power that must lie below 0: the largest of several is looked at
LARGEST_RATIO = 0.9  # of the response at the largest over that at the smallest level; less is not worth a word
FEWEST_LEVELS, SPARE_POINTS = 3, 2


def falling(levels: Mapping[str, Array], log_response: Array) -> tuple[Falls, ...]:
    """Return the factors with which a response falls, by the power of all factors that describes it best.

    Parameters
    ----------
    levels : of each factor (n,). log_response : (n,).
    """
    usable = {
        name: np.log(values)
        for name, values in levels.items()
        if (values > 0).all() and len(np.unique(values)) >= FEWEST_LEVELS
    }
    usable = _distinct(usable)
    n, k = len(log_response), len(usable) + 1
    if not usable or n < k + SPARE_POINTS:
        return ()
    design = np.column_stack([np.ones(n), *usable.values()])
    slopes, _, rank, _ = np.linalg.lstsq(design, log_response, rcond=None)
    if rank < k:
        return ()
    variance = float(((log_response - design @ slopes) ** 2).sum()) / (n - k)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    half = float(stdtrit(n - k, (1 + CONFIDENCE) / 2)) * errors
    found = []
    for place, (name, logs) in enumerate(usable.items(), start=1):
        slope, ratio = float(slopes[place]), math.exp(float(slopes[place]) * float(np.ptp(logs)))
        if slope + half[place] < 0 and ratio < LARGEST_RATIO:
            found.append(
                Falls(
                    factor=name,
                    exponent=slope,
                    low=slope - float(half[place]),
                    high=slope + float(half[place]),
                    between=(float(levels[name].min()), float(levels[name].max())),
                    ratio=ratio,
                )
            )
    return tuple(sorted(found, key=lambda one: one.ratio))


def _distinct(logs: Mapping[str, Array]) -> dict[str, Array]:
    """Return the factors without those that go together with one before them."""
    kept: dict[str, Array] = {}
    for name, values in logs.items():
        if not any(abs(float(np.corrcoef(values, other)[0, 1])) > TOGETHER for other in kept.values()):
            kept[name] = values
    return kept
