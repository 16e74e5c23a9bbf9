"""Lack of fit must not be found where the law is right, must be found where it is wrong, and must say where to look."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse import fit
from bptt_bench.analyse.diagnose import analysis_of_variance, confounded, deciding_point, trend_in_words
from bptt_bench.analyse.estimate import solve
from bptt_bench.analyse.location import locate
from bptt_bench.plan import CostLaw

from tests.bench.analyse.made import COEFFICIENTS, DESIGN, FULL, LAW, levels, seconds, table

N = len(DESIGN)


def test_the_right_law_is_rejected_about_as_rarely_as_promised(rng: np.random.Generator) -> None:
    frames = (table(seconds(), rng=rng, noise=0.02, disturbed=0.1, repetitions=7) for _ in range(100))
    rejected = sum((fit(frame, LAW, overhead="1 + T").lack_of_fit.p_value or 0) < 0.05 for frame in frames)
    assert rejected <= 11  # binomial(100, 0.05): 11 or fewer in 99 % of runs


def test_points_of_unequal_noise_do_not_pass_for_misfit(rng: np.random.Generator) -> None:
    """Four points are six times as noisy as the others: without fewer degrees of freedom a fifth would be rejected."""
    point = np.repeat(np.arange(N), 5)
    noise = np.where(np.arange(N) % 9 == 0, 0.06, 0.01)[point]
    design = FULL.columns(dict(levels()))
    p_values = []
    for _ in range(150):
        located = locate(np.log(seconds())[point] + noise * rng.standard_normal(len(point)), point)
        spread = located._replace(relative_noise=0.06)  # nothing is clipped
        p_values.append(analysis_of_variance(solve(design, located.log_seconds), spread, point).p_value)
    assert np.mean(np.array(p_values) < 0.05) <= 0.11  # binomial(150, 0.05): 0.11 or less in 99.9 % of runs


def test_scatter_of_points_beyond_noise_is_found_and_put_in_words(rng: np.random.Generator) -> None:
    found = fit(table(seconds(), rng=rng, noise=0.005, point_effects=0.05), LAW, overhead="1 + T").lack_of_fit
    assert found.p_value is not None
    assert found.p_value < 0.01
    assert found.finding.endswith("within; residuals follow no single factor")
    assert found.between == pytest.approx(0.05, rel=0.4)
    assert found.within == pytest.approx(0.005, rel=0.2)
    assert f"{found.between:.1%} between points against {found.within:.1%} within" in found.finding


@pytest.mark.parametrize(("power", "words"), [(0.3, "residuals rise with V"), (-0.3, "residuals fall with V")])
def test_the_factor_that_residuals_follow_is_named(rng: np.random.Generator, power: float, words: str) -> None:
    exact = seconds(law=FULL, coefficients=[0, 2e-10, 2e-10, 1e-5, 3e-6]) * (levels()["V"] / 512) ** power
    found = fit(table(exact, rng=rng, noise=0.005), "T*H*d + T*H**2", overhead=("1", "T")).lack_of_fit
    assert found.finding.endswith(words)


def test_the_working_set_is_named_where_it_explains_more_than_a_factor(rng: np.random.Generator) -> None:
    at = levels()
    bytes_at = at["V"] * at["H"] + at["d"] * at["H"]
    slower = np.where(bytes_at > 100_000, 1.3, 1.0)
    frame = table(seconds() * slower, rng=rng, noise=0.005)
    found = fit(frame, LAW, overhead="1 + T", working_set=lambda point: point["H"] * (point["V"] + point["d"]))
    assert found.lack_of_fit.finding.endswith("the working set")


def test_a_bend_is_told_from_a_slope() -> None:
    x = np.geomspace(1, 64, 13)
    assert trend_in_words((np.log(x) - np.log(8)) ** 2, {"n": x}) == "residuals are lowest at middle levels of n"
    assert trend_in_words(-((np.log(x) - np.log(8)) ** 2), {"n": x}) == "residuals are highest at middle levels of n"
    assert trend_in_words(np.log(x), {"n": x}) == "residuals rise with n"
    assert trend_in_words(np.zeros(13), {"n": x}) == "residuals follow no single factor"


def test_without_repetitions_nothing_is_claimed(rng: np.random.Generator) -> None:
    found = fit(table(seconds(), rng=rng, noise=0.02, repetitions=1), LAW, overhead="1 + T").lack_of_fit
    assert found.p_value is None
    assert "without repetitions" in found.finding


def test_exact_data_fit_within_the_noise() -> None:
    assert fit(table(seconds()), LAW, overhead="1 + T").lack_of_fit.p_value == 1


def test_confounded_columns_are_named_and_others_are_not(rng: np.random.Generator) -> None:
    a, b, c = rng.random((3, 12)) + 0.5
    assert confounded(np.column_stack([a, b, a + b, c])) == [{1, 2}, {0, 2}, {0, 1}, frozenset()]
    assert confounded(FULL.columns(dict(levels())) * COEFFICIENTS) == [frozenset()] * 5


def test_a_deciding_point_is_found_from_levels_that_are_whole_numbers_of_any_type() -> None:
    law = CostLaw("n*m + n")
    for start in ({"n": 4, "m": 2}, {"n": 4.0, "m": 2.0}):
        found = deciding_point(law, 0, np.array([1.0, 100.0]), start)
        assert found == {"n": 4, "m": 32}
