"""How often the suite of `pytest --benchmark` judges wrongly beside busy neighbours, printed run by run.

    python -m tests.scaling.under_load --runs 20 --busy 2 --out under_load.jsonl

Each run is a process of its own, beside so many endless loops. All claims of the suite are true, so that a refuted one
is wrong; an open one is not. What each run found is appended to ``--out`` as it ends, and runs that are there already
are not made again: an interrupted series goes on where it was. Exit status 1 if a verdict was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SUITE = "tests/scaling/test_scaling.py"
BUSY = [sys.executable, "-c", "while True: pass"]
WRONG, OPEN = "refuted", "inconclusive"


@contextlib.contextmanager
def busy(number: int) -> Iterator[None]:
    """Keep so many processes busy within the block."""
    neighbours = [subprocess.Popen(BUSY) for _ in range(number)]
    try:
        yield
    finally:
        for process in neighbours:
            process.kill()
            process.wait()


def measured(select: str = "") -> dict[str, Any]:
    """Run the suite once and return its exit status, its seconds and its verdicts."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = [sys.executable, "-m", "pytest", "--benchmark", f"--benchmark-json={out}", "-q", SUITE]
        started = time.perf_counter()
        done = subprocess.run(
            [*command, *(["-k", select] if select else [])], cwd=ROOT, capture_output=True, text=True, check=False
        )
        seconds = time.perf_counter() - started
        verdicts = json.loads(out.read_bytes())["bptt_bench"]["verdicts"] if out.is_file() else []
    if not verdicts or done.returncode not in (0, 1):
        raise RuntimeError(f"the suite ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return {"status": done.returncode, "seconds": seconds, "verdicts": verdicts}


def words_of(run: Mapping[str, Any]) -> Counter[str]:
    """How many verdicts of a run were supported, refuted and inconclusive."""
    return Counter(verdict["verdict"] for verdict in run["verdicts"])


def line_of(number: int, run: Mapping[str, Any]) -> str:
    """What a run found, in one line and one more for each wrong verdict."""
    words = words_of(run)
    total = len(run["verdicts"])
    lines = [f"run {number}: {words['supported']} of {total} supported, {words[OPEN]} open, {words[WRONG]} wrong"]
    lines[0] += f", {run['seconds']:.0f} s"
    lines += [f"  WRONG {each['claim']}: {each['reason']}" for each in run["verdicts"] if each["verdict"] == WRONG]
    return "\n".join(lines)


def summary(runs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The counts of all runs together, then claim by claim those that were not always supported."""
    words: Counter[str] = sum((words_of(run) for run in runs), Counter[str]())
    fewest = min(words_of(run)["supported"] for run in runs)
    yield (
        f"{len(runs)} runs, {words.total()} verdicts: {words['supported']} supported (at least {fewest} in each run), "
        f"{words[OPEN]} open, {words[WRONG]} wrong; longest run {max(run['seconds'] for run in runs):.0f} s"
    )
    by_claim: dict[str, Counter[str]] = {}
    for run in runs:
        for verdict in run["verdicts"]:
            by_claim.setdefault(verdict["claim"], Counter())[verdict["verdict"]] += 1
    for claim, found in by_claim.items():
        if found["supported"] < found.total():
            yield f"  {claim}: {found[OPEN]} open, {found[WRONG]} wrong of {found.total()}"


def stored(path: Path, busy: int) -> list[dict[str, Any]]:
    """The runs of an earlier series beside the same number of neighbours; a line that was cut off is left out."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        with contextlib.suppress(json.JSONDecodeError):
            found.append(json.loads(line))
    return [run for run in found if run["busy"] == busy]


def series(runs: int, neighbours: int, out: Path | None, select: str = "") -> Iterable[dict[str, Any]]:
    """The runs that are stored, then the others as they are made."""
    before = stored(out, neighbours)[:runs] if out is not None else []
    yield from before
    for _ in range(runs - len(before)):
        with busy(neighbours):
            run = {"busy": neighbours, **measured(select)}
        if out is not None:
            cut_off = out.is_file() and not out.read_bytes().endswith(b"\n")
            with out.open("a", encoding="utf-8") as file:
                file.write("\n" * cut_off + json.dumps(run) + "\n")
        yield run


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each run as it ends and the counts of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20, help="runs of the suite (default: 20)")
    parser.add_argument("--busy", type=int, default=2, help="endless loops beside it (default: 2)")
    parser.add_argument("--out", type=Path, help="file that keeps the runs, one a line, so that a series can go on")
    parser.add_argument("-k", dest="select", default="", help="benchmarks to measure, as pytest selects them")
    given = parser.parse_args(arguments)
    if given.runs < 1 or given.busy < 0:
        parser.error(f"--runs must be at least 1 and --busy at least 0, got {given.runs} and {given.busy}")
    found = []
    for number, run in enumerate(series(given.runs, given.busy, given.out, given.select), start=1):
        found.append(run)
        print(line_of(number, run), flush=True)
    print("\n".join(summary(found)))
    return 1 if any(words_of(run)[WRONG] for run in found) else 0


if __name__ == "__main__":
    sys.exit(main())
