"""Locations told with the help of the law: right derivatives, no bias from much noise, nothing lost of a misfit."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse import fit
from bptt_bench.analyse.fitting.mixture_relocation import (
    PRIOR_CENTRE,
    fit_mixture,
    is_law_sharper,
    likelihood,
    relocate,
)
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import solve
from bptt_bench.analyse.stats.influence import solution_influence
from bptt_bench.analyse.stats.location import locate
from bptt_bench.plan import Design

from tests.bench.analyse.made import FULL, LAW, levels, seconds, table

THETA = np.array([0.02, np.log(0.18), -1.9, np.log(0.8), np.log(0.25)])
EYE = np.eye(5)


def disturbed(rng: np.random.Generator, n: int, noise: float = 0.2) -> Array:
    samples = noise * rng.standard_normal(n)
    hit = rng.random(n) < 0.1
    samples[hit] += np.log(rng.uniform(1.5, 3, hit.sum()))
    return samples


def test_gradient_and_hessian_are_those_of_the_likelihood(rng: np.random.Generator) -> None:
    residual, step = disturbed(rng, 300), 1e-5
    found = likelihood(residual, THETA)
    sides = [(likelihood(residual, THETA + step * e), likelihood(residual, THETA - step * e)) for e in EYE]
    gradient = [(up.value - down.value) / (2 * step) for up, down in sides]
    hessian = [(up.scores.sum(axis=0) - down.scores.sum(axis=0)) / (2 * step) for up, down in sides]
    np.testing.assert_allclose(found.scores.sum(axis=0), gradient, atol=1e-4)
    np.testing.assert_allclose(found.hessian, hessian, rtol=1e-5, atol=1e-3)


def test_likelihood_is_that_of_two_normals() -> None:
    def normal(x: float, mean: float, variance: float) -> float:
        return float(np.exp(-((x - mean) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance))

    m, s, share, delay, spread = 0.02, 0.18, 1 / (1 + np.exp(1.9)), 0.8, 0.25
    density = (1 - share) * normal(0.3, m, s**2) + share * normal(0.3, m + delay, s**2 + spread**2)
    assert likelihood(np.array([0.3]), THETA).value == pytest.approx(np.log(density))


def test_the_level_of_very_noisy_samples_has_no_bias(rng: np.random.Generator) -> None:
    start = PRIOR_CENTRE + np.array([0, np.log(0.2), 0, 0, 0])
    found = np.array([fit_mixture(disturbed(rng, 3000), start) for _ in range(10)])
    assert abs(found[:, 0].mean()) < 0.006
    assert np.exp(found[:, 1]).mean() == pytest.approx(0.2, rel=0.03)


def test_where_no_sample_is_disturbed_the_level_is_their_mean(rng: np.random.Generator) -> None:
    samples = 0.05 * rng.standard_normal(500)
    assert fit_mixture(samples, PRIOR_CENTRE + np.array([0, -3, 0, 0, 0]))[0] == pytest.approx(samples.mean(), abs=2e-3)


def test_noise_of_a_fifth_leaves_the_law_where_it_is(rng: np.random.Generator) -> None:
    """Locations point by point lie 8 % too high: five samples cannot say which of them was disturbed."""
    grid = Design.grid({"T": [4, 16, 64], "V": [64, 512, 4096], "d": [16, 64, 256], "H": [16, 64, 256]})
    exact = seconds(grid)
    errors = []
    for _ in range(8):
        frame = table(exact, grid, rng=rng, noise=0.2, disturbed=0.1)
        found = fit(frame, LAW, overhead="1 + T")
        errors.append(float(np.mean(np.log(found.points["fitted"] / exact))))
    assert abs(np.mean(errors)) < 0.02


def test_a_point_off_the_law_keeps_its_distance(rng: np.random.Generator) -> None:
    design = FULL.columns(dict(levels()))
    n = len(design)
    point = np.repeat(np.arange(n), 5)
    off = np.zeros(n)
    off[7] = 0.06
    found = []
    for _ in range(40):
        y = (np.log(seconds()) + off)[point] + 0.1 * rng.standard_normal(5 * n)
        located = locate(y, point)
        solution = solve(design, located.log_seconds)
        assert is_law_sharper(located, solution, point)
        found.append(relocate(located, solution, design, point)[0].log_seconds - np.log(seconds()))
    assert np.mean(found, axis=0)[7] == pytest.approx(0.06, abs=0.025)
    assert np.mean(np.delete(found, 7, axis=1)) == pytest.approx(0, abs=0.005)


def test_what_nobody_knows_of_the_tail_widens_the_level_where_tail_and_core_overlap(rng: np.random.Generator) -> None:
    design = FULL.columns(dict(levels()))
    point = np.repeat(np.arange(len(design)), 5)
    first = np.eye(len(design))[:, :1]
    widened: dict[float, list[float]] = {0.02: [], 0.2: []}
    for noise, ratios in widened.items():
        for _ in range(15):
            y = np.log(seconds())[point] + disturbed(rng, len(point), noise)
            located = locate(y, point)
            located, solution = relocate(located, solve(design, located.log_seconds), design, point)
            weights = solution.jacobian.T @ first  # of log time at the first point, which the level moves as a whole
            known, unknown = (
                solution_influence(solution, shift).half_widths(weights, 0.95)[0]
                for shift in (0 * located.level, located.level)
            )
            ratios.append(unknown / known)
    assert np.mean(widened[0.02]) == pytest.approx(1, abs=0.02)
    assert 1.05 < np.mean(widened[0.2]) < 2


def test_points_with_effects_larger_than_the_noise_keep_their_own_locations(rng: np.random.Generator) -> None:
    design = FULL.columns(dict(levels()))
    point = np.repeat(np.arange(len(design)), 5)
    y = (
        np.log(seconds())[point]
        + 0.05 * rng.standard_normal(len(design))[point]
        + 0.01 * rng.standard_normal(len(point))
    )
    located = locate(y, point)
    assert not is_law_sharper(located, solve(design, located.log_seconds), point)


def test_a_busy_machine_and_exact_samples_are_left_to_the_points(rng: np.random.Generator) -> None:
    design = FULL.columns(dict(levels()))
    point = np.repeat(np.arange(len(design)), 7)
    busy = np.log(seconds())[point] + 0.03 * rng.standard_normal(len(point))
    hit = rng.random(len(busy)) < 0.6
    busy[hit] += rng.exponential(0.8, hit.sum())
    for y in (busy, np.log(seconds())[point]):
        located = locate(y, point)
        assert not is_law_sharper(located, solve(design, located.log_seconds), point)
