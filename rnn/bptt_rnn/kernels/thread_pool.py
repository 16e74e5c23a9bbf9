"""Jobs on a few threads, each with one BLAS thread.

NumPy, BLAS and compiled code release the interpreter's lock, so that Python threads run in parallel. Threads that a
library starts below them would compete for the same cores.
"""

from __future__ import annotations

import functools
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

Job = Callable[[], None]

MOST_THREADS = 256  # of the executor, which starts one when a job finds none idle


@functools.cache
def libraries() -> tuple[Any, ...]:
    """Return handles of the loaded BLAS libraries.

    They are looked up once: a look-up takes a millisecond, a call of a handle a microsecond. After loading another BLAS
    (SciPy has its own), call ``libraries.cache_clear``.
    """
    from threadpoolctl import ThreadpoolController

    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)


def blas_threads() -> int:
    """Return how many threads BLAS may use now; 1 if there is no BLAS library.

    Of several libraries the most restricted counts: one that is loaded late does not know earlier limits.
    """
    return min((library.get_num_threads() for library in libraries()), default=1)


class _SingleThreadLimit:
    """The number of callers that limit BLAS to one thread, and the limits of each library before the first."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.before: list[tuple[Any, int]] = []

    def acquire(self) -> None:
        with self.lock:
            if self.holders == 0:
                self.before = [(library, library.get_num_threads()) for library in libraries()]
                for library, threads in self.before:
                    if threads != 1:
                        library.set_num_threads(1)
            self.holders += 1

    def release(self) -> None:
        with self.lock:
            self.holders -= 1
            if self.holders == 0:
                for library, threads in self.before:
                    if threads != 1:
                        library.set_num_threads(threads)


_limit = _SingleThreadLimit()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Limit BLAS to one thread a caller, and restore the former limit; callers on several threads may overlap."""
    _limit.acquire()
    try:
        yield
    finally:
        _limit.release()


@functools.cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS, "bptt")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_executor.cache_clear)  # threads do not outlive a fork


def run_all(jobs: Sequence[Job], threads: int) -> None:
    """Run all jobs on some threads, the caller's among them; each takes the next job when it is free.

    Raises
    ------
    Exception : the first that a job raised; jobs not begun by then are skipped.
    """
    if threads == 1 or len(jobs) == 1:
        for job in jobs:
            job()
        return
    waiting = deque(jobs)

    def work() -> None:
        try:
            while True:
                try:
                    job = waiting.popleft()
                except IndexError:
                    return
                job()
        except BaseException:
            waiting.clear()
            raise

    helpers: list[Future[None]] = [_executor().submit(work) for _ in range(min(threads, len(jobs)) - 1)]
    try:
        work()
    finally:
        failures = [failure for helper in helpers if (failure := helper.exception()) is not None]
    if failures:
        raise failures[0]
