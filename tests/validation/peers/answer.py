"""What is asked of every peer, and how an answer is scored against the truth: the same points for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from bptt_bench.plan import Point
from bptt_bench.validation.score import BEYOND, beyond, longest
from bptt_bench.validation.simulate import LEVELS, MIDDLE, Setting, Truth
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Array = NDArray[np.float64]

FACTORS: tuple[str, ...] = tuple(LEVELS)
STEP = 1e-3  # of log factor, either side, for a local exponent by central difference: its own error is about 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a peer made of a table of samples.

    Attributes
    ----------
    seconds_at : predicted seconds at the points asked, in their order; NaN where the peer does not say.
    orders : order in T -> ``this`` (the truth), ``other`` or ``undetermined``; empty if the peer does not choose.
    seconds_per_fit : wall-clock seconds of the fit alone.
    model : the fitted model in the peer's own words.
    """

    seconds_at: Array
    seconds_per_fit: float
    orders: Mapping[str, str] = field(default_factory=dict)
    model: str = ""


class Peer(Protocol):
    """A tool that is given the same table as ours."""

    def __call__(self, frame: pd.DataFrame, setting: Setting, asked: Sequence[Point]) -> Answer:
        """Fit the table and answer at the points asked."""


def questions(setting: Setting, truth: Truth) -> list[Point]:
    """The points that every peer is asked: beyond every factor, beyond in T alone, and a step either side of a point.

    The last are two for each factor around the point where ours is asked for its local exponents.
    """
    at = longest(truth, setting)
    steps = [at.replace(**{name: at[name] * np.exp(sign * STEP)}) for name in FACTORS for sign in (1, -1)]
    return [beyond(), MIDDLE.replace(T=BEYOND * max(LEVELS["T"])), *steps]


def levels_of(points: Sequence[Point]) -> dict[str, Array]:
    """Levels of each factor, as arrays over the points."""
    return {name: np.array([point[name] for point in points], dtype=np.float64) for name in FACTORS}


def scored(answer: Answer, setting: Setting, truth: Truth) -> dict[str, float | Mapping[str, str] | None]:
    """Errors of an answer to ``questions``; ``None`` where the peer says nothing or nothing positive."""
    far, far_in_t, *steps = answer.seconds_at
    exact, exact_in_t = truth.at(levels_of(questions(setting, truth)))[:2]
    return {
        "error_beyond": _relative(far, exact),
        "error_beyond_t": _relative(far_in_t, exact_in_t),
        "exponent_error": _exponent_error(np.array(steps), truth, longest(truth, setting)),
        "orders": dict(answer.orders),
        "seconds_per_fit": answer.seconds_per_fit,
    }


def _relative(estimate: float, exact: float) -> float | None:
    return abs(float(estimate) / float(exact) - 1) if np.isfinite(estimate) else None


def _exponent_error(steps: Array, truth: Truth, at: Point) -> float | None:
    """Largest error of a local exponent over the factors, from predictions a step up and a step down of each."""
    if not (steps > 0).all():  # also where they are NaN
        return None
    up, down = steps.reshape(-1, 2).T
    exponents = np.log(up / down) / (2 * STEP)
    return max(abs(float(e) - truth.local_exponent(name, at)) for name, e in zip(FACTORS, exponents, strict=True))


def per_point(frame: pd.DataFrame) -> tuple[list[Point], list[list[float]]]:
    """The points of a table in the order in which they appear, and the samples of each (seconds per evaluation)."""
    found: dict[Point, list[float]] = {}
    for *levels, seconds in frame[[*FACTORS, "seconds_per_eval"]].to_numpy(dtype=np.float64).tolist():
        found.setdefault(Point(dict(zip(FACTORS, levels, strict=True))), []).append(seconds)
    return list(found), list(found.values())
