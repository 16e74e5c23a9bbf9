"""Categories of a table: columns of text, each level of which has a fit of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

MOST_SHOWN, MOST_CHARACTERS = 6, 60  # levels that a message names, and how much of each


def text_columns(frame: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Return the columns of text, or of true and false."""
    return [name for name in names if _is_text(frame[name])]


def _is_text(column: pd.Series[Any]) -> bool:
    kind = column.dtype.kind
    return kind in "bSU" or (kind == "O" and any(isinstance(value, str | bool | np.bool_) for value in column.unique()))


def levels_of(column: pd.Series[Any], rows: Any) -> list[str]:
    """Return the levels in some rows as text, in the order of their first row; nothing (NaN) is a level too."""
    return [format_level(value) for value in dict.fromkeys(column.to_numpy()[rows].tolist())]


def format_level(value: object) -> str:
    """Return a level as text.

    >>> [format_level(value) for value in ("float32", True, float("nan"), None, "two\\nlines")]
    ['float32', 'True', 'nothing', 'nothing', 'two\\\\nlines']
    """
    if value is None or value != value:  # NaN alone differs from itself
        return "nothing"
    text = str(value)
    return text if text.isprintable() else repr(text)[1:-1]  # a message is one line, and sets no colours


def format_levels(levels: Iterable[str]) -> str:
    """Return levels as a list in a message, shortened.

    >>> format_levels("abcdefgh")
    'a, b, c, d, e, f and 2 more'
    """
    names = [level if len(level) <= MOST_CHARACTERS else f"{level[:MOST_CHARACTERS]}…" for level in levels]
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")
