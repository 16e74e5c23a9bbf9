"""What the data can and cannot tell: identifiability of terms, and lack of fit with where to look for its cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from scipy.special import fdtrc, fdtri

from bptt_bench.analyse.data.response import is_exact, no_noise
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.analyse.stats.estimate import RESOLUTION, SINGULAR, Solution
from bptt_bench.analyse.stats.location import Location
from bptt_bench.plan import CostLaw
from bptt_bench.plan.law.wording import drop_absent_factors

SMALLEST_SHARE = (
    0.2  # of the time; a term below it cannot be judged there (shared method: 20 % noise elsewhere hides it)
)
SMALLEST_SHARE_OF_BYTES = 0.02  # of the memory: no noise hides a term there, and misfit shows in its interval
REJECT_BELOW = 0.05
MISSED = 0.2  # of the misfits of a size, by a test that is said to see it
MISFIT_TO_BE_SEEN = 0.2  # relative; a test that would miss more has no say on whether a law fits
FEWEST_LEVELS_OF_TREND = 3
CLIPPED = -3.0, 2.0  # standard deviations; beyond these a residual is a disturbance and tells no more than its side
TREND_EXPLAINS = 0.35  # share of the residual variance that a factor must explain to be named
TREND_P_VALUE = 0.01
WORKING_SET = "the working set"
DOUBLINGS = 10  # how far from the design a deciding point is looked for, in factors of two


def shares_of(values: Array) -> Array:
    """Shares (…, k) of the terms in their sum, from what each takes (…, k); 0 where nothing is taken.

    They are the Jacobian of the log of the sum in the logs of the coefficients.
    """
    total = values.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(values, total, out=np.zeros_like(values), where=total > 0))


class LackOfFit(NamedTuple):
    """Whether points scatter more about the law than their own samples explain, and which way.

    ``kind``: ``rejected`` where they do, or where a trend is left that noise does not make; ``not_rejected`` where they
    do not, in a test that would have seen a misfit of ``MISFIT_TO_BE_SEEN``; else ``not_testable``, which says nothing
    for the law. ``p_value``: of that test, ``None`` where it was not testable.
    """

    p_value: float | None
    finding: str
    between: float  # relative standard deviation of points about the law
    within: float | None  # relative standard deviation of samples about their point
    kind: Literal["rejected", "not_rejected", "not_testable"]


def at_point(levels: Mapping[str, Array], index: int) -> dict[str, float]:
    """The levels of one point."""
    return {name: float(values[index]) for name, values in levels.items()}


def describe(point: Mapping[str, float]) -> str:
    """A point in words: ``T=8 V=64``."""
    return " ".join(f"{name}={value:g}" for name, value in point.items()) or "the only point"


def condition_number(jacobian: Array) -> float:
    """Condition number of the relative design with columns scaled to unit length.

    Infinite where columns coincide, and where one is 0 everywhere or not finite.
    """
    length = np.linalg.norm(jacobian, axis=0)
    if not (np.isfinite(length) & (length > 0)).all():
        return float("inf")
    singular = np.linalg.svd(jacobian / length, compute_uv=False)
    return float(singular[0] / singular[-1]) if singular[-1] > 1e-14 * singular[0] else float("inf")


def confounded(jacobian: Array) -> list[frozenset[int]]:
    """For each column, the others it cannot be told from: those it shares a (nearly) empty direction with."""
    k = jacobian.shape[1]
    # with fewer points than columns the triangle is wide, and its full rotation has the directions nobody measured
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
    """The least share of a response that a term must have at a point to be judged there."""
    return SMALLEST_SHARE_OF_BYTES if is_exact(response) else SMALLEST_SHARE


def deciding_point(
    law: CostLaw, column: int, coefficients: Array, start: Mapping[str, float], response: str = "seconds_per_eval"
) -> dict[str, float] | None:
    """The nearest point, by doubling or halving one factor of ``start``, at which a term is enough of the response."""
    steps = [sign * doublings for doublings in range(1, DOUBLINGS + 1) for sign in (1, -1)]
    moves = [(name, start[name] * 2.0**step) for step in steps for name in law.factors]
    candidates = [
        {**start, name: level}
        for name, level in moves
        if not float(start[name]).is_integer() or (level >= 1 and level.is_integer())  # a real factor has no steps
    ]
    if not candidates:
        return None
    with np.errstate(all="ignore"):
        values = law.columns({name: np.array([c[name] for c in candidates]) for name in start}) * coefficients
        enough = np.flatnonzero(values[:, column] / values.sum(axis=1) >= smallest_share(response))
    return candidates[enough[0]] if len(enough) else None


def share_reason(
    law: CostLaw, column: int, coefficients: Array, start: Mapping[str, float], share: float, response: str, of: str
) -> str:
    """Why a term cannot be judged at ``start``, and which point would decide; ``of`` is what it is a share of."""
    where = deciding_point(law, column, coefficients, start, response)
    advice = "no point near the design would decide" if where is None else f"{describe(where)} would decide"
    return f"{drop_absent_factors(str(law.terms[column]))} is {share:.1%} of the {of} at {describe(start)}; {advice}"


def lack_of_fit(
    solution: Solution, located: Location, point: Index, regressors: Mapping[str, Array], response: str
) -> LackOfFit:
    """Between-point against within-point scatter, by an F test on clipped residuals; trends where that says nothing.

    ``regressors``: what residuals may depend on, by name, at each point (n_points,), all above 0.
    """
    between, within = solution.scatter, located.relative_noise
    if within is None and is_exact(response):
        finding = f"{between:.1%} between points, each counted once, for {no_noise(response)}"
        return LackOfFit(None, finding, between, None, "not_testable")
    if within is None:
        exact = ", all on the law to within rounding: intervals rest on that alone" if between <= RESOLUTION else ""
        why = f"one sample a point{exact}; several samples of each would tell"
        if len(point) > len(solution.residual):
            why = f"repetitions are identical, which tells nothing of noise{exact}"
    else:
        found = analysis_of_variance(solution, located, point)
        against = f"{between:.1%} between points against {within:.1%} within"
        if found.p_value <= REJECT_BELOW:
            trend = trend_in_words(solution.residual, regressors)
            finding = f"lack of fit (p = {found.p_value:.2g}): {against}; {trend}"
            return LackOfFit(found.p_value, finding, between, within, "rejected")
        unseen = within * found.unseen
        if unseen <= MISFIT_TO_BE_SEEN:
            figures = f"(p = {found.p_value:.2g}): {against}; a misfit below {unseen:.1%} would not be seen"
            finding = f"no lack of fit detected {figures}"
            return LackOfFit(found.p_value, finding, between, within, "not_rejected")
        why = f"{against}, where a misfit of {unseen:.0%} would not be seen; more samples a point would tell"
    trend = structure(solution, regressors)
    if trend:
        return LackOfFit(None, f"lack of fit: {trend}", between, within, "rejected")
    return LackOfFit(None, f"lack of fit cannot be tested: {why}", between, within, "not_testable")


def structure(solution: Solution, regressors: Mapping[str, Array]) -> str:
    """A trend of the residuals along something that noise of points alone does not make; empty if there is none.

    For each regressor a straight line and a parabola in its logarithm are added to the law, each an F test; the least
    p-value counts, times the number of tests. Needs no repetitions, and sees no misfit that follows no regressor.
    Source: Draper & Smith (1998), section 6.1, for the extra sum of squares.
    """
    errors, jacobian = solution.errors, solution.jacobian[:, solution.active]
    if solution.scatter <= RESOLUTION:
        return ""
    basis, _ = np.linalg.qr(jacobian)
    tests: list[tuple[float, str]] = []
    for name, values in regressors.items():
        x = np.log(values) if (values > 0).all() else values
        levels = len(np.unique(x))
        if levels < FEWEST_LEVELS_OF_TREND:
            continue
        x = (x - x.mean()) / x.std()
        for degree in (1, 2):
            freedom = len(errors) - jacobian.shape[1] - degree
            if degree >= levels - 1 or freedom < 1:
                continue
            added = np.column_stack([x**power for power in range(1, degree + 1)])
            added = added - basis @ (basis.T @ added)
            own, singular, _ = np.linalg.svd(added, full_matrices=False)
            if singular[-1] < SINGULAR * np.sqrt(len(x)):
                continue  # the law has this trend already
            explained = float(((own.T @ errors) ** 2).sum())
            left = float((errors**2).sum()) - explained
            p_value = float(fdtrc(degree, freedom, explained / degree / max(left / freedom, 1e-300)))
            slope = float(errors @ added[:, 0]) if degree == 1 else float(errors @ added[:, 1])
            way = ("rise with", "fall with") if degree == 1 else ("bend upwards along", "bend downwards along")
            tests.append((p_value, f"residuals {way[0] if slope > 0 else way[1]} {name}"))
    if not tests:
        return ""
    p_value, words = min(tests)
    adjusted = min(p_value * len(tests), 1.0)
    return f"{words} (p = {adjusted:.2g})" if adjusted <= REJECT_BELOW else ""


class Variance(NamedTuple):
    """Variance between points over that within points, which is 1 where the law holds, and how often it is so large.

    ``unseen``: standard deviation of points about the law, over that of samples, that the test misses once in five.
    """

    ratio: float
    p_value: float
    unseen: float = 0.0


def analysis_of_variance(solution: Solution, located: Location, point: Index) -> Variance:
    """The classical test for lack of fit (Draper & Smith 1998, section 2.1) on residuals clipped for the disturbed.

    Residuals are those of samples about the law. Where the law holds they are as good as drawn anew for each sample,
    whatever their distribution is, and the means of points vary as they do within; what the fit has already fitted is
    taken out of the means. Clipped residuals are bounded, so the F test keeps its level. Points that are noisier than
    others take more than their share of the scatter: the degrees of freedom are fewer then (Satterthwaite 1946).
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


def trend_in_words(residual: Array, regressors: Mapping[str, Array]) -> str:
    """What the residuals follow: the factor or working set whose parabola in the logarithm explains most of them."""
    best, words = TREND_EXPLAINS, "residuals follow no single factor"
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
                words = f"residuals {_direction(residual, x, slope_share)} {name}"
    return words


def _parabola(residual: Array, x: Array, degree: int) -> tuple[float, float, float]:
    """Share of variance that a polynomial explains, its p-value (F test), and what part the straight line does."""
    total = float(((residual - residual.mean()) ** 2).sum())
    if total <= 0:
        return 0.0, 1.0, 1.0
    left = [float(((residual - np.polyval(_polynomial(residual, x, d), x)) ** 2).sum()) for d in (1, degree)]
    explained, straight = 1 - left[1] / total, 1 - left[0] / total
    freedom = len(residual) - degree - 1
    ratio = explained / degree / max((1 - explained) / freedom, 1e-300)
    return explained, float(fdtrc(degree, freedom, ratio)), straight / max(explained, 1e-300)


def _polynomial(residual: Array, x: Array, degree: int) -> Array:
    """Coefficients of least squares, the highest power first; the smallest ones where levels hardly differ."""
    return np.asarray(np.linalg.lstsq(np.vander(x, degree + 1), residual, rcond=None)[0])


def _direction(residual: Array, x: Array, straight_share: float) -> str:
    bend = _polynomial(residual, x, 2)[0]
    if straight_share >= 0.5:
        return "rise with" if _polynomial(residual, x, 1)[0] > 0 else "fall with"
    return "are lowest at middle levels of" if bend > 0 else "are highest at middle levels of"


def regressors_of(levels: Mapping[str, Array], working_set: Sequence[float] | None) -> dict[str, Array]:
    """What residuals may follow: every factor, and the working set where it is known."""
    extra = {} if working_set is None else {WORKING_SET: np.asarray(working_set, dtype=np.float64)}
    return {**levels, **extra}
