"""In a notebook: progress that updates in place, results with rich displays, figures as values.

IPython is never imported here unless it is what imports us: elsewhere none of this does anything.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
import time
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, Protocol

from bptt_bench.measure.loop.events import (
    BlockDone,
    CellSkipped,
    CheckDone,
    Event,
    Listener,
    MemoryTaken,
    RunFinished,
    RunStarted,
    SampleTaken,
    SubjectMissing,
)
from bptt_bench.report.page.displays import png
from bptt_bench.workflows.notebook_modules import ipython_shell, is_notebook

SECONDS_BETWEEN_UPDATES = 0.25  # each is a message to the browser
KEPT_LINES = 6  # of what happened on the way and is worth keeping in sight

# What is shown, and by what. By name: the analyse stage knows nothing of reports, and these load what they need.
FRAGMENTS = {
    ("bptt_bench.analyse.fitting.fitted", "Fit"): "of_fit",
    ("bptt_bench.analyse.discover.law_set", "LawSet"): "of_laws",
    ("bptt_bench.analyse.verdicts.verdict", "Verdict"): "of_verdict",
    ("bptt_bench.analyse.verdicts.analysis", "Analysis"): "of_analysis",
    ("bptt_bench.analyse.fitting.select", "Preference"): "of_preference",
    ("bptt_bench.analyse.compare.compared", "Comparison"): "of_comparison",
    ("bptt_bench.workflows.predict", "PredictionList"): "of_predictions",
}


class Handle(Protocol):
    """An output that can be changed."""

    def update(self, obj: object) -> None: ...


def register() -> None:
    """Teach the IPython that runs this how to show laws, fits, verdicts and figures; nothing happens without one."""
    running = ipython_shell()
    formatter = getattr(running, "display_formatter", None)
    if formatter is None:
        return
    for (module, name), fragment in FRAGMENTS.items():
        formatter.formatters["text/html"].for_type_by_name(module, name, _make_formatter(fragment))
    formatter.formatters["text/latex"].for_type_by_name("bptt_bench.plan.law.law", "CostLaw", _latex)
    # a figure without pyplot is not displayed in a notebook; pyplot registers its own formatter once it is imported
    formatter.formatters["image/png"].for_type_by_name("matplotlib.figure", "Figure", png)


def _make_formatter(fragment: str) -> Callable[[Any], str]:
    def show_progress(value: Any) -> str:
        return str(getattr(importlib.import_module("bptt_bench.report.page.fragments"), fragment)(value))

    return show_progress


def _latex(law: Any) -> str:
    return f"$\\displaystyle {law.latex()}$"


@contextlib.contextmanager
def run_progress(asked: bool | None, on_event: Listener | None) -> Iterator[Listener | None]:
    """Yield a listener that shows a run and passes its events on to ``on_event``.

    Parameters
    ----------
    asked : whether to show anything; None: in a notebook only.
    """
    if asked is False or (asked is None and not is_notebook()):
        yield on_event
    elif is_notebook():
        from IPython.display import HTML, display

        handle = display(HTML(""), display_id=True)  # type: ignore[no-untyped-call]  # IPython's own
        picture = ProgressDisplay(handle, HTML, time.monotonic)
        try:
            yield _notify_both(picture, on_event)
        except BaseException:
            picture.stop()
            raise
    else:
        from bptt_bench.workflows.progress import show_progress

        with show_progress(sys.stderr, time.monotonic) as listener:
            yield _notify_both(listener, on_event)


def _notify_both(first: Listener, second: Listener | None) -> Listener:
    if second is None:
        return first

    def notify(event: Event) -> None:
        first(event)
        second(event)

    return notify


class ProgressDisplay:
    """A bar with what is being measured, in an output of a cell that is replaced as the run goes on.

    Parameters
    ----------
    handle : the output.
    html : makes something that is shown as HTML of its text.
    now : a clock, in seconds.
    """

    def __init__(self, handle: Handle, html: Callable[[str], object], now: Callable[[], float]) -> None:
        self._handle, self._html, self._now = handle, html, now
        self._drawn_at = -SECONDS_BETWEEN_UPDATES
        self._title, self._doing, self._left = "", "", ""
        self._done = self._total = 0
        self._kept: list[str] = []

    def __call__(self, event: Event) -> None:
        """Note what happened, and show it unless that was done a moment ago."""
        from bptt_bench.workflows.progress import describe_event, format_time_left

        match event:
            case RunStarted():
                self._title, self._doing = f"{event.experiment}, profile {event.profile}", "checks"
                self._done, self._total = event.cells_done, event.cells_total
            case SampleTaken() | MemoryTaken():
                self._done, self._total = event.cells_done, event.cells_total
                self._doing, self._left = f"{event.subject} {event.point}", format_time_left(event.seconds_left)
            case CheckDone() | CellSkipped() | SubjectMissing():
                self._kept = [*self._kept, describe_event(event)][-KEPT_LINES:]
            case BlockDone():
                pass
            case RunFinished():
                self.close(f"{event.samples} samples in {event.seconds_after_workers_started:.0f} s")
                return
            case _:
                self._doing = describe_event(event) or self._doing
        if self._now() - self._drawn_at >= SECONDS_BETWEEN_UPDATES:
            self._draw()

    def close(self, words: str) -> None:
        """Show a last time how it ended."""
        self._doing, self._left = words, ""
        self._draw()

    def stop(self) -> None:
        """Show that it ended before its time."""
        self.close("stopped; what was measured is stored" if self._done else "stopped before anything was measured")

    def _draw(self) -> None:
        self._drawn_at = self._now()
        count = f"{self._done}/{self._total}"
        line = ", ".join(filter(None, [count, self._doing, self._left]))
        kept = "".join(f"<div>{escape(text)}</div>" for text in self._kept)
        bar = f'<progress value="{self._done}" max="{max(self._total, 1)}" style="width:16em"></progress>'
        self._handle.update(self._html(f"<div>{escape(self._title)}<br>{bar} {escape(line)}{kept}</div>"))
