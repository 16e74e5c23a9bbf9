"""One fit for each combination of categories: of rows that differ in what was measured, each kind has its own law."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from bptt_bench.analyse.data.columns import (
    CENSORED,
    STANDARD_ERROR,
    choose_response,
    factors_in_laws,
    format_level,
    levels_of,
    require_filled,
    with_noise_columns,
)
from bptt_bench.analyse.data.samples import categories_of, require_numbers, without_placebo
from bptt_bench.analyse.evidence.evidence import without_records
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, Point
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.plan.design.design import Level
from bptt_bench.store.frame import as_samples
from bptt_bench.text.arguments import require_text, require_texts

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.stats.arrays import Index

T = TypeVar("T")
FEW_COMBINATIONS = 10  # of levels of text: so many failures can be read
FEWEST_ROWS = 3  # of a combination on average: the fewest with which a law of one term can be tested
MOST_CHARACTERS = 80  # of the levels that a message names


class Fits(dict[Point, Fit]):
    """Fits by the levels of categories; ``left_out``: categories that have none, with the reason."""

    def __init__(self, found: Mapping[Point, Fit], left_out: Mapping[Point, str]) -> None:
        super().__init__(found)
        self.left_out = dict(left_out)


def fit_by(
    frame: pd.DataFrame | Path | str,
    law: CostLaw | str,
    by: str | Sequence[str] | None = None,
    *,
    response: str | None = None,
    block: str | None = None,
    **options: Any,
) -> Fits:
    """Fit a law to each combination of categories apart.

    Parameters
    ----------
    frame : as in ``bench.fit``.
    by : columns whose levels divide the rows; by default the categories of the frame that have several levels. A factor
        of numbers may be named too.
    options : of ``bench.fit``.

    Returns
    -------
    Fits : fits by the levels of the columns, such as ``Point(dtype="float32")``; one, by ``Point()``, where nothing
        divides the rows. Combinations of too few points, or with other faults, are named in ``left_out``.

    Raises
    ------
    FitError : a column that there is not, or data to none of whose combinations the law can be fitted.
    """
    require_text(response=response, block=block)
    require_texts(by=by)
    known = {name: options.pop(name, None) for name in (CENSORED, STANDARD_ERROR)}
    require_text(**known)
    frame = with_noise_columns(without_placebo(as_samples(frame)), **known)
    factors_in_laws([law])  # of which there must be a law
    response = choose_response(frame, response, [law])
    if by is None:
        by = dividing_categories(frame, law, response=response, block=block)
    names = [by] if isinstance(by, str) else by
    return Fits(
        *apply_to_parts(
            parts(frame, names, response), lambda rows: fit(rows, law, response=response, block=block, **options)
        )
    )


def apply_to_parts(
    kinds: Iterable[tuple[Point, pd.DataFrame]], made: Callable[[pd.DataFrame], T]
) -> tuple[dict[Point, T], dict[Point, str]]:
    """Apply a function to each kind of rows; return its results, and why it failed for the others.

    Raises
    ------
    FitError : nothing is made of any.
    """
    found: dict[Point, T] = {}
    left_out: dict[Point, str] = {}
    for levels, rows in kinds:
        try:
            found[levels] = made(rows)
        except FitError as error:
            left_out[levels] = str(error)
    if left_out and not found:
        levels, reason = next(iter(left_out.items()))
        shown = str(levels)
        where = f"{shown if len(shown) <= MOST_CHARACTERS else shown[:MOST_CHARACTERS] + '…'}: " if levels else ""
        if len(left_out) > 1:
            raise FitError(f"{where}{reason}; nor can it be fitted to {len(left_out) - 1} more")
        raise FitError(f"{where}{reason}")
    return found, left_out


def dividing_categories(
    frame: pd.DataFrame, law: CostLaw | str, *, response: str = SECONDS_PER_EVAL, block: str | None = None
) -> list[str]:
    """Return the categories that have several levels among the rows with a response.

    Raises
    ------
    FitError : the law names one, a table has two columns of its name, or there are too few rows of each level.
    LawError : it is not a law.
    """
    stated = law if isinstance(law, CostLaw) else CostLaw(law)
    named = stated.factors
    require_numbers(frame, [name for name in named if name in frame.columns], f"law {stated.text!r}")
    rows = np.flatnonzero(_holding(frame, response))
    measured = {response, *([block] if block is not None else [])}
    found = [name for name in categories_of(frame, named, measured) if len(levels_of(frame[name], rows)) > 1]
    for name in found:
        require_filled(frame, name)
    if "timing" not in frame.columns:  # the table of a run, whose categories are its own
        _require_few_combinations(frame, found, rows)
    return found


def _require_few_combinations(frame: pd.DataFrame, names: Sequence[str], rows: Index) -> None:
    """See that columns of text do not leave next to no rows for each fit, as the names or numbers of runs do.

    Raises
    ------
    FitError : they do; the message names those with the most values, without which there are enough.
    """
    table = frame.iloc[rows]
    by_values = sorted(names, key=lambda name: table[name].nunique(dropna=False))
    left_out = []
    while by_values and _are_crowded(table, by_values):
        left_out.append(by_values.pop())
    if not left_out:
        return
    first = left_out[0]
    n_values, n_combinations = table[first].nunique(dropna=False), len(table[list(names)].drop_duplicates())
    combined = "" if len(names) == 1 else f" ({n_combinations} combinations of {len(names)} columns)"
    options = " ".join(f"--ignore {quote(name)}" for name in left_out)
    raise FitError(
        f"column {first!r} has {n_values} values in {len(rows)} rows{combined}, too few rows for a fit of each; "
        f"{options} takes them as one"
    )


def _are_crowded(table: pd.DataFrame, names: Sequence[str]) -> bool:
    n_combinations = len(table[list(names)].drop_duplicates())
    return n_combinations > FEW_COMBINATIONS and len(table) < FEWEST_ROWS * n_combinations


def parts(
    frame: pd.DataFrame, names: Sequence[str], response: str = SECONDS_PER_EVAL
) -> Iterator[tuple[Point, pd.DataFrame]]:
    """Return the rows with a response by the levels of some columns, in the order of these: a run shuffles its rows.

    Raises
    ------
    FitError : a column that there is not.
    """
    for name in names:
        if name not in frame.columns:
            raise FitError(f"by {name!r}: no such column; the columns are {', '.join(map(str, frame.columns))}")
    if not names:
        yield Point(), frame
        return
    bare = without_records(frame)
    kept = np.flatnonzero(_holding(frame, response))
    places: dict[tuple[Any, ...], list[int]] = {}
    columns = [[_level(value) for value in frame[name].to_numpy()[kept].tolist()] for name in names]
    for row, key in zip(kept.tolist(), zip(*columns, strict=True), strict=True):
        places.setdefault(key, []).append(row)
    for key in sorted(places, key=lambda levels: [(isinstance(level, str), level) for level in levels]):
        yield Point(dict(zip(names, key, strict=True))), bare.iloc[places[key]]


def _level(value: object) -> Level:
    """Return a level as a point holds it: a number, or text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else format_level(value)  # type: ignore[return-value]  # a number


def _holding(frame: pd.DataFrame, response: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which rows hold a response; in a table without timings a gap is missing data, which a fit reports."""
    if response not in frame.columns or "timing" not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return frame[response].notna().to_numpy(dtype=bool)
