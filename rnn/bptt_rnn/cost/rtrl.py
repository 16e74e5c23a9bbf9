"""Cost of ``rtrl``."""

from __future__ import annotations

from bptt_rnn.cost.basic import TILES, tile_elements
from bptt_rnn.cost.closed_form import Bytes, Cost, Counts, added, by_phase
from bptt_rnn.cost.streaming import streaming_counts, streaming_multiply_adds


def _parameters(d: int, H: int, T: int) -> tuple[int, int, int]:
    """Return the parameters W_h, b1 and h(0), and W_e with embedding rows, summed before and after each step."""
    each = T * H * d
    return H * H + 2 * H, each + T * (T - 1) // 2 * d, each + T * (T + 1) // 2 * d


def _multiply_adds(V: int, d: int, H: int, T: int) -> int:
    recurrent, known, all_rows = _parameters(d, H, T)
    derivatives = T * recurrent * (H * H + H) + known * H * H + all_rows * H
    return streaming_multiply_adds(V, d, H, T, forwards=T, passes=0) + derivatives


def _counts(V: int, d: int, H: int, T: int) -> Counts:
    recurrent, known, all_rows = _parameters(d, H, T)
    derivatives = by_phase(
        # carried on through W_h, and times γ
        multiply_adds=(known * H * H + all_rows * H, T * recurrent * (H * H + H), 0),
        # what depends on a parameter directly; times h (1 - h); into the gradient
        adds_multiplies=(T * H * d + all_rows * (H + 1), T * (H * H + H + recurrent * (H + 1)), 0),
        # cleared, and h(0) depends on itself; W_e for each new row
        elements_moved=(H * d * H + T * d * H, recurrent * H + H, 0),
    )
    return added(streaming_counts(V, d, H, T, forwards=T, passes=0), derivatives)


def _bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
    recurrent, embedded = H * H + 2 * H, (H + T) * d
    elements = {
        "embed": H + (2 * H + 1) * embedded + max(recurrent, embedded),
        "recur": 3 * H + (2 * H + 1) * recurrent,
        "output": V + 2 + H + V * H + V + tile_elements(V, H, itemsize),
    }
    return {phase: itemsize * n for phase, n in elements.items()}


RTRL = Cost(
    name="rtrl",
    phase_laws={"output": "T*H*V", "embed": "T*H**3*d + T*(T-1)/2*H**2*d", "recur": "T*H**4"},
    # overhead: derivatives times h (1 - h) and times γ, two columns of H numbers more, and the forward pass
    phase_overheads={
        "embed": ("1", "T", "T*H**2*d", "T*(T+1)/2*H*d"),
        "recur": ("1", "T", "T*H**3"),
        "output": ("1", "T", "T*V", "V*H"),
    },
    counts=_counts,
    buffer_bytes=_bytes,
    passes=lambda _T: 0,
    multiply_adds=_multiply_adds,
    memory_law="H**3 + H**2*d + T*H*d + V",
    memory_overhead=("1", "H**2", "T*d", TILES[0]),
)
