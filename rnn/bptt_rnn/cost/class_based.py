"""Cost of ``batched-class``: C classes of S words each, both about √V."""

from __future__ import annotations

from bptt_rnn.class_model import Classes
from bptt_rnn.cost.basic import BATCHED, INDEX_BYTES, VIEW_BYTES, hidden_bytes, softmax_bytes
from bptt_rnn.cost.closed_form import Bytes, Cost, Counts, added, by_phase
from bptt_rnn.cost.whole_numbers import root_above


def _sizes(V: int) -> tuple[int, int]:
    """Return the words of a class and the number of classes, as ``Classes.of`` does."""
    words = root_above(V)
    return words, -(-V // words)


def _multiply_adds(V: int, d: int, H: int, T: int) -> int:
    words, C = _sizes(V)
    return 3 * T * (H * (C + words) + H * d + H * H) + T * words


def _counts(V: int, d: int, H: int, T: int) -> Counts:
    """Return the operations of ``batched`` with C words, plus those of the softmax within a class."""
    words, C = _sizes(V)
    assert BATCHED.counts is not None
    within = by_phase(
        multiply_adds=(0, 0, 3 * T * H * words + T * words),  # the last for ∂J/∂b2
        # + b2, - max, Σ exp, then log Σ - o_k, and Σ_t J; places of targets, ŷ_k - 1; U_cᵀ δ added to Qᵀ δ
        adds_multiplies=(0, 0, T * (3 * words - 1) + T + (T - 1) + 2 * T + T * H),
        divisions=(0, 0, T * words),
        transcendentals=(0, 0, T * words + T),
        comparisons=(0, 0, T * (words - 1)),
        # order, its inverse, classes and columns; biases of the last class; h and U_cᵀ δ sorted; o_k, ŷ_k twice
        elements_moved=(0, 0, 4 * T + words + 2 * T * H + 3 * T),
    )
    return added(BATCHED.counts(C, d, H, T), within)


def _first_counts(V: int, d: int, H: int, T: int) -> Counts:  # noqa: ARG001 - one signature for all forms
    """Return the operations to write row starts for both softmaxes, and ones; once."""
    return by_phase(elements_moved=(0, 0, 3 * T))


def _touched(V: int, T: int) -> int:
    """Return the words of as many classes as T steps can touch."""
    _, words, C = Classes.of(V)
    return min(T, C) * words


def _output_gradients(V: int, H: int, T: int) -> int:
    return (_touched(V, T) + Classes.of(V).number) * (H + 1)


def _bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
    _, words, C = Classes.of(V)
    sizes = hidden_bytes(V, d, H, T, itemsize)
    softmaxes = softmax_bytes(T, C, itemsize) + softmax_bytes(T, words, itemsize)
    own = itemsize * (2 * T * H + T + words) + INDEX_BYTES * 4 * T
    return {**sizes, "output": sizes["output"] + softmaxes + own + itemsize * _output_gradients(V, H, T)}


def _result_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> int:
    """Return the bytes of the gradients, with room for as many rows of U as T steps can touch."""
    return itemsize * (T * d + H * d + H * H + 2 * H + _output_gradients(V, H, T))


CLASS_BASED = Cost(
    name="batched-class",
    phase_laws={"output": "T*H*sqrt(V)", "embed": "T*H*d", "recur": "T*H**2"},
    # beside: the softmaxes, and the gradients of Q, and of U for the classes touched, written once
    phase_overheads={
        "embed": ("1", "T", "H*d"),
        "recur": ("1", "T", "H**2"),
        "output": ("1", "T", "T*sqrt(V)", "T*H"),
    },
    term_bytes={"T*H**2": "4*H**2"},
    counts=_counts,
    buffer_bytes=_bytes,
    first_counts=_first_counts,
    view_bytes=VIEW_BYTES["batched"],
    passes=BATCHED.passes,
    multiply_adds=_multiply_adds,
    memory_law="T*sqrt(V) + T*H + T*d",
    memory_overhead=("1", "T", "sqrt(V)"),
    result_bytes=_result_bytes,
)
