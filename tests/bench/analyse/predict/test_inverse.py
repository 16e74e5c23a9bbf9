"""The largest level within a budget, on laws whose answer is known, and held against trying every level."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from bptt_bench.analyse.predict.inverse import FARTHEST, LargestLevel, SearchSpan, largest_within
from bptt_bench.analyse.predict.predictor import MeasuredPoints, Predictor
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import Point
from bptt_bench.text.units import BYTE, unit_of_name
from hypothesis import given
from hypothesis import strategies as st

MEASURED = np.array([[10.0], [100.0]])
WHOLE = SearchSpan(1, 100 * FARTHEST, True)
REAL = SearchSpan(0.01, 100 * FARTHEST, False)


def of(value: Callable[[float], float], width: float = 1.25, response: str = "seconds_per_eval") -> Predictor:
    """Predictions with ends a factor away from the estimate."""
    return Predictor(
        subject="s",
        response=response,
        unit=unit_of_name(response),
        measured=MeasuredPoints(["n"], MEASURED),
        intervals=lambda points: [
            Interval(value(p["n"]), value(p["n"]) / width, value(p["n"]) * width) for p in points
        ],
    )


def answer(
    value: Callable[[float], float], budget: float, span: SearchSpan = WHOLE, width: float = 1.25
) -> LargestLevel:
    return largest_within(of(value, width), "n", budget, {}, span, "10s")


def test_a_straight_line_is_inverted_exactly() -> None:
    found = answer(lambda n: 1e-3 * n, 10.0005)
    assert (found.low, found.largest, found.high) == (8000, 10000, 12500)
    assert found.note == "100 times farther in n than any measured point"
    assert (found.farther, found.factor, found.within, found.at) == (100.0, "n", 10.0005, Point())
    assert all(isinstance(level, int) for level in (found.low, found.largest, found.high))


def test_a_level_that_takes_the_budget_exactly_is_within() -> None:
    assert answer(lambda n: 2.0 * n, 64.0, width=1.0).largest == 32


@given(st.floats(0.5, 3.0), st.floats(1e-6, 1e-2), st.floats(0, 5.0), st.floats(1e-3, 1e4), st.floats(1.0, 3.0))
def test_it_is_the_last_whole_number_within(
    power: float, unit_cost: float, constant: float, budget: float, width: float
) -> None:
    def value(n: float) -> float:
        return float(constant + unit_cost * n**power)

    found = answer(value, budget, width=width)
    for level, scale in ((found.largest, 1.0), (found.low, width), (found.high, 1 / width)):
        if level is None:
            assert value(1) * scale > budget or value(WHOLE.farthest) * scale <= budget
        else:
            assert value(level) * scale <= budget < value(level + 1) * scale


def test_a_level_that_may_be_any_number_is_found_to_a_billionth() -> None:
    found = answer(lambda n: 3e-3 * n**1.5, 7.0, REAL, width=1.5)
    for level, scale in ((found.largest, 1.0), (found.low, 1.5), (found.high, 1 / 1.5)):
        assert level == pytest.approx((7.0 / scale / 3e-3) ** (2 / 3), rel=1e-8)


def test_safe_estimate_and_optimistic_stand_in_order_whatever_neighbours_do() -> None:
    found = answer(lambda n: 1e-3 * n * (1 + 0.2 * math.sin(5 * math.log(n))), 10.0)
    assert found.low is not None
    assert found.largest is not None
    assert found.high is not None
    assert found.low < found.largest < found.high


def test_where_even_the_smallest_exceeds_it_says_what_that_takes() -> None:
    found = answer(lambda n: 11.0 + n, 10.0)
    assert (found.low, found.largest, found.farther) == (None, None, None)
    assert found.high == 1
    assert found.note == "exceeds 10s even at n=1: 12 s"


def test_where_only_the_upper_end_exceeds_no_level_is_safe() -> None:
    found = answer(lambda n: 9.0 + n / 100, 10.0)
    assert (found.low, found.largest) == (None, 100)
    assert found.note == "no level is safe: even at n=1 the upper end exceeds 10s"


def test_a_law_that_grows_too_slowly_is_bounded_by_a_thousand_times_the_measured() -> None:
    found = answer(lambda n: 1e-6 * n, 10.0)
    assert (found.low, found.largest, found.high) == (None, None, None)
    assert (found.farthest, set(found.unbounded)) == (100_000, {"low", "largest", "high"})
    assert found.note == "within 10s up to n=100000, 1000 times the largest measured"


def test_what_does_not_grow_is_said() -> None:
    found = answer(lambda _: 1.0, 10.0)
    assert found.largest is None
    assert found.note == "within 10s up to n=100000, 1000 times the largest measured, because it does not grow with n"


def test_a_safe_answer_is_given_where_the_estimate_has_none() -> None:
    found = answer(lambda n: 9e-5 * n, 10.0)
    assert (found.largest, found.high) == (None, None)
    assert set(found.unbounded) == {"largest", "high"}
    assert found.low == 88888
    assert found.farther == pytest.approx(888.88)
    assert found.note == (
        "within 10s up to n=100000, 1000 times the largest measured; 889 times farther in n than any measured point"
    )


def test_an_optimistic_answer_out_of_reach_is_said() -> None:
    found = answer(lambda n: 1.1e-4 * n, 10.0)
    assert (found.largest, found.high) == (90909, None)
    assert found.note.startswith("its lower end is within 10s beyond n=100000, too; ")


def test_a_law_that_falls_and_rises_answers_with_the_far_side_and_says_so() -> None:
    found = answer(lambda n: 100 / n + n / 10, 10.0, width=1.0)
    assert found.largest == 88  # 100/n + n/10 = 10 at n = 11.27 and 88.73
    assert found.note == "not everywhere below that: n=11 exceeds 10s"


def test_a_law_that_says_nothing_is_no_answer() -> None:
    found = answer(lambda _: math.nan, 10.0)
    assert (found.low, found.largest, found.high) == (None, None, None)
    assert found.note == "the law says nothing here"


def test_a_law_that_overflows_far_out_is_no_obstacle() -> None:
    found = answer(lambda n: 2.0**n if n < 1000 else math.inf, 1e6, width=1.0)
    assert found.largest == 19


def test_infinite_upper_ends_leave_no_safe_answer() -> None:
    found = answer(lambda n: 1e-3 * n, 10.0, width=math.inf)
    assert (found.low, found.largest, found.high) == (None, 10000, None)


def test_the_other_factors_are_held() -> None:
    predictor = Predictor(
        subject="s",
        response="allocated_bytes",
        unit=BYTE,
        measured=MeasuredPoints(["n", "k"], np.array([[10.0, 10.0]])),
        intervals=lambda points: [Interval(*[8.0 * p["n"] * p["k"]] * 3) for p in points],
    )
    found = largest_within(predictor, "n", 4000.0, {"k": 10}, WHOLE)
    assert (found.largest, found.at, found.farther) == (50, Point(k=10), 5.0)
    assert list(found.to_json()) == [
        "subject", "response", "unit", "factor", "within", "at", "largest", "low", "high", "farther", "grade", "note",
    ]  # fmt: skip
