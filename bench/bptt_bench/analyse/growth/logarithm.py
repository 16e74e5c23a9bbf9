"""Whether counts have one logarithm more or less than a law says: n·log(n) and n.

The exponents of the two differ by 1/log(n), no more than steps of the counts and terms of lower order may bend them.
Where the instructions of each function are known, those that grow so are looked for. Elsewhere it is what each law adds
to the other that decides: beside 1, log(n) and n, is n·log(n) needed, and how much of the counts is it at the largest
point?

Evidence for the limits: functions of well-known libraries with laws of this kind (docs/decisions, 126 and 129).
"""

from __future__ import annotations

import math
from typing import NamedTuple

from bptt_bench.analyse.growth.functions import Carriers, Logarithms, find_logarithms
from bptt_bench.analyse.growth.margins import Margin
from bptt_bench.analyse.growth.slopes import Response, is_same
from bptt_bench.plan import CostLaw

POWERS = 1, 2, 3
SMALL_NUMBERS = 256  # which Python keeps ready; larger ones are made anew
EXACT = 1e-6  # relative misfit below which counts are followed exactly
LARGE_SHARE = 1 / 100  # of the largest count, from which counts are looked at once more
LEAST_SHARE = 0.25  # of n·log(n) in the counts at the largest point, from which it is there …
FAR_CLOSER, CLOSER = 3.5, 2.0  # … if they are followed so much more closely with it, by one range and by the other …
BENT = 1.25  # … and so much more closely than with a threshold instead, by one range: a memory that has run out
ABSENT_SHARE = 0.15  # … of n·log(n), which counts must exclude for it to be absent: a compiled sort is little
NEEDED = 1.5  # times as closely with it, from which it may be there
LEAST_SEEN = 0.1  # of n·log(n) in the counts at the largest point, in functions that are seen to grow so
MOST_POSSIBLE = 0.05  # … where none is seen to, for it to be absent


class _Needs(NamedTuple):
    """How many times as closely counts are followed with both laws as without one of them.

    Attributes
    ----------
    logarithm : as without the law that has one.
    absence : as where that law is ``ABSENT_SHARE`` of the largest count.
    threshold : as with the power, which costs more beyond a threshold, instead of the logarithm.
    share : of that law in the largest count.
    """

    logarithm: float
    absence: float
    threshold: float
    share: float


def closer_by_logarithm(given: Response, law: CostLaw, allowed: Margin) -> CloserLaw | None:
    """Return the law with a logarithm more or less that counts follow instead; None if they do not, or it is not seen.

    Functions decide where their counts are known, else the total.

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
            return _with_logarithm(given, bare, full, find_logarithms(given, factor)) if is_asked else None
        if is_same(law, full, given.points):
            is_asked = allowed.bound != "upper"
            return _without_logarithm(given, bare, full, find_logarithms(given, factor, power)) if is_asked else None
    return None


def find_carriers(given: Response, law: CostLaw) -> Carriers | None:
    """Return the functions that grow as a law with a logarithm does, if they are a good part of counts; None if not."""
    if not given.by_function or len(given.points) != 1:
        return None
    (factor,) = given.points
    for power in POWERS:
        if is_same(law, CostLaw(f"{factor}**{power}*log({factor})"), given.points):
            found = find_logarithms(given, factor, power)
            return found.carriers if found is not None and found.seen >= LEAST_SEEN else None
    return None


class CloserLaw(NamedTuple):
    """A law that counts follow instead of another one, and the functions that grow with a logarithm, if it has one."""

    text: str
    carriers: Carriers = Carriers()


def _with_logarithm(given: Response, bare: CostLaw, full: CostLaw, functions: Logarithms | None) -> CloserLaw | None:
    """Return the law with a logarithm, if counts need it, and it is a good part of them; by both ranges of a total."""
    if functions is not None:
        return CloserLaw(full.text, functions.carriers) if functions.seen >= LEAST_SEEN else None
    needs = _needs(given, bare, full)
    gains = [one.logarithm for one in needs]
    is_part = all(one.share >= LEAST_SHARE for one in needs)
    is_needed = bool(gains) and max(gains) >= FAR_CLOSER and min(gains) >= CLOSER
    is_there = is_needed and is_part and max(one.threshold for one in needs) >= BENT
    return CloserLaw(full.text) if is_there else None


def _without_logarithm(given: Response, bare: CostLaw, full: CostLaw, functions: Logarithms | None) -> CloserLaw | None:
    """Return the law without a logarithm, if counts do not need it, and it would be seen were it there."""
    if functions is not None:
        is_absent = not functions.carriers.functions and functions.possible <= MOST_POSSIBLE
    else:
        needs = _needs(given, bare, full)
        is_needed = any(one.logarithm >= NEEDED for one in needs)
        is_absent = not is_needed and any(one.absence >= CLOSER for one in needs)
    return CloserLaw(bare.text) if is_absent else None


def _needs(given: Response, bare: CostLaw, full: CostLaw) -> list[_Needs]:
    """Return what all counts need, and the large ones; nothing where a term has no value."""
    (factor,) = given.points
    found = []
    for one in (given, given.largest(LARGE_SHARE) or given):
        lower = [term for term in ("1", f"log({factor})", factor) if term != bare.text]
        levels = one.points[factor]
        is_spanned = float(levels.min()) < SMALL_NUMBERS < float(levels.max())
        anew = [f"max({factor} - {SMALL_NUMBERS}, 0)"] if is_spanned else []
        without, both = one.beside_with(bare, [*lower, *anew]), one.beside_with(full, [*lower, *anew, bare.text])
        beside = math.log(float(levels.max())) * (1 - ABSENT_SHARE) / ABSENT_SHARE  # of the power, at the largest point
        held = one.beside_with(CostLaw(f"{bare.text}*(log({factor}) + {beside:.12g})"), [*lower, *anew])
        if without is None or both is None or held is None:
            return []
        bent = (one.beside_with(bare, [*lower, *anew, f"max({factor} - {level:.12g}, 0)"]) for level in levels[1:-1])
        least = max(both.deviation, EXACT)
        bend = min(one.deviation for one in (without, *bent) if one is not None)
        found.append(_Needs(without.deviation / least, held.deviation / least, bend / least, both.share))
    return found
