"""The aggregated gradient where its recurrent term can be judged: what tries of ``compare`` measure.

Sizes where T*H**2 takes from a tenth to three quarters of the time, so that its price can be told from those of a step
and of the output. Results are checked by the tests of ``rnn``; here only time is of interest.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
from bptt_bench.plan import CostLaw, Design, Evaluation, Experiment, Factor, Point, Profile, Subject
from bptt_rnn.gradients import Workspace
from bptt_rnn.gradients.aggregated import aggregated
from bptt_rnn.model import Params

# T is a multiple of 10, so that a tenth of the steps is whole; d stays small, or T*H*d would be one more to tell.
POINTS = Design.of(
    {"V": V, "d": 8, "H": H, "T": T}
    for V, H, T in (
        *((16, H, 40) for H in (16, 48, 96)),
        *((16, H, 20) for H in (32, 128, 176, 224, 272, 320, 368)),
        *((320, H, 20) for H in (80, 160, 240)),
        *((640, H, 20) for H in (16, 64, 112)),
    )
)


def prepare(algorithm: Callable[..., object], point: Point) -> Evaluation:
    """Random parameters and tokens, the same on both sides."""
    V, d, H, T = (int(point[name]) for name in "VdHT")
    rng = np.random.default_rng((V, d, H, T))
    return functools.partial(algorithm, Params.init(V, d, H, rng), rng.integers(0, V, T + 1), None, Workspace(), None)


def experiment_of(algorithm: Callable[..., object]) -> Experiment:
    """The experiment with an algorithm in the place of the aggregated gradient."""
    return Experiment(
        name="recurrent term",
        factors=tuple(Factor(name=name) for name in "VdHT"),
        subjects=(
            Subject(
                name="aggregated",
                prepare=functools.partial(prepare, algorithm),
                law=CostLaw("T*H*V + T*H**2"),
                overhead=("T",),  # of which the rest of a call, nearly the same at all points, cannot be told
            ),
        ),
        profiles={
            "try": Profile(design=POINTS, blocks=15, seconds_per_sample=0.003, processes=5, phase_blocks=0),
        },
    )


EXPERIMENT = experiment_of(aggregated)
