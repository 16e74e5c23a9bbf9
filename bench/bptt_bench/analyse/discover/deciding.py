"""The measurement that would decide between the laws of a set: the cheapest point at which they differ clearly."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from scipy.special import ndtri

from bptt_bench.analyse.data.columns import TOGETHER
from bptt_bench.analyse.discover.law_set import Candidate, DecidingMeasurement, LawSet
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.text.units import SECOND

EVALUATIONS = 5  # at the deciding point
CLEARLY = 3.0  # standard errors between the predictions of two laws that a measurement distinguishes
FARTHEST, N_STEPS = 256.0, 17  # times the largest level; steps of half a power of two
# whole numbers that may count what there is little more of, and times their largest level, also if the time falls
SMALL, FARTHEST_OF_SMALL, FARTHEST_OF_FALLING = 1000.0, 16.0, 4.0
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
    with np.errstate(invalid="ignore"):  # laws without any scatter that say the same
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
    all factors together. Factors that go together in all points grow together.
    """
    fit = answer.fit
    levels = {name: np.unique(values) for name, values in fit.levels.items() if len(np.unique(values)) > 1}
    groups = _together({name: fit.levels[name] for name in levels})
    farthest = {name: _farthest(answer, name, own) for name, own in levels.items()}
    fixed = {name: float(values[0]) for name, values in fit.levels.items() if name not in levels}
    for step in (FARTHEST ** np.linspace(1 / (N_STEPS - 1), 1, N_STEPS - 1)).tolist():
        grown = [_grown(group, min(step, *(farthest[name] for name in group)), levels) for group in groups]
        for group, own in zip(groups, grown, strict=True):
            if step > min(farthest[name] for name in group):
                continue
            for others in (0.0, 0.5, 1.0):
                beside = {one: float(np.quantile(some, others, method="nearest")) for one, some in levels.items()}
                yield {**fixed, **beside, **own}
        yield {**fixed, **{name: level for own in grown for name, level in own.items()}}


def _farthest(answer: Candidate, name: str, measured: Array) -> float:
    """Return up to how many times its largest level a factor may be measured.

    Small whole numbers may count what there is little more of. If the time falls with them, as with threads, there is
    hardly any; if they are 1, 2, 3 … there is none, as of versions.
    """
    if not (measured % 1 == 0).all() or measured[-1] >= SMALL:
        return FARTHEST
    falls = name in answer.law.factors and answer.fit.law_exponent(name, answer.fit.largest) < 0
    if not falls:
        return FARTHEST_OF_SMALL
    return 1.0 if measured[0] <= 1 and (np.diff(measured) == 1).all() else FARTHEST_OF_FALLING


def _grown(group: Mapping[str, float], step: float, levels: Mapping[str, Array]) -> dict[str, float]:
    """Return the levels of a group of factors when its first one is some times its largest level."""
    first = next(iter(group))
    level = _round(float(levels[first][-1]) * step, levels[first])
    times = level / float(levels[first][-1])
    others = {name: float(levels[name][-1]) * times**power for name, power in group.items() if name != first}
    return {first: level, **{name: _whole(one, levels[name]) for name, one in others.items()}}


def _together(levels: Mapping[str, Array]) -> list[dict[str, float]]:
    """Return groups of factors that go together in all points, each with its power of the first of its group."""
    groups: list[dict[str, float]] = []
    for name, values in levels.items():
        for group in groups if (values > 0).all() else ():
            first = levels[next(iter(group))]
            if (first > 0).all() and np.corrcoef(np.log(first), np.log(values))[0, 1] > TOGETHER:
                group[name] = float(np.ptp(np.log(values)) / np.ptp(np.log(first)))
                break
        else:
            groups.append({name: 1.0})
    return groups


def _round(level: float, measured: Array) -> float:
    """Return a level to two digits, a whole number if all measured ones are."""
    return _whole(float(f"{level:.2g}"), measured)


def _whole(level: float, measured: Array) -> float:
    return round(level) if (measured % 1 == 0).all() else level
