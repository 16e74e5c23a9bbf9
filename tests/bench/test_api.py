"""The names that `from bptt_bench import …` gives, and the stages wired together for Python users."""

from __future__ import annotations

import dataclasses
import importlib
from pathlib import Path

import bptt_bench as bench
import numpy as np
import pytest
from bptt_bench import api
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.loop.events import Event, SampleTaken
from bptt_bench.plan import CostLaw, Design, Experiment, Factor, Profile, Subject
from bptt_bench.workflows.run import condition_numbers
from bptt_bench.workflows.settings import Settings, new_folder

from tests import toy_experiment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", bench.__all__)
def test_public_name_is_what_its_home_defines(name: str) -> None:
    value = getattr(bench, name)
    assert value.__name__ == name
    assert getattr(importlib.import_module(value.__module__), name) is value
    assert name in dir(bench)


def test_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'bptt_bench' has no attribute 'frobnicate'"):
        bench.frobnicate  # noqa: B018


def test_run_load_fit_and_judge_work_together(tmp_path: Path) -> None:
    events: list[Event] = []
    frame = bench.run(toy_experiment.EXPERIMENT, out=tmp_path / "run", seed=5, on_event=events.append)
    assert frame.attrs["run"]["experiment"] == "tests.toy_experiment"
    assert frame.attrs["run"]["seed"] == 5
    assert len(frame) == len(bench.load(tmp_path / "run")) == sum(isinstance(event, SampleTaken) for event in events)
    fitted = bench.fit(frame[frame["subject"] == "sum"], "n", overhead="1")
    assert fitted.n_points == len(toy_experiment.LEVELS)
    from_folder = bench.judge(tmp_path / "run")
    assert bench.judge(frame) == from_folder
    assert bench.judge(bench.load(tmp_path / "run"), toy_experiment.EXPERIMENT) == [], (
        "the experiment itself has no claims"
    )
    assert [one.claim for one in from_folder] == [claim.name for claim in toy_experiment.CLAIMS]


def test_experiment_is_found_by_name_module_or_value() -> None:
    for experiment in ("tests.toy_experiment", toy_experiment, toy_experiment.EXPERIMENT):
        assert api._module_of(experiment) == "tests.toy_experiment"


def test_a_run_measures_what_it_is_told(tmp_path: Path) -> None:
    frame = bench.run(toy_experiment.EXPERIMENT, out=tmp_path / "run", measure="time")
    assert set(frame["timing"]) <= {"whole", "phases"}
    assert frame.attrs["run"]["measures"] == ["time"]
    with pytest.raises(ExperimentError, match=r"measure: must be some of time, memory, .*, got 'tiem'"):
        bench.run(toy_experiment.EXPERIMENT, out=tmp_path / "other", measure="tiem")


def test_the_experiment_of_this_project_is_meant_in_a_checkout_of_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT / "results" / "reference")
    assert Settings().experiment == api._module_of(None) == "bptt_rnn.experiment"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ExperimentError, match="EXPERIMENT must be the name of a module, such as"):
        bench.run()


def test_what_is_no_experiment_is_named() -> None:
    with pytest.raises(
        ExperimentError, match="experiment must be the name of a module, a module, or its EXPERIMENT, got a list"
    ):
        bench.run([])  # type: ignore[arg-type]  # on purpose


def test_experiment_that_no_module_holds_cannot_be_run(tmp_path: Path) -> None:
    loose = dataclasses.replace(toy_experiment.EXPERIMENT, name="loose")
    with pytest.raises(ExperimentError, match="experiment 'loose': is not the EXPERIMENT of an imported module"):
        bench.run(loose, out=tmp_path)


def experiment_with(law: CostLaw | None, levels: list[float], overhead: tuple[str, ...] | None = None) -> Experiment:
    subject = Subject(name="s", prepare=toy_experiment.prepare_sum, law=law, overhead=overhead)
    profile = Profile(design=Design.grid({"n": levels}))
    return Experiment(name="e", factors=(Factor(name="n"),), subjects=(subject,), profiles={"quick": profile})


def test_condition_number_of_one_term_is_1_and_of_none_is_absent() -> None:
    assert condition_numbers(experiment_with(CostLaw("n"), [1, 2, 4]), "quick") == {"s": pytest.approx(1.0)}
    assert condition_numbers(experiment_with(None, [1, 2, 4]), "quick") == {}


def test_condition_number_is_that_of_the_relative_design_with_columns_of_unit_length() -> None:
    n = np.array([1.0, 2.0, 8.0])
    relative = np.stack([n / (n + 1), 1 / (n + 1)], axis=1)
    cosine = relative[:, 0] @ relative[:, 1] / np.sqrt((relative**2).sum(axis=0).prod())
    expected = np.sqrt((1 + cosine) / (1 - cosine))  # of two unit vectors at that angle
    numbers = condition_numbers(experiment_with(CostLaw("n"), [1, 2, 8], overhead=("1",)), "quick")
    assert numbers == {"s": pytest.approx(expected)}


@pytest.mark.parametrize(("law", "levels"), [("n + n**2", [7]), ("n + 2*n", [1, 2, 4])])
def test_terms_that_the_points_cannot_distinguish_have_an_infinite_one(law: str, levels: list[float]) -> None:
    assert condition_numbers(experiment_with(CostLaw(law), levels), "quick") == {"s": float("inf")}


def test_a_run_that_nobody_gives_a_folder_takes_none_that_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = []
    for _ in range(30):  # within one second, or two
        folder = new_folder("quick")
        folder.mkdir(parents=True)
        names.append(folder.name)
    assert len(set(names)) == 30
    assert any(name.endswith("-2") for name in names)
