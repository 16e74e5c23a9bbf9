"""One fit for each combination of categories: of rows that differ in what was measured, each kind has its own law."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.categories import levels_of, shown
from bptt_bench.analyse.columns import response_of
from bptt_bench.analyse.evidence import without_records
from bptt_bench.analyse.fit import fit
from bptt_bench.analyse.fitted import Fit
from bptt_bench.analyse.samples import FitError, categories_of, require_numbers
from bptt_bench.plan import CostLaw, Point
from bptt_bench.plan.design import Level

if TYPE_CHECKING:
    import pandas as pd

WHOLE = "seconds_per_eval"


def fit_by(
    frame: pd.DataFrame,
    law: CostLaw | str,
    by: str | Sequence[str] | None = None,
    *,
    response: str | None = None,
    block: str | None = None,
    **options: Any,
) -> dict[Point, Fit]:
    """Fit a law to each combination of categories apart.

    Parameters
    ----------
    by : columns whose levels divide the rows; by default the categories of the frame that have several levels. A factor
        of numbers may be named too.
    options : of ``bench.fit``.

    Returns
    -------
    dict : fits by the levels of the columns, such as ``Point(dtype="float32")``; one, by ``Point()``, where nothing
        divides the rows.

    Raises
    ------
    FitError : a column that there is not, or data of a combination to which the law cannot be fitted.
    """
    response = response_of(frame, response, [law])
    names = dividing(frame, law, response=response, block=block) if by is None else [by] if isinstance(by, str) else by
    found: dict[Point, Fit] = {}
    for levels, rows in parts(frame, names, response):
        try:
            found[levels] = fit(rows, law, response=response, block=block, **options)
        except FitError as error:
            raise FitError(f"{levels}: {error}" if levels else str(error)) from None
    return found


def dividing(frame: pd.DataFrame, law: CostLaw | str, *, response: str = WHOLE, block: str | None = None) -> list[str]:
    """The categories that have several levels among the rows with a response.

    Raises
    ------
    FitError : the law names one. LawError : it is no law.
    """
    stated = CostLaw(law) if isinstance(law, str) else law
    named = stated.factors
    require_numbers(frame, [name for name in named if name in frame.columns], f"law {stated.text!r}")
    rows = np.flatnonzero(_holding(frame, response))
    measured = {response, *([block] if block is not None else [])}
    return [name for name in categories_of(frame, named, measured) if len(levels_of(frame[name], rows)) > 1]


def parts(frame: pd.DataFrame, names: Sequence[str], response: str = WHOLE) -> Iterator[tuple[Point, pd.DataFrame]]:
    """The rows with a response by the levels of some columns, in the order of these: a run shuffles its rows.

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
    """A level as a point holds it: a number, or text."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return value if is_number else shown(value)  # type: ignore[return-value]  # a number


def _holding(frame: pd.DataFrame, response: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Which rows are of a response; in a table without timings a gap is missing data, which whoever fits will say."""
    if response not in frame.columns or "timing" not in frame.columns:
        return np.ones(len(frame), dtype=bool)
    return frame[response].notna().to_numpy(dtype=bool)
