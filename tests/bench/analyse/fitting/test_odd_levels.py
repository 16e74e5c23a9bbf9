"""A single level that lies off is named; steps, wrong laws, noise and what does not recur are not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.findings.remarks import OddLevel
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.odd_levels import find_odd_levels
from bptt_bench.report.words.findings.clauses import words

LEVELS = np.round(np.geomspace(1000, 100_000, 7))


def frame(time: Callable[[float], float], noise: float = 0.02, repetitions: int = 5, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        {"n": level, "seconds_per_eval": 1e-9 * time(level) * float(np.exp(noise * rng.standard_normal()))}
        for level in LEVELS
        for _ in range(repetitions)
    ]
    return pd.DataFrame(rows)


def odd(data: pd.DataFrame, law: str = "n", **added: list[float]) -> list[OddLevel]:
    return list(find_odd_levels("code", fit(data, law, overhead=("1",)), added))


@pytest.mark.parametrize("place", [1, 3, 5])
@pytest.mark.parametrize("times", [0.4, 1.8, 3.0])
@pytest.mark.parametrize("law", ["n", "n**2"])  # whether the law is right or wrong
def test_a_level_that_lies_off_is_named(place: int, times: float, law: str) -> None:
    level = LEVELS[place]
    (found,) = odd(frame(lambda n: n * (times if n == level else 1.0)), law)
    assert (found.factor, found.level, found.is_added) == ("n", level, False)
    assert found.times == pytest.approx(times, rel=0.3)


@pytest.mark.parametrize(
    "time",
    [
        lambda n: n,
        lambda n: n + n**2 / 20_000,
        lambda n: n * (3.0 if n > 20_000 else 1.0),  # a cache
        lambda n: n * (3.0 if n < 3_000 else 1.0),
        lambda n: n**3,
        lambda n: 2.0 ** (n / 5000),
        lambda n: n * (3.0 if n == LEVELS[-1] else 1.0),  # the last one may be the first beyond a cache
        lambda n: n * (1.3 if n == LEVELS[3] else 1.0),
    ],
)
@pytest.mark.parametrize("law", ["n", "n*log(n)"])
def test_what_is_no_single_level_far_off_is_not_named(time: Callable[[float], float], law: str) -> None:
    assert odd(frame(time), law) == []


def test_noise_is_not_named() -> None:
    found = [odd(frame(lambda n: n, noise=0.3, seed=seed)) for seed in range(100)]
    assert sum(map(bool, found)) <= 2


def test_a_level_that_lies_off_in_one_repetition_is_not_named() -> None:
    data = frame(lambda n: n)
    data.loc[data.index[data["n"] == LEVELS[3]][0], "seconds_per_eval"] *= 10
    assert odd(data) == []


def test_few_levels_do_not_tell_which_one_is_odd() -> None:
    data = frame(lambda n: n * (3.0 if n == LEVELS[2] else 1.0))
    assert odd(data[data["n"].isin(LEVELS[1:5])]) == []


def test_a_level_of_one_factor_lies_off_at_all_levels_of_the_other() -> None:
    rng = np.random.default_rng(0)
    rows = [
        {
            "n": n,
            "m": m,
            "seconds_per_eval": 1e-9 * n * m * (3 if n == LEVELS[3] else 1) * float(np.exp(0.02 * rng.normal())),
        }
        for n in LEVELS
        for m in (10.0, 20.0, 40.0, 80.0, 160.0)
        for _ in range(3)
    ]
    (found,) = find_odd_levels("code", fit(pd.DataFrame(rows), "n*m", overhead=("1",)), {})
    assert (found.factor, found.level) == ("n", LEVELS[3])


def test_a_level_that_was_put_in_is_said_to_be_so() -> None:
    level = LEVELS[3]
    (found,) = odd(frame(lambda n: n * (3.0 if n == level else 1.0), noise=1e-6), n=[level])
    assert found.is_added
    assert words(found) == (
        "code at n=10000, which was put in, takes 3 times as long as the levels beside it say, in all repetitions"
    )
    (quick,) = odd(frame(lambda n: n * (0.5 if n == level else 1.0), noise=1e-9))
    assert words(quick).startswith("code at n=10000 takes 0.5 times as long")
