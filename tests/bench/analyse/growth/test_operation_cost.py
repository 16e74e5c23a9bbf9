"""The time of an operation over sizes: how much it rises, and whether a cache explains it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.findings.growth import LearntInput, OperationCost, OutgrownCache, SpecialLevels
from bptt_bench.analyse.growth.operation_cost import (
    Circumstances,
    circumstances_of,
    find_operation_cost,
    find_special_levels,
)
from bptt_bench.analyse.growth.slopes import Response, Slopes
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw, Point
from bptt_bench.report.words.findings.clauses import words

SIZES = np.array([1e3, 1e4, 1e5, 1e6, 1e7])
CACHES = {"L1d": 48_000, "L2": 2_000_000, "L3": 30_000_000}
BYTES = {Point({"n": float(n)}): 8 * n for n in SIZES}


def cost(
    seconds: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    *,
    input_bytes: Mapping[Point, float] = BYTES,
    has_one_input: bool = False,
) -> OperationCost:
    work = _slopes(Response(points={"n": SIZES}, values=10 * SIZES, is_exact=True))
    known = Circumstances(input_bytes=input_bytes, caches_bytes=CACHES, has_one_input=has_one_input)
    given = Response(points={"n": SIZES}, values=seconds, is_exact=False)
    found = find_operation_cost(given, work, "instructions_count", known)
    assert found is not None
    return found


def _slopes(counts: Response) -> Slopes:
    found = counts.beside_with(CostLaw("n"))
    assert found is not None
    return found


@pytest.mark.parametrize(("cache", "first"), [("L1d", 1e4), ("L2", 1e6), ("L3", 1e7)])
def test_a_step_at_the_size_of_a_cache_is_explained_by_it(cache: str, first: float) -> None:
    found = cost(1e-9 * SIZES * np.where(CACHES[cache] < 8 * SIZES, 3.0, 1.0))
    assert found.rise == pytest.approx(3)
    assert isinstance(found.cause, OutgrownCache)
    assert (found.cause.cache, found.cause.first_beyond) == (cache, {"n": first})
    assert found.cause.rise == pytest.approx(3)


def test_a_rise_that_no_cache_explains_has_no_cause() -> None:
    within_the_l1 = dict.fromkeys(BYTES, 8.0)
    assert cost(1e-9 * SIZES**1.2, input_bytes=within_the_l1).cause is None
    assert cost(1e-9 * SIZES**1.2, input_bytes={}).cause is None
    at_first = cost(1e-9 * SIZES * np.array([1, 3, 3, 3, 3]), input_bytes=BYTES)  # L1d explains it, the L2 does not
    assert isinstance(at_first.cause, OutgrownCache)
    assert at_first.cause.cache == "L1d"


def test_a_steady_or_falling_cost_needs_no_explanation() -> None:
    assert cost(1e-9 * SIZES).cause is None
    assert cost(1e-9 * SIZES**0.9, has_one_input=True).cause is None


def test_a_single_input_may_be_learnt_where_it_is_small() -> None:
    rising = 1e-9 * SIZES**1.1
    assert isinstance(cost(rising, input_bytes={}, has_one_input=True).cause, LearntInput)
    assert cost(1e-3 * rising / rising[0] * 10, input_bytes={}, has_one_input=True).cause is None  # long at all sizes


SPECIAL = np.array([1000.0, 1024.0, 1500.0, 2048.0, 3000.0, 4096.0])


def at_special_sizes(times: float, levels: Array = SPECIAL) -> OperationCost:
    """The cost where powers of two take so many times as long, and counts are the same law everywhere."""
    powers = np.log2(levels) % 1 == 0
    counts = Response(points={"n": levels}, values=10 * levels, is_exact=True)
    given = Response(points={"n": levels}, values=1e-8 * levels * np.where(powers, times, 1.0), is_exact=False)
    known = Circumstances(input_bytes={}, caches_bytes={}, has_one_input=False)
    found = find_operation_cost(given, _slopes(counts), "instructions_count", known, counts)
    assert found is not None
    return found


def test_powers_of_two_that_take_longer_explain_a_rise_to_one_more() -> None:
    found = at_special_sizes(3.0)
    assert isinstance(found.cause, SpecialLevels)
    assert (found.cause.levels, found.cause.is_power_of_two) == ((1024, 2048), True)
    assert words(found) == (
        "time per instruction rises 3-fold from n=1000 to n=4096; at n = 1024 and 2048, powers of two, it is up to "
        "3 times that of the levels beside, and n=4096 is one more"
    )


def test_special_levels_are_named_where_the_largest_is_none_and_explain_no_rise() -> None:
    found = at_special_sizes(3.0, SPECIAL[:-1])
    assert found.cause is None
    (special,) = found.special
    assert (special.factor, special.levels, special.is_power_of_two) == ("n", (1024, 2048), True)
    assert words(found).startswith("time per instruction stays within 25 % from n=1000 to n=3000; at n = 1024 and 2048")


def test_what_is_no_longer_operation_is_not_special() -> None:
    """Levels at which more is done, that hardly lie off, or at which nothing was counted."""
    assert at_special_sizes(1.3).special == ()
    powers = np.where(np.log2(SPECIAL) % 1 == 0, 3.0, 1.0)
    known = Circumstances(input_bytes={}, caches_bytes={}, has_one_input=False)
    given = Response(points={"n": SPECIAL}, values=1e-8 * SPECIAL * powers, is_exact=False)
    counts = Response(points={"n": SPECIAL}, values=10 * SPECIAL * powers, is_exact=True)
    steady = _slopes(Response(points={"n": SPECIAL}, values=10 * SPECIAL, is_exact=True))
    for counted in (counts, Response(points={"n": SPECIAL / 50}, values=SPECIAL / 5, is_exact=True)):
        found = find_operation_cost(given, steady, "instructions_count", known, counted)
        assert found is not None
        assert (found.special, found.cause) == ((), None)


def test_levels_that_do_not_recur_in_the_repetitions_are_not_special() -> None:
    counts = Response(points={"n": SPECIAL}, values=10 * SPECIAL, is_exact=True)
    given = Response(points={"n": SPECIAL}, values=SPECIAL * np.array([1, 3, 1, 3, 1, 3.0]), is_exact=False)
    assert find_special_levels(given, counts, np.full(6, 0.01)) != ()
    assert find_special_levels(given, counts, np.full(6, 0.5)) == ()


def test_one_special_level_is_not_called_a_power_of_two() -> None:
    levels = np.array([1000.0, 1500.0, 2048.0, 3000.0, 4000.0, 6000.0])
    (special,) = at_special_sizes(3.0, levels).special
    assert (special.levels, special.is_power_of_two) == ((2048,), False)
    assert words(special).startswith("at n = 2048 it is 3")


def test_circumstances_are_those_that_the_run_stored() -> None:
    frame = pd.DataFrame({"subject": ["sort"]})
    frame.attrs.update(
        inspections=[
            {"subject": "sort", "point": {"n": 100}, "input_bytes": 3200},
            {"subject": "sort", "point": {"n": 200}},
            {"subject": "other", "point": {"n": 100}, "input_bytes": 1},
        ],
        run={"environment": {"caches_bytes": {"L1d": 1, "L1i": 2, "L2": 3, "L3": None}}},
        inputs={"sort": (1, 1, False)},
    )
    known = circumstances_of(frame, "sort")
    assert known.input_bytes == {Point({"n": 100}): 3200.0}
    assert known.caches_bytes == {"L1d": 1, "L2": 3}
    assert known.has_one_input
    assert not circumstances_of(pd.DataFrame({"subject": []}), "sort").has_one_input


def test_the_cause_is_told_in_words() -> None:
    text = words(cost(1e-9 * SIZES * np.where(CACHES["L2"] < 8 * SIZES, 3.0, 1.0)))
    assert text == (
        "time per instruction rises 3-fold from n=1000 to n=10000000; most of it from n=1000000 on, where the inputs, "
        "those that take turns together, are larger than the L2 cache (2 MB)"
    )
    learnt = words(cost(1e-9 * SIZES**1.1, input_bytes={}, has_one_input=True))
    assert learnt.endswith("the processor may have learnt the branches of the single input where it is small")
