"""Where a function of one number is 0, and where it is least. Brent's methods, without the import of an optimiser."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

MOST_STEPS = 100
ROUNDING = 4 * 2.220446049250313e-16  # relative, of a place
GOLDEN = (3 - math.sqrt(5)) / 2  # share of an interval that a golden section cuts off
SQUARE_ROOT_ROUNDING = math.sqrt(2.220446049250313e-16)  # a minimum cannot be told closer than this, relatively


def root(
    function: Callable[[float], float], ends: tuple[float, float], values: Sequence[float], tolerance: float = 2e-12
) -> float:
    """A place between two ends at which the function is 0, within ``tolerance``; ``values``: what it is at the ends.

    Source: Brent 1973, *Algorithms for Minimization Without Derivatives*, chapter 4.

    >>> round(root(lambda x: x * x - 2, (0.0, 2.0), (-2.0, 2.0)), 9)
    1.414213562
    """
    a, b, c = ends[0], ends[1], ends[0]
    at_a, at_b, at_c = float(values[0]), float(values[1]), float(values[0])
    if at_a * at_b > 0:
        raise ValueError(f"ends: {ends} with values {tuple(values)}; one below 0 and one above it are needed")
    step = before = b - a
    for _ in range(MOST_STEPS):
        if at_b * at_c > 0:
            c, at_c = a, at_a
            step = before = b - a
        if abs(at_c) < abs(at_b):
            a, b, c = b, c, b
            at_a, at_b, at_c = at_b, at_c, at_b
        least = (tolerance + ROUNDING * abs(b)) / 2
        half = (c - b) / 2
        if at_b == 0 or abs(half) < least:
            break
        before, step = _towards_root((a, b, c), (at_a, at_b, at_c), half, least, before, step)
        a, at_a = b, at_b
        b += step if abs(step) > least else math.copysign(least, half)
        at_b = function(b)
    return b


def _towards_root(
    places: tuple[float, float, float],
    values: tuple[float, float, float],
    half: float,
    least: float,
    before: float,
    step: float,
) -> tuple[float, float]:
    """The step before and the next: by interpolation where that closes in fast enough, else to the middle."""
    (a, b, c), (at_a, at_b, at_c) = places, values
    if abs(before) < least or abs(at_a) <= abs(at_b):
        return half, half
    ratio = at_b / at_a
    if a == c:
        p, q = 2 * half * ratio, 1 - ratio
    else:
        q, r = at_a / at_c, at_b / at_c
        p = ratio * (2 * half * q * (q - r) - (b - a) * (r - 1))
        q = (q - 1) * (r - 1) * (ratio - 1)
    p, q = abs(p), -q if p > 0 else q
    if 2 * p < min(3 * half * q - abs(least * q), abs(before * q)):
        return step, p / q
    return half, half


def minimum(function: Callable[[float], float], ends: tuple[float, float], tolerance: float) -> tuple[float, float]:
    """A place between two ends at which the function is least, within ``tolerance``, and what it is there.

    Source: Brent 1973, chapter 5.

    >>> place, least = minimum(lambda x: (x - 1) ** 2 + 3, (0.0, 4.0), 1e-7)
    >>> round(place, 6), round(least, 6)
    (1.0, 3.0)
    """
    low, high = ends
    best = second = third = low + GOLDEN * (high - low)
    at_best = at_second = at_third = function(best)
    step = before = 0.0
    for _ in range(MOST_STEPS):
        middle = (low + high) / 2
        near = SQUARE_ROOT_ROUNDING * abs(best) + tolerance / 3
        if abs(best - middle) <= 2 * near - (high - low) / 2:
            break
        parabola = _parabola((best, second, third), (at_best, at_second, at_third)) if abs(before) > near else math.inf
        if abs(parabola) < abs(before) / 2 and low < best + parabola < high:
            before, step = step, parabola
            if best + step - low < 2 * near or high - best - step < 2 * near:
                step = math.copysign(near, middle - best)
        else:
            before = (high if best < middle else low) - best
            step = GOLDEN * before
        tried = best + (step if abs(step) >= near else math.copysign(near, step))
        at_tried = function(tried)
        if at_tried <= at_best:
            low, high = (low, best) if tried < best else (best, high)
            best, second, third = tried, best, second
            at_best, at_second, at_third = at_tried, at_best, at_second
            continue
        low, high = (tried, high) if tried < best else (low, tried)
        if at_tried <= at_second or second == best:
            second, third, at_second, at_third = tried, second, at_tried, at_second
        elif at_tried <= at_third or third in (best, second):
            third, at_third = tried, at_tried
    return best, at_best


def _parabola(places: tuple[float, float, float], values: tuple[float, float, float]) -> float:
    """The step from the first of three places to the vertex of their parabola; infinite where they have none."""
    (x, w, v), (at_x, at_w, at_v) = places, values
    r, q = (x - w) * (at_x - at_v), (x - v) * (at_x - at_w)
    below = 2 * (q - r)
    return -((x - v) * q - (x - w) * r) / below if below else math.inf
