"""Tables of predictions and largest levels: what stands in which cell, and what is said below."""

from __future__ import annotations

import io
from typing import Any

import pytest
from bptt_bench.analyse.findings.predictions import Assessment, Backtest, Grade, Misfit
from bptt_bench.analyse.predict.inverse import LargestLevel
from bptt_bench.analyse.predict.predictor import PointPrediction
from bptt_bench.plan import Point
from bptt_bench.report.terminal.predictions import MOST_NOTES, show_largest, show_predicted
from bptt_bench.text.units import SECOND, parse_unit, unit_of_name
from rich.console import Console


def printed(show: Any, found: list[Any]) -> list[str]:
    buffer = io.StringIO()
    show(found, Console(file=buffer, width=80, highlight=False))
    return [line.rstrip() for line in buffer.getvalue().splitlines()]


def predicted(response: str, value: float | None, **more: Any) -> PointPrediction:
    ends = {} if value is None else {"low": value * 0.9, "high": value * 1.1}
    return PointPrediction(
        **{
            "subject": "sort",
            "response": response,
            "at": Point(n=8),
            "value": value,
            "unit": unit_of_name(response),
            **ends,
            **more,
        }
    )


def level(**more: Any) -> LargestLevel:
    known = {
        "subject": "sort",
        "response": "seconds_per_eval",
        "unit": SECOND,
        "factor": "n",
        "within": 1.0,
        "at": Point(k=3),
    }
    return LargestLevel(**{**known, "at": Point(k=3), "largest": 12_345, "low": 11_000, "high": 13_000, **more})


def test_responses_stand_beside_each_other_in_their_units() -> None:
    lines = printed(
        show_predicted,
        [
            predicted("seconds_per_eval", 2e-3),
            predicted("allocated_bytes", 4e6),
            predicted("comparisons_count", 1234.0),
            predicted("latency", None),
        ],
    )
    assert lines[0] == "sort at n = 8"
    assert lines[1].split() == ["time", "memory", "comparisons", "latency", "beyond"]
    assert "2.00 [1.80, 2.20]\u202fms" in lines[3]
    assert "4.00 [3.60, 4.40]\u202fMB" in lines[3]
    assert "1\u202f234" in lines[3]
    assert "–" in lines[3]


def test_amounts_are_converted_once_and_where_they_are_printed() -> None:
    for name, unit in (("time_ms", "ms"), ("rss_MB", "MB"), ("bytes_per_second", "B/s")):
        assert f"5.00 [4.50, 5.50]\u202f{unit}" in printed(show_predicted, [predicted(name, 5.0)])[3]
    assert printed(show_predicted, [predicted("latency", 5.0)])[3].split("  ")[0] == "5.00 [4.50, 5.50]"


@pytest.mark.parametrize("name", ["ms", "time_ms", "Latency (us)"])
def test_a_response_with_a_unit_in_its_name_stands_above_and_not_over_other_units(name: str) -> None:
    lines = printed(show_predicted, [predicted(name, 5000.0, unit=parse_unit("ms"))])
    assert lines[0] == f"sort, response '{name}' at n = 8"
    assert lines[1].split() == ["predicted", "beyond"]
    assert "5.00 [4.50, 5.50]\u202fs" in lines[3]


def test_what_is_printed_without_a_unit_has_it_in_the_heading() -> None:
    assert "hits (misses)" in printed(show_predicted, [predicted("hits", 5e6, unit=parse_unit("misses"))])[1]
    assert "instructions (" not in printed(show_predicted, [predicted("instructions", 5e6)])[1]


@pytest.mark.parametrize(("low", "high", "shown"), [(None, 3.0, "[−∞, 3.00]"), (1.0, None, "[1.00, ∞]")])
def test_an_end_that_is_not_known_is_infinite(low: float | None, high: float | None, shown: str) -> None:
    one = PointPrediction(
        subject="s", response="seconds_per_eval", unit=SECOND, at=Point(n=8), value=2.0, low=low, high=high
    )
    assert any(shown in line for line in printed(show_predicted, [one]))


def test_how_far_beyond_is_reported_by_a_factor_and_its_name() -> None:
    found = [
        predicted("seconds_per_eval", 1.0, farther=4.25, factor="n"),
        predicted("seconds_per_eval", 1.0, farther=1.0),
    ]
    assert any("4.2× in n" in line for line in printed(show_predicted, found[:1]))
    assert not any("beyond:" in line for line in printed(show_predicted, found[1:]))


MISSED = Backtest(n_held=20, farther=4.0, bias=0.1, median=0.1, p95=0.3, coverage=0.5, power_law_median=0.2)
POWER = Misfit(kind="exponent", along=("n",), p_value=1e-9, change=0.5, effect=1.0)


def test_a_grade_stands_beside_each_point_and_its_reasons_below() -> None:
    sound = Assessment(grade=Grade.SOUND, backtest=MISSED)
    bad = Assessment(grade=Grade.REJECTED, reasons=(POWER, MISSED), backtest=MISSED)
    lines = printed(
        show_predicted,
        [
            predicted("seconds_per_eval", 1.0, at=Point(n=8), assessment=sound),
            predicted("seconds_per_eval", 9.0, at=Point(n=80), assessment=bad, farther=4.0, factor="n", beyond="far"),
        ],
    )
    assert lines[1].split()[-1] == "grade"
    assert [line.split()[-1] for line in lines[3:5]] == ["sound", "rejected"]
    below = " ".join(lines[5:])
    assert "extrapolates a law that the data reject: the power of n is 0.5 higher than the law's (p = 1e-09)" in below
    assert "the 20 largest measured points were off by 11 % in the median, 10 of them outside their intervals" in below
    assert below.count("intervals held 10") == 1


def test_factors_that_differ_have_columns_and_the_others_stand_in_the_heading() -> None:
    lines = printed(show_predicted, [predicted("seconds_per_eval", n, at=Point(n=n, k=3)) for n in (8, 9)])
    assert lines[0] == "sort at k = 3"
    assert [line.split()[0] for line in lines[1:5] if line and line[0] != "─"] == ["n", "8", "9"]


def test_no_more_notes_are_printed_than_anybody_reads() -> None:
    found = [
        predicted("seconds_per_eval", 1.0, at=Point(n=n), caution=f"note {n}", beyond="far")
        for n in range(MOST_NOTES + 3)
    ]
    lines = printed(show_predicted, found)
    assert sum("note" in line and "=" in line for line in lines) == MOST_NOTES
    assert f"and {3} more such notes (--json has all)" in lines
    assert not any("far" in line for line in lines if "farther" not in line)


def test_largest_levels_have_their_safe_and_optimistic_sides() -> None:
    lines = printed(show_largest, [level(), level(largest=None, low=None, high=None, at=Point(k=4), note="why")])
    assert lines[1].split() == ["k", "largest", "n", "safe", "optimistic"]
    assert lines[3].split(" ")[0] == "3"
    assert "12\u202f345" in lines[3]
    assert lines[4].split() == ["4", "–", "–", "–"]
    assert "k = 4: why" in lines


def test_where_all_that_was_searched_is_within_the_farthest_level_stands() -> None:
    ends = {"largest": None, "low": 40, "high": None}
    lines = printed(show_largest, [level(**ends, farthest=5000, unbounded=("largest", "high"))])
    assert lines[3].split() == [">", "5", "000", "40", ">", "5", "000"]


def test_several_responses_are_distinguished() -> None:
    found = [level(note="far"), level(response="working_set_bytes", note="near")]
    lines = printed(show_largest, found)
    assert lines[1].split()[0] == "of"
    assert "time: far" in lines
    assert "working set (declared): near" in lines


def test_what_is_declared_alone_does_not_pass_for_a_prediction() -> None:
    lines = printed(show_largest, [level(response="working_set_bytes")])
    assert lines[3].startswith("working set (declared)")


def test_notes_of_several_responses_that_differ_say_of_which_they_are() -> None:
    far = {"farther": 50.0, "factor": "n", "beyond": "50 times farther"}
    counted = predicted("comparisons_count", 7.0, **{**far, "farther": 158.0, "beyond": "158 times farther"})
    lines = printed(show_predicted, [predicted("seconds_per_eval", 1.0, **far), counted])
    assert {"time: 50 times farther", "comparisons: 158 times farther"} <= set(lines)
    same = printed(show_predicted, [predicted("seconds_per_eval", 1.0, **far), predicted("latency", 1.0, **far)])
    assert "50 times farther" in same
    none = printed(show_predicted, [predicted("seconds_per_eval", None), predicted("comparisons_count", 7.0, **far)])
    assert "50× in n" in " ".join(none)
