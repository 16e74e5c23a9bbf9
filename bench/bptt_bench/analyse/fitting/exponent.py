"""The free exponent of a term: its growth with a factor, by profiling over ε.

Some terms of the law are multiplied by (factor / its level at ``at``)^ε, and ε is fitted with all coefficients: the
coefficients are solved for each ε, and the ε of least loss is the estimate. Its interval is the sandwich of the
coefficients, one point left out at a time, with the additional column ∂ log t / ∂ε = Σ freed terms / t ·
log(factor / level).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from bptt_bench.analyse.findings.obstacles import (
    Confounded,
    ExponentOutOfRange,
    FewLevels,
    FewPointsForParameters,
    NotZeroAtZero,
    ZeroCoefficient,
)
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, Solution, huber_scale, solve, solve_batch, t_quantile
from bptt_bench.analyse.stats.influence import influence
from bptt_bench.analyse.stats.scalar_root import minimum, root
from bptt_bench.errors import FitError

WIDEST = 2.0  # |ε| that is searched first; a law that is off by two powers is another law
FARTHEST = 54.0  # |ε| that is searched if the best lies at an edge, in windows that grow threefold
COARSE_STEPS = 13  # the profile may have several minima: a coarse grid first, then Brent about the best
COARSE, FINE = 1e-3, 1e-9  # relative tolerances of the fitted times in the two searches
FIRM_DIGITS = 9  # after the point: further digits of an exponent are rounding
FEWEST_LEVELS = 3  # of the factor; with two any exponent fits


class FreeExponent(NamedTuple):
    """The exponent of the freed terms with its interval, the law's own, and what prevents one.

    ``profile`` spans the exponents that fit the data almost as well (F test on the loss). With little noise it agrees
    with the interval; with much the profile bends or has a second valley, and the sandwich, which sees nothing but its
    curvature at the best ε, is far too narrow to refute anything.
    """

    interval: Interval
    law: float
    share: float  # of the freed terms, of the fitted time at the point where they are judged
    obstacle: Finding | None  # why ε cannot be identified
    profile: tuple[float, float] = (-math.inf, math.inf)


def free_exponent(fit: Fit, terms: Sequence[str], factor: str | Sequence[str], at: Mapping[str, float]) -> FreeExponent:
    """Fit the exponent of some terms in a factor at a point, or in several factors that grow alike.

    The factor may be one of other terms only: the law's own exponent is then 0.

    Raises
    ------
    FitError : the law lacks a term or factor, or the point lacks the factor.
    """
    fit = fit.observed
    named = fit.indices(terms)
    freed = [*named, *fit.companions(named)]
    factors = [factor] if isinstance(factor, str) else list(factor)
    for one in factors:
        if one not in fit.factors:
            raise FitError(f"factor {one!r}: does not occur in the law {fit.full_law.text!r}")
        if one not in at or not at[one] > 0:
            raise FitError(f"point {describe(at)}: needs {one} above 0")
    levels, design = fit.levels, fit.design
    y = np.log(fit.points["measured"].to_numpy())
    growth = log_growth(levels, at, factors)
    own, share = _law_exponent(fit, named, freed, factors, at)
    undefined = Interval(own, -math.inf, math.inf)
    nothing = np.zeros(len(y), dtype=bool)
    for one in factors:
        nothing |= levels[one] <= 0
        if design[levels[one] <= 0][:, freed].any():
            return FreeExponent(undefined, own, share, NotZeroAtZero(terms=_named(fit, freed), factor=one))
    n_levels = len(np.unique(np.round(growth[~nothing], 9)))
    if n_levels < FEWEST_LEVELS:
        few = FewLevels(factors=tuple(factors), n_levels=n_levels, needed=FEWEST_LEVELS)
        return FreeExponent(undefined, own, share, few)

    # one scale for all ε: with separate scales the ε with most residuals at 0 would have the least loss
    residual = fit.points["log_residual"].to_numpy()
    scale = float(huber_scale(residual, design.shape[1])[0]) if fit.robust else None
    freed_design = _FreedDesign(design=design, freed=freed, growth=growth, y=y, scale=scale)
    epsilon, near, searched = _minimum(freed_design)
    solution = solve(freed_design.designs(epsilon), y, robust=fit.robust, scale=scale, start=near)
    found = _with_interval(fit, solution, epsilon, freed, growth, own, share)
    spare = len(y) - int(solution.active.sum()) - 1
    if spare < 1:
        return found
    limit = freed_design.solve_near(epsilon, solution.coefficients).loss * (
        1 + t_quantile(fit.confidence, spare) ** 2 / spare
    )
    low, high = _profile(freed_design, epsilon, limit, searched)
    return found._replace(profile=(own + low, own + high))


def log_growth(levels: Mapping[str, Array], start: Mapping[str, float], factors: Sequence[str]) -> Array:
    """Return log(level / start) of a factor (n,), or the mean of several; 0 at level 0, where terms are 0.

    If all factors grow by λ, so does the geometric mean of level / start: its exponent is that of all together.
    """
    logs = [np.log(np.where(levels[name] > 0, levels[name], start[name]) / start[name]) for name in factors]
    return np.asarray(np.mean(logs, axis=0))


class _FreedDesign(NamedTuple):
    """A design (n, k) whose freed columns grow faster by ε, and the log times (n,) to fit.

    ``scale``: of the residuals for Huber's loss; ``None`` for least squares.
    """

    design: Array
    freed: Sequence[int]
    growth: Array
    y: Array
    scale: float | None

    def designs(self, epsilon: ArrayLike) -> Array:
        """Return the design for ε, or for each of many (…, n, k)."""
        factor = np.ones((*np.shape(epsilon), *self.design.shape))
        factor[..., list(self.freed)] = np.exp(np.multiply.outer(epsilon, self.growth))[..., None]
        return np.asarray(self.design * factor)

    def solve_grid(self, epsilons: Array) -> list[Solution]:
        """Fit coarsely for many ε."""
        robust = self.scale is not None
        return solve_batch(self.designs(epsilons), self.y, robust=robust, scale=self.scale, tolerance=COARSE)

    def solve_near(self, epsilon: float, near: Array) -> Solution:
        """Fit for one ε, from coefficients nearby."""
        # the loss is flat at its minimum: an error of the coefficients enters squared
        robust = self.scale is not None
        return solve(self.designs(epsilon), self.y, robust=robust, scale=self.scale, start=near, tolerance=FINE)


def _profile(
    freed_design: _FreedDesign, epsilon: float, limit: float, searched: tuple[float, float]
) -> tuple[float, float]:
    """Return the ε farthest from the best on either side within the limit of the loss; infinite if all are."""
    ends = []
    for edge in searched:
        steps = np.linspace(epsilon, edge, COARSE_STEPS)
        fits = freed_design.solve_grid(steps)
        last = max((i for i, one in enumerate(fits) if one.loss <= limit), default=0)
        if last == len(steps) - 1:
            ends.append(math.copysign(math.inf, edge))
            continue
        ends.append(
            _crossing(freed_design, (float(steps[last]), float(steps[last + 1])), fits[last].coefficients, limit)
        )
    return ends[0], ends[1]


def _crossing(freed_design: _FreedDesign, ends: tuple[float, float], near: Array, limit: float) -> float:
    """Return the ε between two at which the loss reaches a limit; the first if it does not."""

    def excess(epsilon: float) -> float:
        return freed_design.solve_near(epsilon, near).loss - limit

    values = [excess(end) for end in ends]
    return root(excess, ends, values, tolerance=1e-4) if values[0] < 0 < values[1] else ends[0]


def _minimum(freed_design: _FreedDesign) -> tuple[float, Array, tuple[float, float]]:
    """Return the ε of least loss, coefficients near those of its fit, and the ends of the search."""
    grid = np.linspace(-WIDEST, WIDEST, COARSE_STEPS)
    fits = freed_design.solve_grid(grid)
    best = int(np.argmin([one.loss for one in fits]))
    while best in (0, len(grid) - 1) and abs(grid[best]) < FARTHEST:
        beyond = np.linspace(grid[best], 3 * grid[best], COARSE_STEPS)[1:]
        order = np.argsort(np.append(grid, beyond))
        fits = [*fits, *freed_design.solve_grid(beyond)]
        grid, fits = np.append(grid, beyond)[order], [fits[i] for i in order]
        best = int(np.argmin([one.loss for one in fits]))
    near, least_on_grid = fits[best].coefficients, fits[best].loss
    ends = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    found, least = minimum(lambda epsilon: freed_design.solve_near(epsilon, near).loss, ends, tolerance=1e-7)
    return (found if least <= least_on_grid else float(grid[best])), near, (float(grid[0]), float(grid[-1]))


def _law_exponent(
    fit: Fit, named: list[int], freed: list[int], factors: Sequence[str], at: Mapping[str, float]
) -> tuple[float, float]:
    """Return the law's own exponent of its named terms at a point, weighted by shares, and the share of freed terms.

    They are NaN and 0 where the terms are 0.
    """
    values = np.array([float(term.evaluate(at)) for term in fit.full_law.terms])
    times = values * fit.coefficients
    weights = times[named] if times[named].sum() > 0 else values[named]
    exponents = np.array([sum(fit.full_law.terms[j].local_exponent(one, at) for one in factors) for j in named])
    total, whole = float(weights.sum()), float(times.sum())
    own = float(weights @ exponents) / total if total > 0 else math.nan
    return own, float(times[freed].sum()) / whole if whole > 0 else 0.0


def _with_interval(
    fit: Fit, solution: Solution, epsilon: float, freed: Sequence[int], growth: Array, own: float, share: float
) -> FreeExponent:
    part = solution.jacobian[:, freed] @ solution.coefficients[list(freed)]  # share of the freed terms (n_points,)
    augmented = np.column_stack([solution.jacobian[:, solution.active], part * growth])
    estimate, n, k = own + epsilon, *augmented.shape
    undefined = Interval(estimate, -math.inf, math.inf)
    if not part.any():
        return FreeExponent(undefined, own, share, ZeroCoefficient(terms=_named(fit, freed)))
    if n < k + 1:
        return FreeExponent(undefined, own, share, FewPointsForParameters(n_points=n, n_parameters=k))
    last = np.eye(k)[:, -1:]
    half = float(influence(augmented, solution.errors).half_widths(last, fit.confidence)[0])
    if not half <= FARTHEST:  # infinite, or wider than all that is searched
        return FreeExponent(undefined, own, share, Confounded(terms=_named(fit, freed)))
    obstacle = ExponentOutOfRange(range=FARTHEST) if abs(epsilon) > 0.999 * FARTHEST else None
    found = (round(value, FIRM_DIGITS) + 0.0 for value in (estimate, estimate - half, estimate + half))  # and no -0.0
    return FreeExponent(Interval(*found), own, share, obstacle)


def _named(fit: Fit, freed: Sequence[int]) -> tuple[str, ...]:
    return tuple(str(fit.full_law.terms[j]) for j in freed)
