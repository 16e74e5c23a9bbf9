"""Notebooks run from top to bottom, show what they really computed, and stop where a claim of theirs is not true."""

from __future__ import annotations

import ast
import base64
import json
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient.exceptions import CellExecutionError

from notebooks.execute import DIGEST, digest, execute

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
LESSON = ROOT / "notebooks" / "01-from-derivation-to-measurement.ipynb"
AUDIT = ROOT / "notebooks" / "03-audit-of-the-derivation.ipynb"
REFERENCE = ROOT / "results" / "reference"
FEWEST_ASSERTS = {AUDIT: 58}  # of other notebooks FEW_ASSERTS: they read, and prove nothing
FEWEST_PICTURES = {LESSON: 5, AUDIT: 1}
FEW_ASSERTS, FEW_PICTURES = 10, 2
LARGEST_PICTURES_BYTES = 600_000  # of one notebook: it stays quick to clone and to open
RUN_CELLS = {LESSON: "run", AUDIT: "reference-code"}  # cells that show which run was read
LESSON_MINUTES = 40  # that a class has
WORDS_PER_MINUTE = 200  # of someone who reads to understand
MEASURING = (
    "time",
    "timeit",
    "bptt_bench.run",
    "bptt_bench.api.run",
    "bptt_bench.workflows.settings.measure_run",
    "bptt_bench.measure",
)
NOT_TIMED = ("bptt_bench.measure.counters.meter",)  # counts, and reads no clock


def read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def code_cells(path: Path) -> dict[str, str]:
    """Source by cell id, in order."""
    return {cell.id: cell.source for cell in read(path).cells if cell.cell_type == "code"}


def shown(notebook: Any, cell_id: str) -> list[str]:
    """What a cell shows as text, words apart from how they are spaced."""
    (cell,) = [cell for cell in notebook.cells if cell.id == cell_id]
    return [" ".join(output.data["text/plain"].split()) for output in cell.outputs]


@pytest.fixture(scope="module", params=NOTEBOOKS, ids=lambda path: path.stem)
def notebook(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A committed notebook, and its copy run anew where the committed one lives."""
    path: Path = request.param
    assert REFERENCE.is_dir(), "results/reference: missing; `make reference` measures it"
    copy = tmp_path_factory.mktemp("notebooks") / path.name
    shutil.copy(path, copy)
    return path, execute(read(copy), path.parent)


def test_there_are_a_lesson_and_an_audit() -> None:
    assert {LESSON, AUDIT} < set(NOTEBOOKS)


def test_notebook_runs_without_an_error(notebook: tuple[Path, Any]) -> None:
    _, fresh = notebook
    kinds = [output.output_type for cell in fresh.cells if cell.cell_type == "code" for output in cell.outputs]
    assert len(kinds) > 10
    assert "error" not in kinds
    assert "stream" not in kinds, "a warning, or something printed in passing"


def test_committed_outputs_are_of_the_committed_code_and_run(notebook: tuple[Path, Any]) -> None:
    path, fresh = notebook
    committed = read(path)
    again = f"{path.name}: outputs are stale; `make notebook` runs it again"
    assert committed.metadata[DIGEST] == digest(committed), again
    cells = [(old, new) for old, new in zip(committed.cells, fresh.cells, strict=True) if old.cell_type == "code"]
    assert [old.execution_count for old, _ in cells] == list(range(1, len(cells) + 1)), again
    for old, new in cells:
        assert old.source == new.source
        kinds = [[output.output_type for output in cell.outputs] for cell in (old, new)]
        assert kinds[0] == kinds[1], f"cell {old.id}: {again}"
        assert "error" not in kinds[0]
    if path in RUN_CELLS:
        assert shown(committed, RUN_CELLS[path]) == shown(fresh, RUN_CELLS[path]), again


def test_committed_outputs_name_no_machine_and_stay_small(notebook: tuple[Path, Any]) -> None:
    path, _ = notebook
    text = path.read_text(encoding="utf-8")
    for place in {str(ROOT), str(Path.home()), sys.prefix} - {"/"}:
        assert f"{place}/" not in text
    outputs = [output for cell in read(path).cells if cell.cell_type == "code" for output in cell.outputs]
    data = [output.get("data", {}) for output in outputs]
    pictures = [base64.b64decode(each["image/png"]) for each in data if "image/png" in each]
    assert len(pictures) >= FEWEST_PICTURES.get(path, FEW_PICTURES)
    assert sum(map(len, pictures)) < LARGEST_PICTURES_BYTES


def imported(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{alias.name}" for alias in names)


def measuring(source: str) -> list[str]:
    """What a cell imports to measure with; a notebook reads results."""

    def within(name: str, packages: tuple[str, ...]) -> bool:
        return any(name == package or name.startswith(f"{package}.") for package in packages)

    return [name for name in imported(source) if within(name, MEASURING) and not within(name, NOT_TIMED)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_measures_nothing(path: Path) -> None:
    # ast.parse refuses magics, %timeit among them
    assert [name for source in code_cells(path).values() for name in measuring(source)] == []


def test_measuring_is_noticed() -> None:
    planted = (
        "from time import perf_counter\nfrom bptt_bench import run, fit\n"
        "import bptt_bench.measure.timing.timing\nimport timeit"
    )
    assert len(measuring(planted)) == 4
    with pytest.raises(SyntaxError):
        measuring("%timeit f()")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_assert_says_what_it_claims(path: Path) -> None:
    nodes = [node for source in code_cells(path).values() for node in ast.walk(ast.parse(source))]
    asserts = [node for node in nodes if isinstance(node, ast.Assert)]
    assert len(asserts) >= FEWEST_ASSERTS.get(path, FEW_ASSERTS)
    assert [ast.unparse(node) for node in asserts if node.msg is None] == []


def test_every_assert_of_the_audit_says_what_it_proves() -> None:
    for source in code_cells(AUDIT).values():
        lines = source.splitlines()
        asserts = [node.lineno for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Assert)]
        assert [lines[n - 1] for n in asserts if not lines[n - 2].strip().startswith("# ")] == []


def sections_of_claims() -> dict[str, list[Any]]:
    """The cells of the lesson on each claim, by its letter."""
    found: dict[str, list[Any]] = {}
    letter = None
    for cell in read(LESSON).cells:
        if cell.cell_type == "markdown" and cell.source.startswith("## "):
            heading = re.match(r"## \d · Claim ([a-z]): ", cell.source)
            letter = heading[1] if heading else None
        if letter:
            found.setdefault(letter, []).append(cell)
    return found


def test_the_lesson_has_a_section_for_each_claim() -> None:
    assert list(sections_of_claims()) == list("abcdef")


@pytest.mark.parametrize("letter", list("abcdef"))
def test_a_claim_is_stated_predicted_judged_and_linked_to_its_page(letter: str) -> None:
    first, *cells = sections_of_claims()[letter]
    assert "\n> " in first.source, "the statement"
    assert "**Predict.**" in first.source, "asked before the result"
    assert any("verdicts.select(" in cell.source for cell in cells)
    pages = [link for cell in cells for link in re.findall(r"\]\((\.\./docs/derivation/[\w-]+\.md)\)", cell.source)]
    assert [Path(page).name[0] for page in pages] == [letter]
    assert (LESSON.parent / pages[0]).is_file()


def test_every_exercise_of_the_lesson_has_a_hidden_answer() -> None:
    texts = [cell.source for cell in read(LESSON).cells if cell.cell_type == "markdown"]
    exercises = [part for text in texts for part in text.split("**Exercise ")[1:]]
    assert len(exercises) >= 5
    assert [part for part in exercises if part.count("<details>") != 1 or part.count("</details>") != 1] == []


def reading_minutes(path: Path) -> float:
    """Time to read the prose, with a minute for each exercise and each prediction."""
    prose: list[str] = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
    asked = sum(text.count("**Exercise ") + text.count("**Predict.**") for text in prose)
    return len(" ".join(prose).split()) / WORDS_PER_MINUTE + asked


def test_the_lesson_fits_into_its_time() -> None:
    assert 20 < reading_minutes(LESSON) <= LESSON_MINUTES


def test_links_between_notebooks_and_to_pages_lead_somewhere() -> None:
    for path in NOTEBOOKS:
        texts = [cell.source for cell in read(path).cells if cell.cell_type == "markdown"]
        links = [link for text in texts for link in re.findall(r"\]\(([^)#]+)\)", text)]
        assert [link for link in links if not (path.parent / link).is_file()] == []


def test_a_false_claim_stops_a_notebook(tmp_path: Path) -> None:
    new = nbformat.v4
    cells = [new.new_code_cell("n = 1"), new.new_code_cell("assert n == 2, f'n is {n}'")]  # type: ignore[no-untyped-call]
    with pytest.raises(CellExecutionError, match="n is 1"):
        execute(new.new_notebook(cells=cells), tmp_path)  # type: ignore[no-untyped-call]


# A cell, what is right in it, and what is wrong instead; each must be noticed by an assert of the same cell.
SLIPS = [
    ("products", "return m * k * n", "return m * n + k"),
    ("passes-sum", "(tau, 1, t)", "(tau, 1, T)"),
    ("passes-sum", "sp.Sum(1, (t, 1, T)).doit(),", "sp.Sum(1, (t, 0, T)).doit(),"),
    ("closed-forms-sum", "2 * T * H * V + T", "T * (T + 1) * H * V + T"),
    ("closed-forms-sum", "T * (T + 1) * (H * d + H**2)", "T * (T + 1) * (H * V + H * d + H**2)"),
    ("closed-forms-sum", "sp.Sum(step_forward, (t, 1, T))", "sp.Sum(2 * step_forward, (t, 1, T))"),
    ("edges-sum", "(tau, 2, t)", "(tau, 1, t)"),
    ("ratio", "(T + 1) / 2", "T / 2"),
    ("limits-code", "V: size}", "V: 2 * size}"),
    ("crossover-code", "2 * V / (d + H) - 1", "2 * V / (d + H)"),
    ("crossover-code", "T * (T + 1) * (H * d", "T * (T - 1) * (H * d"),
    ("dominates-code", "subs(V, 0)", "subs(H, 0)"),
    ("laws-code", "2 * (T + 2)", "2 * (T + 1)"),
    ("check-gradients-code", "(params, tokens, h0) for", '(params, tokens, h0 * (name != "batched")) for'),
    ("check-difference-code", "expected.dense_L(tokens, 30)", "2 * expected.dense_L(tokens, 30)"),
    ("check-perplexity-code", "(1 / 12)", "(1 / 11)"),
    ("check-passes-code", "checks.passes(name, STEPS)", 'checks.passes("naive", STEPS)'),
    ("check-counts-code", '"batched": whole["aggregated"]', '"batched": whole["naive"]'),
    ("check-counts-code", "workspace_ready=False", "workspace_ready=True"),
    ("reference-code", "estimate", "cases"),
]


@pytest.fixture(scope="module")
def before() -> dict[str, dict[str, Any]]:
    """The names that each cell finds when the notebook is run, up to the one that reads the reference run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(AUDIT.parent)
        found: dict[str, dict[str, Any]] = {}
        names: dict[str, Any] = {"display": lambda *_: None}
        for cell, source in code_cells(AUDIT).items():
            found[cell] = dict(names)
            if cell == RUN_CELLS[AUDIT]:
                break
            exec(compile(source, cell, "exec"), names)
    return found


@pytest.mark.parametrize(("cell", "right", "wrong"), SLIPS)
def test_a_slip_is_noticed(
    before: dict[str, dict[str, Any]], cell: str, right: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(AUDIT.parent)
    source = code_cells(AUDIT)[cell]
    assert right in source
    with pytest.raises(AssertionError):
        exec(compile(source.replace(right, wrong), cell, "exec"), dict(before[cell]))


def test_a_run_whose_check_failed_is_noticed(before: dict[str, dict[str, Any]], tmp_path: Path) -> None:
    with (REFERENCE / "samples.jsonl").open(encoding="utf-8") as lines:
        records = [json.loads(line) for _, line in zip(range(200), lines, strict=False)]
    source, names = code_cells(AUDIT)[RUN_CELLS[AUDIT]], before[RUN_CELLS[AUDIT]]

    def read_run() -> None:
        text = "".join(json.dumps(record) + "\n" for record in records)
        (tmp_path / "samples.jsonl").write_text(text, encoding="utf-8")
        exec(compile(source, RUN_CELLS[AUDIT], "exec"), {**names, "REFERENCE": tmp_path})

    read_run()
    counted = [record for record in records if record.get("claim") == "operations of naive = closed form"]
    for record in counted:
        record["estimate"] = 1.0
    with pytest.raises(AssertionError, match=r"operations of naive = closed form: 1\.0, allowed 0"):
        read_run()
