"""Laws of means over inputs: statistics, with the leading terms alone."""

from __future__ import annotations

import numpy as np
from bptt_bench.analyse.derive.mean_laws import MeanLaw, mean_laws
from bptt_bench.analyse.derive.spread import Spread


def spread(n: int, mean: float) -> Spread:
    return Spread(at={"n": n}, mean=mean, deviation=0.05 * mean, inputs=20)


def test_the_mean_of_a_quick_sort_follows_its_law(rng: np.random.Generator) -> None:
    sizes = [16 * 2**i for i in range(8)]
    means = [1.39 * n * np.log2(n) * float(np.exp(0.005 * rng.standard_normal())) for n in sizes]
    found = mean_laws([spread(n, mean) for n, mean in zip(sizes, means, strict=True)])
    assert found == (MeanLaw(law="n*log(n)", weight=1.0),)


def test_few_levels_or_counts_of_nothing_have_no_law() -> None:
    assert mean_laws([spread(n, n) for n in (10, 20, 40, 80)]) == ()
    assert mean_laws([spread(n, 0.0) for n in (10, 20, 40, 80, 160)]) == ()
    assert mean_laws([]) == ()
