"""The memory that a probe works on: views of a few large arrays, all touched beforehand.

Inputs are only ever read, and each type has an output of its own, so that no call meets bits that another type has
left. Numbers stay ordinary ones: nothing overflows, and nothing is subnormal, which would slow arithmetic down.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bptt_bench.plan.machine.readings import BYTES, Dtype

Array = NDArray[Any]
KIB, MIB = 1 << 10, 1 << 20
OUTPUT_PARTS = 2  # inputs are this many times as large as the output of each type: a copy needs no more
SLACK_BYTES = 4 * KIB  # beyond inputs and outputs: views begin at multiples of 16 elements
HALF = 0.5  # the value of all inputs; its bits as float32, twice, make an ordinary float64 as well
TILE_BYTES = MIB  # of scratch for a rank-1 update: a tile that most second-level caches hold
DTYPES: tuple[Dtype, ...] = ("float32", "float64")


@dataclass(frozen=True, slots=True)
class ProbeBuffers:
    """The memory that a probe works on: inputs, and for each type an output and a tile of scratch."""

    inputs: Array
    outputs: dict[Dtype, Array]
    scratch: dict[Dtype, Array]

    @classmethod
    def of(cls, largest_bytes: int) -> ProbeBuffers:
        """Allocate memory with inputs of so many bytes, all of it touched."""
        return cls(
            np.full((largest_bytes + SLACK_BYTES) // 4, HALF, np.float32),
            {dtype: _full(largest_bytes // OUTPUT_PARTS + SLACK_BYTES, dtype) for dtype in DTYPES},
            {dtype: _full(TILE_BYTES, dtype) for dtype in DTYPES},
        )

    def reads(self, dtype: Dtype, *shapes: tuple[int, ...]) -> list[Array]:
        """Return inputs of some shapes, one behind the other."""
        return _views(self.inputs.view(dtype), shapes)

    def writes(self, dtype: Dtype, shape: tuple[int, ...]) -> Array:
        """Return an output of a shape."""
        return _views(self.outputs[dtype], [shape])[0]


def _full(n_bytes: int, dtype: Dtype) -> Array:
    return np.full(n_bytes // BYTES[dtype], HALF, dtype)


def _views(whole: Array, shapes: Iterable[tuple[int, ...]]) -> list[Array]:
    """Return neighbouring parts of an array, each beginning at a multiple of 16 elements."""
    views, begin = [], 0
    for shape in shapes:
        count = math.prod(shape)
        views.append(whole[begin : begin + count].reshape(shape))
        begin += -(-count // 16) * 16
    return views
