"""The closed form of a function of a point, if it is a polynomial: found by evaluating it at small points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bptt_bench.plan.design.design import Factor, Point

MOST_DEGREES = 3  # of a polynomial: arrays of three sizes at most
MOST_FACTORS = 5  # with more, points cannot distinguish all monomials
SPARE_PROBES = 2  # times as many points as monomials, at which a polynomial must give what the function gives
EXACT_BELOW = 2.0**53  # whole numbers that float64 holds


def find_closed_forms(
    function: Callable[[Point], Sequence[Any]],
    factors: Sequence[Factor],
    fixed: Mapping[str, str],
    points: Sequence[Point],
    values: Sequence[Sequence[Any]],
) -> list[str | None]:
    """Return the polynomial of each number that a function gives, as the text of a law; None where it is not one.

    A polynomial has whole coefficients and gives every value exactly, at the points and where the function is evaluated
    besides.

    Parameters
    ----------
    factors : of numbers.
    fixed : levels of the categories, at which the function is evaluated.
    values : (n_points, n) what it gives at the points.
    """
    count = len(values[0])
    given = _whole_numbers(values)
    if given is None or not factors or len(factors) > MOST_FACTORS:
        return [None] * count
    every = itertools.product(range(MOST_DEGREES + 1), repeat=len(factors))
    powers = [power for power in every if sum(power) <= MOST_DEGREES]
    names = [factor.name for factor in factors]
    probes, answers = [], []
    for levels in _probes(factors, SPARE_PROBES * len(powers)):
        try:
            answer = list(function(Point({**dict(zip(names, levels, strict=True)), **fixed})))
        except Exception:  # noqa: BLE001, S112  # a function of the user, at points of our own
            continue
        if len(answer) == count:
            probes.append(levels)
            answers.append(answer)
    probed = _whole_numbers(answers)
    if probed is None:
        return [None] * count
    columns = _monomials(probes, powers)
    if np.linalg.matrix_rank(columns / columns.max(axis=0)) < len(powers):
        return [None] * count
    scale = columns.max(axis=0)
    weights = np.rint((np.linalg.lstsq(columns / scale, probed, rcond=None)[0].T / scale).T)
    there = _monomials([[point[name] for name in names] for point in points], powers)
    fits = _matches_exactly(columns, weights, probed) & _matches_exactly(there, weights, given)
    return [_text(names, powers, weights[:, i]) if fits[i] else None for i in range(count)]


def _whole_numbers(rows: Sequence[Sequence[Any]]) -> NDArray[np.float64] | None:
    """Return rows of whole numbers as a table; None if anything else is among them."""
    try:
        table = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        return None
    if table.ndim != 2 or not table.size or not (np.isfinite(table).all() and (table == np.rint(table)).all()):
        return None
    return table if (np.abs(table) < EXACT_BELOW).all() else None


def _matches_exactly(columns: NDArray[np.float64], weights: NDArray[np.float64], expected: NDArray[np.float64]) -> Any:
    """Return which polynomials give exactly what is expected (n,); none where the parts are too large to be exact."""
    exact = (np.abs(columns) @ np.abs(weights) < EXACT_BELOW).all(axis=0)
    return exact & (columns @ weights == expected).all(axis=0)


def _probes(factors: Sequence[Factor], count: int) -> list[list[int]]:
    """Return small levels, another mixture each time, the same at every call."""
    lowest = [max(1, math.ceil(factor.minimum or 1)) for factor in factors]
    steps = np.random.default_rng(count).integers(1, 8 + count // len(factors), size=(count, len(factors)))
    return [[low + step for low, step in zip(lowest, row, strict=True)] for row in steps.tolist()]


def _monomials(levels: Sequence[Sequence[Any]], powers: Sequence[Sequence[int]]) -> NDArray[np.float64]:
    table = np.array(levels, dtype=np.float64)
    return np.stack([np.prod(table ** np.array(power), axis=1) for power in powers], axis=1)


def _text(names: Sequence[str], powers: Sequence[Sequence[int]], weights: NDArray[np.float64]) -> str:
    terms = []
    for power, weight in zip(powers, weights.tolist(), strict=True):
        if weight:
            parts = [name if n == 1 else f"{name}**{n}" for name, n in zip(names, power, strict=True) if n]
            terms.append("*".join([*([f"{weight:.0f}"] if weight != 1 or not parts else []), *parts]))
    return " + ".join(terms) or "0"
