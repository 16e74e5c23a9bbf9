"""A comparison on the terminal: what it promises of intervals and verdicts, and what it leaves open."""

from __future__ import annotations

import io

from bptt_bench.analyse.compare.compared import Change, Comparison, Word
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.report.terminal.comparison import show_comparison
from rich.console import Console


def printed(*words: Word, paired: bool = True) -> str:
    changes = tuple(
        Change(
            subject="sort",
            response="seconds_per_eval",
            terms=(f"n**{power}",),
            ratio=Interval(1.1, 1.05, 1.15),
            p_value=0.01,
            share=0.5,
            verdict=word,
        )
        for power, word in enumerate(words, 1)
    )
    found = Comparison(
        names=("before", "after"),
        paired=paired,
        tolerance=0.02,
        confidence=0.95,
        changes=changes,
        not_compared=(),
        common=Interval(1.0, 0.9, 1.1),
        n_processes=6,
    )
    buffer = io.StringIO()
    show_comparison(found, Console(file=buffer, width=200))
    return buffer.getvalue()


def test_what_is_unknown_is_no_pass() -> None:
    assert "no regression found\n" in printed("same", "lower")
    assert "no regression found; 2 of 3 unit costs are undetermined\n" in printed(
        "same", "undetermined", "undetermined"
    )


def test_a_regression_is_named_with_its_interval() -> None:
    text = printed("higher", "same")
    assert "1 regression:\n  sort: n¹ costs 1.1 times as much [1.05, 1.15]\n" in text
    assert "no regression" not in text


def test_intervals_promise_no_more_than_they_hold() -> None:
    text = printed("same", "same")
    assert "verdicts hold together at 95\u202f%: Holm's correction over 2 coefficients; each interval is" in text
    assert "what most unit costs have in common: ×1.000 [0.900, 1.100]\n" in text


def test_a_unit_cost_by_itself_may_be_that_of_the_machine() -> None:
    text = printed("same", paired=False)
    assert "the only unit cost that both have: ×1.000 [0.900, 1.100]; it may be due to the machine (`compare" in text
