"""What a table states of its points: which are lower bounds, and the errors of the others."""

from __future__ import annotations

import numpy as np

from bptt_bench.analyse.data.samples import Samples
from bptt_bench.analyse.stats.known_noise import PointNoise
from bptt_bench.analyse.stats.location import Location

MOSTLY = 0.5  # share of the samples of a point that are censored, from which on the point is


def find_point_noise(samples: Samples) -> PointNoise:
    """Return which points are lower bounds, and the stated variances of the others.

    A point is a lower bound if at least half of its samples are: the middle of what would have been measured is then no
    less than the middle of what was.
    """
    counts = np.bincount(samples.point)
    bounds = np.zeros(len(samples.point)) if samples.censored is None else samples.censored.astype(np.float64)
    share = np.bincount(samples.point, bounds) / counts
    variance = None if samples.error is None else locate_known(samples).standard_error ** 2
    return PointNoise(share >= MOSTLY if bounds.any() else np.zeros(len(counts), dtype=bool), variance)


def locate_known(samples: Samples) -> Location:
    """Return the weighted mean of the samples of each point, by their stated errors."""
    assert samples.error is not None
    point, weight = samples.point, samples.error**-2
    counts, total = np.bincount(point), np.bincount(point, weight)
    middle = np.bincount(point, weight * samples.log_seconds) / total
    typical = float(np.sqrt(np.mean(samples.error**2)))
    return Location(
        log_seconds=middle,
        noise=np.full(len(counts), typical),
        core=np.ones(len(point)),
        effective=counts.astype(np.float64),
        residual=samples.log_seconds - middle[point],
        relative_noise=typical,
        contaminated_share=0.0,
        standard_error=1 / np.sqrt(total),
        level=np.zeros(len(counts)),
    )
