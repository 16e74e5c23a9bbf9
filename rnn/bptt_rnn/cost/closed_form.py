"""What is known of the cost of one algorithm: closed forms of operations and memory, and the shape of its time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bptt_rnn.algorithm import PHASES

Counts = dict[str, dict[str, int]]  # phase -> category -> operations per evaluation
Bytes = dict[str, int]  # phase -> bytes
LAW_PHASES = ("output", "embed", "recur")  # the order in which a law lists its phases


class CountForm(Protocol):
    """Operations of an evaluation whose buffers are there, by phase and category."""

    def __call__(self, V: int, d: int, H: int, T: int) -> Counts: ...


class BytesForm(Protocol):
    """Bytes by phase."""

    def __call__(self, V: int, d: int, H: int, T: int, itemsize: int) -> Bytes: ...


class BytesOf(Protocol):
    """Bytes altogether."""

    def __call__(self, V: int, d: int, H: int, T: int, itemsize: int) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Closed forms of one algorithm; laws are text for a CostLaw in the factors V, d, H and T.

    Attributes
    ----------
    name : of the algorithm.
    phase_laws : the law of the time, term by term, of each phase.
    phase_overheads : what the implementation costs beside.
    term_bytes : bytes, in float32, that the operations of a term work through again and again.
    counts : operations of an evaluation that finds its buffers; ``None`` for code that no meter can look into.
    buffer_bytes : workspace and gradients.
    first_counts : operations of an evaluation that has to allocate its buffers, beyond the others.
    view_bytes : of the views of one time step, Python objects that a workspace keeps.
    passes : backward passes through a time step, for T steps.
    multiply_adds : of all matrix and vector products, the forward pass included.
    memory_law, memory_overhead : the shape of the bytes beyond parameters and gradients.
    result_bytes : of the gradients that it returns, where they are not those of ``gradient_bytes``.
    """

    name: str
    phase_laws: Mapping[str, str]
    phase_overheads: Mapping[str, tuple[str, ...]]
    term_bytes: Mapping[str, str] = field(default_factory=dict)
    counts: CountForm | None = None
    buffer_bytes: BytesForm
    first_counts: CountForm | None = None
    view_bytes: int = 0
    passes: Callable[[int], int]
    multiply_adds: Callable[[int, int, int, int], int]
    memory_law: str
    memory_overhead: tuple[str, ...] = ("1", "T")
    result_bytes: BytesOf | None = None

    def counted(self, V: int, d: int, H: int, T: int, *, itemsize: int = 4, workspace_ready: bool = True) -> Counts:
        """Operations of one evaluation, by phase and category; what is zero is left out.

        Parameters
        ----------
        itemsize : bytes of a floating-point number, 4 or 8.
        workspace_ready : whether the buffers are there from an earlier evaluation; if not, they are allocated.

        Raises
        ------
        ValueError : operations that no meter can count.
        """
        if self.counts is None:
            raise ValueError(f"algorithm={self.name!r}: its operations are not counted")
        total = {phase: dict(by_category) for phase, by_category in self.counts(V, d, H, T).items()}
        if not workspace_ready:
            if self.first_counts is not None:
                total = added(total, self.first_counts(V, d, H, T))
            for phase, size in self.buffer_bytes(V, d, H, T, itemsize).items():
                total[phase]["bytes_allocated"] = size
        return {phase: {name: n for name, n in by_category.items() if n} for phase, by_category in total.items()}

    @property
    def law(self) -> str:
        """The law of a whole evaluation, term by term; a term that several phases have stands once."""
        terms = [term for phase in LAW_PHASES for term in self.phase_laws[phase].split(" + ")]
        return " + ".join(dict.fromkeys(terms))

    @property
    def overheads(self) -> tuple[str, ...]:
        """Overhead terms of a whole evaluation: of all phases, less what the law has."""
        terms = [term for phase in PHASES for term in self.phase_overheads[phase]]
        return tuple(term for term in dict.fromkeys(terms) if term not in self.law.split(" + "))


def by_phase(**categories: tuple[int, int, int]) -> Counts:
    """Counts from categories with their (embed, recur, output)."""
    return {phase: {name: values[i] for name, values in categories.items()} for i, phase in enumerate(PHASES)}


def added(*parts: Counts) -> Counts:
    """Counts of several parts together."""
    names = {name for part in parts for by_category in part.values() for name in by_category}
    return {phase: {name: sum(part[phase].get(name, 0) for part in parts) for name in names} for phase in PHASES}


def gradient_bytes(V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Bytes of the gradients that every algorithm returns: those of the T rows of L, W_e, W_h, b1, U, b2 and h(0)."""
    return itemsize * (T * d + H * d + H * H + H + V * H + V + H)
