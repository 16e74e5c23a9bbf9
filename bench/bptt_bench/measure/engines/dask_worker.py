"""What a worker of dask.distributed runs for us: one task, in a thread of its own, with the host to itself.

What the task says goes back through the scheduler as events, on the stream that also carries the end of the task: so
nothing of it comes after that end, and what was said before a worker is killed has been said.
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
from bptt_bench.measure.engines import task as said
from bptt_bench.measure.engines.local import LocalEngine
from bptt_bench.measure.engines.task import HostTask
from bptt_bench.measure.engines.task_runner import TaskRunner
from bptt_bench.measure.probe.environment import environment, host_name
from bptt_bench.measure.timing.clock import WallClock
from bptt_bench.measure.worker.loading import one_line

SECONDS_BETWEEN_LOOKS = 0.1  # at what is to be said, and at whether the task is still wanted; the most a kill can lose
PATIENCE_SECONDS = 1.0  # for the lock of the host, before the task says that it waits
SECONDS_BETWEEN_TRIES = 0.05  # to get it
FOLDER = "bptt-bench"
AT_WORK = ("running", "paused")  # states of a worker: one that is short of memory is paused, and ends what it has begun
# What nannies put into the environment of their workers: an allocator that gives memory back at once, and one order of
# all sets and dictionaries of strings, which would be the same chance in every process.
SET_BY_DASK = ("MALLOC_TRIM_THRESHOLD_", "PYTHONHASHSEED", "__DASK_PARENT_PID")


EngineFactory = Callable[[Mapping[str, str], list[int]], Engine]  # variables, and open files that processes hold


def local_engine(variables: Mapping[str, str], held: list[int]) -> Engine:
    """The engine of this host. Measuring processes hold the lock too: it lasts until the last of them is gone."""
    return LocalEngine(variables, unset=SET_BY_DASK, held=held)


def run_task(data: bytes, topic: str, task_id: int, engine: EngineFactory = local_engine) -> None:
    """Do a task; runs in a thread of a worker."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    mouth = MessageBuffer(lambda lines: worker.log_event(topic, [task_id, lines]))
    task = HostTask.of_bytes(data)
    name, held = host_name(), list[int]()
    host = TaskRunner(
        start=lambda variables: engine(variables, held),
        clock=WallClock(),
        folder=Path(worker.local_directory) / FOLDER,
        name=name,
        environment=environment,
    )
    with _watch_task(host, mouth, lambda: _is_wanted(worker, key)) as is_over:
        try:
            if task.kind == "survey":
                host.run(task, mouth.say)
                return
            with host_lock(name, lambda: mouth.say(said.busy()), is_over) as lock:
                if lock is not None:
                    held.append(lock)
                    host.run(task, mouth.say)
        except Exception as error:  # noqa: BLE001  # a full disk, a lock that is another's: the run must name it
            mouth.say(said.failed(one_line(error)))


class MessageBuffer:
    """Collects what is said, and sends it on in order; from any thread."""

    def __init__(self, send: Callable[[list[str]], object]) -> None:
        self._send, self._lines, self._lock = send, list[str](), threading.Lock()

    def say(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)

    def flush(self) -> None:
        with self._lock:
            if self._lines:
                self._send(self._lines)
                self._lines = []


@contextlib.contextmanager
def _watch_task(host: TaskRunner, mouth: MessageBuffer, is_wanted: Callable[[], bool]) -> Iterator[threading.Event]:
    """Flush now and then, and stop the host when nobody wants the task any more; the event says so."""
    done, unwanted = threading.Event(), threading.Event()

    def watch() -> None:
        while not done.wait(SECONDS_BETWEEN_LOOKS):
            mouth.flush()
            if not is_wanted():
                unwanted.set()
                host.stop()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield unwanted
    finally:
        done.set()
        watcher.join()
        mouth.flush()


def _is_wanted(worker: Any, key: object) -> bool:
    """Whether a task that runs on a worker has not been released: a thread cannot be cancelled, so it must look."""
    task = worker.state.tasks.get(key)
    return task is not None and task.state in ("executing", "long-running") and worker.status.name in AT_WORK


@contextlib.contextmanager
def host_lock(name: str, waits: Callable[[], None], is_over: threading.Event) -> Iterator[int | None]:
    """The lock of a host: of all tasks of a user there, one at a time has it. None if the task is over before.

    Parameters
    ----------
    waits : called once if the lock does not come at once.
    """
    path = Path(tempfile.gettempdir()) / f"{FOLDER}-{os.getuid()}-{quote(name, safe='')}.lock"  # it may have slashes
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    lock = os.open(path, flags, 0o600)
    try:
        yield lock if _try_lock(lock, waits, is_over) else None
    finally:
        os.close(lock)


def _try_lock(lock: int, waits: Callable[[], None], is_over: threading.Event) -> bool:
    begun, said_so = time.monotonic(), False
    while not is_over.is_set():
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() - begun > PATIENCE_SECONDS and not said_so:
                said_so = True
                waits()
            is_over.wait(SECONDS_BETWEEN_TRIES)
        else:
            return True
    return False
