"""The command line as its users see it: answers, JSON documents, exit statuses. Bad input is in test_bad_input.py."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import bptt_bench as bench
import pytest
from bptt_bench.cli.main import cli
from bptt_bench.workflows.settings import settings_of
from click.testing import CliRunner, Result

ROOT = Path(__file__).resolve().parents[3]
TOY = "tests.toy_experiment"
COMMANDS = ("run", "foresee", "verdict", "fit", "report", "doctor", "selftest")
VERDICT_KEYS = ["claim", "subject", "kind", "predicted", "estimate", "low", "high", "verdict", "reason"]
VERDICT_KEYS += ["kind_of_reason", "evidence"]
SECONDS_TO_START = 60.0  # a stuck process fails the test, a slow machine does not


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """One finished run of the toy experiment, and what the command said."""
    folder = tmp_path_factory.mktemp("toy") / "run"
    return folder, invoke("run", TOY, "--out", folder, "--json")


@pytest.fixture
def folder(toy_run: tuple[Path, Result]) -> Path:
    return toy_run[0]


def records(folder: Path, kind: str) -> list[dict[str, Any]]:
    lines = (folder / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    return [record for record in map(json.loads, lines) if record["record"] == kind]


def times(folder: Path) -> Path:
    """Exact times of 2 µs + 3 ns n, with a repetition of each."""
    path = folder / "times.csv"
    rows = (f"{n},{2e-6 + 3e-9 * n}\n" for n in (10, 100, 1_000, 10_000, 100_000) for _ in range(2))
    path.write_text("n,seconds_per_eval\n" + "".join(rows), encoding="utf-8")
    return path


# --- help -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_shows_an_example(command: str) -> None:
    result = invoke(command, "--help")
    assert result.exit_code == 0
    assert f"Example: bptt-bench {command}" in result.stdout
    assert "--json" in result.stdout


def test_help_lists_the_commands() -> None:
    for arguments in ([], ["--help"], ["-h"]):
        result = invoke(*arguments)
        assert result.exit_code == 0
        assert all(f"\n  {command} " in result.stdout for command in COMMANDS)


def test_version_is_that_of_the_package() -> None:
    import bptt_bench as bench

    assert invoke("--version").stdout == f"bptt-bench, version {bench.__version__}\n"


# --- run --------------------------------------------------------------------------------------------------------------


def test_run_answers_with_one_document_and_keeps_progress_on_standard_error(toy_run: tuple[Path, Result]) -> None:
    folder, result = toy_run
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert document["folder"] == str(folder)
    assert (document["experiment"], document["profile"], document["skipped"]) == (TOY, "quick", 0)
    # 6 levels x 3 names x 3 blocks, and the phases of one subject at each level in one block
    assert document["samples"] == 6 * 3 * 3 + 6 == len(records(folder, "sample"))
    assert 0 < document["busy_share"] <= 1
    assert set(document["condition_numbers"]) == {"sum", "scale"}
    assert [list(verdict) for verdict in document["verdicts"]] == [VERDICT_KEYS] * 2
    assert document["verdicts"][0] | {"reason": "", "evidence": {}} == {
        **dict.fromkeys(VERDICT_KEYS, 0.0),
        "claim": "sum-exact",
        "subject": "sum",
        "kind": "check",
        "verdict": "supported",
        "reason": "",
        "kind_of_reason": "within limits",
        "evidence": {},
    }


def test_run_prints_condition_numbers_first_and_the_busy_share_last(
    toy_run: tuple[Path, Result],
) -> None:
    lines = toy_run[1].stderr.splitlines()
    places = [
        next(i for i, line in enumerate(lines) if line.startswith(start))
        for start in (
            f"{TOY}, profile quick: 18 cells in 3 blocks, seed 0, 1 BLAS thread, into ",
            "condition number of the scaled design, sum: 1.8",
            "condition number of the scaled design, scale: 1.8",
            "measuring toy, profile quick: 60 samples",
            "check sum-exact: passed in ",
            "measuring process 1 of 1 ready",
            "block 1/3 done, about ",
            "block 3/3 done",
            "60 samples; ",
        )
    ]
    assert places == sorted(places)
    assert lines[-1].endswith("ready went into timed or warm-up evaluations")


def test_run_as_text_ends_with_the_claims(tmp_path: Path) -> None:
    result = invoke("run", "tests.toy_refuted", "--out", tmp_path / "run", "--seed", "3")
    assert result.exit_code == 1, result.stderr
    assert result.stdout.startswith("tests.toy_refuted, profile quick: ")
    assert "two-is-three" in result.stdout
    assert "refuted" in result.stdout
    assert "measuring toy" in result.stderr
    assert records(tmp_path / "run", "run")[0]["seed"] == 3


def test_settings_go_into_the_record_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("some text", encoding="utf-8")
    options = ("--seed", "7", "--threads", "2", "--corpus", tmp_path / "text")
    result = invoke("run", TOY, "--out", tmp_path / "run", *options, "--json")
    assert result.exit_code == 0, result.stderr
    assert "seed 7, 2 BLAS threads" in result.stderr
    assert "measuring toy on 9 letters" in result.stderr
    header = records(tmp_path / "run", "run")[0]
    assert (header["seed"], header["threads"], header["corpus"]) == (7, 2, str(tmp_path / "text"))
    assert all(worker["threads"] for worker in records(tmp_path / "run", "worker"))


def test_an_unknown_measure_is_one_line() -> None:
    result = invoke("run", TOY, "--measure", "time,cycles")
    assert result.exit_code == 2
    assert result.stderr == "error: measure: must be some of time, memory, instructions, operations, got 'cycles'\n"


def test_a_budget_needs_the_time(tmp_path: Path) -> None:
    result = invoke("run", TOY, "--measure", "instructions", "--budget", "5s", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert result.stderr.endswith(
        "error: --budget and --until: must be used with the time, which --measure leaves out\n"
    )


def test_what_a_run_measures_is_kept_for_its_resumption(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    invoke("run", TOY, "--measure", "time", "--out", str(folder))
    assert settings_of(folder).measures == ("time",)
    assert invoke("run", "--resume", folder).exit_code in (0, 1)


@pytest.mark.parametrize("begun", [["--measure", "time"], []])
def test_a_run_resumed_with_other_measures_keeps_what_it_measured(tmp_path: Path, begun: list[str]) -> None:
    folder = tmp_path / "run"
    invoke("run", TOY, *begun, "--out", folder)
    before = {one.claim for one in bench.judge(folder)}
    result = invoke("run", "--resume", folder, "--measure", "operations")
    assert result.exit_code in (0, 1), result.stderr
    after = bench.judge(folder)
    assert {one.claim for one in after} > before
    assert settings_of(folder).measures == ("time", "operations")
    assert invoke("run", "--resume", folder).exit_code in (0, 1)
    assert [one.claim for one in bench.judge(folder)] == [one.claim for one in after]


def test_folder_is_named_after_profile_and_time_unless_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = invoke("run", TOY, "--json")
    assert result.exit_code == 0, result.stderr
    assert [path.name[:6] for path in (tmp_path / "results").iterdir()] == ["quick-"]


def test_resume_measures_only_what_is_missing(folder: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    shutil.copytree(folder, part)
    lines = (part / "samples.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if '"finish"' not in line][:-11]
    (part / "samples.jsonl").write_text("".join(kept) + lines[-1][:20], encoding="utf-8")  # with a torn last line
    result = invoke("run", "--resume", part, "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["samples"] == 11
    assert "continuing toy, profile quick: 60 samples, 49 done before" in result.stderr
    visits = [(s["subject"], s["point"]["n"], s["block"], s["timing"]) for s in records(part, "sample")]
    assert len(visits) == len(set(visits)) == 60


def test_resuming_a_finished_run_measures_nothing_and_judges(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    result = invoke("run", "--resume", tmp_path / "copy", "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert (document["samples"], document["busy_share"]) == (0, None)
    assert len(document["verdicts"]) == 2
    assert "nothing was left to measure" in result.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_run_exits_130_and_can_be_used(number: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    command = [sys.executable, "-m", "bptt_bench", "run", TOY, "--profile", "endless", "--out", str(folder), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        watchdog = time.monotonic() + SECONDS_TO_START
        said = []
        for line in process.stderr:  # samples of every cell, twice, are on the disk by the second block
            said.append(line)
            if line.startswith("block 2/") or time.monotonic() > watchdog:
                break
        process.send_signal(number)
        output, errors = process.communicate(timeout=SECONDS_TO_START)
    assert process.returncode == 130, (said, errors)
    assert output == ""
    resumed = ["bptt-bench", "run", "--resume", str(folder), "--json"]
    assert errors.splitlines()[-1] == f"interrupted by {number.name}; go on with: {shlex.join(resumed)}"
    result = invoke("verdict", folder, "--json")
    assert [one["claim"] for one in json.loads(result.stdout)] == ["sum-exact", "sum-linear"]
    assert len(records(folder, "sample")) >= 36


def test_termination_before_measuring_exits_130_and_gives_the_signal_back(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr("bptt_bench.workflows.run.condition_numbers", lambda *_: os.kill(os.getpid(), signal.SIGTERM))
    result = invoke("run", TOY, "--out", tmp_path / "run")
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(("load", "warned"), [(0.0, False), (64.0, True)])
def test_run_on_a_busy_machine_says_so(
    load: float, warned: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bptt_bench.workflows.run.load_average", lambda: load)
    monkeypatch.setattr("bptt_bench.workflows.run.usable_cores", lambda: 4)
    result = invoke("run", TOY, "--out", tmp_path / "run", "--json")
    assert ("load average 64.00 on 4 cores: other work is running, or ended" in result.stderr) == warned


# --- verdict ----------------------------------------------------------------------------------------------------------


def test_verdict_as_json_is_a_list_of_the_documented_keys(toy_run: tuple[Path, Result]) -> None:
    result = invoke("verdict", toy_run[0], "--json")
    verdicts = json.loads(result.stdout)
    assert result.exit_code == 0
    assert [list(verdict) for verdict in verdicts] == [VERDICT_KEYS] * 2
    assert verdicts == json.loads(toy_run[1].stdout)["verdicts"], "samples alone decide, not the run they came with"


def test_verdict_as_text_is_a_table(folder: Path) -> None:
    result = invoke("verdict", folder)
    assert result.exit_code == 0
    assert all(word in result.stdout for word in ("sum-exact", "sum-linear", "supported"))


def test_refuted_claim_exits_1(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "copy")
    path = tmp_path / "copy" / "samples.jsonl"
    lines = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    spoiled = [{**line, "estimate": 3.0} if line["record"] == "check" else line for line in lines]
    path.write_text("".join(json.dumps(line) + "\n" for line in spoiled), encoding="utf-8")
    for arguments in (["--json"], []):
        result = invoke("verdict", tmp_path / "copy", *arguments)
        assert result.exit_code == 1, result.stderr
        assert "refuted" in result.stdout


# --- fit --------------------------------------------------------------------------------------------------------------


def test_fit_recovers_exact_constants_from_a_table(tmp_path: Path) -> None:
    options = ("--law", "n", "--overhead", "1", "--predict", "n=1000000", "--predict", "n=7", "--versus", "n**2")
    result = invoke("fit", times(tmp_path), *options, "--json")
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    keys = "law response unit n_points n_samples terms exponents noise error lack_of_fit predictions versus notes"
    assert list(document) == keys.split()
    assert (document["law"], document["response"]) == ("n", "seconds_per_eval")
    assert (document["n_points"], document["n_samples"]) == (5, 10)
    found = {term["term"]: (term["role"], term["coefficient"]) for term in document["terms"]}
    assert found == {"n": ("law", pytest.approx(3e-9)), "1": ("overhead", pytest.approx(2e-6))}
    assert [one["at"] for one in document["predictions"]] == [{"n": 1_000_000}, {"n": 7}]
    assert document["predictions"][0]["value"] == pytest.approx(2e-6 + 3e-3)
    assert [(one["law"], one["decision"]) for one in document["versus"]] == [("n**2", "this")]


def test_fit_as_text_shows_terms_predictions_and_comparisons(tmp_path: Path) -> None:
    result = invoke("fit", times(tmp_path), "--law", "n", "--predict", "n=1000000", "--versus", "n**2")
    assert result.exit_code == 0, result.stderr
    shown = "".join(result.stdout.split())  # blanks of several kinds group digits and part numbers from units
    parts = (
        "3.00[3.00,3.00]ns",
        "2.00[2.00,2.00]µs",
        "predictedatn=1000000:3.00[3.00,3.00]ms,doubtful",
        "againstn²:thislaw",
    )
    assert [part for part in parts if part not in shown] == []


def test_fit_of_a_run_takes_the_subject_that_is_named(folder: Path) -> None:
    coefficients = []
    for subject in ("sum", "scale"):
        result = invoke("fit", folder, "--law", "n", "--subject", subject, "--block", "block", "--json")
        assert result.exit_code == 0, result.stderr
        document = json.loads(result.stdout)
        assert (document["n_points"], document["n_samples"]) == (6, 18)
        coefficients.append(document["terms"][0]["coefficient"])
    assert coefficients[0] != coefficients[1]


def test_fit_of_a_phase_uses_the_samples_with_phases(folder: Path) -> None:
    result = invoke("fit", folder, "--law", "n", "--subject", "scale", "--response", "sum_seconds_per_eval", "--json")
    assert result.exit_code == 0, result.stderr
    assert json.loads(result.stdout)["n_samples"] == 6


# --- report, doctor ---------------------------------------------------------------------------------------------------


def test_report_writes_what_it_lists(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "run")
    result = invoke("report", tmp_path / "run", "--json")
    assert result.exit_code == 0, result.stderr
    files = [Path(name) for name in json.loads(result.stdout)["files"]]
    names = {str(path.relative_to(tmp_path / "run")) for path in files}
    assert {"report.html", "report.md"} < names
    assert any(name.startswith("figures/") and name.endswith(".png") for name in names)
    assert all(path.stat().st_size > 100 for path in files)
    assert "sum-linear" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert invoke("report", tmp_path / "run").stdout.split() == [str(path) for path in files]


def test_doctor_gives_a_line_or_an_object_for_each_reading() -> None:
    result = invoke("doctor", "--json", "--seconds", "0.5")
    assert result.exit_code == 0
    assert result.stderr == "probing the machine for about 0.5 s\n"
    names = [reading["name"] for reading in json.loads(result.stdout)]
    assert names[:2] == ["load_average", "cores"]
    assert {"empty_numpy_call_seconds", "first_touch_seconds_per_byte", "slowdown"} <= set(names)
    assert len(invoke("doctor", "--seconds", "0").stdout.splitlines()) == 9


def test_doctor_prints_a_table_of_what_the_machine_can_do() -> None:
    lines = invoke("doctor", "--seconds", "2").stdout.splitlines()
    assert lines[0].split()[1] == "load_average"
    assert any(line.startswith("matrix by vector, float32") for line in lines)
    assert any(line.startswith("call of NumPy on one element: ") for line in lines)


# --- pipes and signals; faults of our own are in test_exit_status.py -------------------------------------------------


def test_closed_pipe_is_no_fault_and_no_verdict(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "bptt_bench", "fit", str(times(tmp_path)), "--law", "n", "--json"]
    ran = subprocess.run(command, cwd=ROOT, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (141, "")


def test_interrupt_outside_of_measuring_exits_130(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def raises(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("bptt_bench.workflows.fit.fit_data", raises)
    result = invoke("fit", times(tmp_path), "--law", "n")
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")


HEAVY = (
    "scipy.stats",
    "scipy.optimize",
    "scipy.interpolate",
    "sympy",
    "matplotlib",
    "jinja2",
    "IPython",
    "distributed",
)


def test_a_verdict_loads_no_library_that_it_does_not_use(folder: Path) -> None:
    code = (
        "import atexit, sys; from bptt_bench.cli.main import cli; "
        "atexit.register(lambda: print([each for each in sys.argv[2:] if each in sys.modules], file=sys.stderr)); "
        "cli(['verdict', sys.argv[1]])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, folder, *HEAVY], capture_output=True, text=True, check=False, cwd=folder.parent
    )
    assert done.stderr.splitlines()[-1] == "[]"


NOT_COUNTED = """
import bptt_bench as bench

def prepare(point):
    values = list(range(point["n"]))
    return lambda: sorted(values)

EXPERIMENT = bench.experiment({subjects}, n=[10, 1000], measure="operations")
"""


@pytest.mark.parametrize(
    ("subjects", "said"),
    [
        ("prepare", ["error: it: operations: the code does no NumPy operation on arrays"]),
        (
            "{'a': prepare, 'b': prepare}",
            [
                "a: operations: the code does no NumPy operation on arrays",
                "b: operations: the code does no NumPy operation on arrays",
                "error: operations: none of 2 subjects could be counted, for the reasons above",
            ],
        ),
    ],
)
def test_why_nothing_could_be_counted_is_said_once(tmp_path: Path, subjects: str, said: list[str]) -> None:
    (tmp_path / "it.py").write_text(NOT_COUNTED.replace("{subjects}", subjects), encoding="utf-8")
    result = invoke("run", tmp_path / "it.py", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert [line for line in result.stderr.splitlines() if "operations" in line] == said


def test_the_markdown_of_a_run_without_laws_has_no_section_of_fits(tmp_path: Path) -> None:
    source = NOT_COUNTED.replace("{subjects}", "prepare").replace(', measure="operations"', "")
    (tmp_path / "it.py").write_text(source, encoding="utf-8")
    assert invoke("run", tmp_path / "it.py", "--out", tmp_path / "run").exit_code == 0
    assert invoke("report", tmp_path / "run").exit_code == 0
    headings = [line for line in (tmp_path / "run" / "report.md").read_text().splitlines() if line.startswith("## ")]
    assert "## Method" in headings
    assert "## Fits" not in headings
