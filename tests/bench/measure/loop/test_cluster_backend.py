"""A run on several hosts, with a fake cluster on a fake clock: who measures what, and what happens when one is lost."""

from __future__ import annotations

import dataclasses
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines import TaskEnded, TaskReported, WorkerJoined, WorkerLeft
from bptt_bench.measure.engines.fingerprint import fingerprints
from bptt_bench.measure.engines.task import VisitReport
from bptt_bench.measure.loop.events import BlockDone, CheckDone, Notice, RunFinished, SampleTaken, WorkerStarted
from bptt_bench.measure.loop.run import run
from bptt_bench.measure.protocol.messages import SkipReply, encode
from bptt_bench.measure.protocol.schedule import Block, Visit, plan_blocks
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Agreement, CheckClaim, CheckResult, Evaluation, Experiment, Point, Subject
from bptt_bench.store.runs.samples import stored_progress

from tests.bench.measure.engines.fake_cluster import MODULE, Ran
from tests.bench.measure.fakes import FakeEngine, linear, toy

TWO = {"w1": "a", "w2": "b"}


def ran_of(
    tmp_path: Path, hosts: dict[str, str] | None = None, *, blocks: int = 6, processes: int = 6, **cluster: Any
) -> Ran:
    clock = FakeClock()
    return Ran(
        toy(linear(clock), n=(1, 4, 5), blocks=blocks, processes=processes), clock, tmp_path, hosts or TWO, **cluster
    )


def everything(ran: Ran) -> set[tuple[Any, ...]]:
    profile = ran.experiment.profile("quick")
    return {
        (v.subject, v.point["n"], v.block, v.timing)
        for block in plan_blocks(ran.experiment, profile, seed=3)
        for v in block.visits
    }


def require_each_once(ran: Ran) -> None:
    assert Counter(ran.visits) == Counter(everything(ran))


def notices(ran: Ran) -> list[str]:
    return [event.text for event in ran.events_of(Notice)]


def test_whole_blocks_go_to_all_hosts_in_the_order_of_the_block(tmp_path: Path) -> None:
    ran = ran_of(tmp_path)
    finished = ran.run()
    require_each_once(ran)
    blocks = {block.number: block for block in plan_blocks(ran.experiment, ran.experiment.profile("quick"), seed=3)}
    samples = ran.sink.of("sample")
    for number, block in blocks.items():
        mine = [sample for sample in samples if sample["block"] == number]
        assert [sample["point"]["n"] for sample in mine] == [visit.point["n"] for visit in block.visits]
        assert len({(sample["host"], sample["process"]) for sample in mine}) == 1
    assert {sample["host"] for sample in samples} == {"a", "b"}
    assert isinstance(finished, RunFinished)
    assert finished.samples == 18
    assert finished.busy_share is not None
    assert 0.5 < finished.busy_share <= 1


@pytest.mark.parametrize(
    ("hosts", "processes", "expected"),
    [
        (TWO, 6, [1] * 12),
        (TWO, 1, [3, 3, 2, 1, 1, 1, 1]),
        ({"w1": "a"}, 1, [6, 3, 2, 1]),
        ({"w1": "a"}, 4, [3, 3, 3, 2, 1]),
    ],
)
def test_a_process_gets_as_many_blocks_as_on_one_machine_if_enough_are_left(
    tmp_path: Path, hosts: dict[str, str], processes: int, expected: list[int]
) -> None:
    ran = ran_of(tmp_path, hosts, blocks=12, processes=2 * processes if processes == 6 else processes)
    ran.run()
    require_each_once(ran)
    stints = [{v.block for v in task.visits} for _, task in ran.cluster.sent if task.kind == "visits"]
    assert [len(blocks) for blocks in stints] == expected
    assert len(ran.sink.of("worker")) == len(expected)


def test_what_is_left_of_several_blocks_keeps_its_blocks_and_their_order(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, {"w1": "a"}, processes=1)
    ran.cluster.lost_after[1] = 6  # of three blocks: the process is ready, five visits
    ran.run()
    require_each_once(ran)
    assert any("what is left of blocks 1, 2 (4 of 9 visits) is measured again" in text for text in notices(ran))
    blocks = [sample["block"] for sample in ran.sink.of("sample")]
    assert blocks == sorted(blocks)
    assert [event.block for event in ran.events_of(BlockDone)] == list(range(6))


def test_each_host_is_stored_once_before_its_first_sample_and_processes_are_numbered(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, {"w1": "a", "w2": "b", "w3": "a"})
    ran.run()
    assert [record["host"] for record in ran.sink.of("host")] == ["a", "b"]
    assert ran.sink.of("host")[0]["environment"] == {"host": "a"}
    kinds = [record["record"] for record in ran.sink.records]
    assert kinds[0] == "run"
    assert kinds.index("host") < kinds.index("worker") < kinds.index("sample")
    assert [record["process"] for record in ran.sink.of("worker")] == [0, 1, 2, 3, 4, 5]
    for sample in ran.sink.of("sample"):
        assert sample["host"] == ran.sink.of("worker")[sample["process"]]["host"]
    assert [event.host for event in ran.events_of(WorkerStarted)] == [r["host"] for r in ran.sink.of("worker")]


def test_messages_of_a_lost_worker_are_kept_and_the_rest_is_done_elsewhere(tmp_path: Path) -> None:
    ran = ran_of(tmp_path)
    ran.cluster.rejoins = False
    ran.cluster.lost_after[2] = 3  # the first block: the process is ready, two visits
    ran.run()
    require_each_once(ran)
    first = [sample["host"] for sample in ran.sink.of("sample") if sample["block"] == 0]
    assert Counter(first) == {"a": 2, "b": 1}
    assert any("what is left of block 0 (1 of 3 visits) is measured again" in text for text in notices(ran))
    assert [task.kind for _, task in ran.cluster.sent].count("visits") == 7


@pytest.mark.parametrize("lines", range(5))
def test_wherever_a_worker_is_lost_each_visit_is_stored_once(tmp_path: Path, lines: int) -> None:
    ran = ran_of(tmp_path)
    ran.cluster.lost_after.update(dict.fromkeys((2, 3, 5, 7), lines))
    ran.run()
    require_each_once(ran)
    assert [event.blocks_done for event in ran.events_of(BlockDone)] == [1, 2, 3, 4, 5, 6]
    assert [event.cells_done for event in ran.events_of(SampleTaken)] == list(range(1, 19))
    assert ran.events_of(SampleTaken)[-1].seconds_left == 0


def test_reports_of_a_task_that_was_given_up_are_ignored(tmp_path: Path) -> None:
    ran = ran_of(tmp_path)
    ran.cluster.lost_after[2] = 1
    late: list[str] = []

    def listen(event: Any) -> None:
        ran.events.append(event)
        if isinstance(event, Notice) and "measured again" in event.text and not late:
            reply = SkipReply(reason="late", bytes_needed=1, bytes_available=0)
            late.append(encode(VisitReport(index=0, reply=reply, seconds=1.0, seconds_ready=1.0)).decode())
            ran.cluster.news.extendleft([TaskEnded(2, None), TaskReported(2, late)])

    ran.run(on_event=listen)
    assert late
    assert not ran.sink.of("skip")
    require_each_once(ran)


def test_other_code_on_a_host_ends_a_run_that_has_not_begun_and_is_left_out_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = {"the harness": "0123456789abcdef", "the experiment": "cannot be imported: no module 'x'"}
    own = fingerprints(MODULE)

    def there(ran: Ran, worker: str, code: dict[str, str]) -> None:
        monkeypatch.setattr("bptt_bench.measure.engines.task_runner.fingerprints", lambda _module: {**own, **code})
        ran.cluster.hosts[worker] = "z"
        ran.cluster.news.append(WorkerJoined(worker))

    for what, expected in (
        (
            "the harness",
            r"^worker w1: the harness is another one there \(sha256 0123456789ab, here [0-9a-f]{12}\); every",
        ),
        ("the experiment", r"^worker w1: the experiment cannot be imported: no module 'x'; every host needs the same"),
    ):
        ran = ran_of(tmp_path, {"w1": "a"})
        there(ran, "w1", {what: stranger[what]})
        ran.cluster.news.clear()
        with pytest.raises(MeasureError, match=expected):
            ran.run()
    monkeypatch.undo()
    ran = ran_of(tmp_path, {"w1": "a"})

    def listen(event: Any) -> None:
        ran.events.append(event)
        if isinstance(event, BlockDone) and event.blocks_done == 1:
            there(ran, "w9", {"the harness": "0123456789abcdef"})

    ran.run(on_event=listen)
    require_each_once(ran)
    assert [text for text in notices(ran) if text.startswith("worker w9: the harness") and text.endswith("left out")]
    assert {sample["host"] for sample in ran.sink.of("sample")} == {"a"}


def test_a_worker_may_join_later_or_leave_while_idle(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, {"w1": "a"})

    def listen(event: Any) -> None:
        ran.events.append(event)
        if isinstance(event, BlockDone) and event.blocks_done == 2:
            ran.cluster.hosts["w9"] = "z"
            ran.cluster.news.append(WorkerJoined("w9"))
            ran.cluster.news.append(WorkerLeft("never seen"))

    ran.run(on_event=listen)
    require_each_once(ran)
    assert {sample["host"] for sample in ran.sink.of("sample")} == {"a", "z"}


def test_without_any_worker_the_run_waits_says_so_and_ends_with_one_line(tmp_path: Path) -> None:
    ran = ran_of(tmp_path)
    ran.cluster.hosts.clear()
    with pytest.raises(MeasureError, match=r"^fake cluster: no worker for 60 s; what was measured is stored"):
        ran.run()
    assert notices(ran) == ["fake cluster: has no worker; waiting for one, at most 60 s"]
    assert ran.cluster.closed == 1
    assert ran.clock.now() == pytest.approx(60, abs=2)


def test_a_worker_that_never_answers_is_as_good_as_none(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, {"w1": "a"})
    ran.cluster.wait_seconds = 90.0
    ran.cluster.is_silent = True
    with pytest.raises(MeasureError, match=r"^fake cluster: no worker that answers for 90 s; what was measured"):
        ran.run()
    assert notices(ran) == ["fake cluster: has no worker that answers; waiting for one, at most 90 s"]
    assert ran.clock.now() == pytest.approx(90, abs=2)


def test_a_worker_that_has_just_come_has_time_to_answer_however_short_the_wait(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, {"w1": "a"})
    ran.cluster.wait_seconds = 0.0
    ran.cluster.is_silent = True
    with pytest.raises(MeasureError, match=r"^fake cluster: no worker that answers for 60 s"):
        ran.run()


def test_a_lost_cluster_leaves_a_run_that_the_local_engine_can_end(tmp_path: Path) -> None:
    ran = ran_of(tmp_path)

    def listen(event: Any) -> None:
        if isinstance(event, SampleTaken) and event.cells_done == 7:
            ran.cluster.is_lost = True

    with pytest.raises(MeasureError, match="the connection is lost"):
        ran.run(on_event=listen)
    stored = len(ran.visits)
    assert 7 <= stored < 18
    assert ran.sink.synced == len(ran.sink.records)
    engine = FakeEngine(ran.experiment, ran.clock)
    settings: dict[str, Any] = {"module": "tests.bench.measure.fakes", "profile": "quick", "seed": 3, "threads": 1}
    done = stored_progress(ran.sink.records)
    run(ran.experiment, sink=ran.sink, engine=engine, clock=ran.clock, done=done, describe_environment=dict, **settings)
    require_each_once(ran)
    assert "host" not in ran.sink.of("sample")[-1]


def test_a_dead_measuring_process_is_replaced_once_and_a_second_ends_the_size(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, dies_at_sample={"a": 2})
    ran.run()  # what is left of the block begins with that visit, which is then the first
    require_each_once(ran)
    assert any("the measuring process died: it was killed by SIGSEGV" in text for text in notices(ran))
    again = ran_of(tmp_path, {"w1": "a"}, dies_at_sample={"a": 1})
    expected = r"^subject 'linear' at n=\d: the measuring process died: it was killed by SIGSEGV; none of 3 cells"
    with pytest.raises(MeasureError, match=expected):
        again.run()  # every first visit of every process
    assert again.cluster.closed == 1


def test_a_visit_that_costs_one_worker_after_the_other_ends_the_run(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, {"w1": "a"})
    ran.cluster.lost_after.update(dict.fromkeys(range(1, 40), 1))
    for survey in range(2, 40, 2):
        ran.cluster.lost_after.pop(survey, None)
    with pytest.raises(MeasureError, match=r"^subject 'linear' at n=\d: 4 workers were lost there, the last one w1$"):
        ran.run()


def test_a_block_for_which_no_process_ever_gets_ready_ends_the_run(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, {"w1": "a"})
    ran.cluster.lost_after.update(dict.fromkeys(range(1, 80, 2), 0))
    expected = r"^start of a measuring process: 12 workers were lost there, the last one w1$"
    with pytest.raises(MeasureError, match=expected):
        ran.run()
    assert not ran.visits


def test_a_subject_that_raises_everywhere_ends_the_run_with_its_name_and_its_point(tmp_path: Path) -> None:
    clock = FakeClock()

    def prepare(point: Point) -> Evaluation:
        raise ValueError(f"not at {point}")

    ran = Ran(toy(Subject(name="moody", prepare=prepare), n=(5,)), clock, tmp_path, TWO)
    expected = r"^subject 'moody' at n=5: ValueError: not at n=5 \(test_cluster_backend.py, line \d+\)$"
    with pytest.raises(MeasureError, match=expected):
        ran.run()
    assert ran.cluster.closed == 1


def test_checks_and_probe_are_made_once_and_a_lost_one_again(tmp_path: Path) -> None:
    clock, made = FakeClock(), list[int]()

    def check(seed: int) -> CheckResult:
        made.append(seed)
        return CheckResult(estimate=0, allowed=1, cases=1)

    claims = [CheckClaim(name=name, subject="linear", check=check) for name in ("one", "two")]
    ran = Ran(toy(linear(clock), claims=claims), clock, tmp_path, TWO)
    ran.cluster.lost_after[2] = 1  # after the first check; w1 is asked
    ran.run(probe=True)
    assert [record["claim"] for record in ran.sink.of("check")] == ["one", "two"]
    assert len(ran.events_of(CheckDone)) == 2
    assert len(made) == 3  # the second was made, but nobody has heard of it
    assert [record["host"] for record in ran.sink.of("probe")] == ["b"]
    assert any("check of claim 'two': once more" in text for text in notices(ran))


def test_a_check_that_costs_one_worker_after_the_other_ends_the_run(tmp_path: Path) -> None:
    clock = FakeClock()
    claim = CheckClaim(name="one", subject="linear", check=lambda _: CheckResult(estimate=0, allowed=1, cases=1))
    ran = Ran(toy(linear(clock), claims=[claim]), clock, tmp_path)
    ran.cluster.lost_after.update(dict.fromkeys(range(1, 40, 2), 0))
    with pytest.raises(MeasureError, match=r"^check of claim 'one': 4 workers were lost there"):
        ran.run()


def test_a_check_that_raises_names_its_claim_and_the_host(tmp_path: Path) -> None:
    clock = FakeClock()

    def check(_seed: int) -> CheckResult:
        raise ZeroDivisionError("division by zero")

    claim = CheckClaim(name="mine", subject="linear", check=check)
    ran = Ran(toy(linear(clock), claims=[claim]), clock, tmp_path)
    where = r"\(test_cluster_backend.py, line \d+\) \(host a \(w1\)\)"
    expected = rf"^check of claim 'mine': ZeroDivisionError: division by zero {where}$"
    with pytest.raises(MeasureError, match=expected):
        ran.run()


def test_a_cell_too_large_for_one_host_is_left_out_there_alone(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, available=lambda host: 5500 if host == "a" else 1 << 40)
    finished = ran.run()
    skips = ran.sink.of("skip")
    assert {(skip["host"], skip["point"]["n"]) for skip in skips} == {("a", 5)}
    assert len(skips) == 1  # afterwards the host is not asked for it any more
    samples = ran.sink.of("sample")
    assert {sample["point"]["n"] for sample in samples if sample["host"] == "a"} == {1, 4}
    assert {sample["point"]["n"] for sample in samples if sample["host"] == "b"} == {1, 4, 5}
    assert finished.skipped == 1
    assert len(ran.events_of(BlockDone)) == 6


def test_calibrations_are_kept_for_each_host(tmp_path: Path) -> None:
    ran = ran_of(tmp_path)
    ran.run()
    tasks = [(worker, task) for worker, task in ran.cluster.sent if task.kind == "visits"]
    seen: set[str] = set()
    for worker, task in tasks:
        known = list(task.evaluations)
        levels = [visit.point["n"] for visit in task.visits]
        assert known == ([None] * 3 if worker not in seen else [20 / n for n in levels])
        seen.add(worker)
    assert seen == {"w1", "w2"}


def agreeing(clock: FakeClock) -> Experiment:
    subjects = linear(clock, "a"), linear(clock, "b")
    agreement = Agreement(
        reference="a",
        result=dict.fromkeys(("a", "b"), lambda value: value),
        difference=lambda _x, _y: 0.0,
        allowed=1e-9,
    )
    return dataclasses.replace(toy(*subjects, n=(1, 4), processes=3), agreement=agreement)


@pytest.mark.parametrize("lines", [None, 1, 2, 3])
def test_each_result_is_compared_once_on_whichever_host(tmp_path: Path, lines: int | None) -> None:
    clock = FakeClock()
    ran = Ran(agreeing(clock), clock, tmp_path, TWO)
    if lines is not None:
        ran.cluster.lost_after[2] = lines
    ran.run()
    require_each_once(ran)
    compared = Counter((record["subject"], record["point"]["n"]) for record in ran.sink.of("agreement"))
    assert compared == {("b", 1): 1, ("b", 4): 1}


def test_what_is_measured_beyond_the_profile_goes_to_the_hosts_as_well(tmp_path: Path) -> None:
    ran = ran_of(tmp_path, blocks=2, processes=2)
    rounds = iter(
        [
            [Block(number, (Visit("linear", Point(n=9), number, "whole"),), "adaptive") for number in (2, 3)],
            [Block(4, (Visit("linear", Point(n=1), 4, "whole"),), "adaptive")],
            [],
        ]
    )
    ran.run(next_blocks=lambda: next(rounds))
    more = [(s["block"], s["stage"], s["host"]) for s in ran.sink.of("sample") if "stage" in s]
    assert [block for block, _, _ in more] == [2, 3, 4]
    assert {host for _, _, host in more[:2]} == {"a", "b"}


def test_the_time_left_is_divided_among_the_hosts(tmp_path: Path) -> None:
    one, two = ran_of(tmp_path, {"w1": "a"}), ran_of(tmp_path)
    for ran in (one, two):
        ran.run()
    left = [[event.seconds_left for event in ran.events_of(SampleTaken)] for ran in (one, two)]
    pairs = list(itertools.islice(zip(*left, strict=True), 12, 17))
    assert all(after == pytest.approx(before / 2, rel=0.35) for before, after in pairs)
