"""The visits of a run, block by block, and their division among processes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bptt_bench.measure.protocol.messages import Timing
from bptt_bench.plan import Cell, Experiment, Point, Profile, block_order

SWEEP = "sweep"  # the stage of the blocks that a profile plans; what is stored without a stage is of this one
MEMORY = "memory"  # the stage of the one visit to each cell that measures its memory
COUNTS = "counts"  # the stage of the one visit to each cell that counts what an evaluation does
MEMORY_BLOCK, COUNT_BLOCK = -1, -2  # their numbers: the blocks of a profile count from 0


class Visit(NamedTuple):
    """One sample to be taken: a subject at a point in a block, as a whole or by phase; or its memory, or counts."""

    subject: str
    point: Point
    block: int
    timing: Timing


class Block(NamedTuple):
    """The visits of a block that are left, in order; ``stage`` says what they are for.

    ``"sweep"`` belongs to the profile, ``"memory"`` measures bytes and ``"counts"`` operations, both no time,
    ``"adaptive"`` was added where it narrows intervals most, ``"beyond"`` tests predictions and takes no part in any
    fit. ``expected_seconds`` is what visits to some cells should take, where that is known before the first of them.
    """

    number: int
    visits: tuple[Visit, ...]
    stage: str = SWEEP
    expected_seconds: Mapping[Cell, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredProgress:
    """What a store already holds of a run; empty for a fresh one.

    Attributes
    ----------
    header : the run record, None before it is written.
    samples : visits whose sample is stored, or what they found of memory.
    checks : names of the claims whose check is stored.
    processes : measuring processes recorded so far.
    probed : whether the machine's readings are stored.
    compared : subjects at points whose result was compared with that of the reference.
    sources : digests of the code that it was last measured with, None where it does not say.
    counts : by name of what was counted, subject and point.
    described : the record that describes the experiment, None before it is written.
    """

    header: Mapping[str, Any] | None = None
    samples: frozenset[Visit] = frozenset()
    checks: frozenset[str] = frozenset()
    processes: int = 0
    probed: bool = False
    compared: frozenset[tuple[str, Point]] = frozenset()
    sources: Mapping[str, str] | None = None
    counts: Mapping[tuple[str, str, Point], float] = field(default_factory=dict)
    described: Mapping[str, Any] | None = None


def plan_cells(experiment: Experiment, profile: Profile) -> tuple[Cell, ...]:
    """Return the cells of a profile, their levels as plain numbers in the order of the factors."""
    return tuple(
        Cell(
            cell.subject,
            Point({factor.name: factor.validate(cell.point[factor.name]) for factor in experiment.factors}),
        )
        for cell in profile.cells(experiment.subject_names)
    )


def plan_blocks(experiment: Experiment, profile: Profile, *, seed: int) -> tuple[Block, ...]:
    """Return every visit of a run; a phase-timed sample comes right after the whole one of its cell."""
    cells = plan_cells(experiment, profile)
    phased = {name for name in experiment.subject_names if experiment.subject(name).prepare_phased is not None}
    return tuple(
        Block(
            number,
            tuple(_visits(cells, phased if number >= profile.blocks - profile.phase_blocks else (), number, seed)),
        )
        for number in range(profile.blocks)
    )


def plan_memory_blocks(experiment: Experiment, profile: Profile) -> tuple[Block, ...]:
    """Return the blocks in which nothing is timed: memory of subjects with a memory law, counts of those with a tally.

    One visit to every cell each, the placebo left out; none without such subjects. Memory comes first:
    counting may leave objects behind.
    """
    cells = plan_cells(experiment, profile)
    weighed = {subject.name for subject in experiment.subjects if subject.memory_law is not None}
    counted = {subject.name for subject in experiment.subjects if subject.tally is not None}
    memory = tuple(Visit(*cell, MEMORY_BLOCK, "memory") for cell in cells if cell.subject in weighed)
    counts = tuple(Visit(*cell, COUNT_BLOCK, "counts") for cell in cells if cell.subject in counted)
    blocks = (Block(MEMORY_BLOCK, memory, MEMORY), Block(COUNT_BLOCK, counts, COUNTS))
    return tuple(block for block in blocks if block.visits)


def _visits(cells: Sequence[Cell], phased: Collection[str], block: int, seed: int) -> Iterable[Visit]:
    for subject, point in block_order(cells, block=block, seed=seed):
        yield Visit(subject, point, block, "whole")
        if subject in phased:
            yield Visit(subject, point, block, "phases")


def remaining_blocks(blocks: Sequence[Block], done: Collection[Visit]) -> tuple[Block, ...]:
    """Return the blocks less the visits that are stored."""
    return tuple(block._replace(visits=tuple(visit for visit in block.visits if visit not in done)) for block in blocks)


def divide_blocks(blocks: Sequence[Block], processes: int) -> tuple[tuple[Block, ...], ...]:
    """Divide the blocks in order among so many processes, as evenly as possible; each gets at least one.

    >>> [[block.number for block in share] for share in divide_blocks([Block(n, ()) for n in range(5)], 2)]
    [[0, 1, 2], [3, 4]]
    """
    count = min(processes, len(blocks))
    ends = [-(-len(blocks) * (i + 1) // count) for i in range(count)]
    starts = [0, *ends][:count]
    return tuple(tuple(blocks[start:end]) for start, end in zip(starts, ends, strict=True))
