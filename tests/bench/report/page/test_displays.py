"""Verdicts and fits as tables of pandas hold what the analysis found."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
from bptt_bench.analyse import Analysis
from bptt_bench.report.page.displays import Verdicts
from bptt_bench.report.words.reasons import text_of


def test_verdicts_become_a_row_each(analysis: Analysis) -> None:
    frame = Verdicts(analysis).to_frame()
    assert list(frame.columns) == [
        *("claim", "subject", "kind", "predicted", "estimate", "low", "high", "verdict", "reason", "kind_of_reason")
    ]
    assert frame["claim"].tolist() == [verdict.claim for verdict in analysis.verdicts]
    assert frame["reason"].tolist() == [text_of(verdict.reason) for verdict in analysis.verdicts]
    assert frame["kind_of_reason"].tolist() == [str(verdict.reason.kind) for verdict in analysis.verdicts]
    known = [verdict.estimate for verdict in analysis.verdicts if verdict.estimate is not None]
    np.testing.assert_array_equal(frame["estimate"].dropna(), known)


def test_what_is_undefined_is_nan_and_an_endless_interval_stays_endless(analysis: Analysis) -> None:
    first, second, *_ = analysis.verdicts
    changed = (replace(first, estimate=None, low=None, high=None), replace(second, low=-math.inf, high=math.inf))
    frame = Verdicts(replace(analysis, verdicts=changed)).to_frame()
    numbers = frame[["estimate", "low", "high"]].to_numpy()
    assert numbers.dtype == np.float64
    assert np.isnan(numbers[0]).all()
    assert numbers[1, 1:].tolist() == [-math.inf, math.inf]


def test_no_verdicts_make_an_empty_table_with_its_columns(analysis: Analysis) -> None:
    frame = Verdicts(replace(analysis, verdicts=())).to_frame()
    assert (len(frame), "verdict" in frame.columns) == (0, True)


def test_a_fit_becomes_a_row_for_each_term(analysis: Analysis) -> None:
    fit = analysis.fits["sweep", "seconds_per_eval"]
    frame = fit.to_frame()
    assert isinstance(frame, pd.DataFrame)
    assert list(frame.columns) == [
        *("term", "role", "coefficient", "low", "high", "share_at_largest", "largest_share", "identifiable")
    ]
    assert frame["term"].tolist() == [term.text for term in fit.full_law.terms]
    np.testing.assert_array_equal(frame["coefficient"], fit.coefficients)
    assert (frame["low"] <= frame["coefficient"]).all()
    assert frame.attrs == {
        "law": "T*H*V + T*H**2", "response": "seconds_per_eval", "unit": "s", "confidence": fit.confidence
    }  # fmt: skip
