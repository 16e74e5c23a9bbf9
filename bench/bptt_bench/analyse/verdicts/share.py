"""Judging the share of the time that the terms with a factor take."""

from __future__ import annotations

from bptt_bench.analyse.evidence.evidence import WHOLE, Evidence
from bptt_bench.analyse.findings.estimates import ShareEstimate
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.obstacles import AbsentFactor, Confounded
from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.verdicts.exponent import confounded_terms
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, not_identifiable, settle
from bptt_bench.analyse.verdicts.width import width_of
from bptt_bench.errors import FitError
from bptt_bench.plan import ShareClaim


def judge_share(evidence: Evidence, claim: ShareClaim) -> Verdict:
    """Judge the share of the time that the terms with a factor take at a point.

    Raises
    ------
    FitError : a tight bound, for which the claim states no margin.
    """
    if claim.bound == "tight":
        raise FitError(f"claim {claim.name!r}: bound must be lower or upper for a share, got 'tight'")
    fit = evidence.usable_fit(claim.subject, WHOLE)
    if isinstance(fit, Reason):
        return inconclusive(claim, fit)
    terms = fit.terms_with(claim.factor)
    others = confounded_terms(fit, terms)
    if not terms or others:
        obstacle = Confounded(factor=claim.factor, others=others) if terms else AbsentFactor(factor=claim.factor)
        return inconclusive(claim, not_identifiable(obstacle), claim.share)
    share, at = fit.share(terms, claim.at), dict(claim.at)
    limits = Limits(low=claim.share, high=1.0) if claim.bound == "lower" else Limits(low=0.0, high=claim.share)
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
    )
    word = limits.judge(share)
    width = width_of(fit, evidence) if word == "inconclusive" else None
    return settle(claim, word, finding, claim.share, share, width=width)
