"""The fit of coefficients against exact data, against a plainer optimiser, and of many designs against each alone."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.estimate import huber_scale, huber_weights, solve, solve_batch, t_quantile
from scipy.optimize import minimize

from tests.bench.analyse.made import COEFFICIENTS, FULL, levels, seconds

DESIGN_MATRIX = FULL.columns(dict(levels()))


def test_exact_data_give_back_the_coefficients() -> None:
    found = solve(DESIGN_MATRIX, np.log(seconds()))
    np.testing.assert_allclose(found.coefficients, COEFFICIENTS, rtol=1e-9)
    np.testing.assert_allclose(found.residual, 0, atol=1e-12)


def test_noisy_data_give_the_minimum_that_a_general_optimiser_finds(rng: np.random.Generator) -> None:
    y = np.log(seconds()) + rng.normal(0, 0.1, len(DESIGN_MATRIX))
    found = solve(DESIGN_MATRIX, y)
    scaled = DESIGN_MATRIX * COEFFICIENTS

    def loss(logs: np.ndarray) -> float:
        return float(((y - np.log(scaled @ np.exp(logs))) ** 2).sum())

    reference = minimize(loss, np.zeros(5), method="BFGS", options={"gtol": 1e-9})
    np.testing.assert_allclose(found.coefficients, COEFFICIENTS * np.exp(reference.x), rtol=1e-5)


def test_coefficients_are_never_negative(rng: np.random.Generator) -> None:
    x = np.array([1.0, 2, 4, 8, 16, 32])
    design = np.column_stack([x, np.ones(6)])
    found = solve(design, np.log(x - 0.5))
    assert found.coefficients[1] == 0
    assert found.active.tolist() == [True, False]


def test_units_of_time_and_factors_rescale_coefficients_and_nothing_else(rng: np.random.Generator) -> None:
    y = np.log(seconds()) + rng.normal(0, 0.1, len(DESIGN_MATRIX))
    units = np.array([1e-3, 1e6, 1, 1e9, 7.0])
    plain, scaled = solve(DESIGN_MATRIX, y), solve(DESIGN_MATRIX * units, y + np.log(1000))
    np.testing.assert_allclose(scaled.coefficients * units / 1000, plain.coefficients, rtol=1e-9)
    np.testing.assert_allclose(scaled.residual, plain.residual, atol=1e-10)


def test_hubers_loss_is_not_moved_by_a_wild_point(rng: np.random.Generator) -> None:
    y = np.log(seconds()) + rng.normal(0, 0.02, len(DESIGN_MATRIX))
    y[::9] += 1.0
    error = [np.abs(solve(DESIGN_MATRIX, y, robust=r).coefficients / COEFFICIENTS - 1).max() for r in (True, False)]
    assert error[0] < 0.2 * error[1]


def test_points_that_a_fit_brings_to_0_do_not_make_outliers_of_the_others() -> None:
    """Of five residuals a fit with three coefficients can bring three to 0: their median says nothing of the noise."""
    residual = np.array([0.0, 0.0, 0.0, 0.1, -0.2])
    assert huber_scale(residual, 3).tolist() == [pytest.approx(1.4826 * 0.1)]
    assert huber_weights(residual, 3).min() > 0.9
    assert huber_weights(residual).min() < 1e-6
    assert huber_weights(residual, scale=0.01).tolist() == pytest.approx([1, 1, 1, 0.1345, 0.06725])


def test_quantile_is_students() -> None:
    # R 4: qt(0.975, 10)
    assert t_quantile(0.95, 10) == pytest.approx(2.228138852)


def test_aicc_is_infinite_where_it_is_not_defined_and_counts_terms_above_zero_alone() -> None:
    # by hand: 10 log(0.1² ) + 2·3 + 2·3·4/(10-3-1), with 2 coefficients and the variance
    found = solve(np.column_stack([np.arange(1.0, 11), np.ones(10)]), np.log(np.arange(1.0, 11) + 1))
    found = found._replace(residual=np.full(10, 0.1))
    assert found.aicc == pytest.approx(10 * np.log(0.01) + 6 + 4)
    short = solve(np.eye(4) + 1, np.zeros(4))
    assert short.aicc == float("inf")


@pytest.mark.parametrize("robust", [False, True])
@pytest.mark.parametrize("started", [False, True])
def test_many_designs_at_once_are_fitted_like_each_by_itself(
    robust: bool, started: bool, rng: np.random.Generator
) -> None:
    y = np.log(seconds()) + rng.normal(0, 0.1, len(DESIGN_MATRIX))
    growth = np.log(DESIGN_MATRIX[:, :1] / DESIGN_MATRIX[0, 0])
    freed = np.array([True, False, False, False, False])
    designs = np.stack([DESIGN_MATRIX * np.exp(power * growth * freed) for power in np.linspace(-1, 1, 9)])
    start = solve(DESIGN_MATRIX, y).coefficients if started else None
    together = solve_batch(designs, y, robust=robust, start=start)
    for found, design in zip(together, designs, strict=True):
        alone = solve(design, y, robust=robust, start=start)
        assert found.loss == pytest.approx(alone.loss, rel=1e-9)
        np.testing.assert_allclose(design @ found.coefficients, design @ alone.coefficients, rtol=1e-6)
        assert found.active.tolist() == (found.coefficients > 0).tolist()
    assert any(not found.active.all() for found in together)  # or no coefficient ever met its bound
