"""`@pytest.mark.complexity` as users meet it: pytest sessions of toy projects, on a clock that the toys move.

Toy benchmarks advance `--benchmark-timer` by exactly what their cost says, so that verdicts do not depend on this
machine. They use `benchmark.pedantic`, because pytest-benchmark studies the resolution of a timer for a second before
it calibrates.
"""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# A session inside this process forgets the modules that it imported, and compiled ones cannot be imported twice.
for module in (
    "numpy.fft",
    "pandas",
    "scipy.optimize",
    "scipy.stats",
    "bptt_bench.analyse.discover.discover",
    "bptt_bench.analyse.verdicts.law",
    "bptt_bench.report.words.growth",
):
    importlib.import_module(module)

ROOT = Path(__file__).resolve().parents[4]
TIMER = "--benchmark-timer=toy.timer"
N = "n=[1000, 2000, 4000, 8000, 16000]"

TOY = """
import random

SECONDS = [0.0]
NOISE = random.Random(1)

def timer():
    return SECONDS[0]

def spend(seconds, spread=0.01):
    SECONDS[0] += seconds * NOISE.lognormvariate(0, spread)
"""

LINEAR = f"""
import pytest, toy

@pytest.mark.complexity("n", {N})
def test_scan(benchmark, n):
    benchmark.pedantic(lambda: toy.spend(1e-6 * n + 1e-4), rounds=5)
"""


@pytest.fixture
def project(installed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with the toys' clock."""
    monkeypatch.setenv("COLUMNS", "200")
    ini(installed)
    installed.makepyfile(toy=TOY)
    return installed


def ini(project: pytest.Pytester, *lines: str) -> None:
    # a session in this process finds our modules imported before it could rewrite their assertions
    loaded = "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning"
    warnings = f"filterwarnings =\n    error\n    {loaded}"
    settings = ["[pytest]", "addopts = --strict-markers --strict-config", warnings, *lines]
    (project.path / "pytest.ini").write_text("\n".join(settings), encoding="utf-8")


def run(project: pytest.Pytester, source: str, *arguments: str, cache: bool = False) -> pytest.RunResult:
    """A session of one test file, in this process because that is quicker, or apart where xdist starts its workers."""
    (project.path / "test_it.py").write_text(source, encoding="utf-8")
    how = project.runpytest_subprocess if "-n" in arguments else project.runpytest_inprocess
    return how(*([] if cache else ["-p", "no:cacheprovider"]), TIMER, *arguments)


def outcomes(result: pytest.RunResult, **expected: int) -> None:
    """The last line of a session, open verdicts included."""
    found = {word: count for word, count in result.parseoutcomes().items() if word != "warnings"}
    assert found == expected


# -- the three verdicts


def test_a_law_that_holds_passes_and_is_listed(project: pytest.Pytester) -> None:
    result = run(project, LINEAR)
    assert result.ret == 0
    outcomes(result, passed=6)
    result.stdout.fnmatch_lines(["test_it.py::test_scan[[]law]: law n supported: the time grows with n by *"])


def test_a_refuted_law_fails_readably_and_alone(project: pytest.Pytester) -> None:
    result = run(project, LINEAR.replace('"n", n=', '"n**2", n='))
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    outcomes(result, passed=5, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*test_scan[[]law]*",
            "law n² is refuted",
            "  the time grows with n by *, the law by 2, outside the allowed 1.75 to 2.25; n fits far better*",
            "*n *measured *fitted *measured/fitted",
            " *1000 *1.1*ms *",
            "FAILED test_it.py::test_scan[[]law] - law n² refuted: the time grows with n by *",
        ]
    )
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    assert "LawRefuted" not in text
    assert "runtest" not in text


def test_without_a_law_the_session_says_how_a_test_scales(project: pytest.Pytester) -> None:
    result = run(project, LINEAR.replace('"n", n=', "n="), "--benchmark-json=out.json")
    assert result.ret == 0
    outcomes(result, passed=6)
    result.stdout.fnmatch_lines(["test_it.py::test_scan[[]law]: the time grows as n*"])
    (fit,) = json.loads((project.path / "out.json").read_text())["bptt_bench"]["fits"]
    assert fit["answer"] == "n"


def test_at_most_is_judged_and_what_was_found_is_told(project: pytest.Pytester) -> None:
    result = run(project, LINEAR.replace('"n", n=', 'at_most="n**2", n='))
    assert result.ret == 0
    outcomes(result, passed=6)
    result.stdout.fnmatch_lines(["*[[]law]: law at most n² supported: *; the time grows as n*"])
    refuted = run(project, LINEAR.replace('"n", n=', 'at_most="n**0.5", n='))
    outcomes(refuted, passed=5, failed=1)


def test_a_law_that_cannot_be_seen_stays_open_and_is_counted_apart(project: pytest.Pytester) -> None:
    result = run(project, LINEAR.replace("1e-6 * n", "1e-10 * n"))
    assert result.ret == 0
    outcomes(result, passed=5, inconclusive=1)
    result.stdout.fnmatch_lines(["*test_scan[[]law]: law n inconclusive: not identifiable: *; 1 may hide the law *"])


def test_wild_noise_is_no_verdict(project: pytest.Pytester) -> None:
    result = run(project, LINEAR.replace("+ 1e-4)", "+ 1e-4, spread=1.5)").replace('"n", n=', '"n**1.5", n='))
    assert result.ret == 0
    outcomes(result, passed=5, inconclusive=1)


@pytest.mark.parametrize("quiet", ["-q", "--benchmark-quiet"])
def test_a_quiet_session_names_only_what_stayed_open(project: pytest.Pytester, quiet: str) -> None:
    assert "supported" not in run(project, LINEAR, quiet).stdout.str()
    result = run(project, LINEAR.replace("1e-6 * n", "1e-10 * n"), quiet)
    result.stdout.fnmatch_lines(["*test_scan[[]law]: law n inconclusive: *"])


@pytest.mark.parametrize("quiet", ["-q", "--benchmark-quiet"])
def test_a_quiet_session_says_how_a_test_without_a_law_scales(project: pytest.Pytester, quiet: str) -> None:
    result = run(project, LINEAR.replace('"n", n=', "n="), quiet)
    result.stdout.fnmatch_lines(["*test_scan[[]law]: the time grows as n*"])


@pytest.mark.parametrize(
    ("marker", "setting", "fails"), [("fail", "report", 1), ("report", "fail", 0), ("", "fail", 1)]
)
def test_an_open_law_fails_where_marker_or_project_say_so(
    project: pytest.Pytester, marker: str, setting: str, fails: int
) -> None:
    ini(project, f"complexity_inconclusive = {setting}")
    said = f", inconclusive={marker!r}" if marker else ""
    source = LINEAR.replace("1e-6 * n", "1e-10 * n").replace("16000])", f"16000]{said})")
    result = run(project, source)
    assert result.ret == fails
    if fails:
        result.stdout.fnmatch_lines(["law n is inconclusive", "  not identifiable: *", "FAILED *law n inconclusive: *"])


def test_a_misspelt_setting_is_one_line(project: pytest.Pytester) -> None:
    ini(project, "complexity_inconclusive = strict")
    result = run(project, LINEAR)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: complexity_inconclusive must be one of report, fail, got 'strict'"])


# -- bounds


@pytest.mark.parametrize(
    ("law", "bound", "cost", "failed"),
    [
        ("n**2", "tight", "1e-6 * n", True),
        ("n**2", "upper", "1e-6 * n", False),
        ("n**2", "lower", "1e-6 * n", True),
        ("n", "upper", "1e-9 * n**2", True),
        ("n", "lower", "1e-9 * n**2", False),
        ("n", "upper", "1e-3", False),
        ("1", "tight", "1e-3", False),
        ("1", "upper", "1e-6 * n", True),
        ("n*log(n)", "tight", "1e-9 * n**4", True),
    ],
)
def test_bounds(project: pytest.Pytester, law: str, bound: str, cost: str, failed: bool) -> None:
    result = run(project, LINEAR.replace('"n", n=', f'"{law}", bound="{bound}", n=').replace("1e-6 * n + 1e-4", cost))
    outcomes(result, **({"passed": 5, "failed": 1} if failed else {"passed": 6}))


def test_the_margin_is_the_users(project: pytest.Pytester) -> None:
    steep = LINEAR.replace("1e-6 * n + 1e-4", "1e-6 * n**1.2")
    outcomes(run(project, steep), passed=6)
    outcomes(run(project, steep.replace('"n", n=', '"n", margin=0.1, n=')), passed=5, failed=1)


def test_overhead_is_part_of_what_is_stated(project: pytest.Pytester) -> None:
    costly = LINEAR.replace("1e-6 * n + 1e-4", "1e-6 * n + 1e-12 * n**3")
    outcomes(run(project, costly.replace('"n", n=', '"n**3", overhead="1 + n", n=')), passed=6)


# -- several factors, other parameters, classes

JOIN = """
import pytest, toy

@pytest.mark.complexity("n*m", n=[10, 30, 100, 300, 1000], m=[20, 60, 200, 600, 2000])
def test_join(benchmark, n, m):
    benchmark.pedantic(lambda: toy.spend(1e-7 * n * m + 1e-5), rounds=5)
"""


@pytest.mark.parametrize(("design", "points"), [("lines", 13), ("grid", 25)])
def test_several_factors_are_judged_each_and_together(project: pytest.Pytester, design: str, points: int) -> None:
    result = run(project, JOIN.replace("n=[", f'design="{design}", n=['))
    outcomes(result, passed=points + 1)
    result.stdout.fnmatch_lines(
        ["*law n·m supported: the time grows with n and m together by an exponent of *; with n by *, with m by *"]
    )


@pytest.mark.parametrize(("law", "factor"), [("n", "m"), ("n*m**2", "m"), ("n**2*m", "n"), ("1", "n")])
def test_a_wrong_factor_among_several_is_named(project: pytest.Pytester, law: str, factor: str) -> None:
    result = run(project, JOIN.replace('"n*m"', f'"{law}"'))
    outcomes(result, passed=13, failed=1)
    result.stdout.fnmatch_lines([f"  *with {factor} by *outside the allowed*"])


def test_other_parameters_have_a_law_each(project: pytest.Pytester) -> None:
    source = LINEAR.replace("def test_scan(benchmark, n):", "def test_scan(benchmark, kind, power, n):")
    source = source.replace("1e-6 * n + 1e-4", "1e-9 * n**power")
    several = '@pytest.mark.parametrize(("kind", "power"), [("a", 1), (("b",), 2)])\n@pytest.mark.complexity'
    result = run(project, source.replace("@pytest.mark.complexity", several), "-v")
    outcomes(result, passed=11, failed=1)
    result.stdout.fnmatch_lines_random(
        ["*::test_scan[[]law-kind=a-power=1] PASSED*", "*::test_scan[[]law-kind1-power=2] FAILED*"]
    )


def test_parameters_that_look_alike_are_not_mixed(project: pytest.Pytester) -> None:
    several = '@pytest.mark.parametrize("kind", [1, "1", "[", "a" * 99])\n@pytest.mark.complexity'
    source = LINEAR.replace("@pytest.mark.complexity", several).replace("benchmark, n", "benchmark, kind, n")
    result = run(project, source, "-v")
    outcomes(result, passed=24)
    laws = [line.split()[0].partition("law-")[2] for line in result.stdout.lines if "[law" in line and "PASSED" in line]
    assert laws == ["kind=1]", "kind1]", "kind2]", "kind3]"]


def test_methods_and_fixtures_with_parameters(project: pytest.Pytester) -> None:
    result = run(
        project,
        f"""
import pytest, toy

@pytest.fixture(params=[1, 2], scope="module")
def power(request):
    return request.param

@pytest.mark.complexity("n", {N})
class TestScans:
    def test_one(self, benchmark, n):
        benchmark.pedantic(lambda: toy.spend(1e-6 * n), rounds=5)

    def test_other(self, power, benchmark, n):
        benchmark.pedantic(lambda: toy.spend(1e-9 * n**power), rounds=5)
""",
        "-v",
    )
    outcomes(result, passed=17, failed=1)
    result.stdout.fnmatch_lines(["FAILED test_it.py::TestScans::test_other[[]law-power=2] - law n refuted*"])


# -- what is selected, and in which order


@pytest.mark.parametrize(
    ("arguments", "expected", "line"),
    [
        (
            ("-k", "1000 or 2000"),
            {"passed": 2, "inconclusive": 1, "deselected": 3},
            "not run at n=4000, n=8000, n=16000",
        ),
        (
            ("test_it.py::test_scan[law]",),
            {"inconclusive": 1},
            "not run at n=1000, *: select the whole test, without [[]law]",
        ),
        (("test_it.py::test_scan[2000]",), {"passed": 1}, "its law was not selected, 1 of 5 points were"),
        (("--deselect", "test_it.py::test_scan[law]"), {"passed": 5, "deselected": 1}, "*5 of 5 points were"),
        (("--benchmark-disable",), {"passed": 5, "inconclusive": 1}, "benchmarks are disabled"),
    ],
)
def test_what_was_left_out_by_choice_is_named_and_never_fails(
    project: pytest.Pytester, arguments: tuple[str, ...], expected: dict[str, int], line: str
) -> None:
    source = LINEAR.replace("16000])", "16000], inconclusive='fail')")
    result = run(project, source, *arguments)
    assert result.ret == 0
    outcomes(result, **expected)
    result.stdout.fnmatch_lines([f"test_it.py::test_scan*: law n not judged: {line}"])


def test_under_xdist_nothing_is_judged_and_a_strict_law_fails(project: pytest.Pytester) -> None:
    result = run(project, LINEAR, "-n", "1", "-p", "no:warnings")
    outcomes(result, passed=5, inconclusive=1)
    result.stdout.fnmatch_lines(["*: law n not judged: benchmarks are not timed under xdist; -n 0 would time them, *"])
    strict = run(project, LINEAR.replace("16000])", "16000], inconclusive='fail')"), "-n", "1", "-p", "no:warnings")
    outcomes(strict, passed=5, failed=1)


def test_skipped_benchmarks_have_no_law(project: pytest.Pytester) -> None:
    outcomes(run(project, LINEAR, "--benchmark-skip"), skipped=6)
    outcomes(run(project, LINEAR + "\ndef test_plain(): pass\n", "--benchmark-only"), passed=6, skipped=1)


def test_a_law_comes_behind_its_points_in_any_order(project: pytest.Pytester) -> None:
    shuffle = """
import pytest, random

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    random.Random(3).shuffle(items)
"""
    (project.path / "conftest.py").write_text(shuffle, encoding="utf-8")
    result = run(project, LINEAR + LINEAR.replace("test_scan", "test_more").replace("import pytest, toy", ""), "-v")
    outcomes(result, passed=12)
    ran = [line.split()[0] for line in result.stdout.lines if line.startswith("test_it.py::") and "PASSED" in line]
    for name in ("test_scan", "test_more"):
        mine = [each for each in ran if name in each]
        assert mine[-1].endswith("[law]")
        assert mine[:-1] != sorted(mine[:-1])


def test_marks_of_the_function_are_its_laws_too(project: pytest.Pytester) -> None:
    ini(project, "markers = slow: toys")
    marked = LINEAR.replace("@pytest.mark.complexity", "@pytest.mark.slow\n@pytest.mark.complexity")
    outcomes(run(project, marked, "-m", "not slow"), deselected=6)
    outcomes(run(project, marked, "-m", "slow"), passed=6)
    outcomes(run(project, marked.replace("mark.slow", "mark.skip")), skipped=6)
    failing = marked.replace("mark.slow", "mark.xfail").replace('"n", n=', '"n**2", n=')
    outcomes(run(project, failing), passed=5, xfailed=1)


@pytest.mark.parametrize(
    ("law", "cost", "expected"),
    [
        ("n**2", "1e-6 * n", {"passed": 5, "xfailed": 1}),
        ("n", "1e-6 * n", {"passed": 5, "failed": 1}),  # no longer wrong
        ("n**2", "1 / 0", {"xfailed": 5, "inconclusive": 1}),
    ],
)
def test_a_law_that_is_expected_to_fail_is_not_held_against_its_points(
    project: pytest.Pytester, law: str, cost: str, expected: dict[str, int]
) -> None:
    expecting = LINEAR.replace('"n", n=', f'"{law}", n=').replace("1e-6 * n + 1e-4", cost)
    source = expecting.replace("@pytest.mark", '@pytest.mark.xfail(strict=True, reason="later")\n@pytest.mark')
    outcomes(run(project, source), **expected)


def test_last_failed_measures_the_points_of_a_refuted_law_again(project: pytest.Pytester) -> None:
    wrong = LINEAR.replace('"n", n=', '"n**2", n=') + "\ndef test_plain(): pass\n"
    outcomes(run(project, wrong, cache=True), passed=6, failed=1)
    outcomes(run(project, wrong, "--lf", cache=True), passed=5, failed=1)
    outcomes(run(project, LINEAR, "--lf", cache=True), passed=6)


def test_stepwise_goes_on_at_the_points_of_a_refuted_law(project: pytest.Pytester) -> None:
    first = "def test_plain(): pass\n"
    wrong = first + LINEAR.replace('"n", n=', '"n**2", n=')
    outcomes(run(project, wrong, "--sw", cache=True), passed=6, failed=1)
    outcomes(run(project, wrong, "--sw", cache=True), passed=5, failed=1, deselected=1)
    outcomes(run(project, wrong, "--sw", "--sw-skip", cache=True), passed=5, failed=1, deselected=1)
    outcomes(run(project, first + LINEAR, "--sw", cache=True), passed=7)


def test_collecting_shows_points_and_law(project: pytest.Pytester) -> None:
    result = run(project, LINEAR, "--collect-only", "-q")
    result.stdout.fnmatch_lines(["test_it.py::test_scan[[]1000]", "test_it.py::test_scan[[]law]", "6 tests collected*"])


# -- points that give nothing


@pytest.mark.parametrize(
    ("line", "expected", "reason"),
    [
        ("assert n != 4000", {"passed": 4, "failed": 1, "inconclusive": 1}, "failed at n=4000"),
        ("n != 4000 or pytest.skip('no')", {"passed": 4, "skipped": 1, "inconclusive": 1}, "skipped at n=4000"),
        ("if n == 4000: return", {"passed": 5, "inconclusive": 1}, "benchmark was never called at n=4000"),
        (
            "benchmark = lambda f: f; return",
            {"passed": 5, "inconclusive": 1},
            "benchmark was never called at n=1000, *",
        ),
    ],
)
def test_a_point_without_times_leaves_the_law_open(
    project: pytest.Pytester, line: str, expected: dict[str, int], reason: str
) -> None:
    result = run(project, LINEAR.replace("    benchmark.", f"    {line}\n    benchmark."), "-W", "ignore")
    outcomes(result, **expected)
    result.stdout.fnmatch_lines([f"*test_scan[[]law]: law n not judged: {reason}"])


def test_a_point_that_fails_after_its_benchmark_counts_for_nothing(project: pytest.Pytester) -> None:
    outcomes(run(project, LINEAR + "    assert n != 4000\n"), passed=4, failed=1, inconclusive=1)


def test_single_rounds_are_judged_too(project: pytest.Pytester) -> None:
    outcomes(run(project, LINEAR.replace(", rounds=5", "")), passed=6)


def test_a_verdict_that_a_busy_machine_may_have_made_is_left_open(project: pytest.Pytester) -> None:
    """The longer points are said to have waited: without that the verdict would be another."""
    conftest = """
import pytest
from bptt_bench.integrations.pytest import laws as pytest_law
from bptt_bench.integrations.pytest import marker as pytest_complexity

def pytest_configure(config):
    timing = pytest_law.PointTiming
    def lengthened(start, rounds, iterations, share):
        return timing(start, rounds, iterations, 0.9 if max(rounds) > 0.003 else 0.0)
    pytest_complexity.PointTiming = lengthened
    config.add_cleanup(lambda: setattr(pytest_complexity, "PointTiming", timing))
"""
    (project.path / "conftest.py").write_text(conftest, encoding="utf-8")
    result = run(project, LINEAR)
    outcomes(result, passed=5, inconclusive=1)
    result.stdout.fnmatch_lines(["*law n inconclusive: imprecise: no processor was free for 90 % of the time at n=*"])


# -- mistakes


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('"n", n', '"nlog(n)", n', "law 'nlog(n)': 'nlog' is one word; write n*log(n)"),
        ('"n", n', '"k", n', "law 'k': unknown name 'k'; the factors here are n"),
        ('"n", n', "margin=0.1, n", "margin: goes with a law, such as 'n*log(n)' or at_most='n**2'"),
        (f", {N}", "", "no factor; give the levels of each, such as n=[1000, 4000, 16_000, 64_000, 256_000]"),
        ("2000, 4000", "'many', 4000", "factor n must be a number above 0, got 'many'"),
        (
            f'"n", {N}',
            f'"low", {N.replace("n=", "low=")}',
            "factor name 'low': laws, tables of samples or Python have *",
        ),
        ("2000, 4000", "0, 4000", "factor n must be a number above 0, got 0"),
        (N, "n=4000", "n must be a sequence of levels, such as *, got 4000"),
        (N, "n='abc'", "n must be a sequence of levels, such as *, got 'abc'"),
        (
            N,
            "n=[1, 2]",
            "n: 2 levels, 1, 2; at least 4 are needed: 2 more than the terms that are fitted, the law n and*",
        ),
        (
            N,
            "n=[1000, 2000, 4000]",
            "n: 3 levels, 1000, 2000, 4000; at least 4 are needed: 2 more than *, the law n and the overhead 1",
        ),
        (N, "n=[]", "n: no level; at least 4 are needed: 2 more than *, the law n and the overhead 1"),
        ('"n", n', '"n*(n > 10**9)", n', "term n*(n>10**9): 0 at every point, so that nothing can follow it"),
        (N, "n=[1, 2], overhead=None", "n: 2 levels, 1, 2; at least 3 are needed: two fit any exponent"),
        ('"n", n', '"factorial(n)", n', "term factorial(n): inf at n=1000; *; give smaller levels, n up to 170"),
        (N, "n=[1, 2, 3, 4], inputs=0", "inputs must be a whole number from 1 to 1000, or None, got 0"),
        (N, "n=[1, 2, 3, 4], consumes=1", "consumes must be True or False, got 1"),
        (
            N,
            "n=[1, 2, 3, 4], inputs=2, consumes=True",
            "inputs=2: not with consumes=True, which gives each call an input of its own",
        ),
        (N, "n=[1, 2, 3, 4], inputs=[1, 2]", "inputs=?1, 2?: is an option, not a factor; a factor of this name is *"),
        (N, f"{N}, margn=0.3", "margn must be a sequence of levels, such as *, got 0.3; did you mean 'margin'?"),
        ("16000]", "16000], m=[1, 2, 3]", "the function takes no argument 'm'"),
        ("benchmark, n", "n", "the function needs the fixture 'benchmark'"),
        ("16000]", "16000], benchmark=[1, 2, 3]", "benchmark: is the fixture that measures; give the factor another*"),
        ('"n", n', "1, n", "law: must be text such as 'n*log(n)', got 1"),
        ('"n", n', '["n"], n', "law: must be text such as 'n*log(n)', got *'n'*"),
        ("2000, 4000", "10**400, 4000", "factor n must be a number above 0 up to 1.8e+308"),
        ("16000]", "16000], bound='loose'", "bound must be one of tight, upper, lower, got 'loose'"),
        ("16000]", "16000], margin='0.1'", "margin must be a number above 0, such as 0.2, got '0.1'"),
        ("16000]", "16000], margin=0", "margin must be a number above 0, such as 0.2, got 0"),
        ("16000]", "16000], design='star'", "design must be one of lines, grid, got 'star'"),
        ("16000]", "16000], inconclusive='no'", "inconclusive must be one of report, fail, got 'no'"),
        (
            "16000]",
            "16000], overhead='auto'",
            "overhead must be terms, such as '1 + n', or None, got 'auto', which would hide a wrong law",
        ),
        ("16000]", "16000], overhead='T'", "law 'T': unknown name 'T'; the factors here are n"),
        ("16000]", "16000], overhead=[3]", "overhead=?3?: is an option, not a factor; *"),
        ('"n", n', '"log(n/2000)", n', "term log(n/2000): -0.69* at n=1000; allowed are finite numbers from 0"),
        (
            '"n", n',
            '"1", bound="lower", n',
            "bound='lower': the law '1' does not grow with n; allowed are tight, upper",
        ),
    ],
)
def test_a_mistake_is_one_line_of_the_collection(
    project: pytest.Pytester, before: str, after: str, message: str
) -> None:
    assert before in LINEAR
    result = run(project, LINEAR.replace(before, after))
    assert result.ret == pytest.ExitCode.INTERRUPTED
    outcomes(result, errors=1)
    literal = message.replace("[", "[[]").replace("**", "[*][*]")
    result.stdout.fnmatch_lines([f"test_scan: @pytest.mark.complexity: {literal}"])
    assert "Traceback" not in result.stdout.str()


def test_a_marker_given_twice_is_one_line(project: pytest.Pytester) -> None:
    result = run(project, LINEAR.replace("@pytest", f'@pytest.mark.complexity("n**2", {N})\n@pytest'))
    outcomes(result, errors=1)
    result.stdout.fnmatch_lines(["test_scan: @pytest.mark.complexity: given twice; one law is judged, the sum of *"])


def test_a_clock_that_stands_still_is_no_verdict(project: pytest.Pytester) -> None:
    result = run(project, LINEAR.replace("1e-6 * n + 1e-4", "0"), "--benchmark-columns=rounds")
    result.stdout.fnmatch_lines(["*law n inconclusive: no data: *seconds_per_eval*"])


def test_another_plugins_fixture_is_left_alone(project: pytest.Pytester) -> None:
    theirs = "\n@pytest.fixture\ndef benchmark():\n    return lambda f: f()\n"
    source = LINEAR.replace("import pytest, toy", "import pytest, toy" + theirs).replace(", rounds=5", "")
    (project.path / "test_it.py").write_text(source.replace("benchmark.pedantic(", "benchmark("), encoding="utf-8")
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:benchmark")
    outcomes(result, passed=5, inconclusive=1)


@pytest.mark.parametrize("style", ["line", "short", "no", "native"])
def test_every_style_of_traceback_shows_the_verdict(project: pytest.Pytester, style: str) -> None:
    result = run(project, LINEAR.replace('"n", n=', '"n**2", n='), f"--tb={style}", "--junitxml=out.xml")
    text = result.stdout.str()
    assert "n² refuted: the time grows with n by" in text
    assert "Traceback" not in text
    assert "Place(" not in text
    assert "law n² refuted: the time grows with n by" in (project.path / "out.xml").read_text(encoding="utf-8")


def test_a_method_of_unittest_is_warned_that_it_cannot_be_judged(project: pytest.Pytester) -> None:
    source = f"""
import pytest, unittest

class TestIt(unittest.TestCase):
    @pytest.mark.complexity("n", {N})
    def test_it(self): pass
"""
    result = run(project, source)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: test_it.py::TestIt::test_it: @pytest.mark.complexity is for plain test *"])


def test_a_marker_of_that_name_that_somebody_else_has_is_left_alone(project: pytest.Pytester) -> None:
    ini(project, "markers = complexity(word): how hard a test is")
    source = "import pytest\n@pytest.mark.complexity('hard')\ndef test_hard(): pass\n"
    outcomes(run(project, source), passed=1)


def test_without_pytest_benchmark_points_are_errors_and_the_law_is_open(project: pytest.Pytester) -> None:
    (project.path / "test_it.py").write_text(LINEAR, encoding="utf-8")
    result = project.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:benchmark")
    outcomes(result, errors=5, inconclusive=1)
    result.stdout.fnmatch_lines(["*not judged: pytest-benchmark is switched off or not installed"])


# -- how it measures, and what is written down


def test_the_marker_is_registered_with_a_line_of_help(project: pytest.Pytester) -> None:
    run(project, "", "--markers").stdout.fnmatch_lines(
        ["@pytest.mark.complexity([[]law,] n=[[]...], *): run a benchmark *"]
    )


def test_verdicts_and_points_are_in_the_json(project: pytest.Pytester) -> None:
    run(project, LINEAR, "--benchmark-json=out.json")
    document = json.loads((project.path / "out.json").read_text(encoding="utf-8"))
    (verdict,) = document["bptt_bench"]["verdicts"]
    assert (verdict["claim"], verdict["verdict"]) == ("follows n", "supported")
    assert verdict["subject"] == "test_it.py::test_scan[law]"
    assert verdict["estimate"] == pytest.approx(1.0, abs=0.05)
    (fit,) = document["bptt_bench"]["fits"]
    assert {term["term"]: term["role"] for term in fit["terms"]} == {"n": "law", "1": "overhead"}
    assert (fit["n_points"], fit["n_samples"]) == (5, 25)
    first = document["benchmarks"][0]
    assert first["extra_info"] == {"law": "n", "point": {"n": 1000}}
    assert first["group"] == "test_scan: n"


def test_settings_are_sensible_unless_marker_or_command_line_have_their_own(project: pytest.Pytester) -> None:
    source = LINEAR.replace("@pytest.mark.c", "@pytest.mark.benchmark(min_rounds=7, group='mine')\n@pytest.mark.c")
    run(project, source, "--benchmark-json=out.json", "--benchmark-max-time=0.5")
    document = json.loads((project.path / "out.json").read_text(encoding="utf-8"))
    first = document["benchmarks"][0]
    shown = {name: first["options"][name] for name in ("disable_gc", "warmup", "min_rounds", "max_time", "min_time")}
    assert shown == {"disable_gc": True, "warmup": 1, "min_rounds": 7, "max_time": 0.5, "min_time": 1e-4}
    assert first["group"] == "mine"


def test_a_warm_up_of_their_own_is_left_whole(project: pytest.Pytester) -> None:
    source = LINEAR.replace("@pytest.mark.c", "@pytest.mark.benchmark(warmup=True)\n@pytest.mark.c")
    run(project, source, "--benchmark-json=out.json")
    document = json.loads((project.path / "out.json").read_text(encoding="utf-8"))
    assert document["benchmarks"][0]["options"]["warmup"] == 100_000  # iterations, pytest-benchmark's default


def test_blas_has_one_thread_at_a_point(project: pytest.Pytester) -> None:
    watching = """
    import numpy, threadpoolctl
    threads = {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
    assert threads == {1}
"""
    outcomes(run(project, LINEAR + watching), passed=6)


def test_other_tests_import_nothing_of_ours_that_is_heavy(project: pytest.Pytester) -> None:
    source = """
import sys
def test_light():
    heavy = {"numpy", "scipy", "pandas", "matplotlib", "sympy", "threadpoolctl", "click", "bptt_bench.plan"}
    assert not heavy & set(sys.modules)
"""
    (project.path / "test_light.py").write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_light.py"]
    done = subprocess.run(command, cwd=project.path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_real_functions_on_the_real_clock(project: pytest.Pytester) -> None:
    source = """
import pytest

@pytest.mark.benchmark(max_time=0.02, min_time=1e-5)
@pytest.mark.complexity("n", bound="upper", n=[20, 40, 80, 160])
def test_pairs(benchmark, n):
    benchmark(lambda: sum(1 for a in range(n) for b in range(n) if a == b))
"""
    (project.path / "test_it.py").write_text(source, encoding="utf-8")
    result = project.runpytest_inprocess("-p", "no:cacheprovider")
    found = result.parseoutcomes()
    assert found.pop("passed") == 4  # never a pass; on a busy machine it may stay open
    assert found in ({"failed": 1}, {"inconclusive": 1})
