"""What a host of a cluster does with a task: starts measuring processes, asks them, says what they answer."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bptt_bench.measure.engines import Engine, OutputCapturing, Worker, WorkerDied
from bptt_bench.measure.engines import task as said
from bptt_bench.measure.engines.fingerprint import fingerprints
from bptt_bench.measure.engines.task import HostTask, ShippedFile
from bptt_bench.measure.protocol.messages import ErrorReply, OpenReply, OpenRequest, PeaksRequest, Reply, Request
from bptt_bench.measure.timing.calibrations import Calibrations
from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.worker.output import CapturedOutput
from bptt_bench.measure.worker.visits import Skips, Visitor

SendMessage = Callable[[str], None]
StartEngine = Callable[[Mapping[str, str]], Engine]  # measuring processes with some variables set


class TaskFailure(Exception):
    """What was asked for failed; the message says where."""


class TaskRunner:
    """Does one task after the other.

    Parameters
    ----------
    start : gives the engine of this host.
    folder : where shipped files are kept between tasks.
    name, environment : what a survey tells of the host.
    """

    def __init__(
        self, *, start: StartEngine, clock: Clock, folder: Path, name: str, environment: Callable[[], Mapping[str, Any]]
    ) -> None:
        self._start, self._clock, self._folder = start, clock, folder
        self._name, self._environment = name, environment
        self._lock = threading.Lock()
        self._at_work: Worker | None = None
        self._stopped = False
        self._printed = CapturedOutput()

    def run(self, task: HostTask, say: SendMessage) -> None:
        """Do a task; ``say`` gets each line as soon as there is one. Whatever fails is a line too."""
        try:
            if task.kind == "survey":
                self._survey(task, say)
            elif task.kind == "talk":
                self._talk(task, say)
            else:
                self._visit(task, say)
        except TaskFailure as failure:
            say(said.failed(str(failure)))
        finally:
            if self._printed:
                say(said.printed(self._printed.lines, self._printed.others))
                self._printed = CapturedOutput()

    def stop(self) -> None:
        """Kill the measuring process, whatever it is doing, and say no more of it; from another thread."""
        with self._lock:
            self._stopped = True
            if self._at_work is not None:
                kill = getattr(self._at_work, "kill", None)
                if kill is not None:
                    kill()

    def _survey(self, task: HostTask, say: SendMessage) -> None:
        for one in task.shipped:
            self._keep(one)
        assert task.opening is not None, "a survey names the experiment"
        module = task.opening.module
        code = fingerprints(None if module in task.files else module)
        say(said.surveyed(self._name, self._environment(), code))

    def _keep(self, shipped: ShippedFile) -> None:
        """Write a file that was shipped, whole or not at all."""
        if hashlib.sha256(shipped.content).hexdigest() != shipped.sha256:
            raise TaskFailure(f"{shipped.name}: did not arrive whole")
        path = self._path(shipped.name, shipped.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.{threading.get_ident()}.part")  # of two runs at once
        partial.write_bytes(shipped.content)
        partial.replace(path)

    def _path(self, name: str, digest: str) -> Path:
        return self._folder / digest[:16] / Path(name).name

    def _opening(self, task: HostTask) -> OpenRequest:
        """The request that opens the experiment, shipped files named where they lie here."""
        opening = task.opening
        assert opening is not None, "tasks that measure name an experiment"

        def here(name: str) -> str:
            if name not in task.files:
                return name
            digest, path = task.files[name]
            return path if _is(Path(path), digest) else str(self._path(name, digest))

        corpus = None if opening.corpus is None else here(opening.corpus)
        return dataclasses.replace(opening, module=here(opening.module), corpus=corpus)

    def _talk(self, task: HostTask, say: SendMessage) -> None:
        place: int | None = None
        try:
            with _Process(self, task) as ask:
                if task.opening is not None:
                    ask(self._opening(task), "start of a measuring process")
                for place, request in enumerate(task.requests):
                    say(said.heard(place, ask(request, "")))
        except WorkerDied as error:
            self._death(place, error, say)

    def _visit(self, task: HostTask, say: SendMessage) -> None:
        place: int | None = None
        try:
            if task.peaks:
                with _Process(self, task) as ask:
                    say(said.peaks(ask(PeaksRequest(threads=task.threads), "peaks of the machine")))
            with _Process(self, task) as ask:
                opened = ask(self._opening(task), "start of a measuring process")
                assert isinstance(opened, OpenReply)
                say(said.ready(opened))
                start = self._clock.now()
                places = {visit: number for number, visit in enumerate(task.visits)}
                compared = {task.visits[number] for number in task.compared}
                calibrations = Calibrations(task.seconds_per_sample)
                for number, evaluations in task.evaluations.items():
                    calibrations.set(task.visits[number], evaluations)
                visiting = Visitor(
                    ask,
                    self._clock,
                    seconds_per_sample=task.seconds_per_sample,
                    calibrations=calibrations,
                    skips=Skips(),
                    due=compared.__contains__,
                )
                for visit, place in places.items():
                    for outcome in visiting.make(visit):
                        say(said.found(place, outcome.found, outcome.seconds, self._clock.now() - start))
        except WorkerDied as error:
            self._death(place, error, say)

    def _death(self, place: int | None, error: WorkerDied, say: SendMessage) -> None:
        if not self._stopped:  # who stops a process needs not be told, and it did not die of what it measured
            say(said.died(place, str(error)))


def _is(path: Path, digest: str) -> bool:
    """Whether a file is there and the one that is meant: what lies beside it can be imported then."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == digest
    except OSError:
        return False


class _Process:
    """A measuring process that can be killed from outside, as a context; entering gives what asks it."""

    def __init__(self, host: TaskRunner, task: HostTask) -> None:
        self._host, self._task = host, task

    def __enter__(self) -> Callable[[Request, str], Reply]:
        with self._host._lock:
            if self._host._stopped:
                raise WorkerDied("it was stopped")
            self._engine = self._host._start(self._task.variables)
            self._worker = self._engine.start(threads=self._task.threads)
            self._host._at_work = self._worker
        return self._ask

    def __exit__(self, *_: object) -> None:
        with self._host._lock:  # from here on nobody kills a process whose number may be another's
            self._host._at_work = None
        self._worker.close()
        if isinstance(self._engine, OutputCapturing) and self._engine.output:
            self._host._printed.add_all(self._engine.output.lines, self._engine.output.others)

    def _ask(self, request: Request, where: str) -> Reply:
        reply = self._worker.send(request)
        if isinstance(reply, ErrorReply):
            raise TaskFailure(f"{where}: {reply.message}" if where else reply.message)
        return reply
