"""Categories taken apart: a run with levels of text as one without, in which each combination of them is a subject.

What "sort" took at dtype=float32 is what the subject ``sort [dtype=float32]`` took. Fits, claims, figures and
predictions then see numbers alone, and none of them has to know of categories. An experiment without any goes through
untouched.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bptt_bench.analyse.evidence.evidence import without_records
from bptt_bench.errors import FitError
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    Agreement,
    Cell,
    CheckClaim,
    Claim,
    Design,
    Experiment,
    Point,
    Profile,
    Subject,
)
from bptt_bench.plan.experiment.categories import claim_points
from bptt_bench.plan.experiment.stratum import split_stratum, stratum

if TYPE_CHECKING:
    import pandas as pd

CALLED_WITH_A_POINT = (
    *("prepare", "prepare_phased", "counts", "working_set", "works", "roofline", "output_bytes", "tally"),
)
# Records of a run that name a subject and a point.
WITH_CELLS = ("skips", "agreements", "inspections", "counts", "uncounted", "predictions", "anchors")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strata:
    """The categories of an experiment, and at which combinations of them its subjects are measured.

    Attributes
    ----------
    experiment : as it is planned and run.
    categories : names of its categories, in the order of its factors.
    combinations : levels of the categories at which each subject is measured, by its name.
    """

    experiment: Experiment
    categories: tuple[str, ...]
    combinations: Mapping[str, tuple[Point, ...]]
    _known: dict[str, tuple[str, Point]] = field(init=False)  # what the names of strata mean

    def __post_init__(self) -> None:
        known = {stratum(name, levels): (name, levels) for name, every in self.combinations.items() for levels in every}
        object.__setattr__(self, "_known", known)

    @classmethod
    def of(cls, experiment: Experiment, frame: pd.DataFrame | None = None, profile: str | None = None) -> Strata:
        """Return the strata that a frame holds or a profile measures: that of the run, or all if it is unknown."""
        categories = tuple(factor.name for factor in experiment.factors if factor.is_category)
        if not categories:
            return cls(experiment=experiment, categories=(), combinations={})
        if profile is None and frame is not None:
            profile = (frame.attrs.get("run") or {}).get("profile")
        known = experiment.profiles.get(profile or "")
        profiles = experiment.profiles.values() if known is None else [known]
        found: dict[str, dict[Point, None]] = {subject.name: {} for subject in experiment.subjects}
        for one in profiles:
            for subject, point in one.cells(list(found)):
                found[subject][Point({name: point[name] for name in categories})] = None
        for subject, *levels in [] if frame is None else dict.fromkeys(_keys(frame, categories)):
            of_subject = found.get(subject.removesuffix(PLACEBO_SUFFIX), {})
            of_subject[Point(dict(zip(categories, levels, strict=True)))] = None
        return cls(
            experiment=experiment,
            categories=categories,
            combinations={name: tuple(points) for name, points in found.items()},
        )

    def read(self, name: str) -> tuple[str, dict[str, str]]:
        """Return the subject that a name means, and the levels of categories that it states; none for a plain name."""
        placebo = PLACEBO_SUFFIX if name.endswith(PLACEBO_SUFFIX) else ""
        if (found := self._known.get(name.removesuffix(PLACEBO_SUFFIX))) is not None:
            return found[0] + placebo, {category: found[1][category] for category in found[1]}
        subject, stated = split_stratum(name)
        if not self.categories or not stated:
            return name, {}
        pairs = [text.partition("=") for text in re.split(rf" (?=(?:{'|'.join(self.categories)})=)", stated)]
        if not all(equals and category in self.categories for category, equals, _ in pairs):
            return name, {}
        return subject, {category: level for category, _, level in pairs}

    def of_subject(self, subject: str) -> tuple[Point, ...]:
        """Return the levels of the categories at which a subject or its placebo is measured; none if unknown."""
        return self.combinations.get(subject.removesuffix(PLACEBO_SUFFIX), ())

    def names(self, subject: str) -> list[str]:
        """Return the names of a subject in its strata."""
        return [stratum(subject, levels) for levels in self.of_subject(subject)]

    def cell(self, cell: Cell) -> Cell:
        """Return what is measured for a stratum at a point: the subject itself, at the point with its categories."""
        subject, levels = self.read(cell.subject)
        return Cell(subject, _at(cell.point, levels, self._order)) if levels else cell

    def point_without(self, point: Mapping[str, Any]) -> Point:
        """Return a point less its categories."""
        return Point({name: level for name, level in point.items() if name not in self.categories})

    def levels_of(self, point: Mapping[str, Any]) -> dict[str, str]:
        """Return the categories of a point."""
        return {name: point[name] for name in self.categories if name in point}

    def stratum_of(self, cell: Cell) -> Cell:
        """Return the stratum that a measured cell belongs to, and the point there."""
        return Cell(stratum(cell.subject, self.levels_of(cell.point)), self.point_without(cell.point))

    def stratify(self) -> Experiment:
        """Return the experiment whose subjects are the strata, without claims, foresight and faults."""
        if not self.categories:
            return self.experiment
        whole = self.experiment
        return dataclasses.replace(
            whole,
            factors=tuple(factor for factor in whole.factors if not factor.is_category),
            subjects=tuple(
                self._subject(subject, levels)
                for subject in whole.subjects
                for levels in self.combinations[subject.name]
            ),
            placebo=tuple(name for placebo in whole.placebos for name in self.names(placebo)) or None,
            profiles=dict(self._profiles()),
            agreement=None if whole.agreement is None else self._agreement(whole.agreement),
            claims=(),
            foresight=None,
            faults=(),
        )

    def frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return samples and records with strata for subjects, without the columns of categories.

        Raises
        ------
        FitError : a category is not a column of the frame.
        """
        if not self.categories:
            return frame
        keys = _keys(frame, self.categories)
        named = {key: stratum(key[0], dict(zip(self.categories, key[1:], strict=True))) for key in dict.fromkeys(keys)}
        changed = without_records(frame).drop(columns=list(self.categories))
        changed["subject"] = [named[key] for key in keys]
        changed.attrs = dict(frame.attrs)
        changed.attrs.update(self._records(frame.attrs))
        return changed

    @property
    def _order(self) -> tuple[str, ...]:
        return tuple(factor.name for factor in self.experiment.factors)

    def _subject(self, subject: Subject, levels: Point) -> Subject:
        given = {name: getattr(subject, name) for name in CALLED_WITH_A_POINT}
        bound: dict[str, Any] = {
            name: bind(call, levels, self._order) for name, call in given.items() if call is not None
        }
        return dataclasses.replace(subject, name=stratum(subject.name, levels), **bound)

    def _profiles(self) -> Iterable[tuple[str, Profile]]:
        """Yield every profile in which a stratum is measured: points of all strata, and further ones of some."""
        names = [name for subject in self.experiment.subject_names for name in self.names(subject)]
        for title, profile in self.experiment.profiles.items():
            points: dict[str, dict[Point, None]] = {name: {} for name in names}
            for cell in profile.cells(self.experiment.subject_names):
                name, point = self.stratum_of(cell)
                if name in points:
                    points[name][point] = None
            first = next(iter(points.values()))
            common = dict.fromkeys(point for point in first if all(point in others for others in points.values()))
            extra = {name: Design.of(point for point in own if point not in common) for name, own in points.items()}
            if any(points.values()):
                kept = {name: design for name, design in extra.items() if design.points}
                yield title, dataclasses.replace(profile, design=Design.of(common), extra=kept)

    def _agreement(self, agreement: Agreement) -> Agreement:
        references = {
            stratum(subject.name, levels): stratum(agreement.reference, levels)
            for subject in self.experiment.subjects
            for levels in self.combinations[subject.name]
        }
        return StratifiedAgreement(
            reference=self.names(agreement.reference)[0],
            difference=agreement.difference,
            allowed=agreement.allowed,
            result={name: convert for subject, convert in agreement.result.items() for name in self.names(subject)},
            references=references,
        )

    def _records(self, attrs: Mapping[Any, Any]) -> dict[str, Any]:
        changed: dict[str, Any] = {
            name: [self._record(record) for record in attrs[name]] for name in WITH_CELLS if name in attrs
        }
        if "factors" in attrs:
            changed["factors"] = [name for name in attrs["factors"] if name not in self.categories]
        if "allocations" in attrs:
            changed["allocations"] = [
                {**record, "visits": [self._record(visit) for visit in record["visits"]]}
                for record in attrs["allocations"]
            ]
        if "missing" in attrs:
            changed["missing"] = {n: why for subject, why in attrs["missing"].items() for n in self.names(subject)}
        return changed

    def _record(self, record: Mapping[str, Any]) -> dict[str, Any]:
        """Return a record with its subject, its point and the subject that it was compared with in their stratum."""
        place = "at" if "at" in record else "point"
        levels = self.levels_of(record[place])
        others = {name: stratum(record[name], levels) for name in ("subject", "reference") if name in record}
        return {**record, **others, place: dict(self.point_without(record[place]))}


@dataclass(frozen=True, slots=True, kw_only=True)
class StratifiedAgreement(Agreement):
    """An agreement whose results are compared within each stratum.

    Attributes
    ----------
    references : of each stratum of a subject.
    """

    references: Mapping[str, str]

    def reference_of(self, subject: str) -> str:
        """Return the reference in the same stratum."""
        return self.references.get(subject, self.reference)


def stratify(
    frame: pd.DataFrame, experiment: Experiment, claims: tuple[Claim, ...]
) -> tuple[pd.DataFrame, Experiment, tuple[Claim, ...]]:
    """Return a run, its experiment and claims without categories; the very same objects where there are none.

    Raises
    ------
    FitError : a category is not a column of the frame, or a claim contradicts itself.
    """
    strata = Strata.of(experiment, frame)
    if not strata.categories:
        return frame, experiment, claims
    stratified_claims = claims_in_strata(claims, strata)
    return strata.frame(frame), dataclasses.replace(strata.stratify(), claims=stratified_claims), stratified_claims


def bind(call: Callable[..., Any], levels: Mapping[str, str], order: Iterable[str]) -> Callable[..., Any]:
    """Return a function of a point as one of its numbers alone."""
    names = tuple(order)

    def bound(point: Mapping[str, Any], *more: Any) -> Any:
        return call(_at(point, levels, names), *more)

    return bound


def _at(point: Mapping[str, Any], levels: Mapping[str, str], order: Iterable[str]) -> Point:
    """Return the point with its categories, in the order of the factors."""
    both = {**point, **levels}
    return Point({**{name: both[name] for name in order if name in both}, **both})


def _keys(frame: pd.DataFrame, categories: Iterable[str]) -> list[tuple[str, ...]]:
    """Return subject and categories of every row."""
    for name in ("subject", *categories):
        if name not in frame.columns:
            raise FitError(f"column {name!r}: missing; the columns are {', '.join(map(str, frame.columns))}")
    return list(zip(*(frame[name].astype(str).tolist() for name in ("subject", *categories)), strict=True))


def claims_in_strata(claims: Iterable[Claim], strata: Strata) -> tuple[Claim, ...]:
    """Return each claim for every stratum that it is about, named after the stratum where there are several.

    A claim is about the strata whose categories its points name, or its subject (``sort [dtype=float32]``): where
    neither says anything of a category, about all its levels. What it compares with is meant in the same stratum,
    unless its name says otherwise. Checks are not measurements, and stay as they are.

    Raises
    ------
    FitError : subject and points of a claim name different levels, or a stratum is compared with itself alone.
    """
    return tuple(each for claim in claims for each in _in_strata(claim, strata))


def _in_strata(claim: Claim, strata: Strata) -> list[Claim]:
    subject, fixed = strata.read(claim.subject)
    if isinstance(claim, CheckClaim) or not strata.of_subject(subject):
        return [claim]
    points = _by_stratum(claim, subject, fixed, strata)
    found = [_of_stratum(claim, subject, levels, own, strata) for levels, own in points.items()]
    made = [one for one in found if one is not None]
    if not made:
        raise FitError(f"claim {claim.name!r}: compares {claim.subject} with itself alone")
    return made


def _by_stratum(
    claim: Claim, subject: str, fixed: Mapping[str, str], strata: Strata
) -> dict[Point, tuple[list[Point], Point]]:
    """Return the points of a claim by the levels of their stratum, each with the levels that its name must tell."""
    own = claim_points(claim)
    stated = [strata.levels_of(point) for point in own] or [{}]
    constant = {name for name in strata.categories if len({levels.get(name) for levels in stated} - {None}) == 1}
    constant = {name for name in constant if all(name in levels for levels in stated)} | set(fixed)
    found: dict[Point, tuple[list[Point], Point]] = {}
    for point, levels in zip(own or (None,), stated, strict=True):
        for name in fixed:
            if levels.get(name, fixed[name]) != fixed[name]:
                raise FitError(
                    f"claim {claim.name!r}: its subject is {claim.subject}, its points have {name}={levels[name]}"
                )
        wanted = {**levels, **fixed}
        matching = [
            one for one in strata.of_subject(subject) if all(one[name] == level for name, level in wanted.items())
        ]
        # what nothing measures is judged all the same: that there are no data is a verdict
        for one in matching or [Point(wanted)]:
            named = Point({name: level for name, level in one.items() if name not in constant})
            points, _ = found.setdefault(one, ([], named))
            points.extend([] if point is None else [strata.point_without(point)])
    return found


def _of_stratum(
    claim: Claim, subject: str, levels: Point, own: tuple[list[Point], Point], strata: Strata
) -> Claim | None:
    """Return the claim about one stratum; None where it would compare the stratum with itself."""
    points, named = own
    here = stratum(subject, levels)
    changes: dict[str, Any] = {"name": stratum(claim.name, named), "subject": here}
    if getattr(claim, "at", None) is not None:
        changes["at"] = points[0]
    if getattr(claim, "points", None) is not None:
        changes["points"] = Design.of(points)
    amount = getattr(claim, "amount", None)
    if callable(amount):
        changes["amount"] = bind(amount, levels, [factor.name for factor in strata.experiment.factors])

    def other(name: str) -> str:
        base, stated = strata.read(name)
        return stratum(base, {**levels, **stated}) if strata.of_subject(base) else name

    over, less = getattr(claim, "over", None), getattr(claim, "less", None)
    if less is not None:
        changes["less"] = other(less)
    if isinstance(over, str):
        changes["over"] = other(over)
    elif over is not None:
        changes["over"] = tuple(name for name in map(other, over) if name != here)
    if over is not None and changes["over"] in (here, ()):
        return None
    return dataclasses.replace(claim, **changes)
