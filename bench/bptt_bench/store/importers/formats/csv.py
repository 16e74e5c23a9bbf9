"""A CSV: one column per factor, the response, optionally ``block``; several rows a point are repetitions."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.reading.columns import table_of
from bptt_bench.store.importers.reading.names import parse_number
from bptt_bench.store.importers.reading.naming import REPEATED
from bptt_bench.store.importers.reading.table import Notes
from bptt_bench.store.importers.reading.text import MOST_COLUMNS, MOST_VALUES
from bptt_bench.text.formulas import unguard
from bptt_bench.text.numerals import decimal_point_notes, find_decimal_mark, require_thousands
from bptt_bench.text.wording import list_names, printable

if TYPE_CHECKING:
    import pandas as pd

SEPARATORS = (",", ";", "\t")
STATED_SEPARATOR = re.compile(r"sep=([,;\t])\s*")  # a first line that some spreadsheets write
LOOKED_AT = 50  # lines from which the separator is found


class Row(NamedTuple):
    """The entries of a row, the line of the file on which it ends, and the places of those with a blank behind."""

    line: int
    entries: list[str]
    padded: tuple[int, ...] = ()


def read_csv_text(path: Path, text: str, ignore: Collection[str] = ()) -> pd.DataFrame:
    """Return the rows of a CSV; columns of numbers as numbers, with NaN in gaps, others as text.

    Columns are separated by commas, semicolons or tabs, whichever fits; lines that begin with ``#`` are comments, the
    last of which may name the columns. A name that stands twice gets a number the second time, and ``attrs`` says in
    ``repeated`` which it was. ``attrs["notes"]`` says what was read otherwise than it stands there. In columns
    that are to be ignored anything may stand.

    Raises
    ------
    StoreError : the text is empty or ragged, or has text among the numbers of a column.
    """
    separator = find_separator(text)
    count = text.count(separator) + text.count("\n")
    if count > MOST_VALUES:
        raise StoreError(f"{path}: must hold at most {MOST_VALUES} values, got about {count}")
    comments: list[tuple[int, str]] = []
    header, *rows = _find_header(path, _rows(path, text, separator, comments), comments, separator)
    late = sum(line > header.line for line, _ in comments)
    return frame_of_rows(path, header, rows, separator=separator, n_comments=late, ignore=ignore)


def frame_of_rows(
    path: Path, header: Row, rows: list[Row], *, separator: str, n_comments: int, ignore: Collection[str]
) -> pd.DataFrame:
    """Return the frame of the lines of a table.

    Parameters
    ----------
    separator : between the entries; where it is not a comma, decimals may have one.
    n_comments : lines below the header that were taken for comments.

    Raises
    ------
    StoreError : as in ``read_csv_text``.
    """
    notes = Notes()
    if n_comments:
        notes.add(f"lines that begin with # are comments: {n_comments} below the names of the columns")
    _require_table(path, header, rows)
    cells = list(zip(*(row.entries for row in rows), strict=True))
    columns, repeated = _number_repeated(_name_columns(header.entries, cells, notes), notes)
    mark = find_decimal_mark(
        path, [cell for name, of in columns if name not in ignore for cell in of], is_decimal_allowed=separator != ","
    )
    if separator in (";", "\t") and mark == ".":  # which spreadsheets write, in the manner of a country
        for note in decimal_point_notes(path, {name: of for name, of in columns if name not in ignore}):
            notes.add(note)
    if mark == ",":
        require_thousands(path, {name: of for name, of in columns if name not in ignore})
    for (i, entry), n in Counter((i, row.entries[i]) for row in rows for i in row.padded).items():
        if parse_number(entry) is None and n < cells[i].count(entry):
            notes.add(
                f"column {printable(header.entries[i])!r}: {printable(entry)!r} with and without a blank behind are "
                "taken as one"
            )
    frame = table_of(path, dict(columns), lambda i: f"line {rows[i].line}", ignore=ignore, notes=notes, mark=mark)
    if repeated:
        frame.attrs[REPEATED] = repeated
    return frame


def find_separator(text: str) -> str:
    """Return the separator that gives all of the first rows as many entries; of several, the one with the most numbers.

    >>> find_separator("n,t\\n1,2\\n"), find_separator("n;t, s\\n1;0,5\\n"), find_separator("n\\tt\\n1\\t2\\n")
    (',', ';', '\\t')
    """
    stated = STATED_SEPARATOR.fullmatch(text[:10].split("\n", 1)[0])
    if stated is not None:
        return stated[1]
    lines = [line for line in islice(_lines(text, []), 10 * LOOKED_AT) if line.strip()][:LOOKED_AT]
    best, found = (0.0, 1), ","
    for separator in SEPARATORS:
        try:
            rows = [[entry.strip() for entry in row] for row in csv.reader(lines, delimiter=separator)]
        except csv.Error:
            continue
        width = len(rows[0]) if rows else 0
        even = [row for row in rows if len(row) == width]
        entries = [entry for row in even[1:] for entry in row]
        numbers = sum(parse_number(entry.replace(",", ".")) is not None for entry in entries)
        score = (len(even) / len(rows) * (1 + numbers / max(len(entries), 1)), width) if width > 1 else (0.0, 1)
        if score > best:
            best, found = score, separator
    return found


def _lines(text: str, comments: list[tuple[int, str]]) -> Iterator[str]:
    """Yield the lines of a text, comments emptied and put aside: so a reader counts the lines of the file."""
    for i, line in enumerate(io.StringIO(text, newline=""), 1):
        if line.lstrip().startswith("#"):
            comments.append((i, line.strip().lstrip("#")))
            yield "\n"
        else:
            yield "\n" if i == 1 and STATED_SEPARATOR.fullmatch(line) else line


def _rows(path: Path, text: str, separator: str, comments: list[tuple[int, str]]) -> list[Row]:
    """Return the lines of the file that hold anything."""
    rows = []
    try:
        reader = csv.reader(_lines(text, comments), delimiter=separator, skipinitialspace=True, strict=True)
        for read in reader:
            entries = [entry.strip() for entry in read]
            if any(entries):
                padded = tuple(i for i, entry in enumerate(read) if entry[-1:].isspace() and entries[i])
                rows.append(Row(reader.line_num, entries, padded))
    except csv.Error as error:
        raise StoreError(f"{path}: is not a table: {error}") from None
    if not rows:
        raise StoreError(f"{path}: is empty")
    return rows


def _find_header(path: Path, rows: list[Row], comments: Sequence[tuple[int, str]], separator: str) -> list[Row]:
    """Return the rows after a header: where all entries of the first are numbers, a comment may name the columns."""
    first = rows[0]
    if any(parse_number(entry.replace(",", ".")) is None for entry in first.entries if entry):
        return rows
    for line, comment in reversed(comments):
        names = [name.strip() for name in next(csv.reader([comment], delimiter=separator), [])]
        if line < first.line and len(names) == len(first.entries):
            return [Row(line, names), *rows]
    raise StoreError(f"{path} line {first.line}: must name the columns, such as n,time_ms, got numbers alone")


def _require_table(path: Path, header: Row, rows: list[Row]) -> None:
    width = len(header.entries)
    if width > MOST_COLUMNS:
        raise StoreError(f"{path} line {header.line}: must name at most {MOST_COLUMNS} columns, got {width}")
    if not rows:
        raise StoreError(f"{path}: has no rows below the names of its columns")
    for row in rows:
        if len(row.entries) != width:
            entries = "1 entry" if len(row.entries) == 1 else f"{len(row.entries)} entries"
            columns = "1 column is" if width == 1 else f"{width} columns are"
            raise StoreError(f"{path} line {row.line}: has {entries}; {columns} named")


def _name_columns(
    header: Sequence[str], cells: Sequence[Sequence[str]], notes: Notes
) -> list[tuple[str, Sequence[str]]]:
    """Return columns with their names; those without one that only count the rows, or are empty, are left out."""
    found = []
    for i, (name, of_column) in enumerate(zip(header, cells, strict=True), 1):
        if name:
            found.append((printable(unguard(name)), of_column))
        elif _counts_rows(of_column):
            notes.add(f"column {i} has no name and counts the rows: left out")
        elif any(of_column):
            word = f"column_{i}"
            notes.add(f"column {i} has no name: it is called {word} here; --rename {word}=NAME or --ignore {word}")
            found.append((word, of_column))
    return found


def _number_repeated(
    columns: Sequence[tuple[str, Sequence[str]]], notes: Notes
) -> tuple[list[tuple[str, Sequence[str]]], dict[str, list[str]]]:
    """Return columns of which no two have one name, and the names of the others that stood under each of them."""
    taken = {name for name, _ in columns}
    seen: set[str] = set()
    found: list[tuple[str, Sequence[str]]] = []
    repeated: dict[str, list[str]] = {}
    for name, cells in columns:
        if name not in seen:
            seen.add(name)
            found.append((name, cells))
            continue
        number = 2
        while f"{name}.{number}" in taken:
            number += 1
        numbered = f"{name}.{number}"
        taken.add(numbered)
        repeated.setdefault(name, []).append(numbered)
        found.append((numbered, cells))
    if repeated:
        further = list_names([repr(name) for others in repeated.values() for name in others])
        notes.add(f"names that stand twice get a number the second time: {further}")
    return found, repeated


def _counts_rows(cells: Sequence[str]) -> bool:
    """Return whether entries are whole numbers that rise from row to row, as an index does."""
    if not all(cell.isascii() and cell.isdigit() and len(cell) < 16 for cell in cells):
        return False
    return all(int(one) < int(other) for one, other in pairwise(cells))
