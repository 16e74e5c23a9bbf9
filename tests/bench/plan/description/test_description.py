"""An experiment as plain data and back: nothing that judging needs is lost, and nothing wrong is let in."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.worker.loading import load_experiment
from bptt_bench.plan import CheckClaim, Claim, Experiment, Point, RooflineClaim, Subject, Traffic, Work
from bptt_bench.plan.claims import claim as claims
from bptt_bench.plan.description.codec import MOST_CHARACTERS, DescriptionError, data_fields
from bptt_bench.plan.description.description import CLAIMS, FUNCTIONS, decode_experiment, encode_experiment
from bptt_bench.plan.description.lookup import NotStoredError

from tests import toy_categories, toy_experiment, toy_memory, toy_race

MODULES = ("tests.toy_experiment", "tests.toy_categories", "tests.toy_memory", "tests.toy_race")
TOY = load_experiment("tests.toy_experiment")


def stored(experiment: Experiment, profile: str = "quick") -> dict[str, Any]:
    """As it comes back from a file."""
    found: dict[str, Any] = json.loads(json.dumps(encode_experiment(experiment, profile)))
    return found


def data(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in data_fields(value.__class__)}


@pytest.mark.parametrize("module", MODULES)
def test_all_that_is_data_comes_back(module: str) -> None:
    experiment = load_experiment(module)
    again = decode_experiment(stored(experiment))
    for name in ("name", "factors", "profiles", "placebo", "foresight"):
        assert getattr(again, name) == getattr(experiment, name)
    for one, other in zip(experiment.subjects, again.subjects, strict=True):
        assert data(other) == data(one)
        assert (other.tally is None) == (one.tally is None)
    for claim, other_claim in zip(experiment.claims, again.claims, strict=True):
        assert type(other_claim) is type(claim)
        assert data(other_claim) == data(claim)
    if experiment.agreement is not None:
        assert again.agreement is not None
        assert data(again.agreement) == data(experiment.agreement)


@pytest.mark.parametrize("module", MODULES)
def test_functions_give_at_the_points_of_the_run_what_they_gave(module: str) -> None:
    experiment = load_experiment(module)
    described = stored(experiment)
    again = decode_experiment(described)
    asked = 0
    for one, other in zip(experiment.subjects, again.subjects, strict=True):
        for name in FUNCTIONS:
            function = getattr(one, name)
            if function is None:
                assert getattr(other, name) is None
                continue
            for point in map(Point, described["points"]):
                assert getattr(other, name)(point) == function(point)
                asked += 1
    assert asked > 0 or module == "tests.toy_experiment"


def works(point: Point) -> list[Work]:
    n = int(point["n"])
    product = Work(phase="sum", kind="product", operations=n * 3, calls=1, product="gemv", shape=(n, 1, 3))
    tiles = Work(phase="sum", kind="elementwise", operations=n, calls=-(-n // 1000), bytes_moved=8 * n)
    return [product, tiles] if n > 2000 else [product]


def test_works_come_back_also_where_their_number_changes_from_point_to_point() -> None:
    subject = dataclasses.replace(TOY.subjects[0], works=works)
    described = stored(dataclasses.replace(TOY, subjects=(subject, *TOY.subjects[1:])))
    again = decode_experiment(described).subjects[0].works
    assert again is not None
    for point in map(Point, described["points"]):
        assert list(again(point)) == works(point)
    with pytest.raises(NotStoredError, match=r"works of 'sum': the run holds it at its own points alone, not at n=7;"):
        again(Point(n=7))


def test_closed_forms_answer_at_any_point() -> None:
    subject = dataclasses.replace(
        TOY.subjects[0],
        working_set=lambda point: int(8 * point["n"] + 40),
        roofline=lambda point: Traffic(operations=2.0 * point["n"], least_bytes=8.0 * point["n"]),
    )
    again = decode_experiment(stored(dataclasses.replace(TOY, subjects=(subject, *TOY.subjects[1:])))).subjects[0]
    assert again.working_set is not None
    assert again.roofline is not None
    assert again.working_set(Point(n=123_456_789)) == 8 * 123_456_789 + 40
    assert again.roofline(Point(n=11)) == Traffic(22.0, 88.0)


def test_categories_have_values_of_their_own() -> None:
    again = decode_experiment(stored(toy_categories.EXPERIMENT)).subjects[0].working_set
    assert again is not None
    assert again(Point(dtype="float32", n=10, share=0.5)) == 20
    assert again(Point(dtype="float64", n=10, share=0.5)) == 40


def test_an_amount_given_as_a_function_is_stored_for_every_category() -> None:
    claim = next(one for one in toy_categories.EXPERIMENT.claims if one.name == "bytes of the ones")
    again = next(one for one in decode_experiment(stored(toy_categories.EXPERIMENT)).claims if one.name == claim.name)
    amount = again.amount  # type: ignore[attr-defined]  # it is an AmountClaim
    assert amount(Point(dtype="float64", n=32_000, share=0.5)) == 128_000
    assert amount(Point(dtype="float32", n=32_000, share=0.5)) == 64_000


def test_what_was_code_says_so_when_it_is_called() -> None:
    again = decode_experiment(stored(TOY))
    with pytest.raises(NotStoredError, match="holds no code; name the module that has it"):
        again.subjects[0].prepare(Point(n=1))
    check = next(claim for claim in again.claims if isinstance(claim, CheckClaim))
    with pytest.raises(NotStoredError, match="holds no code"):
        check.check(0)


# --- what is refused --------------------------------------------------------------------------------------------------


def changed(found: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    again = copy.deepcopy(found)
    place = again
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return again


GOOD = stored(TOY)
CLAIM = 1  # sum-linear


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("name",), 3, "name must be a text, got 3"),
        (("name",), "a\x1b[31mb", r"name must be a text without control characters, got 'a\\x1b\[31mb'"),
        (("name",), "\ud800", "name must be a text without control characters"),
        (("subjects", 0, "law"), "__import__('os').system('true')", r"subjects\[0\].law cannot be used: law "),
        (("subjects", 0, "law"), "n*k", "unknown name 'k'"),
        (("subjects", 0, "law"), ["n"], r"subjects\[0\].law must be a text, got a list"),
        (("subjects", 0, "law"), "n+" * 9_000 + "n", r"subjects\[0\].law must be a text of at most 10000 characters"),
        (("subjects", 0, "law"), "n**(9**9)", "exponent"),
        (("subjects", 0, "overhead"), ["x"], r"subjects\[0\].overhead cannot be used: .*unknown name 'x'"),
        (("subjects", 0, "term_bytes"), {"n": "q"}, r"subjects\[0\].term_bytes.n cannot be used"),
        (("subjects", 0, "prepare"), "os.system", r"subjects\[0\].prepare is not known; the fields are name, law"),
        (("subjects", 0, "has_tally"), 1, r"subjects\[0\].has_tally must be true or false, got 1"),
        (("subjects", 0, "works"), [{"points": [99], "columns": [], "slots": []}], "must be the number of a point"),
        (("subjects", 0, "working_set"), {}, r"subjects\[0\].working_set must be a list, got an object"),
        (("claims", CLAIM, "kind"), "pickle", r"claims\[1\].kind must be one of amount, check"),
        (("claims", CLAIM, "margin"), None, r"claims\[1\].margin must be a finite number, got None"),
        (("claims", CLAIM, "margin"), float("nan"), r"claims\[1\].margin must be a finite number, got nan"),
        (("claims", CLAIM, "margin"), 10**400, r"claims\[1\].margin must be a whole number below 2\*\*63"),
        (("claims", CLAIM, "margin"), -1, "'sum-linear': margin must be a number above 0 and at most 100, got -1"),
        (("claims", CLAIM, "margin"), 0, "'sum-linear': margin must be a number above 0 and at most 100, got 0"),
        (
            ("claims", CLAIM, "margin"),
            1e300,
            r"margin must be a number above 0 and at most 100, got 1e\+300",
        ),
        (
            ("claims", CLAIM, "subject"),
            "nobody",
            r"claims\[1\].subject must be one of the .*, got 'nobody'",
        ),
        (("claims", CLAIM, "bound"), "loose", r"claims\[1\].bound must be one of 'tight', 'upper', 'lower'"),
        (("claims", CLAIM, "factor"), "k", r"claims\[1\] names the factor 'k'; the factors are n"),
        (("claims", CLAIM, "at"), {"k": 1}, r"claims\[1\] has a point with 'k'"),
        (("claims", CLAIM, "at"), {"n": "a"}, "factor n must be a whole number from 1, got 'a'"),
        (("claims", CLAIM, "at"), {}, "has a point without n"),
        (("factors", 0, "kind"), "code", r"factors\[0\].kind must be one of 'integer', 'real', 'category'"),
        (("factors", 0, "name"), "import", "factor name 'import'"),
        (
            ("profiles", "quick", "blocks"),
            0,
            "profiles.quick cannot be used: blocks must be a whole number from 1, got 0",
        ),
        (("profiles", "quick", "design"), [{"n": 0}], "factor n must be a whole number from 1, got 0"),
        (("profiles",), {}, "needs at least one factor, one subject and one profile"),
        (("placebo",), "nobody", "placebo 'nobody'"),
        (("foresight", "visits"), 0, "foresight cannot be used: visits must be a whole number from 1, got 0"),
        (("agreement",), {"reference": "sum", "allowed": "0"}, "agreement.allowed must be a finite number"),
        (("more",), 1, "more is not known; the fields are name, factors"),
        (("points",), [{"n": [1]}], r"points\[0\].n must be a finite number"),
    ],
)
def test_what_is_wrong_is_named(path: tuple[Any, ...], value: Any, message: str) -> None:
    with pytest.raises(DescriptionError, match=message) as raised:
        decode_experiment(changed(GOOD, path, value))
    assert len(str(raised.value)) < 500 + MOST_CHARACTERS
    assert "\n" not in str(raised.value)


def test_a_claim_about_a_law_that_its_subject_lacks_is_named() -> None:
    without = changed(changed(GOOD, ("foresight",), None), ("subjects", 0, "law"), None)
    with pytest.raises(DescriptionError, match=r"claims\[1\].subject must be a subject with a law, got 'sum'"):
        decode_experiment(without)


@pytest.mark.parametrize("name", GOOD)
def test_a_field_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(DescriptionError, match=f"has no '{name}'"):
        decode_experiment({key: value for key, value in GOOD.items() if key != name})


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value in plain data, of long lists the first two."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, one in value.items():
            yield from paths(one, (*path, key))
    if isinstance(value, list):
        for i, one in enumerate(value[:2]):
            yield from paths(one, (*path, i))


@pytest.mark.parametrize("experiment", [TOY, toy_categories.EXPERIMENT, toy_memory.EXPERIMENT, toy_race.EXPERIMENT])
@pytest.mark.parametrize("value", [None, True, -1, 0, 1e308, "", "x", [], {}, [[]], {"": {}}], ids=repr)
def test_whatever_stands_in_a_field_is_either_an_experiment_or_named(experiment: Experiment, value: Any) -> None:
    found = stored(experiment)
    for path in paths(found):
        try:
            decode_experiment(changed(found, path, value))
        except DescriptionError as error:
            assert "\n" not in str(error)  # noqa: PT017  # any of hundreds may be fine


# --- what cannot be stored --------------------------------------------------------------------------------------------


def test_a_function_that_raises_where_it_will_be_measured_is_named() -> None:
    subject = dataclasses.replace(TOY.subjects[0], working_set=lambda point: 1 // (point["n"] - 1000))
    whole = dataclasses.replace(TOY, subjects=(subject, *TOY.subjects[1:]))
    with pytest.raises(ExperimentError, match=r"subject 'sum': working_set at n=1000: ZeroDivisionError"):
        encode_experiment(whole, "quick")


def test_a_function_may_have_no_value_beyond_the_sweep() -> None:
    subject = dataclasses.replace(
        TOY.subjects[0], working_set=lambda point: {n: n for n in toy_experiment.LEVELS}[point["n"]]
    )
    encode_experiment(dataclasses.replace(TOY, subjects=(subject, *TOY.subjects[1:])), "quick")


def test_a_claim_of_another_kind_is_refused_before_anything_is_measured() -> None:
    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class MyClaim(Claim):
        """A kind that nobody judges."""

    whole = dataclasses.replace(TOY, claims=(MyClaim(name="mine", subject="sum"),))
    with pytest.raises(ExperimentError, match="claim 'mine': is of kind MyClaim, which no run can hold"):
        encode_experiment(whole, "quick")


def test_what_could_not_be_read_again_is_not_written() -> None:
    whole = dataclasses.replace(
        TOY, claims=(RooflineClaim(name="w" * (MOST_CHARACTERS + 1), subject="sum", at=Point(n=1), at_least=0.5),)
    )
    with pytest.raises(
        ExperimentError, match=r"cannot be stored with a run: claims\[0\].name must be a text of at most"
    ):
        encode_experiment(whole, "quick")


def test_every_kind_of_claim_is_known() -> None:
    kinds = {kind for kind in vars(claims).values() if isinstance(kind, type) and issubclass(kind, Claim)}
    assert set(CLAIMS.values()) == kinds - {Claim, claims.DetailClaim}  # details are derived, never stored
    assert all(hint for kind in (*CLAIMS.values(), Subject) for hint in data_fields(kind))
