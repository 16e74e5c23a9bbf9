"""Laws with a step are found where the time jumps, not where it does not, and say how little is known of its place."""

from __future__ import annotations

from collections.abc import Callable

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.averaged import averaged_predictor, predictor_of_laws
from bptt_bench.analyse.findings.predictions import Grade, WithinStep
from bptt_bench.plan import Point
from numpy.typing import NDArray

Array = NDArray[np.float64]
SIZES = 1000.0 * 2 ** np.arange(9)


def table(
    seconds: Callable[[Array], Array], rng: np.random.Generator, *, noise: float = 0.01, repetitions: int = 1
) -> pd.DataFrame:
    n = np.repeat(SIZES, repetitions)
    return pd.DataFrame({"n": n, "seconds": seconds(n) * np.exp(noise * rng.standard_normal(len(n)))})


def cache(n: Array) -> Array:
    """Three times as slow at the three largest sizes."""
    return 1e-8 * n * np.where(n > 40_000, 3.0, 1.0)


@pytest.mark.parametrize("repetitions", [1, 3])
@pytest.mark.parametrize("seed", range(4))
def test_slower_operations_beyond_a_size_are_no_high_power(seed: int, repetitions: int) -> None:
    found = bench.discover(table(cache, np.random.default_rng(seed), repetitions=repetitions))
    assert found.law.text == "n + n*(n>32000)"
    assert found.doubts == ()
    (beyond,) = found.curve([{"n": 1_000_000}])
    assert beyond.estimate == pytest.approx(0.03, rel=0.05)


def test_another_algorithm_beyond_a_size_has_terms_of_its_own(rng: np.random.Generator) -> None:
    found = bench.discover(table(lambda n: np.where(n <= 8000, 1e-9 * n**2, 1e-8 * n * np.log(n)), rng))
    assert found.law.text == "n**2*(n<=8000) + n*log(n)*(n>8000)"


def test_a_time_that_falls_at_a_size_has_a_law_too(rng: np.random.Generator) -> None:
    found = bench.discover(table(lambda n: 1e-8 * n * np.where(n > 40_000, 0.25, 1.0), rng))
    assert found.law.text == "n*(n<=32000) + n*(n>32000)"


def test_a_step_in_one_of_two_factors_is_found(rng: np.random.Generator) -> None:
    n, m = (np.repeat(one.ravel(), 2) for one in np.meshgrid(SIZES, [10.0, 20, 40]))
    seconds = m * cache(n) * np.exp(0.01 * rng.standard_normal(len(n)))
    found = bench.discover(pd.DataFrame({"n": n, "m": m, "seconds": seconds}))
    assert found.law.text == "n*m + n*m*(n>32000)"


@pytest.mark.parametrize("law", [lambda n: n, lambda n: n * np.log(n), lambda n: n**2 + 1e4 * n, lambda n: n + 1e4])
@pytest.mark.parametrize("seed", range(5))
def test_smooth_times_have_no_step(law: Callable[[Array], Array], seed: int) -> None:
    found = bench.discover(table(lambda n: 1e-8 * law(n), np.random.default_rng(seed), noise=0.05))
    assert not any(one.step for one in found.candidates), [one.law.text for one in found.candidates]


def test_between_the_levels_of_a_step_both_values_are_held(rng: np.random.Generator) -> None:
    found = bench.discover(table(cache, rng, repetitions=3))
    between, below, above = averaged_predictor(found)([{"n": one} for one in (45_000, 31_000, 64_000)])
    for interval in (between, found.predict([{"n": 45_000}])[0]):
        assert interval.low < 4.5e-4
        assert interval.high > 13.5e-4
    assert below.low < 3.1e-4 < below.high < 2 * 3.1e-4
    assert 19.2e-4 / 2 < above.low < 19.2e-4 < above.high
    step = found.answer.step
    assert step is not None
    assert (step.factor, step.low, step.high) == ("n", 32_000, 64_000)
    assert step.at_far_end(found.fit).full_law.text == "n + n*(n>=64000) + 1"
    assert step.at_far_end(found.fit).law_exponent("n", {"n": 45_000}) == pytest.approx(1)
    assert step.holds(pd.DataFrame({"n": [32_000.0, 45_000.0, 64_000.0]})).tolist() == [False, True, False]


def test_both_sides_of_a_step_move_with_it(rng: np.random.Generator) -> None:
    found = bench.discover(table(lambda n: 1e-8 * n * np.where(n > 40_000, 0.25, 1.0), rng))
    step = found.answer.step
    assert step is not None
    assert step.at_far_end(found.fit).full_law.text == "n*(n<64000) + n*(n>=64000) + 1"
    assert step.is_in(["n*(n>32000)"])
    assert not step.is_in(["n"])


def test_a_value_within_a_step_is_doubtful_and_says_why(rng: np.random.Generator) -> None:
    found = bench.discover(table(lambda n: 1e-8 * n * np.where(n > 5000, 3.0, 1.0), rng, repetitions=3))
    points = [Point(n=one) for one in (5000, 8000, 24_000)]
    within, *others = predictor_of_laws("", found).predict(points)
    assert [one.grade for one in others] == [Grade.SOUND, Grade.SOUND]
    assert within.grade is Grade.DOUBTFUL
    assert within.assessment is not None
    (reason,) = within.assessment.reasons
    assert isinstance(reason, WithinStep)
    assert (reason.factor, reason.between) == ("n", (4000, 8000))
    assert reason.times == pytest.approx(3, rel=0.05)


def test_a_value_within_a_step_of_nearly_nothing_is_not_doubted(rng: np.random.Generator) -> None:
    frame = table(lambda n: 1e-8 * n * np.where(n > 40_000, 1.08, 1.0), rng, noise=1e-4, repetitions=3)
    found = bench.discover(frame)
    assert found.answer.step is not None
    assert found.within_step({"n": 45_000}) is None


def test_a_step_that_is_stated_is_where_it_is_stated() -> None:
    n = np.array([25.0, 50, 100, 400, 800, 1600])
    frame = pd.DataFrame({"n": n, "seconds": 1e-6 * n * np.where(n > 100, 3.0, 1.0)})
    found = bench.discover(frame, counts="n + n*(n>100)")
    assert found.answer.step is None
    assert found.predict([{"n": 200}])[0].estimate == pytest.approx(6e-4, rel=1e-3)
    assert found.within_step({"n": 200}) is None


def test_a_step_of_the_work_is_one_of_the_time(rng: np.random.Generator) -> None:
    n = SIZES.astype(np.float64)
    counted = pd.DataFrame({"n": n, "comparisons_count": n * np.where(n > 40_000, 30.0, 10.0), "timing": "counts"})
    timed = pd.DataFrame(
        {"n": n, "seconds_per_eval": cache(n) * np.exp(0.01 * rng.standard_normal(len(n))), "timing": "whole"}
    )
    frame = pd.concat([timed, counted], ignore_index=True)
    frame.attrs["factors"] = ["n"]
    found = bench.discover(frame)
    assert [one.law.text for one in (found, *found.work)] == ["n + n*(n>32000)"] * 2
    step = found.answer.step
    assert step is not None
    assert (step.factor, step.low, step.high) == ("n", 32_000, 64_000)


def test_a_jump_of_few_operations_of_a_constant_is_no_step() -> None:
    frame = pd.DataFrame({"n": SIZES, "operations_count": np.where(SIZES > 4000, 102.0, 100.0)})
    found = bench.discover(frame, response="operations_count", factors=["n"])
    assert not any(one.step for one in found.candidates if "log" not in one.law.text)


def test_a_step_is_named_by_a_level_as_it_was_measured(rng: np.random.Generator) -> None:
    sizes = np.array([1_000_003.0, 2_000_003, 4_000_007, 8_000_009, 16_000_057, 32_000_011, 64_000_031])
    seconds = 1e-8 * sizes * np.where(sizes > 1e7, 3.0, 1.0) * np.exp(0.005 * rng.standard_normal(len(sizes)))
    frame = pd.DataFrame({"n": sizes, "seconds": seconds})
    found = bench.discover(frame, factors=["n"])
    assert found.law.text == "n + n*(n>8000009)"
    assert found.fit.error.max < 0.02
