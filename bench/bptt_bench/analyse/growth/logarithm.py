"""Whether counts have one logarithm more or less than a law says: n·log(n) and n.

The exponents of the two differ by 1/log(n), no more than steps of the counts and terms of lower order may bend them.
What each adds to the other decides: beside 1, log(n) and n, is n·log(n) needed, and how much of the counts is it at
the largest point?

Evidence for the limits: functions of well-known libraries with laws of this kind (docs/decisions, 124).
"""

from __future__ import annotations

from typing import NamedTuple

from bptt_bench.analyse.growth.margins import Margin
from bptt_bench.analyse.growth.slopes import Response, is_same
from bptt_bench.plan import CostLaw

POWERS = 1, 2, 3
SMALL_NUMBERS = 256  # which Python keeps ready; larger ones are made anew
EXACT = 1e-6  # relative misfit below which counts are followed exactly
LARGE_SHARE = 1 / 100  # of the largest count, from which counts are looked at once more
LEAST_SHARE = 0.2  # of n·log(n) in the counts at the largest point, from which it is there …
FAR_CLOSER, CLOSER = 3.5, 2.0  # … if they are followed so much more closely with it, by one range and by the other
MOST_SHARE = 0.15  # of n·log(n), up to which it is absent …
LARGEST_MISFIT = 0.05  # … if n is followed as closely as that, and twice as closely as n·log(n) without n


class _Needs(NamedTuple):
    """How many times as closely counts are followed with the law with a logarithm, and with that without.

    ``share``: of the logarithm in the largest count. ``misfit``: without it.
    """

    logarithm: float
    power: float
    share: float
    misfit: float


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
    is_part = all(one.share >= LEAST_SHARE for one in needs)
    return bool(gains) and is_part and max(gains) >= FAR_CLOSER and min(gains) >= CLOSER


def _is_absent(needs: list[_Needs]) -> bool:
    """Return whether the large counts follow the power alone closely, with little of a logarithm in them."""
    return any(
        one.misfit <= LARGEST_MISFIT and one.power >= CLOSER and one.share <= MOST_SHARE
        for one in needs[-1:]  # the large ones
    )


def _needs(given: Response, bare: CostLaw, full: CostLaw, factor: str) -> list[_Needs]:
    """Return what all counts need, and the large ones; nothing where a term has no value.

    The logarithm's law alone does not have the term of numbers that are made anew beside it, which is a line.
    """
    found = []
    for one in (given, given.largest(LARGE_SHARE) or given):
        lower = [term for term in ("1", f"log({factor})", factor) if term != bare.text]
        levels = one.points[factor]
        is_spanned = float(levels.min()) < SMALL_NUMBERS < float(levels.max())
        anew = [f"max({factor} - {SMALL_NUMBERS}, 0)"] if is_spanned else []
        without, alone = one.beside_with(bare, [*lower, *anew]), one.beside_with(full, lower)
        both = one.beside_with(full, [*lower, *anew, bare.text])
        if without is None or alone is None or both is None:
            return []
        least = max(both.deviation, EXACT)
        found.append(_Needs(without.deviation / least, alone.deviation / least, both.share, without.deviation))
    return found
