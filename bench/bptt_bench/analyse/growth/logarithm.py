"""Whether counts have one logarithm more or less than a law says: n·log(n) and n.

The exponents of the two differ by 1/log(n), no more than steps of the counts and terms of lower order may bend them.
They are told by what each adds to the other: beside 1, log(n) and n, is n·log(n) needed, and how much of the counts is
it at the largest point?

Evidence for the limits: 110 functions of well-known libraries with laws of this kind, of six sets, none of which they
misjudge (docs/decisions, 124).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.growth.margins import Margin
from bptt_bench.analyse.growth.slopes import Response, is_same
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw

POWERS = 1, 2, 3
EXACT = 1e-6  # relative misfit below which counts are followed exactly
LARGE_SHARE = 1 / 100  # of the largest count, from which counts are looked at once more
LEAST_SHARE = 0.2  # of n·log(n) in the counts at the largest point, from which it is there …
FAR_CLOSER, CLOSER = 3.5, 2.0  # … if they are followed so much more closely with it, by one range and by the other, …
END, LEAST_LAST = 1 / 4, 0.5  # … and grow from this share of the largest level on by so much of what it foretells
MOST_SHARE = 0.15  # of n·log(n), up to which it is absent …
LARGEST_MISFIT = 0.05  # … if n is followed as closely as that, and twice as closely as n·log(n) without n


class _Needs(NamedTuple):
    """How many times as closely counts are followed with the law with a logarithm, and with that without.

    ``share``: of the logarithm in the largest count. ``misfit``: without it. ``last``: growth at the largest levels
    beyond that of the power, over what the logarithm foretells; where a step of the counts is over, it fades.
    """

    logarithm: float
    power: float
    share: float
    misfit: float
    last: float


def closer_by_logarithm(given: Response, law: CostLaw, allowed: Margin) -> str | None:
    """Return the law with a logarithm more or less that counts follow instead; None if they do not, or it is not seen.

    Parameters
    ----------
    given : counts.
    law : judged if it is a whole power of the only factor, or one times the logarithm.
    allowed : how far exponents may be off; a margin that holds the exponent of a logarithm allows both laws.
    """
    if not given.is_exact or len(given.points) != 1:
        return None
    ((factor, levels),) = given.points.items()
    at = {factor: float(levels.max())}
    for power in POWERS:
        bare = CostLaw(factor if power == 1 else f"{factor}**{power}")
        full = CostLaw(f"{bare.text}*log({factor})")
        more = full.terms[0].local_exponent(factor, at) - power
        if more <= allowed.margin:
            return None
        if is_same(law, bare, given.points):
            is_asked = power == 1 and allowed.bound != "lower"  # n²/2 - n/2 grows as if it had a logarithm
            return full.text if is_asked and _is_there(_needs(given, bare, full, factor)) else None
        if is_same(law, full, given.points):
            return bare.text if allowed.bound != "upper" and _is_absent(_needs(given, bare, full, factor)) else None
    return None


def _is_there(needs: list[_Needs]) -> bool:
    """Return whether counts need the logarithm, and it is a good part of them, by both ranges."""
    gains = [one.logarithm for one in needs]
    is_part = all(one.share >= LEAST_SHARE and one.last >= LEAST_LAST for one in needs)
    return bool(gains) and is_part and max(gains) >= FAR_CLOSER and min(gains) >= CLOSER


def _is_absent(needs: list[_Needs]) -> bool:
    """Return whether the large counts follow the power alone closely, with next to no logarithm in them."""
    last = needs[-1] if needs else None
    is_close = last is not None and last.misfit <= LARGEST_MISFIT and last.power >= CLOSER
    return last is not None and is_close and last.share <= MOST_SHARE


def _needs(given: Response, bare: CostLaw, full: CostLaw, factor: str) -> list[_Needs]:
    """Return what all counts need, and the large ones; nothing where a term has no value."""
    lower = [term for term in dict.fromkeys(("1", f"log({factor})", factor)) if term != bare.text]
    found = []
    for one in (given, given.largest(LARGE_SHARE) or given):
        without, alone = (one.beside_with(law, lower) for law in (bare, full))
        both = one.beside_with(full, [*lower, bare.text])
        if without is None or alone is None or both is None:
            return []
        least = max(both.deviation, EXACT)
        last = _last(one, bare, both.full_law.evaluate(dict(one.points), both.coefficients))
        found.append(_Needs(without.deviation / least, alone.deviation / least, both.share, without.deviation, last))
    return found


def _last(given: Response, bare: CostLaw, fitted: Array) -> float:
    """Return the growth of counts beyond that of a power at the largest levels, over that of a fit (n_points,)."""
    ((factor, levels),) = given.points.items()
    end = levels >= END * levels.max()
    power = bare.evaluate({factor: levels[end]})
    logs = np.log(levels[end])
    centred = logs - logs.mean()
    seen, foretold = (float(centred @ np.log(values[end] / power)) for values in (given.values, fitted))
    return seen / foretold if foretold > 0 else 0.0
