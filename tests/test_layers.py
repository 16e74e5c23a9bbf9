"""The house rules about imports, proven from the source itself; each rule is also shown to catch a planted offence."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HARNESS, SUBJECT = "bptt_bench", "bptt_rnn"
SOURCE_ROOTS = {HARNESS: ROOT / "bench", SUBJECT: ROOT / "rnn"}
STAGES = {  # what each stage may import of the others: only stages to its left, and no clock for analyse and report
    "text": set[str](),  # quantities as people write them: below all stages
    "plan": {"text"},
    "measure": {"text", "plan"},
    "store": {"text", "plan", "measure"},
    "analyse": {"text", "plan", "store"},
    "report": {"text", "plan", "store", "analyse"},
    "validation": {
        "text",
        "plan",
        "analyse",
    },  # stands beside the way of the data: simulated samples in, error rates out
}
ADAPTER = "bptt_rnn.experiment"
CLOCKS = {"time", "timeit"}
CLOCK_READS = {"perf_counter", "perf_counter_ns", "monotonic", "process_time", "now", "utcnow", "today"}
FITTING = {"scipy"}
HARD_LIMIT_LINES = 330  # the aim is 300; a file is split when it passes that, not trimmed to fit


def module_name(path: Path) -> str:
    parts = (
        path.relative_to(next(root for root in SOURCE_ROOTS.values() if path.is_relative_to(root)))
        .with_suffix("")
        .parts
    )
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(source: str, module: str, *, package: bool = False) -> Iterator[str]:
    """Full names of all that a source imports, wherever it does: at the top, in a function, for type checking."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=name, names=names, level=level):
                parents = module.split(".")
                base = parents[: len(parents) - level + (1 if package else 0)] if level else []
                origin = ".".join([*base, *([name] if name else [])])
                yield from (f"{origin}.{alias.name}" for alias in names)
            case ast.Call(func=ast.Name(id="import_module") | ast.Attribute(attr="import_module"), args=[first, *_]):
                if isinstance(first, ast.Constant) and isinstance(first.value, str):
                    yield first.value


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def offences(source: str, module: str, *, package: bool = False) -> list[str]:
    """What a module does against the rules, one line each."""
    found: list[str] = []
    top, _, rest = module.partition(".")
    stage = rest.partition(".")[0]
    names = list(imports(source, module, package=package))
    if top == HARNESS:
        found += [f"{module} imports {name}: bench knows nothing of rnn" for name in names if within(name, SUBJECT)]
    if top == SUBJECT and not within(module, ADAPTER):
        found += [f"{module} imports {name}: only {ADAPTER} may" for name in names if within(name, HARNESS)]
    if top == HARNESS and stage in STAGES:
        allowed = STAGES[stage] | {stage}
        found += [
            f"{module} imports {name}: {stage} may import {', '.join(sorted(allowed))}"
            for name in names
            if within(name, HARNESS) and not any(within(name, f"{HARNESS}.{other}") for other in allowed)
        ]
    if top == HARNESS and stage in {"plan", "analyse", "report"}:
        found += [f"{module} imports {name}: no clock here" for name in names if name.split(".")[0] in CLOCKS]
        found += [
            f"{module} reads a clock: {ast.unparse(node)}"
            for node in ast.walk(ast.parse(source))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK_READS
        ]
    if top == HARNESS and stage == "measure":
        found += [f"{module} imports {name}: measure may not fit" for name in names if name.split(".")[0] in FITTING]
    if top == HARNESS and stage == "report":
        found += [f"{module} imports {name}: no pyplot state" for name in names if within(name, "matplotlib.pyplot")]
    return found


def sources() -> list[Path]:
    return sorted(path for root in SOURCE_ROOTS.values() for path in root.rglob("*.py"))


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_module_keeps_the_import_rules(path: Path) -> None:
    is_package = path.name == "__init__.py"
    assert offences(path.read_text(encoding="utf-8"), module_name(path), package=is_package) == []


@pytest.mark.parametrize("path", sources(), ids=module_name)
def test_module_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= HARD_LIMIT_LINES


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bptt_bench.plan.law", "import bptt_bench.measure.clock"),
        ("bptt_bench.plan.law", "import time"),
        ("bptt_bench.text.units", "from bptt_bench.plan import Point"),
        ("bptt_bench.measure.run", "from bptt_bench.store.samples import SampleStore"),
        ("bptt_bench.measure.run", "from bptt_bench.analyse import fit"),
        ("bptt_bench.measure.run", "from scipy.optimize import nnls"),
        ("bptt_bench.measure.run", "def f():\n    from bptt_bench.store import samples"),
        ("bptt_bench.measure.run", "from bptt_bench import store"),
        ("bptt_bench.measure.run", "from ..store import samples"),
        ("bptt_bench.measure.run", "import bptt_rnn.model"),
        ("bptt_bench.measure.run", "import importlib\nimportlib.import_module('bptt_rnn.experiment')"),
        ("bptt_bench.store.frame", "from bptt_bench.analyse.fit import fit"),
        ("bptt_bench.analyse.fit", "from bptt_bench.measure.clock import Clock"),
        ("bptt_bench.analyse.fit", "import time"),
        ("bptt_bench.analyse.fit", "from time import perf_counter"),
        ("bptt_bench.analyse.fit", "import datetime\nx = datetime.datetime.now()"),
        ("bptt_bench.analyse.fit", "from bptt_bench.report import page"),
        ("bptt_bench.analyse.fit", "import bptt_bench.cli"),
        ("bptt_bench.report.page", "from bptt_bench.measure import timing"),
        ("bptt_bench.report.page", "import timeit"),
        ("bptt_bench.report.figures", "import matplotlib.pyplot as plt"),
        ("bptt_bench.report.figures", "from matplotlib import pyplot"),
        ("bptt_bench.validation.score", "from bptt_bench.store import load"),
        ("bptt_bench.validation.simulate", "from bptt_bench.report import page"),
        ("bptt_bench.analyse.fit", "from bptt_bench.validation import simulate"),
        ("bptt_bench.cli", "import bptt_rnn"),
        ("bptt_bench.cli", "if TYPE_CHECKING:\n    from bptt_rnn.model import Params"),
        ("bptt_rnn.model", "from bptt_bench.plan import Point"),
        ("bptt_rnn.gradients.naive", "import bptt_bench as bench"),
    ],
)
def test_rules_catch_a_planted_offence(module: str, source: str) -> None:
    assert len(offences(source, module)) >= 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("bptt_bench.cli", "from bptt_bench.measure.run import run\nfrom bptt_bench.report import page\nimport time"),
        (
            "bptt_bench.report.page",
            "from bptt_bench.analyse.fit import Fit\nfrom matplotlib.figure import Figure\nimport rnnlib",
        ),
        (
            "bptt_bench.analyse.fit",
            "from bptt_bench.plan import CostLaw\nfrom .diagnose import shares\nimport scipy.stats",
        ),
        ("bptt_bench.measure.clock", "import time\nnow = time.perf_counter()"),
        ("bptt_rnn.experiment", "from bptt_bench.plan import Experiment"),
        ("bptt_rnn.model", "import benchmark_of_somebody_else"),
    ],
)
def test_rules_let_pass_what_is_allowed(module: str, source: str) -> None:
    assert offences(source, module) == []


def test_relative_imports_of_a_package_are_resolved_from_the_package_itself() -> None:
    assert list(imports("from . import law", "bptt_bench.plan", package=True)) == ["bptt_bench.plan.law"]
    assert list(imports("from . import law", "bptt_bench.plan.claim")) == ["bptt_bench.plan.law"]


def test_every_stage_has_source_that_the_rules_look_at() -> None:
    seen = {module_name(path).split(".")[1] for path in sources() if module_name(path).startswith(f"{HARNESS}.")}
    assert set(STAGES) <= seen


def test_help_imports_nothing_heavy() -> None:
    heavy = ["numpy", "scipy", "pandas", "matplotlib", "sympy", "jinja2", "rich"]
    code = f"import sys, bptt_bench, bptt_bench.cli; print([name for name in {heavy} if name in sys.modules])"
    answer = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


# What names one machine has no place in the repository. Written in pieces, so that this file passes its own test.
INDEX_HOSTS = r"pypi\." + r"org|python" + r"hosted\.org|://[\w.:-]+/" + r"simple\b"
MACHINE_PATHS = r"(?<![\w.~-])/(?:home|root|work|opt|Users|mnt)/\w"
NOT_TEXT = {".png", ".pdf", ".ico", ".gz", ".parquet"}


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
