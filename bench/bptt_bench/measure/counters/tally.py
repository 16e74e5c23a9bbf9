"""What a subject counts of itself: numbers from 0 by name, by one rule for whoever asks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral, Real

from bptt_bench.errors import ExperimentError
from bptt_bench.plan import Point
from bptt_bench.plan.experiment.seeded import SeededTally
from bptt_bench.plan.experiment.subject import Tally


def read_tally(tally: Tally, point: Point, number: int = 0) -> dict[str, float]:
    """Return what one evaluation of a subject does, by the names that it counts; whole numbers are exact.

    Parameters
    ----------
    number : of the input, which a seeded tally makes its own random numbers for.

    Raises
    ------
    ExperimentError : the tally returns no mapping.
    ValueError : it gives something else than finite numbers from 0.
    """
    found: object = tally.with_input(point, number) if isinstance(tally, SeededTally) else tally(point)
    if not isinstance(found, Mapping):
        raise ExperimentError(f"tally: returned {found!r} at {point}; it must return counts by name, {{'steps': 127}}")
    return {_name(name): _amount(name, value) for name, value in found.items()}


def _name(name: object) -> str:
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"tally: each key must be a name such as 'comparisons', got {name!r}")
    return name


def _amount(name: object, value: object) -> float:
    """Return a count as JSON holds it."""
    try:
        number = float(value) if isinstance(value, Real) else math.nan
    except OverflowError:
        number = math.inf
    if not 0 <= number < math.inf:
        raise ValueError(f"tally: {name} must be a finite number from 0, got {value!r}")
    if isinstance(value, Integral):
        return int(value)
    return int(number) if number.is_integer() else number
