"""How much an evaluation may do that no counter of array operations sees: the steps of its Python code, and what each
may do to a container.

Arithmetic on single numbers, loops over lists and searches in strings take no array, and are counted by nobody. Their
number is bounded from above: a line of Python that runs may work through the largest container that the code has at
hand, and through no more than that.
"""

from __future__ import annotations

import builtins
import contextlib
import operator
import sys
import sysconfig
import types
from collections import deque
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

SIZED = (list, tuple, dict, set, frozenset, deque, bytearray, range)
TEXTS = (str, bytes)
SHORT_TEXT = 200  # letters, up to which a text is a name or a message
CONSUMERS = ("sum", "min", "max", "sorted", "any", "all")  # which work through what they are given
NUMPY, OURS = Path(np.__file__).resolve().parent, Path(__file__).resolve().parents[2]
STANDARD = Path(sysconfig.get_path("stdlib")).resolve()


def size_of(value: object) -> int:
    """Return how many elements a container holds; 1 for everything else, arrays included.

    >>> size_of([1, 2, 3]), size_of("name"), size_of(7), size_of(np.zeros(9))
    (3, 1, 1, 1)
    """
    if isinstance(value, TEXTS):
        return len(value) if len(value) > SHORT_TEXT else 1
    return max(len(value), 1) if isinstance(value, SIZED) else 1


class PythonSteps:
    """Counts the lines of Python that run within a block, those of NumPy and of this package left out.

    Parameters
    ----------
    functions : whose lines count, wherever they were made.
    longest : elements of the largest container that they hold.

    Attributes
    ----------
    lines : that ran, each time that one does.
    """

    def __init__(self, functions: Collection[types.FunctionType] = (), longest: int = 1) -> None:
        self.lines, self._longest = 0, longest
        self._own = {function.__code__ for function in functions}

    @property
    def most_steps(self) -> int:
        """The largest number of steps that these lines may be: each works through the largest container."""
        return self.lines * self._longest

    @contextlib.contextmanager
    def counted(self) -> Iterator[None]:
        """Count within the block."""
        before = sys.gettrace()
        with self._watched_consumers():
            sys.settrace(self._enter)
            try:
                yield
            finally:
                sys.settrace(before)

    def _enter(self, frame: types.FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        """Return what is called at each line of a function, None for functions that are not watched."""
        file, caller = frame.f_code.co_filename, frame.f_back
        is_called_here = caller is not None and caller.f_trace is not None
        if is_counted_elsewhere(file):
            return None
        if is_standard(file) and not is_called_here and frame.f_code not in self._own:  # called by NumPy, or a meter
            return None
        self._look_at(frame)
        return self._step

    def _step(self, frame: types.FrameType, event: str, _argument: object) -> Callable[..., Any]:
        if event == "line":
            self.lines += 1
        elif event == "return":
            self._look_at(frame)
        return self._step

    def _look_at(self, frame: types.FrameType) -> None:
        self._longest = max([self._longest, *map(size_of, frame.f_locals.values())])

    @contextlib.contextmanager
    def _watched_consumers(self) -> Iterator[None]:
        """Look at what is given to functions that work through it, which may be an iterator that has no name."""
        originals = {name: getattr(builtins, name) for name in CONSUMERS}
        try:
            for name, original in originals.items():
                setattr(builtins, name, self._watched(original))
            yield
        finally:
            for name, original in originals.items():
                setattr(builtins, name, original)

    def _watched(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            if args and not isinstance(args[0], np.ndarray):
                self._longest = max_of(self._longest, operator.length_hint(args[0], 1))
            return original(*args, **kwargs)

        return watched


max_of = max  # also while it is watched


@cache
def is_counted_elsewhere(file: str) -> bool:
    """Return whether a file belongs to NumPy, whose operations are counted, or to this package."""
    path = Path(file).resolve()
    return path.is_relative_to(NUMPY) or path.is_relative_to(OURS)


@cache
def is_standard(file: str) -> bool:
    """Return whether a file belongs to the standard library, or does not exist: code that other code has written."""
    path = Path(file).resolve()
    return file.startswith("<") or (path.is_relative_to(STANDARD) and "site-packages" not in path.parts)
