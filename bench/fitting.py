"""What ``fit`` does between its options and its answer: choose the rows, fit, compare, predict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.analyse.evidence import fitted_samples
from bench.analyse.fit import Fit, fit
from bench.analyse.samples import FitError
from bench.analyse.select import Comparison, compare_fits
from bench.plan import LawError, Point
from bench.store.frame import load
from bench.store.importers.naming import with_names
from bench.store.importers.text import listed

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A fit, the points to be predicted, and how other laws compare."""

    fit: Fit
    predict_at: tuple[Point, ...]
    versus: tuple[Comparison, ...]
    notes: tuple[str, ...] = ()  # what the reader of another tool's file left out

    def to_json(self) -> dict[str, Any]:
        """The answer as plain data."""
        return self.fit.to_json(self.predict_at, self.versus)


def answer(
    data: Path,
    law: str,
    *,
    overhead: str = "auto",
    response: str = "seconds_per_eval",
    block: str | None = None,
    subject: str | None = None,
    names: Sequence[str] = (),
    predict: Sequence[str] = (),
    versus: Sequence[str] = (),
) -> Answer:
    """Fit a law, and others to compare it with, to the samples in a folder or file, less those that test predictions.

    ``names`` are those of factors that only have a place in another tool's file (``arg0``, ``arg1``).

    Raises
    ------
    StoreError, FitError : data, laws or points that cannot be used; one line each.
    """
    points = tuple(point_of(text) for text in predict)
    frame = with_names(of_subject(fitted_samples(load(data)), subject), names, laws=(law, *versus))
    this, *others = (_fit(frame, text, response, overhead, block) for text in (law, *versus))
    for text, point in zip(predict, points, strict=True):
        _require_factors(text, point, this)
    return Answer(
        fit=this,
        predict_at=points,
        versus=tuple(compare_fits(this, other) for other in others),
        notes=tuple(frame.attrs.get("notes", ())),
    )


def _fit(frame: pd.DataFrame, law: str, response: str, overhead: str, block: str | None) -> Fit:
    try:
        return fit(frame, law, response=response, overhead=overhead, block=block)
    except LawError as error:
        raise FitError(str(error)) from None


def of_subject(frame: pd.DataFrame, subject: str | None) -> pd.DataFrame:
    """The rows of one subject; all of them where there is but one and none is named.

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
        raise FitError(f"--subject: the data hold {len(names)} subjects; choose one of {listed(names)}")
    if subject not in names:
        raise FitError(f"--subject {subject!r}: unknown; the subjects are {listed(names)}")
    return frame[frame["subject"] == subject]


def point_of(text: str) -> Point:
    """The point that ``V=10000,T=35`` names.

    Raises
    ------
    FitError : not of that form, a level that is no finite number above 0, or a factor named twice.

    >>> point_of("V=10000, T=35")
    Point(V=10000, T=35)
    """
    levels: dict[str, float] = {}
    for part in text.split(","):
        name, equals, level = (piece.strip() for piece in part.partition("="))
        if not equals or not name.isidentifier():
            raise FitError(f"--predict {text!r}: {part.strip()!r} is not of the form factor=level, such as T=35")
        if name in levels:
            raise FitError(f"--predict {text!r}: names {name} twice")
        levels[name] = _level(text, name, level)
    return Point(levels)


def _level(text: str, name: str, level: str) -> float:
    try:
        value = float(level)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise FitError(f"--predict {text!r}: {name}={level!r}; allowed are finite numbers above 0")
    return int(value) if value.is_integer() else value


def _require_factors(text: str, point: Point, this: Fit) -> None:
    needed = this.full_law.factors
    missing = [name for name in needed if name not in point]
    unknown = [name for name in point if name not in {*needed, *this.factors}]
    if missing:
        raise FitError(
            f"--predict {text!r}: lacks {', '.join(missing)}; the law has {', '.join(needed) or 'no factor'}"
        )
    if unknown:
        raise FitError(f"--predict {text!r}: unknown factor {unknown[0]!r}; the law has {', '.join(needed) or 'none'}")
