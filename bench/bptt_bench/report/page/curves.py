"""What the fitted laws give at any size, as data for the script of a page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.plan import PLACEBO_SUFFIX
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import Line, along, lines_along
from bptt_bench.report.words.findings.clauses import words

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.analyse.stats.estimate import Interval
    from bptt_bench.analyse.verdicts.analysis import Analysis

REACH = 100.0  # a size can be asked for up to so many times the largest that was measured
PER_DECADE = 20  # sizes that can be asked for: each some 12 % above the one before
DIGITS = 6  # significant ones of a value
NOT_STATED = "no law is stated: the average over all laws that the data do not exclude"
MOST_CURVES = 60  # of a page; the first subjects and factors


def law_curves(analysis: Analysis) -> list[dict[str, Any]]:
    """Return for each subject and each factor of its law what the fit gives along that factor.

    Each has ``subject``, ``factor``, ``fixed`` (the levels of the other factors, in words), ``unit``, ``largest`` (the
    largest level measured), ``note`` (why not to trust it, or empty), ``points`` and ``curve``: lists of level, value,
    low, high, values in the base unit. Points are what was measured, with its interval; the curve is of predictions of
    a sample.
    """
    return list(_curves(analysis))[:MOST_CURVES]


def _curves(analysis: Analysis) -> Iterator[dict[str, Any]]:
    from bptt_bench.analyse.discover.of_run import find_laws

    factors = [factor.name for factor in analysis.experiment.factors]
    for (subject, response), fit in analysis.fits.items():
        if response != show.WHOLE or subject.endswith(PLACEBO_SUFFIX):
            continue
        for factor in [name for name in factors if name in fit.full_law.factors]:
            lines = lines_along(factor, factors, {subject: fit.points})
            if lines:
                yield _curve(subject, fit, lines[0], _note(analysis, subject, fit), fit.predict)
    for subject, found in find_laws(analysis.evidence).items():
        if isinstance(found, str) or found.fit.response != show.WHOLE:
            continue
        for factor in [name for name in factors if name in found.factors]:
            lines = lines_along(factor, factors, {subject: found.fit.points})
            if lines:
                note = "; ".join(map(words, found.doubts)) or NOT_STATED
                yield _curve(subject, found.fit, lines[0], note, found.predict)


def _curve(
    subject: str, fit: Fit, line: Line, note: str, predict: Callable[[pd.DataFrame], Sequence[Interval]]
) -> dict[str, Any]:
    levels = _levels(line.levels)
    values = predict(along(line.fixed, line.factor, np.array(levels)))
    rows = line.select(fit.points)
    measured = rows[[line.factor, "measured", "low", "high"]].to_numpy(float).tolist()
    scale = fit.unit.scale if fit.unit is not None and fit.unit.base else 1.0
    return {
        "subject": subject,
        "factor": line.factor,
        "fixed": show.point(line.fixed) if line.fixed else "",
        "unit": fit.unit.base if fit.unit is not None else "",
        "law": show.law(fit.full_law.text),
        "largest": line.levels[-1],
        "note": note,
        "points": [[level, *_scaled(ends, scale)] for level, *ends in measured],
        "curve": [
            [level, *_scaled(value, scale)]
            for level, value in zip(levels, values, strict=True)
            if all(map(math.isfinite, value))
        ],
    }


def _levels(measured: Sequence[float]) -> list[float]:
    """Return the sizes that can be asked for: those measured, and others evenly between and beyond them.

    >>> _levels((1.0, 10.0))[:4], _levels((1.0, 10.0))[-1]
    ([1.0, 2.0, 3.0, 4.0], 1000.0)
    """
    whole = all(level.is_integer() for level in measured)
    low, high = measured[0], measured[-1] * REACH
    steps = np.geomspace(low, high, max(2, round(PER_DECADE * math.log10(high / low)) + 1)).tolist()
    rounded = (float(f"{step:.3g}") for step in steps)
    kept = {float(round(step)) if whole else step for step in rounded}
    return sorted(level for level in {*kept, *measured} if level > 0)


def _scaled(values: Sequence[float], scale: float) -> list[float | None]:
    return [float(f"{scale * value:.{DIGITS}g}") if math.isfinite(value) else None for value in values]


def _note(analysis: Analysis, subject: str, fit: Fit) -> str:
    """Return why what the law gives is not to be trusted; empty where nothing speaks against it."""
    refuted = any(
        one.subject == subject and one.verdict == "refuted" and one.kind == "law" for one in analysis.verdicts
    )
    if refuted:
        return "the law is refuted: these numbers are what it would give, and not what the code takes"
    rejected = fit.lack_of_fit.kind == "rejected"
    return "points lie off the law, so intervals may be too narrow" if rejected else ""


def as_script_data(document: Mapping[str, Any]) -> str:
    """Return a document as JSON that can stand in a script element: no text in it can end that.

    >>> as_script_data({"a": "</script>"})
    '{"a":"\\\\u003c/script>"}'
    """
    import json

    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
