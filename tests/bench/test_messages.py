"""Whatever a user mistypes is answered in one line with exit status 2, and with what was probably meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result

TOY = "tests.toy_experiment"
READING = ("verdict", "report", "predict --at n=1", "fit --law n", "export --to csv", "compare {0}")
USUAL = "import bptt_bench as bench\nEXPERIMENT = bench.experiment({0}, n=[10, 1000], blocks=1)\n"


def answer(*arguments: object) -> Result:
    return CliRunner().invoke(cli, [str(argument) for argument in arguments])


def one_line(result: Result) -> str:
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.output
    assert result.stderr.count("error:") == 1
    return result.stderr.splitlines()[-1]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    rows = "".join(f"sort,{n},{1e-6 * 2.0**n}\n" for n in range(1, 9))
    path = tmp_path / "times.csv"
    path.write_text(f"subject,n,seconds_per_eval\n{rows}", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("runn", TOY), "Did you mean 'run'?"),
        (("run", TOY, "--profil", "quick"), "'--profile'?"),
        (("run", TOY, "--profile", "quik"), "the profiles are quick, endless; did you mean 'quick'?"),
        (("fit", "{data}", "--law", "N"), "the columns are subject, n, seconds_per_eval; --rename n=N"),
        (("fit", "{data}", "--law", "nlogn"), "did you mean n*log(n)?"),
        (("fit", "{data}", "--law", "n", "--subject", "sorted"), "the subjects are sort; did you mean 'sort'?"),
        (("fit", "{data}", "--law", "n", "--response", "second_per_eval"), "did you mean 'seconds_per_eval'?"),
        (
            ("predict", "{data}", "--law", "n", "--at", "N=5"),
            "the factors are n; did you mean 'n'?",
        ),
        (("export", "{data}", "--to", "csv", "--subject", "srt"), "the subjects are sort; did you mean 'sort'?"),
    ],
)
def test_a_name_that_is_nearly_one_comes_with_what_was_meant(
    arguments: tuple[str, ...], meant: str, data: Path
) -> None:
    assert meant in one_line(answer(*(argument.format(data=data) for argument in arguments)))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", TOY, "--seed", "x"), "--seed: must be a whole number from 0, got x"),
        (("compare", "a", "b", "--threads", "0"), "--threads: must be a whole number from 1, got 0"),
        (
            ("doctor", "--seconds", "-1"),
            (
                "--seconds: must be a time in ns, us, ms, s, min or h, such as 90s, "
                "5min or 1h30min, or a number of seconds, from 0 s on, got '-1'"
            ),
        ),
    ],
)
def test_numbers_say_what_they_must_be(arguments: tuple[str, ...], message: str) -> None:
    assert one_line(answer(*arguments)) == f"error: {message}"


@pytest.mark.parametrize("command", READING)
@pytest.mark.parametrize("kind", ["missing", "empty folder", "folder.csv", "empty file", "binary", "latin-1", "text"])
def test_what_is_no_data_is_named_by_every_command_that_reads(command: str, kind: str, tmp_path: Path) -> None:
    path = tmp_path / ("folder.csv" if kind == "folder.csv" else "data.csv")
    contents = {"empty file": b"", "binary": b"\x00\xff\xfe" * 40, "latin-1": "größe,t\n1,2\n".encode("latin-1")}
    if kind == "text":
        path.write_text("nothing that anybody measured", encoding="utf-8")
    elif kind in contents:
        path.write_bytes(contents[kind])
    elif kind != "missing":
        path.mkdir()
    name, *options = command.format(path).split()
    assert path.name in one_line(answer(name, path, *options))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("sorted, 'n log n'", "must return the call that is timed, got list at n="),
        (
            "lambda point: point['n'], 'n'",
            "; return the call itself, not its result: `return lambda: f(x)`",
        ),
        ("lambda point: max, '1/(n - 10)'", "it divides by 0 there, so leave out n=10"),
        ("lambda point: lambda: sum(range(point.m)), 'n'", "point: has no factor 'm'; it has n (mine.py, line 2)"),
        ("lambda point: (lambda: None) if point['m'] else None, 'n'", "point: has no factor 'm'; it has n"),
        ("lambda point: list(range(point)), 'n'", "(mine.py, line 2); what prepare is given is a point"),
        ("lambda point: lambda: [0] * point, 'n'", "its level of a factor n is point['n']"),
        ("lambda: 0, 'n'", "prepare: must take one argument, the point, got <lambda>()"),
        ("lambda point: max, 'nlogn'", "law 'nlogn': names nlogn, which has no levels; did you mean n*log(n)?"),
        ("lambda point: list, 'n', bloks=3", "bloks=3: is not an option, and levels of a factor must be several"),
    ],
)
def test_mistakes_in_an_experiment_say_what_to_write(arguments: str, message: str, tmp_path: Path) -> None:
    module = tmp_path / "mine.py"
    module.write_text(USUAL.format(arguments), encoding="utf-8")
    assert message in one_line(answer("run", module, "--out", tmp_path / "run"))


def test_a_point_that_is_given_without_its_option_is_pointed_to_it(data: Path) -> None:
    assert one_line(answer("predict", data, "n=1000")) == "error: n=1000: points are given by --at, such as --at n=1000"


def test_a_law_too_large_for_a_number_is_said_to_be(data: Path) -> None:
    shown = answer("fit", data, "--law", "2^n", "--predict", "n=5000")
    assert "predicted at n = 5\u202f000: –, where the law is undefined or too large for a number" in shown.output
    assert "Warning" not in shown.output
    assert "term 2**n**3: 1.05312e+65 at n=6 (data row 6); allowed are numbers from" in one_line(
        answer("fit", data, "--law", "2**n**3", "--overhead", "1")
    )


@pytest.mark.parametrize("typed", ["µ", "μ"])
@pytest.mark.parametrize("column", ["µ", "μ"])
def test_the_micro_sign_is_the_greek_letter_whichever_is_typed(column: str, typed: str, tmp_path: Path) -> None:
    path = tmp_path / "times.csv"
    path.write_text(f"{column},time_µs\n" + "".join(f"{n},{n}\n" for n in range(1, 9)), encoding="utf-8")
    found = answer("fit", path, "--law", f"O({typed})", "--response", "time_µs")
    assert found.exit_code == 0, found.output
