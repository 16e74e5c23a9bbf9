"""Where an estimate must lie for its claim to be supported."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan.claims.claim import Bound

Word = Literal["supported", "refuted", "inconclusive"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where an estimate must lie: from ``low`` to ``high``, either of which may be infinite."""

    low: float
    high: float

    @classmethod
    def around(cls, predicted: float, margin: float, bound: Bound) -> Limits:
        """Return predicted ± margin; an upper bound has no lower limit and the other way round."""
        return cls(
            low=-math.inf if bound == "upper" else predicted - margin,
            high=math.inf if bound == "lower" else predicted + margin,
        )

    @classmethod
    def times(cls, predicted: float, margin: float, bound: Bound) -> Limits:
        """Return predicted / (1 + margin) to predicted · (1 + margin)."""
        return cls(
            low=0.0 if bound == "upper" else predicted / (1 + margin),
            high=math.inf if bound == "lower" else predicted * (1 + margin),
        )

    def decide(self, low: float, high: float) -> Word:
        """Return supported for an interval that lies within, refuted for one that lies wholly outside."""
        if self.low <= low and high <= self.high:
            return "supported"
        if high < self.low or low > self.high:
            return "refuted"
        return "inconclusive"

    def judge(self, interval: Interval) -> Word:
        """Return the verdict on an estimate with its interval."""
        return self.decide(interval.low, interval.high)
