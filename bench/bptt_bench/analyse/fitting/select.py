"""Comparison of two laws by AICc and by held-out error; undetermined unless both agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bptt_bench.analyse.data.columns import add_roles
from bptt_bench.analyse.findings.fits import FitsByOverhead, OverheadOnly
from bptt_bench.analyse.fitting.cautions import is_mostly_overhead, overhead_names
from bptt_bench.analyse.fitting.diagnose import SMALLEST_SHARE
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit, own_share
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import RESOLUTION, solve
from bptt_bench.plan import CostLaw
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

DECISIVE_GAP = 6.0  # of AICc: odds of about 20 to 1
HELD_OUT_SHARE = 0.2  # of the points, the largest ones
CONTRADICTION = 1.1  # times the held-out error of the other law; less is a tie

Decision: TypeAlias = Literal["this", "other", "undetermined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """The preferred one of two laws, with the evidence.

    ``aicc_gap``: AICc of the other law less that of this one, above 0 in favour of this. ``held_out``: log errors (root
    mean square) of this law and of the other at the largest points, left out of the fit; ``None`` with too few points.
    ``note``: why neither is preferred, if known, or why one is that fits no better.
    """

    law: str
    decision: Decision
    aicc_gap: float
    held_out: tuple[float, float] | None
    note: OverheadOnly | FitsByOverhead | None = None

    @property
    def held_out_gap(self) -> float | None:
        """The error of the other law at the largest points less that of this one."""
        return None if self.held_out is None else self.held_out[1] - self.held_out[0]


def prefer(
    frame: pd.DataFrame,
    law: CostLaw | str,
    other: CostLaw | str,
    *,
    response: str = SECONDS_PER_EVAL,
    overhead: Literal["auto"] | str | Sequence[str] = "auto",
    block: str | None = None,
) -> Preference:
    """Compare two laws on the same frame, each with the same overhead, or its own when that is ``"auto"``.

    Raises
    ------
    FitError : as ``fit``.
    """
    samples = add_roles(frame, (law, other), response=response, block=block)  # points have the factors of both laws
    this, that = (fit(samples, each, response=response, overhead=overhead, block=block) for each in (law, other))
    return prefer_fits(this, that)


def prefer_fits(this: Fit, other: Fit) -> Preference:
    """Compare two fits of the same samples.

    The locations of points may depend on the law (``bptt_bench.analyse.fitting.mixture_relocation``). Both laws are
    then compared on the locations of each, and the less decisive of the two results counts.
    """
    places = [each.points["measured"].to_numpy() for each in (this, other)]
    answers = [
        _prefer_at(this, other, measured) for measured in places[: 1 if np.array_equal(places[0], places[1]) else 2]
    ]
    least = min(answers, key=lambda answer: abs(answer.aicc_gap))
    agree = len({answer.decision for answer in answers}) == 1
    found = least if agree else replace(least, decision="undetermined")
    if found.decision == "undetermined":
        return replace(found, note=_both_overhead(this, other))
    if abs(found.aicc_gap) > DECISIVE_GAP:
        return found
    loser = other if found.decision == "this" else this
    return replace(found, note=FitsByOverhead(law=loser.law.text, overhead=overhead_names(loser)))


def _both_overhead(this: Fit, other: Fit) -> OverheadOnly | None:
    """Return that neither law's own terms take part in the comparison, if so."""
    if not (is_mostly_overhead(this) and is_mostly_overhead(other)):
        return None
    return OverheadOnly(overheads=tuple(dict.fromkeys(overhead_names(fit) for fit in (this, other))))


def _prefer_at(this: Fit, other: Fit, measured: Array) -> Preference:
    aiccs = [_aicc(each, measured) for each in (this, other)]
    gap = aiccs[1] - aiccs[0] if np.isfinite(aiccs).all() else 0.0
    errors = [_held_out_error(each, measured) for each in (this, other)]
    decision = _by_own_share(this, other) if abs(gap) <= DECISIVE_GAP else "undetermined"
    if errors[0] is None or errors[1] is None:
        return Preference(law=other.law.text, decision=decision, aicc_gap=gap, held_out=None)
    if gap > DECISIVE_GAP and errors[0] <= CONTRADICTION * errors[1] + RESOLUTION:
        decision = "this"
    elif gap < -DECISIVE_GAP and errors[1] <= CONTRADICTION * errors[0] + RESOLUTION:
        decision = "other"
    return Preference(law=other.law.text, decision=decision, aicc_gap=gap, held_out=(errors[0], errors[1]))


def _by_own_share(this: Fit, other: Fit) -> Decision:
    """Prefer the law that explains the time over one that fits by its overhead alone: n, not n**2 with overhead n."""
    ours, theirs = own_share(this.terms), own_share(other.terms)
    if min(ours, theirs) >= SMALLEST_SHARE or max(ours, theirs) < SMALLEST_SHARE:
        return "undetermined"
    return "this" if ours > theirs else "other"


def _aicc(fit: Fit, measured: Array) -> float:
    """Return AICc of the law of a fit at locations that may be those of another fit."""
    if np.array_equal(measured, fit.points["measured"].to_numpy()):
        return fit.aicc
    return solve(fit.design, np.log(measured), robust=fit.robust, start=fit.coefficients).aicc


def _held_out_error(fit: Fit, measured: Array) -> float | None:
    """Return the root mean square log error at the largest points of the law fitted to the others."""
    order = np.argsort(measured, kind="stable")
    if fit.n_censored:
        order = order[~fit.points["censored"].to_numpy(dtype=bool)[order]]
    n_held = max(int(HELD_OUT_SHARE * len(order)), 2)
    if len(order) - n_held < len(fit.full_law.terms) + 1:
        return None
    design = fit.design
    kept, held = order[:-n_held], order[-n_held:]
    solution = solve(design[kept], np.log(measured[kept]), robust=fit.robust)
    predicted = design[held] @ solution.coefficients
    with np.errstate(divide="ignore"):
        return float(np.sqrt(np.mean((np.log(measured[held]) - np.log(predicted)) ** 2)))
