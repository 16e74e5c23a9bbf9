"""Least squares with coefficients ≥ 0: of one small system, or of many of one shape at once.

A fit asks for thousands of systems of some fifty points and five columns, most of which have the same coefficients
above 0 as the one before. They are solved through their normal equations, over columns of unit length and for the
*change* of the coefficients, so that an error of one step is seen, and mended, by the next. Where columns are hard to
tell apart the singular values decide.
"""

from __future__ import annotations

import numpy as np

from bptt_bench.analyse.stats.arrays import Array, Flags

SLACK = 1e-10  # of the gradient at a coefficient of 0, over columns of unit length
LARGEST_INFLATION = 1e9  # of a variance by the other columns; beyond it normal equations lose too many digits
MOST_EXCHANGES = 6  # of all wrong signs at once, which may go round in circles; most systems need one
MOST_ROUNDS_PER_COLUMN = 10  # of one sign at a time, which ends by itself but for rounding


def nnls(design: Array, target: Array, guess: Flags | None = None) -> Array:
    """Coefficients (k,) ≥ 0 of least squares for a design (n, k) and a target (n,).

    ``guess``: which coefficients are likely above 0, tried before any search.

    Source: Lawson & Hanson 1974, *Solving Least Squares Problems*, chapter 23.
    """
    scale = np.sqrt(np.einsum("ij,ij->j", design, design))
    scale[scale == 0] = 1.0
    scaled = design / scale
    if guess is not None and guess.any():
        found = _on(scaled, target, guess)
        if (found[guess] > 0).all() and (scaled.T @ (target - scaled @ found))[~guess].max(initial=0.0) <= SLACK:
            return np.asarray(found / scale)
    return np.asarray(_search(scaled, target) / scale)


def _search(design: Array, target: Array) -> Array:
    """One coefficient after the other is let in, that of the steepest gradient first, and out where it would fall."""
    k = design.shape[1]
    found, inside = np.zeros(k), np.zeros(k, dtype=bool)
    for _ in range(MOST_ROUNDS_PER_COLUMN * k):
        pull = design.T @ (target - design @ found)
        pull[inside] = -np.inf
        steepest = int(np.argmax(pull))
        if not pull[steepest] > SLACK:
            break
        inside[steepest] = True
        wanted = _on(design, target, inside)
        if not wanted[steepest] > 0:  # rounding: what pulls it up also keeps it at 0
            break
        while (wanted[inside] <= 0).any():
            falling = inside & (wanted <= 0)
            step = float((found[falling] / (found[falling] - wanted[falling])).min())
            found = found + step * (wanted - found)
            inside &= found > 1e-14 * np.abs(found).max()
            found[~inside] = 0.0
            wanted = _on(design, target, inside)
        found = wanted
    return found


def _on(design: Array, target: Array, inside: Flags) -> Array:
    """Least squares with some coefficients, the others 0."""
    solution = np.zeros(design.shape[1])
    solution[inside] = np.linalg.lstsq(design[:, inside], target, rcond=None)[0]
    return solution


def change(jacobian: Array, residual: Array, coefficients: Array) -> Array | None:
    """The change of coefficients ≥ 0 that brings ``jacobian @ change`` (n, k) nearest to the residual (n,).

    What is 0 stays 0. ``None`` where a coefficient would fall below 0 or ought to leave it, or where the columns are
    hard to tell apart: then the whole system is to be solved.
    """
    active = coefficients > 0
    own = jacobian if active.all() else jacobian[:, active]
    gram = own.T @ own
    scale = np.sqrt(gram.diagonal())
    if not (scale > 0).all():
        return None
    try:
        inverse = np.linalg.inv(gram / np.outer(scale, scale))
    except np.linalg.LinAlgError:
        return None
    if not 0 < inverse.diagonal().max() < LARGEST_INFLATION:
        return None
    step = (inverse @ ((own.T @ residual) / scale)) / scale
    if not (coefficients[active] + step > 0).all():
        return None
    if own is jacobian:
        return np.asarray(step)
    others = jacobian[:, ~active]
    length = np.sqrt(np.einsum("ij,ij->j", others, others))
    if (others.T @ (residual - own @ step) > SLACK * length).any():
        return None
    full = np.zeros(len(coefficients))
    full[active] = step
    return full


def nnls_batch(gram: Array, pull: Array, coefficients: Array, inside: Flags) -> tuple[Array, Flags]:
    """The same for many systems: coefficients (m, k) ≥ 0, and in which of the systems they were found (m,).

    Parameters
    ----------
    gram : JᵀJ (m, k, k). pull : Jᵀ(t - J c) (m, k) at ``coefficients`` c (m, k), for targets t.
    inside : which coefficients are likely above 0 (m, k).

    Source: Portugal, Júdice & Vicente 1994, "A comparison of block pivoting and interior-point algorithms for linear
    least squares problems with nonnegative variables".
    """
    m, k, _ = gram.shape
    scale = np.sqrt(np.maximum(np.einsum("mii->mi", gram), 1e-300))
    unit = gram / (scale[:, :, None] * scale[:, None, :])
    at, pull = coefficients * scale, pull / scale
    found, settled, open_ = np.zeros((m, k)), np.zeros(m, dtype=bool), np.arange(m)
    inside = inside.copy()
    for _ in range(MOST_EXCHANGES):
        mine, here, start, own = unit[open_], pull[open_], at[open_], inside[open_]
        left = np.where(own, 0.0, start)  # what is taken to 0 pulls at the others
        right = here + (mine @ left[:, :, None])[:, :, 0]
        masked = np.where(own[:, :, None] & own[:, None, :], mine, np.eye(k))
        inverse, fine = _inverse(masked)
        step = (inverse @ np.where(own, right, 0.0)[:, :, None])[:, :, 0]
        wanted = np.where(own, start + step, 0.0)
        gradient = right - (mine @ step[:, :, None])[:, :, 0]
        wrong = np.where(own, wanted <= 0, gradient > SLACK)
        done = fine & ~wrong.any(axis=1)
        found[open_[done]] = wanted[done]
        settled[open_[done]] = True
        inside[open_] = own ^ wrong
        open_ = open_[fine & ~done]
        if not len(open_):
            break
    return found / scale, settled


def _inverse(matrices: Array) -> tuple[Array, Flags]:
    """Inverses (m, k, k), and which of them are worth anything (m,)."""
    try:
        inverse = np.asarray(np.linalg.inv(matrices), dtype=np.float64)
    except np.linalg.LinAlgError:  # one of them is singular: make it out by its own
        inverse = np.array([_or_nan(each) for each in matrices])
    largest = np.einsum("mii->mi", inverse).max(axis=1)
    return inverse, np.asarray((largest > 0) & (largest < LARGEST_INFLATION))


def _or_nan(matrix: Array) -> Array:
    try:
        return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
    except np.linalg.LinAlgError:
        return np.full_like(matrix, np.nan)
