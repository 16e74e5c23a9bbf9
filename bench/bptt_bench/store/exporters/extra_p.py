"""Extra-P's JSON Lines: one line a sample, its parameters, its call path and its value.

Source: extrap 4.2.5, fileio/file_reader/jsonlines_file_reader.py. It takes the parameters of the first line for those
of all, and numbers alone: categories stand in the call path, as they do in the names of subjects. It reads no file in
which one call path lacks a point that another has.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from bptt_bench.errors import StoreError
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.store.exporters.series import Series, series_of

if TYPE_CHECKING:
    import pandas as pd

METRICS = {SECONDS_PER_EVAL: "time"}  # in seconds; other responses keep their own names


def extra_p_text(frame: pd.DataFrame, factors: Sequence[str], response: str) -> Iterator[str]:
    """Yield the lines, subject by subject and point by point.

    Raises
    ------
    StoreError : no factor at all, or subjects that do not have the same, or not the same points.
    """
    every, values = series_of(frame, factors), frame[response].tolist()
    _require_alike(every)
    for series in every:
        about = {
            "params": series.numbers,
            **({"callpath": series.stratum} if series.stratum else {}),
            "metric": METRICS.get(response, response),
        }
        yield "".join(json.dumps({**about, "value": values[row]}, ensure_ascii=False) + "\n" for row in series.rows)


def _require_alike(every: Sequence[Series]) -> None:
    """Refuse what Extra-P would not read."""
    first = list(every[0].numbers)
    if not first:
        raise StoreError("extra-p: needs a parameter, and the data have no factor of numbers")
    points: dict[str, set[tuple[int | float, ...]]] = {}
    for series in every:
        if list(series.numbers) != first:
            raise StoreError(
                f"extra-p: {series.stratum} has the factors {', '.join(series.numbers) or 'none'} and "
                f"{every[0].stratum} has {', '.join(first)}; choose subjects with the same by --subject"
            )
        points.setdefault(series.stratum, set()).add(tuple(series.numbers.values()))
    together = set().union(*points.values())
    for stratum, its_own in points.items():
        if len(its_own) < len(together):
            raise StoreError(
                f"extra-p: {stratum} has {len(its_own)} of the {len(together)} points that the subjects have together, "
                "and Extra-P needs all of each; choose subjects with the same by --subject"
            )
