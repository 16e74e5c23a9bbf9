"""Profiles: how much to measure, and the seeded order in which a block visits the cells."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bptt_bench.errors import DesignError
from bptt_bench.plan.design.design import Design, Point


class Cell(NamedTuple):
    """One subject at one point, which a block visits once."""

    subject: str
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """How much to measure: the points, how often, and for how long at a time.

    Attributes
    ----------
    design : points that every subject visits.
    extra : further points for some subjects, by subject name.
    blocks : visits to each cell (samples per cell).
    seconds_per_sample : a sample holds as many evaluations as are needed to last about this long.
    processes : fresh worker processes among which the blocks are divided.
    phase_blocks : in how many of the blocks the phases are timed as well.
    """

    design: Design
    extra: Mapping[str, Design] = field(default_factory=dict)
    blocks: int = 5
    seconds_per_sample: float = 0.01
    processes: int = 2
    phase_blocks: int = 2

    def __post_init__(self) -> None:
        for name in ("blocks", "processes"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise DesignError(f"{name} must be a whole number from 1, got {value!r}")
        if not isinstance(self.seconds_per_sample, int | float) or not 0 < self.seconds_per_sample < math.inf:
            raise DesignError(f"seconds_per_sample must be a number above 0, got {self.seconds_per_sample!r}")

    def cells(self, subjects: Sequence[str]) -> tuple[Cell, ...]:
        """Return every (subject, point) to be visited, point by point."""
        points = sum((self.extra[name] for name in subjects if name in self.extra), self.design)
        everybody = frozenset(self.design)
        own = {name: frozenset(self.extra.get(name, ())) for name in subjects}
        return tuple(
            Cell(subject, point)
            for point in points
            for subject in subjects
            if point in everybody or point in own[subject]
        )


def block_order(cells: Sequence[Cell], *, block: int, seed: int) -> tuple[Cell, ...]:
    """Return the cells of one block in seeded random order, the subjects of a point next to each other.

    Drift then affects all points alike, and subjects that are compared at a point are measured shortly after each
    other. So are the categories of a point.
    """
    rng = np.random.default_rng([seed, block])
    numbers = [name for name, level in cells[0].point.items() if not isinstance(level, str)] if cells else []
    by_point: dict[Point, dict[Point, list[Cell]]] = {}
    for cell in cells:
        plain = len(numbers) == len(cell.point)
        place = cell.point if plain else Point({name: cell.point[name] for name in numbers})
        by_point.setdefault(place, {}).setdefault(cell.point, []).append(cell)
    points = list(by_point.values())
    order: list[Cell] = []
    for i in rng.permutation(len(points)):
        kinds = list(points[i].values())
        for k in rng.permutation(len(kinds)) if len(kinds) > 1 else (0,):  # without categories: no number is drawn
            order.extend(kinds[k][j] for j in rng.permutation(len(kinds[k])))
    return tuple(order)
