"""Count what evaluations of every subject do, at levels that are small enough for a counter that slows them down."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any, Protocol, Self

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines.counting_process import CountError
from bptt_bench.measure.loop.events import Listener, Notice
from bptt_bench.measure.loop.recorder import Recorder
from bptt_bench.measure.protocol.messages import CountReply, SkipReply
from bptt_bench.measure.protocol.schedule import COUNT_BLOCK, StoredProgress, Visit, plan_cells
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.plan import CostLaw, Experiment, Point
from bptt_bench.plan.experiment.instructions import shrink_points
from bptt_bench.plan.experiment.subject import INSTRUCTIONS, OPERATIONS

SHARES = tuple(2.0**-power for power in range(12, -1, -1))  # of the levels of the profile, from the smallest up
SHARES_OF_SEVERAL = SHARES[::2]  # of designs with so many points that the next share may take all of the time
SECOND_SHARE = 1 / 8  # of the share that is chosen: where its points are counted as well, over a wide range
MOST_INSTRUCTIONS = 5e7  # of one evaluation, which is made five times under a counter that is 50 times as slow
MOST_OPERATIONS = 1e10  # the same of operations of NumPy, whose counter takes a while for each call, whatever its size
LARGEST_COUNTS = {INSTRUCTIONS: MOST_INSTRUCTIONS, OPERATIONS: MOST_OPERATIONS}
FEWEST_POINTS, FEWEST_OF_ONE_FACTOR = 6, 10  # of a subject; where there are fewer, levels are put in between
STEP = 4.0  # by which sizes grow on the way up
SECONDS_LATE = 60.0  # for which a count is waited for beyond the time of its subject
INPUTS = 3  # whose median counts
ALIKE, ALIKE_POINTS = 1e-3, 3  # relative; points in a row whose inputs took the same, after which one input counts
SECONDS = {"quick": 15.0, "standard": 60.0}  # for a subject, by profile
SECONDS_OTHERWISE = 180.0
MOST_NAMED = 3  # points in a notice


class Counter(Protocol):
    """Counts what evaluations do, as a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def count(self, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        """Return the count of one evaluation for each of several inputs."""
        ...


class InputsToCount:
    """How many inputs of a subject are counted at the next point: one, once inputs were seen not to matter."""

    def __init__(self) -> None:
        self._alike = 0

    @property
    def number(self) -> int:
        """Return how many the next point needs."""
        return INPUTS if self._alike < ALIKE_POINTS else 1

    def saw(self, counts: Sequence[float]) -> None:
        """Take note of the counts of several inputs at one point."""
        if len(counts) > 1:
            self._alike = self._alike + 1 if max(counts) <= (1 + ALIKE) * min(counts) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingLoop:
    """Counts subject by subject.

    Attributes
    ----------
    counted : what, such as ``instructions``. start : gives a new counter. done : what an earlier, interrupted run has
        counted.
    """

    counted: str
    start: Callable[[], Counter]
    recorder: Recorder
    done: StoredProgress
    clock: Clock
    notify: Listener

    def run(self, experiment: Experiment, profile: str) -> None:
        """Count all subjects that are to be counted, as far as that is not stored.

        What cannot be counted is named in a notice, and left out.

        Raises
        ------
        MeasureError : nothing could be counted of an experiment that is not timed.
        """
        cells = plan_cells(experiment, experiment.profile(profile))
        wanted = {
            subject.name: subject.count_laws.get(self.counted)
            for subject in experiment.subjects
            if subject.is_counted(self.counted)
        }
        seconds = SECONDS.get(profile, SECONDS_OTHERWISE)
        failed: list[str] = []
        with contextlib.ExitStack() as stack:
            counter: Counter | None = None
            inputs = {name: InputsToCount() for name in wanted}

            def count(name: str, point: Point, seconds: float) -> float:
                nonlocal counter
                if counter is None:  # which takes seconds to start
                    counter = stack.enter_context(self.start())
                return self._count(counter, name, point, inputs[name], seconds)

            for name, law in wanted.items():
                points = [cell.point for cell in cells if cell.subject == name]
                left_out: list[Point] = []
                try:
                    for alike in _by_category(points):
                        left_out += self._subject(count, name, law, alike, seconds)
                except CountError as error:
                    failed.append(f"{name}: {error}")
                    if experiment.is_timed or len(wanted) > 1:  # else the error says it
                        self.notify(Notice(text=failed[-1]))
                    self.recorder.store_uncounted(name, points[0], self.counted, str(error))
                    stack.close()  # it may still be at work
                    counter = None
                if left_out:
                    self._leave_out(name, left_out, profile)
        if failed and len(failed) == len(wanted) and not experiment.is_timed and not self.recorder.counted_cells:
            many = f"{self.counted}: none of {len(wanted)} subjects could be counted, for the reasons above"
            raise MeasureError(failed[0] if len(failed) == 1 else many)

    def _subject(
        self,
        count_at: Callable[[str, Point, float], float],
        name: str,
        law: CostLaw | None,
        points: Sequence[Point],
        seconds: float,
    ) -> list[Point]:
        """Count one subject at the points that are not stored; return those for which no time was left."""
        stored = self.done.counts.items()
        known = {point: count for (*what, point), count in stored if what == [self.counted, name]}
        return count_points(
            law,
            points,
            lambda point, most: count_at(name, point, most),
            known,
            seconds=seconds,
            clock=self.clock,
            largest_count=LARGEST_COUNTS[self.counted],
        )

    def _leave_out(self, name: str, points: Sequence[Point], profile: str) -> None:
        """Store and tell for which points no time was left."""
        seconds = SECONDS.get(profile, SECONDS_OTHERWISE)
        reason = f"no time was left of the {seconds:g} s for each subject; {longer_profile(profile)}"
        for point in points:
            self.recorder.store_skip(Visit(name, point, COUNT_BLOCK, "counts"), SkipReply(reason=reason), None)
        shown = ", ".join(map(str, points[:MOST_NAMED]))
        others = f" and {len(points) - MOST_NAMED} more" if len(points) > MOST_NAMED else ""
        self.notify(Notice(text=f"{name}: {self.counted} not counted at {shown}{others}: {reason}"))

    def _count(self, counter: Counter, name: str, point: Point, inputs: InputsToCount, seconds: float) -> float:
        start, started_at = self.clock.now(), self.clock.wall()
        counts = counter.count(name, point, inputs=inputs.number, seconds=seconds)
        inputs.saw(counts)
        taken = self.clock.now() - start
        unseen = getattr(counter, "unseen", None)
        reply = CountReply(
            counts={self.counted: median(counts)},
            by_input={self.counted: counts},
            unseen={} if unseen is None else {self.counted: unseen},
            seconds_in_evaluations=0.0,
            started_at=started_at,
        )
        self.recorder.keep_counts(Visit(name, point, COUNT_BLOCK, "counts"), reply, 0, taken, None)
        return float(median(counts))


def count_points(
    law: CostLaw | None,
    points: Sequence[Point],
    count_at: Callable[[Point, float], float],
    known: Mapping[Point, float],
    *,
    seconds: float,
    clock: Clock,
    apart: float = 1.0,
    largest_count: float = MOST_INSTRUCTIONS,
) -> list[Point]:
    """Count up to the largest size that serves, then at the given points made as small.

    Parameters
    ----------
    law : of the counts; None: not known.
    points : that would be timed; their levels are made smaller, their ratios stay.
    count_at : counts at a point within some seconds. known : counts at points that need not be counted again.
    seconds : after which no further point is begun.
    largest_count : of one evaluation, beyond which it would take too long.
    apart : how many times another's a level must be, in some factor, for a point that is not one of the given to be
        worth counting beside it.

    Returns
    -------
    points : for which no time was left.
    """
    end = math.inf
    counts = dict(known)
    durations: dict[Point, float] = {}

    def count(point: Point) -> float:
        if point not in counts:
            begun = clock.now()
            counts[point] = count_at(point, (max(end - begun, 0.0) if counts else seconds) + SECONDS_LATE)
            durations[point] = clock.now() - begun
        return counts[point]

    shares = SHARES if len(points[0]) == 1 else SHARES_OF_SEVERAL
    by_share = {share: shrink_points(points, share) for share in shares}
    sizes = _sizes(law, dict.fromkeys(point for some in by_share.values() for point in some))
    count(min(sizes, key=lambda point: sizes[point]))  # the counter starts, which does not count as its time
    end = clock.now() + seconds
    largest, unreached = climb(sizes, count, lambda: clock.now() < end, largest_count)
    pace = max((taken / sizes[point] for point, taken in durations.items() if sizes[point] == largest), default=0.0)
    least = min(durations.values(), default=0.0)

    def fits(share: float) -> bool:
        missing = [sizes[point] for point in by_share[share] if point not in counts]
        foretold = sum(max(pace * size, least) for size in missing)
        return max(sizes[point] for point in by_share[share]) <= largest and clock.now() + foretold <= end

    chosen = max((share for share in shares if fits(share)), default=shares[0])
    further = [] if chosen == 1 else shrink_points(points, chosen * SECOND_SHARE)  # never below what is claimed
    wanted = [*by_share[chosen], *further]
    left_out = [] if unreached is None else [unreached]
    for point in sorted(wanted, key=lambda point: -sizes.get(point, 0.0)):
        is_near = point not in points and any(_are_alike(point, other, apart) for other in counts)
        if sizes.get(point, 0.0) > largest or point in counts or is_near:
            continue
        if clock.now() < end:
            count(point)
        else:
            left_out.append(point)
    smallest = min(sizes[point] for point in by_share[chosen])
    kept = [point for point in counts if chosen < 1 or _sizes(law, [*sizes, point])[point] >= smallest]
    fewest = FEWEST_OF_ONE_FACTOR if len(points[0]) == 1 else FEWEST_POINTS
    for point in between(sorted(kept, key=lambda point: counts[point])):
        is_near = any(_are_alike(point, other, apart) for other in counts)
        if clock.now() < end and len(kept) < fewest and not is_near:
            count(point)
            kept.append(point)
    return list(dict.fromkeys(left_out))


def longer_profile(profile: str) -> str:
    """Return in words what gives more time than a profile."""
    longer = dict([*SECONDS.items(), ("full", SECONDS_OTHERWISE)])
    seconds = SECONDS.get(profile, SECONDS_OTHERWISE)
    after = next(((name, its) for name, its in longer.items() if its > seconds), None)
    return "give smaller levels" if after is None else f"profile {after[0]} has {after[1]:g} s"


def _are_alike(one: Point, other: Point, apart: float) -> bool:
    """Return whether no level of two points is so many times the other's."""
    pairs = [(level, other[name]) for name, level in one.items()]
    return all(a == b or (a > 0 and b > 0 and max(a / b, b / a) < apart) for a, b in pairs)


def _by_category(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the points of each combination of levels that are text."""
    groups: dict[tuple[str, ...], list[Point]] = {}
    for point in points:
        groups.setdefault(tuple(level for level in point.values() if isinstance(level, str)), []).append(point)
    yield from groups.values()


def climb(
    sizes: Mapping[Point, float],
    count: Callable[[Point], float],
    has_time: Callable[[], bool],
    largest_count: float = MOST_INSTRUCTIONS,
) -> tuple[float, Point | None]:
    """Count at points of growing size, as long as the next one should be counted soon enough.

    No step is larger than ``STEP``, if there is a point within it. What the next point needs is foretold from the last
    two, so that code that grows faster than its law is not counted for hours.

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
        quick = [point for point in within if counted * (sizes[point] / sizes[last]) ** power <= largest_count]
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


def _sizes(law: CostLaw | None, points: Iterable[Point]) -> dict[Point, float]:
    """Return how many times as large as the smallest point each is.

    By the law, or by the geometric mean of its levels where that says more: the law may be wrong, or not known.
    """
    ordered = list(points)
    costs = [
        1.0 if law is None else float(law.evaluate({name: point[name] for name in law.factors})) for point in ordered
    ]
    numbers = [[level for level in point.values() if not isinstance(level, str)] for point in ordered]
    levels = [math.prod(some) ** (1 / len(some)) for some in numbers]
    least = [min((each for each in some if each > 0), default=1.0) for some in (costs, levels)]
    return {
        point: max(cost / least[0], level / least[1]) for point, cost, level in zip(ordered, costs, levels, strict=True)
    }
