"""The laws that measurements do not exclude, each with its weight, and what follows from all of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.special import ndtr, ndtri

from bptt_bench.analyse.data.response import substance
from bptt_bench.analyse.discover.finalists import Step
from bptt_bench.analyse.findings.fits import Falls, FarPoint, NoLawFits, PointsOff, SlowerOperations, Turns
from bptt_bench.analyse.findings.predictions import WithinStep
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.fitted import Fit, Points
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import CostLaw

SIMPLER_AT = 0.1  # of the largest weight, at which a law of fewer terms is the answer
SLOWER = 1.2  # times as long as elsewhere, from which an operation is worth a word
MOST_SHOWN = 10  # laws of a set in its representation
MOST_BISECTIONS = 60
# probability, over all answers of a run, that no law is said to fit although one does; each is a test of its own
NO_LAW_BELOW = 0.01
FAR = 1.5  # times as much as the law says, or as little, from which a point without repetitions is named
LIKELY = 0.5  # weight of all laws with a step at a point, from which its value is said to be between two
APART = 1.1  # times as much on one side of a step, from which it is; as what changes a grade elsewhere
WIDEST = 60.0  # nats: an interval without a bound


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Candidate:
    """A law that the data do not exclude, its weight among all of these, its fit, and where it has a step."""

    law: CostLaw
    weight: float
    fit: Fit
    step: Step | None = None

    def __repr__(self) -> str:
        mean, largest = (100 * one for one in (self.fit.error.in_sample_mape, self.fit.error.max))
        return f"{self.law.text}: " + ", ".join(
            [f"weight {self.weight:.2g}", f"mean error {mean:.2g} %", f"largest {largest:.2g} %"]
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DecidingMeasurement:
    """The measurement that would decide between laws.

    Attributes
    ----------
    at : the point.
    seconds : that five evaluations would take there; ``None`` where the response is not a time.
    this, others : the answer, and the laws that it would be distinguished from.
    """

    at: Mapping[str, float]
    seconds: float | None
    this: str
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LawSet:
    """Every law that the data do not exclude.

    Attributes
    ----------
    candidates : by weight, the largest first; weights add up to 1.
    decides : the measurement that would decide between them; ``None`` with one law, or if none would.
    tried : number of laws that were compared.
    falls : the factors with which the response falls, as no law that was tried does.
    turns : the factors with which it falls and then rises, by the answer or, where no law fits, beside it.
    tests : number of answers that are given together, each with a test of whether its law fits.
    work : the laws of what an evaluation counts, where that was measured too: time has no other terms than these.
    notes : what must be known of how the data were read, such as a column that is not used.
    """

    candidates: tuple[Candidate, ...]
    decides: DecidingMeasurement | None = None
    tried: int = field(default=0)
    falls: tuple[Falls, ...] = ()
    turns: tuple[Turns, ...] = ()
    tests: int = 1
    work: tuple[LawSet, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return a line for each law, the likeliest first, and what must be known of them."""
        shown = self.candidates[:MOST_SHOWN]
        more = len(self.candidates) - len(shown)
        head = f"LawSet of {self.fit.response}, answer {self.law.text}"
        doubts = (f"doubtful: {type(one).__name__}" for one in self.doubts)
        notes = (f"note: {one}" for one in self.notes)
        return "\n  ".join([head, *map(repr, shown), *([f"{more} more"] if more else []), *doubts, *notes])

    @property
    def answer(self) -> Candidate:
        """The simplest of the laws: fewest terms, and among equals the largest weight.

        A law with less than a tenth of the largest weight is not the answer, however simple.
        """
        most = self.candidates[0].weight
        likely = [one for one in self.candidates if one.weight >= SIMPLER_AT * most]
        return min(likely, key=lambda one: (len(one.law.terms), -one.weight))

    @property
    def fit(self) -> Fit:
        """The fit of the answer."""
        return self.answer.fit

    @property
    def law(self) -> CostLaw:
        """The law that is the answer."""
        return self.answer.law

    @property
    def factors(self) -> tuple[str, ...]:
        """The factors of all laws of the set."""
        return tuple(sorted({name for one in self.candidates for name in one.fit.full_law.factors}))

    @property
    def doubts(self) -> tuple[Finding, ...]:
        """What must be known before any law of the set is used."""
        return (*self.falls, *(one for one in self.turns if not self.follows(one)), *self._misfit())

    def follows(self, turn: Turns) -> bool:
        """Return whether the answer falls with a factor at its smallest level, and rises at the largest."""
        if turn.factor not in self.law.factors:
            return False
        low, high = (self.fit.law_exponent(turn.factor, {**self.largest, turn.factor: level}) for level in turn.between)
        return low < 0 < high

    @property
    def largest(self) -> dict[str, float]:
        """The measured point of the largest levels; of several, that with the longest time."""
        levels = self.fit.levels
        ranks = [np.searchsorted(known := np.unique(own), own) / len(known) for own in levels.values()]
        fitted = self.fit.points["fitted"].to_numpy(dtype=np.float64)
        row = int(np.lexsort((fitted, np.sum(ranks, axis=0)))[-1])
        return {name: float(own[row]) for name, own in levels.items()}

    def _misfit(self) -> tuple[Finding, ...]:
        """Return whether points lie off the likeliest law, and whether so far that no law fits."""
        best = self.candidates[0]
        lack = best.fit.lack_of_fit
        if lack.kind != "rejected":
            at, off = _farthest(best.fit.observed)
            is_far = lack.samples == "single" and not 1 / FAR < 1 + off < FAR
            return (FarPoint(law=best.law.text, at=at, off=off, of=best.fit.n_points),) if is_far else ()
        p_value = lack.p_value if lack.p_value is not None or lack.trend is None else lack.trend.p_value
        at, off = _farthest(best.fit)
        if self.work or (p_value is not None and p_value > NO_LAW_BELOW / self.tests):
            return (PointsOff(law=best.law.text, p_value=p_value, at=at, off=off), *self._slower())
        return (NoLawFits(tried=self.tried, p_value=p_value, law=best.law.text, at=at, off=off),)

    def predict(self, points: Points) -> list[Interval]:
        """Return prediction intervals of one sample at new points, averaged over all laws of the set.

        These are the laws alone, without a grade; see ``bench.predict``.
        """
        return self.spread(points, lambda fit: fit.predict(points))

    def curve(self, points: Points) -> list[Interval]:
        """Return confidence intervals of the law at new points, averaged over all laws of the set."""
        return self.spread(points, lambda fit: fit.curve(points))

    def spread(
        self,
        points: Points,
        intervals: Callable[[Fit], list[Interval]],
        of_laws: Sequence[Sequence[Interval]] | None = None,
    ) -> list[Interval]:
        """Return intervals at points averaged over all laws of the set.

        Between the two levels where a law may have its step, both values are as likely.

        Parameters
        ----------
        intervals : returns those of a fit at these points.
        of_laws : the intervals of the laws, where they are others.
        """
        known = [intervals(one.fit) for one in self.candidates] if of_laws is None else of_laws
        mixed: list[tuple[float, Sequence[Interval]]] = []
        for one, own in zip(self.candidates, known, strict=True):
            if one.step is None or not (inside := one.step.holds(points)).any():
                mixed.append((one.weight, own))
                continue
            far = intervals(one.step.at_far_end(one.fit))
            other = [there if is_in else here for here, there, is_in in zip(own, far, inside, strict=True)]
            mixed += [(one.weight / 2, own), (one.weight / 2, other)]
        return average(mixed, self.fit.confidence)

    def within_step(self, point: Mapping[str, float]) -> WithinStep | None:
        """Return the step within which a point lies, so that its value is between those of the law below and above it.

        None if laws without one are likelier, or both values are nearly the same.
        """
        inside = [one for one in self.candidates if one.step is not None and one.step.holds([point]).any()]
        if sum(one.weight for one in inside) < LIKELY:
            return None
        one, step = inside[0], inside[0].step
        assert step is not None
        here, there = (fit.curve([point])[0].estimate for fit in (one.fit, step.at_far_end(one.fit)))
        times = max(here, there) / min(here, there) if min(here, there) > 0 else math.inf
        return WithinStep(factor=step.factor, between=(step.low, step.high), times=times) if times > APART else None

    def exponent(self, factor: str, at: Mapping[str, float]) -> Interval:
        """Return the local exponent in a factor at a point: the mean, and an interval that holds for every law.

        Raises
        ------
        FitError : as in ``Fit.exponent``.
        """
        found = [one.fit.exponent(factor, at) for one in self.candidates]
        low = [e.estimate if math.isnan(e.low) else e.low for e in found]
        high = [e.estimate if math.isnan(e.high) else e.high for e in found]
        mean = sum(one.weight * e.estimate for one, e in zip(self.candidates, found, strict=True))
        return Interval(mean, min(low), max(high))

    def _slower(self) -> Iterator[SlowerOperations]:
        """Yield how much longer an operation takes at the largest point than where it is quickest."""
        if len(self.work) != 1:
            return
        work, fit = self.work[0].fit, self.fit
        points = [dict(zip(fit.levels, row, strict=True)) for row in zip(*fit.levels.values(), strict=True)]
        operations = np.array([interval.estimate for interval in work.curve(points)], dtype=np.float64)
        cost = fit.points["measured"].to_numpy(dtype=np.float64) / operations
        largest, quickest = int(np.argmax(operations)), int(np.argmin(cost))
        if np.isfinite(cost).all() and cost[largest] > SLOWER * cost[quickest]:
            yield SlowerOperations(
                counted=substance(work.response),
                times=float(cost[largest] / cost[quickest]),
                at=points[largest],
                than=points[quickest],
            )


def _farthest(fit: Fit) -> tuple[dict[str, float], float]:
    """Return the point that lies off a fit by most of its own error, and how far it does, relative to the fit.

    Where a lower bound contradicts the law of the other points, it is that bound.
    """
    exceeded = fit.lack_of_fit.exceeded
    if exceeded is not None:
        return dict(exceeded.at), exceeded.bound / exceeded.expected - 1
    points = fit.points
    off = points["measured"].to_numpy(dtype=np.float64) / points["fitted"].to_numpy(dtype=np.float64) - 1
    error = points["location_error"].to_numpy(dtype=np.float64)
    known = np.where(np.isfinite(error) & (error > 0), error, np.nan)
    scale = np.where(np.isnan(known), np.nanmedian(known) if np.isfinite(known).any() else 1.0, known)
    place = int(np.argmax(np.abs(np.log1p(off)) / scale))
    return {name: float(values[place]) for name, values in fit.levels.items()}, float(off[place])


def average(found: Sequence[tuple[float, Sequence[Interval]]], confidence: float) -> list[Interval]:
    """Return the median and the interval of a mixture of predictions, each normal in its logarithm.

    Parameters
    ----------
    found : the weight and the intervals (m,) of each law.

    Source: Hoeting, Madigan, Raftery & Volinsky (1999), "Bayesian model averaging: a tutorial".
    """
    if not any(len(intervals) for _, intervals in found):  # of no point
        return []
    weights = np.array([weight for weight, _ in found])
    table = np.array([[tuple(interval) for interval in intervals] for _, intervals in found])  # (laws, m, 3)
    with np.errstate(all="ignore"):
        logs = np.log(table)
    sound = np.isfinite(logs[:, :, 0]).all(axis=0)
    logs = np.where(np.isfinite(logs), logs, np.sign(np.nan_to_num(logs)) * WIDEST)
    middle, width = logs[:, :, 0], (logs[:, :, 2] - logs[:, :, 1]) / (2 * ndtri((1 + confidence) / 2))
    width = np.maximum(width, 1e-12)
    ends = [_quantile(share, weights / weights.sum(), middle, width) for share in (0.5, (1 - confidence) / 2)]
    high = _quantile((1 + confidence) / 2, weights / weights.sum(), middle, width)
    return [
        Interval(*(float(np.exp(value)) for value in row)) if fine else Interval(math.nan, math.nan, math.nan)
        for *row, fine in zip(*ends, high, sound, strict=True)
    ]


def _quantile(share: float, weights: Array, middle: Array, width: Array) -> Array:
    """Return a quantile of mixtures of normal distributions (laws, m), by bisection (m,)."""
    low = (middle - 9 * width).min(axis=0)
    high = (middle + 9 * width).max(axis=0)
    for _ in range(MOST_BISECTIONS):
        half = (low + high) / 2
        below = (weights[:, None] * ndtr((half - middle) / width)).sum(axis=0) < share
        low, high = np.where(below, half, low), np.where(below, high, half)
    return np.asarray((low + high) / 2)
