"""Sources of predictions: the laws of a run, or a law that the user states for a table."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from bptt_bench.analyse.data.columns import UNUSED, with_noise_columns
from bptt_bench.analyse.data.response import unit_of
from bptt_bench.analyse.discover.averaged import predictor_of_laws
from bptt_bench.analyse.discover.discover import discover_each
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.evidence.by_category import apply_to_parts, dividing_categories, parts
from bptt_bench.analyse.evidence.evidence import Evidence, fit_all, fitted_samples
from bptt_bench.analyse.evidence.strata import Strata, stratify
from bptt_bench.analyse.findings.reason import Reason
from bptt_bench.analyse.fitting.fitted import Fit
from bptt_bench.analyse.predict.predictor import Predictor, declared, make_predictor
from bptt_bench.errors import DesignError, FitError
from bptt_bench.plan import Experiment, Factor, Point, Subject
from bptt_bench.plan.description.lookup import is_everywhere
from bptt_bench.plan.design.columns import ALLOCATED, SCRATCH, SECONDS_PER_EVAL, count_column
from bptt_bench.plan.experiment.stratum import stratum
from bptt_bench.report.words.reasons import clause_of
from bptt_bench.store.frame import as_samples
from bptt_bench.store.importers.reading.naming import name_factors
from bptt_bench.store.runs.experiments import experiment_of_run
from bptt_bench.text.points import level_error
from bptt_bench.text.units import Unit
from bptt_bench.text.wording import did_you_mean
from bptt_bench.workflows.fit import factors_as_law, fit_rows, prepare_rows, select_subject

if TYPE_CHECKING:
    import pandas as pd

HOW_TO_EXTEND = "--claims MODULE asks its code"
TINY = 1e-3  # of the smallest measured level: where the search for a level begins that may be any number


class LevelRange(NamedTuple):
    """The levels that a factor can have: the smallest, the largest measured, and whether they are whole numbers.

    ``is_single`` says that it was measured at one level, which is the default of a point.
    """

    smallest: float
    largest: float
    whole: bool
    is_single: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionSource:
    """What can be predicted of one subject.

    Attributes
    ----------
    responses : what is predicted by default.
    predictor : of a response, or the reason why there is none; made on demand, because every fit takes time.
    factors : what a point may name, in order, and the levels of each.
    required : what it must name.
    categories : the levels of text that the subject stands for.
    unit : of a response; None if it is unknown.
    check : raises unless a level is one that its factor can have.
    needed : the bytes of an evaluation that the subject declares, if it does; or why they are unknown.
    notes : what the user should know of how the data were read.
    unused : why a column of the data is not a factor, by its name.
    """

    subject: str
    responses: tuple[str, ...]
    predictor: Callable[[str], Predictor | str]
    unit: Callable[[str], Unit | None]
    factors: Mapping[str, LevelRange]
    required: tuple[str, ...]
    categories: Mapping[str, str]
    check: Callable[[str, float], float]
    needed: Predictor | str | None = None
    notes: tuple[str, ...] = ()
    unused: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedLaw:
    """A law that the user states for data, and how it is fitted: as in ``bptt_bench.workflows.fit.fit_data``.

    ``law`` is None where laws are to be found in the data.
    """

    law: str | None
    overhead: str | None = None
    block: str | None = None
    names: Sequence[str] = ()
    where: Sequence[str] = ()
    rename: Sequence[str] | Mapping[str, str] = ()
    ignore: Sequence[str] = ()
    unit: str | None = None
    censored: str | None = None
    standard_error: str | None = None


def prediction_sources(
    data: Path | str | pd.DataFrame,
    *,
    subjects: Sequence[str] = (),
    stated: StatedLaw | None = None,
    response: str | None = None,
    experiment: Experiment | None = None,
) -> list[PredictionSource]:
    """Return what can be predicted: from a run by its laws, or from any data by a stated law.

    Raises
    ------
    StoreError, ExperimentError, FitError : what cannot be used; one line each.
    """
    if stated is not None:
        frame = as_samples(data, stated.rename, stated.ignore)
        if stated.law is None:
            _require_no_laws(frame, stated)
        name = Path(data).name if isinstance(data, Path | str) else "data"
        return [one for subject in subjects or (None,) for one in _law_sources(frame, subject, stated, response, name)]
    frame = as_samples(data)
    if experiment is None:
        if "experiment" not in (frame.attrs.get("run") or {}):
            return prediction_sources(data, subjects=subjects, stated=StatedLaw(law=None), response=response)
        experiment = experiment_of_run(frame)
    return _run_sources(frame, experiment, subjects, response)


def _require_no_laws(frame: pd.DataFrame, stated: StatedLaw) -> None:
    """See that options for fitting are not given beside the laws of a run, which have their own."""
    if "experiment" not in (frame.attrs.get("run") or {}):
        return
    options = ("block", "names", "where", "rename", "ignore", "unit", "censored", "standard_error")
    given = [name.replace("_", "-") for name in options if getattr(stated, name)]
    if given and any(map(_responses_with_law, experiment_of_run(frame).subjects)):
        raise FitError(f"--{given[0]}: goes with --law; the laws of a run have their own")


def _run_sources(
    frame: pd.DataFrame, whole: Experiment, subjects: Sequence[str], response: str | None
) -> list[PredictionSource]:
    strata = Strata.of(whole, frame)
    samples, experiment, _ = stratify(frame, whole, ())
    known = [subject for subject in experiment.subjects if _responses_with_law(subject)]
    for name in subjects:
        if not any(_matches(subject, [name], strata) for subject in experiment.subjects):
            of = "with laws " if known else ""
            names = [subject.name for subject in known or experiment.subjects]
            hint = did_you_mean(name, names)
            raise FitError(f"--subject {name!r}: unknown; the subjects {of}are {', '.join(names)}{hint}")
    named = [one for one in experiment.subjects if _matches(one, subjects, strata)] if subjects else known
    chosen = [one for one in named if _responses_with_law(one)]
    without = [one for one in named or experiment.subjects if not _responses_with_law(one)]
    by_found_laws = [
        one for each in without for one in _law_sources(frame, each.name, StatedLaw(law=None), response, "")
    ]
    if not chosen:
        return by_found_laws
    evidence = fit_all(samples, experiment)
    factors = {factor.name: _level_range(factor, samples) for factor in experiment.factors}
    check = functools.partial(_check_level, {factor.name: factor for factor in experiment.factors})
    return [
        PredictionSource(
            subject=subject.name,
            responses=_responses_with_law(subject),
            predictor=functools.cache(functools.partial(_make_predictor, evidence, subject)),
            unit=unit_of,
            factors=factors,
            required=tuple(factors),
            categories=strata.read(subject.name)[1],
            check=check,
            needed=_declared_working_set(subject, tuple(factors)),
        )
        for subject in chosen
    ] + by_found_laws


def _matches(subject: Subject, names: Sequence[str], strata: Strata) -> bool:
    """Return whether a subject has one of the names; that of a subject with categories means all its strata."""
    return subject.name in names or strata.read(subject.name)[0] in names


def _level_range(factor: Factor, frame: pd.DataFrame) -> LevelRange:
    column = frame[factor.name]
    low, high, minimum = float(column.min()), float(column.max()), factor.minimum
    if factor.kind == "integer":
        return LevelRange(max(1.0, minimum or 1.0), high, whole=True, is_single=low == high)
    return LevelRange(
        minimum if minimum is not None and minimum > 0 else low * TINY, high, whole=False, is_single=low == high
    )


def _check_level(factors: Mapping[str, Factor], name: str, level: float) -> float:
    try:
        return factors[name].validate(int(level) if level.is_integer() else level)  # type: ignore[return-value]  # no category has come this far
    except DesignError as error:
        raise FitError(str(error)) from None


def _responses_with_law(subject: Subject) -> tuple[str, ...]:
    laws = ((SECONDS_PER_EVAL, subject.law), (ALLOCATED, subject.memory_law))
    counts = map(count_column, subject.count_laws)
    return (*(response for response, law in laws if law is not None), *counts)


def _make_predictor(evidence: Evidence, subject: Subject, response: str) -> Predictor | str:
    """Return a predictor of a subject's response, or why there is none. Allocated bytes include the result."""
    if response == ALLOCATED:
        found = evidence.fit_or_reason(subject.name, SCRATCH)
        beside = subject.output_bytes
        if beside is not None and not is_everywhere(beside):
            return f"no data: the run holds the output_bytes of {subject.name} at its own points alone; {HOW_TO_EXTEND}"
    else:
        found, beside = evidence.fit_or_reason(subject.name, response), None
    if isinstance(found, Reason):
        return clause_of(found)
    return make_predictor(subject.name, found, response=response, added=beside)


def _declared_working_set(subject: Subject, factors: Sequence[str]) -> Predictor | str | None:
    """Return a predictor of the working set that a subject declares, or why there is none; None if undeclared."""
    size = subject.working_set
    if size is None:
        return None
    if not is_everywhere(size):
        return f"no data: the run holds the working set of {subject.name} at its own points alone; {HOW_TO_EXTEND}"

    def amount(point: Point) -> float:
        try:
            return float(size(point))
        except OverflowError:  # more bytes than a number can hold are too many all the same
            return math.inf
        except Exception as error:  # noqa: BLE001  # a user's formula, perhaps at a point that it was not written for
            raise FitError(
                f"subject {subject.name!r}: working_set at {point}: {type(error).__name__}: {error}"
            ) from None

    return declared(subject.name, factors, amount)


def _law_sources(
    frame: pd.DataFrame, subject: str | None, stated: StatedLaw, response: str | None, name: str
) -> Iterator[PredictionSource]:
    """Yield a source for each combination of categories, from a law fitted to a run or a table, stated or found."""
    samples = with_noise_columns(select_subject(fitted_samples(frame), subject), stated.censored, stated.standard_error)
    named = stated.law
    if named is None:
        samples = name_factors(samples, stated.names)
        named = factors_as_law(samples, response, stated.block)
    rows, response = prepare_rows(
        samples,
        (named,),
        names=() if stated.law is None else stated.names,
        where=stated.where,
        response=response,
        block=stated.block,
        unit=stated.unit,
    )
    if subject is None:
        subject = str(rows["subject"].iloc[0]) if "subject" in rows.columns else name
    how: dict[str, Any] = {"response": response, "block": stated.block, "unit": stated.unit}
    kinds = parts(rows, dividing_categories(rows, named, response=response, block=stated.block), response)
    laws: dict[Point, LawSet] = {}
    if stated.law is None:
        laws, left_out = discover_each(kinds, **how)
        fits = {levels: found.fit for levels, found in laws.items()}
    else:
        fits, left_out = apply_to_parts(
            kinds, lambda part: fit_rows(rows, part, named, overhead=stated.overhead, **how)
        )
    for levels, found in fits.items():
        of_all = laws.get(levels)
        if of_all is None:
            predictor = make_predictor(stratum(subject, levels), found)
        else:
            predictor = predictor_of_laws(stratum(subject, levels), of_all)
            predictor = replace(predictor, notes=(*predictor.notes, *of_all.doubts))
        yield PredictionSource(
            subject=stratum(subject, levels),
            responses=(found.response,),
            predictor=functools.partial(_stated_predictor, predictor),
            unit=functools.partial(_response_unit, found),
            factors={name: _measured_range(found, name) for name in found.factors},
            required=tuple(found.full_law.factors if of_all is None else of_all.factors),
            categories={name: str(level) for name, level in levels.items()},
            check=functools.partial(_check_measured_level, found),
            notes=tuple(rows.attrs.get("notes", ())),
            unused=rows.attrs[UNUSED],
        )
    other = next(iter(fits.values()))
    for levels, reason in left_out.items():  # predicted at the points of the others: each answer gives the reason
        yield PredictionSource(
            subject=stratum(subject, levels),
            responses=(response,),
            predictor=functools.partial(_no_predictor, f"left out: {reason}"),
            unit=functools.partial(_response_unit, other),
            factors={name: _measured_range(other, name) for name in other.factors},
            required=tuple(other.full_law.factors),
            categories={name: str(level) for name, level in levels.items()},
            check=functools.partial(_check_measured_level, other),
        )


def _no_predictor(reason: str, _response: str) -> Predictor | str:
    return reason


def _stated_predictor(predictor: Predictor, response: str) -> Predictor | str:
    return predictor if response == predictor.response else f"no data: the law is one of {predictor.response}"


def _response_unit(fit: Fit, response: str) -> Unit | None:
    return fit.unit if response == fit.response else unit_of(response)


def _measured_range(found: Fit, name: str) -> LevelRange:
    """Return the levels of a table's factor: whole numbers if all measured ones are."""
    levels: list[float] = found.points[name].tolist()
    whole = all(float(level).is_integer() for level in levels)
    smallest = min((level for level in levels if level > 0), default=1.0)
    return LevelRange(1.0 if whole else smallest * TINY, max(levels), whole, min(levels) == max(levels))


def _check_measured_level(found: Fit, name: str, level: float) -> float:
    """Return a level of a table's factor unchanged; raise for 0 unless that was measured."""
    if level == 0 and not (found.points[name] == 0).any():
        raise level_error("--at", name, f"{level:g}")
    return level
