"""The free exponent finds how fast a term really grows, and says when it cannot."""

from __future__ import annotations

import numpy as np
import pytest

from bench.analyse import Fit, FitError, fit, free_exponent
from bench.plan import CostLaw, Design
from tests.bench.analyse.made import BASE, COEFFICIENTS, LAW, levels, seconds, table

T = levels()["T"]


def grown(power: float, rng: np.random.Generator | None = None, **noise: float) -> Fit:
    """A fit of the law to data whose terms in T grow as T^power."""
    exact = COEFFICIENTS[3] + (seconds() - COEFFICIENTS[3]) * (T / 16) ** (power - 1)
    return fit(table(exact, rng=rng, **noise), LAW, overhead="1 + T")  # type: ignore[arg-type]  # repetitions stay


TERMS_IN_T = ("T*H*V", "T*H*d", "T*H**2", "T")


@pytest.mark.parametrize("power", [1.0, 1.1, 1.5, 2.0])
def test_exact_data_give_back_the_exponent(power: float) -> None:
    found = free_exponent(grown(power), TERMS_IN_T, "T", BASE)
    assert found.interval.estimate == pytest.approx(power, abs=1e-4)
    assert found.interval.high - found.interval.low < 1e-3
    assert found.law == pytest.approx(1)


@pytest.mark.parametrize("power", [1.0, 1.1, 2.0])
def test_noisy_data_give_back_the_exponent_within_its_interval(rng: np.random.Generator, power: float) -> None:
    found = free_exponent(grown(power, rng, noise=0.01, point_effects=0.02, disturbed=0.1), TERMS_IN_T, "T", BASE)
    assert found.interval.low <= power <= found.interval.high
    assert found.interval.high - found.interval.low < 0.1


def test_the_exponent_of_one_term_among_others_is_found() -> None:
    at = levels()
    others = COEFFICIENTS[1:] @ np.stack([at["T"] * at["H"] * at["d"], at["T"] * at["H"] ** 2, T**0, T])
    exact = COEFFICIENTS[0] * T * at["H"] * at["V"] ** 1.2 * 512**-0.2 + others
    found = free_exponent(fit(table(exact), LAW, overhead="1 + T"), ["T*H*V"], "V", BASE)
    assert found.interval.estimate == pytest.approx(1.2, abs=1e-4)


def test_terms_whose_exponents_differ_are_freed_together_and_weighted_by_their_shares() -> None:
    found = free_exponent(grown(1.0), ["T*H*d", "T*H**2"], "H", BASE)
    d_share = 2e-10 * 64 * 64 / (2e-10 * 64 * 64 + 2e-10 * 64 * 64)
    assert found.law == pytest.approx(1 * d_share + 2 * (1 - d_share), rel=1e-6)
    assert found.interval.estimate == pytest.approx(1.5, abs=1e-4)


def test_the_exponent_does_not_depend_on_the_unit_of_time(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01, point_effects=0.03)
    scaled = frame.assign(seconds_per_eval=frame["seconds_per_eval"] * 1e6)
    plain, other = (free_exponent(fit(f, LAW, overhead="1 + T"), ["T*H*V"], "V", BASE) for f in (frame, scaled))
    assert other.interval == pytest.approx(plain.interval, rel=1e-4)


def test_the_reference_level_moves_the_share_but_not_the_exponent_of_a_power() -> None:
    found = grown(1.0)
    near, far = (free_exponent(found, TERMS_IN_T, "T", BASE.replace(T=t)) for t in (4, 128))
    assert near.interval.estimate == pytest.approx(far.interval.estimate, abs=1e-4)
    assert near.share < far.share


def test_a_term_fitted_with_zero_has_no_exponent() -> None:
    exact = seconds(law=CostLaw(LAW), coefficients=[0, 2e-10, 2e-10])
    found = free_exponent(fit(table(exact), LAW, overhead=()), ["T*H*V"], "V", BASE)
    assert "fitted with a coefficient of 0" in found.trouble or found.share < 1e-9


def test_two_levels_do_not_make_an_exponent() -> None:
    design = Design.grid({"n": [1, 2], "m": [1, 2, 4, 8]})
    found = fit(table(seconds(design, CostLaw("n*m"), [1.0]), design), "n*m", overhead=())
    assert free_exponent(found, ["n*m"], "n", {"n": 1, "m": 1}).trouble == "n takes 2 levels; at least 3 would decide"
    assert free_exponent(found, ["n*m"], "m", {"n": 1, "m": 1}).trouble == ""


def test_a_factor_or_term_that_is_not_there_is_refused() -> None:
    found = grown(1.0)
    with pytest.raises(FitError, match=r"factor 'V': does not occur in T\*H\*d"):
        free_exponent(found, ["T*H*d"], "V", BASE)
    with pytest.raises(FitError, match=r"term 'T\*\*2': not in the law"):
        free_exponent(found, ["T**2"], "T", BASE)
    with pytest.raises(FitError, match="needs T above 0"):
        free_exponent(found, ["T"], "T", {"V": 1})
