"""What the report says of a prediction without free parameters; and that it says nothing where a run has no probe."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bptt_bench.analyse import Analysis, analyse
from bptt_bench.plan import Point, Work
from bptt_bench.plan.machine.readings import BandwidthReading, ElementwiseReading, Operation, ProductReading, Readings
from bptt_bench.report.figures import gallery
from bptt_bench.report.figures.machine import figure_machine
from bptt_bench.report.page.page import write_report
from bptt_bench.report.words.machine import machine_rows, sentence

from tests.bench.report.conftest import experiment, simulated

OPERATIONS: tuple[Operation, ...] = ("read", "clear", "copy", "add")


def net(operations: float, rate: float, call: float) -> dict[str, float]:
    return {"seconds": call + operations / rate, "median_seconds": call + operations / rate}


def readings() -> Readings:
    """A machine of one speed: 5e9 multiply-adds and 2e9 elements a second, 1 µs a call."""
    return Readings(
        products=(
            ProductReading(kind="gemv", dtype="float32", m=1, n=1, k=1, working_set_bytes=12, **net(0, 1, 1e-6)),
            ProductReading(
                kind="gemv", dtype="float32", m=500, n=1, k=500, working_set_bytes=1_004_000, **net(250_000, 5e9, 1e-6)
            ),
        ),
        bandwidth=tuple(
            BandwidthReading(operation=name, working_set_bytes=1 << 20, **net(1 << 20, 4e10, 1e-6))
            for name in OPERATIONS
        ),
        transcendental=(),
        elementwise=(ElementwiseReading(dtype="float32", working_set_bytes=80_000, **net(10_000, 2e9, 1e-6)),),
        empty_call_seconds=1e-6,
        python_call_seconds=1e-7,
        first_touch_seconds_per_byte=1e-10,
        clear_seconds_per_byte=1e-11,
        rounds=3,
    )


def works(point: Point) -> list[Work]:
    """The simulated output phase at the rate it really has, and its 8 µs a step as calls and element-wise work."""
    V, H, T = (int(point[name]) for name in "VHT")
    return [
        Work(phase="output", kind="product", product="gemv", shape=(V, 1, H), operations=V * H * T, calls=T),
        Work(phase="recur", kind="product", product="gemv", shape=(H, 1, H), operations=H * H * T, calls=T),
        Work(phase="recur", kind="elementwise", operations=2000 * T, calls=4 * T, working_set=8000),
        Work(phase="recur", kind="call", operations=80),
    ]


@pytest.fixture(scope="module")
def priced() -> Analysis:
    """The simulated run, probed, and one of its subjects with declared works."""
    plain = experiment()
    subjects = tuple(
        dataclasses.replace(subject, works=works if subject.name == "base" else None) for subject in plain.subjects
    )
    of = experiment(subjects=subjects)
    frame = simulated(of)
    frame.attrs["probe"] = {"record": "probe", "seconds": 9.0, "readings": readings().to_json()}
    return analyse(frame, of)


def test_sentence_names_parts_at_both_ends_and_both_errors(priced: Analysis) -> None:
    found = sentence(priced, priced.machine_predictions["base"])
    assert found.startswith("Of the ")
    assert " predicted for base at V = 2\u202f048, H = 256, T = 64, " in found
    assert "% is arithmetic" in found
    assert "% is element-wise work" in found
    assert "% is dispatch" in found
    assert "allocation" not in found
    assert "points; 95 of 100 within" in found


def test_table_sets_the_prediction_beside_the_fit(priced: Analysis) -> None:
    rows = machine_rows(priced)
    assert [(row.subject, row.made) for row in rows] == [("base", "nothing fitted"), ("base", "fitted to these points")]
    assert priced.machine_predictions["base"].error.median < 0.2
    assert rows[0].points == str(len(priced.fits["base", "seconds_per_eval"].points))


def test_figure_shows_the_two_widest_lines_with_all_parts(priced: Analysis) -> None:
    found = {figure.name: figure for figure in gallery(priced)}
    assert [name for name in found if name.startswith("machine")] == ["machine-base"]
    figure = found["machine-base"].figure
    assert len(figure.axes) == 4
    lines = [{np.asarray(line.get_xydata())[0, 0] for line in axes.lines} for axes in figure.axes[:2]]
    assert all(len(starts) == 1 for starts in lines)  # marks and curves begin at the same level
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["measured", "fitted law", "predicted, nothing fitted", "arithmetic", "element-wise", "dispatch"]
    for axes in figure.axes[2:]:
        tops = [collection.get_paths()[0].vertices[:, 1].max() for collection in axes.collections]  # type: ignore[index, union-attr]
        assert max(tops) == pytest.approx(1.0)


def test_predicted_curve_is_the_unit_cost_at_each_level(priced: Analysis) -> None:
    figure = next(figure.figure for figure in gallery(priced) if figure.name == "machine-base")
    prediction = priced.machine_predictions["base"]
    factor = figure.axes[2].get_xlabel()[0]
    _, predicted, measured = (np.asarray(line.get_xydata(), dtype=np.float64) for line in figure.axes[0].lines)
    assert len(measured) >= 3
    for level, seconds in (predicted[0], predicted[-1]):
        unit_costd_there = prediction.points[prediction.points[factor] == level]["predicted"].to_numpy(float)
        assert np.isclose(unit_costd_there, seconds, rtol=1e-9).any()


def test_report_has_the_section(priced: Analysis, tmp_path: Path) -> None:
    write_report(priced, tmp_path)
    page, text = ((tmp_path / name).read_text(encoding="utf-8") for name in ("report.html", "report.md"))
    assert 'id="machine"' in page
    assert 'id="figure-machine-base"' in page
    assert "## Predicted by the machine's own rates" in text
    assert "figures/machine-base.png" in text


def test_report_without_a_probe_leaves_the_section_out(report: Path) -> None:
    page, text = ((report / name).read_text(encoding="utf-8") for name in ("report.html", "report.md"))
    assert "machine's own rates" not in page
    assert "machine's own rates" not in text
    assert not list((report / "figures").glob("machine*"))


def test_subject_without_a_prediction_is_named(make_analysis: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="subject 'base': has no prediction without free parameters"):
        figure_machine(make_analysis(), "base", [])
