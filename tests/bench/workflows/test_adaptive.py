"""Runs without a fixed length: rounds on a fake clock, what they store and say, how they end and go on."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bptt_bench.analyse.adaptive.precision import TimedCell
from bptt_bench.cli.main import cli as commands
from bptt_bench.errors import TextError
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Experiment, Point
from bptt_bench.plan.experiment.stopping_rule import StoppingRule
from bptt_bench.store import SampleStore
from bptt_bench.store.frame import load
from bptt_bench.workflows.adaptive import (
    AdaptiveSampler,
    first_blocks,
    make_blocks,
    read_stopping_rule,
    stored_stopping_rule,
)

from tests.bench.measure.fakes import FakeEngine
from tests.scaling import simulated

SEED = 1
CLAIMS = simulated.CLAIMS[2:]  # one of each kind: exponent, share, ratio
BUDGET_SECONDS = 110.0


class Ran:
    """An adaptive run on a fake clock into a folder."""

    def __init__(self, folder: Path, rule: StoppingRule, *, stop_after: int | None = None) -> None:
        self.clock, self.folder, self.said = FakeClock(), folder, list[str]()
        self.experiment = simulated.experiment(self.clock, SEED, claims=CLAIMS)
        self.engine = FakeEngine(self.experiment, self.clock, start_up_seconds=simulated.START_UP_SECONDS)
        resumed = (folder / "samples.jsonl").exists()
        with SampleStore.resume(folder) if resumed else SampleStore.create(folder) as store:
            before = float(load(folder)["visit_seconds"].sum()) if resumed else 0.0
            self.sampler = AdaptiveSampler(
                self.experiment,
                "standard",
                rule,
                seed=SEED,
                read=lambda: load(folder),
                append=store.append,
                seconds_used=lambda: before + self.clock.now(),
                say=self.said.append,
            )
            run(
                first_blocks(self.experiment, "standard"),
                module="simulated",
                profile="standard",
                seed=SEED,
                threads=1,
                sink=store,
                engine=self.engine,
                clock=self.clock,
                done=store.done,
                describe_environment=dict,
                next_blocks=self._stopping(stop_after),
                probe=False,
            )

    def _stopping(self, rounds: int | None) -> Callable[[], Any]:
        made = 0

        def further() -> Any:
            nonlocal made
            made += 1
            if rounds is not None and made > rounds:
                raise KeyboardInterrupt
            return self.sampler()

        return further

    @property
    def frame(self) -> pd.DataFrame:
        return load(self.folder)

    @property
    def allocations(self) -> list[dict[str, Any]]:
        return list(self.frame.attrs["allocations"])


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """A run with a budget that lasts for several rounds."""
    return Ran(tmp_path_factory.mktemp("adaptive"), StoppingRule(budget_seconds=BUDGET_SECONDS))


def test_a_budget_is_used_and_kept_and_every_round_says_why(ran: Ran) -> None:
    # the last round may be longer than expected by what single visits scatter, here 5 % and a tenth disturbed
    assert 0.9 * BUDGET_SECONDS < ran.clock.now() < 1.1 * BUDGET_SECONDS
    assert ran.said[-1] == "done: the budget of 110 s is used up"
    rounds = [one for one in ran.allocations if one["visits"]]
    assert len(rounds) >= 2
    assert len(ran.engine.workers) == 2 + len(rounds)
    for one in rounds:
        assert {visit["claim"] for visit in one["visits"]} <= {claim.name for claim in CLAIMS}
        assert sum(v["visits"] * v["seconds_per_visit"] for v in one["visits"]) == pytest.approx(
            one["seconds"], rel=1.0
        )  # up to the pace
        assert any(interval["expected"] < interval["half_width"] for interval in one["intervals"])
    assert ran.said[0].startswith("next ")
    assert any(" -> ±" in line and "exponent of" in line for line in ran.said)


def test_what_was_chosen_is_what_is_measured_in_blocks_of_the_adaptive_stage(ran: Ran) -> None:
    frame = ran.frame
    assert list(frame.groupby("stage").size().index) == ["adaptive", "sweep"]
    assert frame[frame["stage"] == "sweep"]["block"].max() == 1
    for one in ran.allocations:
        mine = frame[frame["block"].isin(one["blocks"])]
        assert set(mine["stage"]) <= {"adaptive"}
        counted = mine.groupby(["subject", "V", "H", "T"]).size().to_dict()
        chosen = {(v["subject"], *v["point"].values()): v["visits"] for v in one["visits"]}
        assert counted == chosen
    assert "fast (placebo)" not in set(frame[frame["stage"] == "adaptive"]["subject"])


def test_a_run_until_a_width_ends_when_every_interval_has_it_or_its_claim_is_decided(tmp_path: Path) -> None:
    ran = Ran(tmp_path, StoppingRule(until=0.08))
    assert ran.said[-1] == "done: all is as narrow as wanted"
    last = ran.allocations[-1]
    assert last["visits"] == []
    assert last["intervals"]
    assert all(interval["half_width"] <= interval["wanted"] for interval in last["intervals"])
    assert any(one["visits"] for one in ran.allocations)


def test_a_width_that_no_samples_can_give_ends_the_run_with_the_claims_named(tmp_path: Path) -> None:
    ran = Ran(tmp_path, StoppingRule(targets={"V of fast": 1e-4}))
    assert ran.said[-1] == "done: no sample helps what is still open"
    assert any(line.startswith("no more time for V of fast: imprecise: exponent of V is known to") for line in ran.said)
    assert sum(line.startswith("no more time for V of fast") for line in ran.said) == 1
    assert {one["claim"] for one in ran.allocations[-1]["unhelped"]} == {"V of fast"}


def test_only_what_targets_name_gets_time(tmp_path: Path) -> None:
    ran = Ran(tmp_path, StoppingRule(budget_seconds=70.0, targets={"slow/fast": 0.1}))
    served = {visit["claim"] for one in ran.allocations for visit in one["visits"]}
    assert served == {"slow/fast"}


def test_an_interrupted_run_goes_on_with_its_budget_and_measures_nothing_twice(tmp_path: Path) -> None:
    rule = StoppingRule(budget_seconds=90.0)
    with pytest.raises(KeyboardInterrupt):
        Ran(tmp_path, rule, stop_after=1)
    before = load(tmp_path)
    assert set(before["stage"]) == {"sweep", "adaptive"}
    resumed = Ran(tmp_path, rule)
    after = resumed.frame
    assert after.iloc[: len(before)].equals(before)
    assert not after.duplicated(["subject", "V", "H", "T", "block", "timing"]).any()
    used = float(before["visit_seconds"].sum()) + resumed.clock.now()
    assert 0.9 * 90 < used < 1.1 * 90


def test_a_budget_that_the_first_blocks_use_up_ends_there(tmp_path: Path) -> None:
    ran = Ran(tmp_path, StoppingRule(budget_seconds=5.0))
    assert set(ran.frame["stage"]) == {"sweep"}
    assert ran.said[-1] == "done: the budget of 5 s is used up"
    assert ran.allocations[-1]["visits"] == []


def test_no_fit_is_made_that_the_budget_has_no_time_for(ran: Ran) -> None:
    records, growing = list[Any](), iter([ran.frame.iloc[:-50], ran.frame])
    clock = iter([0.0, 10.0, 10.0, 92.0, 92.0])  # thinking takes 10 s; 8 s are left at the second time

    def read() -> pd.DataFrame:
        frame = next(growing)
        frame.attrs = ran.frame.attrs
        return frame

    sampler = AdaptiveSampler(
        ran.experiment,
        "standard",
        StoppingRule(budget_seconds=100.0),
        seed=SEED,
        read=read,
        append=records.append,
        seconds_used=lambda: next(clock),
    )
    assert sampler() != []
    assert sampler() == []
    assert [bool(record["intervals"]) for record in records] == [True, False]
    assert records[1]["why"] == "the budget of 100 s is used up"


def test_a_round_of_which_nothing_could_be_measured_is_the_last(ran: Ran) -> None:
    said, records = list[str](), list[Any]()
    sampler = AdaptiveSampler(
        ran.experiment,
        "standard",
        StoppingRule(budget_seconds=100.0),
        seed=SEED,
        read=lambda: ran.frame,  # the same again: all that was chosen has been left out for want of memory
        append=records.append,
        seconds_used=lambda: 0.0,
        say=said.append,
    )
    assert sampler() != []
    assert sampler() == []
    assert said[-1] == "done: nothing of the last round could be measured"
    assert len(records) == 2


def test_first_blocks_are_two_of_the_profile_and_the_rest_is_as_it_was() -> None:
    whole = simulated.experiment(FakeClock(), SEED)
    first = first_blocks(whole, "standard")
    profile = first.profile("standard")
    assert (profile.blocks, profile.processes, profile.phase_blocks) == (2, 2, 1)
    assert profile.design == whole.profile("standard").design
    assert first.claims == whole.claims


def timed_cells(*each: tuple[str, int, str, int]) -> dict[TimedCell, int]:
    return {TimedCell(name, Point(V=1, H=1, T=t), timing): times for name, t, timing, times in each}


def test_blocks_visit_each_spot_once_and_what_is_compared_side_by_side() -> None:
    experiment: Experiment = simulated.experiment(FakeClock(), SEED)
    chosen = timed_cells(
        ("slow", 1, "whole", 2), ("fast", 1, "whole", 3), ("fast", 2, "whole", 1), ("fast", 2, "phases", 1)
    )
    together = {tuple(timed_cells(("slow", 1, "whole", 1), ("fast", 1, "whole", 1))): 2}
    blocks = make_blocks(experiment, chosen, together, first=7, seed=0)
    assert [(block.number, block.stage) for block in blocks] == [(7, "adaptive"), (8, "adaptive"), (9, "adaptive")]
    made = [(visit.subject, visit.point["T"], visit.timing) for block in blocks for visit in block.visits]
    assert {
        TimedCell(name, Point(V=1, H=1, T=t), timing): made.count((name, t, timing)) for name, t, timing in made
    } == chosen
    for block in blocks:
        order = [(visit.subject, visit.point["T"], visit.timing) for visit in block.visits]
        assert len(set(order)) == len(order)
        assert all(visit.block == block.number for visit in block.visits)
        if ("slow", 1, "whole") in order:
            assert abs(order.index(("slow", 1, "whole")) - order.index(("fast", 1, "whole"))) == 1
    assert blocks == make_blocks(experiment, chosen, together, first=7, seed=0)
    assert make_blocks(experiment, {}, {}, first=7, seed=0) == []
    assert all(isinstance(level, int) for block in blocks for visit in block.visits for level in visit.point.values())


def test_a_phase_is_timed_right_after_the_whole_where_both_are_visited() -> None:
    chosen = timed_cells(("fast", 2, "phases", 1), ("fast", 2, "whole", 1))
    (block,) = make_blocks(simulated.experiment(FakeClock(), SEED), chosen, {}, first=0, seed=0)
    assert [visit.timing for visit in block.visits] == ["whole", "phases"]


def test_the_visits_of_a_spot_are_spread_over_the_round_and_blocks_have_many_points() -> None:
    chosen = timed_cells(*(("fast", t, "whole", 20 if t == 1 else 4) for t in range(1, 41)))
    blocks = make_blocks(simulated.experiment(FakeClock(), SEED), chosen, {}, first=0, seed=0)
    assert len(blocks) == 20
    for t in range(2, 41):
        numbers = [block.number for block in blocks for visit in block.visits if visit.point["T"] == t]
        assert [later - sooner for sooner, later in itertools.pairwise(numbers)] == [5, 5, 5]
    sizes = [len(block.visits) for block in blocks]
    assert sum(sizes) == 20 + 39 * 4
    assert min(sizes) >= 4


@pytest.mark.parametrize("text", ["", "5", "0s", "-5s", "5d", "s", "0.5s", "inf", "2GB", "5min 1h"])
def test_a_budget_that_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(TextError, match=r"^--budget: must be a time in .*, from 1 s on, got '.*'$"):
        read_stopping_rule(text, None, None)


@pytest.mark.parametrize("text", ["", "2", "0%", "0", "-2%", "101%", "0.001%", "%", "2%%", "nan%", "2s"])
def test_a_width_that_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(
        TextError, match=r"^--until: must be a share from 0\.01% to 100%, such as 2% or 0\.02, got '.*'$"
    ):
        read_stopping_rule(None, text, None)


@pytest.mark.parametrize("text", ["5m", "5min", "5 min", "300s", "0.5h", "4min60s"])
def test_a_budget_is_understood_as_other_times_are(text: str) -> None:
    found = read_stopping_rule(text, None, None)
    assert found is not None
    assert found.budget_seconds == (1800.0 if text == "0.5h" else 300.0)


def test_options_become_a_stopping_rule_and_a_run_without_them_has_none() -> None:
    assert read_stopping_rule(None, None, None) is None
    assert read_stopping_rule("5m", None, None) == StoppingRule(budget_seconds=300.0)
    assert read_stopping_rule(None, "2%", None) == read_stopping_rule(None, "0.02", None) == StoppingRule(until=0.02)
    assert str(read_stopping_rule("60s", "2%", None)) == (
        "what narrows the intervals most per second, until intervals are within ±2% or their claims are decided, "
        "for at most 60 s in all"
    )


def test_a_stopping_rule_wants_what_decides_or_what_was_asked_for() -> None:
    assert StoppingRule(budget_seconds=9.0).target_half_width("c", 0.1) == 0.1
    assert StoppingRule(until=0.2).target_half_width("c", 0.1) == 0.2
    assert StoppingRule(until=0.02).target_half_width("c", 0.1) == 0.1
    assert StoppingRule(targets={"c": 0.3}).target_half_width("c", 0.5) == 0.3
    assert math.isinf(StoppingRule(targets={"c": 0.3}).target_half_width("other", 0.5))


def cli(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        commands.main(list(arguments))
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


def test_the_command_line_stores_the_stopping_rule_and_a_resumed_run_knows_it(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    given = ("run", "tests.toy_experiment", "--until", "90%", "--no-probe", "--json")
    status, out, _ = cli(*given, "--out", str(folder))
    assert status == 0
    document = json.loads(out)
    assert [one["record"] for one in document["allocation"]] == ["allocation"]
    assert stored_stopping_rule(folder) == StoppingRule(until=0.9)
    status, out, _ = cli("run", "--resume", str(folder), "--json")
    assert status == 0
    assert len(json.loads(out)["allocation"]) == 2
    assert len(load(folder)) == document["samples"]


def test_a_run_of_fixed_length_has_no_allocation_and_cannot_become_adaptive(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    status, out, _ = cli("run", "tests.toy_experiment", "--no-probe", "--json", "--out", str(folder))
    assert status == 0
    assert "allocation" not in json.loads(out)
    assert stored_stopping_rule(folder) is None
    status, _, err = cli("run", "--resume", str(folder), "--budget", "5s")
    assert status == 2
    assert "holds a run of a fixed number of blocks; --budget and --until need a new one" in err


@pytest.mark.parametrize(("option", "value"), [("--budget", "soon"), ("--until", "soon")])
def test_a_bad_value_is_one_line_and_nothing_is_written(option: str, value: str, tmp_path: Path) -> None:
    status, out, err = cli("run", "tests.toy_experiment", option, value, "--out", str(tmp_path / "run"))
    assert status == 2
    assert out == ""
    assert err.startswith(f"error: {option}: must be a ")
    assert err.endswith("got 'soon'\n")
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()
