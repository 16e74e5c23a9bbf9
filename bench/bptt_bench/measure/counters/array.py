"""The array that passes its operations to the meter."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from bptt_bench.measure.counters.call import NO_RULE, PLAIN, Call, Rule, UncountedOperation
from bptt_bench.measure.counters.creation import CREATION_RULES
from bptt_bench.measure.counters.functions import FUNCTION_RULES, METHOD_RULES, copied_if_needed
from bptt_bench.measure.counters.ufuncs import ufunc_rule


class Runner(Protocol):
    """The interface of a meter that arrays use."""

    def run(self, call: Call, function: Callable[..., Any], rule: Rule) -> Any: ...

    def is_executing_here(self) -> bool: ...


COUNTING: list[Runner] = []  # the meter that counts now, if any


def _meter() -> Runner | None:
    """Return the meter to count into; None when none counts, or when NumPy calls itself within an operation."""
    return COUNTING[0] if COUNTING and not COUNTING[0].is_executing_here() else None


class MeteredArray(np.ndarray[Any, np.dtype[Any]]):
    """A view of an array whose operations are counted while a meter is entered; otherwise as good as a plain array."""

    # Compiled code that bypasses the protocols then makes its results of this type, where they are detected.
    __array_priority__ = 1.0

    def __array_finalize__(self, source: Any) -> None:
        if self.flags.owndata and _meter() is not None:
            raise UncountedOperation(
                "NumPy made a new array from a metered one in a way that cannot be counted, such as a method of a "
                "plain array with a metered argument; write numpy.dot(a, b) for a.dot(b), or meter a as well"
            )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = f"numpy.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
        return _through(Call(name, inputs, kwargs), getattr(ufunc, method), lambda: ufunc_rule(ufunc, method))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return _through(Call(f"{func.__module__}.{func.__name__}", args, kwargs), func, lambda: _function_rule(func))


def _through(call: Call, function: Callable[..., Any], rule: Callable[[], Rule]) -> Any:
    """Run an operation by way of the meter, or without one."""
    meter = _meter()
    if meter is not None:
        return meter.run(call, function, rule())
    bare = ArgumentUnwrapper()
    return bare.restored(function(*bare(call.args), **bare(call.kwargs)), metered=False)


def _function_rule(function: Any) -> Rule:
    """Return the rule for a function of NumPy's main namespace.

    Raises
    ------
    UncountedOperation : the function is not known.
    """
    rule = FUNCTION_RULES.get(function.__name__) or CREATION_RULES.get(function.__name__)
    if rule is None or function.__module__ != "numpy":
        raise UncountedOperation(f"{function.__module__}.{function.__name__}: {NO_RULE}")
    return rule


class ArgumentUnwrapper:
    """Strips arguments of the meter, and remembers which plain array stands for which argument."""

    def __init__(self) -> None:
        self.plain_shapes: list[tuple[int, ...]] = []  # of the arguments that were plain already, and have dimensions
        self._arguments: dict[
            int, tuple[Any, Any]
        ] = {}  # holds the plain array, too: an id is good while its object lives

    def __call__(self, value: Any) -> Any:
        if isinstance(value, MeteredArray):
            return self._remember(np.ndarray.view(value, np.ndarray), value)
        if isinstance(value, np.ndarray):
            if type(value) is not np.ndarray:
                raise UncountedOperation(
                    f"an argument of type {type(value).__name__}: the meter knows plain arrays only"
                )
            if value.ndim > 0:
                self.plain_shapes.append(value.shape)
            return self._remember(value, value)
        if type(value) in PLAIN:
            return value
        if type(value) in (tuple, list):
            return type(value)(map(self, value))
        if isinstance(value, Mapping):
            return {name: self(item) for name, item in value.items()}
        return value

    def _remember(self, plain: Any, argument: Any) -> Any:
        self._arguments[id(plain)] = plain, argument
        return plain

    def restored(self, result: Any, *, metered: bool) -> Any:
        """Return the result, with its new arrays metered if wanted; a returned argument stays that argument."""
        if id(result) in self._arguments:
            return self._arguments[id(result)][1]
        if type(result) is np.ndarray and metered:
            return result.view(MeteredArray)
        if type(result) in (tuple, list):
            return type(result)(self.restored(item, metered=metered) for item in result)
        return result


# --- methods: compiled ones bypass the protocols, so each public one is replaced, and refused without a rule ---

# They return plain elements, or the memory itself.
_REFUSED_ATTRIBUTES = ("flat", "data", "ctypes", "__array_interface__", "__array_struct__")
_REFUSED_DUNDERS = ("__reduce__", "__reduce_ex__", "__dlpack__")


def _counted_method(name: str, rule: Rule) -> Callable[..., Any]:
    original = getattr(np.ndarray, name)

    def method(self: MeteredArray, *args: Any, **kwargs: Any) -> Any:
        if _meter() is None:
            return original(self, *args, **kwargs)
        return _through(Call(f"numpy.ndarray.{name}", (self, *args), kwargs), original, lambda: rule)

    method.__name__, method.__doc__ = name, original.__doc__
    return method


def _refuse(name: str) -> None:
    if _meter() is not None:
        raise UncountedOperation(f"numpy.ndarray.{name}: {NO_RULE}")


def _refused_method(name: str) -> Callable[..., Any]:
    original = getattr(np.ndarray, name)

    def method(self: MeteredArray, *args: Any, **kwargs: Any) -> Any:
        _refuse(name)
        return original(self, *args, **kwargs)

    return method


def _refused_attribute(name: str) -> property:
    """Return an attribute that can be neither read nor set while a meter counts."""

    def read(self: MeteredArray) -> Any:
        _refuse(name)
        return getattr(np.ndarray.view(self, np.ndarray), name)

    def write(self: MeteredArray, value: Any) -> None:
        _refuse(name)
        setattr(np.ndarray.view(self, np.ndarray), name, value)

    return property(read, write)


def _part(name: str) -> property:
    """Return the property for a real or imaginary part: a view, or new zeros for the imaginary part of real numbers."""

    def read(self: MeteredArray) -> Any:
        return _through(Call(f"numpy.{name}", (self,), {}), getattr(np, name), lambda: copied_if_needed)

    def write(self: MeteredArray, value: Any) -> None:
        if name == "imag" and not np.iscomplexobj(self):
            raise TypeError("imag: an array of real numbers has no imaginary part to set")
        getattr(self, name)[...] = value

    return property(read, write)


def _view(self: MeteredArray, *args: Any, **kwargs: Any) -> Any:
    """Return a view with another type or shape; one that is not metered is refused while a meter counts."""
    for given in (*args, *kwargs.values()):
        if isinstance(given, type) and issubclass(given, np.ndarray) and not issubclass(given, MeteredArray):
            _refuse(f"view({given.__name__})")
    return np.ndarray.view(self, *args, **kwargs)


def _install() -> None:
    public = [name for name in dir(np.ndarray) if not name.startswith("_") and callable(getattr(np.ndarray, name))]
    for name in {*public, *METHOD_RULES, *_REFUSED_DUNDERS}:
        rule = METHOD_RULES.get(name)
        setattr(MeteredArray, name, _refused_method(name) if rule is None else _counted_method(name, rule))
    for name in _REFUSED_ATTRIBUTES:
        setattr(MeteredArray, name, _refused_attribute(name))
    for name, special in {"real": _part("real"), "imag": _part("imag"), "view": _view}.items():
        setattr(MeteredArray, name, special)


_install()
