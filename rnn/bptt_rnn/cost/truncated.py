"""Cost of ``truncated``, for its two numbers of steps."""

from __future__ import annotations

from typing import Any

from bptt_rnn.cost.basic import TILES
from bptt_rnn.cost.closed_form import Bytes, Cost, Counts, added, by_phase
from bptt_rnn.cost.streaming import streaming_bytes, streaming_counts, streaming_multiply_adds
from bptt_rnn.cost.whole_numbers import least
from bptt_rnn.gradients.truncated import K1, K2, require_steps, truncated_passes


def _starts(T: Any, k1: int) -> Any:
    """Return the steps at which a pass starts: k1, 2 k1, … below T, and T itself."""
    return -(-T // k1)


def _complete_starts(T: Any, k1: int, k2: int) -> Any:
    """Return the starts whose passes reach h(0), those up to step k2."""
    whole = k2 // k1
    if whole * k1 == k2:
        return least(_starts(T, k1), whole)
    return least(_starts(T, k1), whole + 1) - (least(T, k2 + 1) - least(T, k2))


def _passes(T: Any, k1: int, k2: int) -> Any:
    """Return Σ min(start, k2), the last start being T; each i k1 below T counts k1 for every j ≤ i up to k2/k1."""
    whole, starts = k2 // k1, _starts(T, k1)
    full = sum((starts - (1 if j == 1 else least(starts, j)) for j in range(1, whole + 1)), 0)
    rest = (k2 - whole * k1) * (starts - least(starts, whole + 1))
    return k1 * full + rest + least(T, k2)


def truncated_cost(k1: int = K1, k2: int = K2) -> Cost:
    """Return the closed forms for given steps; the laws are functions of T with k1 and k2 as numbers.

    A pass back costs twice a forward step. Over T = n k1 steps with k2 = m k1, n ≥ m, P = m T - k1 m (m - 1)/2 passes
    are made, the first ones being short of k2 steps, and T over at most k1 steps: T + 2 P is what the law says, exactly
    at these T where m is 2, as by default; between them the last pass, which carries few losses, costs up to 2 k2 more.

    Raises
    ------
    ValueError : see ``bptt_rnn.gradients.truncated.truncated``.
    """
    require_steps(k1, k2)
    ratio = k2 / k1
    missing = k1 * ratio * (ratio - 1)  # of 2 P, for the passes that start before step k2
    visits = f"max(3*T, {1 + 2 * ratio:g}*T-{missing:g})" if missing else "T"

    def counts(V: int, d: int, H: int, T: int) -> Counts:
        # γ cleared for each pass; Uᵀ δ of each step added to it; what reaches h(0) added to ∂J/∂h(0)
        sums = by_phase(
            adds_multiplies=(0, T * H + H * _complete_starts(T, k1, k2), 0),
            elements_moved=(0, H * _starts(T, k1), 0),
        )
        passes = _passes(T, k1, k2)
        return added(streaming_counts(V, d, H, T, forwards=T, passes=passes), sums)

    def buffer_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
        slots = min(k2, T) + 1
        return streaming_bytes(V, d, H, T, itemsize, states=slots, outputs=slots)

    def multiply_adds(V: int, d: int, H: int, T: int) -> int:
        return streaming_multiply_adds(V, d, H, T, forwards=T, passes=truncated_passes(T, k1, k2))

    return Cost(
        name="truncated",
        phase_laws={"output": "T*H*V", "embed": f"{visits}*H*d", "recur": f"{visits}*H**2"},
        phase_overheads={
            "embed": ("1", "T", "H*d"),
            "recur": ("1", "T", "H**2"),
            "output": ("1", "T", "T*V", "V*H"),
        },
        counts=counts,
        buffer_bytes=buffer_bytes,
        passes=lambda T: truncated_passes(T, k1, k2),
        multiply_adds=multiply_adds,
        # the window of k2 states, h ∘ (1 - h) and Uᵀ δ; scratch of rank-1 updates, up to a tile each
        memory_law=f"min(T,{k2})*H + V",
        memory_overhead=("1", "T", "H", "d", *TILES),
    )


TRUNCATED = truncated_cost()
