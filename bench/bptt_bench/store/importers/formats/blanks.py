"""A table in columns of blanks, as OSU, IMB and many programs print it: a line of names, then lines of numbers."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Collection, Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.formats.csv import SEPARATORS, Row, frame_of_rows
from bptt_bench.store.importers.reading.names import parse_number
from bptt_bench.store.importers.reading.text import MOST_VALUES

if TYPE_CHECKING:
    import pandas as pd

BLANK = " "
COMMENTS = ("#", "%")
WIDE = re.compile(r"\s{2,}")  # between names that have blanks of their own
LOOKED_AT = 200  # lines in which the names and the first numbers are looked for


class Line(NamedTuple):
    """A line of a file that holds something, without the mark of a comment."""

    number: int
    text: str


class Lines(NamedTuple):
    """The lines of a table and its comments."""

    rows: list[Line]
    comments: list[Line]


def is_blank_separated(text: str) -> bool:
    """Return whether a text begins as a table in columns of blanks: names, then as many entries, one of them a number.

    >>> is_blank_separated("# Size  Latency (us)\\n8   1.2\\n"), is_blank_separated("n, t\\n1, 2\\n")
    (True, False)
    >>> is_blank_separated("n t\\n1 2\\n"), is_blank_separated("some words\\nand others\\n")
    (True, False)
    """
    lines = _lines(islice(io.StringIO(text), LOOKED_AT))
    header = _find_header(lines)
    if header is None:
        return False
    names = next(line.text for line in (*lines.rows, *lines.comments) if line.number == header.line)
    if any(separator in names for separator in SEPARATORS):
        return False
    first = next(_entries(row.text) for row in lines.rows if row.number > header.line)
    return any(parse_number(entry.replace(",", ".")) is not None for entry in first) and first[0][-1:] not in SEPARATORS


def read_blank_separated(path: Path, text: str, ignore: Collection[str] = ()) -> pd.DataFrame:
    """Return the rows of a table in columns of blanks, as ``read_csv_text`` does.

    Lines that begin with ``#`` or ``%`` are comments, the last of which above the numbers may name the columns.

    Raises
    ------
    StoreError : no names, a line with more or fewer entries than these, names again below others, or as in a CSV.
    """
    count = len(text.split())
    if count > MOST_VALUES:
        raise StoreError(f"{path}: must hold at most {MOST_VALUES} values, got about {count}")
    lines = _lines(io.StringIO(text))
    header = _find_header(lines)
    if header is None:
        raise StoreError(f"{path}: names no columns")
    rows = [Row(row.number, _entries(row.text)) for row in lines.rows if row.number > header.line]
    late = [comment for comment in lines.comments if comment.number > header.line]
    again = next((one for one in late if one.number < rows[-1].line and _are_names_again(one, header)), None)
    if again is not None:
        raise StoreError(f"{path} line {again.number}: names columns again; keep one table in a file")
    return frame_of_rows(path, header, rows, separator=BLANK, n_comments=len(late), ignore=ignore)


def _lines(every: Iterable[str]) -> Lines:
    """Return the lines that hold anything."""
    found = Lines([], [])
    for number, line in enumerate(every, 1):
        text = line.strip()
        if text.startswith(COMMENTS):
            found.comments.append(Line(number, text.lstrip("".join(COMMENTS)).strip()))
        elif text:
            found.rows.append(Line(number, text))
    return found


def _find_header(lines: Lines) -> Row | None:
    """Return the names of the columns, as many as the next line has entries: a line, or the last comment above it."""
    if not lines.rows:
        return None
    first, *others = lines.rows[:2]
    if others and (names := _names(first.text, len(_entries(others[0].text)))):
        return Row(first.number, names)
    for comment in reversed(lines.comments):
        if comment.number < first.number and (names := _names(comment.text, len(_entries(first.text)))):
            return Row(comment.number, names)
    return None


def _are_names_again(comment: Line, header: Row) -> bool:
    """Return whether a comment names the columns of another table: the same names, or others in columns."""
    names = _names(comment.text, len(header.entries))
    return bool(names) and (names == header.entries or WIDE.search(comment.text) is not None)


def _names(text: str, width: int) -> list[str]:
    """Return names that stand in a line, if there are as many as columns and no numbers among them; else none.

    >>> _names("bytes #repetitions  t[usec]", 3), _names("Size   Latency (us)", 2), _names("Size  Latency (us)", 3)
    (['bytes', 'repetitions', 't[usec]'], ['Size', 'Latency (us)'], ['Size', 'Latency', '(us)'])
    """
    for names in (_entries(text), WIDE.split(text)):
        if len(names) == width > 1 and all(parse_number(name) is None for name in names):
            return [name.lstrip("".join(COMMENTS)) for name in names]
    return []


def _entries(text: str) -> list[str]:
    """Return what stands between blanks; what is quoted may have some.

    >>> _entries('8   "two words" 1.5')
    ['8', 'two words', '1.5']
    """
    return next(csv.reader([BLANK.join(text.split())], delimiter=BLANK), [])
