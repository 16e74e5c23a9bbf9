"""The preference of data between two laws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bptt_bench.analyse.findings.fits import OverheadOnly

Decision: TypeAlias = Literal["this", "other", "undetermined"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """The preferred one of two laws, with the evidence.

    ``aicc_gap``: AICc of the other law less that of this one, above 0 in favour of this. ``held_out_gap``: relative
    error (root mean square) of the other law at the largest points, left out of the fit, less that of this one;
    ``None`` with too few points. ``note``: why neither is preferred, if known.
    """

    law: str
    decision: Decision
    aicc_gap: float
    held_out_gap: float | None
    note: OverheadOnly | None = None
