"""What a table states of its points: which are lower bounds, whether a law contradicts these, and stated errors."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import stdtr

from bptt_bench.analyse.data.samples import Samples
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.estimate import RESOLUTION
from bptt_bench.analyse.stats.influence import solution_influence
from bptt_bench.analyse.stats.known_noise import PointNoise, solve_known
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


class BoundTest(NamedTuple):
    """The lower bound that contradicts a law most: its point, what the law gives there, and the p-value."""

    point: int
    bound: float
    expected: float
    p_value: float


def contradict_bounds(design: Array, located: Location, noise: PointNoise, *, robust: bool = False) -> BoundTest | None:
    """Test whether a law that is fitted to the points that were observed exceeds the bounds of the others.

    A bound may lie above the law by the error of the law there, by the scatter of points about it, and by the noise of
    one sample; the test is one-sided, and its p-value is multiplied by the number of bounds (Bonferroni).

    Parameters
    ----------
    design : of all points (n_points, k), in which more points are observed than there are terms.

    Returns
    -------
    BoundTest : ``None`` where there are no bounds, or the law at them has no error.
    """
    bounds, observed = np.flatnonzero(noise.censored), ~noise.censored
    if not len(bounds):
        return None
    stated = None if noise.variance is None else noise.variance[observed]
    y = located.log_seconds
    known = solve_known(
        design[observed], y[observed], PointNoise(np.zeros(int(observed.sum()), bool), stated), robust=robust
    )
    fitted = design[bounds] @ known.plain.coefficients
    positive = fitted > 0
    if not positive.any():
        return None
    bounds, fitted = bounds[positive], fitted[positive]
    weights = (design[bounds] / fitted[:, None]).T
    error, freedom = solution_influence(known.standard, located.level[observed]).errors(weights)
    of_sample = (located.relative_noise or 0.0) ** 2 if noise.variance is None else noise.variance[bounds]
    spread = np.sqrt(np.nan_to_num(error, nan=np.inf) ** 2 + known.own**2 + of_sample + RESOLUTION**2)
    p_values = len(bounds) * stdtr(np.minimum(freedom, known.freedom), (np.log(fitted) - y[bounds]) / spread)
    worst = int(np.argmin(p_values))
    point = int(bounds[worst])
    return BoundTest(point, float(np.exp(y[point])), float(fitted[worst]), min(float(p_values[worst]), 1.0))


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
