"""What a Python user hands over in a wrong type is refused in one line that says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bptt_bench
import pandas as pd
import pytest
from bptt_bench.errors import BenchError, FitError

bench: Any = bptt_bench  # what mypy refuses is handed over here
JOIN = Path(__file__).resolve().parents[2] / "results" / "examples" / "join"
LEVELS = (1, 2, 4, 8, 16, 32)
TIMES = pd.DataFrame({"n": LEVELS * 2, "seconds_per_eval": [r * 1e-6 * n for r in (1.0, 1.01) for n in LEVELS]})
FIT = bench.fit(TIMES, "n")
OF_DATA: dict[str, Callable[[Any], Any]] = {
    "fit": lambda data: bench.fit(data, "n"),
    "fit_by": lambda data: bench.fit_by(data, "n"),
    "predict": lambda data: bench.predict(data, "n=3"),
    "judge": bench.judge,
    "figures": bench.figures,
    "compare": lambda data: bench.compare(data, data),
}


@pytest.mark.parametrize("name", OF_DATA)
@pytest.mark.parametrize(("data", "shown"), [(None, "None"), (5, "5"), ({"n": [1]}, "{'n': [1]}"), ([1], "[1]")])
def test_data_must_be_a_frame_or_a_path(name: str, data: Any, shown: str) -> None:
    with pytest.raises(BenchError) as refused:
        OF_DATA[name](data)
    assert str(refused.value) == f"the data must be a data frame or a path, got {shown}"


@pytest.mark.parametrize("path", [5, None, TIMES])
def test_load_takes_a_path(path: Any) -> None:
    with pytest.raises(BenchError, match=r"^the data must be a path, got [^\n]*$"):
        bench.load(path)


def test_of_a_fit_its_own_method_predicts() -> None:
    with pytest.raises(
        BenchError, match=r"got Fit of seconds_per_eval, n, [^\n]*; a fit predicts by its method predict$"
    ):
        bench.predict(FIT, "n=3")


def test_fit_reads_a_path(tmp_path: Path) -> None:
    TIMES.to_csv(tmp_path / "x.csv", index=False)
    for path in (tmp_path / "x.csv", str(tmp_path / "x.csv")):
        assert bench.fit(path, "n").coefficients == pytest.approx(FIT.coefficients, rel=1e-12)
        assert list(bench.fit_by(path, "n")) == [bench.Point()]


@pytest.mark.parametrize("law", [3, ["n"], None])
@pytest.mark.parametrize("fit", [bench.fit, bench.fit_by])
def test_law_must_be_text(fit: Callable[..., Any], law: Any) -> None:
    with pytest.raises(FitError) as refused:
        fit(TIMES, law)
    assert str(refused.value) == f"law: must be text such as 'n*log(n)', got {law!r}"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bench.fit(TIMES, "n", overhead=["1", 3]),
            "`overhead` must be a text or a list of texts, got ['1', 3]",
        ),
        (lambda: bench.fit(TIMES, "n", response=3), "`response` must be a text, got 3"),
        (lambda: bench.fit(TIMES, "n", block=3), "`block` must be a text, got 3"),
        (lambda: bench.fit(TIMES, "n", unit=3), "`unit` must be a text, got 3"),
        (
            lambda: bench.fit(TIMES, "n", confidence=95),
            "`confidence` must be a number between 0 and 1, such as 0.95, got 95",
        ),
        (lambda: bench.fit_by(TIMES, "n", by=3), "`by` must be a text or a list of texts, got 3"),
        (lambda: bench.predict(TIMES, "n=3", law=3), "`law` must be a text, got 3"),
        (lambda: bench.predict(TIMES, "n=3", law="n", subject=3), "`subject` must be a text or a list of texts, got 3"),
        (lambda: bench.predict(TIMES, largest="n", within=3, law="n"), "`within` must be a text, got 3"),
        (
            lambda: bench.predict(TIMES, 5, law="n"),
            "--at: must be a point such as 'n=1000' or {'n': 1000}, or a list of them, got 5",
        ),
        (
            lambda: bench.predict(TIMES, [5], law="n"),
            "--at: must be a point such as 'n=1000' or {'n': 1000}, got 5",
        ),
        (lambda: bench.load(JOIN, ignore=3), "`ignore` must be a text or a list of texts, got 3"),
        (lambda: bench.judge(JOIN, 5), "`experiment` must be an experiment, got 5"),
        (lambda: bench.compare(JOIN, JOIN, tolerance="x"), "tolerance must be a number from 0, such as 0.02, got 'x'"),
        (lambda: FIT.exponent("m", {"n": 800}), "factor 'm': unknown; the factors are n"),
        (lambda: FIT.law_exponent("m", {"n": 800}), "factor 'm': unknown; the factors are n"),
        (lambda: FIT.exponent("n", 800), "point: must be a mapping such as {'n': 1000}, got 800"),
        (lambda: FIT.predict([800]), "point: must be a mapping such as {'n': 1000}, got 800"),
        (
            lambda: FIT.predict([{"n": "x"}]),
            "point: levels must be numbers: could not convert string to float: 'x'",
        ),
    ],
)
def test_other_argument(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(BenchError) as refused:
        call()
    assert str(refused.value) == message


def test_exponent_of_a_factor_of_the_data_that_the_law_lacks_is_0() -> None:
    wide = pd.concat([TIMES.assign(m=level) for level in (1, 2)])
    found = bench.fit(wide, "n").exponent("m", {"n": 8, "m": 1})
    assert found.estimate == 0
    assert math.isnan(found.low)


def test_one_subject_and_its_placebo_are_fitted_as_the_subject_alone() -> None:
    frame = bench.load(JOIN)
    alone = frame[frame["subject"] == "hashing"]
    both = frame[frame["subject"].isin(["hashing", "hashing (placebo)"])]
    assert bench.fit(both, "n + m").coefficients == pytest.approx(bench.fit(alone, "n + m").coefficients, rel=0)
    assert bench.fit(both, "n + m").n_samples == len(alone)
    with pytest.raises(FitError, match=r'select one of them, such as frame\[frame\["subject"\] == '):
        bench.fit(frame, "n + m")
