"""Where a logarithm is in a count: functions that take n·log(n) instructions among those that take n.

A total hides it. Sorting in compiled code beside a loop in Python is a few per cent of the instructions, and what
allocates memory bends the total as much. Each function by itself is plain: the instructions of one for each element
stay the same to four digits, or rise with every doubling.

Functions that serve memory, and tables that double, take what depends on what is free: they are passed over unless they
rise steadily, and take a logarithm only if they follow it far more closely than anything else.

Evidence for the limits: functions of well-known libraries with laws of this kind (docs/decisions, 129).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from bptt_bench.analyse.growth.slopes import Response, Slopes
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw

SERVES_MEMORY = re.compile(
    r"[Mm]alloc|[Ff]ree|[Rr]ealloc|[Cc]alloc|mem(cpy|set|move)|_GC_|gc_|[Dd]ealloc|_Del\b|[Aa]rena"
    r"|_Py_NewReference|_PyTrash|tcache|mmap|brk|unlink_chunk|resize|rehash|build_indices"
)
LARGE_SHARE = 1 / 200  # of the largest count, to the power, from which points are looked at …
SMALLEST_LEVEL = 30.0  # … and from which level on: a logarithm of less is as good as constant
FEWEST, LEAST_SPAN = 7, 20.0  # such points, and how many times as large the largest level must be as the smallest
LEAST_KNOWN_SPAN = 10.0  # the same of a function, which may be too small to be known at the smallest of them
SMALL_NUMBERS = 256  # which Python keeps ready; larger ones are made anew
FLAT, FLATTER = 0.01, 0.5  # relative misfit of a function without a logarithm, and over that with PROBED of it
PROBED = 0.15  # of n·log(n) in a function at the largest point
LEAST_OWN = 0.3  # of n·log(n) in a function at the largest point, to count as one that takes it
SLOWEST, FASTEST = 0.4, 5.0  # rise from the second to the last third of the range, over that from the first
LEAST_RISE = 4.0  # standard errors of it
ERRORS = 2.0  # of a rise over the last two thirds, that it may be larger
AS_CLOSE = 1.25  # times the misfit with a threshold or another power instead of the logarithm …
MUCH_CLOSER = 0.5  # … and of a function that serves memory
DIGITS = tuple(10.0**k for k in range(2, 10))  # where numbers get longer as text
FOLLOWED = 0.1  # relative misfit of a function, from which it may follow any law
LEAST_NAMED = 0.02  # of all instructions, from which a function that grows more than the law is named
LEAST_HELD = 0.5  # of the share that a law may have in the counts together, if functions are to hold it
MOSTLY = 0.5  # of a function at the largest point, from which a law is most of it
FEWEST_PER_TERM = 1.5  # points of a function for a term
DIGITS_CLOSER = 0.5  # times the misfit with a logarithm, from which it is the length of numbers


class Carriers(NamedTuple):
    """Functions that grow alike, the largest first, and their share in a count at its largest point."""

    functions: tuple[str, ...] = ()
    share: float = 0.0


class Logarithms(NamedTuple):
    """How much n·log(n) there is in a count at its largest point.

    Attributes
    ----------
    seen : the part of the count that grows so in the functions that were seen to.
    possible : the most that there may be beside it, in functions that are not seen to grow otherwise.
    carriers : those that were seen to.
    """

    seen: float
    possible: float
    carriers: Carriers


def find_logarithms(given: Response, factor: str, power: int = 1) -> Logarithms | None:
    """Return how much of a count grows as a power times the logarithm; None where that cannot be seen.

    The counts of functions are not known then, or their range is too small.

    Parameters
    ----------
    given : the counts, with those of functions.
    factor : the only one.
    power : of the level, which is looked for with a logarithm and without.
    """
    order = np.argsort(given.points[factor])
    levels, total = given.points[factor][order], given.values[order]
    kept = (total >= LARGE_SHARE**power * total.max()) & (levels >= SMALLEST_LEVEL)
    n, whole = levels[kept], total[kept]
    if not given.by_function or len(n) < FEWEST or n[-1] < LEAST_SPAN * n[0]:
        return None
    seen = possible = covered = share = 0.0
    found: list[tuple[float, str]] = []
    for name, values in given.by_function.items():
        counts = values[order][kept]
        own = float(counts[-1] / whole[-1])
        if not own > 0:
            continue
        covered += own
        serves_memory = SERVES_MEMORY.search(name) is not None
        growth = _growth(n, counts, power)
        if growth.is_logarithm or not serves_memory:
            possible += own * growth.possible
        if serves_memory and not growth.is_clear:
            continue
        if growth.seen:
            seen += own * growth.seen
            share += own
            found.append((own, name))
    carriers = Carriers(tuple(name for _, name in sorted(found, reverse=True)), share)
    return Logarithms(seen, possible + max(1.0 - covered, 0.0), carriers)


def may_hold(given: Response, beside: Slopes) -> bool:
    """Return whether functions may hold what terms of lower order leave to a law in counts, if they are known."""
    if not given.by_function:
        return True
    return most_of_law(given, beside.law, beside.overhead) >= LEAST_HELD * beside.share


def most_of_law(given: Response, law: CostLaw, lower: Sequence[str]) -> float:
    """Return the largest share that a law may have in counts at their largest point, beside terms of lower order.

    It is that of functions which are mostly the law there, or do not follow it with these terms closely enough to know.

    Parameters
    ----------
    given : the counts, with those of functions.
    lower : the terms.
    """
    top = int(np.argmax(given.values))
    at = {name: float(levels[top]) for name, levels in given.points.items()}
    covered = most = 0.0
    for counts in given.by_function.values():
        known = np.isfinite(counts)
        if not known[top]:
            continue
        own = float(counts[top] / given.values[top])
        covered += own
        alone = replace(given, values=counts, spread=None, by_function={}).where(known)
        share = _share_of_law(alone, law, lower, at)
        most += own * share if share >= MOSTLY else 0.0
    return most + max(1.0 - covered, 0.0)


def _share_of_law(counts: Response, law: CostLaw, lower: Sequence[str], at: Mapping[str, float]) -> float:
    n_terms = len(law.terms) + len(lower)
    beside = counts.beside_with(law, lower) if len(counts.values) >= FEWEST_PER_TERM * n_terms else None
    if beside is None or beside.deviation > FOLLOWED:
        return 1.0
    columns = beside.full_law.columns({name: np.array([level]) for name, level in at.items()})[0]
    parts = columns * beside.coefficients
    return float(parts[: len(law.terms)].sum() / parts.sum())


def find_faster(given: Response, law: CostLaw, excess: Mapping[str, float]) -> Carriers:
    """Return the functions that grow more than a law with some factor, the largest first, and their share.

    Parameters
    ----------
    given : the counts, with those of functions.
    excess : by factor, the exponent by which they must.
    """
    top = int(np.argmax(given.values))
    found: list[tuple[float, str]] = []
    for name, counts in given.by_function.items():
        known = np.isfinite(counts)
        own = float(counts[top] / given.values[top]) if known[top] else 0.0
        if own < LEAST_NAMED:
            continue
        alone = replace(given, values=counts, spread=None, by_function={}).where(known)
        beside = alone.beside_with(law) if len(alone.values) >= FEWEST - 1 else None
        if beside is not None and any(
            beside.factors[factor].excess.estimate > least for factor, least in excess.items()
        ):
            found.append((own, name))
    found.sort(reverse=True)
    return Carriers(tuple(name for _, name in found), sum(own for own, _ in found))


class _Growth(NamedTuple):
    """The part of n·log(n) in a function at the largest point: what is seen of it, and what may be there at most.

    ``is_logarithm``: the function follows a logarithm as closely as anything else. ``is_clear``: far more closely.
    """

    seen: float
    possible: float
    is_logarithm: bool = False
    is_clear: bool = False


def _growth(n: Array, counts: Array, power: int) -> _Growth:
    known = np.isfinite(counts)
    first = len(known) - int(np.argmin(known[::-1])) if not known.all() else 0  # behind the last gap
    if len(n) - first < FEWEST - 1 or n[-1] < LEAST_KNOWN_SPAN * n[first]:
        return _Growth(0.0, 1.0)
    n, counts = n[first:], counts[first:]
    log, each = np.log(n), counts / n**power  # for each element
    thirds = _thirds(log, each)
    if thirds is None:
        return _Growth(0.0, 1.0)
    lower = [np.ones_like(n), *(n**k for k in range(1, power + 1))]
    small = [np.maximum(n - SMALL_NUMBERS, 0.0)] if n[0] < SMALL_NUMBERS < n[-1] else []
    plain = _misfit(counts, [*lower, *small])
    beside = log[-1] * (1 - PROBED) / PROBED  # of the power, at the largest point
    probed = _misfit(counts, [*lower[:-1], n**power * (log + beside)])
    if plain <= FLAT and plain <= FLATTER * probed:
        return _Growth(0.0, PROBED * plain / probed)
    least = [float(third.min()) for third in thirds]
    rise = (least[2] - least[1]) / ((log[-1] - log[0]) / 3)
    later, its_error = _slope(log[len(thirds[0]) :], each[len(thirds[0]) :])
    possible = max(rise, later + ERRORS * its_error, 0.0) * log[-1] / each[-1]
    slope, error = _slope(log, each)
    seen = slope * log[-1] / each[-1]
    means, most = [float(third.mean()) for third in thirds], [float(third.max()) for third in thirds]
    is_steady = _is_steady(least) and _is_steady(means) and most[0] < most[1] < most[2]
    closeness = _closeness(n, counts, power)
    is_logarithm = _is_steady(means) and seen >= LEAST_OWN and slope >= LEAST_RISE * error and closeness <= AS_CLOSE
    seen = seen if is_logarithm and is_steady else 0.0
    return _Growth(seen, possible, is_logarithm, is_clear=closeness <= MUCH_CLOSER)


def _closeness(n: Array, counts: Array, power: int) -> float:
    """Return the misfit of a function with n·log(n), over that of the closest other reason to rise."""
    lower = [np.ones_like(n), *(n**k for k in range(1, power + 1))]
    own = _misfit(counts, [*lower, n**power * np.log(n)])
    powers = [_misfit(counts, [*lower, n ** (power + more)]) for more in (-0.5, 0.5, 1.0)]
    thresholds = [_misfit(counts, [*lower, np.maximum(n - level, 0.0) * n ** (power - 1)]) for level in n[1:-2]]
    longer = [np.maximum(n - level, 0.0) * n ** (power - 1) for level in DIGITS if n[0] < level < n[-1]]
    is_length = len(n) > len(lower) + len(longer) + 1 and _misfit(counts, [*lower, *longer]) < DIGITS_CLOSER * own
    return math.inf if is_length else own / max(min([*powers, *thresholds]), 1e-300)


def _thirds(log: Array, each: Array) -> list[Array] | None:
    """Return the values in each third of a range; None where one has none."""
    edges = np.linspace(log[0], log[-1], 4)[1:3]
    thirds = np.split(each, np.searchsorted(log, edges, side="right"))
    return thirds if all(len(third) for third in thirds) else None


def _is_steady(values: Sequence[float]) -> bool:
    """Return whether three values rise by about as much each time."""
    first, second = values[1] - values[0], values[2] - values[1]
    return first > 0 and SLOWEST * first < second < FASTEST * first


def _slope(x: Array, y: Array) -> tuple[float, float]:
    """Return the slope of a line through points, and its standard error."""
    centred = x - x.mean()
    squares = float(centred @ centred)
    slope = float(centred @ y) / squares
    residual = y - y.mean() - slope * centred
    return slope, math.sqrt(float(residual @ residual) / max(len(x) - 2, 1) / squares)


def _misfit(counts: Array, columns: Sequence[Array]) -> float:
    """Return by how much counts differ from the closest sum of columns, relative."""
    design = np.column_stack(columns) / counts[:, None]
    design /= np.maximum(np.sqrt((design**2).sum(axis=0)), 1e-300)
    residual = 1.0 - design @ np.linalg.lstsq(design, np.ones(len(counts)))[0]
    return math.sqrt(float(residual @ residual) / max(len(counts) - len(columns), 1))


__all__ = ["Carriers", "Logarithms", "find_faster", "find_logarithms", "may_hold"]
