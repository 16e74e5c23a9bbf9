"""The evidence for a law against an integral that is computed, and what it prefers."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.discover.marginal_likelihood import COEFFICIENT_RANGE, NoisePrior, log_evidence, noise_prior

KNOWN = NoisePrior(np.array([0.05]), np.array([0.0]))


def evidence(design: np.ndarray, residual: np.ndarray, prior: NoisePrior) -> float:
    gram = (design.T @ design)[None]
    squares = np.array([float(residual @ residual)])
    return float(log_evidence(squares, len(residual), gram, np.ones((1, design.shape[1])), prior)[0])


def test_it_is_the_integral_over_the_logarithm_of_a_coefficient(rng: np.random.Generator) -> None:
    residual = 0.05 * rng.standard_normal(8)
    residual -= residual.mean()
    logs = np.linspace(-1, 1, 20_001)
    squares = ((residual[:, None] - logs) ** 2).sum(axis=0)
    densities = np.exp(-squares / (2 * 0.05**2)) / 0.05**8
    exact = np.log(densities.sum() * (logs[1] - logs[0]) / COEFFICIENT_RANGE)
    assert evidence(np.ones((8, 1)), residual, KNOWN) == pytest.approx(exact, abs=1e-3)


def test_a_term_that_explains_nothing_costs(rng: np.random.Generator) -> None:
    residual = 0.05 * rng.standard_normal(12)
    half = np.linspace(0.2, 0.8, 12)
    two = np.column_stack([half, 1 - half])
    assert evidence(two, residual, KNOWN) < evidence(np.ones((12, 1)), residual, KNOWN) - 2


def test_a_coefficient_of_zero_is_another_law() -> None:
    gram = np.eye(2)[None]
    found = log_evidence(np.array([0.1]), 8, gram, np.array([[1.0, 0.0]]), KNOWN)
    assert found.tolist() == [-np.inf]


def test_effects_of_points_make_a_misfit_less_decisive() -> None:
    prior = noise_prior(0.02)
    design = np.ones((7, 1))

    def at(deviation: float) -> float:
        return evidence(design, np.full(7, deviation), prior)

    quiet = at(0.02) - at(0.06)  # within the noise, against three times as much
    wide = at(0.2) - at(0.6)  # effects of points in either case
    assert quiet > wide + 1 > 1
    assert wide < 7 * np.log(3), "less than with a noise that is known to be the smaller"


def test_priors_of_noise_are_probabilities() -> None:
    for known in (0.02, None, 0.0):
        prior = noise_prior(known)
        assert np.exp(prior.log_weights).sum() == pytest.approx(1)
        assert (prior.deviations > 0).all()
