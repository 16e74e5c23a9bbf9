"""Fits with lower bounds and stated errors: maximum likelihood against an outside optimiser, and known truths."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import solve
from bptt_bench.analyse.stats.known_noise import PointNoise, log_likelihood_of_bounds, solve_known
from scipy.optimize import minimize
from scipy.stats import norm

N = np.geomspace(10.0, 1000.0, 24)
DESIGN = np.column_stack([N**2, N])
TRUE = np.array([1e-6, 3e-5])


def bounded(rng: np.random.Generator, limit: float, noise: float = 0.2) -> tuple[Array, np.ndarray]:
    """Logarithms of times that were stopped at a limit, and which were."""
    y = np.log(DESIGN @ TRUE) + noise * rng.standard_normal(len(N))
    return np.minimum(y, np.log(limit)), y > np.log(limit)


def test_it_is_the_maximum_of_the_likelihood_of_tobin(rng: np.random.Generator) -> None:
    y, bound = bounded(rng, 0.02)
    assert 5 < bound.sum() < 15

    def loss(theta: Array) -> float:
        z = (y - np.log(DESIGN @ np.exp(theta[:2]))) / np.exp(theta[2])
        return -float(norm.logsf(z[bound]).sum() + (norm.logpdf(z[~bound]) - theta[2]).sum())

    best = minimize(
        loss, [*np.log(TRUE), np.log(0.2)], method="Nelder-Mead", options={"maxiter": 10_000, "xatol": 1e-8}
    )
    found = solve_known(DESIGN, y, PointNoise(bound))
    # the scatter has the degrees of freedom of a fit, and not those of maximum likelihood
    np.testing.assert_allclose(found.plain.coefficients, np.exp(best.x[:2]), rtol=0.03)
    assert found.own == pytest.approx(np.exp(best.x[2]) * np.sqrt(24 / 22), rel=0.05)


def test_bounds_above_what_the_others_say_raise_the_law(rng: np.random.Generator) -> None:
    y, bound = bounded(rng, 0.02)
    y[bound] += 1.0  # the runs lasted at least e times longer than they could have by the points below
    with_bounds = solve_known(DESIGN, y, PointNoise(bound)).plain.coefficients
    without = solve(DESIGN[~bound], y[~bound]).coefficients
    assert (DESIGN @ with_bounds)[-1] > 1.05 * (DESIGN @ without)[-1]


def test_bounds_far_below_what_is_expected_say_nothing(rng: np.random.Generator) -> None:
    y, bound = bounded(rng, 0.02)
    y[bound] -= 5.0
    found = solve_known(DESIGN, y, PointNoise(bound))
    expected = solve(DESIGN[~bound], y[~bound])
    np.testing.assert_allclose(found.plain.coefficients, expected.coefficients, rtol=1e-4)
    assert found.freedom == expected.freedom
    assert (found.error[bound] > 10 * found.own).all()


def test_taking_bounds_for_times_is_biased_and_bounds_are_not() -> None:
    found, naive = [], []
    for seed in range(60):
        y, bound = bounded(np.random.default_rng(seed), 0.02, noise=0.3)
        largest = DESIGN[-1]
        found.append(np.log(largest @ solve_known(DESIGN, y, PointNoise(bound)).plain.coefficients))
        naive.append(np.log(largest @ solve(DESIGN, y).coefficients))
    truth = np.log(DESIGN[-1] @ TRUE)
    assert abs(np.median(found) - truth) < 0.12
    assert np.median(naive) < truth - 1


def test_stated_errors_weight_the_points(rng: np.random.Generator) -> None:
    error = np.where(np.arange(24) % 2 == 0, 0.01, 0.5)
    better = 0
    for _ in range(40):
        y = np.log(DESIGN @ TRUE) + error * rng.standard_normal(24)
        off = [
            abs(np.log((DESIGN @ c)[-1] / (DESIGN @ TRUE)[-1]))
            for c in (
                solve_known(DESIGN, y, PointNoise(np.zeros(24, dtype=bool), error**2)).plain.coefficients,
                solve(DESIGN, y).coefficients,
            )
        ]
        better += off[0] < off[1]
    assert better >= 32


def test_what_the_law_lacks_beyond_stated_errors_is_estimated(rng: np.random.Generator) -> None:
    n = np.geomspace(10.0, 1000.0, 400)
    design, stated = np.column_stack([n**2, n]), np.full(400, 0.05)
    for own in (0.0, 0.2):
        y = np.log(design @ TRUE) + np.hypot(stated, own) * rng.standard_normal(400)
        found = solve_known(design, y, PointNoise(np.zeros(400, dtype=bool), stated**2))
        assert found.own == pytest.approx(own, abs=0.02)
        assert found.stated == pytest.approx(0.05**2)


def test_equal_errors_are_least_squares(rng: np.random.Generator) -> None:
    y = np.log(DESIGN @ TRUE) + 0.1 * rng.standard_normal(24)
    found = solve_known(DESIGN, y, PointNoise(np.zeros(24, dtype=bool), np.full(24, 0.02**2)))
    np.testing.assert_allclose(found.plain.coefficients, solve(DESIGN, y).coefficients, rtol=1e-6)
    assert np.hypot(found.own, 0.02) == pytest.approx(solve(DESIGN, y).scatter, rel=1e-3)


def test_the_probability_of_exceeding_a_bound() -> None:
    found = log_likelihood_of_bounds(np.array([1.0, 1.0]), np.array([1.0, np.exp(0.2)]), 0.1)
    assert found == pytest.approx(np.log(0.5) + norm.logcdf(2.0))
