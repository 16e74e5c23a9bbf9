"""Predictions of fitted laws at points beyond a sweep, and their comparison with later measurements there.

Predictions and their intervals are fixed before the first of these points is measured: the file of a run holds them
before the samples that test them. Anchors, which are cells of the sweep among these points, show how the speed of the
machine has changed in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bptt_bench.analyse.data.samples import gather
from bptt_bench.analyse.evidence.evidence import (
    BLOCK,
    STAGE,
    Evidence,
    UnjudgedError,
    fitted_samples,
    rows_of,
    without_records,
)
from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.predict.anchors import Shift, estimate_shift, measured_again
from bptt_bench.analyse.predict.assess import LawPredictor
from bptt_bench.analyse.stats.estimate import Interval, t_quantile
from bptt_bench.analyse.stats.location import locate
from bptt_bench.analyse.stats.mixture import PRIOR_SAMPLES
from bptt_bench.errors import FitError
from bptt_bench.plan import Cell, Point, distance_beyond
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

BEYOND = "beyond"  # the stage of samples that test predictions
TIME_RATIO = "dearer"  # the name of the field in stored records
TARGET_MEDIAN, TARGET_P95 = 0.05, 0.10  # of the relative error
TARGET_COVERAGE = (0.90, 0.98)  # of intervals at 95 %


@dataclass(frozen=True, slots=True, kw_only=True)
class Prediction:
    """Predicted seconds of one evaluation at a point beyond the sweep, with its 95 % interval.

    ``farther``: by which factor levels must grow from the nearest point of the sweep (above 1). ``time_ratio``:
    predicted time over the longest fitted time in the sweep of this subject.
    """

    subject: str
    at: Point
    value: float
    low: float
    high: float
    farther: float
    time_ratio: float

    def to_record(self) -> dict[str, Any]:
        """Return the prediction as it is stored with the run."""
        fields = asdict(self)
        return {"record": "prediction", **fields, TIME_RATIO: fields.pop("time_ratio"), "at": dict(self.at)}

    @property
    def cell(self) -> Cell:
        """The subject and the point."""
        return Cell(self.subject, self.at)

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> Prediction:
        """Return the prediction of a stored record."""
        fields = {name: record[name] for name in cls.__slots__ if name not in ("at", "time_ratio")}
        return cls(at=Point(record["at"]), time_ratio=record[TIME_RATIO], **fields)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPrediction:
    """A prediction, and the time measured there since with its interval, in seconds per evaluation.

    ``shift``: of the machine between the sweep and the test; ``None`` where too few anchors were measured again.
    """

    prediction: Prediction
    measured: Interval
    n_samples: int
    shift: Shift | None = None

    @property
    def at_test_speed(self) -> CheckedPrediction | None:
        """The same with the prediction at the speed of the test; ``None`` where the shift is not known."""
        if self.shift is None:
            return None
        made = self.prediction
        moved = self.shift.apply(Interval(made.value, made.low, made.high))
        return replace(self, prediction=replace(made, value=moved.estimate, low=moved.low, high=moved.high), shift=None)

    @property
    def error(self) -> float:
        """Predicted over measured, less 1."""
        return self.prediction.value / self.measured.estimate - 1

    @property
    def covered(self) -> bool:
        """Whether the measured time lies in the interval that was predicted."""
        return self.prediction.low <= self.measured.estimate <= self.prediction.high


class Accuracy(NamedTuple):
    """Absolute relative errors of predictions, and the coverage of their intervals."""

    n: int
    median: float
    p95: float
    worst: float
    coverage: float

    @property
    def met(self) -> bool:
        """Whether the errors and the coverage meet the targets."""
        low, high = TARGET_COVERAGE
        return self.median <= TARGET_MEDIAN and self.p95 <= TARGET_P95 and low <= self.coverage <= high


def predict_beyond(evidence: Evidence, cells: Iterable[Cell]) -> list[Prediction]:
    """Return the predictions of a sweep's fits at points beyond it, subject by subject.

    Raises
    ------
    UnjudgedError : a subject that has no fit.
    FitError : a point that is not beyond its sweep.
    """
    points: dict[str, list[Point]] = {}
    for subject, point in cells:
        points.setdefault(subject, []).append(point)
    return [prediction for subject in points for prediction in _of_subject(evidence, subject, points[subject])]


def _of_subject(evidence: Evidence, subject: str, points: Sequence[Point]) -> Iterator[Prediction]:
    fit = evidence.fit_or_reason(subject, SECONDS_PER_EVAL)
    if isinstance(fit, Reason):
        raise UnjudgedError(f"subject {subject!r}: nothing to predict with", fit)
    swept = [dict(zip(fit.factors, row, strict=True)) for row in fit.points[list(fit.factors)].to_numpy().tolist()]
    longest = float(fit.points["fitted"].max())
    for point, interval in zip(points, LawPredictor(fit).intervals(points), strict=True):
        distance = distance_beyond(point, swept)
        if distance <= 1:
            raise FitError(f"point {point}: lies within what {subject} was swept over, in every factor")
        yield Prediction(
            subject=subject,
            at=point,
            value=interval.estimate,
            low=interval.low,
            high=interval.high,
            farther=distance,
            time_ratio=interval.estimate / longest,
        )


def predictions_of(frame: pd.DataFrame) -> list[Prediction]:
    """Return the predictions stored with a run."""
    return [Prediction.of_record(record) for record in frame.attrs.get("predictions", ())]


def beyond_samples(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that test predictions."""
    samples = frame[(frame[STAGE] == BEYOND).to_numpy(dtype=bool)] if STAGE in frame.columns else frame.iloc[:0]
    samples.attrs = {"factors": frame.attrs.get("factors", [])}
    return samples


def checked_predictions(frame: pd.DataFrame, *, confidence: float = 0.95) -> list[CheckedPrediction]:
    """Return the predictions of a run that have been measured since, each with its measurement."""
    predictions = predictions_of(frame)
    if not predictions:
        return []
    samples = beyond_samples(frame)
    found: list[CheckedPrediction] = []
    for subject in dict.fromkeys(prediction.subject for prediction in predictions):
        tested = _located(rows_of(samples, subject, SECONDS_PER_EVAL))
        own = [one for one in predictions if one.subject == subject and one.at in tested]
        anchors = tested.keys() - {one.at for one in own}
        shift = None if not anchors else _shift(frame, subject, {at: tested[at] for at in anchors}, confidence)
        found += [
            CheckedPrediction(
                prediction=one, measured=tested[one.at].interval(confidence), n_samples=tested[one.at].n, shift=shift
            )
            for one in own
        ]
    return found


def at_test_speed(found: Iterable[CheckedPrediction]) -> list[CheckedPrediction]:
    """Return the predictions at the speed of the test, of subjects whose shift is known."""
    return [moved for one in found if (moved := one.at_test_speed) is not None]


def shifts(found: Iterable[CheckedPrediction]) -> dict[str, Shift]:
    """Return the shift of each subject whose anchors were measured again."""
    return {one.prediction.subject: one.shift for one in found if one.shift is not None}


class _Location(NamedTuple):
    """Logarithm of the time at a point with its standard error and degrees of freedom, and the number of samples."""

    log_seconds: float
    error: float
    freedom: float
    n: int

    def interval(self, confidence: float) -> Interval:
        half = t_quantile(confidence, self.freedom) * self.error
        return Interval(*map(float, np.exp(self.log_seconds + half * np.array([0.0, -1.0, 1.0]))))


def _shift(frame: pd.DataFrame, subject: str, anchors: Mapping[Point, _Location], confidence: float) -> Shift | None:
    before = _located(rows_of(fitted_samples(without_records(frame)), subject, SECONDS_PER_EVAL), is_sweep=True)
    then, now = ({at: (one.log_seconds, one.error) for at, one in each.items()} for each in (before, anchors))
    change, variance = measured_again(then, now)
    return estimate_shift(change, variance, confidence)


def _located(rows: pd.DataFrame, *, is_sweep: bool = False) -> dict[Point, _Location]:
    """Return the robust location of the time at each point; blocks of a sweep have a drift of their own."""
    if not len(rows):
        return {}
    names = rows.attrs["factors"]
    samples = gather(rows, names, response=SECONDS_PER_EVAL, block=BLOCK)
    located = locate(samples.log_seconds, samples.point, samples.block if is_sweep else None, samples.when)
    freedom = (located.effective - 1 + PRIOR_SAMPLES).tolist()
    counts = np.bincount(samples.point).tolist()
    figures = zip(located.log_seconds.tolist(), located.standard_error.tolist(), freedom, counts, strict=True)
    return {
        Point({name: samples.levels[name][i] for name in names}): _Location(*each) for i, each in enumerate(figures)
    }


def by_subject(found: Iterable[CheckedPrediction]) -> dict[str, list[CheckedPrediction]]:
    """Group checked predictions by subject, in the order of the predictions."""
    groups: dict[str, list[CheckedPrediction]] = {}
    for one in found:
        groups.setdefault(one.prediction.subject, []).append(one)
    return groups


def unmeasured(frame: pd.DataFrame, found: Iterable[CheckedPrediction]) -> list[Prediction]:
    """Return the predictions of a run that have not been measured yet."""
    tested = {one.prediction.cell for one in found}
    return [prediction for prediction in predictions_of(frame) if prediction.cell not in tested]


def accuracy(found: Sequence[CheckedPrediction]) -> Accuracy:
    """Return the errors and the coverage of predictions.

    Raises
    ------
    FitError : there are none.
    """
    if not found:
        raise FitError("predictions: none has been measured yet")
    errors = np.abs([one.error for one in found])
    return Accuracy(
        n=len(found),
        median=float(np.median(errors)),
        p95=float(np.quantile(errors, 0.95)),
        worst=float(errors.max()),
        coverage=float(np.mean([one.covered for one in found])),
    )
