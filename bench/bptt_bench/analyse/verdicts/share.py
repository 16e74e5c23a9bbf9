"""Judging the share of the time that the terms with a factor take."""

from __future__ import annotations

from bptt_bench.analyse.evidence.evidence import Evidence
from bptt_bench.analyse.evidence.measured_shares import measured_share
from bptt_bench.analyse.findings.estimates import ShareEstimate
from bptt_bench.analyse.findings.limits import Limits, Word
from bptt_bench.analyse.findings.obstacles import AbsentFactor, Confounded
from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.verdicts.exponent import confounded_terms
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, not_identifiable, settle
from bptt_bench.analyse.verdicts.width import width_of
from bptt_bench.errors import FitError
from bptt_bench.plan import ShareClaim
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL


def judge_share(evidence: Evidence, claim: ShareClaim) -> Verdict:
    """Judge the share of the time that the terms with a factor take at a point.

    The share is that of the fit. Where the phases were timed at the point, the terms cannot take more than the phases
    in which they are: a verdict for which they would have to is left open.

    Raises
    ------
    FitError : a tight bound, for which the claim states no margin.
    """
    if claim.bound == "tight":
        raise FitError(f"claim {claim.name!r}: bound must be lower or upper for a share, got 'tight'")
    fit = evidence.usable_fit(claim.subject, SECONDS_PER_EVAL)
    if isinstance(fit, Reason):
        return inconclusive(claim, fit)
    terms = fit.terms_with(claim.factor)
    others = confounded_terms(fit, terms)
    if not terms or others:
        obstacle = Confounded(factor=claim.factor, others=others) if terms else AbsentFactor(factor=claim.factor)
        return inconclusive(claim, not_identifiable(obstacle), claim.share)
    share, at = fit.share(terms, claim.at), dict(claim.at)
    limits = Limits(low=claim.share, high=1.0) if claim.bound == "lower" else Limits(low=0.0, high=claim.share)
    measured = measured_share(evidence, claim.subject, claim.factor, claim.at)
    finding = ShareEstimate(
        factor=claim.factor,
        at=at,
        estimate=share,
        claimed=claim.share,
        bound=claim.bound,
        beyond=tuple(
            name
            for name in fit.factors
            if name in at and not fit.points[name].min() <= at[name] <= fit.points[name].max()
        ),
        phases=measured.phases if measured else (),
        phase_share=measured.time if measured else None,
        multiply_adds=measured.multiply_adds if measured else None,
    )
    word = limits.judge(share)
    if measured is not None and _is_too_large(word, claim.bound, limits.judge(measured.time)):
        word = "inconclusive"
    width = width_of(fit, evidence) if word == "inconclusive" else None
    return settle(claim, word, finding, claim.share, share, width=width)


def _is_too_large(word: Word, bound: str, of_phases: Word) -> bool:
    """Return whether a verdict rests on a share that the phases do not have, by what their own share says."""
    needs_much, has_little = ("supported", "refuted") if bound == "lower" else ("refuted", "supported")
    return word == needs_much and of_phases == has_little
