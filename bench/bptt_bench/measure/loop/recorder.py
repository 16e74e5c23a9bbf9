"""The recorder of a run: stores, counts, then reports the outcome of each visit, wherever it was measured."""

from __future__ import annotations

from collections.abc import Sequence

from bptt_bench.errors import MeasureError
from bptt_bench.measure.loop.events import (
    BlockDone,
    CellSkipped,
    CountsTaken,
    Listener,
    MemoryTaken,
    RunFinished,
    SampleTaken,
)
from bptt_bench.measure.loop.progress import ProgressCounts
from bptt_bench.measure.protocol.messages import ComparisonReply, CountReply, MemoryReply, SampleReply, SkipReply
from bptt_bench.measure.protocol.records import (
    Sink,
    agreement_record,
    count_record,
    finish_record,
    inspection_record,
    memory_record,
    sample_record,
    skip_record,
    uncounted_record,
)
from bptt_bench.measure.protocol.schedule import SWEEP, Block, StoredProgress, Visit, remaining_blocks
from bptt_bench.measure.worker.visits import Outcome
from bptt_bench.plan import Agreement, Cell, Point


class Recorder:
    """Keeps what a run measures, and how much of it there is.

    Parameters
    ----------
    done : what an earlier, interrupted run has stored.
    agreement : of the experiment, if results are compared.

    Attributes
    ----------
    progress : visits made and left.
    counted : points at which something was counted.
    """

    def __init__(self, *, sink: Sink, notify: Listener, done: StoredProgress, agreement: Agreement | None) -> None:
        self._sink, self._notify, self._done, self._agreement = sink, notify, done, agreement
        self.progress = ProgressCounts()
        self._samples = self._memory_cells = self.counted_cells = 0
        self._seconds_in_evaluations = 0.0
        self._skipped: dict[tuple[Cell, str], str] = {}  # reasons by cell and timing
        self._measured: set[str] = set()  # timings of which there is a sample

    @property
    def stored(self) -> frozenset[Visit]:
        """Return the visits that an earlier, interrupted run has stored."""
        return self._done.samples

    def add_blocks(self, everything: Sequence[Block]) -> tuple[Block, ...]:
        """Take blocks into account; what is not stored yet of them."""
        left = remaining_blocks(everything, self._done.samples)
        self.progress.add(everything, left)
        return left

    def record(self, outcome: Outcome, *, process: int, stage: str = SWEEP, host: str | None = None) -> None:
        """Store what came of a visit, and only then report it.

        Parameters
        ----------
        process : number of the measuring process.
        stage : of the visit's block.
        host : where it was measured, if the run has several.
        """
        visit, found, seconds = outcome
        if isinstance(found, ComparisonReply):
            assert self._agreement is not None, "only experiments with an agreement compare"
            self._sink.append(agreement_record(visit, self._agreement, found))
            return
        if isinstance(found, SkipReply):
            self._skip(visit, found, host)
            return
        last = self.progress.count_visit(visit)
        self._measured.add(visit.timing)
        self.progress.time_left.complete(visit, seconds)
        if isinstance(found, MemoryReply):
            self._keep_memory(visit, found, process, seconds, host)
        elif isinstance(found, CountReply):
            self.keep_counts(visit, found, process, seconds, host)
        else:
            record = sample_record(visit, process, found, visit_seconds=seconds, stage=stage, host=host)
            self._keep(visit, found, record)
        self._block_done(visit, last)

    def drop(self, visit: Visit) -> None:
        """Count a visit that is not made: its cell is left out."""
        last = self.progress.count_visit(visit)
        self.progress.time_left.drop(visit)
        self._block_done(visit, last)

    def require_samples(self) -> None:
        """See that not all times, nor all memory, nor all counts had to be left out.

        Raises
        ------
        MeasureError : they had, and none were measured before; the message names the first cell and why.
        """
        measured = {visit.timing for visit in self._done.samples} | self._measured
        for timing in ("whole", "phases", "memory", "counts"):
            skipped = {cell: reason for (cell, of), reason in self._skipped.items() if of == timing}
            if skipped and timing not in measured:
                cell, reason = next(iter(skipped.items()))
                others = f"; none of {len(skipped)} cells could be measured" if len(skipped) > 1 else ""
                raise MeasureError(f"subject {cell.subject!r} at {cell.point}: {reason}{others}")

    def finish(self, seconds_ready: float) -> RunFinished:
        """Store and report the end of a run, which had a measuring process ready for so many seconds."""
        busy, measured = self._seconds_in_evaluations, self._samples + self._memory_cells + self.counted_cells
        share = busy / seconds_ready if measured and seconds_ready > 0 else None
        if measured:
            self._sink.append(finish_record(seconds_ready, busy, share))
        finished = RunFinished(
            samples=self._samples,
            memory_cells=self._memory_cells,
            counted_cells=self.counted_cells,
            skipped=len({cell for cell, _ in self._skipped}),
            seconds_after_workers_started=seconds_ready,
            seconds_in_evaluations=busy,
            busy_share=share,
        )
        self._notify(finished)
        return finished

    def _keep(self, visit: Visit, sampled: SampleReply, record: dict[str, object]) -> None:
        self._samples += 1
        self._seconds_in_evaluations += sampled.seconds_in_evaluations
        self._sink.append(record)
        if sampled.inspection is not None:
            self._sink.append(inspection_record(visit, sampled.inspection))
        self._notify(
            SampleTaken(**visit._asdict(), seconds_per_eval=sampled.seconds_per_eval, **self.progress.as_fields())
        )

    def _keep_memory(self, visit: Visit, weighed: MemoryReply, process: int, seconds: float, host: str | None) -> None:
        self._memory_cells += 1
        self._seconds_in_evaluations += weighed.seconds_in_evaluations
        self._sink.append(memory_record(visit, process, weighed, visit_seconds=seconds, host=host))
        self._notify(
            MemoryTaken(
                subject=visit.subject,
                point=visit.point,
                allocated_bytes=weighed.allocated_bytes,
                peak_bytes=weighed.peak_bytes,
                **self.progress.as_fields(),
            )
        )

    def keep_counts(self, visit: Visit, counted: CountReply, process: int, seconds: float, host: str | None) -> None:
        self.counted_cells += 1
        self._seconds_in_evaluations += counted.seconds_in_evaluations
        self._sink.append(count_record(visit, process, counted, visit_seconds=seconds, host=host))
        self._notify(
            CountsTaken(
                subject=visit.subject, point=visit.point, counts=dict(counted.counts), **self.progress.as_fields()
            )
        )

    def store_skip(self, visit: Visit, found: SkipReply, host: str | None) -> None:
        """Store why a cell is left out."""
        self._sink.append(skip_record(visit, found, host=host))

    def store_uncounted(self, subject: str, point: Point, counted: str, reason: str) -> None:
        """Store why something cannot be counted of a subject, which was seen at a point."""
        self._sink.append(uncounted_record(subject, point, counted, reason))

    def _skip(self, visit: Visit, found: SkipReply, host: str | None) -> None:
        self._skipped.setdefault((Cell(visit.subject, visit.point), visit.timing), found.reason)
        last = self.progress.count_visit(visit)
        self.progress.time_left.drop(visit)
        self.store_skip(visit, found, host)
        self._notify(CellSkipped(subject=visit.subject, point=visit.point, timing=visit.timing, reason=found.reason))
        self._block_done(visit, last)

    def _block_done(self, visit: Visit, last: bool) -> None:
        if not last:
            return
        self._sink.sync()
        done, total = self.progress.blocks_done, self.progress.blocks_total
        self._notify(BlockDone(block=visit.block, blocks_done=done, blocks_total=total))
