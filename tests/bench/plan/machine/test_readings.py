"""Readings of a machine: plain data and back, and rates between and beyond what was read, worked out by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from bptt_bench.errors import MachineError
from bptt_bench.plan.machine.readings import (
    BandwidthReading,
    Dtype,
    ElementwiseReading,
    ProductKind,
    ProductReading,
    Readings,
    TranscendentalReading,
    interpolate,
    rate_of_similar_shape,
)

DISPATCH, EMPTY = 1e-6, 2e-6


def product(
    kind: ProductKind, m: int, n: int, k: int, *, rate: float = 0.0, dtype: Dtype = "float32", slower: float = 1.0
) -> ProductReading:
    """A product that runs at a net rate behind a dispatch of 1 µs; without a rate it is all dispatch."""
    seconds = DISPATCH + (m * n * k / rate if rate else 0.0)
    return ProductReading(
        kind=kind,
        dtype=dtype,
        m=m,
        n=n,
        k=k,
        working_set_bytes=4 * (m * k + k * n + m * n),
        seconds=seconds,
        median_seconds=slower * seconds,
    )


def readings(*products: ProductReading, **others: Sequence[Any]) -> Readings:
    return Readings(
        products=products,
        bandwidth=tuple(others.get("bandwidth", ())),
        transcendental=tuple(others.get("transcendental", ())),
        elementwise=tuple(others.get("elementwise", ())),
        empty_call_seconds=EMPTY,
        python_call_seconds=3e-8,
        first_touch_seconds_per_byte=1e-10,
        clear_seconds_per_byte=2e-11,
        rounds=5,
        skipped=("copy of 128 MiB: no time was left",),
    )


FULL = readings(
    product("gemv", 10, 1, 100, rate=2e9, slower=1.5),
    bandwidth=[BandwidthReading(operation="add", working_set_bytes=24_000, seconds=4e-6, median_seconds=6e-6)],
    transcendental=[
        TranscendentalReading(
            function="exp", dtype="float64", working_set_bytes=16_000, seconds=1e-5, median_seconds=1e-5
        )
    ],
    elementwise=[ElementwiseReading(dtype="float32", working_set_bytes=8_000, seconds=1e-5, median_seconds=1e-5)],
)


def test_readings_survive_being_written_and_read() -> None:
    assert Readings.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL


def test_stored_rates_are_operations_over_the_seconds_of_the_call() -> None:
    plain = FULL.to_json()
    assert plain["products"][0]["multiply_adds_per_second"] == pytest.approx(1000 / (DISPATCH + 5e-7))
    assert plain["bandwidth"][0]["bytes_per_second"] == pytest.approx(6e9)
    assert plain["transcendental"][0]["elements_per_second"] == pytest.approx(1000 / 1e-5)  # two arrays of 8 bytes
    assert plain["elementwise"][0]["elements_per_second"] == pytest.approx(1000 / 1e-5)  # two arrays of 4 bytes


def test_slowdown_is_the_middle_ratio_of_median_to_least() -> None:
    assert FULL.slowdown == pytest.approx((1 + 1.5) / 2)  # of 1.5, 1.5, 1 and 1
    assert replace(FULL, products=(), bandwidth=(), transcendental=(), elementwise=()).slowdown == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bandwidth": None}, "readings: 'bandwidth' is not a list"),
        ({"skipped": "all"}, "readings: 'skipped' is not a list"),
        ({"rounds": "many"}, "readings: rounds must be a number from 0, got 'many'"),
        ({"empty_call_seconds": -1.0}, "readings: empty_call_seconds must be a number from 0, got -1.0"),
        ({"empty_call_seconds": True}, "readings: empty_call_seconds must be a number from 0, got True"),
        ({"python_call_seconds": math.nan}, "readings: python_call_seconds must be a number from 0, got nan"),
        ({"products": [{"kind": "gemv"}]}, "readings: an entry of 'products' has no 'seconds'"),
        ({"products": [3]}, "readings: an entry of 'products' has no 'seconds'"),
    ],
)
def test_what_is_no_reading_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(MachineError, match=message):
        Readings.from_json({**FULL.to_json(), **change})


def test_a_field_that_is_missing_unknown_or_took_no_time_is_named() -> None:
    plain = FULL.to_json()
    with pytest.raises(MachineError, match="readings: have no 'rounds'"):
        Readings.from_json({name: value for name, value in plain.items() if name != "rounds"})
    (moved,) = plain["bandwidth"]
    with pytest.raises(MachineError, match="operation must be one of read, clear, copy, add, got 'swap'"):
        Readings.from_json({**plain, "bandwidth": [{**moved, "operation": "swap"}]})
    with pytest.raises(MachineError, match="an entry of 'bandwidth' took no time"):
        Readings.from_json({**plain, "bandwidth": [{**moved, "seconds": 0}]})


def test_interpolation_is_linear_in_logarithms_and_flat_beyond() -> None:
    line = [(400.0, 8.0), (100.0, 2.0), (1600.0, 2.0)]  # in any order
    assert interpolate(line, 200) == pytest.approx(4)
    assert interpolate(line, 800) == pytest.approx(4)
    assert [interpolate(line, at) for at in (100, 400, 1600)] == pytest.approx([2, 8, 2])
    assert [interpolate(line, at) for at in (1, 1e9)] == [2, 2]


def test_rate_of_a_shape_is_that_of_the_nearest_ones() -> None:
    known = [((16, 16, 16), 1.0), ((64, 16, 16), 16.0)]
    assert rate_of_similar_shape(known, (16, 16, 16)) == 1.0
    assert rate_of_similar_shape(known, (32, 16, 16)) == pytest.approx(4.0)  # an octave from both: the geometric mean
    assert 1 < rate_of_similar_shape(known, (20, 16, 16)) < 1.5
    assert rate_of_similar_shape(known, (128, 16, 16)) == pytest.approx(
        2 ** (4 * 1 / (1 + 3**-4))
    )  # 1 and 3 octaves away


def test_products_with_a_vector_are_net_of_dispatch_and_between_sizes_and_widths() -> None:
    machine = readings(
        product("gemv", 1, 1, 1),
        product("gemv", 1000, 1, 100, rate=4e9),
        product("gemv", 100_000, 1, 100, rate=1e9),
        product("gemv", 1000, 1, 400, rate=16e9),
        product("gevm", 1, 100, 1000, rate=5e9),
        product("ger", 1000, 100, 1, rate=3e9),
        product("gemv", 1000, 1, 100, rate=2e9, dtype="float64"),
    )
    assert machine.dispatch_seconds("gemv") == DISPATCH
    assert machine.dispatch_seconds() == EMPTY
    assert machine.dispatch_seconds("gemm") == EMPTY  # none was read
    assert machine.product_rate("gemv", "float32", 1000, 1, 100) == pytest.approx(4e9)
    assert machine.product_rate("gemv", "float32", 10_000, 1, 100) == pytest.approx(2e9)
    assert machine.product_rate("gemv", "float32", 10, 1, 100) == pytest.approx(4e9)  # flat below
    assert machine.product_rate("gemv", "float32", 500, 1, 200) == pytest.approx(8e9)  # 1e5 elements, between widths


def test_the_cheapest_call_of_a_kind_is_its_dispatch_and_no_rate() -> None:
    machine = readings(
        product("ger", 2, 2, 1), product("ger", 4, 10, 1, rate=1e9), product("ger", 1000, 100, 1, rate=3e9)
    )
    # 40 multiply-adds in 40 ns behind a microsecond: what is left without dispatch says nothing.
    assert machine.product_rate("ger", "float32", 4, 10, 1) == pytest.approx(3e9)


def test_full_products_are_looked_up_by_shape() -> None:
    machine = readings(
        product("gemm", 1, 1, 1), product("gemm", 100, 100, 800, rate=4e10), product("gemm", 800, 100, 100, rate=2e10)
    )
    assert machine.product_rate("gemm", "float32", 100, 100, 800) == pytest.approx(4e10)
    assert machine.product_rate("gemm", "float32", 1600, 100, 100) == pytest.approx(2e10, rel=0.02)


def test_rates_of_moves_functions_and_additions_are_net_of_the_empty_call() -> None:
    machine = replace(
        FULL,
        bandwidth=(
            BandwidthReading(operation="copy", working_set_bytes=8_000, seconds=EMPTY + 8e-7, median_seconds=1e-5),
            BandwidthReading(operation="copy", working_set_bytes=80_000, seconds=EMPTY + 8e-6, median_seconds=1e-5),
            BandwidthReading(operation="copy", working_set_bytes=8_000_000, seconds=EMPTY + 8e-3, median_seconds=1e-2),
        ),
    )
    assert machine.bandwidth_at("copy", 800_000) == pytest.approx(math.sqrt(1e10 * 1e9))
    assert machine.bandwidth_at("copy", 8_000) == pytest.approx(1e10)  # that call is nearly all dispatch: not used
    assert machine.transcendental_rate("exp", "float64", 1e9) == pytest.approx(1000 / (1e-5 - EMPTY))
    assert machine.elementwise_rate("float32", 1.0) == pytest.approx(1000 / (1e-5 - EMPTY))


def test_what_was_not_read_has_no_rate() -> None:
    with pytest.raises(MachineError, match="kind='gemm', dtype='float32': no such product was read"):
        FULL.product_rate("gemm", "float32", 2, 2, 2)
    with pytest.raises(MachineError, match="operation='read': was not read"):
        FULL.bandwidth_at("read", 1e6)
    with pytest.raises(MachineError, match="function='tanh', dtype='float32': was not read"):
        FULL.transcendental_rate("tanh", "float32", 1e6)
    with pytest.raises(MachineError, match="dtype='float64': was not read"):
        FULL.elementwise_rate("float64", 1e6)
