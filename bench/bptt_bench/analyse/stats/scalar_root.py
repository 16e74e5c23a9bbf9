"""Root and minimum of a function of one number.

SciPy's ``brentq`` and ``minimize_scalar`` need as many evaluations, but importing ``scipy.optimize`` takes 0.12 s, a
twelfth of a whole ``verdict``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

MOST_STEPS = 100
ROUNDING = 4 * 2.220446049250313e-16  # relative, of an argument
GOLDEN = (3 - math.sqrt(5)) / 2  # share of an interval that a golden section cuts off
SQUARE_ROOT_ROUNDING = math.sqrt(2.220446049250313e-16)  # relative; the resolution of a minimum


def root(
    function: Callable[[float], float], ends: tuple[float, float], values: Sequence[float], tolerance: float = 2e-12
) -> float:
    """Return a root between two ends, within ``tolerance``; ``values`` are those of the function at the ends.

    Raises
    ------
    ValueError : the values have the same sign.

    Source: Chandrupatla (1997), "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear
    function without using derivatives".

    >>> round(root(lambda x: x * x - 2, (0.0, 2.0), (-2.0, 2.0)), 9)
    1.414213562
    """
    (b, a), (at_b, at_a) = ends, map(float, values)
    if at_a * at_b > 0:
        raise ValueError(f"`values` must have opposite signs, got {tuple(values)} at {ends}")
    share = 0.5  # of the way from the newest point to the opposite end
    for _ in range(MOST_STEPS):
        x = a + share * (b - a)
        at_x = function(x)
        if at_x * at_a > 0:
            a, at_a, c, at_c = x, at_x, a, at_a
        else:
            a, at_a, b, at_b, c, at_c = x, at_x, a, at_a, b, at_b
        best, at_best = (a, at_a) if abs(at_a) < abs(at_b) else (b, at_b)
        least = (tolerance + ROUNDING * abs(best)) / 2 / abs(b - a) if a != b else 1.0
        if least > 0.5 or at_best == 0:
            return best
        position, rise = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
        share = 0.5
        if rise**2 < position and (1 - rise) ** 2 < 1 - position:  # inverse quadratic interpolation is monotonic
            share = at_a / (at_b - at_a) * at_c / (at_b - at_c)
            share += (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (at_c - at_b)
        share = min(max(share, least), 1 - least)
    return best


def minimum(function: Callable[[float], float], ends: tuple[float, float], tolerance: float) -> tuple[float, float]:
    """Return a minimum between two ends, within ``tolerance``, and the value of the function there.

    Source: Brent (1973), *Algorithms for Minimization Without Derivatives*, chapter 5.

    >>> argument, least = minimum(lambda x: (x - 1) ** 2 + 3, (0.0, 4.0), 1e-7)
    >>> round(argument, 6), round(least, 6)
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
        vertex = _vertex((best, second, third), (at_best, at_second, at_third)) if abs(before) > near else math.inf
        if abs(vertex) < abs(before) / 2 and low < best + vertex < high:
            before, step = step, vertex
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


def _vertex(arguments: tuple[float, float, float], values: tuple[float, float, float]) -> float:
    """Return the step from the first of three points to the vertex of their parabola; infinite if it has none."""
    (x, w, v), (at_x, at_w, at_v) = arguments, values
    r, q = (x - w) * (at_x - at_v), (x - v) * (at_x - at_w)
    below = 2 * (q - r)
    return -((x - v) * q - (x - w) * r) / below if below else math.inf
