"""A softmax over the logits of many rows at once: their loss, and δ = ŷ - y in place of the logits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bptt_rnn.layers.steps import ONE, rows_per_tile
from bptt_rnn.model import Array


class SoftmaxTile(NamedTuple):
    """Some rows of logits, few enough to stay in the cache between the passes of the softmax."""

    o: Array  # (rows, width)
    largest: Array  # (rows, 1)
    total: Array  # (rows, 1)
    of_target: Array  # (rows,)
    target_place: NDArray[np.intp]  # (rows,)


@dataclass(slots=True, init=False)
class SoftmaxBuffers:
    """Logits, and a few elements for each row; ``width`` is V, or the number of classes, or of words in one."""

    one: Array  # () the constant 1
    O: Array  # (rows, width) logits, then ŷ, then δ
    O_flat: Array  # (rows width,) the same memory
    largest: Array  # (rows, 1)
    total: Array  # (rows, 1) Σ exp(o - max o), then J
    of_target: Array  # (rows,) o_k - max o, then ŷ_k - 1
    row_start: NDArray[np.intp]  # (rows,) where each row begins in O_flat
    target_place: NDArray[np.intp]  # (rows,) where the target of each row is in O_flat
    tiles: list[SoftmaxTile]

    def __init__(self, rows: int, width: int, dtype: np.dtype[Any]) -> None:
        self.one = ONE[dtype]
        self.O = np.empty((rows, width), dtype)
        self.largest, self.total = np.empty((rows, 1), dtype), np.empty((rows, 1), dtype)
        self.of_target = np.empty(rows, dtype)
        self.row_start, self.target_place = np.empty(rows, np.intp), np.empty(rows, np.intp)
        self.row_start[...] = range(0, rows * width, width)
        self.O_flat = self.O.reshape(-1)
        step = rows_per_tile(rows, width, self.O.itemsize)
        self.tiles = [
            SoftmaxTile(self.O[cut], self.largest[cut], self.total[cut], self.of_target[cut], self.target_place[cut])
            for cut in (slice(i, i + step) for i in range(0, rows, step))
        ]


def softmax_loss(s: SoftmaxBuffers, targets: NDArray[np.integer[Any]], bias: Array | None) -> float:
    """Return Σ J over the rows of logits in ``s.O``, which become δ.

    Parameters
    ----------
    targets : column of the target of each row.
    bias : added to each row of logits.
    """
    O_flat, of_target = s.O_flat, s.of_target
    np.add(s.row_start, targets, out=s.target_place)
    for o, largest, total, of_target_here, target_place in s.tiles:
        if bias is not None:
            np.add(o, bias, out=o)
        np.maximum.reduce(o, axis=1, keepdims=True, out=largest)
        np.subtract(o, largest, out=o)
        O_flat.take(target_place, out=of_target_here, mode="clip")
        np.exp(o, out=o)
        np.add.reduce(o, axis=1, keepdims=True, out=total)
        np.divide(o, total, out=o)
    losses = s.total[:, 0]
    np.log(losses, out=losses)
    np.subtract(losses, of_target, out=losses)
    O_flat.take(s.target_place, out=of_target, mode="clip")
    np.subtract(of_target, s.one, out=of_target)
    O_flat[s.target_place] = of_target  # δ = ŷ - y
    return float(np.add.reduce(losses))
