"""Grades: what the data reject is not called sound, what they support is, and the same point has one answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.findings.fits import MostlyOverhead
from bptt_bench.analyse.findings.predictions import (
    Assessment,
    Backtest,
    FarBelow,
    FarBeyond,
    Grade,
    Misfit,
    NeverVaried,
    OddPoint,
    Unseen,
    UnseenTerm,
    Untestable,
)
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.predict.assess import LawPredictor, doubt_unvaried, has_failed
from bptt_bench.analyse.predict.law_tests import REJECT_BELOW

from tests.bench.analyse.predict.made import Array, one_factor, two_factors

FAR = [{"n": 65_536.0}]


def test_a_right_law_is_sound_beyond_its_data(rng: np.random.Generator) -> None:
    grades = []
    for _ in range(8):
        predictor = LawPredictor(one_factor(lambda n: 1e-6 * n * np.log(n), "n*log(n)", rng, noise=0.05))
        (found,) = predictor.assess(FAR)
        grades.append(found.grade)
        assert found.backtest is not None
    assert grades.count(Grade.SOUND) >= 7


def test_a_wrong_law_is_rejected_beyond_its_data_and_not_within(rng: np.random.Generator) -> None:
    predictor = LawPredictor(one_factor(lambda n: 1e-6 * n**1.6, "n**2", rng))
    inside, far = predictor.assess([{"n": 1000.0}, *FAR])
    assert far.grade is Grade.REJECTED
    assert all(isinstance(one, Misfit) and one.effect is not None for one in far.reasons if one.kind == "exponent")  # type: ignore[attr-defined]
    assert inside.grade is Grade.SOUND


def table_of(truth: Callable[[Array], Array], samples: int = 3, noise: float = 0.03, seed: int = 0) -> pd.DataFrame:
    n = np.repeat([100.0, 300, 1000, 3000, 10_000, 30_000, 100_000], samples)
    seconds = truth(n) * np.exp(noise * np.random.default_rng(seed).standard_normal(len(n)))
    return pd.DataFrame({"n": n, "seconds_per_eval": seconds})


def test_a_law_that_misses_a_term_of_the_largest_sizes_is_rejected_beyond_them() -> None:
    table = table_of(lambda n: 1e-5 + 1e-8 * n * (1 + 0.35 * n / 1e5))
    for known in LawPredictor(fit(table, "n")).assess([{"n": 2e5}, {"n": 8e5}, {"n": 6.4e6}]):
        assert known.grade is Grade.REJECTED
        assert "term" in {one.kind for one in known.reasons if isinstance(one, Misfit)}
        assert not any(isinstance(one, Unseen | UnseenTerm) for one in (*known.reasons, *known.remarks))


def test_a_term_that_is_not_excluded_is_doubted_where_it_would_double_a_value() -> None:
    predictor = LawPredictor(fit(table_of(lambda n: 1e-5 + 1e-8 * n), "n"))
    near, far = predictor.assess([{"n": 2e5}, {"n": 6.4e6}])
    assert near.grade is Grade.SOUND
    assert far.grade is Grade.DOUBTFUL
    (reason,) = far.reasons
    assert isinstance(reason, UnseenTerm)
    assert reason.effect > np.log(2)


def test_a_power_that_doubles_a_value_comes_before_a_term_without_a_hint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    predictor = LawPredictor(fit(table_of(lambda n: 1e-5 + 1e-8 * n), "n"))
    power = Unseen(factor="n", change=0.2, effect=float(np.log(2.5)))
    term = UnseenTerm(factor="n", share=0.1, effect=float(np.log(3.5)), is_hinted=False)
    monkeypatch.setattr(predictor.tests, "unseen", lambda points: [power for _ in points["n"]])
    monkeypatch.setattr(predictor.tests, "unseen_terms", lambda points: [term for _ in points["n"]])
    (known,) = predictor.assess([{"n": 8e5}])
    assert known.reasons == (power,)


def test_a_trace_of_a_departure_is_doubted_where_it_would_change_a_value_much() -> None:
    grades = []
    for seed in range(30):
        predictor = LawPredictor(fit(table_of(lambda n: 1e-5 + 1e-8 * n * (1 + 0.1 * n / 1e5), seed=seed), "n"))
        (known,) = predictor.assess([{"n": 4e5}])
        traces = [one for one in known.reasons if isinstance(one, Misfit) and one.p_value >= REJECT_BELOW]
        if known.grade is Grade.DOUBTFUL and traces:
            assert max(abs(one.effect or 0.0) for one in traces) > np.log(1.25)
            terms = [one for one in (*known.reasons, *known.remarks) if isinstance(one, UnseenTerm)]
            assert not (terms and any(one.kind == "term" for one in traces)), "it is said once"
        grades.append(known.grade)
    assert grades.count(Grade.SOUND) <= 15
    assert {Grade.DOUBTFUL, Grade.REJECTED} <= set(grades)


def test_a_prediction_that_is_mostly_overhead_is_doubtful() -> None:
    predictor = LawPredictor(fit(table_of(lambda n: 1e-6 * (1 + 0.1 * n / 1e5)), "1", overhead=("n",)))
    inside, far = predictor.assess([{"n": 1e4}, {"n": 6.4e6}])
    assert inside.grade is Grade.SOUND
    assert far.grade is not Grade.SOUND
    (found,) = [one for one in far.reasons if isinstance(one, MostlyOverhead)]
    assert found.is_beyond
    assert found.share == pytest.approx(1 / 7.4, rel=0.5)


def test_a_departure_too_small_to_matter_does_not_reject(rng: np.random.Generator) -> None:
    predictor = LawPredictor(one_factor(lambda n: 1e-6 * n**1.005, "n", rng, noise=0.001))
    assert predictor.tests.misfits
    (far,) = predictor.assess([{"n": 20_000.0}])
    assert far.grade is Grade.SOUND


def test_beyond_two_levels_of_a_factor_nothing_is_known(rng: np.random.Generator) -> None:
    n, m = np.tile(np.geomspace(8, 1024, 12), 2), np.repeat([2.0, 4.0], 12)
    seconds = 1e-6 * n * m * np.exp(0.02 * rng.standard_normal(24))
    predictor = LawPredictor(fit(pd.DataFrame({"n": n, "m": m, "seconds_per_eval": seconds}), "n*m", overhead=()))
    along_n, along_m = predictor.assess([{"n": 4096.0, "m": 4.0}, {"n": 1024.0, "m": 8.0}])
    assert along_n.grade is Grade.SOUND
    assert along_m.grade is Grade.DOUBTFUL
    assert along_m.reasons == (Untestable(factor="m", n_levels=2, needed=3),)


def test_a_power_that_nothing_shows_makes_a_prediction_doubtful_that_it_would_double(rng: np.random.Generator) -> None:
    """Between 1, n and n**2 a saturation is hidden; n**2 is most of what is predicted, and anything may be there."""
    n = np.repeat(np.geomspace(4, 4096, 11), 3)
    seconds = 1e-6 * np.maximum(n, 45) * np.exp(0.03 * rng.standard_normal(33))
    predictor = LawPredictor(fit(pd.DataFrame({"n": n, "seconds_per_eval": seconds}), "n**2"))
    (far,) = predictor.assess([{"n": 40_960.0}])
    assert far.grade is Grade.DOUBTFUL
    assert {type(one) for one in far.reasons} >= {Unseen}
    assert not any(isinstance(one, Unseen) for one in far.remarks), "it is said once"


def backtest_of(n_held: int, coverage: float) -> Backtest:
    return Backtest(n_held=n_held, farther=4.0, bias=0.1, median=0.1, p95=0.3, coverage=coverage)


def test_a_backtest_that_missed_most_is_a_failure() -> None:
    assert has_failed(backtest_of(20, 0.5))
    assert not has_failed(backtest_of(20, 0.9))
    assert not has_failed(backtest_of(4, 0.5))
    assert has_failed(backtest_of(3, 1 / 3))
    assert has_failed(backtest_of(2, 0.0))
    assert not has_failed(backtest_of(2, 0.5))
    far_off = replace(backtest_of(4, 1.0), median=1.0)
    assert has_failed(far_off)
    assert has_failed(replace(far_off, n_held=1)), "however wide the intervals are that hold these points"
    assert backtest_of(19, 1.0).is_graded
    assert not backtest_of(18, 1.0).is_graded


@pytest.mark.parametrize(
    ("row", "times", "is_odd"), [(4, 1000.0, True), (4, 0.01, True), (4, 3.0, False), (11, 2.0, True), (11, 1.2, False)]
)
def test_a_point_far_off_the_law_is_named(row: int, times: float, is_odd: bool, rng: np.random.Generator) -> None:
    levels = np.geomspace(16, 32_768, 12)
    seconds = 1e-6 * levels * np.exp(rng.normal(0, 0.02, len(levels)))
    seconds[row] *= times
    fitted = fit(pd.DataFrame({"n": levels, "seconds_per_eval": seconds}), "n", overhead=())
    (found,) = LawPredictor(fitted).assess(FAR)
    odd = [one for one in found.reasons if isinstance(one, OddPoint)]
    assert len(odd) == is_odd
    for one in odd:
        assert found.grade is not Grade.SOUND
        assert dict(one.at) == {"n": levels[row]}
        assert (one.times > 1) == (times > 1)


def test_what_lies_far_below_the_data_is_doubtful(rng: np.random.Generator) -> None:
    predictor = LawPredictor(one_factor(lambda n: 1e-6 * n, "n", rng))
    near, far = predictor.assess([{"n": 8.0}, {"n": 2.0}])
    assert near.grade is Grade.SOUND
    assert far.reasons == (FarBelow(factor="n", times=8.0),)
    falling = LawPredictor(one_factor(lambda n: 1e-3 / n, "n**-1", rng))
    assert [one.grade for one in falling.assess([{"n": 8.0}, {"n": 20.0}])] == [Grade.DOUBTFUL, Grade.SOUND]


def test_where_the_law_says_nothing_no_number_is_given(rng: np.random.Generator) -> None:
    levels = pd.DataFrame({"n": np.geomspace(16, 16_384, 12)})
    exact = levels.assign(seconds_per_eval=1e-6 * levels["n"] * np.log(levels["n"]))
    predictor = LawPredictor(fit(exact, "n*log(n)", overhead=()))
    nothing, something = predictor.intervals([{"n": 1.0}, *FAR])
    assert np.isnan(nothing).all()
    assert something.estimate == pytest.approx(predictor.intervals(FAR)[0].estimate)
    assert predictor.intervals([]) == []
    assert predictor.assess([]) == []


def test_a_level_at_0_that_was_measured_is_predicted_like_the_others(rng: np.random.Generator) -> None:
    levels = pd.DataFrame({"n": np.tile([64.0, 128, 256, 512, 1024, 2048], 4), "p": np.repeat([0.0, 1, 2, 3], 6)})
    seconds = 1e-9 * levels["n"] * (1 + levels["p"]) * np.exp(0.01 * rng.standard_normal(24))
    fitted = fit(levels.assign(seconds_per_eval=seconds), "n + n*p", overhead=())
    predictor = LawPredictor(fitted)
    point = [{"n": 4096.0, "p": 0.0}]
    (found,) = predictor.intervals(point)
    assert found.estimate == pytest.approx(1e-9 * 4096, rel=0.05)
    assert predictor.assess(point)[0].grade is Grade.SOUND


def test_thresholds_in_two_factors_are_learnt_from_backtests(rng: np.random.Generator) -> None:
    fitted = two_factors(lambda n, m: 1e-6 * n * np.maximum(m, 40.0), "n*m", rng)
    (found,) = LawPredictor(fitted).intervals([{"n": 8192.0, "m": 512.0}])
    truth = 1e-6 * 8192 * 512
    assert abs(np.log(found.estimate / truth)) < abs(
        np.log(fitted.predict([{"n": 8192.0, "m": 512.0}])[0].estimate / truth)
    )
    assert found.low < truth < found.high


def test_what_never_varied_or_lies_far_beyond_is_doubtful(rng: np.random.Generator) -> None:
    """m is always 2 n: the law of both is not told from that of one of them, but where they go together it holds."""
    n = np.repeat([100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0], 3)
    seconds = 1e-8 * 2 * n**2 * np.exp(0.02 * rng.standard_normal(len(n)))
    table = pd.DataFrame({"n": n, "m": 2 * n, "fixed": 7.0, "seconds_per_eval": seconds})
    both = LawPredictor(fit(table, "n*m", overhead="1"))
    together, apart, far = both.assess([{"n": 1e4, "m": 2e4}, {"n": 1e4, "m": 5.0}, {"n": 1e8, "m": 2e8}])
    assert together.grade is Grade.SOUND
    assert [apart.grade, far.grade] == [Grade.DOUBTFUL] * 2
    assert NeverVaried(factors=("n", "m")) in apart.reasons or NeverVaried(factors=("m", "n")) in apart.reasons
    assert FarBeyond in {type(one) for one in far.reasons}
    fixed = LawPredictor(fit(table, "n**2*fixed", overhead="1"))
    same, other = fixed.assess([{"n": 1e4, "fixed": 7.0}, {"n": 1e4, "fixed": 70.0}])
    assert same.grade is Grade.SOUND
    assert NeverVaried(factors=("fixed",)) in other.reasons
    assert fixed.assess([{"n": 1e4}]) == [same], "a point that does not name what never varied"
    assert fixed.intervals([{"n": 1e4}]) == fixed.intervals([{"n": 1e4, "fixed": 7.0}])


def test_a_law_that_was_found_says_nothing_of_a_factor_that_never_varied(rng: np.random.Generator) -> None:
    n = np.repeat(np.geomspace(100, 6400, 12), 3)
    table = pd.DataFrame({"n": n, "fixed": 7.0, "seconds_per_eval": 1e-8 * n * np.exp(0.02 * rng.standard_normal(36))})
    found = fit(table, "n", overhead=())
    sound = Assessment(grade=Grade.SOUND)
    assert doubt_unvaried(sound, found, {"n": 300.0, "fixed": 7.0}) == sound
    assert doubt_unvaried(sound, found, {"n": 300.0}) == sound
    other = doubt_unvaried(sound, found, {"n": 300.0, "fixed": 1.0})
    assert (other.grade, other.reasons) == (Grade.DOUBTFUL, (NeverVaried(factors=("fixed",)),))
