"""Thresholds in a law's own factors: found where they are planted, and nowhere else."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from bptt_bench.analyse.predict.thresholds import with_thresholds
from bptt_bench.errors import FitError

from tests.bench.analyse.predict.made import one_factor, two_factors


def test_a_factor_that_saturates_is_found_with_its_corner(rng: np.random.Generator) -> None:
    found = with_thresholds(two_factors(lambda n, m: 1e-6 * n * np.maximum(m, 30.0), "n*m", rng))
    assert "max(" in found.full_law.text
    assert found.scatter < 0.05
    assert found.predict([{"n": 10_000, "m": 512}])[0].estimate == pytest.approx(5.12, rel=0.05)


def test_a_whole_term_that_saturates_is_found(rng: np.random.Generator) -> None:
    found = with_thresholds(one_factor(lambda n: 1e-6 * np.maximum(n**2, 40_000.0), "n**2", rng))
    assert found.full_law.text.startswith("max(n")
    assert found.scatter < 0.06


def test_two_steps_of_one_term_are_found(rng: np.random.Generator) -> None:
    def truth(n: np.ndarray) -> np.ndarray:
        ramps = [np.maximum(0.0, 1 - (threshold / n) ** 2) for threshold in (150.0, 2500.0)]
        return np.asarray(1e-6 * n * (1 + 1.5 * ramps[0] + 4 * ramps[1]))

    plain = one_factor(truth, "n", rng, noise=0.02)
    found = with_thresholds(plain)
    assert len(found.full_law.terms) == len(plain.full_law.terms) + 2
    assert found.scatter < plain.scatter / 3


def test_a_right_law_has_none(rng: np.random.Generator) -> None:
    found = 0
    for _ in range(20):
        with contextlib.suppress(FitError):
            with_thresholds(two_factors(lambda n, m: 1e-6 * n * m + 1e-6 * n, "n*m + n", rng, noise=0.1))
            found += 1
    assert found <= 1
