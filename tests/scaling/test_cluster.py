"""What the harness costs: that runs of it are runs, and that growth that is too fast is found."""

from __future__ import annotations

from pathlib import Path

import pytest
from bptt_bench.store.frame import load

from tests.scaling.canned import measured
from tests.scaling.cluster import Case, cases, growth, growths, one, shares, table


def test_a_canned_run_has_all_its_samples(tmp_path: Path) -> None:
    seconds = measured(tmp_path / "run", 30, 2)
    frame = load(tmp_path / "run")
    assert len(frame) == 60
    assert set(frame.groupby(["n", "m"]).size()) == {2}
    assert seconds > 0


def test_a_case_tells_seconds_and_bytes() -> None:
    found = one(Case(20, 2))
    assert set(found) == {"run", "client_cpu", "run_bytes", "resume", "load", "load_bytes"}
    assert found["load_bytes"] >= found["run_bytes"] > 1e7


def test_cells_samples_and_workers_are_varied_up_to_the_largest() -> None:
    chosen = cases(10_000)
    assert max(case.cells for case in chosen) == 10_000
    assert {case.workers for case in chosen} == {0, 1, 2, 3, 4}
    assert {case.samples for case in chosen if not case.workers} == {1, 2, 4, 8, 16, 32}
    assert len(set(chosen)) == len(chosen)


@pytest.mark.parametrize(("power", "met"), [(1.0, True), (2.0, False)])
def test_growth_that_is_faster_than_it_should_is_found(power: float, met: bool) -> None:
    rows = [
        (Case(cells, 1), 0.01 + 1e-4 * cells**power * (1 + wave))
        for cells, wave in zip(
            (100, 300, 1000, 3000, 10_000, 30_000), (0.01, -0.02, 0.01, 0.0, 0.02, -0.01), strict=True
        )
    ]
    found = growth("seconds", rows, "cells", "1")
    assert found.met is met
    assert found.exponents["cells"][0] == pytest.approx(power, abs=0.05)
    assert found.line().endswith("faster than it should") is not met


def test_every_cost_has_its_growth_and_a_row_and_the_shares_are_of_the_busiest_run() -> None:
    def figures(case: Case) -> dict[str, float]:
        visits = case.cells * case.samples
        costs = {"run": 1e-4, "client_cpu": 9e-5, "resume": 1e-5, "load": 2e-5, "run_bytes": 500, "load_bytes": 600}
        found = {name: cost * (visits + 10) for name, cost in costs.items()}
        return found | {"scheduler_cpu": 1e-5 * visits, "workers_cpu": 8e-5 * visits} if case.workers else found

    found = [(case, figures(case)) for case in cases(30_000)]
    laws = list(growths(found))
    assert len(laws) == 4 + 4 + 3
    assert all(law.met for law in laws)
    assert len(list(table(found))) == 1 + len(found)
    taken = shares(found)
    assert taken == pytest.approx({"workers": 0.008, "scheduler": 0.004, "client": 0.036}, rel=1e-3)
