"""What could not be measured is named by whatever stands on the rest."""

from __future__ import annotations

from typing import Any

from bptt_bench.analyse.findings.estimates import Deviation
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.verdicts.gaps import all_gaps, remark_gaps
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import AmountClaim, CheckClaim, CheckResult, Claim, Design, ExponentClaim, Point
from bptt_bench.report.words.reasons import text_of

TIME = ExponentClaim(name="linear", subject="sort", factor="n", terms=("n",), at=Point(n=8))
MEMORY = AmountClaim(
    name="scratch", subject="sort", response="scratch_bytes", amount="8*n", points=Design.grid({"n": [8]})
)

FINDING = Deviation(largest=0, allowed=0, cases=1, detail="")
PLAIN = "largest deviation 0 in 1 cases, allowed 0"


def skip(n: int, subject: str = "sort", timing: str = "whole", reason: str = "ValueError: odd") -> dict[str, Any]:
    return {"record": "skip", "subject": subject, "point": {"n": n}, "timing": timing, "reason": reason}


def judged(claim: Claim, *skips: dict[str, Any]) -> str:
    verdict = Verdict(
        claim=claim.name, subject=claim.subject, kind=claim.kind, predicted=1.0, estimate=1.0, low=0.9, high=1.1,
        verdict="supported", reason=Reason(kind=Kind.WITHIN, finding=FINDING),
    )  # fmt: skip
    return text_of(remark_gaps(verdict, claim, skips).reason)


def test_each_subject_is_named_with_its_points_and_the_first_reason() -> None:
    skips = [
        skip(4),
        skip(8),
        skip(16),
        skip(32),
        skip(64),
        skip(4, "other", reason="x" * 500),
        skip(4, "sort (placebo)"),
    ]
    first, second = all_gaps(skips)
    assert first.points == tuple(Point(n=n) for n in (4, 8, 16, 32, 64))
    assert (first.subject, first.reason, second.subject) == ("sort", "ValueError: odd", "other")
    assert all_gaps([]) == ()


def test_a_verdict_says_where_its_subject_is_missing() -> None:
    assert judged(TIME, skip(4), skip(8, timing="phases"), skip(8, timing="phases")) == (
        f"{PLAIN}; not measured at n=4 and n=8."
    )
    assert judged(TIME, skip(4, "other"), skip(4, timing="memory")) == f"{PLAIN}."
    assert judged(MEMORY, skip(4, timing="memory")) == f"{PLAIN}; not measured at n=4."
    assert judged(MEMORY, skip(4, timing="counts")) == f"{PLAIN}; not counted at n=4."
    check = CheckClaim(name="c", subject="sort", check=lambda _: CheckResult(estimate=0, allowed=0, cases=1))
    assert judged(check, skip(4)) == f"{PLAIN}."
