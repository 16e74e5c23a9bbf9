"""The test item that judges the law of a function marked `complexity`.

Every pytest session loads this module: nothing heavy may be imported here.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from bptt_bench.integrations.pytest.laws import MarkedLaw, NotJudged
from bptt_bench.integrations.pytest.unavailable import INI

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.verdicts.law_of_samples import Growth

STRICT_XPASS = "[XPASS(strict)]"  # how pytest's report of a test that should have failed begins


class LawRefuted(Exception):
    """Fails the item of a law: one line that says which and what was found, and a text that says why."""

    def __init__(self, headline: str, explanation: str = "") -> None:
        super().__init__(headline, explanation)
        self.headline, self.explanation = headline, explanation

    def __str__(self) -> str:
        return "\n".join(filter(None, (self.headline, self.explanation)))


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


class LawItem(pytest.Item):
    """``test_sort[law]``: judges what the points of a marked function have measured."""

    def __init__(self, *, law: MarkedLaw, **rest: Any) -> None:
        super().__init__(**rest)
        self.law = law
        self.growth: Growth | None = None
        self.found: LawSet | None = None
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
            try:
                law.derive()
                self.found = law.find(self.nodeid)
                if law.stated.law is None:
                    return
                growth = self.growth = law.judge(self.nodeid)
            except NotJudged as error:
                reason = str(error)
        if growth is None:
            reason = f"law {law.stated.text} not judged: {reason}"
        else:
            from bptt_bench.report.words.growth import explained

            reason = self.headline(growth)
            if growth.word == "supported":
                return
            if growth.word == "refuted":
                raise LawRefuted(reason, explained(growth))
        if self.is_strict() and not is_choice:
            raise LawRefuted(f"{reason} (inconclusive='fail')", explained(growth) if growth else "")
        self.left_open = reason
        pytest.skip(reason)

    def headline(self, growth: Growth) -> str:
        """Return in one line how the stated law was judged, and the law that was found beside it."""
        from bptt_bench.report.words.growth import headline

        line = headline(growth) + self.law.origin + self.law.remark
        if self.found is None:
            return line
        from bptt_bench.report.words.laws import answer_text

        return f"{line}; {answer_text(self.found)}"

    def disabled_reason(self) -> tuple[str, bool] | None:
        """Return why benchmarks are switched off, and whether the user chose that; None if they are not."""
        session = self.config.pluginmanager.get_plugin("pytest-benchmark")
        if session is None:
            return "pytest-benchmark is switched off or not installed", False
        return self.law.disabled_reason(session)

    @property
    def function_name(self) -> str:
        """Return the name of the marked function."""
        return self.name.partition("[")[0]

    def is_strict(self) -> bool:
        """Return whether a law that stays open fails: as the marker says, else as the project does."""
        return (self.law.stated.inconclusive or self.config.getini(INI)) == "fail"

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if not isinstance(excinfo.value, LawRefuted):
            return super().repr_failure(excinfo, style)
        refuted = excinfo.value
        path, line, _ = self.reportinfo()
        location = FailureLocation(str(path), (line or 0) + 1, refuted.headline)
        return FailureText(refuted.explanation or refuted.headline, location)

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        point = next(iter(self.law.points))
        path, line, domain = point.reportinfo()
        return path, line, domain.replace(point.name, self.name)
