"""Durations, sizes and shares as people write them, and what is said of those that are none."""

from __future__ import annotations

import pytest
from bptt_bench.errors import TextError
from bptt_bench.text.quantities import Budget, parse_budget, parse_duration, parse_share
from bptt_bench.text.units import unit_of
from hypothesis import given
from hypothesis import strategies as st

TIMES = [
    ("5ns", 5e-9), ("5us", 5e-6), ("5\u00b5s", 5e-6), ("5\u03bcs", 5e-6), ("1.5ms", 1.5e-3), ("10s", 10.0),
    (" 10 s ", 10.0),
    ("2min", 120.0), ("2m", 120.0), ("5 minutes", 300.0), ("1h", 3600.0), (".5s", 0.5), ("1e3s", 1000.0),
    ("1m30s", 90.0), ("1h30min", 5400.0), ("1 h 2 min", 3720.0), ("90 sec", 90.0), ("20us", 2e-5),
]  # fmt: skip
SIZES = [
    ("100B", 100.0), ("2kB", 2e3), ("2MB", 2e6), ("2 GB", 2e9), ("2gb", 2e9), ("1KiB", 1024.0), ("512MiB", 2.0**29),
    ("1GiB", 2.0**30),
]  # fmt: skip


@pytest.mark.parametrize(("text", "seconds"), TIMES)
def test_a_time_is_the_same_whatever_asks_for_it(text: str, seconds: float) -> None:
    assert parse_duration("--budget", text) == parse_duration("--wait", text, bare=True) == seconds
    assert parse_budget("--within", text) == Budget(seconds, "s")


@pytest.mark.parametrize(("text", "size"), SIZES)
def test_sizes(text: str, size: float) -> None:
    assert parse_budget("--within", text) == Budget(size, "B")


def test_a_number_alone_is_in_the_unit_of_what_it_limits() -> None:
    assert parse_budget("--within", "5000") == Budget(5000.0, "")
    assert parse_budget("--within", "5000").of(unit_of("ms")) == 5000.0
    assert parse_duration("--wait", "30", bare=True) == 30.0


@pytest.mark.parametrize(("unit", "amount"), [("ms", 1500.0), ("us", 1.5e6), ("s", 1.5), ("min", 0.025)])
def test_a_budget_is_converted_to_the_unit_of_the_response(unit: str, amount: float) -> None:
    assert parse_budget("--within", "1.5s").of(unit_of(unit)) == amount


def test_other_units_limit_too() -> None:
    assert parse_budget("--within", "1 MB/s") == Budget(1e6, "B/s")
    assert parse_budget("--within", "10 %") == Budget(10.0, "%")


@pytest.mark.parametrize(
    "text",
    ["", "s", "10 apples", "-1s", "0s", "nan", "infs", "1e999s", "1..2s", "10S", "2min 1h", "1s1s", "1h 5", "9" * 300],
)
def test_what_is_no_time_and_no_memory_is_reported_in_one_line(text: str) -> None:
    for read in (parse_budget, parse_duration):
        with pytest.raises(TextError, match=r"^--within: must be a time in ns, us, ms, s, min or h, such as") as error:
            read("--within", text)
        assert len(str(error.value)) < 500


def test_the_shortest_time_that_is_allowed_is_reported() -> None:
    assert parse_duration("--wait", "0", least=0.0, bare=True) == 0.0
    with pytest.raises(TextError, match="such as 90s, 5min or 1h30min, from 1 s on, got '500ms'"):
        parse_duration("--budget", "500ms", least=1.0)
    with pytest.raises(TextError, match="got '2GB'"):
        parse_duration("--budget", "2GB")


@pytest.mark.parametrize("text", ["2%", "0.02", " 2 % ", "2.0%", ".02", "2e-2"])
def test_a_share_is_a_percentage_or_a_number(text: str) -> None:
    assert parse_share("--tolerance", text) == 0.02


@pytest.mark.parametrize("text", ["", "%", "2%%", "-2%", "nan", "inf", "101%", "2", "1", "100%", "2s", "0x1"])
def test_what_is_no_share_is_reported_in_one_line(text: str) -> None:
    with pytest.raises(TextError, match=r"^--tolerance: must be a share from 0% to below 100%, such as 2%"):
        parse_share("--tolerance", text, below=True)


@given(st.floats(min_value=1e-9, max_value=1e6), st.sampled_from(["ns", "us", "ms", "s", "min", "h"]))
def test_every_time_is_read_to_the_last_bit_of_its_unit(value: float, symbol: str) -> None:
    unit = unit_of(symbol)
    assert unit is not None
    assert parse_duration("--budget", f"{value!r}{symbol}") == pytest.approx(value * unit.scale, rel=1e-15)
