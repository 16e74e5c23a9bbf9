"""The examples in the docstrings, and what they leave open."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import pytest
from bptt_bench.analyse.data import response
from bptt_bench.text import numbers, points, quantities, units
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("module", [numbers, points, quantities, units, response], ids=lambda module: module.__name__)
def test_examples_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@given(st.floats(min_value=1e-20, max_value=1e20))
def test_si_is_right_to_three_digits(value: float) -> None:
    text = numbers.si(value, "")
    shown, prefix = text.split(numbers.NARROW)[-2:] if text.count(numbers.NARROW) else (text, "")
    mantissa = float(text[: len(text) - len(prefix)].replace(numbers.NARROW, ""))
    power = {name: power for power, name in numbers.PREFIXES.items()}[prefix]
    assert math.isclose(mantissa * 10.0**power, value, rel_tol=5.01e-3)
    assert shown


@given(st.floats(min_value=1e-17, max_value=1e19))
def test_si_never_needs_four_digits_before_the_point(value: float) -> None:
    assert float(numbers.si(value, "").split(numbers.NARROW)[0]) < 1000


def test_nothing_is_shown_as_a_dash() -> None:
    assert {numbers.number(None), numbers.si(math.nan), numbers.percent(None), numbers.duration(None)} == {"–"}
    assert numbers.interval(None, 1, 2) == numbers.si_interval(math.nan, 1, 2) == "–"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("time_ms", "5\u202fms"),
        ("time_us", "5\u202fµs"),
        ("wall_minutes", "300\u202fs"),
        ("rss_KiB", "5.12\u202fkB"),
        ("bytes_per_second", "5\u202fB/s"),
        ("GFLOPS", "5\u202fGFLOP/s"),
        ("ms_per_item", "5\u202fms/item"),
        ("instructions", "5"),
        ("ops", "5"),
        ("latency", "5"),
    ],
)
def test_an_amount_is_converted_to_its_base_unit_and_prefixed_there(name: str, shown: str) -> None:
    assert numbers.amount(5.0, units.unit_of_name(name)) == shown


@pytest.mark.parametrize("name", ["comparisons_count", "latency", "ops", "items/s"])
def test_what_is_not_known_to_take_prefixes_gets_none(name: str) -> None:
    assert numbers.amount(5_000.0, units.unit_of_name(name)) == "5\u202f000"
    assert (
        numbers.amount_interval(5_000.0, 4_000.0, 6_000.0, units.unit_of_name(name))
        == "5\u202f000 [4\u202f000, 6\u202f000]"
    )


@pytest.mark.parametrize(
    ("ends", "shown"),
    [
        ((18e6, 18e6), "18 MB"),
        ((17.998e6, 18.002e6), "18 MB"),
        ((17.9e6, 18e6), "18 MB (17.9 MB to 18 MB)"),
        ((17.9e6, 18.1e6), "18 MB (17.9 MB to 18.1 MB)"),
    ],
)
def test_an_interval_whose_width_cannot_be_seen_is_not_shown(ends: tuple[float, float], shown: str) -> None:
    assert numbers.span_in_sentence(18e6, *ends, units.BYTE) == shown
