"""An experiment, samples made for it, and claims about it, for the tests of verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from bptt_bench.analyse import Verdict, judge
from bptt_bench.plan import (
    Claim,
    CostLaw,
    CrossoverClaim,
    Design,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    RatioClaim,
    ShareClaim,
    Subject,
)
from bptt_bench.report.words.reasons import text_of

from tests.bench.analyse.made import run

DESIGN = Design.grid({"T": [2, 4, 8, 16, 32, 64], "V": [64, 256, 1024]})
AT = Point(T=32, V=256)
T = np.array([point["T"] for point in DESIGN], dtype=float)
V = np.array([point["V"] for point in DESIGN], dtype=float)
OUTPUT, RECUR = 1e-7 * T * V, 1e-5 * T
SLOW_RECUR = 1e-5 * T**2
Bound = Literal["tight", "upper", "lower"]


def nothing(point: Point) -> Any:
    raise AssertionError("analysis must not run a subject")


def subject(name: str, law: str, **phases: str) -> Subject:
    return Subject(
        name=name,
        prepare=nothing,
        law=CostLaw(law),
        overhead=(),
        phase_laws={phase: CostLaw(text) for phase, text in phases.items()},
        phase_overheads=dict.fromkeys(phases, ()),
    )


EXPERIMENT = Experiment(
    name="made",
    factors=(Factor(name="T"), Factor(name="V")),
    subjects=(
        subject("fast", "T*V + T", output="T*V", recur="T"),
        subject("slow", "T*V + T**2", output="T*V", recur="T**2"),
        subject("base", "T", output="T", recur="T"),
    ),
    profiles={"quick": Profile(design=DESIGN)},
)


def frame(rng: np.random.Generator | None = None, *, noise: float = 0.01, **times: Any) -> pd.DataFrame:
    whole = {"fast": OUTPUT + RECUR, "slow": OUTPUT + SLOW_RECUR, "base": 1e-6 * T, **times}
    phases: Mapping[str, Mapping[str, Any]] = {
        "fast": {"output": OUTPUT, "recur": RECUR},
        "slow": {"output": OUTPUT, "recur": SLOW_RECUR},
        "base": {"output": 5e-6 * T, "recur": 1e-7 * T},
    }
    return run(whole, DESIGN, rng=rng, noise=noise, phases=phases)


def verdict(data: pd.DataFrame, claim: Claim) -> Verdict:
    (found,) = judge(data, EXPERIMENT, [claim])
    assert (found.claim, found.subject, found.kind) == (claim.name, claim.subject, claim.kind)
    assert text_of(found.reason).endswith(".")
    assert "\n" not in text_of(found.reason)
    return found


def exponent(power_of: str = "T", terms: tuple[str, ...] = ("T*V", "T"), **changes: Any) -> ExponentClaim:
    return ExponentClaim(
        **{"name": "e", "subject": "fast", "factor": power_of, "terms": terms, "at": AT, "margin": 0.05, **changes}
    )


def ratio(**changes: Any) -> RatioClaim:
    return RatioClaim(
        **{
            "name": "r",
            "subject": "slow",
            "over": "fast",
            "ratio": "(V + 100*T)/(V + 100)",
            "points": DESIGN,
            **changes,
        }
    )


def share(**changes: Any) -> ShareClaim:
    return ShareClaim(**{"name": "s", "subject": "fast", "factor": "V", "at": AT, **changes})


def crossover(**changes: Any) -> CrossoverClaim:
    return CrossoverClaim(
        **{
            "name": "c", "subject": "slow", "factor": "T", "at": AT, "rising": ("recur",), "falling": ("output",),
            "level": "V/100", **changes,
        }
    )  # fmt: skip
