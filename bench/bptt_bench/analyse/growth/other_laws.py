"""The laws that a response may follow instead of the one that is asked about.

Evidence for the limits: as for those of ``question``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.growth.functions import may_hold
from bptt_bench.analyse.growth.margins import Margin, verdict_on
from bptt_bench.analyse.growth.slopes import CLOSE, Response, Slopes, is_same
from bptt_bench.plan import CostLaw
from bptt_bench.plan.experiment.instructions import lower_order_terms

SIMPLE_LAWS = ("1", "log({n})", "{n}**0.5", "{n}", "{n}*log({n})", "{n}**1.5", "{n}**2", "{n}**2*log({n})", "{n}**3")
ANOTHER_CLASS = 0.4  # difference of exponents from which two laws are of different classes
NEXT_POWER = 0.6, 1.1  # difference of exponents of a law of the next whole power
LEAST_MISFIT = 0.01  # relative, of counts, from which another law may be the true one
LARGEST_MISFIT = 0.15  # relative, of counts that follow a law
COUNTED_SHARE, COUNTED_CLOSER = 0.1, 1 / 3  # of counts: share and misfit of a law of the next power that may be true
SLOWLY = 0.3  # difference of exponents up to which a term exceeds another by a logarithm
LEAST_DIFFERENCE = 0.002  # relative, of counts, from which laws of one class can be distinguished
FAR_CLOSER = 4.0  # times as closely: a law that is followed so much better refutes the other
LEAST_HIDDEN = 0.3  # share of a law's terms at the largest point from which terms of lower order may hide them
HIDDEN_CLOSER = 2 / 3  # … if they bring the deviation of a time down to this share
LEAST_OWN = 0.9  # share of a law in counts at the largest point, beside a constant, that follow it more closely
LEAST_CLEAR = 0.8  # share of a law's terms at the largest point, from which what stands beside them is small
LEAST_OWN_BESIDE_TERMS = 0.5  # the same beside other terms, from which no other law with them may be the true one
AS_CLOSE = 1.5  # times the deviation of a law, up to which another is as close
CLOSE_FIT = 0.3  # of the margin: a typical deviation that leaves nothing to explain
LEAST_POWER = 0.5  # of what a law multiplies, for another law to have it at a lower one
LEAST_BASE = 1.05  # of a power b**n that is an exponential law to a reader
SAME_BASE = 0.15  # relative, of the logarithms of two bases that may be one
MOST_STEPS = 700.0  # of the exponent of a power, beyond which it overflows


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherLaws:
    """The laws beside one that is asked about.

    Attributes
    ----------
    given : the response.
    law : the one that is asked about.
    allowed : how far exponents may be off.
    """

    given: Response
    law: CostLaw
    allowed: Margin

    def beside(self) -> list[Slopes]:
        """Return the response beside each simple law but the one that is asked about."""
        laws = (law for law in self.simple_laws() if not is_same(self.law, law, self.given.points))
        beside = [self.given.beside_with(law) for law in laws]
        return [one for one in beside if one is not None]

    def simple_laws(self) -> Iterator[CostLaw]:
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
            if base >= LEAST_BASE and not (self._is_exponential() and self._has_base(base)):
                yield CostLaw(f"{base:.3g}**{factor}")

    def beside_lower(self, lower: Sequence[str]) -> list[Slopes]:
        """Return the response beside other laws with some terms of lower order.

        Counts of several factors also beside laws of lower powers, bare and with all terms of lower order of the law
        that is asked about. A time has noise and overhead enough for one of so many to be close by chance.
        """
        several = list(self.lower_laws()) if self.given.is_exact and len(self.given.points) > 1 else []
        every = dict.fromkeys([(), tuple(lower), lower_order_terms(self.law)])
        tried = [*((law, lower) for law in self.simple_laws()), *((law, terms) for law in several for terms in every)]
        return [one for law, terms in tried if (one := self.given.beside_with(law, terms)) is not None]

    def lower_laws(self) -> Iterator[CostLaw]:
        """Yield laws of several factors that grow less than this one with one of what it multiplies.

        A lower power of it, or its logarithm instead; and of a product of factors the sum of what is left without each.
        """
        powers = [term.powers() for term in self.law.terms]
        bases = dict.fromkeys(base for each in powers for base, power in each.items() if LEAST_POWER <= power < np.inf)
        for base in bases:
            for less in (1.0, 0.5):
                held = [each.get(base, 0.0) >= less for each in powers]
                for log in ("", f"*log({base})"):
                    yield CostLaw(
                        " + ".join(
                            term.times(base, -less) + log if holds else str(term)
                            for term, holds in zip(self.law.terms, held, strict=True)
                        )
                    )
        if len(bases) > 1:
            yield CostLaw(" + ".join(term.times(base, -1.0) for term in self.law.terms for base in bases))

    def is_followed(self, other: Slopes) -> bool:
        """Return whether the response follows another law within the same margin to both sides."""
        tight = self.allowed._replace(bound="tight")
        return all(verdict_on(tight.growth(*one)) == "supported" for one in other.factors.items())

    def is_any_followed(self, others: list[Slopes]) -> bool:
        """Return whether counts follow any simple law; those that jump between two follow none, and refute none."""
        if not self.given.is_exact or not others:
            return True
        lower = (self.given.beside_with(one.law, lower_order_terms(one.law)) for one in others)
        return any(one is not None and one.deviation <= LARGEST_MISFIT for one in (*others, *lower))

    def closer_law(self, found: Slopes, others: list[Slopes]) -> str | None:
        """Return a law that the response follows far more closely, if any: a simple one, or one of lower powers."""
        if len(self.given.points) > 1:
            is_judged = not self.given.is_exact and self.allowed.bound == "tight" and self._is_misfit(found)
            return self.lower_law_of_time(found, FAR_CLOSER) if is_judged else None
        if found.deviation <= self.allowed.margin:
            return self._closer_without_overhead(found, others)
        own = self.power(self.law, found)
        beside = self._beside_constant(others) if self.given.is_exact else []
        candidates = [*others, *(one for one in beside if abs(self.power(one.law, found) - own) >= ANOTHER_CLASS)]
        best = min(candidates, key=lambda one: one.deviation, default=None)
        if best is None:
            return None
        is_followed = best.deviation <= min(CLOSE * self.allowed.margin, found.deviation / FAR_CLOSER)
        return best.law.text if is_followed else None

    def _closer_without_overhead(self, found: Slopes, others: list[Slopes]) -> str | None:
        """Return a simple law of another class that a time follows far more closely by itself, without any overhead.

        A logarithm over many decades is nearly n beside a constant, but bends to the other side.
        """
        best = min(others, key=lambda one: one.deviation, default=None)
        if best is None or self.given.is_exact or not found.overhead:
            return None
        is_other = abs(self.power(best.law, found) - self.power(self.law, found)) >= ANOTHER_CLASS
        is_closer = self._is_misfit(found) and FAR_CLOSER * best.deviation <= found.deviation
        return best.law.text if is_other and is_closer else None

    def closer_beside_constant(self, found: Slopes, others: list[Slopes]) -> list[CostLaw]:
        """Return simple laws that counts follow far more closely, with a constant that is little of the largest."""
        return [one.law for one in self._beside_constant(others) if FAR_CLOSER * one.deviation <= found.deviation]

    def _beside_constant(self, others: list[Slopes]) -> list[Slopes]:
        """Return the counts beside other laws with a constant, where that is little of the largest."""
        beside = (self.given.beside_with(one.law, ("1",)) for one in others)
        return [one for one in beside if one is not None and one.share >= LEAST_OWN]

    def rival(self, found: Slopes, others: list[Slopes], fits: list[Slopes]) -> str | None:
        """Return another law that may be the true one, if any.

        Parameters
        ----------
        found : the response beside the law that is asked about.
        fits : those of the others that it follows.
        """
        of_counts = self._rival_of_counts(found) if self.given.is_exact else self._rival_of_time(found)
        of_one = self._closer_count(found, others) or self._as_close_count(found, others) or self._falling_count(found)
        return of_counts or of_one or self._hidden_rival(found, fits)

    def power(self, law: CostLaw, found: Slopes) -> float:
        """Return the exponent of the first term of a law in its only factor at the largest point."""
        (factor,) = self.given.points
        return law.terms[0].local_exponent(factor, found.largest)

    def _is_exponential(self) -> bool:
        """Return whether the law is a power of its factor's level already, of which the base alone may be another."""
        at = {name: float(levels.max()) for name, levels in self.given.points.items()}
        half = {name: level / 2 for name, level in at.items()}
        (factor,) = at
        full, less = (sum(term.local_exponent(factor, where) for term in self.law.terms) for where in (at, half))
        return math.isclose(full, 2 * less, rel_tol=1e-3) and full > 0

    def _has_base(self, base: float) -> bool:
        """Return whether a law that is a power of its level grows by about as much a step."""
        ((factor, levels),) = self.given.points.items()
        top = float(levels.max())
        last, before = (float(self.law.evaluate({factor: level})) for level in (top, top - 1))
        return before > 0 and abs(math.log(base) - math.log(last / before)) <= SAME_BASE * math.log(base)

    def _closer_count(self, found: Slopes, others: list[Slopes]) -> str | None:
        """Return a simple law of another growth that counts follow far more closely, bare or with the same overhead."""
        if not self.given.is_exact or not found.overhead or found.deviation < LEAST_DIFFERENCE:
            return None
        beside = [self.given.beside_with(one.law, found.overhead) for one in others]
        for one in sorted((*others, *filter(None, beside)), key=lambda one: one.deviation):
            if FAR_CLOSER * one.deviation > found.deviation:
                return None
            more = self.power(one.law, found) - self.power(self.law, found)
            if abs(more) > self.allowed.margin and not self._is_within_bound(more):
                return one.law.text
        return None

    def _is_within_bound(self, more: float) -> bool:
        """Return whether a law whose exponent is so much more than that of the stated one is within the bound too."""
        return (self.allowed.bound == "upper" and more < 0) or (self.allowed.bound == "lower" and more > 0)

    def _as_close_count(self, found: Slopes, others: list[Slopes]) -> str | None:
        """Return a simple law of another growth that counts follow as closely with the same terms beside it.

        Only where these terms are most of the counts: n^1.5 beside n is n·log(n) beside n over a hundredfold range.
        Where they are a good part of them, and the counts lie off all the same, one that is less close may be true too.
        """
        if not self.given.is_exact or set(found.overhead) <= {"1"} or self.allowed.bound == "upper":
            return None
        is_misfit = found.deviation > LEAST_MISFIT
        if found.share >= (LEAST_CLEAR if is_misfit else LEAST_OWN_BESIDE_TERMS):
            return None
        most = (FAR_CLOSER if is_misfit else AS_CLOSE) * max(found.deviation, LEAST_DIFFERENCE)
        for one in others:
            if one.law.text in found.overhead or abs(self.power(one.law, found) - self.power(self.law, found)) < SLOWLY:
                continue
            beside = self.given.beside_with(one.law, found.overhead)
            if beside is not None and beside.share >= found.share and beside.deviation <= most:
                return one.law.text
        return None

    def _falling_count(self, found: Slopes) -> str | None:
        """Return a term beside a law by which counts are as close, less terms of lower order.

        Over a short range n³ less 3·n² is n³·log(n) beside n³.
        """
        is_little = found.share < LEAST_OWN_BESIDE_TERMS
        if not self.given.is_exact or len(self.given.points) > 1 or not is_little or self.allowed.bound == "upper":
            return None
        most = AS_CLOSE * max(found.deviation, LEAST_DIFFERENCE)
        for term in found.overhead:
            lower = [each for each in found.overhead if each != term]
            if set(lower) <= {"1"} or not 0 < self.power(self.law, found) - self.power(CostLaw(term), found) < SLOWLY:
                continue
            falling = self.given.beside_with(CostLaw(term), lower, is_signed=True)
            if falling is not None and falling.deviation <= most:
                return term
        return None

    def _hidden_rival(self, found: Slopes, fits: list[Slopes]) -> str | None:
        """Return a law of another class that may be the true one, as a constant or lower terms may hide."""
        if len(self.given.points) != 1:
            return None
        (factor,) = self.given.points
        own = sum(term.local_exponent(factor, found.largest) for term in self.law.terms)
        if found.overhead:
            for other in fits:
                more = other.factors[factor].law - own
                if abs(more) >= ANOTHER_CLASS and not self._is_within_bound(more):
                    return other.law.text
        margin, bound = self.allowed
        closest = min(one.deviation for one in (found, *fits))
        share, closer = (COUNTED_SHARE, COUNTED_CLOSER) if self.given.is_exact else (LEAST_HIDDEN, HIDDEN_CLOSER)
        if bound == "upper" or (closest <= CLOSE_FIT * margin and own > margin):
            return None
        for text in ("{n}", "{n}**2", "{n}**3"):
            law = CostLaw(text.format(n=factor))
            if not NEXT_POWER[0] <= law.terms[0].local_exponent(factor, found.largest) - own <= NEXT_POWER[1]:
                continue
            beside = self.given.beside_with(law, lower_order_terms(law))
            if beside is None or beside.share < share or beside.deviation > closer * closest:
                continue
            if may_hold(self.given, beside):
                return beside.full_law.text
        return None

    def _rival_of_time(self, found: Slopes) -> str | None:
        """Return a law of lower powers that a time of several factors may have instead, if any."""
        if len(self.given.points) == 1 or self.allowed.bound == "upper":
            return None
        return self._root_of_time(found) or (self.lower_law_of_time(found) if self._is_misfit(found) else None)

    def _is_misfit(self, found: Slopes) -> bool:
        return found.deviation > CLOSE_FIT * self.allowed.margin

    def _root_of_time(self, found: Slopes) -> str | None:
        """Return the root of a law of several factors that a time follows beside a constant, unless it is refuted.

        Where the growth shows at the largest levels alone, a cache that is left there looks like a higher power.
        """
        if not found.overhead:
            return None
        root = self._root()
        if root is None:
            return None
        lower = {"1", *lower_order_terms(root)}
        for overhead in ((), tuple(term for term in found.overhead if term in lower)):
            beside = self.given.beside_with(root, overhead)
            if beside is not None and "refuted" not in _words(beside, self.allowed):
                return root.text
        return None

    def _root(self) -> CostLaw | None:
        """Return the law with half of every power; None if one of them has no end."""
        powers = [term.powers() for term in self.law.terms]
        if not all(math.isfinite(power) for each in powers for power in each.values()):
            return None
        return CostLaw(
            " + ".join("*".join(f"{base}**{power / 2 or 1:g}" for base, power in each.items()) for each in powers)
        )

    def lower_law_of_time(self, beside: Slopes, closer: float = AS_CLOSE) -> str | None:
        """Return a law of lower powers that a time of several factors follows so much more closely than this one.

        Parameters
        ----------
        beside : the time beside this law, perhaps with terms of lower order.
        """
        root, tight = self._root(), self.allowed._replace(bound="tight")
        for law in (*self.lower_laws(), *([] if root is None else [root])):
            for overhead in ((), ("1",)):
                other = self.given.beside_with(law, overhead)
                is_closer = other is not None and closer * other.deviation < beside.deviation
                if other is not None and is_closer and _words(other, tight) == {"supported"}:
                    return law.text
        return None

    def _rival_of_counts(self, found: Slopes) -> str | None:
        """Return a law of another class that counts of several factors follow far more closely, with lower powers."""
        if len(self.given.points) == 1 or found.deviation < LEAST_MISFIT or self.allowed.bound == "upper":
            return None
        for factor in self.given.points:
            for power in (-1.0, -0.5, 0.5, 1.0):
                law = CostLaw(" + ".join(term.times(factor, power) for term in self.law.terms))
                beside = self.given.beside_with(law, lower_order_terms(law))
                if beside is None or len(law.terms) == self.given.values.size:
                    continue
                share, closer = (COUNTED_SHARE, COUNTED_CLOSER) if power == 1 else (LEAST_HIDDEN, 1 / FAR_CLOSER)
                if beside.share >= share and beside.deviation <= closer * found.deviation:
                    return law.text
        return None


def _words(beside: Slopes, allowed: Margin) -> set[Word]:
    """Return the verdicts on the growth with each factor, and with all together."""
    growths = tuple(allowed.growth(*one) for one in beside.factors.items())
    return set(map(verdict_on, (*growths, allowed.together(growths))))
