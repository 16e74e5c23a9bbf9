"""Count false alarms of ``compare`` and how often it finds a term that got a tenth slower, on this machine.

``python -m tests.comparison --tries 100`` measures so many comparisons of a thing with itself (A/A) and so many with
the recurrent term of the aggregated gradient made 10 % slower, in turns as ``compare --baseline`` does, and prints
shares with their Monte-Carlo intervals. Neighbouring tries give comparisons of runs made at different times as well.
Every try is a folder of two ordinary runs; a count that was interrupted goes on where it was, and outcomes are told
anew from the stored runs by this version of the analysis.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import click
from bptt_bench.analyse.compare.compared import Comparison
from bptt_bench.analyse.stats import contrast
from bptt_bench.measure.engines.local import LocalEngine
from bptt_bench.store.runs.samples import SAMPLES, read_records
from bptt_bench.workflows.compare.baseline import BASELINE, CURRENT, Side, measure_interleaved
from bptt_bench.workflows.compare.compare import compare
from bptt_bench.workflows.progress import format_time_left
from bptt_bench.workflows.run import sigterm_as_interrupt
from bptt_bench.workflows.settings import Settings

from tests.comparison.healthy import EXPERIMENT

HEALTHY, SLOWER = "tests.comparison.healthy", "tests.comparison.slower"
KINDS = {"same": None, "slower": SLOWER}  # of tries, and the module that the second side finds the experiment in
PROFILE, TERM, SUBJECT = "try", "T*H**2", "aggregated"
ALLOWED_ALARMS, WANTED_FOUND = 0.05, 0.95
# How much sharper undisturbed visits alone must be to be looked at: the rule, never, always, whenever they are sharper.
LOOKS = {"rule": contrast.MUCH_MORE_PRECISE, "all": 0.0, "undisturbed": float("inf"), "sharper": 1.0}


class Outcome(NamedTuple):
    """What was said of a pair of runs."""

    kind: str
    paired: bool
    number: int
    slower: tuple[str, ...]
    faster: tuple[str, ...]
    ratio: float | None
    found: bool

    @classmethod
    def of(cls, kind: str, number: int, said: Comparison) -> Outcome:
        about = next((one for one in said.changes if TERM in one.terms), None)
        return cls(
            kind=kind,
            paired=said.paired,
            number=number,
            slower=tuple(" + ".join(one.terms) for one in said.changes if one.verdict == "higher"),
            faster=tuple(" + ".join(one.terms) for one in said.changes if one.verdict == "lower"),
            ratio=None if about is None else about.ratio.estimate,
            found=about is not None and about.verdict == "higher",
        )


def folder_of(out: Path, kind: str, number: int) -> Path:
    return out / f"{kind}-{number:03}"


def is_done(folder: Path) -> bool:
    """Whether both runs of a try have come to their end."""
    return all(
        (folder / side / SAMPLES).is_file()
        and any(record["record"] == "finish" for record in read_records(folder / side / SAMPLES))
        for side in (BASELINE, CURRENT)
    )


def measure_try(out: Path, kind: str, number: int) -> None:
    """Both sides of a try, in turns."""
    sides = {
        BASELINE: Side(engine=LocalEngine(EXPERIMENT.environment)),
        CURRENT: Side(engine=LocalEngine(EXPERIMENT.environment), module=KINDS[kind]),
    }
    settings = Settings(experiment=HEALTHY, profile=PROFILE, seed=number, probe=False)
    measure_interleaved(EXPERIMENT, settings, sides, folder_of(out, kind, number))


def outcomes(out: Path, tries: int) -> Iterator[Outcome]:
    """Every finished try, and neighbours as runs made at different times: each first side with the next second one."""
    for kind in KINDS:
        done = [number for number in range(tries) if is_done(folder_of(out, kind, number))]
        for number in done:
            folder = folder_of(out, kind, number)
            yield Outcome.of(kind, number, compare(folder / BASELINE, folder / CURRENT, experiment=EXPERIMENT))
        for number, following in itertools.pairwise(done):
            first, second = folder_of(out, kind, number) / BASELINE, folder_of(out, kind, following) / CURRENT
            yield Outcome.of(kind, number, compare(first, second, experiment=EXPERIMENT))


def share(count: int, total: int) -> str:
    """A share with its 95 % interval (Wilson 1927).

    >>> share(2, 100)
    '2 of 100 (2.0 % [0.6 %, 7.0 %])'
    """
    if not total:
        return "none of 0"
    z, p = 1.96, count / total
    middle = (p + z**2 / (2 * total)) / (1 + z**2 / total)
    half = z * (p * (1 - p) / total + z**2 / (4 * total**2)) ** 0.5 / (1 + z**2 / total)
    return f"{count} of {total} ({p:.1%} [{max(middle - half, 0):.1%}, {min(middle + half, 1):.1%}])".replace("%", " %")


def counted(found: Sequence[Outcome]) -> dict[str, Any]:
    """What is to be printed."""
    summary: dict[str, Any] = {}
    for paired, word in ((True, "in turns"), (False, "at different times")):
        same = [one for one in found if one.kind == "same" and one.paired == paired]
        slower = [one for one in found if one.kind == "slower" and one.paired == paired]
        ratios = sorted(one.ratio for one in slower if one.ratio is not None)
        summary[word] = {
            "same": len(same),
            "false alarms": sum(bool(one.slower) for one in same),
            "false reliefs": sum(bool(one.faster) for one in same),
            "slower": len(slower),
            "found": sum(one.found for one in slower),
            "other terms blamed": sum(bool(set(one.slower) - {TERM}) for one in slower),
            "median ratio": ratios[len(ratios) // 2] if ratios else None,
        }
    return summary


def said(summary: dict[str, Any]) -> Iterator[str]:
    """The summary in words."""
    for word, one in summary.items():
        yield f"measured {word}:"
        yield f"  A/A, false alarms (exit status 1): {share(one['false alarms'], one['same'])}"
        yield f"  A/A, said to be faster: {share(one['false reliefs'], one['same'])}"
        yield f"  {TERM} 10 % slower, found: {share(one['found'], one['slower'])}"
        yield f"  of these another term blamed (too): {share(one['other terms blamed'], one['slower'])}"
        if one["median ratio"] is not None:
            yield f"  {TERM}: median ratio {one['median ratio']:.3f}"
    first = summary["in turns"]
    alarms_kept = first["same"] > 0 and first["false alarms"] <= ALLOWED_ALARMS * first["same"]
    found_kept = first["slower"] > 0 and first["found"] >= WANTED_FOUND * first["slower"]
    yield f"goal, at most {ALLOWED_ALARMS:.0%} false alarms in turns: {'met' if alarms_kept else 'missed'}"
    yield f"goal, at least {WANTED_FOUND:.0%} found in turns: {'met' if found_kept else 'missed'}"


@click.command()
@click.option("--tries", type=click.IntRange(min=1), default=100, show_default=True, help="Of each kind.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("results/comparison"), show_default=True)
@click.option("--seconds", type=float, help="Stop measuring after so long; the next call goes on.")
@click.option("--look", type=click.Choice(list(LOOKS)), default="rule", show_default=True, help="At which visits.")
@click.option("--json", "as_json", is_flag=True, help="The counts as one JSON document.")
def main(tries: int, out: Path, seconds: float | None, look: str, as_json: bool) -> None:
    """Measure what is missing, then count."""
    start = time.monotonic()
    plans = [(kind, number) for number in range(tries) for kind in KINDS]
    left = [plan for plan in plans if not is_done(folder_of(out, *plan))]
    with sigterm_as_interrupt():
        for i, (kind, number) in enumerate(left):
            spent = time.monotonic() - start
            if seconds is not None and spent + (spent / i if i else 0) > seconds:
                break
            ahead = format_time_left(spent / i * (len(left) - i) if i else None)
            click.echo(f"try {len(plans) - len(left) + i + 1} of {len(plans)}, {kind}-{number}: {ahead}", err=True)
            measure_try(out, kind, number)
    with mock.patch.object(contrast, "MUCH_MORE_PRECISE", LOOKS[look]):
        found = list(outcomes(out, tries))
    with (out / "outcomes.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(one._asdict()) + "\n" for one in found)
    summary = counted(found)
    if as_json:
        click.echo(json.dumps(summary, indent=2))
    else:
        for line in said(summary):
            click.echo(line)


if __name__ == "__main__":
    sys.exit(main())
