"""Own non-negative least squares: against SciPy's, by the conditions that a solution must meet, and many at once."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.nonnegative import active_set_step, nnls, nnls_batch
from scipy.optimize import nnls as reference


def systems(rng: np.random.Generator, m: int, n: int = 30, k: int = 5) -> tuple[np.ndarray, np.ndarray]:
    """Designs above 0, of which many want coefficients below 0."""
    return rng.lognormal(size=(m, n, k)), rng.normal(1.0, 1.0, size=(m, n))


def test_nnls_agrees_with_scipy(rng: np.random.Generator) -> None:
    zeros = 0
    for design, target in zip(*systems(rng, 300), strict=True):
        expected, _ = reference(design, target)
        np.testing.assert_allclose(nnls(design, target), expected, rtol=1e-9, atol=1e-12)
        zeros += int((expected == 0).sum())
    assert zeros > 100  # or the bound was never tried


@pytest.mark.parametrize("guess", [[True, True, True], [True, False, False], [False, False, True]])
def test_nnls_finds_the_same_from_any_guess(guess: list[bool], rng: np.random.Generator) -> None:
    design = rng.lognormal(size=(20, 3))
    target = design @ [2.0, 0.0, 1.0]
    np.testing.assert_allclose(nnls(design, target, np.array(guess)), [2.0, 0.0, 1.0], atol=1e-9)


def test_nnls_of_two_equal_columns_still_fits(rng: np.random.Generator) -> None:
    one = rng.lognormal(size=20)
    found = nnls(np.column_stack([one, one]), 3 * one)
    assert found.sum() == pytest.approx(3.0)
    assert (found >= 0).all()


def test_nnls_does_not_depend_on_the_units_of_columns(rng: np.random.Generator) -> None:
    design, target = rng.lognormal(size=(30, 4)), rng.normal(1, 1, size=30)
    units = np.array([1e-9, 1.0, 1e6, 1e12])
    np.testing.assert_allclose(nnls(design * units, target) * units, nnls(design, target), rtol=1e-8, atol=1e-12)


def test_a_step_leads_to_the_solution_where_the_active_set_stays(rng: np.random.Generator) -> None:
    design = rng.lognormal(size=(30, 4))
    start = np.array([1.0, 0.0, 2.0, 1.0])
    target = design @ [1.5, -0.1, 2.5, 0.5]
    step = active_set_step(design, target - design @ start, start)
    assert step is not None
    np.testing.assert_allclose(start + step, reference(design, target)[0], rtol=1e-10, atol=1e-12)


def test_there_is_no_step_where_the_active_set_changes(rng: np.random.Generator) -> None:
    design = rng.lognormal(size=(30, 2))
    start = np.array([1.0, 0.0])
    assert active_set_step(design, design @ [1.0, 1.0] - design @ start, start) is None
    assert active_set_step(design, design @ [-1.0, 0.0] - design @ start, start) is None


def test_there_is_no_step_where_columns_are_collinear(rng: np.random.Generator) -> None:
    one = rng.lognormal(size=20)
    assert active_set_step(np.column_stack([one, one * (1 + 1e-9)]), one, np.ones(2)) is None
    assert active_set_step(np.column_stack([one, one]), one, np.ones(2)) is None


def test_many_systems_at_once_are_solved_like_each_by_itself(rng: np.random.Generator) -> None:
    designs, targets = systems(rng, 200)
    transposed = np.swapaxes(designs, 1, 2)
    everything = np.ones((200, 5), dtype=bool)
    gradient = (transposed @ targets[:, :, None])[:, :, 0]
    found, solved = nnls_batch(transposed @ designs, gradient, np.zeros((200, 5)), everything)
    assert solved.mean() > 0.9
    for each, one, target in zip(found[solved], designs[solved], targets[solved], strict=True):
        np.testing.assert_allclose(each, reference(one, target)[0], rtol=1e-7, atol=1e-10)


def test_of_many_systems_a_singular_one_is_left_out_and_harms_no_other(rng: np.random.Generator) -> None:
    designs, _ = systems(rng, 3, k=2)
    designs[1, :, 1] = designs[1, :, 0]
    transposed, truth = np.swapaxes(designs, 1, 2), np.array([2.0, 3.0])
    gradient = (transposed @ (designs @ truth)[:, :, None])[:, :, 0]
    found, solved = nnls_batch(transposed @ designs, gradient, np.zeros((3, 2)), np.ones((3, 2), dtype=bool))
    assert solved.tolist() == [True, False, True]
    np.testing.assert_allclose(found[[0, 2]], [truth, truth], rtol=1e-9)
