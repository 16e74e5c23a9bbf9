"""A run that was never measured: times drawn from known laws, stored as a run stores them, and really analysed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Analysis, analyse
from bptt_bench.analyse.predict.foresight import Prediction
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    CheckClaim,
    CheckResult,
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
from bptt_bench.report.figures import NamedFigure, gallery
from bptt_bench.report.page.page import write_report

OUTPUT, REST, STEPS = "T*H*V", "T*H**2", "T*(T+1)/2*H**2"
# by subject: for each phase its terms with their true coefficients in seconds per unit
TRUTH: dict[str, dict[str, dict[str, float]]] = {
    "base": {"output": {OUTPUT: 2e-10, "T": 4e-6}, "recur": {REST: 2e-10, "T": 3e-6}},
    "sweep": {"output": {OUTPUT: 6e-10, "T": 9e-6}, "recur": {REST: 6e-10, "T": 6e-6}},
    "each": {"output": {OUTPUT: 6e-10, "T": 9e-6}, "recur": {STEPS: 4e-10, REST: 2e-10, "T": 6e-6}},
}
LAWS = {"base": f"{OUTPUT} + {REST}", "sweep": f"{OUTPUT} + {REST}", "each": f"{OUTPUT} + {STEPS} + {REST}"}
RATIO = "(V + (T+1)/2*H) / (V + H)"
AT = Point(V=1024, H=128, T=16)
LARGE = Point(V=64, H=512, T=16)


def design() -> Design:
    return (
        Design.lines(AT, {"V": [256, 512, 2048, 4096], "H": [32, 64, 256], "T": [4, 8, 32, 64]})
        + Design.lines(LARGE, {"T": [4, 8, 32, 64], "H": [128, 256, 1024]})
        + Design.grid({"V": [512, 2048], "H": [256], "T": [4, 8, 16, 32, 64]})
    )


def claims() -> tuple[Claim, ...]:
    return (
        CheckClaim(name="same result", subject="sweep", statement="sweep gives what each gives", check=_no_check),
        ExponentClaim(name="exponent of V", subject="sweep", factor="V", terms=(OUTPUT,), at=AT.replace(V=4096)),
        ExponentClaim(
            name="exponent of T, sweep", subject="sweep", factor="T", terms=(OUTPUT, REST), at=AT.replace(T=64)
        ),
        ExponentClaim(
            name="exponent of T, each", subject="each", factor="T", terms=(STEPS,), at=LARGE.replace(T=64),
            response="recur_seconds_per_eval",
        ),
        ExponentClaim(name="exponent of H in T·H²", subject="sweep", factor="H", terms=(REST,), at=AT),
        RatioClaim(
            name="each/sweep", subject="each", over="sweep", less="base", ratio=RATIO, margin=0.3,
            points=Design.grid({"V": [512, 2048], "H": [256], "T": [4, 8, 16, 32, 64]}),
        ),
        *(
            CrossoverClaim(
                name=f"crossover, V={V}", subject="each", less="base", factor="T", at=Point(V=V, H=256, T=16),
                rising=("recur",), falling=("output",), level="2*V/H", margin=0.3,
            )
            for V in (512, 2048)
        ),
        *(ShareClaim(name=f"V at {V}", subject="sweep", factor="V", at=AT.replace(V=V)) for V in (1024, 65536)),
    )  # fmt: skip


def _check(claim: str, passes: dict[str, list[tuple[int, list[int]]]]) -> dict[str, Any]:
    record = {"claim": claim, "estimate": 3.1e-14, "allowed": 1e-12, "cases": 240, "detail": "all alike"}
    return record | ({"passes": passes, "pass_symbols": ["J", "h"]} if passes else {})


def _no_check(seed: int) -> CheckResult:
    raise AssertionError(f"a report runs no check (seed {seed})")


def _no_subject(point: Point) -> Callable[[], object]:
    raise AssertionError(f"a report prepares nothing (at {point})")


def experiment(**changes: Any) -> Experiment:
    subjects = tuple(
        Subject(
            name=name,
            prepare=_no_subject,
            law=CostLaw(law),
            overhead=("1", "T"),
            phase_laws={phase: CostLaw(" + ".join(set(terms) - {"T"})) for phase, terms in TRUTH[name].items()},
            phase_overheads={"output": ("T",), "recur": ("T",)},
        )
        for name, law in LAWS.items()
    )
    factors = (
        Factor(name="V", meaning="vocabulary size, words"),
        Factor(name="H", meaning="hidden size"),
        Factor(name="T", meaning="time steps"),
    )
    fields: dict[str, Any] = {
        "name": "simulated",
        "factors": factors,
        "subjects": subjects,
        "profiles": {"quick": Profile(design=design())},
        "claims": claims(),
        "placebo": "sweep",
    }
    return Experiment(**fields | changes)


def simulated(of: Experiment, seed: int = 0, *, blocks: int = 5, noise: float = 0.01) -> pd.DataFrame:
    """The frame of a run: for every subject and point ``blocks`` whole samples and two with phases."""
    rng = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for name in of.subject_names:
        truth = TRUTH[name.removesuffix(PLACEBO_SUFFIX)]
        for point in design():
            phases = {
                phase: sum(weight * float(CostLaw(term).evaluate(point)) for term, weight in terms.items())
                for phase, terms in truth.items()
            }
            for block in range(blocks):
                own = {"subject": name, **point, "block": block, "process": block % 2, "below_floor": False}
                whole = (sum(phases.values()) + 8e-6) * np.exp(noise * rng.normal())
                rows.append({**own, "timing": "whole", "seconds_per_eval": whole})
                if block < 2:
                    timed = {f"{p}_seconds_per_eval": s * np.exp(noise * rng.normal()) for p, s in phases.items()}
                    rows.append({**own, "timing": "phases", **timed})
    frame = pd.DataFrame(rows)
    frame.attrs |= {
        "run": {
            "experiment": "simulated", "profile": "quick", "seed": seed, "threads": 1,
            "cells": len(of.subject_names) * len(design()), "blocks": blocks, "started_at": 1_700_000_000.0,
            "environment": {
                "host": "a-name-nobody-needs", "cpu": "Imaginary <CPU> & co", "cores_usable": 2,
                "caches_bytes": {"L2": 1 << 20, "L3": 32 << 20}, "packages": {"numpy": "2.4.6", "scipy": "1.17.1"},
            },
        },
        "factors": ["V", "H", "T"],
        "checks": [
            _check("same result", {"each": [(at, [of]) for of in range(1, 5) for at in range(of, 0, -1)]}),
            _check("another", {"sweep": [(at, list(range(at, 5))) for at in range(4, 0, -1)], "base": []}),
            _check("without passes", {}),
        ],
        "skips": [{"subject": "each", "point": {"V": 1e6, "H": 100, "T": 35}, "reason": "would need 4.1 GB of 2.0 GB"}],
        "workers": [{"process": 0, "floor_seconds": 4e-8}, {"process": 1, "floor_seconds": 5e-8}],
        "finish": {"wall_seconds_after_workers_started": 97.2, "busy_share": 0.915},
    }  # fmt: skip
    return frame


@pytest.fixture(scope="session")
def make_analysis() -> Callable[..., Analysis]:
    """An analysis of simulated data; keyword arguments change the experiment."""

    def make(seed: int = 0, **changes: Any) -> Analysis:
        of = experiment(**changes)
        return analyse(simulated(of, seed), of)

    return make


@pytest.fixture(scope="session")
def analysis(make_analysis: Callable[..., Analysis]) -> Analysis:
    return make_analysis()


ERRORS = (0.02, -0.12, 0.005, -0.03, 0.16, 0.01, -0.06, 0.04)  # of the predictions of each subject, in turn
BEYOND = Design.of(
    [AT.replace(V=V) for V in (8192, 16_384, 32_768)]
    + [AT.replace(T=T) for T in (128, 256, 512)]
    + [LARGE.replace(H=H) for H in (2048, 4096)]
)


def predicted_and_measured(analysis: Analysis, names: Sequence[str] = tuple(TRUTH)) -> Analysis:
    """The analysis of a run that holds predictions of ±10 % as well, and samples that show them off by ``ERRORS``."""
    predictions, rows = [], []
    for name in names:
        values = [each.estimate for each in analysis.fits[name, "seconds_per_eval"].predict(list(BEYOND))]
        for n, (point, value, error) in enumerate(zip(BEYOND, values, ERRORS, strict=True)):
            prediction = Prediction(
                subject=name,
                at=point,
                value=value,
                low=value / 1.1,
                high=value * 1.1,
                farther=2.0 + n,
                time_ratio=0.5 + n,
            )
            predictions.append(prediction.to_record())
            own = {"subject": name, **point, "process": 2, "below_floor": False, "timing": "whole", "stage": "beyond"}
            rows += [{**own, "block": block, "seconds_per_eval": value / (1 + error)} for block in (5, 6, 7)]
    frame = pd.concat([analysis.frame.assign(stage="sweep"), pd.DataFrame(rows)], ignore_index=True)
    frame.attrs = {**analysis.frame.attrs, "predictions": predictions}
    return replace(analysis, evidence=replace(analysis.evidence, frame=frame))


@pytest.fixture(scope="session")
def foresighted(analysis: Analysis) -> Analysis:
    return predicted_and_measured(analysis)


@pytest.fixture(scope="session")
def figures(analysis: Analysis) -> list[NamedFigure]:
    return gallery(analysis)


@pytest.fixture(scope="session")
def report(analysis: Analysis, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a written report."""
    folder = tmp_path_factory.mktemp("report")
    write_report(analysis, folder)
    return folder
