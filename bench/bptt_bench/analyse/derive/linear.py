"""Exact solutions of linear systems with whole numbers, by elimination modulo primes and rational reconstruction.

What a solution modulo primes says is a candidate: the caller evaluates the law that it makes at every point, exactly.

Source: von zur Gathen and Gerhard, Modern Computer Algebra, 3rd edition, sections 5.8 to 5.10.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

import numpy as np
from numpy.typing import NDArray

PRIMES = (2_147_483_647, 2_147_483_629, 2_147_483_587, 2_147_483_579)  # products of two residues fit into 64 bits

Matrix = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Solution:
    """Coefficients of the columns, 0 where a column is a combination of those before it.

    Attributes
    ----------
    rank : the number of independent columns. rows : those that determine the solution, one for each of these.
    """

    coefficients: tuple[Fraction, ...]
    rank: int
    rows: tuple[int, ...]


def solve(columns: Sequence[Sequence[int]], values: Sequence[int]) -> Solution | None:
    """Return coefficients with which the columns add up to the values, in every row; None if there are none.

    Columns that depend on those before them get 0, and rows are used in their order: the first ones determine the
    solution.

    >>> solve([[1, 1, 1], [1, 2, 3], [2, 4, 6]], [3, 5, 7]).coefficients
    (Fraction(1, 1), Fraction(2, 1), Fraction(0, 1))
    """
    residues: list[tuple[int, ...]] = []
    pivots: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    modulus = 1
    found: list[int] = [0] * len(columns)
    for prime in PRIMES:
        eliminated = _solve_modulo(columns, values, prime)
        if eliminated is None:
            return None
        pivot_columns, pivot_rows, residue = eliminated
        if pivots is not None and pivots[0] != pivot_columns:
            continue  # a prime that divides a minor: one of them, and the other primes decide
        pivots = pivots or (pivot_columns, pivot_rows)
        residues.append(residue)
        found = [_chinese(one, modulus, other, prime) for one, other in zip(found, residue, strict=True)]
        modulus *= prime
        rational = [_reconstruct(one, modulus) for one in found] if len(residues) > 1 else [None]
        if all(one is not None for one in rational):
            whole = tuple(one for one in rational if one is not None)
            return Solution(whole, len(pivots[0]), pivots[1])
    return None


def _solve_modulo(
    columns: Sequence[Sequence[int]], values: Sequence[int], prime: int
) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]] | None:
    """Return pivot columns, pivot rows and the solution modulo a prime; None where the rows contradict each other."""
    rows, width = len(values), len(columns)
    matrix: Matrix = np.empty((rows, width + 1), dtype=np.int64)
    for j, column in enumerate([*columns, values]):
        matrix[:, j] = [entry % prime for entry in column]
    order = np.arange(rows)
    pivots: list[int] = []
    for j in range(width):
        top = len(pivots)
        candidates = np.flatnonzero(matrix[top:, j])
        if not len(candidates):
            continue
        place = top + int(candidates[0])
        if place != top:  # keeps the order of the rows between
            between = np.r_[place, top:place]
            matrix[top : place + 1] = matrix[between]
            order[top : place + 1] = order[between]
        matrix[top] = matrix[top] * pow(int(matrix[top, j]), -1, prime) % prime
        others = matrix[:, j].copy()
        others[top] = 0
        nonzero = np.flatnonzero(others)
        matrix[nonzero] = (matrix[nonzero] - others[nonzero, None] * matrix[top] % prime) % prime
        pivots.append(j)
    if matrix[len(pivots) :, width].any():
        return None
    solution = [0] * width
    for i, j in enumerate(pivots):
        solution[j] = int(matrix[i, width])
    return tuple(pivots), tuple(int(i) for i in order[: len(pivots)]), tuple(solution)


def _chinese(one: int, modulus: int, other: int, prime: int) -> int:
    """Return the number modulo the product that has both residues."""
    return one + modulus * ((other - one) * pow(modulus, -1, prime) % prime)


def _reconstruct(residue: int, modulus: int) -> Fraction | None:
    """Return the fraction with numerator and denominator below √(modulus/2) that has the residue, if there is one."""
    bound = isqrt(modulus // 2)
    r0, r1, t0, t1 = modulus, residue % modulus, 0, 1
    while r1 > bound:
        quotient = r0 // r1
        r0, r1, t0, t1 = r1, r0 - quotient * r1, t1, t0 - quotient * t1
    if t1 == 0 or abs(t1) > bound:
        return None
    return Fraction(r1, t1)
