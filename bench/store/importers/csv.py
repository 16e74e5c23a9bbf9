"""A CSV: one column per factor, the response, optionally ``block``; several rows a point are repetitions."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench.store.samples import StoreError

if TYPE_CHECKING:
    import pandas as pd

NUMERIC_SHARE = 0.5  # a column in which at least this share of the entries are numbers is meant to hold numbers


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
    import pandas as pd

    header, *rows = _rows(path)
    _require_table(path, header, rows)
    lines = [row.line for row in rows]
    columns = zip(*(row.entries for row in rows), strict=True)
    return pd.DataFrame(
        {name: _column(path, name, lines, entries) for name, entries in zip(header.entries, columns, strict=True)}
    )


def _rows(path: Path) -> list[Row]:
    """The lines of the file that hold anything."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, skipinitialspace=True, strict=True)
            rows = [Row(reader.line_num, [entry.strip() for entry in entries]) for entries in reader]
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise StoreError(f"{path}: is not UTF-8 text") from None
    except csv.Error as error:
        raise StoreError(f"{path}: is no table: {error}") from None
    rows = [row for row in rows if any(row.entries)]
    if not rows:
        raise StoreError(f"{path}: is empty")
    return rows


def _require_table(path: Path, header: Row, rows: list[Row]) -> None:
    if not rows:
        raise StoreError(f"{path}: has no rows below the names of its columns")
    for i, name in enumerate(header.entries):
        if not name:
            raise StoreError(f"{path} line {header.line}: column {i + 1} has no name")
        if name in header.entries[:i]:
            raise StoreError(f"{path} line {header.line}: names column {name!r} twice")
    width = len(header.entries)
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
        return text
    row = int(wrong.to_numpy().argmax())
    raise StoreError(f"{path} line {lines[row]}, column {name!r}: {entries[row]!r} is not a number")
