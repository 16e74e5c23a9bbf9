"""How a response grows with its factors, beside how a law grows with them.

Times: the exponent between two neighbouring levels is the difference of the logarithms of the time over that of the
level. Its excess over that of the fitted law is taken at all neighbours along a factor, and judged by the median: a
cache that is left once, or a size that is special, moves one exponent of many, where it bends a fitted one as a whole.

Counts have no caches and no noise, but steps: a table that doubles, a page that fills. Their excess is the slope of a
regression of the residuals on all factors over the largest points, where terms of lower order matter least. Its
interval is as wide as the misfit makes it, or as the counts of several inputs differ.

A constant, or terms of lower order, can hide the growth of a wrong law at small levels. They are put beside the law
only where the law then follows the response closely, which a wrong law does not.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from scipy.special import bdtr

from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.analyse.stats.estimate import Interval, solve
from bptt_bench.analyse.stats.log_slopes import log_slopes
from bptt_bench.plan import CostLaw

COVERAGE = 0.78  # least probability that the interval holds the median: of six neighbours all but the ends
CONFIDENCE = 0.95  # of the slopes of counts
SPREADS = 3.0  # standard errors, as inputs differ, by which a slope of counts is uncertain at least
CLOSE = 0.6  # of the margin: typical deviation up to which terms beside a law are accepted …
CLOSER = 0.5  # … if they bring it down to this share
MANY_STEPS = 6  # along a factor, from which one more hardly changes an interval …
FEWEST_EXACT = 3  # … and of counts
EVEN = 0.05  # largest standard error of the logarithms of counts, as inputs differ, that are exact
SAME_LEVEL = 9  # digits after the point of log levels that are the same
LARGE_SHARES = 1 / 8, 1 / 30, 1 / 100  # of the largest count, from which counts are judged …
LEAST_FALLING = 0.01  # relative misfit up to which counts are a law less terms of lower order
SPARE_POINTS = 3  # more than terms, of which some are subtracted
HALF_A_LOGARITHM = 0.5  # of 1/log(n), which a logarithm adds to the exponent of n
MOST_EXCESS = 2.0  # times a response at smaller points, that a law with overhead may foretell there
SAME = 1e-9  # relative, of the ratio of two laws that are one
FEWEST_LARGE = 5  # … if there are so many


class FactorSlopes(NamedTuple):
    """How much faster a response grows with a factor than the law does.

    ``excess``: as an exponent. ``law``: the exponent of the law, with its overhead, at the largest point. ``last``: the
    excess at the largest level. ``n_steps``: pairs of neighbours, or levels less one, that it rests on. ``is_rough``:
    whether they are so few that one more may lie far outside the interval.
    """

    excess: Interval
    law: float
    last: float
    n_steps: int
    is_rough: bool = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Slopes:
    """A law beside a response, by factor.

    Attributes
    ----------
    full_law : with the overhead, which holds the terms put beside the law, in the order of the coefficients (k,).
    deviation : median of the absolute excess over all neighbours; of counts the root mean square of log residuals.
    share : of the law's own terms in the fitted response at the largest point.
    largest_shares : of each term of the law, at the point where it is largest.
    largest : the point at which the fitted response is largest.
    """

    law: CostLaw
    full_law: CostLaw
    coefficients: Array
    overhead: tuple[str, ...]
    factors: Mapping[str, FactorSlopes]
    deviation: float
    share: float
    largest_shares: Mapping[str, float]
    largest: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Response:
    """A response at points.

    Attributes
    ----------
    points : levels by factor (n_points,).
    values : above 0 (n_points,).
    is_exact : whether it is a count or an amount of memory, without noise.
    smaller : the response at smaller points, which no overhead may exceed.
    spread : standard errors of the logarithms of counts, as inputs differ (n_points,); None: not known.
    by_function : counts of functions by themselves (n_points,), NaN where one is too small to be known; where known.
    """

    points: Mapping[str, Array]
    values: Array
    is_exact: bool
    smaller: Response | None = None
    spread: Array | None = None
    by_function: Mapping[str, Array] = field(default_factory=dict)

    def where(self, kept: Array) -> Response:
        """Return the response at some of the points, of a mask (n_points,)."""
        return Response(
            points={name: levels[kept] for name, levels in self.points.items()},
            values=self.values[kept],
            is_exact=self.is_exact,
            spread=None if self.spread is None else self.spread[kept],
            by_function={name: counts[kept] for name, counts in self.by_function.items()},
        )

    def largest(self, share: float) -> Response | None:
        """Return the response where it is a share of the largest or more; ``None`` at too few points."""
        kept = self.values >= share * self.values.max()
        if int(kept.sum()) < FEWEST_LARGE:
            return None
        large, small = self.where(kept), self.where(~kept)
        return replace(large, smaller=small) if len(small.values) else large

    def beside(
        self, law: CostLaw, overheads: Sequence[Sequence[str]], margin: float, least_share: float
    ) -> Slopes | None:
        """Return the response beside a law with the least overhead that it needs; ``None`` where the law has no value.

        Parameters
        ----------
        overheads : terms that may be put beside the law, from nothing to most; each is preferred to the last only if
            the law then follows the response closely, and its own terms keep a share.
        margin : of exponents.
        """
        best: Slopes | None = None
        for overhead in overheads:
            found = self.beside_with(law, overhead)
            if found is None:
                continue
            is_closer = best is not None and found.deviation <= CLOSER * best.deviation
            is_close = found.deviation <= CLOSE * margin or (self.is_exact and _is_within(found, margin))
            if best is None or (is_closer and is_close and found.share >= least_share and self._is_possible(found)):
                best = found
        falling = None if best is None or _is_within(best, margin) else self._beside_falling(law, overheads[-1])
        return best if falling is None or not _is_within(falling, margin) else falling

    def _beside_falling(self, law: CostLaw, overhead: Sequence[str]) -> Slopes | None:
        """Return counts beside a law less terms of lower order, as n*(n - 1)/2 is; None if they are not.

        The law then takes a little more than the counts, and less than a logarithm of some factor would. Of a law of
        several factors only what has one power of a factor less is subtracted, as at the edges of a field: their levels
        are few, and with all lower terms k*n**2.5 is k*n**2.
        """
        if not self.is_exact or set(overhead) <= {"1"}:
            return None
        if len(self.points) > 1:
            overhead = one_power_less(law)
        found = self.beside_with(law, overhead, is_signed=True)
        if found is None or found.deviation > LEAST_FALLING:
            return None
        level = min(found.largest.values())
        return found if 1 <= found.share <= 1 + HALF_A_LOGARITHM / math.log(max(level, math.e)) else None

    def _is_possible(self, found: Slopes) -> bool:
        """Return whether what stands beside a law at the largest points is not more than all that smaller ones take."""
        if self.smaller is None:
            return True
        expected = found.full_law.evaluate(dict(self.smaller.points), found.coefficients)
        return bool((expected <= MOST_EXCESS * self.smaller.values).all())

    def beside_with(self, law: CostLaw, overhead: Sequence[str] = (), *, is_signed: bool = False) -> Slopes | None:
        """Return the response beside a law with some overhead; ``None`` where that has no value above 0.

        Parameters
        ----------
        is_signed : whether terms may be subtracted; there must be counts at ``SPARE_POINTS`` more points than terms.
        """
        full = law.plus(*overhead)
        design = full.columns(dict(self.points))
        y = np.log(self.values)
        if not np.isfinite(design).all() or not (design > 0).any(axis=1).all() or (design < 0).any():
            return None
        if is_signed:
            fitted = self._signed(design)
            if fitted is None:
                return None
            coefficients, residual = fitted
        else:
            solution = solve(design, y, robust=True)
            coefficients, residual = solution.coefficients, solution.residual
        share = design * coefficients / np.exp(y - residual)[:, None]
        top = int(np.argmax(y - residual))
        at = {name: float(levels[top]) for name, levels in self.points.items()}
        exponents = {
            name: float(sum(share[top, j] * term.local_exponent(name, at) for j, term in enumerate(full.terms)))
            for name in self.points
        }
        factors, deviation = (self._pooled if self.is_exact else self._by_neighbours)(residual, exponents)
        if not any(one.n_steps for one in factors.values()):
            return None
        return Slopes(
            law=law,
            full_law=full,
            coefficients=coefficients,
            overhead=tuple(overhead),
            factors=factors,
            deviation=deviation,
            share=float(share[top, : len(law.terms)].sum()),
            largest_shares={str(term): float(share[:, j].max()) for j, term in enumerate(law.terms)},
            largest=at,
        )

    def _signed(self, design: Array) -> tuple[Array, Array] | None:
        """Return the coefficients (k,) of any sign, and the log residuals (n_points,); None at too few points."""
        n, k = design.shape
        if n < k + SPARE_POINTS:
            return None
        relative = design / self.values[:, None]
        coefficients = np.asarray(np.linalg.lstsq(relative, np.ones(n))[0], dtype=np.float64)
        fitted = relative @ coefficients
        return (coefficients, -np.log(fitted)) if (fitted > 0).all() else None

    def _by_neighbours(self, residual: Array, exponents: Mapping[str, float]) -> tuple[dict[str, FactorSlopes], float]:
        found, every = {}, []
        for name, levels in self.points.items():
            lower, upper = neighbours(self.points, name).T
            excess = (residual[upper] - residual[lower]) / np.log(levels[upper] / levels[lower])
            at_top = excess[levels[upper] == levels.max()]
            last = float(np.median(at_top)) if len(at_top) else 0.0
            is_rough = len(excess) < MANY_STEPS
            found[name] = FactorSlopes(median_interval(excess), exponents[name], last, len(excess), is_rough)
            every.append(np.abs(excess))
        deviations = np.concatenate(every)
        return found, float(np.median(deviations)) if len(deviations) else np.inf

    def _pooled(self, residual: Array, exponents: Mapping[str, float]) -> tuple[dict[str, FactorSlopes], float]:
        """Return the slopes of a regression of the residuals on the logarithms of all factors."""
        deviation = float(np.sqrt(np.mean((residual - np.median(residual)) ** 2)))
        unknown = Interval(np.nan, -np.inf, np.inf)
        found = {name: FactorSlopes(unknown, exponents[name], 0.0, 0) for name in self.points}
        varied = [name for name, levels in self.points.items() if levels.min() > 0 and np.ptp(levels) > 0]
        fitted = log_slopes([np.log(self.points[name]) for name in varied], residual, CONFIDENCE)
        if fitted is None:
            return found, deviation
        halves = fitted.halves
        if self.spread is not None:
            halves = np.maximum(halves, SPREADS * np.sqrt((fitted.weights**2) @ self.spread**2))
        is_even = self.spread is None or float(self.spread.max()) <= EVEN
        for name, slope, half in zip(varied, fitted.slopes.tolist(), halves.tolist(), strict=True):
            steps = len(np.unique(self.points[name])) - 1
            is_rough = not (steps >= FEWEST_EXACT or fitted.freedom >= MANY_STEPS) or (
                not is_even and steps < MANY_STEPS
            )
            excess = Interval(slope, slope - half, slope + half)
            found[name] = FactorSlopes(excess, exponents[name], slope, steps, is_rough)
        return found, deviation


def is_same(law: CostLaw, other: CostLaw, points: Mapping[str, Array]) -> bool:
    """Return whether two laws are the same at points up to a coefficient, however they are written."""
    first, second = (one.evaluate(dict(points)) for one in (law, other))
    seen = second != 0  # log(1) is 0
    if not seen.any() or ((first != 0) != seen).any():
        return False
    ratio = first[seen] / second[seen]
    return bool(np.ptp(ratio) <= SAME * np.abs(ratio).max())


def one_power_less(law: CostLaw) -> list[str]:
    """Return a constant, and the terms of a law without one power of each of what they multiply.

    >>> one_power_less(CostLaw("k*n**2"))
    ['1', 'n**2', 'k*n']
    """
    own = {str(term) for term in law.terms}
    less = [
        term.times(base, -1.0) for term in law.terms for base, power in term.powers().items() if 1 <= power < math.inf
    ]
    return [text for text in dict.fromkeys(["1", *less]) if text not in own]


def _is_within(found: Slopes, margin: float) -> bool:
    """Return whether a response follows a law within a margin with all factors, as surely as their slopes are known."""
    slopes = found.factors.values()
    return found.deviation <= margin and all(max(abs(one.excess.low), abs(one.excess.high)) <= margin for one in slopes)


def neighbours(levels: Mapping[str, Array], factor: str) -> Index:
    """Return pairs of points (n_pairs, 2) that differ in a factor alone and have no level of it between them."""
    own = levels[factor]
    others = [np.round(np.log(np.maximum(levels[name], 1e-300)), SAME_LEVEL) for name in levels if name != factor]
    order = np.lexsort(np.array([own, *others]))
    lower, upper = order[:-1], order[1:]
    same = (own[lower] > 0) & (own[upper] > own[lower])
    for values in others:
        same &= values[lower] == values[upper]
    return np.column_stack([lower[same], upper[same]])


def median_interval(values: Array) -> Interval:
    """Return the median with an interval between order statistics, which holds it with ``COVERAGE`` or more.

    Few values are spanned as a whole, and hold it with less.

    Source: Conover (1999), "Practical Nonparametric Statistics", 3rd edition, section 3.2.

    >>> median_interval(np.array([3.0, 1.0, 2.0, 9.0, 4.0, 5.0]))
    Interval(estimate=3.5, low=2.0, high=5.0)
    """
    ordered = np.sort(values)
    n = len(ordered)
    if not n:
        return Interval(np.nan, -np.inf, np.inf)
    left_out = 0
    for k in itertools.count(1):
        if 2 * k >= n or 1 - 2 * float(bdtr(k, n, 0.5)) < COVERAGE:
            break
        left_out = k
    return Interval(float(np.median(ordered)), float(ordered[left_out]), float(ordered[n - 1 - left_out]))
