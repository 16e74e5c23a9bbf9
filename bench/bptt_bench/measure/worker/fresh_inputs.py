"""How many inputs a subject is evaluated on at a point, and the calls on them.

The branch predictor learns a single input that is evaluated again and again, if one evaluation has few branches: of one
list of 100 numbers sorting took 21 ns an element, of 256 lists in turn 51 ns. At large sizes it cannot, so that the
time grows faster than the work. Several inputs therefore take turns, so many that it takes a while until the first one
is met again. They are made only where one costs little more than an evaluation, which then reads all of it. A call
that reads little of a large input, such as a search in a sorted list, has one input at all sizes: several would be
learnt no more but lie outside of the caches, and only at the small sizes, where they could be prepared.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.timing.timing import COLD_FACTOR, Rotation, Sample, seconds_of
from bptt_bench.plan import Evaluation, Point
from bptt_bench.plan.experiment.seeded import MOST_INPUTS, SeededPrepare, seed

TURN_SHARE = 0.2  # of a sample's seconds that a turn of all inputs should last: 2 ms are a million branches
PREPARING_SHARE = 1.0  # of a sample's seconds that preparing further inputs may take
# that preparing an input may take if several are to be prepared; random.sample of n numbers and sorting them: 7 to 30
MOST_TIMES_AN_EVALUATION = 50
CONSUMED_SHARE = 5.0  # the share for inputs that are used up
MOST_CONSUMED = 10_000  # in a sample
# of a sample whose inputs are used up: in a shorter one, of a few quick calls, that the first finds the caches cold
# after an input was prepared would weigh, some microseconds
LEAST_SECONDS = 2e-5
TRIALS = 3  # evaluations of which the quickest tells how many inputs are needed
REPEATED_SAMPLES = 10  # a preparation shorter than so many samples is repeated: the first one may have imported
MEMORY_SHARE = 0.3  # of the memory available that further inputs of a point may take


@dataclass(frozen=True, slots=True)
class VisitedInputs:
    """The inputs of a subject at a point in a block, and their number if another process has decided on it."""

    prepare: SeededPrepare
    subject: str
    point: Point
    block: int
    seconds_per_sample: float
    count: int | None = None

    def prepare_input(self, place: int) -> Evaluation:
        """Prepare an input, by its place among those of the visit."""
        return self.prepare.with_input(self.point, self.prepare.number(self.block, place))


def is_too_short(sample: Sample) -> bool:
    """Return whether a sample of calls that use their inputs up had too few of them."""
    return sample.seconds_per_eval * sample.evaluations < LEAST_SECONDS


class FirstEvaluation(NamedTuple):
    """The evaluation on the first input of a visit; ``preparing`` and evaluating it first took so many seconds."""

    evaluate: Evaluation
    seconds: float
    preparing: float


class FreshInputs:
    """Decides at the first visit to a subject at a point how many inputs it has there, and prepares them.

    Parameters
    ----------
    available : bytes that can still be allocated.
    """

    def __init__(self, clock: Clock, available: Callable[[], int]) -> None:
        self._clock, self._available = clock, available
        self._counts: dict[tuple[str, Point], int] = {}

    def count(self, visited: VisitedInputs) -> int | None:
        """Return the number of inputs that was decided on, here or elsewhere; None before."""
        return self._counts.get((visited.subject, visited.point), visited.count)

    def rotate(
        self, visited: VisitedInputs, first: FirstEvaluation, is_suspicious: Callable[[float], bool]
    ) -> Evaluation | Rotation:
        """Return the calls of a visit, in turn if they are several.

        Parameters
        ----------
        is_suspicious : whether the first evaluation changed its input, and later ones, of so many seconds, seem to
            depend on that. Then there is one input: how the time depends on it is examined afterwards.
        """
        cell = visited.subject, visited.point
        count, limit = self.count(visited), math.inf
        if count is None:
            count = self._wanted(visited, first, is_suspicious)
            limit = PREPARING_SHARE * visited.seconds_per_sample if visited.prepare.inputs is None else math.inf
        others = list(self._prepare_further(visited, range(1, count), limit))
        self._counts[cell] = 1 + len(others)
        return Rotation([first.evaluate, *others]) if others else first.evaluate

    def sample_consuming(self, visited: VisitedInputs, first: float) -> Sample:
        """Return a sample of evaluations of which each uses an input up: as many as fill it and can be prepared.

        Parameters
        ----------
        first : seconds of the evaluation before, which used the first input of the visit up.
        """
        cell = visited.subject, visited.point
        count, limit, readings = self.count(visited), math.inf, [first]
        if count is None:
            limit, start = CONSUMED_SHARE * visited.seconds_per_sample, self._clock.now()
            while len(readings) < TRIALS and first < COLD_FACTOR * visited.seconds_per_sample:
                if self._clock.now() - start > limit:
                    break
                readings.append(seconds_of(visited.prepare_input(len(readings)), 1, self._clock))
            count = count_evaluations(visited.seconds_per_sample, min(readings), MOST_CONSUMED)
        calls = list(self._prepare_further(visited, range(len(readings), len(readings) + count), limit))
        self._counts[cell] = len(calls)
        seconds = seconds_of(Rotation(calls), len(calls), self._clock)
        return Sample(
            evaluations=len(calls),
            seconds_per_eval=seconds / len(calls),
            seconds_in_evaluations=sum(readings) + seconds,
            first_seconds=first,
            inputs=len(calls),
        )

    def _wanted(self, visited: VisitedInputs, first: FirstEvaluation, is_suspicious: Callable[[float], bool]) -> int:
        """Return how many inputs a subject should have at a point."""
        asked, seconds_per_sample = visited.prepare.inputs, visited.seconds_per_sample
        if first.seconds >= COLD_FACTOR * seconds_per_sample:
            return 1
        later = [seconds_of(first.evaluate, 1, self._clock) for _ in range(1, TRIALS)]
        if is_suspicious(min(later)):
            return 1
        quickest = min(first.seconds, *later)
        if asked is not None:
            return min(asked, count_evaluations(seconds_per_sample, quickest, MOST_INPUTS))
        wanted, preparing = count_evaluations(TURN_SHARE * seconds_per_sample, quickest, MOST_INPUTS), first.preparing
        if wanted > 1 and REPEATED_SAMPLES * seconds_per_sample > preparing > quickest:
            start = self._clock.now()
            visited.prepare_input(0)
            prepared = self._clock.now()
            seed(visited.point)
            seeding = self._clock.now() - prepared  # some 20 µs, which are ours
            preparing = min(preparing, prepared - start) - seeding
        return wanted if preparing <= MOST_TIMES_AN_EVALUATION * quickest else 1

    def _prepare_further(self, visited: VisitedInputs, places: range, limit_seconds: float) -> Iterator[Evaluation]:
        """Yield calls on further inputs, as long as preparing them takes little time and memory."""
        start, before = self._clock.now(), self._available()
        for made, place in enumerate(places, start=1):
            yield visited.prepare_input(place)
            is_large = made.bit_count() == 1 and before - self._available() > MEMORY_SHARE / 2 * before
            if is_large or self._clock.now() - start > limit_seconds:
                return


def count_evaluations(seconds: float, seconds_per_eval: float, most: int) -> int:
    """Return how many evaluations last so long, at most so many."""
    return math.ceil(round(seconds / seconds_per_eval, 6)) if seconds_per_eval > seconds / most else most
