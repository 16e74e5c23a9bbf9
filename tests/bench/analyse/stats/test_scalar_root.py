"""Roots and minima against SciPy's, and errors where there is no root."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from bptt_bench.analyse.stats.scalar_root import minimum, root
from scipy.optimize import brentq, minimize_scalar

FUNCTIONS: list[Callable[[float], float]] = [
    lambda x: x**3 - 2,
    lambda x: math.exp(5 * x) - 40,
    lambda x: math.tanh(50 * (x - 0.3)),
    lambda x: x - 1.0,
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_root_agrees_with_scipy(function: Callable[[float], float]) -> None:
    found = root(function, (-1.0, 2.0), (function(-1.0), function(2.0)))
    assert found == pytest.approx(brentq(function, -1.0, 2.0), abs=1e-11)


def test_root_takes_few_steps_where_the_function_is_smooth() -> None:
    evaluated: list[float] = []

    def function(x: float) -> float:
        evaluated.append(x)
        return math.exp(x) - 2

    assert root(function, (0.0, 5.0), (-1.0, math.exp(5) - 2)) == pytest.approx(math.log(2))
    assert len(evaluated) < 20  # bisection takes 42


def test_root_may_be_an_end() -> None:
    assert root(lambda x: x, (0.0, 3.0), (0.0, 3.0)) == pytest.approx(0.0, abs=1e-11)


def test_root_needs_a_change_of_sign() -> None:
    with pytest.raises(ValueError, match="`values` must have opposite signs, got"):
        root(lambda x: x + 10, (0.0, 1.0), (10.0, 11.0))


@pytest.mark.parametrize(
    "function",
    [lambda x: (x - 0.7) ** 2, lambda x: abs(x - 0.2), lambda x: x**4 - x, lambda x: x, lambda x: -math.exp(-(x**2))],
)
def test_minimum_agrees_with_scipy(function: Callable[[float], float]) -> None:
    argument, least = minimum(function, (-1.0, 2.0), 1e-7)
    expected = minimize_scalar(function, bounds=(-1.0, 2.0), method="bounded", options={"xatol": 1e-7})
    assert argument == pytest.approx(expected.x, abs=1e-6)
    assert least == function(argument)
