"""The inverse of a prediction: the largest level of a factor at which time or memory stays within a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bptt_bench.analyse.findings.predictions import Assessment, Grade
from bptt_bench.analyse.predict.predictor import Predictor
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.plan import Point
from bptt_bench.text.numbers import amount_in_sentence
from bptt_bench.text.units import Unit

FARTHEST = 1000.0  # times the largest measured level, where the search ends: no law is reliable so far
LEVELS_PER_ROUND = 200  # of the search: dense enough to follow the corrections by neighbouring points
RESOLUTION = 1e-9  # relative, for factors that are not whole


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestLevel:
    """The largest level of a factor within a budget, which is in the unit of the response.

    ``largest``: at which the prediction is within the budget; ``low``, the safe answer: at which its upper end is;
    ``high``, the optimistic answer: at which its lower end is. ``None``: no level is within the budget, or all levels
    of the search are. ``note`` says which, and ``unbounded`` names the answers that lie beyond ``farthest``, where the
    search ended. ``assessment``: what is known of the prediction at ``largest``, or at ``low`` without one.
    """

    subject: str
    response: str
    unit: Unit | None
    factor: str
    within: float
    at: Point
    largest: float | None = None
    low: float | None = None
    high: float | None = None
    farther: float | None = None
    farthest: float | None = None
    unbounded: tuple[str, ...] = ()
    note: str = ""
    assessment: Assessment | None = None

    @property
    def grade(self) -> Grade | None:
        """How far the answer can be trusted; ``None`` where there is none."""
        return None if self.assessment is None else self.assessment.grade

    def to_json(self) -> dict[str, Any]:
        """Return the answer as plain data."""
        return {
            "subject": self.subject,
            "response": self.response,
            "unit": None if self.unit is None else self.unit.symbol,
            "factor": self.factor,
            "within": self.within,
            "at": dict(self.at),
            "largest": self.largest,
            "low": self.low,
            "high": self.high,
            "farther": self.farther,
            "grade": self.grade,
            "note": self.note,
        }


class SearchSpan(NamedTuple):
    """Range of the search: from the smallest allowed level to ``FARTHEST`` times the largest measured."""

    smallest: float
    farthest: float
    whole: bool

    def level(self, value: float) -> float:
        """Return a level, as an integer if the factor is whole."""
        return int(value) if self.whole else value

    def levels(self, low: float, high: float) -> Array:
        """Return levels from low to high, evenly spaced in their logarithm; all of them if they are few."""
        if not self.whole:
            return np.geomspace(low, high, LEVELS_PER_ROUND)
        if high - low < LEVELS_PER_ROUND:
            return np.arange(low, high + 1)
        inner = np.round(np.geomspace(low, high, LEVELS_PER_ROUND))
        return np.unique(np.clip(np.concatenate([[low], inner, [high]]), low, high))

    def is_resolved(self, low: float, high: float) -> bool:
        """Return whether two levels are as close as the search resolves."""
        return high - low <= 1 if self.whole else high / low - 1 <= RESOLUTION


def largest_within(
    predictor: Predictor, factor: str, budget: float, at: Mapping[str, float], span: SearchSpan, budget_text: str = ""
) -> LargestLevel:
    """Return the largest levels at which a prediction, its upper end and its lower end are within a budget.

    ``budget_text``: the budget as a sentence names it.
    """

    def ends(levels: Array) -> Array:
        """Return estimate, lower and upper end at levels (3, n)."""
        found = predictor.intervals([{**at, factor: span.level(level)} for level in levels.tolist()])
        return np.array(found, dtype=np.float64).T

    levels = span.levels(span.smallest, span.farthest)
    values = ends(levels)
    within = np.isfinite(values) & (values <= budget)
    largest, optimistic, safe = (
        _search(levels, within[i], lambda tried, i=i: ends(tried)[i] <= budget, span)  # type: ignore[misc]  # `i` is an int
        for i in range(3)
    )
    answer = largest if largest is not None else safe
    extrapolation = None if answer is None else predictor.measured.extrapolation({**at, factor: answer})
    judged = span.level(float(levels[-1])) if answer is None and within[0, -1] else answer  # all levels are within
    there = [] if judged is None else [{**at, factor: judged}]
    known = next(iter(predictor.assessed(there, predictor.intervals(there))), None)
    text = budget_text or amount_in_sentence(budget, predictor.unit)
    notes = _notes(predictor.unit, factor, text, levels, values, within)
    if extrapolation is not None:
        notes.append(extrapolation.words)
    return LargestLevel(
        subject=predictor.subject,
        response=predictor.response,
        unit=predictor.unit,
        factor=factor,
        within=budget,
        at=Point(at),
        largest=largest,
        low=safe,
        high=optimistic,
        farther=None if extrapolation is None else extrapolation.farther,
        farthest=span.level(float(levels[-1])),
        unbounded=tuple(name for name, inside in zip(("largest", "high", "low"), within[:, -1], strict=True) if inside),
        note="; ".join(filter(None, notes)),
        assessment=known,
    )


def _search(levels: Array, within: Flags, is_within: Callable[[Array], Flags], span: SearchSpan) -> float | None:
    """Return the largest level within the budget; ``None`` if no level or the farthest level is."""
    if not within.any() or within[-1]:
        return None
    while True:
        last = int(np.flatnonzero(within)[-1])
        low, high = float(levels[last]), float(levels[last + 1])
        if span.is_resolved(low, high):
            return span.level(low)
        levels = span.levels(low, high)
        within = is_within(levels)
        within[0], within[-1] = True, False


def _notes(unit: Unit | None, factor: str, budget: str, levels: Array, values: Array, within: Flags) -> list[str]:
    """Return remarks of the search: no level is within the budget, all levels are, or some below the answer are not."""
    known = np.isfinite(values[0])
    if not within[0].any():
        if not known.any():
            return ["the law says nothing here"]
        least = int(np.nanargmin(np.where(known, values[0], np.nan)))
        at_least = amount_in_sentence(float(values[0, least]), unit)
        return [
            f"exceeds {budget} even at {factor}={levels[least]:.10g}: {at_least}",
        ]
    notes = []
    if within[0, -1]:
        finite = values[0, known]
        still = "" if finite[-1] > finite[0] * (1 + RESOLUTION) else f", because it does not grow with {factor}"
        notes.append(
            f"within {budget} up to {factor}={levels[-1]:.10g}, {FARTHEST:g} times the largest measured{still}"
        )
    elif within[1, -1]:
        notes.append(f"its lower end is within {budget} beyond {factor}={levels[-1]:.10g}, too")
    if not within[2].any():
        notes.append(f"no level is safe: even at {factor}={levels[0]:.10g} the upper end exceeds {budget}")
    last = int(np.flatnonzero(within[0])[-1])
    over = np.flatnonzero(known[:last] & ~within[0, :last])
    if len(over):
        notes.append(f"not everywhere below that: {factor}={levels[over[-1]]:.10g} exceeds {budget}")
    return notes
