"""The loop of a run: blocks in, records and events out. It computes no statistics and prints nothing."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import Cluster, Engine
from bptt_bench.measure.engines.counting.instructions import InstructionCounter, counter_name
from bptt_bench.measure.engines.counting.operations import OperationCounter
from bptt_bench.measure.engines.local import LocalEngine
from bptt_bench.measure.engines.payload import Payload
from bptt_bench.measure.loop.backend import Backend, RunContext
from bptt_bench.measure.loop.checks_and_probe import run_checks, run_probe
from bptt_bench.measure.loop.cluster_backend import ClusterBackend
from bptt_bench.measure.loop.counting import Counter, CountingLoop
from bptt_bench.measure.loop.events import CodePrinted, Event, Listener, RunFinished, RunStarted, SubjectMissing
from bptt_bench.measure.loop.interrupts import Interrupted, Interrupts
from bptt_bench.measure.loop.recorder import Recorder
from bptt_bench.measure.loop.serial_backend import SerialBackend
from bptt_bench.measure.loop.worker_pool import WorkerPool
from bptt_bench.measure.probe.environment import environment
from bptt_bench.measure.protocol.messages import OpenRequest
from bptt_bench.measure.protocol.records import (
    Sink,
    experiment_record,
    missing_record,
    printed_record,
    require_same_code,
    require_same_run,
    resume_record,
    run_header,
)
from bptt_bench.measure.protocol.schedule import Block, StoredProgress, divide_blocks, plan_blocks, plan_memory_blocks
from bptt_bench.measure.timing.clock import Clock, WallClock
from bptt_bench.measure.worker.result_check import PendingComparisons
from bptt_bench.plan import CheckClaim, Claim, Experiment
from bptt_bench.plan.description.description import encode_experiment
from bptt_bench.plan.experiment.subject import INSTRUCTIONS, OPERATIONS

MakeCounter = Callable[[OpenRequest, Mapping[str, str]], Counter]
COUNTERS: Mapping[str, MakeCounter] = {
    INSTRUCTIONS: InstructionCounter.of_experiment,
    OPERATIONS: OperationCounter.of_experiment,
}
NextBlocks = Callable[[], Sequence[Block]]  # called when nothing is left to be measured; no blocks end the run


def run(
    experiment: Experiment,
    *,
    module: str,
    profile: str,
    seed: int,
    threads: int,
    sink: Sink,
    corpus: Path | None = None,
    fault: str | None = None,
    done: StoredProgress | None = None,
    on_event: Listener | None = None,
    engine: Engine | Cluster | None = None,
    clock: Clock | None = None,
    describe_environment: Callable[[], Mapping[str, Any]] = environment,
    next_blocks: NextBlocks | None = None,
    probe: bool | None = None,
    sources: Mapping[str, str] | None = None,
    force: bool = False,
    measures: Sequence[str] | None = None,
    counters: Mapping[str, MakeCounter] = COUNTERS,
) -> RunFinished:
    """Measure what is not done yet, sample by sample.

    Parameters
    ----------
    module : under which the measuring processes import the experiment.
    threads : of every numerical library in the measuring processes.
    fault : planted fault of the experiment; ``experiment`` has it planted already, the measuring processes plant it.
    sink : receives every record before it is reported.
    done : what an earlier, interrupted run has stored.
    on_event : called with each event, after it is stored.
    engine : where measuring processes run: one after the other, on this machine by default, or on the workers of a
        cluster, block by block on all of its hosts at once.
    describe_environment : describes the machine and what is installed.
    next_blocks : what to measure when all blocks of the profile are done, and again when that is done. The blocks are
        measured in a fresh process, less the visits that are stored already; its points need not be the profile's.
    probe : whether to read what the machine can do before anything is measured, unless that is stored already; None:
        if a subject declares the works from which such readings predict its time. The peaks of the machine are read
        before each measuring process if a subject declares a roofline.
    sources : digests of the code that is measured; None: not known, and not seen to be the same throughout.
    force : go on with a run that was measured with other code.
    measures : what is measured, some of ``MEASURES``; None: all that the experiment states.
    counters : by what is counted without a tally: makes what counts it, given how measuring processes load the
        experiment and their environment variables.

    Raises
    ------
    MeasureError : the run to be continued was another one or of other code, a subject or a measuring process failed, or
        the libraries do not use the threads that were set. What was measured before is in the sink.
    Interrupted : SIGINT or SIGTERM came. What was measured before is in the sink.
    """
    if threads < 1:
        raise MeasureError(f"threads must be a whole number from 1, got {threads}")
    if seed < 0:
        raise MeasureError(f"seed must be a whole number from 0, got {seed}")
    missing = experiment.missing()
    described = experiment_record(encode_experiment(experiment, profile, missing))
    experiment = experiment.without(missing)
    header = run_header(
        experiment,
        module=module,
        profile=profile,
        seed=seed,
        threads=threads,
        corpus=corpus,
        fault=fault,
        sources=sources,
        measures=measures,
    )
    done = done or StoredProgress()
    if done.header is not None:
        require_same_run(header, done.header)
        if sources is not None and not force:
            require_same_code(sources, done.sources)
    clock = clock or WallClock()
    loop = _RunLoop(
        experiment=experiment,
        missing=missing,
        header=header,
        described=described,
        opening=OpenRequest(
            module=module,
            corpus=None if corpus is None else str(corpus),
            threads=threads,
            fault=fault,
            sources=sources,
        ),
        sink=sink,
        notify=on_event or (lambda _event: None),
        engine=engine or LocalEngine(experiment.environment),
        clock=clock,
        done=done,
        describe_environment=describe_environment,
        next_blocks=next_blocks or (lambda: ()),
        counters=counters,
        probe=not done.probed and (_is_predicted(experiment) if probe is None else probe),
    )
    return loop.run()


def _is_predicted(experiment: Experiment) -> bool:
    return any(subject.works is not None for subject in experiment.subjects)


class _RunLoop:
    """One run: what it does before, between and after the measuring itself."""

    def __init__(
        self,
        *,
        experiment: Experiment,
        missing: Mapping[str, str],
        header: Mapping[str, Any],
        described: Mapping[str, Any],
        opening: OpenRequest,
        sink: Sink,
        notify: Listener,
        engine: Engine | Cluster,
        clock: Clock,
        done: StoredProgress,
        describe_environment: Callable[[], Mapping[str, Any]],
        next_blocks: NextBlocks,
        counters: Mapping[str, MakeCounter],
        probe: bool,
    ) -> None:
        self._experiment, self._missing, self._header, self._described = experiment, missing, header, described
        self._sink, self._notify, self._clock, self._done = sink, notify, clock, done
        self._describe_environment, self._next_blocks, self._probe = describe_environment, next_blocks, probe
        profile = experiment.profile(header["profile"])
        self._recorder = Recorder(sink=sink, notify=notify, done=done, agreement=experiment.agreement)
        self._opening, self._counters = opening, counters
        blocks = plan_blocks(experiment, profile, seed=header["seed"]) if experiment.is_timed else ()
        self._shares = self._remaining_shares(blocks, profile.processes)
        self._shares += self._remaining_shares(plan_memory_blocks(experiment, profile), processes=1)
        self._interrupts = Interrupts()
        context = RunContext(
            recorder=self._recorder,
            comparisons=PendingComparisons(experiment, done.compared),
            interrupts=self._interrupts,
            sink=sink,
            notify=notify,
            clock=clock,
            seconds_per_sample=profile.seconds_per_sample,
            first=done.processes,
            has_roofline=any(subject.roofline is not None for subject in experiment.subjects),
        )
        self._backend: Backend
        if isinstance(engine, Cluster):
            self._backend = ClusterBackend(engine, Payload.of(opening), experiment.environment, context)
        else:
            self._backend = SerialBackend(WorkerPool(engine, opening, self._interrupts), context)

    def run(self) -> RunFinished:
        with self._interrupts.install():
            try:
                self._interrupts.check()
                with self._backend.connect():
                    self._begin()
                    self._prepare()
                    self._backend.measure(self._shares)
                    self._recorder.require_samples()
                    self._count()
                    while blocks := self._more_blocks():
                        self._backend.measure(self._remaining_shares(blocks, processes=1))
                return self._recorder.finish(self._backend.seconds_ready)
            finally:
                self._record_output()
                self._sink.sync()

    def _record_output(self) -> None:
        printed = self._backend.output
        if printed:
            self._sink.append(printed_record(printed.lines, printed.others))
            self._notify(CodePrinted(lines=dict(printed.lines), others=printed.others))

    def _count(self) -> None:
        """Count what needs no tally on this machine, wherever the time is measured."""
        for counted, make in self._counters.items():
            loop = CountingLoop(
                counted=counted,
                start=functools.partial(make, self._opening, self._experiment.environment),
                recorder=self._recorder,
                done=self._done,
                clock=self._clock,
                notify=self._notify,
            )
            with self._interrupts.allow():  # nothing is lost between two counts
                loop.run(self._experiment, self._header["profile"])

    def _more_blocks(self) -> Sequence[Block]:
        with self._interrupts.allow():  # to find that out may take as long as a fit
            return self._next_blocks()

    def _remaining_shares(self, everything: Sequence[Block], processes: int) -> list[tuple[Block, ...]]:
        """Return the visits of some blocks that are not stored yet, divided among measuring processes."""
        left = self._recorder.add_blocks(everything)
        return [share for share in divide_blocks(left, processes) if any(block.visits for block in share)]

    def _describe_counter(self) -> dict[str, str]:
        """Return what counts instructions, if any are to be counted: counters differ by what starts a process."""
        is_needed = any(subject.is_counted(INSTRUCTIONS) for subject in self._experiment.subjects)
        name = counter_name() if is_needed else None
        return {} if name is None else {"instruction_counter": name}

    def _begin(self) -> None:
        is_new = self._done.header is None
        record = self._header if is_new else resume_record(self._header, self._done)
        described = {**self._describe_environment(), **self._describe_counter()}
        self._sink.append({**record, "environment": described, "started_at": self._clock.wall()})
        if self._described != self._done.described:
            self._sink.append(self._described)
        self._sink.sync()
        progress = self._recorder.progress
        self._notify(
            RunStarted(
                experiment=self._experiment.name,
                profile=self._header["profile"],
                cells_done=progress.cells_done,
                cells_total=progress.cells_total,
                blocks_total=progress.blocks_total,
                resumed=self._done.header is not None,
            )
        )
        for subject, reason in self._missing.items():
            self._sink.append(missing_record(subject, reason))
            self._notify(SubjectMissing(subject=subject, reason=reason))

    def _prepare(self) -> None:
        """Run the checks, and the probe where something is left to be measured."""
        claims = [claim.name for claim in self._experiment.claims if self._needs_check(claim)]
        run_checks(self._backend, claims, seed=self._header["seed"], sink=self._sink, notify=self._notify)
        if self._probe and self._shares:
            run_probe(self._backend, sink=self._sink, notify=self._notify)

    def _needs_check(self, claim: Claim) -> bool:
        judged_here = not claim.profiles or self._header["profile"] in claim.profiles
        return isinstance(claim, CheckClaim) and judged_here and claim.name not in self._done.checks


__all__ = ["Event", "Interrupted", "MeasureError", "Sink", "require_same_run", "run", "run_header"]
