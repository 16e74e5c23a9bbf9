"""How deep JSON is nested: its reader stops at depths that differ between versions of Python, and others before it."""

from __future__ import annotations

from typing import Any

MOST_NESTED = 100  # lists and objects within each other: no tool writes ten, and copies can be made of some 300


def is_too_deep(value: Any) -> bool:
    """Return whether a value has more than ``MOST_NESTED`` lists and objects within each other.

    Level by level, since a value that was read may be deeper than any function can call itself.

    >>> import json
    >>> [is_too_deep(json.loads("[" * depth + "]" * depth)) for depth in (1, 100, 101)]
    [False, False, True]
    """
    level = [value]
    for _ in range(MOST_NESTED + 1):
        level = [one for one in level if isinstance(one, dict | list)]
        if not level:
            return False
        level = [member for one in level for member in (one.values() if isinstance(one, dict) else one)]
    return True


def may_be_too_deep(line: bytes) -> bool:
    """Return whether so many brackets are opened at all: of the records of a run hardly one has as many."""
    return line.count(b"[") + line.count(b"{") > MOST_NESTED
