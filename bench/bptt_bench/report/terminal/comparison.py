"""A comparison of two runs on the terminal: one row a coefficient, then what changed of the claims."""

from __future__ import annotations

import math

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bptt_bench.analyse.compare.compared import Change, Comparison
from bptt_bench.analyse.data.response import is_exact, meaning
from bptt_bench.analyse.findings.remarks import SingleProcess, UnknownMachineSpeed
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.report import format as show_as
from bptt_bench.report.terminal.console import on_screen
from bptt_bench.report.words.comparison import claim_change_text, not_compared_text, regression_text
from bptt_bench.report.words.findings.clauses import words

STYLES = {"higher": "bold red", "lower": "green", "same": "", "undetermined": "yellow"}
MARKS = {"higher": "✗", "lower": "✓", "same": "✓", "undetermined": "?"}
COMMON, ONLY = "what most unit costs have in common", "the only unit cost that both have"


def show_comparison(found: Comparison, console: Console | None = None) -> None:
    """Print a comparison."""
    console = on_screen() if console is None else console
    first, second = found.names
    console.print(Text.assemble(("compared: ", "bold"), f"{second} with {first}, term by term"))
    console.print(Text(_how(found)))
    console.print(_table(found))
    for line in _below(found):
        console.print(Text(line))
    for claim in found.claims:
        style = "bold red" if claim.is_regression else ""
        line = (
            f"{claim.claim}: {claim.before or 'not judged'} → {claim.after or 'not judged'}: {claim_change_text(claim)}"
        )
        console.print(Text(line, style))
    if not found.claims and found.n_claims:
        console.print(Text(f"{found.n_claims} claim{'s' if found.n_claims > 1 else ''} judged in both, all alike"))
    worse = found.regressions
    if worse:
        console.print(Text(f"{len(worse)} regression{'s' if len(worse) > 1 else ''}:", "bold red"))
        for one in worse:
            console.print(Text(f"  {regression_text(one)}", "red"))
    else:
        console.print(Text(f"no regression found{_but(found)}", "bold"))


def _but(found: Comparison) -> str:
    """Return what stayed open, which is not a pass."""
    timed = [one for one in found.changes if not is_exact(one.response)]
    count = sum(one.verdict == "undetermined" for one in timed)
    return f"; {count} of {len(timed)} unit costs are undetermined" if count else ""


def _how(found: Comparison) -> str:
    count = found.n_processes
    if found.paired:
        how = f"measured in turns, {count} pair{'' if count == 1 else 's'} of processes"
    else:
        how = f"measured at different times, by {count} process{'' if count == 1 else 'es'} or more each"
    return f"{how}; a unit cost within ±{show_as.percent(found.tolerance)} counts as the same"


def _table(found: Comparison) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold", show_edge=False)
    table.add_column("subject", overflow="fold", ratio=2)
    table.add_column("term", overflow="fold", ratio=3)
    table.add_column("share", justify="right", no_wrap=True)
    table.add_column("unit cost", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for one in found.changes:
        verdict = Text(f"{MARKS[one.verdict]} {one.verdict}", STYLES[one.verdict])
        ratio = times(one.ratio) if math.isfinite(one.ratio.high) else ""
        table.add_row(Text(one.subject), Text(_term(one)), Text(show_as.percent(one.share)), Text(ratio), verdict)
    return table


def _term(one: Change) -> str:
    kind = f"{meaning(one.response)}: " if is_exact(one.response) else ""
    names = " + ".join(show_as.term(term) for term in one.terms) + (" together" if len(one.terms) > 1 else "")
    return kind + names


def times(ratio: Interval) -> str:
    """Return a ratio with its interval.

    >>> times(Interval(1.0312, 1.004, 1.0589))
    '×1.031 [1.004, 1.059]'
    """
    return f"×{ratio.estimate:.3f} [{ratio.low:.3f}, {ratio.high:.3f}]"


def _below(found: Comparison) -> list[str]:
    tested = [one for one in found.changes if one.p_value is not None]
    together = f"verdicts hold together at {show_as.percent(found.confidence)}"
    correction = f"Holm's correction over {len(tested)} coefficient{'' if len(tested) == 1 else 's'}"
    tests = f"{together}: {correction}; each interval is at the level at which its unit cost was tested"
    lines = [tests] if tested else []
    if found.common is not None:
        timed = sum(not is_exact(one.response) for one in found.changes)
        common = f"{COMMON if timed > 1 else ONLY}: {times(found.common)}"
        if not found.paired and timed == 1:
            common += "; it may be due to the machine (`compare --baseline REF` measures in turns and settles that)"
        elif not found.paired and all(one.ratio != found.common for one in found.changes):
            common += (
                "; it may be due to the machine, so unit costs are shown relative to it "
                "(`compare --baseline REF` measures in turns and settles that)"
            )
        lines.append(common)
    for one in found.not_compared:
        what = f"{' + '.join(show_as.term(term) for term in one.terms)} " if one.terms else ""
        lines.append(f"not identifiable: {one.subject}, {what}({not_compared_text(one)})")
    shared = (one.reason for one in found.changes if isinstance(one.reason, SingleProcess | UnknownMachineSpeed))
    lines += [f"undetermined: {words(reason)}" for reason in dict.fromkeys(shared)]
    lines += [f"the runs also differ: {note}" for note in found.notes]
    return lines
