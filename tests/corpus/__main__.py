"""How often verdicts on the functions of the corpus are right: of their true laws, and of laws that are wrong.

    python -m tests.corpus [NAME …] [--measure time,instructions] [--profile quick] [--runs DIR] [--json FILE]
    python -m tests.corpus --held-out [--developed] …
    python -m tests.corpus --derive [NAME …]
    python -m tests.corpus --peers [--peers-python .venv-corpus/bin/python] …

There are two sets: the functions that rules for verdicts were developed on, which are the default, and those that were
held out. Each has a table of its own. Each function is measured once; the true law and the wrong ones are judged on the
same samples. Printed are, for the time alone and with the instructions: true laws supported and refuted, wrong laws
supported and refuted, n against n·log(n) where one of these is true, and the median time of a function. Each function
is a line, as soon as it is judged. With --runs the runs are kept in DIR, and those that it already holds are judged
again without being measured. With --derive nothing is timed: laws of the first set are derived from the code, see
``tests.corpus.derived``.

With --peers big_O, bigO of plasma-umass and perfplot are put to the same functions and laws. They know one factor, and
time: functions of several factors are left out, for all. Each measures as its documentation shows. big_O names a class;
bigO checks upper bounds, so that laws above the true one are not put to it; perfplot names none, and has no verdicts.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bptt_bench.errors import BenchError
from bptt_bench.plan.experiment.instructions import parse_measures
from bptt_bench.store.frame import load
from bptt_bench.workflows.judge import analyse_run
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import Settings

from tests.corpus import derived, functions, held_out
from tests.corpus.answers import PeerError, ask, verdict_of
from tests.corpus.entry import Entry

SETS = {"developed": functions.ENTRIES, "held out": held_out.ENTRIES}
RIVALS = {"n": "n*log(n)", "n*log(n)": "n"}
MODULE = "from {module} import ENTRIES\n\nEXPERIMENT = ENTRIES[{name!r}].experiment()\n"
WITNESSES = ("time", "instructions")  # the time alone, and with the instructions
PEERS = ("big_O", "bigO", "perfplot")
PEERS_PYTHON = Path(".venv-corpus/bin/python")
OPEN = "open"
NOTHING = "–"  # of a law that a witness says nothing of


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a function by one witness: a verdict for its law, for each wrong one, and for the rival.

    A verdict is ``supported``, ``refuted`` or ``open``; None where the witness says nothing, or a law has no rival.
    """

    name: str
    witness: str
    law: str | None
    wrong: Mapping[str, str | None]
    rival: str | None
    seconds: float


def judged_laws(entry: Entry, witness: str, seconds: float, judge: Callable[[str], str | None]) -> Outcome:
    """Return what became of a function by a witness that judges one law after the other."""
    return Outcome(
        name=entry.name,
        witness=witness,
        law=judge(entry.law),
        wrong={law: judge(law) for law in entry.wrong},
        rival=judge(RIVALS[entry.law]) if entry.law in RIVALS else None,
        seconds=seconds,
    )


def measure(entry: Entry, measures: Sequence[str], profile: str, folder: Path) -> list[Outcome]:
    """Measure a function and judge it by each witness.

    Raises
    ------
    BenchError : it cannot be measured or judged.
    """
    module = folder / f"corpus_{entry.name}.py"
    module.write_text(MODULE.format(module=entry.prepare.__module__, name=entry.name), encoding="utf-8")
    settings = Settings(experiment=str(module), profile=profile, measures=parse_measures(measures))
    start = time.monotonic()
    if not (folder / entry.name).exists():
        measure_run(settings, folder / entry.name)
    seconds = time.monotonic() - start
    frame = load(folder / entry.name)

    def judge_by(witness: str) -> Callable[[str], str]:
        judged_by = measures if witness == "instructions" else ("time",)

        def judge(law: str) -> str:
            (verdict,) = analyse_run(frame, entry.experiment(law, measure=judged_by)).verdicts
            return OPEN if verdict.verdict == "inconclusive" else verdict.verdict

        return judge

    return [judged_laws(entry, witness, seconds, judge_by(witness)) for witness in WITNESSES if witness in measures]


def ask_peers(entry: Entry, python: Path, folder: Path) -> list[Outcome]:
    """Return what became of a function of one factor by each of the other tools.

    Raises
    ------
    PeerError : their process failed.
    """
    kept = folder / f"{entry.name}-peers.json"
    if not kept.exists():
        laws = [entry.law, *entry.wrong, *([RIVALS[entry.law]] if entry.law in RIVALS else [])]
        kept.write_text(json.dumps(ask(python, entry, laws)), encoding="utf-8")
    answers: dict[str, Any] = json.loads(kept.read_text(encoding="utf-8"))

    def judge_by(tool: str) -> Callable[[str], str | None]:
        return lambda law: verdict_of(tool, answers[tool], law, entry)

    return [judged_laws(entry, tool, answers[tool]["seconds"], judge_by(tool)) for tool in PEERS]


def table(outcomes: Sequence[Outcome], name: str = "") -> list[str]:
    """Return the lines of the table of a set: one row a question, one column a witness."""
    columns = [[one for one in outcomes if one.witness == witness] for witness in (*WITNESSES, *PEERS)]
    columns = [column for column in columns if column]

    def share(found: Sequence[bool]) -> str:
        return f"{sum(found)} of {len(found)} ({sum(found) / len(found):.0%})" if found else "–"

    rows: list[tuple[str, list[str]]] = [(name, [column[0].witness for column in columns])]
    words = ("supported", "refuted", "open")
    true = [[one.law for one in column if one.law is not None] for column in columns]
    wrong = [[found for one in column for found in one.wrong.values() if found is not None] for column in columns]
    rows += [(f"true law {word}", [share([found == word for found in each]) for each in true]) for word in words]
    rows += [(f"wrong law {word}", [share([found == word for found in each]) for each in wrong]) for word in words]
    against = [
        [(one.law, one.rival) for one in column if one.rival is not None and one.law is not None] for column in columns
    ]
    for how, expected in (("rightly", ("supported", "refuted")), ("wrongly", ("refuted", "supported"))):
        rows.append((f"n against n·log(n), {how}", [share([found == expected for found in each]) for each in against]))
    seconds = [f"{statistics.median(one.seconds for one in each):.1f}" for each in columns]
    rows.append(("seconds a function, median", seconds))
    return [f"{name:30}" + "".join(f"{cell:>20}" for cell in cells) for name, cells in rows]


def line_of(one: Outcome, entry: Entry) -> str:
    """Return a line about what became of a function."""
    wrong = ", ".join(f"{law} {word or NOTHING}" for law, word in one.wrong.items())
    rival = f"; {RIVALS[entry.law]} {one.rival}" if one.rival is not None else ""
    law = f"{entry.law} {one.law or NOTHING}"
    return f"{one.name}, {one.witness}: {law}; {wrong}{rival}; {one.seconds:.1f} s"


def judge_all(entries: Sequence[Entry], options: argparse.Namespace, folder: Path) -> Iterator[Outcome]:
    """Measure, judge and print one function after the other; one that cannot be measured is a line."""
    for entry in entries:
        absent = [package for package in entry.needs if importlib.util.find_spec(package) is None]
        if absent:
            print(f"{entry.name}: left out, {absent[0]} is not installed", flush=True)
            continue
        try:
            found = measure(entry, parse_measures(options.measure), options.profile, folder)
            if options.peers:
                found += ask_peers(entry, options.peers_python, folder)
        except (BenchError, PeerError) as error:
            print(f"{entry.name}: {error}", flush=True)
            continue
        for one in found:
            print(line_of(one, entry), flush=True)
        yield from found


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Return what the command line says."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.corpus", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="functions; all of the set by default")
    parser.add_argument("--held-out", action="store_true", help="the functions that were held out")
    parser.add_argument("--developed", action="store_true", help="those that rules were developed on; the default")
    parser.add_argument("--measure", default="time", help="time, or time,instructions")
    parser.add_argument("--profile", default="quick")
    parser.add_argument("--runs", type=Path, metavar="DIR", help="keep the runs there, and judge those that it holds")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what became of each function")
    parser.add_argument("--derive", action="store_true", help="derive the laws from the code instead")
    parser.add_argument("--peers", action="store_true", help="put the same to big_O, bigO and perfplot")
    parser.add_argument("--peers-python", type=Path, default=PEERS_PYTHON, metavar="PATH", help="where they live")
    options = parser.parse_args(arguments)
    wanted = {"developed": options.developed or not options.held_out, "held out": options.held_out}
    options.sets = [name for name in SETS if wanted[name]]
    known = [name for chosen in options.sets for name in SETS[chosen]]
    strangers = [name for name in options.names if name not in known]
    if strangers:
        parser.error(f"{strangers[0]}: not in the corpus; it has {', '.join(known)}")
    if options.derive and options.held_out:
        parser.error("--derive: is about the functions that were developed on; leave --held-out out")
    if options.peers and not options.peers_python.exists():
        stamp = options.peers_python.parents[1] / ".stamp"
        parser.error(f"--peers-python {options.peers_python}: does not exist; `make {stamp}` makes it")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Print a line for each function, then the tables; status 1 if a true law was refuted or a wrong one supported."""
    options = read_options(arguments)
    if options.derive:
        return derived.main(options.names)
    tables: list[list[str]] = []
    everything: list[Outcome] = []
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.runs or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in options.sets:
            entries = [entry for entry in SETS[name].values() if not options.names or entry.name in options.names]
            if options.peers:
                entries = [entry for entry in entries if len(entry.levels) == 1]
            outcomes: list[Outcome] = []
            for outcome in judge_all(entries, options, folder):
                outcomes.append(outcome)
                everything.append(outcome)
                if options.json is not None:
                    options.json.write_text(json.dumps([asdict(one) for one in everything], indent=1), encoding="utf-8")
            if outcomes:
                tables.append(table(outcomes, name))
    if not everything:
        return 2
    print("\n".join("\n".join(lines) for lines in tables))
    ours = [one for one in everything if one.witness in WITNESSES]
    return int(any(one.law == "refuted" or "supported" in one.wrong.values() for one in ours))


if __name__ == "__main__":
    sys.exit(main())
