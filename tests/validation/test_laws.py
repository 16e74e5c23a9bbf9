"""The table of found laws: what a trial is scored by, and what the figures are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from bptt_bench.analyse.discover.discover import discover
from bptt_bench.validation.random_laws import measure, random_law

from tests.validation.laws import CELLS, COLUMNS, OURS, PUBLISHED_SEED, document, ours, peers, trial


def outcome(cell: int, **changed: Any) -> dict[str, Any]:
    right = {"error": 0.02, "slope_error": 0.01, "in_set": True, "laws": 2, "answered": True, "wrong_alone": False}
    beside = {"counts_tell": False, "covered": True, "silent": False, "seconds": 0.3}
    return {"cell": cell, OURS: {**right, **beside, **changed}}


def test_a_trial_is_the_same_again_and_has_what_the_table_asks() -> None:
    one, other = (trial(CELLS[0], 3, 7, None) for _ in range(2))
    for each in (one, other):
        each[OURS].pop("seconds")
    assert one == other
    assert set(one) == {"cell", OURS, "gaussian_process"}
    assert set(one[OURS]) == set(outcome(0)[OURS]) - {"seconds"}


def test_a_law_that_is_known_is_scored_as_right() -> None:
    law = random_law(1, "inside", np.random.default_rng(1))
    frame = measure(law, np.random.default_rng(2), noise=0.002)
    found = ours(discover(frame, counts=law.law), law, 0.0)
    assert found["answered"]
    assert found["in_set"]
    assert not found["wrong_alone"]
    assert found["error"] < 0.02
    assert found["slope_error"] < 0.02


def test_counts_tell_the_law_and_its_time_has_no_other() -> None:
    counted = next(cell for cell in CELLS if cell.counted and cell.n_factors == 1)
    assert trial(counted, 1, 5, None)[OURS]["counts_tell"]


def test_what_misses_without_a_doubt_is_silent() -> None:
    law = random_law(1, "inside", np.random.default_rng(1))
    frame = measure(law, np.random.default_rng(2), noise=0.002)
    found = discover(frame, counts=law.law)
    assert ours(found, law, np.log(3.0))["covered"] is False
    assert ours(found, law, np.log(3.0))["silent"] is False, "the prediction itself is right"


def test_a_curve_through_logarithms_is_right_for_a_power(rng: np.random.Generator) -> None:
    law = random_law(1, "power", rng)
    (answer,) = (
        found for tool, found in peers(law, measure(law, rng, noise=0.001), None) if tool == "gaussian_process"
    )
    assert answer["slope_error"] < 0.3


def test_the_table_has_a_row_for_every_goal() -> None:
    found = document([outcome(cell.index) for cell in CELLS] + [outcome(0, in_set=False)], 1)
    assert found["columns"] == list(COLUMNS)
    assert all(len(row) == len(COLUMNS) for row in found["rows"])
    (in_set,) = (row for row in found["rows"] if row[0] == "true law in the set")
    assert in_set[2].startswith("50")
    assert [row[0] for row in found["rows"] if "peer" in row[0]] == []


def test_cells_are_told_apart_and_development_has_other_seeds() -> None:
    assert [cell.index for cell in CELLS] == list(range(len(CELLS)))
    assert len({(c.n_factors, c.kind, c.noise, c.counted) for c in CELLS}) == len(CELLS) == 18
    assert PUBLISHED_SEED > 10_000
