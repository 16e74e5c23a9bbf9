"""Judging deterministic checks, and whether results agree with those of a reference."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from bptt_bench.analyse.evidence.evidence import Evidence
from bptt_bench.analyse.findings.estimates import Deviation, ResultDifference
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.obstacles import NotRecorded
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, no_data, settle
from bptt_bench.plan import CheckClaim, CheckResult, Point


def judge_check(evidence: Evidence, claim: CheckClaim) -> Verdict:
    """Judge a deterministic check, as its measuring process stored it; the latest record of the name counts."""
    records = [record for record in evidence.frame.attrs.get("checks", ()) if record.get("claim") == claim.name]
    if not records:
        return inconclusive(claim, no_data(NotRecorded(record="check")))
    record: Mapping[str, Any] = records[-1]
    estimate, allowed, cases = record.get("estimate"), float(record["allowed"]), int(record["cases"])
    if cases < 1:
        return inconclusive(claim, no_data(NotRecorded(record="cases")), allowed)
    largest = math.nan if estimate is None else float(estimate)
    finding = Deviation(largest=largest, allowed=allowed, cases=cases, detail=str(record.get("detail") or ""))
    return _settle_exact(claim, finding)


def judge_agreement(evidence: Evidence) -> list[Verdict]:
    """Judge whether the results of each subject are those of the reference, at every point where they were compared."""
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
        found = {
            Point(record["point"]): _difference(record)
            for record in records
            if record["subject"] == name and record["reference"] == reference
        }
        claim = CheckClaim(name=agreement.claim_of(name), subject=name, check=_no_check)
        if not found:
            reason = no_data(NotRecorded(record="compared results"))
            verdicts.append(inconclusive(claim, reason, agreement.allowed))
            continue
        worst = max(found, key=lambda point: (math.isnan(found[point]), found[point]))
        finding = ResultDifference(largest=found[worst], allowed=agreement.allowed, n_points=len(found), at=worst)
        verdicts.append(_settle_exact(claim, finding))
    return verdicts


def _settle_exact(claim: CheckClaim, finding: Deviation | ResultDifference) -> Verdict:
    """Return the verdict on a deviation, which has no noise; NaN is refuted."""
    word: Word = "supported" if finding.largest <= finding.allowed else "refuted"
    exact = Interval(finding.largest, finding.largest, finding.largest)
    return settle(claim, word, finding, finding.allowed, exact)


def _difference(record: Mapping[str, Any]) -> float:
    value = record["difference"]
    return math.nan if value is None else float(value)


def _no_check(_seed: int) -> CheckResult:
    raise AssertionError("results are compared in the measuring processes")
