"""The table of a machine's readings: worked-out rates in their places, in the page, the Markdown and on screen."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.errors import MachineError
from bptt_bench.plan.machine.readings import (
    BandwidthReading,
    Dtype,
    ElementwiseReading,
    ProductKind,
    ProductReading,
    Readings,
    TranscendentalReading,
)
from bptt_bench.report.page.page import render_html, render_markdown
from bptt_bench.report.terminal import tables as terminal
from bptt_bench.report.terminal.readings import AT_BYTES, KIB, MIB, rates, readings_of, readings_table
from bptt_bench.workflows import doctor
from rich.console import Console

EMPTY = 1e-6


def timed(amount: float, rate: float) -> dict[str, Any]:
    seconds = EMPTY + amount / rate
    return {"seconds": seconds, "median_seconds": 1.5 * seconds}


def product(kind: ProductKind, m: int, n: int, k: int, rate: float, dtype: Dtype = "float32") -> ProductReading:
    n_bytes = 4 * (m * k + k * n + m * n)
    return ProductReading(kind=kind, dtype=dtype, m=m, n=n, k=k, working_set_bytes=n_bytes, **timed(m * n * k, rate))


MACHINE = Readings(
    products=(
        *(product(kind, 1, 1, 1, 1e12) for kind in ("gemm", "gemv", "ger")),
        product("gemm", 128, 128, 128, 4e10),  # 192 KiB
        product("gemv", 163, 1, 100, 16e9),  # 64 KiB
        product("gemv", 167_772, 1, 100, 4e9),  # 64 MiB
        product("ger", 2_621, 100, 1, 3e9),
    ),
    bandwidth=(BandwidthReading(operation="copy", working_set_bytes=MIB, **timed(MIB, 2e10)),),
    transcendental=(
        TranscendentalReading(function="exp", dtype="float64", working_set_bytes=MIB, **timed(MIB / 16, 1.25e9)),
    ),
    elementwise=(ElementwiseReading(dtype="float32", working_set_bytes=MIB, **timed(MIB / 8, 5e9)),),
    empty_call_seconds=EMPTY,
    python_call_seconds=3e-8,
    first_touch_seconds_per_byte=2e-10,
    clear_seconds_per_byte=4e-11,
    rounds=7,
    skipped=("copy of 128 MiB: no time was left",),
)


@pytest.fixture
def probed(analysis: Analysis) -> Analysis:
    """The analysis of a run that stored its readings."""
    frame = analysis.frame.copy()
    frame.attrs["probe"] = {"record": "probe", "seconds": 8.0, "readings": MACHINE.to_json()}
    return replace(analysis, evidence=replace(analysis.evidence, frame=frame))


def test_rates_stand_at_their_working_sets() -> None:
    assert AT_BYTES == (64 * KIB, MIB, 16 * MIB, 64 * MIB)
    found = {rate.name: rate.values for rate in rates(MACHINE)}
    vector = found["gemv_float32_multiply_adds_per_second"]
    falls = [16e9 * 0.25 ** (octaves / 10) for octaves in (0, 4, 8, 10)]  # of the 10 octaves between the two sizes
    assert vector == pytest.approx(falls, rel=0.01)
    assert found["gemm_float32_multiply_adds_per_second"] == pytest.approx((4e10, None, None, None))
    assert found["ger_float32_multiply_adds_per_second"] == pytest.approx([3e9] * 4)
    assert found["addition_float32_elements_per_second"] == pytest.approx([5e9] * 4)
    assert found["exp_float64_elements_per_second"] == pytest.approx([1.25e9] * 4)
    assert found["copy_bytes_per_second"] == pytest.approx([2e10] * 4)
    assert found["gevm_float32_multiply_adds_per_second"] == (None,) * 4  # not read


def test_table_says_it_with_units() -> None:
    table = readings_table(MACHINE)
    rows = dict(table.rows)
    assert table.columns == ["64\u202fKiB", "1\u202fMiB", "16\u202fMiB", "64\u202fMiB"]
    assert rows["square product, float32"] == ["40\u202fG/s", "–", "–", "–"]
    assert rows["copy of memory"] == ["20\u202fGB/s"] * 4
    assert dict(table.bare)["first touch of memory"] == "200\u202fps/B"
    assert "best of 7 rounds; in the usual moment a call took 1.5 times as long. 1 size was left out." in table.note


def test_a_run_without_a_probe_has_no_readings_and_a_broken_one_is_named(analysis: Analysis) -> None:
    assert readings_of({}) is None
    assert readings_of({"probe": None}) is None
    assert readings_of({"probe": {"readings": MACHINE.to_json()}}) == MACHINE
    with pytest.raises(MachineError, match="readings: have no 'products'"):
        readings_of({"probe": {"readings": {}}})
    assert "What the machine can do" not in render_html(analysis, [])
    assert "What the machine can do" not in render_markdown(analysis, [])


def test_page_and_markdown_hold_the_table(probed: Analysis) -> None:
    page, markdown = render_html(probed, []), render_markdown(probed, [])
    assert '<details id="readings"><summary>What the machine can do</summary>' in page
    assert '<tr><th scope="row">copy of memory</th>' + '<td class="n">20\u202fGB/s</td>' * 4 in page
    lines = markdown.splitlines()
    (head,) = [i for i, line in enumerate(lines) if line.startswith("| working set |")]
    assert lines[head + 1] == "|---|---|---|---|---|"
    body = lines[head + 2 : head + 2 + len(list(rates(MACHINE)))]
    assert all(line.count("|") == 6 for line in body)
    assert "| copy of memory |" + " 20 GB/s |" * 4 in body


@pytest.mark.parametrize("width", [72, 80, 120])
def test_table_fits_the_screen(width: int) -> None:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    terminal.print_readings(console, MACHINE)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    assert "call of NumPy on one element: 1\u202fµs" in text


def test_doctor_gives_what_was_read_as_readings_with_names_of_their_own() -> None:
    found = {reading.name: reading for reading in doctor.machine_findings(MACHINE)}
    assert len(found) == len(doctor.machine_findings(MACHINE))
    assert found["gemv_float32_multiply_adds_per_second at 64 KiB"].value == pytest.approx(16e9)
    assert found["copy_bytes_per_second at 65536 KiB"].shown == "20\u202fGB/s"
    assert found["empty_numpy_call_seconds"].value == EMPTY
    assert found["slowdown"].judgement == "poor"
    assert not any(name.startswith("gevm") for name in found)  # not read: absent


@pytest.mark.parametrize(("slowdown", "judgement"), [(1.0, "good"), (1.1, "good"), (1.11, "poor")])
def test_changing_speed_is_poor(slowdown: float, judgement: str) -> None:
    assert doctor.check_speed(slowdown, rounds=3).judgement == judgement


def test_speed_is_not_judged_on_too_few_moments() -> None:
    assert doctor.check_speed(1.0, rounds=2).judgement == "unknown"
    assert doctor.check_speed(1.0, rounds=2).value is None
