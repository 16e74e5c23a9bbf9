"""The contaminated mixture: its densities against SciPy's, its parameters on simulated samples, and its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.mixture import (
    CONVERGED,
    NoiseModel,
    PointGroups,
    fit_mixture,
    point_losses,
    responsibility,
    restricted_loss,
)
from scipy.stats import exponnorm, norm

REPETITIONS = 9


def groups(n_points: int) -> PointGroups:
    counts = np.full(n_points, REPETITIONS)
    return PointGroups(np.arange(n_points) * REPETITIONS, counts)


def samples(rng: np.random.Generator, n_points: int, *, share: float, tail: float, noise: float) -> Array:
    """Return log samples about 0, a share of which have an exponential delay."""
    y = rng.normal(0, noise, n_points * REPETITIONS)
    hit = rng.random(len(y)) < share
    y[hit] += rng.exponential(tail, hit.sum())
    return y


def test_responsibilities_are_those_of_the_densities_in_scipy() -> None:
    residual = np.linspace(-0.02, 0.5, REPETITIONS)
    noise, tail, share = 0.01, 0.3, 0.2
    core, log_tail, z = responsibility(residual, NoiseModel(share, tail, np.array([noise])), groups(1))
    delayed = share * exponnorm.pdf(residual, tail / noise, scale=noise)
    undisturbed = (1 - share) * norm.pdf(residual, scale=noise)
    np.testing.assert_allclose(core, undisturbed / (undisturbed + delayed), rtol=1e-9)
    np.testing.assert_allclose(log_tail, np.log(delayed * noise), rtol=1e-9)
    np.testing.assert_allclose(z, residual / noise)


def test_losses_are_minus_the_log_likelihood_of_a_point() -> None:
    residual, noise, tail, share = np.linspace(-0.01, 0.2, REPETITIONS), 0.01, 0.3, 0.2
    density = share * exponnorm.pdf(residual, tail / noise, scale=noise) + (1 - share) * norm.pdf(residual, scale=noise)
    (found,) = point_losses(residual, groups(1), np.zeros(1), NoiseModel(share, tail, np.array([noise])))
    assert found == pytest.approx(-np.log(density * noise).sum())


def test_parameters_are_recovered(rng: np.random.Generator) -> None:
    y, n = samples(rng, 200, share=0.2, tail=0.5, noise=0.01), groups(200)
    start = NoiseModel(0.1, 0.3, np.full(200, 0.02))
    location, found = fit_mixture(y, n, np.median(y.reshape(200, -1), axis=1), start, tolerance=CONVERGED)
    assert found.pooled == pytest.approx(0.01, rel=0.1)
    assert found.share == pytest.approx(0.2, abs=0.03)
    assert found.tail == pytest.approx(0.5, rel=0.15)
    assert np.sqrt(np.mean(location**2)) < 1.3 * 0.01 / np.sqrt(0.8 * REPETITIONS)


def test_a_model_with_the_wrong_noise_has_a_larger_restricted_loss(rng: np.random.Generator) -> None:
    y, n = samples(rng, 100, share=0.1, tail=0.5, noise=0.02), groups(100)
    start = NoiseModel(0.1, 0.3, np.full(100, 0.02))
    location, found = fit_mixture(y, n, np.median(y.reshape(100, -1), axis=1), start, tolerance=CONVERGED)
    best = restricted_loss(y, n, location, found)
    for factor in (0.5, 2.0):
        assert restricted_loss(y, n, location, found._replace(noise=factor * found.noise)) > best + 100


def test_a_shift_of_all_samples_shifts_locations_alone(rng: np.random.Generator) -> None:
    y, n = samples(rng, 50, share=0.2, tail=0.5, noise=0.01), groups(50)
    start, median = NoiseModel(0.1, 0.3, np.full(50, 0.02)), np.median(y.reshape(50, -1), axis=1)
    (plain, model), (moved, other) = (fit_mixture(y + by, n, median + by, start) for by in (0.0, 3.0))
    np.testing.assert_allclose(moved - 3.0, plain, atol=1e-9)
    assert other.pooled == pytest.approx(model.pooled)


def test_bounds_on_noise_and_on_locations_are_kept(rng: np.random.Generator) -> None:
    y, n = samples(rng, 50, share=0.5, tail=0.2, noise=0.03), groups(50)
    lowest = y.reshape(50, -1).min(axis=1)
    start = NoiseModel(0.5, 0.3, np.full(50, 0.01))
    location, found = fit_mixture(y, n, lowest, start, widest=0.01)
    assert found.pooled <= 0.01
    assert (location <= lowest + 0.01).all()
