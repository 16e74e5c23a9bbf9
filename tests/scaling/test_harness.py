"""The benchmark of the harness itself: what it compares, what it calls a miss, and that its stores are runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from bptt_bench.store.frame import load

from tests.scaling import harness
from tests.scaling.harness import PASS, Figure, interleaved, main, of_commands, of_fit, of_store
from tests.scaling.stored import many_points, repeated


def test_commands_are_started_in_turn_and_the_first_round_is_left_out() -> None:
    started: list[str] = []
    times = iter([100.0, 100.0, 1.0, 10.0, 3.0, 30.0, 2.0, 20.0])

    def timer(command: Sequence[str]) -> float:
        started.append(command[0])
        return next(times)

    assert interleaved({"a": ["x"], "b": ["y"]}, 3, timer) == {"a": 2.0, "b": 20.0}
    assert started == ["x", "y"] * 4


def test_a_command_is_judged_in_seconds_and_as_a_ratio() -> None:
    figures = {figure.name: figure for figure in of_commands({PASS: 0.02, "--help": 0.1, "verdict": 1.6})}
    assert figures[PASS].met is None
    assert figures["bench --help"].met is True
    assert figures[f"bench --help / {PASS}"].value == pytest.approx(5.0)
    assert figures["bench verdict"].met is False
    assert figures[f"bench verdict / {PASS}"].met is False


def test_a_fit_is_timed_on_five_samples_at_each_of_625_points() -> None:
    figure = of_fit(1)
    assert (figure.name, figure.unit, figure.goal) == ("fit of 3125 samples", "ms", 20.0)
    assert figure.value > 0


def test_a_store_is_judged_by_the_whole_process_and_its_peak() -> None:
    stages = {"load": 1.0, "fit": 2.0, "report": 3.0, "peak_bytes": 1.1e9}
    figures = {figure.name.removeprefix("s: "): figure for figure in of_store("s", stages, 6.5)}
    assert (figures["in all"].value, figures["in all"].met) == (6.5, True)
    assert (figures["peak memory"].value, figures["peak memory"].met) == (1100.0, False)
    assert figures["load"].met is None


@pytest.mark.parametrize(("goal", "words"), [(2.0, "met"), (1.0, "missed"), (None, "")])
def test_a_line_says_whether_the_goal_was_met(goal: float | None, words: str) -> None:
    assert Figure(name="x", value=1.5, unit="s", goal=goal).line().endswith(words or "s")


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(RuntimeError, match="status 3: oh"):
        harness.seconds_of([sys.executable, "-c", "import sys; print('oh', file=sys.stderr); sys.exit(3)"])


def test_the_run_repeated_has_its_cells_its_records_and_new_scatter(tmp_path: Path) -> None:
    made = tmp_path / "made"
    assert many_points(tmp_path / "run", samples=2600) == 2600
    assert repeated(tmp_path / "run", made, samples=5000) == 5200
    run, again = load(tmp_path / "run"), load(made)
    cells = ["subject", "V", "d", "H", "T"]
    assert again.groupby(cells).size().equals(2 * run.groupby(cells).size())
    assert not again.duplicated([*cells, "block", "timing"]).any()
    assert again["started_at"].is_monotonic_increasing
    ratios = again["seconds_per_eval"].to_numpy() / np.tile(run["seconds_per_eval"].to_numpy(), 2)
    assert np.log(ratios).std() == pytest.approx(0.01, rel=0.1)


def test_the_same_seed_writes_the_same_store(tmp_path: Path) -> None:
    for name in "ab":
        many_points(tmp_path / name, samples=100)
    one, other = ((tmp_path / name / "samples.jsonl").read_bytes() for name in "ab")
    assert one == other


def test_many_points_hold_what_their_laws_say_and_are_reported(tmp_path: Path) -> None:
    many_points(tmp_path, samples=7500)
    stages, seconds = harness.staged(tmp_path)
    assert stages["samples"] == 7500
    assert 0 < sum(stages[name] for name in ("load", "fit", "report")) < seconds
    assert stages["peak_bytes"] > 50e6
    assert (tmp_path / "report.html").is_file()
    verdicts = subprocess.run(
        [sys.executable, "-m", "bptt_bench", "verdict", str(tmp_path), "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = json.loads(verdicts.stdout)
    assert len(found) == 6
    assert all(one["verdict"] == "supported" for one in found)


def test_json_is_one_document(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness, "interleaved", lambda *_: {PASS: 0.02, "--help": 0.1, "verdict": 1.0})
    monkeypatch.setattr(harness, "of_fit", lambda _: Figure(name="fit", value=18.0, unit="ms", goal=20.0))
    assert main(["--samples", "0", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert {"name": "bench verdict", "value": 1.0, "unit": "s", "goal": 1.5, "met": True} in figures
