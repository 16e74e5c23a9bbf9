"""The cost of an algorithm: closed forms of operations and memory, and laws of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bptt_rnn.algorithm import PHASES

Counts = dict[str, dict[str, int]]  # phase -> category -> operations per evaluation
Bytes = dict[str, int]  # phase -> bytes
LAW_PHASES = ("output", "embed", "recur")  # the order in which a law lists its phases


class CountForm(Protocol):
    """Operations of an evaluation with existing buffers, by phase and category."""

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
    phase_overheads : overhead terms of the implementation.
    term_bytes : working set of the operations of a term in bytes, in float32.
    counts : operations of an evaluation with existing buffers; ``None`` for code that a meter cannot count.
    buffer_bytes : workspace and gradients.
    first_counts : further operations of an evaluation that allocates its buffers.
    view_bytes : of the views of one time step, Python objects that a workspace keeps.
    passes : backward passes through a time step, for T steps.
    multiply_adds : of all matrix and vector products, the forward pass included.
    memory_law, memory_overhead : the shape of the bytes beyond parameters and gradients.
    result_bytes : of the returned gradients, if they differ from ``gradient_bytes``.
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
        """Return the operations of one evaluation, by phase and category; zeros are left out.

        Parameters
        ----------
        itemsize : bytes of a floating-point number, 4 or 8.
        workspace_ready : whether buffers of an earlier evaluation are used; if not, they are allocated.

        Raises
        ------
        ValueError : the operations cannot be counted.
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
        """The law of a whole evaluation; a term of several phases stands once."""
        terms = [term for phase in LAW_PHASES for term in self.phase_laws[phase].split(" + ")]
        return " + ".join(dict.fromkeys(terms))

    @property
    def overheads(self) -> tuple[str, ...]:
        """Overhead terms of a whole evaluation: of all phases, without those of the law."""
        terms = [term for phase in PHASES for term in self.phase_overheads[phase]]
        return tuple(term for term in dict.fromkeys(terms) if term not in self.law.split(" + "))


def by_phase(**categories: tuple[int, int, int]) -> Counts:
    """Return counts from categories with their (embed, recur, output)."""
    return {phase: {name: values[i] for name, values in categories.items()} for i, phase in enumerate(PHASES)}


def added(*parts: Counts) -> Counts:
    """Return the sum of several counts."""
    names = {name for part in parts for by_category in part.values() for name in by_category}
    return {phase: {name: sum(part[phase].get(name, 0) for part in parts) for name in names} for phase in PHASES}


def gradient_bytes(V: int, d: int, H: int, T: int, itemsize: int = 4) -> int:
    """Return the bytes of the gradients of every algorithm: of the T rows of L, W_e, W_h, b1, U, b2 and h(0)."""
    return itemsize * (T * d + H * d + H * H + H + V * H + V + H)
