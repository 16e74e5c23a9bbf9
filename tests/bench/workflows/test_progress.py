"""What a run shows while it goes on, from events made up for the purpose and a clock that is moved by hand."""

from __future__ import annotations

import io

import pytest
from bptt_bench.measure.loop.events import (
    BlockDone,
    CellSkipped,
    CheckDone,
    CountsTaken,
    PredictionsStored,
    ProbeStarted,
    RunFinished,
    RunStarted,
    SampleTaken,
    WorkerStarted,
)
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Point
from bptt_bench.workflows.progress import (
    SECONDS_BETWEEN_LINES,
    ProgressBar,
    ProgressLines,
    describe_event,
    show_progress,
)
from bptt_bench.workflows.run import format_summary
from rich.console import Console
from rich.progress import Progress

STARTED = RunStarted(experiment="toy", profile="quick", cells_done=0, cells_total=8, blocks_total=2, resumed=False)
SKIPPED = CellSkipped(subject="naive", point=Point(T=9), timing="whole", reason="needs 9 GB, 1 GB is free")


def sample(cells_done: int, seconds_left: float | None = 75.0) -> SampleTaken:
    return SampleTaken(
        subject="naive",
        point=Point(T=4),
        block=0,
        timing="whole",
        seconds_per_eval=1e-3,
        blocks_done=cells_done // 4,
        blocks_total=2,
        cells_done=cells_done,
        cells_total=8,
        seconds_left=seconds_left,
    )


def test_lines_say_what_happens_and_how_long_is_left() -> None:
    stream, clock = io.StringIO(), FakeClock()
    show = ProgressLines(stream, clock.now)
    for event in (
        STARTED,
        CheckDone(claim="exact", passed=True, seconds=0.25),
        CheckDone(claim="equal", passed=False, seconds=2),
        ProbeStarted(),
        WorkerStarted(process=0, processes_total=2, pid=1, threads=[], floor_seconds=1e-8),
        sample(3),
        SKIPPED,
        BlockDone(block=0, blocks_done=1, blocks_total=2),
        BlockDone(block=1, blocks_done=2, blocks_total=2),
        RunFinished(samples=7, skipped=1, seconds_after_workers_started=2, seconds_in_evaluations=1, busy_share=0.5),
    ):
        show(event)
    assert stream.getvalue().splitlines() == [
        "measuring toy, profile quick: 8 samples",
        "check exact: passed in 0.2 s",
        "check equal: failed in 2.0 s",
        "probing the machine",
        "measuring process 1 of 2 ready",
        "skipped naive at T=9: needs 9 GB, 1 GB is free",
        "block 1/2 done, about 1 min 15 s left",
        "block 2/2 done",
    ]


def test_samples_show_only_now_and_then() -> None:
    stream, clock = io.StringIO(), FakeClock()
    show = ProgressLines(stream, clock.now)
    for number in range(1, 7):
        clock.advance(SECONDS_BETWEEN_LINES / 2)
        show(sample(number, seconds_left=None))
    assert stream.getvalue().splitlines() == [
        f"sample {number}/8, naive T=4, time left unknown" for number in (2, 4, 6)
    ]


def test_continued_run_says_what_it_found() -> None:
    stream = io.StringIO()
    resumed = RunStarted(experiment="toy", profile="quick", cells_done=3, cells_total=8, blocks_total=2, resumed=True)
    ProgressLines(stream, FakeClock().now)(resumed)
    assert stream.getvalue() == "continuing toy, profile quick: 8 samples, 3 done before\n"


def test_instructions_are_told_by_their_number_and_place() -> None:
    event = CountsTaken(
        subject="sort",
        point=Point(n=1600),
        counts={"instructions": 707_123.0},
        blocks_done=5,
        blocks_total=5,
        cells_done=9,
        cells_total=9,
        seconds_left=None,
    )
    assert describe_event(event) == "7.07e+05 instructions, sort n=1600"
    begun = RunStarted(experiment="sort", profile="quick", cells_done=0, cells_total=0, blocks_total=0, resumed=False)
    assert describe_event(begun) == "measuring sort, profile quick"


def test_summary_of_counts_alone_gives_their_cells() -> None:
    finished = RunFinished(
        samples=0,
        skipped=0,
        seconds_after_workers_started=0,
        seconds_in_evaluations=0,
        busy_share=None,
        counted_cells=7,
    )
    assert format_summary(finished) == "counts of 7 cells"


def test_summary_gives_the_share_of_the_time_spent_measuring() -> None:
    finished = RunFinished(
        samples=7, skipped=2, seconds_after_workers_started=40.4, seconds_in_evaluations=35.552, busy_share=0.88
    )
    assert format_summary(finished) == (
        "7 samples, 2 cells left out; 88.0% of the 40 s with a measuring process ready went into "
        "timed or warm-up evaluations"
    )


def test_bar_shows_point_block_and_time_left() -> None:
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, color_system=None)
    with Progress(*ProgressBar.columns(), console=console, auto_refresh=False) as progress:
        show = ProgressBar(progress)
        show(STARTED)
        show(sample(3))
        progress.refresh()
        show(SKIPPED)
    assert "3/8 block 1/2 about 1 min 15 s left naive T=4" in stream.getvalue()
    assert "skipped naive at T=9: needs 9 GB, 1 GB is free" in stream.getvalue()


@pytest.mark.parametrize(
    ("stored_before", "said"),
    [
        (0, "72 predictions stored; now these points are measured"),
        (70, "72 predictions stored, 70 of them before; now these points are measured"),
    ],
)
def test_stored_predictions_are_a_line_that_stays(stored_before: int, said: str) -> None:
    event, stream = PredictionsStored(predictions=72, stored_before=stored_before), io.StringIO()
    ProgressLines(stream, FakeClock().now)(event)
    assert stream.getvalue() == said + "\n"
    console = Console(file=io.StringIO(), force_terminal=True, width=120, color_system=None)
    with Progress(*ProgressBar.columns(), console=console, auto_refresh=False, transient=True) as progress:
        show = ProgressBar(progress)
        show(STARTED)
        show(event)
    assert said + "\n" in console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("terminal", [True, False])
def test_bar_on_a_terminal_and_lines_elsewhere(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: terminal, raising=False)
    with show_progress(stream, FakeClock().now) as listener:
        assert isinstance(listener, ProgressBar if terminal else ProgressLines)
