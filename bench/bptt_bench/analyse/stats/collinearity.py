"""Groups of terms whose coefficients a design can distinguish, by the collinearity of their shares."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.stats.arrays import Array

MOST_INFLATION = 10.0  # of the variance of a ratio by the other ratios: its interval is 3.2 times as wide
SINGULAR = 1e-12  # smallest eigenvalue of the correlation matrix


class TermGroups(NamedTuple):
    """Groups of terms, each with one ratio, and terms that are too small to have one; indices into the law.

    ``shares (n_points, n_groups)``: of the groups, which sum to 1 at each point. The share of a negligible term is left
    out, as if the term changed as the rest does.
    """

    groups: tuple[tuple[int, ...], ...]
    negligible: tuple[int, ...]
    shares: Array


def group_terms(shares: Array, smallest: float) -> TermGroups:
    """Group terms by their shares (n_points, k) until the ratios of all groups can be estimated.

    Terms whose share is below ``smallest`` everywhere are put together. They are a group if their joint share reaches
    it somewhere, and negligible otherwise. While the variance inflation factor of a group exceeds ``MOST_INFLATION``,
    the pair of groups is merged that lowers it most.

    Source: Belsley, Kuh & Welsch (1980), *Regression Diagnostics*, chapter 3, for variance inflation.
    """
    top = shares.max(axis=0)
    small = tuple(int(j) for j in np.flatnonzero(top < smallest))
    groups: list[tuple[int, ...]] = [(int(j),) for j in np.flatnonzero(top >= smallest)]
    negligible: tuple[int, ...] = small
    if small and shares[:, list(small)].sum(axis=1).max() >= smallest:
        groups.append(small)
        negligible = ()
    if not groups:  # of very many terms, none of which is large
        groups, negligible = [tuple(range(shares.shape[1]))], ()
    while len(groups) > 1 and _variance_inflation(_group_shares(shares, groups)) > MOST_INFLATION:
        pairs = [(i, j) for j in range(len(groups)) for i in range(j)]
        i, j = min(pairs, key=lambda pair: _variance_inflation(_group_shares(shares, _merge(groups, *pair))))
        groups = _merge(groups, i, j)
    kept = _group_shares(shares, groups)
    return TermGroups(tuple(groups), negligible, kept / kept.sum(axis=1, keepdims=True))


def _merge(groups: list[tuple[int, ...]], i: int, j: int) -> list[tuple[int, ...]]:
    rest = [group for m, group in enumerate(groups) if m not in (i, j)]
    return sorted([*rest, tuple(sorted((*groups[i], *groups[j])))])


def _group_shares(shares: Array, groups: list[tuple[int, ...]]) -> Array:
    return np.column_stack([shares[:, list(group)].sum(axis=1) for group in groups])


def _variance_inflation(columns: Array) -> float:
    """Return the largest variance inflation factor of the columns (n, m); infinite if they are collinear."""
    if columns.shape[1] == 1:
        return 1.0
    if len(columns) <= columns.shape[1]:
        return float("inf")
    unit = columns / np.maximum(np.linalg.norm(columns, axis=0), 1e-300)
    values, vectors = np.linalg.eigh(unit.T @ unit)
    if values[0] < SINGULAR:
        return float("inf")
    return float(((vectors**2) / values).sum(axis=1).max())
