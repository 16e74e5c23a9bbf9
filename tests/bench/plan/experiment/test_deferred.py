"""What a call returns before its work is done is recognised by its type, without running it."""

from __future__ import annotations

import asyncio
import functools
import io
import itertools
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from multiprocessing.pool import ThreadPool
from typing import Any

import numpy as np
import pytest
from bptt_bench.plan.experiment.deferred import REMEDIES, deferred_kind


async def coroutine() -> int:
    return 1


async def async_generator() -> AsyncIterator[int]:
    yield 1


def generator() -> Iterator[int]:
    yield from (1, 2)


class Dask:
    def __dask_graph__(self) -> dict[str, int]:
        return {}


class LazyFrame:
    """Named as that of polars."""


class Array:
    """An array of jax: computed somewhere else until it is ready."""

    def __init__(self, *, ready: bool) -> None:
        self.ready = ready

    def is_ready(self) -> bool:
        return self.ready

    def block_until_ready(self) -> Array:
        return self


class AnswersEverything:
    def __getattr__(self, name: str) -> Any:
        return lambda *_: False


class Stubborn:
    def done(self) -> bool:
        raise RuntimeError("not telling")

    def result(self) -> int:
        return 1


def done(future: Future[int]) -> Future[int]:
    future.set_result(1)
    return future


def finished(iterator: Iterator[int]) -> Iterator[int]:
    list(iterator)
    return iterator


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("async generator", async_generator()),
        ("generator", generator()),
        ("iterator", map(abs, [1])),
        ("iterator", filter(None, [1])),
        ("iterator", zip([1], [2], strict=True)),
        ("iterator", iter([1])),
        ("iterator", itertools.chain([1])),
        ("future", Future()),
        ("future", [Future(), Future()]),
        ("generator", ("name", generator())),
        ("generator", {"all": generator()}),
        ("lazy collection", Dask()),
        ("lazy collection", LazyFrame()),
        ("array that is still computed", Array(ready=False)),
        ("function", len),
        ("function", [].sort),
        ("function", generator),
        ("function", functools.partial(len, "a")),
    ],
)
def test_promises_are_recognised(kind: str, result: object) -> None:
    assert deferred_kind(result) == kind
    assert kind in REMEDIES


def test_a_coroutine_is_recognised() -> None:
    made = coroutine()
    assert deferred_kind(made) == "coroutine"
    made.close()


def test_tasks_at_work_are_recognised_and_ended_ones_are_results() -> None:
    goes_on = threading.Event()
    thread = threading.Thread(target=goes_on.wait)
    thread.start()
    with ThreadPool(1) as pool:
        asked = pool.apply_async(goes_on.wait)
        assert (deferred_kind(thread), deferred_kind(asked)) == ("task", "task")
        goes_on.set()
        thread.join()
        asked.wait()
        assert (deferred_kind(thread), deferred_kind(asked)) == (None, None)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        assert deferred_kind(process) == "task"
        process.communicate(b"\n")
        assert deferred_kind(process) is None


def test_an_asyncio_future_is_one_until_it_is_done() -> None:
    async def found() -> tuple[str | None, str | None]:
        future = asyncio.get_running_loop().create_future()
        before = deferred_kind(future)
        future.set_result(1)
        return before, deferred_kind(future)

    assert asyncio.run(found()) == ("future", None)


@pytest.mark.parametrize(
    "result",
    [
        *(None, 1, "text", b"bytes", [1, 2], (1, "a"), {"a": 1}, {1, 2}, range(3), np.ones(3), np.float64(1)),
        *(int, io.StringIO("a file is no iterator of results"), done(Future()), Array(ready=True)),
        *(finished(generator()), finished(iter([1])), [len, abs], AnswersEverything(), Stubborn()),
    ],
)
def test_results_are_no_promises(result: object) -> None:
    assert deferred_kind(result) is None
