"""An experiment that cannot be run is refused when it is made, not after an hour of measuring."""

from __future__ import annotations

from typing import Any

import pytest
from bptt_bench.errors import DesignError, ExperimentError, LawError
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    AmountClaim,
    Claim,
    CostLaw,
    CrossoverClaim,
    Design,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    RatioClaim,
    ShareClaim,
    Subject,
)


def make(**changes: Any) -> Experiment:
    settings: dict[str, Any] = {
        "name": "toy",
        "factors": (Factor(name="n"),),
        "subjects": (Subject(name="a", prepare=lambda point: lambda: None, law=CostLaw("n")),),
        "profiles": {"quick": Profile(design=Design.of([{"n": 1}]))},
        "placebo": "a",
    }
    return Experiment(**{**settings, **changes})


def with_category(**changes: Any) -> Experiment:
    settings: dict[str, Any] = {
        "factors": (Factor(name="n"), Factor(name="dtype", kind="category", levels=("a", "b"))),
        "profiles": {"quick": Profile(design=Design.of([{"n": 1, "dtype": "a"}]))},
    }
    return make(**{**settings, **changes})


def subject(**changes: Any) -> Subject:
    return Subject(**{"name": "a", "prepare": lambda point: lambda: None, "law": CostLaw("n"), **changes})


AT = Point(n=1, dtype="a")


@pytest.mark.parametrize(
    "changes",
    [
        {"law": CostLaw("n*dtype")},
        {"phase_laws": {"x": CostLaw("n + dtype")}},
        {"memory_law": CostLaw("dtype")},
        {"tally": lambda point: {"x": 1}, "count_laws": {"x": CostLaw("n*dtype")}},
        {"overhead": ("1", "dtype")},
        {"term_bytes": {"n": "8*n*dtype"}},
    ],
)
def test_no_expression_of_a_subject_names_a_category(changes: dict[str, Any]) -> None:
    with pytest.raises(ExperimentError, match=r"subject 'a': .*names the category 'dtype'; expressions are written in"):
        with_category(subjects=(subject(**changes),))


@pytest.mark.parametrize(
    "claim",
    [
        RatioClaim(name="c", subject="a", over="b", ratio="n*dtype", points=Design.of([AT])),
        AmountClaim(name="c", subject="a", response="x_count", amount="dtype", points=Design.of([AT])),
        ExponentClaim(name="c", subject="a", factor="dtype", terms=("n",), at=AT),
        CrossoverClaim(name="c", subject="a", factor="n", at=AT, rising=("x",), falling=("y",), level="dtype"),
    ],
)
def test_no_expression_of_a_claim_names_a_category(claim: Claim) -> None:
    with pytest.raises(ExperimentError, match=r"claim 'c': .*names the category 'dtype'"):
        with_category(claims=(claim,))


def test_what_is_said_of_categories_must_be_possible() -> None:
    with pytest.raises(DesignError, match=r"factor dtype must be one of 'a', 'b', got 'c'"):
        with_category(claims=(ShareClaim(name="c", subject="a", factor="n", at=Point(n=1, dtype="c")),))
    with pytest.raises(ExperimentError, match="has categories only"):
        make(
            factors=(Factor(name="dtype", kind="category"),),
            subjects=(subject(law=None),),
            profiles={"quick": Profile(design=Design.of([{"dtype": "a"}]))},
        )


def test_counts_have_names_and_a_tally() -> None:
    with pytest.raises(ExperimentError, match="subject 'a': count_laws go with a tally, which it lacks"):
        make(subjects=(subject(count_laws={"x": CostLaw("n")}),))
    with pytest.raises(ExperimentError, match="counts 'two words'; allowed are names such as 'comparisons'"):
        make(subjects=(subject(tally=lambda point: {}, count_laws={"two words": CostLaw("n")}),))
    with pytest.raises(ExperimentError, match="count_overheads of 'y', which has no law"):
        make(subjects=(subject(tally=lambda point: {}, count_overheads={"y": ("1",)}),))
    with pytest.raises(LawError, match="unknown name 'm'"):
        make(subjects=(subject(tally=lambda point: {}, count_laws={"x": CostLaw("m")}),))


def test_a_profile_may_have_points_of_some_subjects_alone() -> None:
    alone = Profile(design=Design(), extra={"a": Design.of([{"n": 3}])})
    assert [str(cell.point) for cell in make(profiles={"quick": alone}).profiles["quick"].cells(["a"])] == ["n=3"]
    with pytest.raises(DesignError, match="has no points"):
        make(profiles={"quick": Profile(design=Design())})


def test_the_placebo_is_a_second_name_of_its_subject() -> None:
    experiment = make()
    assert experiment.subject_names == ("a", "a" + PLACEBO_SUFFIX)
    assert experiment.subject("a" + PLACEBO_SUFFIX) is experiment.subjects[0]
    assert make(placebo=None).subject_names == ("a",)


def test_unknown_names_are_refused_with_those_that_exist() -> None:
    with pytest.raises(ExperimentError, match="profile 'huge': unknown; the profiles are quick"):
        make().profile("huge")
    with pytest.raises(ExperimentError, match="subject 'z': unknown; the subjects are a"):
        make().subject("z")


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ExperimentError, match="placebo 'z'"):
        make(placebo="z")
    with pytest.raises(ExperimentError, match="at least one factor"):
        make(subjects=())
    with pytest.raises(ExperimentError, match="share a name"):
        make(subjects=make().subjects * 2)
    with pytest.raises(ExperimentError, match="claim 'x': 2 claims have this name"):
        make(claims=(Claim(name="x", subject="a"), Claim(name="x", subject="b")))
    with pytest.raises(LawError, match="unknown name 'm'"):
        make(subjects=(Subject(name="a", prepare=lambda point: lambda: None, law=CostLaw("m")),))
    with pytest.raises(DesignError, match="factor n must be a whole number from 1, got 0"):
        make(profiles={"quick": Profile(design=Design.of([{"n": 0}]))})
