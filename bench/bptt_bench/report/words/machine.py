"""Where the time goes by the machine's own rates, in words and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptt_bench.analyse.machine.machine import TimeParts
from bptt_bench.report import format as show

if TYPE_CHECKING:
    from bptt_bench.analyse.machine.prediction import LogErrors, MachinePrediction
    from bptt_bench.analyse.verdicts.analysis import Analysis

SPENT_ON = {
    "arithmetic": "arithmetic",
    "memory": "memory",
    "elementwise": "element-wise work",
    "allocation": "allocation",
    "dispatch": "dispatch",
}
LEAST_NAMED = 0.005  # share of a prediction below which a part is not worth a word


class ErrorRow(NamedTuple):
    """How far a prediction lies from what was measured, over the points of a subject, as text."""

    subject: str
    made: str
    points: str
    median: str
    p95: str
    worst: str
    bias: str


def machine_rows(analysis: Analysis) -> list[ErrorRow]:
    """Return the errors of the prediction and of the fitted law, for each subject with declared works."""
    rows = []
    for name, prediction in analysis.machine_predictions.items():
        points = show.number(len(prediction.points))
        rows.append(_row(name, "nothing fitted", points, prediction.error))
        rows.append(_row(name, "fitted to these points", points, prediction.fitted_error))
    return rows


def sentence(analysis: Analysis, prediction: MachinePrediction) -> str:
    """Return the parts of the prediction at the slowest and fastest measured point, and its error beside the fit's."""
    factors = [factor.name for factor in analysis.experiment.factors if factor.name in prediction.points]
    order = np.argsort(prediction.points["measured"].to_numpy(float))
    dear, cheap = ({name: float(prediction.points[name].iloc[place]) for name in factors} for place in order[[-1, 0]])
    at_cheap = f"; at {show.point(cheap)}: {_spent(prediction.at(cheap))}" if cheap != dear else ""
    error, fitted = prediction.error, prediction.fitted_error
    return (
        f"Of the {show.si(prediction.at(dear).seconds)} predicted for {prediction.subject} at {show.point(dear)}, "
        f"{_spent(prediction.at(dear))}{at_cheap}. The prediction without free parameters is within "
        f"{_percent(error.median)} of the measured (median over {len(prediction.points)} points; 95 of 100 within "
        f"{_percent(error.p95)}), the fitted law within {_percent(fitted.median)}."
    )


def _spent(parts: TimeParts) -> str:
    """Return the parts in words, the largest first."""
    shares: Mapping[str, float] = {name: value / parts.seconds for name, value in parts._asdict().items()}
    ranked = sorted(shares, key=lambda name: -shares[name])
    named = [f"{show.percent(shares[name])} is {SPENT_ON[name]}" for name in ranked if shares[name] >= LEAST_NAMED]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"


def _row(subject: str, made: str, points: str, error: LogErrors) -> ErrorRow:
    return ErrorRow(
        subject=subject,
        made=made,
        points=points,
        median=_percent(error.median),
        p95=_percent(error.p95),
        worst=_percent(error.worst),
        bias=_percent(error.bias, signed=True),
    )


def _percent(log_error: float, *, signed: bool = False) -> str:
    """Return a logarithmic error as the percentage by which the larger of two times exceeds the smaller.

    >>> _percent(0.0953), _percent(-0.0953, signed=True), _percent(0.0953, signed=True)
    ('10\\u202f%', '−10\\u202f%', '+10\\u202f%')
    """
    size = show.percent(float(np.expm1(abs(log_error))))
    return f"{'−' if log_error < 0 else '+'}{size}" if signed else size
