"""Terms of a law that cannot be distinguished, because one is a multiple of the other wherever they are measured."""

from __future__ import annotations

import functools
from itertools import combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from bptt_bench.errors import LawError
from bptt_bench.plan.law.law import CostLaw

LEVELS = 10.0 ** np.linspace(-3, 12, 61)  # small ones, not whole numbers, and large ones beyond thresholds
Values: TypeAlias = NDArray[np.float64]
SAME = 1e-9  # relative: how far the ratio of two terms may vary if one is a multiple of the other


def with_distinct_terms(law: CostLaw) -> CostLaw:
    """Return a law of which no term is a multiple of another: no data could say how much of the cost is whose.

    Raises
    ------
    LawError : one is.

    >>> with_distinct_terms(CostLaw("n + ceil(n/64)"))
    CostLaw('n + ceil(n/64)')
    >>> with_distinct_terms(CostLaw("n*log2(n) + n*log(n)"))
    Traceback (most recent call last):
    ...
    bptt_bench.errors.LawError: law 'n*log2(n) + n*log(n)': 'n*log(n)' is a multiple of 'n*log2(n)'; leave out one
    """
    found = _find_multiple(law)
    if found is not None:
        raise LawError(f"law {law.text!r}: {found[1]!r} is a multiple of {found[0]!r}; leave out one")
    return law


@functools.lru_cache(maxsize=1024)
def _find_multiple(law: CostLaw) -> tuple[str, str] | None:
    """Return two terms of which one is a multiple of the other; None where there are none."""
    rng = np.random.default_rng(0)  # each factor has its levels in another order, so that none goes with another
    table = law.columns({name: rng.permutation(LEVELS) for name in law.factors or ("n",)})
    for i, j in combinations(range(len(law.terms)), 2):
        if law.terms[i].factors == law.terms[j].factors and _are_multiples(table[:, i], table[:, j]):
            return str(law.terms[i]), str(law.terms[j])
    return None


def _are_multiples(one: Values, other: Values) -> bool:
    known = np.isfinite(one) & np.isfinite(other)
    first, second = one[known], other[known]
    if not np.array_equal(first == 0, second == 0) or not first.any():
        return False
    ratio = second[first != 0] / first[first != 0]
    return bool(np.ptp(ratio) <= SAME * abs(ratio[0]))
