"""Whether counts have one logarithm more or less than a law says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bptt_bench.analyse.growth.logarithm import closer_by_logarithm
from bptt_bench.analyse.growth.margins import Margin
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.plan import CostLaw
from bptt_bench.plan.claims.claim import Bound

LEVELS = np.geomspace(16, 50_000, 15).round()


def asked(
    counts: Callable[[np.ndarray], np.ndarray], law: str, bound: Bound = "tight", margin: float = 0.05
) -> str | None:
    """The closer law of counts that differ by a per cent or so from their formula, as tables double."""
    values = counts(LEVELS) * (1 + 0.01 * np.sin(3 * np.log(LEVELS)))
    given = Response(points={"n": LEVELS}, values=values, is_exact=True)
    closer = closer_by_logarithm(given, CostLaw(law), Margin(margin, bound))
    return None if closer is None else closer.text


def merging(n: np.ndarray) -> np.ndarray:
    return np.asarray(20 * n * np.log2(n) + 100 * n + 3000)


def passing(n: np.ndarray) -> np.ndarray:
    return np.asarray(100 * n + 3000)


def numbering(n: np.ndarray) -> np.ndarray:
    """Numbers beyond 256 are made anew."""
    return np.asarray(208 * np.minimum(n, 256) + 400 * np.maximum(n - 256, 0) + 900)


def moving(n: np.ndarray) -> np.ndarray:
    """The same, where the list that is made is moved at the largest size."""
    return numbering(n) * np.where(n == n.max(), 1.02, 1.0)


def pairing(n: np.ndarray) -> np.ndarray:
    return np.asarray(60 * n * (n - 1) / 2 + 900)


@pytest.mark.parametrize(
    ("counts", "law", "closer"),
    [
        (merging, "n", "n*log(n)"),
        (merging, "3*n", "n*log(n)"),
        (merging, "n*log(n)", None),
        (passing, "n*log(n)", "n"),
        (passing, "n*log2(n)", "n"),
        (passing, "n", None),
        (numbering, "n", None),
        (moving, "n", None),
        (pairing, "n**2", None),
        (pairing, "n**2*log(n)", "n**2"),
        (merging, "n*log(n)**2", None),  # two logarithms, a root, and a law of its own are not asked about
        (merging, "n**0.5", None),
        (merging, "n + log(n)", None),
    ],
)
def test_a_logarithm_is_there_where_counts_need_it(counts: Callable[..., np.ndarray], law: str, closer: str) -> None:
    assert asked(counts, law) == closer


def test_numbers_that_are_made_anew_are_no_logarithm() -> None:
    """Instructions of a bucket sort for each element, as counted: most of the growth is that of numbers above 256."""
    levels = np.array([16.0, 54, 100, 215, 464, 743, 1000, 2154, 2500, 4642, 6813, 10_000])
    each = np.array([2311.0, 2148, 2167, 2195, 2300, 2326, 2357, 2388, 2388, 2411, 2425, 2468])
    given = Response(points={"n": levels}, values=levels * each, is_exact=True)
    assert closer_by_logarithm(given, CostLaw("n"), Margin(0.05, "tight")) is None
    assert closer_by_logarithm(given, CostLaw("n*log(n)"), Margin(0.05, "tight")) is None


def test_a_compiled_sort_beside_a_loop_in_python_is_not_passed_over() -> None:
    """Instructions for each element, as counted: numpy.sort, then a sum in a loop; an eighth are of the sort."""
    levels = np.array([500.0, 625, 1077, 1346, 1600, 2321, 2901, 5000, 6250, 10_772, 12_500, 23_208, 25_000, 50_000])
    each = np.array([527.6, 530.9, 530.5, 531.5, 532.4, 535.5, 536.8, 539.6, 540.2, 543.8, 544.8, 549.9, 550.1, 553.9])
    given = Response(points={"n": levels}, values=levels * each, is_exact=True)
    for law in ("n", "n*log(n)"):
        assert closer_by_logarithm(given, CostLaw(law), Margin(0.05, "tight")) is None


def test_a_store_that_has_run_out_is_no_logarithm() -> None:
    """Instructions for each node of a chain of pairs, as counted: beyond 2000 pairs none is kept ready any more."""
    levels = np.array([16.0, 31, 67, 145, 250, 312, 538, 673, 1160, 1450, 2500, 3125, 5386, 10_000, 25_000, 46_416])
    each = np.array(
        [
            790.7,
            811.8,
            812.9,
            804.6,
            800.6,
            819.7,
            854.6,
            864.3,
            880.7,
            888.1,
            924.2,
            959.6,
            1005.4,
            1036.6,
            1058.6,
            1071.9,
        ]
    )
    given = Response(points={"n": levels}, values=levels * each, is_exact=True)
    assert closer_by_logarithm(given, CostLaw("n"), Margin(0.05, "tight")) is None


@pytest.mark.parametrize("margin", [0.05, 0.25])
def test_a_margin_that_holds_a_logarithm_allows_both_laws(margin: float) -> None:
    assert (asked(merging, "n", margin=margin) is None) == (margin > 1 / np.log(LEVELS.max()))
    assert (asked(passing, "n*log(n)", margin=margin) is None) == (margin > 1 / np.log(LEVELS.max()))


def test_a_bound_is_asked_about_on_its_own_side_alone() -> None:
    assert asked(merging, "n", "upper") == "n*log(n)"
    assert asked(merging, "n", "lower") is None
    assert asked(passing, "n*log(n)", "lower") == "n"
    assert asked(passing, "n*log(n)", "upper") is None


def test_a_small_part_with_a_logarithm_decides_nothing() -> None:
    def little(n: np.ndarray) -> np.ndarray:
        return np.asarray(1.0 * n * np.log2(n) + 100 * n + 3000)  # an eighth of the largest count

    assert asked(little, "n") is None
    assert asked(little, "n*log(n)") is None


def test_times_and_several_factors_are_not_asked_about() -> None:
    time = Response(points={"n": LEVELS}, values=merging(LEVELS), is_exact=False)
    several = Response(points={"n": LEVELS, "m": LEVELS}, values=merging(LEVELS), is_exact=True)
    for given in (time, several):
        assert closer_by_logarithm(given, CostLaw("n"), Margin(0.05, "tight")) is None
