"""Runs that measure what decides between the laws of a function that states none, on a clock that it moves."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bptt_bench.analyse.discover.discover import discover
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Design, Evaluation, Experiment, Factor, Point, Profile, Subject
from bptt_bench.plan.experiment.stopping_rule import StoppingRule
from bptt_bench.store import SampleStore
from bptt_bench.store.frame import load
from bptt_bench.workflows.adaptive import DecidingSampler, first_blocks, read_stopping_rule

from tests.bench.measure.fakes import FakeEngine

SIZES = [1000, 2000, 4000, 8000]
BLOCKS = 3


def experiment(clock: FakeClock) -> Experiment:
    """One function that takes n·log(n) microseconds, with noise of 15 %."""
    rng = np.random.default_rng(4)

    def prepare(point: Point) -> Evaluation:
        exact = 1e-6 * point["n"] * float(np.log(point["n"]))
        return lambda: clock.advance(exact * float(np.exp(0.15 * rng.standard_normal())))

    return Experiment(
        name="unknown",
        factors=(Factor(name="n"),),
        subjects=(Subject(name="sort", prepare=prepare),),
        profiles={"quick": Profile(design=Design.grid({"n": SIZES}), blocks=BLOCKS, seconds_per_sample=1e-9)},
    )


def measured(folder: Path, seconds: float) -> list[str]:
    """What a run said that has so many seconds to decide."""
    clock, said = FakeClock(), list[str]()
    made, rule = experiment(clock), StoppingRule(budget_seconds=seconds, decides=True)
    with SampleStore.create(folder) as store:
        sampler = DecidingSampler(
            made, rule, seed=1, read=lambda: load(folder), append=store.append, seconds_used=clock.now, say=said.append
        )
        run(
            first_blocks(made, "quick", rule),
            module="unknown",
            profile="quick",
            seed=1,
            threads=1,
            sink=store,
            engine=FakeEngine(made, clock),
            clock=clock,
            done=store.done,
            describe_environment=dict,
            next_blocks=sampler,
            probe=False,
        )
    return said


def test_points_that_decide_are_measured_until_one_law_is_left_or_none_decides(tmp_path: Path) -> None:
    said = measured(tmp_path / "run", 1e5)
    frame = load(tmp_path / "run")
    assert (frame["n"].isin(SIZES)).sum() == BLOCKS * len(SIZES), "the whole profile"
    beyond = frame[~frame["n"].isin(SIZES)]
    assert set(beyond["stage"]) == {"adaptive"}
    assert beyond.groupby("n").size().tolist() == [5] * beyond["n"].nunique()
    assert len(frame.attrs["allocations"]) == beyond["n"].nunique() > 0
    assert said[0].startswith("next ")
    assert "would tell" in said[0]
    assert said[-1] in (
        "done: one law is left for each subject",
        "done: no point beyond those measured would decide between the laws that are left within the time",
    )
    assert "n*log(n)" in [one.law.text for one in discover(frame).candidates]


def test_without_time_for_it_nothing_beyond_the_profile_is_measured(tmp_path: Path) -> None:
    said = measured(tmp_path / "run", 2.0)
    assert load(tmp_path / "run")["n"].isin(SIZES).all()
    assert said[-1].startswith("done: ")


def test_a_rule_that_decides_is_stored_and_read_again() -> None:
    rule = read_stopping_rule(None, None, None, "60s")
    assert rule is not None
    assert rule == StoppingRule(budget_seconds=60.0, decides=True)
    assert StoppingRule(**rule.to_json()) == rule
    assert str(rule) == "what decides between the laws that fit, for at most 60 s in all"
    assert "decides" not in StoppingRule(budget_seconds=1.0).to_json()
    with pytest.raises(ExperimentError, match="--decide: not with --budget or --until"):
        read_stopping_rule("60s", None, None, "60s")
