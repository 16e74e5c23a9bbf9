"""Where the next seconds of measuring narrow the intervals under judgement most.

Visits are chosen one by one: each time the one whose samples lower Σ weight · log(half-width) most per second, over the
aims that are not yet as narrow as wanted. The variance of a fitted figure and that of a ratio fall ever more slowly
with the visits to one place, so that the greedy choice is close to the best one.
Source: Nemhauser, Wolsey & Fisher (1978), "An analysis of approximations for maximizing submodular set functions".
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from bptt_bench.analyse.adaptive.precision import Aim, Pairs, Part, Spot, Unhelped
from bptt_bench.analyse.findings.obstacles import PrecisionLimit
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.stats.arrays import Array

HELPED = 0.9  # an interval that endless measuring would not make narrower than this share of itself gets no time
STALE = 0.01  # relative; what a new point promises is reckoned anew when it is about to be chosen
MOST_VISITS = 20  # to one spot in one allocation: samples taken one after the other share what disturbs them


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outlook:
    """What an allocation does to an aim: half-width wanted, expected after it, and the best that endless time gives."""

    aim: Aim
    wanted: float
    expected: float
    attainable: float

    @property
    def is_open(self) -> bool:
        return self.aim.half_width > self.wanted


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Allocation:
    """Visits to make.

    Attributes
    ----------
    visits : how often each spot is visited. together : of these, the visits to the spots of a ratio side by side.
    seconds_per_visit : of these spots. seconds : expected for all visits.
    served : by spot, the claim that it was first chosen for. new : spots where nothing has been measured yet.
    outlooks : of every aim. unhelped : open claims that no sample helps, and why.
    """

    visits: Mapping[Spot, int]
    together: Mapping[tuple[Spot, ...], int]
    seconds_per_visit: Mapping[Spot, float]
    seconds: float
    served: Mapping[Spot, str]
    new: frozenset[Spot]
    outlooks: tuple[Outlook, ...]
    unhelped: tuple[Unhelped, ...]


def allocate(
    aims: Sequence[Aim],
    seconds_per_visit: Mapping[Spot, float],
    wanted: Sequence[float],
    *,
    seconds: float,
    new: Collection[Spot] = (),
    reach: bool = False,
    most_visits: int = MOST_VISITS,
) -> Allocation:
    """Spend some seconds on the visits that narrow the open aims most per second.

    Parameters
    ----------
    seconds_per_visit : of every spot that may be visited.
    wanted : half-width at which each aim needs no more time.
    new : those among them at which nothing has been measured yet.
    most_visits : to one spot.
    reach : give no time to an aim that cannot become as narrow as wanted, however long it is measured.
    """
    attainable = [_attainable(aim, new) for aim in aims]
    live, unhelped = list[int](), list[Unhelped]()
    for i, aim in enumerate(aims):
        if aim.half_width <= wanted[i]:
            continue
        if attainable[i] > HELPED * aim.half_width or (reach and attainable[i] > wanted[i]):
            unhelped.append(Unhelped(aim.claim, _limited(aim, attainable[i])))
        else:
            live.append(i)
    choice = _Choice([aims[i] for i in live], [wanted[i] for i in live], seconds_per_visit, new, most_visits)
    spent = choice.spend(seconds)
    expected = dict(zip(live, choice.half_widths(), strict=True))
    return Allocation(
        visits=choice.visits,
        together=choice.together,
        seconds_per_visit={spot: seconds_per_visit[spot] for spot in choice.visits},
        seconds=spent,
        served=choice.served,
        new=frozenset(new).intersection(choice.visits),
        outlooks=tuple(
            Outlook(aim=aim, wanted=wanted[i], expected=expected.get(i, aim.half_width), attainable=attainable[i])
            for i, aim in enumerate(aims)
        ),
        unhelped=tuple(dict.fromkeys(unhelped)),
    )


def nothing(instead_of: Allocation | None = None) -> Allocation:
    """Return an allocation without visits, with the intervals of another allocation or none."""
    outlooks = () if instead_of is None else instead_of.outlooks
    return Allocation(
        visits={},
        together={},
        seconds_per_visit={},
        seconds=0.0,
        served={},
        new=frozenset(),
        outlooks=tuple(replace(outlook, expected=outlook.aim.half_width) for outlook in outlooks),
        unhelped=() if instead_of is None else instead_of.unhelped,
    )


def _limited(aim: Aim, best: float) -> Reason:
    finding = PrecisionLimit(figure=aim.what, half_width=aim.half_width, attainable=best)
    return Reason(kind=Kind.IMPRECISE, finding=finding)


def _attainable(aim: Aim, new: Collection[Spot]) -> float:
    """Return the half-width without noise, with every possible point measured and the least possible misfit."""
    if isinstance(aim.basis, Pairs):
        return 0.0
    best = 0.0
    for part in aim.basis:
        whole = part.with_points([spot for spot in new if part.would_gain(spot)])
        best += whole.least_effect * float((whole.influence() ** 2).sum())
    return aim.half_width * math.sqrt(best / sum(part.variance() for part in aim.basis))


class _Choice:
    """The visits chosen so far, and how narrow they make the open aims.

    Arrays run over aims (A,) and spots (S,). ``_log`` is the logarithm of each aim's variance over its present one, and
    ``_floor`` what it need not fall below.
    """

    def __init__(
        self,
        aims: Sequence[Aim],
        goals: Sequence[float],
        seconds_per_visit: Mapping[Spot, float],
        new: Collection[Spot],
        most_visits: int,
    ) -> None:
        self._most_visits = most_visits
        self._aims = aims
        self._weight = np.array([aim.weight for aim in aims])
        self._floor = np.array(
            [2 * math.log(max(goal, 1e-300) / aim.half_width) for aim, goal in zip(aims, goals, strict=True)]
        )
        self._parts = [() if isinstance(aim.basis, Pairs) else aim.basis for aim in aims]
        self._pairs = {i: aim.basis for i, aim in enumerate(aims) if isinstance(aim.basis, Pairs)}
        measured = {
            spot: count
            for parts in self._parts
            for part in parts
            for spot, count in zip(part.spots, part.counts, strict=True)
        }
        self._spots = list(dict.fromkeys([*seconds_per_visit, *measured]))
        self._index = {spot: s for s, spot in enumerate(self._spots)}
        self._cost = np.array([seconds_per_visit.get(spot, math.inf) for spot in self._spots])
        self._counts = np.array([measured.get(spot, 0.0) for spot in self._spots])
        self._chosen = np.zeros(len(self._spots), dtype=np.intp)
        self._start = np.array([sum(part.variance() for part in parts) or 1.0 for parts in self._parts])
        self._together = dict.fromkeys(self._pairs, 0)
        steps = np.arange(most_visits + 1, dtype=np.float64)
        self._table = {i: 2 * np.log(pairs.narrowed(steps)) for i, pairs in self._pairs.items()}
        self._new = {self._index[spot] for spot in new}
        self._candidates = [[self._rows(part, new) for part in parts] for parts in self._parts]
        self._linearise()
        self._reckon()
        self.visits: dict[Spot, int] = {}
        self.together: dict[tuple[Spot, ...], int] = {}
        self.served: dict[Spot, str] = {}

    def half_widths(self) -> list[float]:
        """Return the half-width of each aim after the visits."""
        return [aim.half_width * math.exp(log / 2) for aim, log in zip(self._aims, self._log, strict=True)]

    def spend(self, seconds: float) -> float:
        """Choose visits until none that is affordable helps; the seconds that they take."""
        spent = 0.0
        while (best := self._best(seconds - spent)) is not None:
            spots, aim = best
            new = [s for s in spots if s in self._new]
            promised = self._fresh[:, new].copy()
            if new:
                self._reckon()
            if (self._fresh[:, new] < promised - STALE * np.abs(promised)).any():
                continue  # that had been reckoned with fewer visits elsewhere
            spent += float(self._cost[spots].sum())
            self._visit(spots, aim)
        return spent

    def _best(self, seconds: float) -> tuple[list[int], int] | None:
        """Return the spots to be visited together that gain most per second, and the aim that they serve most."""
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
            spots = [self._index[spot] for spot in pairs.spots if spot in self._index]
            cost = float(self._cost[spots].sum())
            if len(spots) < len(pairs.spots) or cost > seconds or self._together[i] == self._most_visits:
                continue
            own = max(self._log[i], self._floor[i]) - max(self._table[i][self._together[i] + 1], self._floor[i])
            total = self._gain(fall[:, spots].sum(axis=1, keepdims=True)).sum() + self._weight[i] * own / 2
            if total / cost > best:
                best, chosen = float(total / cost), (spots, i)
        return chosen

    def _gain(self, fall: Array) -> Array:
        """Return the weighted fall of log(half-width) for falls of the variances, limited by the goals (A, moves)."""
        left = np.exp(self._log)[:, None] - fall / self._start[:, None]
        after = np.maximum(np.log(np.maximum(left, 1e-300)), self._floor[:, None])
        gain = self._weight[:, None] * (np.maximum(self._log, self._floor)[:, None] - after) / 2
        return np.where(fall == 0, 0.0, gain)  # and no rounding: it would be chosen where nothing else is affordable

    def _visit(self, spots: Sequence[int], aim: int) -> None:
        for s in spots:
            spot = self._spots[s]
            self.visits[spot] = self.visits.get(spot, 0) + 1
            self.served.setdefault(spot, self._aims[aim].claim)
            self._counts[s] += 1
            self._chosen[s] += 1
            if s in self._new:
                self._new.remove(s)
                self._parts = [
                    tuple(part.with_points([spot]) if part.would_gain(spot) else part for part in parts)
                    for parts in self._parts
                ]
                self._linearise()
                self._reckon()
        if len(spots) > 1:
            self._together[aim] += 1
            pair = self._pairs[aim].spots
            self.together[pair] = self.together.get(pair, 0) + 1
        self._settle()

    def _linearise(self) -> None:
        """Update how each spot enters each variance, for the points that have been measured or chosen."""
        self._slope = np.zeros((len(self._aims), len(self._spots)))
        self._base = np.zeros(len(self._aims))
        self._places = [[[self._index[spot] for spot in part.spots] for part in parts] for parts in self._parts]
        for a, parts in enumerate(self._parts):
            for part, places in zip(parts, self._places[a], strict=True):
                squares = part.influence() ** 2
                self._slope[a, places] += squares * part.noise
                self._base[a] += part.effect * float(squares.sum())
        self._settle()

    def _settle(self) -> None:
        """Bring the variances up to date with the counts."""
        with np.errstate(divide="ignore"):
            each = np.where(self._counts > 0, 1 / self._counts, 0.0)
        self._log = np.log(np.maximum((self._base + self._slope @ each) / self._start, 1e-300))
        for i in self._pairs:
            self._log[i] = self._table[i][self._together[i]]

    def _rows(self, part: Part, new: Collection[Spot]) -> tuple[list[int], Array]:
        """Return the new points that a part would gain: their positions and their rows of its Jacobian."""
        spots = [spot for spot in new if part.would_gain(spot)]
        rows = part.rows([spot.point for spot in spots]) if spots else part.jacobian[:0]
        return [self._index[spot] for spot in spots], rows

    def _reckon(self) -> None:
        """Update by how much each new point would lower each variance."""
        self._fresh = np.zeros((len(self._aims), len(self._spots)))
        for a, parts in enumerate(self._parts):
            for part, places, (spots, rows) in zip(parts, self._places[a], self._candidates[a], strict=True):
                if spots:
                    now = replace(part, counts=self._counts[places])
                    self._fresh[a, spots] += now.variance() - now.variances_with(rows)
        taken = self._counts > 0
        self._fresh[:, taken] = 0.0


def _fall_of_inverse(counts: Array) -> Array:
    """Return 1/n - 1/(n + 1) where n > 0, else 0 (S,)."""
    with np.errstate(divide="ignore"):
        return np.where(counts > 0, 1 / (counts * (counts + 1)), 0.0)
