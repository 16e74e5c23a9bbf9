"""Holds the growth of a response against its law as a whole.

Evidence for the limits: functions of well-known libraries, their true laws and wrong ones (``python -m tests.corpus``;
docs/decisions, 81).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.findings.growth import FactorGrowth, LawGrowth
from bptt_bench.analyse.findings.limits import Limits, Word
from bptt_bench.analyse.growth.functions import may_hold
from bptt_bench.analyse.growth.logarithm import SMALL_NUMBERS
from bptt_bench.analyse.growth.margins import Margin, verdict_on
from bptt_bench.analyse.growth.operation_cost import MOST_RISE
from bptt_bench.analyse.growth.other_laws import (
    AS_CLOSE,
    FAR_CLOSER,
    HIDDEN_CLOSER,
    LARGEST_MISFIT,
    LEAST_CLEAR,
    LEAST_DIFFERENCE,
    LEAST_HIDDEN,
    LEAST_MISFIT,
    OtherLaws,
)
from bptt_bench.analyse.growth.slopes import CLOSE, CLOSER, Response, Slopes
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.plan import CostLaw
from bptt_bench.plan.claims.claim import Bound
from bptt_bench.plan.experiment.instructions import lower_order_terms

LEAST_CLEAR_OF_SEVERAL = 0.7  # as LEAST_CLEAR, of several factors, of which each has terms of its own
LEAST_CLEAR_OF_COUNTS = 0.5  # the same of counts of several factors
LEAST_MOST = 0.5  # the same of counts at smaller levels, with which lower terms need be no closer than other laws
LEAST_SEEN = 0.05  # the same of a constant alone, where no other simple law is followed as closely
DOUBLED = 2.0  # largest over smallest count, below which a constant is half or more of it
WIDE_RANGE = 50.0  # largest over smallest value of a law that would show
FLAT = 1.1  # a time at the largest level over the least, from which growth may be hidden
# margins by which counts may miss a law without refuting it: of one factor, and of several if all together are right
MILD, MILD_OF_SEVERAL = 2.0, 4.0
MILD_OF_SMALL_NUMBERS = 4.0  # … of one factor, at smaller levels that begin below the numbers that Python keeps ready
HALF_A_POWER = 0.45  # … of several factors at smaller levels, nearly: laws that are off by half a power are refuted
FADING, LAST_STEP = 0.6, math.log(1.5)  # of what is missed, up to the largest level from one that is so much smaller
FEWEST_PER_TERM = 2  # counts of several factors, for a law to be refuted that lower terms may hide
FAINT = 0.05  # exponent of a law at the largest point, from which a factor is next to nothing there
UNEXPLAINED = 0.25  # … and share of the margin by which the response grows more
NO_GROWTH = 0.01  # exponent of a law that does not grow with a factor
LEAST_PER_UNIT = 1 / 64  # instructions for a unit of what a law counts, such as a product of two numbers of 8 bits
MOST_POWER = 4.0  # of a factor that may be a number of bits
LATE_GROWTH = 2.0  # times the margin: growth at the largest level of what should not grow
FEWEST_OUTGROWN = 3  # steps in which a response grows more than MOST_RISE times as much as the law
MOST_LOG = 700.0  # of a number that does not overflow


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
    given : the response.
    name : its name.
    overheads : terms that may stand beside the law, from nothing to most.
    least_share : of the response, for the law's own terms to be judged.
    is_made_smaller : whether the response was counted at smaller levels than the law is claimed at.
    is_below : whether it was also counted below the smallest of these levels, where the law may not hold yet.
    """

    given: Response
    law: CostLaw
    name: str
    bound: Bound
    margin: float
    overheads: tuple[tuple[str, ...], ...]
    least_share: float
    is_made_smaller: bool = False
    is_below: bool = False

    def answer(self) -> Answer | None:
        """Return the verdict; ``None`` where the law has no value at the points, or no factor varies by itself."""
        found = self._beside()
        if found is None:
            return None
        growths = tuple(self._allowed.growth(name, one) for name, one in found.factors.items())
        others = self._rivals.beside()
        finding = LawGrowth(
            law=self.law.text,
            response=self.name,
            bound=self.bound,
            overhead=found.overhead,
            at=found.largest,
            whole=self._allowed.together(growths),
            growths=growths,
            also_fit=tuple(one.law.text for one in others if self._rivals.is_followed(one)),
            closer=self._rivals.closer_law(found, others),
            hidden=self._hidden_terms(found),
            late=self._late_factors(found),
        )
        word, finding = self._decide(finding, found, others)
        shown = tuple(self._per_step(one, found) for one in growths)
        whole = shown[0] if len(shown) == 1 else finding.whole
        return Answer(word, replace(finding, growths=shown, whole=whole), found)

    def _beside(self) -> Slopes | None:
        """Return the response beside the law with the least overhead that it needs.

        A time may have terms of lower order beside a law that is nearly all of it at the largest point.
        """
        found = self.given.beside(self.law, self.overheads, self.margin, self.least_share)
        if found is None or self.given.is_exact or self.bound == "upper":
            return found
        beside = self.given.beside_with(self.law, lower_order_terms(self.law))
        if beside is None or beside.share < LEAST_CLEAR:
            return found
        is_closer = beside.deviation <= CLOSER * found.deviation and beside.deviation <= CLOSE * self.margin
        return beside if is_closer else found

    @property
    def _allowed(self) -> Margin:
        return Margin(self.margin, self.bound)

    @property
    def _rivals(self) -> OtherLaws:
        return OtherLaws(given=self.given, law=self.law, allowed=self._allowed)

    def _decide(self, finding: LawGrowth, found: Slopes, others: list[Slopes]) -> tuple[Word, LawGrowth]:
        outgrown = self._outgrown()
        if outgrown is not None:
            return "refuted", replace(finding, outgrown=outgrown)
        words = [verdict_on(one) for one in finding.growths]
        if "refuted" in words or verdict_on(finding.whole) == "refuted":
            hiding = self._hiding_terms(finding, others)
            is_open = (
                bool(hiding)
                or self._is_missed_by_little(finding, found, others)
                or not self._rivals.is_any_followed(others)
            )
            return ("inconclusive" if is_open else "refuted"), replace(finding, hiding=hiding)
        if finding.closer is not None and self._is_excluded_by(CostLaw(finding.closer), found):
            return "refuted", finding
        fits = [one for one in others if one.law.text in finding.also_fit]
        rival = self._rivals.rival(found, others, fits)
        is_small = found.share < self._least_clear(found) and self.bound != "upper"
        obstacles = finding.hidden or finding.late or rival is not None or is_small
        is_clear = set(words) == {"supported"} and not obstacles
        hiding = found.overhead if is_small else ()
        return ("supported" if is_clear else "inconclusive"), replace(finding, rival=rival, hiding=hiding)

    def _outgrown(self) -> float | None:
        """Return how many times as much as the law a response of one factor grows, if many, and more at every step.

        Neither caches nor terms of lower order explain that, and so few steps suffice.
        """
        bare = self.given.beside_with(self.law) if self.bound != "lower" and len(self.given.points) == 1 else None
        if bare is None:
            return None
        (levels,) = self.given.points.values()
        expected = bare.full_law.evaluate(dict(self.given.points), bare.coefficients)
        with np.errstate(all="ignore"):  # a term that is 0 at a level may be all that the fit left
            excess = np.log(self.given.values / expected)[np.argsort(levels, kind="stable")]
            steps = np.diff(excess)
        times = math.exp(min(float(excess[-1] - excess[0]), MOST_LOG))
        is_steady = len(steps) >= FEWEST_OUTGROWN and bool((steps > 0).all())
        return times if is_steady and times > MOST_RISE else None

    def _least_clear(self, found: Slopes) -> float:
        """Return the share of a law's terms at the largest point from which lower terms do not make it another law's.

        Counts of one factor are held against other laws with the same terms beside them, and those of several that
        follow a law to within a fifth of a per cent follow no other.
        """
        if not self.given.is_exact:
            return LEAST_CLEAR
        is_certain = len(self.given.points) == 1 or found.deviation < LEAST_DIFFERENCE
        return 0.0 if is_certain else LEAST_CLEAR_OF_COUNTS

    def _is_excluded_by(self, closer: CostLaw, found: Slopes) -> bool:
        """Return whether a law that the response follows far more closely is one that the bound does not allow."""
        if self.bound == "tight":
            return True
        (factor,) = self.given.points
        exponent = self._rivals.power(closer, found)
        return self._allowed.limits(found.factors[factor].law).decide(exponent, exponent) == "refuted"

    def _late_factors(self, found: Slopes) -> tuple[str, ...]:
        """Return factors with which a response that should not grow has begun to at their largest level.

        Over a wide range 1 µs + 1 ns·n hardly grows as a power of n; at its end it may have doubled.
        """
        if self.bound == "lower":
            return ()
        flat = {name: one for name, one in found.factors.items() if abs(one.law) < NO_GROWTH}
        return tuple(name for name, one in flat.items() if one.last > LATE_GROWTH * self.margin)

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
        """Return terms of a sum that are too small to show whether they are there.

        They are so at every point, or at the largest one, and the response grows there with a factor that they alone
        have, as they do not: n·log(m) follows n + m but for that.
        """
        if self.bound == "upper" or len(self.law.terms) == 1:
            return ()
        small = {term for term, share in found.largest_shares.items() if share < self.least_share / 2}
        for name, one in found.factors.items():
            own = [str(term) for term in self.law.terms if name in term.factors]
            if len(own) == 1 and 0 < one.law < FAINT and one.excess.low > self.margin * UNEXPLAINED:
                small.add(own[0])
        return tuple(term for term in found.largest_shares if term in small)

    def _is_missed_by_little(self, finding: LawGrowth, found: Slopes, others: list[Slopes]) -> bool:
        """Return whether a law is missed by hardly more than the margin, and no other law of its factor tells why.

        At levels below those that are claimed also if it is missed by hardly more up to the largest of them, and with
        several factors whatever they say together: numbers up to 256 take fewer instructions in Python than others.
        A law that is followed tells why if it grows otherwise: n does beside n·log(n), and not beside n·log(log n).
        """
        refuted = [one for one in finding.growths if verdict_on(one) == "refuted"]
        missed = [abs(one.estimate.estimate - one.predicted) for one in refuted]
        if not self.given.is_exact or (not missed and len(self.given.points) == 1):
            return False
        if not missed:  # but all factors together are
            return self.is_made_smaller
        if len(self.given.points) > 1:
            return max(missed) <= self._most_missed_of_several(finding, refuted)
        if max(missed) > self._most_missed(refuted):
            return self.is_made_smaller and self._late_excess() <= min(MILD * self.margin, FADING * max(missed))
        own = self._rivals.power(self.law, found)
        tells_why = [CostLaw(law) for law in finding.also_fit] + self._rivals.closer_beside_constant(found, others)
        return all(abs(self._rivals.power(law, found) - own) < self.margin for law in tells_why)

    def _most_missed(self, refuted: Sequence[FactorGrowth]) -> float:
        """Return by how much counts of one factor may miss a law without refuting it.

        Where ever more numbers exceed those that Python keeps ready, they grow more than the law.
        """
        return (MILD_OF_SMALL_NUMBERS if self._are_numbers_small(refuted) else MILD) * self.margin

    def _most_missed_of_several(self, finding: LawGrowth, refuted: Sequence[FactorGrowth]) -> float:
        """Return the same of several factors.

        Where all are made smaller but those that are small already, a window of k in n is no longer a small part of it:
        what n grows too much k grows too little. Below the claimed levels it may not even be in it.
        """
        is_whole_right = verdict_on(finding.whole) != "refuted"
        if self.is_below or (self.is_made_smaller and is_whole_right):
            return HALF_A_POWER
        if is_whole_right:
            return MILD_OF_SEVERAL * self.margin
        small = MILD_OF_SMALL_NUMBERS if self._are_numbers_small(refuted) else MILD
        return small * self.margin if self.is_made_smaller else 0.0

    def _are_numbers_small(self, refuted: Sequence[FactorGrowth]) -> bool:
        """Return whether counts at smaller levels grow more than the law from numbers on that are kept ready."""
        grows_more = all(one.estimate.estimate > one.predicted for one in refuted)
        least = min(float(levels.min()) for levels in self.given.points.values())
        return self.is_made_smaller and grows_more and least <= SMALL_NUMBERS

    def _is_followed_beside(self, beside: Slopes) -> bool:
        """Return whether a time follows its law within the margin beside small terms of lower order.

        Another law may fit as well over the measured range, such as n^1.5 beside n + n².
        """
        is_of_one = len(self.given.points) == 1
        if self.given.is_exact or beside.share < (LEAST_CLEAR if is_of_one else LEAST_CLEAR_OF_SEVERAL):
            return False
        is_within = all(abs(one.excess.estimate) <= self.margin for one in beside.factors.values())
        return is_within and (is_of_one or is_needed(self.given, beside))

    def _late_excess(self) -> float:
        """Return how much more counts of one factor grow than the law up to the largest level, as an exponent.

        A dictionary that fills, or a window that is reached, has an end: the growth comes back to that of the law.
        """
        ((factor, levels),) = self.given.points.items()
        order = np.argsort(levels)
        excess = np.log(self.given.values / self.law.evaluate({factor: levels}))[order]
        logs = np.log(levels[order])
        before = int(np.searchsorted(logs, logs[-1] - LAST_STEP, side="right")) - 1
        return math.inf if before < 0 else abs(float((excess[-1] - excess[before]) / (logs[-1] - logs[before])))

    def _hiding_terms(self, finding: LawGrowth, others: list[Slopes]) -> tuple[str, ...]:
        """Return terms of lower order with which the response follows a law that it seems to grow less than."""
        refuted = [one for one in (finding.whole, *finding.growths) if verdict_on(one) == "refuted"]
        if self.bound == "lower" or any(one.estimate.estimate > one.predicted for one in refuted):
            return ()
        is_seen = self.given.is_exact and finding.closer not in (None, "1")  # growth, and that of another law
        if not is_seen and self._is_lost_in_constant(others):
            return ("1",)
        bare = self.given.beside_with(self.law)
        closest = min((one.deviation for one in (bare, *others) if one is not None), default=math.inf)
        for lower in (("1",), lower_order_terms(self.law)):
            beside = self.given.beside_with(self.law, lower)
            if beside is None or beside.share < self._least_hidden(beside, others):
                continue
            is_most = self.is_made_smaller and beside.share >= LEAST_MOST
            closer = 1.0 if is_most else CLOSER
            most = min(closer * closest, LARGEST_MISFIT) if self.given.is_exact else HIDDEN_CLOSER * closest
            if beside.deviation > most and not self._is_followed_beside(beside):
                continue
            if self._is_time_of_several and self._rivals.lower_law_of_time(beside) is not None:
                continue
            rivals = self._rivals.beside_lower(lower)
            is_little = self.given.is_exact and len(self.given.points) > 1 and beside.share < LEAST_HIDDEN
            distance = AS_CLOSE if is_little else FAR_CLOSER
            is_closest = all(distance * one.deviation > beside.deviation for one in rivals)
            if is_closest and may_hold(self.given, beside):
                return tuple(lower)
        return ()

    @property
    def _is_time_of_several(self) -> bool:
        return not self.given.is_exact and len(self.given.points) > 1

    def _least_hidden(self, beside: Slopes, others: list[Slopes]) -> float:
        """Return the share of a law's terms at the largest point, from which the terms beside them may hide it."""
        if self._has_few_points(len(beside.full_law.terms)):
            return 0.0
        if self.given.is_exact and len(self.given.points) > 1:
            return least_hidden_of_several(self.given, beside)
        if self.given.is_exact and not _has_instructions(self.given, beside):
            return math.inf
        is_seen = is_needed(self.given, beside) if self.given.is_exact else beside.overhead == ("1",)
        return LEAST_SEEN if is_seen and others else LEAST_HIDDEN

    def _has_few_points(self, n_terms: int) -> bool:
        """Return whether counts of several factors are at too few points to distinguish so many terms."""
        is_of_several = self.given.is_exact and len(self.given.points) > 1
        return is_of_several and len(self.given.values) < FEWEST_PER_TERM * n_terms

    def _is_lost_in_constant(self, others: list[Slopes]) -> bool:
        """Return whether a response hardly grows, over a range in which a constant part may hide its growth.

        Counts show any growth at the levels that are claimed; at smaller ones a constant may be most of them.
        """
        if self.given.is_exact:
            return self.is_made_smaller and self.given.values.max() < DOUBLED * self.given.values.min()
        flat = any(one.law.text == "1" and self._rivals.is_followed(one) for one in others)
        law, values = self.law.evaluate(dict(self.given.points)), self.given.values
        if not flat or not (law > 0).all():
            return False
        return bool(law.max() < WIDE_RANGE * law.min() or values[law.argmax()] > FLAT * values.min())


def least_hidden_of_several(given: Response, beside: Slopes) -> float:
    """Return the share of a law's terms, from which terms of lower order beside them may hide it in counts.

    None if the least that its units take would not be seen beside the others; else a small one if the counts are
    followed less closely without the law's own terms.

    Parameters
    ----------
    given : counts of several factors.
    beside : beside the law with all terms of lower order.
    """
    if _is_unseen(given, beside):
        return 0.0
    if not _has_instructions(given, beside):
        return math.inf
    return LEAST_SEEN if is_needed(given, beside) else LEAST_HIDDEN


def is_needed(given: Response, beside: Slopes) -> bool:
    """Return whether a response is followed less closely by what stands beside a law alone, without its own terms."""
    alone = given.beside_with(CostLaw(" + ".join(beside.overhead)))
    return alone is None or alone.deviation > AS_CLOSE * beside.deviation


def _has_instructions(given: Response, beside: Slopes) -> bool:
    """Return whether a law's terms are as many counts as its units take at least, or so few would not be seen."""
    return _is_unseen(given, beside) or beside.share * _count(beside) >= _least_count(given, beside)


def _is_unseen(given: Response, beside: Slopes) -> bool:
    return _least_count(given, beside) <= max(beside.deviation, LEAST_MISFIT) * _count(beside)


def _count(beside: Slopes) -> float:
    """Return the count at the largest point."""
    return float(beside.full_law.evaluate(beside.largest, beside.coefficients))


def _least_count(given: Response, beside: Slopes) -> float:
    """Return how many instructions the units of a law take at least at the largest point.

    A factor may be a number of bits, of which one instruction takes a word: n² then takes one for 64² units.
    """
    units = float(beside.law.evaluate(beside.largest))
    at_one = float(beside.law.evaluate(dict.fromkeys(given.points, 1.0)))  # a coefficient; may have no value
    unit = at_one if 1.0 < at_one < math.inf else 1.0
    power = 1.0
    if len(given.points) == 1:
        (factor,) = given.points
        power = max(beside.law.terms[0].local_exponent(factor, beside.largest), 1.0)
    return units / unit * math.pow(LEAST_PER_UNIT, min(power, MOST_POWER))
