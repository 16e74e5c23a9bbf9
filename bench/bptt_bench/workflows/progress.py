"""Shows the progress of a run on standard error: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import IO, TYPE_CHECKING

from bptt_bench.measure.loop.events import (
    BlockDone,
    CellSkipped,
    CheckDone,
    CodePrinted,
    CountsTaken,
    Event,
    Listener,
    MemoryTaken,
    Notice,
    PeaksStarted,
    PredictionsStored,
    ProbeStarted,
    RunStarted,
    SampleTaken,
    SubjectMissing,
    WorkerStarted,
)
from bptt_bench.measure.worker.output import line_with_count
from bptt_bench.plan.experiment.subject import COUNTED
from bptt_bench.text.numbers import duration_in_sentence

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn, TaskID

SECONDS_BETWEEN_LINES = 10.0  # a log of a long run stays short, and still shows that the run is alive


@contextlib.contextmanager
def show_progress(stream: IO[str], now: Callable[[], float]) -> Iterator[Listener]:
    """Yield a listener that shows the events of a run."""
    if not stream.isatty():
        yield ProgressLines(stream, now)
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(*ProgressBar.columns(), console=Console(file=stream), transient=True) as progress:
        yield ProgressBar(progress)


class ProgressLines:
    """A listener that prints a line for each event, and one every few seconds for samples."""

    def __init__(self, stream: IO[str], now: Callable[[], float]) -> None:
        self._stream, self._now = stream, now
        self._last_seconds = now()
        self._left: float | None = None

    def __call__(self, event: Event) -> None:
        if isinstance(event, SampleTaken | MemoryTaken | CountsTaken):
            self._left = event.seconds_left
            if self._now() - self._last_seconds < SECONDS_BETWEEN_LINES:
                return
        line = describe_event(event, self._left)
        if line:
            self._last_seconds = self._now()
            print(line, file=self._stream, flush=True)


class ProgressBar:
    """A listener that shows the current point, the blocks done and the time left; other events are printed above it."""

    @staticmethod
    def columns() -> tuple[ProgressColumn, ...]:
        """Return the columns of the bar, from left to right; those that may be cut off come last."""
        from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn

        return (
            SpinnerColumn(),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[blocks]} {task.fields[left]}", markup=False),
            TextColumn("{task.description}", markup=False),
        )

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case RunStarted():
                self._task = self._progress.add_task(
                    "checks", total=event.cells_total, completed=event.cells_done, blocks="", left=""
                )
            case SampleTaken() | MemoryTaken() | CountsTaken() if self._task is not None:
                self._progress.update(
                    self._task,
                    completed=event.cells_done,
                    total=event.cells_total,
                    description=f"{event.subject} {event.point}",
                    blocks=f"block {min(event.blocks_done + 1, event.blocks_total)}/{event.blocks_total}",
                    left=format_time_left(event.seconds_left),
                )
            case ProbeStarted() | PeaksStarted() if self._task is not None:
                self._progress.update(self._task, description=describe_event(event))
            case CheckDone() | CellSkipped() | PredictionsStored() | SubjectMissing() | Notice() | CodePrinted():
                self._progress.console.print(describe_event(event), markup=False, highlight=False)


def describe_event(event: Event, seconds_left: float | None = None) -> str:
    """Return an event in words; empty if it is not worth a line."""
    if isinstance(event, SampleTaken | MemoryTaken | CountsTaken):
        return _describe_sample(event)
    if isinstance(event, RunStarted | BlockDone | PredictionsStored | WorkerStarted):
        return _describe_stage(event, seconds_left)
    return _describe_incident(event)


def _describe_sample(event: SampleTaken | MemoryTaken | CountsTaken) -> str:
    kinds = {SampleTaken: "", MemoryTaken: "memory, ", CountsTaken: "counts, "}
    where = f"{event.subject} {event.point}"
    counted = [name for name in COUNTED if isinstance(event, CountsTaken) and name in event.counts]
    if isinstance(event, CountsTaken) and counted:  # at levels that are chosen on the way
        return ", ".join([*(f"{event.counts[name]:.3g} {name}" for name in counted), where])
    left = format_time_left(event.seconds_left)
    return f"{kinds[type(event)]}sample {event.cells_done}/{event.cells_total}, {where}, {left}"


def _describe_stage(
    event: RunStarted | BlockDone | PredictionsStored | WorkerStarted, seconds_left: float | None
) -> str:
    """Return how far the run has come."""
    match event:
        case RunStarted():
            verb = "continuing" if event.resumed else "measuring"
            done = f", {event.cells_done} done before" if event.cells_done else ""
            samples = f": {event.cells_total} samples{done}" if event.cells_total else ""
            return f"{verb} {event.experiment}, profile {event.profile}{samples}"
        case BlockDone():
            left = f", {format_time_left(seconds_left)}" if event.blocks_done < event.blocks_total else ""
            return f"block {event.blocks_done}/{event.blocks_total} done{left}"
        case PredictionsStored():
            kept = f", {event.stored_before} of them before" if event.stored_before else ""
            return f"{event.predictions} predictions stored{kept}; now these points are measured"
        case WorkerStarted() if event.host is None:  # on several hosts they come and go with the blocks
            return f"measuring process {event.process + 1} of {event.processes_total} ready"
    return ""


def _describe_incident(event: Event) -> str:
    """Return what a check found, what was left out, or what is done beside the samples."""
    words = ""
    match event:
        case CheckDone():
            words = f"check {event.claim}: {'passed' if event.passed else 'failed'} in {event.seconds:.1f} s"
        case ProbeStarted():
            words = "probing the machine"
        case PeaksStarted():
            words = "reading the peaks of the machine"
        case SubjectMissing():
            words = f"missing: {event.subject} ({event.reason})"
        case Notice():
            words = event.text
        case CodePrinted():
            words = "\n".join(printed_lines(event))
        case CellSkipped():
            words = f"skipped {event.subject} at {event.point}: {event.reason}"
    return words


def printed_lines(event: CodePrinted) -> list[str]:
    """Return what the measured code has printed, each line once with its number of occurrences.

    >>> print(*printed_lines(CodePrinted(lines={"loading": 1, "converged": 1200}, others=3)), sep="\\n")
    the measured code printed 1204 lines:
      loading
      converged (1200 times)
      and 3 others
    """
    total = sum(event.lines.values()) + event.others
    shown = [f"  {line_with_count(line, times)}" for line, times in event.lines.items()]
    others = [f"  and {event.others} others"] if event.others else []
    return [f"the measured code printed {total} line{'s' if total > 1 else ''}:", *shown, *others]


def format_time_left(seconds: float | None) -> str:
    """Format a remaining time.

    >>> format_time_left(None), format_time_left(42.4), format_time_left(605)
    ('time left unknown', 'about 42 s left', 'about 10 min 5 s left')
    """
    if seconds is None:
        return "time left unknown"
    return f"about {duration_in_sentence(seconds)} left"
