"""Fits a law to data: chooses the rows, fits, compares with other laws, predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np
import threadpoolctl

from bptt_bench.analyse.data.columns import (
    UNUSED,
    add_roles,
    choose_response,
    factors_in_laws,
    find_factors,
    format_level,
    format_levels,
    less_clear_times,
    levels_of,
    quote_names,
    rename_to_use,
    require_filled,
    set_aside_by_name,
    unused_hint,
    with_noise_columns,
)
from bptt_bench.analyse.data.limits import limit_note
from bptt_bench.analyse.data.response import unit_of
from bptt_bench.analyse.data.samples import categories_of, own_subjects
from bptt_bench.analyse.discover.averaged import predictor_of_laws
from bptt_bench.analyse.discover.discover import discover_each
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.analyse.evidence.by_category import apply_to_parts, dividing_categories, parts
from bptt_bench.analyse.evidence.evidence import fitted_samples
from bptt_bench.analyse.evidence.own_law import options_of_run
from bptt_bench.analyse.findings.reason import Finding
from bptt_bench.analyse.fitting.cautions import cautions
from bptt_bench.analyse.fitting.fit import Fit, fit
from bptt_bench.analyse.fitting.select import Preference, prefer_fits
from bptt_bench.analyse.predict.predictor import PointPrediction, make_predictor
from bptt_bench.errors import FitError, TextError
from bptt_bench.plan import Point
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.plan.experiment.stratum import stratum
from bptt_bench.store.frame import load
from bptt_bench.store.importers.reading.naming import name_factors
from bptt_bench.text.numerals import parse_level
from bptt_bench.text.points import PointQuery, level_error, parse_points, unquote
from bptt_bench.text.wording import did_you_mean, list_names

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class FitReport:
    """A fit, its predictions at the points that were asked for, and how other laws compare."""

    fit: Fit
    predictions: tuple[PointPrediction, ...]
    versus: tuple[Preference, ...]
    notes: tuple[str, ...] = ()  # what the user should know of how the data were read
    laws: LawSet | None = None  # where no law was stated: those that the data do not exclude

    def to_json(self) -> dict[str, Any]:
        """Return the report as plain data."""
        from bptt_bench.report.words.findings.clauses import words

        return {**self.fit_json(), "notes": [*self.notes, *map(words, self.cautions)]}

    @property
    def cautions(self) -> tuple[Finding, ...]:
        """What must be known before the figures are used."""
        return (*cautions(self.fit), *(() if self.laws is None else self.laws.doubts))

    def fit_json(self) -> dict[str, Any]:
        """Return the fit, its predictions and comparisons as plain data."""
        from bptt_bench.report.words.documents import fit_document

        return fit_document(self.fit, self.predictions, self.versus, self.laws)


@dataclass(frozen=True, slots=True, kw_only=True)
class FitReports:
    """A report for each combination of categories.

    Attributes
    ----------
    by : names of the categories.
    found : reports by their levels, in the order of the samples.
    left_out : categories to whose data the law cannot be fitted, with the reason.
    """

    by: tuple[str, ...]
    found: Mapping[Point, FitReport]
    left_out: Mapping[Point, str]

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know of how the data were read."""
        return next(iter(self.found.values())).notes

    def to_json(self) -> dict[str, Any]:
        """Return the reports as plain data."""
        from bptt_bench.report.words.findings.clauses import words

        fits = [
            {"category": dict(category), **one.fit_json(), "notes": list(map(words, one.cautions))}
            for category, one in self.found.items()
        ]
        left_out = [{"category": dict(category), "reason": reason} for category, reason in self.left_out.items()]
        return {"by": list(self.by), "fits": fits, "left_out": left_out, "notes": list(self.notes)}


def fit_data(
    data: Path,
    law: str | None = None,
    *,
    counts: str | None = None,
    overhead: str | None = None,
    response: str | None = None,
    block: str | None = None,
    subject: str | None = None,
    names: Sequence[str] = (),
    predict: Sequence[str] = (),
    versus: Sequence[str] = (),
    where: Sequence[str] = (),
    rename: Sequence[str] = (),
    ignore: Sequence[str] = (),
    unit: str | None = None,
    censored: str | None = None,
    standard_error: str | None = None,
) -> FitReport | FitReports:
    """Fit a law, and others to compare it with, to the samples in a folder or file, less those that test predictions.

    Where the samples have several categories, each combination of their levels has a report of its own.

    Parameters
    ----------
    law : to be fitted; by default every law that the data do not exclude is found, and the simplest of them fitted.
    counts : without a law, that of the counted operations, whose terms alone time is fitted with.
    names : of factors that another tool's file only numbers (``arg0``, ``arg1``).
    overhead : terms beside the law; by default those of the run for its own law, which is then fitted as ``predict``
        does, and else those that are found to be needed.
    predict : points such as ``"V=10000,T=35"``, whose levels may be ranges, as in ``predict``; one that names a level
        of a category is predicted by its fit alone.
    where : which rows to use, such as ``dtype=float32``; several levels of one name select the rows of any.
    response, rename, ignore : as in ``fit`` and ``load``.
    unit : of the response, such as ``"ms"``; by default that of its format or the one that its name states.
    censored, standard_error : columns, as in ``bench.fit``.

    Raises
    ------
    StoreError, FitError, TextError : data, laws or points that cannot be used; one line each.
    """
    asked = parse_points(predict, "--predict")
    frame = select_subject(fitted_samples(load(data, rename=rename, ignore=ignore)), subject)
    frame = name_factors(frame, names, laws=[] if law is None else [law, *versus])
    frame = with_noise_columns(frame, censored, standard_error)
    named = law if law is not None else factors_as_law(frame, response, block)
    frame, response = prepare_rows(frame, (named, *versus), where=where, response=response, block=block, unit=unit)

    def answered(rows: pd.DataFrame, laws: LawSet | None = None) -> FitReport:
        how: dict[str, Any] = {"response": response, "block": block, "unit": unit}
        this = laws.fit if laws is not None else fit_rows(frame, rows, named, overhead=overhead, **how)
        selected = "auto" if overhead is None else overhead
        others = [fit(rows, text, overhead=selected, **how) for text in versus]
        alike = fit(rows, named, overhead=selected, **how) if laws is None and others else this
        needed = this.full_law.factors if laws is None else laws.factors
        category = {name: format_level(rows[name].iloc[0]) for name in by}
        points = [point for one in asked for point in _read_points(one, this, needed, category, frame.attrs[UNUSED])]
        return FitReport(
            fit=this,
            predictions=tuple(predict_points(this, points, laws)),
            versus=tuple(prefer_fits(alike, other) for other in others),
            notes=tuple(frame.attrs.get("notes", ())),
            laws=laws,
        )

    by = dividing_categories(frame, named, response=response, block=block)
    kinds = dict(parts(frame, by, response))
    for one in asked:
        _require_categories(one, by, list(kinds))
    if law is None:
        laws, left_out = discover_each(kinds.items(), response=response, counts=counts, block=block, unit=unit)
        found = {levels: answered(kinds[levels], one) for levels, one in laws.items()}
    elif by:
        found, left_out = apply_to_parts(kinds.items(), answered)
    else:
        return answered(frame)
    if not by:
        return found[Point()]
    return FitReports(by=tuple(by), found=found, left_out=left_out)


def fit_rows(frame: pd.DataFrame, rows: pd.DataFrame, law: str, *, overhead: str | None = None, **how: Any) -> Fit:
    """Fit a law to rows of a frame: the own law of a run as its experiment says, unless an option says otherwise."""
    own = {} if overhead is not None or how["block"] is not None else options_of_run(frame, rows, law, how["response"])
    return fit(rows, law, **{"overhead": "auto" if overhead is None else overhead, **how, **own})


def factors_as_law(frame: pd.DataFrame, response: str | None = None, block: str | None = None) -> str:
    """Return the product of all factors of a frame, which stands for a law where none is stated.

    They are the factors of a run, or those that ``find_factors`` finds in a plain table.

    Raises
    ------
    FitError : there is none, or the name of one could not stand in a law.
    """
    found = choose_response(frame, response)
    factors = find_factors(frame, {found, *([block] if block is not None else [])})
    by_name = [] if factors else set_aside_by_name(frame, {found, *([block] if block is not None else [])})
    if by_name:
        raise FitError(
            f"no factor: what varies beside {found!r} is set aside by name: {list_names(by_name)}; "
            f"{rename_to_use(by_name[0])}"
        )
    if not factors:
        raise FitError(
            f"no factor: beside {found!r} no column of numbers varies; the columns are "
            f"{list_names(list(map(str, frame.columns)))}"
        )
    for name in factors:
        require_filled(frame, name)
        if not name.isidentifier():
            raise FitError(
                f"column {name!r}: a law can name words alone; --rename {quote(f'{name}=n')}, or --ignore it"
            )
    return "*".join(factors)


def predict_points(fitted: Fit, points: Sequence[Point], laws: LawSet | None = None) -> list[PointPrediction]:
    """Return the predictions of a fit at points, or of the laws that were found, as ``predict`` makes them."""
    from bptt_bench.report.words.foresight import with_words

    if not points:
        return []
    predictor = make_predictor("", fitted) if laws is None else predictor_of_laws("", laws)
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):  # see `predict`
        return with_words(predictor.predict(points))


def prepare_rows(
    frame: pd.DataFrame,
    laws: Sequence[str],
    *,
    names: Sequence[str] = (),
    where: Sequence[str] = (),
    response: str | None = None,
    block: str | None = None,
    unit: str | None = None,
) -> tuple[pd.DataFrame, str]:
    """Return the rows of one subject to be fitted, with notes in ``attrs``, and the response.

    Raises
    ------
    StoreError, FitError : names, rows or a response that cannot be used, or what is not a law.
    """
    if not laws[0].strip():
        raise FitError("--law: is empty; leave it out to have laws found, or give one such as n*log(n)")
    frame = select_rows(name_factors(frame, names, laws=laws), where)
    if block is not None and block in factors_in_laws(laws):
        raise FitError(
            f"--block {block!r}: must be a column that no law names, for its effect would be taken out of them"
        )
    for name in factors_in_laws(laws):
        require_filled(frame, name)
    found = choose_response(frame, response, laws)
    chosen = [text.partition("=")[0].strip() for text in where]
    rows = add_roles(frame, laws, response=found, block=block, chosen=chosen)
    if response is None and found != SECONDS_PER_EVAL:
        rows.attrs["notes"].insert(0, f"response: {found!r}, {_why_response(frame, found)}")
    rows.attrs["notes"] += limit_note(rows, found, rows.attrs["factors"], unit_of(found, frame, unit))
    named_unit = unit_of(found, frame)
    if unit is not None and named_unit is not None and named_unit != unit_of(found, unit=unit):
        rows.attrs["notes"].append(
            f"--unit {unit}: taken as stated, though {found!r} is in {named_unit.symbol} by its name"
        )
    return rows, found


def _why_response(frame: pd.DataFrame, found: str) -> str:
    """Return why a column is the response that nobody stated."""
    if SECONDS_PER_EVAL in frame.columns:
        return "the only one that the data have"
    others = less_clear_times(frame, found)
    if others:
        return f"called a time more clearly than {quote_names(others)}; --response chooses"
    return "the only column that is called a time"


def select_subject(frame: pd.DataFrame, subject: str | None) -> pd.DataFrame:
    """Return the rows of one subject; by default of the only one, without its placebo.

    At some categories a subject also goes by the name that tables give it there, ``sort [dtype=float32]``.

    Raises
    ------
    FitError : an unknown subject, or several and none chosen.
    """
    if "subject" not in frame.columns:
        if subject is not None:
            raise FitError(f"--subject {subject!r}: the data have no column 'subject'")
        return frame
    names = [str(name) for name in frame["subject"].unique()]
    if subject is None and len(names) == 1:
        return frame
    if subject is None:
        own = own_subjects(names)
        if len(own) != 1:
            raise FitError(f"--subject: the data hold {len(names)} subjects; choose one of {list_names(names)}")
        (subject,) = own
    if subject in names:
        return frame[frame["subject"] == subject]
    keys = ["subject", *categories_of(frame)]
    for name, *levels in frame[keys].drop_duplicates().itertuples(index=False):
        if stratum(name, dict(zip(keys[1:], levels, strict=True))) == subject:
            return frame[(frame[keys] == [name, *levels]).all(axis=1)]
    raise FitError(
        f"--subject {subject!r}: unknown; the subjects are {list_names(names)}{did_you_mean(subject, names)}"
    )


def select_rows(frame: pd.DataFrame, where: Sequence[str]) -> pd.DataFrame:
    """Return the rows that ``NAME=LEVEL`` texts select: for every name, any of its levels.

    Raises
    ------
    FitError : not of that form, a column that there is not, or a level that no row has.
    """
    wanted: dict[str, list[str]] = {}
    for text in where:
        name, equals, level = (piece.strip() for piece in text.partition("="))
        if not equals or not name or not level:
            raise FitError(f"--where {text!r}: is not of the form NAME=LEVEL, such as dtype=float32")
        require_filled(frame, name)
        if name not in frame.columns:
            raise FitError(f"--where {text!r}: no such column; the columns are {list_names(frame.columns.tolist())}")
        wanted.setdefault(name, []).append(level)
    for name, levels in wanted.items():
        column = frame[name]
        keep = np.zeros(len(frame), dtype=bool)
        for level in levels:
            here = _at_level(column, level)
            if not here.any():
                here = _at_level(column, unquote(level))
            if not here.any():
                there = format_levels(levels_of(column, np.arange(len(frame))))
                raise FitError(f"--where '{name}={level}': no row has this level; the levels are {there}")
            keep |= here
        frame = frame[keep]
    return frame


def _at_level(column: pd.Series[Any], level: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return which rows are at a level: equal as numbers in a column of numbers, else as text."""
    if column.dtype.kind not in "iuf":
        return np.asarray(column.map(format_level).to_numpy() == level)
    number = parse_level(level)
    return np.zeros(len(column), dtype=bool) if number is None else np.asarray(column.to_numpy() == number)


def _require_categories(asked: PointQuery, by: Sequence[str], kinds: Sequence[Point]) -> None:
    """See that something was measured at the levels of categories that one ``--predict`` names."""
    for levels in asked.points({name: False for name in asked.axes if name not in by}):
        named = {name: str(level) for name, level in levels.items() if name in by}
        if not any(all(str(kind[name]) == level for name, level in named.items()) for kind in kinds):
            there = format_levels(map(str, kinds))
            raise TextError(f"--predict {asked.text!r}: nothing was measured at {Point(named)}; there are {there}")


def _read_points(
    asked: PointQuery, this: Fit, needed: Sequence[str], category: Mapping[str, str], unused: Mapping[str, str]
) -> list[Point]:
    """Return the points of a category that one ``--predict`` names, checked against the law's factors."""
    whole = {name: bool((this.points[name] % 1 == 0).all()) for name in this.factors}
    numbers = {**{name: False for name in asked.axes if name not in category}, **whole}
    found = [
        Point({name: level for name, level in levels.items() if name not in category})
        for levels in asked.points(numbers)
        if all(str(levels.get(name, level)) == level for name, level in category.items())
    ]
    for point in found[:1]:
        _require_factors(asked.text, point, this, needed, unused)
    return found


def _require_factors(text: str, point: Point, this: Fit, needed: Sequence[str], unused: Mapping[str, str]) -> None:
    missing = [name for name in needed if name not in point]
    unknown = [name for name in point if name not in {*needed, *this.factors}]
    if missing:
        raise TextError(
            f"--predict {text!r}: lacks {', '.join(missing)}; the law has {', '.join(needed) or 'no factor'}"
        )
    if unknown:
        where = "; --where selects a level of a column of text" if isinstance(point[unknown[0]], str) else ""
        hint = unused_hint(unknown[0], unused) or where
        known = ", ".join(needed) or "none"
        raise TextError(f"--predict {text!r}: unknown factor {unknown[0]!r}; the law has {known}{hint}")
    for name, level in point.items():
        if isinstance(level, str) or (level == 0 and not (this.points[name] == 0).any()):
            raise level_error(f"--predict {text!r}", name, level)
