"""The house rules about imports, proven from the source itself; each rule is also shown to catch a planted offence."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layers import (
    HARNESS,
    ROOT,
    SOURCE_ROOTS,
    STAGES,
    circles,
    folder_graph,
    import_graph,
    imports,
    lines_of_graph,
    main,
    module_name,
    offences,
    packages_of,
    sources,
)

MOST_MODULES = 16  # in one folder, __init__ included; about a dozen is the aim


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_module_keeps_the_import_rules(path: Path) -> None:
    is_package = path.name == "__init__.py"
    assert offences(path.read_text(encoding="utf-8"), module_name(path), package=is_package) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bptt_bench.plan.law.law", "import bptt_bench.measure.timing.clock"),
        ("bptt_bench.plan.law.law", "import time"),
        ("bptt_bench.text.units", "from bptt_bench.plan import Point"),
        ("bptt_bench.measure.loop.run", "from bptt_bench.store.runs.samples import SampleStore"),
        ("bptt_bench.measure.loop.run", "from bptt_bench.analyse import fit"),
        ("bptt_bench.measure.loop.run", "from scipy.optimize import nnls"),
        ("bptt_bench.measure.loop.run", "def f():\n    from bptt_bench.store import samples"),
        ("bptt_bench.measure.loop.run", "from bptt_bench import store"),
        ("bptt_bench.measure.loop.run", "from ...store import samples"),
        ("bptt_bench.measure.loop.run", "import bptt_rnn.model"),
        ("bptt_bench.measure.loop.run", "import importlib\nimportlib.import_module('bptt_rnn.experiment')"),
        ("bptt_bench.store.frame", "from bptt_bench.analyse.fitting.fit import fit"),
        ("bptt_bench.analyse.fitting.fit", "from bptt_bench.measure.timing.clock import Clock"),
        ("bptt_bench.analyse.fitting.fit", "import time"),
        ("bptt_bench.analyse.fitting.fit", "from time import perf_counter"),
        ("bptt_bench.analyse.fitting.fit", "import datetime\nx = datetime.datetime.now()"),
        ("bptt_bench.analyse.fitting.fit", "from bptt_bench.report import page"),
        ("bptt_bench.analyse.fitting.fit", "import bptt_bench.cli.main"),
        ("bptt_bench.report.page.page", "from bptt_bench.measure import timing"),
        ("bptt_bench.report.page.page", "import timeit"),
        ("bptt_bench.report.figures", "import matplotlib.pyplot as plt"),
        ("bptt_bench.report.figures", "from matplotlib import pyplot"),
        ("bptt_bench.validation.score", "from bptt_bench.store import load"),
        ("bptt_bench.validation.simulate", "from bptt_bench.report import page"),
        ("bptt_bench.analyse.fitting.fit", "from bptt_bench.validation import simulate"),
        ("bptt_bench.cli.main", "import bptt_rnn"),
        ("bptt_bench.cli.main", "if TYPE_CHECKING:\n    from bptt_rnn.model import Params"),
        ("bptt_rnn.model", "from bptt_bench.plan import Point"),
        ("bptt_rnn.gradients.naive", "import bptt_bench as bench"),
    ],
)
def test_rules_catch_a_planted_offence(module: str, source: str) -> None:
    assert len(offences(source, module)) >= 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        (
            "bptt_bench.cli.main",
            "from bptt_bench.measure.loop.run import run\nfrom bptt_bench.report import page\nimport time",
        ),
        (
            "bptt_bench.report.page.page",
            "from bptt_bench.analyse.fitting.fit import Fit\nfrom matplotlib.figure import Figure\nimport rnnlib",
        ),
        (
            "bptt_bench.analyse.fitting.fit",
            "from bptt_bench.plan import CostLaw\nfrom .diagnose import shares\nimport scipy.stats",
        ),
        ("bptt_bench.measure.timing.clock", "import time\nnow = time.perf_counter()"),
        ("bptt_rnn.experiment", "from bptt_bench.plan import Experiment"),
        ("bptt_rnn.model", "import benchmark_of_somebody_else"),
    ],
)
def test_rules_let_pass_what_is_allowed(module: str, source: str) -> None:
    assert offences(source, module) == []


def test_relative_imports_of_a_package_are_resolved_from_the_package_itself() -> None:
    assert list(imports("from . import law", "bptt_bench.plan.law", package=True)) == ["bptt_bench.plan.law.law"]
    assert list(imports("from . import law", "bptt_bench.plan.law.notation")) == ["bptt_bench.plan.law.law"]


def test_every_stage_has_source_that_the_rules_look_at() -> None:
    seen = {module_name(path).split(".")[1] for path in sources() if module_name(path).startswith(f"{HARNESS}.")}
    assert set(STAGES) <= seen


def test_help_imports_nothing_heavy() -> None:
    heavy = ["numpy", "scipy", "pandas", "matplotlib", "sympy", "jinja2", "rich"]
    code = f"import sys, bptt_bench, bptt_bench.cli.main; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


# What names one machine has no place in the repository. Written in pieces, so that this file passes its own test.
INDEX_HOSTS = r"pypi\." + r"org|python" + r"hosted\.org|://[\w.:-]+/" + r"simple\b"
MACHINE_PATHS = r"(?<![\w.~-])/(?:home|root|work|opt|Users|mnt)/\w"
NOT_TEXT = {".png", ".gif", ".pdf", ".ico", ".gz", ".parquet"}


def committed_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def strangers(text: str) -> list[str]:
    return [match.group() for match in re.finditer(f"{INDEX_HOSTS}|{MACHINE_PATHS}", text)]


def test_no_committed_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    texts = (path for path in committed_files() if path.suffix not in NOT_TEXT)
    found = {str(path.relative_to(ROOT)): strangers(path.read_text(encoding="utf-8")) for path in texts}
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize(
    "text",
    [
        "see https://pypi." + "org/project",
        "/" + "home/ann/x",
        "file:///" + "opt/wheels",
        "http://10.0.0.1:3141/" + "simple/",
    ],
)
def test_strangers_are_found(text: str) -> None:
    assert strangers(text) != []


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-test.lock"])
def test_lock_file_has_hashes_and_no_options(name: str) -> None:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    requirements = [line for line in lines if re.match(r"[\w.-]+==", line)]
    assert len(requirements) > 20
    assert all(line.endswith("\\") for line in requirements), "each requirement continues with its hashes"
    assert [line for line in lines if line.startswith("-")] == [], "an option, such as an index or a folder of wheels"


def test_test_lock_holds_the_versions_of_the_run_lock() -> None:
    run, test = (
        set(re.findall(r"^[\w.-]+==\S+", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
        for name in ("requirements.lock", "requirements-test.lock")
    )
    assert run <= test


@pytest.mark.parametrize("package", SOURCE_ROOTS)
def test_no_circle_between_modules_or_folders(package: str) -> None:
    root = SOURCE_ROOTS[package]
    graph = import_graph([root], package)
    assert len(graph) > 10
    assert circles(graph) == []
    assert circles(folder_graph(graph, packages_of(root))) == []


def test_a_planted_circle_is_found(tmp_path: Path) -> None:
    for name, source in {
        "house/__init__.py": "",
        "house/a/__init__.py": "",
        "house/a/one.py": "def late():\n    from house.b import two",
        "house/a/three.py": "import house.a.one",
        "house/b/__init__.py": "",
        "house/b/two.py": "from house.a.three import late",
        "house/b/four.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import house.b.two",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)
    graph = import_graph([tmp_path], "house")
    assert circles(graph) == [["house.a.one", "house.a.three", "house.b.two"]]
    assert circles(folder_graph(graph, packages_of(tmp_path))) == [["house.a", "house.b"]]


def test_the_graph_is_printed_from_the_foundation_up(capsys: pytest.CaptureFixture[str]) -> None:
    assert lines_of_graph({"b": {"a"}, "a": set(), "c": {"b", "a"}}) == ["a -> (nothing)", "b -> a", "c -> a, b"]
    assert lines_of_graph({"a": {"b"}, "b": {"a"}}) == ["a -> b", "b -> a"]
    main()
    printed = capsys.readouterr().out
    assert "\nerrors -> (nothing)\n" in printed
    assert "circles in bptt_rnn: none" in printed


def test_folders_hold_about_a_dozen_modules() -> None:
    sizes = {path.parent: len(list(path.parent.glob("*.py"))) for path in SOURCE_ROOTS[HARNESS].rglob("__init__.py")}
    assert {str(folder): size for folder, size in sizes.items() if size > MOST_MODULES} == {}
