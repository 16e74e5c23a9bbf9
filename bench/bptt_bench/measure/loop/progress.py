"""The account of a run: how many samples and blocks there are, how many are done, and how long the rest will take."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bptt_bench.measure.protocol.schedule import Block, Visit
from bptt_bench.plan import Cell

LEAST_KNOWN = 0.1  # of the kinds of visits, for their average to say how long the others take


class TimeLeft:
    """Foretells the rest of a run from what each kind of visit cost when it was last made.

    Its sums are kept up to date visit by visit: to add them up anew at every sample would make the cost of a run grow
    with the square of its cells.
    """

    def __init__(self) -> None:
        self._left: Counter[Hashable] = Counter()  # visits still to be made, by cell and timing
        self._made: dict[Hashable, float] = {}  # seconds of the last visit, preparing included
        self._expected: dict[Hashable, float] = {}  # expected seconds of visits not made yet, where known
        self._all_left = self._unknown_left = 0
        self._known_seconds = self._made_seconds = 0.0  # of visits left with known seconds; of all in _made

    @classmethod
    def of(cls, visits: Iterable[Visit]) -> TimeLeft:
        time_left = cls()
        time_left.add(visits)
        return time_left

    def add(self, visits: Iterable[Visit]) -> None:
        """Put visits on the list."""
        for visit in visits:
            self._count((visit.subject, visit.point, visit.timing), 1)

    def expect(self, seconds: Mapping[Cell, float]) -> None:
        """Take note of what visits to some cells should cost."""
        for cell, value in seconds.items():
            key = (cell.subject, cell.point, "whole")
            with self._update(key):
                self._expected[key] = value

    def complete(self, visit: Visit, seconds: float) -> None:
        """Take a visit off the list."""
        key = (visit.subject, visit.point, visit.timing)
        self._count(key, -1)
        with self._update(key):
            self._made_seconds += seconds - self._made.get(key, 0.0)
            self._made[key] = seconds

    def drop(self, visit: Visit) -> None:
        """Take a visit off the list that was not made."""
        self._count((visit.subject, visit.point, visit.timing), -1)

    def estimate(self) -> float | None:
        """Return the seconds left; a visit of an unknown cell counts as an average one.

        None while few are known: the costs of cells differ by factors of thousands.
        """
        if not self._made or (self._unknown_left and len(self._made) < LEAST_KNOWN * len(self._left)):
            return None
        if not self._all_left:
            return 0.0  # the sums hold rounding errors
        return max(self._known_seconds + self._unknown_left * self._made_seconds / len(self._made), 0.0)

    def _known(self, key: Hashable) -> float | None:
        return self._made.get(key, self._expected.get(key))

    def _count(self, key: Hashable, change: int) -> None:
        self._left[key] += change
        self._all_left += change
        known = self._known(key)
        if known is None:
            self._unknown_left += change
        else:
            self._known_seconds += change * known

    @contextlib.contextmanager
    def _update(self, key: Hashable) -> Iterator[None]:
        """Take the visits left of a key out of the sums while what is known of them changes."""
        count = self._left[key]
        self._count(key, -count)
        yield
        self._count(key, count)


@dataclass(slots=True)
class ProgressCounts:
    """Counts visits to cells, once per block and timing; what is added while the run goes on makes the totals grow."""

    cells_done: int = 0
    cells_total: int = 0
    blocks_done: int = 0
    blocks_total: int = 0
    time_left: TimeLeft = field(default_factory=TimeLeft)
    concurrency: int = 1  # measuring processes that work in parallel: the time left is divided by it
    left: Counter[int] = field(default_factory=Counter)  # visits left of each block, by its number

    def add(self, everything: Sequence[Block], left: Sequence[Block]) -> None:
        """Take blocks into account; ``left`` are the same blocks less the visits that are stored already."""
        visits = [visit for block in left for visit in block.visits]
        self.cells_total += sum(len(block.visits) for block in everything)
        self.cells_done += sum(len(block.visits) for block in everything) - len(visits)
        self.blocks_total += len(everything)
        self.blocks_done += sum(not block.visits for block in left)
        self.time_left.add(visits)
        self.left.update(visit.block for visit in visits)
        for block in left:
            self.time_left.expect(block.expected_seconds or {})

    def count_visit(self, visit: Visit) -> bool:
        """Count a visit, made or dropped; whether it was the last of its block."""
        self.cells_done += 1
        self.left[visit.block] -= 1
        last = not self.left[visit.block]
        self.blocks_done += last
        return last

    def as_fields(self) -> dict[str, Any]:
        """Return how far the run has come, as fields of its events."""
        seconds = self.time_left.estimate()
        return {
            "blocks_done": self.blocks_done,
            "blocks_total": self.blocks_total,
            "cells_done": self.cells_done,
            "cells_total": self.cells_total,
            "seconds_left": None if seconds is None else seconds / self.concurrency,
        }
