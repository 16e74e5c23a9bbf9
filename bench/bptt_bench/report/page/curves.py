"""What is predicted at any size, as data for the script of a page."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.report import format as show
from bptt_bench.report.figures.lines import Line, lines_along
from bptt_bench.report.words.answers import TIMES_LARGER
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.findings.predictions import grade_words

if TYPE_CHECKING:
    from bptt_bench.analyse.fitting.fitted import Fit
    from bptt_bench.analyse.predict.predictor import Predictor
    from bptt_bench.analyse.verdicts.analysis import Analysis

REACH = 100.0  # a size can be asked for up to so many times the largest that was measured
PER_DECADE = 20  # sizes that can be asked for: each some 12 % above the one before
DIGITS = 6  # significant ones of a value
NOT_STATED = "no law is stated: the average over all laws that the data do not exclude"
MOST_CURVES = 60  # of a page; the first subjects and factors


def law_curves(analysis: Analysis) -> list[dict[str, Any]]:
    """Return for each subject and each factor of its law what is predicted along that factor, as ``predict`` does.

    Each has ``subject``, ``factor``, ``fixed`` (the levels of the other factors, in words), ``unit``, ``largest`` (the
    largest level measured), ``notes`` (why not to trust it), ``points`` and ``curve``: lists of level, value, low and
    high, in the base unit. Points are what was measured, with its interval; the curve is of predictions of a sample,
    each with the place of its note at the end.
    """
    return list(_curves(analysis))[:MOST_CURVES]


def _curves(analysis: Analysis) -> Iterator[dict[str, Any]]:
    from bptt_bench.analyse.discover.averaged import predictor_of_laws
    from bptt_bench.analyse.discover.of_run import find_laws

    factors = [factor.name for factor in analysis.experiment.factors]
    for subject, predictor in analysis.predictors.items():
        fit = analysis.fits[subject, SECONDS_PER_EVAL]
        for line in _lines(fit, fit.full_law.factors, factors):
            yield _curve(fit, line, predictor, _caution(analysis, subject))
    for subject, found in find_laws(analysis.evidence).items():
        if isinstance(found, str) or found.fit.response != SECONDS_PER_EVAL:
            continue
        predictor = predictor_of_laws(subject, found)
        for line in _lines(found.fit, found.factors, factors):
            yield _curve(found.fit, line, predictor, "; ".join(map(words, found.doubts)) or NOT_STATED)


def _lines(fit: Fit, varied: Collection[str], factors: Sequence[str]) -> Iterator[Line]:
    """Yield a line along each factor of a law, on which points were measured."""
    for factor in [name for name in factors if name in varied]:
        yield from lines_along(factor, factors, {"": fit.points})[:1]


def _curve(fit: Fit, line: Line, predictor: Predictor, caution: str) -> dict[str, Any]:
    levels = _levels(line.levels)
    predicted = predictor.predict([line.at(level) for level in levels])
    cautions = [
        "; ".join(filter(None, (caution, "" if one.assessment is None else grade_words(one.assessment, "times"))))
        for one in predicted
    ]
    notes = list(dict.fromkeys(cautions))
    rows = line.select(fit.points)
    measured = rows[[line.factor, "measured", "low", "high"]].to_numpy(float).tolist()
    scale = fit.unit.scale if fit.unit is not None and fit.unit.base else 1.0
    return {
        "subject": predictor.subject,
        "factor": line.factor,
        "fixed": show.point(line.fixed) if line.fixed else "",
        "unit": fit.unit.base if fit.unit is not None else "",
        "law": show.law(fit.full_law.text),
        "largest": line.levels[-1],
        "notes": notes,
        "points": [[level, *_scaled(ends, scale)] for level, *ends in measured],
        "curve": [
            [level, *_scaled((one.value, one.low, one.high), scale), notes.index(known)]
            for level, one, known in zip(levels, predicted, cautions, strict=True)
            if one.value is not None and one.low is not None and one.high is not None
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
    return sorted(level for level in {*kept, *measured, TIMES_LARGER * measured[-1]} if level > 0)


def _scaled(values: Iterable[float], scale: float) -> list[float | None]:
    return [float(f"{scale * value:.{DIGITS}g}") if math.isfinite(value) else None for value in values]


def _caution(analysis: Analysis, subject: str) -> str:
    """Return why no prediction by a law is to be trusted; empty where it is not refuted."""
    refuted = any(
        one.subject == subject and one.verdict == "refuted" and one.kind == "law" for one in analysis.verdicts
    )
    return "the law is refuted: these numbers are what it would give, and not what the code takes" if refuted else ""


def as_script_data(document: Mapping[str, Any]) -> str:
    """Return a document as JSON that can stand in a script element: no text in it can end that.

    >>> as_script_data({"a": "</script>"})
    '{"a":"\\\\u003c/script>"}'
    """
    import json

    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")
