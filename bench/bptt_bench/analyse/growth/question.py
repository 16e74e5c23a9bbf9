"""Holds the growth of a response against its law as a whole.

Evidence for the limits: functions of well-known libraries, their true laws and wrong ones (``python -m tests.corpus``;
docs/decisions, 81).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.findings.growth import FactorGrowth, LawGrowth
from bptt_bench.analyse.findings.limits import Limits, Word
from bptt_bench.analyse.growth.slopes import CLOSE, CLOSER, FactorSlopes, Response, Slopes
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import CostLaw
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.plan.experiment.instructions import lower_order_terms

SIMPLE_LAWS = ("1", "log({n})", "{n}**0.5", "{n}", "{n}*log({n})", "{n}**1.5", "{n}**2", "{n}**2*log({n})", "{n}**3")
FEWEST_STEPS = 2  # along a factor, from which growth is judged
MANY_STEPS = 6  # from which an interval of their median leaves some of them out
STEEP = 3.0  # exponent from which margins are relative
ANOTHER_CLASS = 0.4  # difference of exponents from which two laws are of different classes
NEXT_POWER = 0.6, 1.1  # difference of exponents of a law of the next whole power
LEAST_CLEAR = 0.8  # share of a law's terms in a time at the largest point, from which what stands beside them is small
LEAST_SEEN = 0.02  # the same of a constant alone, where no other simple law is followed as closely
DOUBLED = 2.0  # largest over smallest count, below which a constant is half or more of it
WIDE_RANGE, FLAT = 50.0, 1.1  # largest over smallest: of a law that would show, and of a time that does not grow
LEAST_MISFIT = 0.01  # relative, of counts, from which another law may be the true one
# margins by which counts may miss a law without refuting it: of one factor, and of several if all together are right
MILD, MILD_OF_SEVERAL = 2.0, 4.0
LARGEST_MISFIT = 0.15  # relative, of counts that follow a law
COUNTED_SHARE, COUNTED_CLOSER = 0.1, 1 / 3  # of counts: share and misfit of a law of the next power that may be true
LEAST_HELD = 0.05  # share of counts at the largest point, below which a law is not seen in them
SLOWLY = 0.3  # difference of exponents up to which a term exceeds another by a logarithm
LEAST_DIFFERENCE = 0.002  # relative, of counts, from which laws of one class can be distinguished
FAR_CLOSER = 4.0  # times as closely: a law that is followed so much better refutes the other
LEAST_HIDDEN = 0.3  # share of a law's terms at the largest point from which terms of lower order may hide them
CLOSE_FIT = 0.3  # of the margin: a typical deviation that leaves nothing to explain
NO_GROWTH = 0.01  # exponent of a law that does not grow with a factor
SAME = 1e-9  # relative, of the ratio of two laws that are one
LATE_GROWTH = 2.0  # times the margin: growth at the largest level of what should not grow
LEAST_BASE = 1.05  # of a power b**n that is an exponential law to a reader
MOST_STEPS = 700.0  # of the exponent of a power, beyond which it overflows


class Answer(NamedTuple):
    """A verdict on one response with the finding it rests on, and the law as it was fitted."""

    word: Word
    finding: LawGrowth
    slopes: Slopes


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LawQuestion:
    """A law to be held against a response.

    Attributes
    ----------
    given : the response. name : its name.
    overheads : terms that may stand beside the law, from nothing to most.
    least_share : of the response, for the law's own terms to be judged.
    is_made_smaller : whether the response was counted at smaller levels than the law is claimed at.
    """

    given: Response
    law: CostLaw
    name: str
    bound: Bound
    margin: float
    overheads: tuple[tuple[str, ...], ...]
    least_share: float
    is_made_smaller: bool = False

    def answer(self) -> Answer | None:
        """Return the verdict; ``None`` where the law has no value at the points, or no factor varies by itself."""
        found = self.given.beside(self.law, self.overheads, self.margin, self.least_share)
        if found is None:
            return None
        growths = tuple(self._growth(name, one) for name, one in found.factors.items())
        others = self._other_laws()
        fits = [one for one in others if self._is_followed(one)]
        finding = LawGrowth(
            law=self.law.text,
            response=self.name,
            bound=self.bound,
            overhead=found.overhead,
            at=found.largest,
            whole=self._together(growths),
            growths=growths,
            also_fit=tuple(one.law.text for one in fits),
            closer=self._closer_law(found, others),
            hidden=self._hidden_terms(found),
            late=self._late_factors(found),
        )
        word, finding = self._decide(finding, found, others)
        shown = tuple(self._per_step(one, found) for one in growths)
        whole = shown[0] if len(shown) == 1 else finding.whole
        return Answer(word, replace(finding, growths=shown, whole=whole), found)

    def _decide(self, finding: LawGrowth, found: Slopes, others: list[Slopes]) -> tuple[Word, LawGrowth]:
        words = [_word(one) for one in finding.growths]
        if "refuted" in words or _word(finding.whole) == "refuted":
            hiding = self._hiding_terms(finding, others)
            is_open = bool(hiding) or self._is_missed_by_little(finding, found) or not self._is_explained(others)
            return ("inconclusive" if is_open else "refuted"), replace(finding, hiding=hiding)
        absent = self._lower_term_alone()
        if absent is not None:
            return "refuted", replace(finding, closer=absent)
        if finding.closer is not None and self.bound == "tight":
            return "refuted", finding
        rival = self._any_rival(finding, found, others)
        is_small = not self.given.is_exact and found.share < LEAST_CLEAR and self.bound != "upper"
        obstacles = finding.hidden or finding.late or rival is not None or is_small
        is_clear = set(words) == {"supported"} and not obstacles
        hiding = found.overhead if is_small else ()
        return ("supported" if is_clear else "inconclusive"), replace(finding, rival=rival, hiding=hiding)

    def _lower_term_alone(self) -> str | None:
        """Return a term that counts follow alone, of those that the law exceeds by a logarithm; None if none is.

        They hold next to nothing of n·log(n) beside n then, and would not at any size.
        """
        if not self.given.is_exact or self.bound == "upper" or len(self.given.points) > 1:
            return None
        lower = lower_order_terms(self.law)
        beside = self.given.beside_with(self.law, lower)
        if beside is None or beside.share > LEAST_HELD or beside.deviation > LEAST_MISFIT:
            return None
        own = self._power(self.law, beside)
        powers = {term: self._power(CostLaw(term), beside) for term in lower}
        alike = (term for term, power in powers.items() if power > self.margin < own - power < SLOWLY)
        return next(alike, None)

    def _is_explained(self, others: list[Slopes]) -> bool:
        """Return whether counts follow any simple law; those that jump between two follow none, and refute none."""
        if not self.given.is_exact or not others:
            return True
        lower = (self.given.beside_with(one.law, lower_order_terms(one.law)) for one in others)
        return any(one is not None and one.deviation <= LARGEST_MISFIT for one in (*others, *lower))

    def _any_rival(self, finding: LawGrowth, found: Slopes, others: list[Slopes]) -> str | None:
        """Return another law that may be the true one, if any."""
        fits = [one for one in others if one.law.text in finding.also_fit]
        of_counts = self._rival_of_counts(found) if self.given.is_exact else None
        return of_counts or self._closer_count(found, others) or self._rival(found, fits)

    def _late_factors(self, found: Slopes) -> tuple[str, ...]:
        """Return factors with which a response that should not grow has begun to at their largest level.

        Over a wide range 1 µs + 1 ns·n hardly grows as a power of n; at its end it may have doubled.
        """
        if self.bound == "lower":
            return ()
        flat = {name: one for name, one in found.factors.items() if abs(one.law) < NO_GROWTH}
        return tuple(name for name, one in flat.items() if one.last > LATE_GROWTH * self.margin)

    def _growth(self, name: str, slopes: FactorSlopes) -> FactorGrowth:
        return FactorGrowth(
            factors=(name,),
            predicted=slopes.law,
            estimate=Interval(*(slopes.law + value for value in slopes.excess)),
            limits=self._limits(slopes.law),
            n_steps=slopes.n_steps,
        )

    def _limits(self, exponent: float, factors: int = 1, bound: Bound | None = None) -> Limits:
        margin = math.sqrt(factors) * self.margin * max(1.0, abs(exponent) / STEEP)
        return Limits.around(exponent, margin, self.bound if bound is None else bound)

    def _together(self, growths: tuple[FactorGrowth, ...]) -> FactorGrowth:
        """Return the growth with all factors together: a sum of exponents, whose deviations add as squares."""
        predicted = sum(one.predicted for one in growths)
        estimate = sum(one.estimate.estimate for one in growths)
        below = math.hypot(*(one.estimate.estimate - one.estimate.low for one in growths))
        above = math.hypot(*(one.estimate.high - one.estimate.estimate for one in growths))
        return FactorGrowth(
            factors=tuple(name for one in growths for name in one.factors),
            predicted=predicted,
            estimate=Interval(estimate, estimate - below, estimate + above),
            limits=self._limits(predicted, len(growths)),
            n_steps=min(one.n_steps for one in growths),
        )

    def _per_step(self, growth: FactorGrowth, found: Slopes) -> FactorGrowth:
        """Return the growth as the factor of one step, where the law is exponential in its factor."""
        (factor,) = growth.factors
        level = found.largest[factor]
        whole = found.law.terms[0] if len(found.law.terms) == 1 else None
        if whole is None or level <= 0 or factor not in whole.factors:
            return growth
        half = whole.local_exponent(factor, {**found.largest, factor: level / 2})
        if not math.isclose(2 * half, whole.local_exponent(factor, found.largest), rel_tol=1e-3) or half == 0:
            return growth

        def step(exponent: float) -> float:
            return math.exp(exponent / level) if math.isfinite(exponent) else max(exponent, 0.0)

        return replace(
            growth,
            predicted=step(growth.predicted),
            estimate=Interval(*map(step, growth.estimate)),
            limits=Limits(low=step(growth.limits.low), high=step(growth.limits.high)),
            per_step=True,
        )

    def _hidden_terms(self, found: Slopes) -> tuple[str, ...]:
        """Return terms of a sum that are nowhere large enough to show whether they are there."""
        if self.bound == "upper" or len(self.law.terms) == 1:
            return ()
        return tuple(term for term, share in found.largest_shares.items() if share < self.least_share / 2)

    def _other_laws(self) -> list[Slopes]:
        """Return the response beside each simple law but its own."""
        beside = [self.given.beside_with(law) for law in self._simple_laws() if not self._is_own(law)]
        return [one for one in beside if one is not None]

    def _is_exponential(self) -> bool:
        """Return whether the law is a power of its factor's level already, of which the base alone may be another."""
        at = {name: float(levels.max()) for name, levels in self.given.points.items()}
        half = {name: level / 2 for name, level in at.items()}
        (factor,) = at
        full, less = (sum(term.local_exponent(factor, where) for term in self.law.terms) for where in (at, half))
        return math.isclose(full, 2 * less, rel_tol=1e-3) and full > 0

    def _is_own(self, other: CostLaw) -> bool:
        """Return whether a law is the same as this one up to a coefficient, however it is written."""
        ratio = self.law.evaluate(dict(self.given.points)) / other.evaluate(dict(self.given.points))
        return bool(np.ptp(ratio) <= SAME * np.abs(ratio).max())

    def _is_followed(self, other: Slopes) -> bool:
        growths = [self._growth(name, slopes) for name, slopes in other.factors.items()]
        limits = [self._limits(one.predicted, bound="tight") for one in growths]
        return all(_word(replace(one, limits=each)) == "supported" for one, each in zip(growths, limits, strict=True))

    def _closer_law(self, found: Slopes, others: list[Slopes]) -> str | None:
        """Return a simple law that the response follows far more closely, if any."""
        best = min(others, key=lambda one: one.deviation, default=None)
        if best is None or found.deviation <= self.margin:
            return None
        is_followed = best.deviation <= min(CLOSE * self.margin, found.deviation / FAR_CLOSER)
        return best.law.text if is_followed else None

    def _simple_laws(self) -> Iterator[CostLaw]:
        """Yield the usual laws of one factor, and an exponential one with the base that the response has."""
        if len(self.given.points) != 1:
            return
        ((factor, levels),) = self.given.points.items()
        for text in SIMPLE_LAWS:
            yield CostLaw(text.format(n=factor))
        order = np.argsort(levels)
        steps = np.diff(levels[order])
        if len(steps) and steps.min() > 0 and levels.max() <= MOST_STEPS:
            base = float(np.exp(np.median(np.diff(np.log(self.given.values[order])) / steps)))
            if base >= LEAST_BASE and not self._is_exponential():
                yield CostLaw(f"{base:.3g}**{factor}")

    def _closer_count(self, found: Slopes, others: list[Slopes]) -> str | None:
        """Return a simple law of another growth that counts follow far more closely, bare or with the same overhead."""
        if not self.given.is_exact or not found.overhead or found.deviation < LEAST_DIFFERENCE:
            return None
        beside = [self.given.beside_with(one.law, found.overhead) for one in others]
        for one in sorted((*others, *filter(None, beside)), key=lambda one: one.deviation):
            if FAR_CLOSER * one.deviation > found.deviation:
                return None
            if abs(self._power(one.law, found) - self._power(self.law, found)) > self.margin:
                return one.law.text
        return None

    def _power(self, law: CostLaw, found: Slopes) -> float:
        """Return the exponent of the first term of a law in its only factor at the largest point."""
        (factor,) = self.given.points
        return law.terms[0].local_exponent(factor, found.largest)

    def _rival(self, found: Slopes, fits: list[Slopes]) -> str | None:
        """Return a law of another class that may be the true one, as a constant or lower terms may hide."""
        if len(self.given.points) != 1:
            return None
        (factor,) = self.given.points
        own = sum(term.local_exponent(factor, found.largest) for term in self.law.terms)
        if found.overhead:
            for other in fits:
                if abs(other.factors[factor].law - own) >= ANOTHER_CLASS:
                    return other.law.text
        closest = min(one.deviation for one in (found, *fits))
        share, closer = (COUNTED_SHARE, COUNTED_CLOSER) if self.given.is_exact else (LEAST_HIDDEN, CLOSER)
        if self.bound == "upper" or (closest <= CLOSE_FIT * self.margin and own > self.margin):
            return None
        for text in ("{n}", "{n}**2", "{n}**3"):
            law = CostLaw(text.format(n=factor))
            if not NEXT_POWER[0] <= law.terms[0].local_exponent(factor, found.largest) - own <= NEXT_POWER[1]:
                continue
            beside = self.given.beside_with(law, lower_order_terms(law))
            if beside is not None and beside.share >= share and beside.deviation <= closer * closest:
                return law.plus(*lower_order_terms(law)).text
        return None

    def _rival_of_counts(self, found: Slopes) -> str | None:
        """Return a law of another class that counts of several factors follow far more closely, with lower powers."""
        if len(self.given.points) == 1 or found.deviation < LEAST_MISFIT or self.bound == "upper":
            return None
        for factor in self.given.points:
            for power in (-1.0, -0.5, 0.5, 1.0):
                law = CostLaw(" + ".join(f"{term}*{factor}**{power:g}" for term in self.law.terms))
                beside = self.given.beside_with(law, lower_order_terms(law))
                if beside is None or beside.share < LEAST_HIDDEN or len(law.terms) == self.given.values.size:
                    continue
                if FAR_CLOSER * beside.deviation <= found.deviation:
                    return law.text
        return None

    def _is_missed_by_little(self, finding: LawGrowth, found: Slopes) -> bool:
        """Return whether a law is missed by hardly more than the margin, and no other law of its factor tells why.

        A law that is followed tells why if it grows otherwise: n does beside n·log(n), and not beside n·log(log n).
        """
        refuted = [one for one in finding.growths if _word(one) == "refuted"]
        missed = [abs(one.estimate.estimate - one.predicted) for one in refuted]
        if not self.given.is_exact or not missed:
            return False
        if len(self.given.points) > 1:
            return max(missed) <= MILD_OF_SEVERAL * self.margin and _word(finding.whole) != "refuted"
        if max(missed) > MILD * self.margin:
            return False
        own = self._power(self.law, found)
        return all(abs(self._power(CostLaw(law), found) - own) < self.margin for law in finding.also_fit)

    def _hiding_terms(self, finding: LawGrowth, others: list[Slopes]) -> tuple[str, ...]:
        """Return terms of lower order with which the response follows a law that it seems to grow less than."""
        refuted = [one for one in (finding.whole, *finding.growths) if _word(one) == "refuted"]
        if self.bound == "lower" or any(one.estimate.estimate > one.predicted for one in refuted):
            return ()
        if self._is_lost_in_constant(others):
            return ("1",)
        bare = self.given.beside_with(self.law)
        closest = min((one.deviation for one in (bare, *others) if one is not None), default=math.inf)
        for lower in (("1",), lower_order_terms(self.law)):
            beside = self.given.beside_with(self.law, lower)
            is_seen = self.given.is_exact or lower == ("1",)
            least = LEAST_SEEN if is_seen and others else LEAST_HIDDEN
            most = min(CLOSER * closest, LARGEST_MISFIT if self.given.is_exact else math.inf)
            if beside is None or beside.share < least or beside.deviation > most:
                continue
            rivals = [self.given.beside_with(law, lower) for law in self._simple_laws()]
            if all(one is None or FAR_CLOSER * one.deviation > beside.deviation for one in rivals):
                return tuple(lower)
        return ()

    def _is_lost_in_constant(self, others: list[Slopes]) -> bool:
        """Return whether a response hardly grows, over a range in which a constant part may hide its growth.

        Counts show any growth at the levels that are claimed; at smaller ones a constant may be most of them.
        """
        if self.given.is_exact:
            return self.is_made_smaller and self.given.values.max() < DOUBLED * self.given.values.min()
        flat = any(one.law.text == "1" and self._is_followed(one) for one in others)
        law, values = self.law.evaluate(dict(self.given.points)), self.given.values
        if not flat or not (law > 0).all():
            return False
        return bool(law.max() < WIDE_RANGE * law.min() or values.max() > FLAT * values.min())


def _word(growth: FactorGrowth) -> Word:
    """Return the verdict on the growth with one factor; a refutation by few steps needs more than they span."""
    (_, low, high), limits = growth.estimate, growth.limits
    if growth.n_steps < FEWEST_STEPS:
        return "inconclusive"
    word = limits.decide(low, high)
    span = high - low
    if word == "refuted" and growth.n_steps < MANY_STEPS and limits.decide(low - span, high + span) != "refuted":
        return "inconclusive"
    return word
