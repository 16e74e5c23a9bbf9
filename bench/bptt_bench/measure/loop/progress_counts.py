"""The account of a run: how many samples and blocks there are, how many are done, and how long the rest will take."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bptt_bench.measure.protocol.schedule import Block, TimeLeft, Visit


@dataclass(slots=True)
class ProgressCounts:
    """Counts visits to cells, once per block and timing; what is added while the run goes on makes the totals grow."""

    cells_done: int = 0
    cells_total: int = 0
    blocks_done: int = 0
    blocks_total: int = 0
    time_left: TimeLeft = field(default_factory=TimeLeft)
    concurrency: int = 1  # measuring processes at work at once, among which the time left is divided
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

    def visited(self, visit: Visit) -> bool:
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
