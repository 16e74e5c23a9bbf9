"""Samples of a data frame as arrays, grouped by point, with checks of every column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.columns import (
    CENSORED,
    HOST,
    STANDARD_ERROR,
    column_roles,
    find_factors,
    format_levels,
    levels_of,
    noise_columns,
    require_filled,
    text_columns,
)
from bptt_bench.analyse.data.time_names import is_time
from bptt_bench.analyse.stats.arrays import Array, Flags, Index
from bptt_bench.errors import FitError
from bptt_bench.plan import PLACEBO_SUFFIX
from bptt_bench.plan.design.design import OF_POINTS
from bptt_bench.plan.law.law import Term
from bptt_bench.plan.law.notation import suggest_name
from bptt_bench.plan.law.overflow import smaller_levels_hint
from bptt_bench.store.importers.reading.naming import can_be_named, rename_hint
from bptt_bench.text.numbers import exact
from bptt_bench.text.wording import did_you_mean, list_names

if TYPE_CHECKING:
    import pandas as pd


TIME = "started_at"  # of a sample, in seconds
PROCESS = "process"  # that measured a sample
MOST_BELOW_FLOOR = 0.5  # of the samples of a point, beyond which all of them are left out
UNNAMED = "unknown"
# A fit sums squares of ratios of a term to a time: within these bounds the sums stay below 1e308.
LEAST, MOST = 1e-60, 1e60
LAWS_IN_WORDS = {  # each of the factor in its braces
    "constant": "1",
    "linear": "{}",
    "quadratic": "{}**2",
    "cubic": "{}**3",
    "logarithmic": "log({})",
    "linearithmic": "{0}*log({0})",
    "exponential": "2**{}",
}
BOUNDS = f"numbers from {LEAST:g} to {MOST:g}"


class BelowFloorError(FitError):
    """Samples all of which lie below the signal floor."""


class Allowed(Enum):
    """What a column may hold, in words."""

    POSITIVE = "numbers above 0"
    LEVEL = "finite numbers from 0"
    FINITE = "finite numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The samples of one subject and response, grouped by point.

    Attributes
    ----------
    levels : factor name -> level at each point (n_points,).
    log_seconds : log of the response of each sample (n_samples,), sorted by point.
    point, block : index of the point and of the block of each sample (n_samples,).
    block_names : names of the blocks, by index.
    below_floor : number of rows dropped because their signal was below the floor.
    when : seconds at which each sample was taken (column ``started_at``), if known.
    rows : of the frame that the samples come from (n_samples,).
    host, process : indices of the host and of the measuring process of each sample, if known.
    host_names : names of the hosts, by index.
    censored : whether each sample is a lower bound (n_samples,), if a column says so.
    error : stated standard error of each sample (n_samples,), relative, if a column has it.
    table_row : number of the first row of each point in its table (n_points,), if they were read from one.
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
    censored: Flags | None = None
    error: Array | None = None
    table_row: Index | None = None

    @property
    def n_points(self) -> int:
        return int(self.point.max()) + 1


def without_placebo(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of the only subject without those of its placebo; of several subjects all rows."""
    if "subject" not in frame.columns:
        return frame
    names = frame["subject"].unique().tolist()
    own = own_subjects(names)
    return frame if len(names) == len(own) or len(own) != 1 else frame[frame["subject"] == own[0]]


def own_subjects(names: Sequence[str]) -> list[str]:
    """Return the names of subjects that are not the placebo of another.

    >>> own_subjects(["sort", "sort (placebo)"])
    ['sort']
    """
    placebos = {f"{name}{PLACEBO_SUFFIX}" for name in names}
    return [name for name in names if name not in placebos]


def gather(
    frame: pd.DataFrame, names: Sequence[str], *, response: str, block: str | None = None, what: str = "law"
) -> Samples:
    """Return the samples of a response, grouped by the factors of the frame and ``names``.

    Rows below the signal floor are dropped and counted, with all others of a point where they are the majority: there
    only what noise made longer is above. In a frame with a ``timing`` column only the rows with the
    response are used: phases and whole evaluations are never mixed.

    Raises
    ------
    FitError : a missing column, several subjects, NaN, text, negative or zero times, or no row at all.
    """
    measured = (response, *([block] if block is not None else []))
    _require_columns(frame, names, what)
    for name in measured:
        require_filled(frame, name)
        if name not in frame.columns:
            hint = did_you_mean(name, frame.columns) or _with_unit(name, frame)
            raise FitError(f"column {name!r}: missing; the columns are {list_names(frame.columns.tolist())}{hint}")
    _require_no_factor(frame, names, measured)
    found = column_roles(frame, names, measured)
    is_bare = not names and not found.factors and frame.attrs.get("factors") is None
    factors = _factors(find_factors(frame, measured) if is_bare else found.factors, names)
    keep, below_floor = _rows(frame, response, factors)
    rows = np.flatnonzero(keep)
    if not len(rows):
        if below_floor:
            raise BelowFloorError(f"response {response!r}: all {below_floor} rows are below the signal floor")
        raise FitError(f"response {response!r}: no rows to fit")
    if "subject" in frame.columns:
        subjects = list(dict.fromkeys(frame["subject"].to_numpy()[rows].tolist()))
        if len(subjects) > 1:
            such = f'frame[frame["subject"] == {str(subjects[0])!r}]'
            raise FitError(
                f"subject: {len(subjects)} in one frame ({list_names(subjects)}); select one of them, such as {such}"
            )
    _require_one_level(frame, found.categories, rows)
    seconds = _numbers(frame[response], rows, response, Allowed.POSITIVE)
    columns = [
        _numbers(frame[name], rows, name, Allowed.LEVEL if name in names else Allowed.FINITE) for name in factors
    ]
    table = np.column_stack(columns or [np.zeros(len(rows))])
    unique, first, inverse = np.unique(table, axis=0, return_index=True, return_inverse=True)
    rank = np.empty(len(unique), dtype=np.intp)  # points in the order in which they first appear
    rank[np.argsort(first)] = np.arange(len(unique))
    point = rank[inverse.reshape(-1)]
    order = np.argsort(point, kind="stable")
    levels = {name: unique[np.argsort(first), i] for i, name in enumerate(factors)}
    bounds, stated = (frame.attrs.get(role) for role in (CENSORED, STANDARD_ERROR))
    error = None if stated is None else _numbers(frame[stated], rows, stated, Allowed.POSITIVE) / seconds
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
        censored=None if bounds is None else _flags(frame[bounds], rows[order], bounds),
        error=None if error is None else error[order],
        table_row=_table_rows(frame, rows[np.sort(first)]) if "source" in frame.attrs else None,
    )


def _with_unit(name: str, frame: pd.DataFrame) -> str:
    """Return a hint at the only column that begins like the name, with another unit, such as ``cpu_time``."""
    word = name.removesuffix("_time")
    near = [str(column) for column in frame.columns if word and str(column).startswith(f"{word}_")]
    return f"; did you mean {near[0]}?" if len(near) == 1 else ""


def categories_of(frame: pd.DataFrame, named: Collection[str] = (), measured: Collection[str] = ()) -> list[str]:
    """Return the columns of text, each level of which has a fit of its own; see ``column_roles``."""
    return list(column_roles(frame, named, measured).categories)


def require_numbers(frame: pd.DataFrame, names: Iterable[str], what: str) -> None:
    """Check that a law does not name a category; text that is a number everywhere is not one.

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
        float(value)  # type: ignore[arg-type]  # the error is the answer
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
    """Return the times at which samples were taken; None if some are unknown."""
    if TIME not in frame.columns or frame[TIME].dtype.kind != "f":
        return None
    times = frame[TIME].to_numpy()[rows]
    return times if np.isfinite(times).all() else None


def _require_columns(frame: pd.DataFrame, names: Sequence[str], what: str) -> None:
    for name in names:
        require_filled(frame, name)
        if name not in frame.columns:
            columns = frame.columns.tolist()
            near = suggest_name(name, [column for column in columns if str(column).isidentifier()])
            word = _law_hint(name, columns)
            hint = word or rename_hint(name, columns) or (f"; did you mean {near}?" if near else "")
            raise FitError(f"{what}: unknown name {name!r}; the columns are {list_names(columns)}{hint}")
    require_numbers(frame, names, what)


def _law_hint(word: str, columns: Sequence[str]) -> str:
    """Return how a law is written that was given as a word, as the end of a message; nothing for other words."""
    if word.lower() not in LAWS_IN_WORDS:
        return ""
    factor = next((name for name in columns if can_be_named(name) and not is_time(name)), "n")
    return f"; a law names columns, such as {LAWS_IN_WORDS[word.lower()].format(factor)} for {word}"


def _factors(others: Sequence[str], names: Sequence[str]) -> list[str]:
    factors = list(dict.fromkeys([*others, *names]))
    for name in factors:
        if name in OF_POINTS:
            raise FitError(f"factor {name!r}: the points of a fit have a column of this name; --rename {name}={name}_")
    return factors


def _rows(
    frame: pd.DataFrame, response: str, factors: Sequence[str]
) -> tuple[np.ndarray[Any, np.dtype[np.bool_]], int]:
    keep = np.ones(len(frame), dtype=bool)
    if "timing" in frame.columns or "source" in frame.attrs:
        # a row with phases has no time of the whole evaluation, and vice versa: such gaps are not missing data. Nor are
        # those of another tool's file with the bytes of one benchmark and the seconds of the next
        keep &= frame[response].notna().to_numpy(dtype=bool)
    if "below_floor" not in frame.columns:
        return keep, 0
    column = frame["below_floor"]  # another tool's table may have it as numbers or as text
    true = column if column.dtype.kind == "b" else column.astype(str).str.lower().isin(("true", "1", "1.0"))
    below = true.to_numpy(dtype=bool, copy=True)
    if factors and below.any():
        share = true[keep].groupby([frame[name][keep] for name in factors]).transform("mean")
        below[np.flatnonzero(keep)] |= share.to_numpy() > MOST_BELOW_FLOOR
    return keep & ~below, int((keep & below).sum())


def _blocks(frame: pd.DataFrame, block: str | None, rows: Index) -> tuple[tuple[Any, ...], Index | None]:
    if block is None:
        return (), None
    names, index = np.unique(frame[block].to_numpy()[rows], return_inverse=True)
    return tuple(names.tolist()), index.reshape(-1)


def _named(frame: pd.DataFrame, name: str, rows: Index) -> tuple[tuple[str, ...], Index | None]:
    """Return the names in a column and their index in each row; rows without a name share one more."""
    import pandas as pd

    if name not in frame.columns:
        return (), None
    index, names = pd.factorize(frame[name].to_numpy()[rows], sort=False)
    known = tuple(map(str, names))
    if (index < 0).any():
        known, index = (*known, UNNAMED), np.where(index < 0, len(known), index)
    return known, index.astype(np.intp)


def _numbers(column: pd.Series[Any], rows: Index, name: str, allowed: Allowed) -> Array:
    raw = column.to_numpy()[rows]
    try:
        values = np.asarray(raw, dtype=np.float64)
    except (TypeError, ValueError):
        for row, value in zip(rows, raw, strict=True):
            if not _is_number(value):
                raise FitError(
                    f"column {name!r}: {value!r} in data row {_row_of(column, row)}; allowed are {allowed.value}"
                ) from None
        values = np.array([float(value) for value in raw])
    wrong = ~np.isfinite(values)
    if allowed is not Allowed.FINITE:
        wrong |= (values <= 0) if allowed is Allowed.POSITIVE else (values < 0)
    if wrong.any():
        at = int(np.argmax(wrong))
        shown = "nothing (NaN)" if np.isnan(values[at]) else f"{values[at]:g}"
        raise FitError(
            f"column {name!r}: {shown} in data row {_row_of(column, rows[at])}; allowed are {allowed.value}"
            f"{_leave_out_hint(wrong, values)}"
        )
    beyond = _beyond(values)
    if beyond.any():
        at = int(np.argmax(beyond))
        raise FitError(f"column {name!r}: {values[at]:g} in data row {_row_of(column, rows[at])}; allowed are {BOUNDS}")
    return values


def _leave_out_hint(wrong: Flags, values: Array) -> str:
    """Return what to do about numbers that cannot be used; nothing where some are missing.

    Of a point that a coarse clock sometimes showed as 0, the other rows alone would be too slow.
    """
    if np.isnan(values[wrong]).any():
        return ""
    are_not = "1 of {} rows is not" if wrong.sum() == 1 else f"{wrong.sum()} of {{}} rows are not"
    return f"; {are_not.format(len(values))}: leave their points out of the table, or keep the others by --where"


def _flags(column: pd.Series[Any], rows: Index, name: str) -> Flags:
    known = {"0": False, "0.0": False, "false": False, "1": True, "1.0": True, "true": True}
    texts = [str(value).strip().lower() for value in column.to_numpy()[rows].tolist()]
    for row, text in zip(rows, texts, strict=True):
        if text not in known:
            shown = "nothing (NaN)" if text in ("nan", "none", "") else text
            raise FitError(f"column {name!r}: {shown} in data row {_row_of(column, row)}; allowed are 0 and 1")
    return np.array([known[text] for text in texts], dtype=bool)


def _require_no_factor(frame: pd.DataFrame, names: Sequence[str], measured: Sequence[str]) -> None:
    for name in noise_columns(frame):
        if name in names or name in measured:
            raise FitError(f"column {name!r}: says how a value is known, and can be neither a factor nor the response")


def _table_rows(frame: pd.DataFrame, rows: Index) -> Index:
    column = frame.iloc[:, 0]
    return np.array([_row_of(column, int(row)) for row in rows], dtype=np.intp)


def _row_of(column: pd.Series[Any], row: int) -> int:
    """Return the number of a row in the table, from 1 on; labels keep it where rows were selected."""
    return int(column.index[row] if column.index.dtype.kind == "i" else row) + 1


def _beyond(values: Array) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which numbers are too large or too small for a fit to square; 0 is not."""
    size = np.abs(values)
    found: np.ndarray[Any, np.dtype[np.bool_]] = (size > MOST) | ((size < LEAST) & (size != 0))
    return found


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]  # the error is the answer
    except (TypeError, ValueError):
        return False
    return True


def check_design(
    columns: Array, terms: Sequence[object], levels: Mapping[str, Array], table_row: Index | None = None
) -> Array:
    """Return the columns (n_points, k) of a law after checking them.

    Parameters
    ----------
    table_row : number of the first row of each point in its table, which a message then names.

    Raises
    ------
    FitError : a term is negative, not finite or too large at some point, or 0 at all of them.
    """
    wrong = ~np.isfinite(columns) | (columns < 0)
    for outside, allowed in ((wrong, "finite numbers from 0"), (_beyond(columns), BOUNDS)):
        if outside.any():
            row, column = (int(i) for i in np.argwhere(outside)[0])
            at = " ".join(f"{name}={exact(values[row])}" for name, values in levels.items())
            at += "" if table_row is None else f" (data row {table_row[row]})"
            point = {name: float(values[row]) for name, values in levels.items()}
            term = terms[column]
            hint = smaller_levels_hint(term, point, MOST) if isinstance(term, Term) else ""
            raise FitError(f"term {term}: {columns[row, column]:g} at {at}; allowed are {allowed}{hint}")
    empty = np.flatnonzero(~columns.any(axis=0))
    if len(empty):
        raise FitError(f"term {terms[empty[0]]}: 0 at every point; its coefficient cannot be estimated")
    return columns


def require_cost_everywhere(columns: Array, law: object, levels: Mapping[str, Array]) -> None:
    """Check that a law predicts a cost at every point, which ``n*log(n)`` does not at n = 1.

    Raises
    ------
    FitError : all terms are 0 at some point.
    """
    zero = np.flatnonzero(~columns.any(axis=1))
    if len(zero):
        at = " ".join(f"{name}={exact(values[zero[0]])}" for name, values in levels.items())
        raise FitError(f"law '{law}': is 0 at {at}, where a cost was measured; the overhead term 1 would allow for it")
