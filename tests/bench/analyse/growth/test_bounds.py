"""Upper bounds that a law of another class exceeds, over few levels: refuted; those that hold are not."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.growth.question import Answer, LawQuestion
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.plan import CostLaw
from bptt_bench.plan.claims.claim import Bound

LEVELS = np.array([5.0, 7.0, 9.0, 11.0, 13.0, 15.0])
GOLDEN = (1 + 5**0.5) / 2


def answer(
    law: str, values: object, bound: Bound = "upper", *, is_exact: bool = True, levels: object = LEVELS
) -> Answer:
    points = {"n": np.asarray(levels, dtype=np.float64)}
    found = LawQuestion(
        given=Response(points=points, values=np.asarray(values, dtype=np.float64), is_exact=is_exact),
        law=CostLaw(law),
        name="instructions_count" if is_exact else "seconds_per_eval",
        bound=bound,
        margin=0.05 if is_exact else 0.25,
        overheads=((), ("1",)),
        least_share=0.3,
    ).answer()
    assert found is not None
    return found


@pytest.mark.parametrize("is_exact", [True, False])
def test_an_exponential_exceeds_a_bound_over_six_levels(is_exact: bool) -> None:
    found = answer("n**2", 60 * GOLDEN**LEVELS + 10, is_exact=is_exact)
    assert found.word == "refuted"
    assert found.finding.closer is not None
    assert found.finding.closer.endswith("**n")


def test_a_constant_beside_an_exponential_does_not_hide_it() -> None:
    assert answer("n**2", 60 * GOLDEN**LEVELS + 300).word == "refuted"


@pytest.mark.parametrize("law", ["n", "n*log(n)", "n**1.5", "n**2"])
def test_a_bound_that_holds_is_not_refuted_by_a_slower_law(law: str) -> None:
    assert answer("n**2", CostLaw(law).evaluate({"n": LEVELS}) * 60 + 300).word == "supported"


def test_counts_that_cost_more_from_a_level_on_do_not_refute_their_law() -> None:
    levels = [21_544, 25_000, 46_416, 68_129, 100_000]  # of a Counter of few kinds: above 256 a number is made
    values = [8_807_965, 10_435_974, 20_521_328, 30_746_775, 45_756_702]
    assert answer("n", values, "tight", levels=levels).word == "inconclusive"


def test_lower_terms_do_not_make_the_root_of_a_logarithm() -> None:
    """From a thousand to ten thousand m·log(n) is m·√n beside m, to within a per cent, with two thirds of it in m."""
    n, m = (levels.ravel() for levels in np.meshgrid(np.geomspace(1e3, 1e4, 5), np.geomspace(300, 3000, 4)))
    values = 330 * m * np.log(n)
    words = []
    for law in ("m*log(n)", "m*n**0.5"):
        question = LawQuestion(
            given=Response(points={"n": n, "m": m}, values=values, is_exact=True),
            law=CostLaw(law),
            name="instructions_count",
            bound="tight",
            margin=0.05,
            overheads=((), ("1",), ("1", "m")),
            least_share=0.3,
        )
        found = question.answer()
        assert found is not None
        words.append(found.word)
    assert words == ["supported", "inconclusive"]


def test_eight_counts_do_not_refute_a_law_that_five_lower_terms_hide() -> None:
    """Least squares on a busy machine, where no more was counted: three million instructions whatever the size."""
    n = np.array([16, 64, 256, 256, 256, 8000, 16000, 16000.0])
    d = np.array([10, 10, 10, 20, 40, 20, 10, 20.0])
    counts = [3_080_169, 3_097_545, 3_235_205, 3_849_668, 5_866_288, 17_645_905, 18_448_538, 32_039_234]
    question = LawQuestion(
        given=Response(points={"n": n, "d": d}, values=np.array(counts, dtype=np.float64), is_exact=True),
        law=CostLaw("n*d**2"),
        name="instructions_count",
        bound="tight",
        margin=0.05,
        overheads=((), ("1",), ("1", "d", "n", "n*d", "d**2")),
        least_share=0.3,
    )
    found = question.answer()
    assert found is not None
    assert found.word == "inconclusive"
    assert found.finding.hiding


@pytest.mark.parametrize(("law", "word"), [("n*log(n)", "supported"), ("n**1.5", "inconclusive")])
def test_a_law_that_is_little_of_its_counts_has_rivals(law: str, word: str) -> None:
    """Dijkstra's algorithm with a heap: n^1.5 beside n was supported."""
    levels = [38, 76, 153, 308, 621, 1250]
    counts = [335_902, 725_080, 1_535_829, 3_307_055, 7_079_501, 15_289_862]
    question = LawQuestion(
        given=Response(points={"n": np.array(levels, float)}, values=np.array(counts, float), is_exact=True),
        law=CostLaw(law),
        name="instructions_count",
        bound="tight",
        margin=0.05,
        overheads=((), ("1",), ("1", "n")),
        least_share=0.3,
    )
    found = question.answer()
    assert found is not None
    assert found.word == word
