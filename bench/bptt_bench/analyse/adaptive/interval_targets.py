"""From claims and evidence to the intervals that are worth narrowing, and what each of them rests on."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import chdtri

from bptt_bench.analyse.adaptive.precision import (
    ExhaustedClaim,
    IntervalTarget,
    LinearisedFit,
    PairedSamples,
    Rows,
    TimedCell,
)
from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.evidence.evidence import Evidence
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.obstacles import ExponentOutOfRange, InfiniteInterval, SingleMeasurement
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.fitting.diagnose import describe, shares_of
from bptt_bench.analyse.fitting.exponent import log_growth
from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.stats.paired_mean import PRIOR_PAIRS
from bptt_bench.analyse.verdicts.crossover import gradients
from bptt_bench.analyse.verdicts.judges import judge_all
from bptt_bench.analyse.verdicts.ratio import measured_ratio
from bptt_bench.analyse.verdicts.verdict import Verdict, not_identifiable
from bptt_bench.plan import AmountClaim, Claim, CrossoverClaim, ExponentClaim, Point, RatioClaim, ShareClaim
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL, phase_column

if TYPE_CHECKING:
    import pandas as pd

ROOM = 1.25  # an interval this many times as wide must still give the same verdict: then it has room to spare
UNKNOWN_HALF_WIDTH = 1.0  # of a ratio whose logarithm the samples so far do not define: a factor of e either way


def interval_targets(evidence: Evidence, claims: Iterable[Claim]) -> tuple[list[IntervalTarget], list[ExhaustedClaim]]:
    """Return the intervals of some claims, and the claims that have none which further samples could narrow."""
    targets: list[IntervalTarget] = []
    exhausted: list[ExhaustedClaim] = []
    for claim in claims:
        if isinstance(claim, ExponentClaim | AmountClaim) and is_exact(claim.response):
            single = SingleMeasurement(response=claim.response)
            exhausted.append(ExhaustedClaim(claim.name, Reason(kind=Kind.IMPRECISE, finding=single)))
            continue
        verdicts = [] if claim.kind == "check" else judge_all(evidence, [claim])
        for verdict in verdicts:  # none where the profile of the run does not judge the claim
            found = _targets(evidence, claim, verdict)
            if isinstance(found, Reason):
                exhausted.append(ExhaustedClaim(claim.name, found))
            else:
                targets += found
    return targets, exhausted


def required_fits(claims: Iterable[Claim]) -> frozenset[tuple[str, str]]:
    """Return subject and response of the fits that some claims are judged on."""
    needed: set[tuple[str, str]] = set()
    for claim in claims:
        match claim:
            case ExponentClaim() if not is_exact(claim.response):
                needed.add((claim.subject, claim.response))
            case ShareClaim():
                needed.add((claim.subject, SECONDS_PER_EVAL))
            case CrossoverClaim():
                subjects = (claim.subject, *([claim.less] if claim.less is not None else []))
                phases = (*claim.rising, *claim.falling)
                needed |= {(subject, phase_column(phase)) for subject in subjects for phase in phases}
    return frozenset(needed)


def half_widths(targets: Iterable[IntervalTarget]) -> dict[str, float]:
    """Return the half-width of each claim; of several figures the geometric mean."""
    by_claim: dict[str, list[float]] = {}
    for target in targets:
        by_claim.setdefault(target.claim, []).append(target.half_width)
    return {claim: float(np.exp(np.mean(np.log(widths)))) for claim, widths in by_claim.items()}


def _targets(evidence: Evidence, claim: Claim, verdict: Verdict) -> list[IntervalTarget] | Reason:
    """Return the targets of a claim, or why there are none."""
    if isinstance(claim, RatioClaim):
        return _ratio(evidence, claim)
    reason, found = verdict.reason, _interval(verdict)
    # as long as there are few samples, an exponent out of range may be their noise
    is_hidden = reason.kind is Kind.NOT_IDENTIFIABLE and not isinstance(reason.finding, ExponentOutOfRange)
    if found is None or verdict.predicted is None or is_hidden:
        return reason if verdict.verdict == "inconclusive" else not_identifiable(InfiniteInterval())
    match claim:
        case ExponentClaim():
            return [_exponent(evidence, claim, found, verdict.predicted)]
        case ShareClaim():
            return [_share(evidence, claim, found)]
        case CrossoverClaim():
            return _crossover(evidence, claim, found, verdict.predicted)
    return not_identifiable(InfiniteInterval(claim_kind=claim.kind))


def _interval(verdict: Verdict) -> Interval | None:
    """Return the interval of a verdict; ``None`` where it has none, or an infinite one."""
    if verdict.estimate is None or verdict.low is None or verdict.high is None:
        return None
    found = Interval(verdict.estimate, verdict.low, verdict.high)
    return found if np.isfinite(found).all() else None


def _exponent(evidence: Evidence, claim: ExponentClaim, found: Interval, predicted: float) -> IntervalTarget:
    fit = evidence.fit_at(evidence.fits[claim.subject, claim.response], claim.subject, claim.at)
    named = fit.indices(claim.terms)
    freed = [*named, *fit.companions(named)]
    active, at = fit.coefficients > 0, claim.at

    def rows(points: list[Mapping[str, float]]) -> Array:
        values = shares_of(columns_at(fit.full_law, points) * fit.coefficients)
        levels = {name: np.array([float(point[name]) for point in points]) for name in claim.factors}
        growth = log_growth(levels, at, claim.factors)
        return np.column_stack([values[:, active], values[:, freed].sum(axis=1) * growth])

    part = _part(fit, claim.subject, claim.response, rows, np.append(np.zeros(int(active.sum())), 1.0))
    limits = Limits.around(predicted, claim.margin, claim.bound)
    return IntervalTarget(
        claim=claim.name,
        what=f"exponent of {claim.named_factors}",
        half_width=(found.high - found.low) / 2,
        deciding=_room(limits.low, limits.high, found.estimate) / ROOM,
        basis=(replace(part, accepts=_same_regimes(evidence, claim)),),
    )


def _same_regimes(evidence: Evidence, claim: ExponentClaim) -> Callable[[Mapping[str, float]], bool]:
    """Return a test of whether a point is in the cache regimes of a claim, as ``Evidence.fit_at`` selects them."""
    whole = evidence.fits[claim.subject, claim.response]
    below = [regime for regime in whole.regimes if regime.bytes_at(claim.at) <= regime.threshold]
    return lambda point: all(regime.bytes_at(point) <= regime.threshold for regime in below)


def _share(evidence: Evidence, claim: ShareClaim, found: Interval) -> IntervalTarget:
    fit = evidence.fits[claim.subject, SECONDS_PER_EVAL]
    shares = shares_of(columns_at(fit.full_law, [claim.at])[0] * fit.coefficients)
    members = np.isin(np.arange(len(shares)), fit.indices(fit.terms_with(claim.factor)))
    slope = np.where(members, shares, 0.0) / shares[members].sum() - shares  # of the log share, in log coefficients
    active = fit.coefficients > 0
    low, high = (claim.share, math.inf) if claim.bound == "lower" else (-math.inf, claim.share)
    return IntervalTarget(
        claim=claim.name,
        what=f"share of the terms with {claim.factor}",
        # the end that was cut off at 0 or 1 says nothing: twice the other side
        half_width=max(found.high - found.estimate, found.estimate - found.low) / found.estimate,
        deciding=_room(low, high, found.estimate) / found.estimate / ROOM,
        basis=(_part(fit, claim.subject, SECONDS_PER_EVAL, _shares_at(fit), slope[active]),),
    )


def _crossover(
    evidence: Evidence, claim: CrossoverClaim, found: Interval, predicted: float
) -> list[IntervalTarget] | Reason:
    parts = gradients(evidence, claim)
    if not parts or found.low <= 0:
        return not_identifiable(InfiniteInterval())
    limits = Limits.times(predicted, claim.margin, claim.bound)
    log_low, log_high = (math.log(end) if end > 0 else -math.inf for end in (limits.low, limits.high))
    basis = []
    for (_, fit, subject, _), gradient in parts:
        active = fit.coefficients > 0
        slope = (gradient * fit.coefficients)[active]
        basis.append(_part(fit, subject, fit.response, _shares_at(fit), slope))
    return [
        IntervalTarget(
            claim=claim.name,
            what=f"level of {claim.factor} of the crossing",
            half_width=math.log(found.high / found.low) / 2,
            deciding=_room(log_low, log_high, math.log(found.estimate)) / ROOM,
            basis=tuple(basis),
        )
    ]


def _ratio(evidence: Evidence, claim: RatioClaim) -> list[IntervalTarget] | Reason:
    """Return one target for each claimed point; where noise leaves the ratio undefined, its half-width is large."""
    subjects = [claim.subject, claim.over, *([claim.less] if claim.less is not None else [])]
    found = measured_ratio(evidence, claim)
    if isinstance(found, Reason) and found.kind is not Kind.NOT_IDENTIFIABLE:
        return found
    points = list(claim.points) if isinstance(found, Reason) else [Point(point) for point in found.points]
    edge = math.log1p(claim.margin)
    low = -math.inf if claim.bound == "upper" else -edge
    high = math.inf if claim.bound == "lower" else edge
    targets = []
    for i, point in enumerate(points):
        half, deciding, freedom, total = UNKNOWN_HALF_WIDTH, 0.0, PRIOR_PAIRS + 1, 2.0
        if not isinstance(found, Reason):
            half = float(found.ends[1][i] - found.ends[0][i]) / 2
            deciding = _room(low, high, float(found.log_ratio[i] - found.predicted[i])) / ROOM
            freedom, total = float(found.freedom[i]), float(found.pairs[i])
        cells = tuple(TimedCell(subject, point, "whole") for subject in subjects)
        clean = min(total / _visits(evidence, cells), 1.0)
        pairs = PairedSamples(cells=cells, total=total, clean=clean, freedom=freedom, confidence=evidence.confidence)
        what = f"ratio at {describe(point)}"
        targets.append(
            IntervalTarget(
                claim=claim.name,
                what=what,
                half_width=half,
                deciding=deciding,
                basis=pairs,
                weight=1 / len(points),
            )
        )
    return targets


def _visits(evidence: Evidence, cells: Iterable[TimedCell]) -> int:
    """Return the least number of visits to any of some cells, at least 1."""
    counts = []
    for cell in cells:
        rows = evidence.rows(cell.subject, SECONDS_PER_EVAL)
        here = np.ones(len(rows), dtype=bool)
        for name, level in cell.point.items():
            here &= (rows[name] == level).to_numpy(dtype=bool)
        counts.append(int(here.sum()))
    return max(min(counts), 1)


def _shares_at(fit: Fit) -> Rows:
    active = fit.coefficients > 0

    def rows(points: list[Mapping[str, float]]) -> Array:
        return shares_of(columns_at(fit.full_law, points) * fit.coefficients)[:, active]

    return rows


def _part(fit: Fit, subject: str, response: str, rows: Rows, gradient: Array) -> LinearisedFit:
    names = list(fit.factors)
    table: pd.DataFrame = fit.points[names]
    points = [Point(dict(zip(names, levels, strict=True))) for levels in table.to_numpy(dtype=np.float64).tolist()]
    timing = "whole" if response == SECONDS_PER_EVAL else "phases"
    counts = fit.points["n_samples"].to_numpy(dtype=np.float64)
    error = fit.points["location_error"].to_numpy(dtype=np.float64)
    effect, least = (_beyond(fit.scatter**2 * shrunk, error) for shrunk in (1.0, _lower_end(fit)))
    noise = error**2 * counts
    if fit.noise.relative is None:  # nothing was repeated: what scatters may all be noise
        effect, least, noise = 0.0, 0.0, np.full(len(points), fit.scatter**2)
    return LinearisedFit(
        cells=tuple(TimedCell(subject, point, timing) for point in points),
        jacobian=rows(list(points)),
        gradient=gradient,
        effect=effect,
        least_effect=least,
        noise=noise,
        counts=counts,
        rows=rows,
    )


def _beyond(scatter: float, error: Array) -> float:
    """Return the variance of points about the law beyond that of their locations."""
    return max(scatter - float(np.mean(error**2)), 0.0)


def _lower_end(fit: Fit) -> float:
    """Return the lower end of the interval of a variance over its estimate."""
    return float(fit.freedom / chdtri(fit.freedom, (1 - fit.confidence) / 2))


def _room(low: float, high: float, estimate: float) -> float:
    """Return the distance of an estimate to the nearest of its limits, from within or without."""
    return min(abs(estimate - low), abs(high - estimate))


__all__ = ["ExhaustedClaim", "IntervalTarget", "half_widths", "interval_targets", "required_fits"]
