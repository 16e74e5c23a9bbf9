"""Reading a run imports nothing that the run, its folder or the current folder names; measuring does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bptt_bench as bench
import pytest
from bptt_bench.cli.main import cli
from bptt_bench.errors import StoreError
from bptt_bench.measure.worker.loading import load_experiment
from bptt_bench.report.page import fragments
from bptt_bench.store.runs.samples import SAMPLES
from bptt_bench.workflows.judge import analyse_run, write_report
from bptt_bench.workflows.run import measure_run
from bptt_bench.workflows.settings import Settings
from click.testing import CliRunner, Result

ROOT = Path(__file__).resolve().parents[2]
TOY = "tests.toy_experiment"
TRAP = "from pathlib import Path\nPath({trace!r}).touch()\nfrom tests.toy_experiment import CLAIMS, EXPERIMENT\n"
SHADOWED = ("click", "numpy", "pandas", "scipy", "matplotlib", "jinja2", "rich", "threadpoolctl", "sympy", "secrets")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of the toy experiment."""
    folder = tmp_path_factory.mktemp("measured") / "run"
    measure_run(Settings(experiment=TOY), folder)
    return folder


class Sent:
    """A folder of results as somebody may send it: the run names a module, and there is one that leaves a trace.

    With ``shadows`` files lie there, too, that are called like modules which the commands import.
    """

    def __init__(self, folder: Path, measured: Path, name: str, schema: int = 2, *, shadows: bool = False) -> None:
        self.trace, self.run = folder / "trace", folder / "run"
        header, described, *others = (measured / SAMPLES).read_text().splitlines()
        changed = {**json.loads(header), "experiment": name, "schema": schema}
        lines = [json.dumps(changed), *([described] if schema > 1 else []), *others]
        for place in (folder, self.run, folder / "other"):
            place.mkdir(exist_ok=True)
            for module in (Path(name).stem, *(SHADOWED if shadows else ())):
                (place / f"{module}.py").write_text(TRAP.format(trace=str(self.trace)))
            (place / SAMPLES).write_text("\n".join(lines) + "\n")

    def is_sprung(self) -> bool:
        return self.trace.exists()


@pytest.fixture(params=[("a_sent_module", 2), ("run/sent.py", 2), ("a_sent_module", 1), ("run/sent.py", 1)])
def sent(request: pytest.FixtureRequest, measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sent:
    found = Sent(tmp_path, measured, *request.param)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))  # even where the module could be imported
    return found


COMMANDS = [
    ["verdict", "run"],
    ["verdict", "run", "--json"],
    ["report", "run"],
    ["predict", "run", "--at", "n=1000000"],
    ["predict", "run", "--largest", "n", "--within", "1s"],
    ["compare", "run", "other"],
    ["export", "run", "--to", "csv"],
    ["export", "run", "--to", "pyperf", "--subject", "sum"],
    ["fit", "run", "--law", "n", "--subject", "sum"],
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_no_command_that_reads_imports_what_a_run_names(sent: Sent, arguments: list[str]) -> None:
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code in (0, 1), result.output
    assert not sent.is_sprung()


FUNCTIONS: dict[str, Callable[[], Any]] = {
    "load": lambda: bench.load("run"),
    "judge": lambda: bench.judge("run"),
    "judge a frame": lambda: bench.judge(bench.load("run")),
    "figures": lambda: bench.figures("run"),
    "predict": lambda: bench.predict("run", "n=1000000"),
    "compare": lambda: bench.compare("run", "other"),
    "fit": lambda: bench.fit(bench.load("run").query("subject == 'sum'"), "n"),
    "fit_by": lambda: bench.fit_by(bench.load("run").query("subject == 'sum'"), "n"),
    "write_report": lambda: write_report("run"),
    "displays of a notebook": lambda: fragments.of_analysis(analyse_run("run")),
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_no_function_that_reads_imports_what_a_run_names(sent: Sent, function: Callable[[], Any]) -> None:
    function()
    assert not sent.is_sprung()


@pytest.mark.parametrize("arguments", [["verdict", "run", "--claims"], ["predict", "run", "--at", "n=9", "--claims"]])
def test_the_module_that_the_user_names_is_imported(
    arguments: list[str], measured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = Sent(tmp_path, measured, "run/sent.py")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, [*arguments, "run/sent.py"])
    assert result.exit_code in (0, 1), result.output
    assert sent.is_sprung()


def test_measuring_springs_the_trap(measured: Path, tmp_path: Path) -> None:
    sent = Sent(tmp_path, measured, "run/sent.py")
    result = CliRunner().invoke(cli, ["run", str(tmp_path / "run" / "sent.py"), "--out", str(tmp_path / "new")])
    assert result.exit_code in (0, 1), result.output
    assert sent.is_sprung()


def asked(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own, in a folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    return subprocess.run(
        [sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False, env=environment
    )


@pytest.mark.parametrize(
    "start",
    [["-m", "bptt_bench"], ["-P", "-c", "from bptt_bench.cli.main import main; main()"]],
    ids=["python -m", "entry point"],
)
def test_no_module_of_the_folder_one_stands_in_is_imported(start: list[str], measured: Path, tmp_path: Path) -> None:
    sent = Sent(tmp_path, measured, "sent.py", shadows=True)
    for arguments in (["verdict", "."], ["predict", ".", "--at", "n=1000000"], ["report", "."]):
        ran = asked(sent.run, *start, *arguments)
        assert ran.returncode in (0, 1), ran.stderr
        assert not sent.is_sprung(), arguments


def test_experiments_of_the_folder_one_stands_in_are_found_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("from tests.toy_experiment import CLAIMS, EXPERIMENT\n")
    path = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-m", "bptt_bench", "run", "mine", "--out", "run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env=path,
    )
    assert ran.returncode in (0, 1), ran.stderr
    assert (tmp_path / "run" / SAMPLES).is_file()


# --- the same answers with the experiment gone ------------------------------------------------------------------------


def verdict(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["verdict", *map(str, arguments), "--json"])


def test_a_run_is_judged_as_by_the_experiment_it_was_measured_with(measured: Path) -> None:
    stored, by_module = verdict(measured), verdict(measured, "--claims", TOY)
    assert json.loads(stored.stdout) == json.loads(by_module.stdout)
    assert [one["claim"] for one in json.loads(stored.stdout)] == ["sum-exact", "sum-linear"]
    experiment = load_experiment(TOY)
    assert bench.judge(measured) == bench.judge(measured, experiment)
    assert list(bench.figures(measured)) == list(bench.figures(measured, experiment))
    at = "n=1000000"
    assert bench.predict(measured, at).to_json() == bench.predict(measured, at, experiment=experiment).to_json()


def test_the_claims_of_today_are_those_of_the_module_that_is_named(measured: Path, tmp_path: Path) -> None:
    (tmp_path / "stricter.py").write_text(
        "import dataclasses\nfrom tests.toy_experiment import CLAIMS, EXPERIMENT\n"
        "CLAIMS = tuple(dataclasses.replace(claim, name='new ' + claim.name) for claim in CLAIMS[1:])\n"
    )
    found = json.loads(verdict(measured, "--claims", tmp_path / "stricter.py").stdout)
    assert [one["claim"] for one in found] == ["new sum-linear"]


def test_claims_that_are_no_module_are_one_line(measured: Path) -> None:
    result = CliRunner().invoke(cli, ["verdict", str(measured), "--claims", "no.such.module"])
    assert result.exit_code == 2
    assert result.stderr == (
        "error: experiment 'no.such.module': no such module; give the name of a module or the path of a .py file\n"
    )


# --- runs of schema 1 -------------------------------------------------------------------------------------------------


def first_schema(measured: Path, folder: Path, *, laws: bool) -> Path:
    header, _, *others = (measured / SAMPLES).read_text().splitlines()
    changed = {**json.loads(header), "schema": 1}
    if not laws:
        del changed["laws"]
    folder.mkdir()
    (folder / SAMPLES).write_text("\n".join([json.dumps(changed), *others]) + "\n")
    return folder


@pytest.mark.parametrize("laws", [True, False])
def test_a_run_of_schema_1_is_judged_for_what_it_holds(measured: Path, tmp_path: Path, laws: bool) -> None:
    old = first_schema(measured, tmp_path / "old", laws=laws)
    result = verdict(old)
    assert result.exit_code == 0
    assert [(one["claim"], one["verdict"]) for one in json.loads(result.stdout)] == [("sum-exact", "supported")]
    holds = "only laws" if laws else "no laws"
    line = (
        f"the run is of schema 1 and holds {holds}, no overhead terms, profiles or claims about time; --claims MODULE"
    )
    assert result.stderr.startswith(f"note: {line} judges it by those of a module (it names 'tests.toy_experiment')")
    assert line in " ".join(CliRunner().invoke(cli, ["verdict", str(old)]).output.split())
    judged = verdict(old, "--claims", TOY)
    assert json.loads(judged.stdout) == json.loads(verdict(measured).stdout)
    assert judged.stderr == ""


def test_a_run_of_schema_1_predicts_by_the_laws_in_its_header(measured: Path, tmp_path: Path) -> None:
    old = first_schema(measured, tmp_path / "old", laws=True)
    (found,) = bench.predict(old, "n=1000000", subject="sum")
    assert found.value is not None


# --- what is wrong in the record of the experiment --------------------------------------------------------------------


def test_what_is_wrong_is_named_with_file_line_and_field(measured: Path, tmp_path: Path) -> None:
    header, described, *others = (measured / SAMPLES).read_text().splitlines()
    record = json.loads(described)
    record["claims"][1]["margin"] = "wide"
    (tmp_path / SAMPLES).write_text("\n".join([header, json.dumps(record), *others]) + "\n")
    message = r"samples.jsonl line 2: the experiment: claims\[1\].margin must be a finite number, got 'wide'$"
    with pytest.raises(StoreError, match=message):
        bench.load(tmp_path)
    result = verdict(tmp_path)
    assert result.exit_code == 2
    assert result.stderr.count("\n") == 1


def test_a_run_of_schema_2_without_its_experiment_is_refused(measured: Path, tmp_path: Path) -> None:
    header, _, *others = (measured / SAMPLES).read_text().splitlines()
    (tmp_path / SAMPLES).write_text("\n".join([header, *others]) + "\n")
    with pytest.raises(StoreError, match="lacks the record of its experiment"):
        bench.load(tmp_path)


def test_the_experiment_must_have_the_factors_of_the_run(measured: Path, tmp_path: Path) -> None:
    header, *others = (measured / SAMPLES).read_text().splitlines()
    (tmp_path / SAMPLES).write_text("\n".join([header.replace('"factors":["n"]', '"factors":["m"]'), *others]) + "\n")
    with pytest.raises(StoreError):
        bench.load(tmp_path)
