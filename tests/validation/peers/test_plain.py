"""The plain peers on exact data, where what they must say can be worked out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.plan import CostLaw, Point
from bptt_bench.validation.simulate import DESIGNS, LAWS, MIDDLE, Setting, simulate

from tests.validation.peers.answer import FACTORS, levels_of, per_point, questions, scored
from tests.validation.peers.plain import LogLog, PlainNNLS

SETTING = Setting(law="aggregated", design="23", noise=0.0)
POINTS = DESIGNS["23"].points
FAR = Point(V=32400, d=1024, H=1024, T=1296)


def frame_of(seconds: np.ndarray) -> pd.DataFrame:
    """Two equal samples of each point."""
    levels = levels_of(POINTS)
    return pd.concat([pd.DataFrame({**levels, "block": block, "seconds_per_eval": seconds}) for block in (0, 1)])


def test_log_log_recovers_a_power_law() -> None:
    levels = levels_of(POINTS)
    seconds = 3e-9 * levels["V"] * levels["d"] ** 0.5 * levels["H"] ** 2 * levels["T"] ** 1.25
    answer = LogLog()(frame_of(seconds), SETTING, [FAR])
    assert answer.seconds_at == pytest.approx([3e-9 * 32400 * 1024**0.5 * 1024**2 * 1296**1.25])
    assert answer.model == "t = 3e-09 · V^1.00 · d^0.50 · H^2.00 · T^1.25"


def test_log_log_is_far_off_on_a_sum_of_terms_even_without_noise() -> None:
    frame, truth = simulate(SETTING, np.random.default_rng(1), disturbed=0.0)
    error = scored(LogLog()(frame, SETTING, questions(SETTING, truth)), SETTING, truth)["error_beyond"]
    assert isinstance(error, float)
    assert error > 0.2


@pytest.mark.parametrize("relative", [False, True])
def test_nnls_recovers_the_law_when_nothing_is_left_out(relative: bool) -> None:
    law = LAWS["aggregated"].plus("T")
    seconds = law.evaluate(dict(levels_of(POINTS)), [1e-10, 2e-10, 4e-10, 5e-6])
    answer = PlainNNLS(relative=relative, overhead=("T",))(frame_of(seconds), SETTING, [FAR])
    assert answer.seconds_at == pytest.approx(law.evaluate(dict(levels_of([FAR])), [1e-10, 2e-10, 4e-10, 5e-6]))
    assert set(answer.orders.values()) == {"this"}


def test_nnls_worked_out_by_hand() -> None:
    """One term n, samples 2 at n = 1 and 8 at n = 2: 18/5 n by squares of seconds, 12/5 n by relative squares."""
    law, levels, seconds = CostLaw("n"), {"n": np.array([1.0, 2.0])}, np.array([2.0, 8.0])
    absolute, left = PlainNNLS().fit(law, levels, seconds)
    assert (absolute[0], left) == pytest.approx((18 / 5, 68 - 18**2 / 5))
    relative, left = PlainNNLS(relative=True).fit(law, levels, seconds)
    assert (relative[0], left) == pytest.approx((12 / 5, 0.2))


def test_nnls_never_gives_a_negative_coefficient() -> None:
    weights, _ = PlainNNLS().fit(CostLaw("n + 1"), {"n": np.array([1.0, 2.0, 3.0])}, np.array([3.0, 2.0, 1.0]))
    assert weights == pytest.approx([0, 2])


def test_a_perfect_answer_scores_nothing_and_a_doubled_one_100_percent() -> None:
    _, truth = simulate(SETTING, np.random.default_rng(2))
    asked = questions(SETTING, truth)
    exact = truth.at(levels_of(asked))
    peer = PlainNNLS()(simulate(SETTING, np.random.default_rng(2))[0], SETTING, asked)
    perfect = scored(type(peer)(seconds_at=exact, seconds_per_fit=0.0), SETTING, truth)
    doubled = scored(type(peer)(seconds_at=2 * exact, seconds_per_fit=0.0), SETTING, truth)
    assert perfect["error_beyond"] == perfect["error_beyond_t"] == 0
    assert perfect["exponent_error"] == pytest.approx(0, abs=1e-6)
    assert (doubled["error_beyond"], doubled["error_beyond_t"]) == pytest.approx((1, 1))
    assert doubled["exponent_error"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("nothing", [np.nan, -1.0])
def test_an_answer_that_is_none_has_no_exponent(nothing: float) -> None:
    _, truth = simulate(SETTING, np.random.default_rng(2))
    answer = LogLog()(simulate(SETTING, np.random.default_rng(2))[0], SETTING, questions(SETTING, truth))
    answer.seconds_at[-1] = nothing
    assert scored(answer, SETTING, truth)["exponent_error"] is None


def test_questions_lie_where_they_are_said_to() -> None:
    _, truth = simulate(SETTING, np.random.default_rng(2))
    far, along, *steps = questions(SETTING, truth)
    assert dict(far) == {"V": 32400, "d": 1024, "H": 1024, "T": 1296}
    assert dict(along) == {**MIDDLE, "T": 1296}
    assert len(steps) == 2 * len(FACTORS)


def test_samples_of_a_point_stay_together() -> None:
    frame, _ = simulate(SETTING, np.random.default_rng(2))
    points, samples = per_point(frame)
    assert points == [Point({name: float(point[name]) for name in FACTORS}) for point in POINTS]
    assert samples == frame["seconds_per_eval"].to_numpy().reshape(23, 5).tolist()
