"""Arguments of functions for Python users: one of a wrong type is refused in one line that names it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bptt_bench.errors import TextError
from bptt_bench.text.bounds import abbreviate


def show_value(value: object) -> str:
    """Return a value in a message, in one short line.

    >>> show_value(5), show_value({"a": 1}), show_value("x" * 100)
    ('5', "{'a': 1}", "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…")
    """
    return abbreviate(" ".join(repr(value).split()))


def require_text(**arguments: Any) -> None:
    """Raise unless each argument is a text or None.

    Raises
    ------
    TextError : the message names the argument.
    """
    for name, value in arguments.items():
        if value is not None and not isinstance(value, str):
            raise TextError(f"`{name}` must be a text, got {show_value(value)}")


def require_texts(**arguments: Any) -> None:
    """Raise unless each argument is a text, a sequence of texts, or None.

    Raises
    ------
    TextError : the message names the argument.
    """
    for name, value in arguments.items():
        each = [value] if value is None or isinstance(value, str) else value
        if not isinstance(each, Sequence) or not all(one is None or isinstance(one, str) for one in each):
            raise TextError(f"`{name}` must be a text or a list of texts, got {show_value(value)}")


def require_share(**arguments: Any) -> None:
    """Raise unless each argument is a number between 0 and 1.

    Raises
    ------
    TextError : the message names the argument.
    """
    for name, value in arguments.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise TextError(f"`{name}` must be a number between 0 and 1, such as 0.95, got {show_value(value)}")
