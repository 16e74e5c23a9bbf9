"""Lack of fit must not be found where the law is right, must be found where it is wrong, and must say where to look."""

from __future__ import annotations

import functools
import re

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import fit
from bptt_bench.analyse.findings.fits import Shape, Trend
from bptt_bench.analyse.fitting.diagnose import (
    analysis_of_variance,
    confounded,
    deciding_point,
    describe,
    strongest_trend,
)
from bptt_bench.analyse.stats.estimate import solve
from bptt_bench.analyse.stats.location import locate
from bptt_bench.plan import CostLaw, Design
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.text.numbers import in_percent

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
    assert words(found).endswith("within; residuals follow no single factor")
    assert found.between == pytest.approx(0.05, rel=0.4)
    assert found.within == pytest.approx(0.005, rel=0.2)
    assert f"{in_percent(found.between)} between points against {in_percent(found.within)} within" in words(found)


@pytest.mark.parametrize(("power", "shape"), [(0.3, "rise"), (-0.3, "fall")])
def test_the_factor_that_residuals_follow_is_named(rng: np.random.Generator, power: float, shape: Shape) -> None:
    exact = seconds(law=FULL, coefficients=[0, 2e-10, 2e-10, 1e-5, 3e-6]) * (levels()["V"] / 512) ** power
    found = fit(table(exact, rng=rng, noise=0.005), "T*H*d + T*H**2", overhead=("1", "T")).lack_of_fit
    assert found.trend == Trend(along="V", shape=shape)


def test_the_working_set_is_named_where_it_explains_more_than_a_factor(rng: np.random.Generator) -> None:
    at = levels()
    bytes_at = at["V"] * at["H"] + at["d"] * at["H"]
    slower = np.where(bytes_at > 100_000, 1.3, 1.0)
    frame = table(seconds() * slower, rng=rng, noise=0.005)
    found = fit(frame, LAW, overhead="1 + T", working_set=lambda point: point["H"] * (point["V"] + point["d"]))
    assert words(found.lack_of_fit).endswith("the working set")


def test_a_bend_is_distinguished_from_a_slope() -> None:
    x = np.geomspace(1, 64, 13)
    assert strongest_trend((np.log(x) - np.log(8)) ** 2, {"n": x}) == Trend(along="n", shape="lowest mid-range")
    assert strongest_trend(-((np.log(x) - np.log(8)) ** 2), {"n": x}) == Trend(along="n", shape="highest mid-range")
    assert strongest_trend(np.log(x), {"n": x}) == Trend(along="n", shape="rise")
    assert strongest_trend(np.zeros(13), {"n": x}) is None


def test_levels_that_hardly_differ_have_no_bend_and_no_warning() -> None:
    x = np.concatenate([np.full(6, 1.0), np.full(6, 1.0 + 1e-14), [1e9]])  # found by a search over random tables
    assert strongest_trend(np.linspace(-1, 1, 13), {"n": x}) is None


def along(exact: list[float], *, rng: np.random.Generator, repetitions: int, noise: float) -> pd.DataFrame:
    """Times at n = 1, 2, 4 …"""
    points = Design.of({"n": 2**i} for i in range(len(exact)))
    return table(np.array(exact), points, rng=rng, repetitions=repetitions, noise=noise)


def test_without_repetitions_nothing_is_claimed(rng: np.random.Generator) -> None:
    found = fit(table(seconds(), rng=rng, noise=0.02, repetitions=1), LAW, overhead="1 + T").lack_of_fit
    assert (found.p_value, found.kind) == (None, "not_testable")
    assert words(found) == "lack of fit cannot be tested: one sample a point; several samples of each would decide"


def test_exact_data_without_repetitions_are_not_said_to_fit() -> None:
    found = fit(table(seconds(), repetitions=1), LAW, overhead="1 + T").lack_of_fit
    assert found.kind == "not_testable"
    assert words(found).startswith("lack of fit cannot be tested: one sample a point, all on the law to within rou")
    assert "intervals rest on that alone" in words(found)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_another_shape_is_seen_without_repetitions(noise: float, rng: np.random.Generator) -> None:
    """n / q³ fitted as n / q², which leaves residuals that follow q."""
    grid = Design.of({"n": n, "q": q} for n in (100, 200, 400, 800, 1600) for q in (1, 2, 4, 8, 16))
    exact = np.array([point["n"] / point["q"] ** 3 for point in grid.points])
    found = fit(table(exact, grid, rng=rng, noise=noise, repetitions=1), "n/q**2").lack_of_fit
    assert (found.p_value, found.kind) == (None, "rejected")
    assert words(found).startswith("lack of fit: residuals fall with q (p = ")


def test_a_test_without_power_is_no_fit(rng: np.random.Generator) -> None:
    found = fit(along([1, 2, 4, 8, 16], rng=rng, repetitions=2, noise=0.3), "n", overhead="1").lack_of_fit
    assert (found.p_value, found.kind) == (None, "not_testable")
    assert re.fullmatch(
        r"lack of fit cannot be tested: [\d.]+ % between points against [\d.]+ % within, where a misfit of \d+ % would "
        "not be seen; more samples a point would decide",
        words(found),
    )


def test_what_a_test_would_have_seen_is_said_with_it(rng: np.random.Generator) -> None:
    found = fit(along([1, 2, 4, 8, 16, 32, 64], rng=rng, repetitions=5, noise=0.02), "n", overhead="1").lack_of_fit
    assert found.kind == "not_rejected"
    assert found.p_value is not None
    assert words(found).startswith(f"no lack of fit detected (p = {found.p_value:.2g}): ")
    assert words(found).endswith("% would not be seen")
    assert found.unseen is not None
    assert 0.01 < found.unseen < 0.05


def test_a_misfit_of_the_size_that_is_said_to_be_seen_is_seen(rng: np.random.Generator) -> None:
    """Point effects that the test says it misses once in five."""
    exact, missed = 2.0 ** np.arange(12), []
    for _ in range(60):
        found = fit(along(exact.tolist(), rng=rng, repetitions=4, noise=0.02), "n", overhead="1").lack_of_fit
        size = found.unseen if found.kind == "not_rejected" and found.unseen is not None else 0.02
        there = exact * np.exp(size * rng.standard_normal(12))
        again = fit(along(there.tolist(), rng=rng, repetitions=4, noise=0.02), "n", overhead="1").lack_of_fit
        missed.append(again.kind != "rejected")
    assert 0.05 <= np.mean(missed) <= 0.4  # binomial(60, 0.2): 0.05 to 0.35 in 99.9 % of runs


@pytest.mark.parametrize("disturbed", [0.0, 0.1])
def test_trends_are_not_seen_where_there_are_none(disturbed: float, rng: np.random.Generator) -> None:
    """One sample a point: 100 sets of 25 points in two factors, and 100 of 6 points in one."""
    grid = Design.of({"n": n, "q": q} for n in (100, 200, 400, 800, 1600) for q in (1, 2, 4, 8, 16))
    exact = np.array([1e-6 * point["n"] * point["q"] + 1e-4 for point in grid.points])
    once = functools.partial(table, rng=rng, noise=0.1, repetitions=1, disturbed=disturbed)
    frames = [(once(exact, grid), "n*q") for _ in range(100)]
    line = Design.of({"n": 2**i} for i in range(6))
    frames += [(once(np.array([1.0, 2, 4, 8, 16, 32]), line), "n") for _ in range(100)]
    alarms = [fit(frame, law, overhead="1").lack_of_fit.kind == "rejected" for frame, law in frames]
    assert np.mean(alarms) <= 0.1  # binomial(200, 0.05): 0.1 or less in 99.8 % of runs


def test_exact_data_with_identical_repetitions_test_nothing() -> None:
    found = fit(table(seconds()), LAW, overhead="1 + T").lack_of_fit
    assert (found.p_value, found.kind) == (None, "not_testable")
    assert "repetitions are identical" in words(found)
    assert "all on the law to within rounding" in words(found)


def test_confounded_columns_are_named_and_others_are_not(rng: np.random.Generator) -> None:
    a, b, c = rng.random((3, 12)) + 0.5
    assert confounded(np.column_stack([a, b, a + b, c])) == [{1, 2}, {0, 2}, {0, 1}, frozenset()]
    assert confounded(FULL.columns(dict(levels())) * COEFFICIENTS) == [frozenset()] * 5


def test_a_deciding_point_is_found_from_levels_that_are_whole_numbers_of_any_type() -> None:
    law = CostLaw("n*m + n")
    for start in ({"n": 4, "m": 2}, {"n": 4.0, "m": 2.0}):
        found = deciding_point(law, 0, np.array([1.0, 100.0]), start)
        assert found == {"n": 4, "m": 32}


def test_a_point_is_named_with_all_digits_of_its_levels() -> None:
    assert describe({"n": 1_234_567.0, "p": 0.125, "k": 16_000_057.0}) == "n=1234567 p=0.125 k=16000057"
    assert describe({"n": 123_456_789_012_345.0}) == "n=123456789012345"
    assert describe({}) == "the only point"
