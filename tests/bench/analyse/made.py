"""Data made from a known law, so that tests know what a fit must find."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from bptt_bench.plan import CostLaw, Design, Point
from numpy.typing import NDArray

Array = NDArray[np.float64]

LAW = "T*H*V + T*H*d + T*H**2"
BASE = Point(T=16, V=512, d=64, H=64)
DESIGN = Design.lines(
    BASE,
    {
        "T": [4, 8, 32, 64, 128],
        "V": [64, 128, 1024, 4096, 16384],
        "d": [16, 32, 256, 1024],
        "H": [16, 32, 128, 256],
    },
) + Design.corners({"T": (8, 64), "V": (64, 2048), "d": (32, 256), "H": (32, 256)})
FULL = CostLaw(LAW).plus("1", "T")
COEFFICIENTS = np.array([1e-10, 2e-10, 2e-10, 1e-5, 3e-6])  # seconds per unit of each term of FULL


def levels(design: Design = DESIGN) -> dict[str, Array]:
    """Levels of each factor, as arrays over the points."""
    return {name: np.array([point[name] for point in design], dtype=float) for name in design.points[0]}


def seconds(
    design: Design = DESIGN, law: CostLaw = FULL, coefficients: Sequence[float] | Array = COEFFICIENTS
) -> Array:
    """Exact seconds per evaluation at each point."""
    return law.evaluate(dict(levels(design)), coefficients)


def table(
    exact: Array,
    design: Design = DESIGN,
    *,
    rng: np.random.Generator | None = None,
    repetitions: int = 5,
    noise: float = 0.0,
    point_effects: float = 0.0,
    disturbed: float = 0.0,
) -> pd.DataFrame:
    """Samples about exact times: points have effects of their own, and some samples take 1.5 to 3 times as long."""
    n = len(exact)
    logs = np.repeat(np.log(exact), repetitions)
    if rng is not None:
        logs = logs + np.repeat(rng.normal(0, point_effects, n), repetitions) + rng.normal(0, noise, n * repetitions)
        hit = rng.random(n * repetitions) < disturbed
        logs[hit] += np.log(rng.uniform(1.5, 3, hit.sum()))
    columns: dict[str, Any] = {name: np.repeat(values, repetitions) for name, values in levels(design).items()}
    frame = pd.DataFrame({**columns, "block": np.tile(np.arange(repetitions), n), "seconds_per_eval": np.exp(logs)})
    frame.attrs["factors"] = list(columns)
    return frame


def run(
    times: Mapping[str, Array],
    design: Design,
    *,
    rng: np.random.Generator | None = None,
    blocks: int = 5,
    noise: float = 0.0,
    disturbed: float = 0.0,
    phases: Mapping[str, Mapping[str, Array]] | None = None,
) -> pd.DataFrame:
    """A run as ``load`` gives it: whole times by subject, and phase times by subject and phase."""
    parts = []
    for subject, exact in times.items():
        part = table(exact, design, rng=rng, repetitions=blocks, noise=noise, disturbed=disturbed)
        parts.append(part.assign(subject=subject, timing="whole"))
    for subject, by_phase in (phases or {}).items():
        part = table(np.ones(len(design)), design, repetitions=blocks).drop(columns="seconds_per_eval")
        for phase, exact in by_phase.items():
            made = table(exact, design, rng=rng, repetitions=blocks, noise=noise, disturbed=disturbed)
            part[f"{phase}_seconds_per_eval"] = made["seconds_per_eval"]
        parts.append(part.assign(subject=subject, timing="phases"))
    frame = pd.concat(parts, ignore_index=True).assign(below_floor=False)
    frame.attrs.update(factors=list(design.points[0]), run={"profile": "quick"}, checks=[], skips=[])
    return frame
