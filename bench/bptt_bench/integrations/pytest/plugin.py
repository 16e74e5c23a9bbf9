"""`pytest --benchmark`: subjects timed by pytest-benchmark, their cost laws fitted and their claims judged.

Tests that are marked ``bptt_bench`` run with ``--benchmark`` (or ``--benchmark-only``) and are deselected otherwise:
pytest counts them in its last line and says no more, where skips would fill the screen. Nothing else is touched.
A project names what it measures with a fixture of its own, and measures it through the fixture ``scaling``::

    @pytest.fixture(scope="session")
    def scaling_experiment() -> bench.Experiment: ...

    @pytest.mark.bptt_bench
    @pytest.mark.parametrize("n", [1000, 4000, 16000, 64000])
    def test_time(scaling, n):
        scaling.measure("sort", {"n": n}, line="n")

The test takes one round of each benchmark. The others follow after the last test, when all benchmarks are visited
again and again in random order (``suite``), and are rounds like any other to pytest-benchmark's tables, saved runs and
comparisons. With ``most_rounds=`` subjects whose claims are not supported yet get more of them. A claim that the
measurements refute fails the session, and so does a benchmark that cannot be measured to the end; too little data is
inconclusive, or no verdict and a line.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import warnings
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from bptt_bench.integrations.pytest.marker import HELP as COMPLEXITY_HELP
from bptt_bench.integrations.pytest.marker import PLUGIN as COMPLEXITY_PLUGIN
from bptt_bench.integrations.pytest.marker import ComplexitySession

# Every pytest session of every project that has this package loads these modules: nothing heavy may be imported there.
from bptt_bench.integrations.pytest.unavailable import COMPLEXITY_MARK, is_importable, unavailable_plugin
from bptt_bench.integrations.pytest.unavailable import INI as COMPLEXITY_INI

if TYPE_CHECKING:
    from bptt_bench.integrations.pytest.rounds import Unmeasured
    from bptt_bench.integrations.pytest.suite import Scaling, Suite
    from bptt_bench.plan import Experiment

OPTION = "--benchmark"
SCALING_MARK = "bptt_bench"
NAMES = ("bptt_bench", __name__)  # of the entry point, and for `-p` and `pytest_plugins`
JSON_KEY = "bptt_bench"
WALL = "time.perf_counter"  # pytest-benchmark's default timer


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the plugin once: pluggy raises when a module is registered under two names."""
    mine = pluginmanager.get_name(sys.modules[__name__])
    for name in NAMES:
        if name != mine:
            pluginmanager.set_blocked(name)


def pytest_addoption(parser: pytest.Parser, pluginmanager: pytest.PytestPluginManager) -> None:
    """Register the option at once if the module was asked for by name; else when conftest.py has had its turn."""
    if pluginmanager.get_name(sys.modules[__name__]) != NAMES[0]:
        add_option(parser)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(parser: pytest.Parser) -> Generator[None, None, None]:
    """Register the option after the project's own: a conftest.py that adds a `--benchmark` would fail on ours."""
    try:
        return (yield)
    finally:  # `--help` goes on after a conftest.py that cannot be imported
        add_option(parser)


def add_option(parser: pytest.Parser) -> None:
    """Register `--benchmark`, unless it is registered."""
    group = parser.getgroup("bptt-bench", "scaling benchmarks (bptt-bench)")
    with contextlib.suppress(ValueError):
        group.addoption(
            OPTION,
            action="store_true",
            default=False,
            help=(
                f"Also run the tests marked {SCALING_MARK} through pytest-benchmark, "
                "then fit cost laws and judge claims."
            ),
        )
    with contextlib.suppress(ValueError):
        parser.addini(
            COMPLEXITY_INI,
            f"what a law of @pytest.mark.{COMPLEXITY_MARK} that stays open does: report or fail",
            default="report",
        )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{SCALING_MARK}: a scaling benchmark; runs with {OPTION} only.")
    config.addinivalue_line("markers", COMPLEXITY_HELP)
    if is_requested(config) and config.getoption("benchmark_histogram", None) and not is_importable("pygal"):
        raise pytest.UsageError("--benchmark-histogram needs pygal: pip install 'bptt-bench[histogram]'")
    keep_warnings(config)
    config.pluginmanager.register(ComplexitySession(config=config), COMPLEXITY_PLUGIN)
    config.stash[SESSION] = Session(config=config)
    config.pluginmanager.register(config.stash[SESSION], "bptt_bench_session")


def keep_warnings(config: pytest.Config) -> None:
    """Keep what pytest-benchmark warns of outside of tests a warning; as an error it would end in a traceback.

    These say that it has nothing to compare, save or draw. Only where scaling benchmarks are requested.
    """
    if is_requested(config) and config.pluginmanager.has_plugin("benchmark"):
        from pytest_benchmark.logger import PytestBenchmarkWarning

        warnings.simplefilter("default", PytestBenchmarkWarning)


def is_requested(config: pytest.Config) -> bool:
    """Return whether the user wants scaling benchmarks to run."""
    return bool(config.getoption("benchmark", False) or config.getoption("benchmark_only", False))


@pytest.fixture(scope="session")
def scaling_experiment() -> Experiment:
    """Return the experiment that is measured and judged; a project overrides this fixture."""
    pytest.fail("scaling_experiment: define a fixture of this name that returns a bench.Experiment", pytrace=False)


@pytest.fixture
def scaling(request: pytest.FixtureRequest, scaling_experiment: Experiment, benchmark: Any) -> Scaling:
    """Measure subjects of the experiment: ``scaling.measure(subject, point, line=factor)``, once per test."""
    from bptt_bench.integrations.pytest.suite import Scaling, Suite

    if not request.node.get_closest_marker(SCALING_MARK):
        pytest.fail(f"{request.node.name}: a test that uses `scaling` must be marked {SCALING_MARK}", pytrace=False)
    session = request.config.stash[SESSION]
    name = scaling_experiment.name
    suite = session.suites.setdefault(name, Suite(experiment=scaling_experiment))
    if suite.experiment is not scaling_experiment:
        pytest.fail(
            f"scaling_experiment: two experiments are named {name!r}; rename one, or if it is the same, "
            "give the fixture scope='session'",
            pytrace=False,
        )
    return Scaling(benchmark=benchmark, suite=suite, machine=session.machine)


@dataclass(kw_only=True, eq=False)  # pluggy keeps plugins in sets
class Session:
    """The part of the plugin with the state of a session."""

    config: pytest.Config
    suites: dict[str, Suite] = field(default_factory=dict)
    machine: dict[str, Any] = field(default_factory=dict)
    failed: list[Unmeasured] = field(default_factory=list)  # tests of scaling benchmarks
    session: pytest.Session | None = None  # when it ends
    left_out: int = 0  # scaling benchmarks
    ran: int = 0

    def measured(self) -> list[Suite]:
        """Return the suites that have data."""
        return [suite for suite in self.suites.values() if suite.rows]

    @pytest.hookimpl(tryfirst=True)  # before pytest-benchmark looks for benchmarks, and warns of them under xdist
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Deselect the scaling benchmarks unless they are asked for."""
        scaling = [item for item in items if item.get_closest_marker(SCALING_MARK)]
        if not scaling:
            return
        if not is_requested(self.config):
            items[:] = [item for item in items if not item.get_closest_marker(SCALING_MARK)]
            self.config.hook.pytest_deselected(items=scaling)
            self.left_out = len(scaling)
        elif not self.config.pluginmanager.has_plugin("pytest-benchmark"):
            raise pytest.UsageError(
                f"{OPTION}: {len(scaling)} scaling benchmarks need pytest-benchmark, which is switched off "
                "(-p no:benchmark) or not installed"
            )
        elif (absent := unavailable_plugin()) is not None:
            raise pytest.UsageError(f"{OPTION}: {absent.reason}")
        elif self.config.getoption("benchmark_timer") == WALL:
            from bptt_bench.measure.timing.clock import seconds_less_waiting

            for item in scaling:
                theirs = item.get_closest_marker("benchmark")
                options = {"timer": seconds_less_waiting, **(theirs.kwargs if theirs else {})}
                item.add_marker(pytest.mark.benchmark(**options), append=False)

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # after pytest has written its 100 %
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Take what rounds are left of the scaling benchmarks when all tests have run."""
        result = yield
        for suite in self.suites.values():
            self.finish(suite)
        return result

    def finish(self, suite: Suite) -> None:
        """Visit the benchmarks of a suite in blocks, and show that something happens meanwhile."""
        blocks = max((each.rounds - each.taken for each in suite.benchmarks), default=0)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or blocks == 0:
            for _ in suite.visit_blocks():
                pass
            return
        reporter.ensure_newline()
        most = max(each.most_rounds - each.taken for each in suite.benchmarks)
        further = f", up to {most} where claims are not supported" if most > blocks else ""
        reporter.write(f"{suite.experiment.name}: {blocks} more rounds of {len(suite.benchmarks)} benchmarks{further} ")
        for _ in suite.visit_blocks():
            reporter.write(".", flush=True)
        reporter.write_line("")

    @pytest.hookimpl(wrapper=True, tryfirst=True)  # around pytest-benchmark's
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Mark the reports of scaling benchmarks; keywords would not do, which may be any test's parameters."""
        report = yield
        if item.get_closest_marker(SCALING_MARK) and not item.get_closest_marker(COMPLEXITY_MARK):
            failure: list[str] = []
            if report.failed and call.excinfo is not None:
                from bptt_bench.integrations.pytest.suite import describe_failure

                failure = describe_failure(item, call.excinfo.value)
            setattr(report, SCALING_MARK, failure)  # xdist hands attributes on
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the scaling benchmarks that ran and keep those that failed, those of xdist's workers too."""
        found: list[str] | None = getattr(report, SCALING_MARK, None)
        self.ran += report.when == "call" and report.passed and found is not None
        if found:
            from bptt_bench.integrations.pytest.rounds import Unmeasured

            self.failed.append(Unmeasured(*found))

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_machine_info(self, machine_info: dict[str, Any]) -> None:
        """Record BLAS and its threads, if scaling benchmarks were measured."""
        if self.machine:
            machine_info[JSON_KEY] = self.machine

    @pytest.hookimpl(optionalhook=True, tryfirst=True)
    def pytest_benchmark_compare_machine_info(
        self, machine_info: dict[str, Any], compared_benchmark: dict[str, Any]
    ) -> None:
        """Say which BLAS there is when the saved run says so: runs are compared before anything has been measured."""
        if JSON_KEY in compared_benchmark["machine_info"]:
            import numpy as np  # noqa: F401  # so that its BLAS can be seen

            from bptt_bench.integrations.pytest.rounds import pin_blas

            with pin_blas() as blas:
                machine_info[JSON_KEY] = blas
        else:
            machine_info.pop(JSON_KEY, None)

    @pytest.hookimpl(optionalhook=True)
    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Add fits and verdicts to pytest-benchmark's JSON."""
        if self.measured():
            found = [suite.to_json() for suite in self.measured()]
            document = output_json.setdefault(
                JSON_KEY, {"verdicts": [], "fits": []}
            )  # laws of the marker add to it too
            for key, entries in document.items():
                entries += [entry for part in found for entry in part[key]]

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Fail the session when a claim is refuted or a round could not be taken."""
        self.session = session
        wrong = any(suite.refuted() for suite in self.measured()) or any(self.unmeasured())
        if wrong and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        if hasattr(self.config, "workeroutput"):
            self.config.workeroutput[SCALING_MARK] = self.left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Hear from a worker of xdist, each of which sees all tests, how many scaling benchmarks were left out."""
        self.left_out = max(self.left_out, getattr(node, "workeroutput", {}).get(SCALING_MARK, 0))

    @pytest.hookimpl(wrapper=True, trylast=True)  # after pytest-benchmark's tables, before pytest's own lines
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
        """Print fits and verdicts, also when pytest-benchmark has found a regression, named it and raises."""
        try:
            with warnings.catch_warnings():
                keep_warnings(self.config)
                return (yield)
        except Exception as error:
            if type(error).__name__ != "PerformanceRegression" or self.session is None or not is_requested(self.config):
                raise
            self.session.exitstatus = pytest.ExitCode.TESTS_FAILED  # without the traceback that it would end in
            terminalreporter.stats["regressed"] = [error]
        finally:
            self.summarise(terminalreporter)

    def unmeasured(self) -> list[Unmeasured]:
        """Return the benchmarks that failed, in a test or in a later round."""
        return [*self.failed, *(each for suite in self.suites.values() for each in suite.unmeasured)]

    def summarise(self, reporter: pytest.TerminalReporter) -> None:
        """Print fits and verdicts of each suite, and name the refuted claims, and what failed."""
        for suite in self.measured():
            from bptt_bench.report.words.reasons import text_of

            if not self.config.getoption("benchmark_quiet", False):
                reporter.section(f"{suite.experiment.name}: fits and verdicts", sep="-", yellow=True)
                reporter.write_line(suite.text(width=shutil.get_terminal_size().columns, colour=reporter.hasmarkup))
            for verdict in suite.refuted():
                why = text_of(verdict.reason)
                reporter.write_line(f"REFUTED {verdict.claim} ({verdict.subject}): {why}", red=True)
            # counted in pytest's last line, which would else be green
            reporter.stats.setdefault("refuted", []).extend(suite.refuted())
            if suite.unmeasured:
                reporter.stats.setdefault("unmeasured", []).extend(suite.unmeasured)
        if self.unmeasured():
            from bptt_bench.integrations.pytest.rounds import unmeasured_lines

            for line in unmeasured_lines(self.unmeasured()):
                reporter.write_line(f"bptt-bench: {line}", red=True)
        if self.ran and not self.measured():
            reporter.write_line(
                f"bptt-bench: {self.ran} scaling benchmarks ran and none was timed: pytest-benchmark is disabled, "
                "as it is under xdist (-n 0 times them); no claim is judged",
                yellow=True,
            )
        if self.left_out:
            reporter.write_line(f"bptt-bench: {self.left_out} scaling benchmarks were left out; they run with {OPTION}")


SESSION = pytest.StashKey[Session]()
