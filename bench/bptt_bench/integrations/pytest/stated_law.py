"""Reads the arguments of `@pytest.mark.complexity`: a law, the levels of its factors, and how it is judged.

This is not part of the plugin, which every pytest session loads: it is imported where a test has the marker.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias, get_args

import numpy as np

from bptt_bench.errors import ExperimentError
from bptt_bench.plan import CostLaw, Design, Factor
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.plan.design.levels import merge_levels
from bptt_bench.plan.experiment.builder import DERIVED
from bptt_bench.plan.experiment.instructions import Measure, parse_measures
from bptt_bench.plan.experiment.seeded import require_inputs
from bptt_bench.plan.law.overflow import smaller_levels_hint
from bptt_bench.text.wording import did_you_mean

Layout: TypeAlias = Literal["lines", "grid"]
Strictness: TypeAlias = Literal["report", "fail"]
FEWEST_LEVELS = 3  # with two any exponent fits
FEWEST_LEVELS_TO_FIND = 5  # of a single factor, without a law
FEWEST_SPARE_POINTS = 2  # beyond the terms; with fewer no claim is judged
FIXTURE = "benchmark"
EXAMPLE = "n=[1000, 4000, 16_000, 64_000, 256_000]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Complexity:
    """The checked arguments of a marker.

    Attributes
    ----------
    law : to be judged; None: how the test scales is found in what is measured, and nothing can fail.
    levels : of each factor, whole numbers as int.
    finds : whether how the test scales is to be found, beside a bound that is judged.
    derives : whether the law is to be derived from the code of the test.
    overhead : terms beside the law; by default the constant alone. A term such as ``n`` beside the law ``n**2`` would
        absorb a linear function, and a wrong law would not be judged.
    margin : how far an exponent may be off the law's; None: the default for its factor.
    design : with several factors, ``lines`` through the middle levels and the corners, or the whole ``grid``.
    measure : what the law is held against, some of ``time``, ``instructions`` and ``operations``.
    inputs : at each point, with the test function run again for each; None: several, where that is cheap and the
        function takes nothing but the fixture and its parameters.
    consumes : whether the call uses its input up, so that each needs one of its own.
    inconclusive : whether an open verdict is reported or fails; None: as the project has it.
    """

    law: CostLaw | None
    levels: Mapping[str, tuple[float, ...]]
    overhead: tuple[str, ...] = ("1",)
    bound: Bound = "tight"
    margin: float | None = None
    design: Layout = "lines"
    measure: tuple[Measure, ...] = ("time",)
    inputs: int | None = None
    consumes: bool = False
    inconclusive: Strictness | None = None
    finds: bool = False
    derives: bool = False

    @classmethod
    def of(cls, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Complexity:
        """Read the arguments of a marker.

        Raises
        ------
        BenchError : what cannot be judged.
        """
        given = dict(kwargs)
        if not args and isinstance(given.get("law"), str | CostLaw):
            args = (given.pop("law"),)
        options = {name: given.pop(name) for name in OPTIONS if name in given}
        at_most = given.pop("at_most", None)
        law, bound = _read_law(args, at_most, options)
        factors = merge_levels(given.pop("factors", None), given, options)
        levels = {name: _read_levels(name, values) for name, values in factors.items()}
        if not levels:
            raise ExperimentError(f"no factor; give the levels of each, such as {EXAMPLE}")
        read = {name: OPTIONS[name](value) for name, value in options.items()}
        if law is not None:
            law.require(levels)
        stated = cls(law=law, levels=levels, finds=not args, derives=bool(args) and law is None, **{**read, **bound})
        require_inputs(stated.inputs, stated.consumes)
        for term in stated.overhead:
            CostLaw(term).require(levels)
        stated._require_sense()
        return stated

    @property
    def text(self) -> str:
        """Return the law; without one what is done instead."""
        if self.law is not None:
            return self.law.text
        return "of its code" if self.derives else "how it scales"

    @property
    def points(self) -> Design:
        """Return where to measure, the factors in the order in which they were given."""
        if len(self.levels) == 1 or self.design == "grid":
            return Design.grid(self.levels)
        ordered = {name: sorted(values) for name, values in self.levels.items()}
        middle = {name: values[len(values) // 2] for name, values in ordered.items()}
        ends = Design.corners({name: (values[0], values[-1]) for name, values in ordered.items()})
        return Design.lines(middle, self.levels) + ends

    def with_law(self, law: CostLaw) -> Complexity:
        """Return the same with the law that was derived.

        Raises
        ------
        BenchError : it cannot be judged at these levels.
        """
        law.require(self.levels)
        found = replace(self, law=law, derives=False)
        found._require_sense()
        return found

    def _require_levels_to_find(self) -> None:
        if self.derives:  # how many are needed depends on the law
            return
        fewest = FEWEST_LEVELS_TO_FIND if len(self.levels) == 1 else FEWEST_LEVELS
        for name, levels in self.levels.items():
            if len(levels) < fewest:
                raise ExperimentError(f"{name}: {_count_levels(levels)}; at least {fewest} would show how it scales")

    def _require_sense(self) -> None:
        if self.law is None:
            self._require_levels_to_find()
            return
        full, points = self.law.plus(*self.overhead), self.points
        beside = [str(term) for term in full.terms if term not in self.law.terms]
        fitted = f"the law {self.law.text}" + (f" and the overhead {' + '.join(beside)}" if beside else "")
        flat = [name for name in self.levels if name not in self.law.factors]
        if self.bound == "lower" and flat:
            raise ExperimentError(
                f"bound='lower': the law {self.law.text!r} does not grow with {flat[0]}; allowed are tight, upper"
            )
        needed = max(len(full.terms) + FEWEST_SPARE_POINTS, FEWEST_LEVELS)
        why = f"{FEWEST_SPARE_POINTS} more than the terms that are fitted, {fitted}"
        for name, levels in self.levels.items():
            fewest = needed if len(self.levels) == 1 else FEWEST_LEVELS
            if len(levels) < fewest:
                reason = "two fit any exponent" if fewest == FEWEST_LEVELS else why
                raise ExperimentError(f"{name}: {_count_levels(levels)}; at least {fewest} are needed: {reason}")
        if len(points) < needed:
            raise ExperimentError(f"{len(points)} points; at least {needed} are needed: {why}")
        table = {name: np.array([point[name] for point in points], dtype=np.float64) for name in self.levels}
        with np.errstate(all="ignore"):
            columns = full.columns(table)
        for column in np.flatnonzero((columns == 0).all(axis=0)).tolist():
            raise ExperimentError(f"term {full.terms[column]}: 0 at every point, so that nothing can follow it")
        wrong = ~np.isfinite(columns) | (columns < 0)
        for row, column in np.argwhere(wrong).tolist():
            raise ExperimentError(
                f"term {full.terms[column]}: {columns[row, column]:g} at {points.points[row]}; "
                f"allowed are finite numbers from 0{smaller_levels_hint(full.terms[column], points.points[row])}"
            )


def _read_law(
    args: Sequence[Any], at_most: object, options: Mapping[str, Any]
) -> tuple[CostLaw | None, dict[str, Bound]]:
    """Return the law of a marker, and the bound that ``at_most`` says it is.

    Raises
    ------
    ExperimentError : several laws, or options that only a law can have.
    """
    if len(args) > 1 or (args and at_most is not None):
        raise ExperimentError(
            f"must have one law, such as 'n*log(n)' or at_most='n**2', got {len(args) + (at_most is not None)}"
        )
    if args:
        return (None if args[0] == DERIVED else CostLaw(args[0])), {}
    if at_most is not None:
        if "bound" in options:
            raise ExperimentError("at_most and bound: give one of them")
        if not isinstance(at_most, str | CostLaw):
            raise ExperimentError(f"at_most must be a law such as 'n**2', got {at_most!r}")
        return CostLaw(str(at_most)), {"bound": "upper"}
    for name in options:
        if name not in ("design", "inconclusive", "measure"):
            raise ExperimentError(f"{name}: goes with a law, such as 'n*log(n)' or at_most='n**2'")
    return None, {}


def _read_levels(name: str, values: object) -> tuple[float, ...]:
    if name == FIXTURE:
        raise ExperimentError(f"{name}: is the fixture that measures; give the factor another name")
    if isinstance(values, str | Mapping) or not isinstance(values, Iterable):
        hint = did_you_mean(name, [*OPTIONS, "at_most"])
        raise ExperimentError(f"{name} must be a sequence of levels, such as {EXAMPLE}, got {values!r}{hint}")
    factor = Factor(name=name, kind="real")
    numbers = list(dict.fromkeys(float(factor.validate(value)) for value in values))
    whole = all(number.is_integer() for number in numbers)
    return tuple(int(number) if whole else number for number in numbers)


def _count_levels(levels: Sequence[float]) -> str:
    if not levels:
        return "no level"
    return f"{len(levels)} level{'' if len(levels) == 1 else 's'}, {', '.join(f'{level:g}' for level in levels)}"


def _require_one_of(name: str, allowed: Sequence[str], value: object) -> Any:
    if value not in allowed:
        raise ExperimentError(f"{name} must be one of {', '.join(allowed)}, got {value!r}")
    return value


def _read_margin(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < math.inf:
        raise ExperimentError(f"margin must be a number above 0, such as 0.2, got {value!r}")
    return float(value)


def _read_overhead(value: Any) -> tuple[str, ...]:
    if value == "auto":
        raise ExperimentError(
            "overhead must be terms, such as '1 + n', or None, got 'auto', which would hide a wrong law"
        )
    texts = [value] if isinstance(value, str) else list(value) if isinstance(value, Iterable) else [value]
    terms = [term for text in texts if text not in (None, "") for term in CostLaw(text).terms]
    return tuple(dict.fromkeys(str(term) for term in terms))


def _read_measure(value: Any) -> tuple[Measure, ...]:
    allowed = f"measure must be some of time, instructions, operations, got {value!r}"
    try:
        found = parse_measures(value)
    except ExperimentError:
        raise ExperimentError(allowed) from None
    if "memory" in found:
        raise ExperimentError(allowed)
    return found


OPTIONS: dict[str, Callable[[Any], Any]] = {
    "overhead": _read_overhead,
    "bound": lambda value: _require_one_of("bound", get_args(Bound), value),
    "margin": _read_margin,
    "design": lambda value: _require_one_of("design", get_args(Layout), value),
    "measure": _read_measure,
    "inputs": lambda value: value,
    "consumes": lambda value: value,
    "inconclusive": lambda value: _require_one_of("inconclusive", get_args(Strictness), value),
}


def block_medians(rounds: Sequence[float], most: int = 20) -> list[float]:
    """Return the medians of at most ``most`` blocks of consecutive rounds, in their order.

    There may be a hundred thousand rounds, and neighbours are disturbed together: as independent samples they would
    claim too high a precision. The median is used, because many short rounds and a few long ones must measure the same
    thing. In 220 measurements of 55 points beside other work, repeats of a point scattered by 0.43 with means and 0.22
    with medians (logarithms); all rounds of a point against its last twenty singly were off by +0.23, -0.02 and, with
    minima, -0.08. How many runs, 5 to 100, made no difference.
    """
    parts = np.array_split(np.asarray(rounds, dtype=np.float64), min(most, len(rounds)))
    return [float(np.median(part)) for part in parts]
