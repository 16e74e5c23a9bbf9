"""How often verdicts on the functions of the corpus are right: of their true laws, and of laws that are wrong.

    python -m tests.corpus [NAME …] [--measure time,instructions] [--profile quick] [--runs DIR] [--json FILE]
    python -m tests.corpus --derive [NAME …]

Each function is measured once; the true law and the wrong ones are judged on the same samples. Printed are, for the
time alone and with the instructions: true laws supported and refuted, wrong laws supported and refuted, n against
n·log(n) where one of these is true, and the median time of a function. Each function is a line, as soon as it is
judged. With --runs the runs are kept in DIR, and those that it already holds are judged again without being measured.
With --derive nothing is timed: laws are derived from the code, see ``tests.corpus.derived``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bptt_bench.errors import BenchError
from bptt_bench.plan.experiment.instructions import parse_measures
from bptt_bench.store.frame import load
from bptt_bench.workflows.judge import analyse_run
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import Settings

from tests.corpus import derived
from tests.corpus.entry import Entry
from tests.corpus.functions import ENTRIES

RIVALS = {"n": "n*log(n)", "n*log(n)": "n"}
MODULE = "from tests.corpus.functions import ENTRIES\n\nEXPERIMENT = ENTRIES[{name!r}].experiment()\n"
WITNESSES = ("time", "instructions")  # the time alone, and with the instructions
OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a function by one witness: a verdict for its law, for each wrong one, and for the rival."""

    name: str
    witness: str
    law: str
    wrong: Mapping[str, str]
    rival: str | None
    seconds: float


def measure(entry: Entry, measures: Sequence[str], profile: str, folder: Path) -> list[Outcome]:
    """Measure a function and judge it by each witness.

    Raises
    ------
    BenchError : it cannot be measured or judged.
    """
    module = folder / f"corpus_{entry.name}.py"
    module.write_text(MODULE.format(name=entry.name), encoding="utf-8")
    settings = Settings(experiment=str(module), profile=profile, measures=parse_measures(measures))
    start = time.monotonic()
    if not (folder / entry.name).exists():
        measure_run(settings, folder / entry.name)
    seconds = time.monotonic() - start
    frame = load(folder / entry.name)

    def judged(law: str, witness: str) -> str:
        judged_by = measures if witness == "instructions" else ("time",)
        (verdict,) = analyse_run(frame, entry.experiment(law, measure=judged_by)).verdicts
        return OPEN if verdict.verdict == "inconclusive" else verdict.verdict

    return [
        Outcome(
            name=entry.name,
            witness=witness,
            law=judged(entry.law, witness),
            wrong={law: judged(law, witness) for law in entry.wrong},
            rival=judged(RIVALS[entry.law], witness) if entry.law in RIVALS else None,
            seconds=seconds,
        )
        for witness in WITNESSES
        if witness in measures
    ]


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the lines of the table: one row a question, one column a witness."""
    columns = [[one for one in outcomes if one.witness == witness] for witness in WITNESSES]
    columns = [column for column in columns if column]

    def share(found: Sequence[bool]) -> str:
        return f"{sum(found)} of {len(found)} ({sum(found) / len(found):.0%})" if found else "–"

    rows: list[tuple[str, list[str]]] = [("", [column[0].witness for column in columns])]
    words = ("supported", "refuted", "open")
    rows += [(f"true law {word}", [share([one.law == word for one in column]) for column in columns]) for word in words]
    for word in words:
        wrong = [[found == word for one in column for found in one.wrong.values()] for column in columns]
        rows.append((f"wrong law {word}", list(map(share, wrong))))
    against = [[(one.law, one.rival) for one in column if one.rival is not None] for column in columns]
    rows.append(
        (
            "n against n·log(n), rightly",
            [share([(a == "supported" and b == "refuted") for a, b in each]) for each in against],
        )
    )
    rows.append(
        (
            "n against n·log(n), wrongly",
            [share([(a == "refuted" and b == "supported") for a, b in each]) for each in against],
        )
    )
    rows.append(
        ("seconds a function, median", [f"{statistics.median(one.seconds for one in each):.1f}" for each in columns])
    )
    return [f"{name:30}" + "".join(f"{cell:>20}" for cell in cells) for name, cells in rows]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each function, then the table; status 1 if a true law was refuted or a wrong one supported."""
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="functions; all that can be imported by default")
    parser.add_argument("--measure", default="time", help="time, or time,instructions")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="keep the runs there, and judge those that it holds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what became of each function")
    parser.add_argument("--derive", action="store_true", help="derive the laws from the code instead")
    options = parser.parse_args(arguments)
    measures = parse_measures(options.measure)
    strangers = [name for name in options.names if name not in ENTRIES]
    if strangers:
        parser.error(f"{strangers[0]}: not in the corpus; it has {', '.join(ENTRIES)}")
    if options.derive:
        return derived.main(options.names)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.runs or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.names or ENTRIES:
            entry = ENTRIES[name]
            absent = [package for package in entry.needs if importlib.util.find_spec(package) is None]
            if absent:
                print(f"{name}: left out, {absent[0]} is not installed", flush=True)
                continue
            try:
                found = measure(entry, measures, options.profile, folder)
            except BenchError as error:
                print(f"{name}: {error}", flush=True)
                continue
            for one in found:
                wrong = ", ".join(f"{law} {word}" for law, word in one.wrong.items())
                rival = f"; {RIVALS[entry.law]} {one.rival}" if one.rival is not None else ""
                print(f"{name}, {one.witness}: {entry.law} {one.law}; {wrong}{rival}; {one.seconds:.1f} s", flush=True)
            outcomes += found
            if options.json is not None:
                options.json.write_text(json.dumps([asdict(each) for each in outcomes], indent=1), encoding="utf-8")
    if not outcomes:
        return 2
    print("\n".join(table(outcomes)))
    return int(any(one.law == "refuted" or "supported" in one.wrong.values() for one in outcomes))


if __name__ == "__main__":
    sys.exit(main())
