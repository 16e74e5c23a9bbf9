"""A law that was judged, in words: one line for a list, and a few with a table for a failure."""

from __future__ import annotations

from bptt_bench.analyse.verdicts.law_of_samples import Growth
from bptt_bench.report.format import amount, law, number
from bptt_bench.report.words.reasons import clause_of, text_of
from bptt_bench.text.numbers import exact


def headline(growth: Growth) -> str:
    """Return the verdict in one line.

    For example ``law n supported: the time grows with n by an exponent of 1.01 (1.00 to 1.02), the law by 1``.
    """
    return f"law {stated(growth)} {growth.word}: {clause_of(growth.verdict.reason)}"


def stated(growth: Growth) -> str:
    """Return the law with its bound: ``n·log(n)``, ``at most n²``."""
    return {"tight": "", "upper": "at most ", "lower": "at least "}[growth.bound] + law(growth.law.text)


def explained(growth: Growth) -> str:
    """Return the verdict with its reason, and what was measured beside what was fitted."""
    lines = [f"law {stated(growth)} is {growth.word}", f"  {text_of(growth.verdict.reason)}"]
    return "\n".join([*lines, *table(growth)])


def table(growth: Growth) -> list[str]:
    """Return measured and fitted times at each point, in the order of the measured ones; nothing without a fit."""
    fit = growth.fit
    if fit is None:
        return []
    points = fit.points.sort_values("measured")
    rows = [[*fit.factors, "measured", "fitted", "measured/fitted"]]
    for levels, measured, fitted in zip(
        points[[*fit.factors]].to_numpy().tolist(),
        points["measured"].to_numpy().tolist(),
        points["fitted"].to_numpy().tolist(),
        strict=True,
    ):
        rows.append(
            [
                *map(exact, levels),
                amount(measured, fit.unit),
                amount(fitted, fit.unit),
                number(measured / fitted),
            ]
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    shown = ["  " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return ["", *shown, f"  fitted: the law as stated, {law(fit.full_law.text)}, each term with a coefficient"]
