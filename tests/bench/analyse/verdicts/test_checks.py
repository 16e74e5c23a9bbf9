"""Deterministic checks, as their measuring processes stored them."""

from __future__ import annotations

from typing import Any

import pytest
from bptt_bench.analyse import Verdict
from bptt_bench.plan import (
    CheckClaim,
    CheckResult,
)
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.verdicts.claims import (
    frame,
    verdict,
)

CHECK = CheckClaim(name="k", subject="all", check=lambda seed: CheckResult(estimate=0, allowed=0, cases=1))


def checked(**record: Any) -> Verdict:
    data = frame()
    data.attrs["checks"] = [{"record": "check", "claim": "k", "allowed": 1e-12, "cases": 200, "detail": "", **record}]
    return verdict(data, CHECK)


def test_a_check_is_supported_when_its_worst_case_is_allowed() -> None:
    found = checked(estimate=3e-13, detail="worst at V=1")
    assert (found.verdict, found.predicted, found.estimate) == ("supported", 1e-12, 3e-13)
    assert text_of(found.reason) == "largest deviation 3e-13 in 200 cases, allowed 1e-12; worst at V=1."


@pytest.mark.parametrize("estimate", [2e-12, float("nan"), None, float("inf")])
def test_a_check_is_refuted_when_its_worst_case_is_not_allowed(estimate: float | None) -> None:
    assert checked(estimate=estimate).verdict == "refuted"


def test_a_check_that_was_not_run_or_tried_nothing_is_no_pass() -> None:
    assert text_of(verdict(frame(), CHECK).reason) == "no data: the check was not run."
    assert text_of(checked(estimate=0, cases=0).reason) == "no data: the check tried no case."
    assert checked(estimate=0, cases=0).verdict == "inconclusive"


def test_the_latest_record_of_a_check_counts() -> None:
    data = frame()
    data.attrs["checks"] = [{"claim": "k", "estimate": e, "allowed": 0, "cases": 1} for e in (1, 0)]
    assert verdict(data, CHECK).verdict == "supported"
