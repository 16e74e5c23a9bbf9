"""The goals, and which of them are met."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bptt_bench.validation.simulate import DESIGNS

from tests.validation import table
from tests.validation.cells import cells
from tests.validation.figures import Estimate
from tests.validation.table import BAND, Trials
from tests.validation.work import OURS

NONE = -math.inf  # no lower bound
MOST_ALARMS = 0.07  # of the lack-of-fit test at its 5 % level
MOST_WRONG = 0.001  # of the comparisons of orders in T
LEAST_FOUND = 0.99  # of planted cache steps
MOST_SECONDS = 0.025  # of a fit with intervals, 625 points of 5 samples
MOST_ERROR = {"23": (0.01, 0.025), "625": (0.002, 0.005)}  # 4x beyond, median and 95th percentile
MOST_EXPONENT_ERROR = {"23": (0.01, 0.03), "625": (0.002, 0.005)}  # the same two
LEAST_DECIDED = {"23": 0.85, "625": 0.99}  # of the comparisons of orders in T


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A figure of ours beside what it is to be.

    Attributes
    ----------
    estimates : the figures, each with its standard error.
    low, high : bounds of each figure.
    unit : ``%`` (figures are shares of one), ``ms`` (seconds) or empty.
    """

    quantity: str
    design: str
    goal: str
    estimates: Sequence[Estimate]
    low: Sequence[float]
    high: Sequence[float]
    unit: str = "%"
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether every figure is within its bounds; ``None`` where there is nothing to judge."""
        values = [estimate.value for estimate in self.estimates]
        if not self.trials_there:
            return None
        return all(
            value is not None and low <= value <= high
            for value, low, high in zip(values, self.low, self.high, strict=True)
        )

    @property
    def trials_there(self) -> bool:
        """Whether anything was asked; a figure that is undefined in spite of trials has a goal that is missed."""
        return any(estimate != Estimate(None, None) for estimate in self.estimates)

    @property
    def close(self) -> bool:
        """Whether a bound is within two standard errors of its figure: more trials might say otherwise."""
        return any(
            estimate.value is not None
            and estimate.standard_error is not None
            and min(abs(estimate.value - low), abs(estimate.value - high)) <= 2 * estimate.standard_error
            for estimate, low, high in zip(self.estimates, self.low, self.high, strict=True)
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data, with the figure in words."""
        return {
            "quantity": self.quantity,
            "design": f"{self.design} points",
            "goal": self.goal,
            "figure": words(self.estimates, self.unit),
            "verdict": {True: "met", False: "missed", None: "not asked"}[self.met],
            "close": self.close,
            "note": self.note,
            "values": [estimate.value for estimate in self.estimates],
            "standard_errors": [estimate.standard_error for estimate in self.estimates],
        }


def goals(trials: Trials) -> list[Goal]:
    """All goals, quantity by quantity, the small design first."""
    found = [goal for design in DESIGNS for goal in _of_design(trials, design)]
    quantities = [goal.quantity for goal in reversed(found)]  # the large design has all of them
    return sorted(found, key=lambda goal: -quantities.index(goal.quantity))


def _of_design(trials: Trials, design: str) -> list[Goal]:
    plain = trials.of_tool(OURS, table.judged(design))
    wrong, decided = table.decisions(plain)
    error, exponent = MOST_ERROR[design], MOST_EXPONENT_ERROR[design]
    rows = [
        Goal(
            quantity="error 4x beyond every factor at 5 % noise, median / 95th percentile", design=design,
            goal=f"≤ {_percent(error[0])} / {_percent(error[1])} %",
            estimates=table.errors(plain, "error_beyond"), low=(NONE, NONE), high=error,
        ),
        Goal(
            quantity="error of the worst local exponent at 5 % noise, median / 95th percentile", design=design,
            goal=f"≤ {exponent[0]:g} / {exponent[1]:g}", unit="",
            estimates=table.errors(plain, "exponent_error"), low=(NONE, NONE), high=exponent,
        ),
        _coverage(trials, design),
        _alarms(trials, design),
        Goal(
            quantity="order of T at 5 % noise: comparisons decided wrongly / decided", design=design,
            goal=f"≤ {_percent(MOST_WRONG)} / ≥ {_percent(LEAST_DECIDED[design])} %",
            estimates=(wrong, decided), low=(NONE, LEAST_DECIDED[design]), high=(MOST_WRONG, math.inf),
            note=f"{4 * sum(bool(each.get('orders')) for each in plain)} comparisons",
        ),
    ]  # fmt: skip
    if design == "625":
        rows += [
            Goal(
                quantity="a 1.3x cache step found at 5 % noise", design=design, goal=f"≥ {_percent(LEAST_FOUND)} %",
                estimates=(table.flags(plain, "step_found"),), low=(LEAST_FOUND,), high=(math.inf,),
                note="within a factor of 2 of where it is; made up where there is none in "
                + words([table.flags(plain, "step_made_up")], "%"),
            ),
            Goal(
                quantity="time of a fit with intervals, median", design=design, goal=f"≤ {1000 * MOST_SECONDS:g} ms",
                unit="ms", estimates=(table.seconds(plain),), low=(NONE,), high=(MOST_SECONDS,),
                note="two processes fit at a time",
            ),
        ]  # fmt: skip
    return rows


def _coverage(trials: Trials, design: str) -> Goal:
    rows = [row for row in table.coverage_rows(trials) if row["design"] == design]
    ordered = sorted(rows, key=lambda row: row["coverage"])
    ends = [Estimate(row["coverage"], row["standard_error"]) for row in (ordered[0], ordered[-1])] if rows else []
    within = sum(BAND[0] <= row["coverage"] <= BAND[1] for row in rows)
    return Goal(
        quantity="coverage of 95 % intervals, lowest / highest cell", design=design,
        goal=f"{_percent(BAND[0])}–{_percent(BAND[1])} %, every cell", estimates=ends,
        low=[BAND[0]] * len(ends), high=[BAND[1]] * len(ends),
        note=f"{within} of {len(rows)} cells within",
    )  # fmt: skip


def _alarms(trials: Trials, design: str) -> Goal:
    outcomes = trials.of_tool(OURS, table.lawful(design))
    by_cell = [
        table.flags([trial[OURS] for trial in trials.by_cell[cell.index]], "lack_of_fit")
        for cell in cells()
        if table.lawful(design)(cell)
    ]
    worst = max((each for each in by_cell if each.value is not None), default=Estimate(None, None))
    return Goal(
        quantity="false alarms of the lack-of-fit test at 5 %", design=design, goal=f"≤ {_percent(MOST_ALARMS)} %",
        estimates=(table.flags(outcomes, "lack_of_fit"),), low=(NONE,), high=(MOST_ALARMS,),
        note=f"over the cells without effects of the points; {words([worst], '%')} in the worst of them",
    )  # fmt: skip


def words(estimates: Sequence[Estimate], unit: str) -> str:
    """Figures with their standard errors, to the digits that the errors leave.

    >>> words([Estimate(0.951, 0.0072), Estimate(None, None)], "%")
    '95.1 ± 0.7 / – %'
    >>> words([Estimate(0.0213, 0.0004)], "ms")
    '21.3 ± 0.4 ms'
    """
    scale = {"%": 100.0, "ms": 1000.0}.get(unit, 1.0)
    text = " / ".join(_figure(estimate, scale) for estimate in estimates) or "–"
    return f"{text} {unit}" if unit and text != "–" else text


def _figure(estimate: Estimate, scale: float) -> str:
    if estimate.value is None:
        return "–"
    value = scale * estimate.value
    if not estimate.standard_error:
        return f"{value:.3g}"
    error = scale * estimate.standard_error
    places = max(0, -math.floor(math.log10(error)))
    return f"{value:.{places}f} ± {error:.{places}f}"


def _percent(value: float) -> str:
    return f"{100 * value:g}"
