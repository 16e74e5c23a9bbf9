"""Laws of what an evaluation counts, and the laws of its time that follow from them.

A count has terms of lower order beside the one that it is about: of a sort, the elements that are copied beside those
that are compared. Laws that differ in these alone are one law of the work. Time is work times what an operation costs,
so that it has the terms of the work and no others; which of them are seen in it, the times say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from bptt_bench.analyse.discover.family import ABSENT, Term, powers_of
from bptt_bench.analyse.discover.finalists import Finalist, Measured, Step, averaged_over_constant, with_constant
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.discover.search import NOTHING, Law
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw

FASTEST = 1_000_000  # the order of an exponential among powers
ONE_OPERATION, ROUNDING = 1.0, 1e-12  # how far counts may be off a law that they follow exactly; the latter relative
LEAST_RANGE = 1000.0  # operations between the smallest and the largest count, from which one of them is little


def leading_terms(law: Law) -> Law:
    """Return the terms of a law that no other of its terms outgrows in every factor.

    Of n*m + n + m**2 these are n*m and m**2.
    """
    return tuple(term for term in law if not any(_is_lower(term, other) for other in law))


def merge_by_leading_terms(finalists: Iterable[Finalist]) -> list[Finalist]:
    """Return one finalist for all laws with the same leading terms, their weights added.

    Its lower terms are those of the likeliest of them.
    """
    groups: dict[tuple[str, ...], list[Finalist]] = {}
    for one in finalists:
        kept = set(leading_terms(one.law))
        leading = list(one.terms)
        if one.law:
            leading = [text for term, text in zip(one.law, one.terms, strict=True) if term in kept]
        groups.setdefault(tuple(sorted(leading)), []).append(one)
    merged = []
    for highest, group in groups.items():
        best = max(group, key=lambda one: one.log_weight)
        lower = (*(text for text in best.terms if text not in highest), *best.lower)
        weight = float(logsumexp([one.log_weight for one in group]))
        terms = tuple(text for text in best.terms if text in highest)
        merged.append(best._replace(terms=terms, log_weight=weight, lower=lower))
    return merged


def exact_laws(finalists: Iterable[Finalist], levels: Mapping[str, Array], counts: Array) -> list[Finalist]:
    """Return the laws that counts (n_points,) follow to within one operation at every point; empty if none does.

    Counts have no noise, so that these exclude all others. A law with the terms of another and more is left out.
    Where counts hardly differ, one operation is too much to distinguish laws, and none is returned.
    """
    found: list[Finalist] = []
    if np.ptp(counts) < LEAST_RANGE * ONE_OPERATION:
        return found
    tried = list(finalists)
    for one in [*tried, *(less for each in tried for less in _without_one_term(each))]:
        try:
            design = CostLaw(" + ".join([*one.terms, *one.lower])).columns(dict(levels))
        except LawError:
            continue
        beside = with_constant(design)
        if _is_exact(design, counts):
            found.append(one._replace(constant=False))
        elif _is_exact(beside, counts):
            found.append(one._replace(constant=True))
    own = [{*one.terms, *one.lower} - {"1"} for one in found]
    kept = {
        tuple(sorted(terms)): one
        for one, terms in zip(reversed(found), reversed(own), strict=True)
        if not any(other < terms for other in own)
    }
    return list(kept.values())


def _without_one_term(one: Finalist) -> Iterator[Finalist]:
    """Yield a law of several terms without each of them."""
    for place in range(len(one.terms) if len(one.terms) > 1 else 0):
        kept = one.terms[:place] + one.terms[place + 1 :]
        step = one.step if one.step is not None and one.step.is_in(kept) else None
        yield one._replace(terms=kept, law=one.law[:place] + one.law[place + 1 :], step=step)


def _is_exact(design: Array, counts: Array) -> bool:
    """Return whether coefficients of 0 or more give all counts to within one operation, and points are left to tell."""
    n, k = design.shape
    if n <= k or not np.isfinite(design).all():
        return False
    scale = np.maximum(np.abs(design).max(axis=0), np.finfo(np.float64).tiny)
    coefficients, *_ = np.linalg.lstsq(design / scale, counts, rcond=None)
    off = np.abs(design / scale @ coefficients - counts)
    return bool((coefficients >= 0).all() and (off <= np.maximum(ONE_OPERATION, ROUNDING * counts)).all())


def laws_of_time(work: Sequence[LawSet], levels: Mapping[str, Array], measured: Measured) -> list[Finalist]:
    """Return the laws of time that the laws of the work admit, weighted by those and by how well they fit the times.

    Where several things were counted, time has the terms of all of them.
    """
    if len(work) == 1:
        admitted = [
            (one.law, _lower_terms(one.fit.full_law, one.law), one.weight, one.step) for one in work[0].candidates
        ]
    else:
        law = CostLaw(" + ".join(dict.fromkeys(str(term) for one in work for term in one.law.terms)))
        admitted = [(law, (), 1.0, _step_of_all([one.answer.step for one in work]))]
    found = []
    for law, lower, weight, step in admitted:
        finalist = _of_terms(law, lower, levels, measured)
        if finalist is not None:
            found.append(finalist._replace(log_weight=finalist.log_weight + float(np.log(weight)), step=step))
    return found


def _step_of_all(steps: Sequence[Step | None]) -> Step | None:
    """Return the first step of several laws, with the terms of all that change at the same place."""
    known = [step for step in steps if step is not None]
    if not known:
        return None
    first = known[0]
    same = [one for one in known if (one.factor, one.low, one.high) == (first.factor, first.low, first.high)]
    return replace(first, far=tuple(dict.fromkeys(pair for one in same for pair in one.far)))


def _of_terms(law: CostLaw, lower: Sequence[str], levels: Mapping[str, Array], measured: Measured) -> Finalist | None:
    """Return a law of time; None if it is undefined at a point, or does not vary."""
    own = tuple(map(str, law.terms))
    try:
        with np.errstate(all="ignore"):
            design = CostLaw(" + ".join([*own, *lower])).columns(dict(levels))
    except LawError:
        return None
    sound = np.isfinite(design).all() and (design >= 0).all()
    if not sound or not any(np.ptp(design[:, j]) > 0 for j in range(len(own))):
        return Finalist(own, measured.log_weight(design), constant=False) if sound and law.text == "1" else None
    kept = _seen(design, len(own), measured)
    without, constant = averaged_over_constant(design[:, kept], measured)
    beside = tuple(text for place, text in enumerate(lower, start=len(own)) if place in kept)
    return Finalist(own, without, constant, beside) if np.isfinite(without) else None


def _seen(design: Array, n_leading: int, measured: Measured) -> list[int]:
    """Return the columns of terms that are seen in the times beside a constant, one at least of the leading ones."""
    relative = design * np.exp(-measured.log_seconds)[:, None]
    scaled = np.column_stack([np.ones(len(design)), design / relative.max(axis=0)])
    found = measured.fit(scaled)
    shares = (found.jacobian * found.coefficients).max(axis=0)[1:]
    kept = [place for place in range(design.shape[1]) if shares[place] > NOTHING]
    return kept if any(place < n_leading for place in kept) else [0, *kept]


def _lower_terms(full: CostLaw, law: CostLaw) -> tuple[str, ...]:
    own = {str(term) for term in law.terms}
    return tuple(text for text in map(str, full.terms) if text not in own and text != "1")


def _is_lower(term: Term, other: Term) -> bool:
    """Return whether another term grows at least as fast in every factor, and faster in one."""
    orders = [(_order(one), _order(two)) for one, two in zip(term, other, strict=True)]
    return term != other and all(one <= two for one, two in orders)


def _order(shape: int) -> tuple[int, int]:
    """Return how fast a shape grows, as quarters of a power and logarithms."""
    return (0, 0) if shape == ABSENT else powers_of(shape) or (FASTEST + shape, 0)
