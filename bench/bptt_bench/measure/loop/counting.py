"""Count what evaluations of every subject do, at levels that are small enough for a counter that slows them down."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any, Protocol, Self

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.loop.counted_points import MOST_INSTRUCTIONS, count_points
from bptt_bench.measure.loop.events import Listener, Notice
from bptt_bench.measure.loop.recorder import Recorder
from bptt_bench.measure.protocol.messages import CountReply, SkipReply
from bptt_bench.measure.protocol.schedule import COUNT_BLOCK, StoredProgress, Visit, plan_cells
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.plan import CostLaw, Experiment, Point
from bptt_bench.plan.experiment.subject import INSTRUCTIONS, OPERATIONS

MOST_OPERATIONS = 1e10  # the same of operations of NumPy, whose counter takes a while for each call, whatever its size
LARGEST_COUNTS = {INSTRUCTIONS: MOST_INSTRUCTIONS, OPERATIONS: MOST_OPERATIONS}
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

    def processor_seconds(self) -> float:
        """Return the processor time that the counting has taken, in seconds."""
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
    counted : what, such as ``instructions``.
    start : gives a new counter.
    done : what an earlier, interrupted run has counted.
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
            asked: Point | None = None
            inputs = {name: InputsToCount() for name in wanted}

            def taken() -> float:
                return 0.0 if counter is None else counter.processor_seconds()

            def count(name: str, point: Point, seconds: float) -> float:
                nonlocal counter, asked
                asked = point
                if counter is None:  # which takes seconds to start
                    counter = stack.enter_context(self.start())
                return self._count(counter, name, point, inputs[name], seconds)

            for name, law in wanted.items():
                points = [cell.point for cell in cells if cell.subject == name]
                left_out: list[Point] = []
                try:
                    for alike in _by_category(points):
                        left_out += self._subject(count, name, law, alike, seconds, taken)
                except CountError as error:
                    failed.append(f"{name}: {error}")
                    if experiment.is_timed or len(wanted) > 1:  # else the error says it
                        self.notify(Notice(text=failed[-1]))
                    self.recorder.store_uncounted(name, asked or points[0], self.counted, str(error))
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
        taken: Callable[[], float],
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
            now=taken,
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
            by_function=mean_by_function(getattr(counter, "by_function", ())),
            seconds_in_evaluations=0.0,
            started_at=started_at,
        )
        self.recorder.keep_counts(Visit(name, point, COUNT_BLOCK, "counts"), reply, 0, taken, None)
        return float(median(counts))


def mean_by_function(of_inputs: Sequence[Mapping[str, int]]) -> dict[str, float]:
    """Return the mean count of each function over several inputs, the largest first.

    >>> mean_by_function([{"g": 30, "f": 70}, {"f": 90}])
    {'f': 80.0, 'g': 15.0}
    """
    names = dict.fromkeys(name for one in of_inputs for name in one)
    means = {name: fmean(one.get(name, 0) for one in of_inputs) for name in names}
    return dict(sorted(means.items(), key=lambda each: -each[1]))


def longer_profile(profile: str) -> str:
    """Return in words what gives more time than a profile."""
    longer = dict([*SECONDS.items(), ("full", SECONDS_OTHERWISE)])
    seconds = SECONDS.get(profile, SECONDS_OTHERWISE)
    after = next(((name, its) for name, its in longer.items() if its > seconds), None)
    return "give smaller levels" if after is None else f"profile {after[0]} has {after[1]:g} s"


def _by_category(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the points of each combination of levels that are text."""
    groups: dict[tuple[str, ...], list[Point]] = {}
    for point in points:
        groups.setdefault(tuple(level for level in point.values() if isinstance(level, str)), []).append(point)
    yield from groups.values()
