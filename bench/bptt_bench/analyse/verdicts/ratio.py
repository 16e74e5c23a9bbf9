"""Judging a ratio of two subjects' times against an expression in the factors, point by point."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.evidence.evidence import BLOCK, WHOLE, Evidence
from bptt_bench.analyse.evidence.paired import PairedRatio, Visits, paired_ratio, visits_of
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.verdict import Verdict, Word, inconclusive, number, settle, span
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, RatioClaim

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
    """Supported when every point's interval lies within the margin, refuted when an adjusted one lies outside."""
    measured = measured_ratio(evidence, claim)
    if isinstance(measured, str):
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
    edge = {"tight": "±", "upper": "+", "lower": "-"}[claim.bound]
    n, missing = len(deviation), len(claim.points) - len(deviation)
    reason = (
        f"at {describe(measured.points[worst])}, the worst of {n} points, the ratio is {span(estimate)} against "
        f"{number(predicted)} predicted ({np.expm1(deviation[worst]):+.1%}, allowed {edge}{claim.margin:.0%}); "
        f"median deviation {np.expm1(np.median(np.abs(deviation))):.1%}"
    )
    if word == "refuted":
        reason += f"; outside at {int(outside.sum())} of {n} points"
    if missing:
        reason += f"; {missing} of the claimed points {'was' if missing == 1 else 'were'} not measured"
    return settle(claim, word, f"too noisy: {reason}" if word == "inconclusive" else reason, predicted, estimate)


def measured_ratio(evidence: Evidence, claim: RatioClaim) -> MeasuredRatio | str:
    """The ratio at the claimed points, or why it cannot be judged."""
    subjects = [claim.subject, claim.over, *([claim.less] if claim.less is not None else [])]
    if BLOCK not in evidence.frame.columns:
        return "no data: the samples have no blocks to pair them by"
    factors = list(claim.points.points[0]) if len(claim.points) else []
    found: list[Visits] = []
    for subject in subjects:
        if not len(evidence.rows(subject, WHOLE)):
            return f"no data: {subject} was not measured"
        try:
            found.append(visits_of(evidence, subject, factors))
        except FitError as error:
            kind = "below floor" if "below the signal floor" in str(error) else "no data"
            return f"{kind}: {subject}, {error}"
    ratio = paired_ratio(found[0], found[1], found[2] if claim.less is not None else None)
    claimed = [tuple(float(point[name]) for name in factors) for point in claim.points]
    rows_kept = [i for i, point in enumerate(ratio.points) if point in claimed]
    return _measured(ratio, rows_kept, claim, factors, evidence.confidence, len(found[0].blocks))


def _measured(
    ratio: PairedRatio, kept: list[int], claim: RatioClaim, factors: list[str], confidence: float, n_blocks: int
) -> MeasuredRatio | str:
    needed = min(FEWEST_POINTS, len(claim.points))
    if len(kept) < max(needed, 1):
        found = f"{len(kept)} of the {len(claim.points)} claimed points"
        return f"no data: {found} were measured for all subjects; {max(needed, 1)} are needed"
    if n_blocks < FEWEST_BLOCKS:
        return f"no data: {n_blocks} block; at least {FEWEST_BLOCKS} are needed to know the noise"
    points = [dict(zip(factors, ratio.points[i], strict=True)) for i in kept]
    empty = [point for i, point in zip(kept, points, strict=True) if not math.isfinite(ratio.log_ratio[i])]
    if empty:
        return (
            f"not identifiable: {claim.less} takes as long as {claim.subject} or {claim.over} at {describe(empty[0])}"
        )
    law = CostLaw(claim.ratio)
    with np.errstate(all="ignore"):
        predicted = np.log(law.evaluate({name: np.array([point[name] for point in points]) for name in factors}))
    undefined = np.flatnonzero(~np.isfinite(np.broadcast_to(predicted, len(kept))))
    if len(undefined):
        value = float(np.exp(np.broadcast_to(predicted, len(kept))[undefined[0]]))
        return f"not identifiable: the claimed ratio is {value:g} at {describe(points[undefined[0]])}"
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
