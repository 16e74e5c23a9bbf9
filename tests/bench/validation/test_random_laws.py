"""Random laws: all factors, terms that can be seen, exact slopes, and noise as stated."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bptt_bench.validation.random_laws import RandomLaw, measure, random_law


def seconds_at(law: RandomLaw, point: dict[str, float]) -> float:
    return float(law.seconds({name: np.array([level]) for name, level in point.items()})[0])


@pytest.mark.parametrize("kind", ["inside", "power", "three", "jump"])
@pytest.mark.parametrize("n_factors", [1, 2, 3])
def test_random_laws_have_all_their_factors_and_visible_terms(n_factors: int, kind: Any) -> None:
    law = random_law(n_factors, kind, np.random.default_rng(5))
    assert len(law.levels) == n_factors
    times = law.law.columns(law.levels) * law.coefficients[: len(law.law.terms)]
    assert ((times / times.sum(axis=1, keepdims=True)).max(axis=0) >= 0.2).all()


def test_a_slope_is_the_derivative_of_the_logarithm() -> None:
    law = random_law(2, "inside", np.random.default_rng(6))
    at, step = law.largest, 1e-5
    up, down = (seconds_at(law, {**at, "n": at["n"] * (1 + sign * step)}) for sign in (1, -1))
    assert law.slope("n", at) == pytest.approx((up - down) / (2 * step * seconds_at(law, at)), rel=1e-4)


def test_a_jump_is_between_levels_and_lasts() -> None:
    law = random_law(1, "jump", np.random.default_rng(7))
    smooth = RandomLaw(law=law.law, constant=law.constant, coefficients=law.coefficients, levels=law.levels)
    ratio = law.seconds(law.levels) / smooth.seconds(law.levels)
    assert ratio == pytest.approx([1] * 5 + [law.slowdown] * 2)


def test_samples_have_the_noise_and_the_disturbances_that_are_stated() -> None:
    law = random_law(3, "inside", np.random.default_rng(8))
    frame = measure(law, np.random.default_rng(9), noise=0.05, repetitions=40)
    exact = law.seconds({name: frame[name].to_numpy() for name in law.levels})
    logs = np.log(frame["seconds_per_eval"].to_numpy() / exact)
    assert np.mean(logs > 0.3) == pytest.approx(0.1, abs=0.02)
    assert logs[logs < 0.2].std() == pytest.approx(0.05, rel=0.1)
