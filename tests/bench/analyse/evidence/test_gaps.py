"""What could not be measured is named by whatever stands on the rest."""

from __future__ import annotations

from typing import Any

from bptt_bench.analyse.evidence.gaps import all_gaps, gap_of_claim
from bptt_bench.analyse.findings.estimates import Deviation
from bptt_bench.plan import AmountClaim, CheckClaim, CheckResult, Claim, Design, ExponentClaim, Point
from bptt_bench.report.words.findings.clauses import words

TIME = ExponentClaim(name="linear", subject="sort", factor="n", terms=("n",), at=Point(n=8))
MEMORY = AmountClaim(
    name="scratch", subject="sort", response="scratch_bytes", amount="8*n", points=Design.grid({"n": [8]})
)

FINDING = Deviation(largest=0, allowed=0, cases=1, detail="")
PLAIN = "largest deviation 0 in 1 cases, allowed 0"


def skip(n: int, subject: str = "sort", timing: str = "whole", reason: str = "ValueError: odd") -> dict[str, Any]:
    return {"record": "skip", "subject": subject, "point": {"n": n}, "timing": timing, "reason": reason}


def named(claim: Claim, *skips: dict[str, Any]) -> str:
    gap = gap_of_claim(claim, skips)
    return "" if gap is None else words(gap)


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


def test_a_claim_says_where_its_subject_is_missing() -> None:
    skips = (skip(4), skip(8, timing="phases"), skip(8, timing="phases"))
    assert named(TIME, *skips) == "not measured at n=4 and n=8"
    assert named(TIME, skip(4, "other"), skip(4, timing="memory")) == ""
    assert named(MEMORY, skip(4, timing="memory")) == "not measured at n=4"
    assert named(MEMORY, skip(4, timing="counts")) == "not counted at n=4"
    check = CheckClaim(name="c", subject="sort", check=lambda _: CheckResult(estimate=0, allowed=0, cases=1))
    assert named(check, skip(4)) == ""
