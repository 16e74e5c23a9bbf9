"""An experiment that cannot be run is refused when it is made, not after an hour of measuring."""

from __future__ import annotations

from typing import Any

import pytest

from bench.plan import (
    PLACEBO_SUFFIX,
    Claim,
    CostLaw,
    Design,
    DesignError,
    Experiment,
    ExperimentError,
    Factor,
    LawError,
    Profile,
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
    with pytest.raises(DesignError, match="factor n=0"):
        make(profiles={"quick": Profile(design=Design.of([{"n": 0}]))})
