"""Averages over laws: quantiles of mixtures, intervals that hold for every law, and which law is the answer."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.averaged import averaged_predictor
from bptt_bench.analyse.discover.deciding import deciding_measurement
from bptt_bench.analyse.discover.law_set import Candidate, LawSet, average
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import CostLaw

LAWS = ("n", "n*log(n)", "n**2 + n")


@pytest.fixture
def frame(rng: np.random.Generator) -> pd.DataFrame:
    n = np.repeat(1000.0 * 2 ** np.arange(6), 5)
    frame = pd.DataFrame({"n": n, "seconds_per_eval": 1e-8 * n * np.log(n) * np.exp(0.1 * rng.standard_normal(30))})
    frame.attrs["factors"] = ["n"]
    return frame


def of_weights(frame: pd.DataFrame, weights: tuple[float, ...]) -> LawSet:
    fits = [bench.fit(frame, law, overhead="1") for law in LAWS]
    made = [
        Candidate(law=CostLaw(law), weight=w, fit=fit) for law, w, fit in zip(LAWS, weights, fits, strict=True) if w
    ]
    return LawSet(candidates=tuple(sorted(made, key=lambda one: -one.weight)))


def test_an_average_of_one_law_is_that_law() -> None:
    (found,) = average([(1.0, [Interval(2.0, 1.0, 4.0)])], 0.95)
    assert found == pytest.approx((2.0, 1.0, 4.0), rel=1e-6)


def test_an_average_has_the_quantiles_of_the_mixture(rng: np.random.Generator) -> None:
    one, other = Interval(1.0, math.exp(-0.2), math.exp(0.2)), Interval(3.0, 3 * math.exp(-0.4), 3 * math.exp(0.4))
    (found,) = average([(0.7, [one]), (0.3, [other])], 0.95)
    first = rng.random(400_000) < 0.7
    drawn = np.where(first, 0.0, math.log(3)) + np.where(first, 0.2, 0.4) / 1.959964 * rng.standard_normal(400_000)
    expected = np.exp(np.quantile(drawn, [0.5, 0.025, 0.975]))
    assert found == pytest.approx(tuple(expected), rel=0.01)


def test_where_a_law_is_undefined_the_average_is_too() -> None:
    nothing = Interval(math.nan, math.nan, math.nan)
    (found,) = average([(0.5, [nothing]), (0.5, [Interval(1.0, 0.5, 2.0)])], 0.95)
    assert all(map(math.isnan, found))


def test_the_simplest_law_is_the_answer_unless_it_is_unlikely(frame: pd.DataFrame) -> None:
    assert of_weights(frame, (0.2, 0.0, 0.8)).law.text == "n"
    assert of_weights(frame, (0.05, 0.0, 0.95)).law.text == "n**2 + n"
    assert of_weights(frame, (0.3, 0.6, 0.1)).law.text == "n*log(n)"


def test_an_exponent_has_an_interval_that_holds_for_every_law(frame: pd.DataFrame) -> None:
    found = of_weights(frame, (0.3, 0.6, 0.1))
    at = {"n": 32_000.0}
    exponent = found.exponent("n", at)
    each = [one.fit.exponent("n", at) for one in found.candidates]
    assert exponent.low <= min(one.estimate for one in each)
    assert exponent.high >= max(one.estimate for one in each)
    assert exponent.estimate == pytest.approx(
        sum(c.weight * e.estimate for c, e in zip(found.candidates, each, strict=True))
    )


def test_what_decides_is_the_cheapest_point_at_which_laws_differ(frame: pd.DataFrame) -> None:
    found = of_weights(frame, (0.4, 0.6, 0.0))
    decides = deciding_measurement(found)
    assert decides is not None
    assert (decides.this, decides.others) == ("n*log(n)", ("n",))
    one, other = (math.log(each.fit.curve([decides.at])[0].estimate) for each in found.candidates)
    assert abs(one - other) > 3 * 0.1 / math.sqrt(5)
    assert decides.seconds is not None
    assert deciding_measurement(found, within=decides.seconds / 10) is None
    assert deciding_measurement(replace(found, candidates=found.candidates[:1])) is None


def test_predictions_with_neighbours_are_averaged_too(frame: pd.DataFrame) -> None:
    found = of_weights(frame, (0.4, 0.6, 0.0))
    (near,) = averaged_predictor(found)([{"n": 64_000.0}])
    (alone,) = found.predict([{"n": 64_000.0}])
    assert near.estimate == pytest.approx(alone.estimate, rel=0.2)
    assert near.low < near.estimate < near.high


def test_factors_that_go_together_are_decided_on_together(rng: np.random.Generator) -> None:
    n = np.repeat([100.0, 200, 400, 800, 1600], 3)
    seconds = 1e-8 * n**2 * np.exp(0.05 * rng.standard_normal(len(n)))
    data = pd.DataFrame({"n": n, "m": 2 * n, "seconds": seconds})
    found = bench.discover(data, factors=["n", "m"])
    assert len(found.candidates) > 1
    at = {} if found.decides is None else dict(found.decides.at)
    assert at.get("m", 2.0) == 2 * at.get("n", 1.0)


@pytest.mark.parametrize(("levels", "most"), [([1.0, 2, 4, 8, 16, 32], 128), ([1.0, 2, 3, 4, 5, 6], 6)])
def test_what_decides_can_be_measured_where_a_factor_counts(
    levels: list[float], most: float, rng: np.random.Generator
) -> None:
    threads = np.array(levels)
    seconds = (1 / threads + 0.01) * np.exp(0.02 * rng.standard_normal(len(threads)))
    found = bench.discover(pd.DataFrame({"threads": threads, "seconds": seconds}), factors=["threads"])
    assert len(found.candidates) > 1
    at = {} if found.decides is None else dict(found.decides.at)
    assert at.get("threads", 1.0) <= most


def test_a_set_is_represented_by_a_line_for_each_law(frame: pd.DataFrame) -> None:
    found = replace(of_weights(frame, (0.3, 0.6, 0.1)), notes=("column 'm' is not used",))
    head, *lines, note = str(found).splitlines()
    assert head == "LawSet of seconds_per_eval, answer n*log(n)"
    assert [line.split(":")[0].strip() for line in lines] == [one.law.text for one in found.candidates]
    assert re.fullmatch(r"  n\*log\(n\): weight 0.6, mean error [\d.]+ %, largest [\d.]+ %", lines[0])
    assert note == "  note: column 'm' is not used"
    assert repr(found) == str(found)
    assert repr(found.candidates[0]) == lines[0].strip()
