"""The probe of this machine: rates of products, of memory and of functions by size, and the cost of a call by itself.

Many readings, each of a millisecond or two, are taken again and again in shuffled order while there is time. So a
machine that changes its speed for seconds at a time is read at both speeds.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from bptt_bench.measure.probe.task import ProbeTask, ProbeTasks
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.timing.timing import take_sample
from bptt_bench.plan import Evaluation
from bptt_bench.plan.machine.readings import (
    BandwidthReading,
    ElementwiseReading,
    ProductReading,
    Reading,
    Readings,
    TranscendentalReading,
)

PROBE_SECONDS = 8.0  # for all rounds: with setting up and the last visit, a probe stays under 10 s
SECONDS_PER_SAMPLE = 1e-3  # far above the clock's resolution and short beside the seconds at one speed
MAX_ROUNDS = 12  # the least of a dozen visits no longer moves; a fast machine is done early
ORDER_SEED = 0  # of the order of visits; any order will do, as long as it differs between rounds
_CALLS = ("empty_call", "reduction_call", "python_call", "fresh", "warm")  # what does not depend on a size


@dataclass(slots=True)
class _TimedTask:
    """A task and the seconds per call of its visits; ``evaluations`` once calibrated, ``always`` to be read."""

    task: ProbeTask
    always: bool = False
    seconds: list[float] = field(default_factory=list)
    evaluations: int | None = None

    def visit(self, clock: Clock) -> None:
        sample = take_sample(
            self.task.evaluate, clock, seconds_per_sample=SECONDS_PER_SAMPLE, evaluations=self.evaluations
        )
        self.evaluations = sample.evaluations
        self.seconds.append(sample.seconds_per_eval)

    def reading(self) -> Reading:
        return self.task.reading(min(self.seconds), statistics.median(self.seconds))


def probe(clock: Clock, *, available: int, seconds: float = PROBE_SECONDS) -> Readings:
    """Read the machine.

    Parameters
    ----------
    available : bytes that can still be allocated; sizes that would take too much of them are left out, and named.
    seconds : after which no reading is begun.
    """
    from bptt_bench.measure.probe.tasks import allocate_tasks  # NumPy comes in here, once the threads are pinned

    start = clock.now()
    return read(allocate_tasks(available), clock, until=start + seconds)


def read(tasks: ProbeTasks, clock: Clock, *, until: float, max_rounds: int = MAX_ROUNDS) -> Readings:
    """Visit every task once, the short ones first, and then again in shuffled rounds while a whole one still fits.

    Parameters
    ----------
    until : reading of the clock after which no visit is begun.

    What there was no time for is named in ``Readings.skipped``; the calls without a size are always read.
    """
    calls = [_TimedTask(_task_of_call(name, getattr(tasks, name)), always=True) for name in _CALLS]
    sized = [_TimedTask(task) for task in sorted(tasks.sized, key=lambda task: task.work)]
    order = random.Random(ORDER_SEED)  # noqa: S311  # shuffles visits, keeps no secret
    round_seconds, rounds = 0.0, 0
    while rounds < max_rounds and (rounds == 0 or clock.now() + round_seconds <= until):
        start = clock.now()
        queue = [*calls, *sized]
        if rounds:
            order.shuffle(queue)
        for visited in queue:
            if visited.always or clock.now() < until:
                visited.visit(clock)
        rounds, round_seconds = rounds + 1, clock.now() - start
    late = [f"{one.task.name}: no time was left" for one in sized if not one.seconds]
    return _readings(tasks, calls, [one.reading() for one in sized if one.seconds], rounds, late)


def _readings(
    tasks: ProbeTasks, calls: Sequence[_TimedTask], readings: Sequence[Reading], rounds: int, late: Sequence[str]
) -> Readings:
    empty_call, reduction_call, python_call, fresh, warm = (min(one.seconds) for one in calls)
    return Readings(
        products=tuple(one for one in readings if isinstance(one, ProductReading)),
        bandwidth=tuple(one for one in readings if isinstance(one, BandwidthReading)),
        transcendental=tuple(one for one in readings if isinstance(one, TranscendentalReading)),
        elementwise=tuple(one for one in readings if isinstance(one, ElementwiseReading)),
        empty_call_seconds=empty_call,
        reduction_call_seconds=reduction_call,
        python_call_seconds=python_call,
        first_touch_seconds_per_byte=max(0.0, fresh - warm) / tasks.touched_bytes,
        clear_seconds_per_byte=warm / tasks.touched_bytes,
        rounds=rounds,
        skipped=(*tasks.skipped, *late),
    )


def _task_of_call(name: str, evaluate: Evaluation) -> ProbeTask:
    """Return a task whose seconds are read unchanged."""

    def reading(least: float, median: float) -> Reading:
        return Reading(seconds=least, median_seconds=median)

    return ProbeTask(name=name, evaluate=evaluate, work=0, reading=reading)
