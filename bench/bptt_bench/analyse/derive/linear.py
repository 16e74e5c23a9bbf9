"""Exact solutions of linear systems with whole numbers, by elimination modulo primes and rational reconstruction.

What a solution modulo primes says is a candidate: the caller evaluates the law that it makes at every point, exactly.

Source: von zur Gathen and Gerhard, Modern Computer Algebra, 3rd edition, sections 5.8 to 5.10.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

PRIMES = (2_147_483_647, 2_147_483_629, 2_147_483_587, 2_147_483_579)  # products of two residues fit into 64 bits

Matrix = NDArray[np.int64]
Residues: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]  # pivot columns and rows, a solution


@dataclass(frozen=True, slots=True)
class Solution:
    """Coefficients of the columns, 0 where a column is a combination of those before it.

    Attributes
    ----------
    rank : the number of independent columns.
    rows : those that determine the solution, one for each of these.
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
    return _lift(len(columns), lambda prime: _solve_modulo(columns, values, prime))


class System:
    """Columns that several lists of values are to be added up from: they are eliminated once.

    >>> System([[1, 1, 1], [1, 2, 3]]).solve([3, 5, 7]).coefficients
    (Fraction(1, 1), Fraction(2, 1))
    """

    def __init__(self, columns: Sequence[Sequence[int]]) -> None:
        self._columns = columns
        self._eliminated: dict[int, tuple[tuple[int, ...], tuple[int, ...], Matrix]] = {}

    def solve(self, values: Sequence[int]) -> Solution | None:
        """Return the same as ``solve`` for these columns."""
        return _lift(len(self._columns), lambda prime: self._solve_modulo(values, prime))

    def _solve_modulo(self, values: Sequence[int], prime: int) -> Residues | None:
        if prime not in self._eliminated:
            n = len(values)
            matrix = _residues(self._columns, n, prime, beside=n)
            matrix[:, len(self._columns) :] = np.eye(n, dtype=np.int64)
            pivots, order = _eliminate(matrix, len(self._columns), prime)
            self._eliminated[prime] = pivots, order, matrix[:, len(self._columns) :]
        pivots, order, steps = self._eliminated[prime]
        entries = np.array([entry % prime for entry in values], dtype=np.int64)
        reduced = (steps * entries % prime).sum(axis=1) % prime
        return _read(pivots, order, reduced, len(self._columns))


def _lift(width: int, modulo: Callable[[int], Residues | None]) -> Solution | None:
    """Return the solution in fractions, from those modulo primes."""
    pivots: tuple[tuple[int, ...], tuple[int, ...]] | None = None
    modulus, n_primes = 1, 0
    found: list[int] = [0] * width
    for prime in PRIMES:
        eliminated = modulo(prime)
        if eliminated is None:
            return None
        pivot_columns, pivot_rows, residue = eliminated
        if pivots is not None and pivots[0] != pivot_columns:
            continue  # a prime that divides a minor: one of them, and the other primes decide
        pivots = pivots or (pivot_columns, pivot_rows)
        n_primes += 1
        found = [_chinese(one, modulus, other, prime) for one, other in zip(found, residue, strict=True)]
        modulus *= prime
        rational = [_reconstruct(one, modulus) for one in found] if n_primes > 1 else [None]
        if all(one is not None for one in rational):
            whole = tuple(one for one in rational if one is not None)
            return Solution(whole, len(pivots[0]), pivots[1])
    return None


def _solve_modulo(columns: Sequence[Sequence[int]], values: Sequence[int], prime: int) -> Residues | None:
    """Return pivot columns, pivot rows and the solution modulo a prime; None where the rows contradict each other."""
    width = len(columns)
    matrix = _residues([*columns, values], len(values), prime)
    pivots, order = _eliminate(matrix, width, prime)
    return _read(pivots, order, matrix[:, width], width)


def _residues(columns: Sequence[Sequence[int]], rows: int, prime: int, beside: int = 0) -> Matrix:
    """Return columns modulo a prime, with room for others beside them."""
    matrix: Matrix = np.empty((rows, len(columns) + beside), dtype=np.int64)
    for j, column in enumerate(columns):
        matrix[:, j] = [entry % prime for entry in column]
    return matrix


def _eliminate(matrix: Matrix, width: int, prime: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Bring the first columns of a matrix into reduced form, in place; return pivot columns and the order of rows."""
    order = np.arange(len(matrix))
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
    return tuple(pivots), tuple(int(i) for i in order)


def _read(pivots: tuple[int, ...], order: tuple[int, ...], reduced: Matrix, width: int) -> Residues | None:
    """Return the solution from values that were reduced with the columns; None if they contradict each other."""
    if reduced[len(pivots) :].any():
        return None
    solution = [0] * width
    for i, j in enumerate(pivots):
        solution[j] = int(reduced[i])
    return pivots, order[: len(pivots)], tuple(solution)


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
