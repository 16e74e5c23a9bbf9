"""Time that does not grow with a factor, where a law says that it does: said plainly, with no advice that is idle."""

from __future__ import annotations

import numpy as np

from bptt_bench.analyse.data.response import substance
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.stats.estimate import Interval, t_quantile
from bptt_bench.analyse.verdicts.verdict import Limits, span
from bptt_bench.plan import ExponentClaim

FEWEST_LEVELS = 3
WIDE = 10.0  # largest level over smallest: over less, a constant part may hide any growth


def does_not_grow(fit: Fit, claim: ExponentClaim, law: float) -> str:
    """That the whole of a response grows less with a factor than a claim allows of its terms; else empty.

    It refutes nothing: a constant part may be larger than the terms at all levels that were measured.
    """
    factor = claim.factor
    if claim.together_with or Limits.around(law, claim.margin, claim.bound).low <= 0:
        return ""
    if any(fit.terms[j].low > 0 for j in fit.indices(list(claim.terms))):
        return ""  # they are there, and larger levels would show them
    levels = fit.points[factor].to_numpy().astype(np.float64)
    if not levels.min() > 0 or levels.max() < WIDE * levels.min() or len(np.unique(levels)) < FEWEST_LEVELS:
        return ""
    found = _slope(fit, factor)
    if found is None or not found.low <= 0 or not found.high < Limits.around(law, claim.margin, claim.bound).low:
        return ""
    return (
        f"over {factor} from {levels.min():g} to {levels.max():g} the {substance(fit.response)} does not grow with it: "
        f"its exponent is {span(found)}"
    )


def _slope(fit: Fit, factor: str) -> Interval | None:
    """The exponent of all that was measured in a factor, those in the others beside it; None if they cannot be told."""
    levels = {name: fit.points[name].to_numpy().astype(np.float64) for name in fit.factors}
    ordered = [factor, *(name for name in fit.factors if name != factor)]
    if any(not values.min() > 0 for values in levels.values()):
        return None
    logs = np.column_stack([*(np.log(levels[name]) for name in ordered), np.ones(len(fit.points))])
    y = np.log(fit.points["measured"].to_numpy())
    n, k = logs.shape
    if n <= k or np.linalg.matrix_rank(logs) < k:
        return None
    found = np.linalg.lstsq(logs, y, rcond=None)[0]
    variance = float(((y - logs @ found) ** 2).sum()) / (n - k) * float(np.linalg.inv(logs.T @ logs)[0, 0])
    half, slope = t_quantile(fit.confidence, n - k) * variance**0.5, float(found[0])
    return Interval(slope, slope - half, slope + half)
