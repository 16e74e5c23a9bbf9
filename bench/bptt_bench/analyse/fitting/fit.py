"""Fitting a law to the samples of a data frame."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from bptt_bench.analyse.data.columns import choose_response, drop_rows_without_level, with_noise_columns
from bptt_bench.analyse.data.response import is_exact, substance, unit_of
from bptt_bench.analyse.data.samples import Samples, check_design, gather, require_cost_everywhere, without_placebo
from bptt_bench.analyse.findings.fits import ExceededBound, LackOfFit, ZeroPossible
from bptt_bench.analyse.findings.obstacles import Confounded, DecidingPoint, SmallShare
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.diagnose import (
    REJECT_BELOW,
    at_point,
    condition_number,
    confounded,
    deciding_point,
    lack_of_fit,
    regressors_of,
    smallest_share,
)
from bptt_bench.analyse.fitting.fitted import Fit, FitErrors, FittedTerm, Noise, Points, own_share
from bptt_bench.analyse.fitting.hosts import Host, find_disagreements, remove_host_effects
from bptt_bench.analyse.fitting.known_points import BoundTest, contradict_bounds, find_point_noise, locate_known
from bptt_bench.analyse.fitting.mixture_relocation import is_law_sharper, relocate
from bptt_bench.analyse.fitting.overhead import parse_overhead, select_overhead
from bptt_bench.analyse.fitting.regime import Regime, select_regimes
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.estimate import Interval, Solution, needs_huber, solve, t_quantiles
from bptt_bench.analyse.stats.influence import Influence, solution_influence, upper_bound_at_zero
from bptt_bench.analyse.stats.known_noise import KnownFit, PointNoise, solve_known
from bptt_bench.analyse.stats.location import Location, locate, point_minima
from bptt_bench.analyse.stats.mixture import PRIOR_SAMPLES
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw
from bptt_bench.plan.law.distinct import with_distinct_terms
from bptt_bench.store.frame import as_samples
from bptt_bench.text.arguments import require_share, require_text, require_texts
from bptt_bench.text.units import Unit

if TYPE_CHECKING:
    import pandas as pd

FAR = float(np.log(1.5))  # above its point, a log sample counts as far from the undisturbed ones
ON_MINIMA = 1e-6  # relative tolerance of the sensitivity check


def fit(
    frame: pd.DataFrame | Path | str,
    law: CostLaw | str,
    *,
    response: str | None = None,
    overhead: Literal["auto"] | str | Sequence[str] = "auto",
    block: str | None = None,
    confidence: float = 0.95,
    working_set: Callable[[Mapping[str, float]], float | None] | None = None,
    term_bytes: Mapping[str, str] | None = None,
    places: dict[tuple[Any, ...], Any] | None = None,
    unit: str | None = None,
    censored: str | None = None,
    standard_error: str | None = None,
) -> Fit:
    """Fit a law to the samples of a frame with factor columns and a response; rows of equal factors are repetitions.

    Parameters
    ----------
    frame : of one subject, whose placebo is left out; or the path of a run or table, which is read as by ``load``.
    response : column to be explained; by default ``seconds_per_eval``, or the only one that is called a time.
    overhead : terms added to the law, ``"1 + T"`` or ``("1", "T")``; ``"auto"`` selects them.
    block : column of blocks whose common drift is subtracted.
    working_set : bytes at a point, as a regressor of residuals.
    term_bytes : working set of the operations of a term, in which thresholds are searched (see
        ``bptt_bench.analyse.fitting.regime``).
    places : cache of the locations of points, for other fits of the same samples.
    unit : of the response, such as ``"ms"``; by default that of its format or in its name. Values stay in this unit.
    censored : column of 0 and 1; where it is 1 the response is a lower bound, as the time of a run that was stopped.
    standard_error : column of the standard error of each response, in its unit; points are weighted by it.

    Warns
    -----
    UserWarning : rows of a file have no level of a factor of the law, and are left out.

    Raises
    ------
    FitError, StoreError : data or law cannot be used; one line that names column, row and allowed values.
    TextError : ``unit`` is not a unit, or an argument has another type than it must have.
    """
    require_text(response=response, block=block, unit=unit, censored=censored, standard_error=standard_error)
    require_texts(overhead=overhead)
    require_share(confidence=confidence)
    frame = with_noise_columns(without_placebo(as_samples(frame)), censored, standard_error)
    try:
        stated = law if isinstance(law, CostLaw) else CostLaw(law)
        extra = () if overhead == "auto" else parse_overhead(overhead, stated)  # type: ignore[arg-type]
        full = with_distinct_terms(stated.plus(*extra))
    except LawError as error:
        raise FitError(str(error)) from None
    response = choose_response(frame, response, [stated])
    of_response = unit_of(response, frame, unit)
    samples = gather(
        _rows_with_levels(frame, full.factors), full.factors, response=response, block=block, what=f"law {full.text!r}"
    )
    hosts: tuple[Host, ...] = ()
    if not is_exact(response):  # bytes and counts do not depend on the speed of a host
        samples, hosts = remove_host_effects(samples, confidence)
    samples, noise = find_point_noise(samples)
    observed = ~noise.censored
    _require_points(full, observed)
    located = (
        locate(samples.log_seconds, samples.point, samples.block, samples.when, places)
        if samples.error is None
        else locate_known(samples)
    )
    robust = located.relative_noise is None or needs_huber(np.bincount(samples.point))
    _design(full, samples, observed)
    if overhead == "auto":
        full = stated.plus(*_needed_overhead(stated, samples, located, observed, robust=robust))
    design = _design(full, samples, observed)
    require_cost_everywhere(design, full, samples.levels)
    _require_points(full, observed)
    plain, solved = located, _settle(design, located, samples, noise, robust=robust)
    regimes: tuple[Regime, ...] = ()
    if term_bytes and located.relative_noise is not None and observed.all():
        regimes = select_regimes(full, term_bytes, samples.levels, solved.located.log_seconds)
    if regimes:
        full = full.plus(*(regime.companion for regime in regimes))
        design = _design(full, samples, observed)
        solved = _settle(design, plain, samples, noise, robust=robust)
    located, solution = solved.located, solved.solution
    sizes = None if working_set is None else _sizes(working_set, samples)
    finding = _with_bounds(
        _lack_of_fit(solved, samples, observed, regressors_of(samples.levels, sizes), response),
        contradict_bounds(design, plain, noise, robust=robust),
        samples,
        of_response,
    )
    influence = solved.influence()
    beyond = {regime.companion for regime in regimes}
    groups = confounded(solution.jacobian[observed])
    names = [str(term) for term in full.terms]
    if hosts:
        shares = solution.jacobian * solution.coefficients
        least = smallest_share(response)
        hosts = find_disagreements(samples, hosts, shares, names, smallest=least, confidence=confidence)
    terms = _terms(stated, full, response, of_response, solution, influence, groups, samples, confidence, beyond)
    if finding.kind == "not_rejected" and own_share(terms) < smallest_share(response):
        finding = dataclasses.replace(finding, p_value=None, kind="not_testable", with_overhead=finding)
    return Fit(
        law=stated,
        full_law=full,
        response=response,
        unit=of_response,
        factors=tuple(samples.levels),
        terms=terms,
        coefficients=solution.coefficients,
        influence=influence,
        coefficients_on_minima=_on_minima(design, samples, solution, observed, robust=robust),
        points=_points(samples, solved, confidence),
        noise=Noise(located.relative_noise, located.contaminated_share, float((located.residual > FAR).mean())),
        error=FitErrors.of(solution.residual[observed]),
        lack_of_fit=finding,
        n_points=samples.n_points,
        n_samples=len(samples.point),
        below_floor=samples.below_floor,
        regimes=regimes,
        condition_number=condition_number(solution.jacobian[observed]),
        confounded=tuple(frozenset(names[m] for m in group) for group in groups),
        scatter=solved.scatter,
        freedom=solved.freedom,
        aicc=solved.aicc,
        confidence=confidence,
        hosts=hosts,
    )


def _rows_with_levels(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a file's table that have a level of each factor, and warn the caller of ``fit`` of others."""
    kept, left_out = drop_rows_without_level(frame, names)
    for note in left_out:
        warnings.warn(note, stacklevel=3)
    return kept


def _require_points(law: CostLaw, observed: Flags) -> None:
    """Check that there are more points than terms, without which errors are unknown."""
    least, n = len(law.terms) + 1, int(observed.sum())
    if n < least:
        what = "points" if observed.all() else "points that are not censored"
        few = f"{n} {'is' if n == 1 else 'are'} too few"
        terms = f"{len(law.terms)} term{'' if len(law.terms) == 1 else 's'}"
        raise FitError(f"{what}: {few} for law {law.text!r} of {terms}; allowed are {least} or more")


def _needed_overhead(
    stated: CostLaw, samples: Samples, located: Location, observed: Flags, *, robust: bool
) -> tuple[str, ...]:
    levels = {name: values[observed] for name, values in samples.levels.items()}
    return select_overhead(stated, levels, located.log_seconds[observed], robust=robust)


def _on_minima(design: Array, samples: Samples, solution: Solution, observed: Flags, *, robust: bool) -> Array:
    """Return the coefficients (k,) of the same fit to the smallest sample of each point."""
    lowest, start = point_minima(samples.log_seconds, samples.point)[observed], solution.coefficients
    return solve(design[observed], lowest, robust=robust, start=start, tolerance=ON_MINIMA).coefficients


class _Solved(NamedTuple):
    """A law fitted to the locations of points, and the same with known noise."""

    located: Location
    solution: Solution
    fitted: Array  # (n_points,)
    censored: Flags
    known: KnownFit | None = None

    @property
    def error(self) -> Array:
        """Standard error of the logarithm of each point (n_points,)."""
        if self.known is None:
            return self.located.standard_error
        return np.where(self.censored, self.known.error, self.located.standard_error)

    @property
    def scatter(self) -> float:
        """Standard deviation of points about the law."""
        if self.known is None:
            return self.solution.scatter
        return float(np.sqrt(self.known.own**2 + self.known.stated))

    @property
    def freedom(self) -> int:
        return self.solution.freedom if self.known is None else self.known.freedom

    @property
    def aicc(self) -> float:
        return self.solution.aicc if self.known is None else self.known.aicc

    def influence(self) -> Influence:
        """Return the influence of the points, weighted by what is known of them."""
        if self.known is None:
            return solution_influence(self.solution, self.located.level)
        standard, freedom = self.known.standard, self.known.freedom  # bounds count with their information
        found = solution_influence(standard, self.located.level)
        scatter = float(np.sqrt((standard.errors**2).sum() / freedom))
        if scatter < self.known.unit:  # points that agree by chance are known no better than is stated
            scatter, error = self.known.unit, self.known.unit * np.sqrt(1 - found.leverage)
            found = found._replace(error=error)
        return found._replace(freedom=min(found.freedom, freedom), scatter=max(found.scatter, scatter))


def _settle(design: Array, located: Location, samples: Samples, noise: PointNoise, *, robust: bool) -> _Solved:
    """Fit the law to the locations of points, and relocate these by the law where it is more precise."""
    if noise.censored.any() or noise.variance is not None:
        known = solve_known(design, located.log_seconds, noise, robust=robust)
        return _Solved(located, known.plain, design @ known.plain.coefficients, noise.censored, known)
    solution = solve(design, located.log_seconds, robust=robust)
    if is_law_sharper(located, solution, samples.point):
        located, solution = relocate(located, solution, design, samples.point)
    return _Solved(located, solution, np.exp(located.log_seconds - solution.residual), noise.censored)


def _lack_of_fit(
    solved: _Solved, samples: Samples, observed: Flags, regressors: Mapping[str, Array], response: str
) -> LackOfFit:
    """Test the law at the points that were observed."""
    located, solution, point = solved.located, solved.solution, samples.point
    stated = None if samples.error is None else located.standard_error[observed]
    if not observed.all():
        kept, place = observed[point], np.cumsum(observed) - 1
        solution = solution._replace(
            residual=solution.residual[observed],
            jacobian=solution.jacobian[observed],
            weights=solution.weights[observed],
            precision=solution.precision_of_points[observed],
        )
        located, point = located._replace(residual=located.residual[kept]), place[point[kept]]
        regressors = {name: values[observed] for name, values in regressors.items()}
    return lack_of_fit(solution, located, point, regressors, response, stated)


def _with_bounds(finding: LackOfFit, found: BoundTest | None, samples: Samples, unit: Unit | None) -> LackOfFit:
    """Return the test of a law with the lower bound that contradicts it, if one does."""
    if found is None or found.p_value > REJECT_BELOW:
        return finding
    exceeded = ExceededBound(
        at=at_point(samples.levels, found.point),
        bound=found.bound,
        expected=found.expected,
        unit=unit,
        p_value=found.p_value,
    )
    known = finding.p_value if finding.kind == "rejected" and finding.p_value is not None else 1.0
    return dataclasses.replace(finding, kind="rejected", exceeded=exceeded, p_value=min(known, found.p_value))


def _sizes(working_set: Callable[[Mapping[str, float]], float | None], samples: Samples) -> list[float] | None:
    """Return the bytes at each point; None if some are unknown."""
    found = [working_set(at_point(samples.levels, i)) for i in range(samples.n_points)]
    known = [size for size in found if size is not None]
    return known if len(known) == len(found) else None


def _design(law: CostLaw, samples: Samples, observed: Flags) -> Array:
    """Return the checked design matrix (n_points, k) of a law at the points of the samples."""
    design = check_design(law.columns(dict(samples.levels)), law.terms, samples.levels, samples.table_row)
    if not observed.all():
        check_design(design[observed], law.terms, {name: values[observed] for name, values in samples.levels.items()})
    return design


def _terms(
    stated: CostLaw,
    full: CostLaw,
    response: str,
    unit: Unit | None,
    solution: Solution,
    influence: Influence,
    groups: Sequence[frozenset[int]],
    samples: Samples,
    confidence: float,
    beyond: set[str],
) -> tuple[FittedTerm, ...]:
    c, jacobian = solution.coefficients, solution.jacobian
    half = influence.half_widths(np.eye(len(c)), confidence)
    n_law, fitted = len(stated.terms), full.evaluate(dict(samples.levels), c)
    largest = int(np.argmax(fitted))
    terms = []
    for j, term in enumerate(full.terms):
        if groups[j] or not np.isfinite(half[j]):
            low, high = 0.0, float("inf")
        elif solution.active[j]:
            low, high = max(float(c[j] - half[j]), 0.0), float(c[j] + half[j])
        else:
            low, high = 0.0, upper_bound_at_zero(solution, j, confidence)
        shares = jacobian[:, j] * c[j]  # (n_points,): the Jacobian is relative to the fitted time
        top = int(np.argmax(shares if c[j] > 0 else jacobian[:, j]))
        reason = _why_not(full, response, unit, j, c, low, high, at_point(samples.levels, top), groups[j])
        terms.append(
            FittedTerm(
                term=str(term),
                role="law" if j < n_law else "regime" if str(term) in beyond else "overhead",
                coefficient=float(c[j]),
                low=low,
                high=high,
                share_at_largest=float(shares[largest]),
                largest_share=float(shares[top]),
                identifiable=reason is None,
                reason=reason,
            )
        )
    return tuple(terms)


def _why_not(
    law: CostLaw,
    response: str,
    unit: Unit | None,
    j: int,
    c: Array,
    low: float,
    high: float,
    top: Mapping[str, float],
    others: frozenset[int],
) -> Finding | None:
    """Return why a coefficient cannot be identified; ``None`` if it can. ``top``: where its share is largest."""
    name = str(law.terms[j])
    if others:
        twin = law.terms[min(others)]
        apart = [f for f in law.factors if law.terms[j].local_exponent(f, top) != twin.local_exponent(f, top)]
        names = tuple(str(law.terms[m]) for m in sorted(others))
        return Confounded(terms=(name,), others=names, separated_by=apart[0] if apart else None)
    if not np.isfinite(high):
        return Confounded(terms=(name,))
    possible = c.copy()
    possible[j] = c[j] if c[j] > 0 else high  # a coefficient of 0 is judged by how large it may be
    values = law.columns({f: np.array([level]) for f, level in top.items()} or {"": np.ones(1)})[0] * possible
    share = float(values[j] / values.sum())
    if share < smallest_share(response):
        where = DecidingPoint(at=deciding_point(law, j, possible, top, response))
        return SmallShare(terms=(name,), share=share, of=substance(response, unit), at=dict(top), advice=where)
    return ZeroPossible(term=name, coefficient=float(c[j]), high=high, unit=unit) if low <= 0 else None


def _points(samples: Samples, solved: _Solved, confidence: float) -> pd.DataFrame:
    """Return a frame with a row per point: levels, number of samples, measured with its interval, fitted, residual."""
    import pandas as pd

    located = solved.located
    y, error = located.log_seconds, solved.error
    own = located.effective - 1
    freedom = np.minimum(own + PRIOR_SAMPLES, max(float(own.sum()), 1.0))  # noise is shrunk towards that of all points
    half = t_quantiles(confidence, freedom) * error
    if located.relative_noise is None:
        error, half = np.where(solved.censored, error, 0.0), np.full_like(half, np.nan)
    half = np.where(solved.censored, 0.0, half)
    with np.errstate(over="ignore"):  # an error that is stated may be as large as it likes
        high = np.where(solved.censored, np.inf, np.exp(y + half))
    return pd.DataFrame(
        {
            **samples.levels,
            "n_samples": np.bincount(samples.point),
            "measured": np.exp(y),
            "low": np.exp(y - half),
            "high": high,
            "fitted": solved.fitted,
            "log_residual": solved.solution.residual,
            "location_error": error,
            **({"censored": solved.censored} if solved.censored.any() else {}),
        }
    )


__all__ = ["Fit", "FitError", "FitErrors", "FittedTerm", "Interval", "Noise", "Points", "fit"]
