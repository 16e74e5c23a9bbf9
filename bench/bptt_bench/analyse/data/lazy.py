"""Values that are made when they are first asked for: a verdict needs few of what a report shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class Absent(str):
    """Why there is no value, in words."""

    __slots__ = ()


class LazyMapping(Mapping[K, V], Generic[K, V]):
    """A mapping whose values are made one by one, each once; it has no key whose value cannot be made.

    Whether a key is there is known only when its value has been tried, so counting or listing the keys makes them all.

    Parameters
    ----------
    makers : by key, what makes the value or says why there is none.
    """

    __slots__ = ("_made", "_makers")

    def __init__(self, makers: Mapping[K, Callable[[], V | Absent]]) -> None:
        self._makers = makers
        self._made: dict[K, V | Absent] = {}

    def _outcome(self, key: K) -> V | Absent:
        maker = self._makers[key]
        if key not in self._made:
            try:
                self._made[key] = maker()
            except KeyError as error:  # which a mapping would take for a key that is not there
                raise RuntimeError(f"{key!r}: its maker failed: KeyError {error}") from error
        return self._made[key]

    def __getitem__(self, key: K) -> V:
        found = self._outcome(key)
        if isinstance(found, Absent):
            raise KeyError(key)
        return found

    def __iter__(self) -> Iterator[K]:
        return (key for key in self._makers if not isinstance(self._outcome(key), Absent))

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @property
    def reasons(self) -> Mapping[K, str]:
        """Why values are missing, by key; made on demand like these."""
        return LazyMapping({key: self._reason_of(key) for key in self._makers})

    def _reason_of(self, key: K) -> Callable[[], str | Absent]:
        def reason() -> str | Absent:
            found = self._outcome(key)
            return str(found) if isinstance(found, Absent) else Absent()

        return reason
