"""``compare --baseline``: a repository with two versions of a function, measured in turns by the harness of here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.cli.main import cli
from bptt_bench.workflows.compare.worktree import checkout, commit_of
from click.testing import CliRunner

ROOT = Path(__file__).resolve().parents[4]
SECONDS_TO_START = 60.0
EXPERIMENT = """
from bptt_bench.plan import CostLaw, Design, Experiment, Factor, Profile, Subject
from mine.work import prepare

EXPERIMENT = Experiment(
    name="mine",
    factors=(Factor(name="n"),),
    subjects=(Subject(name="{subject}", prepare=prepare, law=CostLaw("{law}"), overhead=("1",)),),
    profiles={{"quick": Profile(design=Design.grid({{"n": [100, 1000, 4000, 8000, 16000, 30000]}}), blocks={blocks},
                               seconds_per_sample=0.001, processes=2, phase_blocks=0)}},
)
"""
WORK = """
def prepare(point):
    values = list(range(int(point["n"])))
    def evaluate():
        for _ in range({times}):
            sum(values)
    return evaluate
"""


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.org")
    ran = subprocess.run(["git", "-C", str(folder), *identity, *arguments], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def write(folder: Path, *, times: int = 2, subject: str = "sum", law: str = "n", blocks: int = 2) -> None:
    (folder / "mine").mkdir(exist_ok=True)
    (folder / "mine" / "__init__.py").write_text("")
    (folder / "mine" / "work.py").write_text(WORK.format(times=times))
    (folder / "mine" / "experiment.py").write_text(EXPERIMENT.format(subject=subject, law=law, blocks=blocks))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One commit, tagged ``before``; what is there now is the same."""
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet")
    write(folder)
    (folder / "bptt_bench").mkdir()  # a package of the same name as the harness: never to be taken for it
    (folder / "bptt_bench" / "__init__.py").write_text("raise ImportError('the wrong harness')")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "before")
    git(folder, "tag", "before")
    (folder / "bptt_bench" / "__init__.py").unlink()
    (folder / "bptt_bench").rmdir()
    return folder


def command(folder: Path, *arguments: str) -> list[str]:
    # the harness is found where it is installed or checked out, not in the folder of the experiment
    return [sys.executable, "-m", "bptt_bench", "compare", *arguments]


def environment(folder: Path, temporary: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "TMPDIR": str(temporary)}


def compare(folder: Path, temporary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    temporary.mkdir(exist_ok=True)
    return subprocess.run(
        command(folder, *arguments), cwd=folder, env=environment(folder, temporary), capture_output=True, text=True,
        check=False,
    )  # fmt: skip


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]


def left_behind(repository: Path, temporary: Path) -> list[str]:
    lines = git(repository, "worktree", "list", "--porcelain").splitlines()
    trees = [line for line in lines if line.startswith("worktree ")]
    return [*trees[1:], *(str(path) for path in temporary.iterdir() if "bench-baseline" in path.name)]


def test_a_change_of_the_code_is_measured_and_blamed(repository: Path, tmp_path: Path) -> None:
    """Ten times the work on the very same harness: no machine is so uneven that this could be missed."""
    write(repository, times=20)
    out = tmp_path / "out"
    ran = compare(
        repository, tmp_path / "temporary", "--baseline", "before", "mine.experiment", "--out", str(out), "--json"
    )
    assert ran.returncode == 1, ran.stderr
    document = json.loads(ran.stdout)
    (term,) = [term for term in document["terms"] if term["terms"] == ["n"]]
    assert term["verdict"] == "dearer"
    assert 5 < term["ratio"] < 20
    assert document["paired"] is True
    assert left_behind(repository, tmp_path / "temporary") == []
    first, second = (records(out / side / "samples.jsonl") for side in ("baseline", "current"))
    assert first[0]["pair"]["id"] == second[0]["pair"]["id"]
    assert first[0]["environment"]["commit"] == git(repository, "rev-parse", "before")
    order = sorted(
        (record["started_at"], side)
        for side, lines in (("baseline", first), ("current", second))
        for record in lines
        if record["record"] == "sample"
    )
    pairs = [{order[i][1], order[i + 1][1]} for i in range(0, len(order), 2)]
    assert all(len(pair) == 2 for pair in pairs)  # visit by visit
    assert len({side for _, side in order[::2]}) == 2  # not always the same first


def test_an_interrupted_comparison_cleans_up_and_goes_on(repository: Path, tmp_path: Path) -> None:
    write(repository, blocks=30)
    git(repository, "commit", "--quiet", "-a", "-m", "longer")
    temporary, out = tmp_path / "temporary", tmp_path / "out"
    temporary.mkdir()
    arguments = ("--baseline", "HEAD", "mine.experiment", "--out", str(out))
    process = subprocess.Popen(
        command(repository, *arguments), cwd=repository, env=environment(repository, temporary),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    samples = [out / side / "samples.jsonl" for side in ("baseline", "current")]
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end and not all(path.is_file() and '"sample"' in path.read_text() for path in samples):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=SECONDS_TO_START)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert left_behind(repository, temporary) == []
    before = [sum(record["record"] == "sample" for record in records(path)) for path in samples]
    assert all(0 < count < 180 for count in before)
    again = compare(repository, temporary, *arguments)
    assert again.returncode in (0, 1), again.stderr
    assert "continuing" in again.stderr
    for path in samples:
        keys = [
            (record["subject"], record["point"]["n"], record["block"])
            for record in records(path)
            if record["record"] == "sample"
        ]
        assert len(keys) == len(set(keys)) == 180
    ids = {records(path)[0]["pair"]["id"] for path in samples}
    assert len(ids) == 1


def test_a_subject_that_the_commit_does_not_have_is_left_out(repository: Path, tmp_path: Path) -> None:
    module = repository / "mine" / "experiment.py"
    subject = 'Subject(name="{}", prepare=prepare, law=CostLaw("n"), overhead=("1",)),'
    both = "".join(map(subject.format, ("sum", "new")))
    module.write_text(module.read_text().replace(subject.format("sum"), both))
    out = tmp_path / "out"
    ran = compare(
        repository, tmp_path / "temporary", "--baseline", "before", "mine.experiment", "--out", str(out), "--json"
    )
    assert ran.returncode in (0, 1), ran.stderr
    assert "left out: new, which commit" in ran.stderr
    document = json.loads(ran.stdout)
    assert {term["subject"] for term in document["terms"]} == {"sum"}
    assert [untold["subject"] for untold in document["untold"]] == ["new"]


@pytest.mark.parametrize(
    ("change", "arguments", "words"),
    [
        ({"law": "n**2"}, ("--baseline", "before", "mine.experiment"), "its law is n**2, and n at commit"),
        ({"subject": "total"}, ("--baseline", "before", "mine.experiment"), "has none of its subjects, total"),
        ({}, ("--baseline", "nosuch", "mine.experiment"), "--baseline 'nosuch': the repository has no such commit"),
        ({}, ("--baseline", "--all", "mine.experiment"), "no such commit"),
        ({}, ("--baseline", "before", "mine.other"), "experiment 'mine.other': no such module"),
        ({}, ("--baseline", "before", "new.py"), "new.py"),
        ({}, ("--baseline", "before", "mine.experiment", "--profile", "long"), "profile 'long': unknown"),
    ],
)
def test_what_cannot_be_compared_is_one_line(
    repository: Path, tmp_path: Path, change: dict[str, Any], arguments: tuple[str, ...], words: str
) -> None:
    write(repository, **change)
    (repository / "new.py").write_text((repository / "mine" / "experiment.py").read_text())
    ran = compare(repository, tmp_path / "temporary", *arguments)
    assert ran.returncode == 2
    assert words in ran.stderr.splitlines()[-1], ran.stderr
    assert "Traceback" not in ran.stderr
    assert left_behind(repository, tmp_path / "temporary") == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--baseline", "before", "a", "b"), "takes one EXPERIMENT, not 2"),
        (("one", "--profile", "quick"), "--profile: is for --baseline"),
        (("one",), "needs two runs"),
        (
            ("one", "two", "--tolerance", "-1%"),
            "--tolerance: must be a share from 0% to below 100%",
        ),
        (
            ("one", "two", "--confidence", "much"),
            "--confidence: must be a share from 0% to below 100%",
        ),
        (("one", "two"), "one: no such file or folder"),
    ],
)
def test_unusable_arguments_are_one_line(arguments: tuple[str, ...], words: str) -> None:
    ran = CliRunner().invoke(cli, ["compare", *arguments])
    assert ran.exit_code == 2
    assert words in ran.stderr.splitlines()[-1]


def test_a_module_that_the_commit_lacks_is_not_taken_from_here(repository: Path, tmp_path: Path) -> None:
    (repository / "helper.py").write_text("EXTRA = 1")
    work = repository / "mine" / "work.py"
    work.write_text("import helper\n" + work.read_text())
    git(repository, "add", "mine")
    git(repository, "commit", "--quiet", "-m", "imports what was never added")
    ran = compare(repository, tmp_path / "temporary", "--baseline", "HEAD", "mine.experiment")
    assert ran.returncode == 2
    assert "helper" in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("broken", ["before", "now"])
def test_what_fails_while_measuring_says_on_which_side(repository: Path, tmp_path: Path, broken: str) -> None:
    work = repository / "mine" / "work.py"
    sound = work.read_text()
    work.write_text(sound.replace("    values", "    raise RuntimeError('boom')\n    values"))
    if broken == "before":
        git(repository, "commit", "--quiet", "--all", "-m", "boom")
        work.write_text(sound)
    ran = compare(
        repository, tmp_path / "temporary", "--baseline", "HEAD", "mine.experiment", "--out", str(tmp_path / "out")
    )
    assert ran.returncode == 2
    whose = f"commit {git(repository, 'rev-parse', 'HEAD')[:12]}" if broken == "before" else "working tree"
    assert ran.stderr.splitlines()[-1].startswith(f"error: {whose}: subject 'sum' at n=")


@pytest.mark.parametrize("place", ["    import late\n", "    def evaluate():\n        import late\n"])
def test_a_module_of_here_that_is_imported_late_is_noticed(repository: Path, tmp_path: Path, place: str) -> None:
    """Its code would be measured on both sides, and no change of it be seen."""
    (repository / "lib").mkdir()
    (repository / "lib" / "late.py").write_text("")
    work = repository / "mine" / "work.py"
    text = work.read_text().replace(
        "    def evaluate():\n", f"{place}" if "def" in place else f"{place}    def evaluate():\n"
    )
    work.write_text("import sys\nsys.path.insert(0, 'lib')\n" + text)
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "-m", "late")
    ran = compare(repository, tmp_path / "temporary", "--baseline", "HEAD", "mine.experiment")
    assert ran.returncode == 2
    assert "takes module 'late' from the working tree" in ran.stderr.splitlines()[-1]


def test_outside_of_a_repository_there_is_no_baseline(tmp_path: Path) -> None:
    write(tmp_path)
    ran = compare(tmp_path, tmp_path / "temporary", "--baseline", "HEAD", "mine.experiment")
    assert ran.returncode == 2
    assert "is in no git repository" in ran.stderr


def test_a_folder_with_another_comparison_is_refused(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for side in ("baseline", "current"):
        (out / side).mkdir(parents=True)
        header = {"record": "run", "schema": 1, "pair": {"id": "x", "side": side, "commit": "f" * 40, "turns": [0]}}
        (out / side / "samples.jsonl").write_text(json.dumps(header) + "\n")
    ran = compare(repository, tmp_path / "temporary", "--baseline", "before", "mine.experiment", "--out", str(out))
    assert ran.returncode == 2
    assert "holds a comparison with commit ffffffffffff" in ran.stderr


def test_the_tree_of_a_killed_comparison_goes_away_with_the_next_and_no_other(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    code = (
        "import sys, os; from bptt_bench.workflows.compare.worktree import checkout; "
        "tree = checkout('before'); tree.__enter__(); os._exit(1)"
    )
    (tmp_path / "temporary").mkdir()
    subprocess.run(
        [sys.executable, "-c", code], cwd=repository, env=environment(repository, tmp_path / "temporary"), check=False
    )
    assert len(left_behind(repository, tmp_path / "temporary")) == 2
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    with checkout("before", repository) as first, checkout("before", repository) as second:
        assert (first.folder / "mine").is_dir()
        assert (second.folder / "mine").is_dir()
        assert len(left_behind(repository, tmp_path / "temporary")) == 4
    assert left_behind(repository, tmp_path / "temporary") == []


def test_a_tree_goes_away_whatever_happens(repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: list[Path] = []

    def look() -> None:
        with checkout("before", repository) as tree:
            assert tree.commit == commit_of("before", repository)[0]
            seen.append(tree.folder / "mine" / "work.py")
            assert seen[0].is_file()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look()
    assert not seen[0].parents[1].exists()
    assert left_behind(repository, tmp_path) == []
