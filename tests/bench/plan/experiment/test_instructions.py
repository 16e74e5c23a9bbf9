"""What a run is told to measure, and what the law of a subject says of its instructions and operations."""

from __future__ import annotations

import dataclasses
from typing import Any

import bptt_bench as bench
import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.plan import CostLaw, Design, Experiment, ExponentClaim, LawClaim, Point, Profile
from bptt_bench.plan.experiment.claims_from_law import with_details
from bptt_bench.plan.experiment.instructions import lower_order_terms, measuring, parse_measures, shrink_points


def prepare(point: Point) -> Any:
    return lambda: sum(range(point["n"]))


def experiment(**options: Any) -> Experiment:
    return bench.experiment({"mine": prepare}, law="n", n=[100, 10_000], **options)


def laws(made: Experiment) -> dict[str, tuple[float, tuple[str, ...]]]:
    """Margins of the laws that are claimed, and what counts their work, by response."""
    return {claim.response: (claim.margin, claim.work) for claim in made.claims if isinstance(claim, LawClaim)}


def test_measures_are_read_in_any_order_and_given_in_one() -> None:
    assert parse_measures(" instructions,time") == ("time", "instructions")
    assert parse_measures(["memory"]) == ("memory",)


@pytest.mark.parametrize("text", ["cycles", "time,", ""])
def test_another_measure_is_refused_with_what_is_allowed(text: str) -> None:
    with pytest.raises(ExperimentError, match=r"^measure: must be some of time, memory, instructions, oper.*, got '"):
        parse_measures(text)


def test_the_law_of_the_time_is_claimed_of_the_instructions_with_a_margin_of_its_own() -> None:
    made = experiment(measure=("time", "instructions"))
    assert laws(made) == {"seconds_per_eval": (0.25, ("instructions_count",))}
    assert made.subject("mine").count_laws == {"instructions": CostLaw("n")}
    assert made.is_timed


def test_operations_are_claimed_as_instructions_are() -> None:
    made = experiment(measure=("time", "operations"))
    assert laws(made) == {"seconds_per_eval": (0.25, ("operations_count",))}
    assert made.subject("mine").count_overheads == {"operations": ("1",)}
    both = experiment(measure=("operations", "time", "instructions"))
    assert laws(both) == {"seconds_per_eval": (0.25, ("instructions_count", "operations_count"))}
    alone = experiment(measure=("operations", "instructions"))
    assert laws(alone) == {"instructions_count": (0.25, ()), "operations_count": (0.25, ())}
    assert {claim.work_margin for claim in alone.claims if isinstance(claim, LawClaim)} == {0.05}
    assert laws(measuring(both, ["time", "instructions"])) == {"seconds_per_eval": (0.25, ("instructions_count",))}


def test_claims_on_instructions_are_about_points_that_their_subject_visits() -> None:
    both = bench.experiment({"far": prepare, "near": prepare}, law="n", n=[100, 10_000], measure="time")
    visited = Profile(design=Design.grid({"n": [10, 20, 40]}), extra={"far": Design.grid({"n": [80, 160]})})
    made = measuring(dataclasses.replace(both, claims=(), profiles={"quick": visited}), ["time", "instructions"])
    details = with_details(made, only=True).claims
    at = {claim.subject: claim.at["n"] for claim in details if isinstance(claim, ExponentClaim)}
    assert at == {"far": 160, "near": 40}


def test_time_that_is_not_measured_is_not_claimed() -> None:
    made = experiment(measure="instructions")
    assert laws(made) == {"instructions_count": (0.25, ())}
    assert not made.is_timed


def test_results_are_not_compared_where_nothing_is_timed() -> None:
    both = {"mine": prepare, "other": prepare}
    assert bench.experiment(both, law="n", n=[100, 10_000], measure="time,instructions").agreement is not None
    assert bench.experiment(both, law="n", n=[100, 10_000], measure="instructions").agreement is None


def test_memory_that_is_not_measured_has_no_law() -> None:
    assert experiment(memory_law="n", measure="time").subject("mine").memory_law is None
    assert experiment(memory_law="n", measure="time,memory").subject("mine").memory_law == CostLaw("n")


@pytest.mark.parametrize(("bound", "expected"), [("tight", "tight"), ("upper", "upper")])
def test_instructions_are_bounded_as_the_time_is(bound: Any, expected: str) -> None:
    made = measuring(experiment(bound=bound), ["time", "instructions"])
    (claim,) = made.claims
    assert isinstance(claim, LawClaim)
    assert (claim.bound, claim.work) == (expected, ("instructions_count",))


def test_no_claims_where_none_are_wanted() -> None:
    assert experiment(bound=None, measure="time,instructions").claims == ()


def test_asked_twice_there_is_one_claim_of_each_name() -> None:
    once = experiment(measure="time,instructions")
    assert measuring(once, ["time", "instructions"]).claims == once.claims


def test_without_instructions_their_claims_go() -> None:
    assert laws(measuring(experiment(measure="time,instructions"), ["time"])) == {"seconds_per_eval": (0.25, ())}


def test_instructions_of_what_states_no_law_are_counted_to_find_one() -> None:
    made = bench.experiment(prepare, n=[10, 20, 40, 80], measure="time,instructions")
    (subject,) = made.subjects
    assert subject.finds_laws_of == ("instructions",)
    assert subject.is_counted("instructions")
    assert subject.count_laws == {}
    assert made.claims == ()
    again = measuring(made, ("time",))
    assert not again.subjects[0].is_counted("instructions")


def test_memory_alone_needs_a_memory_law() -> None:
    with pytest.raises(ExperimentError, match="measure: memory needs a memory_law"):
        experiment(measure="memory")


def test_points_made_smaller_keep_the_ratios_of_their_levels_and_small_levels_whole() -> None:
    points = [Point(n=1000, k=4), Point(n=64_000, k=8)]
    assert shrink_points(points, 1 / 16) == [Point(n=62, k=4), Point(n=4000, k=8)]
    assert shrink_points(points, 1e-6) == [Point(n=16, k=4), Point(n=1024, k=8)]
    assert shrink_points(points, 1.0) == points


def test_points_that_become_one_are_given_once_and_text_stays() -> None:
    points = [Point(n=1000, how="a"), Point(n=1001, how="a"), Point(n=1000, how="b")]
    assert shrink_points(points, 1 / 50) == [Point(n=20, how="a"), Point(n=20, how="b")]


def test_lower_terms_of_the_law_stand_beside_it() -> None:
    made = bench.experiment({"mine": prepare}, law="n*m", n=[100, 10_000], m=[10, 1000], measure="instructions")
    assert made.subject("mine").count_overheads["instructions"] == ("1", "m", "n")


@pytest.mark.parametrize(
    ("law", "lower"),
    [
        ("1", ()),
        ("n", ("1",)),
        ("n**3", ("1", "n", "n**2")),
        ("n**1.585", ("1", "n")),
        ("n*log(n)", ("1", "n")),
        ("log(n)", ("1",)),
        ("n + m", ("1",)),
        ("n*log(k)", ("1", "n")),
        ("2**n", ("1",)),
    ],
)
def test_lower_terms_are_whole_powers_that_grow_slower(law: str, lower: tuple[str, ...]) -> None:
    assert lower_order_terms(CostLaw(law)) == lower


def test_the_margin_of_a_large_exponent_is_relative() -> None:
    made = bench.experiment({"mine": prepare}, law="n**3", n=[10, 100], measure="instructions")
    (claim,) = with_details(made, only=True).claims
    assert isinstance(claim, ExponentClaim)
    assert claim.margin == pytest.approx(0.15, abs=1e-6)
