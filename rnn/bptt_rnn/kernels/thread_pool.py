"""Jobs shared by a few threads, each with one BLAS thread of its own.

NumPy, BLAS and compiled code release the interpreter's lock, so that threads of Python work side by side. A library
that starts threads of its own below them would have them compete for the same cores.
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

MOST_THREADS = 256  # that the executor may ever start; it starts one when a job finds none idle


@functools.cache
def libraries() -> tuple[Any, ...]:
    """Handles on the BLAS libraries that are loaded now. Looked up once: a look-up takes a millisecond, a call of a
    handle one microsecond. Whoever loads another BLAS (SciPy brings its own) calls ``libraries.cache_clear`` after it.
    """
    from threadpoolctl import ThreadpoolController

    return tuple(ThreadpoolController().select(user_api="blas").lib_controllers)


def blas_threads() -> int:
    """How many threads BLAS may use now; 1 where no library of BLAS can be asked.

    Of several libraries the most restricted: one that is loaded late knows nothing of limits that were set before.
    """
    return min((library.get_num_threads() for library in libraries()), default=1)


class _Single:
    """How many callers hold BLAS at one thread each, and what each library was allowed before the first of them."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.holders = 0
        self.before: list[tuple[Any, int]] = []

    def take(self) -> None:
        with self.lock:
            if self.holders == 0:
                self.before = [(library, library.get_num_threads()) for library in libraries()]
                for library, threads in self.before:
                    if threads != 1:
                        library.set_num_threads(1)
            self.holders += 1

    def give_back(self) -> None:
        with self.lock:
            self.holders -= 1
            if self.holders == 0:
                for library, threads in self.before:
                    if threads != 1:
                        library.set_num_threads(threads)


_single = _Single()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS with one thread a caller inside, as many as before after it; callers on several threads may overlap."""
    _single.take()
    try:
        yield
    finally:
        _single.give_back()


@functools.cache
def _executor() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST_THREADS, "bptt")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_executor.cache_clear)  # threads do not outlive a fork


def run_all(jobs: Sequence[Job], threads: int) -> None:
    """Run all jobs on so many threads, the caller's among them; each takes the next job as soon as it is free.

    Raises
    ------
    Exception : the first that a job raised; jobs that nobody has begun by then are left out.
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
