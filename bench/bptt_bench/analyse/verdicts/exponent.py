"""Judging the exponent of terms: free in the fit, or of all of the response where the terms are lost in it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bptt_bench.analyse.data.response import is_count, is_memory, substance
from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence
from bptt_bench.analyse.findings.estimates import AmbiguousExponent, BoundOnWhole, ExponentEstimate, ExtremeExponent
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.obstacles import Confounded, DecidingPoint, FlatResponse, SmallShare
from bptt_bench.analyse.findings.reason import Finding, Reason
from bptt_bench.analyse.findings.remarks import SelectedPoints
from bptt_bench.analyse.fitting.diagnose import deciding_point, shares_of, smallest_share
from bptt_bench.analyse.fitting.exponent import FreeExponent, free_exponent
from bptt_bench.analyse.fitting.fit import fit as fit_law
from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.stats.log_slopes import log_slopes
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, not_identifiable, settle, weigh
from bptt_bench.analyse.verdicts.width import width_of
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, ExponentClaim, LawError, Point

FEWEST_LEVELS = 3
WIDE = 10.0  # largest level over smallest: over less, a constant part may hide any growth


def judge_exponent(evidence: Evidence, claim: ExponentClaim) -> Verdict:
    """Judge the free exponent of some terms against the law's own."""
    whole = evidence.usable_fit(claim.subject, claim.response)
    if isinstance(whole, Reason):
        return inconclusive(claim, whole)
    claim = dataclasses.replace(claim, at=_measured_point(whole, claim.at))
    fit = evidence.fit_at(whole, claim.subject, claim.at)
    free = free_exponent(fit, claim.terms, claim.factors, claim.at)
    others = confounded_terms(fit, claim.terms)
    if others:
        return inconclusive(claim, not_identifiable(Confounded(terms=claim.terms, others=others)), free.law)
    if free.share < smallest_share(claim.response) or free.obstacle is not None:
        refuted = _refuted_without_lower_terms(evidence, whole, claim)
        if refuted is not None:
            return refuted
    if free.share < smallest_share(claim.response):
        small = SmallShare(terms=claim.terms, share=free.share, of=substance(claim.response), at=claim.at)
        advice = _flat_response(fit, claim, free.law) or _deciding_point(fit, claim.terms, claim.at)
        open_reason = not_identifiable(dataclasses.replace(small, advice=advice))
        return _bound_on_whole(evidence, fit, claim, free.law, small) or inconclusive(
            claim, open_reason, free.law, free.interval
        )
    if free.obstacle is not None:
        return _judge_extreme(claim, free) or (
            _bound_on_whole(evidence, fit, claim, free.law, free.obstacle)
            or inconclusive(claim, not_identifiable(free.obstacle), free.law, free.interval)
        )
    remarks: list[Finding] = []
    if fit.n_points < whole.n_points:
        remarks.append(SelectedPoints(n_points=fit.n_points, of=whole.n_points))
    return weigh_exponent(evidence, fit, claim, free, *remarks, *whole.cache_regimes(claim.terms))


def _refuted_without_lower_terms(evidence: Evidence, whole: Fit, claim: ExponentClaim) -> Verdict | None:
    """Return a refutation of a law whose terms are lost among lower ones, by the law beside a constant alone.

    Lower terms take up all that counts of linear work hold, so that a law of n² is not seen at all. Beside a constant
    it must follow the counts itself. Only counts have no noise that this could mistake for growth.
    """
    overhead = [term.term for term in whole.terms if term.role != "law"]
    if not is_count(claim.response) or not set(overhead) - {"1"}:
        return None
    rows = evidence.rows(claim.subject, claim.response)
    try:
        alone = fit_law(rows, whole.law, response=claim.response, overhead=("1",), confidence=evidence.confidence)
        free = free_exponent(alone, claim.terms, claim.factors, claim.at)
    except (FitError, LawError):
        return None
    if free.obstacle is not None or free.share < smallest_share(claim.response):
        return None
    found = weigh_exponent(evidence, alone, claim, free)
    return found if found.verdict == "refuted" else None


def _measured_point(fit: Fit, at: Point) -> Point:
    """Return the point of a claim if it was measured, else the measured point nearest to it by the ratios of levels.

    A point may be left out because the code raises there, and instructions are counted at smaller levels than times.
    """
    names = [name for name in fit.factors if name in at]
    levels = fit.points[names].to_numpy(dtype=np.float64)
    wanted = np.array([float(at[name]) for name in names])
    if not names or not (levels > 0).all() or not (wanted > 0).all() or (levels == wanted).all(axis=1).any():
        return at
    nearest = int(np.abs(np.log(levels / wanted)).sum(axis=1).argmin())
    return at.replace(**{name: float(level) for name, level in zip(names, levels[nearest], strict=True)})


def weigh_exponent(
    evidence: Evidence, fit: Fit, claim: ExponentClaim, free: FreeExponent, *remarks: Finding
) -> Verdict:
    """Return the verdict on a free exponent; it refutes only if its profile does so too."""
    limits = Limits.around(free.law, claim.margin, claim.bound)
    stated = _stated(claim, free.law, limits)
    (low, high), word = free.profile, limits.judge(free.interval)
    if word != "refuted" or limits.decide(low, high) == "refuted":
        estimate = ExponentEstimate(**stated, estimate=free.interval)
        width = width_of(fit, evidence) if word == "inconclusive" else None
        return weigh(claim, estimate, *remarks, width=width)
    finding = AmbiguousExponent(**stated, estimate=free.interval, profile_low=low, profile_high=high)
    return settle(claim, "inconclusive", finding, free.law, free.interval, *remarks, width=width_of(fit, evidence))


def _stated(claim: ExponentClaim, law: float, limits: Limits) -> dict[str, Any]:
    return {"factors": claim.factors, "terms": claim.terms, "at": claim.at, "predicted": law, "limits": limits}


def _judge_extreme(claim: ExponentClaim, free: FreeExponent) -> Verdict | None:
    """Return a refutation where the exponent lies outside the limits however far beyond the range searched it lies."""
    limits = Limits.around(free.law, claim.margin, claim.bound)
    low, high = free.profile
    if limits.decide(low, high) != "refuted":
        return None
    is_low = high < limits.low
    finding = ExtremeExponent(
        **_stated(claim, free.law, limits), at_most=high if is_low else None, at_least=None if is_low else low
    )
    return settle(claim, "refuted", finding, free.law, free.interval)


def confounded_terms(fit: Fit, terms: Iterable[str]) -> tuple[str, ...]:
    """Return the terms outside the given ones that the design cannot distinguish from these."""
    inside = [str(fit.full_law.terms[j]) for j in fit.indices(list(terms))]
    return tuple(sorted({other for j in fit.indices(inside) for other in fit.confounded[j] if other not in inside}))


def _deciding_point(fit: Fit, terms: Iterable[str], at: Mapping[str, float]) -> DecidingPoint:
    """Return the measured point where terms have their largest share, or one beyond if that is too small."""
    members = fit.indices(list(terms))
    members = [*members, *fit.companions(members)]
    levels = fit.levels
    shares = shares_of(columns_at(fit.full_law, levels) * fit.coefficients)[:, members].sum(axis=1)
    top = int(np.argmax(shares))
    if shares[top] >= smallest_share(fit.response):
        where = {name: float(values[top]) for name, values in levels.items()}
        return DecidingPoint(at=where, share=float(shares[top]))
    upper = np.array([term.coefficient or (term.high if math.isfinite(term.high) else 0.0) for term in fit.terms])
    points = (deciding_point(fit.full_law, j, upper, at, fit.response) for j in members)
    return DecidingPoint(at=next((point for point in points if point is not None), None))


def _bound_on_whole(evidence: Evidence, fit: Fit, claim: ExponentClaim, law: float, because: Finding) -> Verdict | None:
    """Return the verdict on an upper bound whose terms are lost among the others; ``None`` if it cannot be given.

    The terms are put in as if they did not grow with the factor at all, in the place of the constant, and what grows
    is found by their free exponent. Nothing is refuted by that: faster growth may be due to terms outside the claim.

    Parameters
    ----------
    law : exponent of the terms by their law.
    because : why the claim could not be judged as others are.
    """
    if claim.bound != "upper":
        return None
    named = [str(fit.full_law.terms[j]) for j in fit.indices(claim.terms)]
    others = [term for term in fit.full_law.terms if str(term) not in named and term.factors]
    flat = CostLaw(
        " + ".join(f"({term})*({'*'.join(claim.factors)})**({-law / len(claim.factors):.6f})" for term in named)
    )
    rows = evidence.rows(claim.subject, claim.response)
    block = BLOCK if BLOCK in rows.columns and not is_memory(claim.response) else None
    try:
        again = fit_law(
            rows, flat.plus(*map(str, others)), response=claim.response, overhead=(), block=block, places=evidence.memo
        )
        free = free_exponent(again, [str(term) for term in flat.terms], claim.factors, claim.at)
    except (FitError, LawError):
        return None
    limits = Limits.around(law, claim.margin, claim.bound)
    ends = free.interval.high, free.profile[1]
    if free.obstacle is not None or any(limits.decide(-math.inf, end) != "supported" for end in ends):
        return None
    finding = BoundOnWhole(
        response=claim.response,
        factors=claim.factors,
        at=claim.at,
        estimate=free.interval,
        predicted=law,
        limits=limits,
        because=because,
    )
    return settle(claim, "supported", finding, law, free.interval)


def _flat_response(fit: Fit, claim: ExponentClaim, law: float) -> FlatResponse | None:
    """Return that the whole of a response grows less with a factor than a claim allows of its terms, if it does.

    It refutes nothing: a constant part may be larger than the terms at all levels that were measured.
    """
    factor = claim.factor
    lowest = Limits.around(law, claim.margin, claim.bound).low
    if claim.together_with or lowest <= 0:
        return None
    if any(fit.terms[j].low > 0 for j in fit.indices(list(claim.terms))):
        return None  # the terms are present, and larger levels would show them
    levels = fit.points[factor].to_numpy().astype(np.float64)
    if not levels.min() > 0 or levels.max() < WIDE * levels.min() or len(np.unique(levels)) < FEWEST_LEVELS:
        return None
    found = _whole_exponent(fit, factor)
    if found is None or not found.low <= 0 or not found.high < lowest:
        return None
    return FlatResponse(
        response=fit.response,
        factor=factor,
        lowest=float(levels.min()),
        highest=float(levels.max()),
        exponent=found,
    )


def _whole_exponent(fit: Fit, factor: str) -> Interval | None:
    """Return the exponent of the whole response in a factor, beside those in the others; ``None`` if confounded."""
    levels = fit.levels
    ordered = [factor, *(name for name in fit.factors if name != factor)]
    if any(not values.min() > 0 for values in levels.values()):
        return None
    logs = [np.log(levels[name]) for name in ordered]
    found = log_slopes(logs, np.log(fit.points["measured"].to_numpy()), fit.confidence)
    return None if found is None else found.intervals[0]
