"""What is simulated how often: the cells of the table, what is asked in each, and the seeds of every trial."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from bptt_bench.validation.simulate import SETTINGS, Setting

PUBLISHED_SEED = 20261123  # never used while developing; development takes seeds below 10 000
JUDGED_NOISE = 0.05  # at which the goals for errors and for orders in T are stated
TRIALS = 400  # of each cell; all of them are to take at most 20 minutes on two cores


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A setting, and what is asked of it beyond errors and coverage.

    Attributes
    ----------
    orders : compare orders in T.
    step : look for a planted cache step.
    others : ask the peers too, and ours with overhead terms left to it to find.
    """

    index: int
    setting: Setting
    orders: bool
    step: bool
    others: bool

    def seeds(self, seed: int, trial: int) -> np.random.SeedSequence:
        """The seeds of a trial: a new object each time, so that whoever spawns from it gets the same children."""
        return np.random.SeedSequence(seed, spawn_key=(self.index, trial))


def cells() -> tuple[Cell, ...]:
    """All settings of the table, in the order of ``SETTINGS``."""
    return tuple(_cell(index, setting) for index, setting in enumerate(SETTINGS))


def _cell(index: int, setting: Setting) -> Cell:
    judged = setting.noise == JUDGED_NOISE
    plain = judged and setting.point_effects == 0
    return Cell(index=index, setting=setting, orders=plain, step=plain and setting.design == "625", others=judged)


def tasks(trials: int) -> Iterator[tuple[Cell, int]]:
    """Every trial of every cell, all cells once before any comes again, so that an unfinished table is an even one."""
    everything = cells()
    return ((cell, trial) for trial in range(trials) for cell in everything)
