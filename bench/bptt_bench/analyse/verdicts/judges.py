"""One judge for each kind of claim: evidence in, verdict out."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.response import is_exact, no_noise, substance
from bptt_bench.analyse.evidence.evidence import WHOLE, Evidence, fit_all
from bptt_bench.analyse.evidence.strata import stratified
from bptt_bench.analyse.fitting.diagnose import deciding_point, describe, shares_of, smallest_share
from bptt_bench.analyse.fitting.exponent import free_exponent
from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.amount import judge_amount
from bptt_bench.analyse.verdicts.crossover import judge_crossover
from bptt_bench.analyse.verdicts.gaps import with_gaps
from bptt_bench.analyse.verdicts.placebo import how_busy
from bptt_bench.analyse.verdicts.ratio import judge_ratio
from bptt_bench.analyse.verdicts.speedup import judge_agreement, judge_roofline, judge_speedup
from bptt_bench.analyse.verdicts.still import does_not_grow
from bptt_bench.analyse.verdicts.undone import undone, withheld
from bptt_bench.analyse.verdicts.upper_bound import obeyed
from bptt_bench.analyse.verdicts.verdict import Limits, Verdict, inconclusive, number, settle, span, weigh
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    AmountClaim,
    CheckClaim,
    Claim,
    CrossoverClaim,
    Experiment,
    ExponentClaim,
    RatioClaim,
    RooflineClaim,
    ShareClaim,
    SpeedupClaim,
)
from bptt_bench.plan.law.wording import drop_absent_factors

if TYPE_CHECKING:
    import pandas as pd

MISFIT_SHARE = 0.5  # of the variance about the law that samples must explain, or more of them would narrow little
FEWEST_SPARE_POINTS = 2  # a fit is judged with at least this many points more than terms


def judge(
    frame: pd.DataFrame, experiment: Experiment, claims: Iterable[Claim] | None = None, *, confidence: float = 0.95
) -> list[Verdict]:
    """Judge claims (by default those of the experiment) on the samples of a run."""
    asked = experiment.claims if claims is None else tuple(claims)
    frame, experiment, asked = stratified(frame, experiment, asked)
    evidence = fit_all(frame, experiment, confidence=confidence)
    return [*judge_agreement(evidence), *judge_all(evidence, asked)]


def judge_all(evidence: Evidence, claims: Iterable[Claim]) -> list[Verdict]:
    """A verdict for each claim, in their order, less those that the profile of the run is not meant to judge.

    Raises
    ------
    FitError : a claim of a kind that has no judge, or one about a term or factor that its law does not have.
    """
    profile = (evidence.frame.attrs.get("run") or {}).get("profile")
    reasons, promised = undone(evidence.frame)
    skips = evidence.frame.attrs.get("skips", ())
    return [
        with_gaps(withheld(_judge(evidence, claim), claim, reasons, promised), claim, skips)
        for claim in claims
        if not claim.profiles or profile is None or profile in claim.profiles
    ]


def _judge(evidence: Evidence, claim: Claim) -> Verdict:
    match claim:
        case CheckClaim():
            return judge_check(evidence, claim)
        case ExponentClaim():
            return judge_exponent(evidence, claim)
        case RatioClaim():
            return judge_ratio(evidence, claim)
        case ShareClaim():
            return judge_share(evidence, claim)
        case CrossoverClaim():
            return judge_crossover(evidence, claim)
        case AmountClaim():
            return judge_amount(evidence, claim)
        case SpeedupClaim():
            return judge_speedup(evidence, claim)
        case RooflineClaim():
            return judge_roofline(evidence, claim)
    raise FitError(
        f"claim {claim.name!r}: kind {claim.kind!r} has no judge; allowed are check, exponent, ratio, share, "
        "crossover, amount, speedup, roofline"
    )


def judge_check(evidence: Evidence, claim: CheckClaim) -> Verdict:
    """A deterministic check, as its measuring process stored it; the latest record of the name counts."""
    records = [record for record in evidence.frame.attrs.get("checks", ()) if record.get("claim") == claim.name]
    if not records:
        return inconclusive(claim, "no data: the check was not run")
    record: Mapping[str, Any] = records[-1]
    estimate, allowed, cases = record.get("estimate"), float(record["allowed"]), int(record["cases"])
    if cases < 1:
        return inconclusive(claim, "no data: the check tried no case", allowed)
    found = math.nan if estimate is None else float(estimate)
    detail = f"; {record['detail']}" if record.get("detail") else ""
    word = "supported" if found <= allowed else "refuted"
    reason = f"largest deviation {found:.3g} in {cases} cases, allowed {allowed:.3g}{detail}"
    return settle(
        claim, "supported" if word == "supported" else "refuted", reason, allowed, Interval(found, found, found)
    )


def usable_fit(evidence: Evidence, subject: str, response: str) -> Fit | str:
    """The fit, or why nothing can be judged on it."""
    found = evidence.fit_or_reason(subject, response)
    if isinstance(found, str):
        return found
    needed = len(found.full_law.terms) + FEWEST_SPARE_POINTS
    if found.n_points < needed:
        terms = len(found.full_law.terms)
        points = (
            f"{found.n_points} point{'' if found.n_points == 1 else 's'} for {terms} term{'' if terms == 1 else 's'}"
        )
        if found.below_floor:
            return (
                f"below floor: {subject} has {points}, {needed} are needed; {found.below_floor} samples took less than "
                "10 times an empty call: do more in one call, such as many look-ups in a loop"
            )
        return f"no data: {subject} was measured at {points}; {needed} are needed"
    return found


def judge_exponent(evidence: Evidence, claim: ExponentClaim) -> Verdict:
    """The free exponent of a term against the law's own."""
    whole = usable_fit(evidence, claim.subject, claim.response)
    if isinstance(whole, str):
        return inconclusive(claim, whole)
    fit = evidence.fit_at(claim.subject, claim.response, claim.at)
    assert not isinstance(fit, str)  # usable_fit has seen it
    free = free_exponent(fit, claim.terms, claim.factors, claim.at)
    terms = " + ".join(map(drop_absent_factors, claim.terms))
    others = _confounded(fit, claim.terms)
    if others:
        reason = f"not identifiable: {terms} cannot be told from {others} in this design"
        return inconclusive(claim, reason, free.law)
    if free.share < smallest_share(claim.response):
        where, of = _where_decided(fit, claim.terms, claim.at), substance(claim.response)
        reason = f"{terms} is {free.share:.1%} of the {of} at {describe(claim.at)}"
        where = does_not_grow(fit, claim, free.law) or where
        return obeyed(evidence, fit, claim, free.law, reason) or inconclusive(
            claim, f"not identifiable: {reason}; {where}", free.law, free.interval
        )
    what = f"the exponent of {claim.named_factors} in {terms} at {describe(claim.at)}"
    limits = Limits.around(free.law, claim.margin, claim.bound)
    low, high = free.profile
    if free.trouble:
        if limits.decide(low, high) == "refuted":  # however far beyond what was looked at it lies
            known = f"at most {number(high)}" if high < limits.low else f"at least {number(low)}"
            reason = f"{what} is {known} against {number(free.law)} predicted, outside the allowed {limits}"
            return settle(claim, "refuted", reason, free.law, free.interval)
        return obeyed(evidence, fit, claim, free.law, free.trouble) or inconclusive(
            claim, f"not identifiable: {free.trouble}", free.law, free.interval
        )
    if limits.decide(*free.interval[1:]) == "refuted" and limits.decide(low, high) != "refuted":
        reason = f"too noisy: {what} is {span(free.interval)}, but from {number(low)} to {number(high)} fit as well"
        return inconclusive(claim, f"{reason}; {what_widens(fit, evidence)}", free.law, free.interval)
    remark = _regimes(whole, fit, claim.terms)
    if limits.decide(*free.interval[1:]) == "inconclusive":
        remark = "; ".join(filter(None, [what_widens(fit, evidence), remark]))
    return weigh(claim, what, limits, free.law, free.interval, remark)


def what_widens(fit: Fit, evidence: Evidence) -> str:
    """Whether the noise of samples or the misfit of the law makes the intervals of a fit as wide as they are.

    Where the run itself shows that the machine was busy, neither is known: what other work does to a point is in all
    its samples alike, and looks like misfit.
    """
    if is_exact(fit.response):
        return f"it is the law's misfit that makes it wide, for {no_noise(fit.response)}: more samples would not help"
    within = float(np.sqrt(np.mean(fit.points["location_error"].to_numpy() ** 2)))
    if fit.noise.relative is None or not fit.scatter > 0:
        return "without repetitions noise and misfit cannot be distinguished"
    busy = how_busy(evidence)
    if busy:
        return f"the machine was busy during the run ({busy}), which makes it wide: a run on a quiet machine would tell"
    figures = f"points lie {fit.scatter:.1%} off the law, their own error is {within:.1%}"
    if (within / fit.scatter) ** 2 < MISFIT_SHARE:
        return f"it is the law's misfit that makes it wide, not noise ({figures}): more samples would not help"
    return f"it is noise that makes it wide ({figures}): more samples would help"


def _regimes(whole: Fit, fit: Fit, terms: Iterable[str]) -> str:
    """What was found beyond thresholds, and how many of the points a claim was judged on because of them."""
    words = whole.regimes_in_words(list(terms))
    if fit.n_points == whole.n_points:
        return words
    judged = f"judged on the {fit.n_points} of {whole.n_points} points that are below the same thresholds as this one"
    return f"{judged}; {words}" if words else judged


def _confounded(fit: Fit, terms: Iterable[str]) -> str:
    """Terms outside the given ones that these cannot be told from."""
    inside = [str(fit.full_law.terms[j]) for j in fit.indices(list(terms))]
    outside = {other for j in fit.indices(inside) for other in fit.confounded[j] if other not in inside}
    return " and ".join(sorted(outside))


def _where_decided(fit: Fit, terms: Iterable[str], at: Mapping[str, float]) -> str:
    """The measured point where terms have their largest share, or one beyond the design if that is too small."""
    members = fit.indices(list(terms))
    members = [*members, *fit.companions(members)]
    levels = {name: fit.points[name].to_numpy().astype(np.float64) for name in fit.factors}
    times = columns_at(fit.full_law, levels) * fit.coefficients
    shares = shares_of(times)[:, members].sum(axis=1)
    top = int(np.argmax(shares))
    if shares[top] >= smallest_share(fit.response):
        where = describe({name: float(values[top]) for name, values in levels.items()})
        return f"{where}, where it is {shares[top]:.1%}, would decide"
    upper = np.array([term.coefficient or (term.high if math.isfinite(term.high) else 0.0) for term in fit.terms])
    for j in members:
        beyond = deciding_point(fit.full_law, j, upper, at, fit.response)
        if beyond is not None:
            return f"{describe(beyond)} would decide"
    return "no point near the design would decide"


def judge_share(evidence: Evidence, claim: ShareClaim) -> Verdict:
    """The share of the time that the terms with a factor take at a point.

    Raises
    ------
    FitError : a tight bound, for which the claim states no margin.
    """
    if claim.bound == "tight":
        raise FitError(f"claim {claim.name!r}: bound 'tight'; a share allows lower, upper")
    fit = usable_fit(evidence, claim.subject, WHOLE)
    if isinstance(fit, str):
        return inconclusive(claim, fit)
    terms = fit.terms_with(claim.factor)
    others = _confounded(fit, terms)
    if not terms or others:
        lacks = f"cannot be told from {others} in this design" if others else "do not occur in the law"
        return inconclusive(claim, f"not identifiable: terms with {claim.factor} {lacks}", claim.share)
    share = fit.share(terms, claim.at)
    at = dict(claim.at)
    beyond = [n for n in fit.factors if n in at and not fit.points[n].min() <= at[n] <= fit.points[n].max()]
    where = describe(at) + (f" (beyond the measured levels of {', '.join(beyond)})" if beyond else "")
    limits = Limits(low=claim.share, high=1.0) if claim.bound == "lower" else Limits(low=0.0, high=claim.share)
    word = limits.decide(share.low, share.high)
    asked = f"{'at least' if claim.bound == 'lower' else 'at most'} {claim.share:.0%}"
    shown = f"{share.estimate:.1%} ({share.low:.1%} to {share.high:.1%})"
    reason = f"terms with {claim.factor} take {shown} of the time at {where}, claimed {asked}"
    if word == "inconclusive":
        reason = f"too noisy: {reason}; {what_widens(fit, evidence)}"
    return settle(claim, word, reason, claim.share, share)
