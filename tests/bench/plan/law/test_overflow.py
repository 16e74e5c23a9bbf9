"""Up to which level a term is a number, found by an equation of its own for each term."""

from __future__ import annotations

import math

import pytest
from bptt_bench.plan import CostLaw
from bptt_bench.plan.law.overflow import smaller_levels_hint


@pytest.mark.parametrize(
    ("law", "point", "largest"),
    [
        ("factorial(n)", {"n": 10_000}, "n up to 170"),
        ("2**n", {"n": 5000}, "n up to 1023"),
        ("3**n", {"n": 5000}, f"n up to {math.floor(math.log(1.797e308, 3))}"),
        ("m*2**n", {"m": 1024, "n": 5000}, "n up to 1013"),
    ],
)
def test_the_largest_level_that_would_do_is_named(law: str, point: dict[str, float], largest: str) -> None:
    assert smaller_levels_hint(CostLaw(law).terms[0], point) == f"; give smaller levels, {largest}"


def test_what_is_allowed_may_be_less_than_what_is_a_number() -> None:
    assert smaller_levels_hint(CostLaw("2**n").terms[0], {"n": 300}, 1e60) == "; give smaller levels, n up to 199"


@pytest.mark.parametrize(("law", "level"), [("n", 10), ("2**n", 1023), ("log(n/2000)", 1000), ("log(n - 5)", 2)])
def test_another_trouble_than_a_large_value_has_no_hint(law: str, level: int) -> None:
    assert smaller_levels_hint(CostLaw(law).terms[0], {"n": level}) == ""


def test_a_term_that_no_single_factor_makes_small_asks_for_smaller_levels() -> None:
    assert smaller_levels_hint(CostLaw("1/(n - n)").terms[0], {"n": 3}) == "; give smaller levels"
