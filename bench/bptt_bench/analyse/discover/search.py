"""Search for laws: sums of one to three terms over all factors at once, by the evidence for each.

Laws are screened on relative residuals, thousands of them at once, and of many points on some. The terms of one factor
are searched exhaustively; with more, the search begins at all pairs of coarse terms and goes on to the neighbours of
every law that is not excluded yet, until these are closed under neighbourhood.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from bptt_bench.analyse.data.samples import MOST
from bptt_bench.analyse.discover.family import (
    ABSENT,
    INVERSE,
    MOST_LOGS,
    MOST_QUARTERS,
    N_LATTICE,
    Family,
    Term,
    lattice,
    powers_of,
)
from bptt_bench.analyse.discover.marginal_likelihood import NoisePrior, log_evidence
from bptt_bench.analyse.stats.arrays import Array, Index
from bptt_bench.analyse.stats.nonnegative import nnls_batch

MOST_TERMS = 3
TERM_COSTS = (0.7, 1.0, 2.5)  # minus the log prior of a law's number of terms
# Of several factors: the prior probability that a further term is made from the first one, as n*m beside n*m*k is, and
# then of each factor that it stands there as in the first, or not at all. Otherwise terms are independent.
RELATED, SAME, LACKING = 0.5, 0.4, 0.3
PLAIN_LAWS = 0.5  # prior probability that a law is plain
KEPT = 9.0  # nats below the best law: what is farther is excluded
EXPANDED = 7.0  # nats below the best law: whose neighbours are searched
AT_ONCE = 40  # laws whose neighbours are searched in a round
MOST_ROUNDS = 12
MOST_EXTENDED = 12  # laws to which every coarse term is added
MOST_PAIRED = 350  # coarse terms all pairs of which are tried; of more, those of the best single terms
PAIRED = 25
STARTS, MOST_CLIMBED = 200, 20  # laws from which the search climbs, and steps of each
MOST_DEEP_ROUNDS, DEEPENED = 6, 3  # of steps two at once, and from how many laws
DEEP_GAIN = 0.5  # nats, without which no further round is worth its time
CHUNK = 400_000  # values of laws at points that are fitted at once
RIDGE = 1e-12  # of columns of unit length
NOTHING = 1e-7  # of the time: a smaller share of a term is rounding
MOST_POINTS = 200  # on which laws are screened
COARSE = (  # shapes of a factor from which the search starts, the richest of these that is not too many
    tuple(lattice(q, j) for q, j in ((0, 0), (2, 0), (4, 0), (4, 1), (6, 0), (8, 0), (12, 0))),
    tuple(lattice(q, 0) for q in (0, 4, 8)),
    tuple(lattice(q, 0) for q in (0, 4)),
)
MOST_COARSE = 400
FEW_FACTORS = 2  # of many factors: terms that have so few of them, or lack so few
STEPS = (  # of quarters and logarithms to a neighbouring shape
    *((1, 0), (-1, 0), (2, 0), (-2, 0), (4, 0), (-4, 0)),
    *((0, 1), (0, -1), (-1, 1), (1, -1), (-2, 1), (2, -1)),
)
Law: TypeAlias = tuple[Term, ...]  # sorted


class Search:
    """The laws that have been tried, and the log of prior and evidence of each.

    Parameters
    ----------
    family : of the terms.
    seconds : at the points (n,).
    weights : of the points (n,), at most 1.
    prior : of the noise.
    """

    def __init__(self, family: Family, seconds: Array, weights: Array, prior: NoisePrior) -> None:
        self._family, self._prior = family, prior
        self._points = _spread(seconds)
        self._target = np.sqrt(weights[self._points])
        self._relative = self._target / seconds[self._points]
        self._n = float(weights[self._points].sum())
        self._places: dict[Term, int] = {}
        self._terms: list[Term] = []
        self._columns = np.zeros((0, len(self._points)))
        self._moments = np.zeros(0)
        self._known = np.zeros((0, 0))  # products of the columns of the first terms
        self._shapes = np.zeros((0, len(family.factors)), dtype=np.intp)
        self._shape_costs = self._plain_costs = np.zeros((0, len(family.factors)))
        self.scores: dict[Law, float] = {}
        self._expanded: set[Law] = set()
        self._add([family.constant])

    def run(self) -> None:
        """Try all laws that may be among the best."""
        coarse = self._coarse_terms()
        self._add(coarse)
        self._known = self._columns @ self._columns.T
        singles = [(term,) for term in coarse]
        self.try_laws(singles)
        best = [law[0] for law in self._best(singles, PAIRED)]
        first = coarse if len(coarse) <= MOST_PAIRED else best
        self.try_laws(tuple(sorted(pair)) for a in first for b in coarse if a != b for pair in [(a, b)])
        if len(self._family.factors) > 1:  # of one factor all pairs of terms have been tried
            self._climb(self._starts())
        self._close()
        for law in self._best([law for law in self.scores if len(law) < MOST_TERMS], MOST_EXTENDED):
            self.try_laws(_with(law, term) for term in coarse)
        self._close()
        if len(self._family.factors) > 1:
            self._deepen()

    def kept(self) -> dict[Law, float]:
        """Return the laws that are not excluded, the best first, with the log of prior and evidence."""
        top = max(self.scores.values())
        order = sorted(self.scores, key=lambda law: -self.scores[law])
        return {law: self.scores[law] for law in order if self.scores[law] >= top - KEPT}

    def simplest(self) -> Iterator[Law]:
        """Yield the best law of each number of terms but the largest."""
        for k in range(1, MOST_TERMS):
            yield from self._best([law for law in self.scores if len(law) == k], 1)

    def try_laws(self, laws: Iterable[Law]) -> None:
        """Find the scores of laws that have none yet."""
        new = [law for law in dict.fromkeys(laws) if law not in self.scores and 0 < len(law) <= MOST_TERMS]
        self._add({term for law in new for term in law})
        for k in range(1, MOST_TERMS + 1):
            some = [law for law in new if len(law) == k]
            at_once = max(CHUNK // (k * len(self._points)), 1)
            for start in range(0, len(some), at_once):
                self._score(some[start : start + at_once], k)

    def singles(self) -> list[Term]:
        """Return the terms that have been tried alone."""
        return [law[0] for law in self.scores if len(law) == 1]

    def law_cost(self, law: Law) -> float:
        """Return minus the log prior of a law."""
        self._add(set(law))
        return float(self._prior_costs(np.array([[self._places[term] for term in law]], dtype=np.intp))[0])

    def _prior_costs(self, places: Index) -> Array:
        """Return minus the log prior of laws whose terms have these places (m, k), be they plain or not."""
        any_law, plain = (self._costs_of_kind(places, costs) for costs in (self._shape_costs, self._plain_costs))
        return np.asarray(-np.logaddexp(np.log(1 - PLAIN_LAWS) - any_law, np.log(PLAIN_LAWS) - plain))

    def _costs_of_kind(self, places: Index, shape_costs: Array) -> Array:
        """Return minus the log prior of laws of a kind, which says what the shapes of their terms cost (n_terms, d).

        Any of the terms may be the first, from which the others are made.
        """
        k = places.shape[1]
        own = shape_costs.sum(axis=1)[places]
        if k == 1 or self._shapes.shape[1] == 1:
            return np.asarray(own.sum(axis=1) + TERM_COSTS[k - 1])
        shapes, least = self._shapes[places], np.full(len(places), np.inf)
        for first in range(k):
            others = [i for i in range(k) if i != first]
            is_same = shapes[:, others] == shapes[:, [first]]
            changed = shape_costs[places[:, others]] - np.log(1 - SAME - LACKING)
            each = np.where(shapes[:, others] == ABSENT, -np.log(LACKING), changed)
            related = np.where(is_same, -np.log(SAME), each).sum(axis=2)
            apart = own[:, others]
            mixed = -np.logaddexp(np.log(1 - RELATED) - apart, np.log(RELATED) - related)
            least = np.minimum(least, own[:, first] + np.where(np.isfinite(apart), mixed, np.inf).sum(axis=1))
        return np.asarray(least + TERM_COSTS[k - 1])

    def _score(self, laws: Sequence[Law], k: int) -> None:
        """Find the scores of laws of k terms, averaged over whether a constant stands beside them."""
        places = np.array([[self._places[term] for term in law] for law in laws], dtype=np.intp).reshape(-1, k)
        costs = self._prior_costs(places)
        places = np.column_stack([np.zeros(len(laws), dtype=np.intp), places])
        gram, moment = self._gram(places), self._moments[places]
        c, squares = self._solve(gram, moment)
        with_constant = log_evidence(squares, self._n, gram, c, self._prior)
        # without the constant the others change as least squares says, unless one would fall below 0
        inverse = np.linalg.inv(gram + RIDGE * np.eye(k + 1))
        first = inverse[:, 0, 0]
        rest = c[:, 1:] - inverse[:, 1:, 0] * (c[:, 0] / first)[:, None]
        less = squares + c[:, 0] ** 2 / first
        inner, inner_moment = gram[:, 1:, 1:], moment[:, 1:]
        rest = np.where(rest > NOTHING * np.sqrt(self._n), rest, 0.0)
        again = ~(c[:, 1:] > 0).all(axis=1) | ~(rest > 0).all(axis=1)
        if again.any():
            rest[again], less[again] = self._solve(inner[again], inner_moment[again])
        without = log_evidence(less, self._n, inner, rest, self._prior)
        both = np.logaddexp(with_constant, without) - np.log(2)
        self.scores.update(zip(laws, (both - costs).tolist(), strict=True))

    def _solve(self, gram: Array, moment: Array) -> tuple[Array, Array]:
        """Return coefficients (m, k) ≥ 0, 0 where they were not found, and sums of squared residuals (m,)."""
        zero = np.zeros_like(moment)
        c, solved = nnls_batch(gram, moment, zero, zero == 0)
        c = np.where(solved[:, None] & (c > NOTHING * np.sqrt(self._n)), c, 0.0)
        squares = self._n - 2 * (c * moment).sum(axis=1) + ((gram @ c[:, :, None])[:, :, 0] * c).sum(axis=1)
        return c, np.maximum(squares, 0.0)

    def _gram(self, places: Index) -> Array:
        """Return the products of the columns of laws whose terms have these places (m, k)."""
        if places.max() < len(self._known):
            return np.asarray(self._known[places[:, :, None], places[:, None, :]])
        columns = self._columns[places]  # (m, k, n)
        return np.asarray(columns @ np.swapaxes(columns, 1, 2))

    def _add(self, terms: Iterable[Term]) -> None:
        """Add the columns of terms."""
        new = [term for term in terms if term not in self._places]
        if not new:
            return
        columns = self._family.columns(new)
        usable = (columns.max(axis=1) <= MOST) & columns.any(axis=1)
        columns = np.where(usable[:, None], columns[:, self._points] * self._relative, 0.0)
        norms = np.sqrt((columns**2).sum(axis=1, keepdims=True))
        columns /= np.where(norms > 0, norms, 1.0)
        first = len(self._terms)
        self._terms += new
        self._places.update({term: first + i for i, term in enumerate(new)})
        shapes = np.array(new, dtype=np.intp).reshape(len(new), -1)
        unusable = np.where(norms > 0, 0.0, np.inf)
        self._shapes = np.concatenate([self._shapes, shapes])
        self._shape_costs = np.concatenate([self._shape_costs, _by_shape(self._family.costs, shapes) + unusable])
        self._plain_costs = np.concatenate([self._plain_costs, _by_shape(self._family.plain_costs, shapes) + unusable])
        self._columns = np.concatenate([self._columns, columns])
        self._moments = self._columns @ self._target

    def _coarse_terms(self) -> list[Term]:
        """Return the terms at which the search starts, without the constant; of one factor all."""
        d = len(self._family.factors)
        if d == 1:
            usable = np.flatnonzero(np.isfinite(self._family.costs[0]))
            return [(int(shape),) for shape in usable if shape != ABSENT]
        falls = [bool(np.isfinite(costs[INVERSE])) for costs in self._family.costs]
        chosen = next((shapes for shapes in COARSE if len(shapes) ** d <= MOST_COARSE), None)
        if chosen:
            shapes = [(*chosen, INVERSE) if one else chosen for one in falls]
            found = list(itertools.product(*shapes))[1:]
        else:
            found = list(_of_many_factors([INVERSE if one else lattice(4, 0) for one in falls]))
        return [term for term in found if np.isfinite(self._family.cost(term))]

    def _best(self, laws: Sequence[Law], most: int) -> list[Law]:
        return heapq.nlargest(most, laws, key=self.scores.__getitem__)

    def _expand(self) -> bool:
        """Try the neighbours of the best laws that have not had theirs tried; return whether there were any."""
        top = max(self.scores.values())
        near = [law for law, score in self.scores.items() if score >= top - EXPANDED and law not in self._expanded]
        chosen = self._best(near, AT_ONCE)
        self._expanded.update(chosen)
        self.try_laws(neighbour for law in chosen for neighbour in self._neighbours(law))
        return bool(chosen)

    def _starts(self) -> list[Law]:
        """Return the best pair with each of the coarse terms, the best of these pairs."""
        best: dict[Term, Law] = {}
        for law, score in self.scores.items():
            for term in law if len(law) > 1 else ():
                if term not in best or score > self.scores[best[term]]:
                    best[term] = law
        return self._best(list(dict.fromkeys(best.values())), STARTS)

    def _climb(self, starts: Sequence[Law]) -> None:
        """Go from each of several laws to its best neighbour with as many terms, until none is better.

        What is far below the best law so far may lead to a better one.
        """
        current = list(starts)
        for _ in range(MOST_CLIMBED):
            near = {law: list(self._steps(law)) for law in current}
            self.try_laws(law for some in near.values() for law in some)
            best = {law: max(some, key=self.scores.__getitem__) for law, some in near.items() if some}
            current = list(dict.fromkeys(one for law, one in best.items() if self.scores[one] > self.scores[law]))
            if not current:
                break

    def _close(self) -> None:
        """Go on to the neighbours of the best laws until all of these have had theirs tried."""
        for _ in range(MOST_ROUNDS):
            if not self._expand():
                break

    def _deepen(self) -> None:
        """Try two steps at once from the very best laws, as long as that leads to much better ones.

        What two terms have in common can be shared out between them in many ways, each of which is better than all that
        differ from it in one step.
        """
        done = set[Law]()
        for _ in range(MOST_DEEP_ROUNDS):
            top = max(self.scores.values())
            new = [law for law in self._best(list(self.scores), DEEPENED) if law not in done]
            done.update(new)
            self.try_laws(law for one in new for law in self._two_steps(one))
            self._close()
            if not new or max(self.scores.values()) < top + DEEP_GAIN:
                break

    def _steps(self, law: Law) -> Iterator[Law]:
        """Yield the laws with one term changed by a step."""
        for i, term in enumerate(law):
            rest = (*law[:i], *law[i + 1 :])
            for neighbour in _near_terms(term, self._family):
                if neighbour not in rest:
                    yield _with(rest, neighbour)

    def _two_steps(self, law: Law) -> Iterator[Law]:
        """Yield the laws with two terms changed by a step, or one by a step in each of two factors."""
        near = [[term, *_near_terms(term, self._family)] for term in law]
        for i, j in itertools.combinations(range(len(law)), 2):
            rest = tuple(term for place, term in enumerate(law) if place not in (i, j))
            for one, other in itertools.product(near[i], near[j]):
                if one != other:
                    yield _with(_with(rest, one), other)
        for i, terms in enumerate(near):
            rest = (*law[:i], *law[i + 1 :])
            for term in terms[1:]:
                for further in _near_terms(term, self._family):
                    yield _with(rest, further)

    def _neighbours(self, law: Law) -> Iterator[Law]:
        """Yield the laws with one term changed by a step, taken away, or added."""
        for i, term in enumerate(law):
            others = (*law[:i], *law[i + 1 :])
            if others:
                yield others
            for neighbour in _near_terms(term, self._family):
                yield _with(others, neighbour)
                if len(law) < MOST_TERMS:
                    yield _with(law, neighbour)


def _by_shape(costs: Sequence[Array], shapes: Index) -> Array:
    """Return the costs of the shapes of terms (n_terms, d), given those of each factor's shapes."""
    return np.column_stack([costs[f][shapes[:, f]] for f in range(shapes.shape[1])])


def _of_many_factors(shapes: Sequence[int]) -> Iterator[Term]:
    """Yield products of one or two factors in these shapes (d,), and of all but at most two."""
    d = len(shapes)
    for size in dict.fromkeys([*range(1, FEW_FACTORS + 1), *range(d - FEW_FACTORS, d + 1)]):
        for members in itertools.combinations(range(d), size):
            yield tuple(shape if f in members else ABSENT for f, shape in enumerate(shapes))


def _spread(seconds: Array) -> Index:
    """Return points from the fastest to the slowest, all of them if they are not many."""
    order = np.argsort(seconds, kind="stable")
    if len(order) <= MOST_POINTS:
        return order
    return order[np.unique(np.linspace(0, len(order) - 1, MOST_POINTS).round().astype(np.intp))]


def _near_terms(term: Term, family: Family) -> Iterator[Term]:
    """Yield the terms that differ from a term in the shape of one factor, but not the constant."""
    for f, shape in enumerate(term):
        for other in _near_shapes(shape, len(family.texts[f])):
            changed = (*term[:f], other, *term[f + 1 :])
            if changed != family.constant and np.isfinite(family.costs[f][other]):
                yield changed


def _near_shapes(shape: int, n_shapes: int) -> Iterator[int]:
    powers = powers_of(shape)
    if powers is None:
        yield ABSENT
        return
    for quarters, logs in STEPS:
        q, j = powers[0] + quarters, powers[1] + logs
        if 0 <= q <= MOST_QUARTERS and 0 <= j <= MOST_LOGS:
            yield lattice(q, j)
    if shape == ABSENT:
        yield from range(N_LATTICE, n_shapes)
    else:
        yield ABSENT


def _with(law: Law, term: Term) -> Law:
    """Return a law with a further term."""
    return law if term in law else tuple(sorted((*law, term)))
