"""The types of the fields of a run's records: who reads a run may take them as granted.

Fields that are not listed may hold anything. Those that are listed may be missing, unless ``REQUIRED`` names them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from bptt_bench.errors import StoreError
from bptt_bench.plan.description.codec import DescriptionError, Field
from bptt_bench.text.wording import one_line, printable

REQUIRED = {
    "sample": frozenset({"subject", "point", "block", "process", "evaluations", "seconds_per_eval"}),
    "memory": frozenset({"subject", "point", "process", "allocated_bytes"}),
    "count": frozenset({"subject", "point", "process", "counts"}),
    "inspection": frozenset({"subject", "point", "returned", "changed"}),
    "worker": frozenset({"process"}),
    "host": frozenset({"host"}),
    "check": frozenset({"claim", "allowed", "cases"}),
    "agreement": frozenset({"subject", "point", "reference", "difference", "allowed"}),
    "skip": frozenset({"subject", "point", "reason"}),
    "uncounted": frozenset({"subject", "point", "counted", "reason"}),
    "missing": frozenset({"subject", "reason"}),
    "anchors": frozenset({"cells"}),
    "prediction": frozenset({"subject", "at", "value", "low", "high", "farther", "dearer"}),
    "allocation": frozenset({"visits"}),
    "probe": frozenset({"readings"}),
    "peaks": frozenset({"peaks"}),
}

Check = Callable[[Field], None]


def _text(field: Field) -> None:
    if not isinstance(field.value, str):
        raise field.must_be("a text")


def _number(field: Field) -> None:  # NaN and infinity are stored where something could not be computed
    if isinstance(field.value, bool) or not isinstance(field.value, int | float):
        raise field.must_be("a number")


def _amount(field: Field) -> None:
    _number(field)
    if not 0 <= field.value < math.inf:
        raise field.must_be("a finite number from 0")


def _named_amounts(field: Field) -> None:
    """Check amounts whose names are shown."""
    for name, value in field.items().items():
        if printable(name) != name:
            raise field.error(f"has the name {printable(name)!r}; allowed are short names without control characters")
        _amount(value)


def _whole(field: Field) -> None:
    field.whole()


def _level(field: Field) -> None:
    if not isinstance(field.value, str):
        field.number()


def _counted(field: Field) -> None:
    if field.whole() < 1:
        raise field.must_be("a whole number from 1")


def _pair_of_texts(field: Field) -> None:
    _TEXTS(field)
    if len(field.value) != 2:
        raise field.must_be("a list of two texts")


def _pass(field: Field) -> None:
    if len(field.elements()) != 2:
        raise field.must_be("a place and the origins that are carried from there")
    place, origins = field.elements()
    _counted(place)
    _each(_counted)(origins)
    if not origins.value:
        raise origins.must_be("a list of at least one origin")


def _or_null(check: Check) -> Check:
    return lambda field: None if field.value is None else check(field)


def _each(check: Check) -> Check:
    """Return a check of every element of a list."""

    def check_list(field: Field) -> None:
        for element in field.elements():
            check(element)

    return check_list


def _values(check: Check) -> Check:
    """Return a check of every value of an object."""

    def check_object(field: Field) -> None:
        for value in field.items().values():
            check(value)

    return check_object


def _object(checks: Mapping[str, Check], *needed: str) -> Check:
    """Return a check of an object, of the fields that it must have, and of others where it has them."""

    def check_object(field: Field) -> None:
        found = field.items()
        for name in needed:
            if name not in found:
                raise field.error(f"has no {name!r}")
        for name in checks.keys() & found.keys():
            checks[name](found[name])

    return check_object


_TEXTS, _NUMBERS, _POINT = _each(_text), _each(_number), _values(_level)
_CELLS = _each(_object({"subject": _text, "point": _POINT}, "subject", "point"))
_LIBRARIES = _each(_object(dict.fromkeys(("name", "api", "version", "architecture"), _or_null(_text))))
_ENVIRONMENT = _or_null(
    _object(
        {
            "host": _text,
            "vector_instructions": _or_null(_text),
            "kernel_variables": _or_null(_values(_text)),
            "packages": _or_null(_values(_text)),
            "caches_bytes": _or_null(_values(_number)),
            "blas": _or_null(_LIBRARIES),
        }
    )
)
_SESSION = {"environment": _ENVIRONMENT, "sources": _or_null(_values(_text)), "started_at": _or_null(_number)}
_VISIT = {
    **dict.fromkeys(("subject", "timing", "stage", "host"), _text),
    **dict.fromkeys(("started_at", "visit_seconds"), _or_null(_number)),
    "point": _POINT,
    "process": _whole,
}
_TYPES: Mapping[str, Mapping[str, Check]] = {
    "run": {
        **_SESSION,
        "experiment": _text,
        "profile": _text,
        **dict.fromkeys(("seed", "cells", "blocks"), _whole),
        "threads": _or_null(_whole),
        **dict.fromkeys(("corpus", "fault"), _or_null(_text)),
        **dict.fromkeys(("factors", "subjects"), _TEXTS),
        "laws": _or_null(_values(_or_null(_text))),
        "measures": _TEXTS,
        "added_levels": _values(_NUMBERS),
        "adaptive": _or_null(_object({})),
        "pair": _or_null(_object({"turns": _each(_whole)}, "id", "side", "turns")),
    },
    "resume": {**_SESSION, "changed": _or_null(_TEXTS), "measures": _TEXTS},
    "host": {"host": _text, "environment": _ENVIRONMENT},
    "worker": {
        "process": _whole,
        "threads": _or_null(_LIBRARIES),
        **dict.fromkeys(("floor_seconds", "started_at"), _or_null(_number)),
    },
    "sample": {
        **_VISIT,
        **dict.fromkeys(("block", "evaluations", "inputs"), _whole),
        **dict.fromkeys(("load_average", "first_seconds", "empty_call_seconds"), _or_null(_number)),
        "phase_seconds_per_eval": _values(_number),
    },
    "memory": {**_VISIT, **dict.fromkeys(("peak_bytes", "allocated_bytes", "output_bytes"), _or_null(_number))},
    "count": {
        **_VISIT,
        "counts": _values(_or_null(_amount)),
        "by_input": _values(_each(_amount)),
        "unseen": _values(_amount),
        "by_function": _named_amounts,
    },
    "inspection": {
        "subject": _text,
        "point": _POINT,
        "returned": _or_null(_text),
        "changed": _values(_text),
        "grown": _values(_each(_whole)),
        **dict.fromkeys(("restored_seconds", "repeated_seconds"), _NUMBERS),
        "input_bytes": _or_null(_number),
    },
    "check": {
        "claim": _text,
        "estimate": _or_null(_number),
        "allowed": _number,
        "cases": _whole,
        "detail": _or_null(_text),
        "passes": _values(_each(_pass)),
        "pass_symbols": _or_null(_pair_of_texts),
    },
    "agreement": {
        "subject": _text,
        "point": _POINT,
        "reference": _text,
        "difference": _or_null(_number),
        "allowed": _number,
    },
    "skip": {
        "subject": _text,
        "point": _POINT,
        **dict.fromkeys(("timing", "reason"), _text),
        **dict.fromkeys(("bytes_needed", "bytes_available"), _or_null(_number)),
    },
    "uncounted": {"subject": _text, "point": _POINT, "counted": _text, "reason": _text},
    "missing": {"subject": _text, "reason": _text},
    "anchors": {"cells": _CELLS},
    "prediction": {
        "subject": _text,
        "at": _POINT,
        **dict.fromkeys(("value", "low", "high", "farther", "dearer"), _number),
    },
    "allocation": {"visits": _CELLS},
    "probe": {"readings": _object({})},
    "peaks": {"peaks": _object({"products": _values(_number), "moves": _values(_number), "threads": _whole})},
    "finish": dict.fromkeys(
        ("wall_seconds_after_workers_started", "seconds_in_evaluations", "busy_share"), _or_null(_number)
    ),
}


def require_fields(where: str, record: Mapping[str, Any]) -> None:
    """Raise unless a record has the fields without which it is of no use.

    Raises
    ------
    StoreError : the message begins with ``where`` and names the field.
    """
    kind = record["record"]
    needed = REQUIRED.get(kind)
    if needed is not None and not record.keys() >= needed:
        raise StoreError(
            f"{where}: the {kind}{'' if kind == 'sample' else ' record'} has no {min(needed - record.keys())!r}"
        )


def require_types(where: str, record: Mapping[str, Any]) -> None:
    """Raise unless the fields of a record have their types.

    Raises
    ------
    StoreError : the message begins with ``where`` and names the field, its value and what is allowed.
    """
    checks = _TYPES.get(record["record"], {})
    try:
        for name in checks.keys() & record.keys():
            checks[name](Field(name, record[name]))
    except DescriptionError as error:
        raise StoreError(one_line(f"{where}: {error}")) from None
