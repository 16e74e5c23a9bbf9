"""Discovery of laws: from measurements, without a law, to every law that they do not exclude."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.columns import (
    choose_response,
    column_roles,
    drop_rows_without_level,
    find_factors,
    with_noise_columns,
)
from bptt_bench.analyse.data.limits import limit_note
from bptt_bench.analyse.data.response import is_count, is_exact, unit_of
from bptt_bench.analyse.discover.deciding import deciding_measurement
from bptt_bench.analyse.discover.extensions import free_power, places_of_corners, with_corners
from bptt_bench.analyse.discover.falling import falling, turning
from bptt_bench.analyse.discover.family import make_family
from bptt_bench.analyse.discover.finalists import (
    Finalist,
    Measured,
    averaged_over_constant,
    normalise,
    with_constant,
)
from bptt_bench.analyse.discover.law_set import Candidate, LawSet
from bptt_bench.analyse.discover.marginal_likelihood import EXACT, STEPS, UNKNOWN_NOISE, noise_prior
from bptt_bench.analyse.discover.search import Law, Search
from bptt_bench.analyse.discover.steps import with_steps
from bptt_bench.analyse.discover.work import exact_laws, laws_of_time, merge_by_leading_terms
from bptt_bench.analyse.evidence.by_category import apply_to_parts
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.growth.count_records import counts_by_function
from bptt_bench.analyse.growth.plain import lower_terms, plain_laws
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.known_noise import log_likelihood_of_bounds
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import CostLaw, Point
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL, count_column
from bptt_bench.plan.experiment.instructions import RESPONSE as INSTRUCTIONS_COUNT
from bptt_bench.plan.experiment.subject import COUNTED
from bptt_bench.store.frame import as_samples
from bptt_bench.text.arguments import require_text, require_texts

if TYPE_CHECKING:
    import pandas as pd

MOST_FINALISTS = 60  # laws that are fitted to all samples of the logarithms
MOST_CANDIDATES = 40  # laws of the answered set
CREDIBLE = 0.985  # weight of the likeliest laws together, beyond which others are excluded
SIMPLER = 10.0  # times the weight of a law, at which one that has only some of its terms excludes it
MOST_OUTLIERS, OUTLIER_WEIGHT = 0.15, 1e-3  # share of points off a law, and their weight in a second search
FEWEST_POINTS = 4  # fewer fit any law
CONSTANT = ("1",)  # the law of what does not grow, which all others hold beside their terms
COUNTS = "counts"  # the timing of rows that count
WITNESSES = tuple(count_column(name) for name in COUNTED)  # of all work, the best first


def discover(
    frame: pd.DataFrame | Path | str,
    *,
    response: str | None = None,
    factors: Sequence[str] | None = None,
    counts: CostLaw | str | None = None,
    block: str | None = None,
    confidence: float = 0.95,
    unit: str | None = None,
    censored: str | None = None,
    standard_error: str | None = None,
) -> LawSet:
    """Return every law that the samples of a frame do not exclude; rows of equal factors are repetitions.

    Laws are sums of one to three terms, each a product of p^i·log(p)^j of the factors p (i in quarters from 0 to 4, j
    from 0 to 2), of exponentials, of any power, or of max(p, c). No grid of points is needed.

    Parameters
    ----------
    frame : of one subject, whose placebo is left out; or the path of a run or table, which is read as by ``load``.
    response, block, confidence, unit, censored, standard_error : as in ``bench.fit``. Laws are searched among points
        that are not lower bounds; those that are found are weighted by the probability of exceeding the bounds.
    factors : columns of the factors; by default those of the run, or the columns of numbers whose levels recur, with
        those of whole numbers that may be sizes.
    counts : law of the counted operations: the terms that time is fitted with, instead of all terms. By default, where
        a run counted the work of its evaluations too, the laws of that, which are found first.

    Raises
    ------
    FitError, StoreError : data cannot be used, or have fewer than four points; one line.

    Notes
    -----
    Of all laws that are tried, the likeliest remain that together have 98.5 % of the weight, without those that have a
    simpler law within them with ten times their own.
    Source: Madigan & Raftery (1994), "Model selection and accounting for model uncertainty in graphical models using
    Occam's window".
    """
    require_text(response=response, block=block, unit=unit, censored=censored, standard_error=standard_error)
    require_texts(factors=factors)
    frame = with_noise_columns(as_samples(frame), censored, standard_error)
    response = choose_response(frame, response)
    measured, notes = {response, *([block] if block is not None else [])}, tuple[str, ...](frame.attrs.get("notes", ()))
    if factors is not None:
        frame = _with_factors(frame, factors)
        found = frame.attrs["factors"]
    else:
        found = find_factors(frame, measured)
        roles = column_roles(frame, (), measured)
        notes += column_roles(frame, found, measured).notes
        if tuple(found) != roles.factors:
            frame = _with_factors(frame, [*found, *roles.categories])  # points that are scattered, and measured once
    frame, left_out = drop_rows_without_level(frame, found)
    notes += left_out + limit_note(frame, response, found, unit_of(response, frame, unit))
    how = {"block": block, "confidence": confidence, "unit": unit}
    work = laws_of_work(frame, confidence=confidence) if counts is None and response == SECONDS_PER_EVAL else ()
    task = _Task.of(_rows(frame, response), response, how, counts=counts, work=work)
    return dataclasses.replace(task.answer(task.finalists), notes=notes)


def discover_leading(frame: pd.DataFrame, *, response: str, confidence: float = 0.95) -> LawSet:
    """Return every law of a count that the samples of a frame do not exclude, by its terms of the highest order.

    Those of lower order stand beside each as overhead.

    Parameters
    ----------
    frame : with the factors in ``attrs["factors"]``.
    response : the column of the count.

    Raises
    ------
    FitError : as in ``discover``.
    """
    how = {"block": None, "confidence": confidence, "unit": None}
    task = _Task.of(_rows(frame, response), response, how)
    return task.answer(merge_by_leading_terms(task.finalists))


def laws_of_work(frame: pd.DataFrame, *, confidence: float = 0.95) -> tuple[LawSet, ...]:
    """Return the laws of what a run counted of each evaluation: instructions, or operations, or a tally."""
    if "timing" not in frame.columns:
        return ()
    rows = frame[(frame["timing"] == COUNTS).to_numpy(dtype=bool)]
    names = [name for name in map(str, rows.columns) if is_count(name) and rows[name].notna().any()]
    found = []
    for name in [name for name in WITNESSES if name in names][:1] or names:
        try:
            found.append(discover_leading(rows, response=name, confidence=confidence))
        except FitError:  # too few points were counted
            continue
    return tuple(found)


def discover_each(
    kinds: Iterable[tuple[Point, pd.DataFrame]], *, response: str, counts: CostLaw | str | None = None, **how: Any
) -> tuple[dict[Point, LawSet], dict[Point, str]]:
    """Return the laws of each combination of categories, and why none was found where that is so.

    Options are those of ``discover``.

    Raises
    ------
    FitError : nothing is found of any.
    """
    how = {"block": None, "confidence": 0.95, "unit": None, **how}

    def begin(rows: pd.DataFrame) -> _Task:
        work = laws_of_work(rows) if counts is None and response == SECONDS_PER_EVAL else ()
        return _Task.of(_rows(rows, response), response, how, counts=counts, work=work)

    tasks, left_out = apply_to_parts(kinds, begin)
    found = {levels: task.answer(task.finalists) for levels, task in tasks.items()}
    return {levels: dataclasses.replace(one, tests=len(found)) for levels, one in found.items()}, left_out


@dataclass(frozen=True, slots=True, kw_only=True)
class _Task:
    """The laws that were kept of one set of samples, and what answers are made of them."""

    frame: pd.DataFrame
    response: str
    how: Mapping[str, Any]
    base: Fit
    measured: Measured
    finalists: Sequence[Finalist]
    tried: int
    work: tuple[LawSet, ...]

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        response: str,
        how: Mapping[str, Any],
        *,
        counts: CostLaw | str | None = None,
        work: tuple[LawSet, ...] = (),
    ) -> _Task:
        """Search the laws of some samples."""
        base = fit(frame, "1", response=response, overhead=(), **how).observed
        levels = _varying(base)
        for name, values in levels.items():
            if (values < 0).any():
                raise FitError(f"column {name!r}: {values[values < 0][0]:g}; allowed are finite numbers from 0")
        if base.n_points < FEWEST_POINTS or not levels:
            raise FitError(
                f"points: {base.n_points}; finding a law needs {FEWEST_POINTS} or more, at which a factor varies"
            )
        measured, tried = _measured(base), 0
        finalists = laws_of_time(work, base.levels, measured) if work else []
        if counts is not None:
            finalists = [_of_counts(counts, base.levels)]
        elif not finalists:
            work = ()
            finalists, tried = _search(levels, measured)
            if response == INSTRUCTIONS_COUNT:
                finalists = _of_functions(frame, base, measured) or finalists
            if is_count(response) and response != INSTRUCTIONS_COUNT:
                finalists = exact_laws(finalists, base.levels, np.exp(measured.log_seconds)) or finalists
        return cls(
            frame=frame,
            response=response,
            how=how,
            base=base,
            measured=measured,
            finalists=finalists,
            tried=tried,
            work=work,
        )

    def answer(self, finalists: Sequence[Finalist]) -> LawSet:
        """Return the laws that are not excluded among some with their weights."""
        chosen = _credible(finalists)
        fits = [
            fit(
                self.frame,
                " + ".join(one.terms),
                response=self.response,
                overhead=_overhead(one, self.base.n_points),
                **self.how,
            )
            for one in chosen
        ]
        weights = normalise([one.log_weight + _of_bounds(made) for one, made in zip(chosen, fits, strict=True)])
        candidates = [
            Candidate(law=made.law, weight=weight, fit=made, step=one.step)
            for one, made, weight in zip(chosen, fits, weights.tolist(), strict=True)
        ]
        candidates.sort(key=lambda one: -one.weight)
        named = {name for one in candidates for name in one.fit.full_law.factors}
        falls = falling(_varying(self.base), self.measured.log_seconds)
        result = LawSet(
            candidates=tuple(candidates),
            tried=self.tried,
            falls=tuple(one for one in falls if one.factor not in named),
            turns=turning(_varying(self.base), self.measured.log_seconds),
            work=self.work,
        )
        is_rejected = result.candidates[0].fit.lack_of_fit.kind == "rejected"
        turns = tuple(one for one in result.turns if is_rejected or result.follows(one))  # a law that fits says more
        return dataclasses.replace(result, turns=turns, decides=deciding_measurement(result))


def _varying(base: Fit) -> dict[str, Array]:
    """Return the levels of the factors that have several."""
    return {name: values for name, values in base.levels.items() if len(np.unique(values)) > 1}


def _overhead(one: Finalist, n_points: int) -> tuple[str, ...]:
    """Return the terms beside a law for which there are points enough."""
    constant = ("1",) if one.constant and "1" not in one.terms else ()
    for beside in ((*one.lower, *constant), constant):
        if n_points > len(one.terms) + len(beside):
            return beside
    return ()


def _rows(frame: pd.DataFrame, response: str) -> pd.DataFrame:
    """Return the rows of a run that hold a response; of any other frame all."""
    if "timing" not in frame.columns or response not in frame.columns:
        return frame
    return frame[frame[response].notna().to_numpy(dtype=bool)]


def _of_bounds(found: Fit) -> float:
    """Return the log probability that a law exceeds the lower bounds among the points; 0 where there are none."""
    if not found.n_censored:
        return 0.0
    bounds = found.points[found.points["censored"].to_numpy(dtype=bool)]
    measured, fitted = (bounds[name].to_numpy() for name in ("measured", "fitted"))
    return log_likelihood_of_bounds(measured, fitted, found.scatter)


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
    least = UNKNOWN_NOISE[0]
    if is_exact(base.response):
        least = STEPS if base.response == INSTRUCTIONS_COUNT else EXACT
    prior = noise_prior(known, least=least)
    return Measured(np.log(base.points["measured"].to_numpy()), known or 0.0, prior)


def _search(levels: Mapping[str, Array], measured: Measured) -> tuple[list[Finalist], int]:
    """Return the laws of the family that are not excluded, and how many were tried."""
    falls = {one.factor for one in falling(levels, measured.log_seconds)}
    falls |= {one.factor for one in turning(levels, measured.log_seconds)}
    family = make_family(levels, _growth_rates(levels, measured.log_seconds), falls)
    seconds = np.exp(measured.log_seconds)
    search = Search(family, seconds, np.ones(len(seconds)), measured.prior)
    search.run()
    kept, costs, tried = list(search.kept()), dict[Law, float](), len(search.scores)
    costs.update({law: search.law_cost(law) for law in kept})
    for law in search.simplest():
        off = measured.outliers(with_constant(family.columns(law).T))
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
        _finalist(tuple(family.text(term) for term in law), family.columns(law).T, costs[law], measured, law)
        for law in kept
    ]
    order = np.argsort([-one.log_weight for one in finalists], kind="stable").tolist()
    ordered = [kept[i] for i in order]
    free = free_power(levels, measured, falls)
    cornered = places_of_corners(ordered, family)
    search.try_laws(cornered)
    extensions = [
        *([] if free is None else [free]),
        *with_corners(cornered, [search.law_cost(law) for law in cornered], family, levels, measured),
        *with_steps(search.singles(), family, levels, measured, search.law_cost),
    ]
    finalists += [_finalist(one.terms, one.design, one.cost, measured)._replace(step=one.step) for one in extensions]
    finalists.append(Finalist(CONSTANT, measured.log_weight(np.ones((len(seconds), 1))), constant=False))
    return finalists, tried + len(extensions)


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


def _of_functions(frame: pd.DataFrame, base: Fit, measured: Measured) -> list[Finalist]:
    """Return the laws of instructions that their functions admit; none where these are not known or do not decide.

    Where there are two, the total says nothing of which it is.
    """
    subjects = frame["subject"].unique().tolist() if "subject" in frame.columns else []
    if len(subjects) != 1:
        return []
    given = Response(
        points=_varying(base),
        values=np.exp(measured.log_seconds),
        is_exact=True,
        by_function=counts_by_function(frame, str(subjects[0]), base.response, base.levels),
    )
    laws = plain_laws(given)
    return [Finalist((law.text,), 0.0, constant=True, lower=lower_terms(law)) for law in laws]


def _finalist(terms: tuple[str, ...], design: Array, cost: float, measured: Measured, law: Law = ()) -> Finalist:
    """Return a law with its weight, averaged over whether a constant stands beside it."""
    weight, constant = averaged_over_constant(design, measured)
    return Finalist(terms, weight - cost, constant, law=law)


def _credible(finalists: Sequence[Finalist]) -> list[Finalist]:
    """Return the laws that are not excluded, the likeliest first."""
    usable = [one for one in finalists if np.isfinite(one.log_weight)]
    if not usable:
        raise FitError("law: none of the family fits these data; state one with --law")
    ordered = sorted(usable, key=lambda one: -one.log_weight)
    found: list[Finalist] = []
    before = 0.0  # the weight of all laws that are likelier
    for one, weight in zip(ordered, normalise([each.log_weight for each in ordered]).tolist(), strict=True):
        if before >= CREDIBLE or len(found) == MOST_CANDIDATES:
            break
        before += weight
        much_likelier = [each for each in found if each.log_weight > one.log_weight + np.log(SIMPLER)]
        if not any(each.terms == CONSTANT or set(each.terms) < set(one.terms) for each in much_likelier):
            found.append(one)
    return found


def _growth_rates(levels: Mapping[str, Array], log_seconds: Array) -> dict[str, float]:
    """Return by how much the log time grows at the largest levels of each factor for a step of 1."""
    found = {}
    for name, values in levels.items():
        low, high = np.unique(values)[-2:]
        gap = log_seconds[values == high].mean() - log_seconds[values == low].mean()
        found[name] = float(gap / (high - low))
    return found
