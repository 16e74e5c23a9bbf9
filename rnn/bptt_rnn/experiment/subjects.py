"""Algorithms as subjects: what is prepared at a point, and what their costs say of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from bptt_bench.plan import CostLaw, Counts, Evaluation, Factor, PhaseSwitch, Point, Subject, Work

from bptt_rnn import cost
from bptt_rnn.declared_works import DECLARED, works
from bptt_rnn.gradients import ALGORITHMS, CLASS_BASED, FAMILY, Workspace
from bptt_rnn.model import Params, Tokens
from bptt_rnn.text import load

FACTORS = (
    Factor(name="V", meaning="vocabulary size, words"),
    Factor(name="d", meaning="embedding size"),
    Factor(name="H", meaning="hidden size"),
    Factor(name="T", meaning="time steps"),
)
# The order of colours and markers in all experiments; ``forward``, which is taken off others, is drawn as a baseline.
LOOKS = tuple(dict.fromkeys((*FAMILY, *CLASS_BASED, *ALGORITHMS)))
FIRST_TOKEN = 5_000  # of the text: past the headings that open it


def sizes_at(point: Mapping[str, float]) -> tuple[int, int, int, int]:
    """Return (V, d, H, T) of a point."""
    V, d, H, T = (int(point[factor.name]) for factor in FACTORS)
    return V, d, H, T


def tokens_at(corpus: Path | None, point: Point) -> Tokens:
    """Return the tokens of a UTF-8 text, or of the default one."""
    V, _, _, T = sizes_at(point)
    text = load(corpus)
    return text.tokens(V, T, FIRST_TOKEN if len(text.ranks) > FIRST_TOKEN + T else 0)


def generator_at(point: Point) -> np.random.Generator:
    """Return the generator with which the parameters of a point are drawn."""
    return np.random.default_rng(sizes_at(point))


def problem(corpus: Path | None, point: Point) -> tuple[Params, Tokens]:
    """Return parameters and tokens, the parameters such that γ stays a normal number over all steps.

    W_h has 4 added to its diagonal and b1 is 2 less: near h = ½, where the slope of the sigmoid is ¼, a pass back
    hardly shrinks γ. As ``Params.init`` draws them, γ loses a digit at nearly every step, and from some 40 steps on it
    is subnormal in float32. Processors differ in what arithmetic on such numbers costs. On one a pass of naive took
    12 µs up to T = 40 and 37 µs on average at T = 128 (H = 112), as if its passes grew as T^2.8.
    """
    V, d, H, _ = sizes_at(point)
    params = Params.init(V, d, H, generator_at(point))
    params.W_h[np.diag_indices(H)] += 4
    params.b1[...] -= 2
    return params, tokens_at(corpus, point)


def prepare(
    algorithm: Callable[..., object], corpus: Path | None, point: Point, phase: PhaseSwitch | None = None
) -> Evaluation:
    """Prepare an evaluation with a workspace that is kept between evaluations, as in training."""
    params, tokens = problem(corpus, point)
    return functools.partial(algorithm, params, tokens, None, Workspace(), phase)


def subject_of(name: str, algorithm: Callable[..., object], corpus: Path | None) -> Subject:
    """Return the subject of an algorithm with its closed forms."""
    known = cost.cost_of(name)

    def counts(point: Point) -> Counts:
        return cost.counts(name, *(point[factor.name] for factor in FACTORS))  # numbers, or symbols in their place

    def working_set(point: Point) -> int:
        return cost.working_set(name, *sizes_at(point))

    def declared(point: Point) -> list[Work]:
        return [Work(**work._asdict()) for work in works(name, *sizes_at(point))]

    return Subject(
        name=name,
        prepare=functools.partial(prepare, algorithm, corpus),
        prepare_phased=functools.partial(prepare, algorithm, corpus),
        law=CostLaw(known.law),
        overhead=known.overheads,
        phase_laws={phase: CostLaw(law) for phase, law in known.phase_laws.items()},
        phase_overheads=known.phase_overheads,
        counts=None if known.counts is None else counts,
        working_set=working_set,
        term_bytes=known.term_bytes,
        works=declared if name in DECLARED else None,
        look=LOOKS.index(name) if name in LOOKS else None,
    )
