"""Predictions of a fitted law with what is known of them: a backtest of the same procedure, tests of the law, a grade.

A prediction is *rejected* if it goes beyond the data with a law that these reject, and the departure that they show
would change it by more than a tenth. It is *doubtful* if the procedure missed too many of the largest measured points,
predicted from the others, or by far; if a point lies far off the law and all others; beyond the data, if the law's own
terms are hardly seen beside the overhead, or are less than it there; if nothing can test the law along the factor; if
there is a trace of a departure that would change the value by a quarter; if a change of a power that nothing would show
doubles the value, or a further term, which quadruples it if the data do not even hint at it; at more than a thousand
times what was measured, four times below it or below it with a larger value than any measured; or where its interval
spans more than a factor of a hundred.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property

import numpy as np
import threadpoolctl

from bptt_bench.analyse.data.response import substance
from bptt_bench.analyse.findings.fits import FAR_OFF, LackOfFit, MostlyOverhead
from bptt_bench.analyse.findings.predictions import (
    Assessment,
    Backtest,
    FarBelow,
    FarBeyond,
    FoundLaw,
    Grade,
    Misfit,
    Missed,
    NeverVaried,
    OddPoint,
    Ungraded,
    Unseen,
    UnseenTerm,
    Untestable,
    WideInterval,
    Widened,
    WithinStep,
)
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.cautions import overhead_caution, overhead_names
from bptt_bench.analyse.fitting.fitted import Fit, columns_at
from bptt_bench.analyse.predict.backtests import Cut
from bptt_bench.analyse.predict.candidates import DRIFT, LAW, PowerLaw
from bptt_bench.analyse.predict.coordinates import Table
from bptt_bench.analyse.predict.law_tests import REJECT_BELOW, LawTests
from bptt_bench.analyse.predict.refit import refit_observed, refit_thinned
from bptt_bench.analyse.predict.stack import Stack
from bptt_bench.analyse.stats.arrays import MAD, Array
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.errors import FitError

MATERIAL = 0.1  # of the logarithm: a departure that changes a prediction by less does not make it another
MATERIAL_TRACE = math.log(1.25)  # the same of a departure of which there is only a trace
BEYOND = 0.01  # nats: less is within the data
FAR_BEYOND = 1000.0  # times farther in a factor than was measured: no backtest holds out nearly so much
FAR_BELOW = 4.0  # times below: there what a call costs by itself may be most of it
ODD, ODD_LARGEST = 4.0, 1.5  # times off the law, of any point and of the largest: no noise if the others lie near it
ODD_SCATTERS = 8.0  # … times as far as the others scatter
FEWEST_BESIDE = 5  # points, of which one is odd
LEAST_SCATTER = 0.02  # of logarithms: points of a table are rounded
WIDE = 100.0  # times the lower end of an interval: beyond, not even the order of magnitude is known
BLIND = 0.5  # of the logarithm: a departure that large must be seen for a test to say something
LEAST_OWN = 0.5  # share of a prediction that is the law's own: nobody has stated how overhead goes on
MOST_MISSED = 0.2  # of the points of a backtest
FEWEST_MISSED = 3  # in a small backtest two points may be missed by chance, unless they are most of it
FAR_MISSED = math.log(1.5)  # median error of a backtest, which no interval makes sound
DOUBLED = math.log(2.0)  # what a change of a power that the data would not show makes of a prediction, or a term …
TRIPLED = math.log(3.0)  # … the same of a term at which the data do not even hint
MOST_POINTS = 2000  # from which the ways to predict learn: they take memory for each pair of points
NOTABLE_FACTOR, NOTABLE_DRIFT = 1.5, 0.1  # a widening that is worth a remark

Points = Sequence[Mapping[str, float]]


class LawPredictor:
    """Predicts from one fit; what takes time is done when it is first asked for."""

    def __init__(self, fit: Fit) -> None:
        self._fit = fit

    @cached_property
    def stack(self) -> Stack:
        """The ways to predict with their weights."""
        with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):  # threads spin over matrices this small
            return Stack(refit_thinned(self._fit, MOST_POINTS))

    @cached_property
    def tests(self) -> LawTests:
        """The tests of the law."""
        return self.stack.tests

    @cached_property
    def backtest(self) -> Backtest | None:
        """How this procedure did on its own largest points; ``None`` with too few points for it."""
        with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
            return run_backtest(self.stack)

    def intervals(self, points: Points) -> list[Interval]:
        """Return prediction intervals for one sample at points; not finite where the law is undefined."""
        if not points:
            return []
        points = self._completed(points)
        defined = self._defined(points)
        kept = [point for point, fine in zip(points, defined, strict=True) if fine]
        with np.errstate(all="ignore"):
            known = iter(self._inside(kept) if kept else ())
        return [next(known) if fine else Interval(math.nan, math.nan, math.nan) for fine in defined]

    def assess(self, points: Points) -> list[Assessment]:
        """Return what is known of the predictions at points; where the law is undefined they are doubtful."""
        points = self._completed(points)
        defined = self._defined(points)
        kept = [point for point, fine in zip(points, defined, strict=True) if fine]
        known = iter(self._assess(kept) if kept else ())
        return [next(known) if fine else Assessment(grade=Grade.DOUBTFUL) for fine in defined]

    def _completed(self, points: Points) -> Points:
        """Return points with the factors that they lack, where these were measured at one level alone."""
        constant = {name: float(values[0]) for name, values in self._fit.levels.items() if np.ptp(values) == 0}
        return [{**constant, **point} for point in points]

    def _assess(self, points: Points) -> list[Assessment]:
        remarks, reasons = list(self._general_remarks()), list(self._general_reasons())
        found = []
        for own, unseen in zip(self._reasons_at(points), self._unseen_at(points), strict=True):
            rejected = any(isinstance(reason, LackOfFit) or _rejects(reason) for reason in own)
            every = [*(one for one in own if _is_news(one, own, rejected)), *reasons]
            found.append(
                Assessment(
                    grade=Grade.REJECTED if rejected else Grade.DOUBTFUL if every else Grade.SOUND,
                    reasons=tuple(every),
                    remarks=(*remarks, *(one for one in unseen if one not in own and _is_news(one, own, rejected))),
                    backtest=self.backtest,
                    weights=self._weights(),
                )
            )
        return found

    def _defined(self, points: Points) -> list[bool]:
        """Return where the law is finite and above 0."""
        if not points:
            return []
        with np.errstate(all="ignore"):
            fitted = columns_at(self._fit.full_law, points) @ self._fit.coefficients
        return [bool(one) for one in np.isfinite(fitted) & (fitted > 0)]

    def _inside(self, points: Points) -> list[Interval]:
        """Return intervals where the law is above 0: of all ways, or of the law alone where these need more levels."""
        if not self._has_all_levels(points):
            return self._fit.predict(points)
        return self.stack.predict(_table(self._fit, points))

    def _has_all_levels(self, points: Points) -> bool:
        """Return whether points have each factor of the data, above 0 unless it was measured at 0."""
        lowest = {name: float(values.min()) for name, values in self._fit.levels.items()}
        return all(
            name in point and (point[name] > 0 or point[name] == low == 0)
            for point in points
            for name, low in lowest.items()
        )

    def _weights(self) -> tuple[tuple[str, float], ...]:
        stack = self.stack
        return tuple((name, round(float(weight), 3)) for name, weight in zip(stack.names, stack.weights, strict=True))

    def _general_reasons(self) -> Iterable[Finding]:
        if self.backtest is not None and has_failed(self.backtest):
            yield self.backtest
        yield from (one for one in self.tests.untestable if one.factor is None)
        yield from self._odd_points

    @cached_property
    def _odd_points(self) -> list[OddPoint]:
        """The point that lies farthest off the law, if that is far and the others lie near it.

        It may be a mistake; the largest may be the first of others that go on from it.
        """
        residuals = self._fit.points["log_residual"].to_numpy().astype(np.float64)
        off = residuals - np.median(residuals)
        scatter = max(MAD * float(np.median(np.abs(off))), LEAST_SCATTER)
        row = int(np.abs(off).argmax())
        is_largest = row == int(self._fit.points["fitted"].to_numpy().argmax())
        least = math.log(ODD_LARGEST if is_largest else ODD)
        if self._fit.n_points < FEWEST_BESIDE or abs(off[row]) < max(least, ODD_SCATTERS * scatter):
            return []
        at = {name: float(self._fit.levels[name][row]) for name in self._fit.factors}
        return [OddPoint(at=at, times=math.exp(float(off[row])))]

    def _general_remarks(self) -> Iterable[Finding]:
        if self.backtest is None and not self.stack.is_exact:
            yield Ungraded(n_points=self._fit.n_points)
        factor, drift = self.stack.calibration
        if factor > NOTABLE_FACTOR or drift > NOTABLE_DRIFT:
            yield Widened(factor=factor, drift=drift)

    def _reasons_at(self, points: Points) -> list[list[Finding]]:
        """Return what speaks against the prediction at each point: departures that matter, and tests that lack."""
        if not self._has_all_levels(points):
            general = (*self._below_bounds, *self.tests.untestable)
            return [[*self._far_off_levels(one), *self._never_varied(one), *general] for one in points]
        table = _table(self._fit, points)
        with np.errstate(all="ignore"):
            beyond = self.stack.distance(table) > BEYOND
            bent = self._bent(table)
            effects = self.tests.effects(table)
        unseen = self._unseen_at(points)
        found: list[list[Finding]] = []
        for i, misfits in enumerate(effects):
            own: list[Finding] = []
            own += self._never_varied(points[i])
            own += self._far_off_levels(points[i])
            own += self._below_bounds
            if beyond[i]:
                own += self._mostly_overhead(points[i])
                own += self._far_off
                own += [one for one in misfits if _matters(one, float(bent[i]))]
                own += [one for one in self.tests.untestable if self._is_beyond(one, points[i])]
                own += [one for one in unseen[i] if abs(one.effect) > _least_effect(one)]
            found.append(own)
        return found

    def _mostly_overhead(self, point: Mapping[str, float]) -> list[Finding]:
        """Return what says that the law's own terms are too small, in the data or at a point that overhead outgrows."""
        caution = overhead_caution(self._fit)
        if caution is not None:
            return [caution]
        with np.errstate(all="ignore"):
            each = columns_at(self._fit.full_law, [point])[0] * self._fit.coefficients
        own = [term.role != "overhead" for term in self._fit.terms]
        share = float(each[own].sum() / each.sum())
        if share >= LEAST_OWN:
            return []
        of = substance(self._fit.response, self._fit.unit)
        return [MostlyOverhead(share=share, of=of, overhead=overhead_names(self._fit), is_beyond=True)]

    def _far_off_levels(self, point: Mapping[str, float]) -> list[Finding]:
        return [*self._far_beyond(point), *self._far_below(point)]

    def _far_beyond(self, point: Mapping[str, float]) -> Iterator[FarBeyond]:
        """Yield the factors of the law in which a point is far larger than anything measured."""
        for name in self._fit.factors:
            largest = float(self._fit.levels[name].max())
            if name in self._fit.law.factors and name in point and point[name] > FAR_BEYOND * largest > 0:
                yield FarBeyond(factor=name, times=point[name] / largest)

    def _far_below(self, point: Mapping[str, float]) -> Iterator[FarBelow]:
        """Yield the factors of the law in which a point is far smaller than anything measured, or takes more for it."""
        smallest = {name: float(self._fit.levels[name].min()) for name in self._fit.factors}
        below = [name for name in smallest if name in self._fit.law.factors and 0 < point.get(name, 0) < smallest[name]]
        if not below:
            return
        with np.errstate(all="ignore"):
            value = float((columns_at(self._fit.full_law, [point]) @ self._fit.coefficients)[0])
        takes_more = value > float(self._fit.points["fitted"].max()) * math.exp(BEYOND)
        for name in below:
            if takes_more or FAR_BELOW * point[name] < smallest[name]:
                yield FarBelow(factor=name, times=smallest[name] / point[name])

    def _never_varied(self, point: Mapping[str, float]) -> Iterator[NeverVaried]:
        """Yield factors of the law that the data do not distinguish, where a point has them as these never had."""
        used = [name for name in self._fit.factors if name in self._fit.law.factors and point.get(name, 0) > 0]
        logs = {name: np.log(self._fit.levels[name]) for name in used if self._fit.levels[name].min() > 0}
        varied = [name for name in logs if np.ptp(logs[name]) > 0]
        for name in logs:
            if name not in varied and abs(np.log(point[name]) - logs[name][0]) > BEYOND:
                yield NeverVaried(factors=(name,))
        for one, other in itertools.combinations(varied, 2):
            slope, start = np.polyfit(logs[one], logs[other], 1)
            apart = np.abs(logs[other] - slope * logs[one] - start).max()
            if apart < BEYOND < abs(np.log(point[other]) - slope * np.log(point[one]) - start):
                yield NeverVaried(factors=(one, other))

    @property
    def _far_off(self) -> list[Finding]:
        """The test of lack of fit, if points lie so far off the law as their samples do not explain."""
        found = self._fit.lack_of_fit
        is_far = found.kind == "rejected" and found.between > FAR_OFF
        return [found] if is_far and found.exceeded is None else []

    @property
    def _below_bounds(self) -> list[Finding]:
        """The test of lack of fit, if the law lies below a lower bound: points nearby do not show how far."""
        found = self._fit.lack_of_fit
        return [] if found.exceeded is None else [found]

    def _unseen_at(self, points: Points) -> list[list[Unseen | UnseenTerm]]:
        """Return the change of a power and the term at each point that would matter and that the data would not show.

        Of both the one that exceeds what makes a prediction doubtful by more.
        """
        if not self._has_all_levels(points):
            return [[] for _ in points]
        table = _table(self._fit, points)
        found: list[list[Unseen | UnseenTerm]] = []
        for power, term in zip(self.tests.unseen(table), self.tests.unseen_terms(table), strict=True):
            either = [one for one in (power, term) if one is not None and abs(one.effect) > BLIND]
            found.append(sorted(either, key=lambda one: _least_effect(one) - abs(one.effect))[:1])
        return found

    def _bent(self, table: Table) -> Array:
        """Return how far the law with a drift lies from the law at points, in logarithms."""
        centres = self.stack.centres(table)
        return np.abs(centres.get(DRIFT, centres[LAW]) - centres[LAW])

    def _is_beyond(self, one: Untestable, point: Mapping[str, float]) -> bool:
        return one.factor is not None and point[one.factor] > self._fit.levels[one.factor].max()


def doubt_found_law(known: Assessment) -> Assessment:
    """Return what is known of a prediction beyond the data by a law that was found in them.

    The same points have chosen the law, so that it is doubtful unless as many were predicted as a grade needs.
    """
    if known.grade is not Grade.SOUND or (known.backtest is not None and known.backtest.is_graded):
        return known
    reason = FoundLaw(n_held=0 if known.backtest is None else known.backtest.n_held)
    return replace(known, grade=Grade.DOUBTFUL, reasons=(*known.reasons, reason))


def doubt_unvaried(known: Assessment, fit: Fit, point: Mapping[str, float]) -> Assessment:
    """Return what is known of a prediction by a found law where a factor is other than at its only measured level.

    Such a factor cannot be in the law, and may matter all the same.
    """
    others = []
    for name in fit.factors:
        levels = fit.levels[name]
        if name not in fit.law.factors and np.ptp(levels) == 0 and point.get(name, levels[0]) != levels[0]:
            others.append(NeverVaried(factors=(name,)))
    if not others:
        return known
    grade = Grade.DOUBTFUL if known.grade is Grade.SOUND else known.grade
    return replace(known, grade=grade, reasons=(*known.reasons, *others))


def doubt_within_step(known: Assessment, step: WithinStep | None) -> Assessment:
    """Return what is known of a prediction by a found law that may change on either side of the point."""
    if step is None:
        return known
    grade = Grade.DOUBTFUL if known.grade is Grade.SOUND else known.grade
    return replace(known, grade=grade, reasons=(*known.reasons, step))


def doubt_wide_interval(known: Assessment, interval: Interval) -> Assessment:
    """Return what is known of a prediction with its interval, which may be too wide to say anything."""
    if known.grade is Grade.REJECTED or interval.low * WIDE >= interval.high:
        return known
    reason = WideInterval(times=WIDE)
    return replace(known, grade=Grade.DOUBTFUL, reasons=(*known.reasons, reason))


def _is_news(one: Finding, own: Sequence[Finding], rejected: bool) -> bool:
    """Return whether a reason says something beside others: what is not excluded does not where a trace of it is."""
    if not isinstance(one, Unseen | UnseenTerm):
        return True
    kind = "exponent" if isinstance(one, Unseen) else "term"
    traces = [(other.kind, other.along) for other in own if isinstance(other, Misfit)]
    return not rejected and (kind, (one.factor,)) not in traces


def _least_effect(one: Unseen | UnseenTerm) -> float:
    """Return from which effect on a prediction what the data would not show makes it doubtful."""
    return TRIPLED if isinstance(one, UnseenTerm) and not one.is_hinted else DOUBLED


def _rejects(reason: Finding) -> bool:
    """Return whether a reason is a departure that the data show, and not only a trace of one."""
    return isinstance(reason, Misfit) and reason.p_value < REJECT_BELOW


def _matters(misfit: Misfit, bent: float) -> bool:
    """Return whether a departure would change a prediction; runs do so as far as the law with a drift does."""
    effect = bent if misfit.effect is None else abs(misfit.effect)
    return effect > (MATERIAL if _rejects(misfit) else MATERIAL_TRACE)


def is_rejected_beyond(fit: Fit) -> bool:
    """Return whether the data reject a law by more than a prediction at twice the largest sizes can bear."""
    twice = {name: np.array([values.max() * (2 if np.ptp(values) else 1)]) for name, values in fit.levels.items()}
    with np.errstate(all="ignore"):
        (departures,) = LawTests(refit_observed(fit)).effects(twice)
    return any(_rejects(one) and _matters(one, bent=0.0) for one in departures)


def has_failed(backtest: Backtest) -> bool:
    """Return whether a backtest missed more points than intervals of 95 % may, or by far more than any noise."""
    missed = round((1 - backtest.coverage) * backtest.n_held)
    are_many = missed >= FEWEST_MISSED or (missed == FEWEST_MISSED - 1 and 2 * missed > backtest.n_held)
    return backtest.median > FAR_MISSED or (are_many and missed > MOST_MISSED * backtest.n_held)


def run_backtest(stack: Stack) -> Backtest | None:
    """Return how the procedure does when it predicts the largest quarter of the points from the others.

    It is the whole procedure: weights and widening come from backtests of its own, within the smaller points.
    """
    if not stack.cuts:
        return None
    cut = stack.cuts[0]
    ends = np.log(np.array(Stack(cut.kept, stack.kept_ways[0]).predict(cut.held))).T
    whole = _missed(ends, cut.measured, stack.trials[0].distance, _power_law(cut))
    replayed = zip(stack.cuts, stack.trials, map(stack.replay, stack.trials), strict=True)
    rungs = [_missed(again, one.measured, trial.distance, _power_law(one)) for one, trial, again in replayed]
    return Backtest(**asdict(whole), rungs=tuple(sorted(rungs, key=lambda one: one.farther)))


def _missed(ends: Array, measured: Array, distance: Array, power_law: Array | None) -> Missed:
    """Return how logarithms of predictions with their ends (3, m) miss those that were measured (m,)."""
    centre, low, high = ends
    error = centre - measured
    return Missed(
        n_held=len(error),
        farther=float(np.exp(distance.max())),
        bias=float(np.median(error)),
        median=float(np.median(np.abs(error))),
        p95=float(np.quantile(np.abs(error), 0.95)),
        coverage=float(np.mean((low <= measured) & (measured <= high))),
        power_law_median=None if power_law is None else float(np.median(np.abs(power_law - measured))),
    )


def _power_law(cut: Cut) -> Array | None:
    """Return the logarithms that a power law predicts for the points of a cut, if it can be fitted."""
    try:
        return PowerLaw(cut.kept).spread(cut.held).centre
    except FitError:
        return None


def _table(fit: Fit, points: Points) -> dict[str, Array]:
    return {name: np.array([float(point[name]) for point in points]) for name in fit.factors}
