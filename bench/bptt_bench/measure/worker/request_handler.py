"""Requests about one experiment and about the machine, handled in a measuring process."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from bptt_bench.measure.probe.environment import available_bytes, load_average, thread_pools
from bptt_bench.measure.protocol.messages import (
    CheckReply,
    CheckRequest,
    ComparisonReply,
    ComparisonRequest,
    CountReply,
    CountRequest,
    ErrorReply,
    MemoryReply,
    MemoryRequest,
    OpenReply,
    OpenRequest,
    PeaksReply,
    PeaksRequest,
    ProbeReply,
    ProbeRequest,
    Reply,
    Request,
    SampleReply,
    SampleRequest,
    SkipReply,
)
from bptt_bench.measure.protocol.provenance import CodeDiffersError, require_sources
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.timing.memory import allocated_bytes, peak_bytes
from bptt_bench.measure.timing.phases import PhaseTimer
from bptt_bench.measure.timing.timing import (
    Rotation,
    Sample,
    floor_seconds,
    is_below_floor,
    is_nothing,
    no_garbage_collection,
    seconds_of,
    subtract_empty_call,
    take_sample,
)
from bptt_bench.measure.worker.counts import count_operations
from bptt_bench.measure.worker.fresh_inputs import FirstEvaluation, FreshInputs, VisitedInputs, is_too_short
from bptt_bench.measure.worker.inspection import Inspector
from bptt_bench.measure.worker.loading import describe_error, load_experiment, one_line
from bptt_bench.measure.worker.machine import ThreadsError, peaks_of_machine, probe_machine, require_threads
from bptt_bench.measure.worker.prepared_cache import COLLECT_FROM_BYTES, PreparedCache
from bptt_bench.measure.worker.result_check import ResultComparer
from bptt_bench.plan import PLACEBO_SUFFIX, CheckClaim, Evaluation, Experiment, Point
from bptt_bench.plan.experiment.seeded import SeededPrepare
from bptt_bench.plan.machine.peaks import Peaks
from bptt_bench.plan.machine.readings import Readings
from bptt_bench.text.numbers import amount_in_sentence
from bptt_bench.text.units import BYTE

CACHE_SHARE = 0.3  # of the memory available at the start: the rest is for the point being measured and for others
MEMORY_SHARE = 0.8  # of the memory available: a point predicted to need more is not prepared; swapping is not measuring


class Prepared(NamedTuple):
    """The evaluation of a cell.

    Attributes
    ----------
    again : prepares the same once more.
    visited : the inputs of the visit, where the subject may have several; the evaluation is on the first.
    seconds : that preparing took.
    is_fresh : whether it was prepared for this visit.
    """

    evaluate: Evaluation
    again: Callable[[], Evaluation]
    phases: PhaseTimer | None = None
    visited: VisitedInputs | None = None
    seconds: float = 0.0
    is_fresh: bool = True

    @property
    def is_used_up(self) -> bool:
        """Whether an evaluation uses its input up, as is stated."""
        return self.visited is not None and self.visited.prepare.consumes


class RequestHandler:
    """Answers requests about one experiment, and about the machine.

    Parameters
    ----------
    clock : times the evaluations.
    available : bytes that can still be allocated.
    pools : what the numerical libraries report about their threads.
    load : finds an experiment.
    probe : reads what the machine can do, given the bytes that can still be allocated.
    peaks : reads the peaks of the machine with so many threads, given the same bytes.
    peak : bytes by which an evaluation raises the peak of this process; None where the system does not report it.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        available: Callable[[], int] = available_bytes,
        pools: Callable[[], list[dict[str, Any]]] = thread_pools,
        load: Callable[[str, Path | None], Experiment] = load_experiment,
        probe: Callable[[Clock, int], Readings] = probe_machine,
        peaks: Callable[[Clock, int, int], Peaks] = peaks_of_machine,
        peak: Callable[[Evaluation], int | None] = peak_bytes,
    ) -> None:
        self._clock, self._available, self._pools, self._load = clock, available, pools, load
        self._probe_machine, self._peaks_of_machine, self._peak_bytes = probe, peaks, peak
        self._comparer = ResultComparer()
        self._cache: PreparedCache[Prepared] = PreparedCache(int(CACHE_SHARE * available()))
        self._inputs = FreshInputs(clock, available)
        self._experiment: Experiment | None = None
        self._floor_seconds = 0.0
        self._first_seconds: dict[tuple[str, Point], float] = {}  # of each subject at each point, in this process
        self._handlers: dict[type[Request], Callable[[Any], Reply]] = {
            OpenRequest: self._open,
            CheckRequest: self._check,
            ProbeRequest: self._probe,
            SampleRequest: self._measure,
            MemoryRequest: self._measure_memory,
            CountRequest: self._count,
            ComparisonRequest: self._compare,
            PeaksRequest: self._read_peaks,
        }

    def handle(self, request: Request) -> Reply:
        """Handle a request and return the reply; an exception becomes a reply of one line."""
        try:
            return self._handlers[type(request)](request)
        except (ThreadsError, CodeDiffersError) as error:
            return ErrorReply(message=str(error))
        except BaseException as error:  # noqa: BLE001  # whatever the user's code raises, the run must name it
            if isinstance(request, SampleRequest | MemoryRequest | CountRequest | ComparisonRequest):
                return self._skip(request, error)
            return ErrorReply(message=describe_error(error))

    def _skip(
        self, request: SampleRequest | MemoryRequest | CountRequest | ComparisonRequest, error: BaseException
    ) -> SkipReply:
        """Return the reply for an exception at one point, which ends the measuring of that point alone."""
        if not isinstance(error, MemoryError):
            return SkipReply(reason=describe_error(error), raised=True)
        reason = f"ran out of memory: {one_line(error)}"
        if isinstance(request, ComparisonRequest):
            return SkipReply(reason=reason, bytes_available=self._available())
        return SkipReply(reason=reason, bytes_needed=self._bytes_needed(request), bytes_available=self._available())

    def _open(self, request: OpenRequest) -> OpenReply:
        experiment = self._load(request.module, None if request.corpus is None else Path(request.corpus))
        if request.sources is not None:
            require_sources(request.module, request.sources)
        self._experiment = experiment if request.fault is None else experiment.with_fault(request.fault)
        pools = self._pools()
        require_threads(pools, request.threads)
        gc.collect()
        gc.freeze()  # what is loaded now stays, and need not be collected again
        self._floor_seconds = floor_seconds(self._clock)
        return OpenReply(pid=os.getpid(), threads=pools, floor_seconds=self._floor_seconds)

    def _check(self, request: CheckRequest) -> CheckReply:
        claim = next(claim for claim in self._require_experiment().claims if claim.name == request.claim)
        assert isinstance(claim, CheckClaim)
        start = self._clock.now()
        result = claim.check(request.seed)
        return CheckReply(
            estimate=float(result.estimate),
            allowed=float(result.allowed),
            cases=int(result.cases),
            seconds=self._clock.now() - start,
            detail=str(result.detail),
            passes={
                title: [(int(place), [int(origin) for origin in origins]) for place, origins in passes]
                for title, passes in result.passes.items()
            },
            pass_symbols=result.pass_symbols,
        )

    def _probe(self, request: ProbeRequest) -> ProbeReply:
        require_threads(self._pools(), request.threads)
        start = self._clock.now()
        readings = self._probe_machine(self._clock, self._available())
        return ProbeReply(readings=readings.to_json(), seconds=self._clock.now() - start)

    def _read_peaks(self, request: PeaksRequest) -> PeaksReply:
        require_threads(self._pools(), request.threads)
        start = self._clock.now()
        peaks = self._peaks_of_machine(self._clock, request.threads, self._available())
        return PeaksReply(peaks=peaks.to_json(), seconds=self._clock.now() - start)

    def _compare(self, request: ComparisonRequest) -> ComparisonReply | SkipReply:
        point = Point(request.point)

        def prepared(subject: str) -> Evaluation | SkipReply:
            refused = self._make_room(SampleRequest(subject=subject, point=point, timing="whole", seconds_per_sample=0))
            if refused is not None:
                return refused
            evaluate = (
                self._require_experiment().subject(subject).prepare(point)
            )  # what is measured finds its inputs as prepared

            def timed() -> object:
                start = self._clock.now()
                result = evaluate()
                self._first_seconds.setdefault((subject, point), self._clock.now() - start)
                return result

            return timed

        agreement = self._require_experiment().agreement
        assert agreement is not None, "only experiments with an agreement are asked to compare"
        return self._comparer.compare(agreement, request.subject, point, prepared)

    def _measure(self, request: SampleRequest) -> SampleReply | SkipReply:
        found = self._prepare(request)
        return found if isinstance(found, SkipReply) else self._sample(request, found)

    def _measure_memory(self, request: MemoryRequest) -> MemoryReply | SkipReply:
        """Measure memory in three evaluations, each prepared afresh, so that none finds the buffers of another.

        The first is not measured: what code allocates once in a process (compiled functions, pools of threads, buffers
        of the libraries) is not a cost of an evaluation.
        """
        if (refused := self._too_large(request)) is not None:
            return refused
        subject, point = self._require_experiment().subject(request.subject), Point(request.point)
        started_at, busy = self._clock.wall(), 0.0

        def prepared() -> Evaluation:
            evaluate = subject.prepare(point)

            def timed() -> None:
                nonlocal busy
                start = self._clock.now()
                evaluate()
                busy += self._clock.now() - start

            return timed

        with no_garbage_collection():
            prepared()()
            peak = self._peak_bytes(prepared())
            allocated = allocated_bytes(prepared)
        return MemoryReply(
            peak_bytes=peak,
            allocated_bytes=allocated,
            output_bytes=None if subject.output_bytes is None else int(subject.output_bytes(point)),
            seconds_in_evaluations=busy,
            started_at=started_at,
        )

    def _count(self, request: CountRequest) -> CountReply | SkipReply:
        if (refused := self._too_large(request)) is not None:
            return refused
        return count_operations(self._require_experiment().subject(request.subject), Point(request.point), self._clock)

    def _sample(self, request: SampleRequest, prepared: Prepared) -> SampleReply:
        started_at, load = self._clock.wall(), load_average()
        is_new = prepared.is_fresh and request.timing == "whole" and request.evaluations is None  # in this run
        inspector = Inspector(prepared.evaluate, self._clock) if is_new or self._is_undecided(prepared) else None
        with no_garbage_collection():
            sample = self._take_sample(request, prepared, inspector)
            inspection = None
            if is_new and inspector is not None:
                later = sample.first_seconds if prepared.is_used_up else sample.seconds_per_eval
                inspection = inspector.compare_fresh(later, prepared.again)
                inspection = replace(inspection, input_bytes=inspector.input_bytes * sample.inputs)
        below_floor = is_below_floor(sample.seconds_per_eval, self._floor_seconds)
        if request.timing == "whole":
            sample = subtract_empty_call(sample, self._clock, self._floor_seconds)
            below_floor = is_nothing(sample) or (prepared.is_used_up and is_too_short(sample))
        more = 0.0 if inspector is None else inspector.seconds_in_evaluations - sample.first_seconds
        cell = (request.subject.removesuffix(PLACEBO_SUFFIX), Point(request.point))
        return SampleReply(
            evaluations=sample.evaluations,
            seconds_per_eval=sample.seconds_per_eval,
            seconds_in_evaluations=sample.seconds_in_evaluations + more,
            phase_seconds_per_eval=sample.phase_seconds_per_eval,
            empty_call_seconds=sample.empty_call_seconds,
            below_floor=below_floor,
            started_at=started_at,
            load_average=load,
            first_seconds=self._first_seconds.setdefault(cell, sample.first_seconds),
            inputs=sample.inputs,
            inspection=None if inspection is None else inspection.to_json(),
        )

    def _is_undecided(self, prepared: Prepared) -> bool:
        """Return whether it has yet to be decided on how many inputs a subject is evaluated at a point."""
        return prepared.visited is not None and self._inputs.count(prepared.visited) is None

    def _take_sample(self, request: SampleRequest, prepared: Prepared, inspector: Inspector | None) -> Sample:
        """Take a sample on the inputs that the subject has at the point."""
        calls: Evaluation | Rotation = prepared.evaluate
        first = None if inspector is None else inspector.evaluate_first()
        if prepared.visited is not None:
            first = seconds_of(calls, 1, self._clock) if first is None else first
            if prepared.is_used_up:
                return self._inputs.sample_consuming(prepared.visited, first)
            calls = self._inputs.rotate(
                prepared.visited,
                FirstEvaluation(prepared.evaluate, first, prepared.seconds),
                lambda later: inspector is not None and inspector.is_suspicious(later),
            )
        return take_sample(
            calls,
            self._clock,
            seconds_per_sample=request.seconds_per_sample,
            evaluations=request.evaluations,
            phases=prepared.phases,
            first=first,
        )

    def _prepare(self, request: SampleRequest) -> Prepared | SkipReply:
        """Return the evaluation of a cell, prepared now or before."""
        point = Point(request.point)
        key = (request.subject, point, request.timing)
        kept = self._cache.get(key)
        if kept is not None:
            return kept._replace(is_fresh=False)
        refused = self._make_room(request)
        if refused is not None:
            return refused
        subject = self._require_experiment().subject(request.subject)
        start = self._clock.now()
        if request.timing == "phases":
            assert subject.prepare_phased is not None, "only subjects with phases are asked for them"
            phases = PhaseTimer(self._clock)
            prepared = Prepared(subject.prepare_phased(point, phases), lambda: subject.prepare(point), phases=phases)
        elif isinstance(subject.prepare, SeededPrepare) and subject.prepare.has_several:
            visited = VisitedInputs(
                prepare=subject.prepare,
                subject=subject.name,
                point=point,
                block=request.block,
                seconds_per_sample=request.seconds_per_sample,
                count=request.inputs,
            )
            evaluate = visited.prepare_input(0)
            seconds = self._clock.now() - start
            return Prepared(evaluate, lambda: visited.prepare_input(0), visited=visited, seconds=seconds)
        else:
            prepared = Prepared(subject.prepare(point), lambda: subject.prepare(point))
        self._cache.put(key, prepared, self._bytes_needed(request))
        return prepared

    def _make_room(self, request: SampleRequest) -> SkipReply | None:
        """Return why a point does not fit into memory, after making room for it; None where it fits."""
        needed = self._bytes_needed(request)
        if needed is None or needed >= COLLECT_FROM_BYTES:
            gc.collect()  # cycles of the last large evaluation must be freed before memory is read
        if needed is not None and not self._cache.make_room(needed, lambda: MEMORY_SHARE * self._available()):
            return too_large(needed, self._available())
        return None

    def _too_large(self, request: MemoryRequest | CountRequest) -> SkipReply | None:
        """Return why a point does not fit into memory; None where it fits."""
        needed, available = self._bytes_needed(request), self._available()
        return None if needed is None or needed <= MEMORY_SHARE * available else too_large(needed, available)

    def _bytes_needed(self, request: SampleRequest | MemoryRequest | CountRequest) -> int | None:
        working_set = self._require_experiment().subject(request.subject).working_set
        return None if working_set is None else int(working_set(Point(request.point)))

    def _require_experiment(self) -> Experiment:
        assert self._experiment is not None, "the first request opens an experiment"
        return self._experiment


def too_large(needed: int, available: int) -> SkipReply:
    """Return the reply for a point whose inputs do not fit."""
    return SkipReply(
        reason=f"needs {amount_in_sentence(needed, BYTE)}, allowed are {MEMORY_SHARE:.0%} of the "
        f"{amount_in_sentence(available, BYTE)} available",
        bytes_needed=needed,
        bytes_available=available,
    )
