"""Intervals against limits, and figures within sentences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from bptt_bench.analyse.findings.estimates import Deviation, ExponentEstimate
from bptt_bench.analyse.findings.limits import Limits
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.verdict import Verdict, weigh
from bptt_bench.report.words.findings.clauses import limits_text, span
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.verdicts.claims import (
    AT,
    Bound,
    exponent,
)


@pytest.mark.parametrize(
    ("bound", "low", "high", "word"),
    [
        ("tight", 0.95, 1.05, "supported"),
        ("tight", 0.85, 1.05, "inconclusive"),
        ("tight", 0.95, 1.15, "inconclusive"),
        ("tight", 1.15, 1.25, "refuted"),
        ("tight", 0.5, 0.85, "refuted"),
        ("upper", 0.1, 0.2, "supported"),
        ("upper", 1.15, 1.25, "refuted"),
        ("upper", 1.05, 1.15, "inconclusive"),
        ("lower", 5.0, 6.0, "supported"),
        ("lower", 0.1, 0.2, "refuted"),
        ("lower", 0.8, 1.2, "inconclusive"),
        ("tight", -np.inf, np.inf, "inconclusive"),
    ],
)
def test_an_interval_decides_by_where_it_lies(bound: Bound, low: float, high: float, word: str) -> None:
    assert Limits.around(1.0, 0.1, bound).decide(low, high) == word
    estimate = ExponentEstimate(
        factors=("T",),
        terms=("T",),
        at=AT,
        predicted=1.0,
        limits=Limits.around(1.0, 0.1, bound),
        estimate=Interval((low + high) / 2, low, high),
    )
    found = weigh(exponent(), estimate)
    assert found.verdict == word
    kinds = {"supported": "within limits", "refuted": "outside limits", "inconclusive": "imprecise"}
    assert found.reason.kind == kinds[word]
    assert text_of(found.reason).startswith("imprecise: the exponent of T") == (word == "inconclusive")


def test_a_ratio_has_its_margin_as_a_factor() -> None:
    assert Limits.times(2.0, 0.25, "tight") == Limits(low=1.6, high=2.5)
    assert Limits.times(2.0, 0.25, "upper") == Limits(low=0.0, high=2.5)
    assert Limits.times(2.0, 0.25, "lower") == Limits(low=1.6, high=np.inf)


def test_figures_are_short() -> None:
    assert span(Interval(1.034, 1.0, 1.06)) == "1.03 (1.00 to 1.06)"
    assert span(Interval(16384.0, 5e-4, np.inf)) == "16\u202f384 (0 to ∞)"
    assert limits_text(Limits.around(1, 0.1, "upper")) == "at most 1.1"
    assert limits_text(Limits.around(1, 0.1, "lower")) == "at least 0.9"


def test_a_verdict_is_shown_in_one_line() -> None:
    one = Verdict(
        claim="ratio",
        subject="naive",
        kind="ratio",
        predicted=2.0,
        estimate=1.784,
        low=1.69,
        high=1.93,
        verdict="supported",
        reason=Reason(kind=Kind.WITHIN, finding=Deviation(largest=0.0, allowed=1.0, cases=1, detail="")),
    )
    assert repr(one) == "Verdict on 'ratio' of 'naive': supported, found 1.78 [1.69, 1.93], predicted 2"
    assert repr(replace(one, predicted=None, estimate=None)) == "Verdict on 'ratio' of 'naive': supported"
