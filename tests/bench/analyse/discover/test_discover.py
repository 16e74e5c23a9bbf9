"""Laws found in measurements: the true one is, others are told, and what no law describes is said to be so."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.discover.law_set import LawSet
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw
from numpy.typing import NDArray

Array = NDArray[np.float64]
SIZES = [1000 * 2**i for i in range(8)]


def samples(
    seconds: Callable[[Array], Array],
    rng: np.random.Generator,
    sizes: Sequence[float] = SIZES,
    *,
    noise: float = 0.02,
    repetitions: int = 5,
) -> pd.DataFrame:
    """Samples of one factor with lognormal noise."""
    n = np.repeat(np.array(sizes, dtype=float), repetitions)
    frame = pd.DataFrame({"n": n, "seconds_per_eval": seconds(n) * np.exp(noise * rng.standard_normal(len(n)))})
    frame.attrs["factors"] = ["n"]
    return frame


def of_law(
    text: str, levels: Mapping[str, Array], coefficients: Sequence[float], rng: np.random.Generator
) -> pd.DataFrame:
    """Samples of a law at points, three of each, with noise of 2 %."""
    table = {name: np.repeat(values, 3) for name, values in levels.items()}
    seconds = CostLaw(text).evaluate(dict(table), coefficients)
    frame = pd.DataFrame({**table, "seconds_per_eval": seconds * np.exp(0.02 * rng.standard_normal(len(seconds)))})
    frame.attrs["factors"] = list(levels)
    return frame


def texts(found: LawSet) -> list[str]:
    return [one.law.text for one in found.candidates]


@pytest.mark.parametrize("law", ["n", "n*log(n)", "n**2", "n**0.5", "n**3", "log(n)"])
def test_a_law_of_one_term_is_the_answer(law: str, rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-8 * CostLaw(law).evaluate({"n": n}), rng))
    assert found.law.text == law
    assert sum(one.weight for one in found.candidates) == pytest.approx(1)
    assert found.doubts == ()


def test_a_constant_is_overhead_and_not_part_of_the_law(rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-5 + 1e-8 * n, rng))
    assert found.law.text == "n"
    assert {term.term: term.role for term in found.fit.terms} == {"n": "law", "1": "overhead"}
    assert found.fit.terms[1].coefficient == pytest.approx(1e-5, rel=0.1)


def test_a_sum_of_two_terms_is_found_among_scattered_points(rng: np.random.Generator) -> None:
    points = {"n": np.exp(rng.uniform(3, 8, 40)).round(), "m": np.exp(rng.uniform(3, 8, 40)).round()}
    found = bench.discover(of_law("n*m + m**2", points, (1e-8, 3e-8), rng))
    assert set(map(str, found.law.terms)) == {"n*m", "m**2"}
    assert found.factors == ("m", "n")


def test_factors_of_scattered_points_with_repetitions_are_all_used(rng: np.random.Generator) -> None:
    points = {name: np.exp(rng.uniform(3, 8, 20)).round() for name in ("n", "m", "k")}
    frame = of_law("n*m*k", points, (1e-8,), rng)
    frame.attrs = {}
    found = bench.discover(frame)
    assert found.law.text == "n*m*k"
    assert found.notes == ()


def test_a_column_that_is_not_used_is_said(rng: np.random.Generator) -> None:
    frame = samples(lambda n: 1e-8 * n, rng).assign(kilobytes=lambda table: 8 * table["n"])
    frame.attrs = {}
    assert bench.discover(frame).notes == ("column 'kilobytes' changes only together with 'n': not used",)


def test_lines_through_a_centre_serve_for_three_factors(rng: np.random.Generator) -> None:
    axis = np.array([16.0, 32, 64, 128, 256])
    lines = [np.insert(np.full((5, 2), 64.0), i, axis, axis=1) for i in range(3)]
    corners = np.array([[16.0, 256, 256], [256, 16, 256], [256, 256, 16], [256, 256, 256]])
    table = np.concatenate([*lines, corners])
    found = bench.discover(of_law("a*b*c", dict(zip("abc", table.T, strict=True)), (1e-8,), rng))
    assert found.law.text == "a*b*c"


def test_a_power_that_is_no_quarter_is_named(rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-8 * n**1.1, rng, noise=0.005))
    powers = [one.law for one in found.candidates if one.law.text.startswith("n**1.1")]
    assert powers, texts(found)
    exponent = found.exponent("n", found.fit.largest)
    assert exponent.low <= 1.1 <= exponent.high


def test_an_exponential_is_found_with_its_base(rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-7 * 2.0**n, rng, range(4, 20, 2)))
    assert found.law.text == "2**n"


@pytest.mark.parametrize(("power", "text"), [(1, ""), (2, "**2")])
def test_a_corner_is_fitted_to_a_hundredth(power: int, text: str, rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-8 * np.maximum(n, 11_300) ** power, rng, noise=0.005))
    corner = re.fullmatch(rf"max\(n,(\d+)\){re.escape(text)}", found.law.text)
    assert corner is not None, texts(found)
    assert float(corner[1]) == pytest.approx(11_300, rel=0.015)
    assert found.doubts == ()
    (middle,) = found.curve([{"n": 12_000}])
    assert middle.estimate == pytest.approx(1e-8 * 12_000**power, rel=0.03)


@pytest.mark.parametrize("seed", range(6))
def test_a_plateau_before_a_line_is_no_larger_power(seed: int) -> None:
    frame = samples(lambda n: 1e-8 * np.maximum(n, 22_600), np.random.default_rng(seed), repetitions=1)
    found = bench.discover(frame)
    assert found.law.text.startswith("max(n,"), texts(found)
    assert found.exponent("n", found.fit.largest).estimate == pytest.approx(1, abs=0.02)


def test_a_plateau_of_one_of_two_factors_is_found(rng: np.random.Generator) -> None:
    n, m = (one.ravel() for one in np.meshgrid([100.0, 200, 400, 800, 1600, 3200], [10.0, 20, 40, 80]))
    found = bench.discover(of_law("max(n,630)*m", {"n": n, "m": m}, (1e-8,), rng))
    corner = re.fullmatch(r"max\(n,(\d+)\)\*m", found.law.text)
    assert corner is not None, texts(found)
    assert float(corner[1]) == pytest.approx(630, rel=0.03)


def test_a_jump_at_the_largest_level_alone_is_no_law_and_said_to_be_none(rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-8 * n * np.where(n > 100_000, 3.0, 1.0), rng))
    assert [type(doubt).__name__ for doubt in found.doubts] == ["NoLawFits"]
    assert found.exponent("n", found.fit.largest).low < 1.1


def test_similar_laws_are_a_set_with_the_measurement_that_decides(rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-8 * n * np.log(n), rng, [1000, 2000, 4000, 8000], noise=0.2))
    assert "n*log(n)" in texts(found)
    assert len(found.candidates) > 1
    assert found.decides is not None
    assert dict(found.decides.at)["n"] > 8000
    assert found.decides.this == found.law.text
    assert set(found.decides.others) < set(texts(found))
    assert found.decides.seconds == pytest.approx(5 * found.fit.curve([found.decides.at])[0].estimate)


def test_predictions_include_that_the_law_is_not_known(rng: np.random.Generator) -> None:
    found = bench.discover(samples(lambda n: 1e-8 * n * np.log(n), rng, [1000, 2000, 4000, 8000], noise=0.2))
    (average,) = found.predict([{"n": 1e6}])
    members = [one.fit.predict([{"n": 1e6}])[0].estimate for one in found.candidates]
    assert average.low < min(members[:2])
    assert max(members[:2]) < average.high
    assert average.low < 1e-8 * 1e6 * np.log(1e6) < average.high


def test_disturbed_samples_change_no_law(rng: np.random.Generator) -> None:
    frame = samples(lambda n: 1e-8 * n**2, rng)
    hit = rng.random(len(frame)) < 0.15
    frame.loc[hit, "seconds_per_eval"] *= 3
    assert bench.discover(frame).law.text == "n**2"


def test_single_samples_serve_too(rng: np.random.Generator) -> None:
    sizes = np.geomspace(100, 1e5, 40).round().tolist()
    frame = samples(lambda n: 1e-8 * n**1.5, rng, sizes, repetitions=1)
    frame.loc[[5, 20], "seconds_per_eval"] *= 4
    assert bench.discover(frame).law.text == "n**1.5"


def test_the_scale_of_time_does_not_matter(rng: np.random.Generator) -> None:
    frame = samples(lambda n: 1e-8 * n * np.log(n), rng, noise=0.05)
    longer = frame.assign(seconds_per_eval=frame["seconds_per_eval"] * 1e6)
    longer.attrs = frame.attrs
    one, other = bench.discover(frame), bench.discover(longer)
    assert texts(one) == texts(other)
    assert [c.weight for c in one.candidates] == pytest.approx([c.weight for c in other.candidates], rel=1e-3)


def test_the_law_of_the_counts_restricts_the_terms(rng: np.random.Generator) -> None:
    frame = samples(lambda n: 1e-8 * n**2 + 3e-6 * n, rng, repetitions=2)
    found = bench.discover(frame, counts="n**2 + n + 7")
    assert texts(found) == ["n**2 + n"]
    assert [term.role for term in found.fit.terms] == ["law", "law", "overhead"]
    with pytest.raises(FitError, match="counts '7': the same at every point"):
        bench.discover(frame, counts="7")
    with pytest.raises(FitError, match="unknown name 'k'"):
        bench.discover(frame, counts="k**2")


def test_too_few_points_and_wrong_factors_are_refused(rng: np.random.Generator) -> None:
    frame = samples(lambda n: 1e-8 * n, rng, [1000, 2000, 4000])
    with pytest.raises(FitError, match="points: 3; finding a law needs 4 or more"):
        bench.discover(frame)
    with pytest.raises(FitError, match="factor 'm': no such column"):
        bench.discover(frame, factors=["m"])
    still = samples(lambda n: n, rng, [1000])
    with pytest.raises(FitError, match="points: 1 "):
        bench.discover(still)


def test_a_file_is_read_as_by_load(tmp_path: Path, rng: np.random.Generator) -> None:
    path = tmp_path / "times.csv"
    samples(lambda n: 1e-8 * n**2, rng).to_csv(path, index=False)
    assert bench.discover(path).law.text == "n**2"


def test_bytes_without_noise_have_a_law_too() -> None:
    n = np.array(SIZES, dtype=float)
    frame = pd.DataFrame({"n": n, "peak_bytes": 8 * n**2 + 64})
    frame.attrs["factors"] = ["n"]
    found = bench.discover(frame, response="peak_bytes")
    assert [one.law.text for one in found.candidates] == ["n**2"]
    assert found.decides is None


def test_levels_of_any_size_are_searched_without_a_fault(rng: np.random.Generator) -> None:
    points = {name: 10.0 ** rng.uniform(2, 15, 24) for name in ("a", "b", "c")}
    seconds = 1e-30 * points["a"] * points["b"] * np.exp(0.3 * rng.standard_normal(24))
    frame = pd.DataFrame({**points, "seconds_per_eval": seconds})
    frame.attrs["factors"] = ["a", "b", "c"]
    assert bench.discover(frame).law.text == "a*b"


def test_nine_factors_are_searched(rng: np.random.Generator) -> None:
    points = {name: rng.choice([2.0, 4, 8, 16], 60) for name in "abcdefghi"}
    found = bench.discover(of_law("a*b*c*d*e*f*g*h*i + a*b", points, (1e-8, 1e-7), rng))
    assert "a*b*c*d*e*f*g*h*i" in set(map(str, found.law.terms))


@pytest.mark.parametrize("seed", range(5))
def test_a_time_that_does_not_grow_has_the_law_1(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = np.repeat([100, 200, 400, 800, 1600, 3200, 6400, 12_800], 5)
    frame = pd.DataFrame({"n": n, "seconds_per_eval": 1e-3 * np.exp(rng.normal(0, 0.02, n.size))})
    found = bench.discover(frame, factors=["n"])
    assert found.law.text == "1"
    assert found.predict([{"n": 1_000_000}])[0].high < 1.2e-3
    growing = bench.discover(samples(lambda n: 1e-8 * n, rng))
    assert growing.law.text == "n"
    assert "1" not in texts(growing)


def test_a_time_that_does_not_grow_has_no_power_that_is_nothing() -> None:
    n = [10.0, 28, 77, 215, 599, 1668, 4642, 12_915, 35_938, 100_000]
    seconds = [968.791, 1006.08, 973.605, 1017.37, 1009.65, 980.168, 1021.62, 1008.93, 1026.3, 1016.01]
    found = bench.discover(pd.DataFrame({"n": n, "seconds_per_eval": np.array(seconds) * 1e-6}))
    assert found.answer.law.text == "1"
