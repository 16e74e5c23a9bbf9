"""Simulated tables: the stated law holds, or the truth departs from it in a known way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from bptt_bench.plan import CostLaw
from numpy.typing import NDArray

from tests.tables.cases import HELD_OUT_SHARE, Array, Case, largest_quarter

Flags = NDArray[np.bool_]

NOISES = (0.02, 0.05, 0.1)  # relative standard deviation of a sample
SHARE_OF_OVERHEAD = (0.001, 0.1)  # of the median time
LAWS = (  # as stated, with the ends of the levels of each factor
    ("n*log(n)", {"n": (100, 1e6)}),
    ("n**2", {"n": (16, 4096)}),
    ("n*m", {"n": (32, 8192), "m": (4, 512)}),
    ("n*m + n**2", {"n": (32, 4096), "m": (4, 512)}),
    ("M*N*K + M*K + K*N + M*N", {"M": (64, 8192), "N": (16, 8192), "K": (64, 8192)}),
    ("T*B*H**2 + T*H**2 + T*B*H", {"T": (8, 512), "B": (8, 256), "H": (64, 2048)}),
)


class Truth(NamedTuple):
    """Levels of points, the stated law's terms there (n, k), their coefficients, and which of them are learnt from."""

    law: CostLaw
    levels: dict[str, Array]
    columns: Array
    coefficients: Array
    size: Array
    kept: Flags

    @property
    def seconds(self) -> Array:
        """The times by the law."""
        return np.asarray(self.columns @ self.coefficients)

    def at_quantile(self, share: float) -> float:
        """Return the size below which a share of all points lies."""
        return float(np.quantile(self.size, share))


Departure = Callable[[Truth, np.random.Generator], Array]


def right(truth: Truth, _: np.random.Generator) -> Array:
    """Return the times by the law."""
    return truth.seconds


def wrong_power(truth: Truth, rng: np.random.Generator) -> Array:
    """Return times that grow with one factor by another power, 0.2 to 0.5 more or less."""
    name = str(rng.choice(list(truth.levels)))
    change = rng.uniform(0.2, 0.5) * rng.choice([-1, 1])
    level = truth.levels[name]
    return np.asarray(truth.seconds * (level / np.median(level)) ** change)


def missing_term(truth: Truth, rng: np.random.Generator) -> Array:
    """Return times with another term, of a third to twice the time at the largest point that is learnt from."""
    name = str(rng.choice(list(truth.levels)))
    grown = truth.seconds * truth.levels[name] ** rng.uniform(0.5, 1.0)
    largest = int(np.argmax(np.where(truth.kept, truth.size, 0)))
    return np.asarray(truth.seconds + grown * rng.uniform(0.33, 2.0) * truth.seconds[largest] / grown[largest])


def saturation(truth: Truth, rng: np.random.Generator) -> Array:
    """Return times that do not fall below a level, as of a machine that small work does not fill."""
    floor = float(np.quantile(truth.seconds, rng.uniform(0.3, 0.6)))
    return np.maximum(truth.seconds, floor)


def jump(ends: tuple[float, float]) -> Departure:
    """Return a departure: times that are 1.5 to 3 times as long beyond a size, at a quantile between the ends."""

    def departed(truth: Truth, rng: np.random.Generator) -> Array:
        beyond = truth.size > truth.at_quantile(rng.uniform(*ends))
        return np.asarray(truth.seconds * np.where(beyond, rng.uniform(1.5, 3.0), 1.0))

    return departed


KINDS: Mapping[str, Departure] = {
    "right": right,
    "wrong power": wrong_power,
    "missing term": missing_term,
    "saturation": saturation,
    "jump before": jump((0.3, 0.65)),
    "jump after": jump((1 - HELD_OUT_SHARE + 0.02, 0.95)),
}


def simulate(kind: str, trials: int, seed: int = 0) -> Iterator[Case]:
    """Yield cases of a kind, each with a law, a design and noise of its own."""
    for trial in range(trials):
        rng = np.random.default_rng([seed, list(KINDS).index(kind), trial])
        yield _case(kind, rng)


def _case(kind: str, rng: np.random.Generator) -> Case:
    text, ranges = LAWS[rng.integers(len(LAWS))]
    law = CostLaw(text)
    n = int(rng.integers(20, 32) if len(ranges) == 1 else rng.integers(32, 100))
    levels = {name: _levels(rng, n, *ends, single=len(ranges) == 1) for name, ends in ranges.items()}
    columns = law.columns(levels)
    shares = rng.uniform(0.2, 1.0, columns.shape[1])  # of each term in the time of a typical point
    coefficients = 1e-3 * shares / np.median(columns, axis=0)
    size = columns @ coefficients
    kept = ~largest_quarter(size)
    exact = KINDS[kind](Truth(law, levels, columns, coefficients, size, kept), rng)
    exact = exact + np.median(exact) * np.exp(rng.uniform(*np.log(SHARE_OF_OVERHEAD)))
    repetitions, noise = int(rng.choice([1, 1, 3])), float(rng.choice(NOISES))
    rows = np.repeat(np.arange(n), repetitions)
    seconds = exact[rows] * np.exp(noise * rng.standard_normal(len(rows)))
    table = pd.DataFrame({**{name: values[rows] for name, values in levels.items()}, "seconds": seconds})
    table.attrs["factors"] = list(levels)
    learnt, held = (table[mask].reset_index(drop=True) for mask in (kept[rows], ~kept[rows]))
    return Case(kind=kind, law=text, factors=tuple(levels), kept=learnt, held=held, is_right=kind == "right")


def _levels(rng: np.random.Generator, n: int, low: float, high: float, *, single: bool) -> Array:
    """Return levels of a factor: many of a single one, some eight of each of several."""
    if single:
        return np.unique(np.round(np.geomspace(low, high, n)))[:n] if high / low > 2 * n else np.geomspace(low, high, n)
    grid = np.round(np.geomspace(low, high, int(rng.integers(5, 10))))
    return rng.choice(grid, n)
