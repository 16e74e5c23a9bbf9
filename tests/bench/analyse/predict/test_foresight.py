"""Foresight is worth what it is held to: exact laws predict exactly, wrong ones err as worked out by hand.

What was measured beyond the sweep must never reach a fit: samples that are wrong by a factor of 100 are planted there,
and nothing that is judged may move.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import analyse
from bptt_bench.analyse.evidence.evidence import fit_all
from bptt_bench.analyse.predict.foresight import (
    Accuracy,
    CheckedPrediction,
    Prediction,
    accuracy,
    at_test_speed,
    by_subject,
    checked_predictions,
    predict_beyond,
    shifts,
    unmeasured,
)
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    Cell,
    CostLaw,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    RatioClaim,
    ShareClaim,
    Subject,
)
from bptt_bench.report.words.content import noise_line

from tests.bench.analyse.made import BASE, COEFFICIENTS, DESIGN, FULL, LAW, run, seconds

FAR = Design.of([BASE.replace(V=131_072), BASE.replace(T=1024), BASE.replace(d=8192, H=2048)])


def _nothing(_: Point) -> Evaluation:
    raise AssertionError("an analysis prepares nothing")


def experiment(
    *names: str, law: str = LAW, overhead: tuple[str, ...] = ("1", "T"), design: Design = DESIGN, **more: Any
) -> Experiment:
    return Experiment(
        name="made",
        factors=tuple(Factor(name=name) for name in design.points[0]),
        subjects=tuple(Subject(name=name, prepare=_nothing, law=CostLaw(law), overhead=overhead) for name in names),
        profiles={"quick": Profile(design=design)},
        **more,
    )


def measured_beyond(
    sweep: pd.DataFrame,
    predictions: Sequence[Prediction],
    truth: Callable[[Prediction], float],
    rng: np.random.Generator | None = None,
    visits: int = 3,
) -> pd.DataFrame:
    """A run that holds a sweep, predictions, and samples of a true time at the points predicted, 1 % noise if any."""
    rows = [
        {
            **one.at,
            "block": block,
            "seconds_per_eval": truth(one) * (1.0 if rng is None else np.exp(rng.normal(0, 0.01))),
            "subject": one.subject,
            "timing": "whole",
            "below_floor": False,
            "stage": "beyond",
        }
        for block in range(5, 5 + visits)
        for one in predictions
    ]
    frame = pd.concat([sweep.assign(stage="sweep"), pd.DataFrame(rows)], ignore_index=True)
    frame.attrs = {**sweep.attrs, "predictions": [one.to_record() for one in predictions]}
    return frame


def with_anchors(frame: pd.DataFrame, slower: float, points: int = 6) -> pd.DataFrame:
    """The run with points of its sweep measured again among those beyond, slower by a factor."""
    swept = frame[frame["stage"] == "sweep"].groupby(["subject", *DESIGN.points[0]], sort=False).head(1)
    again = [swept.groupby("subject").head(points).assign(stage="beyond", block=block) for block in (5, 6, 7)]
    more = pd.concat(again, ignore_index=True)
    more["seconds_per_eval"] *= slower
    found = pd.concat([frame, more], ignore_index=True)
    found.attrs = frame.attrs
    return found


def cells(*names: str, design: Design = FAR) -> list[Cell]:
    return [Cell(name, point) for name in names for point in design]


def exactly(one: Prediction) -> float:
    return float(FULL.evaluate({name: np.array([float(level)]) for name, level in one.at.items()}, COEFFICIENTS)[0])


# --- predictions against the truth ------------------------------------------------------------------------------------


def test_the_right_law_predicts_exact_data_exactly() -> None:
    sweep = run({"a": seconds()}, DESIGN)
    predictions = predict_beyond(fit_all(sweep, experiment("a")), cells("a"))
    found = checked_predictions(measured_beyond(sweep, predictions, exactly))
    assert [one.prediction.at for one in found] == list(FAR)
    np.testing.assert_allclose([one.error for one in found], 0, atol=1e-5)
    assert accuracy(found).median < 1e-5


def test_the_right_law_with_noise_has_intervals_that_hold_what_is_measured(rng: np.random.Generator) -> None:
    sweep = run({"a": seconds()}, DESIGN, rng=rng, noise=0.01)
    predictions = predict_beyond(fit_all(sweep, experiment("a")), cells("a"))
    found = checked_predictions(measured_beyond(sweep, predictions, exactly, rng))
    assert accuracy(found).worst < 0.05
    assert [one.covered for one in found] == [True] * 3
    assert all(one.prediction.low < one.prediction.value < one.prediction.high for one in found)
    twice = checked_predictions(measured_beyond(sweep, predictions, lambda one: 2 * exactly(one), rng))
    assert [one.covered for one in twice] == [False] * 3
    np.testing.assert_allclose([one.error for one in twice], -0.5, atol=0.05)


def test_a_wrong_law_errs_as_worked_out_by_hand() -> None:
    # n² at n = 1, 2, 4 under the law c·n: log(t/n) = 0, log 2, log 4, so that c = 2. At n = 8 and 16 it says 16 and 32
    # where 64 and 256 are measured.
    design = Design.grid({"n": [1, 2, 4]})
    sweep = run({"a": np.array([1.0, 4.0, 16.0])}, design)
    far = Design.grid({"n": [8, 16]})
    wrong = experiment("a", law="n", overhead=(), design=design)
    predictions = predict_beyond(fit_all(sweep, wrong), cells("a", design=far))
    found = checked_predictions(measured_beyond(sweep, predictions, lambda one: one.cell.point["n"] ** 2))
    np.testing.assert_allclose([one.error for one in found], [16 / 64 - 1, 32 / 256 - 1], rtol=1e-6)
    np.testing.assert_allclose([one.farther for one in predictions], [2, 4])
    np.testing.assert_allclose([one.time_ratio for one in predictions], [2, 4], rtol=1e-6)
    assert accuracy(found).median == pytest.approx((0.75 + 0.875) / 2)
    assert not accuracy(found).met


def test_the_measured_time_shrugs_a_disturbed_sample_off() -> None:
    sweep = run({"a": seconds()}, DESIGN)
    predictions = predict_beyond(fit_all(sweep, experiment("a")), cells("a"))
    frame = measured_beyond(sweep, predictions, exactly, visits=5)
    first = (frame["stage"] == "beyond") & (frame["block"] == 5)
    frame.loc[first, "seconds_per_eval"] *= 3
    np.testing.assert_allclose([one.error for one in checked_predictions(frame)], 0, atol=0.01)


def test_predictions_scale_with_the_unit_of_time() -> None:
    sweep = run({"a": seconds()}, DESIGN)
    slow = sweep.assign(seconds_per_eval=1000 * sweep["seconds_per_eval"])
    slow.attrs = sweep.attrs
    one, thousand = (predict_beyond(fit_all(each, experiment("a")), cells("a")) for each in (sweep, slow))
    np.testing.assert_allclose([p.value for p in thousand], [1000 * p.value for p in one], rtol=1e-6)
    np.testing.assert_allclose([p.time_ratio for p in thousand], [p.time_ratio for p in one], rtol=1e-6)


# --- a machine that has changed between sweep and test ----------------------------------------------------------------


def test_anchors_tell_a_slower_machine_from_a_wrong_law() -> None:
    sweep = run({"a": seconds(), "b": seconds()}, DESIGN)
    predictions = predict_beyond(fit_all(sweep, experiment("a", "b")), cells("a", "b"))
    slower = measured_beyond(sweep, predictions, lambda one: 1.05 * exactly(one))
    found = checked_predictions(with_anchors(slower, 1.05))
    assert [one.prediction.cell for one in found] == cells("a", "b")
    np.testing.assert_allclose([one.error for one in found], 1 / 1.05 - 1, atol=1e-4)
    assert {name: shift.n for name, shift in shifts(found).items()} == {"a": 6, "b": 6}
    np.testing.assert_allclose([shift.ratio.estimate for shift in shifts(found).values()], 1.05, rtol=1e-4)
    np.testing.assert_allclose([one.error for one in at_test_speed(found)], 0, atol=1e-4)
    wrong = checked_predictions(with_anchors(slower, 1.0))
    np.testing.assert_allclose([one.error for one in at_test_speed(wrong)], 1 / 1.05 - 1, atol=1e-4)


def test_without_anchors_or_with_too_few_the_shift_is_not_known() -> None:
    sweep = run({"a": seconds()}, DESIGN)
    frame = measured_beyond(sweep, predict_beyond(fit_all(sweep, experiment("a")), cells("a")), exactly)
    for some in (frame, with_anchors(frame, 1.05, points=2)):
        found = checked_predictions(some)
        assert [one.shift for one in found] == [None] * 3
        assert (shifts(found), at_test_speed(found)) == ({}, [])


# --- what is refused, and what is left out ----------------------------------------------------------------------------


@pytest.mark.parametrize("at", [BASE, BASE.replace(V=100, T=20), Point(T=64, V=2048, d=256, H=256)])
def test_a_point_inside_the_sweep_is_refused(at: Point) -> None:
    evidence = fit_all(run({"a": seconds()}, DESIGN), experiment("a"))
    with pytest.raises(FitError, match=rf"^point {at}: lies within what a was swept over, in every factor$"):
        predict_beyond(evidence, [Cell("a", FAR.points[0]), Cell("a", at)])


def test_a_subject_without_a_fit_is_refused() -> None:
    evidence = fit_all(run({"a": seconds()}, DESIGN), experiment("a"))
    with pytest.raises(FitError, match="subject 'b': nothing to predict with"):
        predict_beyond(evidence, cells("b"))


def test_predictions_that_were_not_measured_are_left_out_and_named() -> None:
    sweep = run({"a": seconds(), "b": seconds()}, DESIGN)
    predictions = predict_beyond(fit_all(sweep, experiment("a", "b")), cells("a", "b"))
    frame = measured_beyond(sweep, predictions, exactly)
    lost = (frame["subject"] == "b") & (frame["stage"] == "beyond") & (frame["T"] == 1024)
    kept = frame[~lost]
    kept.attrs = frame.attrs
    found = checked_predictions(kept)
    assert {one.prediction.cell for one in found} == {*cells("a", "b")} - {Cell("b", FAR.points[1])}
    assert [one.cell for one in unmeasured(kept, found)] == [Cell("b", FAR.points[1])]
    assert {name: len(group) for name, group in by_subject(found).items()} == {"a": 3, "b": 2}
    assert [one.n_samples for one in found] == [3] * 5


def test_a_run_without_predictions_or_without_samples_beyond_has_nothing_foreseen() -> None:
    sweep = run({"a": seconds()}, DESIGN)
    assert checked_predictions(sweep) == []
    predictions = predict_beyond(fit_all(sweep, experiment("a")), cells("a"))
    sweep.attrs["predictions"] = [one.to_record() for one in predictions]
    assert checked_predictions(sweep) == []
    assert checked_predictions(sweep.assign(stage="sweep")) == []
    assert unmeasured(sweep, []) == predictions


def test_a_prediction_comes_back_from_its_record_as_it_was() -> None:
    made = Prediction(subject="a", at=Point(T=4, V=8), value=2.0, low=1.5, high=2.5, farther=8.0, time_ratio=0.5)
    assert Prediction.of_record(json.loads(json.dumps(made.to_record()))) == made
    assert made.to_record()["record"] == "prediction"


# --- accuracy ---------------------------------------------------------------------------------------------------------


def one(error: float, covered: bool) -> CheckedPrediction:
    value = 1 + error
    ends = (min(value, 1.0) - 0.01, max(value, 1.0) + 0.01) if covered else (value, value)
    prediction = Prediction(
        subject="a", at=Point(n=1), value=value, low=ends[0], high=ends[1], farther=2.0, time_ratio=2.0
    )
    return CheckedPrediction(prediction=prediction, measured=Interval(1.0, 0.9, 1.1), n_samples=3)


def test_accuracy_counts_errors_of_both_signs_and_intervals_that_hold() -> None:
    found = accuracy([one(0.02, True), one(-0.04, True), one(0.08, False), one(-0.01, True)])
    assert found.n == 4
    # sorted: 1, 2, 4, 8 %; the 95th percentile lies at 0.85 of the way from the third to the fourth
    np.testing.assert_allclose(found[1:], [0.03, 0.04 + 0.85 * 0.04, 0.08, 0.75])


def test_an_interval_holds_up_to_its_ends() -> None:
    assert replace(one(0.5, False), measured=Interval(1.5, 1.4, 1.6)).covered
    assert not replace(one(0.5, False), measured=Interval(1.5001, 1.4, 1.6)).covered


def test_accuracy_of_nothing_is_an_error() -> None:
    with pytest.raises(FitError, match="predictions: none has been measured yet"):
        accuracy([])


@pytest.mark.parametrize(
    ("changes", "met"),
    [
        ({}, True),
        ({"median": 0.051}, False),
        ({"p95": 0.101}, False),
        ({"coverage": 0.89}, False),
        ({"coverage": 0.99}, False),  # intervals that are too wide miss the target too
        ({"worst": 0.5}, True),
    ],
)
def test_what_predictions_are_held_to(changes: Mapping[str, float], met: bool) -> None:
    good = Accuracy(n=40, median=0.05, p95=0.1, worst=0.2, coverage=0.95)
    assert good._replace(**changes).met is met  # type: ignore[arg-type]


# --- no fit sees what tests its predictions ---------------------------------------------------------------------------


def test_samples_beyond_change_no_fit_and_no_verdict(rng: np.random.Generator) -> None:
    claims = (
        ExponentClaim(name="V", subject="a", factor="V", terms=("T*H*V",), at=BASE.replace(V=16_384)),
        ShareClaim(name="share", subject="a", factor="V", at=BASE.replace(V=16_384)),
        RatioClaim(name="ratio", subject="b", over="a", ratio="2 + 0*T", points=Design.grid({
            name: [level] if name != "T" else [8, 16, 32] for name, level in BASE.items()
        })),
    )  # fmt: skip
    of = experiment("a", "b", claims=claims, placebo="a")
    times = {"a": seconds(), "b": 2 * seconds(), "a" + PLACEBO_SUFFIX: seconds()}
    sweep = run(times, DESIGN, rng=rng, noise=0.01)
    predictions = predict_beyond(fit_all(sweep, of), [*cells("a", "b"), Cell("a", BASE.replace(T=8, V=32_768))])
    spoiled = measured_beyond(sweep, predictions, lambda one: 100 * exactly(one), rng)
    # and 100 times too slow at a point that was swept, where a claim is judged
    inside = spoiled[(spoiled["stage"] == "beyond")].assign(**BASE)
    worst = pd.concat([spoiled, inside], ignore_index=True)
    worst.attrs = spoiled.attrs
    before, after = analyse(sweep, of), analyse(worst, of)
    assert [verdict.verdict for verdict in before.verdicts] == ["supported"] * 3
    assert after.verdicts == before.verdicts
    assert noise_line(after) == noise_line(before)
    for key, fit in before.fits.items():
        np.testing.assert_array_equal(after.fits[key].coefficients, fit.coefficients)
    assert [p.value for p in predict_beyond(fit_all(worst, of), cells("a"))] == [p.value for p in predictions[:3]]
    assert accuracy(checked_predictions(spoiled)).median == pytest.approx(0.99, abs=0.01)
