"""The toy experiment with a planted fault that its claim catches, for tests of the self-test."""

from __future__ import annotations

import dataclasses

import numpy as np
from bptt_bench.plan import CheckClaim, CheckResult, Evaluation, Fault, Point

from tests.toy_experiment import CLAIMS as RIGHT
from tests.toy_experiment import EXPERIMENT as TOY

CLAIMS = tuple(claim for claim in RIGHT if isinstance(claim, CheckClaim))  # what time says depends on the machine


def prepare_one_more(point: Point) -> Evaluation:
    values = np.ones(int(point["n"]))
    return lambda: values.sum() + 1


OFF_BY_ONE = Fault(
    name="off by one",
    statement="adds one to the sum",
    subject="sum",
    prepare=prepare_one_more,
    checks={"sum-exact": lambda _seed: CheckResult(estimate=1.0, allowed=0.0, cases=1)},
    caught_by=("sum-exact",),
)
EXPERIMENT = dataclasses.replace(
    TOY,
    profiles={
        "endless": TOY.profiles["endless"],
        "selftest": dataclasses.replace(TOY.profiles["quick"], blocks=2),
    },
    foresight=None,
    faults=(OFF_BY_ONE,),
)
