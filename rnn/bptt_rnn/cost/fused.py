"""Cost of ``fused``."""

from __future__ import annotations

from bptt_rnn.cost.basic import PHASE_LAWS, PHASE_OVERHEADS
from bptt_rnn.cost.closed_form import Bytes, Cost
from bptt_rnn.gradients.fused import MOST_PARTS, PART_MULTIPLY_ADDS, words_per_part, words_per_tile


def _multiply_adds(V: int, d: int, H: int, T: int) -> int:
    return 3 * T * (H * V + H * d + H * H)


def _buffer_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
    parts = -(-V // words_per_part(V, H, T, words_per_tile(H, T, itemsize)))
    return {
        "embed": itemsize * (2 * T * d + T * H + H * d),
        "recur": itemsize * ((T + 1) * H + T * H + H * H + 2 * H),
        "output": itemsize * (T * V + 3 * T * H + T + 2 * parts * T * (H + 2) + V * H + V),
    }


FUSED = Cost(
    name="fused",
    phase_laws=PHASE_LAWS["batched"],
    phase_overheads=PHASE_OVERHEADS["batched"],
    # As in `batched`, but that a tile of the exponentials stays in the cache: T*V is in no other regime than T*H*V.
    term_bytes={"T*H**2": "4*H**2", "V*H": "8*H*V", "H*d": "8*H*d", "H**2": "8*H**2"},
    counts=None,  # compiled code has no calls for a meter to count
    buffer_bytes=_buffer_bytes,
    passes=lambda T: T,
    multiply_adds=_multiply_adds,
    memory_law="T*V + T*H + T*d",
    # beside: sums of each part of the vocabulary, whose number doubles with the work up to a largest
    memory_overhead=("1", "T", f"T*H*min({MOST_PARTS},V*H*T/{PART_MULTIPLY_ADDS})"),
)
