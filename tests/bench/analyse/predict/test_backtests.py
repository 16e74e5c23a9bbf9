"""Backtests hold out the largest points by the law's own cost, and nothing of these reaches the fit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from bptt_bench.analyse.predict.backtests import Reach, attempt, cuts, log_extent, log_size
from bptt_bench.analyse.predict.candidates import LAW, candidates

from tests.bench.analyse.predict.made import GRID_N, Array, one_factor, two_factors


def test_the_first_cut_is_the_largest_quarter(rng: np.random.Generator) -> None:
    first, *others = cuts(two_factors(lambda n, m: 1e-6 * n * m, "n*m", rng))
    assert len(first.measured) / len(GRID_N) == pytest.approx(0.25, abs=0.1)  # points of one size stay together
    assert (first.held["n"] * first.held["m"]).min() > 1.01 * (first.kept.levels["n"] * first.kept.levels["m"]).max()
    assert len({len(cut.measured) for cut in (first, *others)}) == len(others) + 1


def test_size_is_the_cost_of_the_law_without_overhead(rng: np.random.Generator) -> None:
    fitted = two_factors(lambda n, m: 1e-6 * n * m + 1e-3, "n*m", rng)
    assert fitted.terms[1].role == "overhead"
    size = log_size(fitted, {"n": np.array([10.0, 20.0]), "m": np.array([5.0, 5.0])})
    assert np.diff(size) == pytest.approx(np.log(2))


@pytest.mark.parametrize("law", ["1", "1/(n*m)"])
@pytest.mark.parametrize("truth", [lambda n, m: 1e-3 + 0 * n, lambda n, m: 1 / (n * m)], ids=["constant", "falling"])
def test_a_law_that_rises_with_no_factor_is_tried_at_the_largest_levels(
    law: str, truth: Callable[[Array, Array], Array], rng: np.random.Generator
) -> None:
    first = next(iter(cuts(two_factors(truth, law, rng))))
    assert len(first.measured) / len(GRID_N) == pytest.approx(0.25, abs=0.1)
    assert (first.held["n"] * first.held["m"]).min() > 1.01 * (first.kept.levels["n"] * first.kept.levels["m"]).max()


def test_a_law_that_rises_with_one_factor_is_ordered_by_its_cost(rng: np.random.Generator) -> None:
    fitted = two_factors(lambda n, m: n / m, "n/m", rng)
    assert log_extent(fitted) == pytest.approx(log_size(fitted, fitted.levels))


def test_what_is_held_out_does_not_reach_the_fit(rng: np.random.Generator) -> None:
    fitted = one_factor(lambda n: np.where(n > 4000, 1e-4, 1e-6) * n, "n", rng, noise=0.0)
    first = next(iter(cuts(fitted)))
    assert first.kept.levels["n"].max() < 4000 < first.held["n"].min() * 1.5
    assert first.kept.coefficients[0] == pytest.approx(1e-6, rel=1e-6)
    assert first.kept.full_law == fitted.full_law


def test_an_attempt_says_what_each_way_says(rng: np.random.Generator) -> None:
    fitted = one_factor(lambda n: 1e-6 * n, "n", rng)
    ways = candidates(fitted)
    cut = next(iter(cuts(fitted)))
    trial = attempt(cut, candidates(cut.kept), [*ways, "no such way"])
    assert trial.centre.shape == trial.scale.shape == (len(ways) + 1, len(cut.measured))
    assert (trial.centre[-1] == trial.centre[list(ways).index(LAW)]).all()
    assert np.abs(trial.centre - trial.measured).max() < 0.3
    assert trial.distance.tolist() == pytest.approx(np.log(cut.held["n"] / cut.kept.levels["n"].max()).tolist())


def test_few_points_have_no_backtest(rng: np.random.Generator) -> None:
    fitted = one_factor(lambda n: 1e-6 * n, "n", rng)
    few = fitted.points.iloc[:3]
    from bptt_bench.analyse.fitting.fit import fit

    assert list(cuts(fit(few[["n"]].assign(seconds_per_eval=few["measured"]), "n", overhead=()))) == []


def test_distance_is_the_larger_of_size_and_of_the_factor_that_grows_most(rng: np.random.Generator) -> None:
    reach = Reach(two_factors(lambda n, m: 1e-6 * n * m, "n*m", rng))
    points = {"n": np.array([100.0, 8 * 4096.0, 8 * 4096.0]), "m": np.array([10.0, 4.0, 256.0])}
    inside, far, farther = reach.distance(points)
    assert inside == 0
    assert far == pytest.approx(np.log(8))
    assert farther == pytest.approx(np.log(8), abs=0.02)
