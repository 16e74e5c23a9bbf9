"""Tables of two sides, from visits laid out by hand: what a value is made of can be worked out beside each."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.data.samples import gather
from bptt_bench.analyse.data.visit_tables import Visits, interleaved_tables, mean_table


def visits(n: list[int], process: list[int], block: list[int], log: list[float]) -> Visits:
    frame = pd.DataFrame({"n": n, "seconds_per_eval": np.exp(log)})
    samples = gather(frame, ["n"], response="seconds_per_eval", what="law 'n'")
    assert samples.rows is not None
    column = np.array(process)[samples.rows]
    return Visits(samples, column, max(process) + 1, block=np.array(block)[samples.rows])


def test_a_value_is_the_mean_of_all_visits_of_a_process() -> None:
    table = mean_table(visits([1, 1, 1, 2], [0, 0, 1, 1], [0, 1, 2, 2], [0.1, 0.3, 0.2, 5.0]))
    assert table.values == pytest.approx(np.array([[0.2, 0.2], [np.nan, 5.0]]), nan_ok=True)
    np.testing.assert_array_equal(table.visits, [[2, 1], [0, 1]])


def test_an_outlying_visit_is_winsorised() -> None:
    logs = [-0.1, -0.05, 0.0, 0.05, 9.0]  # median 0, median absolute deviation 0.05
    table = mean_table(visits([1] * 5, [0] * 5, list(range(5)), logs))
    assert table.values[0, 0] == pytest.approx((-0.1 - 0.05 + 0.05 + 2.5 * 1.4826 * 0.05) / 5)


def test_only_neighbours_are_subtracted() -> None:
    """The second side lacks the visit of block 1, and has a point that the first does not have."""
    first = visits([1, 1, 1, 2], [0, 0, 1, 1], [0, 1, 2, 2], [0.0, 7.0, 1.0, 3.0])
    second = visits([1, 1, 2, 3], [0, 1, 1, 1], [0, 2, 2, 2], [0.5, 1.7, 3.1, 4.0])
    before, after = interleaved_tables(first, second, np.array([0, 1, -1]))
    assert after.values - before.values == pytest.approx(np.array([[0.5, 0.7], [np.nan, 0.1]]), nan_ok=True)
    np.testing.assert_array_equal(after.visits, [[1, 1], [0, 1]])
    level = (0 + 1 + 1 + 2.5 * 1.4826) / 3  # of the point: the mean of its visits, 7 drawn in
    assert before.values[0] == pytest.approx([level, level])


def test_sides_without_a_visit_in_turn_have_no_value() -> None:
    first, second = visits([1, 2], [0, 0], [0, 0], [0.0, 1.0]), visits([1, 2], [0, 0], [1, 1], [0.0, 1.0])
    before, after = interleaved_tables(first, second, np.array([0, 1]))
    assert np.isnan(before.values).all()
    assert np.isnan(after.values).all()
