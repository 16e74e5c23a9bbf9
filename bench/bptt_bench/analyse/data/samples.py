"""From a data frame to arrays: which rows count, which points they belong to, and a clear line about what is wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.categories import format_levels, levels_of, text_columns
from bptt_bench.analyse.data.roles import roles
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.errors import BenchError
from bptt_bench.plan.design.design import OF_POINTS
from bptt_bench.plan.law.notation import meant
from bptt_bench.plan.law.wording import did_you_mean
from bptt_bench.store.importers.reading.naming import rename_hint
from bptt_bench.store.importers.reading.text import list_names

if TYPE_CHECKING:
    import pandas as pd


TIME = "started_at"  # of a sample, in seconds
HOST, PROCESS = "host", "process"  # where a sample was taken, and by which measuring process
UNNAMED = "unknown"
# A fit squares the ratio of a term to a time, and sums such squares: from here on that stays below 1e308.
LEAST, MOST = 1e-60, 1e60
BOUNDS = f"numbers from {LEAST:g} to {MOST:g}"


class FitError(BenchError, ValueError):
    """Data to which a law cannot be fitted; the message is one line: the column, the row and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The samples of one subject and response, grouped by point.

    Attributes
    ----------
    levels : factor name -> level at each point (n_points,).
    log_seconds : log of the response of each sample (n_samples,), sorted by point.
    point, block : index of the point and of the block of each sample (n_samples,).
    block_names : what the block indices stand for.
    below_floor : rows left out because their signal was below the floor.
    when : seconds at which each sample was taken, where the frame has them (column ``started_at``).
    rows : of the frame that the samples come from (n_samples,).
    host, process : indices of the host and of the measuring process of each sample, where the frame has such columns.
    host_names : what the host indices stand for.
    """

    levels: dict[str, Array]
    log_seconds: Array
    point: Index
    block: Index | None
    block_names: tuple[Any, ...]
    below_floor: int
    when: Array | None = None
    rows: Index | None = None
    host: Index | None = None
    host_names: tuple[Any, ...] = ()
    process: Index | None = None

    @property
    def n_points(self) -> int:
        return int(self.point.max()) + 1


def gather(
    frame: pd.DataFrame, names: Sequence[str], *, response: str, block: str | None = None, what: str = "law"
) -> Samples:
    """Samples of the response, grouped by the factors of the frame and ``names``.

    Rows below the signal floor are left out and counted. In a frame with a ``timing`` column only the rows of the
    response's own kind of timing are used: phases and whole evaluations are never mixed.

    Raises
    ------
    FitError : a missing column, several subjects, NaN, text, negative or zero times, or no row at all.
    """
    measured = (response, *([block] if block is not None else []))
    _require_columns(frame, names, what)
    for name in measured:
        if name not in frame.columns:
            hint = did_you_mean(name, frame.columns) or _with_unit(name, frame)
            raise FitError(f"column {name!r}: missing; the columns are {list_names(frame.columns.tolist())}{hint}")
    keep, below_floor = _rows(frame, response)
    rows = np.flatnonzero(keep)
    found = roles(frame, names, measured)
    factors = _factors(found.factors, names)
    if not len(rows):
        reason = f"all {below_floor} rows are below the signal floor" if below_floor else "no rows to fit"
        raise FitError(f"response {response!r}: {reason}")
    if "subject" in frame.columns:
        subjects = list(dict.fromkeys(frame["subject"].to_numpy()[rows].tolist()))
        if len(subjects) > 1:
            raise FitError(f"subject: {len(subjects)} in one frame ({list_names(subjects)}); select one of them")
    _require_one_level(frame, found.categories, rows)
    seconds = _numbers(frame[response], rows, response, positive=True)
    table = np.column_stack([_numbers(frame[name], rows, name) for name in factors] or [np.zeros(len(rows))])
    unique, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(unique), dtype=np.intp)  # points in the order in which they first appear
    rank[np.argsort(first)] = np.arange(len(unique))
    point = rank[inverse.reshape(-1)]
    order = np.argsort(point, kind="stable")
    levels = {name: unique[np.argsort(first), i] for i, name in enumerate(factors)}
    block_names, block_index = _blocks(frame, block, rows[order])
    host_names, host = _named(frame, HOST, rows[order])
    return Samples(
        levels=levels,
        log_seconds=np.log(seconds[order]),
        point=point[order],
        block=block_index,
        block_names=block_names,
        when=_when(frame, rows[order]),
        below_floor=below_floor,
        rows=rows[order],
        host=host,
        host_names=host_names,
        process=_named(frame, PROCESS, rows[order])[1],
    )


def _with_unit(name: str, frame: pd.DataFrame) -> str:
    """The column that is meant by a name of which only the words beside the unit are right: ``cpu_time``."""
    word = name.removesuffix("_time")
    near = [str(column) for column in frame.columns if word and str(column).startswith(f"{word}_")]
    return f"; did you mean {near[0]}?" if len(near) == 1 else ""


def categories_of(frame: pd.DataFrame, named: Collection[str] = (), measured: Collection[str] = ()) -> list[str]:
    """The columns of text that have a fit of their own at each level; see ``roles``."""
    return list(roles(frame, named, measured).categories)


def require_numbers(frame: pd.DataFrame, names: Iterable[str], what: str) -> None:
    """See that a law names no category; text that can be read as numbers is none.

    Raises
    ------
    FitError : it does.
    """
    for name in text_columns(frame, names):
        if not any(_is_text(value) for value in frame[name].unique()):
            continue
        raise FitError(f"{what}: names the category {name!r}; laws are written in numbers, one for each of its levels")


def _is_text(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]  # that is the question
    except (TypeError, ValueError):
        return value is not None
    return False


def _require_one_level(frame: pd.DataFrame, categories: Sequence[str], rows: Index) -> None:
    for name in categories:
        levels = levels_of(frame[name], rows)
        if len(levels) > 1:
            raise FitError(
                f"category {name!r}: {len(levels)} levels in one frame ({format_levels(levels)}), and each has a fit "
                "of its own; select the rows of one, or use bench.fit_by"
            )


def _when(frame: pd.DataFrame, rows: Index) -> Array | None:
    """When the samples were taken; None where some of them do not say."""
    if TIME not in frame.columns or frame[TIME].dtype.kind != "f":
        return None
    times = frame[TIME].to_numpy()[rows]
    return times if np.isfinite(times).all() else None


def _require_columns(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    for name in names:
        if name not in frame.columns:
            columns = frame.columns.tolist()
            near = meant(name, [column for column in columns if str(column).isidentifier()])
            hint = rename_hint(name, columns) or (f"; did you mean {near}?" if near else "")
            raise FitError(f"{what}: unknown name {name!r}; the columns are {list_names(columns)}{hint}")
    require_numbers(frame, names, what)


def _factors(others: Sequence[str], names: Sequence[str]) -> list[str]:
    factors = list(dict.fromkeys([*others, *names]))
    for name in factors:
        if name in OF_POINTS:
            raise FitError(f"factor {name!r}: the points of a fit have a column of this name; rename it, as {name}_")
    return factors


def _rows(frame: pd.DataFrame, response: str) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], int]:
    keep = np.ones(len(frame), dtype=bool)
    if "timing" in frame.columns or "source" in frame.attrs:
        # a phase-timed row has no time of the whole, and the other way round; such gaps are not missing data. So it is
        # with what another tool measured: bytes of one benchmark, seconds of the next
        keep &= frame[response].notna().to_numpy(dtype=bool)
    if "below_floor" not in frame.columns:
        return keep, 0
    column = frame["below_floor"]  # a table of somebody else may have it as numbers or as text
    true = column if column.dtype.kind == "b" else column.astype(str).str.lower().isin(("true", "1", "1.0"))
    below = true.to_numpy(dtype=bool)
    return keep & ~below, int((keep & below).sum())


def _blocks(frame: pd.DataFrame, block: str | None, rows: Index) -> tuple[tuple[Any, ...], Index | None]:
    if block is None:
        return (), None
    names, index = np.unique(frame[block].to_numpy()[rows], return_inverse=True)
    return tuple(names.tolist()), index.reshape(-1)


def _named(frame: pd.DataFrame, name: str, rows: Index) -> tuple[tuple[str, ...], Index | None]:
    """What a column names and which of these each row has; what is not named counts as one more."""
    import pandas as pd

    if name not in frame.columns:
        return (), None
    index, names = pd.factorize(frame[name].to_numpy()[rows], sort=False)
    known = tuple(map(str, names))
    if (index < 0).any():
        known, index = (*known, UNNAMED), np.where(index < 0, len(known), index)
    return known, index.astype(np.intp)


def _numbers(column: pd.Series[Any], rows: Index, name: str, *, positive: bool = False) -> Array:
    allowed = "numbers above 0" if positive else "finite numbers"
    raw = column.to_numpy()[rows]
    try:
        values = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError):
        for row, value in zip(rows, raw, strict=True):
            if not _is_number(value):
                raise FitError(
                    f"column {name!r}: {value!r} in data row {_row_of(column, row)}; allowed are {allowed}"
                ) from None
        values = np.array([float(value) for value in raw])
    wrong = ~np.isfinite(values) | ((values <= 0) if positive else False)
    if wrong.any():
        at = int(np.argmax(wrong))
        shown = "nothing (NaN)" if np.isnan(values[at]) else f"{values[at]:g}"
        raise FitError(f"column {name!r}: {shown} in data row {_row_of(column, rows[at])}; allowed are {allowed}")
    beyond = _beyond(values)
    if beyond.any():
        at = int(np.argmax(beyond))
        raise FitError(f"column {name!r}: {values[at]:g} in data row {_row_of(column, rows[at])}; allowed are {BOUNDS}")
    return values


def _row_of(column: pd.Series[Any], row: int) -> int:
    """Which row of the table it is, from 1 on: where rows were selected, their labels say which they were."""
    return int(column.index[row] if column.index.dtype.kind == "i" else row) + 1


def _beyond(values: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which numbers are so large or so small that a fit could not compute with their squares; 0 is not."""
    size = np.abs(values)
    found: np.ndarray[Any, np.dtype[np.bool_]] = (size > MOST) | ((size < LEAST) & (size != 0))
    return found


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]  # that is the question
    except (TypeError, ValueError):
        return False
    return not isinstance(value, str)


def check_design(columns: Array, terms: Sequence[object], levels: Mapping[str, Array]) -> Array:
    """The columns of a law, checked.

    Raises
    ------
    FitError : a term that is negative or not finite at some point: its coefficient could not be a cost.
    """
    wrong = ~np.isfinite(columns) | (columns < 0)
    if wrong.any():
        row, column = (int(i) for i in np.argwhere(wrong)[0])
        at = " ".join(f"{name}={values[row]:g}" for name, values in levels.items())
        raise FitError(f"term {terms[column]}: {columns[row, column]:g} at {at}; allowed are finite numbers from 0")
    beyond = _beyond(columns)
    if beyond.any():
        row, column = (int(i) for i in np.argwhere(beyond)[0])
        at = " ".join(f"{name}={values[row]:g}" for name, values in levels.items())
        raise FitError(f"term {terms[column]}: {columns[row, column]:g} at {at}; allowed are {BOUNDS}")
    empty = np.flatnonzero(~columns.any(axis=0))
    if len(empty):
        raise FitError(f"term {terms[empty[0]]}: 0 at every point; its coefficient cannot be estimated")
    return columns


def require_cost_everywhere(columns: Array, law: object, levels: Mapping[str, Array]) -> None:
    """See that a law says something of every point: ``n*log(n)`` says that nothing happens at n = 1.

    Raises
    ------
    FitError : all terms are 0 at some point.
    """
    nothing = np.flatnonzero(~columns.any(axis=1))
    if len(nothing):
        at = " ".join(f"{name}={values[nothing[0]]:g}" for name, values in levels.items())
        raise FitError(f"law '{law}': is 0 at {at}, where a cost was measured; the overhead term 1 would allow for it")
