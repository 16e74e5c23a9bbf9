"""A value within a JSON file with its path, so that an error can name it in one line."""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.text.wording import printable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KINDS = {dict: "an object", list: "a list", str: "text", float: "a number", int: "a number", bool: "true or false"}
SHOWN_CHARACTERS = 40  # of a value that is not what it should be


@dataclass(frozen=True, slots=True)
class JsonCursor:
    """A value of a JSON file.

    Attributes
    ----------
    where : its path, such as ``benchmarks[3].stats``; empty for the whole.
    """

    path: Path
    where: str
    value: Any

    def error(self, words: str) -> StoreError:
        """Return the error for what is wrong here, in a line that names file and place."""
        return StoreError(f"{self.path}: {self.where}{' ' if self.where else ''}{words}")

    def at(self, key: str) -> JsonCursor:
        """Return the value of an object under a key.

        Raises
        ------
        StoreError : no object, or nothing there.
        """
        found = self.maybe(key)
        if found is None:
            raise self.error(f"lacks {key!r}")
        return found

    def maybe(self, key: str) -> JsonCursor | None:
        """Return the value of an object under a key; None if it is absent or null.

        Raises
        ------
        StoreError : no object.
        """
        value = self.of_kind(dict).get(key)
        return None if value is None else self._below(key, value)

    def values(self) -> list[JsonCursor]:
        """Return the values of an object.

        Raises
        ------
        StoreError : no object.
        """
        return [place for _, place in self.items()]

    def items(self) -> list[tuple[str, JsonCursor]]:
        """Return keys and values of an object.

        Raises
        ------
        StoreError : no object.
        """
        return [(key, self._below(key, value)) for key, value in self.of_kind(dict).items()]

    def elements(self) -> list[JsonCursor]:
        """Return the elements of a list.

        Raises
        ------
        StoreError : no list.
        """
        return [JsonCursor(self.path, f"{self.where}[{i}]", value) for i, value in enumerate(self.of_kind(list))]

    def text(self) -> str:
        """Return a text, safe to print.

        Raises
        ------
        StoreError : something else.
        """
        return printable(self.of_kind(str))

    def number(self) -> float:
        """Return a number; NaN and infinities are numbers.

        Raises
        ------
        StoreError : something else, or too large.
        """
        if isinstance(self.value, bool) or not isinstance(self.value, int | float):
            raise self._wrong("a number")
        try:
            return float(self.value)
        except OverflowError:
            raise self.error("is a number of hundreds of digits") from None

    def numbers(self) -> NDArray[np.float64]:
        """Return the numbers of a list (n,); null is NaN.

        Raises
        ------
        StoreError : no list, or one that holds something else.
        """
        import numpy as np

        values = self.of_kind(list)
        with contextlib.suppress(OverflowError):  # a number of hundreds of digits, which is looked for below
            if set(map(type, values)) <= {float, int, type(None)}:
                return np.array([math.nan if value is None else value for value in values], dtype=np.float64)
        for i, value in enumerate(values):  # one by one: a place for each of millions would take a gigabyte
            if value is not None:
                JsonCursor(self.path, f"{self.where}[{i}]", value).number()
        raise self.error("holds something else than numbers")

    def of_kind(self, kind: type) -> Any:
        """Return the value, which must be of a kind.

        Raises
        ------
        StoreError : it is of another.
        """
        if not isinstance(self.value, kind):
            raise self._wrong(KINDS[kind])
        return self.value

    def _wrong(self, allowed: str) -> StoreError:
        shown = "null" if self.value is None else KINDS.get(type(self.value), "something else")
        if isinstance(self.value, str):
            shown = repr(printable(self.value, SHOWN_CHARACTERS))
        elif isinstance(self.value, int | float) and not isinstance(self.value, bool):
            shown = f"{self.value:g}" if isinstance(self.value, float) or abs(self.value) < 1 << 53 else "a number"
        return self.error(f"must be {allowed}, got {shown}")

    def _below(self, key: str, value: Any) -> JsonCursor:
        shown = printable(key, SHOWN_CHARACTERS)
        return JsonCursor(self.path, f"{self.where}.{shown}" if self.where else shown, value)
