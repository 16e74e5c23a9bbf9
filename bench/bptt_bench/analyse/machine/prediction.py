"""Predictions without free parameters of a subject, with their errors and those of the fitted law."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bptt_bench.analyse.data.lazy import Absent, LazyMapping
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.machine.machine import Machine, TimeParts, predict, total
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.errors import MachineError
from bptt_bench.plan.description.lookup import NotStoredError, is_everywhere
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.plan.design.design import Point
from bptt_bench.plan.machine.readings import Readings
from bptt_bench.plan.machine.work import Work

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.plan import Experiment

PERCENTILE = 95  # of the errors, beside the median and the worst


class LogErrors(NamedTuple):
    """Absolute values of log(predicted/measured) over points: median, 95th percentile, worst; and the signed median."""

    median: float
    p95: float
    worst: float
    bias: float

    @classmethod
    def of(cls, predicted: Array, measured: Array) -> LogErrors:
        """Return the errors of predictions (n,) of measurements (n,), both in seconds."""
        logs = np.log(predicted / measured)
        sizes = np.abs(logs)
        middle, high, worst = np.quantile(sizes, [0.5, PERCENTILE / 100, 1.0]).tolist()
        return cls(middle, high, worst, float(np.median(logs)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MachinePrediction:
    """Times of the declared works of a subject at the rates of the run's probe.

    Attributes
    ----------
    points : measured points of the fit, with columns ``predicted`` and one for each part, in seconds.
    error, fitted_error : of the prediction and of the fitted law, at the same points.
    """

    subject: str
    points: pd.DataFrame
    error: LogErrors
    fitted_error: LogErrors
    _works: Callable[[Point], Sequence[Work]]
    _machine: Machine

    @property
    def is_everywhere(self) -> bool:
        """Whether points that were not measured can be predicted too."""
        return is_everywhere(self._works)

    def at(self, point: Mapping[Any, float]) -> TimeParts:
        """Return the predicted seconds per evaluation at a point, in parts."""
        return total(self.by_phase(point))

    def by_phase(self, point: Mapping[Any, float]) -> dict[str, TimeParts]:
        """Return the same for each phase."""
        return predict(self._machine, self._works(_whole_numbers(point)))

    def along(self, points: pd.DataFrame) -> Array:
        """Return the predicted seconds (n_points, n_parts) at points, one a row."""
        return np.array([self.at(levels) for levels in points.to_dict("records")], dtype=np.float64)


def predict_all(
    frame: pd.DataFrame, experiment: Experiment, fits: Mapping[tuple[str, str], Fit]
) -> Mapping[str, MachinePrediction]:
    """Return a prediction for every subject that declares its works, computed on first use.

    There is none if the run has no probe, or if the probe did not measure a rate that a work needs.
    """
    record = frame.attrs.get("probe")
    if not record:
        return {}
    machine = functools.cache(lambda: Machine(Readings.from_json(record["readings"])))

    def prediction_of(name: str, works: Callable[[Point], Sequence[Work]]) -> MachinePrediction | Absent:
        fit = fits.get((name, SECONDS_PER_EVAL))
        if fit is None:
            return Absent(f"{name} has no fit")
        try:
            return predict_subject(name, works, machine(), fit)
        except (MachineError, NotStoredError) as error:
            return Absent(error)

    return LazyMapping(
        {
            subject.name: functools.partial(prediction_of, subject.name, subject.works)
            for subject in experiment.subjects
            if subject.works is not None
        }
    )


def predict_subject(
    name: str, works: Callable[[Point], Sequence[Work]], machine: Machine, fit: Fit
) -> MachinePrediction:
    """Return the prediction of a subject's works at the points of its fit.

    Raises
    ------
    MachineError : the probe has not measured a rate that a work needs.
    """
    points = fit.points.copy()
    levels = points[list(fit.factors)].to_dict("records")
    predictions = [total(predict(machine, works(_whole_numbers(point)))) for point in levels]
    for i, part in enumerate(TimeParts._fields):
        points[part] = [parts[i] for parts in predictions]
    points["predicted"] = [parts.seconds for parts in predictions]
    measured, fitted, predicted = (points[column].to_numpy(float) for column in ("measured", "fitted", "predicted"))
    return MachinePrediction(
        subject=name,
        points=points,
        error=LogErrors.of(predicted, measured),
        fitted_error=LogErrors.of(fitted, measured),
        _works=works,
        _machine=machine,
    )


def _whole_numbers(point: Mapping[Any, float]) -> Point:
    """Return the point with whole levels as integers, which works need and a data frame does not keep."""
    return Point({str(name): int(level) if float(level).is_integer() else level for name, level in point.items()})
