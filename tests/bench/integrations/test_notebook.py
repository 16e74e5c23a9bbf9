"""In a notebook progress updates in place, results have displays of their own, and a module that a cell writes is read.

A small notebook is run in a kernel of its own, once, and its outputs are looked at.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import nbformat
import pytest
from bptt_bench.api import figures
from bptt_bench.integrations import notebook
from bptt_bench.measure.loop.events import BlockDone, CheckDone, Event, RunFinished, RunStarted, SampleTaken
from bptt_bench.plan import Point
from bptt_bench.report.page.displays import Verdicts
from bptt_bench.workflows import notebook_modules
from bptt_bench.workflows.judge import analyse_run

from notebooks.execute import execute

ROOT = Path(__file__).resolve().parents[3]
MODULE = """\
%%writefile <my>&sort.py
import random
import bptt_bench as bench

def prepare(point):
    values = [random.random() for _ in range(point["n"])]
    return lambda: sorted(values)

EXPERIMENT = bench.experiment(prepare, law="n*log(n)", name="<b>sort</b> & more", blocks=2, seconds_per_sample=0.002,
                              n=[1_000, 20_000])
""".replace("<my>&sort", "my_sort")
CELLS = {
    "write": MODULE,
    "run": 'import bptt_bench as bench\nframe = bench.run("my_sort", out="run")',
    "judge": 'bench.judge("run")',
    "fit": 'found = bench.fit(frame[frame["subject"] == "<b>sort</b> & more"], "n*log(n)")\nfound',
    "law": 'bench.CostLaw("n*log(n) + n**2")',
    "analysis": 'from bptt_bench.workflows.judge import analyse_run\nanalyse_run("run")',
    "verdict": 'bench.judge("run")[0]',
    "versus": 'from bptt_bench.analyse import prefer\none = frame[frame["subject"] == "<b>sort</b> & more"]\n'
    'prefer(one, "n", "n**2")',
    "predict": 'bench.predict("run", {"n": 50_000})',
    "budget": 'bench.predict("run", largest="n", within="1s")',
    "compare": 'bench.compare("run", "run")',
    "figures": 'figures = bench.figures("run")\nfigures',
    "figure": 'figures["parity"]',
    "change": MODULE.replace("n*log(n)", "n**2"),
    "again": 'frame = bench.run("my_sort", out="again", progress=False)\n'
    'print(round(bench.judge("again")[0].predicted, 6))',
    "own": 'here = bench.experiment(lambda point: print, law="n", n=[1, 99])\n'
    "try:\n    bench.run(here)\nexcept ValueError as error:\n    print(error)",
}


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The outputs of each cell."""
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS.values()])  # type: ignore[no-untyped-call]
    fresh = execute(book, tmp_path_factory.mktemp("notebook"))
    return {name: cell.outputs for name, cell in zip(CELLS, fresh.cells, strict=True)}


def data(outputs: dict[str, list[Any]], cell: str) -> dict[str, Any]:
    (output,) = outputs[cell]
    assert "data" in output, output
    found: dict[str, Any] = output["data"]
    return found


def test_progress_updates_one_output_in_place(outputs: dict[str, list[Any]]) -> None:
    html = data(outputs, "run")["text/html"]
    assert 'value="28" max="28"' in html
    assert "28 samples in " in html
    assert "&lt;b&gt;sort&lt;/b&gt; &amp; more, profile quick" in html
    assert "<b>sort" not in html


@pytest.mark.parametrize("cell", ["judge", "analysis"])
def test_verdicts_are_a_table(outputs: dict[str, list[Any]], cell: str) -> None:
    html = data(outputs, cell)["text/html"]
    assert "follows n·log(n)" in html
    assert "The time follows n·log(n)" in html
    assert " ± 0.25" in html
    assert "&lt;b&gt;sort&lt;/b&gt; &amp; more" in html
    assert "<b>sort" not in html


def test_the_fits_of_an_analysis_unfold(outputs: dict[str, list[Any]]) -> None:
    assert (
        "<details><summary>&lt;b&gt;sort&lt;/b&gt; &amp; more, whole evaluation"
        in data(outputs, "analysis")["text/html"]
    )


def test_a_fit_a_verdict_and_a_comparison_have_displays(outputs: dict[str, list[Any]]) -> None:
    assert "<b>n·log(n)</b>" in data(outputs, "fit")["text/html"]
    assert "µs" in data(outputs, "fit")["text/html"] or "ns" in data(outputs, "fit")["text/html"]
    assert "<b>follows n*log(n)</b>: " in data(outputs, "verdict")["text/html"]
    assert "against n²" in data(outputs, "versus")["text/html"]


@pytest.mark.parametrize(("cell", "words"), [("predict", "50"), ("budget", "within"), ("compare", "compared")])
def test_predictions_and_compared_runs_are_shown_as_they_are_printed(
    outputs: dict[str, list[Any]], cell: str, words: str
) -> None:
    html = data(outputs, cell)["text/html"]
    assert html.startswith("<pre ")
    assert "&lt;b&gt;sort&lt;/b&gt;" in html
    assert words in html


def test_a_law_is_mathematics(outputs: dict[str, list[Any]]) -> None:
    assert data(outputs, "law")["text/latex"] == r"$\displaystyle n \log{\left(n \right)} + n^{2}$"


def test_figures_are_shown_and_each_is_a_picture(outputs: dict[str, list[Any]]) -> None:
    html = data(outputs, "figures")["text/html"]
    assert html.count("<img ") >= 3
    assert "<code>scaling-n</code>" in html
    picture = base64.b64decode(data(outputs, "figure")["image/png"])
    assert picture.startswith(b"\x89PNG")


def test_a_module_that_a_cell_changes_is_read_anew_without_a_message(
    outputs: dict[str, list[Any]],
) -> None:
    (output,) = outputs["again"]
    assert output["text"] == "2.0\n"


def test_an_experiment_of_a_cell_is_advised_where_to_go(outputs: dict[str, list[Any]]) -> None:
    (output,) = outputs["own"]
    assert "is not the EXPERIMENT of an imported module" in output["text"]
    assert 'begin the cell that defines it with %%writefile my_module.py, and bench.run("my_module")' in output["text"]
    assert output["text"].count("\n") == 1


# --- outside a notebook -----------------------------------------------------------------------------------------------


class Screen:
    """An output that remembers what it showed."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def update(self, obj: object) -> None:
        self.shown.append(str(obj))


def sample(done: int) -> SampleTaken:
    return SampleTaken(
        subject="a<b",
        point=Point(n=5),
        block=0,
        timing="whole",
        seconds_per_eval=1.0,
        blocks_done=0,
        blocks_total=1,
        cells_done=done,
        cells_total=9,
        seconds_left=60.0,
    )


STARTED = RunStarted(experiment="x", profile="quick", cells_done=0, cells_total=9, blocks_total=1, resumed=False)


def test_a_bar_is_drawn_now_and_then_and_at_the_end() -> None:
    screen, clock = Screen(), iter([0.0, 0.0, 0.1, 0.2, 0.3, 0.3, 9.0])
    bar = notebook.ProgressDisplay(screen, str, lambda: next(clock))
    events: list[Event] = [STARTED, sample(1), sample(2), sample(3)]
    for event in events:
        bar(event)
    assert len(screen.shown) == 2, "at 0 and at 0.3 s"
    assert 'value="3" max="9"' in screen.shown[-1]
    assert "3/9, a&lt;b n=5, about 1 min 0 s left" in screen.shown[-1]
    bar(RunFinished(samples=9, skipped=0, seconds_after_workers_started=4.2, seconds_in_evaluations=4, busy_share=0.9))
    assert "9 samples in 4 s" in screen.shown[-1]


def test_what_is_worth_keeping_stays_in_sight() -> None:
    screen = Screen()
    bar = notebook.ProgressDisplay(screen, str, iter(range(100)).__next__)
    bar(STARTED)
    for number in range(notebook.KEPT_LINES + 2):
        bar(CheckDone(claim=f"c<{number}>", passed=True, seconds=1.0))
    bar(BlockDone(block=0, blocks_done=1, blocks_total=1))
    assert "c&lt;0&gt;" not in screen.shown[-1]
    assert f"c&lt;{notebook.KEPT_LINES + 1}&gt;" in screen.shown[-1]


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([STARTED, sample(1)], "stopped; what was measured is stored"),
        ([STARTED], "stopped before anything was measured"),
    ],
)
def test_a_run_that_is_interrupted_says_so(
    monkeypatch: pytest.MonkeyPatch, events: Sequence[Event], words: str
) -> None:
    screen = Screen()
    display = ModuleType("IPython.display")
    display.HTML = str  # type: ignore[attr-defined]  # of a module that stands in for another
    display.display = lambda first, display_id: screen  # type: ignore[attr-defined]
    ipython = ModuleType("IPython")
    ipython.get_ipython = lambda: SimpleNamespace(kernel=None)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)

    def run() -> None:
        with notebook.run_progress(None, None) as listener:
            assert listener is not None
            for event in events:
                listener(event)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert "x, profile quick" in screen.shown[-1]
    assert words in screen.shown[-1]


def test_nothing_is_shown_outside_a_notebook_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[Event] = []
    with notebook.run_progress(None, heard.append) as listener:
        assert listener == heard.append
    with notebook.run_progress(None, None) as nobody:
        assert nobody is None
    with notebook.run_progress(True, heard.append) as both:
        assert both is not None
        both(STARTED)
    assert heard == [STARTED]
    assert "measuring x, profile quick: 9 samples" in capsys.readouterr().err


def test_without_ipython_nothing_is_registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert notebook_modules.ipython_shell() is None
    assert not notebook_modules.is_notebook()
    notebook.register()
    assert "IPython" not in sys.modules


@pytest.fixture(scope="module")
def reference() -> Path:
    return ROOT / "results" / "reference"


def test_figures_of_a_stored_run_are_values_and_nothing_is_written(reference: Path) -> None:
    before = sorted(path.stat().st_mtime_ns for path in reference.rglob("*"))
    found = figures(reference)
    assert {"exponents", "parity", "scaling-T"} <= set(found)
    assert all(type(figure).__name__ == "Figure" for figure in found.values())
    assert sorted(path.stat().st_mtime_ns for path in reference.rglob("*")) == before


def test_verdicts_are_a_list(reference: Path) -> None:
    analysis = analyse_run(reference)
    verdicts = Verdicts(analysis)
    assert verdicts == list(analysis.verdicts)
    assert isinstance(verdicts, list)
    assert verdicts._repr_html_().count("<tr>") == len(verdicts) + 1
