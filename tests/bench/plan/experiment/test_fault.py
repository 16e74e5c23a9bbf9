"""A planted fault replaces one subject and its checks, and nothing else; what cannot be planted is named."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    CheckClaim,
    CheckResult,
    Claim,
    Design,
    Experiment,
    Factor,
    Fault,
    Profile,
    ShareClaim,
    Subject,
)
from bptt_bench.plan import Point as At


def subject(name: str) -> Subject:
    return Subject(
        name=name, prepare=lambda point: lambda: "right", prepare_phased=lambda point, enter: lambda: "right"
    )


def check(outcome: float) -> Any:
    return lambda seed: CheckResult(estimate=outcome, allowed=0.5, cases=1)


FAULT = Fault(
    name="wrong",
    statement="says something else",
    subject="a",
    prepare=lambda point: lambda: "wrong",
    checks={"exact": check(1.0)},
    caught_by=("exact",),
)
CLAIMS: tuple[Claim, ...] = (
    CheckClaim(name="exact", subject="a", check=check(0.0)),
    CheckClaim(name="other", subject="b", check=check(0.0)),
    ShareClaim(name="share", subject="a", factor="n", at=At(n=1)),
)


def experiment(*faults: Fault) -> Experiment:
    return Experiment(
        name="two",
        factors=(Factor(name="n"),),
        subjects=(subject("a"), subject("b")),
        profiles={"quick": Profile(design=Design.grid({"n": [1]}))},
        claims=CLAIMS,
        placebo="a",
        faults=faults,
    )


def said(found: Experiment, name: str) -> object:
    return found.subject(name).prepare(At(n=1))()


def test_the_faulty_version_stands_in_for_the_subject_and_its_placebo_alone() -> None:
    healthy = experiment(FAULT)
    faulty = healthy.with_fault("wrong")
    assert [said(faulty, name) for name in ("a", "a" + PLACEBO_SUFFIX, "b")] == ["wrong", "wrong", "right"]
    assert [said(healthy, name) for name in ("a", "b")] == ["right", "right"]
    assert faulty.subject("a").prepare_phased is None
    assert faulty.subject_names == healthy.subject_names
    assert dataclasses.replace(faulty, subjects=healthy.subjects, claims=CLAIMS) == healthy


def test_checks_are_made_on_the_faulty_version() -> None:
    claims = experiment(FAULT).with_fault("wrong").claims
    assert [claim.name for claim in claims] == ["exact", "other", "share"]
    assert [claim.check(0).passed for claim in claims if isinstance(claim, CheckClaim)] == [False, True]


def test_an_unknown_fault_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        ExperimentError, match=r"^fault 'none': unknown; the faults of experiment 'two' are 'wrong', 'worse'$"
    ):
        experiment(FAULT, dataclasses.replace(FAULT, name="worse")).with_fault("none")
    with pytest.raises(ExperimentError, match=r"of experiment 'two' are none$"):
        experiment().with_fault("wrong")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"checks": {"exactly": check(1)}}, r"^fault 'wrong': names claim 'exactly', which the experiment does not"),
        ({"caught_by": ("nothing",)}, r"^fault 'wrong': names claim 'nothing', which the experiment does not have$"),
        ({"checks": {"share": check(1)}}, r"^fault 'wrong': has a check for claim 'share', which is not a check$"),
    ],
)
def test_a_fault_names_claims_that_there_are(change: dict[str, Any], expected: str) -> None:
    with pytest.raises(ExperimentError, match=expected):
        experiment(dataclasses.replace(FAULT, **change)).with_fault("wrong")


def test_a_fault_needs_a_subject_and_a_name_of_its_own() -> None:
    with pytest.raises(ExperimentError, match=r"^fault 'wrong': its subject is 'c'; the subjects are a, b$"):
        experiment(dataclasses.replace(FAULT, subject="c"))
    with pytest.raises(ExperimentError, match=r"^fault 'wrong': two faults have this name; each needs its own$"):
        experiment(FAULT, FAULT)
