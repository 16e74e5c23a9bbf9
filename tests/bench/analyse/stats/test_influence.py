"""Influence and its intervals: against HC3 of another library, whole matrices, refits without a point, and coverage."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import solve
from bptt_bench.analyse.stats.influence import influence, upper_bound_at_zero
from bptt_bench.plan import CostLaw
from scipy.stats import t as student

from tests.bench.analyse.made import COEFFICIENTS, FULL, levels, seconds

DESIGN_MATRIX = FULL.columns(dict(levels()))


def hc3(changes: Array) -> Array:
    """Return standard errors from leave-one-out changes (n, k): the root of the sum of squares over points."""
    return np.asarray(np.sqrt((changes**2).sum(axis=0)))


def test_units_of_time_and_factors_rescale_the_influence(rng: np.random.Generator) -> None:
    y = np.log(seconds()) + rng.normal(0, 0.1, len(DESIGN_MATRIX))
    units = np.array([1e-3, 1e6, 1, 1e9, 7.0])
    plain, scaled = solve(DESIGN_MATRIX, y), solve(DESIGN_MATRIX * units, y + np.log(1000))
    np.testing.assert_allclose(
        influence(scaled.jacobian, scaled.residual).leave_one_out * units / 1000,
        influence(plain.jacobian, plain.residual).leave_one_out,
        rtol=1e-6,
        atol=1e-12 * COEFFICIENTS.max(),
    )


def test_errors_under_hubers_loss_have_the_scatter_of_the_estimate(rng: np.random.Generator) -> None:
    """The mean of 40 values, a tenth of which lie far off: its standard error against the scatter of 400 such means."""
    found = []
    for _ in range(400):
        y = rng.normal(0, 0.1, 40) + np.where(rng.random(40) < 0.1, 1.0, 0.0)
        one = solve(np.ones((40, 1)), y, robust=True)
        half = influence(one.jacobian, one.errors).errors(np.ones((1, 1)) / one.coefficients)[0][0]
        found.append((float(np.log(one.coefficients[0])), half))
    middle, estimated = np.array(found).T
    assert np.sqrt(np.mean(estimated**2)) == pytest.approx(middle.std(), rel=0.15)


def test_without_a_degree_of_freedom_intervals_are_infinite() -> None:
    design = np.array([[1.0, 1], [1, 2], [1, 4]])
    assert np.isinf(influence(design[:2], np.zeros(2)).half_widths(np.eye(2), 0.95)).all()
    assert np.isfinite(influence(design, np.array([0.1, -0.2, 0.1])).half_widths(np.eye(2), 0.95)).all()


def test_standard_errors_are_hc3() -> None:
    # statsmodels 0.15.0: OLS(y, column_stack([ones(8), x])).fit(cov_type="HC3").bse
    x = np.array([1, 2, 3, 4, 6, 8, 12, 20.0])
    y = np.array([2.1, 3.9, 6.3, 7.7, 12.9, 15.1, 25.2, 38.8])
    design = np.column_stack([np.ones(8), x])
    residual = y - design @ np.linalg.lstsq(design, y)[0]
    changes = influence(design, residual).leave_one_out
    np.testing.assert_allclose(hc3(changes), [0.5262099531162411, 0.11474788640920146], rtol=1e-10)


def test_replicates_are_what_a_fit_without_the_point_gives() -> None:
    x = np.array([1, 2, 3, 4, 6, 8, 12, 20.0])
    y = np.array([2.1, 3.9, 6.3, 7.7, 12.9, 15.1, 25.2, 38.8])
    design = np.column_stack([np.ones(8), x])
    full = np.linalg.lstsq(design, y)[0]
    replicates = full + influence(design, y - design @ full).leave_one_out
    for left_out in range(8):
        rest = np.delete(np.arange(8), left_out)
        np.testing.assert_allclose(replicates[left_out], np.linalg.lstsq(design[rest], y[rest])[0], rtol=1e-10)


def test_a_point_of_full_leverage_has_the_pooled_error(rng: np.random.Generator) -> None:
    design = np.ones((10, 2))
    design[:9, 1] = 0
    residual = np.append(rng.normal(0, 0.1, 9), 0.0)
    residual[:9] -= residual[:9].mean()
    error = hc3(influence(design, residual).leave_one_out)[1]
    assert error >= np.sqrt((residual**2).sum() / 8)


def test_half_widths_are_those_of_whole_matrices(rng: np.random.Generator) -> None:
    """HC2 shrunk towards equal errors, with Satterthwaite's degrees of freedom, written with matrices (n, n)."""
    n, k = 12, 3
    design = rng.random((n, k)) * np.array([1, 10, 100])
    residual = rng.normal(0, 0.1, n)
    residual -= design @ np.linalg.lstsq(design, residual)[0]
    weights = rng.random(k)
    maker = np.eye(n) - design @ np.linalg.pinv(design)
    pull = np.linalg.pinv(design).T @ weights

    def freedom(form: np.ndarray) -> float:
        return float(np.trace(form @ maker) ** 2 / np.trace(form @ maker @ form @ maker))

    own = np.diag(pull**2 / np.diag(maker))
    equal = np.eye(n) * (pull**2).sum() / (n - k)
    shrinkage = 3 / (freedom(own) + 3)
    form = (1 - shrinkage) * own + shrinkage * equal
    expected = student.ppf(0.975, freedom(form)) * np.sqrt(residual @ form @ residual)
    found = influence(design, residual).half_widths(weights[:, None], 0.95)
    assert found.tolist() == pytest.approx([expected])


def test_equal_errors_are_covered_as_promised_where_few_points_decide(rng: np.random.Generator) -> None:
    """The slope through a cluster and two far points."""
    design = np.column_stack([np.ones(10), np.append(rng.random(8), [4.0, 5.0])])
    slope, errors = np.array([[0.0], [1.0]]), rng.normal(0, 0.1, (600, 10))
    covered = []
    for error in errors:
        found = np.linalg.lstsq(design, error)[0]
        half = influence(design, error - design @ found).half_widths(slope, 0.95)[0]
        covered.append(abs(found[1]) <= half)
    assert 0.93 <= np.mean(covered) <= 0.985


def test_the_common_level_widens_a_coefficient_and_not_a_ratio(rng: np.random.Generator) -> None:
    design, c = rng.random((20, 2)), np.array([2.0, 3.0])
    residual, shift = rng.normal(0, 0.1, 20), rng.normal(0, 0.5, 20)
    plain, shifted = (influence(design, residual, coefficients=c, shift=each) for each in (None, shift))
    weights = np.array([[1.0, 3.0], [0.0, -2.0]])  # the first coefficient; and a figure that is 0 at these coefficients
    before, after = (each.half_widths(weights, 0.95) for each in (plain, shifted))
    assert after[0] > 2 * before[0]
    assert after[1] == pytest.approx(before[1])


def test_collinear_columns_have_no_standard_error() -> None:
    design = np.column_stack([np.arange(1.0, 7), 2 * np.arange(1.0, 7)])
    assert np.isnan(influence(design, np.full(6, 0.1)).leave_one_out).all()


def test_a_coefficient_at_zero_has_a_high_end_that_covers_a_small_truth(rng: np.random.Generator) -> None:
    law = CostLaw("T*H*V + T*H*d + T*H**2 + T + 1 + H")
    design = law.columns(dict(levels()))
    truth = np.array([1e-10, 2e-10, 2e-10, 3e-6, 1e-5, 0.0])
    highs, at_bound = [], 0
    for _ in range(40):
        found = solve(design, np.log(design @ truth) + rng.normal(0, 0.05, len(design)))
        if not found.active[5]:
            at_bound += 1
            highs.append(upper_bound_at_zero(found, 5, 0.95))
    assert at_bound >= 10
    assert 0 < min(highs) <= max(highs) < 1e-6  # at 64 units of H no more than a tenth of the time of the base point
