"""Whether a logarithm is seen in the functions of a count, or cannot be there."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.growth.functions import Logarithms, find_faster, find_logarithms, most_of_law
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.plan import CostLaw

LEVELS = np.array(
    [16.0, 34, 74, 160, 290, 500, 625, 1077, 1600, 2321, 2901, 5000, 6250, 10_772, 12_500, 23_208, 25_000, 50_000]
)
LOG = np.log2(LEVELS)
LOOP = 200 * LEVELS + 3000
COMPARING = LEVELS * (LOG - 1.2)
MERGING = 24.4 * LEVELS * np.ceil(LOG - 6).clip(0.1)  # one more pass with each doubling of the runs
NUMBERS = 40 * np.maximum(LEVELS - 256, 0.5)
DIGITS = LEVELS * (30 + 8 * np.floor(np.log10(LEVELS))) + 900
KEPT_READY = 17 * LEVELS + 34 * np.maximum(LEVELS - 2000, 0)
DOUBLING = LEVELS * (50 + 50 * (LOG % 1))
IRREGULAR = LEVELS * np.where(np.arange(len(LEVELS)) % 2, 900, 50)  # as sizes with large prime factors are


def response(total: np.ndarray, kept: slice = slice(None), /, **functions: np.ndarray) -> Response:
    by_function = {f"{name} (lib)": counts[kept] for name, counts in functions.items()}
    return Response(points={"n": LEVELS[kept]}, values=total[kept], is_exact=True, by_function=by_function)


def found(power: int = 1, /, **functions: np.ndarray) -> Logarithms:
    total = np.nansum(list(functions.values()), axis=0)
    logarithms = find_logarithms(response(total, slice(None), **functions), "n", power)
    assert logarithms is not None
    return logarithms


@pytest.mark.parametrize("counts", [COMPARING, MERGING, 3 * COMPARING + 30 * LEVELS])
def test_a_function_that_takes_a_logarithm_is_seen_beside_a_loop_that_takes_none(counts: np.ndarray) -> None:
    logarithms = found(sort=5 * counts, loop=LOOP)
    assert logarithms.carriers.functions == ("sort (lib)",)
    assert logarithms.seen > 0.15
    assert logarithms.carriers.share == pytest.approx(5 * counts[-1] / (5 * counts + LOOP)[-1])


@pytest.mark.parametrize(
    "counts",
    [
        pytest.param(DIGITS, id="text of numbers"),
        pytest.param(KEPT_READY, id="a store that has run out"),
        pytest.param(LEVELS * (100 - 900 / np.sqrt(LEVELS)), id="a root less"),
        pytest.param(DOUBLING, id="a table that doubles"),
        pytest.param(IRREGULAR, id="special sizes"),
        pytest.param(KEPT_READY + NUMBERS, id="two stores"),
    ],
)
def test_what_grows_for_another_reason_is_no_logarithm_and_leaves_one_possible(counts: np.ndarray) -> None:
    logarithms = found(other=5 * np.maximum(counts, 1), loop=LOOP)
    assert logarithms.carriers.functions == ()
    assert logarithms.possible > 0.05


def test_functions_that_take_the_same_for_each_element_leave_no_logarithm() -> None:
    logarithms = found(loop=LOOP, number=NUMBERS, step=LEVELS * (90 + 500 / LEVELS))
    assert logarithms.seen == 0
    assert logarithms.possible < 0.01


def test_terms_of_lower_order_are_no_logarithm() -> None:
    logarithms = found(2, pairs=LEVELS * (LEVELS - 1) / 2, loop=LOOP)
    assert logarithms.seen == 0
    assert logarithms.possible < 0.01
    assert found(2, sums=LEVELS**2 * LOG, loop=LOOP).carriers.functions == ("sums (lib)",)


MEMORY = "_PyObject_Malloc", "__memcpy_avx_unaligned_erms", "_int_free", "PyObject_GC_Del", "list_dealloc"


@pytest.mark.parametrize("name", MEMORY)
@pytest.mark.parametrize("counts", [KEPT_READY, DOUBLING, NUMBERS + KEPT_READY])
def test_what_serves_memory_leaves_no_logarithm_possible_for_what_is_free(name: str, counts: np.ndarray) -> None:
    logarithms = found(**{name: 5 * counts, "loop": LOOP})
    assert logarithms.carriers.functions == ()
    assert logarithms.possible < 0.01


def test_what_serves_memory_by_steps_is_no_logarithm_and_leaves_one_possible() -> None:
    logarithms = found(memcpy=5 * MERGING, loop=LOOP)
    assert logarithms.carriers.functions == ()
    assert logarithms.possible > 0.05


def test_a_square_over_a_small_range_is_no_logarithm() -> None:
    """Instructions of a maximum over n numbers, n times, as counted; a loop takes most."""
    levels = np.array([60.0, 100, 160, 250, 400, 500, 700, 1000, 1600])
    square, loop = levels * (82 + 1.045 * levels), 8000 * levels
    given = Response(
        points={"n": levels}, values=square + loop, is_exact=True, by_function={"maximum (lib)": square, "loop": loop}
    )
    logarithms = find_logarithms(given, "n")
    assert logarithms is not None
    assert logarithms.carriers.functions == ()


def test_numbers_that_get_longer_as_text_are_no_logarithm() -> None:
    """Instructions of a digest for each line that ends in its number, as counted."""
    levels = np.array(
        [290.0, 500, 625, 1077, 1346, 2321, 2500, 2901, 5000, 6250, 10_000, 10_772, 23_208, 25_000, 50_000]
    )
    each = np.array(
        [217.9, 220.1, 218.5, 223.3, 230.2, 239.7, 241.3, 243.1, 247.8, 249.5, 251.3, 253.9, 271.4, 272.5, 279.5]
    )
    given = Response(
        points={"n": levels}, values=levels * each, is_exact=True, by_function={"digest (lib)": levels * each}
    )
    logarithms = find_logarithms(given, "n")
    assert logarithms is not None
    assert logarithms.carriers.functions == ()
    assert logarithms.possible > 0.3


def test_a_logarithm_that_is_little_of_its_function_is_not_seen() -> None:
    assert found(step=5 * LEVELS * (100 + 2 * LOG)).carriers.functions == ()
    assert found(step=5 * LEVELS * (20 + 2 * LOG)).carriers.functions == ("step (lib)",)


def test_a_function_that_follows_no_law_may_hold_any() -> None:
    uneven = LEVELS * np.where(np.arange(len(LEVELS)) % 2, 40.0, 10.0)
    total = LOOP + uneven
    given = response(total, slice(None), loop=LOOP, uneven=uneven)
    share = float(uneven[-1] / total[-1])
    assert most_of_law(given, CostLaw("n**2"), ("1", "n")) == pytest.approx(share, abs=0.01)
    even = response(LOOP + LEVELS, slice(None), loop=LOOP, even=LEVELS)
    assert most_of_law(even, CostLaw("n**2"), ("1", "n")) == pytest.approx(0, abs=0.01)


def test_a_function_is_named_from_a_fiftieth_of_the_instructions() -> None:
    for share, named in ((0.5, ()), (2.0, ("square (lib)",))):
        square = share / 50 * LOOP[-1] * (LEVELS / LEVELS[-1]) ** 2
        given = response(LOOP + square, slice(None), loop=LOOP, square=square)
        assert find_faster(given, CostLaw("n"), {"n": 0.05}).functions == named


def test_copies_by_halves_take_a_logarithm() -> None:
    """Each of log(n) levels of slices copies all n once."""
    logarithms = found(memcpy=8 * LEVELS * (LOG - 5) + 2000, loop=LOOP)
    assert logarithms.carriers.functions == ("memcpy (lib)",)
    assert logarithms.seen > 0.2


def test_a_function_that_is_not_known_throughout_leaves_a_logarithm_possible() -> None:
    counts = np.where(np.arange(len(LEVELS)) == 12, np.nan, 5 * LEVELS)
    logarithms = found(gap=counts, loop=LOOP)
    assert logarithms.possible > 0.02
    early = np.where(LEVELS < 300, np.nan, 5 * LEVELS)  # too small a share of the smallest counts
    assert found(late=early, loop=LOOP).possible < 0.01


def test_functions_too_small_to_be_named_leave_a_logarithm_possible() -> None:
    logarithms = find_logarithms(response(LOOP, slice(None), loop=0.9 * LOOP), "n")
    assert logarithms is not None
    assert logarithms.possible == pytest.approx(0.1, abs=0.001)


@pytest.mark.parametrize("kept", [slice(0, 6), slice(10, None), slice(None, None, 3)])
def test_a_range_that_is_too_small_says_nothing(kept: slice) -> None:
    assert find_logarithms(response(LOOP, kept, loop=LOOP), "n") is None


def test_a_total_by_itself_says_nothing() -> None:
    assert find_logarithms(response(LOOP), "n") is None
