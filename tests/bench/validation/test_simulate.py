"""Simulated tables must hold what the settings say, counted from the samples themselves."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.validation.simulate import DESIGNS, LAWS, MIDDLE, STEP_BYTES, Setting, simulate

QUIET = Setting(law="aggregated", design="625", noise=0.0)


def test_designs_have_the_points_their_names_say() -> None:
    assert {name: len(design) for name, design in DESIGNS.items()} == {"23": 23, "625": 625}
    assert set(DESIGNS["23"]) <= set(DESIGNS["625"])


@pytest.mark.parametrize("law", LAWS)
def test_without_noise_samples_are_the_law(law: str, rng: np.random.Generator) -> None:
    frame, truth = simulate(Setting(law=law, design="23", noise=0.0), rng, disturbed=0.0)
    a, b, c, constant, step = truth.coefficients
    V, d, H, T = (frame[name].to_numpy() for name in ("V", "d", "H", "T"))
    n = T * (T + 1) / 2 if law == "naive" else T
    expected = T * H * V * a + n * H * d * b + n * H**2 * c + 20e-6 + 5e-6 * T
    np.testing.assert_allclose(frame["seconds_per_eval"], expected, rtol=1e-12)
    assert (constant, step) == (20e-6, 5e-6)
    assert ((truth.coefficients[:3] >= 2.5e-11) & (truth.coefficients[:3] <= 4e-10)).all()
    assert frame.attrs["factors"] == ["V", "d", "H", "T"]


def test_coefficients_spread_over_a_factor_of_sixteen() -> None:
    drawn = [simulate(QUIET, np.random.default_rng(seed))[1].coefficients[:3] for seed in range(60)]
    logs = np.log(np.ravel(drawn) / 1e-10)
    assert logs.mean() == pytest.approx(0, abs=0.2)
    assert logs.std() == pytest.approx(np.log(16) / np.sqrt(12), rel=0.15)


def test_noise_point_effects_and_disturbances_have_the_sizes_asked_for(rng: np.random.Generator) -> None:
    setting = Setting(law="naive", design="625", noise=0.01, point_effects=0.05)
    frame, truth = simulate(setting, rng, repetitions=7)
    exact = truth.at({name: frame[name].to_numpy() for name in "VdHT"})
    logs = np.log(frame["seconds_per_eval"].to_numpy() / exact).reshape(625, 7)
    middle = np.median(logs, axis=1)
    slow = logs - middle[:, None] > np.log(1.4)
    assert slow.mean() == pytest.approx(0.1, abs=0.015)
    assert np.exp((logs - middle[:, None])[slow]).mean() == pytest.approx(2.25, abs=0.1)
    assert 1.4826 * np.median(np.abs(middle)) == pytest.approx(0.05, rel=0.1)
    assert np.median(np.abs(logs - middle[:, None])[~slow]) == pytest.approx(0.0067 * np.sqrt(6 / 7), rel=0.2)


def test_a_cache_step_makes_one_term_slower_beyond_the_middle(rng: np.random.Generator) -> None:
    frame, truth = simulate(QUIET, rng, disturbed=0.0, cache_step=1.3)
    V, H, T = (frame[name].to_numpy() for name in ("V", "H", "T"))
    plain = truth.law.evaluate({name: frame[name].to_numpy() for name in "VdHT"}, truth.coefficients)
    extra = 0.3 * truth.coefficients[0] * T * H * V * (V * H > STEP_BYTES)
    np.testing.assert_allclose(frame["seconds_per_eval"], plain + extra, rtol=1e-12)
    assert 0.3 < (V * H > STEP_BYTES).mean() < 0.6


def test_local_exponents_of_the_truth_are_those_of_its_times(rng: np.random.Generator) -> None:
    _, truth = simulate(QUIET, rng, cache_step=1.3)
    point = MIDDLE.replace(V=3000)
    for factor in "VdHT":
        up, down = (float(truth.at(point.replace(**{factor: point[factor] * x}))) for x in (1.001, 1 / 1.001))
        assert truth.local_exponent(factor, point) == pytest.approx(np.log(up / down) / np.log(1.001**2), abs=1e-5)


def test_the_same_seed_gives_the_same_table() -> None:
    setting = Setting(law="naive", design="23", noise=0.1, point_effects=0.05)
    one, two = (simulate(setting, np.random.default_rng(3))[0] for _ in range(2))
    assert one.equals(two)


def test_unknown_names_and_negative_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="`law` must be one of aggregated, naive, got 'x'"):
        Setting(law="x", design="23", noise=0.1)
    with pytest.raises(ValueError, match=r"`noise` must be a number from 0, got -0\.1"):
        Setting(law="naive", design="23", noise=-0.1)
