"""Judging speedups, shares of the roofline, and whether results agree."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bptt_bench.analyse.evidence.evidence import WHOLE, Evidence
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.race import geometric_mean, peaks_of, roofline_at, seconds_at, share_of, speedups
from bptt_bench.analyse.verdicts.verdict import Verdict, Word, inconclusive, number, settle, span
from bptt_bench.plan import CheckClaim, CheckResult, Point, RooflineClaim, SpeedupClaim


def judge_speedup(evidence: Evidence, claim: SpeedupClaim) -> Verdict:
    """Supported when every point's interval lies above the bound, refuted when an adjusted one lies wholly below."""
    found = speedups(evidence, claim.subject, claim.over, claim.points.points)
    if not found:
        reason = f"no data: {claim.subject} and none of {', '.join(claim.over)} were measured together"
        return inconclusive(claim, f"{reason}{_absent(evidence, claim)}", claim.at_least)
    n, missed = len(found), len(claim.points) - len(found)
    blocks = evidence.rows(claim.subject, WHOLE)["block"].nunique()
    if blocks < 2:
        return inconclusive(claim, "no data: 1 block; at least 2 are needed to know the noise", claim.at_least)
    intervals = [speedup.interval(evidence.confidence) for speedup in found]
    adjusted = [speedup.interval(1 - (1 - evidence.confidence) / n) for speedup in found]
    if claim.mean:
        mean = geometric_mean(found, evidence.confidence)
        assert mean is not None, "there is a point"
        worst, intervals, adjusted = mean, [mean], [mean]
        what = f"in the geometric mean of {n} points {claim.subject} is {span(mean)} times as fast as the fastest other"
    else:
        place = min(range(n), key=lambda i: intervals[i].estimate)
        worst, fastest = intervals[place], found[place].fastest
        rank = f", the worst of {n} points" if n > 1 else ""
        what = f"at {describe(found[place].point)}{rank}, {claim.subject} is {span(worst)} times as fast as {fastest}"
    word = _word(intervals, adjusted, claim.at_least)
    below = sum(interval.high < claim.at_least for interval in adjusted)
    reason = f"{what}, claimed at least {number(claim.at_least)}"
    if word == "refuted" and not claim.mean:
        reason += f"; below that at {below} of {n} points"
    if missed:
        reason += f"; {missed} of the claimed points {'was' if missed == 1 else 'were'} not measured"
    if word == "supported" and missed:
        word, reason = "inconclusive", f"no data: {reason}"
    elif word == "inconclusive":
        reason = f"too noisy: {reason}"
    return settle(claim, word, reason + _absent(evidence, claim), claim.at_least, worst)


def _word(intervals: list[Interval], adjusted: list[Interval], at_least: float) -> Word:
    if any(interval.high < at_least for interval in adjusted):
        return "refuted"
    return "supported" if all(interval.low >= at_least for interval in intervals) else "inconclusive"


def _absent(evidence: Evidence, claim: SpeedupClaim) -> str:
    """Which of the others did not run, as the end of a reason; empty if all did."""
    reasons: Mapping[str, str] = evidence.frame.attrs.get("missing", {})
    absent = [name for name in claim.over if not len(evidence.rows(name, WHOLE))]
    if not absent:
        return ""
    named = ", ".join(f"{name} ({reasons[name]})" if name in reasons else name for name in absent)
    return f"; {len(absent)} of {len(claim.over)} did not run: {named}"


def judge_roofline(evidence: Evidence, claim: RooflineClaim) -> Verdict:
    """Supported when the whole interval of the share lies above the bound, refuted when it lies below."""
    peaks, seconds = peaks_of(evidence), seconds_at(evidence, claim.subject, claim.at)
    if seconds is None:
        return inconclusive(claim, f"no data: {claim.subject} was not measured at {describe(claim.at)}", claim.at_least)
    roofline = None if peaks is None else roofline_at(evidence, claim.subject, claim.at, peaks)
    if peaks is None or roofline is None:
        lacks = "the run read no peaks of the machine" if peaks is None else f"{claim.subject} declares no roofline"
        return inconclusive(claim, f"no data: {lacks}", claim.at_least)
    share = share_of(roofline, seconds)
    rate = peaks.operations_per_second if roofline.limit == "operations" else peaks.bytes_per_second
    unit = "GFLOP/s of matrix products" if roofline.limit == "operations" else "GB/s of memory"
    reason = (
        f"at {describe(claim.at)} {claim.subject} reaches {share.estimate:.1%} ({share.low:.1%} to {share.high:.1%}) "
        f"of the roofline, which is set there by the {number(rate / 1e9)} {unit} that {peaks.threads} threads reached; "
        f"claimed at least {claim.at_least:.0%}"
    )
    word: Word = (
        "supported" if share.low >= claim.at_least else "refuted" if share.high < claim.at_least else "inconclusive"
    )
    if share.low > 1:  # nothing is faster than the peak: the reading of it was disturbed
        word, reason = "inconclusive", f"{reason}; more than all of it: the peaks were read in a slower moment"
    return settle(claim, word, f"too noisy: {reason}" if word == "inconclusive" else reason, claim.at_least, share)


def judge_agreement(evidence: Evidence) -> list[Verdict]:
    """Whether the results of each subject are those of the reference, at every point where they were compared."""
    agreement = evidence.experiment.agreement
    if agreement is None:
        return []
    verdicts = []
    missing = evidence.frame.attrs.get("missing", {})
    records: list[Mapping[str, Any]] = evidence.frame.attrs.get("agreements", [])
    for name in (subject.name for subject in evidence.experiment.subjects):
        reference = agreement.reference_of(name)
        if name == reference or name in missing:
            continue
        mine = {
            Point(record["point"]): record
            for record in records
            if record["subject"] == name and record["reference"] == reference
        }
        claim = CheckClaim(name=agreement.claim_of(name), subject=name, check=_made_already)
        if not mine:
            verdicts.append(inconclusive(claim, "no data: no result was compared", agreement.allowed))
            continue
        found = {point: _difference(record) for point, record in mine.items()}
        worst = max(found, key=lambda point: (math.isnan(found[point]), found[point]))
        word: Word = "supported" if found[worst] <= agreement.allowed else "refuted"
        reason = (
            f"largest difference {found[worst]:.3g} at {len(found)} points, found at {describe(mine[worst]['point'])}"
            f", allowed {agreement.allowed:.3g}"
        )
        if found[worst] == 0:
            reason = f"no difference at any of {len(found)} points, allowed {agreement.allowed:.3g}"
        verdicts.append(settle(claim, word, reason, agreement.allowed, Interval(*[found[worst]] * 3)))
    return verdicts


def _difference(record: Mapping[str, Any]) -> float:
    value = record["difference"]
    return math.nan if value is None else float(value)


def _made_already(_seed: int) -> CheckResult:
    raise AssertionError("results are compared in the measuring processes")
