"""What each algorithm costs: closed forms of its operations, its passes and its memory, and the shape of its time.

The closed forms follow the code of ``rnn.gradients``, product by product, and must equal the counts of the meter as
integers. What a category counts is the meter's convention: products in multiply-adds; element-wise adds and multiplies,
divisions, exp and its like, comparisons; elements moved without arithmetic (copies, gathers, scatters, clearing); bytes
newly allocated. Reading or writing one scalar computes nothing: δ_k -= 1 counts as one element moved, and so do the
two numbers that the softmax of a step leaves for the loss.

Source: claims d and e of the subject.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rnn.gradients.interface import PHASES
from rnn.gradients.primitives import rows_per_tile

Counts = dict[str, dict[str, int]]  # phase -> category -> operations per evaluation

SUBJECTS = ("forward", "naive", "aggregated", "batched")
INDEX_BYTES = np.dtype(np.intp).itemsize
# Bytes of the views of one time step, Python objects that a workspace keeps; measured with tracemalloc on CPython 3.11.
VIEW_BYTES = {"forward": 340, "naive": 1_170, "aggregated": 1_170, "batched": 680}

# --- the shape of the time: text for a CostLaw, in the factors V, d, H and T ---

FORWARD_LAW = "T*H*V + T*H*d + T*H**2"
NAIVE_LAW = "T*H*V + T*(T+1)/2*H*d + T*(T+1)/2*H**2"
LAWS: Mapping[str, str] = {
    "forward": FORWARD_LAW,
    "naive": NAIVE_LAW,
    "aggregated": FORWARD_LAW,
    "batched": FORWARD_LAW,
}
PHASE_LAWS: Mapping[str, Mapping[str, str]] = {
    name: dict(zip(("output", "embed", "recur"), law.split(" + "), strict=True)) for name, law in LAWS.items()
}

# ∂J/∂(everything) less the forward pass, naive over aggregated, at equal price per multiply-add; and the T at which the
# recurrent part of naive overtakes its output part, 2 V/(d + H) - 1.
BACKWARD_RATIO = "(V + (T+1)/2*(d+H)) / (V + d + H)"
CROSSOVER = "(2*V-d-H) / (d+H)"

# What the implementation costs beside: entering a call (1), NumPy calls per step (T) and per backward pass, the softmax
# (T*V), and the gradients of U, W_e and W_h, cleared or written once whatever T is (V*H, H*d, H**2; in naive the last
# two cannot be told from the forward pass, T*H*d and T*H**2, which is as small beside its many passes back).
PHASE_OVERHEADS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "forward": {"embed": ("1", "T"), "recur": ("1", "T"), "output": ("1", "T", "T*V")},
    "naive": {
        "embed": ("1", "T", "T*(T+1)/2", "T*H*d"),  # the forward pass has its own price
        "recur": ("1", "T", "T*(T+1)/2", "T*H**2"),
        "output": ("1", "T", "T*V", "V*H"),
    },
    "aggregated": {
        "embed": ("1", "T", "H*d"),
        "recur": ("1", "T", "H**2"),
        "output": ("1", "T", "T*V", "V*H"),
    },
    "batched": {"embed": ("1", "T", "H*d"), "recur": ("1", "T", "H**2"), "output": ("1", "T", "T*V", "V*H")},
}
OVERHEADS: Mapping[str, tuple[str, ...]] = {
    name: tuple(dict.fromkeys(term for terms in by_phase.values() for term in terms))
    for name, by_phase in PHASE_OVERHEADS.items()
}

# Bytes that the operations of a term work through again and again, in float32: where the algorithm goes step by step, a
# matrix, and its gradient if that is updated at every step. `batched` goes through U, W_e and their gradients once for
# all steps, so that leaving a cache makes V*H and H*d dearer, and not the arithmetic; the same holds for the logits of
# all steps, T*V. Only its recurrence, through W_h, goes step by step.
TERM_BYTES: Mapping[str, Mapping[str, str]] = {
    **{
        name: {
            term: f"{arrays * 4}*{size}"
            for term, size in zip(LAWS[name].split(" + "), ("H*V", "H*d", "H**2"), strict=True)
        }
        for name, arrays in (("forward", 1), ("naive", 2), ("aggregated", 2))
    },
    "batched": {"T*H**2": "4*H**2", "V*H": "8*H*V", "T*V": "4*T*V", "H*d": "8*H*d", "H**2": "8*H**2"},
}


def passes(algorithm: str, T: int) -> int:
    """Backward passes through a time step: T (T + 1)/2 for naive, T for one sweep, none for the forward pass."""
    return {"forward": 0, "naive": T * (T + 1) // 2, "aggregated": T, "batched": T}[_known(algorithm)]


def multiply_adds(algorithm: str, V: int, d: int, H: int, T: int) -> int:
    """Multiply-adds of all matrix and vector products: F forward and what is sent back, ∂J/∂h(0) and ∂J/∂L included."""
    forward = T * (H * V + H * d + H * H)
    back = 2 * T * H * V + 2 * passes(algorithm, T) * (H * d + H * H)
    return forward if _known(algorithm) == "forward" else forward + back


def counts(
    algorithm: str, V: int, d: int, H: int, T: int, *, itemsize: int = 4, workspace_ready: bool = True
) -> Counts:
    """Operations of one evaluation, by phase and category; what is zero is left out.

    Parameters
    ----------
    itemsize : bytes of a floating-point number, 4 or 8.
    workspace_ready : whether the buffers are there from an earlier evaluation; if not, they are allocated.

    Raises
    ------
    ValueError : an unknown algorithm.
    """
    form = {"forward": _forward, "naive": _naive, "aggregated": _aggregated, "batched": _batched}[_known(algorithm)]
    total = form(V, d, H, T)
    if not workspace_ready:
        for phase, size in buffer_bytes(algorithm, V, d, H, T, itemsize).items():
            total[phase]["bytes_allocated"] = size
        if algorithm == "batched":
            total["output"]["elements_moved"] += T  # where each row begins
    return {phase: {name: n for name, n in by_category.items() if n} for phase, by_category in total.items()}


def buffer_bytes(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int) -> dict[str, int]:
    """Bytes of workspace and gradients, by phase."""

    def tile(rows: int, width: int) -> int:
        return rows_per_tile(rows, width, itemsize) * width

    if _known(algorithm) == "batched":
        return {
            "embed": itemsize * (2 * T * d + T * H + H * d),
            "recur": itemsize * ((T + 1) * H + 2 * T * H + H * H + 2 * H),
            "output": itemsize * (T * V + T * H + 3 * T + V * H + V) + INDEX_BYTES * 2 * T,
        }
    elements = {"embed": T * d + H, "recur": (T + 1) * H, "output": V + 2 * T}
    if algorithm != "forward":
        elements["embed"] += T * d + H * d + d + tile(H, d)
        elements["recur"] += T * H + H * H + 3 * H + tile(H, H)
        elements["output"] += V * H + V + T * H + tile(V, H)
    return {phase: itemsize * n for phase, n in elements.items()}


def working_set(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Bytes that parameters, gradients and workspace take; of L, a small part is ever touched."""
    parameters = V * d + H * d + H * H + H + V * H + V
    buffers = sum(buffer_bytes(algorithm, V, d, H, T, itemsize).values())
    return itemsize * parameters + buffers + T * VIEW_BYTES[algorithm]


def _known(algorithm: str) -> str:
    if algorithm not in SUBJECTS:
        raise ValueError(f"algorithm={algorithm!r}: allowed are {', '.join(SUBJECTS)}")
    return algorithm


def _phases(**categories: tuple[int, int, int]) -> Counts:
    """Counts from categories with their (embed, recur, output)."""
    return {phase: {name: values[i] for name, values in categories.items()} for i, phase in enumerate(PHASES)}


def _added(*parts: Counts) -> Counts:
    names = {name for part in parts for by_category in part.values() for name in by_category}
    return {phase: {name: sum(part[phase].get(name, 0) for part in parts) for name in names} for phase in PHASES}


def _forward(V: int, d: int, H: int, T: int) -> Counts:
    """The forward pass, step by step."""
    return _phases(
        multiply_adds=(T * H * d, T * H * H, T * H * V),
        # recur: + W_e e, + b1, and ½, ½, ½ of the sigmoid; output: + b2, - max, Σ exp, then log Σ - o_k, and Σ_t J
        adds_multiplies=(0, 5 * T * H, T * (3 * V - 1) + T + (T - 1)),
        divisions=(0, 0, T * V),
        transcendentals=(0, T * H, T * V + T),
        comparisons=(0, 0, T * (V - 1)),
        # embed: token ids read, rows of L gathered; recur: h(0); output: Σ exp and o_k of each step
        elements_moved=(T + 1 + T * d, H, 2 * T),
    )


def _stepwise_back(V: int, d: int, H: int, T: int, passes: int) -> Counts:
    """What naive and aggregated do after the forward pass, but for the handing on of γ."""
    return _phases(
        multiply_adds=(2 * passes * H * d, 2 * passes * H * H, 2 * T * H * V),
        # embed: rank-1 update of ∂W_e, row of ∂L; recur: h(1 - h) once a step, then r, rank-1 update of ∂W_h, ∂b1;
        # output: rank-1 update of ∂U, ∂b2
        adds_multiplies=(passes * (H * d + d), 2 * T * H + passes * (H * H + 2 * H), T * (V * H + V)),
        # the gradients cleared; output: δ_k of each step too
        elements_moved=(T * d + H * d, H * H + 2 * H, V * H + V + T),
    )


def _naive(V: int, d: int, H: int, T: int) -> Counts:
    handed_on = _phases(adds_multiplies=(0, T * H, 0))  # γ(0) of each loss into ∂h(0)
    return _added(_forward(V, d, H, T), _stepwise_back(V, d, H, T, T * (T + 1) // 2), handed_on)


def _aggregated(V: int, d: int, H: int, T: int) -> Counts:
    handed_on = _phases(adds_multiplies=(0, T * H, 0))  # Uᵀ δ(t) added to what comes from the right
    return _added(_forward(V, d, H, T), _stepwise_back(V, d, H, T, T), handed_on)


def _batched(V: int, d: int, H: int, T: int) -> Counts:
    back = _phases(
        multiply_adds=(2 * T * H * d, 2 * T * H * H, 2 * T * H * V),
        # recur: h(1 - h), γ + Uᵀ δ, r, ∂b1 as a sum over T; output: place of each target, ŷ_k - 1, ∂b2 as a sum over T
        adds_multiplies=(0, 4 * T * H + (T - 1) * H, 2 * T + (T - 1) * V),
        # recur: γ(T) cleared; output: o_k gathered, ŷ_k gathered and scattered, where the steps wrote two scalars
        elements_moved=(0, H, 3 * T - 2 * T),
    )
    return _added(_forward(V, d, H, T), back)
