"""The plugin of a pytest session that counts what marked tests do, at the points that it is asked for.

That session runs in a process of its own that the session whose laws need it starts (``counter``), under Valgrind where
instructions are counted. It has the same command line, less what would write a file, shorten the session or start
workers. It collects the marked functions, and then runs them on request: with random numbers seeded by the point, once
to warm up, then several times with other seeds; the one call that a test hands to ``benchmark`` is what is counted.
"""

from __future__ import annotations

import contextlib
import gc
import os
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bptt_bench.integrations.pytest.inputs import CallInputs
from bptt_bench.integrations.pytest.law_item import LawItem
from bptt_bench.integrations.pytest.marker import PLUGIN, ComplexitySession
from bptt_bench.measure.counters.call import UncountedOperation
from bptt_bench.measure.counters.call_counter import OperationCount, count_call
from bptt_bench.measure.worker.counting.instructions import COUNT_MARKER, Pipes
from bptt_bench.measure.worker.counting.operations import reply_of
from bptt_bench.measure.worker.loading import describe_error
from bptt_bench.plan import Point
from bptt_bench.plan.experiment.deferred import deferred_kind
from bptt_bench.plan.experiment.seeded import seed
from bptt_bench.plan.experiment.subject import OPERATIONS

BLOCKED = ("_cov", "lfplugin", "nfplugin", "stepwiseplugin")  # they would measure coverage, or overwrite what is cached
TIMEOUT = "timeout"  # a plugin whose limits are those of tests that are not slowed down
# What the command line may say to the session that is not meant for this one.
OPTIONS: Mapping[str, object] = {
    "numprocesses": None,
    "maxprocesses": None,
    "dist": "no",
    "distload": False,
    "tx": [],
    "looponfail": False,
    "usepdb": False,
    "trace": False,
    "maxfail": 0,
    "keyword": "",
    "markexpr": "",
    "deselect": None,
    "xmlpath": None,
    "log_file": os.devnull,
    "setupshow": False,
    "benchmark": False,
    "benchmark_disable": True,
    "benchmark_enable": False,
    "benchmark_skip": False,
    "benchmark_only": False,
    "benchmark_json": None,
    "benchmark_save": None,
    "benchmark_autosave": None,
    "benchmark_compare": None,
    "benchmark_compare_fail": None,
    "benchmark_histogram": None,
}


def pytest_addoption(pluginmanager: pytest.PytestPluginManager) -> None:
    """Take standard input and output, before pytest captures them, and hear what is to be counted."""
    pluginmanager.register(CountingSession(Pipes()), "bptt_bench_counting")


class CountingError(Exception):
    """A marked test that cannot be counted; the message says why."""


class CountingSession:
    """The plugin that turns a pytest session into one that answers requests."""

    def __init__(self, pipes: Pipes) -> None:
        self._pipes, self._opening = pipes, next(iter(pipes))
        self._items: dict[tuple[str, Point], pytest.Item] = {}
        self._evaluations, self._others = 0, list[int]()
        self._operations: list[OperationCount] | None = [] if self._opening["counted"] == OPERATIONS else None
        self.why = ""  # something failed: the first reason

    @pytest.hookimpl(tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: pytest.Config) -> None:
        """Block plugins before they begin their work."""
        for name in BLOCKED:
            early_config.pluginmanager.set_blocked(name)

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: pytest.Config) -> None:
        """Take the marked functions for what the command line asks for."""
        for name, value in OPTIONS.items():
            if hasattr(config.option, name):
                setattr(config.option, name, value)
        config.option.basetemp = Path(self._opening["folder"])
        config.args = list(self._opening["tests"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Have the marker's part of our plugin call what it is given to count here."""
        timeout = session.config.pluginmanager.get_plugin(TIMEOUT)
        if timeout is not None:
            session.config.pluginmanager.unregister(timeout)
        laws = session.config.pluginmanager.get_plugin(PLUGIN)
        if not isinstance(laws, ComplexitySession):
            self.give_up("the plugin of bptt-bench is not loaded")
        self._config, self._laws = session.config, laws
        laws.evaluate = self._evaluate

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why something cannot be collected."""
        if report.failed:
            lines = [line for line in str(report.longrepr).splitlines() if line.strip()]
            self.why = self.why or (lines[-1].removeprefix("E").strip() if lines else report.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Keep why a test failed."""
        if call.excinfo is not None and not self.why:
            error = call.excinfo.value
            skipped = isinstance(error, pytest.skip.Exception)
            self.why = f"skipped: {error}" if skipped else describe_error(error)
        return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Answer requests until they end, then put away what fixtures have set up."""
        laws = {item.nodeid: item for item in session.items if isinstance(item, LawItem)}
        if session.testsfailed or not laws:
            self.give_up(self.why or "no marked test was found")
        gc.collect()
        gc.freeze()  # what pytest has set up is not looked through again before each call
        gc.disable()
        if self._operations is None:
            COUNT_MARKER.evaluate([lambda: None])  # what the marks themselves take
        self._pipes.reply(self._taken())
        for request in self._pipes:
            self._pipes.reply(self._answer(laws, request))
        with contextlib.suppress(Exception):  # nobody is left to hear of it
            session._setupstate.teardown_exact(None)
        os._exit(0)  # nothing that plugins do at the end of a session is wanted

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Say why the session ends before it was asked anything."""
        self.give_up(self.why or f"pytest ended with status {int(exitstatus)}")

    def _answer(self, laws: Mapping[str, LawItem], request: Mapping[str, Any]) -> dict[str, Any]:
        point = Point(request["point"])
        try:
            law = laws.get(request["subject"])
            if law is None:
                raise CountingError("the test was not found again when it was collected for counting")
            item = self._item(law, point)
            inputs = law.law.stated.inputs or request["inputs"]
            # the first one warms up, and is counted as well
            numbers = [number % inputs for number in (0, *range(request["inputs"] - 1))]
            while numbers:
                del numbers[: self._run(item, law, point, numbers)]
        except CountingError as error:
            return {"error": f"{error}, at {point}", **self._taken()}
        return self._taken()

    def _taken(self) -> dict[str, Any]:
        """Return what was counted since the last reply."""
        if self._operations is None:
            return COUNT_MARKER.take()
        counts, self._operations = self._operations, []
        return reply_of(counts)

    def _item(self, law: LawItem, point: Point) -> pytest.Item:
        """Return the marked test at a point, made as pytest makes items: with all fixtures and parameters."""
        key = law.nodeid, point
        if key not in self._items:
            parent, name = law.parent, law.function_name
            assert isinstance(parent, pytest.Module | pytest.Class)
            self._laws.points = (point,)
            made = parent.ihook.pytest_pycollect_makeitem(collector=parent, name=name, obj=getattr(parent.obj, name))
            found = next((one for one in made if isinstance(one, LawItem) and one.nodeid == law.nodeid), None)
            if found is None:
                raise CountingError(self.why or "the test was not found again")
            self._items[key] = next(iter(found.law.points))
        return self._items[key]

    def _run(self, item: pytest.Item, law: LawItem, point: Point, numbers: list[int]) -> int:
        """Run a test from its fixtures on, which draw the random numbers of the first of some inputs.

        Returns
        -------
        evaluations : on how many inputs its call was evaluated.
        """
        self.why, self._evaluations, self._others = "", 0, numbers[1:]
        seed(point, numbers[0])
        # what fixtures of modules, classes and sessions have set up stays, as between any two tests that share it
        item.session._setupstate.teardown_exact(item)
        self._config.hook.pytest_runtest_protocol(item=item, nextitem=law)
        if self.why:
            raise CountingError(self.why)
        if not self._evaluations:
            raise CountingError("benchmark was never called")
        return self._evaluations

    def _evaluate(self, inputs: CallInputs, call: Callable[[], Any]) -> Any:
        """Make the call of a test between two marks, and those on other inputs where only the function makes these.

        A test that is run again from its fixtures on takes longer, and its instrumentation may have to be switched.
        """
        calls = [call]
        if inputs.is_plain:
            with contextlib.suppress(Exception):  # what cannot be run again is run from its fixtures on
                calls += [inputs.prepare(number) for number in self._others]
        result = COUNT_MARKER.evaluate(calls)[0] if self._operations is None else self._count_operations(calls, inputs)
        self._evaluations += len(calls)
        kind = deferred_kind(result)
        if kind is not None:
            self.why = promise(kind)
        return result

    def _count_operations(self, calls: Sequence[Callable[[], Any]], inputs: CallInputs) -> Any:
        """Count the operations of calls, and return the result of the first.

        The evaluation that is counted is not the first on its input, unless it uses that up.
        """
        assert self._operations is not None
        results = []
        for call in calls:
            result = None if inputs.stated.consumes else call()
            try:
                count, counted = count_call(call)
            except UncountedOperation as error:
                self.why = f"operations: {' '.join(str(error).split())}"
                return result
            self._operations.append(count)
            results.append(counted if inputs.stated.consumes else result)
        return results[0]

    def give_up(self, why: str) -> NoReturn:
        """Reply that nothing can be counted, and end the process."""
        self._pipes.reply({"error": f"the tests cannot be counted: {why}"})
        os._exit(1)


def promise(kind: str) -> str:
    """Return in words that a call has done no work, because it returned a promise of it."""
    from bptt_bench.analyse.findings.obstacles import PromiseReturned
    from bptt_bench.analyse.findings.reason import Kind, Reason
    from bptt_bench.report.words.reasons import clause_of

    return clause_of(Reason(kind=Kind.NOT_DONE, finding=PromiseReturned(returned=kind)))
