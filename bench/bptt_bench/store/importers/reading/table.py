"""What a tool measured, benchmark by benchmark, to a tidy frame: one row a sample."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.reading.names import factor_names, parse_number
from bptt_bench.store.importers.reading.text import MOST_VALUES
from bptt_bench.text.numerals import parse_spelled
from bptt_bench.text.wording import printable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MOST_COLUMNS = 60  # factors and responses together: a table that a person can still name columns of
MOST_UNIT = 40  # characters of a unit in a note
MOST_NOTES = 5  # beyond these only their number is shown
Cell: TypeAlias = tuple[Any, ...]  # a subject and its levels
MOST_EXACT = 1 << 53  # whole numbers up to here are what they are as floating-point numbers, too


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSamples:
    """What a file says of one benchmark at one point.

    Attributes
    ----------
    subject : the benchmark's name without its parameters.
    name : what the tool calls it, with everything that makes it another benchmark: two of different names never come
        to be one subject at one point.
    levels : factor -> level, as the file has it.
    responses : name -> one value a sample (n_samples,); all of one length, NaN where there is none.
    units : of responses whose names have none, as the format states them.
    started_at : when each sample was taken (n_samples,), in seconds; None where that is not known.
    """

    subject: str
    name: str
    levels: Mapping[str, Any]
    responses: Mapping[str, NDArray[np.float64]]
    units: Mapping[str, str] = field(default_factory=dict)
    started_at: NDArray[np.float64] | None = None

    @property
    def samples(self) -> int:
        return max((len(values) for values in self.responses.values()), default=0)


@dataclass(slots=True)
class Notes:
    """What was left out, for the user to know; long lists are counted."""

    texts: list[str] = field(default_factory=list)
    more: int = 0

    def add(self, words: str) -> None:
        """Add a note; the same words are kept once."""
        if words in self.texts:
            return
        if len(self.texts) < MOST_NOTES:
            self.texts.append(words)
        else:
            self.more += 1

    def lines(self) -> list[str]:
        """Return the notes to show."""
        return [*self.texts, *([f"and {self.more} more of this kind"] if self.more else [])]


def tidy_frame(
    path: Path, measured: Sequence[BenchmarkSamples], *, tool: str, version: object = None, notes: Notes
) -> pd.DataFrame:
    """Return the frame of measured benchmarks.

    Columns: ``subject``, one for each factor (numbers where all levels are numbers, else text), ``repetition`` (from 0
    at each point of a subject), ``started_at`` where it is known, and one for each response. Samples without any number
    are left out. ``attrs`` has ``factors``, ``source`` (tool, version), ``notes`` (what was left out), ``unnamed``
    (factors that only have a place, such as ``arg0``) and ``units`` (of responses, where the format states them).

    Raises
    ------
    StoreError : nothing measured, or more columns or values than a table may have.
    """
    import numpy as np
    import pandas as pd

    measured = [one for one in measured if one.samples]
    factors = _names(measured, "levels")
    responses = _names(measured, "responses")
    _require_bounds(path, measured, len(factors) + len(responses), notes)
    renamed = factor_names(factors)
    levels = {
        renamed[name]: _levels(renamed[name], [one.levels.get(name) for one in measured], notes) for name in factors
    }
    subjects = _subjects(measured, levels)
    counts = np.array([one.samples for one in measured])
    row = np.arange(len(measured)).repeat(counts)
    timed = [one for one in measured if one.started_at is not None]
    columns: dict[str, Any] = {
        "subject": pd.Series(subjects, dtype="str")[row],
        **{name: column[row] for name, column in levels.items()},
        "repetition": _repetitions(_cells(subjects, levels), counts.tolist()),
    }
    if timed:
        columns["started_at"] = _concatenate([one.started_at for one in measured], counts)
    for name in responses:
        columns[_free(name, columns)] = _concatenate([one.responses.get(name) for one in measured], counts)
    values = list(columns)[-len(responses) :]
    units = _units(measured, dict(zip(responses, values, strict=True)), notes)
    frame = pd.DataFrame({name: getattr(column, "array", column) for name, column in columns.items()})
    usable = np.isfinite(frame[values].to_numpy(dtype=float)).any(axis=1)
    if not usable.all():
        notes.add(f"{int((~usable).sum())} samples without a finite number are left out")
        frame = frame[usable].reset_index(drop=True)
    if not len(frame):
        raise StoreError(f"{path}: holds no sample that is a finite number")
    names = list(renamed.values())
    frame.attrs.update(
        factors=names,
        source={"tool": tool, **({} if version is None else {"version": printable(str(version))})},
        notes=notes.lines(),
        units=units,
        unnamed=[name for name in names if name.startswith("arg") and name[3:].isdigit()],
    )
    return frame


def _units(measured: Sequence[BenchmarkSamples], columns: Mapping[str, str], notes: Notes) -> dict[str, str]:
    """Return the units that the format states, by column; none where benchmarks differ in it."""
    found: dict[str, str] = {}
    for name, column in columns.items():
        stated = list(dict.fromkeys(one.units.get(name) for one in measured if name in one.responses))
        if len(stated) == 1 and stated[0] is not None:
            found[column] = stated[0]
        elif len(stated) > 1:
            words = ", ".join("none" if unit is None else printable(unit, MOST_UNIT) for unit in stated[:MOST_NOTES])
            notes.add(f"{name}: benchmarks have units of their own ({words}), so none is known; --unit states it")
    return found


def one_value(value: float) -> NDArray[np.float64]:
    """Return one value as the samples of a benchmark (1,)."""
    import numpy as np

    return np.array([value], dtype=np.float64)


def _names(measured: Sequence[BenchmarkSamples], kind: str) -> list[str]:
    """Return all names of factors or responses, in the order in which they first appear."""
    return list(dict.fromkeys(name for one in measured for name in getattr(one, kind)))


def _require_bounds(path: Path, measured: Sequence[BenchmarkSamples], columns: int, notes: Notes) -> None:
    if not measured:
        why = f" ({notes.texts[0]})" if notes.texts else ""
        raise StoreError(f"{path}: holds no measurement{why}")
    if columns > MOST_COLUMNS:
        raise StoreError(f"{path}: must have at most {MOST_COLUMNS} factors and responses, got {columns}")
    values = sum(one.samples for one in measured) * (columns + 1)
    if values > MOST_VALUES:
        raise StoreError(f"{path}: must make a table of at most {MOST_VALUES} values, got {values}")


def _levels(name: str, raw: Sequence[Any], notes: Notes) -> pd.Series[Any]:
    """Return a column of levels: numbers if all that are given are numbers, else text, which makes them categories."""
    import pandas as pd

    numbers = [None if one is None else _number(one) for one in raw]
    read = {one: parse_spelled(one) for one, n in zip(raw, numbers, strict=True) if n is None and isinstance(one, str)}
    if read and None not in read.values():
        numbers = [
            read.get(one) if isinstance(one, str) and n is None else n for one, n in zip(raw, numbers, strict=True)
        ]
        one, value = next(iter(read.items()))
        notes.add(f"factor {name!r}: levels such as {printable(one)!r} are read as {value:.12g}")
    if any(number is None and one is not None for number, one in zip(numbers, raw, strict=True)):
        return pd.Series([None if one is None else _text(one) for one in raw], dtype="str")
    if all(isinstance(number, int) for number in numbers):
        return pd.Series(numbers, dtype="int64")
    return pd.Series([math.nan if number is None else float(number) for number in numbers], dtype="float64")


def _number(value: Any) -> int | float | None:
    """Return a level as a finite number; None if it is not one. True and False are categories."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return parse_number(value)
    if isinstance(value, int):
        return value if abs(value) <= MOST_EXACT else None
    return value if isinstance(value, float) and math.isfinite(value) else None


def _text(value: Any) -> str:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, int) and abs(value) > MOST_EXACT:
        return printable(hex(value))  # in linear time, however long it is
    try:
        return printable(json.dumps(value))
    except (RecursionError, ValueError):  # deep, or a number of thousands of digits within
        return "an object"


def _subjects(measured: Sequence[BenchmarkSamples], levels: Mapping[str, pd.Series[Any]]) -> list[str]:
    """Return the subject of each benchmark; its whole name where two would otherwise be one subject at a point."""
    label = _labels([*(one.subject for one in measured), *(one.name for one in measured)])
    subjects = [label[one.subject] for one in measured]
    while True:
        names: dict[Cell, set[str]] = {}
        cells = _cells(subjects, levels)
        for cell, one in zip(cells, measured, strict=True):
            names.setdefault(cell, set()).add(one.name)
        before = subjects
        subjects = [
            label[one.name] if len(names[cell]) > 1 else cell[0] for cell, one in zip(cells, measured, strict=True)
        ]
        if subjects == before:
            return subjects


def _labels(names: Iterable[str]) -> dict[str, str]:
    """Return each name as it can be printed; names that differ still differ.

    >>> list(_labels(["sort", "a\\nb", "a\\\\nb"]).values())
    ['sort', 'a\\\\nb', 'a\\\\nb (2)']
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in dict.fromkeys(names):
        word, number = printable(name), 2
        base = word
        while word in taken:
            word, number = f"{base} ({number})", number + 1
        found[name] = word
        taken.add(word)
    return found


def _cells(subjects: Sequence[str], levels: Mapping[str, pd.Series[Any]]) -> list[Cell]:
    """Return subject and levels of each benchmark, as the table has them; None where it has no level."""
    columns = (column.astype(object).where(column.notna(), None).tolist() for column in levels.values())
    return list(zip(subjects, *columns, strict=True))


def _repetitions(cells: Sequence[Cell], counts: Sequence[int]) -> NDArray[np.int64]:
    """Return numbers from 0 for the samples of each point of a subject (n_rows,)."""
    import numpy as np

    seen: dict[Cell, int] = {}
    found = []
    for cell, count in zip(cells, counts, strict=True):
        start = seen.get(cell, 0)
        found.append(np.arange(start, start + count))
        seen[cell] = start + count
    return np.concatenate(found)


def _concatenate(parts: Sequence[NDArray[np.float64] | None], counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return the values of all samples (n_rows,), NaN where a benchmark has none or fewer."""
    import numpy as np

    found = np.full(int(counts.sum()), np.nan)
    ends = np.cumsum(counts)
    for part, end, count in zip(parts, ends.tolist(), counts.tolist(), strict=True):
        if part is not None:
            found[end - count : end - count + len(part)] = part
    return found


def _free(name: str, columns: Mapping[str, Any]) -> str:
    """Return a name for a response that no column has yet."""
    while name in columns:
        name += "_"
    return name
