"""Subjects: a subject prepares its inputs at a point and returns the call that is timed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bptt_bench.plan.design.design import Point
from bptt_bench.plan.law.law import CostLaw
from bptt_bench.plan.machine.peaks import Traffic
from bptt_bench.plan.machine.work import Work

Evaluation = Callable[[], object]
PhaseSwitch = Callable[[str], None]
Counts = Mapping[str, Mapping[str, int]]  # phase -> category -> operations per evaluation
Tally = Callable[[Point], Mapping[str, float]]  # what one evaluation does, by the name of what is counted


# Counts that need no tally: a counter watches the evaluation from outside, or sees what NumPy does.
INSTRUCTIONS, OPERATIONS = "instructions", "operations"
COUNTED = (INSTRUCTIONS, OPERATIONS)
LATER = {"may_be_missing": True}  # metadata of a field that runs lack which were made before it was


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """An algorithm under measurement.

    Attributes
    ----------
    name : shown in tables and stored with every sample.
    prepare : builds the inputs at a point and returns the evaluation; never timed. Called with the point alone.
    prepare_phased : the same, with a switch that the evaluation calls with the name of the phase it enters.
    law : the predicted cost of one evaluation, up to its coefficients.
    overhead : terms beside the law that the implementation is known to cost, such as ``"1"`` and ``"T"``.
    phase_laws, phase_overheads : the same for each phase.
    counts : closed form of the operations of one evaluation, by phase and category.
    working_set : bytes that the inputs, outputs and scratch of one evaluation take at a point.
    term_bytes : for terms of the law, the bytes that their operations work through again and again, an expression in
        the factors such as ``"8*H*V"``. Where these leave a cache, the same operation costs more.
    roofline : operations and bytes that every implementation needs at a point, from which the roofline follows. Where a
        subject states them, a run reads the peaks of the machine.
    missing : why the subject cannot be measured here, such as a library that is not installed; None: it can. Called
        before anything is measured; what is missing is named and left out.
    works : the operations of one evaluation, from which the time is predicted at probed rates, without a fit.
    memory_law : the predicted bytes that one evaluation needs beyond its prepared state and its result, up to the
        coefficients. Where it is stated, a run measures them, once at each point of the profile.
    memory_overhead : terms beside the memory law; None: those that the data require.
    output_bytes : bytes of the result at a point, which any algorithm must return and no memory law counts; None: all
        that an evaluation allocates counts.
    tally : makes one counted evaluation at a point and gives what it did by name, such as ``{"comparisons": 127}``;
        never timed. Where it is stated, a run takes it once at each point of the profile, and the samples have a column
        ``<name>_count`` for each.
    look : its place in the palette of the figures, from 0: with one it looks the same in every experiment. None: the
        next free one, in the order of the experiment.
    count_laws, count_overheads : by the same names, the predicted counts up to the coefficients, and terms beside them;
        ``instructions`` and ``operations`` are counted without a tally.
    finds_laws_of : which of these two are counted though no law of them is stated, so that one can be found.
    """

    name: str
    prepare: Callable[[Point], Evaluation]
    prepare_phased: Callable[[Point, PhaseSwitch], Evaluation] | None = None
    law: CostLaw | None = None
    overhead: tuple[str, ...] | None = None
    phase_laws: Mapping[str, CostLaw] = field(default_factory=dict)
    phase_overheads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    counts: Callable[[Point], Counts] | None = None
    working_set: Callable[[Point], int] | None = None
    term_bytes: Mapping[str, str] = field(default_factory=dict)
    works: Callable[[Point], Sequence[Work]] | None = None
    roofline: Callable[[Point], Traffic] | None = None
    missing: Callable[[], str | None] | None = None
    memory_law: CostLaw | None = None
    memory_overhead: tuple[str, ...] | None = None
    output_bytes: Callable[[Point], int] | None = None
    tally: Tally | None = None
    count_laws: Mapping[str, CostLaw] = field(default_factory=dict)
    count_overheads: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    look: int | None = field(default=None, metadata=LATER)
    finds_laws_of: tuple[str, ...] = field(default=(), metadata=LATER)

    @property
    def laws(self) -> Iterator[CostLaw]:
        """Yield every law of the subject, of whatever response."""
        named = (self.law, self.memory_law)
        yield from (law for law in named if law is not None)
        yield from self.phase_laws.values()
        yield from self.count_laws.values()

    def is_counted(self, name: str) -> bool:
        """Return whether evaluations are counted: their instructions, or their operations."""
        return name in self.finds_laws_of or name in self.count_laws

    @property
    def overheads(self) -> Iterator[str]:
        """Yield every term that is stated beside a law."""
        named = (self.overhead, self.memory_overhead, *self.phase_overheads.values(), *self.count_overheads.values())
        for terms in named:
            yield from terms or ()
