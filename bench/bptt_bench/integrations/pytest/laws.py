"""The laws of marked functions, and what they are judged on: rounds that were timed, or what was counted.

Every pytest session loads this module: nothing heavy may be imported here.
"""

from __future__ import annotations

import abc
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import pytest

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.verdicts.law_of_samples import Growth
    from bptt_bench.integrations.pytest.inspection import CallInspection
    from bptt_bench.integrations.pytest.stated_law import Complexity
    from bptt_bench.plan import Point
    from bptt_bench.plan.experiment.instructions import Measure

LEAST_WAITING = 0.1  # of the time at a point; less moves no exponent over a factor of ten by more than 0.05
TIME_SLICE = 0.003  # seconds that Linux lets a process run before another has its turn
NOT_RUN = "not run"


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


class Counts(NamedTuple):
    """The counts of a marked test at a point: of each input, and at most so many steps that no counter sees.

    ``by_function`` is their mean, by the names of functions, where that is known.
    """

    by_input: Sequence[int]
    unseen: int | None = None
    by_function: Mapping[str, float] = MappingProxyType({})


Count: TypeAlias = "Callable[[str, Complexity, Measure], Mapping[Point, Counts]]"


class NotJudged(Exception):
    """A law cannot be judged; the message says why, in one line."""


@dataclass(kw_only=True, eq=False)
class MarkedLaw(abc.ABC):
    """A marked function at one combination of its other parameters, its points, and what became of them."""

    stated: Complexity
    points: dict[pytest.Item, dict[str, float]]
    is_derived: bool = False
    outcomes: dict[pytest.Item, str] = field(default_factory=dict)  # of points that give nothing to be judged on

    @abc.abstractmethod
    def judge(self, name: str) -> Growth:
        """Judge the law, under a name.

        Raises
        ------
        NotJudged : there is nothing to judge it on.
        """

    def derive(self) -> None:
        """Take the law that the code of the test has, where none is stated but that.

        Raises
        ------
        NotJudged : it has none, or the test cannot be evaluated at other sizes.
        """
        if not self.stated.derives:
            return
        from bptt_bench.errors import BenchError
        from bptt_bench.integrations.pytest.derived_law import derived_law

        try:
            self.stated = self.stated.with_law(derived_law(next(iter(self.points)), self.stated))
        except BenchError as error:
            raise NotJudged(str(error)) from None
        self.is_derived = True

    @property
    def origin(self) -> str:
        """Return where the law comes from, if it is not stated."""
        return f" (law {self.stated.text} derived from the code)" if self.is_derived else ""

    def find(self, _name: str) -> LawSet | None:
        """Return the laws that what was measured does not exclude; None if they are not asked for, or hard to find.

        Raises
        ------
        NotJudged : no law can be found, and none is stated.
        """
        return None

    @abc.abstractmethod
    def missing_reason(self) -> tuple[str, bool]:
        """Return why nothing can be judged, and whether the user chose that; empty if it can."""

    @abc.abstractmethod
    def disabled_reason(self, session: Any) -> tuple[str, bool] | None:
        """Return why pytest-benchmark's session keeps the law from being judged, and whether the user chose that."""

    @abc.abstractmethod
    def discard(self, item: pytest.Item) -> None:
        """Forget what was measured at a point, whose test has failed."""

    @property
    def remark(self) -> str:
        """Return what a reader of the verdict must know besides."""
        return ""

    def format_points(self, items: Iterable[pytest.Item]) -> str:
        """Return some points in words."""
        return ", ".join(" ".join(f"{name}={level:g}" for name, level in self.points[item].items()) for item in items)

    def format_outcomes(self, missing: Iterable[pytest.Item]) -> tuple[str, set[str]]:
        """Return what became of points in words, and in which ways."""
        by_outcome: dict[str, list[pytest.Item]] = {}
        for item in missing:
            by_outcome.setdefault(self.outcomes.get(item, NOT_RUN), []).append(item)
        reasons = [f"{outcome} at {self.format_points(items)}" for outcome, items in by_outcome.items()]
        if len(by_outcome.get(NOT_RUN, [])) == len(self.points):
            reasons.append("the law alone was selected: select the whole test, without [law]")
        return "; ".join(reasons), set(by_outcome)


@dataclass(kw_only=True, eq=False)
class TimedLaw(MarkedLaw):
    """A law that is judged on the rounds that pytest-benchmark has timed."""

    taken: dict[pytest.Item, PointTiming] = field(default_factory=dict)
    seen: dict[pytest.Item, CallInspection] = field(default_factory=dict)

    def discard(self, item: pytest.Item) -> None:
        self.taken.pop(item, None)

    @property
    def remark(self) -> str:
        """Return which input each call has left longer, where that was seen."""
        grown = {item: seen.inspection.grown for item, seen in self.seen.items() if item in self.taken}
        if not any(grown.values()):
            return ""
        from bptt_bench.analyse.verdicts.undone import find_growing_inputs
        from bptt_bench.report.words.findings.clauses import words

        found = find_growing_inputs(self.frame("the test"))
        return "".join(f"; {words(one)}" for one in found)

    def disabled_reason(self, session: Any) -> tuple[str, bool] | None:
        if not getattr(session, "disabled", False):
            return None
        if os.environ.get("PYTEST_XDIST_WORKER"):
            return (
                "benchmarks are not timed under xdist; -n 0 would time them, measure='instructions' counts here too",
                False,
            )
        return "benchmarks are disabled", True

    def missing_reason(self) -> tuple[str, bool]:
        """Return why nothing can be judged, and whether the user chose that; empty if all points were measured."""
        reason, outcomes = self.format_outcomes(item for item in self.points if item not in self.taken)
        return reason, outcomes == {NOT_RUN}

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
        from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

        # what a call costs is in the constant; a law without one has to stand clear of it
        law = self.stated.law
        constant = law is None or "1" in {str(term) for term in law.plus(*self.stated.overhead).terms}
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
                    SECONDS_PER_EVAL: seconds * kept,
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

    def find(self, name: str) -> LawSet | None:
        if not self.stated.finds:
            return None
        from bptt_bench.analyse.discover.discover import discover
        from bptt_bench.errors import FitError
        from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

        with warnings.catch_warnings():  # a project that turns warnings into errors means its own
            warnings.simplefilter("default")
            try:
                return discover(self.frame(name), response=SECONDS_PER_EVAL)
            except FitError as error:
                if self.stated.law is None:
                    raise NotJudged(str(error)) from None
                return None

    def judge(self, name: str) -> Growth:
        """Judge the law; inconclusive if the verdict may come from a busy machine.

        Beside other work long rounds are drawn out and short ones are not, which looks like growth: with eight
        processes on two cores `sorted` passed for n**2 once in twenty runs.
        """
        from bptt_bench.analyse.findings.estimates import ProcessorWait
        from bptt_bench.analyse.verdicts.law_of_samples import judge_growth, require_both

        stated = self.stated
        if stated.law is None:
            raise NotJudged("none is stated")
        law = stated.law

        def judge(*, without_waiting: bool) -> Growth:
            return judge_growth(
                self.frame(name, without_waiting=without_waiting),
                law,
                name=name,
                overhead=stated.overhead,
                bound=stated.bound,
                margin=stated.margin,
            )

        with warnings.catch_warnings():  # a project that turns warnings into errors means its own
            warnings.simplefilter("default")
            growth = judge(without_waiting=False)
            busiest = max(self.taken, key=lambda point: self.taken[point].waited)
            share = self.taken[busiest].waited
            if share < LEAST_WAITING or growth.word == "inconclusive":
                return growth
            wait = ProcessorWait(share=share, at=self.points[busiest])
            return require_both(growth, judge(without_waiting=True), wait)


@dataclass(kw_only=True, eq=False)
class CountedLaw(MarkedLaw):
    """A law that is judged on instructions or operations, which are counted when it is judged.

    Attributes
    ----------
    counted : ``instructions`` or ``operations``.
    count : counts them, given the name of the law's item, what is stated, and what to count.
    called : the points at which the test handed its call to ``benchmark`` in this session.
    """

    counted: Measure
    count: Count
    counts: Mapping[Point, Counts] = field(default_factory=dict)
    called: set[pytest.Item] = field(default_factory=set)

    def discard(self, item: pytest.Item) -> None:
        self.called.discard(item)

    def disabled_reason(self, session: Any) -> tuple[str, bool] | None:
        options = session.config.option
        if options.benchmark_disable and not options.benchmark_enable:  # which xdist does not set
            return "benchmarks are disabled", True
        return None

    def missing_reason(self) -> tuple[str, bool]:
        """Return which points failed, if any did; what was not run is counted all the same."""
        failed = [item for item in self.points if item in self.outcomes and item not in self.called]
        reason, _ = self.format_outcomes(failed)
        return reason, False

    @property
    def response(self) -> str:
        """The column of the counts."""
        from bptt_bench.plan.design.columns import count_column

        return count_column(self.counted)

    def frame(self, name: str) -> pd.DataFrame:
        """Return the counts under a subject's name, which are made when they are first asked for.

        Raises
        ------
        NotJudged : they cannot be counted.
        """
        import pandas as pd

        stated = self.stated
        self.counts = self.counts or self.count(name, stated, self.counted)
        rows = [
            {"subject": name, **point, self.response: float(count)}
            for point, counts in self.counts.items()
            for count in counts.by_input
        ]
        frame = pd.DataFrame(rows)
        frame.attrs["factors"] = list(stated.levels)
        frame.attrs["counts"] = [
            {
                "subject": name,
                "point": point,
                "by_input": {self.counted: counts.by_input},
                "unseen": {} if counts.unseen is None else {self.counted: counts.unseen},
                "by_function": counts.by_function,
            }
            for point, counts in self.counts.items()
        ]
        return frame

    def find(self, name: str) -> LawSet | None:
        if not self.stated.finds:
            return None
        from bptt_bench.analyse.discover.discover import discover_leading
        from bptt_bench.analyse.growth.count_records import find_unseen_work
        from bptt_bench.errors import FitError
        from bptt_bench.report.words.findings.clauses import words

        frame = self.frame(name)
        unseen = find_unseen_work(frame, name, self.response)
        if unseen is not None and self.stated.law is None:
            raise NotJudged(words(unseen))
        with warnings.catch_warnings():  # a project that turns warnings into errors means its own
            warnings.simplefilter("default")
            try:
                return discover_leading(frame, response=self.response)
            except FitError as error:
                if self.stated.law is None:
                    raise NotJudged(str(error)) from None
                return None

    def judge(self, name: str) -> Growth:
        from bptt_bench.analyse.verdicts.law_of_samples import judge_growth

        stated = self.stated
        if stated.law is None:
            raise NotJudged("none is stated")
        frame = self.frame(name)
        with warnings.catch_warnings():  # a project that turns warnings into errors means its own
            warnings.simplefilter("default")
            return judge_growth(
                frame,
                stated.law,
                name=name,
                overhead=stated.overhead,
                bound=stated.bound,
                margin=stated.margin,
                response=self.response,
            )

    @property
    def remark(self) -> str:
        """Return what was counted, and at which levels."""
        levels = {name: [point[name] for point in self.counts] for name in self.stated.levels}
        ranges = ", ".join(f"{name}={min(some):g} to {max(some):g}" for name, some in levels.items() if some)
        return f" ({self.counted}, {ranges})"
