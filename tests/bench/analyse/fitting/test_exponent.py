"""The free exponent finds how fast a term really grows, and says when it cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Fit, fit, free_exponent
from bptt_bench.analyse.findings.obstacles import Confounded, FewLevels, NotZeroAtZero, ZeroCoefficient
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, Design

from tests.bench.analyse.made import BASE, COEFFICIENTS, LAW, levels, seconds, table

T = levels()["T"]


def grown(power: float, rng: np.random.Generator | None = None, **noise: float) -> Fit:
    """A fit of the law to data whose terms in T grow as T^power."""
    exact = COEFFICIENTS[3] + (seconds() - COEFFICIENTS[3]) * (T / 16) ** (power - 1)
    return fit(table(exact, rng=rng, **noise), LAW, overhead="1 + T")  # type: ignore[arg-type]  # repetitions stay


TERMS_IN_T = ("T*H*V", "T*H*d", "T*H**2", "T")


@pytest.mark.parametrize("power", [1.0, 1.1, 1.5, 2.0])
def test_exact_data_give_back_the_exponent(power: float) -> None:
    found = free_exponent(grown(power), TERMS_IN_T, "T", BASE)
    assert found.interval.estimate == pytest.approx(power, abs=1e-4)
    assert found.interval.high - found.interval.low < 1e-3
    assert found.law == pytest.approx(1)


def test_what_does_not_grow_has_an_exponent_of_0_and_not_of_rounding() -> None:
    n = np.array([1000.0, 2418, 5848, 14142, 34200, 82704, 200000])
    flat = fit(pd.DataFrame({"n": n, "seconds_per_eval": np.full(len(n), 1288.0)}), "n**0", overhead=())
    assert [str(value) for value in free_exponent(flat, ["n**0"], "n", {"n": 200000}).interval] == ["0.0"] * 3


@pytest.mark.parametrize("power", [1.0, 1.1, 2.0])
def test_noisy_data_give_back_the_exponent_within_its_interval(rng: np.random.Generator, power: float) -> None:
    found = free_exponent(grown(power, rng, noise=0.01, point_effects=0.02, disturbed=0.1), TERMS_IN_T, "T", BASE)
    assert found.interval.low <= power <= found.interval.high
    assert found.interval.high - found.interval.low < 0.1


def test_the_exponent_of_one_term_among_others_is_found() -> None:
    at = levels()
    others = COEFFICIENTS[1:] @ np.stack([at["T"] * at["H"] * at["d"], at["T"] * at["H"] ** 2, T**0, T])
    exact = COEFFICIENTS[0] * T * at["H"] * at["V"] ** 1.2 * 512**-0.2 + others
    found = free_exponent(fit(table(exact), LAW, overhead="1 + T"), ["T*H*V"], "V", BASE)
    assert found.interval.estimate == pytest.approx(1.2, abs=1e-4)


def test_terms_of_different_exponents_are_freed_together_weighted_by_share() -> None:
    found = free_exponent(grown(1.0), ["T*H*d", "T*H**2"], "H", BASE)
    d_share = 2e-10 * 64 * 64 / (2e-10 * 64 * 64 + 2e-10 * 64 * 64)
    assert found.law == pytest.approx(1 * d_share + 2 * (1 - d_share), rel=1e-6)
    assert found.interval.estimate == pytest.approx(1.5, abs=1e-4)


def test_the_exponent_does_not_depend_on_the_unit_of_time(rng: np.random.Generator) -> None:
    frame = table(seconds(), rng=rng, noise=0.01, point_effects=0.03)
    scaled = frame.assign(seconds_per_eval=frame["seconds_per_eval"] * 1e6)
    plain, other = (free_exponent(fit(f, LAW, overhead="1 + T"), ["T*H*V"], "V", BASE) for f in (frame, scaled))
    assert other.interval == pytest.approx(plain.interval, rel=1e-4)


def test_the_reference_level_moves_the_share_but_not_the_exponent_of_a_power() -> None:
    found = grown(1.0)
    near, far = (free_exponent(found, TERMS_IN_T, "T", BASE.replace(T=t)) for t in (4, 128))
    assert near.interval.estimate == pytest.approx(far.interval.estimate, abs=1e-4)
    assert near.share < far.share


def test_a_term_fitted_with_zero_has_no_exponent() -> None:
    exact = seconds(law=CostLaw(LAW), coefficients=[0, 2e-10, 2e-10])
    found = free_exponent(fit(table(exact), LAW, overhead=()), ["T*H*V"], "V", BASE)
    assert found.obstacle == ZeroCoefficient(terms=("T*H*V",))
    assert found.share == 0


def test_a_term_is_freed_together_with_what_it_costs_beyond_a_threshold(rng: np.random.Generator) -> None:
    at = levels()
    slower = 1 + 2 * np.maximum(0, 1 - 2e6 / (8 * at["H"] * at["V"]))
    exact = seconds() + COEFFICIENTS[0] * T * at["H"] * at["V"] * (slower - 1)
    frame = table(exact, rng=rng, noise=0.005)
    found = fit(frame, LAW, overhead="1 + T", term_bytes={"T*H*V": "8*H*V"})
    (companion,) = found.companions(found.indices(["T*H*V"]))
    assert found.full_law.terms[companion].factors == {"T", "H", "V"}
    free = free_exponent(found, ["T*H*V"], "V", BASE.replace(V=16384))
    assert free.share == pytest.approx(
        found.share(["T*H*V", str(found.full_law.terms[companion])], BASE.replace(V=16384)).estimate
    )
    assert free.law == pytest.approx(1)
    assert free.interval.low <= 1 <= free.interval.high


def test_several_factors_that_grow_alike_have_the_sum_of_their_exponents() -> None:
    found = free_exponent(grown(1.0), ["T*H*V"], ["T", "H", "V"], BASE)
    assert found.law == pytest.approx(3)
    assert found.interval.estimate == pytest.approx(3, abs=1e-3)


def test_along_both_factors_together_a_sum_is_no_product() -> None:
    design = Design.grid({"n": [100, 1000, 10_000], "m": [100, 1000, 10_000]})
    times = seconds(design, CostLaw("n + m"), [1e-8, 1e-8])
    product, total = (fit(table(times, design), law, overhead="1") for law in ("n*m", "n + m"))
    at = {"n": 10_000, "m": 10_000}
    right, wrong = (free_exponent(one, list(map(str, one.law.terms)), ["n", "m"], at) for one in (total, product))
    assert (right.law, wrong.law) == pytest.approx((1, 2))
    assert right.interval.estimate == pytest.approx(1, abs=1e-3)
    assert wrong.interval.high < 1.5


def test_two_levels_do_not_make_an_exponent() -> None:
    design = Design.grid({"n": [1, 2], "m": [1, 2, 4, 8]})
    found = fit(table(seconds(design, CostLaw("n*m"), [1.0]), design), "n*m", overhead=())
    two = FewLevels(factors=("n",), n_levels=2, needed=3)
    assert free_exponent(found, ["n*m"], "n", {"n": 1, "m": 1}).obstacle == two
    assert free_exponent(found, ["n*m"], "m", {"n": 1, "m": 1}).obstacle is None
    assert free_exponent(found, ["n*m"], ["n", "m"], {"n": 1, "m": 1}).obstacle is None
    square = Design.of([{"n": 1, "m": 4}, {"n": 2, "m": 2}, {"n": 4, "m": 1}, {"n": 4, "m": 4}])
    same = fit(table(seconds(square, CostLaw("n*m"), [1.0]), square), "n*m", overhead=())
    together = free_exponent(same, ["n*m"], ["n", "m"], {"n": 4, "m": 4}).obstacle
    assert together == FewLevels(factors=("n", "m"), n_levels=2, needed=3)


def test_a_factor_or_term_that_is_not_there_is_refused() -> None:
    found = grown(1.0)
    with pytest.raises(FitError, match=r"factor 'X': does not occur in the law 'T\*H\*V"):
        free_exponent(found, ["T*H*d"], "X", {**BASE, "X": 1})
    with pytest.raises(FitError, match=r"term 'T\*\*2': not in the law"):
        free_exponent(found, ["T**2"], "T", BASE)
    with pytest.raises(FitError, match="needs T above 0"):
        free_exponent(found, ["T"], "T", {"V": 1})


def test_the_profile_agrees_with_the_interval_where_there_is_little_noise(rng: np.random.Generator) -> None:
    found = free_exponent(fit(noisy_lines(rng, exponent=1.0, noise=0.02), "n*m", overhead="n"), ["n*m"], "m", LARGEST)
    low, high = found.profile
    assert low < 1 < high
    assert high - low == pytest.approx(found.interval.high - found.interval.low, rel=0.5)


def test_a_refutation_needs_the_profile_too(rng: np.random.Generator) -> None:
    """Noise of 40 % at points of their own: sandwich intervals off the truth are seldom confirmed by the profile."""
    sandwich = both = 0
    for _ in range(60):
        found = free_exponent(
            fit(noisy_lines(rng, exponent=1.0, noise=0.4), "n*m", overhead="n"), ["n*m"], "m", LARGEST
        )
        off = found.interval.low > 1.05 or found.interval.high < 0.95
        sandwich += off
        both += off and (found.profile[0] > 1.05 or found.profile[1] < 0.95)
    assert both <= sandwich
    assert both <= 3


def test_a_wrong_law_is_refuted_by_both(rng: np.random.Generator) -> None:
    found = free_exponent(fit(noisy_lines(rng, exponent=1.3, noise=0.02), "n*m", overhead="n"), ["n*m"], "m", LARGEST)
    assert found.interval.low > 1.1
    assert found.profile[0] > 1.1


LARGEST = {"n": 16, "m": 4096}


def noisy_lines(rng: np.random.Generator, *, exponent: float, noise: float) -> pd.DataFrame:
    """Lines in n and m through a base point, each point with an effect of its own, three samples a point."""
    points = [(n, 64) for n in (4, 8, 16, 32, 64)] + [(16, 2**k) for k in range(2, 13) if k != 6]
    rows = []
    for n, m in points:
        effect = np.exp(noise * rng.standard_normal())
        seconds = (2e-9 * n * m**exponent + 1e-8 * n) * effect
        rows += [
            {"n": n, "m": m, "seconds_per_eval": seconds * np.exp(0.005 * rng.standard_normal())} for _ in range(3)
        ]
    return pd.DataFrame(rows)


DENSITY = np.array([0.0, 0.01, 0.05, 0.1, 0.2, 0.5])


def dense(power: float = 1.0) -> pd.DataFrame:
    """5 ns and 1 ns times density^power for each of n numbers; at density 0 the first alone."""
    n, density = (each.ravel() for each in np.meshgrid([1e3, 1e4, 1e5], DENSITY))
    return pd.DataFrame({"n": n, "density": density, "seconds_per_eval": n * (5e-9 + 1e-6 * density**power)})


def test_a_level_of_0_tells_the_other_terms_and_bends_none() -> None:
    at = {"n": 1e5, "density": 0.1}
    for power in (1.0, 1.5):
        found = free_exponent(fit(dense(power), "n*density", overhead="n"), ["n*density"], "density", at)
        assert found.interval.estimate == pytest.approx(power, abs=1e-4)
        assert found.obstacle is None


def test_a_term_that_is_there_at_level_0_has_no_power_of_the_factor() -> None:
    found = free_exponent(
        fit(dense(), "n*(density+1)", overhead=()), ["n*(density+1)"], "density", {"n": 1e3, "density": 0.1}
    )
    assert found.obstacle == NotZeroAtZero(terms=("n*(density+1)",), factor="density")
    assert not np.isfinite(found.interval.high)


def test_levels_of_0_do_not_count_as_levels() -> None:
    samples = dense()
    few = samples[samples["density"].isin([0.0, 0.1, 0.5])]
    found = free_exponent(fit(few, "n*density", overhead="n"), ["n*density"], "density", {"n": 1e3, "density": 0.1})
    assert found.obstacle == FewLevels(factors=("density",), n_levels=2, needed=3)


@pytest.mark.parametrize(
    ("points", "repetitions", "overhead"), [(4, 1, ()), (5, 1, ("1",)), (6, 2, ("1",)), (8, 1, ("1",)), (8, 2, ())]
)
def test_few_points_of_one_or_two_samples_have_intervals_that_hold_the_truth(
    points: int, repetitions: int, overhead: tuple[str, ...], rng: np.random.Generator
) -> None:
    """Huber's scale by the median alone was 0 with few points, and 15 of 60 intervals held the exponent."""
    sizes = np.geomspace(100, 10_000, points).round()
    exact = 1e-6 * sizes + (1e-4 if overhead else 0.0)
    design = Design.of({"n": n} for n in sizes.tolist())
    covered, widths = 0, []
    for _ in range(60):
        found = fit(table(exact, design, rng=rng, noise=0.05, repetitions=repetitions), "n", overhead=overhead)
        _, low, high = free_exponent(found, ["n"], "n", {"n": float(sizes[-1])}).interval
        covered += low <= 1 <= high
        widths.append(high - low)
    assert covered >= 51  # binomial(60, 0.95): 51 or more in 99.9 % of runs
    assert min(widths) > 1e-3


def test_a_term_that_is_0_where_it_is_judged_has_no_exponent_there() -> None:
    design = Design.of({"n": n} for n in (1, 2, 4, 8, 16, 32))
    shape = np.array([n * np.log(n) for n in (1, 2, 4, 8, 16, 32)])
    found = free_exponent(fit(table(1 + shape, design), "n*log(n)"), ["n*log(n)"], "n", {"n": 1})
    assert np.isnan(found.law)
    assert found.share == 0


@pytest.mark.parametrize("law", ["1", "n", "n**4", "n**9"])
def test_an_exponent_that_is_many_powers_off_is_found(law: str) -> None:
    levels = np.array([8.0, 11.0, 14.0, 17.0, 20.0, 23.0])
    frame = pd.DataFrame({"n": levels, "seconds_per_eval": 1e-9 * levels**9})
    fitted = fit(frame, law if law != "1" else "n**0", overhead=())
    (term,) = map(str, fitted.law.terms)
    found = free_exponent(fitted, [term], "n", {"n": 23.0})
    assert found.interval.estimate == pytest.approx(9.0, abs=1e-4)
    assert found.obstacle is None


def test_an_exponent_wider_than_all_that_is_searched_is_unknown(rng: np.random.Generator) -> None:
    n = np.array([1000.0, 1001.0, 1002.0, 1003.0, 1004.0, 1005.0])
    near = pd.DataFrame({"n": n, "seconds_per_eval": 1e-6 * n * np.exp(0.3 * rng.standard_normal(6))})
    found = free_exponent(fit(near, "n", overhead=()), ["n"], "n", {"n": 1000.0})
    assert isinstance(found.obstacle, Confounded)
    assert (found.interval.low, found.interval.high) == (-np.inf, np.inf)
