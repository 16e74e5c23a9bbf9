"""A cluster of dask.distributed: its workers come and go, each task is pinned to one of them."""

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

from bptt_bench.measure.engines import ClusterEvent, TaskEnded, TaskMessages, WorkerJoined, WorkerLeft
from bptt_bench.measure.engines.dask_worker import run_task
from bptt_bench.measure.engines.local_cluster import local_cluster
from bptt_bench.measure.engines.settings import EngineSettings
from bptt_bench.measure.protocol.records import MeasureError
from bptt_bench.measure.worker.loading import one_line

CONNECT_SECONDS = 10.0  # to reach a scheduler
ANSWER_SECONDS = 5.0  # once connected, to be greeted: dask itself would wait for ever
CLOSE_SECONDS = 5.0  # to say good-bye to it
NOISY_LOGGERS = (
    "distributed",
    "tornado",
    "asyncio",
    "bokeh",
    "dask",
)  # loggers: a lost worker is no reason for a traceback
SILENCED = logging.CRITICAL + 1
WORKERS_TOPIC = "all"  # the scheduler's own topic, where it tells of workers that come and go
NO_TLS = "takes tls_ca_file, tls_cert and tls_key (--tls-ca-file, …), or the same in dask's configuration"
NO_ANSWER = "what listens there does not answer as a scheduler"
HOW_TO_RESUME = "what was measured is stored, and --resume goes on"
TaskFunction = Callable[[bytes, str, int], None]  # what a worker runs: a task, the topic for what it says, its task_id


class DaskCluster:
    """The workers of a scheduler, or of a local cluster that is started and ended with the run.

    Parameters
    ----------
    task : what workers run; a function of a module that they can import.
    """

    def __init__(self, choice: EngineSettings, task: TaskFunction = run_task) -> None:
        self._choice, self._do = choice, task
        self._run = uuid.uuid4().hex[:12]  # several runs may share a scheduler
        self._topic = f"bptt-bench-{self._run}"
        self._news: queue.SimpleQueue[ClusterEvent] = queue.SimpleQueue()
        self._futures: dict[int, Any] = {}
        self._task_ids = 0
        self._workers: set[str] = set()
        self._client: Any = None
        self._line: Any = None  # to the scheduler; another one, made after a loss, would bring no events
        self._quiet = contextlib.ExitStack()

    @property
    def name(self) -> str:
        return "local cluster" if self._choice.scheduler is None else f"scheduler {self._choice.scheduler}"

    @property
    def wait_seconds(self) -> float:
        return self._choice.wait_seconds

    def open(self) -> None:
        import distributed

        connect: Any = distributed.Client  # has no types
        self._quiet.enter_context(_silenced_logging())
        try:
            address: Any = self._choice.scheduler
            if address is None:
                address = self._quiet.enter_context(local_cluster(self._choice.workers or 1))
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
            self._quiet.callback(self._leave)
        except MeasureError:
            raise
        except (OSError, ImportError, ValueError, TypeError, RuntimeError) as error:
            raise MeasureError(f"{self.name}: {_connection_error(error)}") from None
        self._line = self._client.scheduler_comm
        self._client.subscribe_topic(self._topic, self._told)
        self._client.subscribe_topic(WORKERS_TOPIC, self._happened)
        for worker in self._client.scheduler_info(n_workers=-1)["workers"]:
            self._client.loop.add_callback(self._joined, worker)  # where all that changes the set of workers happens

    def send(self, worker: str, task: bytes) -> int:
        self._require_connection()
        task_id, self._task_ids = self._task_ids, self._task_ids + 1
        future = self._client.submit(
            self._do,
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
        future.add_done_callback(lambda done: self._news.put(TaskEnded(task_id, _failure_of(done))))
        return task_id

    def next(self, seconds: float) -> ClusterEvent | None:
        try:
            news = self._news.get(timeout=seconds)
        except queue.Empty:
            news = None
        if not isinstance(news, TaskMessages):  # what was said before the connection was lost is not lost with it
            self._require_connection()
        if isinstance(news, TaskEnded):
            self.cancel(news.task_id)
        return news

    def _require_connection(self) -> None:
        if self._client.status != "running" or self._client.scheduler_comm is not self._line:
            raise MeasureError(f"{self.name}: the connection is lost; {HOW_TO_RESUME}")

    def cancel(self, task_id: int) -> None:
        future = self._futures.pop(task_id, None)
        if future is not None:
            future.release()  # the scheduler forgets the task, its worker sees that and stops

    def close(self) -> None:
        for task_id in tuple(self._futures):
            self.cancel(task_id)
        with contextlib.suppress(OSError, RuntimeError, TimeoutError):  # it may be gone already
            self._quiet.close()

    def _leave(self) -> None:
        """Say good-bye; without subscriptions, of which the scheduler would tell a client that is gone."""
        if self._client.status == "running":
            for topic in (self._topic, WORKERS_TOPIC):
                self._client.unsubscribe_topic(topic)
        self._client.close(CLOSE_SECONDS)

    def _told(self, event: tuple[float, Any]) -> None:
        task_id, lines = event[1]
        self._news.put(TaskMessages(task_id, lines))

    def _happened(self, event: tuple[float, Any]) -> None:
        if isinstance(event[1], dict) and event[1].get("action") == "add-worker":
            self._joined(event[1]["worker"])
        elif isinstance(event[1], dict) and event[1].get("action") == "remove-worker":
            self._workers.discard(event[1]["worker"])
            self._news.put(WorkerLeft(event[1]["worker"]))

    def _joined(self, worker: str) -> None:
        if worker not in self._workers:
            self._workers.add(worker)
            self._news.put(WorkerJoined(worker))

    def _security(self) -> Any:
        import distributed

        security: Any = distributed.Security
        choice = self._choice
        given = {
            "tls_ca_file": choice.tls_ca_file,
            "tls_client_cert": choice.tls_cert,
            "tls_client_key": choice.tls_key,
        }
        named = {name: str(path) for name, path in given.items() if path is not None}
        return security(**named, require_encryption=True) if named else None


def _connection_settings(security: Any) -> Any:
    """How a client connects: as it is told, or as dask is configured."""
    import distributed

    library: Any = distributed  # has no types
    return (security or library.Security()).get_connection_args("client")


def _is_encrypted(security: Any) -> bool:
    return _connection_settings(security).get("ssl_context") is not None


def _try_connection(address: str, security: Any) -> None:
    """Connect once and disconnect, in a thread of its own: what fails there leaves nothing behind, a client would."""
    import distributed

    library: Any = distributed  # has no types
    settings = _connection_settings(security)
    outcome: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()

    async def there_and_back() -> None:
        try:
            async with asyncio.timeout(CONNECT_SECONDS + ANSWER_SECONDS):
                comm = await library.comm.connect(address, timeout=CONNECT_SECONDS, **settings)
        except TimeoutError:
            raise MeasureError(f"scheduler {address}: {NO_ANSWER}") from None
        await comm.close()

    def trial() -> None:
        try:
            asyncio.run(there_and_back())
        except BaseException as error:  # noqa: BLE001  # it is raised where it is waited for
            outcome.put(error)
        else:
            outcome.put(None)

    threading.Thread(target=trial, daemon=True).start()
    if (error := outcome.get()) is not None:
        raise error


def _failure_of(future: Any) -> str | None:
    """None if a task ended of itself, or in one line what became of it."""
    if future.status == "finished":
        return None
    if future.status != "error":
        return "it was given up by the scheduler"
    try:
        return one_line(future.exception(timeout=CLOSE_SECONDS))
    except Exception as error:  # noqa: BLE001  # it cannot be fetched, or not be understood here
        return one_line(error)


def _connection_error(error: BaseException) -> str:
    """Why there is no connection: what lies beneath says it best."""
    deepest: BaseException = error
    while (beneath := deepest.__cause__ or deepest.__context__) is not None:
        deepest = beneath
    if isinstance(deepest, ssl.SSLError):
        return f"no secure connection: {one_line(deepest)}"
    if isinstance(error, OSError):
        return f"no connection within {CONNECT_SECONDS:g} s: {one_line(deepest)}"
    return one_line(error)


@contextlib.contextmanager
def _silenced_logging() -> Iterator[None]:
    """Nothing of what the libraries have to say reaches the terminal: what matters becomes a line of ours."""
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
