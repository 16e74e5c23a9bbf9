"""When the results of several implementations count as equal."""

from __future__ import annotations

import math
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

DIFFERENT = 1.0  # of values that are not numbers and differ; of numbers, an error as large as the largest of them
HALF_THE_DIGITS = math.sqrt(float(np.finfo(np.float64).eps))  # 1.5e-8: sums added up in another order agree so well

Numbers: TypeAlias = "np.ndarray[Any, Any]"


def difference(found: object, expected: object) -> float:
    """Return 0 for results that are equal or differ by rounding alone, else the largest relative error.

    Of numbers with a fractional part half the digits must agree (1.5e-8 for float64, 3.5e-4 for float32). Those of an
    array or a plain list are compared with the largest of them, those of a tuple or mapping each with its own.
    Everything else is equal or ``DIFFERENT``.

    Raises
    ------
    TypeError : a result is an iterator or a coroutine: it has made nothing yet that could be compared, or timed.

    >>> difference([1, 2], [1, 2]), difference([0.1 + 0.2], [0.3]), difference("a", "b"), difference([1.0], [2.0])
    (0.0, 0.0, 1.0, 0.5)
    """
    _require_finished(found, expected)
    if _is_equal(found, expected):
        return 0.0
    if isinstance(expected, int | float) and isinstance(found, int | float):
        return _scalar_difference(found, expected)
    if isinstance(expected, Mapping) or (isinstance(expected, list | tuple) and not _is_plain(expected)):
        pairs = _pairs(found, expected)
        return DIFFERENT if pairs is None else max((difference(*pair) for pair in pairs), default=0.0)
    try:
        return _array_difference(np.asarray(found), np.asarray(expected))
    except Exception:  # noqa: BLE001  # as in _is_equal; lists of unequal lengths among them
        return DIFFERENT


def _require_finished(found: object, expected: object) -> None:
    for whose, result in (("it", found), ("the reference", expected)):
        if isinstance(result, Iterator | Coroutine):
            raise TypeError(
                f"{whose} returned a {type(result).__name__}, which has made nothing yet that could be timed or "
                "compared; return what it gives, such as list(...) of it"
            )


def _pairs(found: object, expected: object) -> list[tuple[object, object]] | None:
    """Return the entries of two mappings or two sequences in pairs; None if they do not have the same entries."""
    if isinstance(expected, Mapping):
        if not isinstance(found, Mapping) or found.keys() != expected.keys():
            return None
        return [(found[key], expected[key]) for key in expected]
    if not isinstance(expected, list | tuple) or not isinstance(found, list | tuple) or len(found) != len(expected):
        return None
    return list(zip(found, expected, strict=True))


def _is_equal(found: object, expected: object) -> bool:
    """Return whether ``==`` says so; arrays, whose answer is an array, are looked at as numbers."""
    try:
        return bool(found == expected)
    except Exception:  # noqa: BLE001  # a result may be of any type: its comparison may raise anything
        return False


def _is_plain(values: list[Any] | tuple[Any, ...]) -> bool:
    """Return whether this is a list of nothing but numbers."""
    return isinstance(values, list) and all(isinstance(value, int | float | np.number) for value in values)


def _scalar_difference(found: float, expected: float) -> float:
    if isinstance(found, int) and isinstance(expected, int):
        return DIFFERENT  # they are not equal, and nothing was rounded
    try:
        if math.isnan(found) and math.isnan(expected):
            return 0.0
        if not (math.isfinite(found) and math.isfinite(expected)):
            return DIFFERENT
        off = abs(found - expected) / max(abs(found), abs(expected))
    except OverflowError:  # a whole number that no float can hold
        return DIFFERENT
    return off if off > HALF_THE_DIGITS else 0.0


def _array_difference(found: Numbers, expected: Numbers) -> float:
    if found.shape != expected.shape:
        return DIFFERENT
    if any(array.dtype.kind not in "biufc" for array in (found, expected)):
        return 0.0 if bool((found == expected).all()) else DIFFERENT
    types = [array.dtype for array in (found, expected) if array.dtype.kind in "fc"]
    if not types:
        return 0.0 if np.array_equal(found, expected) else DIFFERENT
    wide = np.complex128 if any(kind.kind == "c" for kind in types) else np.float64
    a, b = found.astype(wide), expected.astype(wide)
    apart = ~((a == b) | (np.isnan(a) & np.isnan(b)))  # infinities and NaNs must stand in the same places
    if not apart.any():
        return 0.0
    scale = max(float(np.abs(side[np.isfinite(side)]).max(initial=0.0)) for side in (a, b))
    if not (np.isfinite(a[apart]).all() and np.isfinite(b[apart]).all()):
        return DIFFERENT
    off = float(np.abs(a[apart] - b[apart]).max()) / scale
    allowed = max(math.sqrt(float(np.finfo(kind).eps)) for kind in types)
    return off if off > allowed else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """The claim that all subjects of an experiment return the results of a reference, at every measured point.

    Each subject is evaluated once at a point before its first sample there, and compared with the reference. What the
    reference returns must stay as it is while others are evaluated.

    Attributes
    ----------
    reference : the subject whose results are taken to be right.
    difference : of two results, the second that of the reference: 0 for equal ones, NaN for one that is not a result.
    allowed : the largest difference that counts as equal.
    result : for some subjects, a function from the value of an evaluation to the result that is compared.
    """

    reference: str
    difference: Callable[[object, object], float]
    allowed: float
    result: Mapping[str, Callable[[object], object]] = field(default_factory=dict)

    def result_of(self, subject: str, value: object) -> object:
        """Return the result of a subject, computed from what its evaluation returned."""
        convert = self.result.get(subject)
        return value if convert is None else convert(value)

    def reference_of(self, _subject: str) -> str:
        """Return the subject that a subject's results are compared with."""
        return self.reference

    def claim_of(self, subject: str) -> str:
        """Return the name of the claim that a subject's results agree.

        >>> Agreement(reference="slow", difference=lambda a, b: 0.0, allowed=0.0).claim_of("fast")
        'results of fast = slow'
        """
        return f"results of {subject} = {self.reference_of(subject)}"
