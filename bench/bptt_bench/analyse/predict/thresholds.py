"""Thresholds of a law in its own factors, for data whose subject declares no bytes.

Two kinds are searched. Below a *saturation* a term does not become cheaper: small work does not fill the machine. The
factor p of the term is replaced by max(p, C), or the whole term f by max(f, C). Beyond a *step* a term costs more: by
degrees, as it does once what it works through has left a cache, or at once, as with another algorithm,

    f · max(0, 1 - (C / g)²)    or    f · (g > C),

with g a product of factors of the terms. Thresholds are added one after the other, at most two a term, each at the
level that lowers AICc most, if that is decisive for so many trials. A law with thresholds is one way to predict among
others: whether it helps is for backtests to say.

The whole law may change, too, along its fitted cost: beyond some cost all of it costs more by one factor, as on another
level of memory, or has coefficients of its own, as where smaller work does not fill the machine.

Source: Quandt (1960), "Tests of the hypothesis that a linear regression system obeys two separate regimes".
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from itertools import combinations
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.predict.refit import refit
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.estimate import SINGULAR, Solution, aicc, solve, solve_batch
from bptt_bench.errors import BenchError, FitError
from bptt_bench.plan import CostLaw, Term

DECISIVE_GAP = 12.0  # of AICc, for a choice among twenty; more trials need more
USUAL_TRIALS = 20
PREFERENCE = 6.0  # of AICc, for thresholds in terms over a change of the whole law
FEWEST_POINTS = 4  # on either side of a threshold
FEWEST_BEYOND = 3  # on either side of a change of the whole law by one factor
FEWEST_SPARE = 2  # points beyond the coefficients of a part of the points
ROUNDS = 20  # in which coefficients and a common factor are fitted in turns
NEAR_CHANGE = 1e-4  # of that factor, relative
MOST_CUTS = 3  # of the whole law that are fitted, of those that explain most to first order
MOST_LEVELS = 12  # that are tried of one threshold
MOST_A_TERM, MOST = 2, 4
MOST_SOLVED = 20  # trials that are fitted, of those that explain most to first order
NEAR = 1e-6
SMALLEST_SCATTER = 0.01  # of points about the law: with less there is nothing to explain
MOST_FACTORS = 3  # of a product in which a step is searched
SMALLEST_SHARE = 0.05  # of a term in the time of some point; a smaller one shows no threshold


class _Trials(NamedTuple):
    """Laws with one more threshold, of the term at a place: a column (m, n_points) for each of m levels."""

    place: int
    text: Callable[[float], str]  # of the term, or of the companion beside it, at a level
    levels: Array
    columns: Array
    is_step: bool


class _Choice(NamedTuple):
    """A law with one more threshold, or a fit that holds beyond a cost, and its AICc."""

    aicc: float
    fit: Callable[[], Fit]
    place: int | None = None  # of the term; `None` for the whole law
    beyond: float | None = None


class Bent(NamedTuple):
    """A fit of a law with thresholds; ``beyond``: the fitted cost beyond which alone it holds, if the whole changes."""

    fit: Fit
    beyond: float | None = None


def with_thresholds(fit: Fit) -> Bent:
    """Return the fit of the law with the thresholds that the data show.

    Raises
    ------
    FitError : they show none.
    """
    found, counts, whole = fit, dict[int, int](), _whole_law(fit)
    steps = _Steps(fit)
    while len(counts) < MOST and sum(counts.values()) < MOST and found.scatter > SMALLEST_SCATTER:
        trials = [one for one in _trials(fit, found, steps) if counts.get(one.place, 0) < MOST_A_TERM]
        best = _best(found, trials)
        if best is None or best.place is None:
            break
        try:
            found = best.fit()
        except BenchError:
            break
        counts[best.place] = counts.get(best.place, 0) + 1
    if whole is not None and whole.aicc < found.aicc - (PREFERENCE if counts else 0.0):
        return Bent(replace(whole.fit(), aicc=whole.aicc), whole.beyond)
    if found is fit:
        raise FitError("thresholds: the data show none")
    return Bent(found)


def _best(fit: Fit, every: list[_Trials]) -> _Choice | None:
    """Return the trial that lowers AICc most, if decisively."""
    n_trials = sum(len(one.levels) for one in every)
    gap = DECISIVE_GAP + 2 * np.log(max(n_trials / USUAL_TRIALS, 1.0))
    y, design, start = np.log(fit.points["measured"].to_numpy()), fit.design, fit.coefficients
    chosen = _most_promising(fit, every)
    best, least = None, fit.aicc - gap
    for is_step in (False, True):
        some = [(one, i) for one, i in chosen if one.is_step is is_step]
        if not some:
            continue
        designs = []
        for one, i in some:
            changed = np.column_stack([design, one.columns[i]]) if is_step else design.copy()
            changed[:, -1 if is_step else one.place] = one.columns[i]
            designs.append(changed)
        begin = np.append(start, 0.0) if is_step else start
        solutions = solve_batch(np.array(designs), y, robust=fit.robust, start=begin, tolerance=NEAR)
        for (one, i), solution in zip(some, solutions, strict=True):
            used = solution.active[-1] if is_step else solution.active[one.place]
            extra = 0.0 if is_step else 2.0  # the level of a saturation is a parameter without a column
            if used and solution.aicc + extra < least:
                law = partial(_applied, fit.full_law, one, float(one.levels[i]))
                least = solution.aicc + extra
                best = _Choice(least, partial(_refitted, fit, law), one.place)
    return best


def _refitted(fit: Fit, law: Callable[[], CostLaw]) -> Fit:
    return refit(fit, law=law())


def _most_promising(fit: Fit, every: list[_Trials]) -> list[tuple[_Trials, int]]:
    """Return the trials that explain most of the residuals to first order."""
    flat = [(one, i) for one in every for i in range(len(one.levels))]
    if len(flat) <= MOST_SOLVED:
        return flat
    residual, active, design = fit.points["log_residual"].to_numpy(), fit.coefficients > 0, fit.design
    fitted = design @ fit.coefficients
    basis, _ = np.linalg.qr(design[:, active] / fitted[:, None])
    changes = [one.columns if one.is_step else one.columns - design[:, one.place] for one in every]
    added = np.concatenate(changes).T / fitted[:, None]  # (n_points, n_trials)
    added -= basis @ (basis.T @ added)
    gains = residual @ added / np.maximum(np.linalg.norm(added, axis=0), 1e-300)
    is_step = np.repeat([one.is_step for one in every], [len(one.levels) for one in every])
    gains = np.where(is_step, gains, np.abs(gains))
    return [flat[i] for i in np.argsort(-gains, kind="stable")[:MOST_SOLVED].tolist()]


class _Steps:
    """The steps of each term, which stay the same while thresholds are added."""

    def __init__(self, fit: Fit) -> None:
        self._fit, self._levels = fit, fit.levels
        self._sizes: dict[tuple[str, ...], tuple[Array, Array]] = {}  # products with their thresholds
        self._known: dict[int, list[_Trials]] = {}

    def of(self, place: int) -> list[_Trials]:
        """Return the steps of the term at a place."""
        if place not in self._known:
            self._known[place] = list(self._make(place))
        return self._known[place]

    def _make(self, place: int) -> Iterator[_Trials]:
        term = self._fit.full_law.terms[place]
        own = term.evaluate({name: self._levels[name] for name in term.factors})
        for names in _products(term, self._fit.full_law):
            if names not in self._sizes:
                size = np.prod([self._levels[name] for name in names], axis=0)
                self._sizes[names] = size, _rounded(_levels(size)) if (size > 0).all() else np.zeros(0)
            size, found = self._sizes[names]
            if not len(found):
                continue
            product, ratio = "*".join(names), found[:, None] / size
            ramp, jump = partial(_ramp, term, product), partial(_jump, term, product)
            yield _Trials(place, ramp, found, own * np.maximum(0.0, 1 - ratio**2), is_step=True)
            yield _Trials(place, jump, found, own * (ratio < 1), is_step=True)


def _trials(fit: Fit, now: Fit, steps: _Steps) -> Iterator[_Trials]:
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
        yield from steps.of(j)


def _ramp(term: Term, product: str, level: float) -> str:
    return f"({term})*max(0,1-({level:.6g}/({product}))**2)"


def _jump(term: Term, product: str, level: float) -> str:
    return f"({term})*({product}>{level:.6g})"


def _saturations(index: int, term: Term, levels: Mapping[str, Array]) -> Iterator[_Trials]:
    point = {name: levels[name] for name in term.factors}
    for name in sorted(term.factors):
        found = _corners(levels[name])
        if len(found):
            columns = term.evaluate({**point, name: np.maximum(levels[name], found[:, None])})
            yield _Trials(index, partial(_replaced, term, name), found, columns, is_step=False)
    whole = term.evaluate(point)
    found = _corners(whole)
    if len(found):
        yield _Trials(index, partial(_at_least, term), found, np.maximum(whole, found[:, None]), is_step=False)


def _at_least(term: Term, level: float) -> str:
    return f"max({term},{level:.6g})"


def _whole_law(fit: Fit) -> _Choice | None:
    """Return the change of the whole law along its fitted cost that lowers AICc most, if decisively.

    Beyond a cost all terms cost more or less by one factor, or have coefficients of their own: larger points follow
    those of the points beyond it.
    """
    size, y, design = fit.points["fitted"].to_numpy(), np.log(fit.points["measured"].to_numpy()), fit.design
    if fit.scatter <= SMALLEST_SCATTER:
        return None
    cuts = _levels(size, FEWEST_BEYOND)
    best, least = None, fit.aicc - DECISIVE_GAP - 2 * np.log(max(2 * len(cuts) / USUAL_TRIALS, 1.0))
    for made, is_divided in ((_scaled, False), (_divided, True)):
        for cut in _most_promising_cuts(fit, design, size, cuts, is_divided=is_divided):
            choice = made(fit, design, y, size > cut, cut)
            if choice is not None and choice.aicc < least:
                best, least = choice, choice.aicc
    return best


def _most_promising_cuts(fit: Fit, design: Array, size: Array, cuts: Array, *, is_divided: bool) -> list[float]:
    """Return the cuts whose change explains most of the residuals to first order."""
    residual = fit.points["log_residual"].to_numpy()
    jacobian = design[:, fit.coefficients > 0] / (design @ fit.coefficients)[:, None]
    basis, _ = np.linalg.qr(jacobian)
    base = residual - basis @ (basis.T @ residual)
    gains = []
    for cut in cuts.tolist():
        beyond = (size > cut)[:, None]
        added = jacobian * beyond if is_divided else beyond.astype(np.float64)
        own, singular, _ = np.linalg.svd(added - basis @ (basis.T @ added), full_matrices=False)
        gains.append(-float(((own.T @ base)[singular > SINGULAR] ** 2).sum()))
    return [float(cuts[i]) for i in np.argsort(gains, kind="stable")[:MOST_CUTS].tolist()]


def _scaled(fit: Fit, design: Array, y: Array, beyond: Flags, cut: float) -> _Choice | None:
    """Return the law whose terms cost more, or less, by one factor beyond a cost."""
    change, start = 0.0, fit.coefficients
    for _ in range(ROUNDS):
        solution = solve(design, y - change * beyond, robust=fit.robust, start=start, tolerance=NEAR)
        start, weights = solution.coefficients, solution.weights
        residual = solution.residual * weights
        move = float(residual[beyond].sum() / weights[beyond].sum() - residual[~beyond].sum() / weights[~beyond].sum())
        change += move
        if abs(move) < NEAR_CHANGE:
            break
    found = aicc(solution.loss, len(y), int(solution.active.sum()) + 2)
    return _Choice(found, partial(_raised, fit, beyond, change), beyond=cut)


def _raised(fit: Fit, beyond: Flags, change: float) -> Fit:
    """Return the fit to all points, with the times below a cost multiplied by the factor of those beyond it."""
    raised = fit.points["measured"].to_numpy() * np.where(beyond, 1.0, np.exp(change))
    return refit(replace(fit, points=fit.points.assign(measured=raised)))


def _divided(fit: Fit, design: Array, y: Array, beyond: Flags, cut: float) -> _Choice | None:
    """Return the fit to the points beyond a cost alone.

    The others have coefficients of their own, or cost all the same, as work does that is too small for the machine.
    """
    below, least = ~beyond, len(fit.coefficients) + FEWEST_SPARE
    if int(beyond.sum()) < least:
        return None

    def solved(some: Flags, columns: Array) -> Solution:
        return solve(columns[some], y[some], robust=fit.robust, tolerance=NEAR)

    above, ways = solved(beyond, design), [solved(below, np.ones((len(y), 1)))]
    ways += [solved(below, design)] if int(below.sum()) >= least else []
    found = [aicc(above.loss + one.loss, len(y), int(above.active.sum() + one.active.sum()) + 1) for one in ways]
    return _Choice(min(found), partial(refit, fit, np.flatnonzero(beyond)), beyond=cut)


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
        return _rounded(between)
    thirds = [between[:-1] ** (1 - share) * between[1:] ** share for share in (1 / 3, 2 / 3)]
    return _rounded(np.concatenate([between, *thirds]))


def _rounded(levels: Array) -> Array:
    """Return levels as a law is written with them."""
    return np.array([float(f"{level:.6g}") for level in levels.tolist()])


def _levels(values: Array, fewest: int = FEWEST_POINTS) -> Array:
    """Return thresholds between distinct values, with enough points on either side, evenly chosen if there are many."""
    distinct, counts = np.unique(values[values > 0], return_counts=True)
    below = np.cumsum(counts)[:-1]
    enough = (below >= fewest) & (len(values) - below >= fewest)
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


def _applied(law: CostLaw, trials: _Trials, level: float) -> CostLaw:
    texts = [str(term) for term in law.terms]
    if trials.is_step:
        return CostLaw(" + ".join([*texts, trials.text(level)]))
    texts[trials.place] = trials.text(level)
    return CostLaw(" + ".join(texts))
