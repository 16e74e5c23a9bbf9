"""A small experiment whose evaluations need known bytes: 8 n m for a product, 8 n beside it, and a result of 8 n."""

from __future__ import annotations

import numpy as np
from bptt_bench.plan import (
    AmountClaim,
    CostLaw,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    Subject,
)

LEVELS = {"n": (1_000, 4_000, 16_000), "m": (10, 40, 160)}
MIDDLE = Point(n=4_000, m=40)


def prepare(point: Point) -> Evaluation:
    n, m = int(point["n"]), int(point["m"])
    ones = np.ones(n)

    def evaluate() -> object:
        table = np.ones((n, m))  # filled, for memory that nobody touches is not a peak
        column = ones + table[:, 0]  # (n,)
        return column + ones  # (n,), while the other two are still held

    return evaluate


def output_bytes(point: Point) -> int:
    return 8 * int(point["n"])


EXPERIMENT = Experiment(
    name="toy of memory",
    factors=(Factor(name="n", meaning="rows"), Factor(name="m", meaning="columns")),
    subjects=(
        Subject(
            name="outer",
            prepare=prepare,
            law=CostLaw("n*m"),
            overhead=("1", "n"),
            memory_law=CostLaw("n*m + n"),
            output_bytes=output_bytes,
        ),
        Subject(name="timed only", prepare=prepare, law=CostLaw("n*m"), overhead=("1", "n")),
    ),
    profiles={"quick": Profile(design=Design.grid(LEVELS), blocks=2, seconds_per_sample=0.001, processes=1)},
    placebo="outer",
)
CLAIMS = (
    ExponentClaim(
        name="bytes: exponent of m",
        subject="outer",
        factor="m",
        terms=("n*m",),
        at=MIDDLE,
        response="scratch_bytes",
        margin=0.05,
    ),
    AmountClaim(
        name="bytes: as stated",
        subject="outer",
        response="scratch_bytes",
        amount="8*n*m + 8*n",
        points=Design.grid(LEVELS),
        margin=0.05,
    ),
    AmountClaim(
        name="peak: at most a tenth more",
        subject="outer",
        response="peak_scratch_bytes",
        amount="8*n*m + 8*n",
        points=Design.grid({"n": (16_000,), "m": (40, 160)}),
        margin=0.1,
        bound="upper",
    ),
)
