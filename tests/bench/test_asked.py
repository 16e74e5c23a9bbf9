"""Points, ranges and budgets as people write them, and what is said of those that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bptt_bench.analyse.samples import FitError
from bptt_bench.asked import MOST_POINTS, Budget, budget_of, questions
from bptt_bench.plan import Point
from hypothesis import given
from hypothesis import strategies as st

WHOLE = {"n": True, "m": True, "x": False}


def points(asked: Any) -> list[Point]:
    return [point for question in questions(asked) for point in question.points(WHOLE)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("n=10,m=3", [{"n": 10, "m": 3}]),
        (" n = 10 , m = 3 ", [{"n": 10, "m": 3}]),
        ("n=1e3", [{"n": 1000}]),
        ("x=0.5", [{"x": 0.5}]),
        ("n=1..100:3", [{"n": 1}, {"n": 10}, {"n": 100}]),
        ("x=1..100:3", [{"x": 1.0}, {"x": 10.0}, {"x": 100.0}]),
        ("x=0.5..2:3", [{"x": 0.5}, {"x": 1.0}, {"x": 2.0}]),
        ("n=7..7", [{"n": 7}]),
        ("n=1..3", [{"n": 1}, {"n": 2}, {"n": 3}]),
        ("n=1..2:2,m=5..6:2", [{"n": 1, "m": 5}, {"n": 1, "m": 6}, {"n": 2, "m": 5}, {"n": 2, "m": 6}]),
        ("n=5,dtype=float32", [{"n": 5, "dtype": "float32"}]),
        (["n=1", "n=2"], [{"n": 1}, {"n": 2}]),
        ({"n": 5, "x": 0.5}, [{"n": 5, "x": 0.5}]),
        ({"n": [5, 6]}, [{"n": 5}, {"n": 6}]),
        ({"n": np.array([5, 6])}, [{"n": 5}, {"n": 6}]),
        ({"n": "1..100:3"}, [{"n": 1}, {"n": 10}, {"n": 100}]),
        (Point(n=5, dtype="float32"), [{"n": 5, "dtype": "float32"}]),
        ([{"n": 1}, "n=2"], [{"n": 1}, {"n": 2}]),
        ("", [{}]),
    ],
)
def test_points(asked: Any, expected: list[dict[str, Any]]) -> None:
    assert points(asked) == [Point(one) for one in expected]


def test_a_range_has_ten_levels_from_end_to_end() -> None:
    levels = [point["n"] for point in points("n=100..10000")]
    assert len(levels) == 10
    assert (levels[0], levels[-1]) == (100, 10000)
    assert np.diff(np.log(levels)) == pytest.approx(np.log(100) / 9, rel=1e-2)
    assert all(isinstance(level, int) for level in levels)


def test_whole_levels_may_be_longer_than_numpy_has_whole_numbers() -> None:
    assert [point["n"] for point in points("n=1e20..1e22:3")] == pytest.approx([1e20, 1e21, 1e22])


@given(st.integers(1, 10**9), st.integers(1, 10**9), st.integers(2, 300))
def test_whole_levels_rise_and_none_comes_twice(one: int, other: int, n: int) -> None:
    low, high = sorted((one, other))
    levels = [point["n"] for point in points(f"n={low}..{high}:{n}")]
    assert levels == sorted(set(levels))
    assert (levels[0], levels[-1]) == (low, high)
    assert len(levels) <= n


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("n", "--at 'n': 'n' is not of the form factor=level or factor=low..high, such as T=35"),
        ("=5", "is not of the form"),
        ("n=1,,m=2", "'' is not of the form"),
        ("2n=1", "'2n=1' is not of the form"),
        ("n=1,n=2", "--at 'n=1,n=2': names n twice"),
        ("n=", "n=; allowed are finite numbers above 0"),
        ("n=0", "n=0; allowed are finite numbers above 0"),
        ("n=-5", "n=-5; allowed are finite numbers above 0"),
        ("n=nan", "n=nan; allowed are finite numbers above 0"),
        ("n=inf", "n=inf; allowed are finite numbers above 0"),
        ("n=1e999", "allowed are finite numbers above 0"),
        ("n=0..5", "n=0; allowed are finite numbers above 0"),
        ("n=a..5", "n=a; allowed are finite numbers above 0"),
        ("n=5..1", "allowed are ranges low..high, or low..high:n with 2 levels or more"),
        ("n=1..5:1", "allowed are ranges"),
        ("n=1..5:0", "allowed are ranges"),
        ("n=1..5:x", "n=5:x; allowed are finite numbers above 0"),
        ("n=1.5..5", "n=1.5; allowed are whole numbers"),
        ({"n": []}, "n has no level"),
        ({"n": True}, "n=True; allowed are finite numbers above 0"),
        ({"n": None}, "n=None; allowed are finite numbers above 0"),
        ({"n": [1, -1]}, "n=-1; allowed are finite numbers above 0"),
    ],
)
def test_what_is_no_point_is_told(asked: Any, message: str) -> None:
    with pytest.raises(FitError) as error:
        points(asked)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("asked", ["n=1..1e9:10001", "n=1..1e9:200,m=1..1e9:51", ["n=1..1e9:9999", "n=1..5:2"]])
def test_more_points_than_anybody_reads_are_refused_before_they_are_made(asked: Any) -> None:
    with pytest.raises(FitError, match=f"allowed are at most {MOST_POINTS}"):
        questions(asked)


def test_as_many_as_allowed_are_allowed() -> None:
    assert len(points("x=1..1e9:100,n=1000..1e9:100")) == MOST_POINTS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5ns", Budget(5e-9, "s")),
        ("5us", Budget(5e-6, "s")),
        ("5µs", Budget(5e-6, "s")),
        ("1.5ms", Budget(1.5e-3, "s")),
        ("10s", Budget(10.0, "s")),
        (" 10 s ", Budget(10.0, "s")),
        ("2min", Budget(120.0, "s")),
        ("2m", Budget(120.0, "s")),
        ("1h", Budget(3600.0, "s")),
        (".5s", Budget(0.5, "s")),
        ("1e3s", Budget(1000.0, "s")),
        ("100B", Budget(100.0, "B")),
        ("2kB", Budget(2e3, "B")),
        ("2MB", Budget(2e6, "B")),
        ("2GB", Budget(2e9, "B")),
        ("2gb", Budget(2e9, "B")),
        ("1KiB", Budget(1024.0, "B")),
        ("1MiB", Budget(2.0**20, "B")),
        ("1GiB", Budget(2.0**30, "B")),
        ("5000", Budget(5000.0, "")),
    ],
)
def test_budgets(text: str, expected: Budget) -> None:
    found = budget_of(text)
    assert found.amount == pytest.approx(expected.amount)
    assert found.unit == expected.unit


@pytest.mark.parametrize(
    "text", ["", "s", "10 apples", "-1s", "0s", "nan", "infs", "1e999s", "1..2s", "10S", "1 h 2 min"]
)
def test_what_is_no_budget_is_told(text: str) -> None:
    with pytest.raises(FitError, match=r"--within .*: allowed is a time in ns, us, ms, s, min or h, or memory"):
        budget_of(text)
