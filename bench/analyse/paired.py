"""Two subjects at the same points and blocks: ratios of their times, pair by pair, so that drift cancels.

A pair counts by the probability that none of its samples is disturbed. The log ratio is taken at the points' robust
locations and corrected to first order by the pairs, so that no difference of noisy samples is put into a logarithm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bench.analyse.estimate import Interval, quantile, quantiles
from bench.analyse.evidence import BLOCK, WHOLE, Evidence
from bench.analyse.location import Array, locate
from bench.analyse.samples import gather

if TYPE_CHECKING:
    import pandas as pd

PRIOR_PAIRS = 4.0  # a point's own scatter of pairs is drawn towards the pooled one as if this many pairs had shown that


class Visits(NamedTuple):
    """One subject's samples on the grid of its points and blocks.

    ``points``: levels in the order of the factors; ``log_seconds``, ``noise (n_points,)``; ``residual``, ``core
    (n_points, n_blocks)``, with ``nan`` and 0 where a cell was not visited.
    """

    points: list[tuple[float, ...]]
    blocks: tuple[Any, ...]
    log_seconds: Array
    noise: Array
    residual: Array
    core: Array

    def on(self, points: Sequence[tuple[float, ...]], blocks: Sequence[Any]) -> Visits:
        """The same on other points and blocks, all of which must be there."""
        rows = np.array([self.points.index(point) for point in points], dtype=np.intp)
        columns = np.array([self.blocks.index(block) for block in blocks], dtype=np.intp)
        grid = np.ix_(rows, columns)
        return Visits(
            list(points), tuple(blocks), self.log_seconds[rows], self.noise[rows], self.residual[grid], self.core[grid]
        )


class PairedRatio(NamedTuple):
    """Log ratios (n_points,) of two subjects with standard errors and degrees of freedom.

    ``nan`` at a point where what is taken off leaves nothing.
    """

    points: list[tuple[float, ...]]
    log_ratio: Array
    standard_error: Array
    freedom: Array

    def intervals(self, confidence: float) -> tuple[Array, Array]:
        """Ends of the intervals of the log ratios (n_points,), each at this confidence."""
        half = quantiles(confidence, self.freedom) * self.standard_error
        return self.log_ratio - half, self.log_ratio + half


def visits(rows: pd.DataFrame, factors: Sequence[str]) -> Visits:
    """Samples of one subject, by point and block; of several samples of a cell the last counts.

    Raises
    ------
    FitError : as ``gather``.
    """
    samples = gather(rows, factors, response=WHOLE, block=BLOCK, what="factors")
    located = locate(samples.log_seconds, samples.point, None, samples.when)
    assert samples.block is not None
    shape = (samples.n_points, len(samples.block_names))
    residual, core = np.full(shape, np.nan), np.zeros(shape)
    residual[samples.point, samples.block] = located.residual
    core[samples.point, samples.block] = located.core
    table = np.column_stack([samples.levels[name] for name in factors])
    points = [tuple(levels) for levels in table.tolist()]
    return Visits(points, samples.block_names, located.log_seconds, located.noise, residual, core)


def visits_of(evidence: Evidence, subject: str, factors: Sequence[str]) -> Visits:
    """Samples of a subject of a run, by point and block; made once and kept.

    Raises
    ------
    FitError : as ``gather``.
    """
    key = (subject, *factors)
    if key not in evidence.memo:
        evidence.memo[key] = visits(evidence.rows(subject, WHOLE), factors)
    made: Visits = evidence.memo[key]
    return made


def paired_ratio(over: Visits, under: Visits, less: Visits | None = None) -> PairedRatio:
    """Ratio of the times of ``over`` and ``under``, each less that of ``less``, at the points all have in common."""
    everyone = [over, under, *([less] if less is not None else [])]
    points = [point for point in over.points if all(point in each.points for each in everyone)]
    blocks = [block for block in over.blocks if all(block in each.blocks for each in everyone)]
    a, b, *off = (each.on(points, blocks) for each in everyone)
    seconds_a, seconds_b = np.exp(a.log_seconds), np.exp(b.log_seconds)
    seconds_off = np.exp(off[0].log_seconds) if off else np.zeros(len(points))
    with np.errstate(divide="ignore", invalid="ignore"):
        left_a = np.where(seconds_a > seconds_off, seconds_a - seconds_off, np.nan)
        left_b = np.where(seconds_b > seconds_off, seconds_b - seconds_off, np.nan)
    slope_a, slope_b = seconds_a / left_a, seconds_b / left_b
    slope_off = seconds_off * (1 / left_a - 1 / left_b)
    shift = slope_a[:, None] * a.residual - slope_b[:, None] * b.residual
    weight = a.core * b.core
    model = (slope_a * a.noise) ** 2 + (slope_b * b.noise) ** 2
    if off:
        shift = shift - slope_off[:, None] * off[0].residual
        weight = weight * off[0].core
        model = model + (slope_off * off[0].noise) ** 2
    correction, error, freedom = _summary(shift, weight, model)
    return PairedRatio(points, np.log(left_a / left_b) + correction, error, freedom)


def _summary(shift: Array, weight: Array, model: Array) -> tuple[Array, Array, Array]:
    """Mean, standard error and freedom of weighted pairs (n_points, n_blocks), variances drawn to ``model``."""
    weight = np.where(np.isfinite(shift), weight, 0.0)
    shift = np.where(np.isfinite(shift), shift, 0.0)
    total = weight.sum(axis=1)
    mean = (weight * shift).sum(axis=1) / np.maximum(total, 1e-300)
    mean = np.where(total > 0.5, mean, 0.0)  # without a clean pair the locations stand alone
    squares = (weight * (shift - mean[:, None]) ** 2).sum(axis=1)
    own = np.maximum(total - 1, 0.0)
    known = np.isfinite(model) & (own > 0)
    pooled = float((squares[known] / model[known]).sum() / own[known].sum()) if known.any() else 1.0
    variance = (PRIOR_PAIRS * pooled * model + squares) / (PRIOR_PAIRS + own)
    return mean, np.sqrt(variance / np.maximum(total, 1.0)), own + PRIOR_PAIRS


def overall(ratio: PairedRatio, confidence: float) -> Interval | None:
    """Geometric mean of the ratio over points with its interval; ``None`` without a point."""
    logs = ratio.log_ratio[np.isfinite(ratio.log_ratio)]
    if not len(logs):
        return None
    if len(logs) == 1:
        half = quantile(confidence, float(ratio.freedom[0])) * float(ratio.standard_error[0])
    else:
        half = quantile(confidence, len(logs) - 1) * float(logs.std(ddof=1)) / len(logs) ** 0.5
    middle = float(logs.mean())
    return Interval(*(float(np.exp(value)) for value in (middle, middle - half, middle + half)))
