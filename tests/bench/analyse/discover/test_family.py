"""The shapes that terms are made of: their values, their texts and what is undefined."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.discover.family import (
    INVERSE,
    N_POWERS,
    TOTAL_WEIGHT,
    lattice,
    make_family,
    powers_of,
    prior_weight,
)
from bptt_bench.plan import CostLaw

LEVELS = {"n": np.array([2.0, 5.0, 30.0]), "m": np.array([3.0, 7.0, 11.0])}


def test_the_text_of_a_term_has_its_values() -> None:
    family = make_family(LEVELS)
    shapes = [0, lattice(4, 0), lattice(3, 2), lattice(0, 1), lattice(16, 1), N_POWERS]
    terms = [(one, other) for one in shapes for other in shapes]
    for term, column in zip(terms, family.columns(terms), strict=True):
        expected = CostLaw(family.text(term)).evaluate(LEVELS)
        assert column == pytest.approx(expected, rel=1e-12)


def test_the_constant_is_the_term_of_no_factor() -> None:
    family = make_family(LEVELS)
    assert family.text(family.constant) == "1"
    assert family.columns([family.constant]).tolist() == [[1.0, 1.0, 1.0]]


def test_shapes_of_the_lattice_have_their_powers() -> None:
    assert powers_of(lattice(6, 1)) == (6, 1)
    assert powers_of(N_POWERS) is None


def test_priors_add_up_to_one_and_prefer_whole_powers() -> None:
    family = make_family({"n": np.array([1000.0, 2000.0, 1e6])})  # too large for an exponential
    assert np.exp(-family.costs[0]).sum() == pytest.approx(1)
    assert prior_weight(4, 0) > prior_weight(2, 0) > prior_weight(3, 0)
    assert prior_weight(4, 0) > prior_weight(4, 1) > prior_weight(4, 2)
    assert family.cost((lattice(4, 0),)) == pytest.approx(np.log(TOTAL_WEIGHT))


def test_a_factor_has_powers_below_0_only_where_the_time_falls_with_it() -> None:
    plain, falls = make_family(LEVELS), make_family(LEVELS, falling=["m"])
    assert all(np.isinf(costs[INVERSE]) for costs in plain.costs)
    assert np.isinf(falls.costs[0][INVERSE])
    assert falls.text((lattice(4, 0), INVERSE)) == "n*m**(-1)"
    assert falls.columns([(lattice(4, 0), INVERSE)])[0] == pytest.approx(LEVELS["n"] / LEVELS["m"])
    assert powers_of(INVERSE) == (-4, 0)
    assert falls.costs[0] == pytest.approx(plain.costs[0])


def test_a_logarithm_below_zero_is_no_shape() -> None:
    family = make_family({"p": np.array([0.5, 2.0, 4.0])})
    assert np.isinf(family.costs[0][lattice(4, 1)])
    assert np.isfinite(family.costs[0][lattice(4, 0)])


def test_bases_of_exponentials_follow_from_small_levels_alone() -> None:
    small = make_family({"n": np.array([4.0, 8.0, 16.0])}, {"n": np.log(1.7)})
    assert small.texts[0][N_POWERS:] == ("2**n", "3**n", "1.7**n")
    assert make_family({"n": np.array([10.0, 100.0, 1000.0])}).texts[0][N_POWERS:] == ()
