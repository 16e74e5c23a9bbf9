"""An experiment is found by name or path, and what stands in the way is one clear line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bptt_bench.errors import ExperimentError
from bptt_bench.measure.worker.loading import load_experiment, one_line

GOOD = """
from dataclasses import dataclass
from bptt_bench.plan import CheckClaim, CheckResult, Design, Experiment, Factor, Profile, Subject

@dataclass
class Local:
    n: int

def made(name):
    return Experiment(
        name=name,
        factors=(Factor(name="n"),),
        subjects=(Subject(name="s", prepare=lambda point: lambda: None),),
        profiles={"quick": Profile(design=Design.grid({"n": [1]}))},
    )

EXPERIMENT = made("good")
CLAIMS = [CheckClaim(name="c", subject="s", check=lambda seed: CheckResult(estimate=0, allowed=0, cases=1))]
"""
CONFIGURE = """
def configure(corpus):
    if corpus.name == "bad.txt":
        raise ValueError("corpus: too short")
    return made(f"good on {corpus.name}")
"""


@pytest.fixture(autouse=True)
def _as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "path", [*sys.path])
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        del sys.modules[name]


def written(folder: Path, text: str, name: str = "some_experiment.py") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_file_gives_its_experiment_with_the_claims_of_the_module(tmp_path: Path) -> None:
    experiment = load_experiment(written(tmp_path, GOOD))
    assert experiment.name == "good"
    assert [claim.name for claim in experiment.claims] == ["c"]


def test_a_module_is_found_by_its_name(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "named_experiment.py")
    sys.path.insert(0, str(tmp_path))
    assert load_experiment("named_experiment").name == "good"


def test_a_file_can_import_its_neighbours(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "neighbour_experiment.py")
    assert load_experiment(written(tmp_path, "from neighbour_experiment import EXPERIMENT")).name == "good"


def test_a_corpus_goes_to_the_configure_hook(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD + CONFIGURE)
    experiment = load_experiment(path, Path("novel.txt"))
    assert experiment.name == "good on novel.txt"
    assert len(experiment.claims) == 1
    with pytest.raises(ValueError, match="corpus: too short"):
        load_experiment(path, Path("bad.txt"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("raise RuntimeError('no\\nluck')", r"raises on import: RuntimeError: no luck \(\w+\.py, line 1\)$"),
        ("import sys; sys.exit(3)", r"raises on import: SystemExit: 3 \(\w+\.py, line 1\)$"),
        (
            "import nowhere_to_be_found",
            r"raises on import: ModuleNotFoundError: No module named 'nowhere_to_be_found' \(\w+\.py, line 1\)$",
        ),
        ("def broken(:", r"raises on import: SyntaxError: "),
        ("import json\nx = 1\njson.loads('{')", r"JSONDecodeError: Expecting .* \(\w+\.py, line 3\)$"),
        ("import bptt_bench as bench\nbench.Factor(name='1')", r"raises on import: factor name '1': .* such as 'n'$"),
        ("x = 1", r"the module must assign EXPERIMENT = bench.experiment\(...\); `bptt-bench new NAME` writes one"),
        ("EXPERIMENT = 3", r"the module must assign EXPERIMENT = bench.experiment\(...\), got int;"),
        (GOOD + "CLAIMS = ['c']", r"CLAIMS must hold claims only$"),
    ],
)
def test_a_module_that_is_none_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ExperimentError, match=expected) as caught:
        load_experiment(path)
    assert "\n" not in str(caught.value)
    assert repr(path) in str(caught.value)


@pytest.mark.parametrize("name", ["nowhere_to_be_found", "bench.nowhere", "nowhere.deeper"])
def test_a_module_that_does_not_exist_is_distinguished_from_one_that_breaks(name: str) -> None:
    with pytest.raises(
        ExperimentError, match=rf"^experiment '{name}': no such module; give the name of a module or the"
    ):
        load_experiment(name)


def test_a_file_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"^experiment '[^']*none.py': no such file$"):
        load_experiment(str(tmp_path / "none.py"))


def test_a_corpus_for_an_experiment_without_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"corpus 'novel.txt': experiment .* takes no corpus"):
        load_experiment(written(tmp_path, GOOD), Path("novel.txt"))


def test_an_error_without_words_is_named_by_its_type() -> None:
    assert one_line(ValueError()) == "ValueError"
    assert one_line(ValueError("a\n  b")) == "ValueError: a b"
    assert len(one_line(ValueError("x" * 10_000))) < 400


def test_a_file_that_would_replace_a_module_of_python_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExperimentError, match=r"Python has a module 'json', .* such as my_json\.py"):
        load_experiment(written(tmp_path, GOOD, "json.py"))
    assert hasattr(sys.modules["json"], "loads")
