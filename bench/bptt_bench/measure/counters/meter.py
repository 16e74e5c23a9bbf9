"""Counts the operations of NumPy code by category and phase, from the calls that it makes.

    with Meter() as meter:
        run(meter.metered(weights))
    meter.total()

An array under the meter intercepts every ufunc, array function and method. The categories and the convention are
those of ``counters/call.py``. An operation without a rule raises ``UncountedOperation``; nothing is silently counted
as zero.

NumPy does not announce: operations among plain arrays alone, plain arrays indexed by metered
ones or assigned from them, ``numpy.ndarray.view(a, numpy.ndarray)``, and compiled code that takes the memory
(random generators, ``memoryview``). So pass all inputs through ``Meter.metered``: every array then derives from a
metered one, or comes from a creation function. A plain array beside a metered one shows a gap, such as ``from
numpy import empty`` before the meter was entered: the operation is counted, listed in ``Meter.strays`` and warned
of, or refused with ``strict=True``.
"""

from __future__ import annotations

import threading
import warnings
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike

from bptt_bench.measure.counters.array import COUNTING, ArgumentUnwrapper, MeteredArray
from bptt_bench.measure.counters.call import CATEGORIES, Call, Rule, UncountedOperation
from bptt_bench.measure.counters.creation import replacements
from bptt_bench.measure.counters.functions import COUNTED_BEFORE, free

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CATEGORIES", "Meter", "MeteredArray", "StrayArrayWarning", "UncountedOperation"]


class StrayArrayWarning(UserWarning):
    """Plain arrays met metered ones: operations among plain arrays alone were not seen."""


_ONE_AT_A_TIME = threading.Lock()  # NumPy's namespace is shared by the whole process


class Meter:
    """Counts the operations of NumPy code while it is entered; one meter at a time in a process.

    Parameters
    ----------
    strict : refuse plain arrays of one or more dimensions that meet metered ones, instead of a warning at the end.

    Attributes
    ----------
    counts : phase -> category -> operations; only what is not zero. The phase is "" before the first switch.
    calls : label -> times that ``tick`` was called with it.
    strays : operation -> times that a plain array met a metered one in it.
    refused : the last operation of another thread, whose error that thread may have kept to itself; empty if none was.

    >>> with Meter() as meter:
    ...     x = np.ones((3, 4), dtype=np.float32)
    ...     meter.phase("product")
    ...     y = x @ x.T
    >>> meter.counts
    {'': {'elements_moved': 12, 'bytes_allocated': 48}, 'product': {'multiply_adds': 36, 'bytes_allocated': 36}}
    """

    def __init__(self, *, strict: bool = False) -> None:
        self.counts: dict[str, dict[str, int]] = {}
        self.calls: Counter[str] = Counter()
        self.strays: Counter[str] = Counter()
        self.refused = ""
        self._is_executing = False
        self._strict = strict
        self._phase = ""
        self._thread = 0
        self._replaced: list[tuple[ModuleType, str, Any]] = []

    def __enter__(self) -> Self:
        if not _ONE_AT_A_TIME.acquire(blocking=False):
            raise RuntimeError(
                "Meter: another meter is counting; meters can be neither nested nor used at the same time"
            )
        self._thread = threading.get_ident()
        for module, name, stand_in in list(replacements(self._counted_creation, self._is_counting_here)):
            self._replaced.append((module, name, getattr(module, name)))
            setattr(module, name, stand_in)
        COUNTING.append(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        while self._replaced:
            setattr(*self._replaced.pop())
        COUNTING.clear()
        _ONE_AT_A_TIME.release()
        if self.strays and error is None:
            first = next(iter(self.strays))
            warnings.warn(
                f"{self.strays.total()} operations (first: {first}) met plain arrays, and operations among plain "
                "arrays are not counted; pass inputs through Meter.metered",
                StrayArrayWarning,
                stacklevel=2,
            )

    def phase(self, name: str) -> None:
        """Count into this phase from now on."""
        self._phase = name

    def tick(self, label: str, n: int = 1) -> None:
        """Count an event of the algorithm itself, such as a backward pass."""
        self.calls[label] += n

    def metered(self, array: ArrayLike) -> MeteredArray:
        """Return a counted view of the array; nothing is copied from an array."""
        with self._executing():
            return np.asarray(array).view(MeteredArray)

    def stand_ins(self) -> dict[int, Any]:
        """Return what stands in NumPy for each name that is replaced while the meter counts, by the original's id.

        Code that imported such a function under a name of its own needs these to be counted.
        """
        return {id(original): getattr(module, name) for module, name, original in self._replaced}

    def total(self) -> dict[str, int]:
        """Return category -> operations over all phases; only what is not zero."""
        sums: Counter[str] = Counter()
        for tally in self.counts.values():
            sums.update(tally)
        return {category: sums[category] for category in CATEGORIES if sums[category]}

    def run(self, call: Call, function: Callable[..., Any], rule: Rule, *, may_be_plain: bool = False) -> Any:
        """Run an operation on plain arrays, count it, and return its results as metered arrays.

        Raises
        ------
        UncountedOperation : the rule does not cover this use, the call comes from another thread, or a plain array is
            among the arguments of a strict meter.
        """
        if threading.get_ident() != self._thread:
            self.refused = f"{call.name}: called from another thread than the one that counts"
            raise UncountedOperation(self.refused)
        bare = ArgumentUnwrapper()
        args, kwargs = bare(call.args), bare(call.kwargs)
        if bare.plain_shapes and not may_be_plain and rule is not free:
            self._note_stray(call.name, bare.plain_shapes[0])
        with self._executing():
            tally = rule(Call(call.name, args, kwargs)) if rule in COUNTED_BEFORE else None
            result = function(*args, **kwargs)
            done = Call(call.name, args, kwargs, result)
            tally = {**(rule(done) if tally is None else tally), "bytes_allocated": done.bytes_allocated()}
            self._record(tally)
            return bare.restored(result, metered=True)

    def _record(self, tally: Mapping[str, int]) -> None:
        counts = self.counts.setdefault(self._phase, {})
        for category in CATEGORIES:
            if tally.get(category):
                counts[category] = counts.get(category, 0) + int(tally[category])
        if not counts:
            del self.counts[self._phase]

    def _note_stray(self, name: str, shape: tuple[int, ...]) -> None:
        if self._strict:
            raise UncountedOperation(
                f"{name}: an argument of shape {shape} is a plain array, so what made it was not counted; "
                "pass it through Meter.metered"
            )
        self.strays[name] += 1

    @contextmanager
    def _executing(self) -> Iterator[None]:
        """Mark what NumPy calls within an operation as part of it, not as an operation of its own."""
        self._is_executing = True
        try:
            yield
        finally:
            self._is_executing = False

    def is_executing_here(self) -> bool:
        """Return whether this thread is within an operation, so that what it calls is not an operation of its own."""
        return self._is_executing and threading.get_ident() == self._thread

    def _is_counting_here(self) -> bool:
        return not self._is_executing and threading.get_ident() == self._thread

    def _counted_creation(self, name: str, original: Callable[..., Any], rule: Rule) -> Callable[..., Any]:
        def create(*args: Any, **kwargs: Any) -> Any:
            if not self._is_counting_here():
                return original(*args, **kwargs)
            return self.run(Call(name, args, kwargs), original, rule, may_be_plain=True)

        return create
