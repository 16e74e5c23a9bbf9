"""An experiment on a clock of its own: laws, noise and effects of points are known, and hours pass in seconds.

Two algorithms with the costs that the derivation gives, at the points of two lines and some corners; a sample is off by
lognormal noise, one in ten takes 1.5 to 3 times as long, and every point has an effect of its own that no repetition
shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import (
    Claim,
    CostLaw,
    Design,
    Evaluation,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    RatioClaim,
    ShareClaim,
    Subject,
)

LAWS = {"slow": CostLaw("T*H*V + T*(T+1)/2*H**2 + T"), "fast": CostLaw("T*H*V + T*H**2 + T")}
SECONDS_PER_UNIT = {"slow": (1e-8, 1e-8, 1e-3), "fast": (1e-8, 1e-8, 1e-3)}  # of each term: a unit is an operation
START_UP_SECONDS = 0.5  # of a measuring process
BASE = Point(V=800, H=100, T=16)
DESIGN = (
    Design.lines(BASE, {"V": [100, 200, 400, 1600, 3200, 6400], "T": [4, 8, 32, 64, 128], "H": [25, 50, 200, 400]})
    + Design.corners({"V": (100, 3200), "H": (50, 200), "T": (4, 64)})
    + Design.lines(Point(V=50, H=200, T=8), {"T": [2, 4, 16, 32], "H": [50, 100, 400, 800]})
)
RATIO_POINTS = Design.grid({"V": [50], "H": [200], "T": [4, 8, 16, 32]})
RATIO = "(V + H*(T+1)/2) / (V + H)"

CLAIMS: tuple[Claim, ...] = (
    ExponentClaim(name="T of slow", subject="slow", factor="T", terms=("T*(T+1)/2*H**2",), at=BASE.replace(T=64)),
    ExponentClaim(name="H of fast", subject="fast", factor="H", terms=("T*H**2",), at=Point(V=50, H=800, T=8)),
    ExponentClaim(name="V of fast", subject="fast", factor="V", terms=("T*H*V",), at=BASE.replace(V=3200)),
    ShareClaim(name="V dominates", subject="fast", factor="V", at=BASE, share=0.5),
    RatioClaim(name="slow/fast", subject="slow", over="fast", ratio=RATIO, points=RATIO_POINTS, margin=0.25),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Noise:
    """Relative scatter of samples and of points, and the share of samples that something else disturbs.

    ``slow`` is by how much a whole spell of time is slower, every other one, each of ``spell_seconds``.
    """

    samples: float = 0.05
    points: float = 0.01
    disturbed: float = 0.1
    slow: float = 0.0
    slow_period_seconds: float = 20.0


def experiment(
    clock: FakeClock,
    seed: int,
    *,
    noise: Noise | None = None,
    blocks: int = 10,
    claims: tuple[Claim, ...] = CLAIMS,
) -> Experiment:
    """The experiment on a clock that its evaluations move; the profile ``standard`` is the fixed design."""
    chosen, rng = noise or Noise(), np.random.default_rng(seed)
    subjects = tuple(_subject(name, clock, rng, chosen) for name in LAWS)
    return Experiment(
        name="simulated",
        factors=tuple(Factor(name=name) for name in ("V", "H", "T")),
        subjects=subjects,
        profiles={"standard": Profile(design=DESIGN, blocks=blocks, seconds_per_sample=1e-9, processes=2)},
        claims=claims,
        placebo="fast",
    )


def _subject(name: str, clock: FakeClock, rng: np.random.Generator, noise: Noise) -> Subject:
    law, prices = LAWS[name], SECONDS_PER_UNIT[name]
    effects: dict[Mapping[str, float], float] = {}

    def prepare(point: Point) -> Evaluation:
        effect = effects.setdefault(point, float(np.exp(rng.normal(0.0, noise.points))))
        exact = effect * float(law.evaluate(dict(point), prices))

        def evaluations() -> Iterator[None]:  # what moves the clock is out of the reach of inspections
            while True:
                slower = rng.uniform(1.5, 3.0) if rng.random() < noise.disturbed else 1.0
                slower *= 1 + noise.slow * (clock.now() // noise.slow_period_seconds % 2)
                clock.advance(exact * slower * float(np.exp(rng.normal(0.0, noise.samples))))
                yield

        each = evaluations()
        return lambda: next(each)

    return Subject(name=name, prepare=prepare, law=law, overhead=())
