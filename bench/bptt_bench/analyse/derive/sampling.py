"""Which sizes to count at: lines of small and of growing sizes, and random sizes, within a budget of seconds."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Component: TypeAlias = tuple[str, str]  # phase and category
Sizes: TypeAlias = tuple[int, ...]  # in the order of the factors

DENSE, DENSE_OF_SEVERAL = 14, 11  # consecutive sizes of a line, of one factor and of several
LONGER = 42  # the same where no polynomial was found
SIZE_LIMIT, SIZE_LIMIT_OF_SEVERAL = 1 << 20, 1 << 16
OTHER_INPUTS = 1_000  # the number of the first input that is another one of sizes that had one
SHARE_OF_LINES = 0.35  # of the budget: for growing sizes, all lines together
SHARE_OF_RANDOM = 0.3  # the same for random sizes, each time
NEAR_A_BREAKPOINT = 5.0  # times the usual seconds, for sizes that show what a count is made of
ROUNDED = 0.02  # by which shares of the way to the ends of the lines may add up to more than 1
TAKEN_TOGETHER = 3  # readings of a time
CAUTION, STEEPEST = 0.3, 6.0  # added to the exponent with which times grow along a line, and its largest value
WHERE_OTHERS_END_A_LINE = 200  # of a factor that must not exceed another one
ROUND_SIZES = (50, 60, 100, 101, 144, 200, 250, 360, 500, 999, 1000, 1001, 2000, 5000, 10_000, 100_000, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The counts of one evaluation.

    Attributes
    ----------
    counts : of each component that is not 0; None where the sizes cannot be evaluated.
    seconds : that it took.
    failure : why there are none.
    again : whether the next evaluation counts the same.
    """

    counts: Mapping[Component, int] | None
    seconds: float
    failure: str = ""
    again: bool = True


Count: TypeAlias = Callable[[Mapping[str, int], int], Counted]  # sizes by factor, and the number of an input


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much may be spent.

    Attributes
    ----------
    seconds : on all evaluations together.
    seconds_per_evaluation : on one that is larger than those before.
    largest : size of any factor, or of each by its name.
    """

    seconds: float = 30.0
    seconds_per_evaluation: float = 0.1
    largest: int | Mapping[str, int] = SIZE_LIMIT

    def largest_of(self, name: str) -> int:
        """Return the largest size of a factor."""
        return self.largest if isinstance(self.largest, int) else self.largest.get(name, SIZE_LIMIT)


@dataclass(slots=True)
class Sampler:
    """Counts at sizes, each evaluated once, with an input of its own.

    Attributes
    ----------
    names : of the factors.
    least : the smallest size of each.
    base : sizes through which the lines run.
    found : what was counted, in the order in which it was.
    """

    count: Count
    names: tuple[str, ...]
    least: Sizes
    base: Sizes
    limits: Limits
    found: dict[Sizes, Counted] = field(default_factory=dict)
    spent: float = 0.0
    most: dict[int, int] = field(default_factory=dict)  # the largest size that a line reached, by the place of a factor
    _costs: dict[int, list[tuple[int, float]]] = field(default_factory=dict)
    _ended: set[int] = field(default_factory=set)
    _rng: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311  # sizes, no secrets

    def at(self, sizes: Sizes) -> Counted:
        """Return the counts at sizes, evaluated if they have not been."""
        if sizes not in self.found:
            counted = self.count(dict(zip(self.names, sizes, strict=True)), len(self.found))
            self.spent += counted.seconds
            self.found[sizes] = counted
        return self.found[sizes]

    def repeated(self, sizes: Sizes, number: int) -> Counted:
        """Return the counts at sizes for another input, which are not kept."""
        counted = self.count(dict(zip(self.names, sizes, strict=True)), number)
        self.spent += counted.seconds
        return counted

    @property
    def exhausted(self) -> bool:
        """Whether the budget is spent."""
        return self.spent >= self.limits.seconds

    def valid(self) -> list[Sizes]:
        """Return the sizes that have counts, those whose largest is smallest first."""
        kept = [sizes for sizes, counted in self.found.items() if counted.counts is not None]
        return sorted(kept, key=lambda sizes: (max(sizes), math.prod(sizes), sizes))

    def components(self) -> list[Component]:
        """Return all that was counted anywhere, in the order in which it was met."""
        met = (component for counted in self.found.values() for component in counted.counts or {})
        return list(dict.fromkeys(met))

    def value(self, sizes: Sizes, component: Component) -> int:
        """Return a count, 0 where there was nothing to count."""
        counts = self.at(sizes).counts
        assert counts is not None, "only valid sizes are asked for"
        return counts.get(component, 0)

    def reach(self, place: int) -> int:
        """Return how large a factor may be drawn: as a line reached, or larger where other factors ended the line."""
        most = self.most.get(place, self.base[place])
        return (
            most
            if place not in self._ended
            else min(max(most, WHERE_OTHERS_END_A_LINE), self.limits.largest_of(self.names[place]))
        )

    def find_base(self, others: Sequence[Sizes]) -> bool:
        """Move the base to the first sizes that can be evaluated: itself, powers of two, or one of some others."""
        ranked = sorted(range(len(self.base)), key=lambda i: self.base[i])
        doubled = tuple(max(4 << ranked.index(i), low) for i, low in enumerate(self.least))
        tried = [self.base, doubled, tuple(4 * size for size in doubled), *others]
        for base in tried:
            if self.at(base).counts is not None:
                self.base = base
                self.repeated(base, 0)  # the first evaluation of all loads what it needs
                return True
        return False

    # --- lines ---

    def on_line(self, place: int, size: int) -> Sizes:
        """Return the base with one size replaced."""
        return (*self.base[:place], size, *self.base[place + 1 :])

    def line(self, place: int) -> list[Sizes]:
        """Return the valid sizes that were counted along a line through the base, by growing size."""
        kept = [
            sizes
            for sizes, counted in self.found.items()
            if counted.counts is not None and self.on_line(place, sizes[place]) == sizes
        ]
        return sorted(kept, key=lambda sizes: sizes[place])

    @property
    def dense(self) -> int:
        """The number of consecutive sizes on each line."""
        return DENSE if len(self.names) == 1 else DENSE_OF_SEVERAL

    def count_dense(self, place: int, number: int | None = None) -> None:
        """Count at consecutive sizes of a line, from the smallest."""
        number = self.dense if number is None else number
        for size in range(self.least[place], self.least[place] + number):
            if self.exhausted or self._too_slow(place, size):
                return
            self._on_line(place, size)

    def count_growing(self, place: int) -> None:
        """Count at growing sizes of a line, as long as an evaluation is quick: powers of two and their neighbours."""
        most = self.spent + SHARE_OF_LINES * self.limits.seconds / len(self.names)
        for size in growing_sizes(self.least[place] + self.dense, self._rng, is_only=len(self.names) == 1):
            if self.spent >= most or self.exhausted or self._too_slow(place, size):
                return
            self._on_line(place, size)

    def count_near(self, place: int, sizes: Sequence[int]) -> None:
        """Count at some sizes of a line, which may take a few times as long as others."""
        for size in sizes:
            if size >= self.least[place] and not self.exhausted and not self._too_slow(place, size, NEAR_A_BREAKPOINT):
                self._on_line(place, size)

    def _on_line(self, place: int, size: int) -> None:
        counted = self.at(self.on_line(place, size))
        if counted.counts is None:
            self._ended.add(place)
        else:
            self.most[place] = max(self.most.get(place, 0), size)
            costs = self._costs.setdefault(place, [])
            costs.append((size, counted.seconds))
            costs.sort()

    def _too_slow(self, place: int, size: int, times: float = 1.0) -> bool:
        if size > self.limits.largest_of(self.names[place]):
            return True
        costs = self._costs.get(place, [])
        if len(costs) < TAKEN_TOGETHER or size <= costs[-1][0]:
            return False
        return self._cost(place, size) > times * self.limits.seconds_per_evaluation

    def _cost(self, place: int, size: int) -> float:
        """Return the seconds expected on a line: as measured at larger sizes, or beyond the line with its growth there.

        The least of a few readings stands for all of them: a disturbance makes an evaluation slower, never quicker.
        """
        costs = self._costs.get(place, [])
        above = [seconds for at, seconds in costs if size <= at]
        if above or not costs:
            return min(above, default=0.0)
        largest = costs[-1][0]
        last = min(seconds for _, seconds in costs[-TAKEN_TOGETHER:])
        before = [one for one in costs if 2 * one[0] <= largest][-TAKEN_TOGETHER:]
        if not before:
            return last * size / largest
        start = min(seconds for _, seconds in before)
        power = math.log(max(last / start, 1.0)) / math.log(largest / before[-1][0])
        grown: float = last * (size / largest) ** min(power + CAUTION, STEEPEST)
        return grown

    # --- random sizes ---

    def is_affordable(self, sizes: Sizes) -> bool:
        """Return whether sizes lie, on scales of logarithms, between the base and the ends of the lines.

        The logarithm of a cost that is a sum of products of powers is convex there, so that the cost is at most that of
        the ends. Source: Boyd and Vandenberghe, Convex Optimization, section 4.5.3.
        """
        shares = 0.0
        for place, size in enumerate(sizes):
            base, most = self.base[place], self.reach(place)
            if size > max(base, most):
                return False
            if size > base:
                shares += math.log(size / base) / math.log(most / base)
        return shares <= 1 + ROUNDED or all(
            size <= low + self.dense for size, low in zip(sizes, self.least, strict=True)
        )

    def count_random(self, number: int, most: Sequence[int], special: Mapping[int, Sequence[int]]) -> None:
        """Count at random sizes up to a largest one for each factor; some are drawn from special ones."""
        counted, most_seconds = 0, self.spent + SHARE_OF_RANDOM * self.limits.seconds
        for _ in range(8 * number):
            if counted >= number or self.spent >= most_seconds:
                return
            weights = [self._rng.expovariate(1.0) for _ in range(len(self.names) + 1)]
            sizes = tuple(
                self._draw(i, most[i], special.get(i, ()), weights[i] / sum(weights)) for i in range(len(self.names))
            )
            if sizes not in self.found and self.is_affordable(sizes):
                counted += self.at(sizes).counts is not None

    def _draw(self, place: int, most: int, special: Sequence[int], share: float) -> int:
        """Return a random size: one of the special ones, a small one, or at a share of the way to the largest."""
        least, base = self.least[place], self.base[place]
        if special and self._rng.random() < 0.5:
            return self._rng.choice(list(special))
        if most <= least + self.dense or self._rng.random() < 0.1:
            return self._rng.randint(least, max(min(most, least + self.dense), least))
        if len(self.names) == 1:
            share = self._rng.random()
        return max(least, int(base * (max(most, base) / base) ** share))


def growing_sizes(least: int, rng: random.Random, *, is_only: bool) -> Iterator[int]:
    """Yield growing sizes: powers of two, the next number, and a random one between.

    Parameters
    ----------
    is_only : whether there is one factor: then also the number before, round numbers, and larger sizes.

    >>> from itertools import islice
    >>> list(islice(growing_sizes(15, random.Random(1), is_only=True), 8))
    [15, 16, 17, 19, 24, 31, 32, 33]
    """
    limit = SIZE_LIMIT if is_only else SIZE_LIMIT_OF_SEVERAL
    found: set[int] = set(ROUND_SIZES if is_only else ())
    size = 1
    while size <= limit:
        found |= {size, size + 1, rng.randint(size, 2 * size)}
        if is_only:
            found |= {size - 1, 3 * size // 2}
        size *= 2
    yield from sorted(one for one in found if least <= one <= limit)


def spread_base(least: Sizes, ranks: Sequence[int]) -> Sizes:
    """Return base sizes, different for each factor and larger for those that are usually larger.

    >>> spread_base((1, 1, 1), (2, 0, 1))
    (5, 3, 4)
    """
    return tuple(max(3 + rank, low + 1 + rank) for low, rank in zip(least, ranks, strict=True))


def neighbours_of_multiples(size: int) -> list[int]:
    """Return multiples of a size and the numbers after them, and some before and between.

    >>> neighbours_of_multiples(16)
    [15, 16, 17, 24, 31, 32, 33, 40, 48, 49, 56, 64, 65, 80, 81, 96, 97]
    """
    found = {k * size + after for k, after in itertools.product(range(1, 7), (0, 1))}
    found |= {k * size + size // 2 for k in (1, 2, 3)} | {size - 1, 2 * size - 1}
    return sorted(found)
