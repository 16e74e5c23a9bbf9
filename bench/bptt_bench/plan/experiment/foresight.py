"""Foresight: points beyond a sweep that its fitted laws have to predict before they are measured."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from bptt_bench.plan.design.design import Design, DesignError


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What a run predicts and then measures, beyond the points its laws were fitted to.

    Attributes
    ----------
    beyond : points that lie beyond the sweep: no point of it is as large in every factor.
    subjects : whose time is predicted there.
    profile : the sweep that the predictions rest on.
    visits : samples of each cell beyond.
    """

    beyond: Design
    subjects: tuple[str, ...]
    profile: str = "standard"
    visits: int = 3

    def __post_init__(self) -> None:
        if self.visits < 1:
            raise DesignError(f"visits={self.visits!r}: allowed are whole numbers from 1")
        if not self.beyond.points or not self.subjects:
            raise DesignError("foresight: needs at least one point beyond the sweep and one subject")
        if len(set(self.subjects)) < len(self.subjects):
            raise DesignError(f"foresight: names a subject twice in {', '.join(self.subjects)}")


def farther(point: Mapping[str, Any], swept: Iterable[Mapping[str, Any]]) -> float:
    """By how much a point lies beyond a sweep: the factor by which levels must grow from the nearest point of it.

    At most 1 where some point of the sweep is as large in every factor, so that no law with coefficients from 0 makes
    the point dearer than that one. Points of other categories say nothing; infinite where there are no others.

    >>> sweep = [{"n": 4, "k": 10}, {"n": 16, "k": 2}]
    >>> farther({"n": 64, "k": 2}, sweep), farther({"n": 16, "k": 10}, sweep), farther({"n": 4, "k": 2}, sweep)
    (4.0, 4.0, 1.0)
    """
    chosen = {name: level for name, level in point.items() if isinstance(level, str)}
    like = (start for start in swept if all(start[name] == level for name, level in chosen.items()))
    numbers = [name for name in point if name not in chosen]
    return min((max(_growth(point[name], start[name]) for name in numbers) for start in like), default=math.inf)


def _growth(level: float, start: float) -> float:
    if start == 0:
        return math.inf if level > 0 else 1.0
    return level / start
