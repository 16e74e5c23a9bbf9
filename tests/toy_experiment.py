"""A small experiment on summing numbers, for tests that need one: a few cells of a few milliseconds each."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from bptt_bench.plan import (
    CheckClaim,
    CheckResult,
    CostLaw,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    Factor,
    Foresight,
    PhaseSwitch,
    Point,
    Profile,
    Subject,
)

LEVELS = (1_000, 4_000, 16_000, 64_000, 128_000, 256_000)
BEYOND = (512_000, 1_024_000, 2_048_000)
LETTERS_NEEDED = 2


def prepare_sum(point: Point) -> Evaluation:
    values = np.ones(int(point["n"]))
    return values.sum


def prepare_scale(point: Point) -> Evaluation:
    return prepare_scale_phased(point, lambda _phase: None)


def prepare_scale_phased(point: Point, enter: PhaseSwitch) -> Evaluation:
    values = np.ones(int(point["n"]))
    scratch = np.empty_like(values)

    def evaluate() -> object:
        enter("scale")
        np.multiply(values, 2.0, out=scratch)
        enter("sum")
        return scratch.sum()

    return evaluate


def check_sum(seed: int) -> CheckResult:
    values = np.random.default_rng(seed).integers(0, 100, size=1_000)
    return CheckResult(estimate=abs(float(values.sum()) - sum(values.tolist())), allowed=0.0, cases=1)


EXPERIMENT = Experiment(
    name="toy",
    factors=(Factor(name="n", meaning="numbers"),),
    subjects=(
        Subject(name="sum", prepare=prepare_sum, law=CostLaw("n"), overhead=("1",)),
        Subject(
            name="scale",
            prepare=prepare_scale,
            prepare_phased=prepare_scale_phased,
            law=CostLaw("n"),
            overhead=("1",),
            phase_laws={"scale": CostLaw("n"), "sum": CostLaw("n")},
            phase_overheads={"scale": ("1",), "sum": ("1",)},
        ),
    ),
    profiles={
        name: Profile(
            design=Design.grid({"n": LEVELS}), blocks=blocks, seconds_per_sample=0.001, processes=1, phase_blocks=1
        )
        for name, blocks in (("quick", 3), ("endless", 500))
    },
    placebo="sum",
    foresight=Foresight(beyond=Design.grid({"n": BEYOND}), subjects=("sum", "scale"), profile="quick", visits=2),
)
CLAIMS = (
    CheckClaim(name="sum-exact", subject="sum", statement="The sum of whole numbers is exact.", check=check_sum),
    ExponentClaim(
        name="sum-linear", subject="sum", factor="n", terms=("n",), at=Point(n=256_000), margin=0.5, bound="upper"
    ),
)


def configure(corpus: Path) -> Experiment:
    """The experiment on a text of at least ``LETTERS_NEEDED`` letters, to have something that a corpus can fail at."""
    text = corpus.read_text(encoding="utf-8")
    if len(text) < LETTERS_NEEDED:
        raise ValueError(f"corpus {str(corpus)!r}: has {len(text)} letters; needed are {LETTERS_NEEDED}")
    return dataclasses.replace(EXPERIMENT, name=f"toy on {len(text)} letters")
