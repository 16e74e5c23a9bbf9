"""Names of strata are read as they are made, and a subject whose own name has brackets is no stratum of another."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.plan import PLACEBO_SUFFIX, Evaluation, Experiment, ExponentClaim, LawClaim, Point
from bptt_bench.plan.description.description import decode_experiment, encode_experiment
from bptt_bench.plan.experiment.builder import experiment
from bptt_bench.plan.experiment.claims_from_law import claim_laws, with_details
from bptt_bench.plan.experiment.instructions import measuring
from bptt_bench.plan.experiment.stratum import split_stratum, stratum, subject_of
from bptt_bench.report import format as show

LEVELS: Mapping[str, Sequence[int | float | str]] = {"n": [10, 20, 40, 80, 160]}
TYPES: Mapping[str, Sequence[int | float | str]] = {"dtype": ["float32", "float64"]}
AT_FLOAT32 = "sort [fast] [dtype=float32]"


def prepare(point: Point) -> Evaluation:
    return lambda: point


def with_brackets(categories: Mapping[str, Sequence[int | float | str]]) -> Experiment:
    """An experiment of ``sort`` and ``sort [fast]``, which only those who make its parts themselves can name so."""
    made = experiment({"sort": prepare}, law="n", factors={**LEVELS, **categories})
    (subject,) = made.subjects
    subjects = (subject, dataclasses.replace(subject, name="sort [fast]"))
    claims = [claim for one in subjects for claim in claim_laws(one, f"{one.name}: ", "tight", None)]
    return dataclasses.replace(made, subjects=subjects, claims=tuple(claims))


@pytest.mark.parametrize("subject", ["sort", "sort [fast]", "a b [c d]"])
@pytest.mark.parametrize("levels", [{"dtype": "float32"}, {"dtype": "a b=c", "backend": "x"}])
@pytest.mark.parametrize("placebo", ["", PLACEBO_SUFFIX])
def test_what_is_made_is_read(subject: str, levels: dict[str, str], placebo: str) -> None:
    name = stratum(subject + placebo, levels)
    assert split_stratum(name) == (subject + placebo, " ".join(f"{key}={value}" for key, value in levels.items()))
    assert subject_of(name, [subject], list(levels)) == subject
    assert subject_of(name, [subject], ["another"]) is None


def test_a_name_with_brackets_is_that_of_its_own_subject() -> None:
    assert split_stratum("sort [fast]") == ("sort [fast]", "")
    assert subject_of("sort [fast]", ["sort", "sort [fast]"], ["dtype"]) == "sort [fast]"
    assert subject_of("sort [fast]", ["sort"], ["dtype"]) is None
    assert show.unnamed_subject("exponent of n [dtype=float32]", AT_FLOAT32) == "sort [fast]"
    assert show.unnamed_subject("exponent of n", "sort [fast]") == "sort [fast]"


@pytest.mark.parametrize("categories", [{}, TYPES], ids=["none", "types"])
def test_claims_find_a_subject_with_brackets(categories: Mapping[str, Sequence[int | float | str]]) -> None:
    made = with_brackets(categories)
    both = [subject.name for subject in made.subjects]
    assert [found.name for name in both if (found := made.subject_of(name))] == both
    of_work = [claim for claim in measuring(made, ["time", "operations"]).claims if isinstance(claim, LawClaim)]
    assert {claim.subject for claim in of_work if "operations_count" in claim.work} == set(both)
    assert {claim.subject for claim in with_details(made, only=True).claims} == set(both)
    stored = decode_experiment(encode_experiment(made, "quick"))
    assert [claim.subject for claim in stored.claims] == both


def test_a_claim_may_be_about_a_subject_at_a_category() -> None:
    claim = ExponentClaim(name="it", subject="sort [dtype=float32]", factor="n", terms=("n",), at=Point(n=160))
    made = experiment({"sort": prepare}, law="n", factors={**LEVELS, **TYPES}, claims=[claim])
    assert made.subject_of(claim.subject) is made.subjects[0]
    assert with_brackets(TYPES).subject_of(AT_FLOAT32) is not None
    wrong = dataclasses.replace(claim, subject="sort [fast]")
    with pytest.raises(ExperimentError, match=r"claim 'it': is about 'sort \[fast\]'; there is sort"):
        experiment({"sort": prepare}, law="n", factors={**LEVELS, **TYPES}, claims=[wrong])
