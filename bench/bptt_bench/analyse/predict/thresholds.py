"""Thresholds of a law in its own factors, for data whose subject declares no bytes.

Two kinds are searched. Below a *saturation* a term does not become cheaper: small work does not fill the machine. The
factor p of the term is replaced by max(p, C), or the whole term f by max(f, C). Beyond a *step* a term costs more: by
degrees, as it does once what it works through has left a cache, or at once, as with another algorithm,

    f · max(0, 1 - (C / g)²)    or    f · (g > C),

with g a product of factors of the terms. Thresholds are added one after the other, at most two a term, each at the
level that lowers AICc most, if that is decisive for so many trials. A law with thresholds is one way to predict among
others: whether it helps is for backtests to say.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.predict.refit import refit
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import solve_batch
from bptt_bench.errors import BenchError, FitError
from bptt_bench.plan import CostLaw, Term

DECISIVE_GAP = 12.0  # of AICc, for a choice among twenty; more trials need more
USUAL_TRIALS = 20
FEWEST_POINTS = 4  # on either side of a threshold
MOST_LEVELS = 12  # that are tried of one threshold
MOST_A_TERM, MOST = 2, 4
MOST_SOLVED = 20  # trials that are fitted, of those that explain most to first order
NEAR = 1e-6
SMALLEST_SCATTER = 0.01  # of points about the law: with less there is nothing to explain
MOST_FACTORS = 3  # of a product in which a step is searched
SMALLEST_SHARE = 0.05  # of a term in the time of some point; a smaller one shows no threshold


class _Trial(NamedTuple):
    """A law with one more threshold, of the term at a place, and its column."""

    place: int
    text: Callable[[], str]  # of the term, or of the companion beside it
    column: Array
    is_step: bool


def with_thresholds(fit: Fit) -> Fit:
    """Return the fit of the law with the thresholds that the data show.

    Raises
    ------
    FitError : they show none.
    """
    found, counts = fit, dict[int, int]()
    while len(counts) < MOST and sum(counts.values()) < MOST and fit.scatter > SMALLEST_SCATTER:
        trials = [one for one in _trials(fit, found) if counts.get(one.place, 0) < MOST_A_TERM]
        best = _best(found, trials)
        if best is None:
            break
        try:
            found = refit(found, law=_applied(found.full_law, best))
        except BenchError:
            break
        counts[best.place] = counts.get(best.place, 0) + 1
    if found is fit:
        raise FitError("thresholds: the data show none")
    return found


def _best(fit: Fit, trials: list[_Trial]) -> _Trial | None:
    """Return the trial that lowers AICc most, if decisively."""
    gap = DECISIVE_GAP + 2 * np.log(max(len(trials) / USUAL_TRIALS, 1.0))
    trials = _most_promising(fit, trials)
    y, design = np.log(fit.points["measured"].to_numpy()), fit.design
    best, least = None, fit.aicc - gap
    for is_step in (False, True):
        some = [one for one in trials if one.is_step is is_step]
        if not some:
            continue
        designs, start = [], fit.coefficients
        for one in some:
            changed = np.column_stack([design, one.column]) if is_step else design.copy()
            changed[:, -1 if is_step else one.place] = one.column
            designs.append(changed)
        begin = np.append(start, 0.0) if is_step else np.where(start > 0, start, 0.0)
        solutions = solve_batch(np.array(designs), y, robust=fit.robust, start=begin, tolerance=NEAR)
        for one, solution in zip(some, solutions, strict=True):
            used = solution.active[-1] if is_step else solution.active[one.place]
            extra = 0.0 if is_step else 2.0  # the level of a saturation is a parameter without a column
            if used and solution.aicc + extra < least:
                best, least = one, solution.aicc + extra
    return best


def _most_promising(fit: Fit, trials: list[_Trial]) -> list[_Trial]:
    """Return the trials that explain most of the residuals to first order."""
    if len(trials) <= MOST_SOLVED:
        return trials
    residual, active = fit.points["log_residual"].to_numpy(), fit.coefficients > 0
    design = fit.design
    fitted = design @ fit.coefficients
    basis, _ = np.linalg.qr(design[:, active] / fitted[:, None])
    changes = [one.column if one.is_step else one.column - design[:, one.place] for one in trials]
    added = np.array(changes).T / fitted[:, None]  # (n_points, n_trials)
    added -= basis @ (basis.T @ added)
    length = np.maximum(np.linalg.norm(added, axis=0), 1e-300)
    gains = np.where([one.is_step for one in trials], residual @ added, np.abs(residual @ added)) / length
    return [trials[i] for i in np.argsort(-gains, kind="stable")[:MOST_SOLVED]]


def _trials(fit: Fit, now: Fit) -> Iterator[_Trial]:
    """Yield all laws with one more threshold than those found so far."""
    levels = fit.levels
    shares = now.design * now.coefficients
    shares /= shares.sum(axis=1, keepdims=True)
    for j, term in enumerate(fit.full_law.terms):
        if fit.terms[j].role == "regime" or not term.factors or j >= len(now.full_law.terms):
            continue
        if shares[:, j].max() < SMALLEST_SHARE and now.coefficients[j] > 0:
            continue
        yield from _saturations(j, now.full_law.terms[j], levels)
        for names in _products(term, fit.full_law):
            size = np.prod([levels[name] for name in names], axis=0)
            own = term.evaluate({name: levels[name] for name in term.factors})
            for threshold in _levels(size) if (size > 0).all() else ():
                level, product = float(f"{threshold:.6g}"), "*".join(names)
                ramp = np.maximum(0.0, 1 - (level / size) ** 2)
                gradual = f"({term})*max(0,1-({level:.6g}/({product}))**2)"
                yield _Trial(j, partial(str, gradual), own * ramp, is_step=True)
                yield _Trial(j, partial(str, f"({term})*({product}>{level:.6g})"), own * (size > level), is_step=True)


def _saturations(index: int, term: Term, levels: Mapping[str, Array]) -> Iterator[_Trial]:
    point = {name: levels[name] for name in term.factors}
    for name in sorted(term.factors):
        for threshold in _corners(levels[name]):
            column = term.evaluate({**point, name: np.maximum(levels[name], float(f"{threshold:.6g}"))})
            yield _Trial(index, partial(_replaced, term, name, threshold), column, is_step=False)
    whole = term.evaluate(point)
    for threshold in _corners(whole):
        column = np.maximum(whole, float(f"{threshold:.6g}"))
        yield _Trial(index, partial(str, f"max({term},{threshold:.6g})"), column, is_step=False)


def _products(term: Term, law: CostLaw) -> Iterator[tuple[str, ...]]:
    """Yield the products of factors in which a term may have a step: parts of any term that shares a factor with it."""
    seen: set[tuple[str, ...]] = set()
    for other in law.terms:
        if not other.factors & term.factors:
            continue
        for size in range(1, MOST_FACTORS + 1):
            for names in combinations(sorted(other.factors), size):
                if names not in seen:
                    seen.add(names)
                    yield names


def _corners(values: Array) -> Array:
    """Return corners of a saturation: thresholds and the thirds of the way to the next, because each fits otherwise."""
    between = _levels(values)
    if len(between) < 2:
        return between
    thirds = [between[:-1] ** (1 - share) * between[1:] ** share for share in (1 / 3, 2 / 3)]
    return np.concatenate([between, *thirds])


def _levels(values: Array) -> Array:
    """Return thresholds between distinct values, with enough points on either side, evenly chosen if there are many."""
    distinct, counts = np.unique(values[values > 0], return_counts=True)
    below = np.cumsum(counts)[:-1]
    enough = (below >= FEWEST_POINTS) & (len(values) - below >= FEWEST_POINTS)
    between = np.sqrt(distinct[:-1] * distinct[1:])[enough]
    if len(between) <= MOST_LEVELS:
        return np.asarray(between)
    return np.asarray(between[np.unique(np.linspace(0, len(between) - 1, MOST_LEVELS).round().astype(int))])


class _Saturate(ast.NodeTransformer):
    """Replaces a factor by the maximum of it and a level."""

    def __init__(self, name: str, level: float) -> None:
        self.name, self.level = name, level

    def visit_Name(self, node: ast.Name) -> ast.expr:
        """Return the maximum in the place of the factor."""
        if node.id != self.name:
            return node
        arguments: list[ast.expr] = [node, ast.Constant(self.level)]
        return ast.Call(func=ast.Name("max"), args=arguments, keywords=[])


def _replaced(term: Term, name: str, level: float) -> str:
    tree = _Saturate(name, float(f"{level:.6g}")).visit(ast.parse(str(term), mode="eval"))
    return ast.unparse(tree)


def _applied(law: CostLaw, trial: _Trial) -> CostLaw:
    texts = [str(term) for term in law.terms]
    if trial.is_step:
        return CostLaw(" + ".join([*texts, trial.text()]))
    texts[trial.place] = trial.text()
    return CostLaw(" + ".join(texts))
