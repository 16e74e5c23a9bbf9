"""Units: read from what people write, from names of columns, and back into names."""

from __future__ import annotations

import pytest
from bptt_bench.errors import TextError
from bptt_bench.text.units import Unit, name_with_unit, parse_unit, unit_of, unit_of_name
from hypothesis import given
from hypothesis import strategies as st

TIMES = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0}


@pytest.mark.parametrize("symbol", TIMES)
@pytest.mark.parametrize(
    "form",
    ["time_{}", "time ({})", "Time [{}]", "time ( {} )", "{}/op", "wall {}", "time.{}", "{}_per_call", "time/{}", "{}"],
)
def test_a_column_of_times_tells_its_unit(symbol: str, form: str) -> None:
    assert unit_of_name(form.format(symbol)) == Unit(symbol, "s", TIMES[symbol])


@pytest.mark.parametrize("mu", ["\u00b5", "\u03bc", "u"])
@pytest.mark.parametrize("form", ["time_{}s", "time ({}s)", "{}s/op"])
def test_the_micro_sign_is_the_letter_mu_is_u(mu: str, form: str) -> None:
    assert unit_of_name(form.format(mu)) == unit_of(f"{mu}s") == parse_unit(f"{mu}s") == Unit("us", "s", 1e-6)


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("t_sec", "s"), ("wall_seconds", "s"), ("x_minutes", "min"), ("time (h)", "h"), ("time [min]", "min"),
        ("elapsedMillis", "ms"), ("duration_in_microseconds", "us"), ("time_ms_mean", "ms"), ("p99 latency, ms", "ms"),
        ("TIME_MS", "ms"), ("seconds_per_eval", "s"), ("recur_seconds_per_eval", "s"), ("cpu_seconds_per_eval", "s"),
        ("peak_bytes", "B"), ("size (B)", "B"), ("B/op", "B"), ("rss_MB", "MB"), ("rss_kb", "kB"), ("heap KiB", "KiB"),
        ("bytes_per_second", "B/s"), ("MB/s", "MB/s"), ("MB_s", "MB/s"), ("MBps", "MB/s"), ("GFLOPS", "GFLOP/s"),
        ("ops", "1/s"), ("qps", "1/s"), ("items_per_second", "items/s"), ("items_s", "items/s"), ("ops/sec", "ops/s"),
        ("ms_per_item", "ms/item"), ("comparisons_count", "comparisons"), ("instructions", "instructions"),
    ],
)  # fmt: skip
def test_what_names_tell(name: str, symbol: str) -> None:
    found = unit_of_name(name)
    assert found is not None
    assert found.symbol == symbol


@pytest.mark.parametrize(
    "name",
    ["latency", "time", "runtime", "throughput", "bandwidth", "n", "h", "min", "time_min", "variant_b", "d", "m",
     "allocs/op", "n_ops", "speedup", "mean", "", "()", "per", "a_per_b", "_", "x/y/z", "cost (apples)", "items"],
)  # fmt: skip
def test_what_names_do_not_tell(name: str) -> None:
    assert unit_of_name(name) is None


@pytest.mark.parametrize("name", ["bytes_per_second", "ops", "items/s", "throughput", "MB/s", "qps", "rate (1/s)"])
def test_a_rate_is_not_a_time(name: str) -> None:
    found = unit_of_name(name)
    assert found is None or found.dimension not in ("s", "B")


@given(st.text(max_size=60))
def test_no_name_is_too_odd(name: str) -> None:
    found = unit_of_name(name)
    assert found is None or found.scale > 0


@pytest.mark.parametrize("text", ["", " ", "1ms", "5", "a b", "\n", "x" * 41, "[ms", "=cmd()"])
def test_what_is_no_unit_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(TextError, match=r"^--unit: must be a unit such as s, ms, us, B, MB, MiB or B/s") as error:
        parse_unit(text)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("symbol", ["ms", "us", "ns", "s", "B", "MB", "GiB", "B/s", "MB/s", "ms/item"])
def test_a_name_that_states_a_unit_tells_it(symbol: str) -> None:
    assert unit_of_name(name_with_unit("latency", parse_unit(symbol))) == parse_unit(symbol)


def test_a_name_that_states_it_already_and_a_unit_that_no_name_tells_stay() -> None:
    assert name_with_unit("time_ms", unit_of("ms")) == "time_ms"
    assert name_with_unit("seconds_per_eval", unit_of("ms")) == "seconds_per_eval"
    assert name_with_unit("hits", parse_unit("misses")) == "hits"
