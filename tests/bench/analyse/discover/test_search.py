"""The search reaches laws that lie far from where it starts, and its prior prefers terms that belong together."""

from __future__ import annotations

import numpy as np
import pytest
from bptt_bench.analyse.discover.family import ABSENT, Term, lattice, make_family
from bptt_bench.analyse.discover.marginal_likelihood import noise_prior
from bptt_bench.analyse.discover.search import Search


def faces() -> dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """The faces through the middle of 5 by 5 by 5."""
    axis = 16.0 * 2.5 ** np.arange(5)
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    kept = grid[(grid == axis[2]).any(axis=1)]
    return dict(zip("nmk", kept.T, strict=True))


def search_of(law: tuple[Term, ...], coefficients: tuple[float, ...], noise: float = 0.02) -> Search:
    levels = faces()
    family = make_family(levels)
    columns = family.columns(law)
    columns = columns / columns[:, len(columns[0]) // 2 : len(columns[0]) // 2 + 1]
    seconds = 1e-3 * (np.array(coefficients) @ columns)
    seconds = seconds * np.exp(noise * np.random.default_rng(0).standard_normal(len(seconds)))
    return Search(family, seconds, np.ones(len(seconds)), noise_prior(noise))


@pytest.mark.parametrize(
    "law",
    [
        ((lattice(4, 1), lattice(6, 1), lattice(2, 2)), (lattice(7, 0), lattice(8, 1), lattice(2, 0))),
        ((lattice(4, 0), lattice(4, 0), lattice(4, 0)), (lattice(8, 0), ABSENT, ABSENT)),
        ((lattice(10, 0), lattice(1, 1), ABSENT), (ABSENT, lattice(6, 0), lattice(3, 0))),
    ],
)
def test_two_terms_of_three_factors_are_reached(law: tuple[Term, ...]) -> None:
    search = search_of(law, (1.0, 0.7))
    search.run()
    true = tuple(sorted(law))
    assert true in search.kept()


def test_terms_made_from_the_first_and_plain_laws_cost_less() -> None:
    n, n_squared = lattice(4, 0), lattice(8, 0)
    first: Term = (n, n, n)
    search = search_of((first,), (1.0,))
    laws = {
        "made from it": (first, (n, n, ABSENT)),
        "of its own": (first, (n_squared, lattice(12, 0), ABSENT)),
        "not plain": (first, (n, lattice(5, 0), ABSENT)),
    }
    search.try_laws(tuple(sorted(law)) for law in laws.values())
    costs = {name: search.law_cost(tuple(sorted(law))) for name, law in laws.items()}
    assert costs["made from it"] < costs["of its own"]
    assert costs["made from it"] < costs["not plain"]
    assert search.law_cost((first,)) < min(costs.values())
