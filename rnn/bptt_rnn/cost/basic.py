"""Costs of the first algorithms: ``forward``, ``naive``, ``aggregated``, ``batched`` and ``naive-textbook``.

Source: docs/derivation/d-cost-of-a-step.md and docs/derivation/e-cost-of-t-steps.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bptt_rnn.cost.closed_form import LAW_PHASES, Bytes, Cost, Counts, added, by_phase
from bptt_rnn.layers.steps import TILE_BYTES, rows_per_tile

INDEX_BYTES = np.dtype(np.intp).itemsize
# Bytes of the views of one time step, Python objects that a workspace keeps; measured with tracemalloc on CPython 3.11.
VIEW_BYTES = {"forward": 340, "naive": 1_170, "aggregated": 1_170, "batched": 680, "naive-textbook": 1_170}

# --- the shape of the time: text for a CostLaw, in the factors V, d, H and T ---

FORWARD_LAW = "T*H*V + T*H*d + T*H**2"
NAIVE_LAW = "T*H*V + T*(T+1)/2*H*d + T*(T+1)/2*H**2"
TEXTBOOK_LAW = "T*(T+1)/2*H*V + T*(T+1)/2*H*d + T*(T+1)/2*H**2"
LAWS: Mapping[str, str] = {
    "forward": FORWARD_LAW,
    "naive": NAIVE_LAW,
    "aggregated": FORWARD_LAW,
    "batched": FORWARD_LAW,
    "naive-textbook": TEXTBOOK_LAW,
}
PHASE_LAWS: Mapping[str, Mapping[str, str]] = {
    name: dict(zip(LAW_PHASES, law.split(" + "), strict=True)) for name, law in LAWS.items()
}

# ∂J/∂(everything) less the forward pass, naive over aggregated, at equal cost per multiply-add; and the T at which the
# recurrent part of naive overtakes its output part, 2 V/(d + H) - 1. What is
# usually said, (T+1)/2, holds for naive-textbook alone.
BACKWARD_RATIO = "(V + (T+1)/2*(d+H)) / (V + d + H)"
TEXTBOOK_RATIO = "(T+1)/2"
CROSSOVER = "(2*V-d-H) / (d+H)"

# Overhead of the implementation: entering a call (1), NumPy calls per step (T) and per backward pass, the softmax
# (T*V), and the gradients of U, W_e and W_h, cleared or written once whatever T is (V*H, H*d, H**2). In naive the last
# two cannot be distinguished from the forward pass, T*H*d and T*H**2, which is as small compared to its many passes.
PHASE_OVERHEADS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "forward": {"embed": ("1", "T"), "recur": ("1", "T"), "output": ("1", "T", "T*V")},
    "naive": {
        "embed": ("1", "T", "T*(T+1)/2", "T*H*d"),  # the forward pass has its own unit cost
        "recur": ("1", "T", "T*(T+1)/2", "T*H**2"),
        "output": ("1", "T", "T*V", "V*H"),
    },
    "aggregated": {
        "embed": ("1", "T", "H*d"),
        "recur": ("1", "T", "H**2"),
        "output": ("1", "T", "T*V", "V*H"),
    },
    "batched": {"embed": ("1", "T", "H*d"), "recur": ("1", "T", "H**2"), "output": ("1", "T", "T*V", "V*H")},
    "naive-textbook": {
        "embed": ("1", "T", "T*(T+1)/2", "T*H*d"),
        "recur": ("1", "T", "T*(T+1)/2", "T*H**2"),
        "output": ("1", "T", "T*(T+1)/2", "T*V", "T*H*V"),
    },
}
# Bytes that are gone through from one use of the operands of a term to the next (their reuse distance), in float32:
# matrices, and their gradients where those are updated at every step. A step forward goes through U, W_e and W_h. A
# step back goes through these and their gradients. The chains of `naive` leave U out. `batched` goes through U, W_e and
# their gradients once for all steps, so that leaving a cache makes V*H and H*d slower, but not the arithmetic; the same
# holds for the logits of all steps, T*V. Only its recurrence, through W_h, goes step by step.
# Source: Mattson et al., "Evaluation techniques for storage hierarchies", IBM Systems Journal 9(2), 1970.
STEP, CHAIN = "H*(V+d+H)", "H*(d+H)"
TERM_BYTES: Mapping[str, Mapping[str, str]] = {
    "forward": dict.fromkeys(FORWARD_LAW.split(" + "), f"4*{STEP}"),
    "naive": dict(zip(NAIVE_LAW.split(" + "), (f"8*{STEP}", f"8*{CHAIN}", f"8*{CHAIN}"), strict=True)),
    "aggregated": dict.fromkeys(FORWARD_LAW.split(" + "), f"8*{STEP}"),
    "naive-textbook": dict.fromkeys(TEXTBOOK_LAW.split(" + "), f"8*{STEP}"),
    "batched": {"T*H**2": "4*H**2", "V*H": "8*H*V", "T*V": "4*T*V", "H*d": "8*H*d", "H**2": "8*H**2"},
}


def forward_counts(V: int, d: int, H: int, T: int) -> Counts:
    """Return the operations of the forward pass, step by step."""
    return by_phase(
        multiply_adds=(T * H * d, T * H * H, T * H * V),
        # recur: + W_e e, + b1, and ½, ½, ½ of the sigmoid; output: + b2, - max, Σ exp, then log Σ - o_k, and Σ_t J
        adds_multiplies=(0, 5 * T * H, T * (3 * V - 1) + T + (T - 1)),
        divisions=(0, 0, T * V),
        transcendentals=(0, T * H, T * V + T),
        comparisons=(0, 0, T * (V - 1)),
        # embed: token ids read, rows of L gathered; recur: h(0); output: Σ exp and o_k of each step
        elements_moved=(T + 1 + T * d, H, 2 * T),
    )


def stepwise_back_counts(V: int, d: int, H: int, T: int, passes: int) -> Counts:
    """Return the operations of naive and aggregated after the forward pass, without the sums of γ."""
    return by_phase(
        multiply_adds=(2 * passes * H * d, 2 * passes * H * H, 2 * T * H * V),
        # embed: rank-1 update of ∂W_e, row of ∂L; recur: h(1 - h) once a step, then r, rank-1 update of ∂W_h, ∂b1;
        # output: rank-1 update of ∂U, ∂b2
        adds_multiplies=(passes * (H * d + d), 2 * T * H + passes * (H * H + 2 * H), T * (V * H + V)),
        # the gradients cleared; output: δ_k of each step too
        elements_moved=(T * d + H * d, H * H + 2 * H, V * H + V + T),
    )


def _naive(V: int, d: int, H: int, T: int) -> Counts:
    sums = by_phase(adds_multiplies=(0, T * H, 0))  # γ(0) of each loss into ∂h(0)
    return added(forward_counts(V, d, H, T), stepwise_back_counts(V, d, H, T, T * (T + 1) // 2), sums)


def _aggregated(V: int, d: int, H: int, T: int) -> Counts:
    sums = by_phase(adds_multiplies=(0, T * H, 0))  # Uᵀ δ(t) added to the error terms from the right
    return added(forward_counts(V, d, H, T), stepwise_back_counts(V, d, H, T, T), sums)


def _batched(V: int, d: int, H: int, T: int) -> Counts:
    back = by_phase(
        multiply_adds=(2 * T * H * d, 2 * T * H * H, 2 * T * H * V),
        # recur: h(1 - h), γ + Uᵀ δ, r, ∂b1 as a sum over T; output: place of each target, ŷ_k - 1, ∂b2 as a sum over T
        adds_multiplies=(0, 4 * T * H + (T - 1) * H, 2 * T + (T - 1) * V),
        # recur: γ(T) cleared; output: o_k gathered, ŷ_k gathered and scattered, where the steps wrote two scalars
        elements_moved=(0, H, 3 * T - 2 * T),
    )
    return added(forward_counts(V, d, H, T), back)


def _naive_textbook(V: int, d: int, H: int, T: int) -> Counts:
    earlier = _naive_passes(T) - T  # passes whose output layer has an error of 0
    back = by_phase(
        multiply_adds=(0, 0, 2 * earlier * H * V),
        # recur: Uᵀ δ added to γ at every pass, γ(0) of each loss into ∂h(0)
        adds_multiplies=(0, (earlier + T) * H + T * H, earlier * (V * H + V)),
        elements_moved=(0, T * H, (T - 1) * V),  # γ and δ cleared
    )
    return added(forward_counts(V, d, H, T), stepwise_back_counts(V, d, H, T, _naive_passes(T)), back)


def _naive_passes(T: int) -> int:
    return T * (T + 1) // 2


def _one_sweep(T: int) -> int:
    return T


def _no_passes(_T: int) -> int:
    return 0


def _forward_multiply_adds(V: int, d: int, H: int, T: int) -> int:
    return T * (H * V + H * d + H * H)


def _naive_multiply_adds(V: int, d: int, H: int, T: int) -> int:
    return _forward_multiply_adds(V, d, H, T) + 2 * T * H * V + 2 * _naive_passes(T) * (H * d + H * H)


def _naive_textbook_multiply_adds(V: int, d: int, H: int, T: int) -> int:
    return _forward_multiply_adds(V, d, H, T) + 2 * _naive_passes(T) * (H * V + H * d + H * H)


def _aggregated_multiply_adds(V: int, d: int, H: int, T: int) -> int:
    return 3 * _forward_multiply_adds(V, d, H, T)


def _row_starts(V: int, d: int, H: int, T: int) -> Counts:  # noqa: ARG001 - one signature for all forms
    """Return the operations to write the start of each row of logits, once."""
    return by_phase(elements_moved=(0, 0, T))


# --- memory ---


def tile_elements(rows: int, width: int, itemsize: int) -> int:
    return rows_per_tile(rows, width, itemsize) * width


def _forward_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
    return {"embed": itemsize * (T * d + H), "recur": itemsize * (T + 1) * H, "output": itemsize * (V + 2 * T)}


def _stepwise_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
    further = {
        "embed": T * d + H * d + d + tile_elements(H, d, itemsize),
        "recur": T * H + H * H + 3 * H + tile_elements(H, H, itemsize),
        "output": V * H + V + T * H + tile_elements(V, H, itemsize),
    }
    return {phase: n + itemsize * further[phase] for phase, n in _forward_bytes(V, d, H, T, itemsize).items()}


def hidden_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:  # noqa: ARG001 - one signature for all forms
    """Return the bytes of the hidden layer of the batched forms; of the output layer, Uᵀ δ of all steps."""
    return {
        "embed": itemsize * (2 * T * d + T * H + H * d),
        "recur": itemsize * ((T + 1) * H + 2 * T * H + H * H + 2 * H),
        "output": itemsize * T * H,
    }


def softmax_bytes(rows: int, width: int, itemsize: int) -> int:
    """Return the bytes of logits, three elements for each row, and two indices."""
    return itemsize * (rows * width + 3 * rows) + INDEX_BYTES * 2 * rows


def _batched_bytes(V: int, d: int, H: int, T: int, itemsize: int) -> Bytes:
    sizes = hidden_bytes(V, d, H, T, itemsize)
    output = softmax_bytes(T, V, itemsize) + itemsize * (V * H + V)
    return {**sizes, "output": sizes["output"] + output}


# Scratch of the rank-1 updates, in elements of float32: of one matrix a tile, at most TILE_BYTES.
TILES = tuple(f"min({size},{TILE_BYTES // 4})" for size in ("V*H", "H*d", "H**2"))

# --- all of them ---

FORWARD, NAIVE, AGGREGATED, BATCHED, NAIVE_TEXTBOOK = (
    Cost(
        name=name,
        phase_laws=PHASE_LAWS[name],
        phase_overheads=PHASE_OVERHEADS[name],
        term_bytes=TERM_BYTES[name],
        counts=form,
        buffer_bytes=form_bytes,
        first_counts=_row_starts if name == "batched" else None,
        view_bytes=VIEW_BYTES[name],
        passes=passes,
        multiply_adds=multiply_adds,
        memory_law=memory_law,
        memory_overhead=("1", "T", *TILES) if form_bytes is _stepwise_bytes else ("1", "T"),
    )
    for name, form, form_bytes, passes, multiply_adds, memory_law in (
        ("forward", forward_counts, _forward_bytes, _no_passes, _forward_multiply_adds, "T*H + T*d + V"),
        ("naive", _naive, _stepwise_bytes, _naive_passes, _naive_multiply_adds, "T*H + T*d + V"),
        ("aggregated", _aggregated, _stepwise_bytes, _one_sweep, _aggregated_multiply_adds, "T*H + T*d + V"),
        ("batched", _batched, _batched_bytes, _one_sweep, _aggregated_multiply_adds, "T*V + T*H + T*d"),
        (
            "naive-textbook",
            _naive_textbook,
            _stepwise_bytes,
            _naive_passes,
            _naive_textbook_multiply_adds,
            "T*H + T*d + V",
        ),
    )
)
