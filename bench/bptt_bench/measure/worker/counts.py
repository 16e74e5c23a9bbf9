"""Operations of one evaluation, counted by its subject: the same each time, so that once is enough."""

from __future__ import annotations

from bptt_bench.measure.counters.tally import read_tally
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
        counts = read_tally(subject.tally, point)
    seconds = clock.now() - start
    lacking = [name for name in subject.count_laws if name not in counts and name not in COUNTED]
    if lacking:
        raise ValueError(f"tally: lacks {lacking[0]!r}, which has a law; it gives {', '.join(counts) or 'nothing'}")
    return CountReply(counts=counts, seconds_in_evaluations=seconds, started_at=started_at)
