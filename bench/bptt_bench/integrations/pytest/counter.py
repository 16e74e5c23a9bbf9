"""Counts what the calls of marked tests do for a session, in a session of its own.

Valgrind watches that session where instructions are counted. Imported where a law is judged on counts, not by every
pytest session.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import pytest

from bptt_bench.integrations.pytest.law_item import LawItem
from bptt_bench.integrations.pytest.laws import CountedLaw, Counts, NotJudged
from bptt_bench.integrations.pytest.stated_law import Complexity
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.engines.counting.instructions import SECONDS_TO_START, InstructionCounter
from bptt_bench.measure.engines.counting.operations import OperationCounter
from bptt_bench.measure.loop.counted_points import count_points
from bptt_bench.measure.loop.counting import LARGEST_COUNTS, InputsToCount, mean_by_function
from bptt_bench.plan import Point
from bptt_bench.plan.experiment.instructions import Measure

PLUGIN = "bptt_bench.integrations.pytest.counting"
# For a law, of processor time: other work on the machine does not change what is counted. Usual are 10 to 20; it is the
# instructions of an evaluation that bound its levels.
SECONDS = 60.0
APART = 1.5  # times the levels of another point; counts have next to no noise, which more points would even out
WALL_SECONDS = 10.0  # that may pass for one of processor time
REMEMBERED = 10.0  # times as many instructions as later ones from which a first evaluation did other work
SECONDS_TO_END = 5.0  # for fixtures of modules and sessions to put away what they have set up
# Variables of workers of xdist, of the current test, and of coverage, which measures in every process that has them.
UNSET = (
    "PYTEST_XDIST_WORKER",
    "PYTEST_XDIST_WORKER_COUNT",
    "PYTEST_XDIST_TESTRUNUID",
    "PYTEST_CURRENT_TEST",
    "COV_CORE_SOURCE",
    "COV_CORE_CONFIG",
    "COV_CORE_DATAFILE",
    "COVERAGE_PROCESS_START",
    "COVERAGE_PROCESS_CONFIG",
)


@dataclass(kw_only=True)
class TestCounter:
    """Counts for marked tests; the session that counts is started when it is first needed.

    Parameters
    ----------
    config : of the session whose laws are judged.
    items : all of its items.
    counted : instructions or operations.
    """

    __test__ = False  # for pytest, which looks at names

    config: pytest.Config
    items: Sequence[pytest.Item]
    counted: Measure
    _counter: InstructionCounter | OperationCounter | None = None
    _folder: TemporaryDirectory[str] | None = None
    _broken: str = ""  # why the session that counts cannot begin

    def count(self, name: str, stated: Complexity) -> Mapping[Point, Counts]:
        """Return what the benchmarked call of a marked test does, for several inputs at each point.

        Parameters
        ----------
        name : the node id of the law.
        stated : by its marker; the levels are made smaller, their ratios stay.

        Raises
        ------
        NotJudged : they cannot be counted; the message says why.
        """
        counts: dict[Point, Counts] = {}
        firsts: dict[Point, int] = {}  # which may load, compile and fill caches
        inputs = InputsToCount()

        try:
            counter = self._started()

            def count_at(point: Point, seconds: float) -> float:
                try:
                    found = counter.count(name, point, inputs=1 + inputs.number, seconds=WALL_SECONDS * seconds)
                except CountError as error:
                    is_ours = counter.is_ready and point not in stated.points
                    remark = "; levels are made smaller for counting" if is_ours else ""
                    raise CountError(f"{error}{remark}") from None
                inputs.saw(found[1:])
                by_function = mean_by_function(getattr(counter, "by_function", [])[1:])
                firsts[point] = found[0]
                counts[point] = Counts(found[1:], getattr(counter, "unseen", None), by_function)
                return float(median(found[1:]))

            now = counter.processor_seconds
            points = list(stated.points)
            largest = LARGEST_COUNTS[self.counted]
            count_points(stated.law, points, count_at, {}, seconds=SECONDS, now=now, apart=APART, largest_count=largest)
        except CountError as error:
            raise NotJudged(str(error)) from None
        finally:
            if self._counter is not None and not self._counter.is_ready:  # it may still be at work
                self.close()
        require_repeated_work(firsts, {point: each.by_input for point, each in counts.items()})
        return counts

    def close(self) -> None:
        """End the session that counts, if there is one."""
        if self._counter is not None:
            self._counter.close()
            self._counter = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _started(self) -> InstructionCounter | OperationCounter:
        if self._broken:
            raise CountError(self._broken)
        if self._counter is None:
            self._folder = TemporaryDirectory(prefix="bptt-bench-tests-", ignore_cleanup_errors=True)
            invocation = self.config.invocation_params
            try:
                make = InstructionCounter if self.counted == "instructions" else OperationCounter
                counter = make(
                    {
                        "counted": self.counted,
                        "tests": marked_tests(self.items, self.counted),
                        "folder": str(Path(self._folder.name) / "temporary"),
                    },
                    command=("pytest", "-p", PLUGIN, *map(str, invocation.args)),
                    folder=invocation.dir,
                    unset=UNSET,
                    seconds_to_start=WALL_SECONDS * SECONDS_TO_START,
                    seconds_to_end=SECONDS_TO_END,
                )
                self._counter = counter.__enter__()
            except CountError as error:
                self._broken = str(error)
                raise
        return self._counter


def require_repeated_work(firsts: Mapping[Point, int], counts: Mapping[Point, Sequence[int]]) -> None:
    """See that evaluations do the work of the first one, where that had most to do.

    What loads or compiles once does so at the first point, which is the smallest.

    Raises
    ------
    NotJudged : they remember it.
    """
    later = list(firsts)[1:]
    if not later:
        return
    largest = max(later, key=lambda point: firsts[point])
    factor = firsts[largest] / median(counts[largest])
    if factor < REMEMBERED:
        return
    from bptt_bench.analyse.findings.obstacles import RememberedWork
    from bptt_bench.analyse.findings.reason import Kind, Reason
    from bptt_bench.report.words.reasons import clause_of

    raise NotJudged(clause_of(Reason(kind=Kind.NOT_DONE, finding=RememberedWork(factor=factor, at=largest))))


def marked_tests(items: Iterable[pytest.Item], counted: Measure) -> list[str]:
    """Return the tests whose laws are judged on a count, as pytest's command line names them."""
    laws = [item for item in items if isinstance(item, LawItem)]
    marked = [item for item in laws if isinstance(item.law, CountedLaw) and item.law.counted == counted]
    tests = [f"{item.path}::{item.nodeid.partition('::')[2].partition('[')[0]}" for item in marked]
    return list(dict.fromkeys(tests))
