"""Laws that change at a level: beyond it an evaluation takes longer, as outside a cache, or another algorithm runs.

Such a law has a term below the step and another above it, n²·(n ≤ 800) + n·(n > 800), or a term that costs more above,
n + n·(n > 64 000).
The step is named by the largest level below it. Where it is between that and the next one, no measurement says.

Source: Quandt (1960), "Tests of the hypothesis that a linear regression system obeys two separate regimes".
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.discover.extensions import Extension
from bptt_bench.analyse.discover.family import Family, Term, lattice
from bptt_bench.analyse.discover.finalists import Measured, Step
from bptt_bench.analyse.discover.search import Law
from bptt_bench.analyse.stats.arrays import Array, Flags, Index

STEP_COST = 3.5  # minus the log prior that a law changes at a level
FEWEST_LEVELS = 3  # on either side of a step
SIDES = tuple(lattice(q, j) for q, j in ((0, 0), (0, 1), (2, 0), (4, 0), (4, 1), (6, 0), (8, 0), (8, 1), (12, 0)))
KEPT = 6  # laws with a step whose weights are found
LEAST = 1e-4  # relative: the mean deviation of points from a law below which no law is better


class _Choice(NamedTuple):
    """A law with a step after a level: how good it is, its terms by their places, and minus its log prior."""

    score: float
    name: str  # of the factor
    level: float
    below: int
    above: int
    cost: float


def with_steps(
    singles: Sequence[Term],
    family: Family,
    levels: Mapping[str, Array],
    measured: Measured,
    law_cost: Callable[[Law], float],
) -> Iterator[Extension]:
    """Yield the likeliest laws with a step in a factor.

    Parameters
    ----------
    singles : terms of several factors that may be on both sides; of one factor the terms of either side are known.
    law_cost : returns minus the log prior of a law of the family.
    """
    is_one = len(family.factors) == 1
    terms = [(shape,) for shape in SIDES if np.isfinite(family.costs[0][shape])] if is_one else list(singles)
    values = family.columns(terms)
    usable = np.flatnonzero((values > 0).all(axis=1))
    terms, values = [terms[i] for i in usable], values[usable]
    below, above = np.divmod(np.arange(len(terms) ** 2), len(terms)) if is_one else (np.arange(len(terms)),) * 2
    pairs = [tuple(sorted({terms[i], terms[j]})) for i, j in zip(below, above, strict=True)]
    costs = np.array([np.inf if law == (family.constant,) else law_cost(law) for law in pairs])
    residual = measured.log_seconds - np.log(values)
    costs = costs + math.log(len(levels))
    found = [one for name, own in levels.items() for one in _choices(name, residual, own, (below, above), costs)]
    for one in sorted(found, key=lambda choice: -choice.score)[:KEPT]:
        texts = [family.text(terms[i]) for i in (one.below, one.above)]
        yield _extension(one, levels[one.name], texts, values[[one.below, one.above]], residual[one.below])


def _extension(choice: _Choice, levels: Array, texts: Sequence[str], values: Array, residual: Array) -> Extension:
    """Return a law with a step, given the texts and values (2, n) of its terms below and above.

    A term that costs more above the step is one of all levels, with what it costs more above. ``residual``: log times
    less the logarithm of the term below (n,).
    """
    is_below = levels <= choice.level
    is_above, more = ~is_below, float(np.median(residual[~is_below]) - np.median(residual[is_below]))
    name, low, high = choice.name, choice.level, float(levels[is_above].min())
    above, far_above = _text(texts[1], f"{name}>{_level(low)}"), _text(texts[1], f"{name}>={_level(high)}")
    if choice.below == choice.above and more > 0:
        step = Step(factor=name, low=low, high=high, far=((above, far_above),))
        return Extension((texts[0], above), np.column_stack([values[0], values[1] * is_above]), choice.cost, step)
    below, far_below = _text(texts[0], f"{name}<={_level(low)}"), _text(texts[0], f"{name}<{_level(high)}")
    step = Step(factor=name, low=low, high=high, far=((below, far_below), (above, far_above)))
    return Extension((below, above), np.column_stack([values[0] * is_below, values[1] * is_above]), choice.cost, step)


def _choices(name: str, residual: Array, levels: Array, sides: tuple[Index, Index], costs: Array) -> list[_Choice]:
    """Return the likeliest steps in a factor.

    Parameters
    ----------
    residual : log times less the logarithms of each term (m, n).
    levels : (n,).
    sides : places of the terms below and above (n_pairs,).
    costs : minus the log prior of each pair.
    """
    distinct = np.unique(levels)
    places = distinct[FEWEST_LEVELS - 1 : -FEWEST_LEVELS]
    if not len(places) or not len(costs):
        return []
    is_below = levels <= places[:, None]
    low, high = _deviations(residual, is_below), _deviations(residual, ~is_below)
    off = (low[sides[0]] + high[sides[1]]) / len(levels)
    every = np.asarray(costs[:, None] + STEP_COST + math.log(len(places)) + np.zeros(len(places)))
    score = -len(levels) * np.log(np.maximum(off, LEAST)) - every
    best = np.argsort(-score, axis=None, kind="stable")[:KEPT]
    return [
        _Choice(
            float(score[pair, place]),
            name,
            float(places[place]),
            int(sides[0][pair]),
            int(sides[1][pair]),
            float(every[pair, place]),
        )
        for pair, place in zip(*np.unravel_index(best, score.shape), strict=True)
    ]


def _deviations(residual: Array, inside: Flags) -> Array:
    """Return the sums of absolute deviations (m, n_places) of residuals (m, n) from their medians among some points.

    ``inside``: these points (n_places, n).
    """
    some = [residual[:, one] for one in inside]
    return np.column_stack([np.abs(each - np.median(each, axis=1, keepdims=True)).sum(axis=1) for each in some])


def _text(term: str, condition: str) -> str:
    return f"({condition})" if term == "1" else f"{term}*({condition})"


def _level(value: float) -> str:
    """Return a level as a law names it, as exact as it was measured."""
    return str(int(value)) if value.is_integer() else repr(value)
