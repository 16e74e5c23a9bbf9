"""What the width of an interval rests on: which samples narrow it, and how much.

A figure of a fit moves with the log location of point p by its influence g_p, so that its variance is

    Σ_p g_p² (τ² + σ_p² / n_p),

τ being the effect that a point has of its own and σ_p the noise of its n_p samples. More samples of a point help the
second part alone; a new point changes the influences of all. The ratio of two subjects at a point rests on the pairs of
samples there, and narrows with their number.

Source: the delta method and the sandwich of ordinary least squares, (JᵀJ)⁻¹ Jᵀ V J (JᵀJ)⁻¹; White (1980), "A
heteroskedasticity-consistent covariance matrix estimator", eq. 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import t_quantile, t_quantiles
from bptt_bench.plan import Point

Rows = Callable[[list[Mapping[str, float]]], Array]  # points -> Jacobian of the log fit there (n_points, k)


def _everywhere(_point: Mapping[str, float]) -> bool:
    return True


class TimedCell(NamedTuple):
    """What a visit is paid to: a subject at a point, timed as a whole or by phase (``whole``, ``phases``)."""

    subject: str
    point: Point
    timing: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearisedFit:
    """A fit that a figure rests on, linearised where it is.

    Attributes
    ----------
    cells : one for each point of the fit (n,).
    jacobian : of the log times in the parameters (n, k).
    gradient : of the figure in the parameters (k,).
    effect : variance that a point has beside its noise, τ².
    least_effect : the smallest that the data allow.
    noise : variance of one sample at each point, σ² (n,).
    counts : samples of each point so far (n,).
    rows : the Jacobian at other points.
    accepts : whether the fit would have a point.
    """

    cells: tuple[TimedCell, ...]
    jacobian: Array
    gradient: Array
    effect: float
    least_effect: float
    noise: Array
    counts: Array
    rows: Rows
    accepts: Callable[[Mapping[str, float]], bool] = _everywhere

    def influence(self) -> Array:
        """Return the change of the figure with the log location of each point (n,)."""
        scale = np.linalg.norm(self.jacobian, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        return np.asarray(np.linalg.pinv(self.jacobian / scale).T @ (self.gradient / scale))

    def variance(self) -> float:
        """Return the variance of the figure."""
        return float((self.influence() ** 2) @ (self.effect + self.noise / self.counts))

    def would_gain(self, cell: TimedCell) -> bool:
        """Return whether an unmeasured cell would be a new point of this part."""
        subject, _, timing = self.cells[0]
        return (cell.subject, cell.timing) == (subject, timing) and self.accepts(cell.point)

    def with_points(self, cells: Sequence[TimedCell]) -> LinearisedFit:
        """Return the part with one sample of each of some more points, as noisy as the others are."""
        if not cells:
            return self
        return replace(
            self,
            cells=(*self.cells, *cells),
            jacobian=np.vstack([self.jacobian, self.rows([cell.point for cell in cells])]),
            noise=np.append(self.noise, np.full(len(cells), np.median(self.noise))),
            counts=np.append(self.counts, np.ones(len(cells))),
        )

    def variances_with(self, rows: Array) -> Array:
        """Return the variance of the figure with one sample of a new point, for each of some Jacobian rows (m, k) (m,).

        Source: Sherman & Morrison (1950), the inverse of a matrix after a change of rank one.
        """
        scale = np.linalg.norm(self.jacobian, axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        own, rows = self.jacobian / scale, rows / scale
        inverse = np.linalg.pinv(own.T @ own)
        weights = inverse @ (self.gradient / scale)  # (k,): influences are own @ weights
        along = rows @ inverse  # (m, k)
        shrunk = (rows @ weights) / (1 + (along * rows).sum(axis=1))  # (m,): the influence of the new point itself
        influences = own @ (weights - along * shrunk[:, None]).T  # (n, m)
        each = self.effect + self.noise / self.counts
        return np.asarray(each @ influences**2 + (self.effect + np.median(self.noise)) * shrunk**2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PairedSamples:
    """The pairs of samples that a ratio at one point rests on: all ``cells`` are visited together.

    Attributes
    ----------
    total : clean pairs so far.
    clean : share of visits that give a clean pair.
    freedom : of the present interval.
    """

    cells: tuple[TimedCell, ...]
    total: float
    clean: float
    freedom: float
    confidence: float

    def narrowed(self, more: Array) -> Array:
        """Return the half-width after so many further visits (…,), over the present one."""
        pairs = self.clean * more
        width = t_quantiles(self.confidence, self.freedom + pairs) / t_quantile(self.confidence, self.freedom)
        return np.asarray(width * np.sqrt(self.total / (self.total + pairs)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class IntervalTarget:
    """An interval to be narrowed.

    Attributes
    ----------
    claim, what : the claim it belongs to, and which figure of it.
    half_width : at present, absolute for exponents, and relative (of the logarithm) for ratios, crossovers and shares.
    deciding : the half-width at which the claim is decided with room to spare.
    basis : the fits that the figure rests on, taken as independent, or the pairs.
    weight : of this figure; the figures of a claim together weigh 1.
    """

    claim: str
    what: str
    half_width: float
    deciding: float
    basis: tuple[LinearisedFit, ...] | PairedSamples
    weight: float = 1.0


class ExhaustedClaim(NamedTuple):
    """A claim that no further sample can help, and why."""

    claim: str
    reason: Reason
