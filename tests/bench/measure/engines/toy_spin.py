"""A toy that can be told apart from noise: cells of a known length, and a record of who measured when."""

from __future__ import annotations

import time

from bptt_bench.plan import CheckClaim, CheckResult, Design, Evaluation, Experiment, Factor, Point, Profile, Subject

SECONDS_PER_UNIT = 0.0005


def spin(point: Point) -> Evaluation:
    def evaluate() -> None:
        end = time.perf_counter() + SECONDS_PER_UNIT * point["n"]
        while time.perf_counter() < end:
            pass

    return evaluate


def _profile(blocks: int, cells: int, seconds_per_sample: float = 0.005) -> Profile:
    levels = range(1, cells + 1)
    return Profile(design=Design.grid({"n": levels}), blocks=blocks, seconds_per_sample=seconds_per_sample)


EXPERIMENT = Experiment(
    name="spin",
    factors=(Factor(name="n"),),
    subjects=(Subject(name="spin", prepare=spin, working_set=lambda _point: 1),),
    placebo="spin",
    profiles={
        "quick": _profile(4, 6),
        "long": _profile(1, 8, 0.1),
        "many": _profile(24, 8),
        "endless": _profile(500, 8),
    },
    claims=(
        CheckClaim(name="checked", subject="spin", check=lambda seed: CheckResult(estimate=0, allowed=seed, cases=1)),
    ),
)
