"""The benchmark of sampling where it counts: on a simulated clock, whose figures repeat, and on a toy for real."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest
from bptt_bench.plan import CostLaw
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import Settings

from tests.scaling import simulated
from tests.scaling.adaptive import AS_NARROW, SHARE, Compared, main, on_a_simulated_clock

SEEDS = (0, 2)
LARGEST = 1.2  # of the widths that the whole time gives: what half of it may cost a single figure (√2 without a choice)
LAST_ROUND = 1.06  # of the budget: what the visits of the last round may take longer than expected


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> list[Compared]:
    claims = simulated.CLAIMS[2:]  # the free exponent of one law is enough: its profile is most of the work
    folder = tmp_path_factory.mktemp("simulated")
    return [on_a_simulated_clock(seed, folder / str(seed), claims=claims) for seed in SEEDS]


def test_half_the_time_gives_intervals_as_narrow_on_a_simulated_clock(pairs: list[Compared]) -> None:
    shares = [pair.adaptive_seconds / pair.fixed_seconds for pair in pairs]
    assert max(shares) <= LAST_ROUND * SHARE
    ratios = [ratio for pair in pairs for ratio in pair.ratios.values()]
    assert len(ratios) == len(SEEDS) * 3
    assert statistics.median(ratios) <= 1.0
    assert sum(ratio <= AS_NARROW for ratio in ratios) >= 0.5 * len(ratios)
    assert max(ratios) <= LARGEST


def test_the_simulated_fixed_run_takes_what_its_laws_say(pairs: list[Compared]) -> None:
    exact = {
        name: sum(
            float(CostLaw(law.text).evaluate(dict(point), simulated.SECONDS_PER_UNIT[name]))
            for point in simulated.DESIGN
        )
        for name, law in simulated.LAWS.items()
    }
    # two evaluations a visit, one to warm up; a tenth of them 2.25 times as long; one subject under two names
    expected = 10 * 2 * (exact["slow"] + 2 * exact["fast"]) * 1.125
    assert pairs[0].fixed_seconds == pytest.approx(expected, rel=0.25)


def test_the_table_shows_both_widths_and_what_is_missing() -> None:
    pair = Compared(
        fixed_seconds=100.0,
        adaptive_seconds=40.0,
        fixed={"a": 0.1, "bb": 0.2, "c": 0.3},
        adaptive={"a": 0.05, "bb": 0.4, "c": None},
    )
    assert pair.ratios == {"a": 0.5, "bb": 2.0}
    assert not pair.met
    assert pair.lines() == [
        "claim      fixed   adaptive  ratio",
        "a      ±  0.1000  ±  0.0500   0.50",
        "bb     ±  0.2000  ±  0.4000   2.00",
        "c      ±  0.3000          -      -",
        "40.0 s of 100.0 s (40%); 1 of 3 intervals as narrow or narrower, median ratio of half-widths 1.25",
    ]


@pytest.mark.parametrize(("seconds", "width", "met"), [(50.0, 0.1, True), (60.0, 0.1, False), (50.0, 0.12, False)])
def test_the_goal_is_met_by_both_time_and_widths(seconds: float, width: float, *, met: bool) -> None:
    pair = Compared(fixed_seconds=100.0, adaptive_seconds=seconds, fixed={"a": 0.1}, adaptive={"a": width})
    assert pair.met is met


def test_it_runs_for_real_and_can_reuse_a_stored_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(experiment="tests.toy_experiment", profile="quick", probe=False)
    measure_run(settings, tmp_path / "stored")
    main(
        [
            *("--experiment", "tests.toy_experiment", "--profile", "quick", "--share", "20"),
            *("--fixed", str(tmp_path / "stored"), "--folder", str(tmp_path), "--out", str(tmp_path / "out.json")),
        ]
    )
    (pair,) = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert list(pair["fixed"]) == ["sum-linear"]
    assert pair["fixed_seconds"] > 0
    assert set(pair) == {"fixed_seconds", "adaptive_seconds", "fixed", "adaptive", "ratios", "met"}
    printed = capsys.readouterr().out
    assert "sum-linear" in printed
    assert "done: " in printed
