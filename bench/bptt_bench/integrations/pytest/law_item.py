"""The test item that judges the law of a function marked `complexity`, and the measurements it is judged on.

Every pytest session loads this module: nothing heavy may be imported here.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from bptt_bench.integrations.pytest.unavailable import INI

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.verdicts.growth import Growth
    from bptt_bench.integrations.pytest.inspection import CallInspection
    from bptt_bench.integrations.pytest.stated_law import Complexity

LEAST_WAITING = 0.1  # of the time at a point; less moves no exponent over a factor of ten by more than 0.05
STRICT_XPASS = "[XPASS(strict)]"  # how pytest's report of a test that should have failed begins
TIME_SLICE = 0.003  # seconds that Linux lets a process run before another has its turn


class LawRefuted(Exception):
    """Fails the item of a law; the first line says which, the rest why."""


@dataclass(frozen=True, slots=True)
class FailureLocation:
    """Where a failure is, for pytest's last lines."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:  # for --tb=line
        return f"{self.path}:{self.lineno}: {self.message}"


@dataclass(frozen=True, slots=True)
class FailureText:
    """A failure as pytest prints it: our text without a traceback."""

    text: str
    reprcrash: FailureLocation

    def toterminal(self, writer: Any) -> None:
        for line in self.text.splitlines():
            writer.line(line)

    def __str__(self) -> str:
        return self.text


def clear_xpass(report: pytest.TestReport, call: pytest.CallInfo[None]) -> None:
    """Let a point pass that pytest says should not have: what `xfail` at a marked function speaks of is its law."""
    if call.excinfo is None and report.failed and str(report.longrepr).startswith(STRICT_XPASS):
        report.outcome, report.longrepr = "passed", None
    elif report.passed and hasattr(report, "wasxfail"):
        del report.wasxfail


def rerun_points(config: pytest.Config, report: pytest.TestReport, points: Sequence[str]) -> None:
    """See to it that `--lf` and `--sw` measure the points of a refuted law again, without which it cannot be judged."""
    id_of_report: Any = getattr(report, "id", report.nodeid)
    parse = getattr(type(id_of_report), "parse", str)
    last_failed = config.pluginmanager.get_plugin("lfplugin")
    if last_failed is not None:
        last_failed.lastfailed.update({parse(point): True for point in points})
    stepwise = getattr(config.pluginmanager.get_plugin("stepwiseplugin"), "cached_info", None)
    if stepwise is not None and stepwise.last_failed == id_of_report:
        stepwise.last_failed = parse(points[0])


class PointTiming(NamedTuple):
    """The timing of a point: its start, the rounds in seconds per evaluation, and the disturbance.

    ``waited`` is the share of the time in which the process was ready to run and no processor was free.
    """

    start: float
    rounds: list[float]
    iterations: int
    waited: float


def seconds_waited() -> float:
    """Return the seconds that this process has waited for a processor; 0 where the system does not report it."""
    try:
        return int(Path("/proc/self/schedstat").read_text(encoding="ascii").split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


@dataclass(kw_only=True, eq=False)
class MarkedLaw:
    """A marked function at one combination of its other parameters: its points and what was measured at them."""

    stated: Complexity
    points: dict[pytest.Item, dict[str, float]]
    taken: dict[pytest.Item, PointTiming] = field(default_factory=dict)
    outcomes: dict[pytest.Item, str] = field(default_factory=dict)
    seen: dict[pytest.Item, CallInspection] = field(default_factory=dict)

    def format_points(self, items: Iterable[pytest.Item]) -> str:
        """Return some points in words."""
        return ", ".join(" ".join(f"{name}={level:g}" for name, level in self.points[item].items()) for item in items)

    def missing_reason(self) -> tuple[str, bool]:
        """Return why nothing can be judged, and whether the user chose that; empty if all points were measured."""
        by_outcome: dict[str, list[pytest.Item]] = {}
        for item in self.points:
            if item not in self.taken:
                by_outcome.setdefault(self.outcomes.get(item, "not run"), []).append(item)
        reasons = [f"{outcome} at {self.format_points(items)}" for outcome, items in by_outcome.items()]
        return "; ".join(reasons), set(by_outcome) == {"not run"}

    def frame(self, name: str, *, without_waiting: bool = False) -> pd.DataFrame:
        """Return the samples under a subject's name, as the tidy frame that the analysis reads.

        Without waiting, rounds that are longer than a time slice lose the share in which no processor was free. The
        median of shorter ones has none: they are interrupted as a whole or not at all.
        """
        import numpy as np
        import pandas as pd

        from bptt_bench.integrations.pytest.rounds import empty_call_seconds
        from bptt_bench.integrations.pytest.stated_law import block_medians
        from bptt_bench.measure.timing.timing import is_below_floor

        # what a call costs is in the constant; a law without one has to stand clear of it
        constant = "1" in {str(term) for term in self.stated.law.plus(*self.stated.overhead).terms}
        rows = []
        for item, (start, rounds, iterations, waited) in self.taken.items():
            samples = block_medians(rounds)
            ends = start + np.cumsum([sum(part) for part in np.array_split(rounds, len(samples))])
            is_long = float(np.median(rounds)) * iterations > TIME_SLICE
            kept = 1 - waited if without_waiting and is_long else 1.0
            rows += [
                {
                    "subject": name,
                    **self.points[item],
                    "started_at": end,
                    "seconds_per_eval": seconds * kept,
                    "below_floor": not constant and is_below_floor(seconds, empty_call_seconds()),
                    "process": 0,
                    "first_seconds": self.seen[item].first_seconds if item in self.seen else None,
                }
                for seconds, end in zip(samples, ends.tolist(), strict=True)
            ]
        frame = pd.DataFrame(rows)
        frame.attrs["factors"] = list(self.stated.levels)
        frame.attrs["inspections"] = [
            {"subject": name, "point": self.points[item], **seen.inspection.to_json()}
            for item, seen in self.seen.items()
            if item in self.taken
        ]
        return frame.astype({"first_seconds": float})

    def judge(self, name: str) -> Growth:
        """Judge the law; inconclusive if the verdict may come from a busy machine.

        Beside other work long rounds are drawn out and short ones are not, which looks like growth: with eight
        processes on two cores `sorted` passed for n**2 once in twenty runs.
        """
        from bptt_bench.analyse.findings.estimates import ProcessorWait
        from bptt_bench.analyse.verdicts.growth import agreement, judge_growth

        stated = self.stated

        def judge(*, without_waiting: bool) -> Growth:
            return judge_growth(
                self.frame(name, without_waiting=without_waiting),
                stated.law,
                name=name,
                overhead=stated.overhead,
                bound=stated.bound,
                margin=stated.margin,
            )

        with warnings.catch_warnings():  # a project that turns warnings into errors means its own
            warnings.simplefilter("default")
            growth = judge(without_waiting=False)
            busiest = max(self.taken, key=lambda item: self.taken[item].waited)
            share = self.taken[busiest].waited
            if share < LEAST_WAITING or growth.word == "inconclusive":
                return growth
            wait = ProcessorWait(share=share, at=self.points[busiest])
            return agreement(growth, judge(without_waiting=True), wait)


class LawItem(pytest.Item):
    """``test_sort[law]``: judges what the points of a marked function have measured."""

    def __init__(self, *, law: MarkedLaw, **rest: Any) -> None:
        super().__init__(**rest)
        self.law = law
        self.growth: Growth | None = None
        self.left_open = ""  # why
        self.fixturenames = ("benchmark",)  # as pytest-benchmark knows benchmarks, for --benchmark-only and -skip
        points = list(law.points)
        # the law has the marks that all points have, and selecting a point by name selects its law
        for mark in points[0].own_markers:
            if mark.name != "parametrize" and all(mark in point.own_markers for point in points):
                self.own_markers.append(mark)
                self.keywords[mark.name] = mark
        self.extra_keyword_matches.update(point.name for point in points)

    def runtest(self) -> None:
        law, growth = self.law, None
        reason, is_choice = self.disabled_reason() or law.missing_reason()
        if not reason:
            growth = self.growth = law.judge(self.nodeid)
            from bptt_bench.report.words.growth import explained, headline

            if growth.word == "supported":
                return
            if growth.word == "refuted":
                raise LawRefuted(f"{headline(growth)}\n{explained(growth)}")
            reason = headline(growth)
        else:
            reason = f"law {law.stated.law} not judged: {reason}"
        if self.is_strict() and not is_choice:
            why = f"\n{explained(growth)}" if growth else ""
            raise LawRefuted(f"{reason} (inconclusive='fail'){why}")
        self.left_open = reason
        pytest.skip(reason)

    def disabled_reason(self) -> tuple[str, bool] | None:
        """Return why benchmarks are switched off, and whether the user chose that; None if they are not."""
        session = self.config.pluginmanager.get_plugin("pytest-benchmark")
        if session is None:
            return "pytest-benchmark is switched off or not installed", False
        if not getattr(session, "disabled", False):
            return None
        if os.environ.get("PYTEST_XDIST_WORKER"):
            return "benchmarks are disabled under xdist; -n 0 would run them", False
        return "benchmarks are disabled", True

    def is_strict(self) -> bool:
        """Return whether a law that stays open fails: as the marker says, else as the project does."""
        return (self.law.stated.inconclusive or self.config.getini(INI)) == "fail"

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if not isinstance(excinfo.value, LawRefuted):
            return super().repr_failure(excinfo, style)
        headline, _, rest = str(excinfo.value).partition("\n")
        path, line, _ = self.reportinfo()
        return FailureText(rest or headline, FailureLocation(str(path), (line or 0) + 1, headline))

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        point = next(iter(self.law.points))
        path, line, domain = point.reportinfo()
        return path, line, domain.replace(point.name, self.name)
