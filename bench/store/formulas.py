"""Text that a spreadsheet would run: a cell that begins with = + - or @ is a formula to it, quoted or not.

Names come from whoever wrote an experiment, and somebody else may open a CSV of it. Such text is written with an
apostrophe in front, which spreadsheets never run, and read without it. Numbers are no text: -1.5 stays what it is.
Source: OWASP, "CSV Injection".
"""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*\s*[=+\-@]")  # text that is guarded already gets one more, so that one can be taken off


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    >>> guarded("sort"), guarded("=1+1"), guarded("'=1+1")
    ('sort', "'=1+1", "''=1+1")
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text that was guarded.

    >>> unguarded("'=1+1"), unguarded("'tis"), unguarded("=1+1")
    ('=1+1', "'tis", '=1+1')
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
