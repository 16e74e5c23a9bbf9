"""Closed forms that ``truncated``, ``checkpointed`` and ``rtrl`` share: no state of all T steps is kept."""

from __future__ import annotations

from bptt_rnn.cost.basic import forward_counts, stepwise_back_counts, tile_elements
from bptt_rnn.cost.closed_form import Bytes, Counts, added, by_phase


def streaming_counts(V: int, d: int, H: int, T: int, *, forwards: int, passes: int) -> Counts:
    """Return the operations of T visits to the output layer and of steps and passes of the hidden layer."""
    again = forwards - T
    difference = by_phase(
        multiply_adds=(again * H * d, again * H * H, 0),
        # output: the loss is summed as it comes, in Python
        adds_multiplies=(0, 5 * again * H, -(T - 1)),
        transcendentals=(0, again * H, 0),
        elements_moved=(-T * d, 0, 0),  # rows of L are read where they are
    )
    return added(forward_counts(V, d, H, T), difference, stepwise_back_counts(V, d, H, T, passes))


def streaming_multiply_adds(V: int, d: int, H: int, T: int, *, forwards: int, passes: int) -> int:
    """Return the multiply-adds of all products."""
    return 3 * T * H * V + (forwards + 2 * passes) * (H * d + H * H)


def streaming_bytes(V: int, d: int, H: int, T: int, itemsize: int, *, states: int, outputs: int) -> Bytes:
    """Return the bytes of ``bptt_rnn.layers.streaming.Streaming(states, outputs)``, the gradients included."""
    elements = {
        "embed": H + T * d + H * d + d + tile_elements(H, d, itemsize),
        "recur": (states + 1 + outputs) * H + H * H + 3 * H + tile_elements(H, H, itemsize),
        "output": V + 2 + outputs * H + V * H + V + tile_elements(V, H, itemsize),
    }
    return {phase: itemsize * n for phase, n in elements.items()}
