"""Columns of a table from what stands in its cells: numbers as people write them, gaps, and text."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.reading.table import Notes
from bptt_bench.store.importers.reading.text import list_names, printable
from bptt_bench.text.formulas import unguard
from bptt_bench.text.numerals import parse_numeral

if TYPE_CHECKING:
    import pandas as pd

TIMING = "timing"
NUMERIC_SHARE = 0.5  # a column in which at least this share of the entries are numbers is meant to hold numbers
# what people and programs write where there is no number, in columns of numbers
GAPS = frozenset(
    (
        *("", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", "?", "missing", "skipped"),
        *("dnf", "dns", "timeout", "timed out", "oom", "err", "error", "fail", "failed", "crash", "crashed"),
    )
)


def table_of(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    place: Callable[[int], str],
    *,
    ignore: Collection[str],
    notes: Notes,
    mark: str = ".",
) -> pd.DataFrame:
    """Return a frame of columns of text: those of numbers as numbers, with NaN in gaps, others as text.

    Parameters
    ----------
    columns : what stands in the cells, by the names of the columns.
    place : names the place of a row in a message, such as ``line 4``.
    ignore : columns that are not to be used, in which anything may stand.
    notes : take what was read otherwise than it stands there, and how many gaps there are.
    mark : of the decimals, ``.`` or ``,``; see ``bptt_bench.text.numerals``.

    Raises
    ------
    StoreError : text among the numbers of a column.
    """
    import pandas as pd

    said = Notes() if TIMING in columns else notes  # in a table of ours gaps are not missing data
    frame = pd.DataFrame(
        {
            name: _texts(cells) if name in ignore else _column(path, name, cells, place, mark, said)
            for name, cells in columns.items()
        }
    )
    frame.attrs.update(source={"tool": "table"}, notes=notes.lines())
    return frame


def _column(
    path: Path, name: str, cells: Sequence[str], place: Callable[[int], str], mark: str, notes: Notes
) -> pd.Series[float] | pd.Series[str]:
    """Return a column as numbers if it is meant to hold them, else as text."""
    import pandas as pd

    text = pd.Series(cells, dtype="str")
    numbers = pd.to_numeric(text, errors="coerce")
    gap = text.str.lower().isin(GAPS)
    values = {cell: parse_numeral(cell, mark) for cell in text[numbers.isna() & ~gap].unique()}
    read = {cell: value for cell, value in values.items() if value is not None}
    if read:
        numbers = numbers.where(~text.isin(read), text.map(read))
        whole = all(float(value).is_integer() for value in read.values())
        if whole and numbers.notna().all() and (numbers % 1 == 0).all() and (numbers.abs() < 1 << 53).all():
            numbers = numbers.astype("int64")
    wrong = ~gap & numbers.isna()
    given = ~gap & ~wrong
    if not given.any() and (text == "").all():
        return numbers
    if given.sum() < NUMERIC_SHARE * (~gap).sum() or not given.any():
        return _texts(cells)
    if wrong.any():
        row = int(wrong.to_numpy().argmax())
        shown = printable(cells[row])
        raise StoreError(
            f"{path} {place(row)}, column {name!r}: {shown!r} is not a number, as others are; --ignore {quote(name)} "
            "leaves the column out"
        )
    numbered = _numbering_note(cells, mark)
    if numbered:
        notes.add(f"column {name!r}: {numbered}; text is written with a letter, such as {printable('v' + cells[0])!r}")
    for cell, value in itertools.islice(read.items(), 1):
        notes.add(f"column {name!r}: numbers such as {printable(cell)!r} are read as {value:.12g}")
    if gap.any():
        marks = list_names([repr(printable(one)) if one else "empty" for one in text[gap].unique()])
        notes.add(f"column {name!r}: {missing_entries(int(gap.sum()), len(text))} ({marks})")
    return numbers


def missing_entries(n_missing: int, n_all: int) -> str:
    """Return how many entries of a column are missing, as the end of a sentence.

    >>> missing_entries(1, 7), missing_entries(2, 7)
    ('1 of 7 entries is missing', '2 of 7 entries are missing')
    """
    return f"{n_missing} of {n_all} entries {'is' if n_missing == 1 else 'are'} missing"


def _numbering_note(cells: Sequence[str], mark: str) -> str:
    """Return what is lost where numbers stand for text, as in versions (``3.9``, ``3.10``) or labels (``007``, ``7``).

    >>> [_numbering_note(cells, ".") for cells in (["3.9", "3.10"], ["007", "7"], ["0.50", "1.25"])]
    ["'3.10' is read as the number 3.1", "'007' and '7' are read as one number", '']
    """
    texts = dict.fromkeys(cells)
    labels = (cell for cell in texts if cell[:1] == "0" and cell.isascii() and cell.isdigit())
    label = next((cell for cell in labels if len(cell) > 1 and (cell.lstrip("0") or "0") in texts), None)
    if label is not None:
        return f"{label!r} and {label.lstrip('0') or '0'!r} are read as one number"
    decimals = {cell: cell.partition(mark)[2] for cell in texts if cell.count(mark) == 1}
    least = min((len(after) for after in decimals.values() if after), default=0)
    padded = (cell for cell, after in decimals.items() if len(after) > least and after.isdigit() and after[-1] == "0")
    version = next(padded, None)  # a program that writes zeros at the end writes as many decimals everywhere
    if version is None:
        return ""
    value = float(version.replace(mark, "."))
    return f"{version!r} is read as the number {value:.12g}"


def _texts(cells: Sequence[str]) -> pd.Series[str]:
    import pandas as pd

    return pd.Series(cells, dtype="str").map(lambda cell: printable(unguard(cell)))
