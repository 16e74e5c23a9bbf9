"""What a user can get wrong ends in one clear line and exit status 2, whichever command it is given to.

Each test goes through the command line; a few start it as a process, to see that nothing else is printed either.
"""

from __future__ import annotations

import errno
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from bptt_bench.store import SampleStore
from click.testing import CliRunner, Result

ROOT = Path(__file__).resolve().parents[2]
TOY = "tests.toy_experiment"
HEADER = {
    "record": "run",
    "schema": 1,
    "experiment": TOY,
    "profile": "quick",
    "seed": 0,
    "threads": 1,
    "corpus": None,
    "factors": ["n"],
    "subjects": ["sum", "scale", "sum (placebo)"],
    "cells": 18,
    "blocks": 3,
    "environment": {},
    "started_at": 0.0,
}


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def assert_one_line(result: Result, message: str) -> None:
    assert result.exit_code == 2, result.output
    assert re.fullmatch(rf"error: .*{message}.*\n", result.stderr.splitlines(keepends=True)[-1]), result.stderr
    assert "Traceback" not in result.output
    assert result.stderr.count("error:") == 1


def times(folder: Path, text: str) -> Path:
    path = folder / "times.csv"
    path.write_text(text, encoding="utf-8")
    return path


def good_times() -> str:
    return "n,seconds_per_eval\n" + "".join(f"{n},{n * 1e-6}\n" for n in (1, 2, 4, 8, 16, 32) for _ in range(2))


def stored(folder: Path, header: dict[str, object]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "samples.jsonl").write_text(json.dumps(header) + "\n", encoding="utf-8")
    return folder


# --- run: experiment, profile, numbers --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "example"),
    [
        (("run",), "bptt_rnn.experiment"),
        (("run", "--profile", "quick"), "bptt_rnn.experiment"),
        (("foresee",), "bptt_rnn.experiment"),
        (("race",), "bptt_rnn.experiment.race"),
        (("selftest",), "bptt_rnn.experiment"),
        (("compare", "--baseline", "HEAD"), "bptt_rnn.experiment"),
    ],
)
def test_outside_a_checkout_an_experiment_has_to_be_named(
    command: tuple[str, ...], example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_line(invoke(*command), rf"EXPERIMENT must be .*, such as {example}, or the path of")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.such.module"], r"experiment 'no\.such\.module': no such module"),
        (["."], r"experiment '\.': no such module; give the name of a module or the path of a \.py file"),
        (["no_such_file.py"], r"experiment 'no_such_file\.py': no such file"),
        ([""], "experiment ''"),
        (["json"], r"experiment 'json': the module must assign EXPERIMENT = bench.experiment\(\.\.\.\)"),
        ([TOY, "--profile", "huge"], "profile 'huge': unknown; the profiles are quick, endless"),
        ([TOY, "--profile", ""], "profile '': unknown"),
        ([TOY, "--seed", "-1"], "--seed: must be a whole number from 0, got -1"),
        ([TOY, "--seed", "1.5"], "--seed: must be a whole number from 0, got 1.5"),
        ([TOY, "--threads", "0"], "--threads: must be a whole number from 1, got 0"),
        ([TOY, "--threads", "two"], "--threads: must be a whole number from 1, got two"),
        ([TOY, "--out", "a", "--resume", "b"], "--out and --resume: name one folder, not two"),
        ([TOY, "--frobnicate"], "No such option '?--frobnicate"),
        ([TOY, "quick"], r"Got unexpected extra argument \(quick\)"),
    ],
)
def test_argument_of_run(
    arguments: Sequence[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert_one_line(invoke("run", *arguments), message)
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("raise RuntimeError('no\\nluck')", "RuntimeError: no luck"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("x = (", "SyntaxError"),
        ("import a_library_nobody_has", "No module named 'a_library_nobody_has'"),
        ("EXPERIMENT = 'rnn'", r"the module must assign EXPERIMENT = bench.experiment\(\.\.\.\), got str"),
        ("from tests.toy_experiment import EXPERIMENT\nCLAIMS = ('fast',)", "CLAIMS"),
    ],
)
def test_module_that_cannot_be_used(source: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text(source, encoding="utf-8")
    assert_one_line(invoke("run", tmp_path / "broken.py", "--out", tmp_path / "out"), message)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("level", ["0", "-4", "1.5", "'9'", "True", "None", "float('nan')", "float('inf')"])
def test_level_of_a_factor_that_cannot_be_measured(level: str, tmp_path: Path) -> None:
    (tmp_path / "levels.py").write_text(
        "import dataclasses\n"
        "from bptt_bench.plan import Design, Profile\n"
        "from tests.toy_experiment import EXPERIMENT\n"
        f"profile = Profile(design=Design.of([{{'n': {level}}}]))\n"
        "EXPERIMENT = dataclasses.replace(EXPERIMENT, profiles={'quick': profile})\n",
        encoding="utf-8",
    )
    shown = re.escape(repr(eval(level)))
    result = invoke("run", tmp_path / "levels.py", "--out", tmp_path / "out")
    assert_one_line(result, f"factor n must be a whole number from 1, got {shown}")


def test_subject_that_raises_is_named_with_its_point(tmp_path: Path) -> None:
    (tmp_path / "raising.py").write_text(
        "import dataclasses\n"
        "from tests.toy_experiment import EXPERIMENT, LEVELS\n"
        "def prepare(point):\n"
        "    raise ValueError('text has 3 tokens')\n"
        "subject = dataclasses.replace(EXPERIMENT.subjects[0], prepare=prepare)\n"
        "EXPERIMENT = dataclasses.replace(EXPERIMENT, subjects=(subject,), foresight=None)\n",
        encoding="utf-8",
    )
    result = invoke("run", tmp_path / "raising.py", "--out", tmp_path / "out")
    assert_one_line(result, r"subject 'sum.*' at n=\d+: ValueError: text has 3 tokens")


# --- run: corpus ------------------------------------------------------------------------------------------------------


def corpus(folder: Path, content: bytes) -> Path:
    path = folder / "text.txt"
    path.write_bytes(content)
    return path


def test_missing_corpus(tmp_path: Path) -> None:
    result = invoke("run", "--corpus", tmp_path / "missing.txt", "--out", tmp_path / "out")
    assert_one_line(result, r"missing\.txt.*No such file or directory")


def test_folder_as_corpus(tmp_path: Path) -> None:
    assert_one_line(invoke("run", "--corpus", tmp_path, "--out", tmp_path / "out"), "cannot be read.*Is a directory")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"to be\0or not", "is binary"),
        (b"\xff\xfe\xfa caf\xe9", "is not UTF-8"),
        (b"", "has no tokens"),
        (b" \n", "has no tokens"),
    ],
)
def test_corpus_that_is_no_text(content: bytes, message: str, tmp_path: Path) -> None:
    path = corpus(tmp_path, content)
    assert_one_line(invoke("run", "--corpus", path, "--out", tmp_path / "out"), rf"text\.txt.*{message}")


def test_corpus_with_too_few_tokens(tmp_path: Path) -> None:
    result = invoke("run", "--corpus", corpus(tmp_path, b"to be or not to be"), "--out", tmp_path / "out")
    assert_one_line(result, r"text\.txt'?: T=\d+ needs \d+ tokens, the text has 6")


def test_corpus_for_an_experiment_that_takes_none(tmp_path: Path) -> None:
    result = invoke("run", "tests.toy_refuted", "--corpus", corpus(tmp_path, b"text"), "--out", tmp_path / "out")
    assert_one_line(result, "corpus .*takes no corpus")


# --- run: output folder -----------------------------------------------------------------------------------------------


def test_folder_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_one_line(invoke("run", TOY, "--out", tmp_path / "file" / "out"), r"file/out: .*Not a directory")


def test_file_as_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_one_line(invoke("run", TOY, "--out", tmp_path / "file"), r"file: .*File exists")


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a file system that nobody may write to")
def test_folder_that_nobody_may_write_to() -> None:
    assert_one_line(
        invoke("run", TOY, "--out", "/proc/self/out"), r"/proc/self/out: .*(No such file|Permission denied)"
    )


def test_folder_that_holds_something_else(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    assert_one_line(invoke("run", TOY, "--out", tmp_path), r"holds 'thesis\.tex', which is not a run")


def test_folder_that_holds_a_run_already(tmp_path: Path) -> None:
    result = invoke("run", TOY, "--out", stored(tmp_path, HEADER))
    assert_one_line(result, "holds a run already.*; resume it")
    assert result.stdout == "", "nothing is announced before"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            ["tests.toy_refuted"],
            "the run to be continued has experiment 'tests.toy_experiment', not 'tests.toy_refuted'; continue it with",
        ),
        (["--profile", "endless"], "the run to be continued has profile 'quick', not 'endless'"),
        (["--seed", "4"], "the run to be continued has seed 0, not 4"),
        (["--threads", "2"], "the run to be continued has threads 1, not 2"),
    ],
)
def test_resuming_a_folder_that_belongs_to_another_run(options: list[str], message: str, tmp_path: Path) -> None:
    assert_one_line(invoke("run", "--resume", stored(tmp_path, HEADER), *options), message)


def test_resuming_a_run_whose_experiment_has_changed(tmp_path: Path) -> None:
    folder = stored(tmp_path, {**HEADER, "subjects": ["sum", "product"]})
    assert_one_line(
        invoke("run", "--resume", folder),
        r"the run to be continued has subjects \(sum, product\), not \(sum, scale, sum \(placebo\)\)",
    )


def test_resuming_what_is_no_run(tmp_path: Path) -> None:
    assert_one_line(invoke("run", "--resume", tmp_path), "holds no run to be resumed")
    (tmp_path / "samples.jsonl").touch()
    assert_one_line(invoke("run", "--resume", tmp_path), "the run was stopped before it began")


# --- stores -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["verdict"], ["report"], ["run", "--resume"], ["fit", "--law", "n"]])
def test_store_of_a_newer_schema(command: list[str], tmp_path: Path) -> None:
    folder = stored(tmp_path, {**HEADER, "schema": 3})
    assert_one_line(invoke(*command, folder), r"has schema 3; this version reads schemas up to 2")


@pytest.mark.parametrize("command", [["verdict"], ["report"], ["fit", "--law", "n"]])
def test_folder_without_samples(command: list[str], tmp_path: Path) -> None:
    assert_one_line(invoke(*command, tmp_path / "missing"), "missing: no such file or folder")
    assert_one_line(invoke(*command, tmp_path), "holds no run")
    assert_one_line(invoke(*command, stored(tmp_path, HEADER)), "holds no sample yet")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\n", "line 1: is broken"),
        (b"[1, 2]\n", "does not begin with the record of a run"),
        (json.dumps(HEADER).encode() + b"\n{half\n", "line 2: is broken"),
    ],
)
def test_store_that_is_damaged(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "samples.jsonl").write_bytes(content)
    assert_one_line(invoke("verdict", tmp_path), message)


def test_verdict_of_a_table_that_is_no_run(tmp_path: Path) -> None:
    assert_one_line(invoke("verdict", times(tmp_path, good_times())), "is not a run")


# --- fit: laws --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "message"),
    [
        ("n*m", "unknown name 'm'"),
        ("__import__('os').system('true')", "is not allowed; allowed are names, numbers"),
        ("n.real", "'n.real' is not allowed"),
        ("n[0]", r"'n\[0\]' is not allowed"),
        ("(lambda: n)()", "is not allowed"),
        ("n if n else 1", "is not allowed"),
        ("sin(n)", r"'sin\(n\)' is not allowed"),
        ("n^1/2", r"can be read as n\*\*\(1/2\) or as n\*\*1/2; write the one that is meant"),
        ("n +", "cannot be read"),
        ("", "is empty"),
        ("9**9**9**9 * n", "not allowed"),
        ("n**1000", "exponent 1000; at most 64 is allowed"),
        ("log(n, 2)", "log takes 1 argument, got 2; other bases are written log2 and log10"),
        ("'n'", "is not allowed"),
        ("n - 40", "terms are added, not subtracted"),
        ("n*(n-40)", "allowed are finite numbers from 0"),
    ],
)
@pytest.mark.parametrize("option", ["--law", "--versus", "--overhead"])
def test_law_that_is_none(option: str, law: str, message: str, tmp_path: Path) -> None:
    laws = {"--law": "n", "--overhead": "1", option: law}
    arguments = [part for name, text in laws.items() for part in (name, text)]
    assert_one_line(invoke("fit", times(tmp_path, good_times()), *arguments), message)


@pytest.mark.parametrize(
    ("point", "message"),
    [
        ("n=0", "n must be a finite number above 0, got '0'"),
        ("n=-3", "n must be a finite number above 0, got '-3'"),
        ("n=many", "n must be a finite number above 0, got 'many'"),
        ("n=5..1", r"n must be a range low\.\.high"),
        ("n=nan", "n must be a finite number above 0, got 'nan'"),
        ("n=inf", "n must be a finite number above 0, got 'inf'"),
        ("m=3", "lacks n; the law has n"),
        ("n=3,m=3", "unknown factor 'm'"),
        ("n=3,n=4", "names n twice"),
        ("n", "must be factor=level or factor=low..high, such as T=35, got 'n'"),
        ("", "lacks n; the law has n"),
    ],
)
def test_point_to_predict(point: str, message: str, tmp_path: Path) -> None:
    result = invoke("fit", times(tmp_path, good_times()), "--law", "n", "--predict", point)
    assert_one_line(result, f"--predict '{re.escape(point)}': {message}")


# --- fit: data --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda text: text.replace("seconds_per_eval", "cost"),
            "response: no column is named as a time; the columns are n, cost; say which is meant, such as --response",
        ),
        (lambda text: text.replace("n,", "size,"), "unknown name 'n'; the columns are size, seconds_per_eval"),
        (
            lambda text: text.replace("n,", "Hidden Units,"),
            "columns are Hidden Units, seconds_per_eval; --rename 'Hidden Units=n' gives a column that name",
        ),
        (
            lambda text: text + "64,fast\n",
            "line 14, column 'seconds_per_eval': 'fast' is not a number, as others are; --ignore seconds_per_eval",
        ),
        (
            lambda text: text + "64,-0.5\n",
            "column 'seconds_per_eval': -0.5 in data row 13; allowed are numbers above 0",
        ),
        (lambda text: text + "64,0\n", "column 'seconds_per_eval': 0 in data row 13; allowed are numbers above 0"),
        (lambda text: text + "64,inf\n", "column 'seconds_per_eval': inf in data row 13"),
        (lambda text: text + "64,0.1,7\n", "has 3 entries; 2 columns are named"),
        (lambda text: text.splitlines()[0], "has no rows below the names of its columns"),
        (lambda _: "", "is empty"),
        (
            lambda text: "\n".join(text.splitlines()[:3]),
            "points: 1 is too few for law 'n' of 1 term; allowed are 2 or more",
        ),
        (lambda text: text.replace("n,seconds_per_eval", "n,n"), "names column 'n' twice"),
    ],
)
def test_table_that_cannot_be_fitted(change: Callable[[str], str], message: str, tmp_path: Path) -> None:
    assert_one_line(invoke("fit", times(tmp_path, change(good_times())), "--law", "n"), message)


def test_an_unusable_row_is_numbered_within_the_table_not_the_selection(tmp_path: Path) -> None:
    rows = "".join(f"{name},{n},{seconds}\n" for name in "ab" for n, seconds in ((1, 1), (2, -2 + 4 * (name == "a"))))
    table = times(tmp_path, "kind,n,seconds_per_eval\n" + rows)
    assert_one_line(
        invoke("fit", table, "--law", "n", "--where", "kind=b"), "-2 in data row 4; allowed are numbers above"
    )


def test_binary_table(tmp_path: Path) -> None:
    (tmp_path / "times.csv").write_bytes(b"\x89PNG\r\n\xff\x00")
    assert_one_line(invoke("fit", tmp_path / "times.csv", "--law", "n"), "is not UTF-8 text")


def test_missing_table(tmp_path: Path) -> None:
    assert_one_line(invoke("fit", tmp_path / "missing.csv", "--law", "n"), "missing.csv: no such file or folder")


def test_one_subject_and_its_placebo_are_one(tmp_path: Path) -> None:
    names = ("sort", "sort (placebo)")
    rows = "".join(f"{name},{n},{n * 1e-6}\n" for n in (1, 2, 4, 8) for name in names)
    result = invoke("fit", times(tmp_path, "subject,n,seconds_per_eval\n" + rows), "--law", "n", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["n_samples"] == 4


def test_unknown_algorithm(tmp_path: Path) -> None:
    rows = "".join(f"{name},{n},{n * 1e-6}\n" for n in (1, 2, 4, 8) for name in ("naive", "aggregated"))
    path = times(tmp_path, "subject,n,seconds_per_eval\n" + rows)
    assert_one_line(invoke("fit", path, "--law", "n"), "the data hold 2 subjects; choose one of naive, aggregated")
    result = invoke("fit", path, "--law", "n", "--subject", "clever")
    assert_one_line(result, "--subject 'clever': unknown; the subjects are naive, aggregated")
    result = invoke("fit", times(tmp_path, good_times()), "--law", "n", "--subject", "naive")
    assert_one_line(result, "--subject 'naive': the data have no column 'subject'")


def test_unknown_response_and_block(tmp_path: Path) -> None:
    path = times(tmp_path, good_times())
    assert_one_line(invoke("fit", path, "--law", "n", "--response", "joules"), "column 'joules': missing")
    assert_one_line(invoke("fit", path, "--law", "n", "--block", "day"), "column 'day': missing")


# --- full disks, and processes of their own ---------------------------------------------------------------------------


def process(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "bptt_bench", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, check=False, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_disk_that_is_full_when_the_answer_is_written(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ran = process("fit", times(tmp_path, good_times()), "--law", "n", "--json", stdout=full)
    assert (ran.returncode, ran.stderr) == (2, "error: No space left on device\n")


@pytest.mark.parametrize("records_that_fit", [0, 5])
def test_disk_that_is_full_when_a_record_is_written(
    records_that_fit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = itertools.count(records_that_fit, -1)

    def write(file: int, data: bytes) -> int:
        if next(left) <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return os.write(file, data)

    create = SampleStore.create
    monkeypatch.setattr(SampleStore, "create", lambda folder: create(folder, write=write))
    result = invoke("run", TOY, "--out", tmp_path / "out")
    assert_one_line(result, r"samples\.jsonl: cannot be written: the disk is full")
    assert len((tmp_path / "out" / "samples.jsonl").read_text(encoding="utf-8").splitlines()) == records_that_fit


def test_disk_that_fills_up_while_measuring_keeps_what_came_before(tmp_path: Path) -> None:
    limit = "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000)); "
    ignore = "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
    start = f"sys.argv = ['bench', 'run', '{TOY}', '--profile', 'endless', '--out', {str(tmp_path / 'out')!r}]; "
    code = limit + ignore + start + "import bptt_bench.cli.main; bptt_bench.cli.main.main()"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 2, ran.stderr
    assert re.search(
        r"\nerror: .*samples\.jsonl: cannot be written: the file .*; what came before is kept\n$", ran.stderr
    )
    assert "Traceback" not in ran.stderr
    lines = (tmp_path / "out" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 10
    assert all(json.loads(line)["record"] for line in lines)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "no.such.module"], "error: experiment 'no.such.module': no such module"),
        (["verdict", "no/such/folder"], "error: no/such/folder: no such file or folder"),
        (["frobnicate"], "error: No such command 'frobnicate'"),
    ],
)
def test_a_process_prints_one_line_and_nothing_else(arguments: list[str], message: str) -> None:
    ran = process(*arguments, stdout=subprocess.PIPE, env={**os.environ, "COLUMNS": "40"})
    assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)
    assert ran.stderr.startswith(message)
