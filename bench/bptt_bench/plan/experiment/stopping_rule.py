"""When an adaptive run ends: after a budget of time, or at intervals of a given width."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SHORTEST_BUDGET_SECONDS = 1.0  # a measuring process takes about as long to start
NARROWEST, WIDEST = 1e-4, 1.0  # half-widths; noise has no finer ones, and a factor of e either way says nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class StoppingRule:
    """When an adaptive run ends.

    Attributes
    ----------
    budget_seconds : of the whole run, from its start, the computations between rounds included.
    until : half-width at which an interval is narrow enough: relative for ratios, crossovers and shares, absolute for
        exponents. A claim that is decided with room to spare needs no more, whatever its interval.
    targets : half-widths by claim, decided or not; other claims get no time.
    decides : whether the whole profile is measured, and then the points that decide between the laws that it does not
        exclude.
    """

    budget_seconds: float | None = None
    until: float | None = None
    targets: Mapping[str, float] | None = None
    decides: bool = False

    def __str__(self) -> str:
        if self.decides:
            return f"what decides between the laws that fit, for at most {self.budget_seconds or math.inf:g} s in all"
        parts = []
        if self.until is not None:
            parts.append(f"until intervals are within ±{100 * self.until:g}% or their claims are decided")
        if self.targets is not None:
            parts.append(f"until the intervals of {len(self.targets)} claims are as narrow as asked for")
        if self.budget_seconds is not None:
            parts.append(f"for at most {self.budget_seconds:g} s in all")
        return "what narrows the intervals most per second, " + ", ".join(parts)

    @property
    def has_targets(self) -> bool:
        """Return whether widths are asked for, so that the run ends when they are reached."""
        return self.until is not None or self.targets is not None

    def target_half_width(self, claim: str, deciding: float) -> float:
        """Return the half-width at which an interval needs no more time; ``deciding`` decides its claim."""
        if self.targets is not None:
            return self.targets.get(claim, math.inf)
        return max(deciding, self.until or 0.0)

    def to_json(self) -> dict[str, Any]:
        """Return the rule as it is stored in the record of the run."""
        return {
            "budget_seconds": self.budget_seconds,
            "until": self.until,
            "targets": None if self.targets is None else dict(self.targets),
            **({"decides": True} if self.decides else {}),
        }
