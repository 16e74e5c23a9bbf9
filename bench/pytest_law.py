"""The item that judges the law of a test marked `complexity`, and what it is judged on.

Apart from its plugin for length alone: every pytest session loads both, and nothing heavy may be imported here.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from bench.analyse.growth import Growth
    from bench.complexity import Complexity

INI = "complexity_inconclusive"


class LawRefuted(Exception):
    """Fails the item of a law; the first line says which, the rest why."""


@dataclass(frozen=True, slots=True)
class Place:
    """What pytest's last lines name a failure by."""

    path: str
    lineno: int
    message: str

    def __str__(self) -> str:  # for --tb=line
        return f"{self.path}:{self.lineno}: {self.message}"


@dataclass(frozen=True, slots=True)
class Message:
    """A failure as pytest prints it: our text, and no traceback of how it was found."""

    text: str
    reprcrash: Place

    def toterminal(self, writer: Any) -> None:
        for line in self.text.splitlines():
            writer.line(line)

    def __str__(self) -> str:
        return self.text


@dataclass(kw_only=True, eq=False)
class Law:
    """A marked function at one combination of its other parameters: its points and what was measured at them."""

    stated: Complexity
    points: dict[pytest.Item, dict[str, float]]
    rounds: dict[pytest.Item, tuple[float, list[float]]] = field(default_factory=dict)  # since when, seconds each
    outcomes: dict[pytest.Item, str] = field(default_factory=dict)

    def where(self, items: Iterable[pytest.Item]) -> str:
        """Some points in words."""
        return ", ".join(" ".join(f"{name}={level:g}" for name, level in self.points[item].items()) for item in items)

    def lacking(self) -> tuple[str, bool]:
        """Why nothing can be judged, and whether the user left it out; empty if all points were measured."""
        by_outcome: dict[str, list[pytest.Item]] = {}
        for item in self.points:
            if item not in self.rounds:
                by_outcome.setdefault(self.outcomes.get(item, "not run"), []).append(item)
        reasons = [f"{outcome} at {self.where(items)}" for outcome, items in by_outcome.items()]
        return "; ".join(reasons), set(by_outcome) == {"not run"}

    def frame(self, name: str) -> Any:
        """The samples of a subject of that name as the tidy frame that the analyse stage reads."""
        import numpy as np
        import pandas as pd

        from bench.complexity import reduced
        from bench.measure.timing import is_below_floor
        from bench.pytest_suite import empty_call_seconds

        # what a call costs is in the constant; a law without one has to stand clear of it
        constant = "1" in {str(term) for term in self.stated.law.plus(*self.stated.overhead).terms}
        rows = []
        for item, (start, rounds) in self.rounds.items():
            samples = reduced(rounds)
            ends = start + np.cumsum([sum(part) for part in np.array_split(rounds, len(samples))])
            rows += [
                {
                    "subject": name,
                    **self.points[item],
                    "started_at": end,
                    "seconds_per_eval": seconds,
                    "below_floor": not constant and is_below_floor(seconds, empty_call_seconds()),
                }
                for seconds, end in zip(samples, ends.tolist(), strict=True)
            ]
        frame = pd.DataFrame(rows)
        frame.attrs["factors"] = list(self.stated.levels)
        return frame

    def judged(self, name: str) -> Growth:
        """The law held against what was measured."""
        from bench.analyse.growth import judge_growth

        stated = self.stated
        with warnings.catch_warnings():  # a project that turns warnings into errors means its own
            warnings.simplefilter("default")
            return judge_growth(
                self.frame(name),
                stated.law,
                name=name,
                overhead=stated.overhead,
                bound=stated.bound,
                margin=stated.margin,
            )


class LawItem(pytest.Item):
    """``test_sort[law]``: judges what the points of a marked function have measured."""

    def __init__(self, *, law: Law, **rest: Any) -> None:
        super().__init__(**rest)
        self.law = law
        self.growth: Growth | None = None
        self.left_open = ""  # why
        self.fixturenames = ("benchmark",)  # as pytest-benchmark knows benchmarks, for --benchmark-only and -skip
        points = list(law.points)
        # what all points are marked with, the law is; and who selects a point by name selects its law
        for mark in points[0].own_markers:
            if mark.name != "parametrize" and all(mark in point.own_markers for point in points):
                self.own_markers.append(mark)
                self.keywords[mark.name] = mark
        self.extra_keyword_matches.update(point.name for point in points)

    def runtest(self) -> None:
        law, growth = self.law, None
        reason, is_choice = self.switched_off() or law.lacking()
        if not reason:
            growth = self.growth = law.judged(self.nodeid)
            from bench.report.growth import explained, headline

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

    def switched_off(self) -> tuple[str, bool] | None:
        """Why benchmarks are switched off, and whether the user said so; None if they are not."""
        session = self.config.pluginmanager.get_plugin("pytest-benchmark")
        if session is None:
            return "pytest-benchmark is switched off or not installed", False
        if not getattr(session, "disabled", False):
            return None
        if os.environ.get("PYTEST_XDIST_WORKER"):
            return "benchmarks are disabled under xdist; -n 0 would run them", False
        return "benchmarks are disabled", True

    def is_strict(self) -> bool:
        """Whether a law that stays open fails: as the marker says, else as the project does."""
        return (self.law.stated.inconclusive or self.config.getini(INI)) == "fail"

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if not isinstance(excinfo.value, LawRefuted):
            return super().repr_failure(excinfo, style)
        headline, _, rest = str(excinfo.value).partition("\n")
        path, line, _ = self.reportinfo()
        return Message(rest or headline, Place(str(path), (line or 0) + 1, headline))

    def reportinfo(self) -> tuple[os.PathLike[str] | str, int | None, str]:
        point = next(iter(self.law.points))
        path, line, domain = point.reportinfo()
        return path, line, domain.replace(point.name, self.name)
