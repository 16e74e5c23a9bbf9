"""Searches the exact laws of counts: families along lines, their products, and a confirmation at further sizes.

Along a line through a base each count is sought in families of functions of one factor. The products of what was found
along all lines are the columns of a linear system, which is solved exactly over every size that was counted at. A law
is accepted if it gives every count at every size, and if at least ``CONFIRMATIONS`` of these were not needed to
determine it, some of them much larger. A count that depends on anything else agrees with no law at so many sizes.

Source: the interpolation of black-box polynomials as in von zur Gathen and Gerhard, Modern Computer Algebra, chapter 5.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from fractions import Fraction

from bptt_bench.analyse.derive import families
from bptt_bench.analyse.derive.atoms import Atom, factors, largest_number
from bptt_bench.analyse.derive.exact_law import ONE, ExactLaw, Monomial, monomial_value, product
from bptt_bench.analyse.derive.families import Family
from bptt_bench.analyse.derive.linear import Solution, System, solve
from bptt_bench.analyse.derive.sampling import (
    LONGER,
    OTHER_INPUTS,
    Component,
    Sampler,
    Sizes,
    neighbours_of_multiples,
)

CONFIRMATIONS = 50  # sizes at which a law must hold beside those that determine it
MUCH_LARGER = 4  # times as large as the largest that determines it
BEYOND_A_THRESHOLD = 3  # times the largest threshold or tile of a law
SPARE_ON_A_LINE = 7  # the same for a family along a line
DEGREES = (2, 4, 6)  # of polynomials along a line: few sizes suffice for low ones
MOST_FACTORS_AT_ONCE, DEGREE_AT_ONCE = 4, 4  # of polynomials that are tried where the lines are too short
MOST_COLUMNS = 260
FEW_COLUMNS = 120  # products of the functions of all factors; where there are more, only those that act together
MOST_SHARED_ROWS = 120  # of a system that is kept, which takes their square
MOST_THRESHOLDS = 3
SMALL_RANGE = 5  # of random sizes that determine coefficients
GROWING = ("factorial", "fibonacci")  # functions whose values at large sizes cannot be written down
FAR = 16  # sizes beyond it are drawn on purpose where a law has thresholds there
REPEATED = 6  # sizes at which other inputs are tried


class Obstacle(Enum):
    """Why no law was found."""

    DATA = "data"  # two inputs of the same sizes count differently
    STATE = "state"  # one evaluation after another counts differently
    NO_EXPRESSION = "no expression"  # none of the families holds
    FEW_SIZES = "few sizes"  # too few sizes can be evaluated to confirm one
    BUDGET = "budget"  # the time was spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """The expression that holds at the most sizes, where none holds at all.

    Attributes
    ----------
    holds_at, of : sizes.
    first_failure : the smallest sizes at which it does not hold.
    deviation : the largest, relative to the count.
    deviates_at : where.
    """

    law: ExactLaw
    holds_at: int
    of: int
    first_failure: Mapping[str, int]
    deviation: float
    deviates_at: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What was found of one count.

    Attributes
    ----------
    law : that was accepted, if any.
    determined_by : sizes that its coefficients need.
    confirmed_at : further ones.
    largest : size of each factor, with any of the others.
    powers_of_two : factors for whose powers of two it holds.
    """

    component: Component
    law: ExactLaw | None
    determined_by: int = 0
    confirmed_at: int = 0
    largest: Mapping[str, int] = field(default_factory=dict)
    powers_of_two: tuple[str, ...] = ()
    obstacle: Obstacle | None = None
    nearest: Nearest | None = None
    differs_at: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Axis:
    """What a count is made of along a line: monomials in one factor, and the sizes that determine them."""

    support: tuple[Monomial, ...]
    special: tuple[int, ...]
    found: bool = True
    powers_of_two: bool = False


@dataclass(frozen=True, slots=True)
class Fitted:
    """A law that gives a count at some sizes, the number of them that determine it, and the largest of these."""

    law: ExactLaw
    rank: int
    determined_by: tuple[Sizes, ...]


def is_power_of_two(size: int) -> bool:
    """Return whether a size is 1, 2, 4, …."""
    return size > 0 and size & (size - 1) == 0


@dataclass(slots=True)
class Search:
    """The search for the laws of all counts of one subject."""

    sampler: Sampler
    _columns: dict[tuple[Monomial, Sizes], int] = field(default_factory=dict)
    _systems: dict[tuple[Family, tuple[Sizes, ...]], System] = field(default_factory=dict)

    # --- the sizes ---

    def explore(self) -> None:
        """Count along a line in each factor, and at small random sizes."""
        sampler = self.sampler
        for place in range(len(sampler.names)):
            sampler.count_dense(place)
        if len(sampler.names) > 1:
            sampler.count_random(CONFIRMATIONS, [low + SMALL_RANGE for low in sampler.least], {})
        for place in range(len(sampler.names)):
            sampler.count_growing(place)

    def run(self) -> list[Derived]:
        """Return what was found of each count."""
        self.explore()
        differing = self._differing()
        components = self.sampler.components()
        found: dict[Component, tuple[Fitted, tuple[int, ...]] | None] = {}
        for component in components:
            found[component] = None if component in differing else self._search(component)
        self._count_large(found)
        for component in components:
            if component not in differing:
                found[component] = self._checked(component, found[component])
        self._count_large(found)
        return [self._judged(component, found[component], differing) for component in components]

    def _count_large(self, found: Mapping[Component, object]) -> None:
        """Count at random sizes that are large in several factors at once."""
        most = [self.sampler.reach(i) for i in range(len(self.sampler.names))]
        if found:
            self.sampler.count_random(CONFIRMATIONS if len(most) > 1 else CONFIRMATIONS // 2, most, {})

    def _differing(self) -> dict[Component, tuple[Obstacle, Sizes]]:
        """Return the counts that other inputs, or a second evaluation, change; and where."""
        valid = self.sampler.valid()
        differing: dict[Component, tuple[Obstacle, Sizes]] = {}
        for sizes, counted in self.sampler.found.items():
            if not counted.again:
                for component in counted.counts or {}:
                    differing.setdefault(component, (Obstacle.STATE, sizes))
        middle = valid[len(valid) // 3 :: max(1, 2 * len(valid) // (3 * REPEATED))][:REPEATED]
        for number, sizes in enumerate(middle):
            made = [
                self.sampler.at(sizes),
                *(self.sampler.repeated(sizes, OTHER_INPUTS + 2 * number + i) for i in (0, 1)),
            ]
            counts = [one.counts for one in made if one.counts is not None]
            for component in dict.fromkeys(component for one in counts for component in one):
                if len({one.get(component, 0) for one in counts}) > 1:
                    differing.setdefault(component, (Obstacle.DATA, sizes))
        return differing

    # --- one count ---

    def _search(self, component: Component) -> tuple[Fitted, tuple[int, ...]] | None:
        """Return a law that gives a count at all sizes, and the factors whose powers of two it is restricted to."""
        names = self.sampler.names
        axes = [self._axis(place, component) for place in range(len(names))]
        restricted = tuple(i for i, axis in enumerate(axes) if axis.powers_of_two)
        for basis, special in self._bases(component, axes):
            if len(basis) > MOST_COLUMNS:
                continue
            self._count_enough(len(basis), special)
            rows = self.sampler.valid()
            fitted = self._fit(component, basis, rows)
            if fitted is not None and sum(map(self._is_joint, rows)) - fitted.rank >= SPARE_ON_A_LINE:
                return self._fit(component, list(fitted.law.terms), rows) or fitted, restricted
            if self.sampler.exhausted:
                break
        return None

    def _bases(
        self, component: Component, axes: Sequence[Axis]
    ) -> Iterator[tuple[list[Monomial], dict[int, tuple[int, ...]]]]:
        """Yield the columns to try: products of what was found along the lines, then with functions of two factors."""
        names, special = self.sampler.names, {i: axis.special for i, axis in enumerate(axes)}
        if all(axis.found for axis in axes):
            yield self._products([axis.support for axis in axes], component, special), special
        if len(axes) == 1:
            return
        others = [self._axis(place, component, base=self._other_base()) for place in range(len(axes))]
        both = [tuple(dict.fromkeys([*a.support, *b.support])) for a, b in zip(axes, others, strict=True)]
        wider = {
            i: tuple(dict.fromkeys([*a.special, *b.special])) for i, (a, b) in enumerate(zip(axes, others, strict=True))
        }
        if all(axis.found for axis in others) and others != list(axes):
            yield self._products(both, component, wider), wider
        plain = [self._without_bases(i, support) for i, support in enumerate(both)]
        small = {i: tuple(range(self.sampler.least[i], self.sampler.least[i] + 12)) for i in range(len(axes))}
        if len(axes) <= MOST_FACTORS_AT_ONCE:
            yield list(families.total_degree(names, DEGREE_AT_ONCE)), small
        basis = self._products(plain, component, small)
        pairs = [(names[i], names[j]) for i, j in itertools.combinations(range(len(axes)), 2)]
        kinds = (families.minima, families.logarithms_of_sums)
        for of_two, (one, other) in itertools.product(kinds, pairs):
            for atoms in of_two(one, other):
                yield [*basis, *families.with_atoms(basis, atoms)], small

    def _without_bases(self, place: int, support: Sequence[Monomial]) -> tuple[Monomial, ...]:
        """Return a polynomial support in place of one with thresholds, which may be sizes of other factors."""
        degree = 1
        for column in support:
            degree = max(degree, sum(power for _, power in column))
        plain = [column for column in support if all(isinstance(atom, str) for atom, _ in column)]
        name = self.sampler.names[place]
        return tuple(dict.fromkeys([*plain, *families.polynomials(name, min(degree, 2))]))

    def _other_base(self) -> Sizes:
        return tuple(base + 3 + 2 * i for i, base in enumerate(self.sampler.base))

    def _count_enough(self, columns: int, special: Mapping[int, Sequence[int]]) -> None:
        """Count at random small and special sizes until a system of so many columns is determined and confirmed."""
        joint = sum(map(self._is_joint, self.sampler.valid()))
        lacking = columns + CONFIRMATIONS - joint
        most = [
            max([low + SMALL_RANGE, *special.get(i, ())])
            if len(self.sampler.names) > 1
            else self.sampler.most.get(i, 99)
            for i, low in enumerate(self.sampler.least)
        ]
        far = [i for i, some in special.items() if max(some, default=0) > FAR and len(self.sampler.names) > 1]
        there = min((sum(self._is_joint(one) and one[i] > FAR for one in self.sampler.valid()) for i in far), default=0)
        self.sampler.count_random(max(lacking, columns + SPARE_ON_A_LINE - there if far else 0), most, special)

    def _fit(self, component: Component, basis: Sequence[Monomial], rows: Sequence[Sizes]) -> Fitted | None:
        """Return the law in these columns that gives the count at all rows, exactly; None if there is none."""
        if len(rows) <= 1:
            return None
        values = [self.sampler.value(sizes, component) for sizes in rows]
        solution = self._solve(tuple(basis), tuple(rows), values)
        if solution is None:
            return None
        terms = {one: c for one, c in zip(basis, solution.coefficients, strict=True) if c}
        law = ExactLaw(terms)
        scale = math.lcm(*(c.denominator for c in terms.values())) if terms else 1
        weights = [(int(c * scale), one) for one, c in terms.items()]
        for sizes, value in zip(rows, values, strict=True):
            if sum(weight * self._value(one, sizes) for weight, one in weights) != scale * value:
                return None
        return Fitted(law, solution.rank, tuple(rows[i] for i in solution.rows))

    def _solve(self, basis: Family, rows: tuple[Sizes, ...], values: Sequence[int]) -> Solution | None:
        """Return the coefficients of columns; those of a line are eliminated once for all counts."""
        if len(rows) > MOST_SHARED_ROWS:
            return solve([[self._value(one, sizes) for sizes in rows] for one in basis], values)
        key = (basis, rows)
        if key not in self._systems:
            self._systems[key] = System([[self._value(one, sizes) for sizes in rows] for one in basis])
        return self._systems[key].solve(values)

    def _value(self, one: Monomial, sizes: Sizes) -> int:
        key = (one, sizes)
        if key not in self._columns:
            self._columns[key] = monomial_value(one, dict(zip(self.sampler.names, sizes, strict=True)))
        return self._columns[key]

    # --- along a line ---

    def _axis(self, place: int, component: Component, base: Sizes | None = None) -> Axis:
        """Return what a count is made of along a line through the base, or through another one."""
        if base is not None:
            return self._axis_elsewhere(place, component, base)
        name, line = self.sampler.names[place], self.sampler.line(place)
        values = {self.sampler.value(sizes, component) for sizes in line}
        if len(values) <= 1 and line:
            return Axis((ONE,), (line[0][place],))
        for degree in DEGREES:
            whole = self._fit_line(component, families.polynomials(name, degree), line)
            if whole is not None:
                return self._axis_of(place, whole)
        dense = [sizes for sizes in line if sizes[place] < self.sampler.least[place] + self.sampler.dense]
        start = self._fit_line(component, families.polynomials(name), dense, spare=4)
        fitted = None
        if start is not None:
            fitted = self._after_breakpoint(place, component, start)
        if fitted is None:
            fitted = self._beyond_polynomials(place, component)
        if fitted is not None:
            return self._axis_of(place, fitted)
        line = self.sampler.line(place)
        is_restricted = all(is_power_of_two(sizes[place]) for sizes in line)  # no other size can be evaluated
        for family in families.at_powers_of_two(name) if is_restricted else ():
            fitted = self._fit_line(component, family, line, spare=3)
            if fitted is not None:
                return replace(self._axis_of(place, fitted), powers_of_two=True)
        support = families.polynomials(name, 2) if start is None else start.law.terms
        return Axis(families.closed(support, name), tuple(range(self.sampler.least[place], 6)), found=False)

    def _axis_elsewhere(self, place: int, component: Component, base: Sizes) -> Axis:
        """Return the same along a line through another base, at the sizes that were counted through the first."""
        sizes = sorted({one[place] for one in self.sampler.line(place)})[:24]
        line = [(*base[:place], size, *base[place + 1 :]) for size in sizes]
        valid = []
        for one in line:
            if self.sampler.exhausted or not self.sampler.is_affordable(one):
                break
            if self.sampler.at(one).counts is not None:
                valid.append(one)
        name = self.sampler.names[place]
        for family in (families.polynomials(name, 4), *families.beyond_polynomials(name)):
            fitted = self._fit_line(component, family, valid)
            if fitted is not None:
                return self._axis_of(place, fitted)
        return Axis(families.polynomials(name, 2), (), found=False)

    def _axis_of(self, place: int, fitted: Fitted) -> Axis:
        special = tuple(dict.fromkeys(sizes[place] for sizes in fitted.determined_by))
        return Axis(families.closed(fitted.law.terms, self.sampler.names[place]), special)

    def _fit_line(
        self, component: Component, family: Family, line: Sequence[Sizes], spare: int = SPARE_ON_A_LINE
    ) -> Fitted | None:
        try:
            fitted = self._fit(component, family, line)
        except (ZeroDivisionError, ValueError, OverflowError):  # a function that is undefined at one of the sizes
            return None
        if fitted is None or len(line) - fitted.rank < spare:
            return None
        return fitted

    def _simplest(self, component: Component, tried: Iterable[Family], line: Sequence[Sizes]) -> Fitted | None:
        """Return the law with the fewest terms among those of several families."""
        found = (self._fit_line(component, family, line) for family in tried)
        return min((one for one in found if one is not None), key=_complexity, default=None)

    def _beyond_polynomials(self, place: int, component: Component) -> Fitted | None:
        self.sampler.count_dense(place, LONGER)
        line = self.sampler.line(place)
        tried = [
            family
            for family in families.beyond_polynomials(self.sampler.names[place])
            if _is_bounded(family, line, place)
        ]
        return self._simplest(component, tried, line)

    def _after_breakpoint(self, place: int, component: Component, start: Fitted) -> Fitted | None:
        """Return a law that leaves a polynomial at a size, found by bisection: a threshold or the size of a tile."""
        name = self.sampler.names[place]
        law, places = start, list[int]()
        for _ in range(MOST_THRESHOLDS):
            first = self._first_failure(place, component, law)
            if first is None:
                return law
            places.append(first - 1)
            if len(places) == 1:
                for size in (first - 1, first):
                    self.sampler.count_near(place, neighbours_of_multiples(size))
                    fitted = self._simplest(component, families.at_breakpoint(name, first), self.sampler.line(place))
                    if fitted is not None:
                        return fitted
            self.sampler.count_near(place, [first + step for step in range(8)])
            family = families.thresholds(name, places, 2)
            prefix = self._longest_prefix(component, family, place, first)
            if prefix is None:
                return None
            law = prefix
        return law if self._first_failure(place, component, law) is None else None

    def _longest_prefix(self, component: Component, family: Family, place: int, beyond: int) -> Fitted | None:
        """Return the law in a family that holds along a line up to as large a size as possible."""
        line = self.sampler.line(place)
        ends = [i for i in range(len(line), 0, -1) if line[i - 1][place] > beyond]
        low, high, best = 0, len(ends) - 1, None
        while low <= high:  # the shorter the prefix, the sooner it fits
            middle = (low + high) // 2
            fitted = self._fit_line(component, family, line[: ends[middle]], spare=3)
            if fitted is not None:
                best, high = fitted, middle - 1
            else:
                low = middle + 1
        return best

    def _first_failure(self, place: int, component: Component, fitted: Fitted) -> int | None:
        """Return the smallest size of a line at which a law fails, by bisection between counted ones."""
        line = self.sampler.line(place)
        wrong = next((i for i, sizes in enumerate(line) if not self._holds(fitted.law, sizes, component)), None)
        if wrong is None:
            return None
        low, high = line[wrong - 1][place] if wrong else self.sampler.least[place] - 1, line[wrong][place]
        while high - low > 1:
            middle = (low + high) // 2
            sizes = self.sampler.on_line(place, middle)
            if self.sampler.at(sizes).counts is None or self._holds(fitted.law, sizes, component):
                low = middle
            else:
                high = middle
        return high

    def _holds(self, law: ExactLaw, sizes: Sizes, component: Component) -> bool:
        return self._law_value(law, sizes) == self.sampler.value(sizes, component)

    def _law_value(self, law: ExactLaw, sizes: Sizes) -> Fraction:
        return sum((c * self._value(one, sizes) for one, c in law.terms.items()), Fraction(0))

    # --- products of lines ---

    def _products(
        self, supports: Sequence[Sequence[Monomial]], component: Component, special: Mapping[int, Sequence[int]]
    ) -> list[Monomial]:
        """Return the products of monomials of all factors, of those factors that act together on the count."""
        pairs = list(itertools.combinations(range(len(supports)), 2))
        are_few = math.prod(map(len, supports)) <= FEW_COLUMNS
        together = {frozenset(pair) for pair in pairs if are_few or self._act_together(*pair, component, special)}
        found = []
        for parts in itertools.product(*supports):
            used = [i for i, part in enumerate(parts) if part]
            if all(frozenset(pair) in together for pair in itertools.combinations(used, 2)):
                found.append(product(*parts))
        return sorted(dict.fromkeys(found), key=lambda one: (sum(power for _, power in one), str(one)))

    def _act_together(self, i: int, j: int, component: Component, special: Mapping[int, Sequence[int]]) -> bool:
        """Return whether the effects of two factors do not simply add up, by mixed differences between some sizes.

        Where one of the sizes cannot be evaluated, they are taken to act together.
        """
        for start in (self.sampler.base, self._other_base()):
            for one, other in itertools.product(self._steps(i, start, special), self._steps(j, start, special)):
                corner = [
                    tuple(one if a and k == i else other if b and k == j else size for k, size in enumerate(start))
                    for a, b in ((0, 0), (1, 0), (0, 1), (1, 1))
                ]
                if self.sampler.exhausted or any(self.sampler.at(sizes).counts is None for sizes in corner):
                    return True
                zero, first, second, both = (self.sampler.value(sizes, component) for sizes in corner)
                if both - first - second + zero:
                    return True
        return False

    def _steps(self, place: int, start: Sizes, special: Mapping[int, Sequence[int]]) -> list[int]:
        """Return a few sizes of a factor away from a start: a neighbour, and some of those that are special."""
        given = [size for size in special.get(place, ()) if size != start[place]]
        return list(dict.fromkeys([start[place] + 2, *given[-1:], *given[len(given) // 2 : len(given) // 2 + 1]]))

    # --- the end ---

    def _checked(
        self, component: Component, found: tuple[Fitted, tuple[int, ...]] | None
    ) -> tuple[Fitted, tuple[int, ...]] | None:
        """Return the law if it holds at all sizes by now, otherwise another one if there is one."""
        if found is not None:
            fitted, _ = found
            if all(self._holds(fitted.law, sizes, component) for sizes in self.sampler.valid()):
                return found
            if self.sampler.exhausted:
                return found
            again = self._search(component)
            return found if again is None else again
        return None

    def _judged(
        self,
        component: Component,
        found: tuple[Fitted, tuple[int, ...]] | None,
        differing: Mapping[Component, tuple[Obstacle, Sizes]],
    ) -> Derived:
        names = self.sampler.names
        if component in differing:
            obstacle, sizes = differing[component]
            at = dict(zip(names, sizes, strict=True))
            return Derived(component=component, law=None, obstacle=obstacle, differs_at=at)
        if found is None:
            obstacle = Obstacle.BUDGET if self.sampler.exhausted else Obstacle.NO_EXPRESSION
            return Derived(component=component, law=None, obstacle=obstacle, nearest=self._nearest(component, None))
        fitted, restricted = found
        rows = self.sampler.valid()
        failing = [sizes for sizes in rows if not self._holds(fitted.law, sizes, component)]
        nearest = self._nearest(component, fitted.law, rows)
        if failing:
            return Derived(component=component, law=None, obstacle=Obstacle.NO_EXPRESSION, nearest=nearest)
        confirmed = sum(map(self._is_joint, rows)) - fitted.rank
        largest = {name: max(sizes[i] for sizes in rows) for i, name in enumerate(names)}
        if confirmed < CONFIRMATIONS or not self._is_much_larger(fitted, largest):
            obstacle = Obstacle.BUDGET if self.sampler.exhausted else Obstacle.FEW_SIZES
            return Derived(component=component, law=None, obstacle=obstacle, nearest=nearest, largest=largest)
        return Derived(
            component=component,
            law=fitted.law,
            determined_by=fitted.rank,
            confirmed_at=confirmed,
            largest=largest,
            powers_of_two=tuple(names[i] for i in restricted),
        )

    def _is_joint(self, sizes: Sizes) -> bool:
        """Return whether sizes lie off the lines: on lines alone, sums of functions of one factor hold as well."""
        moved = sum(size != base for size, base in zip(sizes, self.sampler.base, strict=True))
        return moved >= min(len(sizes), max(2, len(sizes) - 1))

    def _is_much_larger(self, fitted: Fitted, largest: Mapping[str, int]) -> bool:
        """Return whether a law was confirmed much beyond what determines it, or its thresholds."""
        for i, name in enumerate(self.sampler.names):
            determined = max((sizes[i] for sizes in fitted.determined_by), default=1)
            own = [atom for atom in fitted.law.atoms if isinstance(atom, Atom) and name in factors(atom)]
            turns = max(map(largest_number, own), default=0)
            wanted = BEYOND_A_THRESHOLD * turns if turns > FAR else (2 if own else MUCH_LARGER) * determined
            if name in fitted.law.factors and largest[name] < wanted:
                return False
        return True

    def _nearest(
        self, component: Component, law: ExactLaw | None, rows: Sequence[Sizes] | None = None
    ) -> Nearest | None:
        """Return how far a law is from the counts; without one, of the polynomial that the smallest sizes determine."""
        rows = self.sampler.valid() if rows is None else rows
        if law is None:
            law = self._smallest_polynomial(component, rows)
        if law is None or not rows:
            return None
        names = self.sampler.names
        failing = [sizes for sizes in rows if not self._holds(law, sizes, component)]
        deviations = {sizes: self._deviation(law, sizes, component) for sizes in rows}
        worst = max(deviations, key=lambda sizes: deviations[sizes])
        first = failing[0] if failing else worst
        return Nearest(
            law=law,
            holds_at=len(rows) - len(failing),
            of=len(rows),
            first_failure=dict(zip(names, first, strict=True)) if failing else {},
            deviation=deviations[worst],
            deviates_at=dict(zip(names, worst, strict=True)),
        )

    def _deviation(self, law: ExactLaw, sizes: Sizes, component: Component) -> float:
        counted = self.sampler.value(sizes, component)
        return float(abs(self._law_value(law, sizes) - counted) / max(counted, 1))

    def _smallest_polynomial(self, component: Component, rows: Sequence[Sizes]) -> ExactLaw | None:
        """Return the polynomial of the lowest degree that holds at as many of the smallest sizes as possible."""
        best: Fitted | None = None
        reach = 0
        for degree in (1, 2, 3):
            basis = families.total_degree(self.sampler.names, degree)
            low, high = len(basis), len(rows)
            while low < high:
                middle = (low + high + 1) // 2
                if self._fit(component, basis, rows[:middle]) is not None:
                    low = middle
                else:
                    high = middle - 1
            fitted = self._fit(component, basis, rows[:low])
            if fitted is not None and low - len(basis) > reach:
                best, reach = fitted, low - len(basis)
        return best.law if best is not None and reach >= 3 else None


def _complexity(fitted: Fitted) -> tuple[int, int, int]:
    """Return how complicated a law is: its terms, the powers in them, and the length of its text."""
    powers = sum(power for one in fitted.law.terms for _, power in one)
    return len(fitted.law.terms), powers, len(str(fitted.law))


def _is_bounded(family: Family, line: Sequence[Sizes], place: int) -> bool:
    """Return whether the values of a family can be written down at all sizes of a line."""
    largest = max((sizes[place] for sizes in line), default=0)
    grows = any(
        isinstance(atom, Atom)
        and (atom.function in GROWING or (atom.function == "power" and isinstance(atom.arguments[1], str)))
        for one in family
        for atom, _ in one
    )
    return not grows or largest <= 200
