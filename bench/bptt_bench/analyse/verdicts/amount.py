"""Judging an amount: is a response at each point as large as was stated, in its own unit?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptt_bench.analyse.data.response import PEAK_RESOLUTION_BYTES, is_exact, unit_of
from bptt_bench.analyse.data.samples import gather
from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence, unusable_reason
from bptt_bench.analyse.findings.estimates import AmountEstimate
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.obstacles import FewClaimedPoints, NoRows, NotRecorded
from bptt_bench.analyse.findings.reason import Reason, Width
from bptt_bench.analyse.findings.remarks import MissingPoints, PointsOutside
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, t_quantiles
from bptt_bench.analyse.stats.location import locate
from bptt_bench.analyse.stats.mixture import PRIOR_SAMPLES
from bptt_bench.analyse.verdicts.verdict import Verdict, inconclusive, no_data, settle
from bptt_bench.analyse.verdicts.width import SAMPLES
from bptt_bench.errors import FitError
from bptt_bench.plan import AmountClaim, CostLaw, Point
from bptt_bench.plan.design.columns import ALLOCATED, PEAK, PEAK_SCRATCH

if TYPE_CHECKING:
    import pandas as pd

FEWEST_POINTS = 3  # or all points of the claim, where it has fewer


class Amounts(NamedTuple):
    """What was measured at the claimed points: points, values with the ends of their intervals (n_points,).

    ``adjusted`` are the ends at the confidence that all points together need (Bonferroni).
    """

    points: list[Point]
    values: Array
    ends: tuple[Array, Array]
    adjusted: tuple[Array, Array]


def judge_amount(evidence: Evidence, claim: AmountClaim) -> Verdict:
    """Judge a response at each claimed point; points that are refuted are so at the adjusted confidence."""
    found = measured_amounts(evidence, claim)
    if isinstance(found, Reason):
        return inconclusive(claim, found)
    stated = _stated(claim, found.points)
    low = -math.inf if claim.bound == "upper" else 1 / (1 + claim.margin)
    high = math.inf if claim.bound == "lower" else 1 + claim.margin
    within = (found.ends[0] / stated >= low) & (found.ends[1] / stated <= high)
    outside = (found.adjusted[1] / stated < low) | (found.adjusted[0] / stated > high)
    word: Word = "supported" if within.all() else "refuted" if outside.any() else "inconclusive"
    ratio = found.values / stated
    deviation = np.abs(np.log(np.maximum(ratio, np.finfo(float).tiny)))  # an amount of 0 deviates most
    worst = int(np.argmax({"tight": deviation, "upper": ratio, "lower": -ratio}[claim.bound]))
    n, missing = len(ratio), len(claim.points) - len(ratio)
    values = Interval(*(float(each[worst]) for each in (found.values, *found.ends)))
    finding = AmountEstimate(
        response=claim.response,
        unit=unit_of(claim.response, evidence.frame),
        at=found.points[worst],
        n_points=n,
        estimate=values,
        stated=float(stated[worst]),
        deviation=float(ratio[worst]) - 1,
        margin=claim.margin,
        bound=claim.bound,
    )
    remarks = (
        PointsOutside(outside=int(outside.sum()), n_points=n) if word == "refuted" else None,
        MissingPoints(missing=missing) if missing else None,
    )
    width = Width(cause=None) if is_exact(claim.response) else SAMPLES
    return settle(claim, word, finding, float(stated[worst]), values, *remarks, width=width)


def _stated(claim: AmountClaim, points: Sequence[Point]) -> Array:
    """Return the claimed amounts (n_points,).

    Raises
    ------
    FitError : one is not above 0, or the expression has a factor that the points lack.
    """
    if callable(claim.amount):
        shown, stated = "", np.array([float(claim.amount(point)) for point in points])
    else:
        shown, stated = f" {claim.amount!r}", _evaluated(claim.name, claim.amount, points)
    if not (stated > 0).all():
        at = points[int(np.argmin(stated))]
        raise FitError(
            f"claim {claim.name!r}: amount{shown} is {stated.min():g} at {describe(at)}; allowed are numbers above 0"
        )
    return stated


def _evaluated(claim: str, amount: str, points: Sequence[Point]) -> Array:
    law = CostLaw(f"1*({amount})")  # one term: an amount is a number, whose parts may be equal or subtracted
    for name in law.factors:
        if name not in points[0]:
            raise FitError(f"claim {claim!r}: amount {amount!r} has {name!r}, which its points do not have")
    levels = {name: np.array([float(point[name]) for point in points]) for name in points[0]}
    return np.broadcast_to(law.evaluate(levels), len(points)).astype(np.float64)


def measured_amounts(evidence: Evidence, claim: AmountClaim) -> Amounts | Reason:
    """Return the response at the claimed points, or why it cannot be judged."""
    rows = evidence.rows(claim.subject, claim.response)
    if not len(rows):
        return no_data(_missing_rows(evidence, claim))
    names = list(claim.points.points[0]) if len(claim.points) else []
    try:
        all_points, values, noise, freedom = (
            _counted(rows, names, claim.response) if is_exact(claim.response) else _timed(rows, names, claim.response)
        )
    except FitError as error:
        return unusable_reason(claim.subject, error)
    index_of = {point: i for i, point in enumerate(all_points)}
    wanted = [Point({name: float(point[name]) for name in names}) for point in claim.points]
    kept = [index_of[point] for point in wanted if point in index_of]
    needed = max(min(FEWEST_POINTS, len(claim.points)), 1)
    if len(kept) < needed:
        return no_data(
            FewClaimedPoints(measured=len(kept), claimed=len(claim.points), needed=needed, for_all_subjects=False)
        )
    index = np.array(kept)

    def ends(confidence: float) -> tuple[Array, Array]:
        if is_exact(claim.response):  # the noise of a peak is a bound, whatever the confidence
            return values[index] - noise[index], values[index] + noise[index]
        half = t_quantiles(confidence, freedom[index]) * noise[index]
        return values[index] * np.exp(-half), values[index] * np.exp(half)

    adjusted = ends(1 - (1 - evidence.confidence) / len(kept))
    return Amounts([all_points[i] for i in kept], values[index], ends(evidence.confidence), adjusted)


def _missing_rows(evidence: Evidence, claim: AmountClaim) -> NotRecorded | NoRows:
    """Return why there is no row with the response of a claim."""
    if claim.response in (PEAK, PEAK_SCRATCH) and len(evidence.rows(claim.subject, ALLOCATED)):
        return NotRecorded(record="peak memory")
    return NoRows(subject=claim.subject, response=claim.response)


def _counted(rows: pd.DataFrame, names: Sequence[str], response: str) -> tuple[list[Point], Array, Array, Array]:
    """Return bytes, or what was counted, at each point, and the largest error that these may have."""
    table = rows[[*names, response]].to_numpy(dtype=np.float64)
    values = table[:, -1]
    resolution = PEAK_RESOLUTION_BYTES if response in (PEAK, PEAK_SCRATCH) else 0.0
    points = [Point(dict(zip(names, levels, strict=True))) for levels in table[:, :-1].tolist()]
    return points, values, np.full(len(values), resolution), np.ones(len(values))


def _timed(rows: pd.DataFrame, names: Sequence[str], response: str) -> tuple[list[Point], Array, Array, Array]:
    """Return the robust location of the time at each point, the standard error of its log, and its freedom."""
    samples = gather(rows, names, response=response, block=BLOCK if BLOCK in rows.columns else None, what="points")
    located = locate(samples.log_seconds, samples.point, samples.block, samples.when)
    if located.relative_noise is None:
        raise FitError("nothing was repeated, so the noise is not known")
    levels = np.column_stack([samples.levels[name] for name in names])
    points = [Point(dict(zip(names, each, strict=True))) for each in levels.tolist()]
    freedom = located.effective - 1 + PRIOR_SAMPLES
    return points, np.exp(located.log_seconds), located.standard_error, freedom
