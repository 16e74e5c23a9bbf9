"""A CSV that is read back as it was: numbers bare and exact, text quoted, nothing where there is nothing.

Text that would be taken for a formula or a number is guarded, and the reader takes the guard off
(``bptt_bench.text.formulas``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from bptt_bench.text.formulas import guard

if TYPE_CHECKING:
    import pandas as pd

ROWS_AT_ONCE = 10_000


def csv_text(frame: pd.DataFrame) -> Iterator[str]:
    """Yield the text of the frame, piece by piece; truth is written as 1 and 0, as columns of numbers are."""
    yield ",".join(_quote(str(name)) for name in frame.columns) + "\n"
    for start in range(0, len(frame), ROWS_AT_ONCE):
        columns = [_entries(frame[name].iloc[start : start + ROWS_AT_ONCE]) for name in frame.columns]
        yield "".join(",".join(row) + "\n" for row in zip(*columns, strict=True))


def _entries(column: pd.Series[Any]) -> Iterable[str]:
    if column.dtype.kind == "b":
        return map(str, column.astype(int).tolist())
    if column.dtype.kind in "iu":
        return map(str, column.tolist())
    if column.dtype.kind == "f":
        return [_number(value) for value in column.tolist()]
    return [_entry(value) for value in column.tolist()]


def _entry(value: Any) -> str:
    """Return an entry of a column that may hold anything."""
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return _number(value) if isinstance(value, int | float) else _quote(str(value))


def _number(value: float) -> str:
    """Return the shortest text that is read back as the same number; nothing for NaN.

    >>> _number(0.1), _number(35.0), _number(float("nan"))
    ('0.1', '35', '')
    """
    if value != value:  # NaN
        return ""
    text = repr(value)
    return text.removesuffix(".0")


def _quote(text: str) -> str:
    return '"' + guard(text).replace('"', '""') + '"'
