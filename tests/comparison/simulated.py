"""Count false alarms and what is found in simulated runs, by share of visits in spells and by what is looked at.

``python -m tests.comparison.simulated --tries 50`` prints both for ``compare``, in turns and at different times, and
for two hosts how often the interval of their speed holds the truth and how often they are said to disagree.
"""

from __future__ import annotations

import sys
from unittest import mock

import click
import numpy as np
import pandas as pd
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.stats import contrast

from tests.bench.analyse.compare.test_changes import PAIRS, POINTS, compared, simulated, words
from tests.comparison.__main__ import LOOKS

SLOW_PERIODS = (0.0, 0.15, 0.3, 0.45, 0.6)  # share of visits that meet one, of each side by itself
SLOWER = 1.7  # one host than the other
MISFIT = 0.05  # of the law at a point, the same on both sides
TERM = "T*H**2"


def of_comparisons(spells: float, tries: int, *, paired: bool) -> tuple[int, int]:
    """Alarms about runs that are alike; how often a term that is a tenth dearer is found."""
    alarms = found = 0
    for number in range(tries):
        rng = np.random.default_rng([11, number])
        misfit = MISFIT * rng.standard_normal(len(POINTS))
        speed = 1.0 if paired else rng.uniform(0.8, 1.25)
        first = simulated(rng, misfit=misfit, spells=spells)
        alike = simulated(rng, misfit=misfit, spells=spells, speed=speed)
        dearer = simulated(rng, (1.0, 1.1, 1.0), misfit=misfit, spells=spells, speed=speed)
        alarms += bool(compared(first, alike, paired=paired).regressions)
        found += words(compared(first, dearer, paired=paired))[TERM] == "higher"
    return alarms, found


def of_hosts(spells: float, tries: int, dearer: float = 1.0) -> tuple[int, int]:
    """How often the interval of a host's speed holds the truth; how often the hosts are said to disagree."""
    held = disagree = 0
    for number in range(tries):
        rng = np.random.default_rng([7, number])
        misfit = MISFIT * rng.standard_normal(len(POINTS))
        first = simulated(rng, misfit=misfit, spells=spells).assign(host="a")
        second = simulated(rng, (1.0, dearer, 1.0), speed=SLOWER, misfit=misfit, spells=spells).assign(host="b")
        both = pd.concat([first, second.assign(process=second["process"] + PAIRS)], ignore_index=True)
        both.attrs["factors"] = ["V", "H", "T"]
        other = fit(both, "T*H*V + T*H**2", overhead="T").hosts[1]
        assert other.slowness is not None
        held += other.slowness.low <= (SLOWER if other.name == "b" else 1 / SLOWER) <= other.slowness.high
        disagree += bool(other.disagreements)
    return held, disagree


@click.command()
@click.option("--tries", type=click.IntRange(min=1), default=50, show_default=True, help="Of each kind.")
@click.option("--look", type=click.Choice(list(LOOKS)), multiple=True, default=("rule", "all", "undisturbed"))
def main(tries: int, look: tuple[str, ...]) -> None:
    """Simulate, compare and count."""
    click.echo(f"of {tries}    slow periods  " + "".join(f"{spells:8.0%}" for spells in SLOW_PERIODS))
    for each in look:
        with mock.patch.object(contrast, "MUCH_MORE_PRECISE", LOOKS[each]):
            for paired, when in ((True, "in turns"), (False, "different times")):
                counts = [of_comparisons(spells, tries, paired=paired) for spells in SLOW_PERIODS]
                click.echo(f"{each}, {when}: alarms {[alarms for alarms, _ in counts]}, found {[f for _, f in counts]}")
    hosts = [of_hosts(spells, tries) for spells in SLOW_PERIODS]
    click.echo(f"hosts: speed held {[held for held, _ in hosts]}, said to disagree {[said for _, said in hosts]}")
    unlike = [of_hosts(spells, tries, dearer=1.3)[1] for spells in SLOW_PERIODS]
    click.echo(f"hosts of which one has a term 1.3 times as dear: said to disagree {unlike}")


if __name__ == "__main__":
    sys.exit(main())
