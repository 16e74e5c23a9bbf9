"""How often verdicts of marked tests, judged on instructions, change or are wrong beside busy neighbours.

    python -m tests.corpus.marker [NAME …] --runs 30 --busy 3 [--functions 30] [--workers 2] [--out marker.jsonl]

Each run is a pytest session of its own, beside so many endless loops; its tests are spread over workers of xdist. Each
function has a test marked with its true law; one that is quadratic has a second test, marked as linear: an accidental
square, which every run must find. The functions are spread evenly over the corpus, whatever the verdicts on them are.
Printed are the verdicts of each run, then how many changed from run to run and how many were wrong. Runs that --out
holds already are not made again: a series that was stopped goes on. Exit status 1 if a verdict changed or was wrong.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tests.corpus.entry import Entry
from tests.corpus.functions import ENTRIES
from tests.scaling.under_load import busy

ROOT = Path(__file__).resolve().parents[2]
SQUARE, LINEAR = "n**2", "n"
ACCIDENTAL = "_claimed_linear"  # the end of the name of a test that is marked wrongly
LINE = re.compile(r"::test_(\w+)\[law\]: law .*?\b(supported|refuted|inconclusive|not judged)\b:? ?(.*)")
HEAD = """import pytest
from bptt_bench.plan import Point

from tests.corpus.functions import ENTRIES
"""
TEST = """

@pytest.mark.complexity({law!r}, measure="instructions", bound={bound!r}, factors={levels!r})
def test_{test}(benchmark, {factors}):
    benchmark(ENTRIES[{name!r}].prepare(Point({{{point}}})))
"""


def source(entries: Iterable[Entry]) -> str:
    """Return a module of tests: one for the true law of each function, and one for each accidental square."""
    return HEAD + "".join(
        marked_test(entry, name, LINEAR if name.endswith(ACCIDENTAL) else entry.law)
        for entry in entries
        for name in names_of([entry])
    )


def marked_test(entry: Entry, test: str, law: str) -> str:
    """Return a test of a function, marked with a law, at the levels that an experiment has."""
    design = entry.experiment().profile("quick").design
    levels = {name: sorted({point[name] for point in design}) for name in entry.levels}
    point = ", ".join(f"{name!r}: {name}" for name in levels)
    return TEST.format(
        law=law, bound=entry.bound, levels=levels, test=test, factors=", ".join(levels), name=entry.name, point=point
    )


def verdicts_of(output: str) -> dict[str, tuple[str, str]]:
    """Return the verdict on each test, and what was said with it, from what a session printed.

    >>> verdicts_of("test_it.py::test_scan[law]: law n supported: exponent of n 1.00 [1.00, 1.00], the law has 1")
    {'scan': ('supported', 'exponent of n 1.00 [1.00, 1.00], the law has 1')}
    """
    return {found[1]: (found[2], found[3]) for line in output.splitlines() if (found := LINE.search(line))}


def chosen(names: Sequence[str], functions: int) -> list[Entry]:
    """Return the entries with some names, or so many that are spread evenly over those that can be imported.

    >>> len(chosen([], 5)), [entry.name for entry in chosen(["array_sum"], 5)]
    (5, ['array_sum'])
    """
    found = [
        ENTRIES[name]
        for name in names or ENTRIES
        if all(importlib.util.find_spec(package) for package in ENTRIES[name].needs)
    ]
    return found if names else [found[i * len(found) // functions] for i in range(min(functions, len(found)))]


def run_once(entries: Sequence[Entry], workers: int) -> dict[str, tuple[str, str]]:
    """Run the tests in a session of their own, by so many processes, and return their verdicts.

    Raises
    ------
    RuntimeError : the session did not judge all of them.
    """
    with tempfile.TemporaryDirectory() as folder:
        module = Path(folder) / "test_marked.py"
        module.write_text(source(entries), encoding="utf-8")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore",
            "--tb=line",
            f"--rootdir={folder}",
            *(("-n", str(workers), "--dist", "worksteal") if workers > 1 else ()),
        ]
        done = subprocess.run([*command, str(module)], cwd=ROOT, capture_output=True, text=True, check=False)
    found = verdicts_of(done.stdout)
    if set(found) != set(names_of(entries)):
        raise RuntimeError(f"the session ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return found


def names_of(entries: Iterable[Entry]) -> list[str]:
    """Return the names of the tests that some functions have."""
    return [
        name
        for entry in entries
        for name in ([entry.name, entry.name + ACCIDENTAL] if entry.law == SQUARE else [entry.name])
    ]


def read_runs(file: Path) -> list[dict[str, tuple[str, str]]]:
    """Return the verdicts of the runs that a file holds, one a line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [{test: (verdict, why) for test, (verdict, why) in json.loads(line).items()} for line in lines]


def is_wrong(test: str, verdict: str) -> bool:
    """Return whether a verdict is wrong: a true law refuted, or an accidental square not refuted.

    >>> is_wrong("scan", "refuted"), is_wrong("scan", "inconclusive"), is_wrong("scan_claimed_linear", "inconclusive")
    (True, False, True)
    """
    return verdict != "refuted" if test.endswith(ACCIDENTAL) else verdict == "refuted"


def summary(runs: Sequence[Mapping[str, Sequence[str]]]) -> tuple[list[str], int]:
    """Return lines about the verdicts of all runs, and how many of the tests changed or were wrong."""
    lines, changed, wrong, words = [], 0, 0, Counter[str]()
    for test in runs[0]:
        seen = Counter(run[test][0] for run in runs)
        words += seen
        is_bad = any(is_wrong(test, verdict) for verdict in seen)
        changed, wrong = changed + (len(seen) > 1), wrong + is_bad
        if len(seen) > 1 or is_bad:
            lines.append(f"{test}: " + ", ".join(f"{number} times {verdict}" for verdict, number in seen.items()))
    total = ", ".join(f"{number} {verdict}" for verdict, number in words.most_common())
    lines.append(f"{len(runs[0])} tests, {len(runs)} runs: {total}")
    lines.append(f"verdicts that changed: {changed} of {len(runs[0])}; wrong: {wrong}")
    return lines, changed + wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the tests so many times beside busy neighbours, and print what became of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus.marker", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="functions, instead of some that are spread evenly")
    parser.add_argument("--functions", type=int, default=30, metavar="N", help="how many, where none are named")
    parser.add_argument("--runs", type=int, default=30)
    parser.add_argument("--busy", type=int, default=3, metavar="K", help="endless loops that run at the same time")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes of a run; 1: without xdist")
    parser.add_argument("--out", type=Path, metavar="FILE", help="append what each run found, and go on from there")
    options = parser.parse_args(arguments)
    strangers = [name for name in options.names if name not in ENTRIES]
    if strangers:
        parser.error(f"{strangers[0]}: not in the corpus; it has {', '.join(ENTRIES)}")
    for name in ("functions", "runs", "workers"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be a whole number from 1, got {getattr(options, name)}")
    entries = chosen(options.names, options.functions)
    runs = read_runs(options.out) if options.out is not None and options.out.exists() else []
    if runs and set(runs[0]) != set(names_of(entries)):
        parser.error(f"--out {options.out}: holds verdicts on other tests; name another file")
    with busy(options.busy):
        while len(runs) < options.runs:
            start = time.monotonic()
            runs.append(run_once(entries, options.workers))
            print(f"run {len(runs)}, {time.monotonic() - start:.0f} s", flush=True)
            for test, (verdict, why) in runs[-1].items():
                print(f"  {test}: {verdict}: {why}", flush=True)
            if options.out is not None:
                with options.out.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(runs[-1]) + "\n")
    lines, bad = summary(runs)
    print("\n".join(lines))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
