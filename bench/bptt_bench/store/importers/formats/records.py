"""Plain JSON records: a list of objects, or one object a line, each a sample or several."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.reading.columns import table_of
from bptt_bench.store.importers.reading.json_cursor import JsonCursor
from bptt_bench.store.importers.reading.table import Notes
from bptt_bench.store.importers.reading.text import MOST_COLUMNS, MOST_VALUES, parse_json
from bptt_bench.text.wording import list_names, printable

if TYPE_CHECKING:
    import pandas as pd

KeyPath = tuple[str, ...]  # the keys that lead to a value


def are_records(value: Any) -> bool:
    """Return whether a value is a list of objects."""
    return isinstance(value, list) and len(value) > 0 and all(isinstance(one, dict) for one in value)


def json_lines(path: Path, text: str) -> Iterator[JsonCursor]:
    """Yield the values of JSON Lines, each with its line.

    Raises
    ------
    StoreError : a line that is not JSON, or more lines than can be read.
    """
    if text.count("\n") > MOST_VALUES:
        raise StoreError(f"{path}: must have at most {MOST_VALUES} lines, got {text.count(chr(10))}")
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield JsonCursor(path, f"line {number}", parse_json(path, line, number))


def read_records(
    path: Path, records: Sequence[JsonCursor], *, ignore: Collection[str] = (), notes: Notes
) -> pd.DataFrame:
    """Return a table with a column for each key; objects within records give theirs, lists of numbers are samples.

    Raises
    ------
    StoreError : a record that is not an object, text among the numbers of a column, or more than a table may have.
    """
    flat = [dict(_leaves(record.of_kind(dict))) for record in records]
    paths = list(dict.fromkeys(keys for one in flat for keys in one))
    lists = [keys for keys in paths if any(isinstance(one.get(keys), list) for one in flat)]
    samples = [keys for keys in lists if all(_are_numbers(one[keys]) for one in flat if keys in one)]
    left_out = [keys for keys in lists if keys not in samples]
    if not len(left_out) < len(paths) <= MOST_COLUMNS:
        count = len(paths) if len(paths) > MOST_COLUMNS else 0
        raise StoreError(f"{path}: must have records of 1 to {MOST_COLUMNS} numbers or texts, got {count}")
    names = _names([keys for keys in paths if keys not in left_out])
    if left_out:
        notes.add(f"left out, neither numbers nor text: {list_names([printable('.'.join(keys)) for keys in left_out])}")
    counts = [max((len(one[keys]) for keys in samples if keys in one), default=1) for one in flat]
    if not sum(counts):
        raise StoreError(f"{path}: holds no sample")
    if sum(counts) * len(names) > MOST_VALUES:
        raise StoreError(f"{path}: must hold at most {MOST_VALUES} values, got {sum(counts) * len(names)}")
    columns: dict[str, list[str]] = {name: [] for name in names.values()}
    for one, count in zip(flat, counts, strict=True):
        for keys, name in names.items():
            value = one.get(keys)
            cells = [_cell(each) for each in value] if isinstance(value, list) else [_cell(value)] * count
            columns[name] += cells + [""] * (count - len(cells))
    rows = [record.where for record, count in zip(records, counts, strict=True) for _ in range(count)]
    return table_of(path, columns, lambda i: rows[i], ignore=ignore, notes=notes)


def _leaves(record: dict[str, Any]) -> Iterator[tuple[KeyPath, Any]]:
    """Yield the members of a record and of the objects in it, each with the keys that lead to it."""
    stack: list[tuple[KeyPath, Any]] = [((), record)]
    while stack:
        keys, value = stack.pop()
        if isinstance(value, dict):
            stack += [((*keys, key), member) for key, member in reversed(value.items())]
        else:
            yield keys, value


def _are_numbers(value: Any) -> bool:
    return isinstance(value, list) and all(
        one is None or (isinstance(one, int | float) and not isinstance(one, bool)) for one in value
    )


def _names(paths: Sequence[KeyPath]) -> dict[KeyPath, str]:
    """Return a name for each column: the last key, with those before it where others end with the same.

    >>> _names([("n",), ("a", "t"), ("b", "t")])
    {('n',): 'n', ('a', 't'): 'a.t', ('b', 't'): 'b.t'}
    """
    last = [keys[-1] for keys in paths]
    found: dict[KeyPath, str] = {}
    for keys in paths:
        name = printable(keys[-1] if last.count(keys[-1]) == 1 else ".".join(keys)) or "p"
        while name in found.values():
            name += "_"
        found[keys] = name
    return found


def _cell(value: Any) -> str:
    """Return a value as it would stand in a table of text."""
    return "" if value is None else printable(value) if isinstance(value, str) else repr(value)
