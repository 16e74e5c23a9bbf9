"""Which points are counted at, and what becomes of code that cannot be counted; with a made-up counter."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import bptt_bench as bench
import pytest
from bptt_bench.analyse.evidence.evidence import why_not_counted
from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.loop.counted_points import MOST_INSTRUCTIONS, climb, count_points
from bptt_bench.measure.loop.counting import SECONDS, InputsToCount, longer_profile
from bptt_bench.measure.loop.events import CountsTaken, Event, Notice
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import CostLaw, Point
from bptt_bench.report.words.reasons import text_of
from bptt_bench.store import SampleStore
from bptt_bench.store.frame import load
from bptt_bench.store.runs.samples import SAMPLES, read_records

from tests.bench.measure.fakes import FakeEngine, ListSink

Work = Callable[[Mapping[str, Any]], float]


class FakeCounter:
    """Counts what a formula says, each count in so many seconds of a clock that does not run by itself."""

    def __init__(self, work: Work, clock: FakeClock, seconds: float = 0.1) -> None:
        self.work, self.clock, self.seconds = work, clock, seconds
        self.asked: list[tuple[str, Point]] = []
        self.begun = self.ended = 0
        self.unseen: int | None = None
        self.by_function: list[dict[str, int]] = []

    def __enter__(self) -> Self:
        self.begun += 1
        return self

    def __exit__(self, *_: object) -> None:
        self.ended += 1

    def count(self, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        self.asked.append((subject, Point(point)))
        self.clock.advance(self.seconds)
        middle = self.work(point)
        self.by_function = [{"f (a)": int(middle) // 2 + shift, "g (a)": 7} for shift in range(inputs)]
        return [int(middle) + shift for shift in range(-(inputs // 2), inputs - inputs // 2)]

    def processor_seconds(self) -> float:
        return self.clock.now()


def prepare(point: Point) -> Any:
    return lambda: point["n"]


class Ran:
    """A run that counts instructions and times nothing."""

    def __init__(
        self,
        work: Work,
        law: str = "n",
        *,
        sink: Any = None,
        done: Any = None,
        seconds: float = 0.1,
        names: Sequence[str] = ("mine",),
        counted: str = "instructions",
        unseen: int | None = None,
        **levels: Any,
    ) -> None:
        clock = FakeClock()
        self.events, self.sink = list[Event](), ListSink() if sink is None else sink
        self.counted = counted
        self.counter = FakeCounter(work, clock, seconds)
        self.counter.unseen = unseen
        experiment = bench.experiment(dict.fromkeys(names, prepare), law=law, measure=counted, **levels)
        run(
            experiment,
            module="toy",
            profile="quick",
            seed=0,
            threads=1,
            sink=self.sink,
            done=done,
            engine=FakeEngine(experiment, clock),
            clock=clock,
            on_event=self.events.append,
            describe_environment=dict,
            counters={counted: lambda _opening, _variables: self.counter},
        )

    def counts(self) -> dict[Point, float]:
        return {event.point: event.counts[self.counted] for event in self.events if isinstance(event, CountsTaken)}

    def notices(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


def test_cheap_code_is_counted_at_the_levels_of_the_profile() -> None:
    counts = Ran(lambda point: 10 * point["n"], n=[1000, 100_000]).counts()
    assert max(point["n"] for point in counts) == 100_000
    assert counts[Point(n=100_000)] == 1_000_000
    assert sum(point["n"] >= 1000 for point in counts) >= 5


def test_dear_code_is_counted_at_smaller_levels_over_a_wide_range() -> None:
    counts = Ran(lambda point: 5 * point["n"] ** 2, "n**2", n=[10_000, 1_000_000]).counts()
    levels = sorted(point["n"] for point in counts)
    assert max(counts.values()) <= MOST_INSTRUCTIONS
    assert levels[-1] >= 500
    assert levels[-1] / levels[0] >= 30
    assert len(levels) >= 6


def test_code_that_grows_faster_than_its_law_is_not_counted_for_hours() -> None:
    counts = Ran(lambda point: 2.0 ** point["n"], n=[4, 8, 12, 16, 20, 24, 28, 60]).counts()
    assert max(counts.values()) <= 10 * MOST_INSTRUCTIONS
    assert len(counts) >= 6


def test_growth_that_was_seen_foretells_what_the_next_size_needs() -> None:
    counts = Ran(lambda point: float(point["n"] ** 3), "n", n=[100, 100_000]).counts()
    assert 1e6 < max(counts.values()) <= MOST_INSTRUCTIONS


def test_points_of_several_factors_keep_the_shape_of_the_design() -> None:
    ran = Ran(lambda point: 300 * (point["n"] + point["m"]), "n + m", n=[10_000, 10**6], m=[10_000, 10**6])
    counts = ran.counts()
    assert {point["n"] > point["m"] for point in counts} == {True, False}
    assert max(counts.values()) <= MOST_INSTRUCTIONS


def test_counting_ends_with_its_time_and_keeps_what_it_has() -> None:
    ran = Ran(lambda point: 10 * point["n"], n=[1000, 100_000], seconds=SECONDS["quick"] / 3)
    assert 2 <= len(ran.counts()) <= 4


def test_points_for_which_no_time_is_left_are_told_with_what_gives_more(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path / "run") as store:
        ran = Ran(lambda point: 10 * point["n"], sink=store, n=[1000, 100_000], seconds=SECONDS["quick"] / 3)
    skips = load(tmp_path / "run").attrs["skips"]
    reason = "no time was left of the 15 s for each subject; profile standard has 60 s"
    assert {(skip["subject"], skip["timing"], skip["reason"]) for skip in skips} == {("mine", "counts", reason)}
    left_out = [Point(skip["point"]) for skip in skips]
    assert left_out
    assert not set(left_out) & set(ran.counts())
    (notice,) = ran.notices()
    assert notice.startswith(f"mine: instructions not counted at {left_out[0]}")
    assert notice.endswith(f": {reason}")
    (verdict,) = bench.judge(tmp_path / "run")
    assert "; not counted at n=" in text_of(verdict.reason)


def test_nothing_is_told_where_the_time_sufficed() -> None:
    ran = Ran(lambda point: 5 * point["n"] ** 2, "n**2", n=[10_000, 1_000_000])  # at smaller levels, as is meant
    assert ran.notices() == []
    assert ran.sink.of("skip") == []


@pytest.mark.parametrize(
    ("profile", "expected"),
    [("quick", "profile standard has 60 s"), ("standard", "profile full has 180 s"), ("full", "give smaller levels")],
)
def test_a_longer_profile_is_named_where_there_is_one(profile: str, expected: str) -> None:
    assert longer_profile(profile) == expected


def test_the_middle_one_of_several_inputs_counts() -> None:
    assert set(Ran(lambda _point: 500, "1", n=[10, 1000]).counts().values()) == {500}


def test_what_cannot_be_counted_is_named_and_the_others_are_counted() -> None:
    def work(point: Mapping[str, Any]) -> float:
        if point["n"] > 200:
            raise CountError("ValueError: too many")
        return 10.0

    ran = Ran(work, "1", names=("one", "two"), n=[100, 1000])
    assert ran.notices() == ["one: ValueError: too many", "two: ValueError: too many"]
    assert {subject for subject, _ in ran.counter.asked} == {"one", "two"}
    assert ran.counter.begun == ran.counter.ended == 2


@pytest.mark.parametrize("largest", [100_000, 100_000_000])
def test_code_that_does_not_work_below_its_levels_is_counted_at_these(largest: int) -> None:
    def work(point: Mapping[str, Any]) -> float:
        if point["n"] < 1000:
            raise CountError("KeyError: 324")
        return 20.0 * float(point["n"])

    ran = Ran(work, "n", n=[1000, largest])
    assert ran.notices() == []
    counted = sorted(point["n"] for point in ran.counts())
    assert len(counted) >= 4
    assert (counted[0], max(20 * counted[-1], MOST_INSTRUCTIONS)) == (1000, MOST_INSTRUCTIONS)


def test_an_experiment_of_which_nothing_can_be_counted_ends_with_the_reason() -> None:
    def work(_point: Mapping[str, Any]) -> float:
        raise CountError("ValueError: not today")

    with pytest.raises(MeasureError, match=r"^mine: ValueError: not today$"):
        Ran(work, n=[100, 1000])


def test_why_something_cannot_be_counted_is_stored_and_is_the_reason_of_its_verdict(tmp_path: Path) -> None:
    def work(point: Mapping[str, Any]) -> float:
        if point["n"] > 200:
            raise CountError("operations: the code does no NumPy operation on arrays")
        return 10.0

    with SampleStore.create(tmp_path / "run") as store, contextlib.suppress(MeasureError):
        Ran(work, sink=store, names=("one", "two"), counted="operations", n=[1000, 100_000])
    stored = [one for one in read_records(tmp_path / "run" / SAMPLES) if one["record"] == "uncounted"]
    assert [(one["subject"], one["counted"]) for one in stored] == [("one", "operations"), ("two", "operations")]
    assert stored[0]["point"]["n"] > 200
    frame = load(tmp_path / "run")
    frame.attrs["uncounted"] = stored
    assert why_not_counted(frame, "two", "operations_count") == stored[1]["reason"]
    assert why_not_counted(frame, "two", "instructions_count") == ""


def test_operations_are_judged_unless_python_may_do_most_of_the_work(tmp_path: Path) -> None:
    words = {}
    for unseen in (20_000, 40_000):  # beside 1e6 operations at the largest point
        with SampleStore.create(tmp_path / str(unseen)) as store:
            Ran(lambda point: 10 * point["n"], sink=store, counted="operations", unseen=unseen, n=[1000, 100_000])
        (verdict,) = bench.judge(tmp_path / str(unseen))
        words[unseen] = verdict.verdict
        assert verdict.claim == "operations, follows n"
    assert words == {20_000: "supported", 40_000: "inconclusive"}
    assert text_of(verdict.reason) == (
        "not identifiable: beside 1\u202f000\u202f000 operations that were counted at n=100000, Python code may take "
        "up to 40\u202f000 steps that no counter sees: what was counted may be the lesser part of the work; count "
        "instructions, or state a tally."
    )


def test_a_fault_of_ours_is_no_notice() -> None:
    def work(_point: Mapping[str, Any]) -> float:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Ran(work, n=[100, 1000])


def test_a_constant_part_of_a_call_hides_no_larger_sizes_of_several_factors() -> None:
    """Of a table with three columns and more the smallest one takes as many instructions as one of a thousand rows."""
    counts = Ran(
        lambda point: 4_500_000 + 12 * point["n"] * point["m"],
        law="n*m",
        n=[5000, 30_000, 150_000],
        m=[3, 8, 20],
    ).counts()
    assert len(counts) >= 9
    assert max(counts.values()) > 2 * min(counts.values())


def test_counts_are_stored_and_judged(tmp_path: Path) -> None:
    with SampleStore.create(tmp_path / "run") as store:
        Ran(lambda point: 12 * point["n"] + 900, sink=store, n=[1000, 100_000])
    frame = load(tmp_path / "run")
    assert set(frame["timing"]) == {"counts"}
    assert (frame["instructions_count"] == 12 * frame["n"] + 900).all()
    counted = [one for one in read_records(tmp_path / "run" / SAMPLES) if one["record"] == "count"]
    for one in counted:
        middle = one["counts"]["instructions"]
        assert one["by_input"]["instructions"] in ([middle - 1, middle, middle + 1], [middle])
        assert one["by_function"]["f (a)"] - middle // 2 in {0, 1}  # the mean over inputs
    (verdict,) = bench.judge(tmp_path / "run")
    assert verdict.verdict == "supported"
    assert verdict.estimate == pytest.approx(1.0, abs=1e-3)


def test_one_input_counts_once_inputs_were_seen_not_to_matter() -> None:
    inputs = InputsToCount()
    for counts in ([100, 100], [1000, 1000, 1001], [10, 11, 10], [20, 20, 20], [30, 30, 30]):
        assert inputs.number == 3
        inputs.saw(counts)
    inputs.saw([40, 40, 40])
    assert inputs.number == 1
    inputs.saw([50])
    assert inputs.number == 1


def test_a_run_that_goes_on_counts_no_subject_twice(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with SampleStore.create(folder) as store:
        Ran(lambda point: 12 * point["n"], sink=store, n=[1000, 100_000])
    with SampleStore.resume(folder) as store:
        again = Ran(lambda point: 12 * point["n"], sink=store, done=store.done, n=[1000, 100_000])
    assert again.counter.asked == []


def test_a_run_that_was_interrupted_counts_what_it_lacks(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with SampleStore.create(folder) as store:
        Ran(lambda point: 12 * point["n"], sink=store, n=[1000, 100_000], seconds=SECONDS["quick"] / 3)
    with SampleStore.resume(folder) as store:
        before = {point for *_, point in store.done.counts}
        again = Ran(lambda point: 12 * point["n"], sink=store, done=store.done, n=[1000, 100_000])
    asked = {point for _, point in again.counter.asked}
    assert len(before) >= 2
    assert asked
    assert not asked & before
    whole = load(folder)
    assert not whole.duplicated(["n"]).any()


def test_a_climb_takes_no_step_that_is_longer_than_it_must_be() -> None:
    sizes = {Point(n=n): float(n) for n in (1, 3, 4, 5, 16, 100)}
    counted: list[int] = []

    def count(point: Point) -> float:
        counted.append(point["n"])
        return float(point["n"])

    assert climb(sizes, count, lambda: True) == (100, None)
    assert counted == [1, 4, 16, 100]
    assert climb(sizes, count, lambda: False) == (1, Point(n=4))


@pytest.mark.parametrize(
    ("apart", "beside"),
    [(1.0, [2000, 500, 2828, 1414, 707]), (2.1, [2000, 500])],
)
def test_what_is_put_between_the_given_points_is_not_alike(apart: float, beside: list[int]) -> None:
    """Beside those on the way up, the others of the profile from the largest down."""
    asked: list[int] = []

    def count(point: Point, seconds: float) -> float:
        asked.append(int(point["n"]))
        return 100.0 * float(point["n"])

    levels = [Point(n=n) for n in (500, 1000, 2000, 4000)]
    left = count_points(CostLaw("n"), levels, count, {}, seconds=1.0, now=FakeClock().now, apart=apart)
    assert not left
    assert asked == [16, 64, 250, 1000, 4000, *beside]
