"""Tests of a law by its residuals: each planted departure is found and named, and right laws are let be."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit
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


SEVEN = np.array([100.0, 300, 1000, 3000, 10_000, 30_000, 100_000])
BEYOND = {"n": np.array([8e5])}  # eight times as large


def with_square(share: float, seed: int = 0, samples: int = 3) -> Fit:
    """A fit of n to times with n² beside it, which takes a share of the linear term at the largest size."""
    n = np.repeat(SEVEN, samples)
    noise = 0.03 * np.random.default_rng(seed).standard_normal(len(n))
    seconds = (1e-5 + 1e-8 * n * (1 + share * n / n.max())) * np.exp(noise)
    return fit(pd.DataFrame({"n": n, "seconds_per_eval": seconds}), "n")


def test_a_further_term_that_only_the_largest_sizes_show_is_found_with_its_share() -> None:
    tests = LawTests(with_square(0.35))
    (found,) = [one for one in tests.misfits if one.kind == "term"]
    assert found.along == ("n",)
    assert found.change == pytest.approx(0.35, abs=0.1)
    (effects,) = tests.effects(BEYOND)
    (effect,) = [one.effect for one in effects if one.kind == "term"]
    assert effect == pytest.approx(np.log(1 + 8 * 0.35), abs=0.3)


def test_more_samples_show_a_further_term_more_often() -> None:
    shown = [sum(bool(LawTests(with_square(0.12, seed, n)).misfits) for seed in range(10)) for n in (1, 3, 10)]
    assert shown[0] < shown[1] < shown[2]
    assert shown[2] >= 9


def test_a_trace_of_a_departure_is_no_misfit_and_has_an_effect() -> None:
    traces = 0
    for seed in range(20):
        tests = LawTests(with_square(0.08, seed))
        (effects,) = tests.effects(BEYOND)
        assert {one.kind for one in tests.misfits} <= {one.kind for one in effects}
        traces += len(effects) > len(tests.misfits)
    assert traces >= 5


def test_a_term_that_is_not_excluded_matters_more_the_farther_a_point_is() -> None:
    few, many = (
        LawTests(with_square(0.0, samples=n)).unseen_terms({"n": SEVEN[-1] * np.array([1, 64])}) for n in (3, 30)
    )
    (near, far), (_, known) = few, many
    assert near is not None and far is not None and known is not None  # noqa: PT018
    assert near.effect == pytest.approx(np.log1p(near.share), rel=0.01)
    assert near.share == far.share < 0.1
    assert abs(near.effect) < abs(known.effect) < abs(far.effect)


def test_a_term_beside_a_law_that_falls_is_one_that_grows() -> None:
    """What takes 3 % of the time on 64 processes and grows with their number would be most of it on 1024."""
    p = np.repeat(2.0 ** np.arange(7), 3)
    seconds = (10 / p + 0.005 * p / 64) * np.exp(0.03 * np.random.default_rng(3).standard_normal(len(p)))
    tests = LawTests(fit(pd.DataFrame({"p": p, "seconds_per_eval": seconds}), "1/p", overhead="1"))
    (one,) = tests.unseen_terms({"p": np.array([1024.0])})
    assert one is not None
    assert one.powers == pytest.approx(2.0)
    assert one.share >= 0.03
    assert np.exp(one.effect) > 4


def test_a_term_that_is_subtracted_stands_for_a_saturation() -> None:
    tests = LawTests(with_square(-0.1))
    (one,) = tests.unseen_terms({"n": SEVEN[-1] * np.array([64])})
    assert one is not None
    assert one.effect == pytest.approx(-np.log1p(-64 * one.share), rel=0.01)
    assert one.share == pytest.approx(-0.1, abs=0.02)


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
