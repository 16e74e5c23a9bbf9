"""``verdict --why``: the whole reason of one claim, and one line for a claim that there is not."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from click.testing import CliRunner, Result

REFERENCE = Path(__file__).resolve().parents[3] / "results" / "reference"
RACE = Path(__file__).resolve().parents[3] / "results" / "race"
REFUTED = "fused over the fastest peer, V ≥ 100000"
SUPPORTED = "fused: share of the roofline, V=1000000, T=35"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["verdict", str(RACE), *arguments])


def test_why_prints_the_whole_reason_and_nothing_of_the_others() -> None:
    result = invoke("--why", REFUTED)
    assert result.exit_code == 1
    first, *_ = result.stdout.splitlines()
    assert first == f"✗ {REFUTED}, fused: refuted"
    assert "times as fast as torch.compile, claimed at least 2.5" in " ".join(result.stdout.split())
    assert "  below that at 1 of 3 points" in result.stdout.splitlines()
    assert SUPPORTED not in result.stdout


def test_the_status_is_that_of_the_claim_that_was_named() -> None:
    assert invoke("--why", SUPPORTED.upper()).exit_code == 0
    assert invoke("--why", f" {SUPPORTED.replace(' ', '')}").exit_code == 0


def test_why_as_json_has_the_claim_alone() -> None:
    (document,) = json.loads(invoke("--why", REFUTED, "--json").stdout)
    assert (document["claim"], document["verdict"]) == (REFUTED, "refuted")


@pytest.mark.parametrize("name", ["share of the roofline, V=1000000", "fused: share of the rooflin, V=1000000, T=35"])
def test_an_unknown_claim_is_one_line_with_the_nearest_name(name: str) -> None:
    result = invoke("--why", name)
    assert result.exit_code == 2
    assert result.stderr == f"error: claim {name!r}: unknown; the nearest is {SUPPORTED!r}\n"
    assert result.stdout == ""


def test_why_without_a_claim_is_one_line_that_lists_them() -> None:
    result = invoke("--why")
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: --why: name the claim; the claims are '")
    assert f"'{REFUTED}'; '" in line
    assert SUPPORTED in line


@pytest.mark.parametrize("given", [[], ["--details"], ["--claims", "bptt_rnn.experiment"]])
def test_the_command_below_the_table_gives_the_reason(given: list[str]) -> None:
    table = CliRunner(env={"COLUMNS": "500"}).invoke(cli, ["verdict", str(REFERENCE), *given])
    (hint,) = [line for line in table.stdout.splitlines() if line.startswith("A reason in full: ")]
    program, *command = shlex.split(hint.removeprefix("A reason in full: "))
    assert (program, command[:-2]) == ("bptt-bench", ["verdict", str(REFERENCE), *given])
    assert CliRunner().invoke(cli, command).stdout.startswith(f"✗ {command[-1]}, naive: refuted")


@pytest.mark.parametrize("width", [80, 120])
def test_refuted_and_open_claims_come_first_in_one_line_each(width: int) -> None:
    result = CliRunner(env={"COLUMNS": str(width)}).invoke(cli, ["verdict", str(RACE)])
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= width
    marks = [line.rstrip()[-1] if width < 100 else line.split()[-2] for line in lines[2:8]]
    assert marks == ["✗", "✗", "?", "✓", "✓", "✓"]
    assert lines[7].startswith("5 checks that passed")
    assert [line[0] for line in lines[9:12]] == ["✗", "✗", "?"]
