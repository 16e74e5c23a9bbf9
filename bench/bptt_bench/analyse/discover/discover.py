"""Discovery of laws: from measurements, without a law, to every law that they do not exclude."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bptt_bench.analyse.data.columns import choose_response
from bptt_bench.analyse.discover.deciding import deciding_measurement
from bptt_bench.analyse.discover.evidence import noise_prior
from bptt_bench.analyse.discover.extensions import Extension, free_power, with_corners
from bptt_bench.analyse.discover.family import Family, make_family
from bptt_bench.analyse.discover.finalists import Measured, normalise
from bptt_bench.analyse.discover.law_set import Candidate, LawSet
from bptt_bench.analyse.discover.search import Law, Search
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw
from bptt_bench.store.frame import as_samples
from bptt_bench.text.arguments import require_text, require_texts

if TYPE_CHECKING:
    import pandas as pd

MOST_FINALISTS = 60  # laws that are fitted to all samples of the logarithms
MOST_CANDIDATES = 12  # laws of the answered set
EXCLUDED = 1 / 50  # of the largest weight, below which a law is excluded
SIMPLER = 10.0  # times the weight of a law, at which one that has only some of its terms excludes it
MOST_OUTLIERS, OUTLIER_WEIGHT = 0.15, 1e-3  # share of points off a law, and their weight in a second search
FEWEST_POINTS = 4  # fewer fit any law
CONSTANT = ("1",)  # the law of what does not grow, which all others hold beside their terms
CONSTANT_SEEN = 0.1  # of the weight of a law with a constant beside it, below which it has none


class Finalist(NamedTuple):
    """A law by the texts of its terms, the log of its weight, and whether a constant stands beside it."""

    terms: tuple[str, ...]
    log_weight: float
    constant: bool


def discover(
    frame: pd.DataFrame | Path | str,
    *,
    response: str | None = None,
    factors: Sequence[str] | None = None,
    counts: CostLaw | str | None = None,
    block: str | None = None,
    confidence: float = 0.95,
    unit: str | None = None,
) -> LawSet:
    """Return every law that the samples of a frame do not exclude; rows of equal factors are repetitions.

    Laws are sums of one to three terms, each a product of p^i·log(p)^j of the factors p (i in quarters from 0 to 4, j
    from 0 to 2), of exponentials, of any power, or of max(p, c). No grid of points is needed.

    Parameters
    ----------
    frame : of one subject, whose placebo is left out; or the path of a run or table, which is read as by ``load``.
    response, block, confidence, unit : as in ``bench.fit``.
    factors : columns of the factors; by default those of the run, or the columns of numbers whose levels recur.
    counts : law of the counted operations: the terms that time is fitted with, instead of all terms.

    Raises
    ------
    FitError, StoreError : data cannot be used, or have fewer than four points; one line.

    Notes
    -----
    Of all laws that are tried, those remain that have at least a fiftieth of the largest weight, and no simpler law
    within them that has ten times their own.
    Source: Madigan & Raftery (1994), "Model selection and accounting for model uncertainty in graphical models using
    Occam's window".
    """
    require_text(response=response, block=block, unit=unit)
    require_texts(factors=factors)
    frame = as_samples(frame)
    response = choose_response(frame, response)
    if factors is not None:
        frame = _with_factors(frame, factors)

    def fitted(law: str, overhead: Sequence[str]) -> Fit:
        return fit(
            frame, law, response=response, overhead=tuple(overhead), block=block, confidence=confidence, unit=unit
        )

    base = fitted("1", ())
    levels = {name: values for name, values in base.levels.items() if len(np.unique(values)) > 1}
    if base.n_points < FEWEST_POINTS or not levels:
        raise FitError(
            f"points: {base.n_points}; finding a law needs {FEWEST_POINTS} or more, at which a factor varies"
        )
    measured = _measured(base)
    if counts is not None:
        finalists, tried = [_of_counts(counts, base.levels)], 0
    else:
        finalists, tried = _search(levels, measured)
    chosen = _occams_window(finalists)
    weights = normalise([one.log_weight for one in chosen])
    candidates = []
    for one, weight in zip(chosen, weights, strict=True):
        text = " + ".join(one.terms)
        has_constant = one.constant and "1" not in one.terms
        found = fitted(text, ("1",) if has_constant and base.n_points > len(one.terms) + 1 else ())
        candidates.append(Candidate(law=found.law, weight=float(weight), fit=found))
    result = LawSet(candidates=tuple(candidates), tried=tried)
    return dataclasses.replace(result, decides=deciding_measurement(result))


def _with_factors(frame: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    names = [factors] if isinstance(factors, str) else list(factors)
    for name in names:
        if name not in frame.columns:
            raise FitError(f"factor {name!r}: no such column; the columns are {', '.join(map(str, frame.columns))}")
    result = pd.DataFrame(frame)
    result.attrs = {**frame.attrs, "factors": names}
    return result


def _measured(base: Fit) -> Measured:
    """Return the log times of the points of a fit, and what is known of their noise."""
    errors = base.points["location_error"].to_numpy()
    known = None if base.noise.relative is None else float(np.sqrt((errors**2).mean()))
    return Measured(np.log(base.points["measured"].to_numpy()), known or 0.0, noise_prior(known))


def _search(levels: Mapping[str, Array], measured: Measured) -> tuple[list[Finalist], int]:
    """Return the laws of the family that are not excluded, and how many were tried."""
    family = make_family(levels, _growth_rates(levels, measured.log_seconds))
    seconds = np.exp(measured.log_seconds)
    search = Search(family, seconds, np.ones(len(seconds)), measured.prior)
    search.run()
    kept, costs, tried = list(search.kept()), dict[Law, float](), len(search.scores)
    costs.update({law: search.law_cost(law) for law in kept})
    for law in search.simplest():
        off = measured.outliers(_with_constant(family.columns(law).T))
        if 0 < off.sum() <= max(MOST_OUTLIERS * len(off), 1):
            again = Search(family, seconds, np.where(off, OUTLIER_WEIGHT, 1.0), measured.prior)
            again.run()
            tried += len(again.scores)
            others = list(again.kept())
            costs.update({law: again.law_cost(law) for law in others})
            kept = [one for pair in zip_longest(kept, others) for one in pair if one is not None]
            break
    kept = list(dict.fromkeys(kept))[:MOST_FINALISTS]
    finalists = [
        _finalist(tuple(family.text(term) for term in law), family.columns(law).T, costs[law], measured) for law in kept
    ]
    order = np.argsort([-one.log_weight for one in finalists], kind="stable").tolist()
    extensions = list(_extensions([kept[i] for i in order], [costs[kept[i]] for i in order], family, levels, measured))
    finalists += [_finalist(one.terms, one.design, one.cost, measured) for one in extensions]
    finalists.append(Finalist(CONSTANT, measured.log_weight(np.ones((len(seconds), 1))), constant=False))
    return finalists, tried + len(extensions)


def _extensions(
    laws: Sequence[tuple[tuple[int, ...], ...]],
    costs: Sequence[float],
    family: Family,
    levels: Mapping[str, Array],
    measured: Measured,
) -> Iterator[Extension]:
    free = free_power(levels, measured)
    if free is not None:
        yield free
    yield from with_corners(laws, costs, family, levels, measured)


def _of_counts(counts: CostLaw | str, levels: Mapping[str, Array]) -> Finalist:
    """Return the law of the counts: all its terms that vary, with a constant beside them.

    A term whose time is too short to be seen stays: its coefficient may be 0, and its interval says so.
    """
    try:
        law = counts if isinstance(counts, CostLaw) else CostLaw(counts)
        columns = law.columns(dict(levels))
    except LawError as error:
        raise FitError(str(error)) from None
    texts = tuple(str(term) for j, term in enumerate(law.terms) if np.ptp(columns[:, j]) > 0)
    if not texts:
        raise FitError(f"counts {law.text!r}: the same at every point, so that no law of time follows from them")
    return Finalist(texts, 0.0, constant=True)


def _finalist(terms: tuple[str, ...], design: Array, cost: float, measured: Measured) -> Finalist:
    """Return a law with its weight, averaged over whether a constant stands beside it."""
    without = measured.log_weight(design)
    beside = measured.log_weight(_with_constant(design))
    both = float(np.logaddexp(without, beside))
    constant = bool(np.isfinite(beside)) and beside - both > np.log(CONSTANT_SEEN)
    return Finalist(terms, both - cost, constant)


def _with_constant(design: Array) -> Array:
    return np.column_stack([np.ones(len(design)), design])


def _occams_window(finalists: Sequence[Finalist]) -> list[Finalist]:
    """Return the laws that are not excluded, the likeliest first."""
    usable = [one for one in finalists if np.isfinite(one.log_weight)]
    if not usable:
        raise FitError("law: none of the family fits these data; state one with --law")
    ordered = sorted(usable, key=lambda one: -one.log_weight)
    near = [one for one in ordered if one.log_weight >= ordered[0].log_weight + np.log(EXCLUDED)]
    found: list[Finalist] = []
    for one in near:
        much_likelier = [each for each in found if each.log_weight > one.log_weight + np.log(SIMPLER)]
        if not any(each.terms == CONSTANT or set(each.terms) < set(one.terms) for each in much_likelier):
            found.append(one)
    return found[:MOST_CANDIDATES]


def _growth_rates(levels: Mapping[str, Array], log_seconds: Array) -> dict[str, float]:
    """Return by how much the log time grows at the largest levels of each factor for a step of 1."""
    found = {}
    for name, values in levels.items():
        low, high = np.unique(values)[-2:]
        gap = log_seconds[values == high].mean() - log_seconds[values == low].mean()
        found[name] = float(gap / (high - low))
    return found
