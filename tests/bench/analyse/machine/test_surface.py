"""The surface of rates: exact where it was read, linear along a line, flat beyond, and better than a weighted mean."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from bptt_bench.analyse.machine.surface import RateSurface, Shape, gemm_surface
from bptt_bench.errors import MachineError
from bptt_bench.plan.machine.readings import ProductReading, Readings, rate_of_similar_shape

SIDES = (4, 16, 100, 800)


def rate(shape: Shape) -> float:
    """Rates that fall towards short sides, as those of real products do."""
    return 5e10 * math.prod(side / (side + 8) for side in shape)


GRID = [((m, n, k), rate((m, n, k))) for m, n, k in itertools.product(SIDES, SIDES, SIDES)]


def read(*products: ProductReading) -> Readings:
    return Readings(
        products=products, bandwidth=(), transcendental=(), elementwise=(), empty_call_seconds=1e-6,
        python_call_seconds=1e-7, first_touch_seconds_per_byte=0.0, clear_seconds_per_byte=0.0, rounds=1,
    )  # fmt: skip


def product(shape: Shape, seconds: float) -> ProductReading:
    m, n, k = shape
    return ProductReading(
        kind="gemm", dtype="float32", m=m, n=n, k=k, working_set_bytes=0, seconds=seconds, median_seconds=seconds
    )


def test_surface_goes_through_every_reading() -> None:
    surface = RateSurface.through(GRID)
    assert [surface.at(shape) for shape, _ in GRID] == pytest.approx([rate for _, rate in GRID], rel=1e-9)


def test_along_a_line_it_is_linear_in_logarithms() -> None:
    surface = RateSurface.through([((4, 4, 4), 1e9), ((4, 64, 4), 4e9), ((4, 1024, 4), 64e9)])
    assert surface.at((4, 16, 4)) == pytest.approx(2e9)
    assert surface.at((4, 256, 4)) == pytest.approx(16e9)


def test_beyond_what_was_read_it_is_flat() -> None:
    surface = RateSurface.through(GRID)
    assert surface.at((1, 100_000, 100)) == surface.at((4, 800, 100))


def test_one_reading_is_the_rate_everywhere() -> None:
    assert RateSurface.through([((64, 64, 64), 5e10)]).at((3, 1000, 7)) == pytest.approx(5e10)


def test_surface_misses_less_than_a_mean_weighted_by_nearness() -> None:
    between: list[Shape] = [(m, n, k) for m in (8, 40, 300) for n in (8, 40, 300) for k in (8, 40, 300)]
    surface = RateSurface.through(GRID)
    of_surface = np.median([abs(math.log(surface.at(shape) / rate(shape))) for shape in between])
    of_mean = np.median([abs(math.log(rate_of_similar_shape(GRID, shape) / rate(shape))) for shape in between])
    assert of_surface < 0.5 * of_mean


def test_rates_are_net_of_dispatch_and_calls_that_are_all_dispatch_do_not_count() -> None:
    readings = read(
        product((1, 1, 1), 1e-6),
        product((2, 2, 2), 1.5e-6),  # two thirds of it are dispatch
        product((100, 100, 100), 21e-6),
    )
    surface = gemm_surface(readings, "float32")
    assert surface.at((100, 100, 100)) == pytest.approx(1e6 / 20e-6)
    assert surface.at((2, 2, 2)) == surface.at((100, 100, 100))


def test_what_was_not_read_is_named() -> None:
    with pytest.raises(MachineError, match="kind='gemm', dtype='float64': no such product was read"):
        gemm_surface(read(product((9, 9, 9), 1e-5)), "float64")
