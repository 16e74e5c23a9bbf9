"""Laws that are far off: upper bounds hold for what grows more slowly, and tight claims are refuted all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from bptt_bench.analyse import Verdict, judge
from bptt_bench.plan import CostLaw, Design, Experiment, ExponentClaim, Factor, Point, Profile, Subject
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.made import run

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
        subjects=(Subject(name="f", prepare=unused, law=CostLaw(law), overhead=("1",)),),
        profiles={"quick": Profile(design=design)},
    )
    (found,) = judge(run({"f": times}, design, rng=rng, noise=0.02), experiment, [claim])
    return found


def unused(_point: Point) -> Callable[[], object]:
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
    assert "the exponent of n and m in n*m" in text_of(sums.reason)
