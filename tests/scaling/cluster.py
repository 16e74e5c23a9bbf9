"""What the harness costs beyond measuring: by cells, samples and workers, with processes that measure nothing.

    python -m tests.scaling.cluster [--largest CELLS] [--rounds N] [--json]

Runs of 100 to 100 000 cells, in this process and on one to four workers of dask.distributed, each with a host to
itself. Printed are seconds and peak memory of each, laws fitted to the CPU seconds with the exponents that are left
free, and the share of the time that goes into scheduling and transport if each sample takes 10 ms. Each run is a
process of its own; with several rounds they are visited in turn. Exit status 1 when a cost grows faster than it should.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.scaling.canned import SECONDS_PER_SAMPLE, measured
from tests.scaling.stages import peak_bytes

ROOT = Path(__file__).parents[2]
SIZES = (100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)  # cells
ROUNDS = 1
STEEPEST = 1.1  # exponent of cells, samples or workers: what is linear but for its noise
LARGEST_SHARE = 0.1  # of the time, that scheduling and transport may take at 10 ms a sample


class Case(NamedTuple):
    """One run: cells, samples of each, and workers; none is the local engine."""

    cells: int
    samples: int
    workers: int = 0


def cases(largest: int) -> list[Case]:
    """What is run: cells by themselves, then samples, then workers."""
    sizes = [cells for cells in SIZES if cells <= largest]
    middle = min(3_000, sizes[-1])
    return [
        *(Case(cells, 1) for cells in sizes),
        *(Case(middle, samples) for samples in (2, 4, 8, 16, 32)),
        *(Case(cells, 1, 1) for cells in sizes),
        *(Case(middle, 24, workers) for workers in (1, 2, 3, 4)),
        Case(sizes[-1], 4, 4),
    ]


def one(case: Case) -> dict[str, float]:
    """Run a case in this process; seconds, and CPU seconds of whoever takes part, per visit too."""
    import psutil
    from bptt_bench.store.frame import load
    from bptt_bench.store.runs.samples import SampleStore

    with contextlib.ExitStack() as opened:
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory())) / "run"
        scheduler, others = None, dict[str, list[psutil.Process]]()
        if case.workers:
            scheduler, others = opened.enter_context(_cluster(case.workers))
        before = {name: _cpu_seconds(processes) for name, processes in others.items()}
        own = time.process_time()
        found = {"run": measured(folder, case.cells, case.samples, scheduler), "client_cpu": time.process_time() - own}
        found |= {f"{name}_cpu": _cpu_seconds(processes) - before[name] for name, processes in others.items()}
        found["run_bytes"] = peak_bytes()
        if not case.workers:
            start = time.process_time()
            SampleStore.resume(folder).close()
            found["resume"] = time.process_time() - start
            import pandas  # noqa: F401, ICN001  # what `load` imports is not a part of its growth

            start = time.process_time()
            assert len(load(folder)) == case.cells * case.samples
            found["load"] = time.process_time() - start
            found["load_bytes"] = peak_bytes()
    return found


@contextlib.contextmanager
def _cluster(workers: int) -> Iterator[tuple[str, dict[str, Any]]]:
    import psutil

    from tests.bench.measure.engines.cluster_processes import ClusterProcesses

    with ClusterProcesses() as processes:
        pid, address = processes.scheduler()
        pids = [processes.worker(address, f"host{number}")[0] for number in range(workers)]
        yield (
            address,
            {"scheduler": [psutil.Process(pid)], "workers": [psutil.Process(number) for number in pids]},
        )


def _cpu_seconds(processes: Sequence[Any]) -> float:
    return float(sum(sum(process.cpu_times()[:2]) for process in processes))


def in_a_process(case: Case) -> dict[str, float]:
    """The same in a process of its own, so that each has its own peak of memory.

    Raises
    ------
    RuntimeError : it failed.
    """
    command = [sys.executable, "-m", "tests.scaling.cluster", "--case", ",".join(map(str, case))]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{case}: {done.stderr.strip()[-2000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


class Growth(NamedTuple):
    """How a figure grows: its law with coefficients in words, and free exponents of its factors."""

    what: str
    law: str
    exponents: Mapping[str, tuple[float, float, float]]

    @property
    def met(self) -> bool:
        """Whether nothing grows faster than in proportion, as far as the intervals tell."""
        return all(low <= STEEPEST for _, low, _ in self.exponents.values())

    def line(self) -> str:
        words = ", ".join(
            f"{name}^{estimate:.2f} [{low:.2f}, {high:.2f}]" for name, (estimate, low, high) in self.exponents.items()
        )
        return f"{self.what}: {self.law}; grows as {words}{'' if self.met else '   faster than it should'}"


def growth(what: str, rows: Sequence[tuple[Case, float]], law: str, overhead: str) -> Growth:
    """Fit to what was measured in proportion to cells, samples or visits, whichever ``law`` names."""
    import pandas as pd
    from bptt_bench.analyse.fitting.exponent import free_exponent
    from bptt_bench.analyse.fitting.fit import fit

    frame = pd.DataFrame(
        [{**case._asdict(), "visits": case.cells * case.samples, "value": value} for case, value in rows]
    )
    fitted = fit(frame, law, response="value", overhead=overhead)
    at = {name: float(frame[name].max()) for name in fitted.factors}
    terms = [term.term for term in fitted.terms if term.role == "law"]
    words = " + ".join(f"{term.coefficient:.3g}·{term.term}" for term in fitted.terms if term.coefficient > 0)
    interval = free_exponent(fitted, terms, law, at).interval
    exponents = {law: (interval.estimate, interval.low, interval.high)}
    return Growth(what, words, exponents)


def growths(found: Sequence[tuple[Case, Mapping[str, float]]]) -> Iterator[Growth]:
    """What is said of the costs."""
    here = [(case, figures) for case, figures in found if not case.workers]
    there = [(case, figures) for case, figures in found if case.workers]
    named = {"client_cpu": "CPU seconds of a run", "resume": "to resume it", "load": "to load it"}
    alone = [row for row in here if row[0].samples == 1]
    middle = max(case.cells for case, _ in here if case.samples > 1)
    again = [row for row in here if row[0].cells == middle]
    for name, what in (*named.items(), ("run_bytes", "peak bytes")):
        yield growth(f"local, {what}", [(case, figures[name]) for case, figures in alone], "cells", "1")
    for name, what in (*named.items(), ("run_bytes", "peak bytes")):
        yield growth(f"local, {what}", [(case, figures[name]) for case, figures in again], "samples", "1")
    for name in ("scheduler", "client", "workers"):
        rows = [(case, figures[f"{name}_cpu"]) for case, figures in there]
        yield growth(f"dask, CPU seconds of {name}", rows, "visits", "1 + workers")


def table(found: Sequence[tuple[Case, Mapping[str, float]]]) -> Iterator[str]:
    """Each case, a line: what a visit costs, and whom."""
    yield (
        f"{'cells':>7} {'samples':>7} {'workers':>7} {'seconds':>8} {'µs/visit':>9} {'scheduler':>9} {'client':>7} "
        f"{'worker':>7} {'MB':>5} {'resume s':>8} {'load s':>7}"
    )
    for case, figures in found:
        visits = case.cells * case.samples

        def each(name: str, figures: Mapping[str, float] = figures, visits: int = visits) -> str:
            return f"{1e6 * figures[name] / visits:.0f}" if name in figures else ""

        more = "".join(f" {figures[name]:8.2f}" if name in figures else " " * 9 for name in ("resume", "load"))
        yield (
            f"{case.cells:7} {case.samples:7} {case.workers or 'local':>7} {figures['run']:8.2f} {each('run'):>9} "
            f"{each('scheduler_cpu'):>9} {each('client_cpu'):>7} {each('workers_cpu'):>7} "
            f"{figures['run_bytes'] / 1e6:5.0f}{more}"
        )


def shares(found: Sequence[tuple[Case, Mapping[str, float]]]) -> dict[str, float]:
    """Share of a host's time that its worker takes at 10 ms a sample, and of one core by the scheduler and the client.

    The largest run of most workers decides; that many hosts send samples at the same time.
    """
    case, figures = max(found, key=lambda row: (row[0].workers, row[0].cells))
    visits, seconds = case.cells * case.samples, SECONDS_PER_SAMPLE / case.workers
    return {
        "workers": figures["workers_cpu"] / visits / SECONDS_PER_SAMPLE,
        "scheduler": figures["scheduler_cpu"] / visits / seconds,
        "client": figures["client_cpu"] / visits / seconds,
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures; status 1 when something grows faster than it should."""
    parser = argparse.ArgumentParser(prog="python -m tests.scaling.cluster", description=__doc__)
    parser.add_argument("--largest", type=int, default=SIZES[-1], metavar="CELLS", help=f"({SIZES[-1]} by default)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"of all runs, in turn ({ROUNDS} by default)")
    parser.add_argument("--case", metavar="CELLS,SAMPLES,WORKERS", help="one run, in this process")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    options = parser.parse_args(arguments)
    if options.case:
        print(json.dumps(one(Case(*map(int, options.case.split(","))))))
        return 0
    found = [(case, in_a_process(case)) for _ in range(options.rounds) for case in cases(options.largest)]
    laws, taken = list(growths(found)), shares(found)
    is_met = all(law.met for law in laws) and max(taken.values()) <= LARGEST_SHARE
    if options.json:
        runs = [{**case._asdict(), **figures} for case, figures in found]
        print(json.dumps({"runs": runs, "growths": [law._asdict() for law in laws], "shares": taken}, indent=1))
    else:
        print("\n".join([*table(found), *(law.line() for law in laws)]))
        for name, share in taken.items():
            print(f"{name}: {share:.1%} of {'a host' if name == 'workers' else 'one core'} at 10 ms a sample")
    return int(not is_met)


if __name__ == "__main__":
    sys.exit(main())
