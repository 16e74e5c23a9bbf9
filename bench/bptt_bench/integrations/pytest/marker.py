"""`@pytest.mark.complexity("n*log(n)", n=[…])`: a benchmark measured over levels, and its law judged after the last.

    @pytest.mark.complexity("n*log(n)", n=[1000, 4000, 16_000, 64_000, 256_000])
    def test_sort(benchmark, n):
        data = random.sample(range(n), n)
        benchmark(sorted, data)

The test runs once at each level, and one item more, ``test_sort[law]``, judges what was measured: a test of its own,
so that a refuted law is a failure by itself, with its own node id, and no point is blamed for it.
"""

from __future__ import annotations

import functools
import os
import shlex
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import pytest

from bptt_bench.errors import BenchError
from bptt_bench.integrations.pytest.law_item import LawItem, LawRefuted, clear_xpass, rerun_points
from bptt_bench.integrations.pytest.laws import CountedLaw, MarkedLaw, PointTiming, TimedLaw, seconds_waited
from bptt_bench.integrations.pytest.unavailable import (
    COMPLEXITY_MARK,
    INI,
    UnavailablePlugin,
    is_own_marker,
    unavailable_plugin,
)

# Every pytest session of every project that has this package loads this module: nothing heavy may be imported here.
if TYPE_CHECKING:
    from bptt_bench.integrations.pytest.counter import TestCounter
    from bptt_bench.integrations.pytest.inputs import CallInputs
    from bptt_bench.integrations.pytest.laws import Counts
    from bptt_bench.integrations.pytest.stated_law import Complexity
    from bptt_bench.plan import Point
    from bptt_bench.plan.experiment.instructions import Measure

PLUGIN = "bptt_bench_complexity"
HELP = (
    f"{COMPLEXITY_MARK}([law,] n=[...], *, at_most=None, measure='time', bound='tight', margin=None, overhead='1', "
    "design='lines', inputs=None, consumes=False, inconclusive=None): run a benchmark at each level and fail if its "
    "time, or the number of its instructions or operations, does not grow as the law says, or grows faster than "
    "at_most; the law 'derive' is that of its code; without either say how it grows."
)
LAW = "law"
JSON_KEY = "bptt_bench"
WALL_CLOCKS = (time.perf_counter, time.monotonic, time.time)
MOST_CHARACTERS = 30  # of another parameter in the name of a law's item
REPORTED = "bptt_bench_complexity"  # the attribute of a report that holds what became of a law
# What a point costs unless marker or command line say otherwise. A quarter of pytest-benchmark's second is enough: what
# moves an exponent is how points differ, not how rounds do. Rounds of 100 µs are 1700 times the resolution of the timer
# (60 ns here), where the default of 5 µs leaves it 1 %. One warm-up, since more double the time of slow functions.
DEFAULTS: Mapping[str, Any] = {
    "max_time": 0.25,
    "min_time": 1e-4,
    "min_rounds": 5,
    "disable_gc": True,
    "warmup": True,
    "warmup_iterations": 1,
}


@dataclass(kw_only=True, eq=False)  # pluggy keeps plugins in sets
class ComplexitySession:
    """The part of the plugin for the marker `complexity`."""

    config: pytest.Config
    laws: dict[pytest.Item, list[MarkedLaw]] = field(default_factory=dict)  # by point
    judged: list[LawItem] = field(default_factory=list)
    lines: list[tuple[str, str]] = field(default_factory=list)  # word and text, for the summary
    counters: dict[Measure, TestCounter] = field(default_factory=dict)  # by what they count
    # of a session that counts: what makes the call of a test, and where, instead of at the points that are stated
    evaluate: Callable[[CallInputs, Callable[[], Any]], Any] | None = None
    points: Sequence[Point] | None = None

    def __post_init__(self) -> None:
        setting = self.config.getini(INI)
        if setting not in ("report", "fail"):
            raise pytest.UsageError(f"{INI} must be one of report, fail, got {setting!r}")

    @pytest.hookimpl(trylast=True)  # after the function's own parameters
    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run a marked function at each of its points."""
        mark = metafunc.definition.get_closest_marker(COMPLEXITY_MARK)
        if mark is None or not is_own_marker(mark, metafunc.fixturenames):
            return
        if (absent := self.absent()) is not None:
            if not self.config.pluginmanager.is_registered(absent):
                self.config.pluginmanager.register(absent, "bptt_bench_absent")
            return
        if sum(each.name == COMPLEXITY_MARK for each in metafunc.definition.own_markers) > 1:
            raise marker_error(metafunc.definition.name, "given twice; one law is judged, the sum of its terms")
        stated = read_marker(mark, metafunc.definition.name)
        for name in ("benchmark", *stated.levels):
            if name not in metafunc.fixturenames:
                what = "needs the fixture" if name == "benchmark" else "takes no argument"
                raise marker_error(metafunc.definition.name, f"the function {what} {name!r}")
        names = list(stated.levels)
        metafunc.parametrize(
            names if len(names) > 1 else names[0],
            [
                tuple(point[name] for name in names) if len(names) > 1 else point[names[0]]
                for point in self.points or stated.points
            ],
        )

    def absent(self) -> UnavailablePlugin | None:
        """Return what to do where the library cannot be imported; a session that counts judges nothing."""
        return None if self.evaluate is not None else unavailable_plugin()

    @pytest.hookimpl(wrapper=True)
    def pytest_pycollect_makeitem(self, collector: pytest.Collector, name: str) -> Generator[None, Any, Any]:
        """Add an item for each law: one for each combination of what else a marked function is parametrised with."""
        found = yield
        if not isinstance(found, list):
            return found
        points = [
            item for item in found if isinstance(item, pytest.Function) and is_marked(item) and self.absent() is None
        ]
        groups: dict[str, list[pytest.Function]] = {}
        seen: dict[str, list[object]] = {}
        for item in points:
            levels = read_marker(item.get_closest_marker(COMPLEXITY_MARK), name).levels
            others = {key: value for key, value in item.callspec.params.items() if key not in levels}
            label = "-".join(
                [LAW, *(format_parameter(key, value, seen.setdefault(key, [])) for key, value in others.items())]
            )
            groups.setdefault(label, []).append(item)
        for label, items in groups.items():
            stated = read_marker(items[0].get_closest_marker(COMPLEXITY_MARK), name)
            at: dict[pytest.Item, dict[str, float]] = {
                item: {key: cast("float", item.callspec.params[key]) for key in stated.levels} for item in items
            }
            for item in items:
                set_defaults(item, f"{name}: {stated.text}", self.config)
            for i, measure in enumerate(stated.measure):
                law = self.make_law(measure, stated, at)
                full = f"{name}[{label}]" if i == 0 else f"{name}[{label.replace(LAW, f'{LAW}-{measure}', 1)}]"
                for item in items:
                    self.laws.setdefault(item, []).append(law)
                nodeid = f"{collector.nodeid}::{full}"  # as pytest's own items have theirs, for --lf to match
                item_of_law = LawItem.from_parent(collector, name=full, nodeid=nodeid, law=law)
                if isinstance(law, CountedLaw) and self.config.pluginmanager.has_plugin("timeout"):
                    item_of_law.add_marker(pytest.mark.timeout(0), append=False)  # counting has a limit of its own
                found.append(item_of_law)
        return found

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around those that shuffle
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None, None, None]:
        """Put each law behind the last of its points, wherever these were put."""
        for item in items:
            if item not in self.laws and not isinstance(item, LawItem) and is_marked(item) and self.absent() is None:
                raise pytest.UsageError(
                    f"{item.nodeid}: @pytest.mark.{COMPLEXITY_MARK} is for plain test functions and methods"
                )
        yield
        laws = {item.law: item for item in items if isinstance(item, LawItem)}
        last: dict[MarkedLaw, pytest.Item] = {law: item for item in items for law in self.laws.get(item, ())}
        behind: dict[pytest.Item, list[pytest.Item]] = {}
        for law, item in laws.items():
            if law in last:
                behind.setdefault(last[law], []).append(item)
        moved = {item for some in behind.values() for item in some}
        items[:] = [each for item in items if item not in moved for each in (item, *behind.get(item, ()))]
        for law in last:
            if law not in laws:
                chosen = [item for item in items if law in self.laws.get(item, ())]
                text = (
                    f"{chosen[0].nodeid.partition('[')[0]}: law {law.stated.text} not judged: its law was not selected"
                )
                self.lines.append(("inconclusive", f"{text}, {len(chosen)} of {len(law.points)} points were"))

    def make_law(self, measure: Measure, stated: Complexity, points: dict[pytest.Item, dict[str, float]]) -> MarkedLaw:
        """Return the law of a marked function, to be judged by one measure."""
        if measure == "time":
            return TimedLaw(stated=stated, points=points)
        return CountedLaw(stated=stated, points=points, counted=measure, count=self.count)

    def count(self, name: str, stated: Complexity, counted: Measure) -> Mapping[Point, Counts]:
        """Count the instructions or operations of a marked test, in the process that counts those of all tests."""
        if counted not in self.counters:
            from bptt_bench.integrations.pytest.counter import TestCounter

            self.counters[counted] = TestCounter(config=self.config, items=self.items, counted=counted)
        return self.counters[counted].count(name, stated)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Keep the items, among which are those that will be counted."""
        self.items = session.items

    def pytest_unconfigure(self) -> None:
        """End the processes that count."""
        for counter in self.counters.values():
            counter.close()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Measure a point with one BLAS thread, and keep its rounds."""
        laws = self.laws.get(item)
        if laws is None:
            return (yield)
        benchmark: Any = getattr(item, "funcargs", {}).get("benchmark")
        timed = next((law for law in laws if isinstance(law, TimedLaw)), None)
        counted = [law for law in laws if isinstance(law, CountedLaw)]
        inputs = make_inputs(item, benchmark, laws[0])
        if timed is None or self.evaluate is not None:
            from bptt_bench.integrations.pytest.inspection import call_once

            evaluate = None if self.evaluate is None else functools.partial(self.evaluate, inputs)
            with call_once(benchmark, evaluate) as called:
                result = yield
            for law in counted if called else ():
                law.called.add(item)
            return result
        from bptt_bench.integrations.pytest.inspection import inspect_calls
        from bptt_bench.integrations.pytest.rounds import pin_blas

        start, began, waited = time.time(), time.perf_counter(), seconds_waited()
        keep = functools.partial(timed.seen.__setitem__, item)
        with inputs.seeded(), pin_blas(), inspect_calls(benchmark, keep, inputs):
            result = yield
        share = min((seconds_waited() - waited) / max(time.perf_counter() - began, 1e-9), 0.99)
        if getattr(benchmark, "_mode", None):
            for each in counted:
                each.called.add(item)
        if getattr(benchmark, "stats", None) is not None:  # a fixture of that name may be another plugin's
            benchmark.extra_info.update({"law": timed.stated.text, "point": dict(timed.points[item])})
            stats = benchmark.stats
            if stats.options.get("timer") not in WALL_CLOCKS:  # the time of the process has no waiting in it
                share = 0.0
            timed.taken[item] = PointTiming(start, list(stats.stats.data), stats.iterations, share)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what became of a point; tell with the report of a law what became of that."""
        report = yield
        for law in self.laws.get(item, ()):
            clear_xpass(report, call)
            if call.when == "call" or not report.passed:
                law.outcomes[item] = "benchmark was never called" if report.passed else report.outcome
                if not report.passed:
                    law.discard(item)
        if isinstance(item, LawItem) and call.when == "call":
            self.describe(item, call, report)
        return report

    def describe(self, item: LawItem, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
        """Put verdict and reason into the report, in plain words that xdist can hand on."""
        error = None if call.excinfo is None else call.excinfo.value
        if error is None and item.growth is not None:
            word, text = "supported", item.headline(item.growth)
        elif error is None and item.found is not None:
            from bptt_bench.report.words.laws import in_one_line

            word, text = "found", in_one_line(item.found)
        elif item.left_open:
            path, line, _ = item.reportinfo()
            word, text = "inconclusive", item.left_open
            report.longrepr = (str(path), (line or 0) + 1, text)
        elif isinstance(error, LawRefuted):
            word, text = "refuted", error.headline
        else:
            return
        if item.growth is not None or item.found is not None:
            self.judged.append(item)
        points = [point.nodeid for point in item.law.points]
        setattr(report, REPORTED, {"word": word, "line": f"{item.nodeid}: {text}", "points": points})

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, Any] | None:
        """Give an open verdict an outcome of its own, counted in pytest's last line."""
        if getattr(report, REPORTED, {}).get("word") == "inconclusive" and report.skipped:
            return "inconclusive", "?", ("INCONCLUSIVE", {"yellow": True})
        return None

    @pytest.hookimpl(trylast=True)  # after pytest has noted where it failed
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember a verdict for the summary; a refuted law's points have to be measured again with it."""
        found = getattr(report, REPORTED, None)
        if found is None:
            return
        self.lines.append((found["word"], found["line"]))
        if report.failed:
            rerun_points(self.config, report, found["points"])

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Add fits and verdicts to pytest-benchmark's JSON."""
        if not self.judged:
            return
        from bptt_bench.report.words.documents import fit_document, verdict_documents

        found = output_json.setdefault(JSON_KEY, {"verdicts": [], "fits": []})
        for item in self.judged:
            if item.growth is not None:
                found["verdicts"] += verdict_documents([item.growth.verdict])
                if item.growth.fit is not None:
                    found["fits"].append({"subject": item.nodeid, **fit_document(item.growth.fit)})
            if item.found is not None and item.growth is None:
                document = fit_document(item.found.fit, laws=item.found)
                found["fits"].append({"subject": item.nodeid, **document})

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """List the laws; with -q those alone that stayed open or were found, for which such a test is run."""
        quiet = self.config.getoption("benchmark_quiet", False) or self.config.get_verbosity() < 0
        shown = [(word, line) for word, line in self.lines if word in ("inconclusive", "found") or not quiet]
        if not shown:
            return
        terminalreporter.section(COMPLEXITY_MARK, sep="-")
        colours = {"found": "green", "supported": "green", "refuted": "red", "inconclusive": "yellow"}
        for word, line in shown:
            terminalreporter.write_line(line, **{colours[word]: True})


def make_inputs(item: pytest.Item, benchmark: Any, law: MarkedLaw) -> CallInputs:
    """Return the inputs of a marked test at a point."""
    from bptt_bench.integrations.pytest.inputs import CallInputs
    from bptt_bench.plan import Point

    assert isinstance(item, pytest.Function)
    return CallInputs(item=item, benchmark=benchmark, point=Point(law.points[item]), stated=law.stated)


def is_marked(item: pytest.Item) -> bool:
    """Return whether an item has our marker."""
    mark = item.get_closest_marker(COMPLEXITY_MARK)
    return mark is not None and is_own_marker(mark, getattr(item, "fixturenames", ()))


def read_marker(mark: pytest.Mark | None, name: str) -> Complexity:
    """Return what a marker states.

    Raises
    ------
    Collector.CollectError : nothing that could be judged; pytest prints its one line and no traceback.
    """
    from bptt_bench.integrations.pytest.stated_law import Complexity

    assert mark is not None
    try:
        return Complexity.of(mark.args, mark.kwargs)
    except BenchError as error:
        raise marker_error(name, str(error)) from None


def marker_error(name: str, text: str) -> pytest.Collector.CollectError:
    """Return an error whose line names the marked function."""
    return pytest.Collector.CollectError(f"{name}: @pytest.mark.{COMPLEXITY_MARK}: {text}")


def format_parameter(name: str, value: object, seen: list[object]) -> str:
    """Return a parameter for the name of a law's item: its text if that is short, else its number."""
    place = next((i for i, other in enumerate(seen) if other is value or is_same(other, value)), len(seen))
    if place == len(seen):
        seen.append(value)
    text = str(value) if isinstance(value, str | int | float) else ""
    alike = any(str(other) == text for other in seen[:place])  # 1 and "1"
    usable = 0 < len(text) <= MOST_CHARACTERS and text.isprintable() and not set("[]") & set(text) and not alike
    return f"{name}={text}" if usable else f"{name}{place}"


def is_same(one: object, other: object) -> bool:
    """Return whether two parameters are one; of those that cannot say so plainly, such as arrays, none is another."""
    try:
        return type(one) is type(other) and (one == other) is True
    except Exception:  # noqa: BLE001  # a user's class may raise anything when it is compared
        return False


def set_defaults(item: pytest.Function, group: str, config: pytest.Config) -> None:
    """Mark a point with our settings for pytest-benchmark, less those that marker or command line have."""
    if not config.pluginmanager.has_plugin("pytest-benchmark"):
        return
    here = shlex.split(os.environ.get("PYTEST_ADDOPTS", ""))
    given = {str(each).partition("=")[0] for each in [*config.invocation_params.args, *config.getini("addopts"), *here]}
    mark = item.get_closest_marker("benchmark")
    theirs = {} if mark is None else dict(mark.kwargs)
    taken = {*theirs, *(name for name in DEFAULTS if f"--benchmark-{name.replace('_', '-')}" in given)}
    if "warmup" in taken:
        taken.add("warmup_iterations")  # one setting in two parts
    settings = {name: value for name, value in DEFAULTS.items() if name not in taken}
    item.add_marker(pytest.mark.benchmark(**{"group": group, **settings, **theirs}), append=False)
