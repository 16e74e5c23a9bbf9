"""Cost of ``checkpointed``, by √T segments or for a given number of states."""

from __future__ import annotations

from bptt_rnn.cost.basic import TILES
from bptt_rnn.cost.closed_form import Bytes, Cost, Counts, added, by_phase
from bptt_rnn.cost.streaming import streaming_bytes, streaming_counts, streaming_multiply_adds
from bptt_rnn.cost.whole_numbers import root_above
from bptt_rnn.gradients.recomputation import forward_steps, segmented_slots


def segmented_steps(T: int) -> int:
    """Return the forward steps of the hidden layer by √T segments, with those that are repeated."""
    length: int = root_above(T)  # of a segment
    return T + (T - 1) // length * (length - 1)


def checkpointed_cost(states: int | None = None) -> Cost:
    """Return the closed forms, by default for √T segments.

    By segments the hidden layer is worked through 4 T - 2 √T + 1 times where T is a square, a little less than 4 T as
    the law has it. For a given number of states the counts are exact, too, but the law of the time is not: the forward
    steps of the optimal plan grow faster than T, by steps.
    """

    def steps(T: int) -> int:
        return segmented_steps(T) if states is None else forward_steps(T, states)

    def counts(V: int, d: int, H: int, T: int) -> Counts:
        sums = by_phase(adds_multiplies=(0, T * H, 0))  # Uᵀ δ(t) added to the error terms from the right
        return added(streaming_counts(V, d, H, T, forwards=steps(T), passes=T), sums)

    def buffer_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
        kept = segmented_slots(T) if states is None else min(states, T)
        return streaming_bytes(V, d, H, T, itemsize, states=kept + 1, outputs=1)

    def multiply_adds(V: int, d: int, H: int, T: int) -> int:
        return streaming_multiply_adds(V, d, H, T, forwards=steps(T), passes=T)

    return Cost(
        name="checkpointed",
        phase_laws={"output": "T*H*V", "embed": "T*H*d", "recur": "T*H**2"},
        phase_overheads={
            "embed": ("1", "T", "H*d"),
            "recur": ("1", "T", "H**2"),
            "output": ("1", "T", "T*V", "V*H"),
        },
        counts=counts,
        buffer_bytes=buffer_bytes,
        passes=lambda T: T,
        multiply_adds=multiply_adds,
        # plus scratch of rank-1 updates, up to a tile each
        memory_law="sqrt(T)*H + V" if states is None else f"min(T,{states})*H + V",
        memory_overhead=("1", "T", "H", "d", *TILES),
    )


CHECKPOINTED = checkpointed_cost()
