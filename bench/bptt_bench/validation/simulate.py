"""Simulated measurements of a law with random coefficients and noise of a known distribution.

True seconds, local exponents and coefficients are exact. Every generator is an argument, so that a seed determines the
table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw, Design, Point
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

LAWS: Mapping[str, CostLaw] = {
    "aggregated": CostLaw("T*H*V + T*H*d + T*H**2"),
    "naive": CostLaw("T*H*V + T*(T+1)/2*H*d + T*(T+1)/2*H**2"),
}
OVERHEAD: Mapping[str, float] = {"1": 20e-6, "T": 5e-6}  # seconds a call, and a step of the recurrence
TYPICAL = 1e-10  # seconds per unit of a law's term: a few multiply-adds of a core
SPREAD = 4.0  # coefficients lie between TYPICAL / SPREAD and TYPICAL * SPREAD: a factor of 16
DISTURBANCE = (1.5, 3.0)  # range of the factor by which a disturbed sample is slower
POINT_EFFECTS = 0.05  # relative standard deviation, in the settings that have any
NOISES = (0.01, 0.05, 0.1, 0.2)  # relative standard deviation of an undisturbed sample
LEVELS: Mapping[str, tuple[int, ...]] = {
    "V": (100, 300, 900, 2700, 8100),
    "d": (16, 32, 64, 128, 256),
    "H": (16, 32, 64, 128, 256),
    "T": (4, 12, 36, 108, 324),
}
MIDDLE = Point({name: levels[len(levels) // 2] for name, levels in LEVELS.items()})
CACHED_TERM, WORKING_SET = "T*H*V", "V*H"  # the term with a cache step, and its working set in bytes
STEP_BYTES = float(MIDDLE["V"] * MIDDLE["H"])  # working sets beyond it have the larger unit cost


def _cross_points() -> Design:
    """Return, for each two factors, the point with both at their largest level and the others in the middle."""
    names = list(LEVELS)
    pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :]]
    return Design.of(MIDDLE.replace(**{a: LEVELS[a][-1], b: LEVELS[b][-1]}) for a, b in pairs)


DESIGNS: Mapping[str, Design] = {
    "23": Design.lines(MIDDLE, LEVELS) + _cross_points(),
    "625": Design.grid(LEVELS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One kind of simulated measurement.

    Attributes
    ----------
    law, design : names in ``LAWS`` and ``DESIGNS``.
    noise : relative standard deviation of an undisturbed sample.
    point_effects : relative standard deviation of the effect of a point on all its samples, beyond the law.

    Raises
    ------
    ValueError : the law or the design is unknown, or a standard deviation is negative.
    """

    law: str
    design: str
    noise: float
    point_effects: float = 0.0

    def __post_init__(self) -> None:
        for name, allowed in (("law", LAWS), ("design", DESIGNS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"`{name}` must be one of {', '.join(allowed)}, got {getattr(self, name)!r}")
        for name in ("noise", "point_effects"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"`{name}` must be a number from 0, got {getattr(self, name)!r}")


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(law=law, design=design, noise=noise, point_effects=effects)
    for design in DESIGNS
    for law in LAWS
    for noise in NOISES
    for effects in (0.0, POINT_EFFECTS)
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Truth:
    """The truth of a simulated table: the full law and its coefficients (seconds per unit of a term).

    ``cache_step``: unit cost of ``CACHED_TERM`` beyond ``STEP_BYTES`` over that below; 1 without a step.
    """

    law: CostLaw
    coefficients: Array
    cache_step: float = 1.0

    def at(self, points: Mapping[str, ArrayLike]) -> Array:
        """Return the exact seconds per evaluation at a point, or at many given as arrays of equal shape."""
        return np.asarray((self.law.columns(points) * self._unit_costs(points)).sum(axis=-1))

    def local_exponent(self, factor: str, point: Mapping[str, float]) -> float:
        """Return ∂ log seconds / ∂ log factor at a point that is not on a step."""
        return self.law.local_exponent(factor, point, self._unit_costs(point).tolist())

    def _unit_costs(self, points: Mapping[str, ArrayLike]) -> Array:
        beyond = CostLaw(WORKING_SET).evaluate(points) > STEP_BYTES
        cached = [str(term) == CACHED_TERM for term in self.law.terms]
        steps = np.where(np.asarray(beyond)[..., None] & np.array(cached), self.cache_step, 1.0)
        return np.asarray(self.coefficients * steps)


def simulate(
    setting: Setting,
    rng: np.random.Generator,
    *,
    repetitions: int = 5,
    disturbed: float = 0.1,
    cache_step: float | None = None,
) -> tuple[pd.DataFrame, Truth]:
    """Return a table of samples like that of a run, and its truth.

    Parameters
    ----------
    repetitions : samples of each point, one a block.
    disturbed : probability that a sample is slower by a factor from ``DISTURBANCE``.
    cache_step : unit cost of ``CACHED_TERM`` beyond ``STEP_BYTES`` over that below; ``None`` without a step.
    """
    truth = _truth(setting, rng, cache_step)
    points = DESIGNS[setting.design].points
    levels = {name: np.array([point[name] for point in points], dtype=np.float64) for name in LEVELS}
    n = len(points)
    logs = np.log(truth.at(levels)) + setting.point_effects * rng.standard_normal(n)
    samples = logs[:, None] + setting.noise * rng.standard_normal((n, repetitions))
    hit = rng.random((n, repetitions)) < disturbed
    samples += np.where(hit, np.log(rng.uniform(*DISTURBANCE, (n, repetitions))), 0.0)
    return _table(levels, samples), truth


def _truth(setting: Setting, rng: np.random.Generator, cache_step: float | None) -> Truth:
    law = LAWS[setting.law]
    drawn = TYPICAL * SPREAD ** rng.uniform(-1, 1, len(law.terms))
    return Truth(
        law=law.plus(*OVERHEAD),
        coefficients=np.concatenate([drawn, list(OVERHEAD.values())]),
        cache_step=1.0 if cache_step is None else cache_step,
    )


def _table(levels: Mapping[str, Array], log_samples: Array) -> pd.DataFrame:
    """Return columns V, d, H, T, block, seconds_per_eval, from log seconds (n_points, repetitions)."""
    import pandas as pd

    n, repetitions = log_samples.shape
    frame = pd.DataFrame(
        {
            **{name: np.repeat(values, repetitions) for name, values in levels.items()},
            "block": np.tile(np.arange(repetitions), n),
            SECONDS_PER_EVAL: np.exp(log_samples).ravel(),
        }
    )
    frame.attrs["factors"] = list(levels)
    return frame
