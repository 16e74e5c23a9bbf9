"""Run tasks on a host of a cluster: start measuring processes, send them requests, report their replies."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bptt_bench.measure.engines import Engine, Worker, WorkerDied, output_of
from bptt_bench.measure.engines.fingerprint import fingerprints
from bptt_bench.measure.engines.task import (
    FailureReport,
    HostTask,
    OpenReport,
    OutputReport,
    PeaksReport,
    ProcessDiedReport,
    RequestReport,
    ShippedFile,
    SurveyReport,
    TaskReport,
    VisitReport,
)
from bptt_bench.measure.protocol.messages import ErrorReply, OpenReply, OpenRequest, PeaksRequest, Reply, Request
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.worker.output import CapturedOutput
from bptt_bench.measure.worker.visits import Calibrations, Skips, Visitor

SendReport = Callable[[TaskReport], None]
SendRequest = Callable[[Request, str], Reply]
StartEngine = Callable[[Mapping[str, str]], Engine]  # measuring processes with some variables set
OPENING = "start of a measuring process"


class TaskFailure(Exception):
    """A request that failed; the message says where."""


class TaskRunner:
    """Runs one task after the other.

    Parameters
    ----------
    start : returns the engine of this host.
    folder : where shipped files are kept between tasks.
    name, environment : what a survey reports of the host.
    """

    def __init__(
        self,
        *,
        start: StartEngine,
        clock: Clock,
        folder: Path,
        name: str,
        environment: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._start, self._clock, self._folder = start, clock, folder
        self._name, self._environment = name, environment
        self._lock = threading.Lock()
        self._worker: Worker | None = None
        self._stopped = False
        self._output = CapturedOutput()

    def run(self, task: HostTask, report: SendReport) -> None:
        """Run a task; send each report as soon as there is one. Failures are reports too."""
        try:
            {"survey": self._survey, "requests": self._send_requests, "visits": self._visit}[task.kind](task, report)
        except TaskFailure as failure:
            report(FailureReport(message=str(failure)))
        finally:
            if self._output:
                report(OutputReport(lines=list(self._output.lines.items()), others=self._output.others))
                self._output = CapturedOutput()

    def stop(self) -> None:
        """Kill the measuring process, whatever it is doing, and report no more of it; from another thread."""
        with self._lock:
            self._stopped = True
            kill = getattr(self._worker, "kill", None)
            if kill is not None:
                kill()

    def _survey(self, task: HostTask, report: SendReport) -> None:
        for file in task.shipped:
            self._keep(file)
        assert task.opening is not None, "a survey names the experiment"
        module = task.opening.module
        code = fingerprints(None if module in task.files else module)
        report(SurveyReport(host=self._name, environment=self._environment(), code=code))

    def _keep(self, file: ShippedFile) -> None:
        """Write a file that was shipped, whole or not at all."""
        if hashlib.sha256(file.content).hexdigest() != file.sha256:
            raise TaskFailure(f"{file.name}: did not arrive whole")
        path = self._path(file.name, file.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")  # of two runs at once
        partial.write_bytes(file.content)
        partial.replace(path)

    def _path(self, name: str, digest: str) -> Path:
        return self._folder / digest[:16] / Path(name).name

    def _opening(self, task: HostTask) -> OpenRequest:
        """Return the request that opens the experiment, with the paths of shipped files on this host."""
        opening = task.opening
        assert opening is not None, "tasks that measure name an experiment"

        def local_path(name: str) -> str:
            if name not in task.files:
                return name
            digest, path = task.files[name]
            return path if _has_digest(Path(path), digest) else str(self._path(name, digest))

        corpus = None if opening.corpus is None else local_path(opening.corpus)
        return dataclasses.replace(opening, module=local_path(opening.module), corpus=corpus)

    def _send_requests(self, task: HostTask, report: SendReport) -> None:
        index: int | None = None
        try:
            with self._process(task) as send:
                if task.opening is not None:
                    send(self._opening(task), OPENING)
                for index, request in enumerate(task.requests):
                    report(RequestReport(index=index, reply=send(request, "")))
        except WorkerDied as error:
            self._report_death(index, error, report)

    def _visit(self, task: HostTask, report: SendReport) -> None:
        index: int | None = None
        try:
            if task.peaks:
                with self._process(task) as send:
                    peaks = send(PeaksRequest(threads=task.threads), "peaks of the machine")
                    report(PeaksReport(reply=peaks))
            with self._process(task) as send:
                opened = send(self._opening(task), OPENING)
                assert isinstance(opened, OpenReply)
                report(OpenReport(reply=opened))
                start = self._clock.now()
                visitor = self._visitor(task, send)
                for index, visit in enumerate(task.visits):
                    for outcome in visitor.make(visit):
                        ready = self._clock.now() - start
                        report(
                            VisitReport(index=index, reply=outcome.found, seconds=outcome.seconds, seconds_ready=ready)
                        )
        except WorkerDied as error:
            self._report_death(index, error, report)

    def _visitor(self, task: HostTask, send: SendRequest) -> Visitor:
        calibrations = Calibrations(task.seconds_per_sample)
        for visit, evaluations in zip(task.visits, task.evaluations, strict=False):
            if evaluations is not None:
                calibrations.set(visit, evaluations)
        return Visitor(
            send,
            self._clock,
            seconds_per_sample=task.seconds_per_sample,
            calibrations=calibrations,
            skips=Skips(),
            needs_comparison={task.visits[index] for index in task.compared}.__contains__,
        )

    def _report_death(self, index: int | None, error: WorkerDied, report: SendReport) -> None:
        if not self._stopped:  # a process that was stopped did not die of what it measured
            report(ProcessDiedReport(index=index, message=str(error)))

    @contextlib.contextmanager
    def _process(self, task: HostTask) -> Iterator[SendRequest]:
        """Start a measuring process that ``stop`` can kill, for as long as the block lasts."""
        with self._lock:
            if self._stopped:
                raise WorkerDied("it was stopped")
            engine = self._start(task.variables)
            self._worker = worker = engine.start(threads=task.threads)

        def send(request: Request, where: str) -> Reply:
            reply = worker.send(request)
            if isinstance(reply, ErrorReply):
                raise TaskFailure(f"{where}: {reply.message}" if where else reply.message)
            return reply

        try:
            yield send
        finally:
            with self._lock:  # from here on nobody kills a process whose number may be another's
                self._worker = None
            worker.close()
            output = output_of(engine)
            self._output.add_all(output.lines.items(), output.others)


def _has_digest(path: Path, digest: str) -> bool:
    """Return whether a file exists with this digest; modules beside it can be imported then."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False
