"""Samples that may have been stopped at a limit: many are exactly the same largest value."""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

import numpy as np

from bptt_bench.analyse.data.columns import CENSORED, CUT_OFF
from bptt_bench.analyse.data.response import is_exact

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from bptt_bench.text.units import Unit

FEWEST_AT_LIMIT, FEWEST_POINTS = 3, 2  # samples, and points at which they are: two may agree by chance
TIMES_AS_COMMON = 2  # … than any other value: a coarse clock shows others as often


def limit_note(frame: pd.DataFrame, response: str, factors: Sequence[str], unit: Unit | None) -> tuple[str, ...]:
    """Return a note where many samples, at several points, are exactly the largest value, unless bounds are named.

    >>> import pandas as pd
    >>> table = pd.DataFrame({"n": [1, 2, 4, 8, 16], "t": [0.2, 0.9, 2, 2, 2]})
    >>> limit_note(table, "t", ["n"], None)[0].partition(":")[0]
    '3 samples are exactly 2, the largest'
    """
    known = response in frame.columns and frame[response].dtype.kind in "iuf"
    if CENSORED in frame.attrs or is_exact(response) or not known:
        return ()
    values, counts = np.unique(frame[response].dropna().to_numpy(), return_counts=True)
    if len(values) <= 1 or counts[-1] < FEWEST_AT_LIMIT or counts[-1] <= TIMES_AS_COMMON * counts[:-1].max():
        return ()
    at_largest = frame[(frame[response] == values[-1]).to_numpy(dtype=bool)]
    names = [name for name in factors if name in frame.columns]
    if not names or len(at_largest[names].drop_duplicates()) < FEWEST_POINTS:
        return ()
    said = [name for name in map(str, frame.columns) if CUT_OFF.search(name)]
    amount = f"{values[-1]:.10g}{'' if unit is None else f' {unit.symbol}'}"
    how = f"--censored {quote(said[0])}" if said else "a column of 1 there and 0 elsewhere, which --censored names,"
    return (
        f"{counts[-1]} samples are exactly {amount}, the largest: if that is a limit, {how} makes them lower bounds",
    )
