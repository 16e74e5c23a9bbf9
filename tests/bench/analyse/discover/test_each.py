"""Each combination of categories has laws of its own, or a reason why it has none."""

from __future__ import annotations

import numpy as np
import pandas as pd
from bptt_bench.analyse.discover.discover import discover_each
from bptt_bench.plan import Point
from numpy.typing import NDArray

N = np.array([1000.0, 2000, 4000, 8000, 16_000])


def part(seconds: NDArray[np.float64], rng: np.random.Generator, noise: float = 0.03) -> pd.DataFrame:
    n = np.repeat(N, 3)
    frame = pd.DataFrame({"n": n, "seconds_per_eval": np.repeat(seconds, 3) * np.exp(noise * rng.standard_normal(15))})
    frame.attrs["factors"] = ["n"]
    return frame


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
