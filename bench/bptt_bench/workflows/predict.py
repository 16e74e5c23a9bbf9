"""Predicts responses at points, or the largest level of a factor within a budget."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

import threadpoolctl

from bptt_bench.analyse.data.columns import unused_hint
from bptt_bench.analyse.predict.inverse import FARTHEST, LargestLevel, SearchSpan, largest_within
from bptt_bench.analyse.predict.predictor import WORKING_SET, PointPrediction, Predictor
from bptt_bench.errors import FitError
from bptt_bench.measure.probe.environment import memory_bytes
from bptt_bench.plan import Experiment, Point
from bptt_bench.plan.design.columns import ALLOCATED, SECONDS_PER_EVAL
from bptt_bench.text.arguments import require_text, require_texts
from bptt_bench.text.numbers import amount_in_sentence
from bptt_bench.text.points import PointQuery, PointText, normalize_name, parse_points
from bptt_bench.text.quantities import Budget, parse_budget
from bptt_bench.text.units import BYTE, Unit
from bptt_bench.text.wording import did_you_mean
from bptt_bench.workflows.prediction_sources import PredictionSource, StatedLaw, prediction_sources

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T", bound="PointPrediction | LargestLevel")


class PredictionList(list[T]):
    """Predictions, with notes on how the data were read and fitted."""

    __slots__ = ("notes",)

    def __init__(self, answers: Iterable[T], notes: tuple[str, ...]) -> None:
        super().__init__(answers)
        self.notes = notes

    def to_json(self) -> list[dict[str, Any]]:
        """Return all answers as plain data, each with the notes."""
        return [{**one.to_json(), "notes": list(self.notes)} for one in self]


@overload
def predict(
    data: Path | str | pd.DataFrame,
    at: PointText | Sequence[PointText],
    *,
    subject: str | Sequence[str] = ...,
    law: str | None = ...,
    overhead: str | None = ...,
    block: str | None = ...,
    names: Sequence[str] = ...,
    where: Sequence[str] = ...,
    rename: Mapping[str, str] | Sequence[str] = ...,
    ignore: Sequence[str] = ...,
    response: str | None = ...,
    unit: str | None = ...,
    censored: str | None = ...,
    standard_error: str | None = ...,
    experiment: Experiment | None = ...,
) -> PredictionList[PointPrediction]: ...
@overload
def predict(
    data: Path | str | pd.DataFrame,
    at: PointText | Sequence[PointText] = ...,
    *,
    largest: str,
    within: str,
    subject: str | Sequence[str] = ...,
    law: str | None = ...,
    overhead: str | None = ...,
    block: str | None = ...,
    names: Sequence[str] = ...,
    where: Sequence[str] = ...,
    rename: Mapping[str, str] | Sequence[str] = ...,
    ignore: Sequence[str] = ...,
    response: str | None = ...,
    unit: str | None = ...,
    censored: str | None = ...,
    standard_error: str | None = ...,
    experiment: Experiment | None = ...,
) -> PredictionList[LargestLevel]: ...
def predict(
    data: Path | str | pd.DataFrame,
    at: PointText | Sequence[PointText] = "",
    *,
    largest: str | None = None,
    within: str | None = None,
    subject: str | Sequence[str] = (),
    law: str | None = None,
    overhead: str | None = None,
    block: str | None = None,
    names: Sequence[str] = (),
    where: Sequence[str] = (),
    rename: Mapping[str, str] | Sequence[str] = (),
    ignore: Sequence[str] = (),
    response: str | None = None,
    unit: str | None = None,
    censored: str | None = None,
    standard_error: str | None = None,
    experiment: Experiment | None = None,
) -> PredictionList[PointPrediction] | PredictionList[LargestLevel]:
    """Time and memory at points, measured or not; or the largest level of a factor within a budget.

    Parameters
    ----------
    data : the folder of a run, a table, another tool's file, or a frame of one of them.
    at : points as text, ``"V=10000,T=100..10000"`` (10 levels, evenly spaced in their logarithm) or
        ``"T=100..10000:20"``, or as mappings whose values are levels, sequences of them, or such text.
    largest, within : the factor that is asked for, and its budget: ``"10s"`` or ``"2GB"``. ``at`` has the others.
    subject : whose; by default all that have a law.
    law, overhead, block, names, where, rename, ignore, censored, standard_error : a law to be fitted, as in the
        command ``fit``; by default those of the run's experiment. Data that are not a run, or whose experiment states
        no law, are predicted by all laws that they do not exclude, as ``bench.discover`` finds them.
    response : what to predict; by default time, and memory where there is a law of it.
    unit : of the response, such as ``"ms"``; by default that of its format or the one that its name states.
    experiment : whose laws are meant; that of the run by default.

    Raises
    ------
    StoreError, ExperimentError, FitError, TextError : what cannot be used; one line each.
    """
    require_text(largest=largest, within=within, law=law, block=block, response=response, unit=unit)
    require_text(censored=censored, standard_error=standard_error)
    require_texts(subject=subject, overhead=overhead, names=names, where=where, ignore=ignore)
    if (largest is None) != (within is None):
        raise FitError("--largest and --within: go together, such as --largest T --within 10s")
    has_options = any((block, *names, *where, *rename, *ignore, unit, censored, standard_error))
    by_law = (
        None
        if law is None and not has_options
        else StatedLaw(
            law=law,
            overhead=overhead,
            block=block,
            names=names,
            where=where,
            rename=rename,
            ignore=ignore,
            unit=unit,
            censored=censored,
            standard_error=standard_error,
        )
    )
    asked = parse_points(at)
    largest = None if largest is None else normalize_name(largest)
    budget = None if within is None else parse_budget("--within", within)
    if budget is None and not any(one.axes for one in asked):
        raise FitError("--at: names no point; such as --at V=10000,T=100..10000")
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):  # threads of BLAS spin over matrices this small:
        sources = (
            prediction_sources(  # beside busy cores the same answer took 19 s of processor time with two, 3 s with one
                data,
                subjects=(subject,) if isinstance(subject, str) else tuple(subject),
                stated=by_law,
                response=response,
                experiment=experiment,
            )
        )
        notes = sources[0].notes if sources else ()
        if largest is not None and budget is not None:
            levels = list(_predict_largest(sources, asked or parse_points(""), largest, budget, str(within), response))
            return PredictionList(levels, (*notes, *_fit_notes(sources, levels)))
        found = list(_predict_points(sources, asked, response))
        if all(one.value is None for one in found):
            first = next(one for one in found if one.value is None)
            at = ",".join(f"{name}={level:.10g}" for name, level in first.at.items())
            raise FitError(f"--at {at!r}: no value can be predicted: {first.note}")
        return PredictionList(found, (*notes, *_fit_notes(sources, found)))


def _fit_notes(
    sources: Sequence[PredictionSource], answers: Sequence[PointPrediction] | Sequence[LargestLevel]
) -> list[str]:
    """Return the notes on the fits behind the predictions, with their subject if there are several."""
    from bptt_bench.report.words.findings.clauses import words

    known = {source.subject: source for source in sources}
    asked = list(dict.fromkeys((one.subject, one.response) for one in answers))
    predictors = {key: _predictor(known[key[0]], key[1]) for key in asked}
    return list(
        dict.fromkeys(
            words(note) if len(asked) == 1 else f"{subject}: {words(note)}"
            for (subject, _), predictor in predictors.items()
            if not isinstance(predictor, str)
            for note in predictor.notes
        )
    )


def _predict_points(
    sources: Sequence[PredictionSource], asked: Sequence[PointQuery], response: str | None
) -> Iterator[PointPrediction]:
    wanted = _points_by_source(sources, asked)
    machine = memory_bytes()
    _require_predictor((source, one) for source, _ in wanted for one in _selected_responses(source, response))
    for source, points in wanted:
        found = [_predict_response(source, one, points) for one in _selected_responses(source, response)]
        needs = [_memory_note(source, point, machine, [each[i] for each in found]) for i, point in enumerate(points)]
        for i, need in enumerate(needs):
            for each in found:
                yield replace(each[i], caution="; ".join(filter(None, (each[i].caution, need))))


def _selected_responses(source: PredictionSource, response: str | None) -> tuple[str, ...]:
    return source.responses if response is None else (response,)


def _require_predictor(asked: Iterable[tuple[PredictionSource, str]]) -> None:
    """See that there is something to predict with; what some subjects lack is said beside the answers of others.

    Raises
    ------
    FitError : no subject has a fit of any response that was asked for.
    """
    why: list[str] = []
    for source, response in asked:
        found = _predictor(source, response)
        if not isinstance(found, str):
            return
        why.append(found)
    raise FitError(next(filter(None, why), "nothing can be predicted"))


def _predict_response(source: PredictionSource, response: str, points: Sequence[Point]) -> list[PointPrediction]:
    """Predict a response at points; if that is impossible, ``caution`` gives the reason."""
    predictor = _predictor(source, response)
    if isinstance(predictor, str):
        unit = source.unit(response)
        return [
            PointPrediction(subject=source.subject, response=response, unit=unit, at=point, caution=predictor)
            for point in points
        ]
    from bptt_bench.report.words.foresight import with_words

    found = with_words(predictor.predict(points))
    return [replace(one, caution=_missing_factor_note(predictor, one.at)) for one in found]


def _predictor(source: PredictionSource, response: str) -> Predictor | str:
    if response != WORKING_SET:
        return source.predictor(response)
    return source.needed or f"no data: {source.subject} declares no working set"


def _missing_factor_note(predictor: Predictor, at: Mapping[str, float]) -> str:
    """Return a note where points nearby cannot help, because a factor of the data has no level."""
    missing = [name for name in predictor.measured.names if name not in at]
    return f"by the law alone, with no level of {', '.join(missing)} given" if missing else ""


def _memory_note(source: PredictionSource, point: Point, machine: int, found: Sequence[PointPrediction]) -> str:
    """Return whether an evaluation would not fit into the memory of this machine."""
    sizes = [(one.high or one.value or 0.0) * one.unit.scale for one in found if one.unit and one.unit.base == "B"]
    if isinstance(source.needed, Predictor):
        sizes.append(source.needed.intervals([point])[0].estimate)
    if max(sizes, default=0.0) <= machine:
        return ""
    return f"would need {amount_in_sentence(max(sizes), BYTE)}, this machine has {amount_in_sentence(machine, BYTE)}"


def _points_by_source(
    sources: Sequence[PredictionSource], asked: Sequence[PointQuery], *, free: str | None = None
) -> list[tuple[PredictionSource, list[Point]]]:
    """Return the points for each source that has any; ``free`` is a factor that they may lack."""
    found: list[tuple[PredictionSource, list[Point]]] = []
    strangers: dict[str, str] = {}
    for source in sources:
        points: dict[Point, None] = {}
        for question in asked:
            for point in question.points({name: levels.whole for name, levels in source.factors.items()}):
                levels = {name: level for name, level in point.items() if name not in source.categories}
                categories = {name: str(level) for name, level in point.items() if name in source.categories}
                if any(source.categories[name] != level for name, level in categories.items()):
                    strangers |= categories
                else:
                    points[_complete_point(source, question.text, levels, free)] = None
        if points:
            found.append((source, list(points)))
    if not found:
        known = ", ".join(source.subject for source in sources)
        named = ", ".join(f"{name}={level}" for name, level in strangers.items())
        raise FitError(f"--at: nothing was measured at {named}; there are {known}")
    return found


def _complete_point(source: PredictionSource, text: str, levels: Mapping[str, float | str], free: str | None) -> Point:
    """Return the point with its levels checked; a factor that was measured at one level takes that level."""
    known = ", ".join([*source.factors, *source.categories]) or "none"
    for name, level in levels.items():
        if name not in source.factors:
            known_names = [*source.factors, *source.categories]
            hint = unused_hint(name, source.unused) or did_you_mean(name, known_names)
            raise FitError(f"--at {text!r}: unknown factor {name!r}; the factors are {known}{hint}")
        if isinstance(level, str):
            raise FitError(f"--at {text!r}: {name} must be a finite number above 0, got {level!r}")
        if name == free:
            raise FitError(f"--at {text!r}: names {name}, whose largest level is asked for")
    given = {name: source.check(name, float(level)) for name, level in levels.items()}
    fixed = {name: source.check(name, one.largest) for name, one in source.factors.items() if one.is_single}
    both = {**fixed, **given}
    missing = [name for name in source.required if name not in both and name != free]
    if missing and not text:
        such = ",".join(f"{name}={source.factors[name].largest:.10g}" for name in missing if name in source.factors)
        raise FitError(f"--at: required for {', '.join(missing)}, such as --at {such}" if such else "--at: required")
    if missing:
        raise FitError(f"--at {text!r}: lacks {', '.join(missing)}; the factors are {known}")
    return Point({name: both[name] for name in source.factors if name in both})


def _predict_largest(
    sources: Sequence[PredictionSource],
    asked: Sequence[PointQuery],
    factor: str,
    budget: Budget,
    within: str,
    response: str | None,
) -> Iterator[LargestLevel]:
    for source in sources:
        if factor not in source.factors:
            raise FitError(
                f"--largest {factor!r}: unknown factor; the factors are {', '.join(source.factors) or 'none'}"
                f"{unused_hint(factor, source.unused) or did_you_mean(factor, source.factors)}"
            )
    machine, wanted = memory_bytes(), _points_by_source(sources, asked, free=factor)
    _require_predictor(
        (source, one) for source, _ in wanted for one in _responses_within(source, budget, within, response)
    )
    for source, points in wanted:
        levels = source.factors[factor]
        span = SearchSpan(levels.smallest, levels.largest * FARTHEST, levels.whole)
        for one in _responses_within(source, budget, within, response):
            predictor = _predictor(source, one)
            for point in points:
                at = Point({name: level for name, level in point.items() if name != factor})
                if isinstance(predictor, str):
                    yield _no_level(source, one, factor, budget, at, predictor)
                    continue
                amount = budget.of(source.unit(one))
                found = _with_assessment(largest_within(predictor, factor, amount, at, span, within))
                yield found if found.largest is None else _with_memory_note(source, found, machine)


def _responses_within(source: PredictionSource, budget: Budget, within: str, response: str | None) -> list[str]:
    """Return the responses that a budget is about: those in its unit, and for memory the declared working set.

    Raises
    ------
    FitError : the response has another unit, or none that is known.
    """
    every = [response] if response is not None else [*source.responses, *([WORKING_SET] if source.needed else [])]
    units = {one: source.unit(one) for one in every}
    fitting = [one for one, unit in units.items() if not budget.base or (unit and unit.dimension == budget.base)]
    for one, unit in units.items():
        if not fitting and (response is not None or unit is None or SECONDS_PER_EVAL not in units):
            raise FitError(f"--within {within!r}: {_unit_error(one, unit)}")
    if response is None and not budget.base:
        raise FitError(f"--within {within!r}: must have a unit, such as 10s or 2GB")
    return fitting or [ALLOCATED if budget.base == BYTE.base else SECONDS_PER_EVAL]


def _unit_error(response: str, unit: Unit | None) -> str:
    """Return why an amount in another unit cannot limit a response."""
    if unit is None:
        return f"the unit of {response} is not known; --unit states it, such as --unit ms"
    return f"{response} is counted in {unit.symbol}"


def _no_level(
    source: PredictionSource, response: str, factor: str, budget: Budget, at: Point, why: str
) -> LargestLevel:
    unit = source.unit(response)
    return LargestLevel(
        subject=source.subject,
        response=response,
        unit=unit,
        factor=factor,
        within=budget.of(unit),
        at=at,
        note=why,
    )


def _with_assessment(found: LargestLevel) -> LargestLevel:
    """Add what is known of the prediction in words to the note."""
    from bptt_bench.report.words.findings.predictions import assessment_words

    if found.assessment is None:
        return found
    known = assessment_words(found.assessment, found.farther is not None and found.farther > 1)
    return replace(found, note="; ".join(filter(None, (found.note, known))))


def _with_memory_note(source: PredictionSource, found: LargestLevel, machine: int) -> LargestLevel:
    """Add a note if an evaluation there would not fit into the memory of this machine."""
    assert found.largest is not None
    point = Point({**found.at, found.factor: found.largest})
    memory = source.predictor(ALLOCATED) if ALLOCATED in source.responses else ""
    need = _memory_note(source, point, machine, [] if isinstance(memory, str) else memory.predict([point]))
    return replace(found, note="; ".join(filter(None, (found.note, need))))
