"""A response that falls is said to fall, and by how much; noise and what grows are not."""

from __future__ import annotations

from collections.abc import Callable

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.falling import falling, turning
from bptt_bench.report.words.laws import answer_text, growth_lines
from numpy.typing import NDArray

Array = NDArray[np.float64]
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


BLOCKS = np.array([8.0, 16, 32, 64, 128, 256, 512, 1024])


def test_a_response_that_falls_and_then_rises_turns_where_it_is_least(rng: np.random.Generator) -> None:
    (found,) = turning({"n": N}, np.log(N / 1000 + 1000 / N) + 0.01 * rng.standard_normal(8))
    assert (found.factor, found.at, found.between) == ("n", 800, (100, 12_800))
    assert found.before == pytest.approx(10.1 / 2.05, rel=0.05)
    assert found.after == pytest.approx(12.88 / 2.05, rel=0.05)


@pytest.mark.parametrize("of", [np.ones_like, lambda n: n, lambda n: np.maximum(n, 1000), lambda n: n + 2000, np.log])
@pytest.mark.parametrize("noise", [0.01, 0.2])
def test_what_does_not_fall_before_it_rises_does_not_turn(of: Callable[[Array], Array], noise: float) -> None:
    draws = np.random.default_rng(0).standard_normal((50, len(N)))
    assert not any(turning({"n": N}, np.log(of(N)) + noise * draw) for draw in draws)


def test_the_best_size_of_a_block_is_named_with_its_law(rng: np.random.Generator) -> None:
    seconds = (BLOCKS / 100 + 100 / BLOCKS) * np.exp(0.01 * rng.standard_normal(len(BLOCKS)))
    found = bench.discover(pd.DataFrame({"size": BLOCKS, "seconds": seconds}), factors=["size"])
    assert found.law.text == "size + size**(-1)"
    assert answer_text(found).startswith("the time falls up to size = 128, then rises, as size + size⁻¹")
    assert found.doubts == ()
    assert found.largest == {"size": 1024}


def test_a_block_beside_a_size_has_its_best_too(rng: np.random.Generator) -> None:
    n, block = (axis.ravel() for axis in np.meshgrid([1000.0, 2000, 4000, 8000], BLOCKS))
    seconds = n * (block / 100 + 100 / block) * np.exp(0.02 * rng.standard_normal(len(n)))
    found = bench.discover(pd.DataFrame({"n": n, "width": block, "seconds": seconds}))
    assert set(map(str, found.law.terms)) == {"n*width", "n*width**(-1)"}
    assert answer_text(found).startswith("the time falls up to width = 128, then rises, as ")


def test_a_turn_that_no_law_describes_is_told(rng: np.random.Generator) -> None:
    seconds = np.exp(0.6 * np.abs(np.log(BLOCKS / 100)) + 0.005 * rng.standard_normal((5, len(BLOCKS))))
    frame = pd.DataFrame({"size": np.tile(BLOCKS, 5), "seconds": seconds.ravel()})
    found = bench.discover(frame, factors=["size"])
    assert [one.factor for one in found.turns] == ["size"]
    assert answer_text(found).startswith(
        "the time falls up to size = 128, then rises; no law fits all points, nearest "
    )


def test_a_law_that_fits_has_no_turn_that_it_does_not_follow() -> None:
    rng = np.random.default_rng(68)  # by powers of the other factors this table turns along w, which it does not
    t, d, v, w = (np.exp(rng.uniform(3, 7, 40)).round() for _ in range(4))
    seconds = t * d * (v + w + d) * np.exp(0.03 * rng.standard_normal(40))
    levels = {"t": t, "d": d, "v": v, "w": w}
    assert [one.factor for one in turning(levels, np.log(seconds))] == ["w"]
    found = bench.discover(pd.DataFrame({**levels, "seconds": seconds}), factors=list(levels))
    assert found.turns == ()
    assert answer_text(found).startswith("the time grows as ")
