"""Prepared evaluations kept between blocks, the least recently used given up first."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Kept = TypeVar("Kept")

COLLECT_FROM_BYTES = 1 << 24  # an evaluation of this size is collected at once, so that the next finds its memory free


class PreparedCache(Generic[Kept]):
    """Prepared evaluations by key, within a budget of bytes.

    Parameters
    ----------
    budget_bytes : most that the evaluations kept may hold together.
    """

    def __init__(self, budget_bytes: int) -> None:
        self._budget_bytes = budget_bytes
        self._kept: OrderedDict[Hashable, tuple[Kept, int]] = OrderedDict()
        self.bytes_kept = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> Kept | None:
        """Return the evaluation kept under a key, and mark it as the most recently used."""
        if key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key][0]

    def put(self, key: Hashable, prepared: Kept, size_bytes: int | None) -> None:
        """Keep an evaluation, if its size is known and within the budget."""
        if size_bytes is None or size_bytes > self._budget_bytes:
            return
        while self.bytes_kept + size_bytes > self._budget_bytes:
            self.drop_oldest()
        self._kept[key] = (prepared, size_bytes)
        self.bytes_kept += size_bytes

    def drop_oldest(self) -> None:
        """Give up the least recently used evaluation."""
        size_bytes = self._kept.popitem(last=False)[1][1]
        self.bytes_kept -= size_bytes
        if size_bytes >= COLLECT_FROM_BYTES:
            gc.collect()

    def make_room(self, needed_bytes: int, room: Callable[[], float]) -> bool:
        """Give evaluations up until ``room()`` is at least ``needed_bytes``; False if that is not enough."""
        while room() < needed_bytes:
            if not self._kept:
                return False
            self.drop_oldest()
        return True
