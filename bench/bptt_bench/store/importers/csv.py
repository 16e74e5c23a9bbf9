"""A CSV: one column per factor, the response, optionally ``block``; several rows a point are repetitions."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bptt_bench.store.formulas import unguarded
from bptt_bench.store.importers.text import MOST_COLUMNS, MOST_VALUES, decoded, printable, read_bytes
from bptt_bench.store.samples import StoreError

if TYPE_CHECKING:
    import pandas as pd

NUMERIC_SHARE = 0.5  # a column in which at least this share of the entries are numbers is meant to hold numbers
OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs"}  # that some programs write: their numbers have commas, too


class Row(NamedTuple):
    """The entries of a row, and the line of the file on which it ends."""

    line: int
    entries: list[str]


def read_csv(path: Path) -> pd.DataFrame:
    """The rows of a CSV; columns of numbers as numbers, with NaN where there is nothing, others as text.

    Raises
    ------
    StoreError : the file is missing, not text, empty or ragged, names a column twice, or has text among the numbers
        of a column.
    """
    return read_csv_text(path, decoded(path, read_bytes(path)))


def read_csv_text(path: Path, text: str) -> pd.DataFrame:
    """The same of the text of a file.

    Raises
    ------
    StoreError : empty or ragged, a column named twice, text among the numbers of a column.
    """
    import pandas as pd

    header, *rows = _rows(path, text)
    _require_table(path, header, rows)
    names = [printable(unguarded(name)) for name in header.entries]
    lines = [row.line for row in rows]
    columns = zip(*(row.entries for row in rows), strict=True)
    return pd.DataFrame(
        {name: _column(path, name, lines, entries) for name, entries in zip(names, columns, strict=True)}
    )


def _rows(path: Path, text: str) -> list[Row]:
    """The lines of the file that hold anything."""
    count = text.count(",") + text.count("\n")
    if count > MOST_VALUES:
        raise StoreError(f"{path}: holds about {count} values; allowed are up to {MOST_VALUES}")
    rows = []
    try:
        reader = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
        for read in reader:
            entries = [entry.strip() for entry in read]
            if any(entries):
                rows.append(Row(reader.line_num, entries))
    except csv.Error as error:
        raise StoreError(f"{path}: is no table: {error}") from None
    if not rows:
        raise StoreError(f"{path}: is empty")
    return rows


def _require_table(path: Path, header: Row, rows: list[Row]) -> None:
    width = len(header.entries)
    if width > MOST_COLUMNS:
        raise StoreError(f"{path} line {header.line}: names {width} columns; allowed are up to {MOST_COLUMNS}")
    separator = next(
        (name for mark, name in OTHER_SEPARATORS.items() if width == 1 and mark in header.entries[0]), None
    )
    if separator is not None:
        raise StoreError(f"{path} line {header.line}: separates columns by {separator}; allowed are commas")
    if not rows:
        raise StoreError(f"{path}: has no rows below the names of its columns")
    for i, name in enumerate(header.entries):
        if not name:
            raise StoreError(f"{path} line {header.line}: column {i + 1} has no name")
        if name in header.entries[:i]:
            raise StoreError(f"{path} line {header.line}: names column {printable(name)!r} twice")
    for row in rows:
        if len(row.entries) != width:
            raise StoreError(f"{path} line {row.line}: has {len(row.entries)} entries; {width} columns are named")


def _column(path: Path, name: str, lines: list[int], entries: tuple[str, ...]) -> pd.Series[float] | pd.Series[str]:
    """The column as numbers if it is meant to hold them, else as text."""
    import pandas as pd

    text = pd.Series(entries, dtype="str")
    numbers = pd.to_numeric(text, errors="coerce")
    given = (text != "") & (text.str.lower() != "nan")
    wrong = given & numbers.isna()
    if not wrong.any():
        return numbers
    if (given & ~wrong).sum() < NUMERIC_SHARE * given.sum():
        return text.map(lambda entry: printable(unguarded(entry)))
    row = int(wrong.to_numpy().argmax())
    raise StoreError(f"{path} line {lines[row]}, column {name!r}: {printable(entries[row])!r} is not a number")
