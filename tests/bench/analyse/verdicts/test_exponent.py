"""Free exponents of terms, and upper bounds on all of the time where terms are lost in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Verdict, judge
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    CostLaw,
    Design,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    Subject,
)
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.made import run
from tests.bench.analyse.verdicts.claims import (
    EXPERIMENT,
    OUTPUT,
    RECUR,
    T,
    exponent,
    frame,
    subject,
    verdict,
)


def test_the_laws_own_exponent_is_supported(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), exponent())
    assert found.verdict == "supported"
    assert found.predicted == pytest.approx(1)
    assert text_of(found.reason).startswith("the exponent of T in T·V + T at T=32 V=256 is 1.00 (1.00 to 1.00)")
    assert text_of(found.reason).endswith("against 1 predicted, within the allowed 0.95 to 1.05.")


def test_a_factor_that_a_term_names_as_no_part_of_it_is_not_spoken_of(rng: np.random.Generator) -> None:
    experiment = dataclasses.replace(EXPERIMENT, subjects=(subject("base", "T*V**0"),))
    (found,) = judge(frame(rng), experiment, [exponent("V", ("T*V**0",), subject="base", margin=0.1)])
    assert found.verdict == "supported"
    assert text_of(found.reason).startswith("the exponent of V in T at T=32 V=256 is ")


def test_an_exponent_of_1_1_refutes_a_claim_of_1(rng: np.random.Generator) -> None:
    found = verdict(frame(rng, fast=(OUTPUT + RECUR) * (T / 32) ** 0.1), exponent())
    assert found.verdict == "refuted"
    assert found.estimate == pytest.approx(1.1, abs=0.02)
    assert "outside the allowed 0.95 to 1.05" in text_of(found.reason)


@pytest.mark.parametrize(("bound", "word"), [("tight", "refuted"), ("upper", "supported"), ("lower", "refuted")])
def test_slower_growth_is_no_failure_of_an_upper_bound(rng: np.random.Generator, bound: str, word: str) -> None:
    data = frame(rng, fast=(OUTPUT + RECUR) * (T / 32) ** -0.1)
    assert verdict(data, exponent(bound=bound)).verdict == word


def test_noise_leaves_an_exponent_open(rng: np.random.Generator) -> None:
    effects = np.exp(rng.normal(0, 0.3, len(T)))
    found = verdict(frame(rng, fast=(OUTPUT + RECUR) * effects), exponent())
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("imprecise: the exponent of T")


def test_a_term_that_takes_little_time_is_not_identifiable(rng: np.random.Generator) -> None:
    found = verdict(frame(rng), exponent(terms=("T",), at=Point(T=32, V=1024)))
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("not identifiable: T is 8.")
    assert "V=64, where it is 6" in text_of(found.reason)
    assert text_of(found.reason).endswith("would decide.")


def test_terms_that_move_together_are_not_identifiable() -> None:
    experiment = dataclasses.replace(EXPERIMENT, subjects=(subject("fast", "T*V + T*V*(V>1)"),))
    (found,) = judge(frame(), experiment, [exponent(terms=("T*V",))])
    assert text_of(found.reason) == "not identifiable: T·V cannot be distinguished from T·V·(V>1) in this design."


def test_a_phase_has_exponents_of_its_own(rng: np.random.Generator) -> None:
    claim = exponent(subject="slow", terms=("T**2",), response="recur_seconds_per_eval")
    found = verdict(frame(rng), claim)
    assert found.verdict == "supported"
    assert found.predicted == pytest.approx(2)


def test_two_few_points_are_no_pass(rng: np.random.Generator) -> None:
    data = frame(rng)
    few = data[data["V"].eq(64) & data["T"].le(8)]
    found = verdict(few, exponent())
    assert found.verdict == "inconclusive"
    assert text_of(found.reason) == "no data: fast was measured at 3 points for 2 terms; 4 are needed."
    quick = verdict(data.assign(below_floor=~(data["V"].eq(64) & data["T"].le(8))), exponent())
    assert text_of(quick.reason).startswith("below floor: fast has 3 points for 2 terms, 4 are needed;")
    assert "do more in one call, such as " in text_of(quick.reason)
    fewer = verdict(data[data["V"].eq(64) & data["T"].le(4)], exponent())
    assert text_of(fewer.reason).startswith("no data: fast, points: 2 are too few")


def test_nothing_measured_and_nothing_above_the_floor_are_told_apart(rng: np.random.Generator) -> None:
    data = frame(rng)
    assert text_of(verdict(data[data["subject"] != "fast"], exponent()).reason).startswith("no data: fast has no rows")
    found = verdict(data.assign(below_floor=True), exponent())
    assert text_of(found.reason).startswith("below floor: fast, response 'seconds_per_eval': all 90 rows")
    assert text_of(verdict(data, exponent(subject="other")).reason).startswith("no data: other has no law")


def test_a_claim_about_a_term_that_is_not_in_the_law_is_a_mistake() -> None:
    with pytest.raises(FitError, match=r"term 'V\*\*2': not in the law; its terms are T\*V, T"):
        verdict(frame(), exponent(terms=("V**2",)))


N = [1000, 2154, 4642, 10_000, 21_544, 46_416, 100_000]
LINE = Design.grid({"n": N})
GRID = Design.grid({"n": [300, 949, 3000, 9487, 30_000], "m": [300, 949, 3000, 9487, 30_000]})
n = np.array([point["n"] for point in LINE], dtype=float)
GROWTH: dict[str, Any] = {
    "constant": np.full(len(n), 1e-5),
    "log(n)": 1e-6 * np.log(n),
    "n": 1e-6 + 1e-8 * n,
    "n**2": 1e-5 + 1e-12 * n**2,
}


def judged(times: Any, design: Design, law: str, rng: np.random.Generator, **claimed: Any) -> Verdict:
    terms = tuple(str(term) for term in CostLaw(law).terms)
    claim = ExponentClaim(**{"name": "e", "subject": "f", "factor": "n", "terms": terms, "margin": 0.25, **claimed})
    experiment = Experiment(
        name="made",
        factors=tuple(Factor(name=name) for name in design.points[0]),
        subjects=(Subject(name="f", prepare=never_run, law=CostLaw(law), overhead=("1",)),),
        profiles={"quick": Profile(design=design)},
    )
    (found,) = judge(run({"f": times}, design, rng=rng, noise=0.02), experiment, [claim])
    return found


def never_run(_point: Point) -> Callable[[], object]:
    raise AssertionError("analysis must not run a subject")


@pytest.mark.parametrize("law", ["n", "n**2", "n**3", "n**4"])
@pytest.mark.parametrize("growth", ["constant", "log(n)", "n"])
def test_what_grows_more_slowly_obeys_an_upper_bound(growth: str, law: str, rng: np.random.Generator) -> None:
    found = judged(GROWTH[growth], LINE, law, rng, at=Point(n=100_000), bound="upper")
    assert found.verdict == "supported", text_of(found.reason)


@pytest.mark.parametrize(("growth", "law"), [("n", "log(n)"), ("n**2", "n"), ("n**2", "log(n)")])
def test_what_grows_faster_breaks_an_upper_bound(growth: str, law: str, rng: np.random.Generator) -> None:
    assert judged(GROWTH[growth], LINE, law, rng, at=Point(n=100_000), bound="upper").verdict == "refuted"


def test_the_reason_says_that_it_is_all_of_the_time_that_was_judged(rng: np.random.Generator) -> None:
    found = judged(GROWTH["constant"], LINE, "n**2", rng, at=Point(n=100_000), bound="upper")
    assert text_of(found.reason).startswith("all of the time grows with n by an exponent of ")
    assert found.estimate == pytest.approx(0, abs=0.05)
    assert found.predicted == pytest.approx(2)


@pytest.mark.parametrize("bound", ["tight", "lower"])
def test_only_an_upper_bound_is_obeyed_by_a_constant(bound: Bound, rng: np.random.Generator) -> None:
    found = judged(GROWTH["constant"], LINE, "n", rng, at=Point(n=100_000), bound=bound)
    assert found.verdict == "inconclusive"
    assert text_of(found.reason).startswith("not identifiable")


def test_an_exponent_that_lies_beyond_what_is_looked_at_is_refuted(rng: np.random.Generator) -> None:
    found = judged(GROWTH["n"], LINE, "n**3", rng, at=Point(n=100_000))
    assert found.verdict == "refuted"
    assert found.estimate == pytest.approx(1.0, abs=0.02)


def test_a_product_is_no_sum(rng: np.random.Generator) -> None:
    """Along each factor alone n·m grows as n + m does; that the part of n does not grow with m gives it away."""
    a, b = (np.array([point[name] for point in GRID], dtype=float) for name in ("n", "m"))
    at = Point(n=30_000, m=300)
    product = judged(1e-6 + 1e-9 * a * b, GRID, "n + m", rng, factor="m", terms=("n",), at=at)
    total = judged(1e-6 + 1e-8 * (a + 2 * b), GRID, "n + m", rng, factor="m", terms=("n",), at=at)
    assert (product.verdict, total.verdict) == ("refuted", "supported")
    assert product.predicted == total.predicted == 0
    assert product.estimate == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("bound", ["tight", "upper"])
def test_a_sum_is_no_product_but_no_dearer_either(bound: Bound, rng: np.random.Generator) -> None:
    """Both factors together grow by one power in n + m and by two in n·m."""
    a, b = (np.array([point[name] for point in GRID], dtype=float) for name in ("n", "m"))
    at, together = Point(n=30_000, m=30_000), ("m",)
    sums = judged(1e-6 + 1e-8 * (a + 2 * b), GRID, "n*m", rng, at=at, together_with=together, bound=bound, margin=0.5)
    product = judged(1e-6 + 1e-9 * a * b, GRID, "n*m", rng, at=at, together_with=together, bound=bound, margin=0.5)
    assert (sums.verdict, product.verdict) == ("refuted" if bound == "tight" else "supported", "supported")
    assert (sums.predicted, product.predicted) == pytest.approx((2, 2))
    assert sums.estimate == pytest.approx(1, abs=0.2)
    assert "the exponent of n and m in n·m" in text_of(sums.reason)


def test_a_point_that_was_not_measured_gives_way_to_the_nearest_measured_one(rng: np.random.Generator) -> None:
    measured = frame(rng)
    kept = measured[measured["T"] < 32]
    kept.attrs = measured.attrs
    found = verdict(kept, exponent())
    assert found.verdict == "supported"
    nearest = kept["T"].max()
    assert f"at T={nearest:g} V=256 " in text_of(found.reason)


@pytest.mark.parametrize(
    ("law", "word"), [("n", "supported"), ("n**2", "refuted"), ("n**1.5", "refuted"), ("n*log(n)", "refuted")]
)
def test_a_law_of_counts_that_is_lost_among_lower_terms_is_judged_without_them(law: str, word: str) -> None:
    levels = np.array([16.0, 40.0, 100.0, 250.0, 600.0, 1500.0, 4000.0, 10_000.0])
    counted = pd.DataFrame({"n": levels, "instructions_count": 12 * levels + 900, "subject": "mine"})
    experiment = bench.experiment({"mine": lambda _point: list}, law=law, n=[16, 10_000], measure="instructions")
    (found,) = judge(counted, experiment)
    assert found.verdict == word


def test_lower_terms_do_not_refute_a_product() -> None:
    n, m = (each.ravel() for each in np.meshgrid([16.0, 60.0, 250.0, 1000.0], [16.0, 40.0, 100.0]))
    counts = 3 * n * m + 400 * n + 5000
    counted = pd.DataFrame({"n": n, "m": m, "instructions_count": counts, "subject": "mine"})
    experiment = bench.experiment(
        {"mine": lambda _point: list}, law="n*m", n=[16, 1000], m=[16, 100], measure="instructions"
    )
    assert {found.verdict for found in judge(counted, experiment)} == {"supported"}
