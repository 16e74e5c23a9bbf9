"""Predictions of one response of a subject at any point, with the distance of that point from the measured ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bptt_bench.analyse.findings.predictions import Assessment, Grade, WithinStep
from bptt_bench.analyse.findings.reason import Finding, plain
from bptt_bench.analyse.fitting.cautions import cautions, has_two_populations
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.predict.assess import (
    LawPredictor,
    doubt_found_law,
    doubt_unvaried,
    doubt_wide_interval,
    doubt_within_step,
)
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import Point
from bptt_bench.text.numbers import exact
from bptt_bench.text.units import BYTE, Unit
from bptt_bench.text.wording import join_names

WORKING_SET = "working_set_bytes"  # declared by a subject, not measured
MOST_WRITTEN_OUT = 1e9  # a larger ratio is written with an exponent
Table = Sequence[Mapping[str, float]]


class Extrapolation(NamedTuple):
    """Distance of a point from the measured ones.

    ``farther``: by which factor levels must grow from the nearest measured point, at most 1 within the sweep;
    ``factor``: in which they grow most; ``words``: both in a sentence.
    """

    farther: float | None
    factor: str
    words: str


class MeasuredPoints:
    """The measured points, from which the extrapolation to other points is measured."""

    __slots__ = ("_levels", "names")

    def __init__(self, names: Sequence[str], levels: Array) -> None:
        self.names, self._levels = tuple(names), levels.reshape(-1, len(names))  # (n_points, n_factors)

    def extrapolation(self, point: Mapping[str, float]) -> Extrapolation:
        """Return how far a point lies from the measured ones.

        >>> sweep = MeasuredPoints(["n", "k"], np.array([[4.0, 10.0], [16.0, 2.0]]))
        >>> sweep.extrapolation({"n": 64, "k": 2})
        Extrapolation(farther=4.0, factor='n', words='4 times farther in n than any measured point')
        >>> sweep.extrapolation({"n": 16, "k": 10}).words
        '4 times farther in n than the nearest measured point'
        >>> sweep.extrapolation({"n": 64, "k": 15}).words
        '7.5 times farther in k than the nearest measured point, and beyond all of them in n'
        >>> MeasuredPoints(["k", "n"], np.array([[2.0, 16.0], [8.0, 16.0]])).extrapolation({"n": 64, "k": 8}).words
        '4 times farther in n than any measured point'
        >>> sweep.extrapolation({"n": 1, "k": 10}).words
        'n is 4 times below the smallest measured'
        """
        names = [name for name in self.names if name in point]
        if not names or not len(self._levels):
            return Extrapolation(None, "", "")
        levels = self._levels[:, [self.names.index(name) for name in names]]
        here = np.array([float(point[name]) for name in names])
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = np.where(levels == 0, np.where(here > 0, np.inf, 1.0), here / levels)
        # of points that are as far in one factor, the one that is nearest in the others
        nearest = growth[int(np.lexsort((np.log(np.maximum(growth, 1.0)).sum(axis=1), growth.max(axis=1)))[0])]
        distance, factor = float(nearest.max()), names[int(np.argmax(nearest))]
        words = [
            f"{name} is {_format_ratio(smallest / level)} times below the smallest measured"
            for name, level, smallest in zip(names, here, levels.min(axis=0), strict=True)
            if 0 < level < smallest
        ]
        if 1 < distance < math.inf:
            beyond = [name for name, level, top in zip(names, here, levels.max(axis=0), strict=True) if level > top]
            alone = factor in beyond and math.isclose(distance, point[factor] / levels[:, names.index(factor)].max())
            others = [name for name in beyond if name != factor]
            more = f", and beyond all of them in {join_names(others)}" if others else ""
            than = "any" if alone else "the nearest"
            words.insert(0, f"{_format_ratio(distance)} times farther in {factor} than {than} measured point{more}")
        if math.isinf(distance):
            return Extrapolation(None, factor, f"{factor} was measured at 0 alone")
        return Extrapolation(distance, factor if distance > 1 else "", "; ".join(words))


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    """Predictions of one response of a subject.

    Attributes
    ----------
    unit : of the response and of the predictions; ``None`` if unknown.
    measured : the measured points.
    intervals : returns prediction intervals for one sample at points; not finite where the law is undefined.
    assess : returns what is known of the predictions at points; ``None`` where nothing is fitted.
    notes : cautions about the fit.
    faster_only : whether the intervals are those of the faster samples alone, because many lie far above them.
    """

    subject: str
    response: str
    unit: Unit | None
    measured: MeasuredPoints
    intervals: Callable[[Table], list[Interval]]
    assess: Callable[[Table], list[Assessment]] | None = None
    notes: tuple[Finding, ...] = ()
    faster_only: bool = False

    def assessed(self, points: Table, intervals: Sequence[Interval]) -> list[Assessment | None]:
        """Return what is known of the predictions at points with these intervals; ``None`` where nothing is fitted."""
        if self.assess is None:
            return [None] * len(points)
        return [doubt_wide_interval(*one) for one in zip(self.assess(points), intervals, strict=True)]

    def predict(self, points: Sequence[Point]) -> list[PointPrediction]:
        """Return a prediction for each point, with its distance from the measured ones."""
        found = []
        intervals = self.intervals(points)
        for point, interval, assessment in zip(points, intervals, self.assessed(points, intervals), strict=True):
            farther, factor, words = self.measured.extrapolation(point)
            value, low, high = map(_finite_or_none, interval)
            if value is None:
                low = high = None
                words = "; ".join(filter(None, ("the law says nothing here", words)))
            found.append(
                PointPrediction(
                    subject=self.subject,
                    response=self.response,
                    unit=self.unit,
                    at=point,
                    value=value,
                    low=low,
                    high=high,
                    farther=farther,
                    factor=factor,
                    beyond=words,
                    assessment=None if value is None else assessment,
                    faster_only=self.faster_only,
                )
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PointPrediction:
    """Prediction of one sample at a point, with its 95 % interval, in ``unit``; ``None`` where it is undefined.

    ``farther``, ``factor`` and ``beyond``: the extrapolation, as in ``Extrapolation``. ``assessment``: what is known of
    the prediction, ``None`` of a declared amount, and ``known``: the same in words, if it was made. ``caution``: a
    further remark, such as that an evaluation would not fit into memory. ``faster_only``: the interval is that of the
    faster samples.
    """

    subject: str
    response: str
    unit: Unit | None
    at: Point
    value: float | None = None
    low: float | None = None
    high: float | None = None
    farther: float | None = None
    factor: str = ""
    beyond: str = ""
    assessment: Assessment | None = None
    known: str = ""
    caution: str = ""
    faster_only: bool = False

    def __repr__(self) -> str:
        at = ", ".join(f"{name}={exact(level)}" for name, level in self.at.items())
        if self.value is None or self.low is None or self.high is None:
            return f"PointPrediction of {self.response} of {self.subject!r} at {at}: undefined"
        unit = "" if self.unit is None else f" {self.unit.symbol}"
        found = f"{Interval(self.value, self.low, self.high)}{unit}, {self.grade}"
        return f"PointPrediction of {self.response} of {self.subject!r} at {at}: {found}"

    @property
    def grade(self) -> Grade | None:
        """How far the prediction can be trusted; ``None`` where there is none."""
        if self.value is None:
            return None
        return Grade.SOUND if self.assessment is None else self.assessment.grade

    @property
    def note(self) -> str:
        """All remarks, in words."""
        return "; ".join(filter(None, (self.beyond, self.known, self.caution)))

    def to_json(self) -> dict[str, Any]:
        """Return the prediction as plain data."""
        return {
            "subject": self.subject,
            "response": self.response,
            "unit": None if self.unit is None else self.unit.symbol,
            "at": dict(self.at),
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "farther": self.farther,
            "grade": self.grade,
            "note": self.note,
            "evidence": None if self.assessment is None else plain(self.assessment),
        }


def interval_predictor(fit: Fit) -> Callable[[Table], list[Interval]]:
    """Return a function for prediction intervals of a fit by all ways that it allows."""
    return LawPredictor(fit).intervals


def make_predictor(
    subject: str,
    fit: Fit,
    *,
    response: str | None = None,
    added: Callable[[Point], float] | None = None,
    near: Callable[[Table], list[Interval]] | None = None,
    within_step: Callable[[Mapping[str, float]], WithinStep | None] = lambda _: None,
) -> Predictor:
    """Return the predictor of a fit.

    Parameters
    ----------
    near : returns prediction intervals; by default those of the fit.
    within_step : returns the step of a found law within which a point lies, if it lies in one.
    response : name of what is predicted, if it differs from what was fitted.
    added : an amount to add to every prediction, such as the bytes of a result, which a law of memory does not count.
    """
    by_law = LawPredictor(fit)
    is_found = near is not None
    near = by_law.intervals if near is None else near
    measured = MeasuredPoints(fit.factors, fit.points[list(fit.factors)].to_numpy(dtype=np.float64))

    def assess(points: Sequence[Mapping[str, float]]) -> list[Assessment]:
        found = []
        for point, known in zip(points, by_law.assess(points), strict=True):
            farther = measured.extrapolation(point).farther
            doubted = doubt_found_law(known) if farther is not None and farther > 1 else known
            found.append(doubt_within_step(doubt_unvaried(doubted, fit, point), within_step(point)))
        return found

    def intervals(points: Table) -> list[Interval]:
        found = near(points)
        if added is None:
            return found
        more = [added(Point(point)) for point in points]
        return [Interval(*(end + extra for end in one)) for one, extra in zip(found, more, strict=True)]

    return Predictor(
        subject=subject,
        response=response or fit.response,
        unit=fit.unit,
        measured=measured,
        intervals=intervals,
        assess=assess if is_found else by_law.assess,
        notes=cautions(fit),
        faster_only=has_two_populations(fit),
    )


def declared(subject: str, factors: Sequence[str], amount: Callable[[Point], float]) -> Predictor:
    """Return a predictor of the working set that a subject declares, in bytes without intervals."""

    def intervals(points: Table) -> list[Interval]:
        return [Interval(value, value, value) for value in (float(amount(Point(point))) for point in points)]

    nothing = MeasuredPoints(factors, np.zeros((0, len(factors))))
    return Predictor(subject=subject, response=WORKING_SET, unit=BYTE, measured=nothing, intervals=intervals)


def _format_ratio(ratio: float) -> str:
    if ratio < 10 or ratio >= MOST_WRITTEN_OUT:
        return f"{ratio:.2g}"
    return f"{ratio:,.0f}".replace(",", " ")


def _finite_or_none(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
