"""Thresholds in a law's own factors: found where they are planted, and nowhere else."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from bptt_bench.analyse.predict.thresholds import with_thresholds
from bptt_bench.errors import FitError

from tests.bench.analyse.predict.made import N, one_factor, two_factors


def test_a_factor_that_saturates_is_found_with_its_corner(rng: np.random.Generator) -> None:
    found, _ = with_thresholds(two_factors(lambda n, m: 1e-6 * n * np.maximum(m, 30.0), "n*m", rng))
    assert "max(" in found.full_law.text
    assert found.scatter < 0.05
    assert found.predict([{"n": 10_000, "m": 512}])[0].estimate == pytest.approx(5.12, rel=0.05)


def test_a_whole_term_that_saturates_is_found(rng: np.random.Generator) -> None:
    found, _ = with_thresholds(one_factor(lambda n: 1e-6 * np.maximum(n**2, 40_000.0), "n**2", rng))
    assert found.scatter < 0.04
    assert found.predict([{"n": 100_000}])[0].estimate == pytest.approx(1e4, rel=0.05)


def test_a_whole_law_that_jumps_or_saturates_is_found(rng: np.random.Generator) -> None:
    def law(n: np.ndarray, m: np.ndarray) -> np.ndarray:
        return np.asarray(1e-6 * n * m + 2e-5 * n)

    point = {"n": 20_000, "m": 1000}
    truth = float(law(np.array(point["n"]), np.array(point["m"])))
    jumped = two_factors(lambda n, m: law(n, m) * np.where(law(n, m) > 0.02, 2.5, 1.0), "n*m + n", rng)
    assert with_thresholds(jumped).fit.predict([point])[0].estimate == pytest.approx(2.5 * truth, rel=0.1)
    saturated = two_factors(lambda n, m: np.maximum(law(n, m), 0.01), "n*m + n", rng)
    assert with_thresholds(saturated).fit.predict([point])[0].estimate == pytest.approx(truth, rel=0.1)
    by_law = [one.predict([point])[0].estimate for one in (jumped, saturated)]
    assert abs(by_law[0] / (2.5 * truth) - 1) > 0.1
    assert abs(by_law[1] / truth - 1) > 0.02


def test_three_points_beyond_a_jump_are_enough(rng: np.random.Generator) -> None:
    def truth(n: np.ndarray) -> np.ndarray:
        return np.asarray(1e-6 * n**2 * np.where(n > N[-4] * 1.01, 2.0, 1.0))

    found, _ = with_thresholds(one_factor(truth, "n**2", rng))
    assert found.predict([{"n": 1e5}])[0].estimate == pytest.approx(2e4, rel=0.15)


def test_two_steps_of_one_term_are_found(rng: np.random.Generator) -> None:
    def truth(n: np.ndarray) -> np.ndarray:
        ramps = [np.maximum(0.0, 1 - (threshold / n) ** 2) for threshold in (150.0, 2500.0)]
        return np.asarray(1e-6 * n * (1 + 1.5 * ramps[0] + 4 * ramps[1]))

    plain = one_factor(truth, "n", rng, noise=0.02)
    found, _ = with_thresholds(plain)
    assert len(found.full_law.terms) == len(plain.full_law.terms) + 2
    assert found.scatter < plain.scatter / 3


def test_a_right_law_has_none(rng: np.random.Generator) -> None:
    found = 0
    for _ in range(20):
        with contextlib.suppress(FitError):
            with_thresholds(two_factors(lambda n, m: 1e-6 * n * m + 1e-6 * n, "n*m + n", rng, noise=0.1))
            found += 1
    assert found <= 1
