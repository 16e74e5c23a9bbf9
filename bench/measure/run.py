"""The loop of a run: blocks in, records and events out. It computes no statistics and prints nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.measure.calibrations import Calibrations
from bench.measure.clock import Clock, WallClock
from bench.measure.comparing import Comparisons
from bench.measure.crew import Crew
from bench.measure.engines import Engine, Worker
from bench.measure.engines.local import LocalEngine
from bench.measure.environment import environment
from bench.measure.events import (
    BlockDone,
    Event,
    Listener,
    MemoryTaken,
    Missing,
    RunFinished,
    RunStarted,
    SampleTaken,
    Skipped,
    WorkerStarted,
)
from bench.measure.interrupts import Interrupted, Interrupts
from bench.measure.messages import Measure, Open, Ready, Sampled, TooLarge, Weigh, Weighed
from bench.measure.preliminaries import run_checks, run_peaks, run_probe
from bench.measure.records import (
    MeasureError,
    Sink,
    finish_record,
    memory_record,
    missing_record,
    require_same_run,
    run_header,
    sample_record,
    skip_record,
)
from bench.measure.schedule import Block, Done, Visit, blocks_of, divided, memory_blocks_of, without
from bench.measure.tally import Tally
from bench.plan import CheckClaim, Claim, Experiment

Further = Callable[[], Sequence[Block]]  # asked when nothing is left to be measured; an empty answer ends the run


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
    done: Done | None = None,
    on_event: Listener | None = None,
    engine: Engine | None = None,
    clock: Clock | None = None,
    surroundings: Callable[[], Mapping[str, Any]] = environment,
    further: Further | None = None,
    probe: bool | None = None,
) -> RunFinished:
    """Measure what is not done yet, sample by sample.

    Parameters
    ----------
    module : under which the measuring processes import the experiment.
    threads : of every numerical library in the measuring processes.
    fault : planted fault of the experiment; ``experiment`` has it planted already, the measuring processes plant it.
    sink : receives every record before it is reported.
    done : what an earlier, interrupted run has stored.
    on_event : told what happens, after it is stored.
    surroundings : describes the machine and what is installed.
    further : what to measure when all blocks of the profile are done, and again when that is done. Each answer is
        measured in a fresh process, less the visits that are stored already; its points need not be the profile's.
    probe : whether to read what the machine can do before anything is measured, unless that is stored already; None:
        if a subject declares the works from which such readings predict its time. The peaks of the machine are read
        before each measuring process if a subject declares a roofline.

    Raises
    ------
    MeasureError : the run to be continued was another one, a subject or a measuring process failed, or the libraries do
        not use the threads that they were told to use. What was measured before is in the sink.
    Interrupted : SIGINT or SIGTERM came. What was measured before is in the sink.
    """
    if threads < 1:
        raise MeasureError(f"threads={threads}: allowed are whole numbers from 1")
    if seed < 0:
        raise MeasureError(f"seed={seed}: allowed are whole numbers from 0")
    missing = experiment.missing()
    experiment = experiment.without(missing)
    header = run_header(
        experiment, module=module, profile=profile, seed=seed, threads=threads, corpus=corpus, fault=fault
    )
    done = done or Done()
    if done.header is not None:
        require_same_run(header, done.header)
    clock = clock or WallClock()
    loop = _Loop(
        experiment=experiment,
        missing=missing,
        header=header,
        opening=Open(module=module, corpus=None if corpus is None else str(corpus), threads=threads, fault=fault),
        sink=sink,
        tell=on_event or (lambda _event: None),
        engine=engine or LocalEngine(experiment.environment),
        clock=clock,
        done=done,
        surroundings=surroundings,
        further=further or (lambda: ()),
        probe=not done.probed and (_is_predicted(experiment) if probe is None else probe),
    )
    return loop.run()


def _is_predicted(experiment: Experiment) -> bool:
    return any(subject.works is not None for subject in experiment.subjects)


class _Loop:
    """One run: its measuring processes, one after the other, and the accounts kept of them."""

    def __init__(
        self,
        *,
        experiment: Experiment,
        missing: Mapping[str, str],
        header: Mapping[str, Any],
        opening: Open,
        sink: Sink,
        tell: Listener,
        engine: Engine,
        clock: Clock,
        done: Done,
        surroundings: Callable[[], Mapping[str, Any]],
        further: Further,
        probe: bool,
    ) -> None:
        self._experiment, self._missing, self._header, self._opening = experiment, missing, header, opening
        self._sink, self._tell, self._clock, self._done = sink, tell, clock, done
        self._surroundings, self._further, self._probe = surroundings, further, probe
        self._profile = experiment.profile(header["profile"])
        everything = blocks_of(experiment, self._profile, seed=header["seed"])
        self._tally = Tally()
        self._shares = self._to_be_measured(everything, self._profile.processes)
        self._shares += self._to_be_measured(memory_blocks_of(experiment, self._profile), processes=1)
        self._process = self._done.processes  # number of the next measuring process
        self._calibrations = Calibrations(self._profile.seconds_per_sample)
        self._skipped: set[tuple[object, ...]] = set()  # subject, point and timing
        self._samples = self._weighed = 0
        self._seconds_after_start = self._seconds_in_evaluations = 0.0
        self._interrupts = Interrupts()
        self._crew = Crew(engine, opening, self._interrupts)
        self._comparisons = Comparisons(experiment, self._crew, sink, done.compared)

    def run(self) -> RunFinished:
        with self._interrupts.installed():
            try:
                self._interrupts.check()
                self._begin()
                self._prepare()
                self._run_shares()
                while blocks := self._what_further():
                    self._shares = self._to_be_measured(blocks, processes=1)
                    self._run_shares()
                return self._finish()
            finally:
                self._sink.sync()

    def _what_further(self) -> Sequence[Block]:
        with self._interrupts.allowed():  # to find that out may take as long as a fit
            return self._further()

    def _to_be_measured(self, everything: Sequence[Block], processes: int) -> list[tuple[Block, ...]]:
        """What is not stored yet of some blocks, dealt out to measuring processes."""
        left = without(everything, self._done.samples)
        self._tally.add(everything, left)
        return [share for share in divided(left, processes) if any(block.visits for block in share)]

    def _begin(self) -> None:
        record = {"record": "resume"} if self._done.header is not None else self._header
        self._sink.append({**record, "environment": self._surroundings(), "started_at": self._clock.wall()})
        self._sink.sync()
        self._tell(
            RunStarted(
                experiment=self._experiment.name,
                profile=self._header["profile"],
                cells_done=self._tally.cells_done,
                cells_total=self._tally.cells_total,
                blocks_total=self._tally.blocks_total,
                resumed=self._done.header is not None,
            )
        )
        for subject, reason in self._missing.items():
            self._sink.append(missing_record(subject, reason))
            self._tell(Missing(subject=subject, reason=reason))

    def _prepare(self) -> None:
        """Checks, and the probe where something is left to be measured."""
        claims = [claim.name for claim in self._experiment.claims if self._is_to_be_checked(claim)]
        run_checks(self._crew, claims, seed=self._header["seed"], sink=self._sink, tell=self._tell)
        if self._probe and self._shares:
            run_probe(self._crew, sink=self._sink, tell=self._tell)

    def _is_to_be_checked(self, claim: Claim) -> bool:
        judged_here = not claim.profiles or self._header["profile"] in claim.profiles
        return isinstance(claim, CheckClaim) and judged_here and claim.name not in self._done.checks

    def _run_shares(self) -> None:
        has_roofline = any(subject.roofline is not None for subject in self._experiment.subjects)
        while self._shares:
            if has_roofline:  # before every measuring process: one reading may meet the machine in a slow moment
                run_peaks(self._crew, sink=self._sink, tell=self._tell)
            self._run_share(self._shares.pop(0))

    def _run_share(self, blocks: Sequence[Block]) -> None:
        process, self._process = self._process, self._process + 1
        with self._crew.worker() as worker:
            ready = self._crew.open(worker)
            start = self._clock.now()
            self._started(process, ready)
            try:
                for block in blocks:
                    self._run_block(worker, process, block)
            finally:
                self._seconds_after_start += self._clock.now() - start

    def _started(self, process: int, ready: Ready) -> None:
        facts: dict[str, Any] = {"pid": ready.pid, "threads": ready.threads, "floor_seconds": ready.floor_seconds}
        self._sink.append({"record": "worker", "process": process, **facts, "started_at": self._clock.wall()})
        total = self._process + len(self._shares)
        self._tell(WorkerStarted(process=process, processes_total=total, **facts))

    def _run_block(self, worker: Worker, process: int, block: Block) -> None:
        if not block.visits:
            return
        for i, visit in enumerate(block.visits):
            self._tally.visited(last=i == len(block.visits) - 1)
            self._visit(worker, process, visit, block.stage)
        self._sink.sync()
        done, total = self._tally.blocks_done, self._tally.blocks_total
        self._tell(BlockDone(block=block.number, blocks_done=done, blocks_total=total))

    def _visit(self, worker: Worker, process: int, visit: Visit, stage: str) -> None:
        if (visit.subject, visit.point, visit.timing) in self._skipped:
            self._tally.time_left.dropped(visit)
            return
        if visit.timing == "whole":
            self._comparisons.before(worker, visit)
        start = self._clock.now()
        reply = self._crew.ask(worker, self._request(visit), f"subject {visit.subject!r} at {visit.point}")
        if isinstance(reply, TooLarge):
            self._skip(visit, reply)
            return
        seconds = self._clock.now() - start
        self._tally.time_left.made(visit, seconds)
        if isinstance(reply, Weighed):
            self._keep_memory(visit, reply, memory_record(visit, process, reply, visit_seconds=seconds))
        else:
            assert isinstance(reply, Sampled)
            self._keep(visit, reply, sample_record(visit, process, reply, visit_seconds=seconds, stage=stage))

    def _request(self, visit: Visit) -> Measure | Weigh:
        if visit.timing == "memory":
            return Weigh(subject=visit.subject, point=visit.point)
        return Measure(
            subject=visit.subject,
            point=visit.point,
            timing=visit.timing,
            seconds_per_sample=self._profile.seconds_per_sample,
            evaluations=self._calibrations.of(visit),
        )

    def _keep(self, visit: Visit, sampled: Sampled, record: Mapping[str, Any]) -> None:
        """Store a sample, and only then report it."""
        self._samples += 1
        self._seconds_in_evaluations += sampled.seconds_in_evaluations
        self._calibrations.remember(visit, sampled)
        self._sink.append(record)
        self._tell(SampleTaken(**visit._asdict(), seconds_per_eval=sampled.seconds_per_eval, **self._tally.progress()))

    def _keep_memory(self, visit: Visit, weighed: Weighed, record: Mapping[str, Any]) -> None:
        """The same for what an evaluation needs of memory."""
        self._weighed += 1
        self._seconds_in_evaluations += weighed.seconds_in_evaluations
        self._sink.append(record)
        self._tell(
            MemoryTaken(
                subject=visit.subject,
                point=visit.point,
                allocated_bytes=weighed.allocated_bytes,
                peak_bytes=weighed.peak_bytes,
                **self._tally.progress(),
            )
        )

    def _skip(self, visit: Visit, reply: TooLarge) -> None:
        """Leave a cell out from now on; where the whole does not fit, nothing of it does."""
        timings = ("whole", "phases", "memory") if visit.timing == "whole" else (visit.timing,)
        self._skipped.update((visit.subject, visit.point, timing) for timing in timings)
        self._tally.time_left.dropped(visit)
        self._sink.append(skip_record(visit, reply))
        self._tell(Skipped(subject=visit.subject, point=visit.point, timing=visit.timing, reason=reply.reason))

    def _finish(self) -> RunFinished:
        wall, busy = self._seconds_after_start, self._seconds_in_evaluations
        measured = self._samples + self._weighed
        share = busy / wall if measured and wall > 0 else None
        if measured:
            self._sink.append(finish_record(wall, busy, share))
        finished = RunFinished(
            samples=self._samples,
            weighed=self._weighed,
            skipped=len({key[:2] for key in self._skipped}),
            seconds_after_workers_started=wall,
            seconds_in_evaluations=busy,
            busy_share=share,
        )
        self._tell(finished)
        return finished


__all__ = ["Event", "Interrupted", "MeasureError", "Sink", "require_same_run", "run", "run_header"]
