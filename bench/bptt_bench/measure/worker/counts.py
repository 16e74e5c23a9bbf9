"""Operations of one evaluation, counted by its subject: the same each time, so that once is enough."""

from __future__ import annotations

import math
from numbers import Real

from bptt_bench.measure.protocol.messages import CountReply
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.timing.timing import no_garbage_collection
from bptt_bench.plan import Point, Subject
from bptt_bench.plan.experiment.subject import COUNTED


def count_operations(subject: Subject, point: Point, clock: Clock) -> CountReply:
    """Return the counts of a subject at a point, from one evaluation that is not timed.

    Raises
    ------
    ValueError : the tally gives something else than numbers from 0 by name, or lacks one that has a law.
    """
    assert subject.tally is not None, "only subjects with a tally are asked to count"
    started_at, start = clock.wall(), clock.now()
    with no_garbage_collection():
        found = subject.tally(point)
    seconds = clock.now() - start
    lacking = [name for name in subject.count_laws if name not in found and name not in COUNTED]
    if lacking:
        raise ValueError(f"tally: lacks {lacking[0]!r}, which has a law; it gives {', '.join(found) or 'nothing'}")
    counts = {str(name): _number(name, value) for name, value in found.items()}
    return CountReply(counts=counts, seconds_in_evaluations=seconds, started_at=started_at)


def _number(name: object, value: object) -> float:
    """Return a count as JSON holds it: whole numbers stay exact."""
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"tally: each key must be a name such as 'comparisons', got {name!r}")
    number = float(value) if isinstance(value, Real) else math.nan
    if not 0 <= number < math.inf:
        raise ValueError(f"tally: {name} must be a finite number from 0, got {value!r}")
    return int(number) if number.is_integer() else number
