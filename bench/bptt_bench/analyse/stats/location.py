"""Robust locations of log times, one for each point, by a contaminated mixture whose noise all points share.

Noise of timings is one-sided and clustered: a core of undisturbed samples and a tail of disturbed ones. The model is
log t = μ_p + s·N(0, 1) in the core and μ_p + s·N(0, 1) + τ·Exp(1) in the tail. Each point has its own μ_p; s, τ and the
share of the tail are common to all, so that the disturbed one even of two samples is known.

Evidence: 300 simulated sets of 30 points, core 1 %, 10 % of samples times 1.5 to 3; error of the location, root mean
square over points. 5 samples: mixture 0.5 %, minimum 1.3 %, median 6.4 %, mean 13 %; 7 samples, 30 % disturbed: mixture
1.1 %, minimum 1.6 %, median 22 %; 15 samples: mixture 0.3 %, minimum 1.8 %. The tests check the order. In a real run on
two cores with three busy processes (70 % of samples disturbed) two names of one subject differed by 5.5 % a point, and
by 20 % without the narrow start for the core.
Eight runs of 39 points and 12 samples on two cores whose speed drifts, by up to 20 % for a second at a time: standard
deviation of a location between runs 2.4 to 3.4 % when the fast speed was taken for the undisturbed one, 1.6 to 1.9 %
for medians, 1.5 to 1.7 % since drift over time is subtracted; beside two busy processes 4.4, 2.3 and 2.2 %.
"""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bptt_bench.analyse.stats.arrays import MAD, Array, Index
from bptt_bench.analyse.stats.mixture import (
    CONVERGED,
    SMALLEST_NOISE,
    NoiseModel,
    PointGroups,
    fit_mixture,
    point_losses,
    responsibility,
    restricted_loss,
)

FEWEST_REPETITIONS = 8  # samples beyond the first of each point, to fit a mixture
TYPICAL_SPACING = 0.6  # standard deviations between the two smallest of 3 to 9 normal samples (0.85 to 0.49)
SMALLEST_DRIFT = 0.3  # of the noise; less adds a twentieth to its variance
FEW_DISTURBED = 0.2  # share of samples; with no more of them, and a core no wider than ``WIDE``, a machine is not busy
WIDE = 6.0  # times the lower quartile of the spacing of the two fastest samples (3 times for a normal core)
LEAST_GAIN = 6.0  # log likelihood that subtracting drift must gain; noise alone gains up to 6 with 60 samples
WIDER = 2.0  # times the noise of the core; a correction for drift that widens it more is rejected
NEIGHBOURS = 5  # samples before and after one, whose median is the drift at its time; 4 to 12 are as good
FEWEST_POINTS_OF_BLOCK = 8  # to estimate the drift that the points of a block share
FEWEST_CONSECUTIVE = 30  # samples, to estimate their serial correlation
LEAST_CORRELATION, CORRELATION_ERRORS = 0.15, 3.0  # of consecutive visits: the least that counts, and standard errors
WIDEST_CORE = 1.5  # times the noise of the two fastest samples at quiet points, in slow periods
MUCH_NARROWER = 0.7  # times the core of all samples: a core this narrow belongs to the fast speed alone


class Location(NamedTuple):
    """Robust locations of log times, with the noise of the samples.

    Attributes
    ----------
    log_seconds : location of each point (n_points,).
    noise : standard deviation of an undisturbed log sample (n_points,).
    core : probability that a sample is undisturbed (n_samples,).
    effective : its sum over each point (n_points,).
    residual : log sample less location (n_samples,).
    relative_noise : pooled; ``None`` without repetitions, and where all are identical, which shows the resolution of a
        clock or copied rows and not noise.
    contaminated_share : of the samples, how many are disturbed.
    standard_error : of each location, from the noise within its point (n_points,).
    level : change of all locations alike when a point is left out, through the parameters of the tail (n_points,); see
        ``bptt_bench.analyse.fitting.mixture_relocation``.
    """

    log_seconds: Array
    noise: Array
    core: Array
    effective: Array
    residual: Array
    relative_noise: float | None
    contaminated_share: float
    standard_error: Array
    level: Array


def locate(
    log_samples: Array,
    point: Index,
    block: Index | None = None,
    when: Array | None = None,
    places: dict[tuple[Any, ...], Any] | None = None,
) -> Location:
    """Return the robust location of each point.

    Parameters
    ----------
    log_samples, point : log times and indices of their points, 0 … n_points-1 (n_samples,).
    block : indices of blocks (n_samples,). What is common to samples that were taken at about the same time, the drift
        of the machine, is subtracted where the samples are then likelier and their core is not wider. On a busy machine
        the median disturbance of some seconds is not drift, and subtracting it would blur the undisturbed samples.
        ``None``: nothing is subtracted, as where the samples of two subjects are paired.
    when : seconds at which each sample was taken (n_samples,): the drift is then that of neighbouring samples instead
        of whole blocks, and where it does not explain slow periods, these are distinguished from noise.
    places : cache of locations without regard to time, because a fit and a ratio use the same samples.
    """
    slow_periods = when is not None and has_slow_periods(log_samples, point, when)
    places = {} if places is None else places
    if block is None:
        return _cached_location(log_samples, point, slow_periods, places)[0]
    located, misfit = _cached_location(log_samples, point, False, places)
    if located.relative_noise is None:
        return located
    drift = _block_drift(located, block)[block] if when is None else _drift_over_time(log_samples, point, when)
    if np.abs(drift).max() >= SMALLEST_DRIFT * located.relative_noise:
        steady, misfit_of_steady = _locate(log_samples - drift, point, slow_periods=False)
        if misfit_of_steady < misfit - LEAST_GAIN and (steady.relative_noise or 0.0) < WIDER * located.relative_noise:
            return steady
    return _cached_location(log_samples, point, True, places)[0] if slow_periods else located


def _cached_location(
    y: Array, point: Index, slow_periods: bool, places: dict[tuple[Any, ...], Any]
) -> tuple[Location, float]:
    key = (
        "location",
        slow_periods,
        *(hashlib.blake2b(np.ascontiguousarray(each).data).digest() for each in (y, point)),
    )
    if key not in places:
        places[key] = _locate(y, point, slow_periods=slow_periods)
    found: tuple[Location, float] = places[key]
    return found


def point_minima(log_samples: Array, point: Index) -> Array:
    """Return the smallest log sample of each point (n_points,)."""
    smallest = np.full(int(point.max()) + 1, np.inf)
    np.minimum.at(smallest, point, log_samples)
    return smallest


def has_slow_periods(log_samples: Array, point: Index, when: Array) -> bool:
    """Return whether consecutive samples, at whatever points, are slow together: whether they correlate at lag one.

    Noise is independent from one visit to the next. A machine that changes its speed for seconds at a time slows
    consecutive visits alike. Where it is slow for about half of the time, no likelihood of single samples distinguishes
    two speeds from one wide noise.

    Evidence: the same 315 cells measured in eleven runs on such a machine (lag-one
    correlation 0.2 to 0.6 within a subject's samples); locations of a cell in different runs had a standard deviation
    of 15.4 % when the likelihood chose, 5.5 % with the fast speed taken for the undisturbed one, 5.0 % for minima.
    """
    repeated = np.bincount(point)[point] > 1
    order = np.argsort(when[repeated], kind="stable")
    smallest = point_minima(log_samples, point)
    excess = (log_samples - smallest[point])[repeated][order]
    excess = np.minimum(excess, np.quantile(excess, 0.95)) if len(excess) else excess  # one outlier is not a period
    if len(excess) < FEWEST_CONSECUTIVE or not excess.std() > 0:
        return False
    correlation = float(np.corrcoef(excess[:-1], excess[1:])[0, 1])
    return correlation > max(LEAST_CORRELATION, CORRELATION_ERRORS / float(np.sqrt(len(excess))))


def _drift_over_time(log_samples: Array, point: Index, when: Array) -> Array:
    """Return what each sample's neighbours in time, at whatever points, have in common (n_samples,).

    The sample itself is left out, or noise would look like drift; few neighbours say nothing, which is 0.
    """
    drift = np.zeros(len(log_samples))
    if len(log_samples) < FEWEST_CONSECUTIVE:
        return drift
    counts = np.bincount(point)
    order = np.lexsort((log_samples, point))
    first = np.cumsum(counts) - counts
    middle = (log_samples[order[first + (counts - 1) // 2]] + log_samples[order[first + counts // 2]]) / 2
    order = np.argsort(when, kind="stable")
    residual = np.pad((log_samples - middle[point])[order], NEIGHBOURS, mode="reflect")
    others = np.arange(2 * NEIGHBOURS + 1) != NEIGHBOURS
    drift[order] = np.median(sliding_window_view(residual, len(others))[:, others], axis=1)
    return drift - np.median(drift)


def _block_drift(located: Location, block: Index) -> Array:
    """Return the common log shift of each block (n_blocks,), 0 where too few points were visited."""
    drift = np.zeros(int(block.max()) + 1)
    for b in range(len(drift)):
        residual = located.residual[block == b]  # all of them: in a slow block every sample looks disturbed
        if len(residual) >= FEWEST_POINTS_OF_BLOCK:
            drift[b] = np.median(residual)
    return drift - np.median(drift[np.bincount(block) > 0])


def _locate(y: Array, point: Index, *, slow_periods: bool) -> tuple[Location, float]:
    """Return locations without regard to blocks, and minus their restricted log likelihood."""
    if (point[1:] >= point[:-1]).all():
        return _locate_sorted(y, point, slow_periods=slow_periods)
    order = np.argsort(point, kind="stable")
    located, misfit = _locate_sorted(y[order], point[order], slow_periods=slow_periods)
    core, residual = np.empty_like(y), np.empty_like(y)
    core[order], residual[order] = located.core, located.residual
    return located._replace(core=core, residual=residual), misfit


def _locate_sorted(y: Array, point: Index, *, slow_periods: bool) -> tuple[Location, float]:
    counts = np.bincount(point)
    order = np.lexsort((y, point))
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    groups = PointGroups(first, counts)
    ranks = (0, np.minimum(1, counts - 1), (counts - 1) // 2, counts // 2)
    smallest, second, lower, upper = (y[order[first + rank]] for rank in ranks)
    if (counts - 1).sum() < FEWEST_REPETITIONS or (y - smallest[point]).max() <= SMALLEST_NOISE:
        return _median_location(y, point, counts, (lower + upper) / 2), 0.0
    # the two fastest samples of a point are undisturbed even where half of all are; ties of a coarse clock do not count
    spacing = (second - smallest)[counts > 1]
    noise = float(np.median(spacing)) / TYPICAL_SPACING or MAD * float(np.median(np.abs(y - lower[point])))
    core = NoiseModel(share=0.1, tail=0.3, noise=np.full(len(counts), max(noise, SMALLEST_NOISE)))
    # EM finds a local optimum. From the median it fails for points most of whose samples are disturbed, from the
    # minimum for points with a sample that is too fast: run both, and continue from the better one of each point.
    from_median = fit_mixture(y, groups, lower, core)
    from_minimum = fit_mixture(y, groups, smallest, from_median[1])
    better = point_losses(y, groups, *from_minimum) < point_losses(y, groups, *from_median)
    usual = np.where(better, from_minimum[0], from_median[0]), from_median[1]
    # On a busy machine most samples are disturbed, and a wide core that includes them all is an optimum too.
    quiet = max(float(np.quantile(spacing, 0.25)) / TYPICAL_SPACING, SMALLEST_NOISE)
    if not slow_periods and usual[1].share <= FEW_DISTURBED and usual[1].pooled <= WIDE * quiet:
        return _located(y, groups, *fit_mixture(y, groups, *usual, tolerance=CONVERGED))
    start = NoiseModel(share=0.7, tail=0.7, noise=np.full(len(counts), quiet))
    busy = fit_mixture(y, groups, smallest, start)
    likelier = min((usual, busy), key=lambda found: restricted_loss(y, groups, *found))
    if slow_periods:
        bounded = fit_mixture(y, groups, smallest, start, tolerance=CONVERGED, widest=WIDEST_CORE * quiet)
        narrow = [found for found in (busy, bounded) if found[1].pooled < MUCH_NARROWER * usual[1].pooled]
        if narrow:
            return _located(y, groups, *narrow[0])
    return _located(y, groups, *fit_mixture(y, groups, *likelier, tolerance=CONVERGED))


def _located(y: Array, groups: PointGroups, location: Array, core: NoiseModel) -> tuple[Location, float]:
    """Return locations with their noise, and minus their restricted log likelihood."""
    counts = groups.counts
    residual = y - groups.repeat(location)
    weight, _, _ = responsibility(residual, core, groups)
    effective = np.maximum(groups.sums(weight), 1.0)
    contaminated = float((1 - weight)[groups.repeat(counts) > 1].mean())
    located = Location(
        location,
        core.noise,
        weight,
        effective,
        residual,
        core.pooled,
        contaminated,
        standard_error=core.noise / np.sqrt(effective),
        level=np.zeros(len(counts)),
    )
    return located, restricted_loss(y, groups, location, core)


def _median_location(y: Array, point: Index, counts: Index, middle: Array) -> Location:
    """Return medians and a pooled standard deviation, for too few repetitions to fit a mixture."""
    residual = y - middle[point]
    freedom = int((counts - 1).sum())
    pooled = float(np.sqrt((residual**2).sum() / freedom)) if np.abs(residual).max() > SMALLEST_NOISE else None
    noise = np.full(len(counts), max(pooled or 0.0, SMALLEST_NOISE))
    return Location(
        middle,
        noise,
        np.ones_like(y),
        counts.astype(np.float64),
        residual,
        pooled,
        0.0,
        standard_error=noise / np.sqrt(counts),
        level=np.zeros(len(counts)),
    )
