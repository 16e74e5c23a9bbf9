"""Coordinates of points: the logarithms of what the terms of a law multiply, in which points are near or far.

They are the factors, and the sums and whole quotients of a law such as ``((W-S)//s + 1)``, the width of an output, in
the place of factors that occur in nothing else. Where a level is 0, as a padding may be, 1 is added to multiples of the
smallest level above 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw

Table = Mapping[str, Array]  # levels by factor, each (m,)


class Coordinate(NamedTuple):
    """One coordinate: an expression in the factors, its name, and what is added before the logarithm is taken."""

    name: str
    expression: CostLaw
    unit: float  # the smallest value above 0; 0 where no value is 0

    def logs(self, points: Table) -> Array:
        """Return the logarithms at points (m,); minus infinity at a value of 0 that was not measured."""
        values = self.expression.evaluate({name: points[name] for name in self.expression.factors})
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log1p(values / self.unit) if self.unit else np.log(values)


def coordinates(fit: Fit) -> tuple[Coordinate, ...]:
    """Return the coordinates that vary among the points of a fit."""
    parts = dict.fromkeys(part for term in fit.law.terms for part in term.powers())
    sums = {part: CostLaw(f"1*{part}") for part in parts if part.startswith("(")}
    bare = {part for part in parts if part.isidentifier()}
    hidden = {name for law in sums.values() for name in law.factors} - bare
    shown = [name for name in fit.factors if name not in hidden]
    found = []
    for name, expression in [*((name, CostLaw(name)) for name in shown), *sums.items()]:
        levels = {factor: fit.levels[factor] for factor in expression.factors}
        try:
            values = expression.evaluate(levels)
        except LawError:  # pragma: no cover - a part of a law that holds at all points
            continue
        if not np.isfinite(values).all() or (values < 0).any() or len(np.unique(values)) < 2:
            continue
        found.append(Coordinate(name, expression, float(values[values > 0].min()) if (values == 0).any() else 0.0))
    return tuple(found)
