"""Time evaluations: warm up, find out how many make a sample, take it. Garbage collection is off meanwhile."""

from __future__ import annotations

import contextlib
import gc
import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.timing.phases import PhaseTimer
from bptt_bench.plan import Evaluation

WARM_UP_SHARE = 0.1  # of a sample's seconds: refills the caches after another cell
TRUSTED_SHARE = 0.2  # of a sample's seconds: a shorter trial says too little about how many evaluations a sample needs
AIMED_SHARE = 0.3  # of a sample's seconds that the next trial aims at: above TRUSTED_SHARE, so that it seldom misses
MAX_GROWTH = 100  # times more evaluations from one trial to the next: a first reading may be nothing but clock noise
COLD_FACTOR = 5  # a first evaluation touches new memory; one this many samples long is long for certain
MAX_EVALUATIONS = 1 << 30  # bounds the loop where the clock does not advance
FLOOR_FACTOR = 10  # empty calls; beside an evaluation that costs less, an empty call is measured at once
FLOOR_SHARE = 0.2  # of an empty call: what an evaluation costs beyond one is known no better, so that less is nothing
FLOOR_EVALUATIONS, FLOOR_REPEATS = 2_000, 7  # half a millisecond in all; their median is robust against an interruption


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The mean time of some evaluations made in one go.

    Attributes
    ----------
    evaluations : evaluations in the sample.
    inputs : that they were made on.
    seconds_per_eval : seconds of the sample over its evaluations.
    phase_seconds_per_eval : the same by phase, when phases were timed.
    seconds_in_evaluations : seconds spent evaluating for this sample in all, warm-up and calibration included.
    first_seconds : seconds of the very first of these evaluations.
    empty_call_seconds : seconds of an empty call in the same loop, if they were subtracted.
    """

    evaluations: int
    seconds_per_eval: float
    seconds_in_evaluations: float
    first_seconds: float
    inputs: int = 1
    empty_call_seconds: float = 0.0
    phase_seconds_per_eval: Mapping[str, float] = field(default_factory=dict)


class Rotation:
    """Calls that are made in turn, one for each of several inputs; each reading goes on where the last one ended.

    A single input that is evaluated again and again is learnt by the branch predictor.
    """

    def __init__(self, calls: Sequence[Evaluation]) -> None:
        self._turns, self._inputs = itertools.cycle(calls), len(calls)

    def __len__(self) -> int:
        return self._inputs

    def take(self, evaluations: int) -> Iterator[Evaluation]:
        """Return the next calls."""
        return itertools.islice(self._turns, evaluations)

    def whole_turns(self, evaluations: int) -> int:
        """Return at least so many evaluations, the same number of each input."""
        return math.ceil(evaluations / self._inputs) * self._inputs


@contextlib.contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Keep the collector from running within the block; afterwards it is on or off as before."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def seconds_of(evaluate: Evaluation | Rotation, evaluations: int, clock: Clock) -> float:
    """Return the seconds that some evaluations take in a row."""
    calls = evaluate.take(evaluations) if isinstance(evaluate, Rotation) else itertools.repeat(evaluate, evaluations)
    start = clock.now()
    for call in calls:
        call()
    return clock.now() - start


def floor_seconds(clock: Clock, inputs: int = 1) -> float:
    """Return the seconds per evaluation of a call that does nothing, in the loop that times everything else.

    ``inputs`` : that take turns. Python calls one function repeatedly in less time than several.
    """
    calls = Rotation([_make_nothing() for _ in range(min(inputs, FLOOR_EVALUATIONS))])
    with no_garbage_collection():
        return statistics.median(
            seconds_of(calls, FLOOR_EVALUATIONS, clock) / FLOOR_EVALUATIONS for _ in range(FLOOR_REPEATS)
        )


def _make_nothing() -> Evaluation:
    def nothing() -> None:
        pass

    return nothing


def subtract_empty_call(sample: Sample, clock: Clock, usual: float) -> Sample:
    """Return a sample without the seconds of an empty call.

    ``usual`` : seconds of one in this process. Beside quick evaluations they are measured again.
    """
    is_quick = sample.seconds_per_eval < FLOOR_FACTOR * usual
    empty = floor_seconds(clock, sample.inputs) if is_quick else usual
    return replace(sample, seconds_per_eval=max(sample.seconds_per_eval - empty, 0.0), empty_call_seconds=empty)


def is_nothing(sample: Sample) -> bool:
    """Return whether an evaluation cannot be told from an empty call, whose seconds were subtracted."""
    return sample.seconds_per_eval <= FLOOR_SHARE * sample.empty_call_seconds


def warm_up(
    evaluate: Evaluation | Rotation, clock: Clock, seconds_per_sample: float, first: float | None = None
) -> tuple[float, float]:
    """Evaluate once, and go on for a small share of a sample; gives the seconds of the first and of all evaluations.

    ``first`` : seconds of an evaluation that was made just before, which then is the first.
    """
    first = total = seconds_of(evaluate, 1, clock) if first is None else first
    for _ in range(MAX_EVALUATIONS):
        if total >= WARM_UP_SHARE * seconds_per_sample:
            break
        seconds = seconds_of(evaluate, 1, clock)
        if seconds <= 0:  # below the clock's resolution: no number of single readings adds up to a warm-up
            break
        total += seconds
    return first, total


def calibrate(evaluate: Evaluation | Rotation, clock: Clock, seconds_per_sample: float) -> tuple[int, float]:
    """Return how many evaluations make a sample last ``seconds_per_sample``, and the seconds spent finding out.

    One evaluation that lasts longer is a sample.
    """
    evaluations, spent = 1, 0.0
    while True:
        seconds = seconds_of(evaluate, evaluations, clock)
        spent += seconds
        if seconds >= TRUSTED_SHARE * seconds_per_sample:
            return max(1, math.ceil(round(seconds_per_sample * evaluations / seconds, 6))), spent
        if evaluations >= MAX_EVALUATIONS:
            return evaluations, spent
        wanted = AIMED_SHARE * seconds_per_sample / seconds if seconds > 0 else MAX_GROWTH
        evaluations = min(MAX_EVALUATIONS, math.ceil(evaluations * min(max(wanted, 2), MAX_GROWTH)))


def take_sample(
    evaluate: Evaluation | Rotation,
    clock: Clock,
    *,
    seconds_per_sample: float,
    evaluations: int | None = None,
    phases: PhaseTimer | None = None,
    first: float | None = None,
) -> Sample:
    """Warm up, calibrate unless the number of evaluations is known, and time one sample, by phase if wanted.

    ``first`` : seconds of an evaluation that was made just before.
    """
    with no_garbage_collection():
        first, spent = warm_up(evaluate, clock, seconds_per_sample, first)
        if evaluations is None and first >= COLD_FACTOR * seconds_per_sample:
            evaluations = 1
        elif evaluations is None:
            evaluations, more = calibrate(evaluate, clock, seconds_per_sample)
            spent += more
        if isinstance(evaluate, Rotation):
            evaluations = evaluate.whole_turns(evaluations)
        if phases is not None:
            phases.start()
        seconds = seconds_of(evaluate, evaluations, clock)
        by_phase = {} if phases is None else phases.stop()
    return Sample(
        evaluations=evaluations,
        seconds_per_eval=seconds / evaluations,
        seconds_in_evaluations=spent + seconds,
        first_seconds=first,
        inputs=len(evaluate) if isinstance(evaluate, Rotation) else 1,
        phase_seconds_per_eval={name: value / evaluations for name, value in by_phase.items() if name},
    )


def is_below_floor(seconds_per_eval: float, floor: float) -> bool:
    """Return whether the loop around an evaluation may be what was measured."""
    return seconds_per_eval < FLOOR_FACTOR * floor
