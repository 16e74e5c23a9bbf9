"""Overhead terms that the data ask for: the constant and the single factors, added while AICc falls.

Leaving out c·T cost more accuracy than 20 % noise did, so a term needs no more than a lower AICc to enter.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bench.analyse.estimate import Solution, solve
from bench.analyse.location import Array
from bench.plan import CostLaw, LawError


def select_overhead(
    law: CostLaw, levels: Mapping[str, Array], log_seconds: Array, *, robust: bool = False
) -> tuple[str, ...]:
    """Terms out of ``1`` and each factor that varies, by forward selection; those the law has already are left out."""
    present = {str(term) for term in law.terms}
    varied = [name for name, values in levels.items() if len(np.unique(values)) > 1 and (values > 0).all()]
    candidates = [name for name in ("1", *varied) if name not in present]
    chosen: list[str] = []
    best = _solve(law, chosen, levels, log_seconds, robust=robust)
    while candidates:
        trials = {name: _solve(law, [*chosen, name], levels, log_seconds, robust=robust) for name in candidates}
        winner = min(trials, key=lambda name: trials[name].aicc)
        if not trials[winner].aicc < best.aicc:
            break
        best = trials[winner]
        chosen.append(winner)
        candidates.remove(winner)
    used = best.coefficients[len(law.terms) :] > 0
    return tuple(name for name, is_used in zip(chosen, used, strict=True) if is_used)


def _solve(law: CostLaw, extra: list[str], levels: Mapping[str, Array], y: Array, *, robust: bool) -> Solution:
    return solve(law.plus(*extra).columns(dict(levels)), y, robust=robust)


def parse_overhead(overhead: str | tuple[str, ...] | list[str], law: CostLaw) -> tuple[str, ...]:
    """Overhead terms as a law writes them, less those of the law; ``"1 + T"`` and ``("1", "T")`` are the same.

    Raises
    ------
    LawError : a term that is not a law.
    """
    texts = (overhead,) if isinstance(overhead, str) else tuple(overhead)
    terms = [str(term) for text in texts for term in CostLaw(text).terms]
    return tuple(dict.fromkeys(term for term in terms if term not in {str(own) for own in law.terms}))


__all__ = ["LawError", "parse_overhead", "select_overhead"]
