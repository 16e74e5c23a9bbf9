"""Tables that say which values are lower bounds, and which errors values have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.discover import discover
from bptt_bench.analyse.evidence.by_category import fit_by
from bptt_bench.analyse.findings.fits import NoLawFits
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.predict.assess import LawPredictor
from bptt_bench.analyse.predict.inverse import SearchSpan, largest_within
from bptt_bench.analyse.predict.predictor import make_predictor
from bptt_bench.errors import FitError
from bptt_bench.plan import Point

LIMIT = 0.1  # s, at which runs were stopped


def timed(rng: np.random.Generator, noise: float = 0.1, repetitions: int = 1, n_points: int = 20) -> pd.DataFrame:
    """Times of n**2 that were stopped at a limit; column ``stopped`` says which."""
    n = np.repeat(np.unique(np.geomspace(20, 2000, n_points).round()), repetitions)
    seconds = 1e-6 * n**2 * np.exp(noise * rng.standard_normal(len(n)))
    return pd.DataFrame(
        {"n": n, "seconds_per_eval": np.minimum(seconds, LIMIT), "stopped": (seconds > LIMIT).astype(int)}
    )


def test_runs_that_were_stopped_do_not_bend_the_law(rng: np.random.Generator) -> None:
    table = timed(rng)
    stopped = int(table["stopped"].sum())
    assert stopped >= 5
    found = fit(table, "n**2", censored="stopped", overhead="1")
    assert (found.n_points, found.n_censored, found.factors) == (20, stopped, ("n",))
    assert found.predict([{"n": 20_000}])[0].estimate == pytest.approx(400, rel=0.1)
    assert fit(table.drop(columns="stopped"), "n**2", overhead="1").predict([{"n": 20_000}])[0].estimate < 350
    points = found.points[found.points["censored"]]
    np.testing.assert_allclose(points["measured"], LIMIT)
    assert np.isinf(points["high"]).all()
    assert found.observed.n_points == 20 - stopped
    assert "censored" not in found.observed.points


@pytest.mark.parametrize("flags", [["0", "1"], ["False", "true"], [False, True], [0.0, 1.0]])
def test_a_column_of_bounds_may_be_written_in_several_ways(rng: np.random.Generator, flags: list[object]) -> None:
    table = timed(rng)
    expected = fit(table, "n**2", censored="stopped")
    table["stopped"] = [flags[one] for one in table["stopped"]]
    found = fit(table, "n**2", censored="stopped")
    np.testing.assert_allclose(found.coefficients, expected.coefficients)
    assert fit_by(table, "n**2", censored="stopped").keys() == {Point()}


def test_a_point_is_a_bound_if_half_of_its_samples_are(rng: np.random.Generator) -> None:
    table = timed(rng, repetitions=4)
    table["stopped"], largest = 0, table["n"] == table["n"].max()
    table.loc[np.flatnonzero(largest)[:1], "stopped"] = 1
    assert fit(table, "n**2", censored="stopped").n_censored == 0
    table.loc[np.flatnonzero(largest)[:2], "stopped"] = 1
    assert fit(table, "n**2", censored="stopped").n_censored == 1


def test_intervals_with_bounds_hold_the_truth() -> None:
    held, trials = 0, 120
    for seed in range(trials):
        table = timed(np.random.default_rng(seed), noise=0.2)
        interval = fit(table, "n**2", censored="stopped", overhead="1").curve([{"n": 2000}])[0]
        held += interval.low <= 4.0 <= interval.high
    assert 0.88 < held / trials <= 1


def test_predictions_and_their_tests_use_what_was_observed(rng: np.random.Generator) -> None:
    found = fit(timed(rng, noise=0.03, n_points=40), "n**2", censored="stopped")
    predictor = LawPredictor(found)
    (interval,) = predictor.intervals([{"n": 4000}])
    assert interval.low < 16 < interval.high
    assert interval.estimate == pytest.approx(16, rel=0.15)
    (known,) = predictor.assess([{"n": 1000}])
    assert known.grade == "sound"
    assert known.backtest is not None
    assert known.backtest.n_held < 12


def test_laws_that_are_found_exceed_the_bounds(rng: np.random.Generator) -> None:
    table = timed(rng, noise=0.03, n_points=30)
    found = discover(table, censored="stopped", factors=["n"])
    assert "n**2" in {one.law.text for one in found.candidates}
    assert found.fit.n_censored > 0


def test_stated_errors_are_the_noise(rng: np.random.Generator) -> None:
    n = np.geomspace(20, 2000, 24).round()
    share = np.where(np.arange(24) % 2 == 0, 0.01, 0.3)
    truth = 1e-6 * n**2
    table = pd.DataFrame(
        {"n": n, "seconds_per_eval": truth * np.exp(share * rng.standard_normal(24)), "se": share * truth}
    )
    found = fit(table, "n**2", standard_error="se", overhead="1")
    plain = fit(table.drop(columns="se"), "n**2", overhead="1")
    assert found.terms[0].coefficient == pytest.approx(1e-6, rel=0.02)
    assert found.terms[0].high - found.terms[0].low < (plain.terms[0].high - plain.terms[0].low) / 2
    assert found.noise.relative == pytest.approx(np.sqrt(np.mean((share * truth / table["seconds_per_eval"]) ** 2)))
    assert found.lack_of_fit.kind != "rejected"


def test_a_wrong_law_is_rejected_by_stated_errors_without_repetitions(rng: np.random.Generator) -> None:
    n = np.geomspace(20, 2000, 24).round()
    truth = 1e-6 * n**2
    table = pd.DataFrame({"n": n, "seconds_per_eval": truth * np.exp(0.02 * rng.standard_normal(24))})
    table["se"] = 0.02 * table["seconds_per_eval"]
    assert fit(table, "n**2", standard_error="se", overhead="1").lack_of_fit.kind == "not_rejected"
    rejected = fit(table, "n", standard_error="se", overhead="1").lack_of_fit
    assert rejected.kind == "rejected"
    assert rejected.p_value is not None
    assert rejected.p_value < 1e-10


def test_runs_that_were_stopped_at_one_limit_say_nothing_of_the_noise(rng: np.random.Generator) -> None:
    """A third of the samples are equal: a law that is right was rejected when they were taken for repetitions."""
    table = timed(rng, noise=0.02, repetitions=4, n_points=7)
    assert len(set(table["seconds_per_eval"][table["stopped"] == 1])) == 1
    assert table["stopped"].sum() >= 8
    found = fit(table, "n**2", censored="stopped", overhead="1")
    assert found.noise.relative == pytest.approx(0.02, rel=0.5)
    assert found.lack_of_fit.kind == "not_rejected"
    answered = discover(table, censored="stopped")
    assert answered.law.text == "n**2"


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"censored": "stop"}, "--censored 'stop': no such column; the columns are .*; did you mean 'stopped'"),
        ({"stopped": 2}, {"censored": "stopped"}, "column 'stopped': 2 in data row 1; allowed are 0 and 1"),
        ({"stopped": np.nan}, {"censored": "stopped"}, "column 'stopped': nothing .NaN. in data row 1; allowed are 0"),
        (
            {"stopped": 1},
            {"censored": "stopped"},
            "points that are not censored: 0 are too few for law 'n..2' of 1 term",
        ),
        ({}, {"censored": "n"}, "column 'n': says how a value is known, and can be neither a factor nor the response"),
        ({"se": 0.0}, {"standard_error": "se"}, "column 'se': 0 in data row 1; allowed are numbers above 0"),
        ({"se": "a"}, {"standard_error": "se"}, "column 'se': 'a' in data row 1; allowed are numbers above 0"),
        ({}, {"censored": "stopped", "standard_error": "stopped"}, "name two columns, not 'stopped' twice"),
    ],
)
def test_columns_that_cannot_be_used_are_named(
    rng: np.random.Generator, change: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(FitError, match=message):
        fit(timed(rng).assign(**change), "n**2", overhead=(), **options)


def contradicted(rng: np.random.Generator) -> pd.DataFrame:
    """The same with one point in the middle that took a hundred times as long as the law says, at least."""
    table = timed(rng, noise=0.02, repetitions=3)
    odd = table["n"] == table["n"].unique()[8]
    table.loc[odd, "seconds_per_eval"] *= 100
    table.loc[odd, "stopped"] = 1
    return table


def test_a_bound_above_the_law_is_evidence_against_it(rng: np.random.Generator) -> None:
    table = contradicted(rng)
    n = float(table["n"].unique()[8])
    found = fit(table, "n**2", censored="stopped").lack_of_fit
    assert found.kind == "rejected"
    assert found.exceeded is not None
    assert found.exceeded.at == {"n": n}
    assert found.exceeded.expected == pytest.approx(1e-6 * n**2, rel=0.1)
    assert found.exceeded.bound > 90 * found.exceeded.expected
    assert found.p_value == found.exceeded.p_value < 1e-4
    sound = LawPredictor(fit(table, "n**2", censored="stopped")).assess([{"n": n}, {"n": 4000}])
    assert [one.grade for one in sound] == ["rejected", "rejected"]


def test_a_found_law_that_a_bound_contradicts_is_said_not_to_fit(rng: np.random.Generator) -> None:
    table = contradicted(rng)
    (doubt,) = discover(table, censored="stopped").doubts
    assert isinstance(doubt, NoLawFits)
    assert doubt.at == {"n": float(table["n"].unique()[8])}
    assert doubt.off > 50


def test_bounds_near_a_true_law_seldom_speak_against_it(rng: np.random.Generator) -> None:
    found = [fit(timed(rng, repetitions=2), "n**2", censored="stopped").lack_of_fit for _ in range(40)]
    assert sum(one.exceeded is not None for one in found) <= 4


def test_points_that_agree_by_chance_are_known_no_better_than_is_stated() -> None:
    n = np.geomspace(20, 2000, 16).round()
    table = pd.DataFrame({"n": n, "seconds_per_eval": 1e-6 * n**2, "se": 0.2e-6 * n**2})
    (law,) = fit(table, "n**2", standard_error="se", overhead=()).terms
    half = 0.2 / 4 * 2.13  # of the logarithm: the stated error over √16, times Student's t on 15
    assert (law.high - law.low) / law.coefficient == pytest.approx(2 * half, rel=0.02)


@pytest.mark.parametrize(("share", "grade"), [(0.05, "sound"), (1000.0, "doubtful")])
def test_an_interval_that_says_nothing_is_not_sound(share: float, grade: str) -> None:
    n = 100.0 * 2 ** np.arange(7)
    table = pd.DataFrame({"n": n, "seconds_per_eval": 3e-8 * n**2, "se": share * 3e-8 * n**2})
    predictor = make_predictor("", fit(table, "n**2", standard_error="se"))
    (one,) = predictor.predict([Point(n=3000)])
    assert one.grade == grade
    largest = largest_within(predictor, "n", 0.1, {}, SearchSpan(1, 1e6, whole=True))
    assert largest.grade == grade
