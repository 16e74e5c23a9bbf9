"""Foresight: points beyond a sweep that its fitted laws have to predict before they are measured."""

from __future__ import annotations

from dataclasses import dataclass

from bench.plan.design import Design, DesignError


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """What a run predicts and then measures, beyond the points its laws were fitted to.

    Attributes
    ----------
    beyond : points that no profile's fit may see; each lies beyond the sweep in a factor, or costs more than any of it.
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
