"""Means over replicate processes: exact effects are recovered, outliers winsorised, and variances cover."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import t_quantile
from bptt_bench.analyse.stats.replicates import difference_of_replicates, replicates

POINTS, EFFECTS = np.array([-3.0, 0.5, 2.0, 4.0]), np.array([0.02, -0.01, 0.03, -0.02, -0.02, 0.0])


def table(rng: np.random.Generator, *, common: float = 0.02, own: float = 0.01, processes: int = 6) -> Array:
    shifts = common * rng.standard_normal(processes)
    return np.zeros((10, 1)) + shifts + own * rng.standard_normal((10, processes))


def test_exact_effects_of_points_and_processes_are_recovered() -> None:
    found = replicates(POINTS[:, None] + EFFECTS[None, :4])
    effects = EFFECTS[:4] - EFFECTS[:4].mean()
    np.testing.assert_allclose(found.mean, POINTS + EFFECTS[:4].mean(), atol=1e-12)
    np.testing.assert_allclose(found.effect, effects, atol=1e-12)
    np.testing.assert_allclose(found.deviation, 0, atol=1e-9)
    # by hand: the variance of the mean of four effects, for a sum of all points with weights 1
    variance, freedom = found.variances(np.ones(4))[0]
    assert variance == pytest.approx(16 * effects.var(ddof=1) / 4)
    assert freedom == 3


def test_disturbed_values_move_a_mean_little(rng: np.random.Generator) -> None:
    values = 0.01 * rng.standard_normal((10, 6))
    disturbed = values.copy()
    disturbed[[1, 4, 8], [0, 3, 5]] += [1.0, 0.5, 3.0]
    assert np.abs(replicates(disturbed).mean - replicates(values).mean).max() < 0.01


def test_an_outlying_process_moves_means_less_than_an_average(rng: np.random.Generator) -> None:
    values = table(rng, common=0.005)
    slow = values.copy()
    slow[:, 2] += 1.0
    moved = replicates(slow).mean - replicates(values).mean
    assert np.abs(moved).max() < 0.3 * np.abs(slow.mean(axis=1) - values.mean(axis=1)).max()


def test_the_scale_of_values_scales_means_and_variances(rng: np.random.Generator) -> None:
    values, weights = table(rng), rng.random(10)
    plain, scaled = replicates(values), replicates(5 * values + 7)
    np.testing.assert_allclose(scaled.mean, 5 * plain.mean + 7, atol=1e-6)
    for (one, freedom), (other, same) in zip(plain.variances(weights), scaled.variances(weights), strict=True):
        assert other == pytest.approx(25 * one, rel=1e-3)
        assert same == freedom


def test_interleaved_process_effects_cancel_in_differences(rng: np.random.Generator) -> None:
    shifts, ones = 0.3 * rng.standard_normal(6), np.ones((4, 6))
    first, second = POINTS[:, None] + shifts, POINTS[:, None] + shifts + 0.1
    found = difference_of_replicates((first, ones), (second, ones))
    np.testing.assert_allclose(found.mean, 0.1, atol=1e-9)
    assert found.variances(np.ones(4))[0][0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("processes", [3, 8])
def test_intervals_of_a_sum_of_means_cover(processes: int) -> None:
    """400 tables of 10 points: a 95 % interval of the mean over points holds 0 in 90 % at least."""
    rng, weights, held = np.random.default_rng(processes), np.full(10, 0.1), []
    for _ in range(400):
        found = replicates(table(rng, processes=processes))
        parts = found.variances(weights)
        total = sum(variance for variance, _ in parts)
        freedom = total**2 / sum(variance**2 / f for variance, f in parts)
        held.append(abs(weights @ found.mean) <= t_quantile(0.95, freedom) * np.sqrt(total))
    assert 0.9 <= np.mean(held) <= 0.985


def test_a_process_that_measured_nothing_is_left_out(rng: np.random.Generator) -> None:
    values = table(rng)
    with_gap = np.column_stack([values, np.full(10, np.nan)])
    np.testing.assert_allclose(replicates(with_gap).mean, replicates(values).mean)
    assert replicates(with_gap).n_processes == 6
