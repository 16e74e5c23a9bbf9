"""Text that another program would take for something else: a formula, or a number.

A spreadsheet runs a cell that begins with = + - or @, quoted or not. Names come from whoever wrote an experiment, and
somebody else may open a CSV of it. And no CSV can say that 64 is the text of a category. Such text is written with an
apostrophe in front, which spreadsheets never run, and read without it. Numbers are not text: -1.5 stays unchanged.
Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import re

from bptt_bench.text.numerals import parse_level

_FORMULA = re.compile(r"\s*[=+\-@]")


def guard(text: str) -> str:
    """Return text that cannot be taken for a formula or a number.

    >>> guard("sort"), guard("=1+1"), guard("'=1+1"), guard("2K"), guard("2^6")
    ('sort', "'=1+1", "''=1+1", "'2K", "'2^6")
    """
    return f"'{text}" if _is_misread(text) else text


def unguard(text: str) -> str:
    """Return the text that was guarded.

    >>> unguard("'=1+1"), unguard("'tis"), unguard("=1+1"), unguard("'64")
    ('=1+1', "'tis", '=1+1', '64')
    """
    return text[1:] if text.startswith("'") and _is_misread(text) else text


def _is_misread(text: str) -> bool:
    bare = text.lstrip("'")  # text that is guarded already gets one more, so that one can be taken off
    return _FORMULA.match(bare) is not None or parse_level(bare) is not None
