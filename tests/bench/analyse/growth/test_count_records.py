"""What is stored of counts beside their medians: the spread over inputs, and what may have been missed."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.growth.count_records import (
    MOST_UNSEEN,
    counts_by_function,
    find_unseen_work,
    spread_of_inputs,
)
from bptt_bench.plan import Point

RESPONSE = "operations_count"


def frame(*records: dict[str, Any]) -> pd.DataFrame:
    table = pd.DataFrame({"subject": ["mine"]})
    table.attrs["counts"] = [{"subject": "mine", **record} for record in records]
    return table


def record(n: int, *counts: float, unseen: float | None = None) -> dict[str, Any]:
    found = {"point": {"n": n}, "by_input": {"operations": list(counts)}}
    return found if unseen is None else {**found, "unseen": {"operations": unseen}}


def spread(table: pd.DataFrame, *levels: float) -> list[float]:
    found = spread_of_inputs(table, "mine", RESPONSE, {"n": np.array(levels)})
    assert found is not None
    return [float(each) for each in found]


def test_the_spread_is_that_of_the_logarithms_and_0_where_one_input_was_counted() -> None:
    table = frame(record(10, 90, 100, 110), record(20, 200))
    expected = math.sqrt(math.pi / 2) * np.std(np.log([90, 100, 110]), ddof=1) / math.sqrt(3)
    assert spread(table, 20, 10) == pytest.approx([0, expected])


def test_three_inputs_that_happen_to_agree_are_as_uncertain_as_their_neighbours() -> None:
    even = [record(10**k, 0.9 * 10**k, 10**k, 1.1 * 10**k) for k in range(1, 10)]
    happened = [*even[:4], record(10**5, 10**5, 10**5, 10**5), *even[5:]]
    alone, usual = spread(frame(*happened), 10**5, 10)
    assert alone == pytest.approx(math.sqrt(4 / 5) * usual)
    assert spread(frame(record(10, 10, 10, 10), record(1000, 1000, 1000, 1000)), 10, 1000) == [0, 0]


def test_counts_of_others_are_none_of_this_response() -> None:
    points = {"n": np.array([10.0])}
    assert spread_of_inputs(frame(record(10, 90, 110)), "mine", "instructions_count", points) is None
    assert spread_of_inputs(frame(record(10, 90, 110)), "other", RESPONSE, points) is None
    assert spread_of_inputs(pd.DataFrame({"subject": []}), "mine", RESPONSE, points) is None


def test_counts_of_functions_are_put_at_their_points_and_are_unknown_elsewhere() -> None:
    table = frame(
        {**record(10, 90, 110), "by_function": {"f (a)": 60.0}},
        {**record(20, 200), "by_function": {"f (a)": 120.0, "g (a)": 30.0}},
        record(40, 400),
    )
    found = counts_by_function(table, "mine", RESPONSE, {"n": np.array([20.0, 10, 40])})
    assert {name: counts.tolist() for name, counts in found.items()} == {
        "f (a)": pytest.approx([120, 60, math.nan], nan_ok=True),
        "g (a)": pytest.approx([30, math.nan, math.nan], nan_ok=True),
    }
    assert counts_by_function(table, "other", RESPONSE, {"n": np.array([20.0])}) == {}
    assert counts_by_function(frame(record(10, 90)), "mine", RESPONSE, {"n": np.array([10.0])}) == {}


def test_what_python_may_do_is_held_against_the_largest_count() -> None:
    small = record(10, 100, unseen=1000)  # a constant part is more than the counts of small sizes
    assert find_unseen_work(frame(small, record(100, 1e5, unseen=1e5 * MOST_UNSEEN)), "mine", RESPONSE) is None
    found = find_unseen_work(frame(record(100, 1e5, unseen=1e4), small), "mine", RESPONSE)
    assert found is not None
    assert (found.counted, found.count, found.steps, found.at) == ("operations", 1e5, 1e4, Point(n=100))
    assert find_unseen_work(frame(record(10, 100)), "mine", RESPONSE) is None
