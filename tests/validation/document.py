"""The whole result as one JSON document, and the same as Markdown and on a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bptt_bench.report import format as show
from bptt_bench.validation.simulate import LAWS

from tests.validation import table
from tests.validation.figures import Estimate
from tests.validation.goals import Goal, goals, words
from tests.validation.table import Trials

SCHEMA = 1
TITLE = "How often is it wrong?"
STATEMENT = (
    "Measurements of two laws were simulated, so that the truth is known: coefficients log-uniform over a factor of "
    "16, 20 µs + 5 µs·T of overhead, lognormal noise, a tenth of the samples 1.5 to 3 times as long, 5 repetitions, "
    "with and without 5 % effects that all samples of a point share. Figures are over both laws; ± is one Monte-Carlo "
    "standard error."
)
PEER_COLUMNS = (
    "Tool",
    "Design",
    "Error 4x beyond every factor, median / p95",
    "the same with 5 % effects of the points",
    "4x beyond in T alone",
    "Worst local exponent, median / p95",
    "Order of T: wrong / decided",
    "Time of a fit",
)
SOURCE = (
    "{trials} simulated measurements, seed {seed}, source {source}. The outcomes of all trials are in "
    "outcomes.jsonl.gz; `python -m tests.validation --out DIR --read` makes these tables from them."
)
NOT_INSTALLED = "not installed"


def document(header: Mapping[str, Any], trials: Trials, wall_seconds: float | None) -> dict[str, Any]:
    """The result as plain data.

    Parameters
    ----------
    header : of the outcomes.
    wall_seconds : how long this call computed; ``None`` if the outcomes were read only.
    """
    judged = goals(trials)
    tools = table.tool_rows(trials)
    return {
        "schema": SCHEMA,
        "title": TITLE,
        "statement": STATEMENT,
        "headline": headline(judged, tools),
        "made": {
            **header,
            "trials": sum(map(len, trials.by_cell.values())),
            "trials_per_cell": max(map(len, trials.by_cell.values())),
            "wall_seconds": wall_seconds,
        },
        "goals": [goal.to_json() for goal in judged],
        "peers": {
            "columns": list(PEER_COLUMNS),
            "rows": [row for tool in tools for row in _peer_rows(tool, header)],
            "by_law": by_law(trials),
            "applied": [{"tool": _named(tool, header), "how": tool["applied"]} for tool in tools],
        },
        "beyond": [
            {"tool": tool["name"], "design": design, "median": found[0].value, "p95": found[1].value}
            for tool in tools
            for design, figures in tool["designs"].items()
            for found in [figures["error_beyond"]]
        ],
        "coverage": {
            "low": table.BAND[0],
            "high": table.BAND[1],
            "level": table.LEVEL,
            "cells": table.coverage_rows(trials),
        },
    }


def headline(judged: Sequence[Goal], tools: Sequence[Mapping[str, Any]]) -> str:
    """What to know if only one sentence is read."""
    asked = [goal for goal in judged if goal.met is not None]
    errors = [
        f"{tool['name']} {words([small['error_beyond'][0]], '%').split(' ± ')[0]} %"
        for tool in tools
        if (small := tool["designs"].get("23")) and small["error_beyond"][0].value is not None
    ]
    return (
        f"{sum(bool(goal.met) for goal in asked)} of {len(asked)} goals met. Median error four times beyond every "
        f"factor, from 23 points at 5 % noise: {'; '.join(errors) or 'not asked'}."
    )


def by_law(trials: Trials) -> str:
    """Median errors beyond, law by law: over both together a tool that is good at one of them looks half good."""
    parts = []
    for tool, (name, _) in table.TOOLS.items():
        found = [table.errors(trials.of_tool(tool, table.judged("23", law)), "error_beyond")[0].value for law in LAWS]
        if None not in found:
            parts.append(f"{name} {' / '.join(show.number(100 * (value or 0), 2) for value in found)} %")
    return f"Median error 4x beyond from 23 points, {' / '.join(LAWS)}: {'; '.join(parts)}." if parts else ""


def _named(tool: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    versions = header.get("peers") or {}
    version = versions.get({"extra_p": "extrap", "big_o": "big-o"}.get(tool["key"], ""))
    return f"{tool['name']} {version}" if version else str(tool["name"])


def _peer_rows(tool: Mapping[str, Any], header: Mapping[str, Any]) -> list[list[str]]:
    if not tool["designs"]:
        missing = NOT_INSTALLED if tool["key"] in ("extra_p", "big_o") else "not asked"
        return [[_named(tool, header), missing, *["–"] * (len(PEER_COLUMNS) - 2)]]
    return [
        [
            _named(tool, header),
            f"{design} points",
            _pair(figures["error_beyond"], "%"),
            _pair(figures["error_beyond_with_point_effects"], "%"),
            _pair(figures["error_beyond_t"], "%"),
            _pair(figures["exponent_error"], ""),
            _pair(figures["orders"], "%"),
            words([figures["seconds_per_fit"]], "ms"),
        ]
        for design, figures in tool["designs"].items()
    ]


def _pair(pair: Sequence[Estimate], unit: str) -> str:
    return words(pair, unit) if any(each.value is not None for each in pair) else "–"


def markdown(result: Mapping[str, Any]) -> str:
    """The result for a reader of plain text; tables line up on a terminal too."""
    head = ["Goal", "Design", "To be", "Figure", "Verdict", "Note"]
    rows = [
        [goal["quantity"], goal["design"], goal["goal"], goal["figure"], _verdict(goal), goal["note"]]
        for goal in result["goals"]
    ]
    cells = [
        [
            cell["law"],
            cell["design"],
            f"{100 * cell['noise']:g} %",
            f"{100 * cell['point_effects']:g} %",
            words([Estimate(cell["coverage"], cell["standard_error"])], "%"),
            f"{100 * min(cell['quantities'].values()):.1f}–{100 * max(cell['quantities'].values()):.1f} %",
        ]
        for cell in result["coverage"]["cells"]
    ]
    made = result["made"]
    parts = [
        f"# {result['title']}",
        result["headline"],
        result["statement"],
        "## Goals",
        aligned(head, rows),
        "## The same tables given to other tools",
        aligned(result["peers"]["columns"], result["peers"]["rows"]),
        result["peers"]["by_law"],
        "\n".join(f"- {each['tool']}: {each['how']}." for each in result["peers"]["applied"]),
        "## Coverage of 95 % intervals in every cell",
        aligned(["Law", "Points", "Noise", "Effects of points", "Coverage", "Lowest–highest quantity"], cells),
        SOURCE.format(**made),
    ]
    return "\n\n".join(parts) + "\n"


def _verdict(goal: Mapping[str, Any]) -> str:
    return str(goal["verdict"]) + (" (within two standard errors of the goal)" if goal["close"] else "")


def aligned(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table whose columns line up; a bar inside a cell is escaped."""
    safe = [[str(cell).replace("|", "\\|") for cell in row] for row in (head, *rows)]
    widths = [max(len(row[i]) for row in safe) for i in range(len(head))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in safe
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])
