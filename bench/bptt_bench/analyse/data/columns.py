"""Columns of a table: categories and factors, which of them are not used, and the response of a fit."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from shlex import quote
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bptt_bench.analyse.data.response import UNITS
from bptt_bench.analyse.data.time_names import is_clearly_time, is_rate, is_time, is_time_of_step, is_unclear_time
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw
from bptt_bench.plan.design.columns import BYTES_SUFFIX, COUNT_SUFFIX, SECONDS_PER_EVAL
from bptt_bench.plan.design.design import OF_POINTS, OF_SAMPLES
from bptt_bench.plan.law.notation import FUNCTIONS, SEVERAL
from bptt_bench.store.importers.reading.columns import NUMBERED
from bptt_bench.store.importers.reading.naming import EMPTY, REPEATED
from bptt_bench.text.units import SECOND, parse_unit, unit_of_name
from bptt_bench.text.wording import did_you_mean, list_names

if TYPE_CHECKING:
    import pandas as pd

CUT_OFF = re.compile(r"time[sd]?_?out|censored|cut_?off", re.IGNORECASE)  # in names of columns
UNUSED = "unused"  # attribute of a frame: why a column is not used, by its name
HOST = "host"  # of a sample; hosts differ in speed
CENSORED, STANDARD_ERROR = "censored", "standard_error"  # attributes of a frame: columns that say how a value is known
# in the names of columns of whole numbers that were measured, or that number the rows
MEASURED = re.compile(r"count|instr|cycle|byte|rss|mem|peak|miss|iter|alloc|index|time|(^|_)(p|u)?id$", re.IGNORECASE)
# in the names of columns that say how values scatter
SPREAD = re.compile(r"(^|[_ ])(std_?(dev|err)?|stdev|sd|sem?)($|[_ (\[])", re.IGNORECASE)
TOGETHER = 0.999  # correlation of the logarithms of two factors that never vary apart
MOST_SHOWN, MOST_CHARACTERS = 6, 60  # levels that a message names, and how much of each


def text_columns(frame: pd.DataFrame, names: Iterable[str]) -> list[str]:
    """Return the columns of text, or of true and false."""
    return [name for name in names if _is_text(frame[name])]


def _is_text(column: pd.Series[Any]) -> bool:
    kind = column.dtype.kind
    return kind in "bSU" or (kind == "O" and any(isinstance(value, str | bool | np.bool_) for value in column.unique()))


def levels_of(column: pd.Series[Any], rows: Any) -> list[str]:
    """Return the levels in some rows as text, in the order of their first row; nothing (NaN) is a level too."""
    return [format_level(value) for value in dict.fromkeys(column.to_numpy()[rows].tolist())]


def format_level(value: object) -> str:
    """Return a level as text.

    >>> [format_level(value) for value in ("float32", True, float("nan"), None, "two\\nlines")]
    ['float32', 'True', 'nothing', 'nothing', 'two\\\\nlines']
    """
    if value is None or value != value:  # NaN alone differs from itself
        return "nothing"
    text = str(value)
    return text if text.isprintable() else repr(text)[1:-1]  # a message is one line, and sets no colours


def format_levels(levels: Iterable[str]) -> str:
    """Return levels as a list in a message, shortened.

    >>> format_levels("abcdefgh")
    'a, b, c, d, e, f and 2 more'
    """
    names = [level if len(level) <= MOST_CHARACTERS else f"{level[:MOST_CHARACTERS]}…" for level in levels]
    more = len(names) - MOST_SHOWN
    return ", ".join(names[:MOST_SHOWN]) + (f" and {more} more" if more > 0 else "")


# --- roles ---

# columns beside factors and response in a store of samples, or in the table of another tool
RECORDED_HERE = (*OF_SAMPLES, *OF_POINTS)
RECORDED_ELSEWHERE = ("repeat", "replicate", "rep", "sample", "run", "iteration", "round", "seed")
REMARKS = ("note", "comment", "remark", "date", "timestamp")  # columns of text that do not say what was measured
STAGES = ("sweep", "adaptive", "memory", "counts", "beyond")
OWN_LEVELS = {"stage": frozenset(STAGES), "timing": frozenset(("whole", "phases", "memory", "counts"))}
RECORDED = frozenset(("repetition", *RECORDED_HERE, *RECORDED_ELSEWHERE, *REMARKS))
Role = Literal["factor", "category", "constant", "unique", "gaps", "empty"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRoles:
    """The columns by which points differ, beside those that a law names.

    Attributes
    ----------
    factors : columns of numbers.
    categories : columns of text, each level of which has a fit of its own.
    notes : remarks on columns that are not used, a sentence each.
    unused : why a column is not used, as the end of a sentence, by its name.
    """

    factors: tuple[str, ...]
    categories: tuple[str, ...]
    notes: tuple[str, ...]
    unused: Mapping[str, str] = field(default_factory=dict)


def column_roles(frame: pd.DataFrame, named: Collection[str] = (), measured: Collection[str] = ()) -> ColumnRoles:
    """Find the roles of the columns.

    The factors of a run or of another tool's file are known. In a plain table they are the columns whose levels recur
    in several rows, that are not known records, and that do not change only together with another factor: their levels
    correspond one to one, and rise or fall together.

    Parameters
    ----------
    named, measured : columns that a law names; columns of responses and blocks.

    Raises
    ------
    FitError : a factor is called like a function of laws.
    """
    known = frame.attrs.get("factors")
    used = {*named, *measured, *noise_columns(frame)}
    if known is not None:
        present = [name for name in known if name in frame.columns and name not in noise_columns(frame)]
        texts = text_columns(frame, [name for name in present if name not in used])
        numbers = [name for name in present if name not in texts and frame[name].notna().any()]
        return ColumnRoles(factors=tuple(numbers), categories=tuple(texts), notes=())
    recorded = _recorded_names(frame)
    others = [name for name in map(str, frame.columns) if name not in used and name not in recorded]
    texts = text_columns(frame, others)
    candidates = [name for name in others if name not in texts and _may_be_factor(frame, name)]
    by_role: dict[Role, list[str]] = {}
    for name in (*candidates, *texts):
        by_role.setdefault(_role(frame, name, is_text=name in texts), []).append(name)
    twins: dict[str, str] = {}
    factors = [name for name in named if name in frame.columns]
    n_named = len(factors)
    for name in by_role.get("factor", ()):
        _add_unless_twin(frame, name, factors, factors, twins)
    called = next((name for name in factors if name in {*FUNCTIONS, *SEVERAL}), None)
    if called is not None:
        raise FitError(
            f"column {called!r}: is a function in laws; give it another name, such as --rename {called}=m, or leave it "
            f"out with --ignore {called}"
        )
    categories: list[str] = []
    for name in by_role.get("category", ()):
        _add_unless_twin(frame, name, factors, categories, twins)
    return ColumnRoles(
        factors=tuple(factors[n_named:]),
        categories=tuple(categories),
        notes=tuple(_notes(frame, by_role, twins, used)),
        unused=dict(_unused(frame, by_role, twins, used)),
    )


def find_factors(frame: pd.DataFrame, measured: Collection[str] = ()) -> list[str]:
    """Return the factors of numbers that vary, without a law that names them.

    They are those of ``column_roles``, and the others of whole numbers that may be sizes: of scattered points each
    has another. Where there are none, they are all columns of numbers but those of records.
    """
    measured = {*measured, *noise_columns(frame)}
    roles = column_roles(frame, (), measured)
    recorded = _recorded_names(frame)
    known = [name for name in map(str, frame.columns) if name not in measured and name not in recorded]
    found = [name for name in roles.factors if len(frame[name].unique()) > 1] or [
        name for name in known if _may_be_factor(frame, name) and _recurs_with_gaps(frame[name])
    ]
    if frame.attrs.get("factors") is not None:
        return found
    if found:
        return [name for name in known if name in found or _are_sizes(frame, name)]
    scattered = [name for name in known if _may_be_factor(frame, name)]
    scattered = [name for name in scattered if not _may_be_measured(frame, name)] or scattered
    whole = [name for name in scattered if _varies_without_gaps(frame[name])]
    return whole or [name for name in scattered if _varies_with_gaps(frame[name])]


def _are_sizes(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column of numbers that hardly recur holds sizes: not another response, and not row numbers."""
    if not _may_be_factor(frame, name) or _role(frame, name, is_text=False) != "unique":
        return False
    column = frame[name]
    is_measured = MEASURED.search(name) is not None or unit_of_name(name) is not None
    if column.isna().any() or (is_measured and not is_unclear_time(name)):
        return False
    is_whole = bool((column > 0).all() and (column % 1 == 0).all())
    are_row_numbers = column.is_unique and column.max() - column.min() == len(column) - 1
    return is_whole and not are_row_numbers and bool(column.max() >= 2 * column.min())


def _may_be_measured(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column is called a time, or what is known of one, and does not hold sizes by an unclear name."""
    unit = unit_of_name(name)
    is_called_so = is_time(name) or (unit is not None and unit.base == SECOND.base) or SPREAD.search(name) is not None
    return is_called_so and not (is_unclear_time(name) and bool((frame[name].dropna() % 1 == 0).all()))


def _recurs_with_gaps(column: pd.Series[Any]) -> bool:
    """Return whether most rows have a level, and levels recur: rows without one are left out of a fit."""
    return bool(column.notna().mean() > 1 / 2 and 1 < len(column.dropna().unique()) <= len(column) / 2)


def _varies_without_gaps(column: pd.Series[Any]) -> bool:
    return bool(len(column.unique()) > 1 and column.notna().all())


def _varies_with_gaps(column: pd.Series[Any]) -> bool:
    return bool(column.notna().mean() > 1 / 2 and len(column.dropna().unique()) > 1)


def _may_be_factor(frame: pd.DataFrame, name: str) -> bool:
    return frame[name].dtype.kind in "iuf" and not name.endswith(SECONDS_PER_EVAL)


def _role(frame: pd.DataFrame, name: str, *, is_text: bool) -> Role:
    column = frame[name]
    if column.nunique() > max(len(frame) / 2, 1 if is_text else 0):  # such as a second response
        return "unique"
    if is_text:
        return "category" if len(levels_of(column, slice(None))) > 1 else "constant"
    if column.notna().all():
        return "factor"
    return "gaps" if column.notna().any() else "empty"


def _add_unless_twin(
    frame: pd.DataFrame, name: str, factors: Sequence[str], chosen: list[str], twins: dict[str, str]
) -> None:
    """Add a column to those chosen, or to the twins of the factor with which it changes."""
    twin = _twin(frame, name, factors)
    if twin is None:
        chosen.append(name)
    else:
        twins[name] = twin


def _notes(
    frame: pd.DataFrame, by_role: dict[Role, list[str]], twins: dict[str, str], used: Collection[str]
) -> Iterable[str]:
    unique, gaps = by_role.get("unique", ()), by_role.get("gaps", ())
    spreads = [name for name in (*twins, *gaps, *unique) if _may_be_spread(frame, name)]
    for name in spreads:
        yield (
            f"{name!r} is not used; if it is the standard error of the response, --standard-error {quote(name)} "
            "weights by it"
        )
    for name, twin in twins.items():
        if name not in spreads:
            yield f"column {name!r} changes only together with {twin!r}: not used"
    for name in gaps:
        if name not in spreads:
            yield f"column {name!r} has gaps, and the law does not name it: not used"
    by_name = [name for name in set_aside_by_name(frame, used) if name != HOST or not _is_text(frame[HOST])]
    if by_name:
        yield f"set aside by name: {quote_names(by_name)}; {rename_to_use(by_name[0])}"
    if "constant" in by_role:
        yield f"the same in every row, and not used: {quote_names(by_role['constant'])}"
    others = [name for name in unique if name not in spreads]
    if others:
        yield f"another value in nearly every row, and not used: {quote_names(others)}"


def _may_be_spread(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column of numbers says by its name how values scatter; not where such a column is chosen."""
    return STANDARD_ERROR not in frame.attrs and SPREAD.search(name) is not None and frame[name].dtype.kind in "iuf"


def _unused(
    frame: pd.DataFrame, by_role: dict[Role, list[str]], twins: dict[str, str], used: Collection[str]
) -> Iterable[tuple[str, str]]:
    """Yield the columns that are not used, each with the reason, as the end of a sentence."""
    for name, twin in twins.items():
        yield name, f"changes only together with {twin!r}, and is not used"
    for name in by_role.get("gaps", ()):
        yield name, "has gaps, and is not used"
    for name in set_aside_by_name(frame, used):
        yield name, f"is set aside by its name; {rename_to_use(name)}"
    for name in by_role.get("constant", ()):
        yield name, "is the same in every row, and is not used"
    for name in by_role.get("unique", ()):
        yield name, "has another value in nearly every row, and is not used"


def unused_hint(name: str, unused: Mapping[str, str]) -> str:
    """Return why a column that a point names is not a factor, as the end of a message; nothing if it is not a column.

    >>> unused_hint("m", {"m": "changes only together with 'n', and is not used"}), unused_hint("k", {})
    ("; column 'm' changes only together with 'n', and is not used", '')
    """
    return f"; column {name!r} {unused[name]}" if name in unused else ""


def _recorded_names(frame: pd.DataFrame) -> set[str]:
    """Return the names of columns that record how samples were taken, without those that mean something else here."""
    return {name for name in RECORDED if not has_foreign_levels(frame, name)}


def set_aside_by_name(frame: pd.DataFrame, used: Collection[str]) -> list[str]:
    """Return the columns of a plain table that vary and are not used because of their names, such as ``block``.

    A run, and what was exported from one, has such columns of its own: with each sample it records how it was taken.
    """
    is_of_run = "timing" in frame.columns and not has_foreign_levels(frame, "timing")
    if is_of_run or frame.attrs.get("factors") is not None:
        return []
    by_name = [name for name in ("repetition", *RECORDED_HERE, *RECORDED_ELSEWHERE, *REMARKS) if name in frame.columns]
    known = {*used, "subject", SECONDS_PER_EVAL}
    own = [name for name in by_name if name not in known and not has_foreign_levels(frame, name)]
    return [name for name in own if len(frame[name].unique()) > 1]


def rename_to_use(name: str) -> str:
    """Return what makes a factor of a column that is set aside by name."""
    return f"--rename {name}={name}_ makes one a factor"


def has_foreign_levels(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column ``stage`` or ``timing`` holds levels that no run has, and so means something else.

    >>> import pandas as pd
    >>> [has_foreign_levels(pd.DataFrame({"stage": levels}), "stage") for levels in (["sweep", "beyond"], ["train"])]
    [False, True]
    """
    if name not in OWN_LEVELS or name not in frame.columns:
        return False
    return not set(levels_of(frame[name], slice(None))) <= OWN_LEVELS[name] | {"nothing"}


def _twin(frame: pd.DataFrame, name: str, factors: Sequence[str]) -> str | None:
    """Return the factor whose levels correspond one to one to those of a column that is not constant.

    Two columns of numbers, in each of which no level recurs, correspond by accident: those go together too.
    """
    import pandas as pd

    codes, levels = pd.factorize(frame[name].to_numpy(), use_na_sentinel=False)
    for factor in factors if len(levels) > 1 else ():
        other, others = pd.factorize(frame[factor].to_numpy(), use_na_sentinel=False)
        is_matched = len(others) == len(levels) == len(np.unique(codes * len(others) + other))
        if is_matched and _go_together(frame[name], frame[factor]):
            return factor
    return None


def _go_together(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    """Return whether two columns whose levels correspond rise or fall together, or one of them has no order."""
    if one.dtype.kind not in "iuf" or other.dtype.kind not in "iuf":
        return True
    levels = np.unique(np.column_stack([one, other]).astype(np.float64), axis=0)
    steps = np.diff(levels[:, 1])
    if (steps > 0).all() or (steps < 0).all():
        return True
    if not (levels > 0).all():  # missing levels too
        return False
    return abs(float(np.corrcoef(np.log(levels.T))[0, 1])) > TOGETHER


def quote_names(names: Sequence[str]) -> str:
    """Return names in quotation marks, as a list in a message."""
    return list_names([repr(name) for name in names])


# --- the response and the factors of a fit ---


def add_roles(
    frame: pd.DataFrame,
    laws: Sequence[CostLaw | str],
    *,
    response: str,
    block: str | None = None,
    chosen: Collection[str] = (),
) -> pd.DataFrame:
    """Return the samples with their factors in ``attrs``, and remarks on the columns in ``attrs["notes"]``.

    Rows of a table that was read from a file are dropped where a factor of the law has no level. ``attrs["unused"]``
    says of each column that is not used why that is.

    Parameters
    ----------
    chosen : columns by whose levels the rows were selected, which need no remark.
    """
    import pandas as pd

    in_laws = factors_in_laws(laws)
    measured = {response, *([block] if block is not None else [])}
    found = column_roles(frame, in_laws, measured)
    if not in_laws and not found.factors:  # a law like 1, whose points differ all the same
        in_laws = find_factors(frame, measured)
        found = column_roles(frame, in_laws, measured)
    of_response = frame.attrs.get(NUMBERED, {}).get(response)  # which is an amount, and never a version
    notes = [*(note for note in frame.attrs.get("notes", ()) if note != of_response), *found.notes]
    present = [name for name in in_laws if name in frame.columns]
    frame, left_out = drop_rows_without_level(frame, present)
    notes += left_out
    for name in found.factors:
        levels = levels_of(frame[name], np.arange(len(frame))) if name not in in_laws else []
        if len(levels) > 1 and name not in chosen:
            notes.append(
                f"the law does not name {name!r}, which varies ({format_levels(levels)}); --where selects, --ignore "
                f"{quote(name)} takes all as one"
            )
    notes += (
        f"{name!r} is taken as a category; with --censored {quote(name)} its samples are lower bounds instead"
        for name in found.categories
        if name not in chosen and CUT_OFF.search(name)
    )
    factors = frame.attrs.get("factors")
    if factors is None:
        factors = [*found.factors, *present, *found.categories]
    result = pd.DataFrame(frame)  # other ways of copying would copy the records of a run too
    result.attrs = {**frame.attrs, "factors": factors, "notes": notes, UNUSED: dict(found.unused)}
    return result


def drop_rows_without_level(frame: pd.DataFrame, names: Iterable[str]) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the rows of a table that was read from a file that have a level of each factor, and a note on the others.

    All rows are kept where none would be left, and those of a user's own frame, in which a gap is an error.
    """
    present = [name for name in names if name in frame.columns]
    gaps = frame[present].isna().any(axis=1).to_numpy(dtype=bool)
    if "source" not in frame.attrs or not gaps.any() or gaps.all():
        return frame, ()
    lacking = [name for name in present if frame[name].isna().any()]
    rows = "1 row is" if gaps.sum() == 1 else f"{gaps.sum()} rows are"
    return frame[~gaps], (f"{rows} left out: no level of {', '.join(lacking)}",)


def choose_response(frame: pd.DataFrame, stated: str | None, laws: Sequence[CostLaw | str] = ()) -> str:
    """Return the response: the one stated, else ``seconds_per_eval``, else the only column that is called a time.

    Of several the only one that is clearly called so. Where a run has measured no time, it is the only other response
    that it has.

    Raises
    ------
    FitError : there is none, or several, or a law names it; the message says what to type.
    """
    found = _find_response(frame, stated, laws)
    if found in factors_in_laws(laws):
        raise FitError(f"response {found!r}: must be a column that no law names, for it would explain itself")
    return found


def _find_response(frame: pd.DataFrame, stated: str | None, laws: Sequence[CostLaw | str]) -> str:
    if stated is not None:
        require_filled(frame, stated)
        _require_values(frame, stated)
        _require_numbers(frame, stated)
        return stated
    if SECONDS_PER_EVAL in frame.columns:
        return SECONDS_PER_EVAL if frame[SECONDS_PER_EVAL].notna().any() else _other_response(frame)
    taken = {*factors_in_laws(laws), *_recorded_names(frame), *frame.attrs.get("factors", ()), *noise_columns(frame)}
    numbers = [name for name in map(str, frame.columns) if name not in taken and frame[name].dtype.kind in "iuf"]
    units = frame.attrs.get(UNITS, {})
    times = _times(frame, numbers)
    if len(times) == 1:
        require_filled(frame, times[0])
        return times[0]
    texts = [] if times else [name for name in text_columns(frame, map(str, frame.columns)) if is_time(name)]
    if texts and texts[0] not in taken:
        such = repr(format_level(_first_no_number(frame[texts[0]].dropna().tolist())))
        raise FitError(
            f"column {texts[0]!r}: holds text, such as {such}; a response must be numbers alone, whose unit is in the "
            "name of the column, such as time_ms, or in --unit"
        )
    if not times and "factors" not in frame.attrs:  # other benchmarks of a tool's file may have other responses
        for name in filter(is_time, frame.attrs.get(EMPTY, ())):
            require_filled(frame, name)
    if not numbers:  # bytes that a run records beside its times are a response where nothing else is
        numbers = [name for name in map(str, frame.columns) if frame[name].dtype.kind in "iuf" and unit_of_name(name)]
    # levels are mostly whole numbers without a unit
    could = sorted(
        times or numbers,
        key=lambda name: (name not in units and unit_of_name(name) is None, frame[name].dtype.kind != "f"),
    )
    such = f"; say which is meant, such as --response {quote(could[0])}" if could else ""
    found = f"{quote_names(times)} are times" if times else "no column is named as a time"
    rates = [] if times else [name for name in could if is_rate(name)]
    if rates:
        found += f", and {quote_names(rates)} {'are rates' if len(rates) > 1 else 'is a rate'}"
    raise FitError(f"response: {found}; the columns are {list_names(list(map(str, frame.columns)))}{such}")


def _first_no_number(values: Sequence[object]) -> object:
    """Return the first value that is not a number, nor a text that stands for one; else the first."""
    for value in values:
        try:
            float(value)  # type: ignore[arg-type]  # the error is the answer
        except (TypeError, ValueError):
            return value
    return values[0]


def responses_of(frame: pd.DataFrame) -> list[str]:
    """Return the responses of a run that it has measured: columns of times, bytes and counts with values."""
    named = [name for name in map(str, frame.columns) if name.endswith((SECONDS_PER_EVAL, BYTES_SUFFIX, COUNT_SUFFIX))]
    return [name for name in named if frame[name].dtype.kind in "iuf" and frame[name].notna().any()]


def _times(frame: pd.DataFrame, numbers: Sequence[str]) -> list[str]:
    """Return the columns that are times, by the unit that their format states or by their name."""
    units = frame.attrs.get(UNITS, {})
    times = [
        name for name in numbers if (parse_unit(units[name]).base == SECOND.base if name in units else is_time(name))
    ]
    if times:
        return [name for name in times if name in units or is_clearly_time(name)] or times
    # such as first_seconds, which the samples of a run have beside another
    recorded = (name for name in map(str, frame.columns) if name in RECORDED and frame[name].dtype.kind in "iuf")
    times = list(filter(is_time, recorded))
    return times or [name for name in numbers if is_time_of_step(name) and _hardly_recurs(frame[name])]


def _hardly_recurs(column: pd.Series[Any]) -> bool:
    """Return whether most values are there once, as measured ones are, and levels are not."""
    return bool(column.nunique() > len(column) / 2)


def _require_values(frame: pd.DataFrame, response: str) -> None:
    """See that a response has values where others of the data do.

    Raises
    ------
    FitError : it has none; the message names the others.
    """
    others = responses_of(frame)
    if others and response in frame.columns and frame[response].isna().all():
        raise FitError(
            f"response {response!r}: was not measured; the data have {quote_names(others)}: --response "
            f"{quote(others[0])}"
        )


def _require_numbers(frame: pd.DataFrame, response: str) -> None:
    """See that a response does not hold durations, whose unit no name tells.

    Raises
    ------
    FitError : it does.
    """
    if response in frame.columns and frame[response].dtype.kind == "m":
        raise FitError(
            f"column {response!r}: holds durations ({frame[response].dtype}); a response must be numbers, such as "
            f"frame[{response!r}].dt.total_seconds()"
        )


def _other_response(frame: pd.DataFrame) -> str:
    """Return the only response of a run that has no time of whole evaluations.

    Raises
    ------
    FitError : it has several.
    """
    found = responses_of(frame)
    if len(found) > 1:
        raise FitError(
            f"response: no time was measured; the data have {quote_names(found)}; say which is meant, such as "
            f"--response {quote(found[0])}"
        )
    return found[0] if found else SECONDS_PER_EVAL


def require_filled(frame: pd.DataFrame, name: str) -> None:
    """See that something stands in a column that is to be used, and that a table has no other of its name.

    Raises
    ------
    FitError : nothing does, or it has.
    """
    others = [other for other in frame.attrs.get(REPEATED, {}).get(name, ()) if other in frame.columns]
    if others and name in frame.columns:
        raise FitError(
            f"names column {name!r} twice; --ignore {quote(others[0])} leaves the second out, and --ignore "
            f"{quote(name)} the first"
        )
    if name not in frame.columns and name in frame.attrs.get(EMPTY, ()):
        raise FitError(f"column {name!r}: is empty in every row; allowed are columns with values")


def with_noise_columns(
    frame: pd.DataFrame, censored: str | None = None, standard_error: str | None = None
) -> pd.DataFrame:
    """Return a frame that says which column holds 1 where the response is a lower bound, and which its standard error.

    Raises
    ------
    FitError : a column that there is not, or one that is named for both.
    """
    import pandas as pd

    given = {CENSORED: censored, STANDARD_ERROR: standard_error}
    chosen: dict[Any, str] = {role: name for role, name in given.items() if name is not None}
    if not chosen:
        return frame
    for role, name in chosen.items():
        require_filled(frame, name)
        if name not in frame.columns:
            names = list(map(str, frame.columns))
            option = f"--{role.replace('_', '-')}"
            raise FitError(
                f"{option} {name!r}: no such column; the columns are {list_names(names)}{did_you_mean(name, names)}"
            )
    if censored == standard_error:
        raise FitError(f"--censored and --standard-error: name two columns, not {censored!r} twice")
    result = pd.DataFrame(frame)
    result.attrs = {**frame.attrs, **chosen}
    return result


def noise_columns(frame: pd.DataFrame) -> tuple[str, ...]:
    """Return the columns that say how a response is known."""
    return tuple(frame.attrs[role] for role in (CENSORED, STANDARD_ERROR) if role in frame.attrs)


def factors_in_laws(laws: Iterable[CostLaw | str]) -> list[str]:
    """Return the names in some laws, each once.

    Raises
    ------
    FitError : a text is not a law.
    """
    try:
        known = [law if isinstance(law, CostLaw) else CostLaw(law) for law in laws]
    except LawError as error:
        raise FitError(str(error)) from None
    return list(dict.fromkeys(name for law in known for name in law.factors))


def less_clear_times(frame: pd.DataFrame, response: str) -> list[str]:
    """Return the columns of numbers that are called times too, less clearly so than the response."""
    if not is_clearly_time(response):
        return []
    numbers = [name for name in map(str, frame.columns) if name != response and frame[name].dtype.kind in "iuf"]
    return list(filter(is_unclear_time, numbers))
