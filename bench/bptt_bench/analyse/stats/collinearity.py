"""Which terms of a law can be told apart by what they share of the time at the points of a design."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array

MOST_INFLATION = 10.0  # of the variance of a ratio for want of knowing the others: an interval 3.2 times as wide


class TermGroups(NamedTuple):
    """Groups of terms, each judged as one, and terms that cannot be told: indices into the law.

    ``shares (n_points, n_groups)`` of the groups, which sum to 1 at each point: what a term that cannot be told takes
    there is left out, as if it changed as the rest does.
    """

    groups: tuple[tuple[int, ...], ...]
    negligible: tuple[int, ...]
    shares: Array


def group_terms(shares: Array, smallest: float) -> TermGroups:
    """Groups of the terms whose shares are (n_points, k).

    Terms that nowhere take the share ``smallest`` are put together; if they do so then, they are a group. Groups whose
    ratios would be known ``MOST_INFLATION`` times worse than alone are merged, the pair first whose merging helps most.
    """
    top = shares.max(axis=0)
    small = tuple(int(j) for j in np.flatnonzero(top < smallest))
    groups: list[tuple[int, ...]] = [(int(j),) for j in np.flatnonzero(top >= smallest)]
    negligible: tuple[int, ...] = small
    if small and shares[:, list(small)].sum(axis=1).max() >= smallest:
        groups.append(small)
        negligible = ()
    if not groups:  # of very many terms none stands out
        groups, negligible = [tuple(range(shares.shape[1]))], ()
    while len(groups) > 1 and _inflation(_summed(shares, groups)) > MOST_INFLATION:
        pairs = [(i, j) for j in range(len(groups)) for i in range(j)]
        i, j = min(pairs, key=lambda pair: _inflation(_summed(shares, _merged(groups, *pair))))
        groups = _merged(groups, i, j)
    kept = _summed(shares, groups)
    return TermGroups(tuple(groups), negligible, kept / kept.sum(axis=1, keepdims=True))


def _merged(groups: list[tuple[int, ...]], i: int, j: int) -> list[tuple[int, ...]]:
    rest = [group for m, group in enumerate(groups) if m not in (i, j)]
    return sorted([*rest, tuple(sorted((*groups[i], *groups[j])))])


def _summed(shares: Array, groups: list[tuple[int, ...]]) -> Array:
    return np.column_stack([shares[:, list(group)].sum(axis=1) for group in groups])


def _inflation(columns: Array) -> float:
    """By how much not knowing the others widens the variance of a column's ratio, at worst; infinite if singular."""
    if columns.shape[1] == 1:
        return 1.0
    if len(columns) <= columns.shape[1]:
        return float("inf")
    unit = columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    values, vectors = np.linalg.eigh(unit.T @ unit)
    if values[0] < 1e-12:
        return float("inf")
    return float(((vectors**2) / values).sum(axis=1).max())
