"""What a table states of its points: which are lower bounds, and the errors of the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from bptt_bench.analyse.data.samples import Samples
from bptt_bench.analyse.stats.arrays import Flags
from bptt_bench.analyse.stats.known_noise import PointNoise
from bptt_bench.analyse.stats.location import Location

MOSTLY = 0.5  # share of the samples of a point that are censored, from which on the point is


def find_point_noise(samples: Samples) -> tuple[Samples, PointNoise]:
    """Return which points are lower bounds, and the stated variances of the others; of each bound one sample is left.

    A point is a lower bound if at least half of its samples are: the middle of what would have been measured is then no
    less than the middle of what was. Runs that are stopped at one limit repeat it exactly, which says nothing of noise.
    """
    counts = np.bincount(samples.point)
    censored = np.zeros(len(counts), dtype=bool)
    if samples.censored is not None and samples.censored.any():
        censored = np.bincount(samples.point, samples.censored.astype(np.float64)) / counts >= MOSTLY
        samples = _with_single_bounds(samples, censored)
    variance = None if samples.error is None else locate_known(samples).standard_error ** 2
    return samples, PointNoise(censored, variance)


def _with_single_bounds(samples: Samples, censored: Flags) -> Samples:
    """Return samples with one for each point that is a lower bound, its largest."""
    order = np.lexsort((samples.log_seconds, samples.point))
    largest = np.zeros(len(order), dtype=bool)
    largest[order[np.cumsum(np.bincount(samples.point)) - 1]] = True
    kept = largest | ~censored[samples.point]
    per_sample = ("log_seconds", "point", "block", "when", "rows", "host", "process", "error")
    values = {name: getattr(samples, name) for name in per_sample}
    chosen = {name: value[kept] for name, value in values.items() if value is not None}
    return replace(samples, **chosen, censored=censored[samples.point[kept]])


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
