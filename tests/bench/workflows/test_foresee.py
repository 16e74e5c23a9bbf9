"""``foresee`` from end to end: predictions are stored before anything tests them, and nothing is lost when it stops."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.cli.main import cli
from bptt_bench.measure.loop.events import PredictionsStored, SampleTaken
from bptt_bench.store import SampleStore
from click.testing import CliRunner, Result

ROOT = Path(__file__).resolve().parents[3]
TOY = "tests.toy_experiment"
LEVELS, VISITS, SUBJECTS = (512_000, 1_024_000, 2_048_000), 2, ("sum", "scale")
ANCHORS = (1_000, 4_000, 16_000, 64_000, 128_000, 256_000)  # all that the toy sweeps
SWEPT = 60  # samples of the toy's quick profile
SECONDS_TO_END = 120.0  # a stuck process fails the test, a slow machine does not


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments], env={"COLUMNS": "80"})


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()]


def of(folder: Path, kind: str, stage: str | None = None) -> list[dict[str, Any]]:
    found = [record for record in records(folder) if record["record"] == kind]
    return found if stage is None else [record for record in found if record.get("stage", "sweep") == stage]


def visits(samples: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(s["subject"], s["point"]["n"], s["block"], s["timing"]) for s in samples]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A finished foresee of the toy, and what it said."""
    folder = tmp_path_factory.mktemp("foreseen") / "run"
    return folder, invoke("foresee", TOY, "--out", folder, "--json")


def require_whole(folder: Path) -> None:
    """Everything was measured once, everything was predicted once, and that before anything beyond was measured."""
    swept, beyond = visits(of(folder, "sample", "sweep")), visits(of(folder, "sample", "beyond"))
    assert len(swept) == len(set(swept)) == SWEPT
    assert sorted(beyond) == sorted(
        (subject, n, block, "whole") for subject in SUBJECTS for n in (*LEVELS, *ANCHORS) for block in (3, 4)
    )
    predicted = [(record["subject"], record["at"]["n"]) for record in of(folder, "prediction")]
    assert sorted(predicted) == sorted((subject, n) for subject in SUBJECTS for n in LEVELS)
    kinds = [(record["record"], record.get("stage")) for record in records(folder)]
    last_prediction = max(i for i, (kind, _) in enumerate(kinds) if kind == "prediction")
    assert last_prediction < kinds.index(("sample", "beyond"))
    first_prediction = kinds.index(("prediction", None))
    (chosen,) = of(folder, "anchors")
    cells = [(one["subject"], one["point"]["n"]) for one in chosen["cells"]]
    assert [subject for subject, _ in cells] == [subject for subject in SUBJECTS for _ in ANCHORS]
    assert sorted(cells) == sorted((subject, n) for subject in SUBJECTS for n in ANCHORS)
    assert kinds.index(("anchors", None)) < first_prediction
    assert all(kind != "sample" or stage == "beyond" for kind, stage in kinds[first_prediction:])


# --- a run ------------------------------------------------------------------------------------------------------------


def test_predictions_are_stored_before_the_first_sample_beyond(made: tuple[Path, Result]) -> None:
    folder, result = made
    assert result.exit_code == 0, result.stderr
    require_whole(folder)


def test_it_answers_with_one_document(made: tuple[Path, Result]) -> None:
    folder, result = made
    document = json.loads(result.stdout)
    assert (document["folder"], document["experiment"], document["profile"]) == (str(folder), TOY, "quick")
    assert document["held_to"] == {"median": 0.05, "p95": 0.1, "coverage": [0.9, 0.98]}
    assert document["unmeasured"] == []
    assert {name: one["n"] for name, one in document["accuracy_by_subject"].items()} == {"sum": 3, "scale": 3}
    assert document["accuracy"]["n"] == 6
    stored = {(record["subject"], record["at"]["n"]): record for record in of(folder, "prediction")}
    for point in document["points"]:
        record = stored.pop((point["subject"], point["at"]["n"]))
        assert (point["predicted"], point["low"], point["high"]) == (record["value"], record["low"], record["high"])
        assert point["relative_error"] == point["predicted"] / point["measured"] - 1
        assert point["covered"] is (point["low"] <= point["measured"] <= point["high"])
        assert point["measured_low"] <= point["measured"] <= point["measured_high"]
        assert (point["farther"], point["n_samples"]) == (point["at"]["n"] / 256_000, VISITS)
        shift, moved = document["shifts"][point["subject"]], point["at_test_speed"]
        assert moved["predicted"] == pytest.approx(point["predicted"] * shift["ratio"])
        assert moved["covered"] is (moved["low"] <= point["measured"] <= moved["high"])
        assert moved["high"] / moved["predicted"] > point["high"] / point["predicted"]
    assert stored == {}
    for shift in document["shifts"].values():
        assert shift["anchors"] == len(ANCHORS)
        assert shift["low"] < shift["ratio"] < shift["high"]
    assert document["accuracy_at_test_speed"]["n"] == 6
    errors = sorted(abs(point["relative_error"]) for point in document["points"])
    assert document["accuracy"]["median"] == pytest.approx((errors[2] + errors[3]) / 2)
    assert document["accuracy"]["worst"] == errors[-1]


def test_progress_says_when_predictions_are_stored_and_counts_on(made: tuple[Path, Result]) -> None:
    lines = made[1].stderr.splitlines()
    starts = (
        f"{TOY}, profile quick: 18 cells in 3 blocks, seed 0, 1 BLAS thread, into ",
        "then 3 points beyond, in 2 blocks, for sum, scale",
        "measuring toy, profile quick: 60 samples",
        "block 3/3 done",
        "6 predictions stored; now these points are measured",
        "block 4/5 done, about ",
        "block 5/5 done",
        "96 samples; ",
    )
    places = [next(i for i, line in enumerate(lines) if line.startswith(start)) for start in starts]
    assert places == sorted(places)


def test_the_table_fits_80_columns_and_says_it_all(made: tuple[Path, Result], tmp_path: Path) -> None:
    shutil.copytree(made[0], tmp_path / "run")
    result = invoke("foresee", "--resume", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    table = result.stdout[result.stdout.index("\nsum\n") :]
    assert max(map(len, table.splitlines())) <= 80
    headings = [line for line in table.splitlines() if line in SUBJECTS]
    assert headings == list(SUBJECTS)
    predicted, _, summary = table.partition("\n✗: ")
    rows = [line.split() for line in predicted.splitlines() if "[" in line]
    levels = [f"{n:,}".split(",") for n in LEVELS]
    assert [row[: len(level)] for row, level in zip(rows, levels * 2, strict=True)] == levels * 2
    held = sum(point["covered"] for point in json.loads(made[1].stdout)["points"])
    assert sum(row[-1] == "✗" for row in rows[:6]) == 6 - held
    accuracy, _, rest = summary.partition("\nHeld to 5")
    assert [line.split()[:2] for line in accuracy.splitlines()[-4:]] == [
        ["sum", "3"], ["scale", "3"], ["all", "6"], ["held", "to"]
    ]  # fmt: skip
    assert " ".join(rest.split()).count(" at 6 points") == len(SUBJECTS)
    assert "6 predictions with this change" in rest


def test_no_fit_of_the_run_sees_the_points_beyond(made: tuple[Path, Result]) -> None:
    result = invoke("fit", made[0], "--law", "n", "--subject", "sum", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["n_points"], document["n_samples"]) == (6, 18)


# --- going on ---------------------------------------------------------------------------------------------------------


@contextmanager
def interrupted_when(condition: Callable[[Any], bool], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """SIGINT as soon as an event fulfils a condition, for as long as the block lasts."""

    @contextmanager
    def shown(*_: object) -> Iterator[Callable[[object], None]]:
        yield lambda event: os.kill(os.getpid(), signal.SIGINT) if condition(event) else None

    with monkeypatch.context() as patch:
        patch.setattr("bptt_bench.workflows.foresee.show_progress", shown)
        yield


@pytest.mark.parametrize(
    ("condition", "stored"),
    [
        (lambda event: isinstance(event, SampleTaken) and event.cells_done == 25, (25, 0, 0)),
        (lambda event: isinstance(event, PredictionsStored), (SWEPT, 6, 0)),
        (lambda event: isinstance(event, SampleTaken) and event.cells_done == SWEPT + 4, (SWEPT, 6, 4)),
    ],
    ids=["in the sweep", "predicted", "in the part beyond"],
)
def test_an_interrupted_run_goes_on_with_what_it_has(
    condition: Callable[[Any], bool], stored: tuple[int, int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    with interrupted_when(condition, monkeypatch):
        result = invoke("foresee", TOY, "--out", folder, "--json")
    assert (result.exit_code, result.stdout) == (130, ""), result.stderr
    goes_on = f"go on with: bptt-bench foresee --resume {folder} --json"
    assert result.stderr.splitlines()[-1] == f"interrupted by SIGINT; {goes_on}"
    before = (folder / "samples.jsonl").read_text(encoding="utf-8")
    counts = (len(of(folder, "sample", "sweep")), len(of(folder, "prediction")), len(of(folder, "sample", "beyond")))
    assert counts == stored
    again = invoke("foresee", "--resume", folder, "--json")
    assert again.exit_code == 0, again.stderr
    assert (folder / "samples.jsonl").read_text(encoding="utf-8").startswith(before)
    require_whole(folder)
    kept = ", 6 of them before" if stored[1] else ""
    assert f"6 predictions stored{kept}; now these points are measured" in again.stderr


def test_predictions_that_were_cut_short_are_completed_from_the_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, append = tmp_path / "run", SampleStore.append

    def stopped(store: SampleStore, record: Any) -> None:
        append(store, record)
        if record["record"] == "prediction" and record["at"]["n"] == LEVELS[1]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SampleStore, "append", stopped)
        assert invoke("foresee", TOY, "--out", folder).exit_code == 130
    assert len(of(folder, "prediction")) == 2
    assert invoke("foresee", "--resume", folder, "--json").exit_code == 0
    require_whole(folder)
    document = json.loads(invoke("foresee", "--resume", folder, "--json").stdout)
    assert len(document["points"]) == 6


def test_a_finished_run_can_be_foreseen_from(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    assert invoke("run", TOY, "--out", folder, "--seed", "3", "--json").exit_code in (0, 1)
    result = invoke("foresee", "--resume", folder, "--json")
    assert result.exit_code == 0, result.stderr
    require_whole(folder)
    assert "seed 3" in result.stderr
    assert "36 samples; " in result.stderr


def test_a_finished_foresee_measures_nothing_more(made: tuple[Path, Result], tmp_path: Path) -> None:
    shutil.copytree(made[0], tmp_path / "copy")
    result = invoke("foresee", "--resume", tmp_path / "copy", "--json")
    assert result.exit_code == 0, result.stderr
    assert "nothing was left to measure" in result.stderr
    assert json.loads(result.stdout)["points"] == json.loads(made[1].stdout)["points"]


def rewritten(source: Path, folder: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Path:
    """A copy of a run with its records changed."""
    folder.mkdir()
    lines = (json.dumps(record) + "\n" for record in change(records(source)))
    (folder / "samples.jsonl").write_text("".join(lines), encoding="utf-8")
    return folder


def test_blocks_beyond_follow_whatever_the_run_holds(made: tuple[Path, Result], tmp_path: Path) -> None:
    def adapted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [line for line in lines if line["record"] != "prediction" and line.get("stage") != "beyond"]
        return [*kept, {**of(made[0], "sample")[0], "block": 7, "stage": "adaptive"}]

    folder = rewritten(made[0], tmp_path / "run", adapted)
    assert invoke("foresee", "--resume", folder, "--json").exit_code == 0
    assert {sample["block"] for sample in of(folder, "sample", "beyond")} == {8, 9}


def test_a_run_that_was_begun_without_anchors_goes_on_without_them(made: tuple[Path, Result], tmp_path: Path) -> None:
    def older(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        kept = [line for line in lines if line["record"] != "anchors"]
        return [one for one in kept if one.get("stage") != "beyond" or one["point"]["n"] in LEVELS]

    folder = rewritten(made[0], tmp_path / "run", older)
    before = (folder / "samples.jsonl").read_text(encoding="utf-8")
    result = invoke("foresee", "--resume", folder, "--json")
    assert result.exit_code == 0, result.stderr
    assert "nothing was left to measure" in result.stderr
    assert (folder / "samples.jsonl").read_text(encoding="utf-8").count('"sample"') == before.count('"sample"')
    document = json.loads(result.stdout)
    assert (document["shifts"], document["accuracy_at_test_speed"]) == ({}, None)
    assert {point["at_test_speed"] for point in document["points"]} == {None}


def test_a_point_measured_before_it_was_predicted_is_refused(made: tuple[Path, Result], tmp_path: Path) -> None:
    rewritten(made[0], tmp_path / "run", lambda lines: [one for one in lines if one["record"] != "prediction"])
    result = invoke("foresee", "--resume", tmp_path / "run")
    assert result.exit_code == 2
    expected = "error: sum at n=512000: measured already but never predicted; begin a new run"
    assert result.stderr.splitlines()[-1] == expected
    assert of(tmp_path / "run", "prediction") == []


SLOW = """
import time
from bptt_bench.plan import CostLaw, Design, Experiment, Factor, Foresight, Profile, Subject

def prepare(point):
    return lambda: time.sleep(0.01 * point["n"])

EXPERIMENT = Experiment(
    name="slow", factors=(Factor(name="n"),), subjects=(Subject(name="sleep", prepare=prepare, law=CostLaw("n")),),
    profiles={"quick": Profile(
        design=Design.grid({"n": [1, 2, 3]}), blocks=3, seconds_per_sample=0.01, processes=1, phase_blocks=0
    )},
    foresight=Foresight(beyond=Design.grid({"n": [6, 8]}), subjects=("sleep",), profile="quick", visits=6),
)
CLAIMS = ()
"""


def test_a_process_that_is_interrupted_twice_loses_nothing(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    folder, counted = tmp_path / "run", list[int]()
    for arguments, until in (
        ([str(tmp_path / "slow.py"), "--out", str(folder)], "block 1/"),
        (["--resume", str(folder)], "2 predictions stored; "),
    ):
        command = [sys.executable, "-m", "bptt_bench", "foresee", *arguments, "--json"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            said = [next(process.stderr)]
            while not said[-1].startswith(until):
                said.append(next(process.stderr))
            process.send_signal(signal.SIGINT)
            output, errors = process.communicate(timeout=SECONDS_TO_END)
        assert (process.returncode, output) == (130, ""), (said, errors)
        assert errors.splitlines()[-1].startswith("interrupted by SIGINT; go on with: bptt-bench foresee --resume ")
        counted.append(len(of(folder, "sample")))
    assert counted[0] < 9 <= counted[1] < 9 + 12 + 18
    predictions = of(folder, "prediction")
    result = invoke("foresee", "--resume", folder, "--json")
    assert result.exit_code == 0, result.stderr
    assert of(folder, "prediction") == predictions
    taken = visits(of(folder, "sample"))
    assert len(taken) == len(set(taken)) == 9 + 12 + 18
    assert [point["n_samples"] for point in json.loads(result.stdout)["points"]] == [6, 6]
    assert json.loads(result.stdout)["accuracy"]["worst"] < 0.5


# --- what cannot be used ----------------------------------------------------------------------------------------------


def require_one_line(result: Result, message: str) -> None:
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error: {message}\n"


def written(folder: Path, change: str) -> Path:
    path = folder / "changed.py"
    path.write_text(
        "import dataclasses\nfrom bptt_bench.plan import Design\nfrom tests.toy_experiment import CLAIMS, EXPERIMENT\n"
        f"EXPERIMENT = dataclasses.replace(EXPERIMENT, {change})\n",
        encoding="utf-8",
    )
    return path


def test_an_experiment_without_foresight(tmp_path: Path) -> None:
    path = written(tmp_path, "foresight=None")
    result = invoke("foresee", path, "--out", tmp_path / "out")
    require_one_line(result, "experiment 'toy': has no foresight, so there is nothing to predict")
    assert not (tmp_path / "out").exists()


def test_a_run_whose_sweep_reaches_as_far_is_refused_before_it_is_measured(tmp_path: Path) -> None:
    profile = "dataclasses.replace(EXPERIMENT.profiles['quick'], design=Design.grid({'n': [1000, 4000, 512000]}))"
    path = written(tmp_path, f"profiles={{**EXPERIMENT.profiles, 'wide': {profile}}}")
    assert invoke("run", path, "--profile", "wide", "--out", tmp_path / "run").exit_code in (0, 1)
    before = (tmp_path / "run" / "samples.jsonl").read_bytes()
    result = invoke("foresee", "--resume", tmp_path / "run")
    message = "foresight at n=512000: lies within what profile 'wide' sweeps of sum, in every factor"
    require_one_line(result, message)
    assert (tmp_path / "run" / "samples.jsonl").read_bytes() == before


def test_folders_that_cannot_be_used(made: tuple[Path, Result], tmp_path: Path) -> None:
    require_one_line(
        invoke("foresee", TOY, "--out", "a", "--resume", "b"), "--out and --resume: name one folder, not two"
    )
    require_one_line(
        invoke("foresee", "--resume", tmp_path), f"{tmp_path}: holds no run to be resumed (no samples.jsonl)"
    )
    missing = tmp_path / "missing"
    require_one_line(
        invoke("foresee", "--resume", missing), f"{missing}: holds no run to be resumed (no samples.jsonl)"
    )
    result = invoke("foresee", TOY, "--out", made[0])
    assert result.exit_code == 2
    assert "holds a run already" in result.stderr.splitlines()[-1]
    result = invoke("foresee", "--resume", made[0], "--seed", "4")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[-1] == (
        "error: the run to be continued has seed 0, not 4; continue it with its own, or name another folder"
    )
