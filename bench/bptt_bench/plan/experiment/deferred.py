"""Recognises deferred results: a call that returns a generator or a future was timed without its work."""

from __future__ import annotations

import contextlib
import functools
import inspect
import io
import operator
import subprocess
import threading
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

MOST_ITEMS = 8  # items of a collection: a list of futures holds nothing else
FUNCTIONS = (
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    types.MethodWrapperType,
    functools.partial,
)
REMEDIES: Mapping[str, str] = {  # what to write, by what was returned
    "coroutine": "it was not run; write `lambda: asyncio.run(f(x))`",
    "async generator": "it was not run; write `lambda: asyncio.run(collected(f(x)))`",
    "generator": "it was not run; write `lambda: list(f(x))`",
    "iterator": "it was not consumed; write `lambda: list(f(x))`, or return None to time its creation alone",
    "future": "it is not done yet; write `lambda: submitted(x).result()`",
    "lazy collection": "it is not computed yet; write `lambda: f(x).compute()`, or `.collect()`",
    "array that is still computed": "wait for it; write `lambda: f(x).block_until_ready()`",
    "task": "it is still at work; write `lambda: started(x).get()`, or `.join()`, `.wait()`",
    "function": "it was not called; write `lambda: f(x)`, or return None to time its creation alone",
}


def deferred_kind(result: object) -> str | None:
    """Return which kind of promise a result is, a key of ``INSTEAD``; None where the work was done.

    A list, tuple, set or mapping of deferred results is one. A file is not one, though it is an iterator.

    >>> deferred_kind(x for x in "abc"), deferred_kind(map(abs, [1])), deferred_kind([1, 2]), deferred_kind("".join)
    ('generator', 'iterator', None, 'function')
    """
    if isinstance(result, FUNCTIONS):
        return "function"
    kind = _kind_of_one(result)
    if kind is None and isinstance(result, list | tuple | set | frozenset | deque | dict):
        items = result.values() if isinstance(result, dict) else result
        return next((found for item in islice(items, MOST_ITEMS) if (found := _kind_of_one(item)) is not None), None)
    return kind


def _kind_of_one(result: object) -> str | None:
    with contextlib.suppress(Exception):  # an unknown object may raise anything when it is inspected
        for is_of_kind, kind, is_pending in KINDS:
            if is_of_kind(result):
                return kind if is_pending(result) else None
    return None


def _is_at_work(result: object) -> bool:
    """Return whether this is a thread or process that has not ended, or what a pool of processes will answer."""
    if isinstance(result, subprocess.Popen):
        return result.poll() is None
    if isinstance(result, threading.Thread) or _has(result, "is_alive", "join", "start"):
        return bool(_call_method(result, "is_alive"))
    return _has(result, "get", "ready", "wait", "successful") and not _call_method(result, "ready")


def _has(result: object, *methods: str) -> bool:
    """Return whether the type has methods; an object of its own mind, such as a mock, may claim to have any."""
    return all(callable(getattr(type(result), name, None)) for name in methods)


def _call_method(result: object, method: str) -> object:
    return getattr(result, method)()


def _always(_result: object) -> bool:
    return True


# How each kind is recognised, in this order, and whether its work is still to be done.
KINDS: tuple[tuple[Callable[[Any], bool], str, Callable[[Any], bool]], ...] = (
    (inspect.isasyncgen, "async generator", _always),
    # of concurrent.futures, asyncio, dask
    (lambda result: _has(result, "done", "result"), "future", lambda result: not _call_method(result, "done")),
    (inspect.isawaitable, "coroutine", _always),
    (
        inspect.isgenerator,
        "generator",
        lambda result: inspect.getgeneratorstate(result) != inspect.GEN_CLOSED,
    ),
    (
        lambda result: isinstance(result, Iterator) and not isinstance(result, io.IOBase),
        "iterator",
        lambda result: operator.length_hint(result, 1) != 0,
    ),
    (
        lambda result: _has(result, "__dask_graph__") or type(result).__name__ == "LazyFrame",
        "lazy collection",
        _always,
    ),
    (  # of jax, which returns before the work is done
        lambda result: _has(result, "block_until_ready", "is_ready"),
        "array that is still computed",
        lambda result: not _call_method(result, "is_ready"),
    ),
    (_is_at_work, "task", _always),
)
