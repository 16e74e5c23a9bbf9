"""Diagnosis of a fit: identifiability of terms, lack of fit, and trends of the residuals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy.special import chdtrc, chdtri, fdtrc, fdtri

from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.findings.fits import LackOfFit, Samples, Shape, Trend
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.analyse.stats.estimate import RESOLUTION, SINGULAR, Solution
from bptt_bench.analyse.stats.location import Location
from bptt_bench.plan import CostLaw
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.text.numbers import exact

SMALLEST_SHARE = 0.2  # of the time, for a term to be judged at a point: 20 % noise of other terms would hide it
SMALLEST_SHARE_OF_BYTES = 0.02  # of the memory, which has no noise; misfit shows in the interval
REJECT_BELOW = 0.05
MISSED = 0.2  # probability of missing a misfit that the test is said to detect
MISFIT_TO_BE_SEEN = 0.2  # relative; a test that would miss more does not decide whether a law fits
FEWEST_LEVELS_OF_TREND = 3
CLIPPED = -3.0, 2.0  # standard deviations; beyond these a residual is a disturbance
TREND_EXPLAINS = 0.35  # share of the residual variance that a factor must explain to be named
TREND_P_VALUE = 0.01
WORKING_SET = "the working set"
DOUBLINGS = 10  # how far from the design a deciding point is looked for, in factors of two


def shares_of(values: Array) -> Array:
    """Return the shares (…, k) of terms in their sum; 0 where the sum is 0.

    They are the Jacobian of the log of the sum in the logs of the coefficients.
    """
    total = values.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(values, total, out=np.zeros_like(values), where=total > 0))


def at_point(levels: Mapping[str, Array], index: int) -> dict[str, float]:
    """Return the levels of one point."""
    return {name: float(values[index]) for name, values in levels.items()}


def describe(point: Mapping[str, float]) -> str:
    """Return a point as text, as it is typed: ``T=8 V=64``."""
    return " ".join(f"{name}={exact(value)}" for name, value in point.items()) or "the only point"


def condition_number(jacobian: Array) -> float:
    """Return the condition number of the relative design with columns scaled to unit length.

    It is infinite if columns are collinear, or if one is 0 everywhere or not finite.
    """
    length = np.linalg.norm(jacobian, axis=0)
    if not (np.isfinite(length) & (length > 0)).all():
        return float("inf")
    singular = np.linalg.svd(jacobian / length, compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 1e-14 * singular[0] else float("inf")


def confounded(jacobian: Array) -> list[frozenset[int]]:
    """Return for each column the others with which it shares a (nearly) singular direction."""
    k = jacobian.shape[1]
    # with fewer points than columns the triangle is wide, and its full rotation has the unmeasured directions
    triangle = np.linalg.qr(jacobian / np.linalg.norm(jacobian, axis=0), mode="r")
    _, singular, rotation = np.linalg.svd(triangle, full_matrices=True)
    weak = [rotation[i] for i in range(k) if i >= len(singular) or singular[i] < SINGULAR * singular[0]]
    involved = np.abs(np.array(weak).reshape(-1, k)) > 1e-3
    return [
        frozenset(int(m) for m in np.flatnonzero(involved[involved[:, j]].any(axis=0)) if m != j)
        if involved[:, j].any()
        else frozenset()
        for j in range(k)
    ]


def smallest_share(response: str) -> float:
    """Return the least share of a response that a term must have at a point to be judged there."""
    return SMALLEST_SHARE_OF_BYTES if is_exact(response) else SMALLEST_SHARE


def deciding_point(
    law: CostLaw, column: int, coefficients: Array, start: Mapping[str, float], response: str = SECONDS_PER_EVAL
) -> dict[str, float] | None:
    """Return the nearest point, by doubling or halving one factor of ``start``, at which a term can be judged."""
    steps = [sign * doublings for doublings in range(1, DOUBLINGS + 1) for sign in (1, -1)]
    moves = [(name, start[name] * 2.0**step) for step in steps for name in law.factors]
    candidates = [
        {**start, name: level}
        for name, level in moves
        if not float(start[name]).is_integer() or (level >= 1 and level.is_integer())  # a real factor has any level
    ]
    if not candidates:
        return None
    with np.errstate(all="ignore"):
        values = law.columns({name: np.array([c[name] for c in candidates]) for name in start}) * coefficients
        enough = np.flatnonzero(values[:, column] / values.sum(axis=1) >= smallest_share(response))
    return candidates[enough[0]] if len(enough) else None


def lack_of_fit(
    solution: Solution,
    located: Location,
    point: Index,
    regressors: Mapping[str, Array],
    response: str,
    stated: Array | None = None,
) -> LackOfFit:
    """Test between-point against within-point scatter by an F test on clipped residuals, or trends if not testable.

    Parameters
    ----------
    regressors : what residuals may depend on, by name, at each point (n_points,), all above 0.
    stated : standard errors of the points (n_points,); the test is then that of the sum of squares over these.
    """
    between, within = solution.scatter, located.relative_noise
    samples: Samples = "repeated"
    if within is None:
        samples = "exact" if is_exact(response) else "identical" if len(point) > len(solution.residual) else "single"
    found = LackOfFit(
        kind="not_testable", p_value=None, between=between, within=within, samples=samples, response=response
    )
    if samples == "exact":
        return found
    if within is not None:
        if stated is None:
            variance = analysis_of_variance(solution, located, point)
        else:
            variance = _against_stated(solution, stated)
        if variance.p_value <= REJECT_BELOW:
            trend = strongest_trend(solution.residual, regressors)
            return replace(found, kind="rejected", p_value=variance.p_value, trend=trend)
        found = replace(found, unseen=within * variance.unseen)
        if within * variance.unseen <= MISFIT_TO_BE_SEEN:
            return replace(found, kind="not_rejected", p_value=variance.p_value)
    trend = significant_trend(solution, regressors)
    return found if trend is None else replace(found, kind="rejected", trend=trend)


def significant_trend(solution: Solution, regressors: Mapping[str, Array]) -> Trend | None:
    """Return the most significant trend of the residuals along a regressor; ``None`` if none is significant.

    For each regressor a straight line and a parabola in its logarithm are added to the law, each an F test; the least
    p-value counts, times the number of tests. It needs no repetitions, but misses a misfit that follows no regressor.
    Source: Draper & Smith (1998), section 6.1, for the extra sum of squares.
    """
    if solution.scatter <= RESOLUTION:
        return None
    jacobian = solution.jacobian[:, solution.active]
    basis, _ = np.linalg.qr(jacobian)
    tests: list[tuple[float, str, Shape]] = []
    for name, values in regressors.items():
        x = np.log(values) if (values > 0).all() else values
        levels = len(np.unique(x))
        if levels < FEWEST_LEVELS_OF_TREND:
            continue
        x = (x - x.mean()) / x.std()
        for degree in (1, 2):
            freedom = len(x) - jacobian.shape[1] - degree
            found = _polynomial_test(solution.errors, basis, x, degree, freedom) if freedom > 0 else None
            if degree < levels - 1 and found is not None:
                tests.append((found[0], name, found[1]))
    if not tests:
        return None
    p_value, name, shape = min(tests)
    adjusted = min(p_value * len(tests), 1.0)
    return Trend(along=name, shape=shape, p_value=adjusted) if adjusted <= REJECT_BELOW else None


def _polynomial_test(errors: Array, basis: Array, x: Array, degree: int, freedom: int) -> tuple[float, Shape] | None:
    """Return the p-value and the shape of a polynomial beside the law; ``None`` if the law has this trend already."""
    added = np.column_stack([x**power for power in range(1, degree + 1)])
    added = added - basis @ (basis.T @ added)
    own, singular, _ = np.linalg.svd(added, full_matrices=False)
    if singular[-1] < SINGULAR * np.sqrt(len(x)):
        return None
    explained = float(((own.T @ errors) ** 2).sum())
    left = float((errors**2).sum()) - explained
    p_value = float(fdtrc(degree, freedom, explained / degree / max(left / freedom, 1e-300)))
    is_upward = float(errors @ added[:, degree - 1]) > 0
    if degree == 1:
        return p_value, "rise" if is_upward else "fall"
    return p_value, "bend upwards" if is_upward else "bend downwards"


class Variance(NamedTuple):
    """The F test of variance between points over variance within points, which is 1 where the law holds.

    ``unseen``: standard deviation of points about the law, over that of samples, that the test misses once in five.
    """

    ratio: float
    p_value: float
    unseen: float = 0.0


def analysis_of_variance(solution: Solution, located: Location, point: Index) -> Variance:
    """Test for lack of fit (Draper & Smith 1998, section 2.1) on residuals clipped because of disturbed samples.

    Residuals are those of samples about the law. Where the law holds they are independent, whatever their distribution,
    and the means of points vary as within points; the fitted directions are projected out of the means. Clipped
    residuals are bounded, so the F test keeps its level. Noisier points contribute more of the scatter, which reduces
    the degrees of freedom (Satterthwaite 1946).
    """
    if located.relative_noise is None or solution.scatter <= RESOLUTION:
        return Variance(1.0, 1.0)
    sample = located.residual + solution.residual[point]
    clipped = np.clip(sample / max(located.relative_noise, RESOLUTION), *CLIPPED)
    counts = np.bincount(point)
    means = np.bincount(point, clipped) / counts
    squares = np.bincount(point, (clipped - means[point]) ** 2)
    root = np.sqrt(counts)
    basis, _ = np.linalg.qr(solution.jacobian[:, solution.active] * root[:, None])
    between = root * means - basis @ (basis.T @ (root * means))
    own = np.maximum(counts - 1, 0)
    repeated = own > 0
    variance, spare = squares[repeated] / own[repeated], own[repeated]
    pooled = max(float(squares.sum() / own.sum()), RESOLUTION**2)
    # of a variance on f degrees of freedom the expected square is (1 + 2/f) times the square of its expectation
    fourth = max(float((variance**2 / (1 + 2 / spare)).mean()) / pooled**2, 1.0)
    ratio = float((between**2).sum()) / solution.freedom / pooled
    one, other = solution.freedom / fourth, own.sum() / fourth
    # with point effects of variance θ, over that of samples, the ratio is as without them times 1 + θ·repetitions
    growth = fdtri(one, other, 1 - REJECT_BELOW) / fdtri(one, other, MISSED)
    unseen = np.sqrt(max(growth - 1, 0.0) * float(np.mean(1 / counts)))
    return Variance(ratio, float(fdtrc(one, other, ratio)), float(unseen))


def _against_stated(solution: Solution, stated: Array) -> Variance:
    """Test the squares of residuals over stated errors, which have a chi-squared law where the law of the fit holds.

    ``unseen`` is over the typical stated error.
    """
    squares, freedom = float(((solution.residual / stated) ** 2).sum()), solution.freedom
    growth = chdtri(freedom, REJECT_BELOW) / chdtri(freedom, 1 - MISSED)
    return Variance(squares / freedom, float(chdtrc(freedom, squares)), float(np.sqrt(max(growth - 1, 0.0))))


def strongest_trend(residual: Array, regressors: Mapping[str, Array]) -> Trend | None:
    """Return the trend along the factor or working set whose parabola in the logarithm explains most, if enough."""
    best, trend = TREND_EXPLAINS, None
    for name, values in regressors.items():
        x = np.log(values) if (values > 0).all() else values
        levels = len(np.unique(x))
        if levels < 3 or len(residual) < 6:
            continue
        x = (x - x.mean()) / x.std()
        for degree in (1, 2):
            explained, p_value, slope_share = _parabola(residual, x, degree)
            if explained > best + 0.1 * (degree - 1) and p_value < TREND_P_VALUE and degree < levels:
                best = explained
                trend = Trend(along=name, shape=_shape(residual, x, slope_share))
    return trend


def _parabola(residual: Array, x: Array, degree: int) -> tuple[float, float, float]:
    """Return the share of variance that a polynomial explains, its p-value (F test), and the straight line's part."""
    total = float(((residual - residual.mean()) ** 2).sum())
    if total <= 0:
        return 0.0, 1.0, 1.0
    left = [float(((residual - np.polyval(_polynomial(residual, x, d), x)) ** 2).sum()) for d in (1, degree)]
    explained, straight = 1 - left[1] / total, 1 - left[0] / total
    freedom = len(residual) - degree - 1
    ratio = explained / degree / max((1 - explained) / freedom, 1e-300)
    return explained, float(fdtrc(degree, freedom, ratio)), straight / max(explained, 1e-300)


def _polynomial(residual: Array, x: Array, degree: int) -> Array:
    """Return least-squares coefficients, the highest power first; those of least norm if levels hardly differ."""
    return np.asarray(np.linalg.lstsq(np.vander(x, degree + 1), residual, rcond=None)[0])


def _shape(residual: Array, x: Array, straight_share: float) -> Shape:
    bend = _polynomial(residual, x, 2)[0]
    if straight_share >= 0.5:
        return "rise" if _polynomial(residual, x, 1)[0] > 0 else "fall"
    return "lowest mid-range" if bend > 0 else "highest mid-range"


def regressors_of(levels: Mapping[str, Array], working_set: Sequence[float] | None) -> dict[str, Array]:
    """Return what residuals may follow: every factor, and the working set if known."""
    extra = {} if working_set is None else {WORKING_SET: np.asarray(working_set, dtype=np.float64)}
    return {**levels, **extra}
