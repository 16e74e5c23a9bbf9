"""Frozen data classes as plain data and back, by their type hints: every field is checked when it is read.

What is code cannot be data: fields that hold functions are left to whoever calls this.
"""

from __future__ import annotations

import collections.abc
import dataclasses
import functools
import math
import types
import unicodedata
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from bptt_bench.errors import BenchError, DesignError, LawError
from bptt_bench.plan.design.design import Design, Point
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.text.bounds import abbreviate

MOST_CHARACTERS = 10_000  # of a text: statements are sentences; laws have a limit of their own
MOST_ENTRIES = 100_000  # of a list or an object: a design of so many points is not measured
MOST_DIGITS = 2**63  # what whole numbers stay below: bytes and operations that a machine can count
KINDS: dict[type, str] = {dict: "an object", list: "a list", str: "a text", bool: "true or false", int: "a number"}


class DescriptionError(BenchError, ValueError):
    """Plain data that does not describe what it should; the message names the field, its value and what is allowed."""


@dataclass(frozen=True, slots=True)
class Field:
    """A value of plain data, and the way there, such as ``claims[3].margin``."""

    where: str
    value: Any

    def error(self, words: str) -> DescriptionError:
        """Return the error for what is wrong here."""
        return DescriptionError(f"{self.where or 'it'} {words}")

    def must_be(self, allowed: str) -> DescriptionError:
        """Return the error for a value of another kind than what is allowed."""
        shown = KINDS.get(type(self.value)) if isinstance(self.value, dict | list) else repr(self.value)
        assert shown is not None
        return self.error(f"must be {allowed}, got {abbreviate(shown)}")

    def fields(self, names: Collection[str], missing: Collection[str] = ()) -> dict[str, Field]:
        """Return the fields of an object that has exactly these; some of them may be missing."""
        found = self.items()
        for name in names:
            if name not in found and name not in missing:
                raise self.error(f"has no {name!r}")
        for name, field in found.items():
            if name not in names:
                raise field.error("is not known; the fields are " + ", ".join(names))
        return found

    def items(self) -> dict[str, Field]:
        """Return the values of an object, by key."""
        if not isinstance(self.value, dict):
            raise self.must_be("an object")
        self._require_few()
        return {key: Field(f"{self.where}.{abbreviate(key)}".lstrip("."), value) for key, value in self.value.items()}

    def elements(self) -> list[Field]:
        """Return the elements of a list."""
        if not isinstance(self.value, list):
            raise self.must_be("a list")
        self._require_few()
        return [Field(f"{self.where}[{i}]", value) for i, value in enumerate(self.value)]

    def text(self) -> str:
        """Return a text of bounded length, which can be printed on any terminal."""
        if not isinstance(self.value, str):
            raise self.must_be("a text")
        if len(self.value) > MOST_CHARACTERS:
            raise self.error(f"must be a text of at most {MOST_CHARACTERS} characters, got {len(self.value)}")
        if not self.value.isprintable() and any(_is_control(character) for character in self.value):
            raise self.must_be("a text without control characters")
        return self.value

    def whole(self) -> int:
        """Return a whole number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or abs(self.value) >= MOST_DIGITS:
            raise self.must_be("a whole number below 2**63")
        return self.value

    def truth(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.must_be("true or false")
        return self.value

    def number(self) -> float:
        """Return a finite number; whole numbers stay whole."""
        if isinstance(self.value, int):
            return self.whole()
        if not isinstance(self.value, float) or not math.isfinite(self.value):
            raise self.must_be("a finite number")
        return self.value

    def _require_few(self) -> None:
        if len(self.value) > MOST_ENTRIES:
            raise self.error(f"must have at most {MOST_ENTRIES} entries, got {len(self.value)}")


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t"


def encode(value: Any) -> Any:
    """Return a value as plain data; of data classes the fields that hold data."""
    match value:
        case CostLaw():
            return value.text
        case Design() | tuple() | list():
            return [encode(one) for one in (value.points if isinstance(value, Design) else value)]
        case Mapping():
            return {str(name): encode(one) for name, one in value.items()}
    if dataclasses.is_dataclass(value):
        return {name: encode(getattr(value, name)) for name in data_fields(value.__class__)}
    return value.item() if hasattr(value, "item") else value  # numbers of NumPy as Python's


def decode(kind: Any, field: Field) -> Any:
    """Return a value of some type from plain data.

    Raises
    ------
    DescriptionError : it is of another type, has a field too few or too many, or its type refuses it.
    """
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        if not isinstance(field.value, str) or field.value not in arguments:
            raise field.must_be(f"one of {', '.join(map(repr, arguments))}")
        return field.value
    if origin in (types.UnionType, Union):
        return _decode_union(arguments, field)
    if origin is tuple:
        (each, *_) = arguments
        return tuple(decode(each, element) for element in field.elements())
    if origin is collections.abc.Mapping:
        return {name: decode(arguments[1], one) for name, one in field.items().items()}
    return _decode_plain(kind, field)


def _decode_union(kinds: tuple[Any, ...], field: Field) -> Any:
    """Decode None where that is allowed; of the other kinds the one that fits, since no two of them look alike."""
    if field.value is None:
        if type(None) not in kinds:
            raise field.must_be("something, not null")
        return None
    left = [kind for kind in kinds if kind is not type(None)]
    if len(left) > 1:
        is_text = isinstance(field.value, str)
        left = [kind for kind in left if (kind is str) == is_text] or left
    return decode(left[0], field)


def _decode_plain(kind: Any, field: Field) -> Any:
    read = _READERS.get(kind)
    try:
        return kind(**decode_fields(kind, field)) if read is None else read(field)
    except (DesignError, LawError) as error:
        raise field.error(f"cannot be used: {error}") from None


def decode_fields(kind: Any, field: Field, *more: str) -> dict[str, Any]:
    """Return the fields of a data class that hold data; ``more`` are fields beside them, which are read elsewhere."""
    hints = data_fields(kind)
    missing = [one.name for one in dataclasses.fields(kind) if one.metadata.get("may_be_missing")]
    found = field.fields([*hints, *more], missing)
    return {name: decode(hint, found[name]) for name, hint in hints.items() if name in found}


def decode_point(field: Field) -> Point:
    """Return a point: numbers and texts by the names of factors."""
    levels = field.items()
    for level in levels.values():
        level.text() if isinstance(level.value, str) else level.number()
    return Point({name: level.value for name, level in levels.items()})


_READERS: Mapping[Any, Callable[[Field], Any]] = {  # of types that are not data classes
    str: Field.text,
    bool: Field.truth,
    int: Field.whole,
    float: Field.number,
    CostLaw: lambda field: CostLaw(field.text()),
    Point: decode_point,
    Design: lambda field: Design.of(decode_point(element) for element in field.elements()),
}


@functools.cache
def data_fields(kind: Any) -> dict[str, Any]:
    """Return the type hints of a data class, less those of fields that hold code."""
    hints = get_type_hints(kind)
    return {one.name: hints[one.name] for one in dataclasses.fields(kind) if not _has_code(hints[one.name])}


def _has_code(hint: Any) -> bool:
    if get_origin(hint) is collections.abc.Callable:
        return True
    return any(_has_code(each) for each in get_args(hint) if not isinstance(each, list))
