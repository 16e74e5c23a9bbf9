"""A response that falls is said to fall, and by how much; noise and what grows are not."""

from __future__ import annotations

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.falling import falling
from bptt_bench.report.words.laws import answer_text, growth_lines

N = np.array([100.0, 200, 400, 800, 1600, 3200, 6400, 12_800])


def test_a_power_below_0_is_found_with_its_interval(rng: np.random.Generator) -> None:
    (found,) = falling({"n": N}, np.log(N**-0.5) + 0.02 * rng.standard_normal(8))
    assert found.low < -0.5 < found.high
    assert found.exponent == pytest.approx(-0.5, abs=0.05)
    assert found.ratio == pytest.approx(128**-0.5, rel=0.2)
    assert found.between == (100, 12_800)


@pytest.mark.parametrize("seed", range(20))
def test_noise_is_no_fall(seed: int) -> None:
    rng = np.random.default_rng(seed)
    assert falling({"n": N}, 0.05 * rng.standard_normal(8)) == ()


def test_what_grows_does_not_fall_and_two_points_say_nothing() -> None:
    assert falling({"n": N}, np.log(N)) == ()
    assert falling({"n": N[:2]}, -np.log(N[:2])) == ()


def test_a_factor_of_two_with_which_the_time_falls_is_in_its_law(rng: np.random.Generator) -> None:
    n, workers = (axis.ravel() for axis in np.meshgrid(N, [1.0, 2, 4, 8]))
    frame = pd.DataFrame({"n": n, "workers": workers, "seconds_per_eval": 1e-6 * n / workers})
    frame["seconds_per_eval"] *= np.exp(0.02 * rng.standard_normal(len(n)))
    frame.attrs["factors"] = ["n", "workers"]
    found = bench.discover(frame)
    assert found.law.text == "n*workers**(-1)"
    assert found.falls == ()
    assert answer_text(found).startswith("the time grows as n·workers⁻¹")


def test_a_falling_time_is_said_to_fall(rng: np.random.Generator) -> None:
    frame = pd.DataFrame({"n": np.repeat(N, 5)})
    frame["seconds_per_eval"] = 1 / frame["n"] * np.exp(0.02 * rng.standard_normal(40))
    found = bench.discover(frame, factors=["n"])
    assert answer_text(found) == "the time falls as n⁻¹"


def test_a_fall_that_no_law_describes_is_told(rng: np.random.Generator) -> None:
    frame = pd.DataFrame({"n": np.repeat(N, 5)})
    frame["seconds_per_eval"] = np.exp(-0.3 * np.log(frame["n"]) + 0.02 * rng.standard_normal(40))
    found = bench.discover(frame, factors=["n"])
    said = [answer_text(found), *growth_lines(found)]
    assert any("falls" in one for one in said)
    assert not any("does not grow" in one for one in said)


def test_factors_that_go_together_are_taken_for_one() -> None:
    (found,) = falling({"n": N, "m": 2 * N}, -np.log(N))
    assert found.factor == "n"
