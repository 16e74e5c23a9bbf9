"""Parts of the data with one law weigh it together; parts with laws of their own keep these."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bptt_bench.analyse.discover.discover import discover, discover_each
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.plan import Point
from numpy.typing import NDArray

N = np.array([1000.0, 2000, 4000, 8000, 16_000])


def part(seconds: NDArray[np.float64], rng: np.random.Generator, noise: float = 0.03) -> pd.DataFrame:
    n = np.repeat(N, 3)
    frame = pd.DataFrame({"n": n, "seconds_per_eval": np.repeat(seconds, 3) * np.exp(noise * rng.standard_normal(15))})
    frame.attrs["factors"] = ["n"]
    return frame


def weight(found: LawSet, law: str) -> float:
    return sum(one.weight for one in found.candidates if one.law.text == law)


def test_what_one_part_leaves_open_others_decide(rng: np.random.Generator) -> None:
    frames = {
        Point(kind=str(i)): part(c * N * np.log(N), rng, noise=0.1) for i, c in enumerate((1e-8, 3e-8, 9e-8, 2e-8))
    }
    found, left_out = discover_each(frames.items(), response="seconds_per_eval")
    assert left_out == {}
    shared = [weight(one, "n*log(n)") for one in found.values()]
    alone = [weight(discover(frame), "n*log(n)") for frame in frames.values()]
    assert min(shared) > 0
    assert np.mean(shared) > np.mean(alone)


def test_parts_of_different_laws_have_their_own(rng: np.random.Generator) -> None:
    frames = {Point(kind="a"): part(1e-8 * N, rng), Point(kind="b"): part(1e-11 * N**2, rng)}
    found, _ = discover_each(frames.items(), response="seconds_per_eval")
    assert [one.law.text for one in found.values()] == ["n", "n**2"]


def test_a_part_with_too_few_points_is_left_out_with_the_reason(rng: np.random.Generator) -> None:
    whole = part(1e-8 * N, rng)
    few = whole[whole["n"] < 3000]
    few.attrs["factors"] = ["n"]
    found, left_out = discover_each([(Point(kind="a"), whole), (Point(kind="b"), few)], response="seconds_per_eval")
    assert list(found) == [Point(kind="a")]
    assert left_out[Point(kind="b")].startswith("points: 2; finding a law needs 4 or more")
