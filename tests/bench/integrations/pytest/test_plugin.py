"""`pytest --benchmark` as users meet it: pytest sessions of toy projects, on a clock that the toys move themselves.

pytest-benchmark takes its time from `--benchmark-timer`; the toy subjects advance that timer by exactly what their cost
says, so that verdicts, fits and seconds per evaluation are known, whatever this machine is doing.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.integrations.pytest.plugin import Session

pytest_plugins = ["pytester"]

# A session inside this process forgets the modules that it imported, and compiled ones cannot be imported twice.
for module in (
    "numpy.fft",
    "pandas",
    "scipy.optimize",
    "scipy.stats",
    "bptt_bench.analyse",
    "bptt_bench.report.terminal.tables",
):
    importlib.import_module(module)

ROOT = Path(__file__).resolve().parents[4]
LEVELS = (1000, 2000, 4000, 8000, 16000)
TIMER = "--benchmark-timer=toy.timer"

TOY = """
import random
from bptt_bench.plan import CostLaw, Design, Experiment, ExponentClaim, Factor, Point, Profile, Subject

SECONDS = [0.0]
NOISE = random.Random(1)

def timer():
    return SECONDS[0]

def costs(seconds_per_eval):
    def prepare(point):
        def evaluation():
            SECONDS[0] += seconds_per_eval(point["n"]) * NOISE.lognormvariate(0, SPREAD)
        return evaluation
    return prepare

SPREAD = 0.002

def counts(point):
    n = int(point["n"])
    return {"up": {"multiply_adds": 2 * n, "comparisons": 1}, "down": {"multiply_adds": n}}

def subject(name, seconds_per_eval):
    return Subject(name=name, prepare=costs(seconds_per_eval), law=CostLaw("n"), overhead=("1",), counts=counts)

def claim(name):
    return ExponentClaim(name=f"{name} is linear", subject=name, factor="n", terms=("n",), at=Point(n=8000))

EXPERIMENT = Experiment(
    name="toy",
    factors=(Factor(name="n"),),
    subjects=(
        subject("scan", lambda n: 1e-6 * n + 1e-4),
        subject("pairs", lambda n: 1e-9 * n**2 + 1e-4),
    ),
    profiles={"quick": Profile(design=Design.grid({"n": [1000, 2000]}))},
    claims=(claim("scan"), claim("pairs")),
)
"""

CONFTEST = """
import pytest
import toy

@pytest.fixture(scope="session")
def scaling_experiment():
    return toy.EXPERIMENT
"""

SUITE = f"""
import pytest

@pytest.mark.bptt_bench
@pytest.mark.parametrize("n", {LEVELS})
@pytest.mark.parametrize("subject", ["scan"])
def test_time(scaling, subject, n):
    scaling.measure(subject, {{"n": n}}, line="n", rounds=5, seconds_per_round=1e-5)
"""

LEFT_OUT = "bptt-bench: 5 scaling benchmarks were left out; they run with --benchmark"
ANOTHER = "import dataclasses\n    return dataclasses.replace(toy.EXPERIMENT)"
ORDINARY = "def test_ordinary(): assert True"
THEIRS = "def test_theirs(benchmark): benchmark.pedantic(sum, args=([1, 2],), rounds=3, iterations=2)"


@pytest.fixture
def project(installed: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A project with one ordinary test and five scaling benchmarks."""
    monkeypatch.setenv("COLUMNS", "120")
    installed.makeini("[pytest]\naddopts = --strict-markers\nfilterwarnings = default\n")
    installed.makepyfile(toy=TOY, test_ordinary=ORDINARY)
    installed.mkpydir("scaling")
    (installed.path / "scaling" / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    (installed.path / "scaling" / "test_suite.py").write_text(SUITE, encoding="utf-8")
    return installed


def run(project: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    """A session of the project, in this process because that is quicker, or apart where xdist starts its workers."""
    how = project.runpytest_subprocess if "-n" in arguments else project.runpytest_inprocess
    return how("-p", "no:cacheprovider", *arguments)


def add(project: pytest.Pytester, name: str, source: str) -> None:
    (project.path / name).write_text(source, encoding="utf-8")


def judged(project: pytest.Pytester, *arguments: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    """A run of the suite on the toys' clock, and pytest-benchmark's JSON of it."""
    result = run(project, "--benchmark", TIMER, "--benchmark-json=out.json", *arguments)
    return result, json.loads((project.path / "out.json").read_text(encoding="utf-8"))


# -- what runs when


def test_a_bare_run_leaves_the_suite_out(project: pytest.Pytester) -> None:
    result = run(project)
    assert result.ret == 0
    result.assert_outcomes(passed=1, deselected=5)
    result.stdout.fnmatch_lines([LEFT_OUT])


def test_nothing_is_said_of_a_suite_that_is_not_there(project: pytest.Pytester) -> None:
    result = run(project, "test_ordinary.py")
    assert "bptt-bench" not in result.stdout.str().replace("plugins: bptt-bench", "")


def test_the_option_runs_tests_and_suite(project: pytest.Pytester) -> None:
    result = run(project, "--benchmark", TIMER)
    assert result.ret == 0
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["*benchmark 'line in n'*"])


def test_the_option_with_a_folder_runs_the_suite_alone(project: pytest.Pytester) -> None:
    run(project, "--benchmark", TIMER, "scaling").assert_outcomes(passed=5)


def test_only_benchmarks_are_benchmarks_too(project: pytest.Pytester) -> None:
    run(project, "--benchmark-only", TIMER).assert_outcomes(passed=5, skipped=1)


def test_the_folder_without_the_option_says_how_to_run_it(project: pytest.Pytester) -> None:
    result = run(project, "scaling")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED
    result.stdout.fnmatch_lines([LEFT_OUT])


def test_help_and_markers_explain_themselves(project: pytest.Pytester) -> None:
    run(project, "--help").stdout.fnmatch_lines(["  --benchmark  *Also run the tests marked bptt_bench*"])
    run(project, "--markers").stdout.fnmatch_lines(["@pytest.mark.bptt_bench: a scaling benchmark*"])


# -- being loaded


def test_start_imports_nothing_heavy() -> None:
    heavy = "numpy", "pandas", "scipy", "matplotlib", "sympy", "rich", "jinja2", "threadpoolctl", "click", "bptt_rnn"
    code = f"import sys, bptt_bench.integrations.pytest.entry; print([name for name in {heavy} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], cwd=ROOT, text=True).strip() == "[]"


@pytest.mark.parametrize("name", ["bptt_bench.integrations.pytest.plugin", "bptt_bench"])
def test_asking_for_the_plugin_by_name_as_well_changes_nothing(project: pytest.Pytester, name: str) -> None:
    result = run(project, "-p", name, "--benchmark", TIMER)
    assert result.ret == 0
    result.assert_outcomes(passed=6)
    assert result.stdout.str().count("fits and verdicts") == 1


def test_a_conftest_may_ask_for_the_plugin(project: pytest.Pytester) -> None:
    add(project, "conftest.py", 'pytest_plugins = ["bptt_bench.integrations.pytest.plugin"]')
    run(project, "--benchmark", TIMER).assert_outcomes(passed=6)
    run(project, "-p", "no:bptt_bench", "--benchmark", TIMER).assert_outcomes(passed=6)


@pytest.mark.parametrize("where", ["conftest.py", "before.py"])
def test_an_option_of_that_name_that_somebody_else_has_is_shared(project: pytest.Pytester, where: str) -> None:
    add(
        project,
        where,
        "def pytest_addoption(parser):\n    parser.addoption('--benchmark', action='store_true', help='theirs')\n",
    )
    before = ["-p", "before"] if where == "before.py" else []
    run(project, *before).assert_outcomes(passed=1, deselected=5)
    run(project, *before, "--benchmark", TIMER).assert_outcomes(passed=6)
    run(project, *before, "--help").stdout.fnmatch_lines(["  --benchmark  *theirs"])


# -- other people's benchmarks


def masked(text: str) -> str:
    """Output without what differs from run to run: numbers, times and the width of columns."""
    text = re.sub(r"plugins: .*", "plugins", text)
    text = re.sub(r"\(\d+(\.\d+)?\)|\d+([.,]\d+)*|[num]s\b|\b[KM]ops\b|[-=]{3,}|\s+", " ", text)
    return re.sub(r" +", " ", text)


@pytest.mark.parametrize("options", [(), ("--benchmark-disable",), ("--benchmark-skip",)])
def test_benchmarks_of_others_run_as_without_the_plugin(
    pytester: pytest.Pytester, project: pytest.Pytester, options: tuple[str, ...]
) -> None:
    add(project, "test_theirs.py", THEIRS)
    files = "test_theirs.py", "test_ordinary.py"
    without = run(project, "-p", "no:bptt_bench", *options, *files)
    plain = run(project, *options, *files)
    asked = run(project, "--benchmark", *options, *files)
    assert without.ret == plain.ret == asked.ret == 0
    assert masked(plain.stdout.str()) == masked(asked.stdout.str()) == masked(without.stdout.str())
    assert masked(plain.stderr.str()) == masked(asked.stderr.str()) == masked(without.stderr.str())


def test_json_of_others_has_the_same_keys_and_options(project: pytest.Pytester) -> None:
    add(project, "test_theirs.py", THEIRS)
    found = []
    for options in (["-p", "no:bptt_bench"], [], ["--benchmark"]):
        assert run(project, *options, "--benchmark-json=out.json", "test_theirs.py").ret == 0
        found.append(json.loads((project.path / "out.json").read_text(encoding="utf-8")))
    without, plain, asked = found
    assert without.keys() == plain.keys() == asked.keys()
    assert without["machine_info"].keys() == plain["machine_info"].keys() == asked["machine_info"].keys()
    assert without["benchmarks"][0]["options"] == plain["benchmarks"][0]["options"] == asked["benchmarks"][0]["options"]
    assert [len(each["benchmarks"][0]["stats"]["data"]) for each in found] == [3, 3, 3]


def test_benchmarks_of_others_beside_a_suite_are_not_judged(project: pytest.Pytester) -> None:
    add(project, "test_theirs.py", THEIRS)
    result, document = judged(project)
    result.assert_outcomes(passed=7)
    theirs = [entry for entry in document["benchmarks"] if entry["name"] == "test_theirs"]
    assert [entry["extra_info"] for entry in theirs] == [{}]
    assert {fit["subject"] for fit in document["bptt_bench"]["fits"]} == {"scan"}


# -- pytest-benchmark's own options


def test_saved_runs_can_be_compared_without_a_warning(project: pytest.Pytester) -> None:
    assert run(project, "--benchmark", TIMER, "--benchmark-save=one", "scaling").ret == 0
    compare = "--benchmark-compare", "--benchmark-compare-fail=min:50%", "--benchmark-verbose"
    result = run(project, "--benchmark", TIMER, *compare, "scaling")
    assert result.ret == 0
    assert "machine_info is different" not in result.stdout.str() + result.stderr.str()
    result.stdout.fnmatch_lines(["*(NOW)*", "*fits and verdicts*"])


def test_blas_is_compared_with_runs_that_name_theirs_only(pytestconfig: pytest.Config) -> None:
    session, machine_info = Session(config=pytestconfig), dict[str, Any]()
    session.pytest_benchmark_compare_machine_info(machine_info, {"machine_info": {"bptt_bench": {}}})
    assert machine_info["bptt_bench"]["threads"] == 1
    session.pytest_benchmark_compare_machine_info(machine_info, {"machine_info": {}})
    assert machine_info == {}


def test_verdicts_are_printed_when_a_regression_is_found_too(project: pytest.Pytester) -> None:
    assert run(project, "--benchmark", TIMER, "--benchmark-save=one", "scaling").ret == 0
    slower = TOY.replace("1e-6 * n + 1e-4", "3e-6 * n + 3e-4")
    add(project, "toy.py", slower)
    result = run(project, "--benchmark", TIMER, "--benchmark-compare", "--benchmark-compare-fail=min:50%", "scaling")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stderr.fnmatch_lines(
        ["Performance has regressed:*", "*test_time[[]scan-16000[]]* - Field 'min' has failed *"]
    )
    result.stdout.fnmatch_lines(["*fits and verdicts*", "*5 passed, *1 regressed in *"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_groups_can_be_formed_by_parameter(project: pytest.Pytester) -> None:
    result = run(project, "--benchmark", TIMER, "--benchmark-group-by=param:subject", "scaling")
    result.stdout.fnmatch_lines(["*benchmark 'subject=scan': 5 tests*"])


def test_skipping_benchmarks_skips_the_suite(project: pytest.Pytester) -> None:
    result = run(project, "--benchmark", "--benchmark-skip")
    assert result.ret == 0
    result.assert_outcomes(passed=1, skipped=5)


@pytest.mark.parametrize("options", [("--benchmark-disable",), ("-n", "1")])
def test_disabled_benchmarks_give_no_verdict_and_say_so(project: pytest.Pytester, options: tuple[str, ...]) -> None:
    result = run(project, "--benchmark", TIMER, *options)
    assert result.ret == 0
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["bptt-bench: 5 scaling benchmarks ran and none was timed: *no claim is judged"])
    assert "fits and verdicts" not in result.stdout.str()


def test_a_bare_run_under_xdist_hears_of_the_suite_once_and_not_of_benchmarks(project: pytest.Pytester) -> None:
    result = run(project, "-n", "2")
    result.assert_outcomes(passed=1)
    assert "Benchmarks are" not in result.stdout.str() + result.stderr.str()
    assert result.stdout.str().count(LEFT_OUT) == 1


def test_a_parameter_that_is_called_as_the_marker_is_no_scaling_benchmark(project: pytest.Pytester) -> None:
    named = "import pytest\n@pytest.mark.parametrize('word', ['bptt_bench'])\ndef test_word(word): pass\n"
    add(project, "test_ordinary.py", named)
    result = run(project)
    result.assert_outcomes(passed=1, deselected=5)
    result.stdout.fnmatch_lines([LEFT_OUT])


def test_without_pytest_benchmark_one_line_says_what_is_missing(project: pytest.Pytester) -> None:
    run(project, "-p", "no:benchmark").assert_outcomes(passed=1, deselected=5)
    result = run(project, "-p", "no:benchmark", "--benchmark")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --benchmark: 5 scaling benchmarks need pytest-benchmark, which is switched off *"]
    )
    assert "Traceback" not in result.stdout.str() + result.stderr.str()
    assert run(project, "-p", "no:benchmark", "--benchmark", "test_ordinary.py").ret == 0


# -- fits and verdicts


def test_a_claim_that_holds_is_supported_in_print_and_in_the_json(project: pytest.Pytester) -> None:
    result, document = judged(project, "scaling")
    assert result.ret == 0
    (verdict,) = document["bptt_bench"]["verdicts"]
    assert (verdict["claim"], verdict["subject"], verdict["verdict"]) == ("scan is linear", "scan", "supported")
    assert verdict["estimate"] == pytest.approx(1.0, abs=0.05)
    result.stdout.fnmatch_lines(["*benchmark 'line in n'*", "*toy: fits and verdicts*", "*scan is linear*supported*"])


def test_the_fit_recovers_the_cost_per_evaluation(project: pytest.Pytester) -> None:
    _, document = judged(project, "scaling")
    (fit,) = document["bptt_bench"]["fits"]
    assert (fit["subject"], fit["law"], fit["response"]) == ("scan", "n", "seconds_per_eval")
    assert (fit["n_points"], fit["n_samples"]) == (5, 25)
    (slope,) = [term for term in fit["terms"] if term["term"] == "n"]
    assert slope["coefficient"] == pytest.approx(1e-6, rel=0.01)
    assert {entry["stats"]["iterations"] for entry in document["benchmarks"]} != {1}  # or dividing twice could pass


def test_a_refuted_claim_fails_the_session_and_is_named(project: pytest.Pytester) -> None:
    suite = project.path / "scaling" / "test_suite.py"
    suite.write_text(SUITE.replace('["scan"]', '["scan", "pairs"]'), encoding="utf-8")
    result, document = judged(project, "scaling")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert {entry["subject"]: entry["verdict"] for entry in document["bptt_bench"]["verdicts"]} == {
        "scan": "supported",
        "pairs": "refuted",
    }
    result.stdout.fnmatch_lines(["REFUTED pairs is linear (pairs): *", "*10 passed, *1 refuted in *"])
    assert "REFUTED scan" not in result.stdout.str()


@pytest.mark.parametrize("chosen", ["1000", "2000 or 4000", "8000"])
def test_too_little_data_is_never_a_pass(project: pytest.Pytester, chosen: str) -> None:
    result, document = judged(project, "scaling", "-k", chosen)
    assert result.ret == 0
    assert {entry["verdict"] for entry in document["bptt_bench"]["verdicts"]} <= {"inconclusive"}
    result.stdout.fnmatch_lines(["scan is linear*inconclusive*", "0 of 1 claim supported, 1 inconclusive."])


def test_claims_that_nothing_was_measured_for_are_named_in_one_line(project: pytest.Pytester) -> None:
    result, _ = judged(project, "scaling")
    result.stdout.fnmatch_lines(["not judged, because their subjects were not measured: pairs is linear"])


def test_the_json_describes_each_benchmark(project: pytest.Pytester) -> None:
    _, document = judged(project, "scaling")
    first = document["benchmarks"][0]
    assert first["group"] == "line in n"
    assert first["params"] == {"subject": "scan", "n": 1000}
    assert first["extra_info"] == {
        "subject": "scan",
        "point": {"n": 1000},
        "law": "n",
        "counts": {"multiply_adds": 3000, "comparisons": 1},
        "predicted_multiply_adds": 3000,
    }
    assert first["stats"]["rounds"] == 5
    assert document["machine_info"]["bptt_bench"]["threads"] == 1
    assert document["machine_info"]["bptt_bench"]["blas"] != []


def test_while_measuring_blas_has_one_thread_and_no_garbage_is_collected(project: pytest.Pytester) -> None:
    watching = TOY.replace(
        "        def evaluation():\n",
        "        def evaluation():\n            SEEN.add((gc.isenabled(), *blas_threads()))\n",
    )
    add(
        project,
        "toy.py",
        "import gc, numpy, threadpoolctl\nSEEN = set()\n"
        "def blas_threads():\n"
        "    return {pool['num_threads'] for pool in threadpoolctl.threadpool_info() if pool['user_api'] == 'blas'}\n"
        + watching,
    )
    after = "import gc, toy\ndef test_after():\n    assert toy.SEEN == {(False, 1)}\n    assert gc.isenabled()\n"
    add(project, "scaling/test_zafter.py", after)
    run(project, "--benchmark", TIMER, "scaling", "-k", "1000 or after").assert_outcomes(passed=2)


def test_an_evaluation_that_raises_fails_its_test_alone(project: pytest.Pytester) -> None:
    broken = TOY.replace(
        "        def evaluation():\n", "        def evaluation():\n            assert point['n'] != 2000\n"
    )
    add(project, "toy.py", broken)
    result, document = judged(project, "scaling")
    result.assert_outcomes(failed=1, passed=4)
    assert document["bptt_bench"]["fits"][0]["n_points"] == 4


# -- mistakes of those who write a suite


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ('["scan"]', '["scam"]', "*subject 'scam': unknown; the subjects are scan, pairs; did you mean 'scan'?"),
        ('{"n": n}', '{"m": n}', "*point m=1000: needs exactly the factors n"),
        ('{"n": n}', '{"n": -n}', "*factor n must be a whole number from 1, got -1000"),
        ('line="n"', 'line="k"', "*line='k': unknown factor; the factors are n"),
        ("@pytest.mark.bptt_bench\n", "", "test_time*: a test that uses `scaling` must be marked bptt_bench"),
    ],
)
def test_a_mistake_in_a_suite_is_named(project: pytest.Pytester, before: str, after: str, message: str) -> None:
    assert before in SUITE
    add(project, "scaling/test_suite.py", SUITE.replace(before, after))
    result = run(project, "--benchmark", TIMER, "scaling", "-k", "1000")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([message])


def test_a_suite_without_an_experiment_is_advised_what_to_define(project: pytest.Pytester) -> None:
    add(project, "scaling/conftest.py", "")
    result = run(project, "--benchmark", "scaling", "-k", "1000")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["scaling_experiment: define a fixture of this name that returns a bench.Experiment"])


def test_two_experiments_of_one_name_are_not_mixed(project: pytest.Pytester) -> None:
    each_anew = CONFTEST.replace('(scope="session")', "").replace("return toy.EXPERIMENT", ANOTHER)
    add(project, "scaling/conftest.py", each_anew)
    result = run(project, "--benchmark", TIMER, "scaling", "-k", "1000 or 2000")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["scaling_experiment: two experiments are named 'toy'; *scope='session'*"])


def test_a_claim_about_a_term_that_the_law_lacks_ends_in_one_line(project: pytest.Pytester) -> None:
    assert 'terms=("n",)' in TOY
    add(project, "toy.py", TOY.replace('terms=("n",)', 'terms=("n**2",)'))
    result = run(project, "--benchmark", TIMER, "scaling")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: experiment 'toy': term 'n[*][*]2': not in the law; its terms are n, 1"])


def test_a_call_that_consumes_its_input_is_refused_in_one_line(project: pytest.Pytester) -> None:
    consuming = (
        "import bptt_bench as bench\n"
        "def prepare(point):\n    return list(range(point['n'])).clear\n"
        "EXPERIMENT = bench.experiment({'scan': prepare}, 'n', name='toy', consumes=True, n=[1000, 16_000])\n"
    )
    add(project, "toy.py", TOY + consuming)
    result = run(project, "--benchmark", TIMER, "scaling")
    result.assert_outcomes(failed=5)
    expected = "*subject 'scan': consumes its input, and a round evaluates one many times; use `bptt-bench run`"
    result.stdout.fnmatch_lines([expected])


def test_rounds_of_a_point_that_is_measured_again_are_numbered_on(project: pytest.Pytester) -> None:
    again = "\ndef test_again(scaling):\n    scaling.measure('scan', {'n': 1000}, rounds=2, seconds_per_round=1e-5)\n"
    add(project, "scaling/test_suite.py", SUITE + "\n@pytest.mark.bptt_bench" + again)
    look = (
        "from bptt_bench.integrations.pytest.plugin import SESSION\n"
        "def pytest_terminal_summary(terminalreporter, config):\n"
        "    frame = config.stash[SESSION].suites['toy'].frame()\n"
        "    terminalreporter.write_line(f'blocks {sorted(frame[frame.n == 1000].block)}')\n"
        "    terminalreporter.write_line(f'blocks {sorted(frame[frame.n == 2000].block)}')\n"
        '    terminalreporter.write_line(f\'doubled {frame.filter(["subject", "n", "block"]).duplicated().any()}\')\n'
    )
    add(project, "scaling/conftest.py", CONFTEST + look)
    result = run(project, "--benchmark", TIMER, "scaling")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["blocks [[]0, 1, 2, 3, 4, 5, 6[]]", "blocks [[]0, 1, 2, 3, 4[]]", "doubled False"])


# -- rounds


def test_the_rounds_of_all_benchmarks_are_taken_in_blocks_of_random_order(project: pytest.Pytester) -> None:
    note = "        with open('seen.txt', 'a') as seen: print('prepared', point['n'], file=seen)\n"
    add(project, "toy.py", TOY.replace("    def prepare(point):\n", f"    def prepare(point):\n{note}"))
    run(project, "--benchmark", TIMER, "scaling").assert_outcomes(passed=5)
    seen = [int(line.split()[1]) for line in (project.path / "seen.txt").read_text(encoding="utf-8").splitlines()]
    blocks = [seen[i : i + len(LEVELS)] for i in range(0, len(seen), len(LEVELS))]
    assert len(blocks) == 5
    assert all(sorted(block) == list(LEVELS) for block in blocks)
    assert blocks[0] == list(LEVELS)  # the tests' own
    assert len({tuple(block) for block in blocks}) > 3


def test_a_round_is_a_round_to_pytest_benchmark_too(project: pytest.Pytester) -> None:
    _, document = judged(project, "scaling")
    stats = [entry["stats"] for entry in document["benchmarks"]]
    assert [each["rounds"] for each in stats] == [5] * 5
    assert [len(set(each["data"])) for each in stats] == [5] * 5
    for each, n in zip(stats, LEVELS, strict=True):
        assert each["median"] == pytest.approx(1e-6 * n + 1e-4, rel=0.01)


def test_subjects_whose_claims_are_not_supported_get_more_rounds(project: pytest.Pytester) -> None:
    more = SUITE.replace("rounds=5", "rounds=5, most_rounds=11")
    add(project, "scaling/test_suite.py", more.replace('["scan"]', '["scan", "pairs"]'))
    result, document = judged(project, "scaling")
    rounds = {entry["params"]["subject"]: entry["stats"]["rounds"] for entry in document["benchmarks"]}
    assert rounds == {"scan": 5, "pairs": 11}
    result.stdout.fnmatch_lines(["toy: 4 more rounds of 10 benchmarks, up to 10 where claims are not supported .*"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("rounds=0", "rounds must be a whole number from 1, got 0"),
        ("rounds=5, most_rounds=4", "most_rounds must be a whole number from 5, got 4"),
    ],
)
def test_rounds_that_are_none_are_refused(project: pytest.Pytester, asked: str, message: str) -> None:
    add(project, "scaling/test_suite.py", SUITE.replace("rounds=5", asked))
    run(project, "--benchmark", TIMER, "scaling", "-k", "1000").stdout.fnmatch_lines([f"*{message}"])


def test_what_raises_in_a_later_round_is_named_and_fails_the_session(project: pytest.Pytester) -> None:
    broken = TOY.replace(
        "    def prepare(point):\n",
        "    def prepare(point):\n"
        "        COUNT[point['n']] += 1\n"
        "        if point['n'] in (2000, 4000) and COUNT[point['n']] == 3: raise OSError('no space left')\n",
    )
    add(project, "toy.py", "import collections\nCOUNT = collections.Counter()\n" + broken)
    result, document = judged(project, "scaling")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(passed=5)
    result.stdout.fnmatch_lines(
        [
            "*fits and verdicts*",
            "bptt-bench: not measured: scan at n=*000, scan at n=*000: OSError: no space left, in round 3 of 5",
            "*5 passed, *2 unmeasured in *",
        ]
    )
    assert [entry["stats"]["rounds"] for entry in document["benchmarks"]] == [5, 2, 2, 5, 5]


def test_what_a_subject_prints_in_a_later_round_stays_out_of_the_tables(project: pytest.Pytester) -> None:
    add(
        project,
        "toy.py",
        TOY.replace("    def prepare(point):\n", "    def prepare(point):\n        print('noise!')\n"),
    )
    result = run(project, "--benchmark", TIMER, "scaling")
    result.assert_outcomes(passed=5)
    assert "noise!" not in result.stdout.str()


@pytest.mark.parametrize(
    ("options", "mark", "timer"),
    [
        ((), "", "bptt_bench.measure.timing.clock.seconds_less_waiting"),
        (("--benchmark-timer=time.process_time",), "", "time.process_time"),
        ((), "@pytest.mark.benchmark(timer=toy.timer)\n", "toy.timer"),
    ],
)
def test_time_that_others_had_the_processor_is_not_counted_unless_a_timer_is_named(
    project: pytest.Pytester, options: tuple[str, ...], mark: str, timer: str
) -> None:
    marked = SUITE.replace("import pytest\n", "import pytest, toy\n").replace(
        "@pytest.mark.bptt", mark + "@pytest.mark.bptt"
    )
    add(project, "scaling/test_suite.py", marked)
    add(project, "test_theirs.py", THEIRS)
    assert run(project, "--benchmark", *options, "--benchmark-json=out.json", "-k", "1000 or theirs").ret == 0
    document = json.loads((project.path / "out.json").read_text(encoding="utf-8"))
    timers = {entry["name"]: entry["options"]["timer"] for entry in document["benchmarks"]}
    assert timers["test_time[scan-1000]"] in (timer, timer.rpartition(".")[2])
    assert timers["test_theirs"] == (options[0].rpartition(".")[2] if options else "perf_counter")


# -- when nothing, or not all, can be measured


# a session in this process finds our modules imported before it could rewrite their assertions
LOADED = "ignore:Module already imported so cannot be rewritten:pytest.PytestAssertRewriteWarning"
STRICT = f"[pytest]\naddopts = --strict-markers\nfilterwarnings =\n    error\n    {LOADED}\n"
BUILT_WRONG = CONFTEST.replace("return toy.EXPERIMENT", "raise ValueError('profile standard is missing\\nmore')")


@pytest.mark.parametrize(
    "options",
    [
        ("--benchmark-autosave",),
        ("--benchmark-json=out.json",),
        ("--benchmark-compare",),
        ("--benchmark-compare", "--benchmark-autosave"),
    ],
)
def test_a_suite_that_cannot_begin_ends_in_one_line_where_warnings_are_errors(
    project: pytest.Pytester, options: tuple[str, ...]
) -> None:
    project.makeini(STRICT)
    add(project, "scaling/conftest.py", BUILT_WRONG)
    result = run(project, "scaling", "--benchmark", TIMER, *options)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.assert_outcomes(errors=5)
    names = ", ".join(f"test_time[[]scan-{n}[]]" for n in LEVELS[:3])
    why = "ValueError: profile standard is missing"
    result.stdout.fnmatch_lines([f"bptt-bench: not measured: {names} and 2 more: {why}"])
    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()


def test_a_first_comparison_where_warnings_are_errors_says_that_nothing_was_saved(project: pytest.Pytester) -> None:
    project.makeini(STRICT)
    arguments = "scaling", "--benchmark", TIMER, "--benchmark-compare", "--benchmark-autosave"
    result = project.runpytest_subprocess(*arguments)  # in this process the session of this test catches warnings
    assert result.ret == 0
    assert "Can't compare. No benchmark files" in result.stderr.str()
    again = run(project, *arguments)
    assert again.ret == 0
    again.stdout.fnmatch_lines(["*(NOW)*", "*fits and verdicts*"])


def test_a_test_that_fails_before_it_measures_has_one_error(project: pytest.Pytester) -> None:
    project.makeini(STRICT)
    add(project, "scaling/test_suite.py", SUITE.replace('["scan"]', '["scam"]'))
    result = run(project, "--benchmark", TIMER, "scaling", "-k", "1000 or 2000")
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(
        ["bptt-bench: not measured: scam at n=1000, scam at n=2000: ExperimentError: subject 'scam': unknown*"]
    )


def test_a_histogram_without_pygal_is_refused_before_anything_is_measured(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pygal", None)
    result = run(project, "--benchmark", TIMER, "--benchmark-histogram", "scaling")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: --benchmark-histogram needs pygal: pip install 'bptt-bench[[]histogram[]]'"])


def test_a_histogram_has_a_picture_for_each_line(project: pytest.Pytester) -> None:
    project.makeini(STRICT)
    # pygal leaves an importer behind, which warns at every import from then on
    result = project.runpytest_subprocess("--benchmark", TIMER, "--benchmark-histogram=out/h", "scaling")
    assert result.ret == 0
    (picture,) = (project.path / "out").glob("*.svg")
    assert picture.name == "h-line_in_n.svg"
    drawn = picture.read_text(encoding="utf-8")
    assert all(f"test_time[scan-{n}] - 5 rounds" in drawn for n in LEVELS)


# -- the suite of this project


def run_ours(tmp_path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`pytest --benchmark` on the suite of this project, as a user starts it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}
    command = [sys.executable, "-m", "pytest", "--benchmark", f"--benchmark-storage={tmp_path}", *options]
    return subprocess.run(
        [*command, "-p", "no:cacheprovider", "tests/scaling/test_scaling.py"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_benchmark_of_our_suite_runs(tmp_path: Path) -> None:
    done = run_ours(tmp_path, "--benchmark-disable")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"bptt-bench: (\d+) scaling benchmarks ran and none was timed", done.stdout)
    assert re.search(r"^=+ \d+ passed in ", done.stdout, re.MULTILINE)


@pytest.mark.slow
def test_our_suite_is_measured_saved_compared_drawn_and_judged(tmp_path: Path) -> None:
    few = "aggregated and (16-112-112-2- or 16-112-112-4- or 16-112-112-8-)"
    for options in (["--benchmark-autosave"], ["--benchmark-compare", f"--benchmark-histogram={tmp_path}/h"]):
        done = run_ours(tmp_path, "-k", few, *options)
        assert done.returncode in (0, 1), done.stdout + done.stderr  # 1 would be a verdict
        assert "Traceback" not in done.stdout + done.stderr
        assert re.search(r"\b3 passed, \d+ deselected", done.stdout)
        assert "rnn: fits and verdicts" in done.stdout
    assert "(NOW)" in done.stdout
    assert len(list(tmp_path.glob("h-*.svg"))) == 1
