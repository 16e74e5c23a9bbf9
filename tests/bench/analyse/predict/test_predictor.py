"""What is said of a point: the law with what neighbours share, how far it lies, and nothing where nothing is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.fitting.fit import Fit, fit
from bptt_bench.analyse.predict.foresight import predict_beyond
from bptt_bench.analyse.predict.neighbours import Neighbours
from bptt_bench.analyse.predict.predictor import MeasuredPoints, declared, make_predictor
from bptt_bench.analyse.predict.stack import Stack
from bptt_bench.errors import FitError
from bptt_bench.plan import Point, distance_beyond
from bptt_bench.report.words.foresight import with_words
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.analyse.made import COEFFICIENTS, FULL, LAW, seconds, table

FAR = Point(T=512, V=65536, d=512, H=512)
SWEEP = MeasuredPoints(["n", "k"], np.array([[4.0, 10.0], [16.0, 2.0]]))
POSITIVE = st.floats(0.01, 1e6)


@pytest.fixture
def noisy(rng: np.random.Generator) -> Fit:
    return fit(table(seconds(), rng=rng, noise=0.03, point_effects=0.05), LAW, overhead="1 + T")


def test_a_law_without_noise_predicts_what_it_gives() -> None:
    found = fit(table(seconds()), LAW, overhead="1 + T")
    (predicted,) = make_predictor("s", found).predict([FAR])
    exact = float(FULL.evaluate(dict(FAR), COEFFICIENTS))
    assert predicted.value == pytest.approx(exact, rel=1e-3)
    assert (predicted.subject, predicted.response, predicted.at) == ("s", "seconds_per_eval", FAR)


def test_beyond_the_data_a_law_that_was_found_in_few_points_is_doubtful(rng: np.random.Generator) -> None:
    n = np.repeat(np.array([1000, 2154, 4642, 10_000, 21_544, 46_416, 100_000]), 5)
    found = fit(pd.DataFrame({"n": n, "seconds_per_eval": 1e-9 * n * np.exp(rng.normal(0, 0.02, n.size))}), "n")
    within, beyond = Point(n=50_000), Point(n=500_000)
    stated = make_predictor("s", found)
    assert [one.grade for one in stated.predict([within, beyond])] == ["sound", "sound"]
    discovered = make_predictor("s", found, near=stated.intervals)
    grades = discovered.predict([within, beyond])
    assert [one.grade for one in grades] == ["sound", "doubtful"]
    assert "the law was found in these measurements" in with_words(grades)[1].to_json()["note"]


def test_it_is_the_mixture_of_all_ways_to_predict(noisy: Fit) -> None:
    point = Point(T=300, V=9000, d=100, H=100)
    stack = Stack(noisy)
    table = {name: np.array([float(level)]) for name, level in point.items()}
    (expected,) = stack.predict(table)
    (predicted,) = make_predictor("s", noisy).predict([point])
    assert (predicted.value, predicted.low, predicted.high) == pytest.approx(tuple(expected), rel=1e-9)
    each = np.exp([float(centre[0]) for centre in stack.centres(table).values()])
    assert each.min() <= expected.estimate <= each.max()
    assert predicted.value != noisy.predict([point])[0].estimate


def test_with_few_points_the_law_alone_predicts(rng: np.random.Generator) -> None:
    samples = table(seconds(), rng=rng, noise=0.03)
    some = samples[(samples["V"] == 512) & (samples["d"] == 64)]
    few = fit(some, "T*H*V + T*H**2", overhead="1")
    with pytest.raises(FitError, match="neighbours"):
        Neighbours(few)
    (predicted,) = make_predictor("s", few).predict([FAR])
    assert predicted.value == pytest.approx(few.predict([FAR])[0].estimate, rel=0.02)
    assert set(Stack(few).names) <= {"law", "power law", "thresholds"}


def test_without_a_level_that_only_neighbours_need_the_law_alone_predicts(rng: np.random.Generator) -> None:
    found = fit(table(seconds(), rng=rng, noise=0.03), "T*H*V + T*H**2", overhead="1 + T")
    point = Point(T=16, V=512, H=64)
    (predicted,) = make_predictor("s", found).predict([point])
    assert predicted.value == found.predict([point])[0].estimate


def test_bytes_of_the_result_are_added_to_all_three(noisy: Fit) -> None:
    (bare,) = make_predictor("s", noisy).predict([FAR])
    (more,) = make_predictor("s", noisy, response="allocated_bytes", added=lambda point: 2.0 * point["T"]).predict(
        [FAR]
    )
    assert (more.value, more.low, more.high) == tuple(end + 1024.0 for end in (bare.value, bare.low, bare.high))  # type: ignore[operator]
    assert more.response == "allocated_bytes"


def test_where_the_law_is_nothing_nothing_is_predicted() -> None:
    n = np.repeat([2.0, 4, 8, 16, 32, 64], 3)
    import pandas as pd

    found = fit(pd.DataFrame({"n": n, "seconds_per_eval": 1e-6 * n * np.log(n)}), "n*log(n)", overhead=())
    one, three = make_predictor("s", found).predict([Point(n=1), Point(n=3)])
    assert (one.value, one.low, one.high) == (None, None, None)
    assert one.note == "the law says nothing here; n is 2 times below the smallest measured"
    assert three.value == pytest.approx(3e-6 * np.log(3))


def test_a_point_beyond_all_numbers_leaves_the_others_as_they_are(noisy: Fit) -> None:
    predictor = make_predictor("s", noisy)
    (alone,) = predictor.predict([FAR])
    huge, added = predictor.predict([Point(T=10**300, V=10**300, d=1, H=1), FAR])
    assert (huge.value, huge.low, huge.high) == (None, None, None)
    assert huge.note.startswith("the law says nothing here; ")
    assert (added.value, added.low, added.high) == pytest.approx((alone.value, alone.low, alone.high), rel=1e-12)


def test_what_is_declared_is_bytes_without_width_and_without_reach() -> None:
    (found,) = declared("s", ("n",), lambda point: 8.0 * point["n"]).predict([Point(n=100)])
    assert (found.value, found.low, found.high) == (800.0, 800.0, 800.0)
    assert (found.farther, found.note, found.response) == (None, "", "working_set_bytes")


def test_its_json_has_what_the_contract_names(noisy: Fit) -> None:
    (found,) = make_predictor("s", noisy).predict([FAR])
    document = found.to_json()
    assert list(document)[:-1] == [
        *("subject", "response", "unit", "at", "value", "low", "high", "farther", "grade", "note"),
    ]
    assert document["grade"] == "sound"
    assert document["evidence"]["finding"] == "assessment"
    assert document["at"] == dict(FAR)
    assert document["farther"] == 32.0  # T = 16 is where V was swept farthest
    assert document["note"] == found.note != ""


# --- how far ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=6), st.tuples(POSITIVE, POSITIVE))
def test_the_reach_is_that_of_foresight(measured: list[tuple[float, float]], point: tuple[float, float]) -> None:
    here = dict(zip("nk", point, strict=True))
    expected = distance_beyond(here, [dict(zip("nk", each, strict=True)) for each in measured])
    found = MeasuredPoints(["n", "k"], np.array(measured)).extrapolation(here)
    assert found.farther == expected
    assert (found.factor != "") is (expected > 1)


@pytest.mark.parametrize(
    ("point", "words"),
    [
        ({"n": 16, "k": 2}, ""),
        ({"n": 8, "k": 2}, ""),
        ({"n": 160, "k": 2}, "10 times farther in n than any measured point"),
        ({"n": 16, "k": 5}, "2.5 times farther in k than the nearest measured point"),
        ({"n": 160, "k": 11}, "10 times farther in n than any measured point, and beyond all of them in k"),
        ({"n": 2, "k": 1}, "n is 2 times below the smallest measured; k is 2 times below the smallest measured"),
        ({"n": 64_000, "k": 2}, "4 000 times farther in n than any measured point"),
        ({"n": 1.6e13, "k": 2}, "1e+12 times farther in n than any measured point"),
    ],
)
def test_how_far_in_words(point: dict[str, float], words: str) -> None:
    assert SWEEP.extrapolation(point).words == words


def test_a_factor_measured_at_0_alone_is_stated() -> None:
    found = MeasuredPoints(["n"], np.array([[0.0]])).extrapolation({"n": 3})
    assert tuple(found) == (None, "n", "n was measured at 0 alone")


def test_nothing_measured_has_no_reach() -> None:
    assert tuple(MeasuredPoints(["n"], np.zeros((0, 1))).extrapolation({"n": 3})) == (None, "", "")
    assert tuple(SWEEP.extrapolation({"other": 3.0})) == (None, "", "")


def test_foresight_and_predict_say_the_same(noisy: Fit) -> None:
    from types import SimpleNamespace

    from bptt_bench.plan import Cell

    evidence = SimpleNamespace(fit_or_reason=lambda *_: noisy)
    (stored,) = predict_beyond(evidence, [Cell("s", FAR)])  # type: ignore[arg-type]  # all that it asks of evidence
    (found,) = make_predictor("s", noisy).predict([FAR])
    assert (stored.value, stored.low, stored.high, stored.farther) == (
        found.value,
        found.low,
        found.high,
        found.farther,
    )


def test_a_prediction_is_shown_in_one_line() -> None:
    n = np.repeat([1000.0, 2000.0, 4000.0, 8000.0, 16000.0], 2)
    found = fit(pd.DataFrame({"n": n, "seconds_per_eval": 2e-6 * n}), "n")
    inside, undefined = make_predictor("s", found).predict([Point(n=8000), Point(n=0)])
    assert repr(inside) == "PointPrediction of seconds_per_eval of 's' at n=8000: 0.016 [0.016, 0.016] s, sound"
    assert repr(undefined) == "PointPrediction of seconds_per_eval of 's' at n=0: undefined"
