"""A cache threshold is found where there is one, and not where there is none; with it the plain law holds again."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse.findings.remarks import CacheRegime, SelectedPoints
from bptt_bench.analyse.fitting.exponent import free_exponent
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.analyse.fitting.regime import select_regimes
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.plan import CostLaw, Design, Experiment, ExponentClaim, Factor, Point, Profile, Subject
from bptt_bench.report.words.documents import fit_document
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.validation import LAWS, Setting
from bptt_bench.validation import simulate as simulated
from bptt_bench.validation.simulate import STEP_BYTES

POINTS = Design.lines({"n": 16, "m": 64}, {"n": [4, 8, 32, 64], "m": [2**k for k in range(2, 15)]})
LAW = "n*m"
BYTES = {"n*m": "8*m"}
THRESHOLD = 8 * 1500


def simulate(
    rng: np.random.Generator, *, slower: float, noise: float = 0.005, point_effect: float = 0.0
) -> pd.DataFrame:
    rows = []
    for point in POINTS:
        n, m = point["n"], point["m"]
        beyond = max(0.0, 1 - (THRESHOLD / (8 * m)) ** 2)
        seconds = 2e-9 * n * m * (1 + (slower - 1) * beyond) + 1e-7 * n
        seconds *= np.exp(point_effect * rng.standard_normal())
        rows += [
            {"n": n, "m": m, "block": block, "seconds_per_eval": seconds * np.exp(noise * rng.standard_normal())}
            for block in range(5)
        ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("slower", [1.3, 2.5])
def test_a_threshold_is_found_with_what_lies_beyond_it(slower: float, rng: np.random.Generator) -> None:
    found = fit(simulate(rng, slower=slower), LAW, overhead="n", term_bytes=BYTES)
    (regime,) = found.regimes
    assert regime.low <= THRESHOLD * 1.5
    assert regime.high >= THRESHOLD / 1.5
    by_term = {term.term: term for term in found.terms}
    beyond = by_term[regime.companion]
    assert beyond.role == "regime"
    assert 1 + beyond.coefficient / by_term["n*m"].coefficient == pytest.approx(slower, rel=0.15)
    assert "each operation of n·m costs up to" in words(found.cache_regimes()[0])
    assert found.cache_regimes(["other"]) == ()
    assert found.error.max < 0.05


def test_two_caches_are_two_thresholds_of_a_term(rng: np.random.Generator) -> None:
    """Beyond the second, an operation costs what both have added."""
    first, second = THRESHOLD / 16, THRESHOLD
    frame = simulate(rng, slower=1.0)
    for threshold, additional in ((first, 2e-9), (second, 3e-9)):
        beyond = np.maximum(0.0, 1 - (threshold / (8 * frame["m"])) ** 2)
        frame["seconds_per_eval"] += additional * frame["n"] * frame["m"] * beyond
    found = fit(frame, LAW, overhead="n", term_bytes=BYTES)
    lower, upper = sorted(found.cache_regimes(), key=lambda one: one.threshold.estimate)
    assert lower.threshold.estimate == pytest.approx(first, rel=0.5)
    assert upper.threshold.estimate == pytest.approx(second, rel=0.5)
    assert [lower.slowdown, upper.slowdown] == pytest.approx([2.0, 3.5], rel=0.1)
    assert found.error.max < 0.05


def test_a_sharp_step_is_one_threshold(rng: np.random.Generator) -> None:
    """A ramp only resembles it, and a second one nearby would resemble it better."""
    frame = simulate(rng, slower=1.0)
    frame.loc[8 * frame["m"] > THRESHOLD, "seconds_per_eval"] += 3e-9 * frame["n"] * frame["m"]
    found = fit(frame, LAW, overhead="n", term_bytes=BYTES)
    thresholds = [regime.threshold for regime in found.regimes]
    assert thresholds
    assert all(max(a / b, b / a) >= 4 for a, b in itertools.combinations(thresholds, 2))
    assert min(thresholds) == pytest.approx(THRESHOLD, rel=0.5)


def test_exponents_are_defined_on_both_sides_of_a_threshold(rng: np.random.Generator) -> None:
    found = fit(simulate(rng, slower=2.5), LAW, overhead="n", term_bytes=BYTES)
    assert found.exponent("m", {"n": 16, "m": 1000}).estimate == pytest.approx(0.95, abs=0.02)
    assert found.exponent("m", {"n": 16, "m": 2500}).estimate > 1.3  # on the ramp
    assert fit_document(found)["terms"][-1]["role"] == "regime"


def test_the_plain_law_bends_without_the_threshold_and_is_straight_with_it(rng: np.random.Generator) -> None:
    frame = simulate(rng, slower=2.5)
    at = {"n": 16, "m": 2**14}
    plain = free_exponent(fit(frame, LAW, overhead="n"), ["n*m"], "m", at).interval
    refined = free_exponent(fit(frame, LAW, overhead="n", term_bytes=BYTES), ["n*m"], "m", at).interval
    assert plain.estimate > 1.04
    assert refined.low <= 1 <= refined.high
    assert refined.estimate == pytest.approx(1, abs=0.02)


def test_no_threshold_is_made_up_where_the_law_holds(rng: np.random.Generator) -> None:
    found = [fit(simulate(rng, slower=1.0), LAW, overhead="n", term_bytes=BYTES).regimes for _ in range(40)]
    assert sum(map(bool, found)) <= 2


def test_a_wrong_exponent_of_another_factor_is_not_taken_for_a_threshold(rng: np.random.Generator) -> None:
    frame = simulate(rng, slower=1.0)
    frame["seconds_per_eval"] *= (frame["n"] / 16) ** 0.2
    found = fit(frame, LAW, overhead="n", term_bytes=BYTES)
    assert free_exponent(found, ["n*m"], "n", {"n": 16, "m": 2**14}).interval.low > 1.05


def test_a_claim_below_a_threshold_is_judged_on_the_points_below_it(rng: np.random.Generator) -> None:
    def claim(name: str, m: int) -> ExponentClaim:
        return ExponentClaim(name=name, subject="s", factor="m", terms=("n*m",), at=Point(n=16, m=m))

    subject = Subject(
        name="s", prepare=lambda _point: lambda: None, law=CostLaw(LAW), overhead=("n",), term_bytes=BYTES
    )
    experiment = Experiment(
        name="toy",
        factors=(Factor(name="n"), Factor(name="m")),
        subjects=(subject,),
        profiles={"quick": Profile(design=POINTS)},
        claims=(claim("below", 512), claim("beyond", 2**14)),
    )
    below, beyond = judge(simulate(rng, slower=2.5).assign(subject="s"), experiment)
    assert below.verdict == "supported"
    n_below = sum(8 * point["m"] <= THRESHOLD for point in POINTS)
    assert SelectedPoints(n_points=n_below, of=len(POINTS)) in below.reason.remarks
    assert not any(isinstance(remark, SelectedPoints) for remark in beyond.reason.remarks)


def test_a_step_under_much_noise_is_found_though_lack_of_fit_is_not() -> None:
    setting = Setting(law="naive", design="625", noise=0.1)
    frame, _ = simulated(setting, np.random.default_rng(np.random.SeedSequence(1).spawn(2)[1]), cache_step=1.3)
    plain = fit(frame, LAWS["naive"], overhead="1 + T")
    searched = fit(frame, LAWS["naive"], overhead="1 + T", term_bytes={"T*H*V": "V*H"})
    assert plain.lack_of_fit.p_value is not None
    assert plain.lack_of_fit.p_value > 0.05
    (regime,) = searched.regimes
    assert regime.threshold == pytest.approx(STEP_BYTES, rel=0.5)


def test_a_known_unit_cost_is_enough_where_the_term_is_a_small_share(rng: np.random.Generator) -> None:
    """Below the step the term takes a tenth of the time at most, but hundreds of points know it well."""
    grid = Design.grid({"n": [1, 2, 4, 8], "m": [2**k for k in range(2, 15)], "k": [1, 2, 3, 4, 5]})
    at = {name: np.array([float(point[name]) for point in grid]) for name in ("n", "m", "k")}
    beyond = 1 + 0.5 * np.maximum(0, 1 - (THRESHOLD / (8 * at["m"])) ** 2)
    exact = 2e-9 * at["n"] * at["m"] * beyond + 3e-5 * at["n"] * at["k"]
    below = at["m"] <= THRESHOLD / 8
    assert (2e-9 * at["n"] * at["m"] / exact)[below].max() < 0.2
    law = CostLaw("n*m + n*k")
    y = np.log(exact) + 0.002 * rng.standard_normal(len(grid))
    (regime,) = select_regimes(law, BYTES, at, y)
    assert regime.threshold == pytest.approx(THRESHOLD, rel=0.5)


def test_what_costs_nothing_below_a_threshold_has_no_regime(rng: np.random.Generator) -> None:
    grid = Design.grid({"n": [1, 2, 4, 8], "m": [1000, 3000], "k": [1, 2, 3, 4, 5]})
    at = {name: np.array([float(point[name]) for point in grid]) for name in ("n", "m", "k")}
    noise = 0.002 * rng.standard_normal(len(grid))
    found = []
    for unit_cost_below in (0.0, 2e-9):
        unit_cost = np.where(at["m"] > 2000, 4e-9, unit_cost_below)
        y = np.log(unit_cost * at["n"] * at["m"] + 3e-5 * at["n"] * at["k"]) + noise
        found.append(len(select_regimes(CostLaw("n*m + n*k"), BYTES, at, y)))
    assert found == [0, 1]


def test_a_law_without_working_sets_is_left_as_it_is(rng: np.random.Generator) -> None:
    assert fit(simulate(rng, slower=2.5), LAW, overhead="n").regimes == ()


@pytest.mark.parametrize(
    ("low", "high", "where"), [(17.8e6, 18.3e6, "18 MB, each"), (12e6, 0.15e9, "18 MB (12 MB to 150 MB), each")]
)
def test_a_threshold_is_given_with_a_range_that_can_be_seen(low: float, high: float, where: str) -> None:
    regime = CacheRegime(term="n", working_set="8*n", threshold=Interval(18e6, low, high), slowdown=2.0)
    assert f"at about {where}" in words(regime)
