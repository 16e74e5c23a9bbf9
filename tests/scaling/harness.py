"""What the harness itself costs: its commands beside an empty Python, one fit, and a large store from file to report.

    python -m tests.scaling.harness [--run DIR] [--rounds N] [--samples N] [--json]

Commands are started in turn with ``python -c pass``, so that their ratios compare the same moments of the machine;
printed are medians. Stores of 200 000 samples are made in a temporary folder (``tests/scaling/stored.py``); each is
loaded, fitted and reported by a process of its own, once, which tells its peak memory. Exit status 1 when a goal is
missed.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tests.scaling import stored

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "results" / "reference"
ROUNDS = 9
SAMPLES = 200_000
PASS = "python -c pass"
GOALS = {"--help": (0.25, 8.0), "verdict": (1.5, 50.0)}  # seconds, and times an empty Python
FIT_MILLISECONDS = 20.0  # of 625 points with five samples each
STORE_SECONDS, STORE_BYTES = 10.0, 1e9
Timer = Callable[[Sequence[str]], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured figure; ``goal`` is what it may be at most, None where nothing was promised of it."""

    name: str
    value: float
    unit: str
    goal: float | None = None

    @property
    def met(self) -> bool | None:
        return None if self.goal is None else self.value <= self.goal

    def line(self) -> str:
        """The figure as a row of the table."""
        value, goal = (f"{number:10.3f} {self.unit:2}" for number in (self.value, self.goal or 0.0))
        judged = "" if self.goal is None else f"   goal ≤{goal}   {'met' if self.met else 'missed'}"
        return f"{self.name:46}{value}{judged}".rstrip()


def seconds_of(command: Sequence[str]) -> float:
    """Seconds from the start of a command to its end.

    Raises
    ------
    RuntimeError : it failed; a refuted claim (status 1) is no failure.
    """
    start = time.perf_counter()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)}: status {done.returncode}: {done.stderr.strip()}")
    return taken


def commands(run: Path) -> dict[str, list[str]]:
    """The commands that are timed, by the name under which they are printed."""
    return {
        PASS: [sys.executable, "-c", "pass"],
        "--help": [sys.executable, "-m", "bptt_bench", "--help"],
        "verdict": [sys.executable, "-m", "bptt_bench", "verdict", str(run)],
    }


def interleaved(timed: Mapping[str, Sequence[str]], rounds: int, timer: Timer = seconds_of) -> dict[str, float]:
    """Median seconds of each command, all of them once a round; a first round warms up and is left out."""
    taken: dict[str, list[float]] = {name: [] for name in timed}
    for number in range(rounds + 1):
        for name, command in timed.items():
            seconds = timer(command)
            if number:
                taken[name].append(seconds)
    return {name: statistics.median(values) for name, values in taken.items()}


def of_commands(medians: Mapping[str, float]) -> Iterator[Figure]:
    """Medians of the commands, and their ratios to the empty one."""
    empty = medians[PASS]
    yield Figure(name=PASS, value=empty, unit="s")
    for name, (seconds, times) in GOALS.items():
        yield Figure(name=f"bench {name}", value=medians[name], unit="s", goal=seconds)
        yield Figure(name=f"bench {name} / {PASS}", value=medians[name] / empty, unit="x", goal=times)


def of_fit(rounds: int) -> Figure:
    """The median time of a fit with its intervals: four factors, 625 points, five samples each."""
    from bptt_bench.analyse.fitting.fit import fit
    from bptt_bench.validation.simulate import LAWS, Setting, simulate

    setting = Setting(law="aggregated", design="625", noise=0.02)
    frame, _ = simulate(setting, np.random.default_rng(0))
    taken = []
    for _ in range(rounds + 1):  # the first one imports
        start = time.perf_counter()
        fit(frame, LAWS[setting.law], block="block")
        taken.append(time.perf_counter() - start)
    value = statistics.median(taken[1:]) * 1e3
    return Figure(name=f"fit of {len(frame)} samples", value=value, unit="ms", goal=FIT_MILLISECONDS)


def of_store(name: str, stages: Mapping[str, float], seconds: float) -> Iterator[Figure]:
    """The stages of a store; ``seconds`` is all of the process, with the start of Python."""
    for stage in ("load", "fit", "report"):
        yield Figure(name=f"{name}: {stage}", value=stages[stage], unit="s")
    yield Figure(name=f"{name}: in all", value=seconds, unit="s", goal=STORE_SECONDS)
    yield Figure(name=f"{name}: peak memory", value=stages["peak_bytes"] / 1e6, unit="MB", goal=STORE_BYTES / 1e6)


def staged(folder: Path) -> tuple[dict[str, float], float]:
    """What the stages of a stored run took in a process of their own, and what the process took."""
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "tests.scaling.stages", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{folder}: {done.stderr.strip()}")
    stages: dict[str, float] = json.loads(done.stdout)
    return stages, seconds


def of_stores(run: Path, samples: int, folder: Path) -> Iterator[Figure]:
    """Two stores: a real run many times over, and many points."""
    made: dict[str, Callable[[Path], int]] = {
        f"{run.name} repeated": lambda where: stored.repeated(run, where, samples),
        "many points": lambda where: stored.many_points(where, samples=samples),
    }
    for number, (name, make) in enumerate(made.items()):
        where = folder / str(number)
        written = make(where)
        yield from of_store(f"{name}, {written} samples", *staged(where))


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; status 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.scaling.harness", description=__doc__)
    parser.add_argument("--run", type=Path, default=REFERENCE, metavar="DIR", help="run to be judged and repeated")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"starts of each command ({ROUNDS} by default)")
    parser.add_argument(
        "--samples", type=int, default=SAMPLES, help=f"of a large store ({SAMPLES} by default; 0: none)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    options = parser.parse_args(arguments)
    run = options.run.resolve()
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder:
        if options.rounds:
            figures += of_commands(interleaved(commands(run), options.rounds))
            figures.append(of_fit(options.rounds))
        if options.samples:
            figures += of_stores(run, options.samples, Path(folder))
    if options.json:
        print(json.dumps([{**asdict(figure), "met": figure.met} for figure in figures], indent=1))
    else:
        print("\n".join(figure.line() for figure in figures))
    return int(any(figure.met is False for figure in figures))


if __name__ == "__main__":
    sys.exit(main())
