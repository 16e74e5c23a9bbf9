"""Responses that fall as a factor grows, as a time does with the number of processors, or fall and then rise.

The best size of a block lies where a response turns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bptt_bench.analyse.data.columns import TOGETHER
from bptt_bench.analyse.findings.fits import Falls, Turns
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.log_slopes import log_slopes

CONFIDENCE = 0.999  # of the interval of a power that must lie below 0: the largest of several is looked at
LARGEST_RATIO = 0.9  # of the response at the largest over that at the smallest level; less is not worth a word
FEWEST_LEVELS, SPARE_POINTS = 3, 2
TURNS = 0.95  # confidence that a response falls up to its lowest point, and that it rises from there


def falling(levels: Mapping[str, Array], log_response: Array, *, confidence: float = CONFIDENCE) -> tuple[Falls, ...]:
    """Return the factors with which a response falls, by the power of all factors that describes it best.

    Parameters
    ----------
    levels : of each factor (n,).
    log_response : (n,).
    confidence : of the interval of a power.
    """
    usable = {
        name: np.log(values)
        for name, values in levels.items()
        if (values > 0).all() and len(np.unique(values)) >= FEWEST_LEVELS
    }
    usable = _distinct(usable)
    slopes = log_slopes(list(usable.values()), log_response, confidence) if usable else None
    if slopes is None or slopes.freedom < SPARE_POINTS:
        return ()
    found = []
    for (name, logs), (slope, low, high) in zip(usable.items(), slopes.intervals, strict=True):
        ratio = math.exp(slope * float(np.ptp(logs)))
        if high < 0 and ratio < LARGEST_RATIO:
            found.append(
                Falls(
                    factor=name,
                    exponent=slope,
                    low=low,
                    high=high,
                    between=(float(levels[name].min()), float(levels[name].max())),
                    ratio=ratio,
                )
            )
    return tuple(sorted(found, key=lambda one: one.ratio))


def turning(levels: Mapping[str, Array], log_response: Array) -> tuple[Turns, ...]:
    """Return the factors with which a response falls and then rises, beside a power of every other factor.

    Parameters
    ----------
    levels : of each factor (n,).
    log_response : (n,).
    """
    usable = _distinct({name: np.log(values) for name, values in levels.items() if (values > 0).all()})
    found = []
    for name, logs in usable.items():
        distinct = np.unique(logs)
        if len(distinct) < 2 * FEWEST_LEVELS - 1:
            continue
        others = np.column_stack([np.ones(len(logs)), *(own for other, own in usable.items() if other != name)])
        centred = logs - logs.mean()
        design = np.column_stack([others, centred, centred**2])
        slopes = np.linalg.lstsq(design, log_response, rcond=None)[0]
        if slopes[-1] <= 0:
            continue
        lowest = float(logs.mean() - slopes[-2] / (2 * slopes[-1]))
        sides = {1: logs <= lowest, -1: logs >= lowest}
        if all(_falls(name, levels, sign * log_response, side) for sign, side in sides.items()):
            own = log_response - others @ slopes[: others.shape[1]]
            means = np.array([own[logs == level].mean() for level in distinct])
            least = int(np.argmin(means))
            found.append(
                Turns(
                    factor=name,
                    at=float(np.unique(levels[name])[least]),
                    between=(float(levels[name].min()), float(levels[name].max())),
                    before=math.exp(means[0] - means[least]),
                    after=math.exp(means[-1] - means[least]),
                )
            )
    return tuple(found)


def _falls(name: str, levels: Mapping[str, Array], log_response: Array, rows: Flags) -> bool:
    """Return whether a response falls with a factor among some points."""
    some = falling({one: values[rows] for one, values in levels.items()}, log_response[rows], confidence=TURNS)
    return any(one.factor == name for one in some)


def _distinct(logs: Mapping[str, Array]) -> dict[str, Array]:
    """Return the factors without those that go together with one before them."""
    kept: dict[str, Array] = {}
    for name, values in logs.items():
        if not any(abs(float(np.corrcoef(values, other)[0, 1])) > TOGETHER for other in kept.values()):
            kept[name] = values
    return kept
