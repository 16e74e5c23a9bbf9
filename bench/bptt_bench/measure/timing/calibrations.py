"""How many evaluations a sample of each cell holds, once that is known: kept for later blocks and processes."""

from __future__ import annotations

from collections.abc import Mapping

from bptt_bench.measure.protocol.messages import SampleReply
from bptt_bench.measure.protocol.schedule import Visit

SHORT_SHARE = 0.5  # a sample that lasted less than this share of what it should have is calibrated anew


class Calibrations:
    """Evaluations per sample by subject and point; ``seconds_per_sample`` is how long a sample should last."""

    def __init__(self, seconds_per_sample: float) -> None:
        self._seconds_per_sample = seconds_per_sample
        self._evaluations: dict[tuple[str, Mapping[str, float]], int] = {}

    def get(self, visit: Visit) -> int | None:
        """Return the evaluations to make; None asks for calibration."""
        return self._evaluations.get((visit.subject, visit.point))

    def update(self, visit: Visit, sampled: SampleReply) -> None:
        """Keep a calibration for later visits, unless it has turned out too short."""
        cell = (visit.subject, visit.point)
        lasted = sampled.seconds_per_eval * sampled.evaluations
        if lasted < SHORT_SHARE * self._seconds_per_sample:
            self._evaluations.pop(cell, None)
        elif visit.timing == "whole":
            self._evaluations[cell] = sampled.evaluations

    def set(self, visit: Visit, evaluations: int) -> None:
        """Take a calibration over that was found before, elsewhere in the run."""
        self._evaluations[(visit.subject, visit.point)] = evaluations
