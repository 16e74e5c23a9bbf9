"""What each algorithm costs: closed forms of its operations, its passes and its memory, and the shape of its time.

The closed forms follow the code of ``bptt_rnn.gradients``, product by product, and must equal the counts of the meter
as integers. What a category counts is the meter's convention: products in multiply-adds; element-wise adds and
multiplies, divisions, exp and its like, comparisons; elements moved without arithmetic (copies, gathers, scatters,
clearing); bytes newly allocated. Reading or writing one scalar computes nothing: δ_k -= 1 counts as one element moved,
and so do the two numbers that the softmax of a step leaves for the loss.

Source: claims d and e of the subject.
"""

from __future__ import annotations

from collections.abc import Mapping

from bptt_rnn.cost.basic import AGGREGATED, BACKWARD_RATIO, BATCHED, CROSSOVER, FORWARD, NAIVE
from bptt_rnn.cost.checkpointed import CHECKPOINTED
from bptt_rnn.cost.chunked import CHUNKED
from bptt_rnn.cost.class_based import CLASS_BASED
from bptt_rnn.cost.closed_form import Cost, Counts, gradient_bytes
from bptt_rnn.cost.fused import FUSED
from bptt_rnn.cost.rtrl import RTRL
from bptt_rnn.cost.truncated import TRUNCATED

COSTS: Mapping[str, Cost] = {
    cost.name: cost
    for cost in (
        FORWARD,
        NAIVE,
        AGGREGATED,
        BATCHED,
        FUSED,
        TRUNCATED,
        CHECKPOINTED,
        RTRL,
        CHUNKED,
        CLASS_BASED,
    )
}

SUBJECTS = ("forward", "naive", "aggregated", "batched")  # of the first experiment

LAWS: Mapping[str, str] = {name: cost.law for name, cost in COSTS.items()}
PHASE_LAWS: Mapping[str, Mapping[str, str]] = {name: cost.phase_laws for name, cost in COSTS.items()}
OVERHEADS: Mapping[str, tuple[str, ...]] = {name: cost.overheads for name, cost in COSTS.items()}
PHASE_OVERHEADS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    name: cost.phase_overheads for name, cost in COSTS.items()
}
TERM_BYTES: Mapping[str, Mapping[str, str]] = {name: cost.term_bytes for name, cost in COSTS.items()}


def cost_of(algorithm: str) -> Cost:
    """The closed forms of an algorithm.

    Raises
    ------
    ValueError : an unknown algorithm.
    """
    if algorithm not in COSTS:
        raise ValueError(f"algorithm={algorithm!r}: allowed are {', '.join(COSTS)}")
    return COSTS[algorithm]


def passes(algorithm: str, T: int) -> int:
    """Backward passes through a time step: T (T + 1)/2 for naive, T for one sweep, none for the forward pass."""
    return cost_of(algorithm).passes(T)


def multiply_adds(algorithm: str, V: int, d: int, H: int, T: int) -> int:
    """Multiply-adds of all matrix and vector products: forward and what is sent back, ∂J/∂h(0) and ∂J/∂L included."""
    return cost_of(algorithm).multiply_adds(V, d, H, T)


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
    ValueError : an unknown algorithm, or one whose operations no meter can count.
    """
    return cost_of(algorithm).counted(V, d, H, T, itemsize=itemsize, workspace_ready=workspace_ready)


def buffer_bytes(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int) -> dict[str, int]:
    """Bytes of workspace and gradients, by phase."""
    return cost_of(algorithm).buffer_bytes(V, d, H, T, itemsize)


def scratch_bytes(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Bytes beyond parameters and gradients: the workspace, and the views that it keeps of each step."""
    cost = cost_of(algorithm)
    whole = sum(cost.buffer_bytes(V, d, H, T, itemsize).values()) + T * cost.view_bytes
    return whole - output_bytes(algorithm, V, d, H, T, itemsize)


def output_bytes(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Bytes of the gradients that an algorithm returns; none for the forward pass."""
    if algorithm == "forward":
        return 0
    size = cost_of(algorithm).result_bytes or gradient_bytes
    return size(V, d, H, T, itemsize)


def working_set(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Bytes that parameters, gradients and workspace take; of L, a small part is ever touched."""
    parameters = V * d + H * d + H * H + H + V * H + V
    buffers = sum(buffer_bytes(algorithm, V, d, H, T, itemsize).values())
    return itemsize * parameters + buffers + T * cost_of(algorithm).view_bytes


__all__ = [
    "BACKWARD_RATIO",
    "COSTS",
    "CROSSOVER",
    "LAWS",
    "OVERHEADS",
    "PHASE_LAWS",
    "PHASE_OVERHEADS",
    "SUBJECTS",
    "TERM_BYTES",
    "Cost",
    "Counts",
    "buffer_bytes",
    "cost_of",
    "counts",
    "gradient_bytes",
    "multiply_adds",
    "output_bytes",
    "passes",
    "scratch_bytes",
    "working_set",
]
