"""The function that workers of dask.distributed run: one task, in a thread of its own, with the host to itself.

Reports go back through the scheduler as events, on the stream that also carries the end of the task. So none of them
comes after that end, and those that were sent before a worker is killed arrive.

A lock of the host is ours, not dask's resources or semaphores: a host may have several workers, of several schedulers,
and two measurements at once would disturb each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bptt_bench.measure.engines import Engine
from bptt_bench.measure.engines.local import LocalEngine
from bptt_bench.measure.engines.task import BusyReport, FailureReport, HostTask, TaskReport
from bptt_bench.measure.engines.task_runner import TaskRunner
from bptt_bench.measure.probe.environment import environment, host_name
from bptt_bench.measure.protocol.messages import encode
from bptt_bench.measure.timing.clock import WallClock
from bptt_bench.measure.worker.loading import one_line

SECONDS_BETWEEN_LOOKS = 0.1  # between flushes, and looks at whether the task is cancelled; the most a kill can lose
PATIENCE_SECONDS = 1.0  # before the task reports that it waits for the lock of the host
SECONDS_BETWEEN_TRIES = 0.05  # to lock the host
FOLDER = "bptt-bench"
AT_WORK = ("running", "paused")  # states of a worker: one that is short of memory is paused, and ends what it has begun
# Variables that nannies set for their workers: an allocator that returns memory at once, and one hash seed for all
# processes, where every measuring process is to have its own.
SET_BY_DASK = ("MALLOC_TRIM_THRESHOLD_", "PYTHONHASHSEED", "__DASK_PARENT_PID")


EngineFactory = Callable[[Mapping[str, str], list[int]], Engine]  # variables, and open files that processes hold


def local_engine(variables: Mapping[str, str], held: list[int]) -> Engine:
    """Return the engine of this host; its processes hold the lock as well, which lasts until the last of them ends."""
    return LocalEngine(variables, unset=SET_BY_DASK, held=held)


def run_task(data: bytes, topic: str, task_id: int, start_engine: EngineFactory = local_engine) -> None:
    """Run a task in a thread of a worker; its reports become events of the topic."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    reports = ReportBuffer(lambda lines: worker.log_event(topic, [task_id, lines]))
    task = HostTask.from_bytes(data)
    name, held = host_name(), list[int]()
    runner = TaskRunner(
        start=lambda variables: start_engine(variables, held),
        clock=WallClock(),
        folder=Path(worker.local_directory) / FOLDER,
        name=name,
        environment=environment,
    )
    with _watch(runner, reports, lambda: _is_wanted(worker, key)) as cancelled:
        try:
            if task.kind == "survey":
                runner.run(task, reports.add)
                return
            with host_lock(name, lambda: reports.add(BusyReport()), cancelled) as lock:
                if lock is not None:
                    held.append(lock)
                    runner.run(task, reports.add)
        except Exception as error:  # noqa: BLE001  # a full disk, a lock of another user: the run must name it
            reports.add(FailureReport(message=one_line(error)))


class ReportBuffer:
    """Collects reports, and sends them on in order; from any thread."""

    def __init__(self, send: Callable[[list[str]], object]) -> None:
        self._send, self._lines, self._lock = send, list[str](), threading.Lock()

    def add(self, report: TaskReport) -> None:
        """Add a report, to be sent by the next flush."""
        line = encode(report).decode()
        with self._lock:
            self._lines.append(line)

    def flush(self) -> None:
        """Send what was added since the last flush."""
        with self._lock:
            if self._lines:
                self._send(self._lines)
                self._lines = []


@contextlib.contextmanager
def _watch(runner: TaskRunner, reports: ReportBuffer, is_wanted: Callable[[], bool]) -> Iterator[threading.Event]:
    """Flush reports at intervals, and stop the runner once the task is cancelled; the event says so."""
    done, cancelled = threading.Event(), threading.Event()

    def watch() -> None:
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            reports.flush()
            if not is_wanted():
                cancelled.set()
                runner.stop()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield cancelled
    finally:
        done.set()
        watcher.join()
        reports.flush()


def _is_wanted(worker: Any, key: object) -> bool:
    """Return whether a task that runs on a worker was not released; a thread cannot be cancelled, so it must look."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state in ("executing", "long-running") and worker.status.name in AT_WORK


@contextlib.contextmanager
def host_lock(name: str, on_wait: Callable[[], None], cancelled: threading.Event) -> Iterator[int | None]:
    """Hold the lock of a host, which one task of a user at a time has; None if the task is cancelled before.

    Parameters
    ----------
    on_wait : called once if the lock does not come at once.
    """
    path = Path(tempfile.gettempdir()) / f"{FOLDER}-{os.getuid()}-{quote(name, safe='')}.lock"  # it may have slashes
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(path, flags, 0o600)
    try:
        yield lock if _acquire(lock, on_wait, cancelled) else None
    finally:
        os.close(lock)


def _acquire(lock: int, on_wait: Callable[[], None], cancelled: threading.Event) -> bool:
    """Wait for a lock, and return whether it came before the task was cancelled."""
    begun, is_waiting = time.monotonic(), False
    while not cancelled.is_set():
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - begun > PATIENCE_SECONDS and not is_waiting:
                is_waiting = True
                on_wait()
            cancelled.wait(SECONDS_BETWEEN_TRIES)
        else:
            return True
    return False
