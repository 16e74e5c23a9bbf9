"""The examples in the docstrings, and what they leave open."""

from __future__ import annotations

import doctest
import math
from types import ModuleType

import pytest
from bptt_bench.report import format as show
from bptt_bench.report import page
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("module", [show, page], ids=lambda module: module.__name__)
def test_examples_hold(module: ModuleType) -> None:
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@given(st.floats(min_value=1e-20, max_value=1e20))
def test_si_is_right_to_three_digits(value: float) -> None:
    text = show.si(value, "")
    shown, prefix = text.split(show.NARROW)[-2:] if text.count(show.NARROW) else (text, "")
    mantissa = float(text[: len(text) - len(prefix)].replace(show.NARROW, ""))
    power = {name: power for power, name in show.PREFIXES.items()}[prefix]
    assert math.isclose(mantissa * 10.0**power, value, rel_tol=5.01e-3)
    assert shown


@given(st.floats(min_value=1e-17, max_value=1e19))
def test_si_never_needs_four_digits_before_the_point(value: float) -> None:
    assert float(show.si(value, "").split(show.NARROW)[0]) < 1000


def test_nothing_is_shown_as_a_dash() -> None:
    assert {show.number(None), show.si(math.nan), show.percent(None), show.duration(None)} == {"–"}
    assert show.interval(None, 1, 2) == show.si_interval(math.nan, 1, 2) == "–"
