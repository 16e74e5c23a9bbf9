"""What all judges have in common: plain data, profiles, unknown kinds."""

from __future__ import annotations

import json

import numpy as np
import pytest
from bptt_bench.analyse import judge
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    CheckClaim,
    CheckResult,
    Claim,
)
from bptt_bench.report.words.documents import verdict_documents

from tests.bench.analyse.verdicts.claims import (
    EXPERIMENT,
    exponent,
    frame,
    share,
)

CHECK = CheckClaim(name="k", subject="all", check=lambda seed: CheckResult(estimate=0, allowed=0, cases=1))


def test_json_is_the_promised_list(rng: np.random.Generator) -> None:
    found = verdict_documents(judge(frame(rng), EXPERIMENT, [exponent(), share(), CHECK]))
    keys = ["claim", "subject", "kind", "predicted", "estimate", "low", "high", "verdict", "reason"]
    keys += ["kind_of_reason", "evidence"]
    assert [list(one) for one in json.loads(json.dumps(found, allow_nan=False))] == [keys] * 3


def test_a_claim_for_another_profile_is_left_out(rng: np.random.Generator) -> None:
    claims = [exponent(name="a", profiles=("full",)), exponent(name="b", profiles=("quick",)), exponent(name="c")]
    assert [one.claim for one in judge(frame(rng), EXPERIMENT, claims)] == ["b", "c"]


def test_a_claim_of_an_unknown_kind_is_a_mistake() -> None:
    with pytest.raises(FitError, match="has no judge"):
        judge(frame(), EXPERIMENT, [Claim(name="x", subject="fast")])
