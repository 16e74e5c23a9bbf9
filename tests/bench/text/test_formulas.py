"""Guarding text from spreadsheets, and from being read as a number, is undone by unguarding it, whatever the text."""

from __future__ import annotations

import pytest
from bptt_bench.text.formulas import guard, unguard
from hypothesis import given
from hypothesis import strategies as st

HOSTILE = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', " =1", "\t=1", "\r=1", "'=1", "''=1", "=", "-"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_guarded_text_begins_as_a_formula(text: str) -> None:
    assert guard(text).startswith("'")
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("text", ["64", "1e3", " .5 ", "nan", "Infinity", "'2", "1_000"])
def test_no_guarded_text_is_a_number(text: str) -> None:
    with pytest.raises(ValueError, match="could not convert"):
        float(guard(text))
    assert unguard(guard(text)) == text


@pytest.mark.parametrize("text", ["sort", "", "'tis", "a=b", "sort [dtype=float32]", "(=1)", "1-2"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guard(text) == unguard(text) == text


@given(st.text(alphabet=st.sampled_from("'=+-@ a\t\n")) | st.text())
def test_it_is_undone(text: str) -> None:
    assert unguard(guard(text)) == text
