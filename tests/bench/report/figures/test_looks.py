"""A subject has one colour and one marker in every figure, and in every experiment that declares its place."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import bptt_rnn.experiment
import bptt_rnn.experiment.family
import bptt_rnn.experiment.race
import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.plan import CostLaw, Design, Experiment, Factor, Profile, RatioClaim, Subject
from bptt_bench.plan.description.description import decode_experiment, encode_experiment
from bptt_bench.report.figures.style import BASELINE, LOOKS, Look, level_looks, subject_looks
from bptt_bench.store.frame import load
from bptt_bench.store.runs.experiments import experiment_of_run

RESULTS = Path(__file__).resolve().parents[4] / "results"


def experiment(**places: int | None) -> Experiment:
    subjects = tuple(
        Subject(name=name, prepare=lambda _point: print, law=CostLaw("n"), look=place) for name, place in places.items()
    )
    points = Design.of([{"n": 1}, {"n": 2}])
    return Experiment(
        name="x", factors=(Factor(name="n"),), subjects=subjects, profiles={"quick": Profile(design=points)}
    )


def places(looks: dict[str, Look]) -> dict[str, int]:
    return {name: LOOKS.index(look) for name, look in looks.items()}


def test_subjects_take_the_palette_in_order() -> None:
    assert places(subject_looks(experiment(a=None, b=None))) == {"a": 0, "b": 1}


def test_a_place_that_is_declared_is_kept_and_others_take_those_that_are_free() -> None:
    assert places(subject_looks(experiment(a=None, b=0, c=None, d=3))) == {"a": 1, "b": 0, "c": 2, "d": 3}


def test_of_two_with_the_same_place_the_second_takes_a_free_one() -> None:
    assert places(subject_looks(experiment(a=1, b=1, c=None))) == {"a": 1, "b": 0, "c": 2}


def test_places_beyond_the_palette_begin_anew() -> None:
    assert places(subject_looks(experiment(a=len(LOOKS)))) == {"a": 0}


@pytest.mark.parametrize("place", ["red", -1, 1.0, True])
def test_a_place_that_is_none_is_refused_before_anything_is_drawn(place: Any) -> None:
    with pytest.raises(ExperimentError, match=f"subject 'a': look must be a whole number from 0, got {place!r}"):
        experiment(a=place)


def test_what_is_taken_off_the_others_is_a_baseline_and_takes_no_place() -> None:
    claim = RatioClaim(name="r", subject="b", over="c", less="a", ratio="1", points=Design.of([{"n": 1}, {"n": 2}]))
    looks = subject_looks(replace(experiment(a=None, b=None, c=None), claims=(claim,)))
    assert looks.pop("a") == BASELINE
    assert places(looks) == {"b": 0, "c": 1}


def test_levels_have_markers_of_their_own_and_no_colour_of_a_subject() -> None:
    looks = level_looks(5)
    assert len({look.marker for look in looks}) == 5
    assert not {look.color for look in looks} & {look.color for look in LOOKS}


def test_an_algorithm_looks_the_same_in_every_experiment_and_in_the_committed_runs() -> None:
    modules = (bptt_rnn.experiment, bptt_rnn.experiment.family, bptt_rnn.experiment.race)
    experiments = [module.EXPERIMENT for module in modules]
    experiments += [experiment_of_run(load(RESULTS / name)) for name in ("reference", "family")]
    found: dict[str, set[Look]] = {}
    for looks in map(subject_looks, experiments):
        assert len(set(looks.values())) == len(looks), "no two of a figure look alike"
        for name, look in looks.items():
            found.setdefault(name, set()).add(look)
    assert {name for name, looks in found.items() if len(looks) > 1} == set()
    assert {"naive", "aggregated", "batched", "fused", "forward"} <= set(found)


def test_the_place_is_stored_with_a_run_and_may_be_missing_from_older_ones() -> None:
    stored = encode_experiment(experiment(a=3, b=None), "quick")
    assert [subject.look for subject in decode_experiment(stored).subjects] == [3, None]
    del stored["subjects"][0]["look"]
    assert [subject.look for subject in decode_experiment(stored).subjects] == [None, None]


@pytest.mark.parametrize("field", ["color", "marker", "dash", "hatch"])
def test_no_two_looks_share_what_identifies_them(field: str) -> None:
    pairs = itertools.combinations([*LOOKS, BASELINE._replace(hatch="none")], 2)
    assert [(a, b) for a, b in pairs if getattr(a, field) == getattr(b, field)] == []
