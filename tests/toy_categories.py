"""A small experiment with two categories and a real factor, for tests that need one: some samples of a millisecond."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from bptt_bench.plan import (
    Agreement,
    AmountClaim,
    CostLaw,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    Factor,
    Foresight,
    Point,
    Profile,
    RatioClaim,
    Subject,
)

SIZES = (2_000, 8_000, 32_000, 64_000, 128_000)
SHARES = (0.05, 0.2, 0.5)
TYPES = ("float32", "float64")


def chosen(point: Point) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A share of n numbers, of the type that the point names."""
    return np.ones(int(point["n"] * point["share"]), dtype=point["dtype"])


def prepare_sum(point: Point) -> Evaluation:
    return chosen(point).sum


def prepare_dot(point: Point) -> Evaluation:
    values = chosen(point)
    return lambda: values @ np.ones_like(values)


def working_set(point: Point) -> int:
    return int(point["n"] * point["share"]) * int(np.dtype(point["dtype"]).itemsize)


def tally(point: Point) -> Mapping[str, float]:
    return {"additions": float(int(point["n"] * point["share"]))}


def distance(one: object, other: object) -> float:
    return abs(float(one) - float(other))  # type: ignore[arg-type]  # the results are numbers


DESIGN = Design.grid({"n": SIZES, "share": SHARES[-1:], "dtype": TYPES}) + Design.grid(
    {"n": SIZES[-1:], "share": SHARES, "dtype": TYPES}
)
EXPERIMENT = Experiment(
    name="toy of categories",
    factors=(
        Factor(name="dtype", meaning="type of a number", kind="category", levels=TYPES),
        Factor(name="n", meaning="numbers"),
        Factor(name="share", meaning="share of them that is summed", kind="real"),
    ),
    subjects=(
        Subject(
            name="sum",
            prepare=prepare_sum,
            law=CostLaw("n*share"),
            overhead=("1",),
            working_set=working_set,
            tally=tally,
            count_laws={"additions": CostLaw("n*share")},
            count_overheads={"additions": ()},
        ),
        Subject(
            name="dot",
            prepare=prepare_dot,
            law=CostLaw("n*share"),
            overhead=("1",),
            working_set=working_set,
            memory_law=CostLaw("n*share"),
            memory_overhead=("1",),
        ),
    ),
    profiles={"quick": Profile(design=DESIGN, blocks=3, seconds_per_sample=0.001, processes=1)},
    placebo="sum",
    agreement=Agreement(reference="sum", difference=distance, allowed=0.0),
    foresight=Foresight(
        beyond=Design.grid({"n": [256_000, 512_000], "share": [0.9], "dtype": TYPES}),
        subjects=("sum",),
        profile="quick",
        visits=2,
    ),
    claims=(
        ExponentClaim(
            name="linear in n",
            subject="sum",
            factor="n",
            terms=("n*share",),
            at=Point(n=128_000, share=0.5),
            margin=0.5,
            bound="upper",
        ),
        ExponentClaim(
            name="linear in share of doubles",
            subject="sum",
            factor="share",
            terms=("n*share",),
            at=Point(n=128_000, share=0.5, dtype="float64"),
            margin=0.5,
            bound="upper",
        ),
        RatioClaim(
            name="doubles are dearer",
            subject="sum [dtype=float64]",
            over="sum [dtype=float32]",
            ratio="1",
            points=Design.of([{"n": 128_000, "share": 0.5}]),
            margin=0.1,
            bound="lower",
        ),
        AmountClaim(
            name="bytes of the ones",
            subject="dot",
            response="allocated_bytes",
            amount=working_set,
            points=Design.grid({"n": SIZES[2:], "share": SHARES[-1:]}),
            margin=0.05,
        ),
        AmountClaim(
            name="additions",
            subject="sum",
            response="additions_count",
            amount="n*share",
            points=Design.grid({"n": SIZES, "share": SHARES[-1:]}),
            margin=0.001,
        ),
    ),
)
