"""The local engine against one worker of dask on the same machine: do they give the same coefficients?

    python -m tests.scaling.engines [--pairs N] [--json]

A small experiment of this module is measured by both, run by run in turns (local, dask, dask, local, …), so that drift
of the machine hits both alike. The samples of all runs of an engine are fitted together. Exit status 1 when a
coefficient of one lies outside what the intervals of both allow.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from bptt_bench.plan import CostLaw, Design, Evaluation, Experiment, Factor, Point, Profile, Subject

if TYPE_CHECKING:
    import pandas as pd

PAIRS = 4
LEVELS = (2_000, 2_500, 3_200, 4_000, 5_000, 6_000, 7_500, 9_500, 12_000, 15_000, 19_000, 24_000)  # within the caches
ENGINES = ("local", "dask")
MODULE = "tests.scaling.engines"  # under which measuring processes import it


def prepare_scale(point: Point) -> Evaluation:
    """An array made anew each time: it costs what the allocator makes of it."""
    values = np.ones(int(point["n"]))
    return lambda: values * 2.0


def prepare_sum(point: Point) -> Evaluation:
    """Python itself: objects, one after the other."""
    values = list(range(1000, 1000 + int(point["n"])))
    return lambda: sum(values)


def prepare_product(point: Point) -> Evaluation:
    matrix, vector = np.ones((16, int(point["n"]))), np.ones(int(point["n"]))
    return lambda: matrix @ vector


EXPERIMENT = Experiment(
    name="engines",
    factors=(Factor(name="n"),),
    subjects=(
        Subject(name="scale", prepare=prepare_scale, law=CostLaw("n"), overhead=("1",)),
        Subject(name="sum", prepare=prepare_sum, law=CostLaw("n"), overhead=("1",)),
        Subject(name="product", prepare=prepare_product, law=CostLaw("n"), overhead=("1",)),
    ),
    profiles={
        "quick": Profile(
            design=Design.grid({"n": LEVELS}),
            blocks=3,
            seconds_per_sample=0.01,
            processes=1,
            phase_blocks=0,
        )
    },
)


class Compared(NamedTuple):
    """A coefficient by both engines, each with its interval; seconds per unit of the term."""

    subject: str
    term: str
    local: tuple[float, float, float]
    dask: tuple[float, float, float]

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Dask over local, with the interval that follows from both on the logarithmic scale."""
        estimate = self.dask[0] / self.local[0]
        half = math.hypot(*((high - low) / 2 / estimate for estimate, low, high in (self.local, self.dask)))
        return estimate, estimate * math.exp(-half), estimate * math.exp(half)

    @property
    def agrees(self) -> bool:
        """Whether the difference is no larger than its interval."""
        _, low, high = self.ratio
        return low <= 1 <= high

    def line(self) -> str:
        shown = "".join(f"{value:11.4g} [{low:.4g}, {high:.4g}]".ljust(36) for value, low, high in self[2:])
        ratio, low, high = self.ratio
        verdict = "same" if self.agrees else "differs"
        return f"{self.subject:9}{self.term:10}{shown}{ratio:6.3f} [{low:.3f}, {high:.3f}]  {verdict}"


def compared(frames: Mapping[str, pd.DataFrame]) -> list[Compared]:
    """The coefficients of the laws by engine. Those of overhead terms are left out: at zero they have no ratio."""
    from bptt_bench.analyse.fitting.fit import fit

    found = []
    for subject in EXPERIMENT.subjects:
        assert subject.law is not None
        fits = {
            name: fit(frame[frame["subject"] == subject.name], subject.law, overhead=subject.overhead or ())
            for name, frame in frames.items()
        }
        for i, term in enumerate(fits["local"].terms):
            if term.role == "law":
                both = ((f.terms[i].coefficient, f.terms[i].low, f.terms[i].high) for f in fits.values())
                found.append(Compared(subject.name, term.term, *both))
    return found


def in_turns(pairs: int, measure: Callable[[str, int], pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """The samples of each engine, run by run in turns; blocks of different runs keep apart."""
    import pandas as pd

    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in ENGINES}
    for pair in range(pairs):
        for name in ENGINES if pair % 2 == 0 else ENGINES[::-1]:
            frame = measure(name, pair)
            frames[name].append(frame.assign(block=frame["block"] + pair * EXPERIMENT.profile("quick").blocks))
    together = {}
    for name, runs in frames.items():
        together[name] = pd.concat(runs, ignore_index=True)
        together[name].attrs.update(factors=runs[0].attrs["factors"])
    return together


def measured(folder: Path) -> Callable[[str, int], pd.DataFrame]:
    """Measures a run by an engine, dask on a local cluster of one worker."""
    import bptt_bench as bench

    def measure(engine: str, pair: int) -> pd.DataFrame:
        return bench.run(MODULE, out=folder / f"{engine}{pair}", engine=engine)

    return measure


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the coefficients; status 1 when the engines disagree."""
    parser = argparse.ArgumentParser(prog=f"python -m {MODULE}", description=__doc__)
    parser.add_argument("--pairs", type=int, default=PAIRS, help=f"of runs, one by each engine ({PAIRS} by default)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = compared(in_turns(options.pairs, measured(Path(folder))))
    if options.json:
        rows: list[dict[str, Any]] = [{**one._asdict(), "ratio": one.ratio, "agrees": one.agrees} for one in found]
        print(json.dumps(rows, indent=1))
    else:
        heads = f"{'subject':9}{'term':10}{'local, seconds per unit':36}{'one dask worker':36}dask/local"
        print("\n".join([heads, *(one.line() for one in found)]))
    return int(not all(one.agrees for one in found))


if __name__ == "__main__":
    sys.exit(main())
