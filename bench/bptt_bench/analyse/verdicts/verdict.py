"""Claims judged: supported, refuted or inconclusive, each with its reason.

A verdict compares an interval with limits that the claim states in the open: wholly within is supported, wholly outside
is refuted, and everything else is inconclusive. Too little data is never a pass.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from bptt_bench.analyse.findings.estimates import CrossingEstimate, ExponentEstimate
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason, Width
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import Claim

KINDS = {"supported": Kind.WITHIN, "refuted": Kind.OUTSIDE, "inconclusive": Kind.IMPRECISE}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Verdict:
    """The verdict on a claim: what it predicted, what was estimated with its interval, and the reason.

    For a check ``predicted`` is the largest deviation allowed and ``estimate`` the largest found. What is undefined is
    ``None``.
    """

    claim: str
    subject: str
    kind: str
    predicted: float | None
    estimate: float | None
    low: float | None
    high: float | None
    verdict: Word
    reason: Reason

    def __repr__(self) -> str:
        low, high = (math.nan if end is None else end for end in (self.low, self.high))
        found = "" if self.estimate is None else f", found {Interval(self.estimate, low, high)}"
        predicted = "" if self.predicted is None else f", predicted {self.predicted:.3g}"
        return f"Verdict on {self.claim!r} of {self.subject!r}: {self.verdict}{found}{predicted}"

    def left_open(self, reason: Reason) -> Verdict:
        """Return the verdict as an inconclusive one with another reason."""
        return dataclasses.replace(self, verdict="inconclusive", reason=reason)


def settle(
    claim: Claim,
    word: Word,
    finding: Finding,
    predicted: float | None,
    estimate: Interval | None,
    *remarks: Finding | None,
    width: Width | None = None,
) -> Verdict:
    """Return the verdict on an estimate that lies within, outside or across the limits; ``width`` counts if across."""
    reason = Reason(kind=KINDS[word], finding=finding, width=width if word == "inconclusive" else None)
    return conclude(claim, word, reason.remarked(*remarks), predicted, estimate)


def inconclusive(
    claim: Claim, reason: Reason, predicted: float | None = None, estimate: Interval | None = None
) -> Verdict:
    """Return an inconclusive verdict."""
    return conclude(claim, "inconclusive", reason, predicted, estimate)


def conclude(claim: Claim, word: Word, reason: Reason, predicted: float | None, estimate: Interval | None) -> Verdict:
    """Return the verdict with the figures that it rests on."""
    value, low, high = (None, None, None) if estimate is None else estimate
    return Verdict(
        claim=claim.name,
        subject=claim.subject,
        kind=claim.kind,
        predicted=predicted,
        estimate=value,
        low=low,
        high=high,
        verdict=word,
        reason=reason,
    )


def weigh(
    claim: Claim,
    finding: ExponentEstimate | CrossingEstimate,
    *remarks: Finding | None,
    width: Width | None = None,
) -> Verdict:
    """Return the verdict on an estimate against the limits of its finding."""
    word = finding.limits.judge(finding.estimate)
    return settle(claim, word, finding, finding.predicted, finding.estimate, *remarks, width=width)


def no_data(finding: Finding) -> Reason:
    """Return the reason of what cannot be judged for want of data."""
    return Reason(kind=Kind.NO_DATA, finding=finding)


def not_identifiable(finding: Finding) -> Reason:
    """Return the reason of what the data cannot distinguish."""
    return Reason(kind=Kind.NOT_IDENTIFIABLE, finding=finding)
