"""Costs of the algorithms: closed forms of operations, passes and memory, and laws of time.

The closed forms follow the code of ``bptt_rnn.gradients``, product by product, and must equal the counts of the meter
as integers. The categories are those of the meter: products in multiply-adds; element-wise adds and
multiplies, divisions, exp and its like, comparisons; elements moved without arithmetic (copies, gathers, scatters,
clearing); bytes newly allocated. Reading or writing one scalar computes nothing: δ_k -= 1 counts as one element moved,
and so do the two numbers that the softmax of a step leaves for the loss.

Source: docs/derivation/d-cost-of-a-step.md and docs/derivation/e-cost-of-t-steps.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from bptt_rnn.cost.basic import (
    AGGREGATED,
    BACKWARD_RATIO,
    BATCHED,
    CROSSOVER,
    FORWARD,
    NAIVE,
    NAIVE_TEXTBOOK,
    TEXTBOOK_RATIO,
)
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
        NAIVE_TEXTBOOK,
        FUSED,
        TRUNCATED,
        CHECKPOINTED,
        RTRL,
        CHUNKED,
        CLASS_BASED,
    )
}

SUBJECTS = ("forward", "naive", "aggregated", "batched", "naive-textbook")  # of the first experiment

LAWS: Mapping[str, str] = {name: cost.law for name, cost in COSTS.items()}
PHASE_LAWS: Mapping[str, Mapping[str, str]] = {name: cost.phase_laws for name, cost in COSTS.items()}
OVERHEADS: Mapping[str, tuple[str, ...]] = {name: cost.overheads for name, cost in COSTS.items()}
PHASE_OVERHEADS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    name: cost.phase_overheads for name, cost in COSTS.items()
}
TERM_BYTES: Mapping[str, Mapping[str, str]] = {name: cost.term_bytes for name, cost in COSTS.items()}


def cost_of(algorithm: str) -> Cost:
    """Return the closed forms of an algorithm.

    Raises
    ------
    ValueError : the algorithm is unknown.
    """
    if algorithm not in COSTS:
        raise ValueError(f"`algorithm` must be one of {', '.join(COSTS)}, got {algorithm!r}")
    return COSTS[algorithm]


def passes(algorithm: str, T: int) -> int:
    """Return the backward passes through a time step: T (T + 1)/2 for naive, T for one sweep, 0 for forward."""
    return cost_of(algorithm).passes(T)


def multiply_adds(algorithm: str, V: int, d: int, H: int, T: int) -> int:
    """Return the multiply-adds of all matrix and vector products, forward and back, ∂J/∂h(0) and ∂J/∂L included."""
    return cost_of(algorithm).multiply_adds(V, d, H, T)


def counts(
    algorithm: str, V: int, d: int, H: int, T: int, *, itemsize: int = 4, workspace_ready: bool = True
) -> Counts:
    """Return the operations of one evaluation, by phase and category; zeros are left out.

    Parameters
    ----------
    itemsize : bytes of a floating-point number, 4 or 8.
    workspace_ready : whether buffers of an earlier evaluation are used; if not, they are allocated.

    Raises
    ------
    ValueError : the algorithm is unknown, or its operations cannot be counted.
    """
    return cost_of(algorithm).counted(V, d, H, T, itemsize=itemsize, workspace_ready=workspace_ready)


def buffer_bytes(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int) -> dict[str, int]:
    """Return the bytes of workspace and gradients, by phase."""
    return cost_of(algorithm).buffer_bytes(V, d, H, T, itemsize)


def scratch_bytes(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Return the bytes beyond parameters and gradients: the workspace, and its views of each step."""
    cost = cost_of(algorithm)
    whole = sum(cost.buffer_bytes(V, d, H, T, itemsize).values()) + T * cost.view_bytes
    return whole - output_bytes(algorithm, V, d, H, T, itemsize)


def output_bytes(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Return the bytes of the gradients that an algorithm returns; 0 for the forward pass."""
    if algorithm == "forward":
        return 0
    size = cost_of(algorithm).result_bytes or gradient_bytes
    return size(V, d, H, T, itemsize)


def working_set(algorithm: str, V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Return the bytes of parameters, gradients and workspace; of L, only a small part is used."""
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
    "TEXTBOOK_RATIO",
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
