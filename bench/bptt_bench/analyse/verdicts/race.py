"""Speedups: times of all subjects at each point, speedups over the fastest of some, and shares of the roofline.

The time of a subject at a point is the robust location of its samples; ratios are taken pair by pair within blocks. The
fastest of several others is known no better than each of them, so the interval of the speedup over it goes from the
least of the low ends to the least of the high ends: it holds the true one if all of them hold theirs.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bptt_bench.analyse.evidence.evidence import BLOCK, Evidence
from bptt_bench.analyse.evidence.paired import Visits, paired_ratio, visits_of
from bptt_bench.analyse.findings.estimates import RooflineEstimate, SpeedupEstimate
from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.findings.obstacles import FewBlocks, NoRoofline, NotComparable, NotMeasured, NotRecorded
from bptt_bench.analyse.findings.reason import Kind, Reason, Width
from bptt_bench.analyse.findings.remarks import AbsentSubjects, MissingPoints, PointsOutside, SlowPeaks
from bptt_bench.analyse.stats.estimate import Interval, t_quantile
from bptt_bench.analyse.verdicts.verdict import Verdict, conclude, inconclusive, no_data, settle
from bptt_bench.analyse.verdicts.width import SAMPLES
from bptt_bench.errors import FitError, MachineError
from bptt_bench.plan import Point, RooflineClaim, SpeedupClaim
from bptt_bench.plan.description.lookup import NotStoredError
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.plan.machine.peaks import Limit, Peaks, Traffic

FEWEST_BLOCKS = 2  # to know the noise


class LogRatio(NamedTuple):
    """Log of how many times as fast, with its standard error and degrees of freedom."""

    estimate: float
    error: float
    freedom: float

    def interval(self, confidence: float) -> Interval:
        """Return the ratio itself with its interval."""
        half = t_quantile(confidence, self.freedom) * self.error
        return Interval(*(math.exp(self.estimate + shift) for shift in (0.0, -half, half)))


class Speedup(NamedTuple):
    """How many times as fast as each of some others a subject is at a point."""

    point: Point
    over: Mapping[str, LogRatio]

    @property
    def fastest(self) -> str:
        """The fastest of the others."""
        return min(self.over, key=lambda name: self.over[name].estimate)

    def interval(self, confidence: float) -> Interval:
        """Return the speedup over the fastest of the others."""
        every = [ratio.interval(confidence) for ratio in self.over.values()]
        return Interval(*(min(ends) for ends in zip(*every, strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Roofline:
    """What a problem needs at a point, and the time that the machine would take at its peaks."""

    traffic: Traffic
    seconds: float
    limit: Limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The race at one point.

    Attributes
    ----------
    seconds : of an evaluation by subject, with intervals, the fastest first.
    medians : of the samples, by subject.
    speedup : of the tuned subject over the fastest of the others; None where they were not measured together.
    shares : of the roofline that each subject reaches; empty where there is none.
    """

    point: Point
    seconds: Mapping[str, Interval]
    medians: Mapping[str, float]
    fastest: str | None
    speedup: Interval | None
    ratios: Mapping[str, Interval]
    roofline: Roofline | None
    shares: Mapping[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        roof = self.roofline
        return {
            "at": dict(self.point),
            "seconds": {
                name: {**found._asdict(), "median": self.medians[name]} for name, found in self.seconds.items()
            },
            "fastest_peer": self.fastest,
            "speedup": None if self.speedup is None else self.speedup._asdict(),
            "ratios": {name: ratio._asdict() for name, ratio in self.ratios.items()},
            "roofline": None
            if roof is None
            else {**roof.traffic._asdict(), "seconds": roof.seconds, "limit": roof.limit},
            "shares": {name: share._asdict() for name, share in self.shares.items()},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Who is how fast where.

    Attributes
    ----------
    subject, over : who races against whom.
    missing : subjects that could not be measured, with the reasons.
    mean : geometric mean of the speedups over all points.
    """

    subject: str
    over: tuple[str, ...]
    standings: tuple[Standing, ...]
    mean: Interval | None
    peaks: Peaks | None
    missing: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "subject": self.subject,
            "over": list(self.over),
            "points": [standing.to_json() for standing in self.standings],
            "geometric_mean_speedup": None if self.mean is None else self.mean._asdict(),
            "peaks": None if self.peaks is None else self.peaks.to_json(),
            "missing": dict(self.missing),
        }


def speedups(evidence: Evidence, subject: str, over: Sequence[str], points: Sequence[Point]) -> list[Speedup]:
    """Return the speedup over each of some others at the points where at least one of them was measured too."""
    mine = _visits(evidence, subject)
    others = {name: found for name in over if (found := _visits(evidence, name)) is not None}
    if mine is None:
        return []
    ratios: dict[Point, dict[str, LogRatio]] = {point: {} for point in points}
    factors = [factor.name for factor in evidence.experiment.factors]
    for name, theirs in others.items():
        pairs = paired_ratio(theirs, mine)
        for row, levels in enumerate(pairs.points):
            point = Point(dict(zip(factors, levels, strict=True)))
            if point in ratios:
                figures = (pairs.log_ratio[row], pairs.standard_error[row], pairs.freedom[row])
                ratios[point][name] = LogRatio(*map(float, figures))
    return [Speedup(point, found) for point, found in ratios.items() if found]


def geometric_mean(found: Sequence[Speedup], confidence: float) -> Interval | None:
    """Return the geometric mean of the speedups over the fastest of the others; ``None`` without a point.

    The points are not a sample of others: only the errors at each of them count.
    """
    if not found:
        return None
    fastest = [speedup.over[speedup.fastest] for speedup in found]
    variances = np.array([ratio.error**2 for ratio in fastest])
    middle, variance = float(np.mean([ratio.estimate for ratio in fastest])), float(variances.sum()) / len(fastest) ** 2
    # Welch and Satterthwaite
    spread = float((variances**2 / np.array([ratio.freedom for ratio in fastest])).sum())
    freedom = float(variances.sum()) ** 2 / spread if spread > 0 else math.inf
    return LogRatio(middle, math.sqrt(variance), min(freedom, 1e6)).interval(confidence)


def seconds_at(evidence: Evidence, subject: str, point: Point) -> Interval | None:
    """Return the time of a subject at a point, from its samples alone; None where it was not measured."""
    found = _visits(evidence, subject)
    factors = [factor.name for factor in evidence.experiment.factors]
    levels = tuple(float(point[name]) for name in factors)
    if found is None or levels not in found.points:
        return None
    row = found.points.index(levels)
    log, clean = float(found.log_seconds[row]), float(found.core[row].sum())
    residual = np.where(np.isfinite(found.residual[row]), found.residual[row], 0.0)
    if clean <= 1:
        return Interval(math.exp(log), 0.0, math.inf)
    error = math.sqrt(float((found.core[row] * residual**2).sum()) / (clean - 1) / clean)
    half = t_quantile(evidence.confidence, clean - 1) * error
    return Interval(*(math.exp(log + shift) for shift in (0.0, -half, half)))


def peaks_of(evidence: Evidence) -> Peaks | None:
    """Return the best of all peaks that the run read; None where it read none.

    Raises
    ------
    FitError : what is stored as its peaks cannot be used.
    """
    try:
        read = [Peaks.from_json(record["peaks"]) for record in evidence.frame.attrs.get("peaks", ())]
    except (MachineError, KeyError, TypeError, ValueError) as error:
        raise FitError(f"record of the peaks: {error}") from None
    return functools.reduce(Peaks.best, read) if read else None


def roofline_at(evidence: Evidence, subject: str, point: Point, peaks: Peaks) -> Roofline | None:
    """Return the roofline of a subject at a point; None where it declares none, or the run does not hold it there."""
    declared = evidence.experiment.subject(subject).roofline
    if declared is None:
        return None
    try:
        traffic = declared(point)
    except NotStoredError:
        return None
    return Roofline(traffic=traffic, seconds=peaks.roofline_seconds(traffic), limit=peaks.limit(traffic))


def share_of(roofline: Roofline, seconds: Interval) -> Interval:
    """Return the share of the roofline that is reached: 1 at the peak."""
    return Interval(
        *(roofline.seconds / value if value else math.inf for value in (seconds[0], seconds[2], seconds[1]))
    )


def race_of(evidence: Evidence) -> Race | None:
    """Return the race that an experiment is; None for one that claims no speedup, or of which nothing was measured."""
    claims = [claim for claim in evidence.experiment.claims if isinstance(claim, SpeedupClaim)]
    if not claims:
        return None
    subject = claims[0].subject  # of several, such as one for each data type, the first
    over = tuple(dict.fromkeys(name for claim in claims if claim.subject == subject for name in claim.over))
    factors = [factor.name for factor in evidence.experiment.factors]
    rows = evidence.samples[evidence.samples[SECONDS_PER_EVAL].notna().to_numpy(dtype=bool)]
    levels = rows[factors].drop_duplicates().to_dict("records")  # plain numbers, as JSON wants them
    points = [Point({str(name): level for name, level in one.items()}) for one in levels]
    points.sort(key=lambda point: tuple(point.values()))
    if not points or BLOCK not in rows.columns:
        return None
    peaks = peaks_of(evidence)
    found = {speedup.point: speedup for speedup in speedups(evidence, subject, over, points)}
    return Race(
        subject=subject,
        over=over,
        standings=tuple(_standing(evidence, subject, point, found.get(point), peaks) for point in points),
        mean=geometric_mean(list(found.values()), evidence.confidence),
        peaks=peaks,
        missing=evidence.frame.attrs.get("missing", {}),
    )


def _standing(evidence: Evidence, subject: str, point: Point, speedup: Speedup | None, peaks: Peaks | None) -> Standing:
    names = [one.name for one in evidence.experiment.subjects]
    times = {name: found for name in names if (found := seconds_at(evidence, name, point)) is not None}
    seconds = dict(sorted(times.items(), key=lambda item: item[1].estimate))
    roofline = None if peaks is None else roofline_at(evidence, subject, point, peaks)
    return Standing(
        point=point,
        seconds=seconds,
        medians={name: _median(evidence, name, point) for name in seconds},
        fastest=None if speedup is None else speedup.fastest,
        speedup=None if speedup is None else speedup.interval(evidence.confidence),
        ratios={}
        if speedup is None
        else {name: ratio.interval(evidence.confidence) for name, ratio in speedup.over.items()},
        roofline=roofline,
        shares={} if roofline is None else {name: share_of(roofline, found) for name, found in seconds.items()},
    )


def _median(evidence: Evidence, subject: str, point: Point) -> float:
    rows = evidence.rows(subject, SECONDS_PER_EVAL)
    here = np.all([rows[name].to_numpy() == level for name, level in point.items()], axis=0)
    return float(np.median(rows[SECONDS_PER_EVAL].to_numpy()[here]))


def _visits(evidence: Evidence, subject: str) -> Visits | None:
    if BLOCK not in evidence.frame.columns or not len(evidence.rows(subject, SECONDS_PER_EVAL)):
        return None
    try:
        return visits_of(evidence, subject, [factor.name for factor in evidence.experiment.factors])
    except FitError:
        return None


def judge_speedup(evidence: Evidence, claim: SpeedupClaim) -> Verdict:
    """Return supported when every point's interval lies above the bound, refuted when an adjusted one lies below."""
    found = speedups(evidence, claim.subject, claim.over, claim.points.points)
    absent = _absent_subjects(evidence, claim)
    if not found:
        reason = no_data(NotComparable(subject=claim.subject, over=tuple(claim.over)))
        return inconclusive(claim, reason.remarked(absent), claim.at_least)
    n_blocks = evidence.rows(claim.subject, SECONDS_PER_EVAL)["block"].nunique()
    if n_blocks < FEWEST_BLOCKS:
        return inconclusive(claim, no_data(FewBlocks(n_blocks=n_blocks, needed=FEWEST_BLOCKS)), claim.at_least)
    n, missing = len(found), len(claim.points) - len(found)
    if claim.mean:
        mean = geometric_mean(found, evidence.confidence)
        assert mean is not None, "there is a point"
        intervals, adjusted, worst, over, at = [mean], [mean], mean, None, None
    else:
        intervals = [speedup.interval(evidence.confidence) for speedup in found]
        adjusted = [speedup.interval(1 - (1 - evidence.confidence) / n) for speedup in found]
        index = min(range(n), key=lambda i: intervals[i].estimate)
        worst, over, at = intervals[index], found[index].fastest, found[index].point
    word = _word(intervals, adjusted, claim.at_least)
    finding = SpeedupEstimate(
        subject=claim.subject, over=over, at=at, n_points=n, estimate=worst, at_least=claim.at_least
    )
    below = sum(interval.high < claim.at_least for interval in adjusted)
    remarks = (
        PointsOutside(outside=below, n_points=n, is_below=True) if word == "refuted" and not claim.mean else None,
        MissingPoints(missing=missing) if missing else None,
        absent,
    )
    if word == "supported" and missing:
        reason = Reason(kind=Kind.NO_DATA, finding=finding).remarked(*remarks)
        return conclude(claim, "inconclusive", reason, claim.at_least, worst)
    return settle(claim, word, finding, claim.at_least, worst, *remarks, width=SAMPLES)


def _word(intervals: list[Interval], adjusted: list[Interval], at_least: float) -> Word:
    if any(interval.high < at_least for interval in adjusted):
        return "refuted"
    return "supported" if all(interval.low >= at_least for interval in intervals) else "inconclusive"


def _absent_subjects(evidence: Evidence, claim: SpeedupClaim) -> AbsentSubjects | None:
    """Return which of the others did not run; ``None`` if all did."""
    reasons = evidence.frame.attrs.get("missing", {})
    absent = {name: reasons.get(name, "") for name in claim.over if not len(evidence.rows(name, SECONDS_PER_EVAL))}
    return AbsentSubjects(subjects=absent, n_claimed=len(claim.over)) if absent else None


def judge_roofline(evidence: Evidence, claim: RooflineClaim) -> Verdict:
    """Return supported when the whole interval of the share lies above the bound, refuted when it lies below."""
    peaks, seconds = peaks_of(evidence), seconds_at(evidence, claim.subject, claim.at)
    if seconds is None:
        return inconclusive(claim, no_data(NotMeasured(subject=claim.subject, at=claim.at)), claim.at_least)
    if peaks is None:
        return inconclusive(claim, no_data(NotRecorded(record="machine peaks")), claim.at_least)
    roofline = roofline_at(evidence, claim.subject, claim.at, peaks)
    if roofline is None:
        return inconclusive(claim, no_data(NoRoofline(subject=claim.subject)), claim.at_least)
    share = share_of(roofline, seconds)
    finding = RooflineEstimate(
        subject=claim.subject,
        at=claim.at,
        estimate=share,
        at_least=claim.at_least,
        limit=roofline.limit,
        rate=peaks.operations_per_second if roofline.limit == "operations" else peaks.bytes_per_second,
        threads=peaks.threads,
    )
    if share.low > 1:  # nothing is faster than the peak: the reading of it was disturbed
        width = Width(cause=None, remedy="a quiet machine")
        return settle(claim, "inconclusive", finding, claim.at_least, share, SlowPeaks(), width=width)
    return settle(claim, _word([share], [share], claim.at_least), finding, claim.at_least, share, width=SAMPLES)
