"""Counts that depend on the data: mean and spread over inputs, and how the mean grows. Statistics, no exact laws."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bptt_bench.analyse.derive.sampling import OTHER_INPUTS, Component, Sampler, Sizes

INPUTS = 20  # of each size
LEVELS = 8  # of a factor, each twice the one before
SHARE = 1 / 8  # of the time, for the largest level of a factor; all smaller ones take about as much
ALREADY_TRIED = 100  # numbers of other inputs that the search may have used


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The mean of a count over inputs of the same sizes, with its standard deviation."""

    at: Mapping[str, int]
    mean: float
    deviation: float
    inputs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanGrowth:
    """The exponent with which a mean grows with a factor, between two levels, with its 95 % interval."""

    factor: str
    exponent: float
    low: float
    high: float
    between: tuple[int, int]


def spreads(sampler: Sampler, components: Sequence[Component]) -> dict[Component, list[Spread]]:
    """Return mean and spread of some counts, at a few sizes along the line of each factor."""
    if not components:
        return {}
    found: dict[Component, list[Spread]] = {component: [] for component in components}
    for place in range(len(sampler.names)):
        for sizes in _doubling(sampler, place):
            made = [sampler.repeated(sizes, OTHER_INPUTS + ALREADY_TRIED + i).counts for i in range(INPUTS)]
            counts = [each for each in made if each is not None]
            if len(counts) < 3:
                continue
            at = dict(zip(sampler.names, sizes, strict=True))
            for component in components:
                values = np.array([each.get(component, 0) for each in counts], dtype=np.float64)
                found[component].append(
                    Spread(at=at, mean=float(values.mean()), deviation=float(values.std(ddof=1)), inputs=len(values))
                )
    return found


def _doubling(sampler: Sampler, place: int) -> list[Sizes]:
    """Return sizes of a line, each twice the one before, up to the largest at which all inputs are affordable."""
    share = SHARE * sampler.limits.seconds / len(sampler.names)
    line = [sizes for sizes in sampler.line(place) if INPUTS * sampler.found[sizes].seconds <= share]
    largest = line[-1][place] if line else 0
    wanted = [largest >> shift for shift in reversed(range(LEVELS))]
    return [sampler.on_line(place, size) for size in wanted if size >= max(sampler.least[place], 2)]


def mean_growth(found: Sequence[Spread], factor: str) -> MeanGrowth | None:
    """Return how a mean grows with a factor between its two largest levels; None without two positive means.

    The interval is that of the difference of two logarithms, by the errors of the means.
    """
    others = [{name: size for name, size in one.at.items() if name != factor} for one in found]
    levels = [one for one, other in zip(found, others, strict=True) if others.count(other) > 1 and one.mean > 0]
    line = sorted({one.at[factor]: one for one in levels}.values(), key=lambda one: one.at[factor])
    if len(line) < 2:
        return None
    low, high = line[-2:]
    distance = math.log(high.at[factor] / low.at[factor])
    exponent = math.log(high.mean / low.mean) / distance
    variance = sum((one.deviation / one.mean) ** 2 / one.inputs for one in (low, high))
    half = _quantile(min(low.inputs, high.inputs) - 1) * math.sqrt(variance) / distance
    return MeanGrowth(
        factor=factor,
        exponent=exponent,
        low=exponent - half,
        high=exponent + half,
        between=(low.at[factor], high.at[factor]),
    )


def _quantile(degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, degrees))
