"""One law against another: decided only where two different looks at the data agree, else undetermined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from bench.analyse.estimate import RESOLUTION, solve
from bench.analyse.fit import fit
from bench.analyse.fitted import Fit
from bench.plan import CostLaw

if TYPE_CHECKING:
    import pandas as pd

DECISIVE_GAP = 6.0  # of AICc: odds of about 20 to 1
HELD_OUT_SHARE = 0.2  # of the points, the largest ones
CONTRADICTION = 1.1  # times the error of the other law on the held-out points: less is a tie


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Which of two laws the data prefer.

    ``aicc_gap``: AICc of the other law less that of this one, above 0 in favour of this. ``held_out_gap``: relative
    error (root mean square) of the other law at the largest points, left out of the fit, less that of this one;
    ``None`` with too few points.
    """

    law: str
    decision: Literal["this", "other", "undetermined"]
    aicc_gap: float
    held_out_gap: float | None

    def to_json(self) -> dict[str, Any]:
        """As ``fit … --json`` lists it; ``law`` is the other law."""
        return {
            "law": self.law,
            "decision": self.decision,
            "aicc_gap": self.aicc_gap,
            "held_out_gap": self.held_out_gap,
        }


def compare(
    frame: pd.DataFrame,
    law: CostLaw | str,
    other: CostLaw | str,
    *,
    response: str = "seconds_per_eval",
    overhead: Literal["auto"] | str | Sequence[str] = "auto",
    block: str | None = None,
) -> Comparison:
    """Compare two laws on the same frame, each with the same overhead, or its own when that is ``"auto"``.

    Raises
    ------
    FitError : as ``fit``.
    """
    fits = [fit(frame, each, response=response, overhead=overhead, block=block) for each in (law, other)]
    return compare_fits(*fits)


def compare_fits(this: Fit, other: Fit) -> Comparison:
    """Compare two fits of the same samples."""
    gap = other.aicc - this.aicc if np.isfinite(other.aicc) and np.isfinite(this.aicc) else 0.0
    errors = [_held_out_error(each) for each in (this, other)]
    decision: Literal["this", "other", "undetermined"] = "undetermined"
    if errors[0] is None or errors[1] is None:
        return Comparison(law=other.law.text, decision=decision, aicc_gap=gap, held_out_gap=None)
    if gap > DECISIVE_GAP and errors[0] <= CONTRADICTION * errors[1] + RESOLUTION:
        decision = "this"
    elif gap < -DECISIVE_GAP and errors[1] <= CONTRADICTION * errors[0] + RESOLUTION:
        decision = "other"
    return Comparison(law=other.law.text, decision=decision, aicc_gap=gap, held_out_gap=errors[1] - errors[0])


def _held_out_error(fit: Fit) -> float | None:
    """Root mean square log error at the largest points, of the law fitted to the others."""
    measured = fit.points["measured"].to_numpy()
    n_held = max(int(HELD_OUT_SHARE * len(measured)), 2)
    if len(measured) - n_held < len(fit.full_law.terms) + 1:
        return None
    design = fit.full_law.columns({name: fit.points[name].to_numpy().astype(np.float64) for name in fit.factors})
    order = np.argsort(measured, kind="stable")
    kept, held = order[:-n_held], order[-n_held:]
    solution = solve(design[kept], np.log(measured[kept]), robust=fit.robust)
    predicted = design[held] @ solution.coefficients
    with np.errstate(divide="ignore"):
        return float(np.sqrt(np.mean((np.log(measured[held]) - np.log(predicted)) ** 2)))
