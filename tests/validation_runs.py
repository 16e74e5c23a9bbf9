"""Error rates on real measurements: many runs of an experiment, and what they agree on.

    python -m tests.validation_runs stability --runs 20 --out DIR     quick runs with different seeds
    python -m tests.validation_runs faults --runs 20 --out DIR        every planted fault, and as many healthy runs
    python -m tests.validation_runs load --runs 10 --out DIR --quiet DIR_OF_STABILITY     beside a busy core
    python -m tests.validation_runs judge DIR                         the table again, by this version of the analysis

Each can be stopped and started again: a run that is there is not made twice. The table is written to DIR, or to the
file of --into, as JSON that the page of known error rates shows.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import json
import math
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.verdicts.trust import PlaceboAlarms, Repeat, Stability, median_of, trust
from bptt_bench.errors import ExperimentError, MeasureError, StoreError
from bptt_bench.measure.loop.interrupts import Interrupted
from bptt_bench.measure.worker.loading import load_experiment
from bptt_bench.plan import Experiment
from bptt_bench.workflows.repeated_runs import PlannedRun, judge_repeats, measure_all, plan_runs
from bptt_bench.workflows.run import sigterm_as_interrupt
from bptt_bench.workflows.selftest import listening
from bptt_bench.workflows.settings import DEFAULT_EXPERIMENT, Settings

STUDIES = ("stability", "faults", "load")
PROFILES = {"stability": "quick", "faults": "selftest", "load": "quick"}
RUNS = {"stability": 20, "faults": 20, "load": 10}
GOAL = 0.95  # share of the runs: 19 of 20
STUDY = "study.json"
UNUSABLE, INTERRUPTED = 2, 130  # exit statuses
# Works until its standard input ends, which it does when this process does, however that ends.
BUSY = (
    "import os, sys, threading\n"
    "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()\n"
    "while True: pass"
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What is measured into a folder, so that it can be gone on with and judged again.

    ``quiet`` is the folder of the runs that those under load are compared with.
    """

    study: str
    experiment: str
    profile: str
    seed: int
    runs: int
    quiet: str | None = None

    def plans(self, experiment: Experiment) -> list[PlannedRun]:
        """The runs of the study."""
        settings = Settings(experiment=self.experiment, profile=self.profile, seed=self.seed, probe=False)
        faults = [fault.name for fault in experiment.faults] if self.study == "faults" else []
        return plan_runs(settings, healthy=self.runs, faults=faults, each=self.runs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status."""
    options = _parser().parse_args(arguments)
    try:
        with sigterm_as_interrupt():
            return _main(options)
    except (StoreError, MeasureError, ExperimentError) as error:
        print(f"error: {error}", file=sys.stderr)
        return UNUSABLE
    except (KeyboardInterrupt, Interrupted):
        print("stopped; the same command goes on from here", file=sys.stderr)
        return INTERRUPTED


def _main(options: argparse.Namespace) -> int:
    folder: Path = options.out
    if options.study == "judge":
        study = read_study(folder)
    else:
        study = Study(
            study=options.study,
            experiment=options.experiment,
            profile=options.profile or PROFILES[options.study],
            seed=options.seed,
            runs=options.runs or RUNS[options.study],
            quiet=None if options.quiet is None else str(options.quiet),
        )
        write_study(study, folder)
        experiment = load_experiment(study.experiment)
        beside = busy_core if study.study == "load" else contextlib.nullcontext
        measure_all(study.plans(experiment), folder, say=_say, now=time.monotonic, listening=listening, beside=beside)
    found = document(study, folder)
    target: Path = options.into or folder / f"{study.study}.json"
    target.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(as_text(found))
    return 0


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.validation_runs", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="study", required=True)
    for name in STUDIES:
        command = commands.add_parser(name)
        command.add_argument("--out", type=Path, required=True, metavar="DIR")
        command.add_argument("--runs", type=int, metavar="N", help=f"default {RUNS[name]}")
        command.add_argument("--seed", type=int, default=0, metavar="N", help="of the first run; default 0")
        command.add_argument("--experiment", default=DEFAULT_EXPERIMENT)
        command.add_argument("--profile", help=f"default {PROFILES[name]}")
        command.add_argument("--into", type=Path, metavar="FILE", help="of the table; default DIR/STUDY.json")
        command.add_argument("--quiet", type=Path, metavar="DIR", help="runs without load", required=name == "load")
    judge = commands.add_parser("judge")
    judge.add_argument("out", type=Path, metavar="DIR")
    judge.add_argument("--into", type=Path, metavar="FILE")
    return parser


def write_study(study: Study, folder: Path) -> None:
    """Store what a folder holds, or see that it holds this study; only the number of runs may grow.

    Raises
    ------
    StoreError : it holds another one.
    """
    path = folder / STUDY
    if path.is_file():
        stored = read_study(folder)
        if dataclasses.replace(stored, runs=study.runs) != study:
            raise StoreError(f"{path}: holds {stored}; asked for is {study}")
    folder.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(dataclasses.asdict(study), indent=1) + "\n", encoding="utf-8")


def read_study(folder: Path) -> Study:
    """What a folder holds.

    Raises
    ------
    StoreError : no study, or one that cannot be read.
    """
    path = folder / STUDY
    try:
        return Study(**json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, TypeError) as error:
        raise StoreError(f"{path}: is not the record of a study: {error}") from None


@contextlib.contextmanager
def busy_core() -> Iterator[subprocess.Popen[bytes]]:
    """A second process that keeps one core busy meanwhile."""
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            process.kill()


# --- tables -----------------------------------------------------------------------------------------------------------


def document(study: Study, folder: Path) -> dict[str, Any]:
    """The table of a study from its stored runs."""
    experiment = load_experiment(study.experiment)
    found = list(judge_repeats(folder, experiment))
    if not any(repeat.fault is None for repeat in found):
        raise StoreError(f"{folder}: holds no finished run without a fault")
    if study.study == "stability":
        return stability_document(study, found)
    if study.study == "faults":
        return faults_document(study, found, experiment)
    assert study.quiet is not None
    return load_document(study, found, list(judge_repeats(Path(study.quiet), experiment)))


def stability_document(study: Study, found: Sequence[Repeat]) -> dict[str, Any]:
    """How often each claim has the same verdict, and how often a subject is told from itself."""
    seen = trust(found, ())
    needed = math.ceil(GOAL * len(found))
    unstable = [one for one in seen.claims if one.same < needed]
    findings = [
        f"{len(seen.claims) - len(unstable)} of {len(seen.claims)} claims had the same verdict in at least {needed} of "
        f"{len(found)} runs (goal: all)"
        + (f"; not so {', '.join(f'{one.claim} ({one.same})' for one in unstable)}" if unstable else ""),
        *placebo_finding(seen.placebo),
        noise_finding(found),
    ]
    return {
        "title": "Same verdict again",
        "statement": f"{len(found)} runs of {study.experiment}, profile {study.profile}, each with a seed of its own.",
        "columns": ["Claim", "Supported", "Refuted", "Inconclusive", "Same verdict"],
        "rows": [[one.claim, *_counts(one), f"{one.same} of {one.runs}"] for one in seen.claims],
        "findings": findings,
    }


def faults_document(study: Study, found: Sequence[Repeat], experiment: Experiment) -> dict[str, Any]:
    """How often each planted fault is caught: at all, by deterministic checks, by claims about time alone."""
    seen = trust(found, experiment.faults)
    enough = all(one.runs and one.caught >= math.ceil(GOAL * one.runs) for one in seen.faults)
    refuted = [one for one in seen.claims if one.counts["refuted"]]
    return {
        "title": "Planted faults",
        "statement": (
            f"{seen.healthy} healthy runs of {study.experiment}, profile {study.profile}, and as many with each fault. "
            "A fault is caught when a claim is refuted that healthy runs support."
        ),
        "columns": ["Fault", "Caught", "By checks", "By claims about time alone", "Claims refuted, in runs"],
        "rows": [
            [
                one.statement,
                f"{one.caught} of {one.runs}",
                f"{one.by_check} of {one.runs}",
                f"{one.by_timing} of {one.runs}",
                "; ".join(f"{claim} ({runs})" for claim, runs in one.claims.items()),
            ]
            for one in seen.faults
        ],
        "findings": [
            f"every fault caught in at least 95 % of its runs: {'yes' if enough else 'no'}",
            f"claims refuted in a healthy run: {', '.join(one.claim for one in refuted) or 'none'}",
            *placebo_finding(seen.placebo),
            noise_finding(found),
        ],
    }


def contradictions(quiet: Iterable[Stability], repeats: Iterable[Repeat]) -> list[tuple[str, str]]:
    """Return runs and claims with the opposite of the commonest verdict, such as refuted instead of supported."""
    opposite: dict[Word, Word] = {"supported": "refuted", "refuted": "supported"}
    commonest = {one.judged: one.commonest for one in quiet}
    return [
        (repeat.name, judged.claim)
        for repeat in repeats
        for judged, word in repeat.words().items()
        if judged in commonest and word == opposite.get(commonest[judged])
    ]


def load_document(study: Study, found: Sequence[Repeat], quiet: Sequence[Repeat]) -> dict[str, Any]:
    """What becomes of verdicts when another process keeps a core busy."""
    before, under = trust(quiet, ()), trust(found, ())
    wrong = contradictions(before.claims, found)
    usual = {one.claim: one.commonest for one in before.claims}
    return {
        "title": "Under load",
        "statement": (
            f"{len(found)} runs of {study.experiment}, profile {study.profile}, beside a process that keeps one core "
            f"busy, against the commonest verdict of {before.healthy} quiet runs. Wrong is the opposite of that."
        ),
        "columns": ["Claim", "Quiet", "Supported", "Refuted", "Inconclusive", "Wrong"],
        "rows": [
            [
                one.claim,
                usual.get(one.claim, "–"),
                *_counts(one),
                str(sum(claim == one.claim for _, claim in wrong)),
            ]
            for one in under.claims
        ],
        "findings": [
            f"verdicts that became wrong: {len(wrong)} of {sum(len(repeat.verdicts) for repeat in found)} (goal: 0)"
            + "".join(f"; {claim} in {name}" for name, claim in wrong),
            noise_finding(found),
        ],
    }


def _counts(one: Stability) -> list[str]:
    return [str(one.counts[word]) for word in ("supported", "refuted", "inconclusive")]


def placebo_finding(placebo: PlaceboAlarms | None) -> list[str]:
    """The placebo in words; nothing where there is none."""
    if placebo is None:
        return []
    share = placebo.point_alarms / max(placebo.points, 1)
    points = f"at {placebo.point_alarms} of {placebo.points} points ({share:.1%}; goal: at most 5 %)"
    return [f"the placebo was told from its subject in {placebo.alarms} of {placebo.runs} runs, and {points}"]


def noise_finding(found: Sequence[Repeat]) -> str:
    """Noise within points, over runs."""
    noises = [repeat.noise for repeat in found if repeat.noise is not None]
    middle = median_of(noises)
    if middle is None:
        return "noise unknown"
    return f"noise within points {middle:.1%}, in single runs from {min(noises):.1%} to {max(noises):.1%}"


def as_text(found: Mapping[str, Any]) -> str:
    """A document as Markdown."""
    lines = [f"# {found['title']}", "", found["statement"], "", " | ".join(found["columns"])]
    lines += ["|".join("---" for _ in found["columns"]), *(" | ".join(row) for row in found["rows"]), ""]
    return "\n".join([*lines, *(f"- {finding}" for finding in found["findings"])])


if __name__ == "__main__":
    sys.exit(main())
