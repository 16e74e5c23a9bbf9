"""What a run shows of its machine: a placebo beside its subject, which are one and the same."""

from __future__ import annotations

import numpy as np

from bptt_bench.analyse.evidence.evidence import BLOCK, WHOLE, Evidence
from bptt_bench.analyse.evidence.paired import PairedRatio, overall, paired_ratio, visits_of
from bptt_bench.errors import FitError
from bptt_bench.plan import PLACEBO_SUFFIX

BUSY_PLACEBO = 0.1  # relative; what a subject differs by from itself on a machine that does other work


def how_busy(evidence: Evidence) -> str:
    """Return in which words a run says that its machine was busy; empty where it does not.

    The placebo differs from its subject by a tenth or more, over all points or, in the median, at single points. The
    share of disturbed samples is no such sign: fits leave these samples out, and in runs whose placebo agrees to a
    thousandth more than half are disturbed.
    """
    key = ("how_busy",)
    if key not in evidence.memo:
        evidence.memo[key] = _how_busy(placebo_ratio(evidence), evidence.confidence)
    return str(evidence.memo[key])


def _how_busy(ratio: PairedRatio | None, confidence: float) -> str:
    whole = None if ratio is None else overall(ratio, confidence)
    if ratio is None or whole is None:
        return ""
    if abs(whole.estimate - 1) >= BUSY_PLACEBO and not whole.low <= 1 <= whole.high:
        return f"the placebo differs from its subject by {whole.estimate - 1:+.0%}"
    logs = np.abs(ratio.log_ratio[np.isfinite(ratio.log_ratio)])
    typical = float(np.expm1(np.median(logs)))
    return f"the placebo differs by {typical:.0%} or more at half its points" if typical >= BUSY_PLACEBO else ""


def placebo_ratio(evidence: Evidence) -> PairedRatio | None:
    """The ratio of every placebo to its subject, at the points of all of them."""
    found = [ratio for name in evidence.experiment.placebos if (ratio := _placebo_of(evidence, name)) is not None]
    if len(found) <= 1:
        return found[0] if found else None
    points = [point for ratio in found for point in ratio.points]
    arrays = zip(*(ratio[1:] for ratio in found), strict=True)
    return PairedRatio(points, *map(np.concatenate, arrays))


def _placebo_of(evidence: Evidence, name: str) -> PairedRatio | None:
    if BLOCK not in evidence.frame.columns:
        return None
    factors = [factor.name for factor in evidence.experiment.factors]
    names = (name + PLACEBO_SUFFIX, name)
    if not all(len(evidence.rows(each, WHOLE)) for each in names):
        return None
    try:
        second, first = (visits_of(evidence, each, factors) for each in names)
    except FitError:
        return None
    return paired_ratio(second, first)


def alarms_of(ratio: PairedRatio | None, confidence: float) -> tuple[int, int]:
    """Points at which a placebo differs from its subject, and how many points there are."""
    if ratio is None:
        return 0, 0
    low, high = ratio.intervals(confidence)
    return int(((low > 0) | (high < 0)).sum()), len(ratio.points)
