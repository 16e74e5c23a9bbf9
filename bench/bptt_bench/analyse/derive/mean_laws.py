"""The laws of the mean of a count that depends on the data: what a statistic of it does not exclude."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bptt_bench.analyse.derive.spread import Spread
from bptt_bench.errors import FitError
from bptt_bench.plan.design.columns import count_column

FEWEST_LEVELS = 5  # of a factor, from which laws are found
MEAN = count_column("mean")  # a response that is counted


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanLaw:
    """A law that the means of a count over inputs do not exclude, by its largest terms, and its weight among these."""

    law: str
    weight: float


def mean_laws(found: Sequence[Spread]) -> tuple[MeanLaw, ...]:
    """Return the laws that the means do not exclude, the likeliest first: statistics, none of them exact.

    None with few levels, or if a mean is 0.
    """
    sizes = [dict(one.at) for one in found]
    levels = {name: {size[name] for size in sizes} for name in (sizes[0] if sizes else ())}
    if min(map(len, levels.values()), default=0) < FEWEST_LEVELS or not all(one.mean > 0 for one in found):
        return ()
    import pandas as pd

    from bptt_bench.analyse.discover.discover import discover_leading

    frame = pd.DataFrame([{**size, MEAN: one.mean} for size, one in zip(sizes, found, strict=True)])
    frame.attrs["factors"] = list(levels)
    try:
        laws = discover_leading(frame, response=MEAN)
    except FitError:
        return ()
    return tuple(MeanLaw(law=one.law.text, weight=one.weight) for one in laws.candidates)
