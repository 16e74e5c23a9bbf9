"""From outcomes to the table of goals, what the peers came to, and the coverage of every cell: plain data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bptt_bench.validation.simulate import DESIGNS

from tests.validation.cells import JUDGED_NOISE, Cell, cells
from tests.validation.figures import Estimate, quantile, share, spread
from tests.validation.work import OURS, OURS_AUTO

Outcomes = Sequence[Mapping[str, Any]]  # of one tool: the trials that it was asked in
BAND = (0.93, 0.97)  # of every cell's coverage
LEVEL = 0.95  # of the intervals
FINEST_DIGITS = 2  # of a standard error

EXTRA_P = (
    "its multi-parameter modeller with its defaults, all repetitions given; its order in T is right when its model has "
    "T (aggregated) or T² (naive)"
)
BIG_O = (
    "it fits one variable and is given the line in T through the middle point, the smallest of the repetitions at each "
    "level (5 levels in either design), with its defaults; right when it says linear (aggregated) or quadratic "
    "(naive); polynomial and exponential count as no decision"
)
TOOLS: Mapping[str, tuple[str, str]] = {
    OURS: ("bptt-bench", "the stated law, with the overhead terms 1 and T named to it"),
    OURS_AUTO: ("bptt-bench (auto)", "the same, with overhead terms left to it to find (the default of `fit`)"),
    "nnls_relative": ("relative NNLS + c·T", "stated law + T, coefficients ≥ 0, residuals relative to the samples"),
    "nnls": ("plain NNLS", "stated law, coefficients ≥ 0, least squares of seconds"),
    "log_log": ("log-log OLS", "a straight line of log t in log V, log d, log H, log T; it chooses no order"),
    "extra_p": ("Extra-P", EXTRA_P),
    "big_o": ("big_O", BIG_O),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """All outcomes, by cell."""

    by_cell: Mapping[int, Sequence[Mapping[str, Any]]]

    @classmethod
    def of(cls, records: Iterable[Mapping[str, Any]]) -> Trials:
        """The trials of stored records."""
        by_cell: dict[int, list[Mapping[str, Any]]] = {cell.index: [] for cell in cells()}
        for record in records:
            by_cell[record["cell"]].append(record["tools"])
        return cls(by_cell=by_cell)

    def of_tool(self, tool: str, chosen: Callable[[Cell], bool]) -> list[Mapping[str, Any]]:
        """What a tool came to in the cells chosen; trials that it was not asked in are left out."""
        found = (trial for cell in cells() if chosen(cell) for trial in self.by_cell[cell.index])
        return [trial[tool] for trial in found if tool in trial]


def judged(design: str, law: str | None = None) -> Callable[[Cell], bool]:
    """Cells at which errors and orders are judged: 5 % noise, no effects of points, both laws unless one is named."""
    return lambda cell: lawful(design)(cell) and cell.setting.noise == JUDGED_NOISE and law in (None, cell.setting.law)


def shaken(design: str) -> Callable[[Cell], bool]:
    """The same cells with effects of the points."""
    return lambda cell: _at(cell, design) and cell.setting.noise == JUDGED_NOISE and cell.setting.point_effects > 0


def lawful(design: str) -> Callable[[Cell], bool]:
    """Cells in which the law holds at every point, so that every rejection of it is a false alarm."""
    return lambda cell: _at(cell, design) and cell.setting.point_effects == 0


def _at(cell: Cell, design: str) -> bool:
    return cell.setting.design == design


def errors(outcomes: Outcomes, key: str) -> tuple[Estimate, Estimate]:
    """Median and 95th percentile of an error; a fit that failed or says nothing is worse than all."""
    return spread([outcome.get(key) for outcome in outcomes])


def coverage(outcomes: Outcomes) -> Estimate:
    """Share of intervals that hold the truth, over all quantities; a fit that failed covers nothing."""
    return share([_mean(outcome.get("covered", {}).values()) for outcome in outcomes])


def _mean(values: Iterable[float]) -> float:
    listed = list(values)
    return sum(listed) / len(listed) if listed else 0.0


def decisions(outcomes: Outcomes) -> tuple[Estimate, Estimate]:
    """Shares of comparisons of orders in T that were decided wrongly, and that were decided at all."""
    asked = [list(outcome.get("orders", {}).values()) for outcome in outcomes]
    asked = [words for words in asked if words]
    wrong = share([words.count("other") / len(words) for words in asked])
    decided = share([1 - words.count("undetermined") / len(words) for words in asked])
    return wrong, decided


def flags(outcomes: Outcomes, key: str) -> Estimate:
    """Share of trials in which something is so, of those in which it was asked."""
    return share([float(outcome[key]) for outcome in outcomes if outcome.get(key) is not None])


def seconds(outcomes: Outcomes) -> Estimate:
    """Median seconds of a fit."""
    return quantile([outcome["seconds_per_fit"] for outcome in outcomes if "seconds_per_fit" in outcome], 0.5)


def coverage_rows(trials: Trials) -> list[dict[str, Any]]:
    """Coverage of ours in every cell, over all quantities and of each."""
    rows = []
    for cell in cells():
        outcomes = [trial[OURS] for trial in trials.by_cell[cell.index]]
        if not outcomes:
            continue
        over_all = coverage(outcomes)
        names: Mapping[str, Any] = next((outcome["covered"] for outcome in outcomes if "covered" in outcome), {})
        quantities = {name: share([outcome.get("covered", {}).get(name, 0) for outcome in outcomes]) for name in names}
        rows.append(
            {
                "law": cell.setting.law,
                "design": cell.setting.design,
                "noise": cell.setting.noise,
                "point_effects": cell.setting.point_effects,
                "trials": len(outcomes),
                "coverage": over_all.value,
                "standard_error": over_all.standard_error,
                "quantities": {name: found.value for name, found in quantities.items()},
            }
        )
    return rows


def tool_rows(trials: Trials) -> list[dict[str, Any]]:
    """What every tool came to on the very same tables, by design."""
    rows = []
    for tool, (name, applied) in TOOLS.items():
        designs = {}
        for design in DESIGNS:
            outcomes = trials.of_tool(tool, judged(design))
            if not outcomes:
                continue
            designs[design] = {
                "trials": len(outcomes),
                "failed": sum("failed" in outcome for outcome in outcomes),
                "error_beyond": errors(outcomes, "error_beyond"),
                "error_beyond_t": errors(outcomes, "error_beyond_t"),
                "error_beyond_with_point_effects": errors(trials.of_tool(tool, shaken(design)), "error_beyond"),
                "exponent_error": errors(outcomes, "exponent_error"),
                "orders": decisions(outcomes),
                "seconds_per_fit": seconds(outcomes),
            }
        rows.append({"key": tool, "name": name, "applied": applied, "designs": designs})
    return rows
