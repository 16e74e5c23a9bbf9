"""Which points are counted: those that a counter which slows code down can count soon, where the law shows best."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product
from typing import Any

from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.plan import CostLaw, Point
from bptt_bench.plan.experiment.instructions import shrink_points

SHARES = tuple(2.0**-power for power in range(12, -1, -1))  # of the levels of the profile, from the smallest up
FEWEST_LEVELS = 3  # of each factor, if it has so many, on the lines through the largest point
MOST_OF_SEVERAL = 20  # points of several factors, beyond which more would hardly say more
LINE = 2.0  # times as long as the largest point takes, that all smaller ones along a factor may take
SECOND_SHARE = 1 / 8  # of the share that is chosen: where its points are counted as well, over a wide range
MOST_INSTRUCTIONS = 5e7  # of one evaluation, which is made five times under a counter that is 50 times as slow
FEWEST_POINTS, FEWEST_OF_ONE_FACTOR = 6, 10  # of a subject; where there are fewer, levels are put in between
STEP = 4.0  # by which sizes grow on the way up
SECONDS_LATE = 60.0  # for which a count is waited for beyond the time of its subject


def count_points(
    law: CostLaw | None,
    points: Sequence[Point],
    count_at: Callable[[Point, float], float],
    known: Mapping[Point, float],
    *,
    seconds: float,
    now: Callable[[], float],
    apart: float = 1.0,
    largest_count: float = MOST_INSTRUCTIONS,
) -> list[Point]:
    """Count up to the largest size that serves, then at the given points made as small.

    Code that cannot be counted at a smaller level than all that are given is counted at these alone: below them it may
    not work at all.

    Parameters
    ----------
    law : of the counts; None: not known.
    points : that would be timed; their levels are made smaller, their ratios stay.
    count_at : counts at a point within some seconds.
    known : counts at points that need not be counted again.
    seconds : after which no further point is begun.
    now : processor time that the counting has taken, in seconds, which other work on the machine does not change.
    largest_count : of one evaluation, beyond which it would take too long.
    apart : how many times another's a level must be, in some factor, for a point that is not one of the given to be
        worth counting beside it.

    Returns
    -------
    points : for which no time was left.

    Raises
    ------
    CountError : a point could not be counted.
    """
    asked: list[Point] = []

    def count(point: Point, most: float) -> float:
        asked.append(point)
        return count_at(point, most)

    def at_shares(shares: Sequence[float]) -> list[Point]:
        return _count_at_shares(
            law, points, count, known, shares, seconds=seconds, now=now, apart=apart, largest_count=largest_count
        )

    try:
        return at_shares(SHARES)
    except CountError:
        if not asked or not _is_below(asked[-1], points):
            raise
        return at_shares((1.0,))


def _is_below(point: Point, points: Sequence[Point]) -> bool:
    """Return whether a point has a level that is smaller than those of all others."""
    return any(not isinstance(level, str) and level < min(one[name] for one in points) for name, level in point.items())


def _count_at_shares(
    law: CostLaw | None,
    points: Sequence[Point],
    count_at: Callable[[Point, float], float],
    known: Mapping[Point, float],
    shares: Sequence[float],
    *,
    seconds: float,
    now: Callable[[], float],
    apart: float,
    largest_count: float,
) -> list[Point]:
    """Count at the given points made smaller by one of some shares; return those for which no time was left."""
    is_of_one = len(points[0]) == 1
    by_share = {share: shrink_points(points, share) for share in shares}
    size_of = Sizes(law, dict.fromkeys(point for some in by_share.values() for point in some))
    designs = [(share, design) for share, some in by_share.items() for design in lines_through_tops(some)]
    designs.sort(key=lambda one: (max(map(size_of, one[1])), one[0]), reverse=True)
    loop = _Loop(points, size_of, count_at, dict(known), now, seconds, apart)
    left_out = loop.climb(_ways_up(by_share, designs, size_of), largest_count)
    chosen, wanted = next((one for one in designs if loop.fits(one[1])), designs[-1])
    further = [] if chosen == 1 else lines_through_tops(shrink_points(points, chosen * SECOND_SHARE))[0]
    for point in sorted([*wanted, *(further if is_of_one else ())], key=size_of, reverse=True):
        if loop.is_new(point) and not loop.count_in_time(point):
            left_out.append(point)
    for point in [*further, *sorted(by_share[chosen], key=size_of, reverse=True)]:
        if len(loop.counts) < MOST_OF_SEVERAL and loop.is_new(point):
            loop.count_in_time(point)
    smallest = min(map(size_of, by_share[chosen]))
    kept = [point for point in loop.counts if chosen < 1 or size_of(point) >= smallest]
    fewest = FEWEST_OF_ONE_FACTOR if is_of_one else FEWEST_POINTS
    for point in between(sorted(kept, key=lambda point: loop.counts[point])):
        if len(kept) < fewest and not loop.is_near(point) and loop.count_in_time(point):
            kept.append(point)
    return list(dict.fromkeys(left_out))


@dataclass
class _Loop:
    """Counts at points while there is time.

    Attributes
    ----------
    points, count_at, now, seconds, apart : as for ``count_points``.
    counts : so far.
    """

    points: Sequence[Point]
    size_of: Sizes
    count_at: Callable[[Point, float], float]
    counts: dict[Point, float]
    now: Callable[[], float]
    seconds: float
    apart: float
    _end: float = math.inf
    _largest: float = 0.0
    _pace: float = 0.0  # seconds for a size, at the largest
    _durations: dict[Point, float] = field(default_factory=dict)

    def climb(self, ways: Sequence[Point], largest_count: float) -> list[Point]:
        """Count at points of growing size; return the one for which no time was left, if any."""
        sizes = {point: self.size_of(point) for point in ways}
        self._count(min(ways, key=self.size_of))  # the counter starts, which does not count as its time
        self._end = self.now() + self.seconds
        self._largest, unreached = climb(sizes, self._count, self._has_time, largest_count, self._affords)
        taken = self._durations.items()
        self._pace = max((time / sizes[point] for point, time in taken if sizes[point] == self._largest), default=0.0)
        return [] if unreached is None else [unreached]

    def fits(self, design: Sequence[Point]) -> bool:
        """Return whether no point is larger than those that were reached, and the time is foretold to suffice."""
        least = min(self._durations.values(), default=0.0)
        missing = [self.size_of(point) for point in design if point not in self.counts]
        foretold = sum(max(self._pace * size, least) for size in missing)
        return max(map(self.size_of, design)) <= self._largest and self.now() + foretold <= self._end

    def is_new(self, point: Point) -> bool:
        """Return whether a point is small enough to be counted, and is not yet, nor one like it."""
        is_given_or_far = point in self.points or not self.is_near(point)
        return self.size_of(point) <= self._largest and point not in self.counts and is_given_or_far

    def is_near(self, point: Point) -> bool:
        """Return whether a point that was counted is like another."""
        return any(_are_alike(point, other, self.apart) for other in self.counts)

    def count_in_time(self, point: Point) -> bool:
        """Count at a point if there is time, and return whether there was."""
        if not self._has_time():
            return False
        self._count(point)
        return True

    def _affords(self, last: Point, times: float) -> bool:
        """Return whether time would be left for the lines through a point that takes so many times as long as one.

        What every point takes, however small, is not counted.
        """
        growing = self._durations.get(last, 0.0) - min(self._durations.values(), default=0.0)
        return times * growing * (1 + LINE * len(last)) <= self._end - self.now()

    def _has_time(self) -> bool:
        return self.now() < self._end

    def _count(self, point: Point) -> float:
        if point not in self.counts:
            begun = self.now()
            left = max(self._end - begun, 0.0) if self.counts else self.seconds
            self.counts[point] = self.count_at(point, left + SECONDS_LATE)
            self._durations[point] = self.now() - begun
        return self.counts[point]


def _ways_up(
    by_share: Mapping[float, Sequence[Point]], designs: Iterable[tuple[float, Sequence[Point]]], size_of: Sizes
) -> list[Point]:
    """Return points of all sizes: those through which lines may be counted, the smallest of all, and some between.

    Of several factors a single step may be large. What a large point takes cannot be foretold from one count, of which
    a constant may be most.
    """
    every = sorted({point for some in by_share.values() for point in some}, key=size_of)
    if len(every[0]) == 1:
        return every
    ways = every[:1]
    for top in sorted((max(design, key=size_of) for _, design in designs), key=size_of):
        while size_of(top) > STEP * size_of(ways[-1]):
            within = [point for point in every if size_of(ways[-1]) < size_of(point) <= STEP * size_of(ways[-1])]
            if not within:
                break
            ways.append(within[-1])
        ways.append(top)
    return list(dict.fromkeys(ways))


def lines_through_tops(points: Sequence[Point]) -> list[list[Point]]:
    """Return for each large point of a design the points along each factor through it, and on the diagonal below it.

    There terms of lower order are the least, and the growth with each factor shows by itself.

    Parameters
    ----------
    points : a design that has all corners of its levels; of any other, all points are returned.

    Returns
    -------
    lines : each with its large point first, which has enough levels of each factor below it; that of the largest first.

    >>> lines_through_tops([Point(n=n, m=m) for n in (10, 20, 40) for m in (1, 2)])
    [[Point(n=40, m=2), Point(n=20, m=2), Point(n=10, m=2), Point(n=40, m=1), Point(n=20, m=1)]]
    """
    levels = {name: sorted({point[name] for point in points}, reverse=True) for name in points[0]}
    corners = product(*((some[0], some[-1]) for some in levels.values()))
    if len(levels) == 1 or not {Point(dict(zip(levels, each, strict=True))) for each in corners} <= {*points}:
        return [list(points)]
    found = []
    for places in product(*(range(max(len(some) - FEWEST_LEVELS, 0) + 1) for some in levels.values())):
        below = {name: some[place:] for (name, some), place in zip(levels.items(), places, strict=True)}
        top = Point({name: some[0] for name, some in below.items()})
        along = [Point({**top, name: level}) for name, some in below.items() for level in some]
        varied = [name for name, some in below.items() if len(some) > 1]
        steps = zip(*(below[name][1:] for name in varied), strict=False)
        diagonal = [Point({**top, **dict(zip(varied, each, strict=True))}) for each in steps]
        found.append(list(dict.fromkeys([top, *along, *diagonal])))
    return found


def _are_alike(one: Point, other: Point, apart: float) -> bool:
    """Return whether no level of two points is so many times the other's."""
    pairs = [(level, other[name]) for name, level in one.items()]
    return all(a == b or (a > 0 and b > 0 and max(a / b, b / a) < apart) for a, b in pairs)


def climb(
    sizes: Mapping[Point, float],
    count: Callable[[Point], float],
    has_time: Callable[[], bool],
    largest_count: float = MOST_INSTRUCTIONS,
    affords: Callable[[Point, float], bool] = lambda _last, _times: True,
) -> tuple[float, Point | None]:
    """Count at points of growing size, as long as the next one should be counted soon enough.

    No step is larger than ``STEP``, if there is a point within it. What the next point needs is foretold from the last
    two, so that code that grows faster than its law is not counted for hours.

    Parameters
    ----------
    affords : whether a point may be counted that is foretold to take so many times as long as the last one.

    Returns
    -------
    size : the largest that was counted.
    unreached : the next point, if there was no time for it.
    """
    order = sorted(sizes, key=lambda point: sizes[point])
    last = order[0]
    counted, power = count(last), 1.0
    while larger := [point for point in order if sizes[point] > sizes[last]]:
        within = [point for point in larger if sizes[point] <= STEP * sizes[last]] or larger[:1]
        times = {point: (sizes[point] / sizes[last]) ** power for point in within}
        quick = [point for point in within if counted * times[point] <= largest_count and affords(last, times[point])]
        if not quick:
            break
        if not has_time():
            return sizes[last], quick[-1]
        found = count(quick[-1])
        power = max(math.log(found / counted) / math.log(sizes[quick[-1]] / sizes[last]), 1.0)
        last, counted = quick[-1], found
    return sizes[last], None


def between(points: Sequence[Point]) -> list[Point]:
    """Return the geometric means of neighbouring points, the largest first, less the points themselves.

    Levels that are all powers of two have none between them: code may have a way of its own for such sizes.

    >>> between([Point(n=8), Point(n=11), Point(n=12)]), between([Point(n=8), Point(n=16)])
    ([Point(n=9)], [])
    """
    powers = [name for name in points[0] if all(_is_power_of_two(point[name]) for point in points)] if points else []

    def mean(name: str, one: Point, other: Point) -> Any:
        level = one[name]
        if isinstance(level, str):
            return level
        value = math.sqrt(level * other[name])
        return round(value) if isinstance(level, int) else value

    made = [Point({name: mean(name, one, other) for name in one}) for one, other in pairwise(points)]
    kept = [point for point in made if all(_is_power_of_two(point[name]) for name in powers)]
    return [point for point in dict.fromkeys(reversed(kept)) if point not in points]


def _is_power_of_two(level: float | str) -> bool:
    return not isinstance(level, str) and level >= 1 and math.frexp(level)[0] == 0.5


class Sizes:
    """How many times as large as the smallest of some points any point is.

    By the law, or by the geometric mean of its levels where that says more: the law may be wrong, or not known.
    """

    def __init__(self, law: CostLaw | None, points: Iterable[Point]) -> None:
        self._law = law
        self._known: dict[Point, float] = {}
        measured = [self._measure(point) for point in points]
        self._least = [min((each for each in some if each > 0), default=1.0) for some in zip(*measured, strict=True)]

    def __call__(self, point: Point) -> float:
        """Return the size of a point."""
        if point not in self._known:
            self._known[point] = max(
                each / least for each, least in zip(self._measure(point), self._least, strict=True)
            )
        return self._known[point]

    def _measure(self, point: Point) -> tuple[float, float]:
        law = self._law
        cost = 1.0 if law is None else float(law.evaluate({name: point[name] for name in law.factors}))
        numbers = [level for level in point.values() if not isinstance(level, str)]
        return cost, math.prod(numbers) ** (1 / len(numbers))
