"""Tables of others from end to end: what is left out or found is said in every answer, and no option is guessed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bptt_bench as bench
import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result

ROWS = [(n, i) for n in (100, 200, 400, 800, 1600) for i in range(3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """n² nanoseconds, in a table with columns that no law can name, gaps, and more than is needed."""
    path = tmp_path / "data.csv"
    lines = [f"{n};{1e-9 * n**2 * (1 + 0.01 * i)!r};{n}px;box" for n, i in ROWS]
    header, gaps = "Hidden Units;Wall Time;label;host_name", ["3200;DNF;3200px;box", ";1;;box"]
    path.write_text("".join(f"{line}\n" for line in [header, *lines, *gaps]))
    return path


def invoke(*arguments: object) -> Result:
    return CliRunner(env={"COLUMNS": "120"}).invoke(cli, [str(one) for one in arguments])


NOTES = [
    "response: 'Wall Time', the only column that is called a time",
    "column 'Hidden Units': 1 of 17 entries is missing (empty)",
    "column 'Wall Time': 1 of 17 entries is missing ('DNF')",
    "another value in nearly every row, and not used: 'label'",
]


def test_fit_says_in_its_table_and_its_json_what_was_found_and_left_out(path: Path) -> None:
    asked = invoke("fit", path, "--law", "H**2")
    assert asked.exit_code == 2
    assert "unknown name 'H'" in asked.stderr
    assert "; --rename 'Hidden Units=H' gives a column that name" in asked.stderr
    shown = invoke("fit", path, "--law", "H**2", "--rename", "Hidden Units=H")
    assert shown.exit_code == 0, shown.output
    notes = [line.removeprefix("note: ") for line in shown.stderr.splitlines()]
    assert notes[:2] == NOTES[:2]
    found = json.loads(invoke("fit", path, "--law", "H**2", "--rename", "Hidden Units=H", "--json").stdout)
    assert found["notes"] == notes
    assert found["n_samples"] == len(ROWS)
    assert found["terms"][0]["coefficient"] == pytest.approx(1e-9, rel=0.02)


def test_predict_and_export_take_the_same_options(path: Path, tmp_path: Path) -> None:
    named = ("--rename", "Hidden Units=H", "--ignore", "label")
    found = invoke("predict", path, "--law", "H**2", *named, "--at", "H=3200", "--json")
    assert found.exit_code == 0, found.output
    (one,) = json.loads(found.stdout)
    assert one["value"] == pytest.approx(1e-9 * 3200**2, rel=0.05)
    assert "note: column 'Wall Time': 1 of 17 entries is missing ('DNF')" in found.stderr
    out = tmp_path / "out.csv"
    written = invoke("export", path, *named, "--to", "csv", "--out", out)
    assert written.exit_code == 0, written.output
    assert out.read_text().splitlines()[0] == '"H","Wall Time","host_name"'
    assert "note: column 'Wall Time': 1 of 17 entries is missing ('DNF')" in written.stderr
    without = invoke("predict", path, *named, "--at", "H=3200", "--json")
    assert json.loads(without.stdout)[0]["value"] == pytest.approx(1e-9 * 3200**2, rel=0.05)


def test_python_takes_the_same_and_has_the_notes_on_the_frame_and_the_answer(path: Path) -> None:
    frame = bench.load(path, rename={"Hidden Units": "H"}, ignore=["label"])
    assert frame.attrs["notes"][1] == NOTES[2]
    rows = frame[frame["H"].notna()]
    assert bench.fit(rows, "H**2").n_samples == len(ROWS)
    found = bench.predict(path, "H=3200", law="H**2", rename={"Hidden Units": "H"})
    assert NOTES[2] in found.notes


def test_a_constant_text_and_a_label_divide_nothing(path: Path) -> None:
    labelled: Any = [line.split(";") for line in path.read_text().splitlines()]
    path.write_text("\n".join(";".join(line) for line in labelled[:-2]))
    result = invoke("fit", path, "--law", "H**2", "--rename", "Hidden Units=H", "--json")
    found = json.loads(result.stdout)
    assert "by" not in found
    assert "column 'label' changes only together with 'H': not used" in found["notes"]
    assert "the same in every row, and not used: 'host_name'" in found["notes"]


def test_a_factor_that_the_law_does_not_name_is_reported(path: Path) -> None:
    rows = [(n, m) for n in (10, 20, 40, 80) for m in (1, 2) for _ in range(2)]
    path.write_text("n,m,time\n" + "".join(f"{n},{m},{n * m}\n" for n, m in rows))
    note = "note: the law does not name 'm', which varies (1, 2); --where selects, --ignore m takes all as one"
    assert note in invoke("fit", path, "--law", "n").stderr
    assert note not in invoke("fit", path, "--law", "n*m").stderr
    assert note not in invoke("fit", path, "--law", "n", "--where", "m=1").stderr


@pytest.fixture
def with_zero(tmp_path: Path) -> Path:
    """n + n p milliseconds at levels of p from 0."""
    path = tmp_path / "zero.csv"
    rows = [f"{n},{p},{n * (1 + p)}.5" for n in (100, 200, 400, 800) for p in (0, 1, 2) for _ in range(2)]
    path.write_text("\n".join(["n,p,time_ms", *rows]))
    return path


def test_a_level_0_that_was_measured_can_be_predicted_at(with_zero: Path) -> None:
    result = invoke("fit", with_zero, "--law", "n + n*p", "--predict", "n=1000,p=0", "--json")
    assert json.loads(result.stdout)["predictions"][0]["value"] == pytest.approx(1000, rel=0.05)
    result = invoke("fit", with_zero, "--law", "n + n*p", "--predict", "n=0,p=0")
    assert result.exit_code == 2
    assert "--predict 'n=0,p=0': n must be a finite number above 0, got '0'" in result.stderr


def test_a_unit_that_is_not_that_of_the_name_is_noted(with_zero: Path) -> None:
    law = ("--law", "n + n*p")
    assert (
        "--unit us: taken as stated, though 'time_ms' is in ms" in invoke("fit", with_zero, *law, "--unit", "us").stderr
    )
    assert "--unit" not in invoke("fit", with_zero, *law, "--unit", "milliseconds").stderr


@pytest.mark.parametrize("command", ["fit", "predict"])
def test_an_empty_law_is_refused_with_what_finds_one(with_zero: Path, command: str) -> None:
    asked = invoke(command, with_zero, "--law", " ", *(("--at", "n=1,p=0") if command == "predict" else ()))
    assert asked.exit_code == 2
    assert asked.stderr == ("error: --law: is empty; leave it out to have laws found, or give one such as n*log(n)\n")


@pytest.mark.parametrize(
    ("word", "law"),
    [("linear", "n"), ("Quadratic", "n**2"), ("linearithmic", "n*log(n)"), ("constant", "1"), ("exponential", "2**n")],
)
def test_a_law_in_a_word_is_answered_with_how_it_is_written(with_zero: Path, word: str, law: str) -> None:
    asked = invoke("fit", with_zero, "--law", word)
    assert asked.exit_code == 2
    assert asked.stderr.endswith(f"the columns are n, p, time_ms; a law names columns, such as {law} for {word}\n")


def test_a_time_that_was_chosen_before_another_is_noted(with_zero: Path) -> None:
    with_zero.write_text(with_zero.read_text().replace("n,p,time_ms", "n,s,time_ms", 1))
    note = "note: response: 'time_ms', called a time more clearly than 's'; --response chooses\n"
    chosen = invoke("fit", with_zero)
    assert (chosen.exit_code, note in chosen.stderr) == (0, True)
    assert "s" in chosen.stdout.splitlines()[0].split(" as ")[1]
    assert note not in invoke("fit", with_zero, "--response", "time_ms").stderr


def test_a_factor_of_the_law_cannot_be_the_response(with_zero: Path) -> None:
    asked = invoke("fit", with_zero, "--law", "n", "--response", "n")
    assert asked.exit_code == 2
    assert asked.stderr == "error: response 'n': must be a column that no law names, for it would explain itself\n"


def test_a_factor_of_the_law_cannot_be_the_block(with_zero: Path) -> None:
    result = invoke("fit", with_zero, "--law", "n + n*p", "--block", "p")
    assert result.exit_code == 2
    assert "--block 'p': must be a column that no law names" in result.stderr


def test_without_a_law_the_laws_that_fit_are_found_and_told(path: Path) -> None:
    named = ("--rename", "Hidden Units=H", "--ignore", "label")
    asked = invoke("fit", path, "--ignore", "label")
    assert asked.exit_code == 2
    assert "column 'Hidden Units': a law can name words alone; --rename 'Hidden Units=n'" in asked.stderr
    found = json.loads(invoke("fit", path, *named, "--predict", "H=3200", "--json").stdout)
    assert found["answer"] == found["law"] == "H**2"
    assert found["answer"] in [one["law"] for one in found["candidates"]]
    assert sum(one["weight"] for one in found["candidates"]) == pytest.approx(1)
    assert found["predictions"][0]["value"] == pytest.approx(1e-9 * 3200**2, rel=0.05)
    assert found["exponents"]["H"]["estimate"] == pytest.approx(2, abs=1e-6)
    assert (found["decides"] is None) == (len(found["candidates"]) == 1)
    shown = invoke("fit", path, *named)
    assert shown.exit_code == 0, shown.output
    assert shown.stdout.startswith("the Wall Time grows as H²")


def test_a_law_of_counts_and_a_stated_law_exclude_each_other(path: Path) -> None:
    named = ("--rename", "Hidden Units=H", "--ignore", "label")
    counted = json.loads(invoke("fit", path, *named, "--counts", "H**2 + H", "--json").stdout)
    assert counted["candidates"] == [{"law": "H**2 + H", "weight": 1.0}]
    both = invoke("fit", path, *named, "--counts", "H**2", "--law", "H**2")
    assert (both.exit_code, "--law and --counts" in both.stderr) == (2, True)
    beside = invoke("fit", path, *named, "--overhead", "1")
    assert (beside.exit_code, "--overhead: goes with --law" in beside.stderr) == (2, True)


def test_categories_have_laws_of_their_own(tmp_path: Path) -> None:
    rows = [(kind, n, 1e-8 * n**p) for kind, p in (("scan", 1), ("pairs", 2)) for n in (100, 200, 400, 800, 1600)]
    path = tmp_path / "kinds.csv"
    path.write_text("kind,n,seconds\n" + "".join(f"{kind},{n},{t!r}\n" for kind, n, t in rows * 2))
    found = json.loads(invoke("fit", path, "--json").stdout)
    assert {one["category"]["kind"]: one["answer"] for one in found["fits"]} == {"scan": "n", "pairs": "n**2"}


def test_scattered_points_that_were_measured_once_have_a_factor(tmp_path: Path) -> None:
    path = tmp_path / "once.csv"
    path.write_text("n,seconds\n" + "".join(f"{n},{1e-8 * n**1.5!r}\n" for n in range(100, 3000, 97)))
    assert json.loads(invoke("fit", path, "--json").stdout)["answer"] == "n**1.5"


def repeated(folder: Path) -> Path:
    """2 n nanoseconds, with two columns `Noise`, as NVBench writes them."""
    path = folder / "nv.csv"
    rows = [f"{n},{0.1 + n / 1e6},{2e-9 * n!r},{0.2 + n / 1e7}\n" for n in (100, 200, 400, 800, 1600)]
    path.write_text("n,Noise,seconds,Noise\n" + "".join(rows))
    return path


def test_a_name_that_stands_twice_is_no_hindrance_unless_it_is_used(tmp_path: Path) -> None:
    path = repeated(tmp_path)
    shown = invoke("fit", path, "--law", "n", "--predict", "n=1000")
    assert (shown.exit_code, "predicted at n = 1 000: 2.00" in shown.stdout.replace("\u202f", " ")) == (0, True)
    assert shown.stderr.count("names that stand twice get a number the second time: 'Noise.2'") == 1
    twice = "names column 'Noise' twice; --ignore Noise.2 leaves the second out, and --ignore Noise the first"
    for asked in (("--response", "Noise", "--law", "n"), ("--law", "Noise"), ("--law", "n", "--where", "Noise=0.1001")):
        refused = invoke("fit", path, *asked)
        assert (refused.exit_code, refused.stderr.count("\n"), twice in refused.stderr) == (2, 1, True), refused.stderr
    assert invoke("fit", path, "--law", "n", "--response", "Noise", "--ignore", "Noise.2").exit_code == 0


@pytest.mark.parametrize("header", ["n,n,seconds", "n,ms,ms"])
def test_a_factor_or_response_found_under_a_name_that_stands_twice_is_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "twice.csv"
    path.write_text(header + "\n" + "".join(f"{n},{n + n % 7},{3 * n}\n" for n in (100, 200, 400, 800, 1600)))
    for command in (("fit", path), ("predict", path, "--at", "n=1000")):
        refused = invoke(*command)
        assert (refused.exit_code, "names column" in refused.stderr) == (2, True), refused.output


def test_times_are_no_versions(tmp_path: Path) -> None:
    path = tmp_path / "padded.csv"
    path.write_text(
        "python,n,mean\n"
        + "".join(f"3.{v},{n},{n // 10}.10\n3.9,{n},{n // 10}.1\n" for n in (100, 200, 400) for v in (10, 11))
    )
    note = "column 'python': '3.10' is read as the number 3.1; text is written with a letter, such as 'v3.10'"
    for how in ((), ("--rename", "mean=cost", "--response", "cost")):
        shown = invoke("fit", path, "--law", "n", *(how or ("--response", "mean")))
        versions = [line for line in shown.stderr.splitlines() if "with a letter" in line]
        assert versions == [f"note: {note}"]


def test_a_column_that_is_set_aside_by_name_says_what_makes_it_a_factor(tmp_path: Path) -> None:
    path = tmp_path / "block.csv"
    path.write_text("block,seconds\n" + "".join(f"{n},{3e-9 * n * (1 + i / 100)!r}\n" for n, i in ROWS))
    for command in (("fit", path), ("predict", path, "--at", "block=100")):
        refused = invoke(*command)
        why = "what varies beside 'seconds' is set aside by name: block; --rename block=block_ makes one a factor"
        assert (refused.exit_code, refused.stderr) == (2, f"error: no factor: {why}\n")
    (found,) = json.loads(
        invoke("predict", path, "--law", "block_", "--rename", "block=block_", "--at", "block_=1000", "--json").stdout
    )
    assert found["value"] == pytest.approx(3e-6, rel=0.05)


@pytest.fixture
def with_gap(tmp_path: Path) -> Path:
    """A table of n**2 in which one row has no level."""
    rows = [f"{n},{n**2 * (1 + 0.01 * i)}" for n in (2, 4, 8, 16, 32) for i in range(3)]
    return write(tmp_path, "\n".join(["n,seconds", *rows, ",7"]))


def write(folder: Path, text: str) -> Path:
    path = folder / "x.csv"
    path.write_text(text + "\n", encoding="utf-8")
    return path


def test_a_row_without_a_level_is_left_out_in_python_too(with_gap: Path) -> None:
    for data in (with_gap, bench.load(with_gap)):
        with pytest.warns(UserWarning, match="1 row is left out: no level of n"):
            fitted = bench.fit(data, "n**2", response="seconds")
        with pytest.warns(UserWarning, match="1 row is left out: no level of n"):
            (by_category,) = bench.fit_by(data, "n**2", response="seconds").values()
        laws = bench.discover(data)
        assert fitted.n_samples == by_category.n_samples == laws.fit.n_samples == 15
        assert "1 row is left out: no level of n" in laws.notes
        assert "1 row is left out: no level of n" in bench.predict(data, "n=64").notes


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("m", "column 'm' changes only together with 'n', and is not used"),
        ("kind", "column 'kind' is the same in every row, and is not used"),
        ("rep", "column 'rep' is set aside by its name; --rename rep=rep_ makes one a factor"),
    ],
)
@pytest.mark.parametrize("law", [[], ["--law", "n**2"]])
def test_a_column_that_is_not_used_says_why(name: str, why: str, law: list[str], tmp_path: Path) -> None:
    rows = [f"{n},{n // 2},a,{i},{n**2 * (1 + 0.01 * i)}" for n in (2, 4, 8, 16, 32) for i in range(3)]
    path = str(write(tmp_path, "\n".join(["n,m,kind,rep,seconds", *rows])))
    at = f"n=64,{name}=8"
    for command in (["predict", path, "--at", at], ["fit", path, "--predict", at]):
        assert CliRunner().invoke(cli, [*command, *law]).stderr.splitlines()[-1].endswith(f"; {why}")
    largest = CliRunner().invoke(cli, ["predict", path, "--largest", name, "--within", "1h", *law])
    assert largest.stderr.splitlines()[-1].endswith(f"; {why}")
