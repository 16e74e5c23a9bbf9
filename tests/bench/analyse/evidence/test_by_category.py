"""Rows that differ in what was measured never share a fit: one each, or a line that says how to get there."""

from __future__ import annotations

from typing import Any

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.evidence.by_category import dividing_categories, fit_by
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.errors import FitError, LawError
from bptt_bench.plan import Point

SIZES = (1_000, 2_000, 4_000, 8_000, 16_000)
COST = {("f32", "x"): 1e-9, ("f32", "y"): 2e-9, ("f64", "x"): 4e-9, ("f64", "y"): 8e-9}


def table(rng: np.random.Generator, **columns: Any) -> pd.DataFrame:
    rows = [
        {"n": n, "dtype": dtype, "backend": backend, "seconds_per_eval": c * n * np.exp(0.01 * rng.standard_normal())}
        for (dtype, backend), c in reversed(COST.items())
        for n in SIZES
        for _ in range(3)
    ]
    return pd.DataFrame(rows).assign(**columns)


def of_x(rng: np.random.Generator) -> pd.DataFrame:
    samples = table(rng)
    return samples[samples["backend"] == "x"]


def one_kind(rng: np.random.Generator) -> pd.DataFrame:
    samples = of_x(rng)
    return samples[samples["dtype"] == "f32"]


def test_each_combination_has_its_own_fit(rng: np.random.Generator) -> None:
    found = bench.fit_by(table(rng), "n", overhead=())
    assert list(found) == [Point(dtype=dtype, backend=backend) for dtype, backend in COST]  # sorted, not as they come
    fitted = {(point["dtype"], point["backend"]): one.coefficients[0] for point, one in found.items()}
    assert fitted == pytest.approx(COST, rel=0.02)
    assert all(one.n_samples == 15 and one.factors == ("n",) for one in found.values())


def test_one_fit_for_several_categories_is_refused_in_one_line(rng: np.random.Generator) -> None:
    with pytest.raises(FitError) as error:
        fit(table(rng), "n")
    assert str(error.value) == (
        "category 'dtype': 2 levels in one frame (f64, f32), and each has a fit of its own; select the rows of one, or "
        "use bench.fit_by"
    )


def test_a_category_at_one_level_divides_nothing(rng: np.random.Generator) -> None:
    samples = table(rng)
    one = samples[(samples["dtype"] == "f32") & (samples["backend"] == "x")]
    assert fit(one, "n", overhead=()).coefficients == pytest.approx([1e-9], rel=0.02)
    assert list(fit_by(one, "n")) == [Point()]
    assert list(fit_by(samples[samples["dtype"] == "f32"], "n")) == [Point(backend="x"), Point(backend="y")]


def test_columns_to_divide_by_can_be_named(rng: np.random.Generator) -> None:
    samples = of_x(rng)
    assert list(fit_by(samples, "n", by="dtype")) == [Point(dtype="f32"), Point(dtype="f64")]
    numbers = pd.concat([samples[samples["dtype"] == "f32"].assign(d=d) for d in (30, 5)])
    assert list(fit_by(numbers, "n", by=["d"])) == [Point(d=5), Point(d=30)]
    with pytest.raises(FitError, match="by 'colour': no such column; the columns are n, dtype"):
        fit_by(samples, "n", by="colour")
    with pytest.raises(FitError, match="category 'dtype': 2 levels in one frame"):
        fit_by(table(rng), "n", by="backend")


def test_what_cannot_be_fitted_is_named_with_its_category(rng: np.random.Generator) -> None:
    samples = table(rng)
    bad = (samples["dtype"] == "f64") & (samples["backend"] == "y")
    samples.loc[bad, "seconds_per_eval"] = -1.0
    found = fit_by(samples, "n")
    assert len(found) == 3
    (point, reason) = next(iter(found.left_out.items()))
    assert point == Point(dtype="f64", backend="y")
    assert reason.startswith("column 'seconds_per_eval': -1 in data row 1")
    with pytest.raises(FitError, match="dtype=f64 backend=y: column 'seconds_per_eval': -1 in data row 1"):
        fit_by(samples[bad], "n", ["dtype", "backend"])


def test_a_law_names_no_category(rng: np.random.Generator) -> None:
    for ask in (lambda: fit(table(rng), "n*dtype"), lambda: fit_by(table(rng), "n*dtype")):
        with pytest.raises(FitError, match=r"law 'n\*dtype': names the category 'dtype'; laws are written in numbers"):
            ask()
    with pytest.raises(LawError):
        dividing_categories(table(rng), "n*(")


def test_records_remarks_and_texts_of_their_own_are_no_categories(rng: np.random.Generator) -> None:
    samples = one_kind(rng)
    reported = samples.assign(
        note=["a", "b", "c"] * 5,
        host=["one", "two", "two"] * 5,
        timing="whole",
        label=[f"row {i}" for i in range(15)],
        identity=range(15),
    )
    assert dividing_categories(reported, "n") == []
    fit(reported, "n")


def test_true_and_false_are_a_category_and_numbers_as_text_are_none(rng: np.random.Generator) -> None:
    samples = one_kind(rng)
    assert dividing_categories(samples.assign(warm=[True, False, True] * 5), "n") == ["warm"]
    assert list(fit_by(samples.assign(warm=[True, False, True] * 5), "n")) == [Point(warm="False"), Point(warm="True")]
    text = samples.assign(n=pd.Series([str(n) for n in samples["n"]], index=samples.index, dtype=object))
    assert fit(text, "n", overhead=()).coefficients == pytest.approx([1e-9], rel=0.02)


def test_a_missing_level_is_one_more(rng: np.random.Generator) -> None:
    samples = one_kind(rng)
    gaps = samples.assign(dtype=pd.Series(["f32", None, "f32"] * 5, index=samples.index, dtype=object))
    with pytest.raises(FitError, match=r"category 'dtype': 2 levels in one frame \(f32, nothing\)"):
        fit(gaps, "n")
    assert list(fit_by(gaps, "n")) == [Point(dtype="f32"), Point(dtype="nothing")]


def test_a_message_about_hostile_levels_is_one_plain_line(rng: np.random.Generator) -> None:
    levels = ["two\nlines", "\x1b[31mred", "x" * 500]
    hostile = one_kind(rng).assign(dtype=levels * 5)
    with pytest.raises(FitError) as error:
        fit(hostile, "n")
    assert r"two\nlines, \x1b[31mred, xxx" in str(error.value)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 400
    assert len(fit_by(hostile, "n")) == 3


def test_a_frame_that_says_its_factors_says_its_categories(rng: np.random.Generator) -> None:
    samples = table(rng, machine=[f"m{i % 2}" for i in range(60)])
    samples.attrs["factors"] = ["n", "dtype"]
    samples = samples[samples["backend"] == "x"]
    assert dividing_categories(samples, "n") == ["dtype"]
    assert list(fit_by(samples, "n")) == [Point(dtype="f32"), Point(dtype="f64")]


def test_levels_that_another_response_has_do_not_count(rng: np.random.Generator) -> None:
    samples = of_x(rng).assign(timing="whole")
    samples.attrs["factors"] = ["n", "dtype", "backend"]
    samples.loc[samples["dtype"] == "f64", "seconds_per_eval"] = np.nan  # rows of memory, say
    assert dividing_categories(samples, "n") == []
    assert list(fit_by(samples, "n")) == [Point()]


def test_a_column_that_is_like_an_id_is_named_with_what_leaves_it_out(rng: np.random.Generator) -> None:
    samples = table(rng)
    samples["case"] = [f"case {i // 2}" for i in range(len(samples))]
    with pytest.raises(FitError) as caught:
        dividing_categories(samples, "n")
    assert str(caught.value) == (
        "column 'case' has 30 values in 60 rows (32 combinations of 3 columns), too few rows for a "
        "fit of each; --ignore case takes them as one"
    )
    assert dividing_categories(samples.drop(columns="case"), "n") == ["dtype", "backend"]
    alone = one_kind(rng).assign(**{"run name": [f"run {i // 2}" for i in range(15)]}).loc[:, ["n", "run name"]]
    crowded = pd.concat([alone.assign(seconds_per_eval=1.0), alone.assign(seconds_per_eval=1.0)])
    assert len(dividing_categories(crowded, "n")) == 1  # 8 names are few enough to be read


def test_levels_that_fill_a_page_are_cut_in_a_message() -> None:
    few = pd.DataFrame({"n": [1, 1], "kind": ["a" * 100, "b" * 100], "seconds_per_eval": [1.0, 2.0]})
    with pytest.raises(FitError) as caught:
        fit_by(few, "n", by="kind")
    assert str(caught.value).startswith(f"kind={'a' * 75}…: points: 1 is")
    assert len(str(caught.value)) < 200
