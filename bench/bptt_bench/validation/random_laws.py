"""Random laws and simulated measurements of them, to see how often a law is found in measurements alone.

A law is a sum of one or two terms, each p^i·log(p)^j in some of the factors, with a constant in half of the cases. The
measurements have lognormal noise, and a tenth of the samples is 1.5 to 3 times as long. Laws outside the family of the
search have the power 1.3, three terms, or a jump.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL, count_column
from bptt_bench.plan.experiment.subject import OPERATIONS
from bptt_bench.validation.simulate import DISTURBANCE

if TYPE_CHECKING:
    import pandas as pd

Kind: TypeAlias = Literal["inside", "power", "three", "jump"]
DISTURBED = 0.1  # of the samples
FACTORS = ("n", "m", "k")
POWERS = {0.25: 0.04, 0.5: 0.14, 0.75: 0.04, 1: 0.36, 1.25: 0.04, 1.5: 0.12, 1.75: 0.02, 2: 0.16, 2.5: 0.03, 3: 0.05}
LOGS = {0: 0.7, 1: 0.25, 2: 0.05}
WITH_FACTOR = 0.65  # probability that a term has a factor
LEAST_SHARE = 0.2  # of a term, at the point where its share is largest: less is not seen in any data
SHARES = (0.1, 10.0)  # range of the second term over the first in the middle
CONSTANTS = (0.02, 0.5)  # range of the constant over the law at the smallest point
SECONDS = 1e-3  # in the middle
OPERATION_SECONDS = (3e-10, 3e-9)  # range of the time of an operation
OUTSIDE_POWER = 1.3
JUMP = (1.5, 2.5)  # range of the slowdown beyond a level
BEYOND = 4.0  # times every largest level, where predictions are judged


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomLaw:
    """A law with its coefficients, without and with what lies outside the family.

    ``threshold``, ``slowdown``: of a jump in the first factor.
    """

    law: CostLaw
    constant: bool
    coefficients: Array
    levels: Mapping[str, Array]
    threshold: float = np.inf
    slowdown: float = 1.0

    def seconds(self, points: Mapping[str, Array]) -> Array:
        """Return the seconds at points (n,)."""
        full = self.law.plus("1") if self.constant else self.law
        jump = np.where(points["n"] > self.threshold, self.slowdown, 1.0)
        return np.asarray(full.evaluate(dict(points), self.coefficients) * jump)

    @property
    def largest(self) -> dict[str, float]:
        """The largest level of every factor."""
        return {name: float(values.max()) for name, values in self.levels.items()}

    @property
    def beyond(self) -> dict[str, float]:
        """The point beyond every factor at which predictions are judged."""
        return {name: BEYOND * level for name, level in self.largest.items()}

    def slope(self, factor: str, at: Mapping[str, float]) -> float:
        """Return the local exponent in a factor at a point."""
        step = 1e-4
        ends = {name: np.array([level, level]) for name, level in at.items()}
        ends[factor] = at[factor] * np.exp([step, -step])
        up, down = self.seconds(ends)
        return float(np.log(up / down) / (2 * step))


def random_design(n_factors: int, rng: np.random.Generator) -> dict[str, Array]:
    """Return the points: 7 levels of one factor, 5 by 5 of two, and the faces through the middle of three."""
    names = FACTORS[:n_factors]
    n_levels, ratio = (7, rng.uniform(1.8, 2.5)) if n_factors == 1 else (5, rng.uniform(2.0, 3.0))
    axes = [np.round(rng.choice([16, 50, 200, 1000]) * ratio ** np.arange(n_levels)) for _ in names]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, n_factors)
    middle = np.array([axis[n_levels // 2] for axis in axes])
    on_face = (grid == middle).any(axis=1) if n_factors == 3 else np.ones(len(grid), dtype=bool)
    return {name: grid[on_face, i] for i, name in enumerate(names)}


def random_law(n_factors: int, kind: Kind, rng: np.random.Generator) -> RandomLaw:
    """Return a random law with a design of its own."""
    levels = random_design(n_factors, rng)
    while True:
        n_terms = 3 if kind == "three" else 1 if kind == "power" else int(rng.integers(1, 3))
        terms = [_random_term(tuple(levels), kind, rng) for _ in range(n_terms)]
        law = CostLaw(" + ".join(terms))
        if len(law.terms) == n_terms and set(law.factors) == set(levels):
            columns = law.columns(levels)
            middle = np.exp(np.log(columns).mean(axis=0))
            low, high = np.log(SHARES).tolist()
            ratios = np.exp(rng.uniform(low, high, n_terms))
            c = SECONDS * ratios / ratios.sum() / middle
            shares = columns * c / (columns @ c)[:, None]
            if (shares.max(axis=0) >= LEAST_SHARE).all():
                break
    constant = bool(rng.random() < 0.5)
    if constant:
        c = np.append(c, (columns @ c).min() * np.exp(rng.uniform(math.log(CONSTANTS[0]), math.log(CONSTANTS[1]))))
    jump = kind == "jump"
    return RandomLaw(
        law=law,
        constant=constant,
        coefficients=c,
        levels=levels,
        threshold=float(np.sort(np.unique(levels["n"]))[-3]) if jump else np.inf,
        slowdown=float(rng.uniform(*JUMP)) if jump else 1.0,
    )


def _random_term(names: tuple[str, ...], kind: Kind, rng: np.random.Generator) -> str:
    chosen = [name for name in names if rng.random() < WITH_FACTOR] or [str(rng.choice(names))]
    if kind == "power":
        chosen = list(names)
    parts = []
    for name in chosen:
        power = (
            OUTSIDE_POWER
            if kind == "power" and name == names[0]
            else float(rng.choice([*POWERS], p=[*POWERS.values()]))
        )
        logs = 0 if kind == "power" else int(rng.choice([*LOGS], p=[*LOGS.values()]))
        parts.append(name if power == 1 else f"{name}**{power:g}")
        parts += [f"log({name})" if logs == 1 else f"log({name})**{logs}"] if logs else []
    return "*".join(parts)


def count(law: RandomLaw, rng: np.random.Generator) -> pd.DataFrame:
    """Return simulated counts of the operations of a law at its points, without noise, as a run stores them.

    An operation of each term takes another time, so that counts have the terms of the time and other coefficients.
    """
    import pandas as pd

    low, high = np.log(OPERATION_SECONDS).tolist()
    full = law.law.plus("1") if law.constant else law.law
    operations = law.coefficients / np.exp(rng.uniform(low, high, len(law.coefficients)))
    counts = np.round(full.evaluate(dict(law.levels), operations))
    frame = pd.DataFrame({**law.levels, count_column(OPERATIONS): counts, "timing": "counts"})
    frame.attrs["factors"] = list(law.levels)
    return frame


def measure(law: RandomLaw, rng: np.random.Generator, *, noise: float = 0.05, repetitions: int = 5) -> pd.DataFrame:
    """Return simulated samples of a law at its points, as a table of factors and ``seconds_per_eval``."""
    import pandas as pd

    logs = np.log(law.seconds(law.levels))
    shape = (len(logs), repetitions)
    hit = rng.random(shape) < DISTURBED
    samples = logs[:, None] + noise * rng.standard_normal(shape)
    samples += np.where(hit, np.log(rng.uniform(*DISTURBANCE, shape)), 0.0)
    table = {name: np.repeat(values, repetitions) for name, values in law.levels.items()}
    frame = pd.DataFrame({**table, SECONDS_PER_EVAL: np.exp(samples).ravel()})
    frame.attrs["factors"] = list(law.levels)
    return frame
