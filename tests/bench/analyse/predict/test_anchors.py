"""Anchors: which cells are measured again, and what they say of the machine, against shifts that are known."""

from __future__ import annotations

import math

import numpy as np
import pytest
from bptt_bench.analyse.predict.anchors import choose_anchors, estimate_shift, measured_again
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import Cell, Point
from scipy.stats import t


def cells(subject: str, seconds: list[float]) -> dict[Cell, float]:
    return {Cell(subject, Point(n=i)): one for i, one in enumerate(seconds)}


def test_anchors_are_spread_over_the_times_of_each_subject() -> None:
    # 15 cells: ranks 0, 2, 4, … of the order by time, with both ends
    seconds = [float(one) for one in (8, 1, 15, 3, 12, 5, 6, 14, 2, 9, 10, 11, 7, 13, 4)]
    found = choose_anchors({**cells("a", seconds), **cells("b", [3.0, 1.0])})
    assert [seconds[cell.point["n"]] for cell in found if cell.subject == "a"] == [1, 3, 5, 7, 9, 11, 13, 15]
    assert [cell.point["n"] for cell in found if cell.subject == "b"] == [1, 0]


def test_equal_errors_and_no_change_of_their_own_give_the_mean() -> None:
    change = np.array([0.03, 0.05, 0.04, 0.04])
    found = estimate_shift(change, np.full(4, 0.02**2))
    assert found is not None
    assert (found.n, found.own) == (4, 0.0)
    assert found.estimate == pytest.approx(0.04)
    assert found.error == pytest.approx(0.01)  # 2 % / √4: the four scatter less than their errors
    assert found.half == found.half_of_cell == pytest.approx(t.ppf(0.975, 3) * 0.01)
    assert found.ratio == pytest.approx(tuple(np.exp(0.04 + found.half * np.array([0, -1, 1]))))


def test_changes_that_cells_have_of_their_own_widen_both_intervals() -> None:
    # Q = Σ(d - 0)² / v = 4·100 = 400, k - 1 = 3, Σw - Σw²/Σw = 3/v: τ² = 397/3·v
    variance = 0.001**2
    found = estimate_shift(np.array([0.01, -0.01, 0.01, -0.01]), np.full(4, variance))
    assert found is not None
    assert found.own == pytest.approx(math.sqrt(397 / 3 * variance))
    scattered = 4 * 0.01**2 / (variance * (1 + 397 / 3)) / 3  # Hartung & Knapp
    assert found.error == pytest.approx(math.sqrt(scattered * variance * (1 + 397 / 3) / 4))
    assert found.half_of_cell == pytest.approx(found.half * math.hypot(1, found.own / found.error))


def test_fewer_than_three_anchors_say_nothing() -> None:
    assert estimate_shift(np.array([0.1, 0.1]), np.array([1e-4, 1e-4])) is None


def test_only_points_measured_twice_count_and_exact_times_divide_by_nothing() -> None:
    before = {Point(n=1): (0.0, 0.1), Point(n=2): (1.0, 0.0), Point(n=4): (2.0, 0.1)}
    after = {Point(n=1): (0.5, 0.2), Point(n=2): (1.1, 0.0), Point(n=8): (9.0, 0.1)}
    change, variance = measured_again(before, after)
    assert change == pytest.approx([0.5, 0.1])
    assert variance == pytest.approx([0.05, 1e-18])


def test_a_prediction_is_moved_and_widened_by_the_change_of_a_cell() -> None:
    found = estimate_shift(np.array([0.03, 0.05, 0.04, 0.04]), np.full(4, 0.02**2))
    assert found is not None
    moved = found.apply(Interval(2.0, 1.8, 2.4))
    assert moved.estimate == pytest.approx(2.0 * math.exp(0.04))
    assert math.log(moved.estimate / moved.low) == pytest.approx(math.hypot(math.log(2 / 1.8), found.half))
    assert math.log(moved.high / moved.estimate) == pytest.approx(math.hypot(math.log(2.4 / 2), found.half))


def test_intervals_of_the_shift_and_of_a_new_cell_hold_the_truth(rng: np.random.Generator) -> None:
    held, of_cell, trials = 0, 0, 400
    for _ in range(trials):
        shift, own = rng.normal(0, 0.05), 0.02
        variance = rng.uniform(0.005, 0.02, 8) ** 2
        found = estimate_shift(shift + rng.normal(0, own, 8) + rng.normal(0, np.sqrt(variance)), variance)
        assert found is not None
        held += abs(shift - found.estimate) <= found.half
        of_cell += abs(shift + rng.normal(0, own) - found.estimate) <= found.half_of_cell
    assert 0.92 < held / trials < 0.985
    assert 0.91 < of_cell / trials < 0.985
