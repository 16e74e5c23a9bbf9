"""Two subjects at the same points and blocks: ratios of their times, pair by pair, so that drift cancels.

The log ratio is taken at the points' robust locations and corrected to first order by the pairs, so that no difference
of noisy samples is put into a logarithm. A pair counts by the probability that none of its samples is disturbed or, on
a machine with slow periods, by how well it agrees with the other pairs (``bptt_bench.analyse.stats.paired_mean``).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bptt_bench.analyse.data.samples import gather
from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.analyse.stats.estimate import Interval, t_quantile, t_quantiles
from bptt_bench.analyse.stats.location import has_slow_periods, locate
from bptt_bench.analyse.stats.paired_mean import student_mean, undisturbed_mean
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

PROCESS = "process"


class Visits(NamedTuple):
    """One subject's samples on the grid of its points and blocks.

    ``points``: levels in the order of the factors; ``log_seconds``, ``noise (n_points,)``; ``residual``, ``core
    (n_points, n_blocks)``, with ``nan`` and 0 where a cell was not visited; ``process (n_blocks,)``: which process
    visited a block, 0 where nothing says so; ``slow_periods``: whether neighbouring visits are slow together.
    """

    points: list[tuple[float, ...]]
    blocks: tuple[Any, ...]
    log_seconds: Array
    noise: Array
    residual: Array
    core: Array
    process: Index
    slow_periods: bool

    def on(self, points: Sequence[tuple[float, ...]], blocks: Sequence[Any]) -> Visits:
        """Return the same on other points and blocks, all of which must be there."""
        rows = np.array([self.points.index(point) for point in points], dtype=np.intp)
        columns = np.array([self.blocks.index(block) for block in blocks], dtype=np.intp)
        grid = np.ix_(rows, columns)
        return self._replace(
            points=list(points),
            blocks=tuple(blocks),
            log_seconds=self.log_seconds[rows],
            noise=self.noise[rows],
            residual=self.residual[grid],
            core=self.core[grid],
            process=self.process[columns],
        )


class PairedRatio(NamedTuple):
    """Log ratios (n_points,) of two subjects with standard errors, degrees of freedom and pairs that count.

    ``nan`` at a point where what is taken off leaves nothing.
    """

    points: list[tuple[float, ...]]
    log_ratio: Array
    standard_error: Array
    freedom: Array
    pairs: Array

    def intervals(self, confidence: float) -> tuple[Array, Array]:
        """Return the ends of the intervals of the log ratios (n_points,), each at this confidence."""
        half = t_quantiles(confidence, self.freedom) * self.standard_error
        return self.log_ratio - half, self.log_ratio + half


def visits(rows: pd.DataFrame, factors: Sequence[str], places: dict[tuple[Any, ...], Any] | None = None) -> Visits:
    """Return the samples of one subject by point and block; of several samples of a cell the last counts.

    ``places``: as for ``bptt_bench.analyse.stats.location.locate``.

    Raises
    ------
    FitError : as ``gather``.
    """
    samples = gather(rows, factors, response=SECONDS_PER_EVAL, block=BLOCK, what="factors")
    located = locate(samples.log_seconds, samples.point, None, samples.when, places)
    assert samples.block is not None
    shape = (samples.n_points, len(samples.block_names))
    residual, core = np.full(shape, np.nan), np.zeros(shape)
    residual[samples.point, samples.block] = located.residual
    core[samples.point, samples.block] = located.core
    table = np.column_stack([samples.levels[name] for name in factors])
    points = [tuple(levels) for levels in table.tolist()]
    slow_periods = samples.when is not None and has_slow_periods(samples.log_seconds, samples.point, samples.when)
    process = _processes(rows, samples.block_names)
    return Visits(
        points, samples.block_names, located.log_seconds, located.noise, residual, core, process, slow_periods
    )


def _processes(rows: pd.DataFrame, blocks: Sequence[Any]) -> Index:
    """Return the process of each block (n_blocks,), numbered from 0; all 0 where the frame does not say."""
    if PROCESS not in rows.columns:
        return np.zeros(len(blocks), dtype=np.intp)
    found = dict(zip(rows[BLOCK].tolist(), rows[PROCESS].tolist(), strict=True))
    return np.unique([found[block] for block in blocks], return_inverse=True)[1].reshape(-1)


def visits_of(evidence: Evidence, subject: str, factors: Sequence[str]) -> Visits:
    """Return the samples of a subject of a run by point and block; computed once and kept.

    Raises
    ------
    FitError : as ``gather``.
    """
    key = (subject, *factors)
    if key not in evidence.memo:
        evidence.memo[key] = visits(evidence.rows(subject, SECONDS_PER_EVAL), factors, evidence.memo)
    made: Visits = evidence.memo[key]
    return made


def paired_ratio(over: Visits, under: Visits, less: Visits | None = None) -> PairedRatio:
    """Return the ratio of the times of ``over`` and ``under``, each less that of ``less``, at their common points."""
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
    mean = (
        student_mean(shift, a.process)
        if any(each.slow_periods for each in everyone)
        else undisturbed_mean(shift, weight, model, a.process)
    )
    return PairedRatio(points, np.log(left_a / left_b) + mean.shift, mean.standard_error, mean.freedom, mean.pairs)


def overall(ratio: PairedRatio, confidence: float) -> Interval | None:
    """Return the geometric mean of the ratio over points with its interval; ``None`` without a point."""
    logs = ratio.log_ratio[np.isfinite(ratio.log_ratio)]
    if not len(logs):
        return None
    if len(logs) == 1:
        half = t_quantile(confidence, float(ratio.freedom[0])) * float(ratio.standard_error[0])
    else:
        half = t_quantile(confidence, len(logs) - 1) * float(logs.std(ddof=1)) / len(logs) ** 0.5
    middle = float(logs.mean())
    return Interval(*(float(np.exp(value)) for value in (middle, middle - half, middle + half)))
