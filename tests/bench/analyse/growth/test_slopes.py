"""Growth beside a law: what moves an exponent of many moves no median, and counts are judged where they are large."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.growth.slopes import Response, median_interval, neighbours
from bptt_bench.plan import CostLaw

N = 1000.0 * 100 ** (np.arange(7) / 6)


def timed(values: np.ndarray, **points: np.ndarray) -> Response:
    return Response(points=points, values=values, is_exact=False)


def test_neighbours_differ_in_one_factor_and_skip_no_level() -> None:
    n, m = (each.ravel() for each in np.meshgrid([1.0, 2.0, 4.0], [10.0, 20.0]))
    pairs = {(int(a), int(b)) for a, b in neighbours({"n": n, "m": m}, "n")}
    assert {(n[a], n[b], m[a]) for a, b in pairs} == {(1, 2, 10), (2, 4, 10), (1, 2, 20), (2, 4, 20)}
    assert all(m[a] == m[b] for a, b in pairs)


def test_a_level_of_0_has_no_exponent() -> None:
    assert len(neighbours({"n": np.array([0.0, 1.0, 2.0])}, "n")) == 1


def test_a_cache_that_is_left_at_the_end_does_not_move_the_exponent() -> None:
    slower = np.where(N > 40_000, 3.0, 1.0)
    found = timed(1e-9 * N * slower, n=N).beside_with(CostLaw("n"))
    assert found is not None
    assert found.factors["n"].excess.estimate == pytest.approx(0, abs=0.01)
    assert found.factors["n"].n_steps == 6


def test_a_constant_stands_beside_a_law_only_where_the_law_then_fits() -> None:
    options = ((), ("1",))
    linear = timed(1e-9 * N + 5e-6, n=N).beside(CostLaw("n"), options, 0.25, 0.2)
    steep = timed(1e-9 * N, n=N).beside(CostLaw("n**1.5"), options, 0.25, 0.2)
    assert linear is not None
    assert steep is not None
    assert (linear.overhead, steep.overhead) == (("1",), ())
    assert steep.factors["n"].excess.estimate == pytest.approx(-0.5, abs=1e-6)


def test_counts_are_judged_at_their_largest_points_by_all_of_them() -> None:
    levels = np.asarray(2.0 ** np.arange(4, 15), dtype=np.float64)
    counts = 12 * levels + 300 + np.where(np.arange(11) % 2, levels, 0)  # in steps, as tables double
    found = Response(points={"n": levels}, values=counts, is_exact=True).largest(1 / 100)
    assert found is not None
    assert found.values.min() >= counts.max() / 100
    beside = found.beside_with(CostLaw("n"))
    assert beside is not None
    low, high = beside.factors["n"].excess[1:]
    assert -0.1 < low < high < 0.1


@pytest.mark.parametrize(("n", "left_out"), [(2, 0), (5, 0), (6, 1), (8, 1), (20, 6)])
def test_the_interval_of_a_median_leaves_out_the_ends_of_many_values(n: int, left_out: int) -> None:
    found = median_interval(np.arange(n, dtype=np.float64))
    assert (found.low, found.high) == (left_out, n - 1 - left_out)


def test_counts_that_differ_between_inputs_have_a_slope_as_uncertain_as_they_differ() -> None:
    levels = np.asarray(2.0 ** np.arange(4, 15), dtype=np.float64)

    def half_width(spread: float) -> float:
        given = Response(points={"n": levels}, values=12 * levels, is_exact=True, spread=np.full(11, spread))
        found = given.beside_with(CostLaw("n"))
        assert found is not None
        excess = found.factors["n"].excess
        return excess.high - excess.estimate

    logs = np.log(levels)
    assert half_width(0.05) == pytest.approx(3 * 0.05 / np.sqrt(((logs - logs.mean()) ** 2).sum()), rel=1e-6)
    assert half_width(0.0) < 1e-9
    kept = Response(points={"n": levels}, values=levels, is_exact=True, spread=levels).largest(1 / 30)
    assert kept is not None
    assert kept.spread is not None
    assert kept.spread.tolist() == kept.values.tolist()


def test_a_law_that_has_no_value_at_a_point_has_no_slopes() -> None:
    levels = np.array([1.0, 2.0, 4.0])
    assert timed(levels, n=levels).beside_with(CostLaw("log(n)")) is None
    assert timed(levels, n=levels).beside_with(CostLaw("log(n)"), ("1",)) is not None


def test_of_a_product_only_what_has_one_power_less_is_subtracted() -> None:
    k, n = (each.ravel() for each in np.meshgrid([2.0, 6.0, 18.0], [6.0, 9.0, 14.0, 21.0, 32.0]))
    moves = Response(points={"k": k, "n": n}, values=k * (9700 * n**2 - 10_000 * n + 7000), is_exact=True)
    every = ("1", "k", "n", "k*n", "n**2")
    found = moves.beside(CostLaw("k*n**2"), ((), ("1",), every), 0.05, 0.3)
    assert found is not None
    assert found.overhead == ("1", "n**2", "k*n")
    assert found.coefficients[list(map(str, found.full_law.terms)).index("k*n")] < 0
