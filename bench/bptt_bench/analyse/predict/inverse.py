"""The inverse of a prediction: the largest level of a factor at which time or memory stays within a budget."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bptt_bench.analyse.predict.predictor import Predictor
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.plan import Point
from bptt_bench.text.numbers import amount_in_sentence
from bptt_bench.text.units import Unit

FARTHEST = 1000.0  # times the largest measured level; no law is worth believing that far, so none is searched farther
LOOKS = 200  # levels that a round of the search looks at: dense enough to see where neighbours bend a prediction
AS_CLOSE_AS = 1e-9  # relative, for factors that are not whole


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestLevel:
    """The largest level of a factor within a budget, which is in the unit of the response.

    ``largest`` is where the prediction meets the budget, ``low`` the safe answer, at which its upper end still does,
    ``high`` the optimistic one, at which its lower end does. ``None``: no level is within, or all that were looked at
    are; ``note`` says which, and ``unbounded`` names those of the three that lie beyond ``farthest``, where the search
    ended.
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

    def to_json(self) -> dict[str, Any]:
        """The answer as plain data."""
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
            "note": self.note,
        }


class LevelRange(NamedTuple):
    """The levels that are searched: from the smallest allowed to ``FARTHEST`` times the largest measured."""

    smallest: float
    farthest: float
    whole: bool

    def level(self, value: float) -> float:
        """A level as it is asked about and answered."""
        return int(value) if self.whole else value

    def levels(self, low: float, high: float) -> Array:
        """Levels from low to high, evenly spaced in their logarithm; all of them where they are few."""
        if not self.whole:
            return np.geomspace(low, high, LOOKS)
        if high - low < LOOKS:
            return np.arange(low, high + 1)
        inner = np.round(np.geomspace(low, high, LOOKS))
        return np.unique(np.clip(np.concatenate([[low], inner, [high]]), low, high))

    def is_settled(self, low: float, high: float) -> bool:
        """Whether there is nothing worth looking at between two levels."""
        return high - low <= 1 if self.whole else high / low - 1 <= AS_CLOSE_AS


def largest_within(
    predictor: Predictor, factor: str, budget: float, at: Mapping[str, float], span: LevelRange, asked: str = ""
) -> LargestLevel:
    """The largest level at which a prediction, its upper end and its lower end stay within a budget.

    ``asked`` is the budget as a sentence names it.
    """

    def ends(levels: Array) -> Array:
        """Estimate, lower and upper end at levels (3, n)."""
        found = predictor.intervals([{**at, factor: span.level(level)} for level in levels.tolist()])
        return np.array(found, dtype=np.float64).T

    looked = span.levels(span.smallest, span.farthest)
    values = ends(looked)
    within = np.isfinite(values) & (values <= budget)
    largest, optimistic, safe = (
        _top(looked, within[i], lambda levels, i=i: ends(levels)[i] <= budget, span)  # type: ignore[misc]  # `i` is an int
        for i in range(3)
    )
    answer = largest if largest is not None else safe
    reach = None if answer is None else predictor.swept.reach({**at, factor: answer})
    notes = _notes(predictor.unit, factor, asked or amount_in_sentence(budget, predictor.unit), looked, values, within)
    if reach is not None:
        notes.append(reach.words)
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
        farther=None if reach is None else reach.farther,
        farthest=span.level(float(looked[-1])),
        unbounded=tuple(name for name, inside in zip(("largest", "high", "low"), within[:, -1], strict=True) if inside),
        note="; ".join(filter(None, notes)),
    )


def _top(looked: Array, within: Flags, is_within: Callable[[Array], Flags], span: LevelRange) -> float | None:
    """The largest level within the budget; ``None`` where none is, or the farthest is."""
    if not within.any() or within[-1]:
        return None
    last = int(np.flatnonzero(within)[-1])
    low, high = float(looked[last]), float(looked[last + 1])
    while not span.is_settled(low, high):
        levels = span.levels(low, high)
        inside = is_within(levels)
        inside[0], inside[-1] = True, False
        place = int(np.flatnonzero(inside)[-1])
        low, high = float(levels[place]), float(levels[place + 1])
    return span.level(low)


def _notes(unit: Unit | None, factor: str, asked: str, looked: Array, values: Array, within: Flags) -> list[str]:
    """What the search found besides levels: nothing within, no end within reach, or ups and downs."""
    known = np.isfinite(values[0])
    if not within[0].any():
        if not known.any():
            return ["the law says nothing here"]
        least = int(np.nanargmin(np.where(known, values[0], np.nan)))
        at_least = amount_in_sentence(float(values[0, least]), unit)
        return [
            f"exceeds {asked} even at {factor}={looked[least]:.10g}: {at_least}",
        ]
    notes = []
    if within[0, -1]:
        told = values[0, known]
        still = "" if told[-1] > told[0] * (1 + AS_CLOSE_AS) else f", for it does not grow with {factor}"
        notes.append(f"within {asked} up to {factor}={looked[-1]:.10g}, {FARTHEST:g} times the largest measured{still}")
    elif within[1, -1]:
        notes.append(f"its lower end is within {asked} beyond {factor}={looked[-1]:.10g}, too")
    if not within[2].any():
        notes.append(f"no level is safe: even at {factor}={looked[0]:.10g} the upper end exceeds {asked}")
    last = int(np.flatnonzero(within[0])[-1])
    over = np.flatnonzero(known[:last] & ~within[0, :last])
    if len(over):
        notes.append(f"not everywhere below that: {factor}={looked[over[-1]]:.10g} exceeds {asked}")
    return notes
