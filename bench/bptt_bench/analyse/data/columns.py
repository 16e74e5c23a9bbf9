"""Columns of a table that a law is fitted to: the response, and the factors with remarks on other columns."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from bptt_bench.analyse.data.categories import format_level, format_levels, levels_of, text_columns
from bptt_bench.analyse.data.response import UNITS
from bptt_bench.analyse.data.roles import RECORDED, WHOLE, column_roles, quote_names
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw
from bptt_bench.store.importers.reading.text import list_names
from bptt_bench.text.units import SECOND, parse_unit, unit_of_name

if TYPE_CHECKING:
    import pandas as pd

# words in the name of a column that holds times, and words beside them in the name of one that holds something else
TIMES = frozenset(("time", "times", "walltime", "runtime", "cputime", "elapsed", "duration", "latency", "wall"))
NO_TIMES = frozenset(
    (
        *("std", "stddev", "stdev", "sd", "sem", "err", "error", "var", "variance", "cv", "low", "high", "ci"),
        *("start", "started", "end", "ended", "stamp", "timestamp", "date", "step", "steps", "unit", "units", "limit"),
        *("timeout", "zone", "count", "per"),
    )
)
WORD = re.compile(r"[A-Z]+(?![a-zµ])|[A-Z]?[a-zµ]+")


def add_roles(
    frame: pd.DataFrame,
    laws: Sequence[CostLaw | str],
    *,
    response: str,
    block: str | None = None,
    chosen: Collection[str] = (),
) -> pd.DataFrame:
    """Return the samples with their factors in ``attrs``, and remarks on the columns in ``attrs["notes"]``.

    Rows of a table that was read from a file are dropped where a factor of the law has no level.

    Parameters
    ----------
    chosen : columns by whose levels the rows were selected, which need no remark.
    """
    import pandas as pd

    in_laws = factors_in_laws(laws)
    measured = {response, *([block] if block is not None else [])}
    found = column_roles(frame, in_laws, measured)
    notes = [*frame.attrs.get("notes", ()), *found.notes]
    present = [name for name in in_laws if name in frame.columns]
    gaps = frame[present].isna().any(axis=1).to_numpy(dtype=bool)
    if "source" in frame.attrs and gaps.any() and not gaps.all():
        frame = frame[~gaps]
        notes.append(f"{int(gaps.sum())} rows are left out, which have no level of {', '.join(present)}")
    for name in found.factors:
        levels = levels_of(frame[name], np.arange(len(frame))) if name not in in_laws else []
        if len(levels) > 1 and name not in chosen:
            notes.append(
                f"the law does not name {name!r}, which varies ({format_levels(levels)}); --where selects, --ignore "
                f"{quote(name)} takes all as one"
            )
    factors = frame.attrs.get("factors")
    if factors is None:
        factors = [*found.factors, *present, *found.categories]
    result = pd.DataFrame(frame)  # other ways of copying would copy the records of a run too
    result.attrs = {**frame.attrs, "factors": factors, "notes": notes}
    return result


def choose_response(frame: pd.DataFrame, stated: str | None, laws: Sequence[CostLaw | str] = ()) -> str:
    """Return the response: the one stated, else ``seconds_per_eval``, else the only column that is called a time.

    Raises
    ------
    FitError : there is none, or several; the message says what to type.
    """
    if stated is not None or WHOLE in frame.columns:
        return WHOLE if stated is None else stated
    taken = {*factors_in_laws(laws), *RECORDED, *frame.attrs.get("factors", ())}
    numbers = [name for name in map(str, frame.columns) if name not in taken and frame[name].dtype.kind in "iuf"]
    units = frame.attrs.get(UNITS, {})
    times = [
        name for name in numbers if (parse_unit(units[name]).base == SECOND.base if name in units else is_time(name))
    ]
    if len(times) == 1:
        return times[0]
    texts = [] if times else [name for name in text_columns(frame, map(str, frame.columns)) if is_time(name)]
    if texts and texts[0] not in taken:
        such = repr(format_level(frame[texts[0]].dropna().iloc[0]))
        raise FitError(
            f"column {texts[0]!r}: holds text, such as {such}; a response must be numbers alone, whose unit is in the "
            "name of the column, such as time_ms, or in --unit"
        )
    if not numbers:  # bytes that a run records beside its times are a response where nothing else is
        numbers = [name for name in map(str, frame.columns) if frame[name].dtype.kind in "iuf" and unit_of_name(name)]
    # levels are mostly whole numbers without a unit
    could = sorted(
        times or numbers,
        key=lambda name: (name not in units and unit_of_name(name) is None, frame[name].dtype.kind != "f"),
    )
    such = f"; say which is meant, such as --response {quote(could[0])}" if could else ""
    also = f"; {quote_names(times)} are times" if times else ""
    raise FitError(
        f"column {WHOLE!r}: missing; the columns are {list_names(list(map(str, frame.columns)))}{also}{such}"
    )


def factors_in_laws(laws: Iterable[CostLaw | str]) -> list[str]:
    """Return the names in some laws, each once.

    Raises
    ------
    FitError : a text is not a law.
    """
    try:
        known = [CostLaw(law) if isinstance(law, str) else law for law in laws]
    except LawError as error:
        raise FitError(str(error)) from None
    return list(dict.fromkeys(name for law in known for name in law.factors))


def is_time(name: str) -> bool:
    """Return whether a column has the name of a time.

    >>> [name for name in ("time_ms", "Wall Time (s)", "ns/op", "realTime", "s") if not is_time(name)]
    []
    >>> [name for name in ("bytes_per_second", "MB/s", "time_step", "time_stddev", "S", "items") if is_time(name)]
    []
    """
    words = [word.lower() for word in WORD.findall(re.split(r"/|[_ ]per[_ ]", name)[0])]
    unit = unit_of_name(name)
    is_called_one = bool(TIMES.intersection(words)) if unit is None else unit.base == SECOND.base
    return is_called_one and not NO_TIMES.intersection(words)
