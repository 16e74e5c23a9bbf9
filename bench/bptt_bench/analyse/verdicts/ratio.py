"""Judging a ratio of two subjects' times against an expression in the factors, point by point."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence, unusable_reason
from bptt_bench.analyse.evidence.paired import PairedRatio, Visits, paired_ratio, visits_of
from bptt_bench.analyse.findings.estimates import RatioEstimate
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.obstacles import (
    FewBlocks,
    FewClaimedPoints,
    NothingLeft,
    NotMeasured,
    NotRecorded,
    UndefinedRatio,
)
from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.findings.remarks import MissingPoints, PointsOutside
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, no_data, not_identifiable, settle
from bptt_bench.analyse.verdicts.width import SAMPLES
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, RatioClaim
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

FEWEST_POINTS = 3  # or all points of the claim, where it has fewer
FEWEST_BLOCKS = 2


class MeasuredRatio(NamedTuple):
    """The claimed points that were measured: levels, measured and predicted log ratios (n_points,), ends of intervals.

    ``adjusted`` are the ends at the confidence that all points together need (Bonferroni); ``freedom`` (n_points,) is
    what the intervals were made with, ``pairs`` (n_points,) how many pairs count.
    """

    points: list[dict[str, float]]
    log_ratio: Array
    predicted: Array
    ends: tuple[Array, Array]
    adjusted: tuple[Array, Array]
    freedom: Array
    pairs: Array


def judge_ratio(evidence: Evidence, claim: RatioClaim) -> Verdict:
    """Judge a ratio at each claimed point; points that are refuted are so at the adjusted confidence."""
    measured = measured_ratio(evidence, claim)
    if isinstance(measured, Reason):
        return inconclusive(claim, measured)
    allowed = math.log1p(claim.margin)
    low = -math.inf if claim.bound == "upper" else -allowed
    high = math.inf if claim.bound == "lower" else allowed
    deviation = measured.log_ratio - measured.predicted
    badness = {"tight": np.abs(deviation), "upper": deviation, "lower": -deviation}[claim.bound]
    worst = int(np.argmax(badness))
    within = (measured.ends[0] - measured.predicted >= low) & (measured.ends[1] - measured.predicted <= high)
    outside = (measured.adjusted[1] - measured.predicted < low) | (measured.adjusted[0] - measured.predicted > high)
    word: Word = "supported" if within.all() else "refuted" if outside.any() else "inconclusive"
    logs = (measured.log_ratio[worst], measured.ends[0][worst], measured.ends[1][worst])
    estimate = Interval(*(float(np.exp(value)) for value in logs))
    predicted = float(np.exp(measured.predicted[worst]))
    n, missing = len(deviation), len(claim.points) - len(deviation)
    finding = RatioEstimate(
        at=measured.points[worst],
        n_points=n,
        estimate=estimate,
        predicted=predicted,
        deviation=float(np.expm1(deviation[worst])),
        median_deviation=float(np.expm1(np.median(np.abs(deviation)))),
        margin=claim.margin,
        bound=claim.bound,
    )
    remarks = (
        PointsOutside(outside=int(outside.sum()), n_points=n) if word == "refuted" else None,
        MissingPoints(missing=missing) if missing else None,
    )
    return settle(claim, word, finding, predicted, estimate, *remarks, width=SAMPLES)


def measured_ratio(evidence: Evidence, claim: RatioClaim) -> MeasuredRatio | Reason:
    """Return the ratio at the claimed points, or why it cannot be judged."""
    subjects = [claim.subject, claim.over, *([claim.less] if claim.less is not None else [])]
    if BLOCK not in evidence.frame.columns:
        return no_data(NotRecorded(record="blocks"))
    factors = list(claim.points.points[0]) if len(claim.points) else []
    found: list[Visits] = []
    for subject in subjects:
        if not len(evidence.rows(subject, SECONDS_PER_EVAL)):
            return no_data(NotMeasured(subject=subject))
        try:
            found.append(visits_of(evidence, subject, factors))
        except FitError as error:
            return unusable_reason(subject, error)
    ratio = paired_ratio(found[0], found[1], found[2] if claim.less is not None else None)
    claimed = [tuple(float(point[name]) for name in factors) for point in claim.points]
    rows_kept = [i for i, point in enumerate(ratio.points) if point in claimed]
    return _measured(ratio, rows_kept, claim, factors, evidence.confidence, len(found[0].blocks))


def _measured(
    ratio: PairedRatio, kept: list[int], claim: RatioClaim, factors: list[str], confidence: float, n_blocks: int
) -> MeasuredRatio | Reason:
    needed = max(min(FEWEST_POINTS, len(claim.points)), 1)
    if len(kept) < needed:
        return no_data(
            FewClaimedPoints(measured=len(kept), claimed=len(claim.points), needed=needed, for_all_subjects=True)
        )
    if n_blocks < FEWEST_BLOCKS:
        return no_data(FewBlocks(n_blocks=n_blocks, needed=FEWEST_BLOCKS))
    points = [dict(zip(factors, ratio.points[i], strict=True)) for i in kept]
    empty = [point for i, point in zip(kept, points, strict=True) if not math.isfinite(ratio.log_ratio[i])]
    if empty and claim.less is not None:
        subjects = (claim.subject, claim.over)
        return not_identifiable(NothingLeft(less=claim.less, subjects=subjects, at=empty[0]))
    law = CostLaw(claim.ratio)
    with np.errstate(all="ignore"):
        predicted = np.log(law.evaluate({name: np.array([point[name] for point in points]) for name in factors}))
    undefined = np.flatnonzero(~np.isfinite(np.broadcast_to(predicted, len(kept))))
    if len(undefined):
        value = float(np.exp(np.broadcast_to(predicted, len(kept))[undefined[0]]))
        return not_identifiable(UndefinedRatio(value=value, at=points[undefined[0]]))
    ends = ratio.intervals(confidence)
    adjusted = ratio.intervals(1 - (1 - confidence) / len(kept))
    index = np.array(kept)
    return MeasuredRatio(
        points,
        ratio.log_ratio[index],
        np.broadcast_to(predicted, len(kept)),
        (ends[0][index], ends[1][index]),
        (adjusted[0][index], adjusted[1][index]),
        ratio.freedom[index],
        ratio.pairs[index],
    )
