"""Overhead that nobody named: taken up where the data ask for it or cannot rule it out, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse import fit
from bptt_bench.analyse.fitting.overhead import select_overhead
from bptt_bench.errors import FitError
from bptt_bench.plan import CostLaw, Design

from tests.bench.analyse.made import COEFFICIENTS, FULL, LAW, levels, seconds, table

AT = levels()


def test_what_is_there_is_taken_up_in_the_order_of_the_candidates() -> None:
    assert select_overhead(CostLaw(LAW), AT, np.log(seconds())) == ("1", "T")


def test_a_line_that_is_not_seen_is_not_put_beside_its_product_with_a_logarithm(rng: np.random.Generator) -> None:
    """It would take most of such a law, of which nothing could then be tested."""
    n = np.geomspace(100, 250_000, 15)
    taken = 0
    for _ in range(20):
        noisy = np.log((5e-9 * n * np.log(n) + 2e-4) * np.exp(0.05 * rng.normal(size=n.size)))
        taken += "n" in select_overhead(CostLaw("n*log(n)"), {"n": n}, noisy)
        assert "n" in select_overhead(CostLaw("n**2"), {"n": n}, np.log(5e-13 * n**2 + 2e-8 * n + 2e-4))
    assert taken <= 4
    assert "n" in select_overhead(CostLaw("n*log(n)"), {"n": n}, np.log(1e-9 * n * np.log(n) + 5e-8 * n))


def test_what_exact_data_rule_out_is_left_out() -> None:
    exact = seconds(law=CostLaw(LAW), coefficients=COEFFICIENTS[:3])
    assert select_overhead(CostLaw(LAW), AT, np.log(exact)) == ()


def test_a_constant_that_noise_hides_is_taken_up_with_an_interval_that_holds_it(rng: np.random.Generator) -> None:
    covered, hidden = [], 0
    for _ in range(40):
        small = np.append(COEFFICIENTS[:3], [2e-6, 3e-6])  # 4 % of the time at the smallest points, under 10 % noise
        found = fit(table(seconds(coefficients=small), rng=rng, noise=0.1, point_effects=0.05), LAW)
        (constant,) = [term for term in found.terms if term.term == "1"]
        hidden += constant.low == 0
        covered.append(constant.low <= 2e-6 <= constant.high)
    assert hidden > 20
    assert np.mean(covered) >= 0.9


def test_factors_of_single_terms_are_taken_up_only_where_the_data_ask_for_them(rng: np.random.Generator) -> None:
    for _ in range(5):
        noisy = np.log(seconds()) + rng.normal(0, 0.2, len(AT["T"]))
        assert set(select_overhead(CostLaw(LAW), AT, noisy)) >= {"1", "T", "H"}  # T and H stand in every term
    d_too = seconds() + 1e-6 * AT["d"]
    assert "d" in select_overhead(CostLaw(LAW), AT, np.log(d_too))
    assert "d" not in select_overhead(CostLaw(LAW), AT, np.log(seconds()))


def test_few_points_take_up_only_what_they_ask_for(rng: np.random.Generator) -> None:
    few = Design.of({"n": n} for n in (1, 2, 4))
    at = {"n": np.array([1.0, 2, 4])}
    assert select_overhead(CostLaw("n"), at, np.log([1.1, 1.9, 4.2])) == ()
    assert fit(table(np.array([1.1, 1.9, 4.2]), few), "n").full_law.text == "n"


def test_units_do_not_matter(rng: np.random.Generator) -> None:
    y = np.log(seconds()) + rng.normal(0, 0.1, len(AT["T"]))
    assert select_overhead(CostLaw(LAW), AT, y) == select_overhead(CostLaw(LAW), AT, y + np.log(1e6))


@pytest.mark.parametrize("term", ["1", "T"])
def test_terms_of_the_law_are_no_candidates(term: str) -> None:
    assert term not in select_overhead(FULL, AT, np.log(seconds()))


@pytest.mark.parametrize("law", ["log(n)", "n*log(n)", "n*(n-1)"])
def test_the_constant_is_taken_up_where_the_law_is_0_at_a_point(law: str, rng: np.random.Generator) -> None:
    """At n = 1 these laws say that nothing happens; the time there is that of a call."""
    along = Design.of({"n": n} for n in (1, 2, 4, 8, 16, 32, 64))
    shape = CostLaw(law).columns({"n": np.array([1.0, 2, 4, 8, 16, 32, 64])})[:, 0]
    exact = fit(table(2e-6 + 3e-8 * shape, along), law)
    assert exact.full_law.text == f"{CostLaw(law).text} + 1"
    assert exact.coefficients == pytest.approx([3e-8, 2e-6], rel=1e-6)
    noisy = fit(table(2e-6 + 3e-8 * shape, along, rng=rng, noise=0.05), law)
    assert all(np.isfinite([term.low, term.coefficient, term.high]).all() for term in noisy.terms[:2])


def test_a_law_that_is_0_at_a_point_by_the_terms_one_names_is_refused_in_one_line() -> None:
    along = Design.of({"n": n, "m": m} for n in (1, 2, 4, 8) for m in (1, 3, 9))
    times = table(np.ones(12), along)
    with pytest.raises(FitError, match=r"^law 'n\*log\(n\)': is 0 at n=1 m=1, where a cost was measured; the overhead"):
        fit(times, "n*log(n)", overhead=())
    assert fit(times, "n*log(n)", overhead=("m",)).n_points == 12


@pytest.mark.parametrize("law", ["log(n)", "n**0.5", "n**-1"])
def test_what_outgrows_the_law_is_no_overhead_of_it(law: str, rng: np.random.Generator) -> None:
    n = np.geomspace(100, 1e6, 10)
    bent = CostLaw(law).evaluate({"n": n}) * (1 + 0.2 * n / n.max())
    assert "n" not in select_overhead(CostLaw(law), {"n": n}, np.log(bent * np.exp(0.01 * rng.standard_normal(10))))


def test_a_factor_that_no_law_can_name_is_no_candidate() -> None:
    n = np.geomspace(100, 250_000, 15)
    threads = np.tile([1.0, 2.0, 4.0], 5)
    found = select_overhead(CostLaw("n"), {"n": n, "Num Threads": threads, "log": threads}, np.log(1e-9 * n + 2e-4))
    assert found == ("1",)


def test_a_constant_law_has_no_overhead() -> None:
    n = np.array([1e3, 2e3, 4e3, 8e3, 16e3])
    assert select_overhead(CostLaw("1"), {"n": n}, np.log(3.0 + 1e-4 * n)) == ()
