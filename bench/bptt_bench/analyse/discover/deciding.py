"""The measurement that would decide between the laws of a set: the cheapest point at which they differ clearly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.special import ndtri

from bptt_bench.analyse.discover.law_set import Candidate, DecidingMeasurement, LawSet
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.text.units import SECOND

EVALUATIONS = 5  # at the deciding point
CLEARLY = 3.0  # standard errors between the predictions of two laws that a measurement distinguishes
FARTHEST, N_STEPS = 256.0, 17  # times the largest level; steps of half a power of two
LONGEST = 1000.0  # times the longest measured time
ENOUGH = 0.9  # of the largest weight of laws that any point would exclude


def deciding_measurement(found: LawSet, *, within: float = math.inf) -> DecidingMeasurement | None:
    """Return the cheapest point at which a measurement would exclude most of the other laws; None if none would.

    ``within``: the seconds that it may take.
    """
    answer = found.answer
    others = [one for one in found.candidates if one is not answer]
    if not others:
        return None
    points = list(_points(answer))
    middle, width = _predictions([answer, *others], points)
    noise = (answer.fit.noise.relative or answer.fit.scatter) ** 2 / EVALUATIONS
    apart = np.abs(middle[1:] - middle[0]) / np.sqrt(width[1:] ** 2 + width[0] ** 2 + noise)
    amount = EVALUATIONS * np.exp(middle[0])
    unit = answer.fit.unit
    scale = unit.scale if unit is not None and unit.base == SECOND.base else None
    longest = min(LONGEST * float(answer.fit.points["fitted"].max()), within / (scale or 1.0))
    excluded = np.where(apart > CLEARLY, np.array([one.weight for one in others])[:, None], 0.0).sum(axis=0)
    excluded = np.where(np.isfinite(amount) & (amount < longest), excluded, 0.0)
    if not excluded.max() > 0:
        return None
    enough = np.flatnonzero(excluded >= ENOUGH * excluded.max())
    best = int(enough[np.argmin(amount[enough])])
    return DecidingMeasurement(
        at=points[best],
        seconds=None if scale is None else float(amount[best]) * scale,
        this=answer.law.text,
        others=tuple(one.law.text for one, far in zip(others, apart[:, best], strict=True) if far > CLEARLY),
    )


def _predictions(laws: Sequence[Candidate], points: Sequence[Mapping[str, float]]) -> tuple[Array, Array]:
    """Return logarithms of the predictions of laws at points and their standard errors (laws, m) each."""
    table = np.array([[tuple(interval) for interval in one.fit.curve(points)] for one in laws])
    with np.errstate(all="ignore"):
        logs = np.log(table)
    width = (logs[:, :, 2] - logs[:, :, 1]) / (2 * ndtri((1 + laws[0].fit.confidence) / 2))
    return logs[:, :, 0], np.where(np.isfinite(width), width, math.inf)


def _points(answer: Candidate) -> Iterator[dict[str, float]]:
    """Yield points beyond the measured ones: in each factor alone, with the others small, middling and large, and in
    all factors together.
    """
    fit = answer.fit
    levels = {name: np.unique(values) for name, values in fit.levels.items() if len(np.unique(values)) > 1}
    steps = FARTHEST ** np.linspace(1 / (N_STEPS - 1), 1, N_STEPS - 1)
    fixed = {name: float(values[0]) for name, values in fit.levels.items() if name not in levels}
    for step in steps:
        for name, own in levels.items():
            for others in (0.0, 0.5, 1.0):
                beside = {one: float(np.quantile(some, others, method="nearest")) for one, some in levels.items()}
                yield {**fixed, **beside, name: _round(float(own[-1] * step), own)}
        yield {**fixed, **{name: _round(float(some[-1] * step), some) for name, some in levels.items()}}


def _round(level: float, measured: Array) -> float:
    """Return a level to two digits, a whole number if all measured ones are."""
    found = float(f"{level:.2g}")
    return round(found) if (measured % 1 == 0).all() else found
