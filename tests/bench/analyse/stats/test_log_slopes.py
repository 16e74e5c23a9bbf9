"""Slopes of logarithms are recovered exactly, agree with SciPy's regression, and hold the truth as often as stated."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.log_slopes import log_slopes
from scipy.stats import linregress, t

N, K = (np.log(one.ravel()) for one in np.meshgrid([10.0, 20, 40, 80], [3.0, 6, 12]))


def test_powers_without_noise_are_recovered() -> None:
    found = log_slopes([N, K], 1.5 * N - 0.5 * K + 7, 0.95)
    assert found is not None
    assert found.freedom == 9
    np.testing.assert_allclose(found.slopes, [1.5, -0.5])
    np.testing.assert_allclose(found.halves, 0, atol=1e-12)


def test_one_factor_is_the_regression_of_scipy(rng: np.random.Generator) -> None:
    y = 2 * N + 0.1 * rng.standard_normal(len(N))
    found, expected = log_slopes([N], y, 0.9), linregress(N, y)
    assert found is not None
    half = float(t.ppf(0.95, len(N) - 2)) * expected.stderr
    (interval,) = found.intervals
    assert interval == pytest.approx((expected.slope, expected.slope - half, expected.slope + half))


def test_weights_give_the_slopes(rng: np.random.Generator) -> None:
    y = rng.standard_normal(len(N))
    found = log_slopes([N, K], y, 0.95)
    assert found is not None
    np.testing.assert_allclose(found.weights @ y, found.slopes)


def test_a_unit_of_the_response_changes_nothing_but_the_constant(rng: np.random.Generator) -> None:
    y = 2 * N + 0.1 * rng.standard_normal(len(N))
    plain, scaled = log_slopes([N, K], y, 0.95), log_slopes([N, K], y + np.log(1e6), 0.95)
    assert plain is not None
    assert scaled is not None
    np.testing.assert_allclose(scaled.intervals, plain.intervals)


def test_factors_that_go_together_and_too_few_points_have_no_slopes() -> None:
    assert log_slopes([N, 2 * N + 1], N, 0.95) is None
    assert log_slopes([N[:3], K[:3]], N[:3], 0.95) is None
    assert log_slopes([N[:2]], N[:2], 0.95) is None


def test_intervals_hold_the_truth_as_often_as_they_say(rng: np.random.Generator) -> None:
    held = 0
    for _ in range(1000):
        found = log_slopes([N, K], N + 0.2 * rng.standard_normal(len(N)), 0.8)
        assert found is not None
        held += found.intervals[0].low <= 1 <= found.intervals[0].high
    assert 0.76 < held / 1000 < 0.84  # binomial(1000, 0.8): within three standard deviations
