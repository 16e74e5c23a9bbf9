"""A cluster of dask.distributed: its workers come and go, each task is pinned to one of them.

Futures and events are dask's own. Not used are ``as_completed``, which returns a task only once it has ended, so that
the samples of a block would be lost with its worker, and ``upload_file``, which gives all clients of a scheduler one
file of a name: another run could replace the experiment.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import ssl
import threading
import uuid
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import ClusterEvent, TaskEnded, TaskReported, WorkerJoined, WorkerLeft
from bptt_bench.measure.engines.dask_worker import run_task
from bptt_bench.measure.engines.local_cluster import local_cluster
from bptt_bench.measure.engines.settings import EngineSettings
from bptt_bench.measure.worker.loading import one_line

CONNECT_SECONDS = 10.0  # to reach a scheduler
ANSWER_SECONDS = 5.0  # for the handshake once connected: dask itself would wait for ever
CLOSE_SECONDS = 5.0  # to disconnect
NOISY_LOGGERS = ("distributed", "tornado", "asyncio", "bokeh", "dask")  # a lost worker is not worth a traceback
SILENCED = logging.CRITICAL + 1
WORKERS_TOPIC = "all"  # the scheduler's own topic, with an event for each worker that joins or leaves
NO_TLS = "takes tls_ca_file, tls_cert and tls_key (--tls-ca-file, …), or the same in dask's configuration"
NO_ANSWER = "what listens there does not answer as a scheduler"
HOW_TO_RESUME = "what was measured is stored, and --resume goes on"
TaskFunction = Callable[[bytes, str, int], None]  # what a worker runs: a task, the topic of its reports, its number


class DaskCluster:
    """The workers of a scheduler, or of a local cluster that is started and ended with the run.

    Parameters
    ----------
    task : what workers run; a function of a module that they can import.
    """

    def __init__(self, settings: EngineSettings, task: TaskFunction = run_task) -> None:
        self._settings, self._run_task = settings, task
        self._run = uuid.uuid4().hex[:12]  # several runs may share a scheduler
        self._topic = f"bptt-bench-{self._run}"
        self._events: queue.SimpleQueue[ClusterEvent] = queue.SimpleQueue()
        self._futures: dict[int, Any] = {}
        self._task_ids = 0
        self._workers: set[str] = set()
        self._client: Any = None
        self._comm: Any = None  # to the scheduler; a new one, made after a loss, brings no events
        self._resources = contextlib.ExitStack()

    @property
    def name(self) -> str:
        return "local cluster" if self._settings.scheduler is None else f"scheduler {self._settings.scheduler}"

    @property
    def wait_seconds(self) -> float:
        return self._settings.wait_seconds

    def open(self) -> None:
        import distributed

        connect: Any = distributed.Client  # has no types
        self._resources.enter_context(_silence_logging())
        try:
            address: Any = self._settings.scheduler
            if address is None:
                address = self._resources.enter_context(local_cluster(self._settings.workers or 1))
            elif address.startswith("tls://") and not _is_encrypted(self._security()):
                raise MeasureError(f"{self.name}: {NO_TLS}")
            else:
                _try_connection(address, self._security())
            self._client = connect(
                address,
                security=self._security(),
                timeout=CONNECT_SECONDS,
                set_as_default=False,
                name="bptt-bench",
            )
            self._resources.callback(self._disconnect)
        except MeasureError:
            raise
        except (OSError, ImportError, ValueError, TypeError, RuntimeError) as error:
            raise MeasureError(f"{self.name}: {_connection_error(error)}") from None
        self._comm = self._client.scheduler_comm
        self._client.subscribe_topic(self._topic, self._on_report)
        self._client.subscribe_topic(WORKERS_TOPIC, self._on_worker_event)
        for worker in self._client.scheduler_info(n_workers=-1)["workers"]:
            self._client.loop.add_callback(self._add_worker, worker)  # the one thread that changes the set of workers

    def submit(self, worker: str, task: bytes) -> int:
        self._require_connection()
        task_id, self._task_ids = self._task_ids, self._task_ids + 1
        future = self._client.submit(
            self._run_task,
            task,
            self._topic,
            task_id,
            key=f"bptt-bench-{self._run}-{task_id}",
            workers=[worker],
            allow_other_workers=False,
            pure=False,
            retries=0,
        )
        self._futures[task_id] = future
        future.add_done_callback(lambda done: self._events.put(TaskEnded(task_id, _task_error(done))))
        return task_id

    def next(self, seconds: float) -> ClusterEvent | None:
        try:
            event = self._events.get(timeout=seconds)
        except queue.Empty:
            event = None
        if not isinstance(event, TaskReported):  # reports from before the connection was lost are returned first
            self._require_connection()
        if isinstance(event, TaskEnded):
            self.cancel(event.task_id)
        return event

    def _require_connection(self) -> None:
        if self._client.status != "running" or self._client.scheduler_comm is not self._comm:
            raise MeasureError(f"{self.name}: the connection is lost; {HOW_TO_RESUME}")

    def cancel(self, task_id: int) -> None:
        future = self._futures.pop(task_id, None)
        if future is not None:
            future.release()  # the scheduler forgets the task; its worker notices and stops

    def close(self) -> None:
        for task_id in tuple(self._futures):
            self.cancel(task_id)
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):  # it may be gone already
            self._resources.close()

    def _disconnect(self) -> None:
        """Unsubscribe and disconnect: the scheduler would go on sending events to a client that is gone."""
        if self._client.status == "running":
            for topic in (self._topic, WORKERS_TOPIC):
                self._client.unsubscribe_topic(topic)
        self._client.close(CLOSE_SECONDS)

    def _on_report(self, event: tuple[float, Any]) -> None:
        task_id, lines = event[1]
        self._events.put(TaskReported(task_id, lines))

    def _on_worker_event(self, event: tuple[float, Any]) -> None:
        if isinstance(event[1], dict) and event[1].get("action") == "add-worker":
            self._add_worker(event[1]["worker"])
        elif isinstance(event[1], dict) and event[1].get("action") == "remove-worker":
            self._workers.discard(event[1]["worker"])
            self._events.put(WorkerLeft(event[1]["worker"]))

    def _add_worker(self, worker: str) -> None:
        if worker not in self._workers:
            self._workers.add(worker)
            self._events.put(WorkerJoined(worker))

    def _security(self) -> Any:
        import distributed

        security: Any = distributed.Security
        settings = self._settings
        given = {
            "tls_ca_file": settings.tls_ca_file,
            "tls_client_cert": settings.tls_cert,
            "tls_client_key": settings.tls_key,
        }
        named = {name: str(path) for name, path in given.items() if path is not None}
        return security(**named, require_encryption=True) if named else None


def _connection_settings(security: Any) -> Any:
    """Return how a client connects: as the settings say, or as dask is configured."""
    import distributed

    library: Any = distributed  # has no types
    return (security or library.Security()).get_connection_args("client")


def _is_encrypted(security: Any) -> bool:
    return _connection_settings(security).get("ssl_context") is not None


def _try_connection(address: str, security: Any) -> None:
    """Connect once and disconnect, in a thread of its own: unlike a client, a failure there leaves nothing behind."""
    import distributed

    library: Any = distributed  # has no types
    settings = _connection_settings(security)
    outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    async def connect_once() -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS + ANSWER_SECONDS):
                comm = await library.comm.connect(address, timeout=CONNECT_SECONDS, **settings)
        except TimeoutError:
            raise MeasureError(f"scheduler {address}: {NO_ANSWER}") from None
        await comm.close()

    def attempt() -> None:
        try:
            asyncio.run(connect_once())
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=attempt, daemon=True).start()
    if (error := outcome.get()) is not None:
        raise error


def _task_error(future: Any) -> str | None:
    """Return one line about why a task failed; None where it ended of itself."""
    if future.status == "finished":
        return None
    if future.status != "error":
        return "the scheduler gave it up"
    try:
        return one_line(future.exception(timeout=CLOSE_SECONDS))
    except Exception as error:  # noqa: BLE001  # it cannot be fetched, or not be unpickled here
        return one_line(error)


def _connection_error(error: BaseException) -> str:
    """Return why there is no connection, by the innermost cause."""
    innermost: BaseException = error
    while (cause := innermost.__cause__ or innermost.__context__) is not None:
        innermost = cause
    if isinstance(innermost, ssl.SSLError):
        return f"no secure connection: {one_line(innermost)}"
    if isinstance(error, OSError):
        return f"no connection within {CONNECT_SECONDS:g} s: {one_line(innermost)}"
    return one_line(error)


@contextlib.contextmanager
def _silence_logging() -> Iterator[None]:
    """Keep messages of the libraries off the terminal: what matters becomes a line of ours."""
    names = [name for name in logging.root.manager.loggerDict if name.partition(".")[0] in NOISY_LOGGERS]
    loggers = [logging.getLogger(name) for name in dict.fromkeys((*NOISY_LOGGERS, *names))]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(SILENCED)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
