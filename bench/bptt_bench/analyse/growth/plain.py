"""Laws of instructions that their functions admit: a power of the only factor, with a logarithm or without one.

A total follows many laws of two or three terms: constant parts, stores that run out and tables that double bend it as
they do. Most functions by themselves take one power of the factor; the highest that a good part of the instructions
takes is the law.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.growth.functions import LARGE_SHARE, SERVES_MEMORY, SMALL_NUMBERS, SMALLEST_LEVEL, Carriers
from bptt_bench.analyse.growth.logarithm import LEAST_SEEN, closer_by_logarithm, find_carriers
from bptt_bench.analyse.growth.margins import Margin
from bptt_bench.analyse.growth.slopes import Response
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw
from bptt_bench.plan.experiment.instructions import lower_order_terms

POWERS = 3, 2, 1
BELOW, ABOVE = 0.15, 0.3  # of a power, within which the exponent of a function is that power; a logarithm adds to it
LEAST_STEEPER = 0.05  # of all instructions, in functions that grow far more, from which a law is left open
MOST_STEEPER = 0.02  # of all instructions, in functions that grow more, and do not serve memory
MOST_UNKNOWN = 0.15  # of all instructions, in functions whose exponents are not known
FEWEST_LEVELS = 4  # the largest ones, or those in the upper half of the range, for an exponent
MOST_OF_ONE_STEP = 0.5  # of the growth for each element
MANY = 4.0  # times the numbers that are kept ready, up to which most of the growth of some functions is theirs
MAKES_NUMBERS = re.compile(r"PyLong|long_|_PyObject_(Malloc|Free)|PyObject_(Malloc|Free)|NewReference|object_dealloc")
LEAST_SHARE = 0.01  # of n·log(n) in a total, with lower terms beside it, for it to be a law as well
FEWEST = 6  # levels, for a law
HIGHER = 0.8  # of an exponent: a power that is one more, also than one with a logarithm
MARGIN = Margin(0.05, "tight")  # of laws of instructions


def plain_laws(given: Response) -> list[CostLaw]:
    """Return the laws that functions admit, one or two; none where they do not decide.

    Parameters
    ----------
    given : counts of one factor, with those of functions.
    """
    if not given.by_function or len(given.points) != 1:
        return []
    (factor,) = given.points
    power = _leading_power(given, factor) if len(given.values) >= FEWEST else None
    if power is None:
        return []
    bare = CostLaw(factor if power == 1 else f"{factor}**{power}")
    full = CostLaw(f"{bare.text}*log({factor})")
    if find_carriers(given, full) is not None:
        return [full]
    beside = given.beside_with(full, lower_order_terms(full))
    is_absent = beside is None or beside.share < LEAST_SHARE
    return [bare] if is_absent or closer_by_logarithm(given, full, MARGIN) is not None else [bare, full]


def lower_terms(law: CostLaw) -> tuple[str, ...]:
    """Return the lower terms that stand beside a plain law, less the constant."""
    return tuple(term for term in lower_order_terms(law) if term != "1")


def outgrowing_law(law: CostLaw, given: Response) -> CostLaw | None:
    """Return the law of a higher power that functions take, where a law is a lower power of the only factor."""
    found = plain_laws(given)
    if not found:
        return None
    (factor,) = given.points
    at = {factor: float(given.points[factor].max())}
    own = max((term.local_exponent(factor, at) for term in law.terms), default=0.0)
    higher = [one for one in found if one.terms[0].local_exponent(factor, at) >= own + HIGHER]
    return higher[0] if len(higher) == len(found) else None


def steeper_functions(law: CostLaw, given: Response) -> Carriers:
    """Return the functions that grow far more than a law over the largest levels of its factor, and their share."""
    if not given.by_function or len(given.points) != 1 or len(given.values) < FEWEST_LEVELS:
        return Carriers()
    (factor,) = given.points
    at = {factor: float(given.points[factor].max())}
    own = max((term.local_exponent(factor, at) for term in law.terms), default=0.0)
    functions = [one for one in _functions(given, factor) if not one.serves_memory and not one.jumps]
    found = sorted((one.share, one.name) for one in functions if one.exponent > own + ABOVE)
    return Carriers(tuple(name for _, name in reversed(found)), sum(share for share, _ in found))


class _Function(NamedTuple):
    """A function: its share of the instructions at the largest point, and its exponent over the largest levels.

    ``jumps``: it grows by a single step more than in all others together.
    """

    name: str
    share: float
    exponent: float
    serves_memory: bool
    jumps: bool


def _leading_power(given: Response, factor: str) -> int | None:
    """Return the highest power that functions with a good part of the instructions take."""
    functions = list(_functions(given, factor))
    if 1.0 - sum(one.share for one in functions) > MOST_UNKNOWN:
        return None
    for power in POWERS:
        steeper = [one for one in functions if one.exponent > power + ABOVE]
        if sum(one.share for one in steeper if not one.serves_memory) > MOST_STEEPER:
            return None
        if sum(one.share for one in steeper) >= LEAST_SEEN:
            return None
        taken = [one for one in functions if power - BELOW <= one.exponent <= power + ABOVE]
        if sum(one.share for one in taken if power == 1 or not one.jumps) >= LEAST_SEEN:
            return power
    return None


def _functions(given: Response, factor: str) -> Iterator[_Function]:
    order = np.argsort(given.points[factor])
    n, total = given.points[factor][order], given.values[order]
    kept = (n >= SMALLEST_LEVEL) & (n >= LARGE_SHARE * n[-1])
    first = min(int(np.argmax(kept)), len(n) - FEWEST_LEVELS)
    upper = n >= min(np.sqrt(n[first] * n[-1]), n[-FEWEST_LEVELS])
    for name, values in given.by_function.items():
        if n[-1] < MANY * SMALL_NUMBERS and MAKES_NUMBERS.search(name):
            continue
        counts = values[order]
        known = upper & np.isfinite(counts) & (counts > 0)
        if known[-1] and known.sum() >= FEWEST_LEVELS:
            yield _Function(
                name=name,
                share=float(counts[-1] / total[-1]),
                exponent=float(np.polyfit(np.log(n[known]), np.log(counts[known]), 1)[0]),
                serves_memory=SERVES_MEMORY.search(name) is not None,
                jumps=_jumps(n, counts),
            )


def _jumps(n: Array, counts: Array) -> bool:
    """Return whether most of the growth for each element is in one step."""
    known = np.isfinite(counts) & (counts > 0) & (n >= SMALLEST_LEVEL)
    levels, each = n[known], counts[known] / n[known]
    if len(levels) < FEWEST_LEVELS:
        return True
    steps = np.diff(np.log(each))
    return bool(steps.max() > MOST_OF_ONE_STEP * max(float(steps.sum()), 0.0))


__all__ = ["LEAST_STEEPER", "lower_terms", "outgrowing_law", "plain_laws", "steeper_functions"]
