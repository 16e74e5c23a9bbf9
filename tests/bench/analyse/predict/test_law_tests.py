"""Tests of a law by its residuals: each planted departure is found and named, and right laws are let be."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.predict.law_tests import REJECT_BELOW, LawTests

from tests.bench.analyse.predict.made import one_factor, two_factors

FAR = {"n": np.array([65_536.0])}


def test_right_laws_are_let_be() -> None:
    rejected = 0
    for seed in range(60):
        fitted = two_factors(lambda n, m: 1e-6 * n * m + 2e-6 * n, "n*m + n", np.random.default_rng(seed), noise=0.1)
        rejected += bool(LawTests(fitted).misfits)
    assert rejected <= 4  # of 60, where one in a hundred is allowed


def test_a_wrong_power_is_found_with_its_size_and_its_effect(rng: np.random.Generator) -> None:
    tests = LawTests(one_factor(lambda n: 1e-6 * n**1.7, "n**2", rng))
    (found,) = [one for one in tests.misfits if one.kind == "exponent"]
    assert found.along == ("n",)
    assert found.change == pytest.approx(-0.3, abs=0.05)
    assert found.p_value < REJECT_BELOW
    (effects,) = tests.effects(FAR)
    (effect,) = [one.effect for one in effects if one.kind == "exponent"]
    assert effect is not None
    assert effect < -0.5


def test_a_missing_term_bends_the_residuals(rng: np.random.Generator) -> None:
    tests = LawTests(one_factor(lambda n: 1e-6 * n + 2e-10 * n**2, "n", rng))
    assert {"bend", "exponent"} <= {one.kind for one in tests.misfits}
    (effects,) = tests.effects(FAR)
    assert max(one.effect or 0.0 for one in effects) > 0.5


def test_a_missing_product_is_found_between_its_factors(rng: np.random.Generator) -> None:
    tests = LawTests(two_factors(lambda n, m: 1e-6 * (n + m + 0.02 * n * m), "n + m", rng))
    assert ("m", "n") in {one.along for one in tests.misfits if one.kind == "interaction"}


def test_neighbours_on_one_side_of_the_law_are_counted(rng: np.random.Generator) -> None:
    wave = LawTests(one_factor(lambda n: 1e-6 * n * (1 + 0.2 * np.sin(3 * np.log(n))), "n", rng, noise=0.01))
    assert "runs" in {one.kind for one in wave.misfits}


def test_a_power_law_that_fits_better_is_named(rng: np.random.Generator) -> None:
    tests = LawTests(one_factor(lambda n: 1e-6 * n**1.5, "n", rng))
    assert "power law" in {one.kind for one in tests.misfits}
    (effects,) = tests.effects(FAR)
    (effect,) = [one.effect for one in effects if one.kind == "power law"]
    assert effect is not None
    assert effect > 0.3


def test_what_cannot_be_tested_says_what_would_make_it_testable(rng: np.random.Generator) -> None:
    import pandas as pd
    from bptt_bench.analyse.fitting.fit import fit

    n, m = np.tile([8.0, 16, 32, 64, 128], 2), np.repeat([2.0, 4.0], 5)
    seconds = 1e-6 * n * m * np.exp(0.01 * rng.standard_normal(10))
    whole = fit(pd.DataFrame({"n": n, "m": m, "seconds_per_eval": seconds}), "n*m", overhead=())
    (one,) = LawTests(whole).untestable
    assert (one.factor, one.n_levels, one.needed) == ("m", 2, 3)
    few = fit(pd.DataFrame({"n": n[:4], "seconds_per_eval": seconds[:4]}), "n", overhead=())
    assert [one.factor for one in LawTests(few).untestable] == [None]
    assert LawTests(few).misfits == ()


def test_the_power_that_would_not_be_seen_grows_with_the_noise(rng: np.random.Generator) -> None:
    changes = []
    for noise in (0.01, 0.1):
        (unseen,) = LawTests(one_factor(lambda n: 1e-6 * n, "n", rng, noise=noise)).unseen(FAR)
        assert unseen is not None
        assert unseen.factor == "n"
        changes.append(unseen.change)
    assert changes[1] > 4 * changes[0]
    assert LawTests(one_factor(lambda n: 1e-6 * n, "n", rng)).unseen({"n": np.array([100.0])}) == [None]
