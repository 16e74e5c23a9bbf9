"""Points and ranges as people write them, and what is said of those that are none."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bptt_bench.errors import TextError
from bptt_bench.plan import Point
from bptt_bench.text.points import MOST_POINTS, parse_points
from hypothesis import given
from hypothesis import strategies as st

WHOLE = {"n": True, "m": True, "x": False}


def points(asked: Any) -> list[Point]:
    return [Point(point) for question in parse_points(asked) for point in question.points(WHOLE)]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("n=10,m=3", [{"n": 10, "m": 3}]),
        (" n = 10 , m = 3 ", [{"n": 10, "m": 3}]),
        ("n=1e3", [{"n": 1000}]),
        ("n=2**24", [{"n": 16_777_216}]),
        ("n=2^24", [{"n": 16_777_216}]),
        ("n=1_000_000", [{"n": 1_000_000}]),
        ("n=10k,m=4Ki", [{"n": 10_000, "m": 4096}]),
        ("n=2^10..2^12:3", [{"n": 1024}, {"n": 2048}, {"n": 4096}]),
        ({"n": ["10k", "2^4"]}, [{"n": 10_000}, {"n": 16}]),
        ("x=10^-3", [{"x": 0.001}]),
        ("grid=2^10,n=1", [{"grid": "2^10", "n": 1}]),
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


@pytest.mark.parametrize("asked", ["n=0", {"n": 0}, {"n": [0]}])
def test_0_can_be_asked_about(asked: Any) -> None:
    assert points(asked) == [{"n": 0}]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("n", "--at 'n': must be factor=level or factor=low..high, such as T=35, got 'n'"),
        ("=5", "must be factor=level"),
        ("n=1,,m=2", "such as T=35, got ''"),
        ("2n=1", "such as T=35, got '2n=1'"),
        ("n=1,n=2", "--at 'n=1,n=2': names n twice"),
        ("n=", "n must be a finite number above 0, got ''"),
        ("n=-5", "n must be a finite number above 0, got '-5'"),
        ("n=nan", "n must be a finite number above 0, got 'nan'"),
        ("n=inf", "n must be a finite number above 0, got 'inf'"),
        ("n=1e999", "must be a finite number above 0"),
        ("n=0..5", "n must be a finite number above 0, got '0'"),
        ("n=a..5", "n must be a finite number above 0, got 'a'"),
        ("n=5..1", "must be a range low..high, or low..high:n with 2 levels or more, got '5..1'"),
        ("n=1..5:1", "must be a range"),
        ("n=1..5:0", "must be a range"),
        ("n=1..5:x", "n must be a finite number above 0, got '5:x'"),
        ("n=1.5..5", "n must be a whole number, got 1.5"),
        ({"n": []}, "n must have levels"),
        ({"n": True}, "n must be a finite number above 0, got 'True'"),
        ({"n": None}, "n must be a finite number above 0, got 'None'"),
        ({"n": [1, -1]}, "n must be a finite number above 0, got '-1'"),
    ],
)
def test_what_is_no_point_is_reported(asked: Any, message: str) -> None:
    with pytest.raises(TextError) as error:
        points(asked)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("asked", ["n=1..1e9:10001", "n=1..1e9:200,m=1..1e9:51", ["n=1..1e9:9999", "n=1..5:2"]])
def test_more_points_than_anybody_reads_are_refused_before_they_are_made(asked: Any) -> None:
    with pytest.raises(TextError, match=f"must name at most {MOST_POINTS} points"):
        parse_points(asked)


def test_as_many_as_allowed_are_allowed() -> None:
    assert len(points("x=1..1e9:100,n=1000..1e9:100")) == MOST_POINTS


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ('gpu="A100, 40 GB"', "A100, 40 GB"),
        ('gpu="1..3"', "1..3"),
        ('gpu="7"', "7"),
        ('gpu=a"b', 'a"b'),
        ('gpu="a""b"', 'a"b'),
    ],
)
def test_quotation_marks_hold_a_level_with_a_comma(text: str, level: str) -> None:
    assert points(f"{text},n=1") == [Point(gpu=level, n=1)]
