"""Why an interval is wide: noise of the samples, misfit of the law, or a busy machine, which a placebo shows."""

from __future__ import annotations

import numpy as np

from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence
from bptt_bench.analyse.evidence.paired import PairedRatio, overall, paired_ratio, visits_of
from bptt_bench.analyse.findings.estimates import PlaceboDeviation
from bptt_bench.analyse.findings.reason import Width
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.errors import FitError
from bptt_bench.plan import PLACEBO_SUFFIX
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

BUSY_PLACEBO = 0.1  # relative; what a subject differs by from itself on a machine that does other work
MISFIT_SHARE = 0.5  # of the variance about the law that samples must explain, or more of them would narrow little
SAMPLES = Width(cause="noise", remedy="more samples")  # of what rests on samples alone, without a law


def placebo_ratio(evidence: Evidence) -> PairedRatio | None:
    """Return the ratio of every placebo to its subject, at the points of all of them."""
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
    if not all(len(evidence.rows(each, SECONDS_PER_EVAL)) for each in names):
        return None
    try:
        second, first = (visits_of(evidence, each, factors) for each in names)
    except FitError:
        return None
    return paired_ratio(second, first)


def alarms_of(ratio: PairedRatio | None, confidence: float) -> tuple[int, int]:
    """Return at how many points a placebo differs from its subject, and how many points there are."""
    if ratio is None:
        return 0, 0
    low, high = ratio.intervals(confidence)
    return int(((low > 0) | (high < 0)).sum()), len(ratio.points)


def width_of(fit: Fit, evidence: Evidence) -> Width:
    """Return whether the noise of samples or the misfit of the law makes the intervals of a fit as wide as they are.

    Where the run itself shows that the machine was busy, neither is known: what other work does to a point is in all
    its samples alike, and looks like misfit.
    """
    if is_exact(fit.response):
        return Width(cause="misfit", response=fit.response)
    if fit.noise.relative is None or not fit.scatter > 0:
        return Width(cause=None, remedy="repetitions")
    busy = busy_machine(evidence)
    if busy is not None:
        return Width(cause=None, remedy="a quiet machine", machine=busy)
    error = float(np.sqrt(np.mean(fit.points["location_error"].to_numpy() ** 2)))
    if (error / fit.scatter) ** 2 < MISFIT_SHARE:
        return Width(cause="misfit", scatter=fit.scatter, location_error=error)
    return Width(cause="noise", remedy="more samples", scatter=fit.scatter, location_error=error)


def busy_machine(evidence: Evidence) -> PlaceboDeviation | None:
    """Return what shows that the machine was busy during the run; ``None`` where nothing does.

    The placebo differs from its subject by a tenth or more, over all points or, in the median, at single points. The
    share of disturbed samples is not such a sign: fits leave these samples out, and in runs whose placebo agrees to a
    thousandth more than half are disturbed.
    """
    key = ("busy_machine",)
    if key not in evidence.memo:
        evidence.memo[key] = _placebo_deviation(placebo_ratio(evidence), evidence.confidence)
    found: PlaceboDeviation | None = evidence.memo[key]
    return found


def _placebo_deviation(ratio: PairedRatio | None, confidence: float) -> PlaceboDeviation | None:
    whole = None if ratio is None else overall(ratio, confidence)
    if ratio is None or whole is None:
        return None
    if abs(whole.estimate - 1) >= BUSY_PLACEBO and not whole.low <= 1 <= whole.high:
        return PlaceboDeviation(deviation=whole.estimate - 1, at_half_of_points=False)
    logs = np.abs(ratio.log_ratio[np.isfinite(ratio.log_ratio)])
    typical = float(np.expm1(np.median(logs)))
    return PlaceboDeviation(deviation=typical, at_half_of_points=True) if typical >= BUSY_PLACEBO else None
