"""An experiment in a few lines: what it is made of, that its design can do what it is for, and what it refuses."""

from __future__ import annotations

import functools
import inspect
import random
from collections.abc import Callable
from typing import Any

import bptt_bench as bench
import numpy as np
import pytest
from bptt_bench.errors import DesignError, ExperimentError, LawError
from bptt_bench.plan import PLACEBO_SUFFIX, Design, Experiment, ExponentClaim, LawClaim, Point
from bptt_bench.plan.claims.claim import CheckClaim, Claim, DetailClaim
from bptt_bench.plan.experiment.claims_from_law import with_details
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.plan.law.wording import format_law_term
from bptt_bench.workflows.run import condition_numbers


def prepare(point: Point) -> Callable[[], object]:
    values = [random.random() for _ in range(point["n"])]
    return lambda: sorted(values)


def design(experiment: Experiment) -> Design:
    return experiment.profiles["quick"].design


def claimed(experiment: Experiment) -> dict[str, DetailClaim]:
    """Return what the laws of an experiment say in detail, by name."""
    found = {claim.name: claim for claim in with_details(experiment, only=True).claims}
    assert all(isinstance(claim, DetailClaim) for claim in found.values())
    return found  # type: ignore[return-value]  # just seen


# --- one function -----------------------------------------------------------------------------------------------------


def test_without_a_law_nothing_is_claimed() -> None:
    experiment = bench.experiment(prepare, n=[1000, 100_000])
    (subject,) = experiment.subjects
    assert (subject.law, subject.overhead, experiment.claims) == (None, None, ())
    assert len(design(experiment)) == 7
    assert condition_numbers(experiment, "quick") == {}


def test_a_function_a_law_and_levels_are_enough() -> None:
    experiment = bench.experiment(prepare, law="n*log(n)", n=[1000, 10_000, 100_000])
    (subject,) = experiment.subjects
    assert experiment.name == subject.name == "test_builder"
    assert (str(subject.law), subject.overhead) == ("n*log(n)", ("1",))
    assert [(factor.name, factor.kind) for factor in experiment.factors] == [("n", "integer")]
    assert set(experiment.profiles) == {"quick", "standard", "full"}
    assert experiment.placebo == "test_builder"
    assert experiment.agreement is None
    assert experiment.claims == (
        LawClaim(
            name="follows n*log(n)",
            subject="test_builder",
            statement="The time follows n*log(n)",
            margin=0.25,
        ),
    )
    assert claimed(experiment) == {
        "exponent of n": DetailClaim(
            name="exponent of n",
            subject="test_builder",
            statement="The time grows with n as n·log(n)",
            factor="n",
            terms=("n*log(n)",),
            at=Point(n=100_000),
            margin=0.5,
        )
    }


def test_few_levels_are_filled_up_evenly_and_many_stay_as_they_are() -> None:
    few = bench.experiment(prepare, law="n", n=[100_000, 1000])
    assert [point["n"] for point in design(few)] == [1000, 2154, 4642, 10_000, 21_544, 46_416, 100_000]
    many = bench.experiment(prepare, law="n", n=[1, 2, 4, 8, 16])
    assert [point["n"] for point in design(many)] == [1, 2, 4, 8, 16]
    assert few.added_levels == {"n": (2154, 4642, 10_000, 21_544, 46_416)}
    assert many.added_levels == {}
    two = bench.experiment(prepare, law="n", n=[1, 2, 4, 8, 16], m=[10.0, 20.5], kind=["a", "b"])
    assert set(two.added_levels) == {"m"}


@pytest.mark.parametrize(
    ("levels", "kind", "first"),
    [
        ([1e3, 1e5], "integer", 1000),
        ([0.5, 64], "real", 0.5),
        (np.array([1, 1000]), "integer", 1),
        (range(1, 9), "integer", 1),
    ],
)
def test_whole_numbers_make_an_integer_however_they_are_written(levels: Any, kind: str, first: float) -> None:
    experiment = bench.experiment(prepare, law="n", n=levels)
    assert experiment.factors[0].kind == kind
    assert design(experiment).points[0]["n"] == first
    assert {type(point["n"]) for point in design(experiment)} == {int if kind == "integer" else float}


def test_levels_may_come_from_an_iterator() -> None:
    experiment = bench.experiment(prepare, law="n", n=(10**power for power in range(2, 7)))  # type: ignore[arg-type]
    assert [point["n"] for point in design(experiment)] == [100, 1000, 10_000, 100_000, 1_000_000]


def test_real_levels_between_others_have_few_digits_and_keep_their_order() -> None:
    wide = bench.experiment(prepare, law="1/eps", eps=[1e-5, 1e-3])
    assert [point["eps"] for point in design(wide)] == [1e-5, 2.15e-5, 4.64e-5, 1e-4, 2.15e-4, 4.64e-4, 1e-3]
    close = [point["x"] for point in design(bench.experiment(prepare, law="x", x=[1.5, 1.5003]))]
    steps = np.diff(close)
    assert len(close) == 7
    assert steps.min() > 0.9 * steps.max()
    assert len(design(bench.experiment(prepare, law="x", x=[1e-300, 1e300]))) == 7


def test_texts_make_a_category_that_meets_all_points() -> None:
    experiment = bench.experiment(prepare, law="n", n=[10, 1000], backend=["numpy", "torch"])
    assert [factor.kind for factor in experiment.factors] == ["integer", "category"]
    assert len(design(experiment)) == 14
    assert {point["backend"] for point in design(experiment)} == {"numpy", "torch"}
    assert [claim.at for claim in claimed(experiment).values()] == [Point(n=1000)]


# --- several factors --------------------------------------------------------------------------------------------------


def test_two_factors_make_a_grid_and_three_make_lines_and_corners() -> None:
    two = bench.experiment(prepare, law="n + m", n=[10, 1000], m=[10, 1000])
    three = bench.experiment(prepare, law="n*m*k", n=[10, 1000], m=[10, 1000], k=[10, 1000])
    assert len(design(two)) == 25
    assert len(design(three)) == 1 + 3 * 4 + 8
    assert {"n": 1000, "m": 10, "k": 1000} in design(three)


@pytest.mark.parametrize("law", ["n + m", "n*m", "n*m + n + m", "n*log(m) + m", "n**2 + m*n", "min(n, m)"])
def test_the_design_can_distinguish_terms(law: str) -> None:
    experiment = bench.experiment(prepare, law=law, n=[10, 1000], m=[10, 1000])
    (number,) = condition_numbers(experiment, "quick").values()
    assert number < 20


def test_the_terms_that_lack_a_factor_are_claimed_not_to_grow_with_it() -> None:
    claims = claimed(bench.experiment(prepare, law="n + m", n=[10, 1000], m=[10, 1000]))
    one_by_one = ["exponent of n in n", "exponent of n in m", "exponent of m in m", "exponent of m in n"]
    assert list(claims) == [*one_by_one, "exponent of n and m"]
    flat = claims["exponent of m in n"]
    assert (flat.factor, flat.terms, flat.margin) == ("m", ("n",), 0.25)
    assert flat.at == Point(n=1000, m=10), "where the part of n is largest"
    assert flat.statement == "The part n of the time does not grow with m"


def test_all_factors_together_have_an_exponent_too() -> None:
    claims = claimed(bench.experiment(prepare, "n*k + m", n=[10, 1000], k=[10, 1000], m=[10, 1000]))
    together = claims["exponent of n, k and m"]
    assert (together.factors, together.terms, together.margin) == (("n", "k", "m"), ("n*k", "m"), 0.5)
    assert together.statement == "The time grows with n, k and m as n·k + m if they grow alike"


@pytest.mark.parametrize("law", ["n", "1"])
def test_without_two_factors_that_matter_nothing_is_claimed_of_them_together(law: str) -> None:
    claims = claimed(bench.experiment(prepare, law, n=[10, 1000], m=[10, 1000]))
    assert all(claim.together_with == () for claim in claims.values())


def test_terms_that_grow_alike_are_claimed_together() -> None:
    levels = {name: [10, 1000] for name in "THVd"}
    claims = claimed(bench.experiment(prepare, "T*H*V + T*H*d + T*H**2", **levels))  # type: ignore[arg-type]  # levels
    assert claims["exponent of H in T·H·V + T·H·d"].terms == ("T*H*V", "T*H*d")
    assert claims["exponent of H in T·H²"].terms == ("T*H**2",)
    assert claims["exponent of T"].terms == ("T*H*V", "T*H*d", "T*H**2")
    assert claims["exponent of V in T·H·d + T·H²"].margin == 0.25


def test_a_factor_that_the_law_leaves_out_is_claimed_to_have_no_part() -> None:
    experiment = bench.experiment(prepare, law="n", n=[10, 1000], m=[10, 1000])
    assert str(experiment.subjects[0].law) == "n*m**0"
    assert claimed(experiment)["exponent of m"].statement == "The time does not grow with m"


def test_a_constant_can_be_claimed() -> None:
    experiment = bench.experiment(prepare, law="1", n=[10, 1000])
    assert str(experiment.subjects[0].law) == "n**0"
    assert experiment.subjects[0].overhead == (), "the law is the constant"
    (claim,) = claimed(experiment).values()
    assert (claim.at, claim.margin) == (Point(n=1000), 0.25)


def test_a_lower_bound_claims_nothing_of_what_does_not_grow() -> None:
    claims = claimed(bench.experiment(prepare, law="n + m", bound="lower", n=[10, 1000], m=[10, 1000]))
    assert list(claims) == ["exponent of n in n", "exponent of m in m", "exponent of n and m"]
    assert {claim.bound for claim in claims.values()} == {"lower"}


def test_a_margin_holds_for_all_claims_and_no_bound_makes_none() -> None:
    margins = {
        claim.margin for claim in claimed(bench.experiment(prepare, "n", margin=0.1, n=[1, 99], m=[1, 99])).values()
    }
    assert margins == {0.1}
    own = ExponentClaim(name="own", subject="test_builder", factor="n", terms=("n",), at=Point(n=99))
    assert bench.experiment(prepare, "n", bound=None, claims=[own], n=[1, 99]).claims == (own,)


def test_memory_is_claimed_beside_time() -> None:
    experiment = bench.experiment(
        prepare, law="n", memory_law="n", output_bytes=lambda point: 8 * point["n"], n=[1, 99]
    )
    claim = claimed(experiment)["memory, exponent of n"]
    assert (claim.response, claim.statement) == ("scratch_bytes", "The memory grows with n as n")
    assert experiment.subjects[0].memory_law == CostLaw("n")


def test_overhead_is_named_or_left_to_the_data_and_never_twice() -> None:
    def overhead(given: Any, law: str = "n") -> Any:
        return bench.experiment(prepare, law, overhead=given, n=[1, 99]).subjects[0].overhead

    assert overhead("auto") is None
    assert overhead("1 + log(n)") == overhead(["1", "log(n)"]) == ("1", "log(n)")
    assert overhead("1", "n + 1") == ()


@pytest.mark.parametrize(("text", "shown"), [("n*log(n)*m**0", "n·log(n)"), ("n**0*m**0", "1"), ("2*n**2", "2·n²")])
def test_what_has_no_part_is_not_shown(text: str, shown: str) -> None:
    assert format_law_term(CostLaw(text).terms[0]) == shown


# --- several functions ------------------------------------------------------------------------------------------------


def by(point: Point, way: Callable[[list[float]], object]) -> Callable[[], object]:
    values = [random.random() for _ in range(point["n"])]
    return lambda: way(values)


WAYS = {"sorted": functools.partial(by, way=sorted), "doubled": functools.partial(by, way=lambda v: sorted(v + v))}


def test_several_functions_have_claims_of_their_own_and_are_compared_with_the_first() -> None:
    experiment = bench.experiment(WAYS, law={"sorted": "n", "doubled": "2*n"}, n=[1, 99])
    assert [str(subject.law) for subject in experiment.subjects] == ["n", "2*n"]
    assert [claim.name for claim in experiment.claims] == ["sorted follows n", "doubled follows 2*n"]
    assert experiment.agreement is not None
    assert experiment.agreement.reference == experiment.placebo == "sorted"
    assert experiment.subject_names == ("sorted", "doubled", "sorted" + PLACEBO_SUFFIX)


def test_all_prepare_the_same_random_numbers_at_a_point() -> None:
    one, other = (
        subject.prepare for subject in bench.experiment({"a": WAYS["sorted"], "b": prepare}, "n", n=[1, 99]).subjects
    )
    assert one(Point(n=5))() == other(Point(n=5))()
    assert one(Point(n=5))() != one(Point(n=6))()


def test_numpy_is_seeded_too() -> None:
    def drawn(point: Point) -> Callable[[], object]:
        values = np.random.random(3)  # noqa: NPY002  # what users write
        return lambda: list(values)

    (subject,) = bench.experiment(drawn, "n", n=[1, 99]).subjects
    assert subject.prepare(Point(n=1))() == subject.prepare(Point(n=1))()


def test_results_are_equal_as_a_function_says() -> None:
    experiment = bench.experiment(WAYS, "n", equal=lambda a, b: len(a) == len(b), reference="doubled", n=[1, 99])
    assert experiment.agreement is not None
    assert experiment.agreement.reference == "doubled"
    assert experiment.agreement.difference([1], [2]) == 0
    assert experiment.agreement.difference([1], [2, 3]) > experiment.agreement.allowed


def test_by_default_what_differs_is_reported() -> None:
    agreement = bench.experiment(WAYS, "n", n=[1, 99]).agreement
    assert agreement is not None
    assert agreement.difference([1.0, 2.0], [1.0, 2.0]) <= agreement.allowed < agreement.difference([1.0], [1.1])


def test_laws_of_memory_and_counts_claim_what_they_leave_out_as_those_of_time_do() -> None:
    experiment = bench.experiment(
        prepare, "n", memory_law="n", tally=tally, count_laws={"steps": "n"}, n=[1, 99], m=[1, 99]
    )
    (time, memory, steps) = experiment.claims
    assert [claim.name for claim in (time, memory, steps)] == ["follows n", "memory, follows n", "steps, follows n"]
    assert isinstance(time, LawClaim)
    assert isinstance(steps, LawClaim)
    assert (time.work, time.margin, time.work_margin, steps.work_margin) == (("steps_count",), 0.25, 0.05, 0.05)
    left_out = {name: claim for name, claim in claimed(experiment).items() if claim.factor == "m"}
    assert {name: (claim.response, claim.margin) for name, claim in left_out.items()} == {
        "exponent of m": ("seconds_per_eval", 0.25),
        "memory, exponent of m": ("scratch_bytes", 0.25),
        "steps, exponent of m": ("steps_count", 0.05),
    }


# --- what is refused --------------------------------------------------------------------------------------------------

REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"law": "n"}, r"experiment: has no factor; give each its levels by name, n=\[1000, 10_000, 100_000\]"),
    (
        {"law": "n", "n": 1000},
        r"n=1000: is not an option, and levels of a factor must be several, such as \[1000, 10_000",
    ),
    ({"law": "n**k", "n": [5, 99], "k": [3, 4, 5]}, r"k=\[3, 4, 5\]: 3 levels .*4 are needed.*such as \[3, 4, 5, 6\]"),
    ({"law": "n", "n": [1000]}, r"n=\[1000\]: must be two different levels or more, such as"),
    ({"law": "n", "n": [1000, 1000.0]}, r"n=\[1000, 1000.0\]: must be two different levels or more"),
    ({"law": "n", "n": "1000"}, r"n='1000': is not an option, and levels of a factor must be several"),
    ({"law": "n", "n": {"a": 1}}, r"n=\{'a': 1\}: is not an option, and levels of a factor must be several"),
    ({"law": "n", "n": ["1000", "1e5"]}, r"only categories \(n\).*; write numbers without quotes, \[1000, 1e5\]"),
    ({"law": "n*m", "n": [1, 99], "m": ["1", "9"]}, r"names m, whose levels are text.* without quotes, \[1, 9\]"),
    ({"law": "n", "n": range(1, 10**6)}, r"n=\[1, 2, 3, 4, …\]: must be at most 1000 levels"),
    ({"law": "n*log(n)", "n": [-1, 99]}, r"factor n must be a number above 0, got -1"),
    ({"law": "nlogn", "n": [1, 99]}, r"law 'nlogn': names nlogn, which has no levels; did you mean n\*log\(n\)\?"),
    ({"law": "0", "n": [1, 99]}, r"law '0': the term 0 is 0; each term of a cost law adds to the cost"),
    ({"law": "0*n", "n": [1, 99]}, r"law '0\*n': must be above 0 somewhere; it is 0 at every point"),
    ({"law": "N", "n": [1, 99]}, r"law 'N': names N, which has no levels; did you mean n\?"),
    ({"law": "2**n", "n": [1, 2000]}, r"law '2\*\*n': 2\*\*n is inf at n=\d+; .*; give smaller levels, n up to 1023"),
    ({"law": "n", "n": [1, 99], "factors": {"n": [1, 9]}}, r"factors: 'n' is given by keyword as well; give it once"),
    ({"law": "n", "factors": [1, 9]}, r"factors=\[1, 9\]: must be levels by name, such as \{'n': \[1000"),
    ({"law": "n", "n": [1, 2]}, r"n=\[1, 2\]: 2 levels with all between them; 5 are needed"),
    ({"law": "n", "n": [0, 10]}, r"factor n must be a number above 0, got 0"),
    ({"law": "n", "n": [1, "a"]}, r"factor n must be a number above 0, got 'a'"),
    ({"law": "n", "n": [True, 9]}, r"factor n must be a number above 0, got True; or give text at every level"),
    ({"law": "n", "n": [10, 10**400]}, r"factor n must be a number above 0 up to 1.8e\+308"),
    ({"law": "block", "block": [1, 99]}, r"factor name 'block': laws, tables of samples .* such as 'block_'"),
    ({"law": "n", "n": [1, 99], "lambda": [1, 9]}, r"factor name 'lambda': laws, tables of samples or Python have a"),
    ({"law": "n", "n": ["a", "b"]}, r"experiment: has only categories \(n\)"),
    ({"law": "n", "n": [1, 99], "overheads": "1"}, r"overheads='1': is not an option, .*; did you mean overhead="),
    ({"law": "n*m", "n": [1, 99]}, r"law 'n\*m': names m, which has no levels; give m="),
    (
        {"law": "n*b", "n": [1, 99], "b": ["x", "y"]},
        r"law 'n\*b': names b, whose levels are text, each with a fit of its own",
    ),
    ({"law": "n^1/2", "n": [1, 99]}, r"law 'n\^1/2': can be read as n\*\*\(1/2\) or as n\*\*1/2"),
    ({"law": 3, "n": [1, 99]}, r"law=3: must be text such as 'n\*log\(n\)'"),
    ({"law": {"x": "n"}, "n": [1, 99]}, r"law of 'x': nothing has this name; there is test_builder"),
    ({"law": "n", "memory_law": "n +", "n": [1, 99]}, r"memory_law: law 'n \+': cannot be read"),
    ({"law": "n", "overhead": "k", "n": [1, 99]}, r"overhead 'k': names k, which has no levels"),
    ({"law": "n", "overhead": None, "n": [1, 99]}, r"overhead must be terms such as '1 \+ n', .*, got None"),
    ({"law": "n", "name": "a\nb", "n": [1, 99]}, r"name must be text of one line.*, got 'a\\nb'"),
    ({"law": "n", "bound": "exact", "n": [1, 99]}, r"bound must be one of tight, upper, lower, None, got 'exact'"),
    ({"law": "n", "margin": 0, "n": [1, 99]}, r"margin must be a number above 0, got 0"),
    ({"law": "n", "margin": float("inf"), "n": [1, 99]}, r"margin must be a number above 0, got inf"),
    ({"law": "n", "reference": "x", "n": [1, 99]}, r"reference='x': nothing has this name; there is test_builder"),
    (
        {"law": "n", "claims": ["n"], "n": [1, 99]},
        r"claims must be a sequence of claims, such as bench.ExponentClaim\(...\), got ",
    ),
    (
        {"law": "n", "claims": 5, "n": [1, 99]},
        r"claims must be a sequence of claims, such as bench.ExponentClaim\(...\), got ",
    ),
    (
        {"law": "n", "claims": [CheckClaim(name="c", subject="x", check=print)], "n": [1, 99]},  # type: ignore[arg-type]
        r"claim 'c': is about 'x'; there is test_builder",
    ),
    ({"law": "n", "count_laws": "n", "n": [1, 99]}, r"count_laws must map names to laws, .*, got 'n'"),
    (
        {"law": "n", "memory_law": "n", "output_bytes": 8, "n": [1, 99]},
        r"output_bytes must be a function of a point, got 8",
    ),
    ({"law": "n", "blocks": 0, "n": [1, 99]}, r"blocks must be a whole number from 1, got 0"),
    ({"law": "n", "blocks": 2.5, "n": [1, 99]}, r"blocks must be a whole number from 1, got 2.5"),
    ({"law": "n", "seconds_per_sample": "1s", "n": [1, 99]}, r"seconds_per_sample must be a number above 0, got '1s'"),
    ({"law": "n/log(n)", "n": [1, 99]}, r"law 'n/log\(n\)': n/log\(n\) is inf at n=1; allowed are laws from 0 upwards"),
    ({"law": "log(n)", "n": [0.5, 99]}, r"law 'log\(n\)': log\(n\) is -0.693 at n=0.5"),
    ({"law": "n", "memory_law": "log(n/2)", "n": [1, 99]}, r"law 'log\(n/2\)': log\(n/2\) is -0.693 at n=1"),
    ({"law": "n + n**2 + n**3", "n": [1, 2, 4, 8, 16]}, r"n: make 5 points for the 4 terms of law .*; 6 are needed"),
]


@pytest.mark.parametrize(("arguments", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_what_cannot_be_used_is_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ExperimentError, DesignError, LawError), match=message) as caught:
        bench.experiment(prepare, **arguments)
    assert "\n" not in str(caught.value)


OPTIONS = [name for name in inspect.signature(bench.experiment).parameters if name not in {"prepare", "law", "levels"}]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("levels", [[1, 99], np.array([1, 99]), range(1, 100, 98)])
def test_a_factor_may_be_called_like_an_option(option: str, levels: Any) -> None:
    experiment = bench.experiment(prepare, f"{option}*log({option})", factors={option: levels})
    assert [factor.name for factor in experiment.factors] == [option]
    if option != "factors":
        with pytest.raises(DesignError) as caught:
            bench.experiment(prepare, "n", **{option: levels}, n=[1, 99])
        assert str(caught.value) == (
            f"{option}=[1, 99]: is an option, not a factor; a factor of this name is written "
            f"factors={{{option!r}: [1, 99]}}"
        )


def test_a_law_may_be_a_law() -> None:
    assert bench.experiment(prepare, bench.CostLaw("n log n"), n=[1, 99]).subjects[0].law == CostLaw("n*log(n)")


def test_a_micro_sign_is_the_greek_letter_as_in_python_itself() -> None:
    experiment = bench.experiment(prepare, "µ", factors={"µ": [1, 99]})
    assert [factor.name for factor in experiment.factors] == ["μ"]
    assert design(experiment).points[0]["µ"] == design(experiment).points[0]["μ"] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prepare": lambda: None}, r"prepare: must take one argument, the point, got <lambda>\(\)"),
        ({"prepare": lambda n, m: None}, r"prepare: must take one argument, the point, got <lambda>\(n, m\)"),
        ({"prepare": {"a": lambda: None}}, r"prepare of 'a': must take one argument, the point, got <lambda>\(\)"),
        (
            {"prepare": prepare, "tally": lambda: {"a": 1}},
            r"tally: must take one argument, the point, got <lambda>\(\)",
        ),
        (
            {"prepare": prepare, "equal": lambda a: True, "more": True},
            r"equal: must take 2 arguments, got <lambda>\(a\)",
        ),
        (
            {"prepare": prepare, "memory_law": "n", "output_bytes": lambda: 8},
            r"output_bytes: must take one argument, the point, got <lambda>\(\)",
        ),
    ],
)
def test_functions_that_take_something_else_are_named(arguments: dict[str, Any], message: str) -> None:
    if arguments.pop("more", False):
        arguments["prepare"] = WAYS
    with pytest.raises(ExperimentError, match=message):
        bench.experiment(law="n", n=[1, 99], **arguments)


def test_a_prepare_that_is_the_function_itself_is_advised_what_to_write() -> None:
    (subject,) = bench.experiment(sorted, "n", n=[1, 99]).subjects  # type: ignore[arg-type]  # which is the mistake
    with pytest.raises(
        ExperimentError, match=r"must return the call that is timed, got list .* `return lambda: sorted"
    ):
        subject.prepare(Point(n=5))


def test_a_prepare_that_returns_a_call_with_arguments_is_reported() -> None:
    (subject,) = bench.experiment(lambda point: by, "n", n=[1, 99]).subjects  # type: ignore[arg-type, return-value]  # on purpose
    with pytest.raises(ExperimentError, match=r"the call that it returns: must take no argument, got by\(point"):
        subject.prepare(Point(n=5))


@pytest.mark.parametrize(
    ("prepares", "message"),
    [
        (3, "prepare must be a function of a point, or a mapping of functions, got 3"),
        ({}, r"prepare must be a function of a point, or a mapping of functions, got \{\}"),
        ({"a": 3}, "prepare of 'a' must be a function of a point, got 3"),
        ({1: prepare}, "prepare: a name must be text of one line.*, got 1"),
        ({"a\nb": prepare}, r"prepare: a name must be text of one line.*, got 'a\\nb'"),
        ({"a [dtype=x]": prepare}, "must be text of one line and at most 80 characters, without brackets"),
        ({"a": prepare, "a (placebo)": prepare}, r"subject 'a \(placebo\)': ends as the second name of a placebo does"),
    ],
)
def test_functions_that_cannot_be_used_are_named(prepares: Any, message: str) -> None:
    with pytest.raises(ExperimentError, match=message):
        bench.experiment(prepares, "n", n=[1, 99])


def test_equal_must_be_a_function() -> None:
    with pytest.raises(
        ExperimentError, match="equal must be a function of two results that returns whether they agree, got True"
    ):
        bench.experiment(WAYS, "n", equal=True, n=[1, 99])  # type: ignore[arg-type]  # on purpose


def test_a_prepare_that_returns_its_result_is_advised_what_to_return() -> None:
    (subject,) = bench.experiment(lambda point: 3, "n", n=[1, 99]).subjects  # type: ignore[arg-type, return-value]
    with pytest.raises(
        ExperimentError,
        match=r"prepare: must return the call that is timed, got int at n=5; return the call itself, not its result: "
        r"`return lambda: f\(x\)` in place of `return f\(x\)`",
    ):
        subject.prepare(Point(n=5))


async def work() -> None:
    pass


@pytest.mark.parametrize("function", [lambda: (yield), work, functools.partial(work)])
def test_a_call_that_does_nothing_yet_is_refused(function: Any) -> None:
    (subject,) = bench.experiment(lambda point: function, "n", n=[1, 99]).subjects
    with pytest.raises(ExperimentError, match=r"generator or coroutine function at n=5; calling one does nothing yet"):
        subject.prepare(Point(n=5))


def test_claims_are_values(monkeypatch: pytest.MonkeyPatch) -> None:
    once, again = (bench.experiment(prepare, "n + m", n=[1, 99], m=[1, 99]).claims for _ in range(2))
    assert once == again
    assert all(isinstance(claim, Claim) for claim in once)


# --- counts -----------------------------------------------------------------------------------------------------------


def tally(point: Point) -> dict[str, float]:
    return {"steps": point["n"] + random.randrange(2)}


def test_counts_have_laws_and_claims_and_are_made_of_the_same_random_numbers() -> None:
    experiment = bench.experiment(WAYS, "n", tally={"sorted": tally}, count_laws={"steps": "n"}, n=[1, 99])
    sorting, doubled = experiment.subjects
    assert sorting.count_laws == {"steps": CostLaw("n")}
    assert (doubled.tally, doubled.count_laws) == (None, {})
    claim = claimed(experiment)["sorted: steps, exponent of n"]
    assert (claim.response, claim.statement) == ("steps_count", "The number of steps grows with n as n")
    assert sorting.tally is not None
    assert [dict(sorting.tally(Point(n=5))) for _ in range(9)] == [dict(sorting.tally(Point(n=5)))] * 9


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"tally": {"x": tally}}, "tally of 'x': nothing has this name; there is sorted, doubled"),
        ({"tally": 3}, "tally must be a function of a point, got 3"),
        ({"count_laws": {"steps": "n"}}, r"count_laws=\{'steps': 'n'\}: need a tally that counts"),
        ({"tally": tally, "count_laws": {"steps": "k"}}, "count_laws of 'steps' 'k': names k, which has no levels"),
    ],
)
def test_counts_that_cannot_be_used_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ExperimentError, LawError), match=message):
        bench.experiment(WAYS, "n", **arguments, n=[1, 99])
