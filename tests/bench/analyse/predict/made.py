"""Fits to simulated tables in one or two factors, for tests of predictions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit
from numpy.typing import NDArray

Array = NDArray[np.float64]
N = np.geomspace(16, 16_384, 40)
GRID_N, GRID_M = (levels.ravel() for levels in np.meshgrid(np.geomspace(16, 4096, 9), np.geomspace(4, 256, 7)))


def one_factor(truth: Callable[[Array], Array], law: str, rng: np.random.Generator, noise: float = 0.03) -> Fit:
    """Fit a law in n to one sample at each of 40 levels."""
    seconds = truth(N) * np.exp(noise * rng.standard_normal(len(N)))
    return fit(pd.DataFrame({"n": N, "seconds_per_eval": seconds}), law)


def two_factors(truth: Callable[[Array, Array], Array], law: str, rng: np.random.Generator, noise: float = 0.03) -> Fit:
    """Fit a law in n and m to one sample at each point of a grid of 9 by 7."""
    seconds = truth(GRID_N, GRID_M) * np.exp(noise * rng.standard_normal(len(GRID_N)))
    return fit(pd.DataFrame({"n": GRID_N, "m": GRID_M, "seconds_per_eval": seconds}), law)
