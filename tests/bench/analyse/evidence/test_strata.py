"""Categories are taken apart before anything is fitted: each combination is a subject, and gets its own rows alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.evidence.strata import Strata, claims_in_strata, stratify
from bptt_bench.analyse.verdicts.analysis import analyse
from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.errors import FitError
from bptt_bench.integrations.pytest.suite import Suite, group_name
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    Agreement,
    AmountClaim,
    Cell,
    CheckClaim,
    CheckResult,
    Claim,
    CostLaw,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    Factor,
    PhaseSwitch,
    Point,
    Profile,
    RatioClaim,
    SpeedupClaim,
    Subject,
)
from bptt_bench.plan.experiment.stopping_rule import StoppingRule
from bptt_bench.plan.experiment.stratum import stratum
from bptt_bench.report.words.reasons import text_of
from bptt_bench.workflows.adaptive import AdaptiveSampler

SIZES = (1_000, 2_000, 4_000, 8_000, 16_000)
SECONDS = {("sort", "f32"): 1e-9, ("sort", "f64"): 2e-9, ("heap", "f32"): 3e-9, ("heap", "f64"): 3e-9}
F32, F64 = Point(dtype="f32"), Point(dtype="f64")


def itemsize(point: Point) -> int:
    return int(point["dtype"][1:]) // 8


def working_set(point: Point) -> int:
    assert list(point) == ["n", "dtype"]  # in the order of the factors
    return int(point["n"]) * itemsize(point)


def prepare_phased(point: Point, enter: PhaseSwitch) -> Evaluation:
    def evaluate() -> object:
        enter("x")
        return point

    return evaluate


def experiment(*claims: Claim, **changes: Any) -> Experiment:
    settings: dict[str, Any] = {
        "name": "made",
        "factors": (Factor(name="n"), Factor(name="dtype", kind="category", levels=("f32", "f64"))),
        "subjects": tuple(
            Subject(
                name=name,
                prepare=lambda point: lambda: point,
                prepare_phased=prepare_phased,
                law=CostLaw("n"),
                overhead=("1",),
                working_set=working_set,
            )
            for name in ("sort", "heap")
        ),
        "profiles": {"quick": Profile(design=Design.grid({"n": SIZES, "dtype": ["f32", "f64"]}))},
        "placebo": "sort",
        "claims": claims,
    }
    return Experiment(**{**settings, **changes})


def frame(rng: np.random.Generator, noise: float = 0.01, blocks: int = 5, **attrs: Any) -> pd.DataFrame:
    """Exactly c·n with noise, c by subject and type, the placebo as its subject."""
    subjects = ("sort", "heap", "sort" + PLACEBO_SUFFIX)
    rows = [
        {
            "subject": subject,
            "n": n,
            "dtype": dtype,
            "block": block,
            "timing": "whole",
            "stage": "sweep",
            "seconds_per_eval": SECONDS[subject.removesuffix(PLACEBO_SUFFIX), dtype]
            * n
            * np.exp(noise * rng.standard_normal()),
        }
        for block in range(blocks)
        for n in SIZES
        for dtype in ("f32", "f64")
        for subject in subjects
    ]
    made = pd.DataFrame(rows)
    made.attrs = {"factors": ["n", "dtype"], "run": {"profile": "quick"}}
    made.attrs.update(attrs)
    return made


def exponent(name: str = "linear", at: Point = Point(n=4_000), subject: str = "sort") -> ExponentClaim:  # noqa: B008  # a value
    return ExponentClaim(name=name, subject=subject, factor="n", terms=("n",), at=at)


def ratio(subject: str, over: str, expected: str, points: Sequence[Point] = (Point(n=8_000),)) -> RatioClaim:
    return RatioClaim(name="ratio", subject=subject, over=over, ratio=expected, points=Design.of(points), margin=0.2)


def in_strata(*claims: Claim) -> list[tuple[str, str]]:
    made = claims_in_strata(claims, Strata.of(experiment()))
    return [(claim.name, claim.subject) for claim in made]


def test_without_categories_everything_goes_through_as_it_is(rng: np.random.Generator) -> None:
    plain = experiment(factors=(Factor(name="n"),), profiles={"quick": Profile(design=Design.grid({"n": SIZES}))})
    samples, claims = frame(rng), (exponent(),)
    found = stratify(samples, plain, claims)
    assert all(one is other for one, other in zip(found, (samples, plain, claims), strict=True))
    assert Strata.of(plain).stratify() is plain
    cell = Cell("sort", Point(n=1))
    assert Strata.of(plain).cell(cell) is cell


def test_each_combination_is_a_subject_with_its_own_coefficient(rng: np.random.Generator) -> None:
    found = analyse(frame(rng), experiment())
    fitted = {subject: fit.terms[0].coefficient for (subject, _), fit in found.fits.items()}
    expected = {stratum(subject, {"dtype": dtype}): c for (subject, dtype), c in SECONDS.items()}
    assert fitted == pytest.approx(expected, rel=0.02)
    assert list(fitted) == ["sort [dtype=f32]", "sort [dtype=f64]", "heap [dtype=f32]", "heap [dtype=f64]"]
    assert found.frame.attrs["factors"] == ["n"]
    assert "dtype" not in found.frame.columns


def test_the_placebo_is_compared_within_each_stratum(rng: np.random.Generator) -> None:
    samples = frame(rng)
    found = analyse(samples, experiment())
    assert found.placebo is not None
    assert abs(found.placebo.estimate - 1) < 0.01  # types mixed up would make it 0.5 or 2 at every point
    assert found.placebo_alarms[1] == 2 * len(SIZES)


def test_functions_of_a_stratum_are_called_with_its_categories() -> None:
    strata = Strata.of(experiment()).stratify()
    sizes = {one.name: one.working_set(Point(n=10)) for one in strata.subjects if one.working_set is not None}
    assert sizes == {"sort [dtype=f32]": 40, "sort [dtype=f64]": 80, "heap [dtype=f32]": 40, "heap [dtype=f64]": 80}
    subject = strata.subject("heap [dtype=f64]")
    assert subject.prepare(Point(n=10))() == Point(n=10, dtype="f64")
    entered: list[str] = []
    assert subject.prepare_phased is not None
    assert subject.prepare_phased(Point(n=10), entered.append)() == Point(n=10, dtype="f64")
    assert entered == ["x"]


def test_strata_and_cells_translate_into_each_other() -> None:
    strata = Strata.of(experiment())
    real = Cell("sort" + PLACEBO_SUFFIX, Point(n=1_000, dtype="f64"))
    made = strata.stratum_of(real)
    assert made == Cell("sort [dtype=f64]" + PLACEBO_SUFFIX, Point(n=1_000))
    assert strata.cell(made) == real
    assert list(strata.cell(made).point) == ["n", "dtype"]
    assert strata.read("sort [fast]") == ("sort [fast]", {})  # a name with brackets of its own


def test_levels_with_blanks_and_equals_signs_are_read_back() -> None:
    levels = {"dtype": "two words", "backend": "x=1 y=2"}
    strata = Strata(experiment=experiment(), categories=("dtype", "backend"), combinations={})
    assert strata.read(stratum("sort", levels)) == ("sort", levels)


def test_levels_that_look_like_other_categories_are_read_back_unchanged() -> None:
    levels = Point(dtype="f32 backend=x", backend="y=1")
    strata = Strata(experiment=experiment(), categories=("dtype", "backend"), combinations={"sort": (levels,)})
    for name in ("sort", "sort" + PLACEBO_SUFFIX):
        assert strata.read(stratum(name, levels)) == (name, dict(levels))


def test_points_of_some_strata_only_stay_with_these(rng: np.random.Generator) -> None:
    uneven = Profile(
        design=Design.grid({"n": SIZES, "dtype": ["f32"]}), extra={"sort": Design.of([{"n": 9_000, "dtype": "f64"}])}
    )
    strata = Strata.of(experiment(profiles={"quick": uneven}))
    made = strata.stratify()
    cells = made.profiles["quick"].cells(made.subject_names)
    assert {strata.cell(cell) for cell in cells} == set(uneven.cells(experiment().subject_names))
    assert Cell("sort [dtype=f64]", Point(n=9_000)) in cells
    assert not any(cell.subject == "heap [dtype=f64]" for cell in cells)


def test_a_profile_decides_which_strata_there_are_and_rows_add_to_them(rng: np.random.Generator) -> None:
    two = {
        "quick": Profile(design=Design.grid({"n": SIZES, "dtype": ["f32"]})),
        "full": Profile(design=Design.grid({"n": SIZES, "dtype": ["f32", "f64"]})),
    }
    of = experiment(profiles=two)
    assert Strata.of(of, profile="quick").names("sort") == ["sort [dtype=f32]"]
    assert Strata.of(of).names("sort") == ["sort [dtype=f32]", "sort [dtype=f64]"]
    samples = frame(rng)
    assert len(Strata.of(of, samples).names("sort")) == 2  # the run has rows that its profile does not name
    assert len(Strata.of(of, samples[samples["dtype"] == "f32"]).names("sort")) == 1


def test_a_claim_without_a_category_is_judged_in_each_stratum() -> None:
    assert in_strata(exponent()) == [
        ("linear [dtype=f32]", "sort [dtype=f32]"),
        ("linear [dtype=f64]", "sort [dtype=f64]"),
    ]


def test_a_claim_whose_point_or_subject_names_the_category_keeps_its_name() -> None:
    (made,) = claims_in_strata([exponent(at=Point(n=4_000, dtype="f64"))], Strata.of(experiment()))
    assert (made.name, made.subject) == ("linear", "sort [dtype=f64]")
    assert isinstance(made, ExponentClaim)
    assert made.at == Point(n=4_000)
    assert in_strata(exponent(subject="heap [dtype=f32]")) == [("linear", "heap [dtype=f32]")]


def test_points_of_several_categories_go_to_their_own_strata() -> None:
    points = [Point(n=1_000, dtype="f32"), Point(n=2_000, dtype="f64"), Point(n=4_000, dtype="f32")]
    made = claims_in_strata([ratio("sort", "heap", "1", points)], Strata.of(experiment()))
    assert [(claim.name, claim.over, claim.points.points) for claim in made if isinstance(claim, RatioClaim)] == [
        ("ratio [dtype=f32]", "heap [dtype=f32]", (Point(n=1_000), Point(n=4_000))),
        ("ratio [dtype=f64]", "heap [dtype=f64]", (Point(n=2_000),)),
    ]


def test_categories_can_be_compared_with_each_other(rng: np.random.Generator) -> None:
    claim = ratio("sort [dtype=f64]", "sort [dtype=f32]", "2")
    wrong = ratio("sort [dtype=f64]", "sort [dtype=f32]", "1")
    (right,) = judge(frame(rng), experiment(), [claim])
    (refuted,) = judge(frame(rng), experiment(), [wrong])
    assert (right.verdict, right.subject, refuted.verdict) == ("supported", "sort [dtype=f64]", "refuted")


def test_a_stratum_is_not_compared_with_itself() -> None:
    assert in_strata(ratio("sort", "sort [dtype=f32]", "2")) == [("ratio [dtype=f64]", "sort [dtype=f64]")]
    speedup = SpeedupClaim(
        name="fastest", subject="heap", over=("heap [dtype=f32]", "sort"), points=Design.of([Point(n=1)]), at_least=1
    )
    made = claims_in_strata([speedup], Strata.of(experiment()))
    assert [claim.over for claim in made if isinstance(claim, SpeedupClaim)] == [
        ("sort [dtype=f32]",),
        ("heap [dtype=f32]", "sort [dtype=f64]"),
    ]
    with pytest.raises(FitError, match=r"claim 'ratio': compares sort \[dtype=f32\] with itself alone"):
        in_strata(ratio("sort [dtype=f32]", "sort", "1"))


def test_a_claim_that_contradicts_itself_is_refused() -> None:
    claim = exponent(subject="sort [dtype=f64]", at=Point(n=1, dtype="f32"))
    with pytest.raises(FitError, match=r"claim 'linear': its subject is sort \[dtype=f64\], its points have dtype=f32"):
        in_strata(claim)


def test_a_category_that_was_not_measured_is_no_pass(rng: np.random.Generator) -> None:
    samples = frame(rng)
    quick = {"quick": Profile(design=Design.grid({"n": SIZES, "dtype": ["f32"]}))}
    claims = [exponent(at=Point(n=4_000, dtype="f64")), exponent("b", subject="sort [dtype=f16]")]
    found = judge(samples[samples["dtype"] == "f32"], experiment(profiles=quick), claims)
    assert [(one.subject, one.verdict) for one in found] == [
        ("sort [dtype=f64]", "inconclusive"),
        ("sort [dtype=f16]", "inconclusive"),
    ]
    assert all(one.reason.kind == "no data" for one in found)


def test_amounts_that_are_functions_are_given_the_category() -> None:
    claim = AmountClaim(
        name="bytes", subject="sort", response="scratch_bytes", amount=working_set, points=Design.of([Point(n=10)])
    )
    made = claims_in_strata([claim], Strata.of(experiment()))
    stated = [one.amount(Point(n=10)) for one in made if isinstance(one, AmountClaim) and callable(one.amount)]
    assert stated == [40, 80]


def test_checks_and_subjects_that_there_are_not_stay_as_they_are() -> None:
    check = CheckClaim(name="exact", subject="sort", check=lambda seed: CheckResult(estimate=0, allowed=0, cases=1))
    other = exponent("other", subject="quick")
    assert claims_in_strata([check, other], Strata.of(experiment())) == (check, other)


def test_results_are_compared_with_the_reference_of_their_stratum(rng: np.random.Generator) -> None:
    def record(dtype: str, difference: float) -> dict[str, Any]:
        point = {"n": 1_000, "dtype": dtype}
        return {"subject": "heap", "point": point, "reference": "sort", "difference": difference, "allowed": 0.0}

    samples = frame(rng, agreements=[record("f32", 0.5), record("f64", 0.0)])
    agreement = Agreement(reference="sort", difference=lambda a, b: 0.0, allowed=0.0)
    found = judge(samples, experiment(agreement=agreement), [])
    assert [(one.claim, one.verdict) for one in found] == [
        ("results of heap [dtype=f32] = sort [dtype=f32]", "refuted"),
        ("results of heap [dtype=f64] = sort [dtype=f64]", "supported"),
    ]
    assert "n=1000" in text_of(found[0].reason)


def test_the_other_records_of_a_run_name_strata(rng: np.random.Generator) -> None:
    cell = {"subject": "sort", "point": {"n": 1, "dtype": "f64"}}
    samples = frame(
        rng,
        skips=[{**cell, "reason": "too large"}],
        predictions=[{"subject": "sort", "at": {"n": 1, "dtype": "f64"}, "value": 1.0}],
        allocations=[{"why": "open", "visits": [{**cell, "visits": 3}]}],
        missing={"heap": "not installed"},
    )
    attrs = Strata.of(experiment(), samples).frame(samples).attrs
    there = {"subject": "sort [dtype=f64]", "point": {"n": 1}}
    assert attrs["skips"] == [{**there, "reason": "too large"}]
    assert attrs["predictions"] == [{"subject": "sort [dtype=f64]", "at": {"n": 1}, "value": 1.0}]
    assert attrs["allocations"] == [{"why": "open", "visits": [{**there, "visits": 3}]}]
    assert attrs["missing"] == {"heap [dtype=f32]": "not installed", "heap [dtype=f64]": "not installed"}
    assert samples.attrs["factors"] == ["n", "dtype"]  # what was given is left as it was


def test_a_frame_without_the_category_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(FitError, match="column 'dtype': missing"):
        analyse(frame(rng).drop(columns="dtype"), experiment())


def test_a_suite_of_pytest_judges_strata_it_has_measured() -> None:
    suite = Suite(experiment=experiment(exponent(), ratio("sort [dtype=f64]", "sort [dtype=f32]", "2")))
    for n in SIZES:
        at = Point(n=n, dtype="f32")
        for block in range(5):
            seconds = SECONDS["sort", "f32"] * n * (1 + 0.001 * block)
            suite.add(Cell("sort", at), block=block, evaluations=1, seconds_per_eval=seconds, started_at=float(block))
    judged, rest = suite.claims()
    assert [claim.name for claim in judged] == ["linear [dtype=f32]"]
    assert [claim.name for claim in rest] == ["linear [dtype=f64]", "ratio"]
    found = suite.to_json()
    assert [one["verdict"] for one in found["verdicts"]] == ["supported"]
    assert [one["subject"] for one in found["fits"]] == ["sort [dtype=f32]"]
    assert "not judged, because their subjects were not measured: linear [dtype=f64], ratio" in suite.text(
        width=100, colour=False
    )
    assert group_name(Point(n=8, dtype="f32"), "n") == "line in n (dtype=f32)"


def test_a_race_is_that_of_the_first_stratum_against_its_own(rng: np.random.Generator) -> None:
    speedup = SpeedupClaim(
        name="fastest", subject="sort", over=("heap",), points=Design.of([Point(n=n) for n in SIZES]), at_least=1.1
    )
    found = analyse(frame(rng), experiment(speedup))
    assert found.race is not None
    assert (found.race.subject, found.race.over) == ("sort [dtype=f32]", ("heap [dtype=f32]",))
    assert {one.subject: one.verdict for one in found.verdicts} == {
        "sort [dtype=f32]": "supported",
        "sort [dtype=f64]": "supported",
    }
    assert [round(one.estimate or 0, 1) for one in found.verdicts] == [3.0, 1.5]


def test_an_adaptive_run_is_sent_to_the_cells_that_can_be_measured(rng: np.random.Generator) -> None:
    samples = frame(rng, noise=0.2)
    samples = samples.assign(visit_seconds=0.01, evaluations=1)
    samples.attrs = {"factors": ["n", "dtype"], "run": {"profile": "quick"}}
    stored: list[Any] = []
    claims = [exponent(), ratio("sort [dtype=f64]", "sort [dtype=f32]", "2")]
    sampler = AdaptiveSampler(
        experiment(*claims),
        "quick",
        StoppingRule(budget_seconds=100.0),
        seed=1,
        read=lambda: samples,
        append=stored.append,
        seconds_used=lambda: 10.0,
    )
    visits = [visit for block in sampler() for visit in block.visits]
    assert {visit.subject for visit in visits} == {"sort"}
    assert {tuple(visit.point) for visit in visits} == {("n", "dtype")}
    assert {visit.point["dtype"] for visit in visits} == {"f32", "f64"}
    (record,) = stored
    assert {(one["subject"], one["point"]["dtype"]) for one in record["visits"]} == {("sort", "f32"), ("sort", "f64")}
    assert sum(one["visits"] for one in record["visits"]) == len(visits)
