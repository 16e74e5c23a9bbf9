"""One judge for each kind of claim: evidence in, verdict out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bptt_bench.analyse.evidence.evidence import Evidence, fit_all
from bptt_bench.analyse.evidence.gaps import gap_of_claim
from bptt_bench.analyse.evidence.strata import stratify
from bptt_bench.analyse.findings.remarks import UnmeasuredPoints
from bptt_bench.analyse.verdicts.amount import judge_amount
from bptt_bench.analyse.verdicts.checks import judge_agreement, judge_check
from bptt_bench.analyse.verdicts.crossover import judge_crossover
from bptt_bench.analyse.verdicts.exponent import judge_exponent
from bptt_bench.analyse.verdicts.law import judge_law
from bptt_bench.analyse.verdicts.race import judge_roofline, judge_speedup
from bptt_bench.analyse.verdicts.ratio import judge_ratio
from bptt_bench.analyse.verdicts.share import judge_share
from bptt_bench.analyse.verdicts.undone import find_undone_work, withhold
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    AmountClaim,
    CheckClaim,
    Claim,
    CrossoverClaim,
    Experiment,
    ExponentClaim,
    LawClaim,
    RatioClaim,
    RooflineClaim,
    ShareClaim,
    SpeedupClaim,
)

if TYPE_CHECKING:
    import pandas as pd

JUDGES: Mapping[type[Claim], Callable[[Evidence, Any], Verdict]] = {
    CheckClaim: judge_check,
    ExponentClaim: judge_exponent,
    LawClaim: judge_law,
    RatioClaim: judge_ratio,
    ShareClaim: judge_share,
    CrossoverClaim: judge_crossover,
    AmountClaim: judge_amount,
    SpeedupClaim: judge_speedup,
    RooflineClaim: judge_roofline,
}


def judge(
    frame: pd.DataFrame, experiment: Experiment, claims: Iterable[Claim] | None = None, *, confidence: float = 0.95
) -> list[Verdict]:
    """Judge claims (by default those of the experiment) on the samples of a run."""
    claimed = experiment.claims if claims is None else tuple(claims)
    frame, experiment, claimed = stratify(frame, experiment, claimed)
    evidence = fit_all(frame, experiment, confidence=confidence)
    return [*judge_agreement(evidence), *judge_all(evidence, claimed)]


def judge_all(evidence: Evidence, claims: Iterable[Claim]) -> list[Verdict]:
    """Return a verdict for each claim, in their order, less those that the profile of the run is not meant to judge.

    Raises
    ------
    FitError : a claim of a kind that has no judge, or one about a term or factor that its law does not have.
    """
    profile = (evidence.frame.attrs.get("run") or {}).get("profile")
    reasons, promised = find_undone_work(evidence.frame)
    skips = evidence.frame.attrs.get("skips", ())
    return [
        _remark_gap(withhold(_judge(evidence, claim), claim, reasons, promised), gap_of_claim(claim, skips))
        for claim in claims
        if not claim.profiles or profile is None or profile in claim.profiles
    ]


def _remark_gap(verdict: Verdict, gap: UnmeasuredPoints | None) -> Verdict:
    return verdict if gap is None else replace(verdict, reason=verdict.reason.remarked(gap))


def _judge(evidence: Evidence, claim: Claim) -> Verdict:
    judge_one = next((judge for kind, judge in JUDGES.items() if isinstance(claim, kind)), None)
    if judge_one is None:
        raise FitError(
            f"claim {claim.name!r}: kind {claim.kind!r} has no judge; allowed are check, exponent, law, ratio, "
            "share, crossover, amount, speedup, roofline"
        )
    return judge_one(evidence, claim)
