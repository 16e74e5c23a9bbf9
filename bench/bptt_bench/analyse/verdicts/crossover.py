"""Judging where one group of phases overtakes another along a factor."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.evidence.evidence import Evidence
from bptt_bench.analyse.findings.estimates import CrossingEstimate, NoCrossingWithin
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.obstacles import DistantCrossing, NoCrossing
from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.findings.remarks import UnequalParts
from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, t_quantile
from bptt_bench.analyse.stats.scalar_root import root
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, not_identifiable, settle, weigh
from bptt_bench.analyse.verdicts.width import width_of
from bptt_bench.plan import CostLaw, CrossoverClaim
from bptt_bench.plan.design.columns import phase_column

FARTHEST = 4.0  # times the largest measured level; beyond it a crossing is a guess about the law, not a measurement
STEPS = 400  # of the search for a change of sign, over the logarithm of the factor


class SignedFit(NamedTuple):
    """A fitted phase of a subject and the sign with which it enters rising less falling."""

    sign: float
    fit: Fit
    subject: str = ""
    is_rising: bool = True


class Lead(NamedTuple):
    """Rising less falling at a level (seconds), and its standard error."""

    seconds: float
    error: float


def judge_crossover(evidence: Evidence, claim: CrossoverClaim) -> Verdict:
    """Judge the level at which the fitted phases are equal, against the predicted level."""
    others = {name: level for name, level in claim.at.items() if name != claim.factor}
    predicted = float(CostLaw(claim.level).evaluate(others))
    parts = _parts(evidence, claim)
    if isinstance(parts, Reason):
        return inconclusive(claim, parts, predicted)
    largest = max(float(part.fit.points[claim.factor].max()) for part in parts)
    crossing = _crossing(parts, claim, FARTHEST * max(largest, predicted))
    freedom = min(part.fit.freedom for part in parts)
    width = t_quantile(evidence.confidence, freedom)
    limits = Limits.times(predicted, claim.margin, claim.bound)
    if crossing is None:
        return _without_crossing(parts, claim, predicted, limits, width, largest)
    half = width * _error_of_log_level(parts, claim, crossing)
    with np.errstate(over="ignore"):
        ends = float(crossing * np.exp(-half)), float(crossing * np.exp(half))
    estimate = Interval(crossing, *ends)
    if crossing > FARTHEST * largest:
        distant = DistantCrossing(factor=claim.factor, level=crossing, largest=largest)
        return inconclusive(claim, not_identifiable(distant), predicted, estimate)
    finding = CrossingEstimate(
        factor=claim.factor,
        rising=tuple(claim.rising),
        falling=tuple(claim.falling),
        at=others,
        estimate=estimate,
        predicted=predicted,
        limits=limits,
    )
    if limits.judge(estimate) != "inconclusive":
        return weigh(claim, finding, _where_predicted(parts, claim, predicted))
    least_certain = max(parts, key=lambda part: lead([part], claim, crossing).error)
    return weigh(claim, finding, width=width_of(least_certain.fit, evidence))


def _parts(evidence: Evidence, claim: CrossoverClaim) -> list[SignedFit] | Reason:
    parts = []
    for subject, factor in ((claim.subject, 1.0), (claim.less, -1.0)):
        if subject is None:
            continue
        for sign, phases in ((1.0, claim.rising), (-1.0, claim.falling)):
            for phase in phases:
                fit = evidence.usable_fit(subject, phase_column(phase))
                if isinstance(fit, Reason):
                    return fit
                parts.append(SignedFit(sign * factor, fit, subject, is_rising=sign > 0))
    return parts


def _where_predicted(parts: Sequence[SignedFit], claim: CrossoverClaim, predicted: float) -> UnequalParts | None:
    """Return how the groups of phases compare at the level where they were predicted to be equal."""
    rising, falling = (
        lead([part for part in parts if part.is_rising is which], claim, predicted).seconds for which in (True, False)
    )
    if rising <= 0 or falling >= 0:
        return None
    return UnequalParts(
        factor=claim.factor,
        level=predicted,
        rising=tuple(claim.rising),
        falling=tuple(claim.falling),
        falling_over_rising=-falling / rising,
    )


def lead(parts: Sequence[SignedFit], claim: CrossoverClaim, level: float) -> Lead:
    """Return rising less falling at a level; errors of the parts are taken as independent, which is conservative."""
    seconds, variance = 0.0, 0.0
    for sign, fit, *_ in parts:
        row = columns_at(fit.full_law, [{**claim.at, claim.factor: level}])[0]
        seconds += sign * float(row @ fit.coefficients)
        variance += float(((fit.changes @ row) ** 2).sum())
    return Lead(seconds, math.sqrt(variance) if math.isfinite(variance) else math.inf)


def _crossing(parts: Sequence[SignedFit], claim: CrossoverClaim, farthest: float) -> float | None:
    """Return the first level from 1 up at which rising overtakes falling."""
    logs = np.linspace(0.0, math.log(farthest), STEPS)
    table = {**{name: np.full(STEPS, level) for name, level in claim.at.items()}, claim.factor: np.exp(logs)}
    seconds = np.zeros(STEPS)
    for sign, fit, *_ in parts:
        seconds += sign * (columns_at(fit.full_law, table) @ fit.coefficients)
    upward = np.flatnonzero((seconds[:-1] < 0) & (seconds[1:] >= 0))
    if not len(upward):
        return None
    first = int(upward[0])
    ends = float(logs[first]), float(logs[first + 1])
    found = root(lambda log: lead(parts, claim, math.exp(log)).seconds, ends, seconds[first : first + 2].tolist())
    return math.exp(found)


def _slope(parts: Sequence[SignedFit], claim: CrossoverClaim, crossing: float) -> float:
    """Return the seconds of lead gained per unit of the log of the level."""
    step = 1e-4
    up, down = (lead(parts, claim, crossing * math.exp(sign * step)).seconds for sign in (1, -1))
    return (up - down) / (2 * step)


def _error_of_log_level(parts: Sequence[SignedFit], claim: CrossoverClaim, crossing: float) -> float:
    """Return the standard error of the log of the crossing: that of the lead over its slope there."""
    slope = _slope(parts, claim, crossing)
    return lead(parts, claim, crossing).error / abs(slope) if slope else math.inf


def gradients(evidence: Evidence, claim: CrossoverClaim) -> list[tuple[SignedFit, Array]]:
    """Return the fits that the crossing rests on, with the slopes of its log level in their coefficients (k,).

    The slopes are up to sign; empty where there is no crossing.
    """
    predicted = float(CostLaw(claim.level).evaluate({n: x for n, x in claim.at.items() if n != claim.factor}))
    parts = _parts(evidence, claim)
    if isinstance(parts, Reason):
        return []
    largest = max(float(part.fit.points[claim.factor].max()) for part in parts)
    crossing = _crossing(parts, claim, FARTHEST * max(largest, predicted))
    if crossing is None:
        return []
    slope = _slope(parts, claim, crossing)
    if not slope:
        return []
    at = [{**claim.at, claim.factor: crossing}]
    return [(part, columns_at(part.fit.full_law, at)[0] / slope) for part in parts]


def _without_crossing(
    parts: Sequence[SignedFit], claim: CrossoverClaim, predicted: float, limits: Limits, width: float, largest: float
) -> Verdict:
    """Refute where rising is surely behind at the high limit or surely ahead at the low one, else inconclusive."""
    phases: dict[str, tuple[str, ...]] = {"rising": tuple(claim.rising), "falling": tuple(claim.falling)}
    for end, sign in ((limits.high, -1), (limits.low, 1)):
        if not 0 < end <= FARTHEST * largest:
            continue
        seconds, error = lead(parts, claim, end)
        if sign * seconds > width * error:
            finding = NoCrossingWithin(factor=claim.factor, **phases, level=end, predicted=predicted, is_ahead=sign > 0)
            return settle(claim, "refuted", finding, predicted, None)
    return inconclusive(claim, not_identifiable(NoCrossing(factor=claim.factor, **phases, largest=largest)), predicted)
