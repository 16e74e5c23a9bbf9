"""A law that was judged, in words: one line for a list, and a few with a table for a failure."""

from __future__ import annotations

from bptt_bench.analyse.verdicts.growth import Growth
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.report.format import amount, interval, number
from bptt_bench.report.words.reasons import clause_of, text_of


def headline(growth: Growth) -> str:
    """Return the verdict in one line: ``law n*log(n) supported: exponent of n 1.10 [1.08, 1.12], the law has 1.08``."""
    parts = [_in_short(factor, verdict) for factor, verdict in growth.verdicts.items() if _tells(growth, verdict)]
    remark = f"; {growth.better} fits better" if growth.better else ""
    return f"law {stated(growth)} {growth.word}: {'; '.join(parts)}{remark}"


def stated(growth: Growth) -> str:
    """Return the law with its bound: ``n*log(n)``, ``at most n**2``."""
    return {"tight": "", "upper": "at most ", "lower": "at least "}[growth.bound] + growth.law.text


def explained(growth: Growth) -> str:
    """Return the verdict on each factor, a law that fits better, and what was measured beside what was fitted."""
    lines = [f"law {stated(growth)} is {growth.word}"]
    lines += [f"  {factor}: {text_of(verdict.reason)}" for factor, verdict in growth.verdicts.items()]
    if growth.better:
        lines.append(f"  {growth.better} fits better.")
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
                *(f"{level:g}" for level in levels),
                amount(measured, fit.unit),
                amount(fitted, fit.unit),
                number(measured / fitted),
            ]
        )
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    shown = ["  " + "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True)) for row in rows]
    return ["", *shown, f"  fitted: the law as stated, {fit.full_law.text}, each term with a coefficient"]


def _tells(growth: Growth, verdict: Verdict) -> bool:
    """Return whether a verdict on one factor explains that of the law."""
    return verdict.verdict == growth.word


def _in_short(factor: str, verdict: Verdict) -> str:
    if verdict.verdict == "inconclusive":
        return clause_of(verdict.reason)
    found = interval(verdict.estimate, verdict.low, verdict.high)
    return f"exponent of {factor} {found}, the law has {number(verdict.predicted)}"
