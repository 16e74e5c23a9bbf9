"""Anchors: cells of a sweep that are measured again among the points beyond it.

Between a sweep and the test of its predictions a machine may have become faster or slower. Predictions are then off by
as much, whatever their law is worth. Anchors distinguish the two: at each of them the test and the sweep timed the same
work.

The logarithms of test over sweep, d_i with variances v_i, follow a random-effects model

    d_i ~ N(δ, v_i + τ²),

with a shift δ that all cells of a subject have in common, and a change τ that each cell has of its own. τ² is the
estimate by moments; the standard error of δ is the larger of the model's and that of the scatter of d_i about δ. A cell
that was not measured before has changed by N(δ, τ² + se²).

Source: DerSimonian & Laird (1986), "Meta-analysis in clinical trials", for τ²; Hartung & Knapp (2001), "A refined
method for the meta-analysis of controlled clinical trials with binary outcome", for the standard error; Higgins,
Thompson & Spiegelhalter (2009), "A re-evaluation of random-effects meta-analysis", section 3.4, for a new cell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptt_bench.analyse.evidence.evidence import fitted_samples, without_records
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Interval, t_quantile
from bptt_bench.analyse.stats.mixture import SMALLEST_NOISE
from bptt_bench.plan import Cell, Point
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

MOST_ANCHORS = 8  # of a subject: the error of their mean is a third of the change of one
FEWEST_ANCHORS = 3  # that are measured again, for their scatter to say something


class Shift(NamedTuple):
    """How much slower a subject was in the test than in its sweep, as logarithms of the ratio.

    Attributes
    ----------
    n : number of anchors.
    estimate, error : common to all cells, with its standard error.
    own : standard deviation of the change that each cell has of its own.
    half : half of the 95 % interval of the common shift; ``half_of_cell`` : of the change of a new cell.
    """

    n: int
    estimate: float
    error: float
    own: float
    half: float
    half_of_cell: float

    @property
    def ratio(self) -> Interval:
        """Time in the test over that in the sweep, with its 95 % interval."""
        ends = np.exp(self.estimate + self.half * np.array([0.0, -1.0, 1.0]))
        return Interval(*map(float, ends))

    def apply(self, predicted: Interval) -> Interval:
        """Return a prediction from the sweep at the speed of the test, with the uncertainty of the shift in it."""
        value, low, high = np.log(predicted)
        below, above = np.hypot([value - low, high - value], self.half_of_cell)
        moved = value + self.estimate
        return Interval(*map(float, np.exp([moved, moved - below, moved + above])))


def cell_seconds(frame: pd.DataFrame, subjects: Sequence[str]) -> dict[Cell, float]:
    """Return the median seconds of an evaluation at each cell of a sweep of these subjects, above the signal floor."""
    names = list(frame.attrs["factors"])
    swept = fitted_samples(without_records(frame))
    usable = swept["subject"].isin(list(subjects)) & (swept["timing"] == "whole") & ~swept["below_floor"].astype(bool)
    median = swept[usable.to_numpy()].groupby(["subject", *names], sort=False)[SECONDS_PER_EVAL].median().dropna()
    found = {
        Cell(subject, Point(dict(zip(names, levels, strict=True)))): float(value)
        for (subject, *levels), value in zip(median.index.tolist(), median.to_numpy(), strict=True)
    }
    return {cell: found[cell] for cell in sorted(found, key=lambda cell: subjects.index(cell.subject))}


def choose_anchors(seconds: Mapping[Cell, float]) -> list[Cell]:
    """Return the cells that are to be measured again, at most eight of each subject.

    They are evenly spaced in the order of their times, from the fastest to the slowest.
    """
    found: list[Cell] = []
    for subject in dict.fromkeys(cell.subject for cell in seconds):
        ranked = sorted((cell for cell in seconds if cell.subject == subject), key=seconds.__getitem__)
        ranks = np.linspace(0, len(ranked) - 1, min(MOST_ANCHORS, len(ranked))).round().astype(int)
        found += [ranked[rank] for rank in ranks.tolist()]
    return found


def estimate_shift(change: Array, variance: Array, confidence: float = 0.95) -> Shift | None:
    """Return the shift that anchors show; ``None`` with fewer than three.

    Parameters
    ----------
    change : logarithms of the time in the test over that in the sweep (n,).
    variance : of each (n,).
    """
    n = len(change)
    if n < FEWEST_ANCHORS:
        return None
    weight = 1 / variance
    apart = float(weight @ (change - weight @ change / weight.sum()) ** 2)
    own = max((apart - (n - 1)) / float(weight.sum() - (weight**2).sum() / weight.sum()), 0.0)
    weight = 1 / (variance + own)
    centre = float(weight @ change / weight.sum())
    scattered = float(weight @ (change - centre) ** 2) / (n - 1)
    error = float(np.sqrt(max(scattered, 1.0) / weight.sum()))
    quantile = t_quantile(confidence, n - 1)
    return Shift(
        n=n,
        estimate=centre,
        error=error,
        own=float(np.sqrt(own)),
        half=quantile * error,
        half_of_cell=quantile * float(np.hypot(error, np.sqrt(own))),
    )


def measured_again(before: Mapping[Point, tuple[float, float]], after: Mapping[Point, tuple[float, float]]) -> Array:
    """Return change and variance (2, n) of the points that were measured twice, from log locations and their errors."""
    both = [(before[point], after[point]) for point in after if point in before]
    found = [(new[0] - old[0], max(old[1] ** 2 + new[1] ** 2, SMALLEST_NOISE**2)) for old, new in both]
    return np.array(found).reshape(-1, 2).T
