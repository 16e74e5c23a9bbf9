"""What a frame must hold to be fitted: each fault gets one line that names column, row and what is allowed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import fit
from bptt_bench.analyse.data.samples import gather
from bptt_bench.errors import FitError


def frame(**changes: list[Any]) -> pd.DataFrame:
    n = [1.0, 1, 2, 2, 4, 4, 8, 8]
    return pd.DataFrame({"n": n, "seconds_per_eval": [3.0 * x for x in n], **changes})


SECONDS = [3.0, 3, 6, 6, 12, 12, 24, 24]


def seconds(position: int, value: object) -> dict[str, list[Any]]:
    changed: list[Any] = list(SECONDS)
    changed[position] = value
    return {"seconds_per_eval": changed}


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (frame(**seconds(2, 0.0)), "column 'seconds_per_eval': 0 in data row 3; allowed are numbers above 0"),
        (frame(**seconds(7, -1.5)), "column 'seconds_per_eval': -1.5 in data row 8; allowed are numbers above 0"),
        (frame(**seconds(0, np.nan)), r"column 'seconds_per_eval': nothing \(NaN\) in data row 1; allowed"),
        (frame(**seconds(4, "fast")), "column 'seconds_per_eval': 'fast' in data row 5; allowed are numbers above 0"),
        (frame(**seconds(1, np.inf)), "column 'seconds_per_eval': inf in data row 2; allowed"),
        (
            frame(n=[1, 1, 2, 2, np.nan, 4, 8, 8]),
            r"column 'n': nothing \(NaN\) in data row 5; allowed are finite numbers",
        ),
        (frame().drop(columns="n"), "law 'n': unknown name 'n'; the columns are seconds_per_eval"),
        (frame().drop(columns="seconds_per_eval"), "response: no column is named as a time; the columns are n"),
        (frame()[:0], "response 'seconds_per_eval': no rows to fit"),
        (frame()[:2], "points: 1 is too few for law 'n' of 1 term; allowed are 2 or more"),
        (frame(below_floor=[True] * 8), "response 'seconds_per_eval': all 8 rows are below the signal floor"),
        (frame(subject=["a"] * 4 + ["b"] * 4), r"subject: 2 in one frame \(a, b\); select one of them"),
        (
            frame().rename(columns={"n": "low"}),
            "factor 'low': the points of a fit have a column of this name; --rename",
        ),
        (frame(n=[-1, -1, 2, 2, 4, 4, 8, 8]), "column 'n': -1 in data row 1; allowed are finite numbers from 0"),
    ],
)
def test_unusable_data_is_refused_in_one_line(bad: pd.DataFrame, message: str) -> None:
    with pytest.raises(FitError, match=message) as caught:
        fit(bad, "low" if "low" in bad else "n")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("law", "overhead", "message"),
    [
        ("n*Q", "auto", "law 'n\\*Q': unknown name 'Q'; the columns are n, seconds_per_eval"),
        ("n", "1 + Q", "unknown name 'Q'"),
        ("__import__('os')", "auto", "is not allowed"),
        ("n", ("n +",), "cannot be read"),
        ("0*n", "auto", r"term 0\*n: 0 at every point"),
        ("1/(n-1)", "auto", r"term 1/\(n-1\): inf at n=1; allowed are finite numbers from 0"),
    ],
)
def test_an_unusable_law_is_refused_in_one_line(law: str, overhead: Any, message: str) -> None:
    with pytest.raises(FitError, match=message) as caught:
        fit(frame(), law, overhead=overhead)
    assert "\n" not in str(caught.value)


def test_a_missing_block_is_refused() -> None:
    with pytest.raises(FitError, match="column 'day': missing; the columns are n, seconds_per_eval"):
        fit(frame(), "n", block="day")


def test_rows_below_the_floor_are_left_out_and_counted() -> None:
    data = frame(**seconds(0, 99.0), below_floor=[True] + [False] * 7)
    found = fit(data, "n", overhead=())
    assert (found.n_samples, found.below_floor) == (7, 1)
    assert found.coefficients == pytest.approx([3.0])


def test_a_point_of_which_most_samples_are_below_the_floor_is_left_out() -> None:
    def data(below: int) -> pd.DataFrame:
        n = [1.0] * 5 + [2.0, 4.0, 8.0] * 2
        noisy = [99.0] * 5 + [3.0 * level for level in n[5:]]
        return pd.DataFrame(
            {"n": n, "seconds_per_eval": noisy, "below_floor": [True] * below + [False] * (len(n) - below)}
        )

    found = fit(data(3), "n", overhead=())
    assert (found.n_points, found.n_samples, found.below_floor) == (3, 6, 5)
    assert fit(data(2), "n", overhead=()).n_points == 4


def test_rows_of_the_other_kind_of_timing_are_not_missing_data() -> None:
    data = frame(timing=["whole"] * 6 + ["phases"] * 2)
    data["a_seconds_per_eval"] = np.nan
    data.loc[6:, ["seconds_per_eval", "a_seconds_per_eval"]] = [[np.nan, 16.0]] * 2
    assert fit(data, "n", overhead=()).n_points == 3
    assert gather(data, ["n"], response="a_seconds_per_eval").n_points == 1


def test_points_come_in_the_order_in_which_they_first_appear() -> None:
    data = frame()[::-1]
    assert gather(data, ["n"], response="seconds_per_eval").levels["n"].tolist() == [8, 4, 2, 1]


def test_numbers_in_other_columns_are_factors_and_records_are_not() -> None:
    data = frame(m=[1, 1, 1, 1, 2, 2, 2, 2], rep=[0, 1] * 4, note=list("abababab"), other_seconds=list(np.arange(8.0)))
    assert list(gather(data, ["n"], response="seconds_per_eval").levels) == ["m", "n"]


def test_numbers_written_as_text_are_read() -> None:
    data = frame(seconds_per_eval=[str(value) for value in SECONDS]).astype({"seconds_per_eval": object})
    with pytest.raises(FitError, match="'x' in data row 1"):
        fit(data.assign(seconds_per_eval=["x", *SECONDS[1:]]), "n")
    assert fit(data, "n", overhead=()).coefficients == pytest.approx([3.0])
