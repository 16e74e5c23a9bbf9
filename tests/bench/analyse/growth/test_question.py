"""Laws that few levels refute, and laws of several factors that lower terms do not hide."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product

import numpy as np
import pytest
from bptt_bench.analyse.growth.margins import Margin
from bptt_bench.analyse.growth.other_laws import OtherLaws
from bptt_bench.analyse.growth.question import Answer, LawQuestion, _least_count
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.plan.experiment.instructions import lower_order_terms


def answer(
    law: str,
    points: Mapping[str, object],
    values: object,
    *,
    is_exact: bool = True,
    bound: Bound = "tight",
    is_made_smaller: bool = False,
    is_below: bool = False,
    admitted: tuple[str, ...] = (),
) -> Answer:
    found = LawQuestion(
        given=Response(
            points={name: np.asarray(levels, dtype=np.float64) for name, levels in points.items()},
            values=np.asarray(values, dtype=np.float64),
            is_exact=is_exact,
        ),
        law=CostLaw(law),
        name="instructions_count" if is_exact else "seconds_per_eval",
        bound=bound,
        margin=0.05 if is_exact else 0.25,
        overheads=((), ("1",), lower_order_terms(CostLaw(law))) if is_exact else ((), ("1",), admitted),
        least_share=0.3,
        is_made_smaller=is_made_smaller,
        is_below=is_below,
    ).answer()
    assert found is not None
    return found


@pytest.mark.parametrize("is_exact", [True, False])
@pytest.mark.parametrize(
    ("law", "bound", "word"),
    [
        ("n**3", "tight", "refuted"),
        ("2**n", "tight", "refuted"),
        ("n**3", "upper", "refuted"),
        ("n**3", "lower", "supported"),
    ],
)
def test_four_levels_refute_what_a_response_outgrows_twentyfold(
    law: str, bound: Bound, word: str, is_exact: bool
) -> None:
    levels = [5, 6, 7, 8]
    values = [1000 * math.factorial(n) for n in levels]
    assert answer(law, {"n": levels}, values, is_exact=is_exact, bound=bound).word == word


@pytest.mark.parametrize(("last", "word"), [(19, "inconclusive"), (21, "refuted")])
def test_growth_that_caches_may_explain_is_not_outgrown_by_few_levels(last: float, word: str) -> None:
    levels = np.array([100.0, 1000, 10_000, 100_000])
    assert answer("n", {"n": levels}, levels * np.array([1, 8, 8.2, last]), is_exact=False).word == word


def grid(n: tuple[int, ...], m: tuple[int, ...]) -> dict[str, Array]:
    every = np.array(list(product(n, m)), dtype=np.float64)
    return {"n": every[:, 0], "m": every[:, 1]}


@pytest.mark.parametrize(
    ("law", "word"),
    [("m*log(n)", "supported"), ("m*n**0.5", "refuted"), ("m*n", "refuted"), ("n*m*log(n)", "refuted")],
)
def test_lower_terms_hide_no_law_where_a_lower_power_fits_by_itself(law: str, word: str) -> None:
    points = grid((1000, 10_000, 100_000, 1_000_000), (1000, 3000, 10_000))
    counts = points["m"] * (200 + 12 * np.log(points["n"])) + 20_000
    assert answer(law, points, np.round(counts)).word == word


@pytest.mark.parametrize("law", ["V*E", "(V + E)**2"])
def test_a_sum_refutes_the_product_and_the_square(law: str) -> None:
    points = dict(zip(("V", "E"), grid((1000, 4000, 16_000), (4000, 16_000, 64_000)).values(), strict=True))
    counts = 2000 * points["V"] + 330 * points["E"] + 20_000
    assert answer(law, points, counts).word == "refuted"


def test_a_product_that_lower_terms_outweigh_is_left_open() -> None:
    points = grid((200, 400, 800), (10, 20, 40))
    counts = 0.2 * points["n"] * points["m"] + 20 * points["n"] + 3e4
    assert answer("n*m", points, counts).word == "inconclusive"


def test_lower_laws_have_a_lower_power_or_the_logarithm_of_one_factor() -> None:
    points = grid((4, 16), (3, 9))
    law = CostLaw("n*m")
    given = Response(points=points, values=np.ones(4), is_exact=True)
    found = OtherLaws(given=given, law=law, allowed=Margin(0.05, "tight")).lower_laws()
    values = [law.evaluate(points).tolist() for law in found]
    n, m = points["n"], points["m"]
    expected = [m, m * np.log(n), m * n**0.5, m * n**0.5 * np.log(n), n, n * np.log(m), n * m**0.5]
    expected += [n * m**0.5 * np.log(m), n + m]
    assert values == [pytest.approx(each.tolist()) for each in expected]


@pytest.mark.parametrize(
    ("law", "word"), [("1.618**n", "supported"), ("2**n", "refuted"), ("1.5**n", "refuted"), ("n**2", "refuted")]
)
def test_a_constant_does_not_hide_another_base(law: str, word: str) -> None:
    """Counts of the naive Fibonacci numbers: 1.618 a step everywhere."""
    levels = np.array([10, 11, 12, 14, 16, 18, 21])
    counts = [96_552, 156_254, 253_368, 665_000, 1_739_000, 4_553_955, 19_292_177]
    assert answer(law, {"n": levels}, counts).word == word


@pytest.mark.parametrize(("law", "word"), [("n", "refuted"), ("log(n)", "supported")])
def test_a_constant_hides_no_law_where_counts_follow_a_logarithm(law: str, word: str) -> None:
    """A binary search at smaller sizes than are claimed, where its counts are not yet doubled."""
    n = np.geomspace(1000, 125_000, 9)
    found = answer(law, {"n": n}, 60 * np.log2(n) + 30, is_made_smaller=True)
    assert found.word == word
    assert found.finding.hiding == ()


def cube() -> dict[str, Array]:
    every = np.array(list(product((2000, 8000, 32_000), (4, 8, 16), (4, 8, 16))), dtype=np.float64)
    return dict(zip(("n", "k", "d"), every.T, strict=True))


@pytest.mark.parametrize(("law", "word"), [("n*k*d", "inconclusive"), ("n**2*k*d", "refuted")])
def test_a_law_whose_least_work_would_not_be_seen_is_left_open(law: str, word: str) -> None:
    """As one step of k-means: sixteen products an instruction, beside a thousand instructions for each point."""
    points = cube()
    noise = np.random.default_rng(1).normal(0, 0.015, len(points["n"]))
    counts = (2.4e6 + 1500 * points["n"] + points["n"] * points["k"] * points["d"] / 16) * np.exp(noise)
    assert answer(law, points, np.round(counts)).word == word


@pytest.mark.parametrize(("per_unit", "word"), [(0.05, "inconclusive"), (0.002, "refuted")])
def test_a_law_that_counts_need_is_hidden_if_its_units_take_instructions(per_unit: float, word: str) -> None:
    points = grid((1000, 2000, 4000, 8000), (10_000, 20_000, 40_000))
    counts = per_unit * points["n"] * points["m"] + 3000 * points["n"] + 1000 * points["m"] + 1e5
    assert answer("n*m", points, counts).word == word


@pytest.mark.parametrize(("spread", "word"), [(0.0, "refuted"), (0.2, "inconclusive")])
def test_few_counts_refute_unless_inputs_differ_much(spread: float, word: str) -> None:
    n = np.array([100.0, 200, 400, 800])
    counts = 1000 * n**1.5 * np.array([1, 1.2, 0.95, 1.1])
    given = Response(points={"n": n}, values=counts, is_exact=True, spread=np.full(4, spread))
    found = LawQuestion(
        given=given, law=CostLaw("n"), name="instructions_count", bound="upper", margin=0.05, overheads=((),),
        least_share=0.3,
    ).answer()  # fmt: skip
    assert found is not None
    assert found.word == word


def test_lower_powers_are_no_rivals_of_a_time() -> None:
    points = grid((4, 16), (3, 9))
    for is_exact, n_laws in ((True, True), (False, False)):
        given = Response(points=points, values=points["n"] * points["m"], is_exact=is_exact)
        others = OtherLaws(given=given, law=CostLaw("n*m"), allowed=Margin(0.05, "tight"))
        assert bool(others.beside_lower(("1",))) == n_laws


@pytest.mark.parametrize(("per_unit", "word"), [(2e-5, "refuted"), (2e-2, "supported")])
def test_a_square_of_next_to_no_instructions_is_not_hidden(per_unit: float, word: str) -> None:
    """As a convex hull, whose points are looked at once more by the sweep: 1.01 where n² was claimed."""
    n = np.geomspace(500, 100_000, 9).round()
    counts = 1000 * n + 2e4 + per_unit * n**2
    assert answer("n**2", {"n": n}, counts).word == word


@pytest.mark.parametrize("law", ["n*m", "1000*n*m", "n*m*sqrt(n - 10)/sqrt(n)"])
def test_the_least_work_of_a_law_needs_no_value_at_1_and_no_unit_of_its_coefficient(law: str) -> None:
    points = grid((1000, 2000, 4000, 8000), (10_000, 20_000, 40_000))
    beside = Response(points=points, values=points["n"] * points["m"], is_exact=True).beside_with(CostLaw(law), ("1",))
    assert beside is not None
    given = Response(points=points, values=points["n"], is_exact=True)
    assert _least_count(given, beside) == pytest.approx(8000 * 40_000 / 64, rel=1e-3)


@pytest.mark.parametrize(("law", "word"), [("n**2", "inconclusive"), ("n**3", "refuted"), ("n", "refuted")])
def test_a_time_between_two_powers_does_not_refute_the_higher_one(law: str, word: str) -> None:
    """Text put before other text, which is copied, on a real machine: n² beside n, though n^1.5 fits as well."""
    levels = [2000, 3420, 5848, 10_000, 17_100, 29_240, 50_000]
    seconds = [9.07e-05, 1.91e-04, 4.32e-04, 9.56e-04, 2.17e-03, 5.2e-03, 1.28e-02]
    found = answer(law, {"n": levels}, seconds, is_exact=False)
    assert found.word == word
    assert found.finding.overhead == (("1", "n") if word == "inconclusive" else ())
    assert found.finding.rival == ("n**1.5" if word == "inconclusive" else None)


@pytest.mark.parametrize(("is_made_smaller", "word"), [(True, "inconclusive"), (False, "refuted")])
def test_growth_that_comes_back_to_the_law_at_the_largest_level_does_not_refute_it(
    is_made_smaller: bool, word: str
) -> None:
    """Instructions of a compression, whose work for a byte grows until its window is full."""
    levels = [10_000, 11_604, 14_505, 25_000, 31_250, 53_861, 116_040, 125_000, 250_000]
    counts = [1.24e6, 1.42e6, 1.8e6, 3.4e6, 4.43e6, 8.47e6, 2.12e7, 2.22e7, 4.7e7]
    assert answer("n", {"n": levels}, counts, is_made_smaller=is_made_smaller).word == word


def test_steady_growth_beyond_the_law_refutes_it_at_small_levels_too() -> None:
    n = np.geomspace(100, 1e6, 10)
    assert answer("n", {"n": n}, n**1.15, is_made_smaller=True).word == "refuted"
    assert answer("n", {"n": n}, n**1.5, is_made_smaller=True).word == "refuted"


JOINED = [
    (11_180, 11_180, 6.7482e6), (25_000, 25_000, 1.0145e7), (30_618, 75_000, 1.8629e7), (61_237, 61_237, 2.0123e7),
    (150_000, 11_180, 2.2038e7), (150_000, 25_000, 2.3913e7), (150_000, 61_237, 2.9897e7), (11_180, 150_000, 3.0902e7),
    (25_000, 150_000, 3.2421e7), (122_474, 122_474, 3.5198e7), (61_237, 150_000, 3.6408e7),
    (150_000, 150_000, 4.6164e7),
]  # fmt: skip


@pytest.mark.parametrize(("law", "word"), [("n + m", "supported"), ("n*m", "refuted"), ("n**2 + m**2", "refuted")])
def test_counts_beside_a_constant_follow_a_law_as_surely_as_their_slopes_say(law: str, word: str) -> None:
    """Instructions of a join of two tables, which have steps of three per cent, beside five million of overhead."""
    n, m, counts = zip(*JOINED, strict=True)
    assert answer(law, {"n": n, "m": m}, counts, is_made_smaller=True).word == word


GRID = {"n": np.repeat([1e3, 3e3, 1e4, 3e4, 1e5], 5), "m": np.tile([1e3, 3e3, 1e4, 3e4, 1e5], 5)}
SUM = GRID["n"] + GRID["m"]


@pytest.mark.parametrize("law", ["(n + m)**2", "n**2 + m**2"])
def test_a_cache_that_is_left_last_is_no_second_power_of_a_sum(law: str) -> None:
    """Transforms of arrays whose last doublings leave a cache, beside the constant time of a call."""
    seconds = 1e-4 + 2e-8 * SUM * (1 + 1.5 * np.clip(np.log2(SUM / 5e4), 0, 2))
    found = answer(law, GRID, seconds, is_exact=False)
    assert found.word == "inconclusive"
    assert answer("n + m", GRID, seconds, is_exact=False).word != "refuted"


def test_a_second_power_beside_a_constant_is_supported_where_its_root_is_refuted() -> None:
    assert answer("(n + m)**2", GRID, 1e-5 + 1e-10 * SUM**2, is_exact=False).word == "supported"


SORTED = [
    [231.9, 386.44, 652.28, 1191.68, 2215.44], [301.05, 473.93, 765.61, 1334.98, 2430.6],
    [432.76, 615.36, 944.83, 1570.63, 2727.73], [685.57, 905.86, 1256.77, 2010.04, 3268.34],
    [1191.95, 1425.68, 1887.01, 2592.66, 4092.1],
]  # fmt: skip


@pytest.mark.parametrize(
    ("law", "word"), [("V*E", "refuted"), ("(V + E)**2", "refuted"), ("V + E", "supported"), ("V", "refuted")]
)
def test_a_constant_hides_no_product_of_a_time_that_follows_a_sum(law: str, word: str) -> None:
    """Microseconds of sorting graphs topologically."""
    points = {"V": np.tile([500.0, 1e3, 2e3, 4e3, 8e3], 5), "E": np.repeat([1e3, 2e3, 4e3, 8e3, 16e3], 5)}
    assert answer(law, points, np.array(SORTED).ravel(), is_exact=False).word == word


def test_the_root_of_a_law_is_no_rival_beside_terms_that_grow_faster() -> None:
    points = {name: np.sqrt(levels) for name, levels in GRID.items()}
    n, m = points.values()
    seconds = 1e-9 * (n**2 * m**2 + 60 * n * m**2 + 60 * n**2 * m) * (1 + 0.05 * np.sin(9 * np.log(n * m)))
    terms = lower_order_terms(CostLaw("n**2*m**2"))
    found = answer("n**2*m**2", points, seconds, is_exact=False, admitted=terms)
    assert found.finding.overhead == terms
    assert found.finding.rival is None


EUCLID = {100: 26.895, 1e3: 41.168, 1e4: 53.678, 1e5: 65.164, 1e6: 74.016, 1e7: 87.12, 1e8: 97.675}


@pytest.mark.parametrize(
    ("law", "bound", "word"),
    [
        ("log(n)", "tight", "supported"),
        ("n", "tight", "refuted"),
        ("n**0.5", "tight", "refuted"),
        ("n", "upper", "supported"),
    ],
)
def test_a_logarithm_is_not_n_beside_a_constant(law: str, bound: Bound, word: str) -> None:
    """Microseconds of Euclid's algorithm, by the size of the numbers."""
    found = answer(law, {"n": list(EUCLID)}, list(EUCLID.values()), is_exact=False, bound=bound)
    assert found.word == word
    assert found.finding.closer == (None if law == "log(n)" else "log(n)")


def test_n_beside_a_constant_is_not_refuted_by_a_logarithm() -> None:
    n = np.geomspace(100, 1e5, 7)
    seconds = (1 + n / n[-1]) * (1 + 0.03 * np.sin(7 * np.log(n)))
    assert answer("n", {"n": n}, seconds, is_exact=False).word != "refuted"


FACTORISED = {90: 3.6599e5, 128: 6.059e5, 181: 1.5373e6, 256: 2.8864e6, 362: 7.3513e6}


@pytest.mark.parametrize(("law", "word"), [("n**3", "inconclusive"), ("n**4", "refuted"), ("n", "refuted")])
def test_counts_that_scatter_refute_no_law_that_is_most_of_them(law: str, word: str) -> None:
    """Instructions of Cholesky factorisations, of which multiples of four take a quarter less."""
    found = answer(law, {"n": list(FACTORISED)}, list(FACTORISED.values()), is_made_smaller=True)
    assert found.word == word


CONVOLVED = [
    [1.361, 2.3352, 2.3115, 4.175, 5.586], [2.7173, 4.3175, 4.409, 6.014, 11.514],
    [5.2431, 8.6875, 8.2085, 13.908, 22.981], [10.615, 16.268, 17.072, 25.079, 44.792],
    [24.104, 33.817, 32.014, 50.269, 93.845],
]  # fmt: skip


@pytest.mark.parametrize(("law", "word"), [("n*m", "inconclusive"), ("n*m**2", "refuted")])
def test_a_time_of_several_factors_does_not_refute_what_it_needs_beside_lower_terms(law: str, word: str) -> None:
    """A convolution by a short kernel, of which each element takes as long as forty products."""
    points = {"n": np.repeat([2e3, 4e3, 8e3, 16e3, 32e3], 5), "m": np.tile([20.0, 40, 80, 160, 320], 5)}
    assert answer(law, points, 1e-5 * np.array(CONVOLVED).ravel(), is_exact=False).word == word
    lower_alone = 1e-7 * (points["n"] + 40 * points["m"])
    assert answer("n*m", points, lower_alone, is_exact=False).word == "refuted"


@pytest.mark.parametrize(
    ("size", "law", "word"),
    [
        (2, "n**2", "supported"),
        (2, "n**2*log(n)", "inconclusive"),
        (3, "n**3", "supported"),
        (3, "n**3*log(n)", "inconclusive"),
        (3, "n**2.5", "refuted"),
    ],
)
def test_counts_of_subsets_follow_a_power_less_terms_of_lower_order(size: int, law: str, word: str) -> None:
    n = [12, 15, 18, 22, 27, 32, 38, 46, 54, 64]
    assert answer(law, {"n": n}, [40.0 * math.comb(each, size) for each in n]).word == word


@pytest.mark.parametrize("law", ["n", "n**2"])
def test_a_logarithm_is_no_term_that_is_subtracted(law: str) -> None:
    """A line that starts below 0 is close to n·log(n) over a short range, and a parabola to n²·log(n)."""
    n = np.array([400.0, 500, 600, 700, 800, 900, 1000, 1100, 1200])
    assert answer(law, {"n": n}, 40 * CostLaw(law).evaluate({"n": n}) * np.log(n)).word != "supported"


@pytest.mark.parametrize(
    ("law", "seconds", "word"),
    [
        ("n**3", lambda n: n**3 + 60 * n**2, "supported"),
        ("n**3", lambda n: n**2.5, "inconclusive"),
        ("n**3", lambda n: n**2 * np.log(n), "refuted"),
        ("n**2.5", lambda n: n**3 + 60 * n**2, "inconclusive"),
    ],
)
def test_a_time_may_have_lower_terms_beside_a_law_that_is_nearly_all_of_it(
    law: str, seconds: Callable[[Array], Array], word: str
) -> None:
    n = np.array([40.0, 56, 80, 113, 160, 226, 320])
    found = answer(law, {"n": n}, 1e-9 * seconds(n), is_exact=False)
    assert found.word == word
    assert (found.finding.overhead == lower_order_terms(CostLaw(law))) == (word == "supported")


SEARCHED = [
    (1988, 4, 5.0318e6), (497, 32, 5.7953e6), (790, 19, 6.1336e6), (1988, 7, 7.3021e6), (640, 32, 7.7485e6),
    (790, 32, 9.7772e6), (1988, 11, 1.0341e7), (1988, 19, 1.6396e7), (1988, 32, 2.6253e7),
]  # fmt: skip


@pytest.mark.parametrize("is_made_smaller", [True, False])
def test_numbers_that_take_fewer_instructions_at_small_levels_refute_nothing(is_made_smaller: bool) -> None:
    """A breadth-first search of n nodes with d edges each, of which Python keeps those up to 256 ready."""
    n, d, counts = zip(*SEARCHED, strict=True)
    assert answer("n + n*d", {"n": n, "d": d}, counts, is_made_smaller=is_made_smaller).word == "supported"
    assert answer("n**2*d", {"n": n, "d": d}, counts, is_made_smaller=is_made_smaller).word == "refuted"


@pytest.mark.parametrize(
    ("law", "word"), [("k*n**2", "supported"), ("k*n**2.5", "refuted"), ("k*n", "refuted"), ("n**2", "refuted")]
)
def test_fewer_steps_at_the_edge_of_a_field_refute_nothing(law: str, word: str) -> None:
    """A knight's k moves from each square of a board of n by n: near the edge it has fewer."""
    k, n = (np.array(levels) for levels in zip(*product([2.0, 6, 18], [6.0, 9, 14, 21, 32]), strict=True))
    counts = k * (430 * 8 * (n - 1) * (n - 2) + 6300 * n**2) + 1000  # it has 8·(n - 1)·(n - 2) moves in all
    assert answer(law, {"k": k, "n": n}, counts).word == word


WINDOW = [(400, 4), (400, 28), (400, 75), (400, 200), (669, 28), (669, 200), (1118, 75), (1118, 200)]


@pytest.mark.parametrize(
    ("law", "word"),
    [("n*k", "inconclusive"), ("(n-k+1)*k", "supported"), ("n*k**2", "refuted"), ("n", "refuted"), ("k", "refuted")],
)
def test_a_window_that_is_half_of_what_it_is_in_refutes_no_product(law: str, word: str) -> None:
    """Sums over each of n - k + 1 places, which are claimed up to n = 10 000, where k is little beside n."""
    n, k = (np.array(levels, dtype=float) for levels in zip(*WINDOW, strict=True))
    assert answer(law, {"n": n, "k": k}, (n - k + 1) * (200 * k + 400), is_made_smaller=True).word == word


@pytest.mark.parametrize(("is_below", "word"), [(True, "inconclusive"), (False, "refuted")])
def test_counts_below_the_claimed_levels_refute_no_law_that_is_nearly_right(is_below: bool, word: str) -> None:
    n, k = (np.array(levels) for levels in zip(*product([60.0, 200, 600, 2000], [4.0, 20, 100]), strict=True))
    counts = 90 * n**1.3 * k
    assert answer("n*k", {"n": n, "k": k}, counts, is_made_smaller=True, is_below=is_below).word == word
    assert answer("n**0.5*k", {"n": n, "k": k}, counts, is_made_smaller=True, is_below=is_below).word == "refuted"


@pytest.mark.parametrize(("is_made_smaller", "word"), [(True, "inconclusive"), (False, "refuted")])
def test_small_numbers_of_several_factors_refute_nothing_at_smaller_levels(is_made_smaller: bool, word: str) -> None:
    """A knapsack of n things, whose values exceed the numbers that Python keeps ready the more, the more it holds."""
    n, w = (np.array(levels) for levels in zip(*product([22.0, 47, 100], [137.0, 320, 750]), strict=True))
    assert answer("n*w", {"n": n, "w": w}, 40 * n * w**1.18, is_made_smaller=is_made_smaller).word == word
    assert answer("n*w**0.5", {"n": n, "w": w}, 40 * n * w**1.18, is_made_smaller=is_made_smaller).word == "refuted"


@pytest.mark.parametrize(("law", "word"), [("n*2**n", "supported"), ("n**3", "refuted"), ("3**n", "refuted")])
def test_what_each_subset_costs_by_itself_refutes_no_exponential_law(law: str, word: str) -> None:
    n = np.arange(4.0, 13)
    assert answer(law, {"n": n}, 2**n * (60 * n + 500) + 3000).word == word


@pytest.mark.parametrize(("is_made_smaller", "word"), [(True, "inconclusive"), (False, "refuted")])
def test_small_misses_of_several_factors_do_not_add_up_to_a_refutation(is_made_smaller: bool, word: str) -> None:
    n, m = (np.array(levels) for levels in zip(*product([50.0, 100, 200, 400], repeat=2), strict=True))
    assert answer("n*m", {"n": n, "m": m}, 40 * (n * m) ** 1.045, is_made_smaller=is_made_smaller).word == word


BLOCKS = {160: 1486550, 320: 4602399, 640: 15210481, 800: 21501054, 1000: 30884444, 1131: 38728952, 1280: 47567471}


@pytest.mark.parametrize(("law", "word"), [("n**1.5", "inconclusive"), ("n", "refuted"), ("n**2.5", "refuted")])
def test_numbers_that_are_no_longer_small_do_not_refute_a_law(law: str, word: str) -> None:
    """Instructions of sums by blocks of √n numbers, whose places exceed 256 at ever more of them."""
    assert answer(law, {"n": list(BLOCKS)}, list(BLOCKS.values()), is_made_smaller=True).word == word


def test_a_time_supports_no_law_of_several_factors_that_fits_worse_than_a_lower_one() -> None:
    """Microseconds of merging n and m sorted numbers, at 300 to 30 000 of each."""
    levels = [300.0, 949, 3000, 9487, 30_000]
    points = {"n": np.repeat(levels, 5), "m": np.tile(levels, 5)}
    assert answer("n**2 + m", points, np.array(MERGED).ravel(), is_exact=False).word == "inconclusive"
    assert answer("n + m", points, np.array(MERGED).ravel(), is_exact=False).word == "supported"


@pytest.mark.parametrize(("law", "word"), [("n*m", "inconclusive"), ("n*m**2", "refuted"), ("n", "refuted")])
def test_a_product_beside_a_line_is_not_refuted_by_the_powers_between(law: str, word: str) -> None:
    n, m = np.repeat([1e3, 3e3, 1e4, 3e4, 1e5], 5), np.tile([30.0, 100, 300, 1000, 3000], 5)
    seconds = 1e-9 * n * (m + 60) * (1 + 0.01 * np.sin(9 * np.log(n * m)))
    assert answer(law, {"n": n, "m": m}, seconds, is_exact=False).word == word


MERGED = [
    [39.604, 78.415, 196.371, 592.804, 1985.67], [77.23, 126.697, 252.739, 658.652, 2073.033],
    [204.593, 248.021, 421.911, 838.303, 2097.261], [611.53, 680.3, 823.514, 1356.252, 2725.604],
    [2101.878, 2030.98, 2132.039, 2686.501, 4514.942],
]  # fmt: skip
