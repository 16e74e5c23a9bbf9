"""Columns of a table from what stands in its cells: numbers as people write them, gaps, and text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.reading.table import Notes
from bptt_bench.text.formulas import unguard
from bptt_bench.text.numerals import POINT_GROUPS, are_binary, parse_numeral, parse_power
from bptt_bench.text.units import unit_of_name
from bptt_bench.text.wording import list_names, printable

if TYPE_CHECKING:
    import pandas as pd

TIMING = "timing"
NUMBERED = "numbered"  # attribute of a frame: notes on numbers that may be versions, by column; a response is never one
VERSION_NAME = re.compile(r"version|release|revision|(^|[_ ])ver($|[_ .])", re.IGNORECASE)
VERSION = re.compile(r"[0-9]{1,4}[.,](0|[1-9][0-9]{0,3})")
MOST_VERSIONS = 20  # in a column of versions, each of which recurs
NUMERIC_SHARE = 0.5  # a column in which at least this share of the entries are numbers is meant to hold numbers
# what people and programs write where there is no number, in columns of numbers
GAPS = frozenset(
    (
        *("", "nan", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", "?", "missing", "skipped"),
        *("dnf", "dns", "timeout", "timed out", "oom", "err", "error", "fail", "failed", "crash", "crashed"),
    )
)
STOPPED = frozenset(("timeout", "timed out"))  # of these: runs that took longer than a limit


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
    numbered = {
        name: f"column {name!r}: {what}; text is written with a letter, such as {printable('v' + columns[name][0])!r}"
        for name in map(str, frame.columns)
        if frame[name].dtype.kind in "iuf" and (what := _numbering_note(name, columns[name], mark))
    }
    for note in numbered.values():
        said.add(note)
    frame.attrs.update(source={"tool": "table"}, notes=notes.lines())
    if numbered:
        frame.attrs[NUMBERED] = numbered
    return frame


def _column(
    path: Path, name: str, cells: Sequence[str], place: Callable[[int], str], mark: str, notes: Notes
) -> pd.Series[float] | pd.Series[str]:
    """Return a column as numbers if it is meant to hold them, else as text."""
    import pandas as pd

    text = pd.Series(cells, dtype="str")
    numbers = pd.to_numeric(text, errors="coerce")
    gap = text.str.lower().isin(GAPS)
    is_grouped = text.str.fullmatch(POINT_GROUPS.pattern) if mark == "," else text == ""  # else read with a point
    values = {cell: parse_numeral(cell, mark) for cell in text[(numbers.isna() & ~gap) | is_grouped].unique()}
    powers = {cell: parse_power(cell) for cell, value in values.items() if value is None}
    if powers and None not in powers.values():  # else they may be names, such as those of grids
        values |= powers
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
    of_thousands = [one for one in read.items() if POINT_GROUPS.fullmatch(one[0])]
    for cell, value in itertools.islice([*of_thousands, *read.items()], 1):
        hint = _binary_hint(cell) if are_binary(read) else ""
        notes.add(f"column {name!r}: numbers such as {printable(cell)!r} are read as {value:.12g}{hint}")
    if gap.any():
        marks = list_names([repr(printable(one)) if one else "empty" for one in text[gap].unique()])
        hint = "; with the limit in their place, and 1 in a column that --censored names, they are lower bounds"
        is_cut = text[gap].str.lower().isin(STOPPED).any()
        notes.add(f"column {name!r}: {missing_entries(int(gap.sum()), len(text))} ({marks}){hint if is_cut else ''}")
    return numbers


def _binary_hint(cell: str) -> str:
    """Return how a multiple of 1024 is written.

    >>> _binary_hint("4K"), _binary_hint("1 MB")
    ("; if 4096 is meant, write '4Ki'", "; if 1048576 is meant, write '1 Mi'")
    """
    binary = f"{cell.rstrip('bB')}i"
    return f"; if {parse_numeral(binary):.12g} is meant, write {binary!r}"


def missing_entries(n_missing: int, n_all: int) -> str:
    """Return how many entries of a column are missing, as the end of a sentence.

    >>> missing_entries(1, 7), missing_entries(2, 7)
    ('1 of 7 entries is missing', '2 of 7 entries are missing')
    """
    return f"{n_missing} of {n_all} entries {'is' if n_missing == 1 else 'are'} missing"


def _numbering_note(name: str, cells: Sequence[str], mark: str) -> str:
    """Return what is lost where numbers stand for text, as in versions (``3.9``, ``3.10``) or labels (``007``, ``7``).

    Amounts are printed with zeros at the end too: columns with a unit in their name, and those whose
    numbers hardly recur, are not taken for versions, unless they are called so.

    >>> [_numbering_note("id", cells, ".") for cells in (["3.9", "3.10"] * 2, ["007", "7"])]
    ["'3.10' is read as the number 3.1", "'007' and '7' are read as one number"]
    >>> _numbering_note("version", ["3.9", "3.10"], "."), _numbering_note("mean", ["12.5", "4.10"], ".")
    ("'3.10' is read as the number 3.1", '')
    """
    if unit_of_name(name) is not None:
        return ""
    texts = dict.fromkeys(cells)
    labels = {cell: cell.lstrip("0") or "0" for cell in texts if cell.isascii() and cell.isdigit() and cell[0] == "0"}
    padded = {cell: cell.rstrip("0") for cell in texts if cell.count(mark) == 1 and cell[-1] == "0"}
    for cell, other in (*labels.items(), *padded.items()):
        if other != cell and other in texts:
            return f"{cell!r} and {other!r} are read as one number"
    shortest = min((len(cell.partition(mark)[2]) for cell in texts if mark in cell), default=0)
    longer = (cell for cell in padded if VERSION.fullmatch(cell) and len(cell.partition(mark)[2]) > max(shortest, 1))
    version = next(longer, None)  # a program that writes zeros at the end writes as many decimals everywhere
    if version is None or not (VERSION_NAME.search(name) or _recur_as_versions(texts, len(cells))):
        return ""
    return f"{version!r} is read as the number {float(version.replace(mark, '.')):.12g}"


def _recur_as_versions(texts: Collection[str], n_cells: int) -> bool:
    """Return whether all texts have the form of a version, and there are few of them, each in several rows."""
    return len(texts) <= min(MOST_VERSIONS, n_cells / 2) and all(map(VERSION.fullmatch, texts))


def _texts(cells: Sequence[str]) -> pd.Series[str]:
    import pandas as pd

    return pd.Series(cells, dtype="str").map(lambda cell: printable(unguard(cell)))
