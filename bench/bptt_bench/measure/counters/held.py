"""What an evaluation holds and refers to: its arrays are replaced by metered ones, its library calls are named.

A meter sees an operation by the arrays that it works on. So every array that an evaluation can reach must be metered:
in closures, arguments of partial functions, containers, instances, and globals of the code that it runs. What stays
invisible is code of compiled libraries; those that the code refers to are named, so that nobody takes a count without
them for the whole.
"""

from __future__ import annotations

import contextlib
import copy
import dis
import functools
import importlib.util
import sys
import sysconfig
import types
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from bptt_bench.measure.counters.array import MeteredArray
from bptt_bench.measure.counters.unseen import size_of

COUNTED_PACKAGES = ("numpy", "bptt_bench")  # whose code is counted, or is ours
SCALARS = (int, float, complex, bool, str, bytes, type(None), np.generic)
CONTAINERS = (list, tuple, dict, set, frozenset, deque)
GENERATORS = (np.random.Generator, np.random.RandomState, np.random.BitGenerator)
BUILT_IN_METHODS = (types.BuiltinMethodType, types.MethodWrapperType)
FOLDERS_OF_PACKAGES = ("site-packages", "dist-packages")
COMPILED = (".so", ".pyd")
HOLDERS = (*CONTAINERS, functools.partial, *BUILT_IN_METHODS)
LOADS = ("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF")
ATTRIBUTES = ("LOAD_ATTR", "LOAD_METHOD")


@dataclass(slots=True)
class Held:
    """What an evaluation reaches.

    Attributes
    ----------
    arrays : plain arrays, in the order in which they were met.
    libraries : names of what it refers to that is compiled and not counted.
    functions : Python functions whose code it may run.
    longest : elements of the largest container of Python, 1 if there is none.
    """

    arrays: list[np.ndarray[Any, Any]] = field(default_factory=list)
    libraries: dict[str, None] = field(default_factory=dict)
    functions: list[types.FunctionType] = field(default_factory=list)
    longest: int = 1


def inspect(evaluate: Callable[..., object], own: str = "") -> Held:
    """Return what an evaluation reaches.

    Parameters
    ----------
    own : top-level package of the experiment, which is searched though it be installed.
    """
    walk = _Walk(own)
    walk.visit(evaluate)
    return walk.held


@dataclass(slots=True)
class _Walk:
    """Goes through everything that an evaluation reaches, each object once."""

    own: str
    held: Held = field(default_factory=Held)
    _seen: dict[int, Any] = field(default_factory=dict)

    def visit(self, value: Any) -> None:
        waiting = [value]
        while waiting:
            value = waiting.pop()
            self.held.longest = max(self.held.longest, size_of(value))
            if isinstance(value, SCALARS) or id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            waiting += self._inside(value)

    def _inside(self, value: Any) -> list[Any]:
        """Return what a value holds or refers to, and note what it is."""
        if isinstance(value, np.ndarray):
            self.held.arrays.append(value)
            return []
        if isinstance(value, types.FunctionType):
            return self._inside_function(value)
        if isinstance(value, dict):
            return [*value.keys(), *value.values()]
        if isinstance(value, types.MethodType):
            return [value.__func__, value.__self__]
        return _held(value) if isinstance(value, HOLDERS) else self._inside_object(value)

    def _inside_function(self, function: types.FunctionType) -> list[Any]:
        if not self._is_own(function.__module__, function.__code__.co_filename):
            self._note(function.__module__, function.__qualname__)
            return []
        self.held.functions.append(function)
        cells = [cell.cell_contents for cell in function.__closure__ or () if _is_full(cell)]
        defaults = [*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
        closed = {
            name: cell.cell_contents
            for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
            if _is_full(cell)
        }
        names = {**function.__globals__, **closed}
        named = [value for code in codes(function.__code__) for value in self._referred(code, names)]
        return [*cells, *defaults, *named, getattr(function, "__wrapped__", None)]

    def _referred(self, code: types.CodeType, names: Mapping[str, Any]) -> Iterator[Any]:
        """Yield the globals that code refers to; attributes of modules in place of the modules."""
        value: Any = None
        for operation, name in _name_steps(code):
            if operation == "IMPORT_NAME":
                value = self._imported(name, str(names.get("__package__") or ""))
            elif operation == "IMPORT_FROM" and isinstance(value, types.ModuleType):
                yield getattr(value, name, None)
            elif operation in ATTRIBUTES and isinstance(value, types.ModuleType):
                value = getattr(value, name, None)
                if not isinstance(value, types.ModuleType):
                    yield value
            else:
                self._note_module(value)
                value = names.get(name) if operation in LOADS else None
                if not isinstance(value, types.ModuleType):
                    yield value

    def _imported(self, name: str, package: str) -> types.ModuleType | None:
        """Return a module that code imports when it runs, if it is imported already; note it if it is a library."""
        module = sys.modules.get(name) or sys.modules.get(f"{package}.{name}")
        if module is None and not _is_known(name):
            top = name.partition(".")[0]
            with contextlib.suppress(ImportError, ValueError):
                spec = importlib.util.find_spec(top)
                if spec is not None and not self._is_own(top, spec.origin or ""):
                    self._note(name, "")
        elif module is not None:
            self._note_module(module)
        return module

    def _note_module(self, value: Any) -> None:
        """Note a module that code imports or hands on as a whole, unless it is counted or of the standard library."""
        if isinstance(value, types.ModuleType) and not self._is_own(
            value.__name__, getattr(value, "__file__", "") or ""
        ):
            self._note(value.__name__, "")

    def _inside_object(self, value: Any) -> list[Any]:
        """Return the attributes of an instance, or the functions of a class, of the user's own."""
        kind = value if isinstance(value, type) else type(value)
        if kind.__module__ == "builtins" and not isinstance(value, type) and callable(value):
            self._note_compiled(value)
            return []
        if isinstance(value, np.ufunc | types.ModuleType) or _is_known(kind.__module__):
            if isinstance(value, GENERATORS):
                self._note("numpy.random", kind.__name__)
            return []
        if not self._is_own(kind.__module__, getattr(sys.modules.get(kind.__module__), "__file__", None) or ""):
            named = callable(value) and not isinstance(value, type) and hasattr(value, "__name__")
            self._note(*((value.__module__, value.__name__) if named else (kind.__module__, kind.__name__)))
            return []
        functions = [each for one in kind.__mro__ for each in vars(one).values() if _is_of_class(each)]
        return [*map(_plain_function, functions), *([] if value is kind else attributes(value).values())]

    def _note_compiled(self, value: Any) -> None:
        """Note a function written in C or Fortran, unless it is of the standard library or counted."""
        module = getattr(value, "__module__", None)
        if type(value).__name__ == "fortran" or (isinstance(module, str) and not _is_known(module)):
            self._note(module or "fortran", str(getattr(value, "__name__", type(value).__name__)))

    def _is_own(self, module: str | None, file: str) -> bool:
        top = str(module or "").partition(".")[0]
        return top == self.own or (not _is_known(top) and not _is_installed(file)) or top == ""

    def _note(self, module: str | None, name: str) -> None:
        if not _is_known(str(module or "")):
            self.held.libraries[f"{module}.{name}".strip(".")] = None
        elif module == "numpy.random":
            self.held.libraries[f"numpy.random.{name}"] = None


@functools.lru_cache(maxsize=4096)
def _name_steps(code: types.CodeType) -> tuple[tuple[str, str], ...]:
    """Return the steps of code that follow names, with the names; other steps between them as one without a name."""
    found: list[tuple[str, str]] = []
    for step in dis.get_instructions(code):
        if step.opname in (*LOADS, *ATTRIBUTES, "IMPORT_NAME", "IMPORT_FROM"):
            found.append((step.opname, str(step.argval)))
        elif found and found[-1][0]:
            found.append(("", ""))
    return tuple(found)


def codes(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield code and the code of functions defined in it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from codes(constant)


def attributes(value: Any) -> dict[str, Any]:
    """Return the attributes of an instance, those in slots included."""
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            with contextlib.suppress(AttributeError):
                found[name] = getattr(value, name)
    return found


def _is_full(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018  # raises where a variable was not assigned
    except ValueError:
        return False
    return True


def _is_of_class(value: Any) -> bool:
    return isinstance(value, types.FunctionType | classmethod | staticmethod | property)


def _plain_function(value: Any) -> Any:
    return value.fget if isinstance(value, property) else getattr(value, "__func__", value)


def _is_known(module: str) -> bool:
    top = module.partition(".")[0]
    return top in COUNTED_PACKAGES or top in sys.stdlib_module_names


@functools.cache
def _installed() -> tuple[Path, ...]:
    return tuple(Path(path).resolve() for name in ("purelib", "platlib") if (path := sysconfig.get_path(name)))


@functools.cache
def _is_installed(file: str) -> bool:
    """Return whether a file is part of a package that was installed; code without a file is taken for such."""
    if not file or file.startswith("<"):
        return file == ""
    path = Path(file).resolve()
    if path.suffix in COMPILED or any(part in FOLDERS_OF_PACKAGES for part in path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _installed())


# --- replacing arrays ---


@dataclass(slots=True)
class Replacer:
    """Rebuilds what an evaluation holds with metered arrays in place of plain ones; what has no arrays is left alone.

    Parameters
    ----------
    metered : makes a metered view of an array.
    stand_ins : NumPy's functions that are replaced while a meter counts, by the identity of the original: code may hold
        them under names of its own.
    """

    metered: Callable[[Any], Any]
    stand_ins: Mapping[int, Any]
    _made: dict[int, tuple[Any, Any]] = field(default_factory=dict)
    _arrays: dict[int, tuple[Any, bool]] = field(default_factory=dict)

    def __call__(self, value: Any) -> Any:
        if isinstance(value, SCALARS) or not self._has_arrays(value):
            return value
        if id(value) not in self._made:
            self._made[id(value)] = (value, None)
            self._replace(value)
        return self._made[id(value)][1]

    @contextlib.contextmanager
    def replaced_globals(self, functions: list[types.FunctionType]) -> Iterator[None]:
        """Replace the arrays, and NumPy's functions, among the globals that some functions refer to."""
        kept: list[tuple[dict[str, Any], str, Any]] = []
        try:
            for function in functions:
                names = function.__globals__
                referred = {name for code in codes(function.__code__) for name in code.co_names if name in names}
                for name in referred:
                    old = names[name]
                    new = old if isinstance(old, types.FunctionType | type) else self(old)
                    if new is not old:
                        kept.append((names, name, old))
                        names[name] = new
            yield
        finally:
            for names, name, old in reversed(kept):
                names[name] = old

    def _has_arrays(self, value: Any) -> bool:
        if isinstance(value, SCALARS):
            return False
        known = self._arrays.get(id(value))
        if known is not None:
            return known[1]
        self._arrays[id(value)] = (value, False)  # of what refers to itself
        found = self._finds_arrays(value)
        self._arrays[id(value)] = (value, found)
        return found

    def _finds_arrays(self, value: Any) -> bool:
        if id(value) in self.stand_ins:
            return True
        if isinstance(value, np.ndarray):
            return type(value) is np.ndarray
        return max(map(self._has_arrays, _parts(value)), default=False)  # all of them, so that each is known

    def _keep(self, value: Any, made: Any) -> None:
        self._made[id(value)] = (value, made)

    def _replace(self, value: Any) -> None:
        """Make the replacement of a value, known before its parts are, for what refers to itself."""
        if id(value) in self.stand_ins:
            self._keep(value, self.stand_ins[id(value)])
        elif isinstance(value, np.ndarray):
            self._keep(value, self.metered(value))
        elif isinstance(value, types.FunctionType):
            self._replace_function(value)
        elif isinstance(value, CONTAINERS):
            self._replace_container(value)
        elif isinstance(value, functools.partial):
            inner = {name: self(each) for name, each in value.keywords.items()}
            self._keep(value, functools.partial(self(value.func), *map(self, value.args), **inner))
        elif isinstance(value, types.MethodType):
            self._keep(value, types.MethodType(value.__func__, self(value.__self__)))
        elif isinstance(value, BUILT_IN_METHODS):
            self._keep(value, getattr(self(value.__self__), value.__name__))
        else:
            self._replace_object(value)

    def _replace_function(self, value: types.FunctionType) -> None:
        cells = tuple(types.CellType() for _ in value.__closure__ or ())
        made = types.FunctionType(value.__code__, value.__globals__, value.__name__, value.__defaults__, cells or None)
        made.__kwdefaults__, made.__dict__ = value.__kwdefaults__, value.__dict__
        self._keep(value, made)
        for old, new in zip(value.__closure__ or (), cells, strict=True):
            if _is_full(old):
                new.cell_contents = self(old.cell_contents)
        if value.__defaults__ is not None:
            made.__defaults__ = tuple(map(self, value.__defaults__))
        if value.__kwdefaults__ is not None:
            made.__kwdefaults__ = {name: self(each) for name, each in value.__kwdefaults__.items()}

    def _replace_container(self, value: Any) -> None:
        if isinstance(value, tuple):
            items = [self(each) for each in value]
            self._keep(value, type(value)(*items) if hasattr(value, "_fields") else type(value)(items))
        elif isinstance(value, dict):
            made = copy.copy(value)
            self._keep(value, made)
            made.update({name: self(each) for name, each in value.items()})
        elif isinstance(value, list | deque):
            made_list = copy.copy(value)
            self._keep(value, made_list)
            for i, each in enumerate(value):
                made_list[i] = self(each)
        else:
            self._keep(value, value)

    def _replace_object(self, value: Any) -> None:
        made = copy.copy(value)
        self._keep(value, made)
        for name, each in attributes(value).items():
            new = self(each)
            if new is not each:
                object.__setattr__(made, name, new)


def _parts(value: Any) -> list[Any]:
    """Return what a value holds, as far as it can be replaced."""
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or () if _is_full(cell)]
        return [*cells, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
    if isinstance(value, types.MethodType):
        return [value.__self__]
    if isinstance(value, HOLDERS):
        return [] if isinstance(value, set | frozenset) else _held(value)
    if isinstance(value, type | types.ModuleType | MeteredArray | np.ufunc) or _is_known(type(value).__module__):
        return []
    return list(attributes(value).values())


def _held(value: Any) -> list[Any]:
    """Return what a container, a partial function or a method of a built-in type holds."""
    if isinstance(value, functools.partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, BUILT_IN_METHODS):
        return [] if isinstance(value.__self__, types.ModuleType | type(None)) else [value.__self__]
    return list(value.values()) if isinstance(value, dict) else list(value)
