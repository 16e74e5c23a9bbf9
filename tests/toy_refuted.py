"""The toy experiment with a claim that is wrong, for tests of what a refuted claim does."""

from __future__ import annotations

from bptt_bench.plan import CheckClaim, CheckResult

from tests.toy_experiment import EXPERIMENT

CLAIMS = (
    CheckClaim(
        name="two-is-three",
        subject="sum",
        check=lambda _seed: CheckResult(estimate=1.0, allowed=0.0, cases=1, detail="2 is not 3"),
    ),
)

__all__ = ["CLAIMS", "EXPERIMENT"]
