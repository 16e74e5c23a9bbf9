"""Bounds on what is read and printed: the nesting of JSON, and the length of a value in a message."""

from __future__ import annotations

from typing import Any

# Lists and objects within each other: no tool writes ten, and copies can be made of some 300. The depth at which a
# reader of JSON stops differs between versions of Python.
MOST_NESTED = 100
MOST_SHOWN = 40  # characters of a value in a message


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


def abbreviate(text: str, most: int = MOST_SHOWN) -> str:
    """Return a text cut to so many characters, with an ellipsis where it was longer.

    >>> abbreviate("short"), abbreviate("longer", 4)
    ('short', 'long…')
    """
    return text if len(text) <= most else f"{text[:most]}…"
