"""The terms that a law may be made of: products of a shape of each factor, with the prior of each shape.

A shape is p^i·log(p)^j, i in quarters from 0 to 4 and j from 0 to 2. Where levels are small it is an exponential too,
and where the response falls with a factor, as with the number of processors, a power below 0.
The prior says which laws code has: whole powers are common, halves less so, quarters rare. Its figures are a judgement
and not a measurement; where the data decide, they do not matter.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from bptt_bench.analyse.stats.arrays import Array

MOST_QUARTERS, MOST_LOGS = 16, 2
N_LATTICE = (MOST_QUARTERS + 1) * (MOST_LOGS + 1)
FALLING = {-4: 0.6, -2: 0.2, -8: 0.2}  # prior weights of powers in quarters, of a factor with which the response falls
NEVER = 1e-300  # a prior weight
N_POWERS = N_LATTICE + len(FALLING)  # shapes that every factor has a place for; exponentials come after them
INVERSE = N_LATTICE  # the shape 1/p
ABSENT = 0  # the shape of a factor that a term does not have
Term: TypeAlias = tuple[int, ...]  # a shape of each factor, by its place in ``Family.texts``

WHOLE_POWERS = {1: 1.0, 2: 0.8, 3: 0.4, 4: 0.1}  # prior weights of powers, beside an absent factor of 1
HALF, QUARTER = 0.3, 0.1  # of powers up to 2; above, a third of it
LOGS = (1.0, 0.35, 0.08)  # of the powers of a logarithm beside a power
PURE_LOGS = (1.0, 0.2, 0.04)  # of a logarithm alone
EXPONENTIAL = 0.02
# Half of all laws are plain: their factors have none but these shapes, by quarters and logarithms.
PLAIN = {(0, 0): 0.30, (4, 0): 0.36, (8, 0): 0.17, (12, 0): 0.06, (4, 1): 0.05, (0, 1): 0.03, (2, 0): 0.03}
BASES = (2, 3)  # of exponentials, beside the one that is fitted
LARGEST_EXPONENT = 60.0  # natural logarithm of the largest exponential that is tried


@dataclass(frozen=True, slots=True)
class Family:
    """The shapes of each factor at some points.

    Attributes
    ----------
    factors : (d,).
    texts : of each factor, its shapes as a law writes them, the lattice first; empty where absent.
    values : of each factor, its shapes at the points (n_shapes, n).
    costs : minus the log prior of each (n_shapes,), infinite where a shape is undefined.
    plain_costs : the same in laws that are plain.
    """

    factors: tuple[str, ...]
    texts: tuple[tuple[str, ...], ...]
    values: tuple[Array, ...]
    costs: tuple[Array, ...]
    plain_costs: tuple[Array, ...]

    @property
    def constant(self) -> Term:
        """The term of no factor."""
        return (ABSENT,) * len(self.factors)

    def text(self, term: Term) -> str:
        """Return a term as a law writes it."""
        named = [self.texts[f][shape] for f, shape in enumerate(term) if shape != ABSENT]
        return "*".join(named) or "1"

    def cost(self, term: Term) -> float:
        """Return minus the log prior of a term."""
        return float(sum(self.costs[f][shape] for f, shape in enumerate(term)))

    def columns(self, terms: Sequence[Term]) -> Array:
        """Return the values of terms at the points (n_terms, n)."""
        shapes = np.array(terms, dtype=np.intp).reshape(len(terms), len(self.factors))
        found = self.values[0][shapes[:, 0]].copy()
        for f in range(1, len(self.factors)):
            found *= self.values[f][shapes[:, f]]
        return found


def lattice(quarters: int, logs: int) -> int:
    """Return the shape p^(quarters/4)·log(p)^logs."""
    return quarters * (MOST_LOGS + 1) + logs


def powers_of(shape: int) -> tuple[int, int] | None:
    """Return the quarters and logarithms of a shape; None for exponentials."""
    if shape < N_LATTICE:
        return divmod(shape, MOST_LOGS + 1)
    return (tuple(FALLING)[shape - N_LATTICE], 0) if shape < N_POWERS else None


def make_family(
    levels: Mapping[str, Array], rate: Mapping[str, float] | None = None, falling: Collection[str] = ()
) -> Family:
    """Return the shapes of some factors at points.

    Parameters
    ----------
    levels : of each factor (n,).
    rate : of factors, by how much the logarithm of the time grows at the largest levels for a step of 1, from which the
        base of an exponential follows.
    falling : the factors with which the time falls.
    """
    made = [
        _shapes(name, values, (rate or {}).get(name), is_falling=name in falling) for name, values in levels.items()
    ]
    texts, values, costs = zip(*made, strict=True)
    return Family(tuple(levels), texts, values, costs, tuple(map(_plain, costs)))


def _plain(costs: Array) -> Array:
    """Return minus the log prior of shapes in plain laws, given that in all."""
    found = np.full(len(costs), np.inf)
    for (quarters, logs), weight in PLAIN.items():
        shape = lattice(quarters, logs)
        found[shape] = -math.log(weight) if np.isfinite(costs[shape]) else np.inf
    if np.isfinite(costs[INVERSE]):
        found[INVERSE] = found[ABSENT]
    return found


def _shapes(name: str, levels: Array, rate: float | None, *, is_falling: bool) -> tuple[tuple[str, ...], Array, Array]:
    """Return texts, values (n_shapes, n) and costs (n_shapes,) of the shapes of a factor."""
    texts, values, weights = [], [], []
    with np.errstate(all="ignore"):
        log = np.log(levels)
        for quarters in range(MOST_QUARTERS + 1):
            for logs in range(MOST_LOGS + 1):
                texts.append(_text(name, quarters, logs))
                values.append(levels ** (quarters / 4) * (log**logs if logs else 1.0))
                weights.append(prior_weight(quarters, logs))
        for quarters, weight in FALLING.items():
            texts.append(f"{name}**({quarters / 4:g})")
            values.append(levels ** (quarters / 4) if is_falling else np.zeros(len(levels)))
            weights.append(weight if is_falling else NEVER)
        for base in _bases(levels, rate):
            texts.append(f"{base:g}**{name}")
            values.append(float(base) ** levels)
            weights.append(EXPONENTIAL)
    table = np.array(values)
    usable = np.isfinite(table).all(axis=1) & (table >= 0).all(axis=1) & table.any(axis=1)
    table[~usable] = 1.0
    costs = np.where(usable, -np.log(np.array(weights) / sum(weights)), np.inf)
    return tuple(texts), table, costs


def _text(name: str, quarters: int, logs: int) -> str:
    power = "" if quarters == 0 else name if quarters == 4 else f"{name}**{quarters / 4:g}"
    log = "" if logs == 0 else f"log({name})" if logs == 1 else f"log({name})**{logs}"
    return "*".join(filter(None, (power, log)))


def prior_weight(quarters: int, logs: int) -> float:
    """Return the prior weight of a shape of the lattice; 1 is that of an absent factor."""
    if quarters == 0:
        return PURE_LOGS[logs]
    if quarters % 4 == 0:
        power = WHOLE_POWERS[quarters // 4]
    else:
        power = (HALF if quarters % 2 == 0 else QUARTER) * (1.0 if quarters < 8 else 1 / 3)
    return power * LOGS[logs]


TOTAL_WEIGHT = sum(prior_weight(q, j) for q in range(MOST_QUARTERS + 1) for j in range(MOST_LOGS + 1))


def _bases(levels: Array, rate: float | None) -> list[float]:
    """Return the bases of exponentials that can be distinguished from powers at some levels."""
    largest = float(levels.max())
    if largest <= 0 or len(np.unique(levels)) < 3:
        return []
    fitted = [] if rate is None or not 0.01 < rate < 3 else [float(f"{math.exp(rate):.3g}")]
    return [
        base for base in dict.fromkeys([*map(float, BASES), *fitted]) if math.log(base) * largest < LARGEST_EXPONENT
    ]
