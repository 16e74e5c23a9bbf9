"""Where the next seconds of measuring narrow the intervals under judgement most.

Visits are chosen one by one: each time the one whose samples lower Σ weight · log(half-width) most per second, over the
targets that are not yet as narrow as wanted. The variance of a fitted figure and that of a ratio fall ever more slowly
with the visits to one place, so that the greedy choice is close to the best one.
Source: Nemhauser, Wolsey & Fisher (1978), "An analysis of approximations for maximizing submodular set functions".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bptt_bench.analyse.adaptive.precision import (
    ExhaustedClaim,
    IntervalTarget,
    LinearisedFit,
    PairedSamples,
    TimedCell,
)
from bptt_bench.analyse.findings.obstacles import PrecisionLimit
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.stats.arrays import Array

HELPED = 0.9  # an interval that endless measuring would not make narrower than this share of itself gets no time
STALE = 0.01  # relative; what a new point promises is reckoned anew when it is about to be chosen
MOST_VISITS = 20  # to one cell in one allocation: samples taken one after the other share what disturbs them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forecast:
    """What an allocation does to a target: half-width wanted, expected after it, and attainable in endless time."""

    target: IntervalTarget
    wanted: float
    expected: float
    attainable: float

    @property
    def is_open(self) -> bool:
        return self.target.half_width > self.wanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allocation:
    """Visits to make.

    Attributes
    ----------
    visits : how often each cell is visited.
    together : of these, the visits to the cells of a ratio side by side.
    seconds_per_visit : of these cells.
    seconds : expected for all visits.
    served : by cell, the claim that it was first chosen for.
    new : cells where nothing has been measured yet.
    forecasts : of every target.
    exhausted : open claims that no sample helps, and why.
    """

    visits: Mapping[TimedCell, int]
    together: Mapping[tuple[TimedCell, ...], int]
    seconds_per_visit: Mapping[TimedCell, float]
    seconds: float
    served: Mapping[TimedCell, str]
    new: frozenset[TimedCell]
    forecasts: tuple[Forecast, ...]
    exhausted: tuple[ExhaustedClaim, ...]


def allocate(
    targets: Sequence[IntervalTarget],
    seconds_per_visit: Mapping[TimedCell, float],
    wanted: Sequence[float],
    *,
    seconds: float,
    new: Collection[TimedCell] = (),
    reach: bool = False,
    most_visits: int = MOST_VISITS,
) -> Allocation:
    """Spend some seconds on the visits that narrow the open targets most per second.

    Parameters
    ----------
    seconds_per_visit : of every cell that may be visited.
    wanted : half-width at which each target needs no more time.
    new : those among them at which nothing has been measured yet.
    most_visits : to one cell.
    reach : give no time to a target that cannot become as narrow as wanted, however long it is measured.
    """
    attainable = [_attainable(target, new) for target in targets]
    live, exhausted = list[int](), list[ExhaustedClaim]()
    for i, target in enumerate(targets):
        if target.half_width <= wanted[i]:
            continue
        if attainable[i] > HELPED * target.half_width or (reach and attainable[i] > wanted[i]):
            exhausted.append(ExhaustedClaim(target.claim, _limited(target, attainable[i])))
        else:
            live.append(i)
    choice = _GreedySelection(
        [targets[i] for i in live], [wanted[i] for i in live], seconds_per_visit, new, most_visits
    )
    spent = choice.spend(seconds)
    expected = dict(zip(live, choice.half_widths(), strict=True))
    return Allocation(
        visits=choice.visits,
        together=choice.together,
        seconds_per_visit={cell: seconds_per_visit[cell] for cell in choice.visits},
        seconds=spent,
        served=choice.served,
        new=frozenset(new).intersection(choice.visits),
        forecasts=tuple(
            Forecast(
                target=target, wanted=wanted[i], expected=expected.get(i, target.half_width), attainable=attainable[i]
            )
            for i, target in enumerate(targets)
        ),
        exhausted=tuple(dict.fromkeys(exhausted)),
    )


def empty_allocation(instead_of: Allocation | None = None) -> Allocation:
    """Return an allocation without visits, with the intervals of another allocation or none."""
    forecasts = () if instead_of is None else instead_of.forecasts
    return Allocation(
        visits={},
        together={},
        seconds_per_visit={},
        seconds=0.0,
        served={},
        new=frozenset(),
        forecasts=tuple(replace(forecast, expected=forecast.target.half_width) for forecast in forecasts),
        exhausted=() if instead_of is None else instead_of.exhausted,
    )


def _limited(target: IntervalTarget, best: float) -> Reason:
    finding = PrecisionLimit(figure=target.what, half_width=target.half_width, attainable=best)
    return Reason(kind=Kind.IMPRECISE, finding=finding)


def _attainable(target: IntervalTarget, new: Collection[TimedCell]) -> float:
    """Return the half-width without noise, with every possible point measured and the least possible misfit."""
    if isinstance(target.basis, PairedSamples):
        return 0.0
    best = 0.0
    for part in target.basis:
        whole = part.with_points([cell for cell in new if part.would_gain(cell)])
        best += whole.least_effect * float((whole.influence() ** 2).sum())
    return target.half_width * math.sqrt(best / sum(part.variance() for part in target.basis))


class _GreedySelection:
    """The visits chosen so far, and how narrow they make the open targets.

    Arrays run over targets (A,) and cells (S,). ``_log`` is the logarithm of each target's variance over its present
    one, and ``_floor`` what it need not fall below.
    """

    def __init__(
        self,
        targets: Sequence[IntervalTarget],
        goals: Sequence[float],
        seconds_per_visit: Mapping[TimedCell, float],
        new: Collection[TimedCell],
        most_visits: int,
    ) -> None:
        self._most_visits = most_visits
        self._targets = targets
        self._weight = np.array([target.weight for target in targets])
        self._floor = np.array(
            [2 * math.log(max(goal, 1e-300) / target.half_width) for target, goal in zip(targets, goals, strict=True)]
        )
        self._parts = [() if isinstance(target.basis, PairedSamples) else target.basis for target in targets]
        self._pairs = {i: target.basis for i, target in enumerate(targets) if isinstance(target.basis, PairedSamples)}
        measured = {
            cell: count
            for parts in self._parts
            for part in parts
            for cell, count in zip(part.cells, part.counts, strict=True)
        }
        self._cells = list(dict.fromkeys([*seconds_per_visit, *measured]))
        self._index = {cell: s for s, cell in enumerate(self._cells)}
        self._cost = np.array([seconds_per_visit.get(cell, math.inf) for cell in self._cells])
        self._counts = np.array([measured.get(cell, 0.0) for cell in self._cells])
        self._chosen = np.zeros(len(self._cells), dtype=np.intp)
        self._start = np.array([sum(part.variance() for part in parts) or 1.0 for parts in self._parts])
        self._together = dict.fromkeys(self._pairs, 0)
        steps = np.arange(most_visits + 1, dtype=np.float64)
        self._table = {i: 2 * np.log(pairs.narrowed(steps)) for i, pairs in self._pairs.items()}
        self._new = {self._index[cell] for cell in new}
        self._candidates = [[self._rows(part, new) for part in parts] for parts in self._parts]
        self._linearise()
        self._update_gains()
        self.visits: dict[TimedCell, int] = {}
        self.together: dict[tuple[TimedCell, ...], int] = {}
        self.served: dict[TimedCell, str] = {}

    def half_widths(self) -> list[float]:
        """Return the half-width of each target after the visits."""
        return [target.half_width * math.exp(log / 2) for target, log in zip(self._targets, self._log, strict=True)]

    def spend(self, seconds: float) -> float:
        """Choose visits until none that is affordable helps; the seconds that they take."""
        spent = 0.0
        while (best := self._best(seconds - spent)) is not None:
            cells, target = best
            new = [s for s in cells if s in self._new]
            promised = self._fresh[:, new].copy()
            if new:
                self._update_gains()
            if (self._fresh[:, new] < promised - STALE * np.abs(promised)).any():
                continue  # that had been reckoned with fewer visits elsewhere
            spent += float(self._cost[cells].sum())
            self._visit(cells, target)
        return spent

    def _best(self, seconds: float) -> tuple[list[int], int] | None:
        """Return the cells to be visited together that gain most per second, and the target that they serve most."""
        fall = self._slope * _fall_of_inverse(self._counts) + self._fresh  # of each variance with one more visit (A, S)
        gain = self._gain(fall)
        with np.errstate(invalid="ignore"):
            allowed = (self._cost <= seconds) & (self._chosen < self._most_visits)
            rate = np.where(allowed, gain.sum(axis=0) / self._cost, 0.0)
        best, chosen = 0.0, None
        if rate.size and rate.max() > 0:
            s = int(np.argmax(rate))
            best, chosen = float(rate[s]), ([s], int(np.argmax(gain[:, s])))
        for i, pairs in self._pairs.items():
            cells = [self._index[cell] for cell in pairs.cells if cell in self._index]
            cost = float(self._cost[cells].sum())
            if len(cells) < len(pairs.cells) or cost > seconds or self._together[i] == self._most_visits:
                continue
            own = max(self._log[i], self._floor[i]) - max(self._table[i][self._together[i] + 1], self._floor[i])
            total = self._gain(fall[:, cells].sum(axis=1, keepdims=True)).sum() + self._weight[i] * own / 2
            if total / cost > best:
                best, chosen = float(total / cost), (cells, i)
        return chosen

    def _gain(self, fall: Array) -> Array:
        """Return the weighted fall of log(half-width) for falls of the variances, limited by the goals (A, moves)."""
        left = np.exp(self._log)[:, None] - fall / self._start[:, None]
        after = np.maximum(np.log(np.maximum(left, 1e-300)), self._floor[:, None])
        gain = self._weight[:, None] * (np.maximum(self._log, self._floor)[:, None] - after) / 2
        return np.where(fall == 0, 0.0, gain)  # and no rounding: it would be chosen where nothing else is affordable

    def _visit(self, cells: Sequence[int], target: int) -> None:
        for s in cells:
            cell = self._cells[s]
            self.visits[cell] = self.visits.get(cell, 0) + 1
            self.served.setdefault(cell, self._targets[target].claim)
            self._counts[s] += 1
            self._chosen[s] += 1
            if s in self._new:
                self._new.remove(s)
                self._parts = [
                    tuple(part.with_points([cell]) if part.would_gain(cell) else part for part in parts)
                    for parts in self._parts
                ]
                self._linearise()
                self._update_gains()
        if len(cells) > 1:
            self._together[target] += 1
            pair = self._pairs[target].cells
            self.together[pair] = self.together.get(pair, 0) + 1
        self._update_variances()

    def _linearise(self) -> None:
        """Update how each cell enters each variance, for the points that have been measured or chosen."""
        self._slope = np.zeros((len(self._targets), len(self._cells)))
        self._base = np.zeros(len(self._targets))
        self._places = [[[self._index[cell] for cell in part.cells] for part in parts] for parts in self._parts]
        for a, parts in enumerate(self._parts):
            for part, places in zip(parts, self._places[a], strict=True):
                squares = part.influence() ** 2
                self._slope[a, places] += squares * part.noise
                self._base[a] += part.effect * float(squares.sum())
        self._update_variances()

    def _update_variances(self) -> None:
        """Bring the variances up to date with the counts."""
        with np.errstate(divide="ignore"):
            each = np.where(self._counts > 0, 1 / self._counts, 0.0)
        self._log = np.log(np.maximum((self._base + self._slope @ each) / self._start, 1e-300))
        for i in self._pairs:
            self._log[i] = self._table[i][self._together[i]]

    def _rows(self, part: LinearisedFit, new: Collection[TimedCell]) -> tuple[list[int], Array]:
        """Return the new points that a part would gain: their positions and their rows of its Jacobian."""
        cells = [cell for cell in new if part.would_gain(cell)]
        rows = part.rows([cell.point for cell in cells]) if cells else part.jacobian[:0]
        return [self._index[cell] for cell in cells], rows

    def _update_gains(self) -> None:
        """Update by how much each new point would lower each variance."""
        self._fresh = np.zeros((len(self._targets), len(self._cells)))
        for a, parts in enumerate(self._parts):
            for part, places, (cells, rows) in zip(parts, self._places[a], self._candidates[a], strict=True):
                if cells:
                    now = replace(part, counts=self._counts[places])
                    self._fresh[a, cells] += now.variance() - now.variances_with(rows)
        taken = self._counts > 0
        self._fresh[:, taken] = 0.0


def _fall_of_inverse(counts: Array) -> Array:
    """Return 1/n - 1/(n + 1) where n > 0, else 0 (S,)."""
    with np.errstate(divide="ignore"):
        return np.where(counts > 0, 1 / (counts * (counts + 1)), 0.0)
