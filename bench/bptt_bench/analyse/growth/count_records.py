"""What a run stores of counts beside their medians: how inputs differ, what is missed, and which functions they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.ndimage import convolve1d

from bptt_bench.analyse.data.response import substance
from bptt_bench.analyse.findings.obstacles import UnseenWork
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import Point

if TYPE_CHECKING:
    import pandas as pd

# Of the counted operations. A line of Python takes as long as some twenty operations of NumPy on large arrays: up to
# this share all lines together take at most half as long as what was counted.
MOST_UNSEEN = 0.025
POOLED = 5  # points of neighbouring counts whose scatter is taken together: three inputs hardly show that of one
OF_A_MEDIAN = math.sqrt(math.pi / 2)  # standard errors of a mean that are one of a median, of normal samples


def spread_of_inputs(frame: pd.DataFrame, subject: str, response: str, points: Mapping[str, Array]) -> Array | None:
    """Return the standard error of the logarithm of each count, as inputs differ (n_points,); None: not stored.

    Scatter is pooled over neighbouring counts.

    Parameters
    ----------
    points : levels by factor (n_points,).
    """
    known = [
        (counts, Point(record["point"]))
        for record, counts in _records(frame, subject, response)
        if len(counts) > 1 and min(counts) > 0
    ]
    if not known:
        return None
    known.sort(key=lambda one: float(np.median(one[0])))
    variances = np.array([float(np.var(np.log(counts), ddof=1)) / len(counts) for counts, _ in known])
    window = min(POOLED, len(known))
    pooled = OF_A_MEDIAN * np.sqrt(convolve1d(variances, np.full(window, 1 / window), mode="nearest"))
    errors = dict(zip((point for _, point in known), pooled.tolist(), strict=True))
    size = len(next(iter(points.values())))
    at = [Point({name: float(levels[i]) for name, levels in points.items()}) for i in range(size)]
    return np.array([errors.get(point, 0.0) for point in at])


def find_unseen_work(frame: pd.DataFrame, subject: str, response: str) -> UnseenWork | None:
    """Return what counts of a subject may miss at their largest point, if that may be most of its work."""
    name = substance(response)
    known = [
        (float(np.median(counts)), float(record["unseen"][name]), record["point"])
        for record, counts in _records(frame, subject, response)
        if name in record.get("unseen", {})
    ]
    if not known:
        return None
    count, steps, at = max(known, key=lambda one: one[0])
    return UnseenWork(counted=name, count=count, steps=steps, at=Point(at)) if steps > MOST_UNSEEN * count else None


def counts_by_function(
    frame: pd.DataFrame, subject: str, response: str, points: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the instructions of each function at points (n_points,), NaN where it makes next to none of them.

    Nothing is returned where they are not stored.

    Parameters
    ----------
    points : levels by factor (n_points,).
    """
    stored = {
        Point(record["point"]): record["by_function"]
        for record, _ in _records(frame, subject, response)
        if record.get("by_function")
    }
    size = len(next(iter(points.values())))
    at = [Point({name: float(levels[i]) for name, levels in points.items()}) for i in range(size)]
    names = dict.fromkeys(name for one in stored.values() for name in one)
    return {name: np.array([stored.get(point, {}).get(name, math.nan) for point in at]) for name in names}


def _records(frame: pd.DataFrame, subject: str, response: str) -> Iterator[tuple[Mapping[str, Any], list[float]]]:
    """Yield the records of the counts of a subject, with the count of each input."""
    name = substance(response)
    for record in frame.attrs.get("counts", ()):
        counts = record.get("by_input", {}).get(name)
        if record["subject"] == subject and counts:
            yield record, [float(count) for count in counts]
