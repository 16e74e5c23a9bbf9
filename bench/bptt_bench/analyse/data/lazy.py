"""A mapping whose values are computed on first use: a verdict needs few of those that a report shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Absent:
    """A value that cannot be made; ``reason`` is why."""

    __slots__ = ("reason",)

    def __init__(self, reason: Any = None) -> None:
        self.reason = reason


class LazyMapping(Mapping[K, V], Generic[K, V]):
    """A mapping that computes each value once, on first use, and lacks the keys whose value cannot be computed.

    A key is known to be absent only after its value has been tried, so counting or listing the keys computes all.

    Parameters
    ----------
    functions : by key, a function that returns the value or the reason why there is none.
    """

    __slots__ = ("_functions", "_outcomes")

    def __init__(self, functions: Mapping[K, Callable[[], V | Absent]]) -> None:
        self._functions = functions
        self._outcomes: dict[K, V | Absent] = {}

    def _outcome(self, key: K) -> V | Absent:
        function = self._functions[key]
        if key not in self._outcomes:
            try:
                self._outcomes[key] = function()
            except KeyError as error:  # a KeyError would look like a missing key
                raise RuntimeError(f"{key!r}: its function failed: KeyError {error}") from error
        return self._outcomes[key]

    def __getitem__(self, key: K) -> V:
        found = self._outcome(key)
        if isinstance(found, Absent):
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[K]:
        return (key for key in self._functions if not isinstance(self._outcome(key), Absent))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def reasons(self) -> Mapping[K, Any]:
        """Reasons why values are missing, by key; computed on first use like the values."""
        return LazyMapping({key: self._reason_of(key) for key in self._functions})

    def _reason_of(self, key: K) -> Callable[[], Any]:
        def reason() -> Any:
            found = self._outcome(key)
            return found.reason if isinstance(found, Absent) else Absent()

        return reason
