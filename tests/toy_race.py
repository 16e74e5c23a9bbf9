"""A race of sums, for tests of the command: one of two is tuned, a third is missing, and a fourth may be wrong."""

from __future__ import annotations

import math

from bptt_bench.plan import (
    Agreement,
    Design,
    Evaluation,
    Experiment,
    Factor,
    Point,
    Profile,
    SpeedupClaim,
    Subject,
    Traffic,
)

POINTS = Design.grid({"n": [2000, 8000]})


def built_in(point: Point) -> Evaluation:
    values = [1.0] * int(point["n"])
    return lambda: sum(values)


def loop(point: Point) -> Evaluation:
    values = [1.0] * int(point["n"])

    def evaluate() -> float:
        total = 0.0
        for value in values:
            total += value
        return total

    return evaluate


def difference(found: object, expected: object) -> float:
    return abs(found - expected) if isinstance(found, float) and isinstance(expected, float) else math.nan


def traffic(point: Point) -> Traffic:
    return Traffic(operations=point["n"], least_bytes=8 * point["n"])


EXPERIMENT = Experiment(
    name="sums",
    factors=(Factor(name="n"),),
    subjects=(
        Subject(name="built in", prepare=built_in, roofline=traffic),
        Subject(name="loop", prepare=loop),
        Subject(name="absent", prepare=loop, missing=lambda: "it is not installed"),
    ),
    profiles={"quick": Profile(design=POINTS, blocks=4, seconds_per_sample=0.002, processes=1, phase_blocks=0)},
    agreement=Agreement(reference="loop", difference=difference, allowed=0.0),
)
CLAIMS = (
    SpeedupClaim(name="faster", subject="built in", over=("loop", "absent"), points=POINTS, at_least=1e-3),
    SpeedupClaim(name="a miracle", subject="built in", over=("loop",), points=POINTS, at_least=1e6, mean=True),
)
