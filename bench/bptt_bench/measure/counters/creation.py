"""The names in NumPy that are replaced while a meter counts: functions that make arrays, and those that are refused.

Array functions and ufuncs find the meter by themselves, through their metered arguments. A creation function has no
such argument, so it is replaced by one that returns a metered array. What makes arrays in a way that is not counted
raises.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np

from bptt_bench.measure.counters.call import NO_RULE, Rule, UncountedOperation
from bptt_bench.measure.counters.functions import FUNCTION_RULES, copied_if_needed, free, rules, written

Wrapper = Callable[[str, Callable[..., Any], Rule], Callable[..., Any]]


CREATION_RULES: dict[str, Rule] = rules(
    ("empty empty_like", free),
    ("zeros ones full zeros_like ones_like full_like arange eye identity indices fromiter", written),
    ("array asarray asanyarray ascontiguousarray asfortranarray copy require frombuffer from_dlpack", copied_if_needed),
    ("linspace", FUNCTION_RULES["linspace"]),
)
# They compute what they return in ways of their own, or read it from files; `nditer` returns plain arrays.
REFUSED = (
    *("asarray_chkfinite", "asmatrix", "bmat", "row_stack"),
    *("bartlett", "blackman", "hamming", "hanning", "kaiser", "geomspace", "logspace"),
    *("fromfile", "fromfunction", "fromregex", "fromstring", "genfromtxt", "load", "loadtxt"),
    *("diag_indices", "mask_indices", "tri", "tril_indices", "triu_indices", "c_", "mgrid", "ogrid", "r_"),
    *("nditer", "nested_iters"),
)
REFUSED_MODULES = ("fft", "linalg", "random")


class _Refused:
    """Stands for a name of NumPy that is not counted: calling or indexing it raises, except from within NumPy."""

    def __init__(self, name: str, original: Any, is_counting: Callable[[], bool]) -> None:
        self._name, self._original, self._is_counting = name, original, is_counting

    def _pass(self) -> Any:
        if self._is_counting():
            raise UncountedOperation(f"{self._name}: {NO_RULE}, or move it out of the call that is measured")
        return self._original

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._pass()(*args, **kwargs)

    def __getitem__(self, index: Any) -> Any:
        return self._pass()[index]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._original, name)


def replacements(counted: Wrapper, is_counting: Callable[[], bool]) -> Iterator[tuple[ModuleType, str, Any]]:
    """Yield module, name and replacement of everything that is replaced while a meter counts."""
    for name, rule in CREATION_RULES.items():
        original = getattr(np, name)
        yield np, name, functools.wraps(original)(counted(f"numpy.{name}", original, rule))
    for name in REFUSED:
        if hasattr(np, name):
            yield np, name, _Refused(f"numpy.{name}", getattr(np, name), is_counting)
    for module_name in REFUSED_MODULES:
        module: ModuleType = getattr(np, module_name)
        for name in module.__all__:
            original = getattr(module, name)
            if callable(original) and not isinstance(original, type):
                yield module, name, _Refused(f"numpy.{module_name}.{name}", original, is_counting)
