"""Peaks of a machine, for the roofline model: the speed of matrix products and the bandwidth of memory.

Both are the best that was reached with the threads of the run. A roofline is the time that a problem would take at
these rates if arithmetic and memory traffic overlapped perfectly: max(operations / peak, bytes / bandwidth).

Source: Williams, Waterman and Patterson, Roofline (2009).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from bptt_bench.errors import MachineError

Limit = Literal["operations", "bytes"]


class Traffic(NamedTuple):
    """What a problem requires: operations (2 for a multiply-add), and bytes from or to memory."""

    operations: float
    least_bytes: float

    @property
    def intensity(self) -> float:
        """Return the operational intensity, in operations per byte."""
        return self.operations / self.least_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Peaks:
    """The highest rates that were measured.

    Attributes
    ----------
    products : operations per second of float32 matrix products, by their shape such as ``"2048x2048x2048"``.
    moves : bytes per second by operation: ``read``, ``copy``, ``add``, counted as STREAM counts them.
    threads : that both had.
    """

    products: Mapping[str, float]
    moves: Mapping[str, float]
    threads: int

    def __post_init__(self) -> None:
        for name in ("products", "moves"):
            rates = getattr(self, name)
            if not isinstance(rates, Mapping) or not rates:
                raise MachineError(f"peaks: {name}={rates!r}; at least one rate is needed")
            for what, rate in rates.items():
                if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf:
                    raise MachineError(f"peaks: {name} of {what!r} must be a number above 0, got {rate!r}")

    @property
    def operations_per_second(self) -> float:
        """The peak of matrix products, 2 operations for a multiply-add."""
        return max(self.products.values())

    @property
    def bytes_per_second(self) -> float:
        """The bandwidth of memory."""
        return max(self.moves.values())

    def roofline_seconds(self, traffic: Traffic) -> float:
        """Return the least time that the machine allows."""
        return max(traffic.operations / self.operations_per_second, traffic.least_bytes / self.bytes_per_second)

    def limit(self, traffic: Traffic) -> Limit:
        """Return which of the two roofs limits the work."""
        by_operations = traffic.operations / self.operations_per_second
        return "operations" if by_operations >= traffic.least_bytes / self.bytes_per_second else "bytes"

    def best(self, other: Peaks) -> Peaks:
        """Return the better of two readings, rate by rate."""
        products, moves = (
            {name: max(mine.get(name, 0.0), theirs.get(name, 0.0)) for name in {**mine, **theirs}}
            for mine, theirs in ((self.products, other.products), (self.moves, other.moves))
        )
        return Peaks(products=products, moves=moves, threads=self.threads)

    def to_json(self) -> dict[str, Any]:
        """Return plain data, with the two peaks."""
        return {
            "threads": self.threads,
            "operations_per_second": self.operations_per_second,
            "bytes_per_second": self.bytes_per_second,
            "products": dict(self.products),
            "moves": dict(self.moves),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Peaks:
        """Read peaks from plain data.

        Raises
        ------
        MachineError : a field is missing, or a rate is not a number above 0.
        """
        for name in ("products", "moves", "threads"):
            if name not in plain:
                raise MachineError(f"peaks: have no {name!r}")
        return cls(products=plain["products"], moves=plain["moves"], threads=int(plain["threads"]))
