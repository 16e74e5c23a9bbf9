"""How far exponents may be off those of a law, and the verdict on growth with one factor that follows."""

from __future__ import annotations

import math
from typing import NamedTuple

from bptt_bench.analyse.findings.growth import FactorGrowth
from bptt_bench.analyse.findings.limits import Limits, Word
from bptt_bench.analyse.growth.slopes import FactorSlopes
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan.claims.claim import Bound

FEWEST_STEPS = 2  # along a factor, from which growth is judged
STEEP = 3.0  # exponent from which margins are relative


class Margin(NamedTuple):
    """How far exponents may be off those of a law, and to which side."""

    margin: float
    bound: Bound

    def limits(self, exponent: float, factors: int = 1) -> Limits:
        """Return the limits of an exponent of the law, of one factor or of several together."""
        margin = math.sqrt(factors) * self.margin * max(1.0, abs(exponent) / STEEP)
        return Limits.around(exponent, margin, self.bound)

    def growth(self, name: str, slopes: FactorSlopes) -> FactorGrowth:
        """Return the growth with a factor, and its limits."""
        return FactorGrowth(
            factors=(name,),
            predicted=slopes.law,
            estimate=Interval(*(slopes.law + value for value in slopes.excess)),
            limits=self.limits(slopes.law),
            n_steps=slopes.n_steps,
            is_rough=slopes.is_rough,
        )

    def together(self, growths: tuple[FactorGrowth, ...]) -> FactorGrowth:
        """Return the growth with all factors together: a sum of exponents, whose deviations add as squares."""
        predicted = sum(one.predicted for one in growths)
        estimate = sum(one.estimate.estimate for one in growths)
        below = math.hypot(*(one.estimate.estimate - one.estimate.low for one in growths))
        above = math.hypot(*(one.estimate.high - one.estimate.estimate for one in growths))
        return FactorGrowth(
            factors=tuple(name for one in growths for name in one.factors),
            predicted=predicted,
            estimate=Interval(estimate, estimate - below, estimate + above),
            limits=self.limits(predicted, len(growths)),
            n_steps=min(one.n_steps for one in growths),
            is_rough=any(one.is_rough for one in growths),
        )


def verdict_on(growth: FactorGrowth) -> Word:
    """Return the verdict on growth; a refutation by few steps needs more than they span."""
    (_, low, high), limits = growth.estimate, growth.limits
    if growth.n_steps < FEWEST_STEPS:
        return "inconclusive"
    word = limits.decide(low, high)
    span = high - low
    if word == "refuted" and growth.is_rough and limits.decide(low - span, high + span) != "refuted":
        return "inconclusive"
    return word
