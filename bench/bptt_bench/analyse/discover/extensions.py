"""Laws beside the lattice of powers: a power between its quarters, and a factor that matters above a corner alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np

from bptt_bench.analyse.discover.family import (
    ABSENT,
    FALLING,
    QUARTER,
    TOTAL_WEIGHT,
    Family,
    Term,
    lattice,
    powers_of,
    prior_weight,
)
from bptt_bench.analyse.discover.finalists import Measured, Step
from bptt_bench.analyse.discover.search import KEPT, Law
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.stats.estimate import Solution, solve_batch
from bptt_bench.plan import CostLaw

FREE_COST = 3.0  # minus the log prior that a law is one power of each factor, any power
POWER_RANGE = 4.0  # of the prior of a free power
MOST_STEPS, LONGEST_STEP = 20, 0.5
CORNER_COST = 4.0  # minus the log prior that a factor matters above a corner alone
CORNER_WIDTH = 0.2  # nats within which a corner is known
N_CORNERS = 10  # tried between the levels
# times the best of these, either way, where the corner is searched again, and the digits of those that are tried
FINER = ((1.6, 2), (1.1, 3), (1.02, 3))
GAIN = 0.8  # of the loss without a corner: one that gains less is not searched to three digits
SEARCHED = 4  # laws whose factors are tried with a corner
PLAIN_POWERS = tuple(lattice(quarters, 0) for quarters in (4, 8))  # that a plateau lets seem others
WIDTHS, DIGITS = 2.0, 2  # a free power within two standard errors of a quarter is one; digits of others
TOLERANCE = 1e-6


Place: TypeAlias = tuple[Term, int]  # a term of a law, and a factor in it


class Extension(NamedTuple):
    """A law by its terms as text, their values at the points (n, k), minus its log prior, and where it has a step."""

    terms: tuple[str, ...]
    design: Array
    cost: float
    step: Step | None = None


class _Plain(NamedTuple):
    """A law without a corner beside a constant: its design (n, k) and loss, and the loss that excludes a law."""

    design: Array
    loss: float
    most: float


def free_power(levels: Mapping[str, Array], measured: Measured, falling: Collection[str] = ()) -> Extension | None:
    """Return the law of one power of each factor, any power, fitted.

    None if all may be quarters, or one is below 0 of a factor with which the time does not fall.
    """
    usable = {name: values for name, values in levels.items() if (values > 0).all()}
    n = len(measured.log_seconds)
    if not usable or n < len(usable) + 4:
        return None
    logs = np.column_stack([np.log(values) for values in usable.values()])
    logs = logs - logs.mean(axis=0)
    fitted, widths = _fit_powers(logs, measured)
    quarters = np.round(fitted * 4) / 4
    is_quarter = np.abs(fitted - quarters) <= WIDTHS * widths
    powers = np.where(is_quarter, quarters, np.round(fitted, DIGITS))
    is_below = {name for name, power in zip(usable, powers.tolist(), strict=True) if power < 0}
    if is_quarter.all() or is_below - set(falling) or not powers.any():
        return None
    named = {name: power for name, power in zip(usable, powers.tolist(), strict=True) if power}
    text = "*".join(name if power == 1 else f"{name}**{power:g}" for name, power in named.items())
    occam = np.log(np.sqrt(2 * np.pi) * np.minimum(widths, 1.0) / POWER_RANGE)[~is_quarter].sum()
    costs = [_quarter_cost(power) for power in powers[is_quarter].tolist()]
    return Extension((text,), CostLaw(text).columns(dict(levels)), FREE_COST + sum(costs) - float(occam))


def _quarter_cost(power: float) -> float:
    """Return minus the log prior of a power of the lattice."""
    quarters = round(4 * power)
    weight = prior_weight(quarters, 0) if quarters >= 0 else FALLING.get(quarters, QUARTER)
    return -math.log(weight / TOTAL_WEIGHT)


def _fit_powers(logs: Array, measured: Measured) -> tuple[Array, Array]:
    """Return the powers of a product with a constant beside it, and their standard errors, by Gauss-Newton steps."""
    y, (n, d) = measured.log_seconds, logs.shape
    theta = np.linalg.lstsq(np.column_stack([np.ones(n), logs]), y, rcond=None)[0]
    constant = 0.1 * float(np.exp(y.min()))
    best: tuple[float, Array, Array] | None = None
    for _ in range(MOST_STEPS):
        product = np.exp(theta[0] + logs @ theta[1:])
        fitted = product + constant
        residual = y - np.log(fitted)
        share = product / fitted
        jacobian = np.column_stack([share, logs * share[:, None], 1 - share])
        loss = float(residual @ residual)
        if best is None or loss < best[0]:
            spread = np.linalg.pinv(jacobian.T @ jacobian, hermitian=True)
            variances = np.diag(spread)[1 : d + 1] * loss / max(n - d - 2, 1)
            best = loss, np.array(theta), np.asarray(np.sqrt(variances), dtype=np.float64)
        step = np.linalg.lstsq(jacobian, residual, rcond=1e-8)[0]
        step *= min(1.0, LONGEST_STEP / float(np.abs(step).max() + 1e-300))
        theta = theta + step[:-1]
        constant = constant * math.exp(step[-1])
    assert best is not None
    return best[1][1:], np.maximum(best[2], 1e-4)


def places_of_corners(laws: Sequence[Law], family: Family) -> dict[Law, set[Place]]:
    """Return laws with the terms and factors whose corner is tried in each.

    They are the first laws, everywhere, and these with a factor as itself or squared where it stands otherwise, there.
    What differs from that term in this factor alone is then left out. As long as no law has a corner, a plateau and a
    line beyond it are best described by a larger power beside a constant.
    """
    factors = range(len(family.factors))
    found = {law: set(itertools.product(law, factors)) for law in laws[:SEARCHED]}
    for law in laws[: SEARCHED if len(factors) == 1 else 1]:
        for term, f in itertools.product(law, factors):
            others = [one for one in law if _without(one, f) != _without(term, f)]
            powers = [power for power in PLAIN_POWERS if term[f] != ABSENT and np.isfinite(family.costs[f][power])]
            for power in powers:
                plain = (*term[:f], power, *term[f + 1 :])
                found.setdefault(tuple(sorted([plain, *others])), set()).add((plain, f))
    return found


def _without(term: Term, f: int) -> Term:
    """Return a term without factor f."""
    return (*term[:f], ABSENT, *term[f + 1 :])


def with_corners(
    laws: Mapping[Law, Collection[Place]],
    costs: Sequence[float],
    family: Family,
    levels: Mapping[str, Array],
    measured: Measured,
) -> Iterator[Extension]:
    """Yield laws with one factor p of one term as max(p, c), the corner c fitted.

    Parameters
    ----------
    laws : with the places of a corner that are tried in each.
    costs : minus the log prior of each without one.
    """
    n, corners = len(measured.log_seconds), {name: _corners(own) for name, own in levels.items()}
    designs = [np.column_stack([np.ones(n), family.columns(law).T]) for law in laws]
    losses = [measured.fit(design).loss for design in designs]
    most = math.exp(2 * KEPT / n) * max(min(losses, default=0.0), n * measured.location_error**2)
    for (law, places), cost, design, loss in zip(laws.items(), costs, designs, losses, strict=True):
        plain = _Plain(design, loss, most)
        for (i, term), (f, name) in itertools.product(enumerate(law), enumerate(family.factors)):
            powers = powers_of(term[f])
            is_power = powers is not None and powers[0] > 0 and powers[1] == 0
            if is_power and (term, f) in places and len(corners[name]):
                yield from _with_corner(law, i, f, corners[name], cost, family, levels[name], plain, measured)


def _corners(levels: Array) -> Array:
    """Return where a corner may be: above the lowest level and below two of them, or a jump would be one."""
    distinct = np.unique(levels)
    if len(distinct) < 4 or distinct[0] <= 0:
        return np.zeros(0)
    return _rounded(np.geomspace(distinct[0], distinct[-2], N_CORNERS + 2)[1:-1], 2, float(distinct[-2]))


def _rounded(values: Array, digits: int, below: float) -> Array:
    """Return distinct values to some digits, those below a limit."""
    found = np.unique([float(f"{value:.{digits}g}") for value in values.tolist()])
    return found[found < below]


def _with_corner(
    law: Law,
    i: int,
    f: int,
    corners: Array,
    cost: float,
    family: Family,
    levels: Array,
    plain: _Plain,
    measured: Measured,
) -> Iterator[Extension]:
    """Yield a law with factor f of term i above the best of some corners, beside a constant."""
    term = law[i]
    rest = _without(term, f)
    quarters = (powers_of(term[f]) or (0, 0))[0]
    beside = family.columns([rest])[0]

    def search(tried: Array) -> tuple[Array, Solution, float]:
        designs = np.repeat(plain.design[None], len(tried), axis=0)
        designs[:, :, i + 1] = beside * np.maximum(levels, tried[:, None]) ** (quarters / 4)
        found = solve_batch(designs, measured.log_seconds, robust=True, tolerance=TOLERANCE)
        best = int(np.argmin([one.loss for one in found]))
        return designs[best], found[best], float(tried[best])

    highest = float(np.unique(levels)[-2])
    design, found, corner = search(corners)
    for width, digits in FINER:
        if digits > 2 and found.loss > GAIN * plain.loss:
            break
        near = corner * width ** np.linspace(-1, 1, N_CORNERS + 1)
        design, found, corner = search(_rounded(near, digits, highest))
    name = family.factors[f]
    factor = f"max({name},{corner:g})"
    raised = factor if quarters == 4 else f"{factor}**{quarters / 4:g}"
    texts = [family.text(one) for one in law]
    texts[i] = raised if rest == family.constant else f"{raised}*{family.text(rest)}"
    if not found.active[1:].all() or found.loss > plain.most:
        return
    known = math.log(CORNER_WIDTH / max(math.log(levels.max() / levels.min()), CORNER_WIDTH))
    which = math.log(len(law) * len(family.factors))  # of its terms and factors has the corner
    yield Extension(tuple(texts), design[:, 1:], cost + CORNER_COST + which - known)
