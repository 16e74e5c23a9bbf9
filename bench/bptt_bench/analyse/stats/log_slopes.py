"""Powers of several factors by least squares of logarithms on logarithms, each with an interval.

Source: Draper & Smith (1998), "Applied regression analysis", 3rd ed., chapter 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, t_quantile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LogSlopes:
    """The slope of a logarithm in that of each of d factors, beside a constant.

    Attributes
    ----------
    slopes : (d,).
    halves : half-widths of their intervals by Student's t (d,).
    weights : of the logarithms of the response in each slope (d, n).
    freedom : points less slopes and the constant.
    """

    slopes: Array
    halves: Array
    weights: Array
    freedom: int

    @property
    def intervals(self) -> list[Interval]:
        """The slopes with their intervals."""
        pairs = zip(self.slopes.tolist(), self.halves.tolist(), strict=True)
        return [Interval(slope, slope - half, slope + half) for slope, half in pairs]


def log_slopes(logs: Sequence[Array], log_response: Array, confidence: float) -> LogSlopes | None:
    """Return the slopes of a logarithm (n,) in others, (n,) each; None if points are too few or factors go together."""
    design = np.column_stack([np.ones_like(log_response), *logs])
    n, k = design.shape
    if n <= k or np.linalg.matrix_rank(design) < k:
        return None
    weights = np.linalg.pinv(design)
    found = weights @ log_response
    variance = float(((log_response - design @ found) ** 2).sum()) / (n - k)
    halves = t_quantile(confidence, n - k) * np.sqrt(variance * (weights**2).sum(axis=1))
    return LogSlopes(slopes=found[1:], halves=halves[1:], weights=weights[1:], freedom=n - k)
