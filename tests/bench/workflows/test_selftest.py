"""The self-test as its users see it, on a toy experiment: real processes, two short runs without a fault, one with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bptt_bench.cli.main import cli
from bptt_bench.plan import Experiment
from bptt_bench.workflows.selftest import coverage, profile_of
from bptt_bench.workflows.settings import Settings
from click.testing import CliRunner, Result

from tests.toy_experiment import EXPERIMENT as TOY
from tests.toy_faulty import EXPERIMENT as FAULTY

pytestmark = pytest.mark.measures


def invoke(*arguments: str | Path) -> Result:
    return CliRunner().invoke(cli, ["selftest", *map(str, arguments)])


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A self-test whose fault is caught, and what the command said."""
    folder = tmp_path_factory.mktemp("selftest")
    return folder, invoke("tests.toy_faulty", "--runs", "2", "--trials", "1", "--out", folder, "--seed", "3", "--json")


def test_the_document_says_what_was_found(tested: tuple[Path, Result]) -> None:
    folder, result = tested
    assert result.exit_code == 0, result.stderr
    document = json.loads(result.stdout)
    assert {name: document[name] for name in ("folder", "experiment", "profile", "seed", "healthy", "trusted")} == {
        "folder": str(folder),
        "experiment": "tests.toy_faulty",
        "profile": "selftest",
        "seed": 3,
        "healthy": 2,
        "trusted": True,
    }
    assert document["faults"] == [
        {
            "fault": "off by one",
            "statement": "adds one to the sum",
            "runs": 1,
            "caught": 1,
            "by_check": 1,
            "by_timing": 0,
            "claims": {"sum-exact": 1},
            "expected": ["sum-exact"],
        }
    ]
    assert document["claims"] == [
        {
            "claim": "sum-exact",
            "subject": "sum",
            "kind": "check",
            "counts": {"supported": 2, "refuted": 0, "inconclusive": 0},
            "commonest": "supported",
            "same": 2,
            "runs": 2,
        }
    ]
    assert (document["placebo"]["runs"], document["placebo"]["points"]) == (3, 18)
    assert document["noise"] > 0
    assert document["coverage"]["trials"] == 2
    assert document["words"].startswith("verdicts here can be trusted: the planted fault was caught")
    assert document["reasons"] == []


def test_progress_goes_to_standard_error_run_by_run(tested: tuple[Path, Result]) -> None:
    lines = [line for line in tested[1].stderr.splitlines() if line.startswith(("run", "tests.", "judging", "simul"))]
    assert [line.split(":")[0] for line in lines] == [
        "tests.toy_faulty, profile selftest",
        "run 1 of 3, healthy-0",
        "run 2 of 3, off-by-one-0",
        "run 3 of 3, healthy-1",
        "judging the runs",
        "simulating measurements with this noise",
    ]


def test_a_run_that_is_there_is_judged_and_not_measured_again(tested: tuple[Path, Result]) -> None:
    folder, _ = tested
    before = {path: path.read_bytes() for path in folder.glob("*/samples.jsonl")}
    assert len(before) == 3
    result = invoke("tests.toy_faulty", "--runs", "2", "--trials", "1", "--out", folder, "--seed", "3")
    assert result.exit_code == 0, result.stderr
    assert {path: path.read_bytes() for path in folder.glob("*/samples.jsonl")} == before
    assert "fault off by one, adds one to the sum: caught (1 of 1 runs; by checks in 1, by claims about time in 0)" in (
        result.stdout
    )
    assert result.stdout.splitlines()[-1].startswith("verdicts here can be trusted: ")
    other = invoke("tests.toy_faulty", "--runs", "2", "--trials", "1", "--out", folder, "--seed", "4")
    assert other.exit_code == 2
    assert "holds a run with seed=3; asked for is 4" in other.stderr


def test_an_experiment_without_faults_is_tested_as_far_as_it_goes(tmp_path: Path) -> None:
    result = invoke("tests.toy_refuted", "--runs", "2", "--trials", "1", "--out", tmp_path)
    assert result.exit_code == 1, result.stderr  # its claim is wrong: two is not three
    assert "the experiment plants no fault" in result.stderr
    assert "'two-is-three (sum)' was refuted in 2 of 2 healthy runs" in result.stdout.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tests.no_such"], "experiment 'tests.no_such': no such module"),
        (["tests.toy_faulty", "--profile", "slow"], "profile 'slow': unknown; the profiles are endless, selftest"),
        (["tests.toy_faulty", "--runs", "1"], "--runs: must be a whole number from 2, got 1"),
    ],
)
def test_what_cannot_be_used_is_one_line_and_status_2(arguments: list[str], expected: str, tmp_path: Path) -> None:
    result = invoke(*arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert expected in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(("experiment", "expected"), [(FAULTY, "selftest"), (TOY, "quick")])
def test_the_profile_is_the_one_made_for_it_or_the_first(experiment: Experiment, expected: str) -> None:
    assert profile_of(experiment) == expected


def test_coverage_is_that_of_simulations_with_the_noise_found() -> None:
    assert coverage(None, 0, 1) is None
    found = coverage(0.05, 0, 2)
    assert found is not None
    assert (found.noise, found.trials) == (0.05, 4)
    assert found == coverage(0.05, 0, 2)
    assert found.share >= found.lowest[1]


def test_settings_of_a_self_test_do_not_probe(tested: tuple[Path, Result]) -> None:
    lines = (tested[0] / "healthy-0" / "samples.jsonl").read_text(encoding="utf-8").splitlines()
    assert "probe" not in {json.loads(line)["record"] for line in lines}
    assert Settings().probe is None
