"""The comparison of the engines: it takes turns, finds a difference, and calls none what is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scaling.engines import EXPERIMENT, LEVELS, compared, in_turns


def frame_of(rng: np.random.Generator, slower: float = 1.0) -> pd.DataFrame:
    rows = [
        {"subject": subject.name, "n": n, "block": block, "seconds_per_eval": seconds, "timing": "whole"}
        for subject in EXPERIMENT.subjects
        for n in LEVELS
        for block in range(6)
        for seconds in [(1e-6 + slower * 1e-9 * n) * np.exp(0.005 * rng.standard_normal())]
    ]
    frame = pd.DataFrame(rows)
    frame.attrs["factors"] = ["n"]
    return frame


def test_the_engines_take_turns_and_blocks_keep_apart(rng: np.random.Generator) -> None:
    asked: list[tuple[str, int]] = []

    def measure(engine: str, pair: int) -> pd.DataFrame:
        asked.append((engine, pair))
        return frame_of(rng).query("block < 3")

    frames = in_turns(2, measure)
    assert asked == [("local", 0), ("dask", 0), ("dask", 1), ("local", 1)]
    for frame in frames.values():
        assert sorted(set(frame["block"])) == [0, 1, 2, 3, 4, 5]
        assert frame.attrs["factors"] == ["n"]


@pytest.mark.parametrize(("slower", "agrees"), [(1.0, True), (1.1, False)])
def test_coefficients_that_differ_are_found(rng: np.random.Generator, slower: float, agrees: bool) -> None:
    found = compared({"local": frame_of(rng), "dask": frame_of(rng, slower)})
    assert [one.subject for one in found] == [subject.name for subject in EXPERIMENT.subjects]
    for one in found:
        assert one.ratio[0] == pytest.approx(slower, rel=0.03)
        assert one.line().endswith("same" if one.agrees else "differs")
    assert all(one.agrees for one in found) is agrees
