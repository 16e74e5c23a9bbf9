"""Functions that are polynomials are found exactly; what only looks like one at a few points is not taken for one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bptt_bench.plan import CostLaw, Factor, Point
from bptt_bench.plan.description.closed_form import find_closed_forms

FACTORS = (Factor(name="n"), Factor(name="m"))
POINTS = [Point(n=n, m=m) for n in (1, 10, 1000, 100_000) for m in (2, 7000)]


def form(function: Callable[[Point], Any]) -> str | None:
    values = [[function(point)] for point in POINTS]
    return find_closed_forms(lambda point: [function(point)], FACTORS, {}, POINTS, values)[0]


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda p: 8 * p["n"], "8*n"),
        (lambda p: p["n"] * p["m"] + 3, "3 + n*m"),
        (lambda p: 4 * p["n"] ** 2 * p["m"] - p["n"] + 0, "-1*n + 4*n**2*m"),
        (lambda p: p["n"] * (p["n"] + 1) - p["n"], "n**2"),
        (lambda _: 48, "48"),
        (lambda _: 0, "0"),
    ],
)
def test_a_polynomial_is_found(function: Callable[[Point], Any], expected: str) -> None:
    assert form(function) == expected
    assert float(CostLaw(expected, signed=True).evaluate({"n": 12_345, "m": 17})) == function(Point(n=12_345, m=17))


@pytest.mark.parametrize(
    "function",
    [
        lambda p: min(p["n"], 500) * 8,  # a polynomial at the small points where it is asked, and not where it counts
        lambda p: p["n"] // 2,
        lambda p: p["n"] ** 3 * p["m"],
        lambda p: 0.5 * p["n"],
        lambda _: float("nan"),
        lambda p: 10**400 * p["n"],
        lambda _: "text",
    ],
)
def test_nothing_else_is_taken_for_one(function: Callable[[Point], Any]) -> None:
    assert form(function) is None


def test_a_function_that_cannot_be_asked_elsewhere_has_no_closed_form() -> None:
    def picky(point: Point) -> int:
        if point not in POINTS:
            raise ValueError("never planned")
        return 8 * int(point["n"])

    assert form(picky) is None


def test_several_numbers_are_found_each_by_itself() -> None:
    def several(point: Point) -> list[int]:
        return [point["n"], point["n"] // 3, point["m"] * 2]

    found = find_closed_forms(several, FACTORS, {}, POINTS, [several(point) for point in POINTS])
    assert found == ["n", None, "2*m"]
