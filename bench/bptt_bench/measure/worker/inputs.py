"""The inputs of a call: the objects that it reaches, whether it has changed them, and how to restore them.

No object is copied or written but the built-in collections, byte arrays, NumPy arrays and caches of functions; nothing
is pickled, and nothing of an object is called but what these types have themselves.
"""

from __future__ import annotations

import array
import contextlib
import functools
import gc
import inspect
import operator
import sys
import sysconfig
import types
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

MOST_INPUTS = 200  # of one call
MOST_STEPS = 5  # from the call to an input: a closure, an object in it, an attribute of that, an item of that
MOST_ITEMS = 16  # of a collection that are searched
SAMPLED = 2048  # items of a collection that its digest depends on, and as many KiB / 16 of an array
BYTES_OF_AN_ITEM = 100  # in a copy of a list or mapping, whose items are shared
PLAIN = (int, float, complex, str, bytes, bool, type(None))
SCALARS = (*PLAIN, np.generic)

Collection: TypeAlias = "list[Any] | deque[Any] | dict[Any, Any] | set[Any] | bytearray | array.array[Any]"
COLLECTIONS = (list, deque, dict, set, bytearray, array.array)
SEQUENCES = (list, deque, bytearray, array.array)  # whose growth is not that of a table which is kept on purpose
METHODS = (types.MethodType, types.BuiltinMethodType, types.MethodWrapperType)
CALLABLES = (functools.partial, types.FunctionType, *METHODS)
WRAPPERS = (map, filter, zip, enumerate)  # iterators over others


@dataclass(frozen=True, slots=True, eq=False)  # arrays do not compare to one truth value
class Input:
    """An object that a call reaches.

    Attributes
    ----------
    name : in the code of its author, such as ``data`` or ``data[0]``.
    """

    name: str
    value: Any

    @property
    def kind(self) -> str:
        """Return the name of its type; ``cache`` for that of a function."""
        return "cache" if is_cache(self.value) else type(self.value).__name__

    @property
    def length(self) -> int | None:
        """Return the items of a sequence; None for anything else."""
        return len(self.value) if isinstance(self.value, SEQUENCES) else None

    def digest(self) -> object:
        """Return a digest of the content, of bounded cost; None where there is none."""
        try:
            return self._digest()
        except Exception:  # noqa: BLE001  # a subclass may raise anything
            return None

    def _digest(self) -> object:
        value = self.value
        if is_cache(value):
            return tuple(value.cache_info())
        if isinstance(value, np.ndarray | bytearray | array.array):
            items = value if isinstance(value, np.ndarray) else np.frombuffer(value, dtype=np.uint8)
            return items.shape, _of_array(items) if items.size else 0
        if isinstance(value, dict):
            return len(value), tuple((_of(key), _of(item)) for key, item in islice(value.items(), SAMPLED))
        if isinstance(value, types.CellType):
            return _of(value.cell_contents)
        if isinstance(value, Iterator):
            return is_used_up(value)
        step = max(1, len(value) // SAMPLED)
        return len(value), tuple(map(_of, islice(value, 0, None, step))), *map(_of, _ends(value))

    def restorer(self, most_bytes: int) -> Callable[[], None] | None:
        """Return what puts the content back as it is now; None where it cannot be, or its copy would be too large."""
        value = self.value
        if is_cache(value):
            return value.cache_clear  # type: ignore[no-any-return]  # of functools.lru_cache
        if isinstance(value, types.CellType):
            return functools.partial(setattr, value, "cell_contents", value.cell_contents)
        if isinstance(value, np.ndarray):
            if value.nbytes > most_bytes or not value.flags.writeable:
                return None
            return functools.partial(value.__setitem__, ..., value.copy())
        if not isinstance(value, COLLECTIONS) or BYTES_OF_AN_ITEM * len(value) > most_bytes:
            return None
        return functools.partial(_refill, value, value[:] if isinstance(value, array.array) else value.copy())


def find_inputs(
    call: Callable[..., object], args: Sequence[object] = (), kwargs: Mapping[str, object] | None = None
) -> list[Input]:
    """Return what a call reaches through its arguments, closure, defaults, owner, and the globals that it names."""
    search = _Search(call)
    search.look("call", call, 0)
    for place, value in enumerate(args, start=1):
        search.look(f"argument {place}", value, 1)
    for name, value in (kwargs or {}).items():
        search.look(name, value, 1)
    return search.found


def estimate_bytes(inputs: Sequence[Input]) -> int:
    """Return about how many bytes the inputs of a call take, with the items of collections; each object counts once.

    Of a collection a few items stand for all. What is not seen, such as the memory of compiled code, is not counted.
    """
    seen: set[int] = set()
    return round(sum(_bytes_of(each.value, seen) for each in inputs))


def is_cache(value: object) -> bool:
    """Return whether this is a function with a memory, as ``functools.lru_cache`` makes one."""
    return isinstance(value, functools._lru_cache_wrapper)


def is_used_up(iterator: Iterator[Any]) -> bool:
    """Return whether an iterator is exhausted, as far as that shows without taking its next item."""
    if inspect.isgenerator(iterator):
        return inspect.getgeneratorstate(iterator) == inspect.GEN_CLOSED
    if isinstance(iterator, WRAPPERS):
        held = [each for one in gc.get_referents(iterator) for each in (one if isinstance(one, tuple) else (one,))]
        return any(is_used_up(each) for each in held if isinstance(each, Iterator))
    return operator.length_hint(iterator, 1) == 0


class _Search:
    """Collects inputs, each once."""

    def __init__(self, call: Callable[..., object]) -> None:
        self.found: list[Input] = []
        self._seen: set[int] = set()
        self._home = getattr(_function_of(call), "__module__", None)

    def look(self, name: str, value: object, steps: int) -> None:
        """Take an object for an input if it is one, and look at what it leads to; one that refuses is passed over."""
        with contextlib.suppress(Exception):
            self._look(name, value, steps)

    def _look(self, name: str, value: object, steps: int) -> None:
        if (
            isinstance(value, SCALARS)
            or id(value) in self._seen
            or steps > MOST_STEPS
            or len(self.found) >= MOST_INPUTS
        ):
            return
        self._seen.add(id(value))
        if is_cache(value) or isinstance(value, CALLABLES):
            self._look_into_callable(name, value, steps)
        elif isinstance(value, np.ndarray):
            self._take(name, value)
        elif isinstance(value, (*COLLECTIONS, tuple)):
            if not isinstance(value, tuple):
                self._take(name, value)
            self._look_at_items(name, value, steps)
        elif isinstance(value, Iterator):
            self._take(name, value)
            if not inspect.isgenerator(value):
                for each in gc.get_referents(value):  # what it iterates over, such as inputs in rotation
                    self.look(name, each, steps + 1)
        elif not isinstance(value, type | types.ModuleType):
            self._look_at_attributes(name, value, steps)

    def _look_into_callable(self, name: str, value: Any, steps: int) -> None:
        if is_cache(value):
            self._take(getattr(value, "__name__", name), value)
            self.look(name, getattr(value, "__wrapped__", None), steps + 1)
        elif isinstance(value, functools.partial):
            self.look(name, value.func, steps)
            for place, each in enumerate(value.args, start=1):
                self.look(f"argument {place}", each, steps + 1)
            for key, each in value.keywords.items():
                self.look(key, each, steps + 1)
        elif isinstance(value, types.FunctionType):
            self._look_into(value, steps)
        else:
            owner = value.__self__
            self.look(f"the {type(owner).__name__} of {value.__name__}()", owner, steps + 1)
            self.look(name, getattr(value, "__func__", None), steps)

    def _take(self, name: str, value: Any) -> None:
        self.found.append(Input(name, value))

    def _look_at_items(self, name: str, value: Any, steps: int) -> None:
        if isinstance(value, bytearray | array.array):
            return
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in islice(items, MOST_ITEMS):
            self.look(f"{name}[{key!r}]" if isinstance(key, int | str) else name, item, steps + 1)

    def _look_into(self, function: types.FunctionType, steps: int) -> None:
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            if _is_filled(cell):
                self._take(name, cell)
                self.look(name, cell.cell_contents, steps + 1)
        defaults = function.__defaults__ or ()
        names = code.co_varnames[: code.co_argcount]
        for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
            self.look(name, value, steps + 1)
        for name, value in {**(function.__kwdefaults__ or {}), **vars(function)}.items():
            self.look(name, value, steps + 1)
        for name in _names_in(code):
            value = function.__globals__.get(name)
            if is_cache(value) or isinstance(value, (*COLLECTIONS, np.ndarray, Iterator)) or self._is_own(value):
                self.look(name, value, steps + 1)

    def _is_own(self, value: object) -> bool:
        """Return whether this is a function of the module of the call, or of another outside of libraries."""
        if not isinstance(value, types.FunctionType):
            return False
        return value.__module__ == self._home or not _is_library(value.__code__.co_filename)

    def _look_at_attributes(self, name: str, value: object, steps: int) -> None:
        if callable(value) and _is_of_a_library(type(value)):  # compiled code is not an input
            return
        own = getattr(value, "__dict__", None)
        if isinstance(own, dict) and own:
            self._take(name, own)
            for key, each in islice(own.items(), MOST_INPUTS):
                self.look(f"{name}.{key}", each, steps + 1)
        for kind in type(value).__mro__:
            for key, slot in vars(kind).items():
                if isinstance(slot, types.MemberDescriptorType):
                    self.look(f"{name}.{key}", getattr(value, key, None), steps + 1)


STANDARD = ("<", *{sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


def _is_of_a_library(kind: type) -> bool:
    module = sys.modules.get(kind.__module__)
    return _is_library(getattr(module, "__file__", None) or "<")


def _is_library(file: str) -> bool:
    """Return whether a file of code is Python's own, or of an installed package, wherever packages are installed."""
    return file.startswith(STANDARD) or not {"site-packages", "dist-packages"}.isdisjoint(Path(file).parts)


def _function_of(call: object) -> object:
    while isinstance(call, functools.partial | types.MethodType):
        call = call.func if isinstance(call, functools.partial) else call.__func__
    return call


def _bytes_of(value: object, seen: set[int]) -> float:
    if id(value) in seen:
        return 0.0
    seen.add(id(value))
    try:
        return _bytes_of_new(value, seen)
    except Exception:  # noqa: BLE001  # a subclass may raise anything
        return 0.0


def _bytes_of_new(value: object, seen: set[int]) -> float:
    if isinstance(value, types.CellType):
        return _bytes_of(value.cell_contents, seen)
    if isinstance(value, np.ndarray):
        return value.nbytes
    if not isinstance(value, (*COLLECTIONS, *PLAIN, tuple)):
        return 0.0
    own = sys.getsizeof(value)
    if isinstance(value, dict):
        shown, n = [part for pair in islice(value.items(), MOST_ITEMS) for part in pair], 2 * len(value)
    elif isinstance(value, list | deque | set | tuple):
        shown, n = list(islice(value, MOST_ITEMS)), len(value)
    else:
        return own
    return own + sum(_bytes_of(each, seen) for each in shown) * n / max(len(shown), 1)


def _names_in(code: types.CodeType) -> Iterator[str]:
    """Yield the globals that a function names, those of the functions within it included."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names_in(constant)


def _is_filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # raises where the variable has no value yet
    except ValueError:
        return False
    return True


def _of(value: object) -> object:
    """Return a scalar itself, and the place in memory of any other object."""
    return value if type(value) in PLAIN else id(value)


def _ends(value: Any) -> Iterator[Any]:
    """Yield the first and last items of a sequence; sets have none."""
    if isinstance(value, list | deque) and value:
        yield value[0]
        yield value[-1]


def _of_array(value: np.ndarray[Any, Any]) -> int:
    """Return a checksum of items that are spread over an array, and of its ends."""
    flat = value.reshape(-1) if value.flags.c_contiguous else value.flat
    step = max(1, value.size // (SAMPLED * 8))
    parts = (flat[::step], flat[: SAMPLED // 8], flat[max(value.size - SAMPLED // 8, 0) :])
    return functools.reduce(lambda sum_, part: zlib.crc32(np.ascontiguousarray(part).tobytes(), sum_), parts, 0)


def _refill(value: Any, kept: Any) -> None:
    """Put the content back, with room to grow: a copy has none, and the next item would cost a copy of all."""
    if isinstance(value, dict | set):
        value.clear()
        value.update(kept)
    elif isinstance(value, deque):
        value.clear()
        value.extend(kept)
    else:
        value[:] = kept
    if isinstance(value, dict):
        value[_ROOM] = None
        del value[_ROOM]
    elif isinstance(value, set):
        value.add(_ROOM)
        value.remove(_ROOM)
    elif isinstance(value, list):
        value.append(_ROOM)
        value.pop()
    elif isinstance(value, bytearray | array.array):
        value.extend(value[:1])
        del value[len(kept) :]


_ROOM = object()
