"""Laws of marked tests judged on counts: in sessions with a counter that says what it is told, and with real ones.

The counter of the first kind gives the instructions of a formula, so that what a session does with counts is seen
within a second. The second kind is one session, of tests as projects have them, and what came of each of its laws.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from fnmatch import fnmatch
from typing import Any, ClassVar, Self

import pytest
from bptt_bench.integrations.pytest import counter as counter_module
from bptt_bench.measure.engines.counting.counting_process import CountError
from bptt_bench.measure.engines.counting.instructions import SECONDS_TO_START, InstructionCounter

pytest_plugins = ["pytester"]

# A session inside this process forgets the modules that it imported, and compiled ones cannot be imported twice.
for module in ("pandas", "scipy.optimize", "bptt_bench.analyse.verdicts.law", "bptt_bench.report.words.growth"):
    importlib.import_module(module)

N = "n=[100, 200, 400, 800, 1600]"
SCAN = f"""
import pytest

@pytest.mark.complexity("n", {N}, measure="instructions")
def test_scan(benchmark, n):
    benchmark(sum, range(n))
"""
Cost = Callable[[Mapping[str, Any]], float]


class FakeCounter:
    """A counter of instructions that gives those of a formula, or raises."""

    begun: ClassVar[list[FakeCounter]] = []
    cost: Cost = staticmethod(lambda point: 20 * point["n"] + 500)

    def __init__(self, opening: Mapping[str, Any], **how: Any) -> None:
        self.opening, self.how = opening, how
        self.asked: list[str] = []
        self.is_ready, self.is_closed = True, False
        FakeCounter.begun.append(self)

    def __enter__(self) -> Self:
        return self

    def count(self, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        self.asked.append(subject)
        return [round(FakeCounter.cost(point))] * inputs

    def processor_seconds(self) -> float:
        return 0.1 * len(self.asked)

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def project(installed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project whose instructions are those of a formula."""
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(counter_module, "InstructionCounter", FakeCounter)
    monkeypatch.setattr(FakeCounter, "begun", [])
    return installed


def costs(monkeypatch: pytest.MonkeyPatch, cost: Cost) -> None:
    monkeypatch.setattr(FakeCounter, "cost", staticmethod(cost))


def run(project: pytest.Pytester, source: str, *arguments: str) -> pytest.RunResult:
    (project.path / "test_it.py").write_text(source, encoding="utf-8")
    return project.runpytest_inprocess("-p", "no:cacheprovider", "--strict-markers", "test_it.py", *arguments)


def test_points_run_once_untimed_and_the_law_is_judged_on_instructions(project: pytest.Pytester) -> None:
    result = run(project, SCAN)
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        ["test_it.py::test_scan[[]law]: law n supported: instructions grow with n by * (instructions, n=16 to 1600)"]
    )
    assert "Name (time in" not in result.stdout.str()
    (counter,) = FakeCounter.begun
    assert counter.opening["tests"] == [f"{project.path / 'test_it.py'}::test_scan"]
    assert set(counter.asked) == {"test_it.py::test_scan[law]"}
    assert counter.how["seconds_to_start"] == 10 * SECONDS_TO_START  # of a machine that is as busy
    assert counter.is_closed


@pytest.mark.parametrize(
    ("cost", "found"),
    [
        (lambda point: 3 * point["n"] ** 2 + 40 * point["n"] + 500, "1.9"),
        (lambda point: 20 * point["n"] * (point["n"] - 1).bit_length() + 500, "1.1"),
    ],
)
def test_a_law_that_instructions_do_not_follow_is_refuted(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, cost: Cost, found: str
) -> None:
    costs(monkeypatch, cost)
    result = run(project, SCAN)
    result.assert_outcomes(passed=5, failed=1)
    result.stdout.fnmatch_lines(
        [f"FAILED test_it.py::test_scan[[]law] - law n refuted: instructions grow with n by an exponent of {found}*"]
    )


def test_both_measures_have_a_law_each(project: pytest.Pytester) -> None:
    result = run(project, SCAN.replace('"instructions"', '("time", "instructions")'), "--benchmark-min-rounds=1", "-v")
    result.stdout.fnmatch_lines(
        ["*::test_scan[[]law] *", "*::test_scan[[]law-instructions] PASSED*", "Name (time in*", "test_scan[[]100] *"]
    )


def test_laws_share_a_counter_and_are_found_by_their_names(project: pytest.Pytester) -> None:
    source = f"""
import pytest

class TestIt:
    @pytest.mark.parametrize("kind", ["a", "b"])
    @pytest.mark.complexity("n", {N}, measure="instructions")
    def test_kinds(self, benchmark, n, kind):
        benchmark(sum, range(n))
"""
    run(project, source + SCAN).assert_outcomes(passed=18)
    (counter,) = FakeCounter.begun
    assert counter.opening["tests"] == [
        f"{project.path / 'test_it.py'}::{name}" for name in ("TestIt::test_kinds", "test_scan")
    ]
    names = ("TestIt::test_kinds[law-kind=a]", "TestIt::test_kinds[law-kind=b]", "test_scan[law]")
    assert list(dict.fromkeys(counter.asked)) == [f"test_it.py::{name}" for name in names]


def test_a_law_that_is_selected_alone_is_counted(project: pytest.Pytester) -> None:
    (project.path / "test_it.py").write_text(SCAN, encoding="utf-8")
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "test_it.py::test_scan[law]")
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("benchmark(sum, range(n)); assert n < 800", "failed at n=800, n=1600"),
        ("pass", "benchmark was never called at n=100, n=200, n=400, n=800, n=1600"),
    ],
)
def test_a_point_whose_test_fails_leaves_the_law_open_uncounted(project: pytest.Pytester, body: str, why: str) -> None:
    result = run(project, SCAN.replace("benchmark(sum, range(n))", body), "-W", "ignore")
    result.stdout.fnmatch_lines([f"*: law n not judged: {why}"])
    assert not FakeCounter.begun


def test_disabled_benchmarks_are_not_counted(project: pytest.Pytester) -> None:
    result = run(project, SCAN, "--benchmark-disable")
    result.stdout.fnmatch_lines(["*: law n not judged: benchmarks are disabled"])
    assert not FakeCounter.begun


def test_a_limit_of_seconds_that_a_project_has_for_tests_is_not_that_of_counting(project: pytest.Pytester) -> None:
    project.makeconftest(
        """
def pytest_runtest_call(item):
    print(item.name, [mark.args for mark in item.iter_markers("timeout")])
"""
    )
    result = run(project, SCAN, "--timeout=50", "-s")
    result.stdout.fnmatch_lines(["*test_scan[[]1600] [[][]]", "*test_scan[[]law] [[](0,)[]]"])


def test_without_valgrind_the_law_is_open_with_the_remedy(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counter_module, "InstructionCounter", InstructionCounter)
    monkeypatch.setenv("PATH", str(project.path))
    result = run(project, SCAN)
    result.assert_outcomes(passed=5, skipped=0)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["*: law n not judged: instructions: *valgrind is not installed (*apt install valgrind)"]
    )
    assert run(project, SCAN.replace("measure=", "inconclusive='fail', measure=")).ret == 1


def test_a_counter_that_cannot_begin_is_begun_once(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: FakeCounter) -> None:
        raise CountError("instructions: not here")

    monkeypatch.setattr(FakeCounter, "__enter__", refuse)
    result = run(project, SCAN + SCAN.replace("test_scan", "test_again"))
    result.stdout.fnmatch_lines(["*test_scan*not judged: *not here", "*test_again*not judged: *not here"])
    assert len(FakeCounter.begun) == 1


def test_a_counter_that_ended_is_begun_again_for_the_next_law(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = FakeCounter.count

    def end(self: FakeCounter, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        if "test_scan" in subject:
            self.is_ready = False
            raise CountError("instructions: not counted within 9 s")
        return count(self, subject, point, inputs=inputs, seconds=seconds)

    monkeypatch.setattr(FakeCounter, "count", end)
    result = run(project, SCAN + SCAN.replace("test_scan", "test_again"))
    result.stdout.fnmatch_lines(["*test_scan*not judged: *within 9 s", "*test_again*supported*"])
    assert [counter.is_closed for counter in FakeCounter.begun] == [True, True]


def test_work_that_is_remembered_leaves_the_law_open(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def remember(
        self: FakeCounter, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float
    ) -> list[int]:
        return [90 * point["n"], *[700] * (inputs - 1)]

    monkeypatch.setattr(FakeCounter, "count", remember)
    result = run(project, SCAN)
    result.stdout.fnmatch_lines(["*: law n not judged: work not done: the first evaluation *206 times*n=1600*"])


def test_what_loads_once_is_no_work_that_is_remembered(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = FakeCounter.count

    def load(self: FakeCounter, subject: str, point: Mapping[str, Any], *, inputs: int, seconds: float) -> list[int]:
        first, *rest = count(self, subject, point, inputs=inputs, seconds=seconds)
        return [first + (10**9 if len(self.asked) == 1 else 0), *rest]

    monkeypatch.setattr(FakeCounter, "count", load)
    run(project, SCAN).assert_outcomes(passed=6)


def test_a_measure_that_is_not_one_is_one_line(project: pytest.Pytester) -> None:
    for measure in ('"memory"', '"speed"'):
        result = run(project, SCAN.replace('"instructions"', measure))
        result.stdout.fnmatch_lines([f"*@pytest.mark.complexity: measure* must be *instructions*got {measure[1:-1]!r}"])
        assert result.ret == pytest.ExitCode.INTERRUPTED


# -- with Valgrind: one session of tests as projects have them

CONFTEST = """
from pathlib import Path

import pytest

def pytest_addoption(parser):
    parser.addoption("--database")

@pytest.fixture(scope="session")
def database(request):
    yield request.config.getoption("--database")
    with open("closed.txt", "a") as file:
        file.write("closed\\n")
"""

TESTS = """
import os
import random

import pytest

SMALL = {"n": [16, 32, 64, 128, 256], "measure": "instructions"}
EXPECTED = {100: 4950, 200: 19900, 400: 79800, 800: 319600}


@pytest.fixture(scope="module", params=[1])
def step(request):
    return request.param


class TestSums:
    @pytest.mark.parametrize("kind", [list])
    @pytest.mark.complexity("n", **SMALL)
    def test_total(self, benchmark, n, kind, step, database, tmp_path):
        assert database == "mine"
        (tmp_path / "here").write_text("it")
        values = kind(range(0, 8 * n, step))
        assert benchmark.pedantic(sum, setup=lambda: ((values,), {}), rounds=3) == sum(values)


def unique(values):
    found = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


@pytest.mark.complexity("n", **SMALL)
def test_unique(benchmark, n):
    values = random.sample(range(10**9), n)
    assert len(benchmark(unique, values)) == n


@pytest.mark.complexity("n", n=sorted(EXPECTED), measure="instructions")
def test_expected(benchmark, n):
    assert benchmark(sum, range(n)) == EXPECTED[n]


@pytest.mark.complexity("n", **SMALL)
def test_marks(benchmark, n):
    benchmark(lambda: [os.getppid() for _ in range(n)])


@pytest.mark.complexity("n", **SMALL)
def test_promise(benchmark, n):
    benchmark(lambda: (value for value in range(n)))
"""

LINES = {
    "TestSums::test_total[law-step=1-kind0]": "law n supported: instructions grow with n by *",
    "test_unique[law]": "law n refuted: instructions grow with n by * (instructions, n=16 to 256)",
    "test_expected[law]": "law n inconclusive: * (instructions, n=100 to 800)",
    "test_marks[law]": "law n not judged: instructions: * marks seen in an evaluation instead of 2; *",
    "test_promise[law]": "law n not judged: work not done: the call returns a generator, *, at n=16",
}


def test_what_becomes_of_laws_in_a_session_with_valgrind(installed: pytest.Pytester) -> None:
    installed.makeconftest(CONFTEST)
    (installed.path / "test_it.py").write_text(TESTS, encoding="utf-8")
    installed.makeini("[pytest]\naddopts = --strict-markers\ntimeout = 60\nfilterwarnings = error")
    arguments = ("--database=mine", "--junitxml=report.xml", "-k", "test")
    result = installed.runpytest_subprocess(*arguments)
    said = [line for line in result.outlines if line.startswith("test_it.py::")]
    found = dict(line.removeprefix("test_it.py::").split(": ", 1) for line in said)
    assert dict.fromkeys(LINES, True) == {name: fnmatch(found[name], line) for name, line in LINES.items()}, found
    assert (installed.path / "closed.txt").read_text(encoding="utf-8") == 2 * "closed\n"  # of both sessions
    assert "test_total" in (installed.path / "report.xml").read_text(encoding="utf-8")


# -- operations: one session of tests as projects have them

OPERATIONS = """
import numpy as np
import pytest

LEVELS = {"n": [32, 64, 128, 256, 512], "measure": "operations"}


@pytest.mark.complexity("n**3", **LEVELS)
def test_product(benchmark, n):
    a = np.ones((n, n))
    assert benchmark(np.matmul, a, a)[0, 0] == n


@pytest.mark.complexity("n", **LEVELS)
def test_outer(benchmark, n):
    a = np.arange(n)
    assert benchmark(lambda: np.multiply.outer(a, a)).shape == (n, n)


@pytest.mark.complexity("n", consumes=True, **LEVELS)
def test_in_place(benchmark, n):
    a = np.arange(n)[::-1].copy()
    benchmark(lambda: a.__iadd__(1))


@pytest.mark.complexity("n", **LEVELS)
def test_list(benchmark, n):
    assert len(benchmark(sorted, list(range(n)))) == n


@pytest.mark.complexity("n", **LEVELS)
def test_mixed(benchmark, n):
    a, values = np.ones(n), list(range(n))
    benchmark(lambda: (a.sum(), [value in values for value in values]))


@pytest.mark.complexity(**LEVELS)
def test_unstated(benchmark, n):
    a = np.ones((n, n))
    benchmark(lambda: a + a)


@pytest.mark.complexity(**LEVELS)
def test_unstated_mixed(benchmark, n):
    a, values = np.ones(n), list(range(n))
    benchmark(lambda: (a.sum(), [value in values for value in values]))


@pytest.mark.complexity("n", **LEVELS)
def test_library(benchmark, n):
    import pandas

    benchmark(pandas.Series(np.ones(n)).sum)
"""
FOUND = {
    "test_product[law]": "law n³ supported: operations grow with n by * (operations, n=16 to 512)",
    "test_outer[law]": "law n refuted: operations grow with n by *",
    "test_in_place[law]": "law n supported: operations grow with n by *",
    "test_list[law]": "law n not judged: operations: the code does no NumPy operation on arrays, at n=32*",
    "test_mixed[law]": "law n inconclusive: not identifiable: beside * operations *at n=512, Python code may *",
    "test_unstated[law]": "the number of operations grows as n²*",
    "test_unstated_mixed[law]": "law how it scales not judged: beside * operations *at n=512, Python code may *",
    "test_library[law]": "law n not judged: operations: the code uses pandas*, whose operations no *, at n=32*",
}


def test_what_becomes_of_laws_that_are_judged_on_operations(installed: pytest.Pytester) -> None:
    (installed.path / "test_it.py").write_text(OPERATIONS, encoding="utf-8")
    result = installed.runpytest_subprocess("-p", "no:cacheprovider", "--strict-markers")
    said = [line for line in result.outlines if line.startswith("test_it.py::")]
    found = dict(line.removeprefix("test_it.py::").split(": ", 1) for line in said)
    assert dict.fromkeys(FOUND, True) == {name: fnmatch(found[name], line) for name, line in FOUND.items()}, found


def test_instructions_are_counted_on_the_workers_of_xdist(installed: pytest.Pytester) -> None:
    (installed.path / "test_it.py").write_text(TESTS.replace("database", "tmp_path_factory"), encoding="utf-8")
    result = installed.runpytest_subprocess("-n", "2", "-k", "test_unique", "-p", "no:warnings")
    result.stdout.fnmatch_lines([f"test_it.py::test_unique[[]law]: {LINES['test_unique[law]'].replace('[', '[[]')}"])
    assert result.parseoutcomes() == {"passed": 5, "failed": 1}
