"""Plans for going back through T steps with few hidden states in memory: which to keep and which to recompute.

A plan is a sequence of two actions on numbered slots, each of which holds one hidden state: ``Advance`` computes h(t)
from h(t-1), ``Back`` sends the errors back through step t, which needs h(t) and h(t-1). Slot 0 always holds h(0).

Source: Gruslys et al., Memory-efficient backpropagation through time, NeurIPS 2016; the cost of the optimal plan is
that of Griewank and Walther, Algorithm 799: Revolve, ACM TOMS 26 (2000).
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from functools import lru_cache
from math import isqrt
from typing import NamedTuple


class Advance(NamedTuple):
    """h(step) into slot ``target``, from h(step - 1) in slot ``source``, which may be the same."""

    step: int
    source: int
    target: int


class Back(NamedTuple):
    """One pass back through ``step``, with h(step - 1) in slot ``before`` and h(step) in slot ``at``."""

    step: int
    before: int
    at: int


Plan = Iterator[Advance | Back]


# --- √T segments ---


def segment_length(T: int) -> int:
    """Return the steps of a segment: √T, rounded up."""
    return isqrt(T - 1) + 1


def segmented_slots(T: int) -> int:
    """Return the hidden states that √T segments keep besides h(0): the ends of segments, and one segment's own."""
    length = segment_length(T)
    ends = (T - 1) // length
    return ends + max(length - 1, T - ends * length)


def segmented_plan(T: int) -> Plan:
    """Plan one forward pass that keeps the ends of √T segments; then recompute each segment, from the last.

    The last segment is kept at once, and the end of each segment too: the others recompute all of their states but one,
    which takes T + (number of segments - 1) (√T - 1) forward steps.
    """
    length = segment_length(T)
    ends = (T - 1) // length  # of all segments but the last: slot j holds h(j length)
    first_own = ends + 1

    def forward(j: int, last: int) -> Plan:
        """Plan the states of segment j up to ``last``, each in a slot of its own."""
        for place, step in enumerate(range(j * length + 1, last + 1)):
            yield Advance(step, first_own + place - 1 if place else j, first_own + place)

    def back(j: int, last: int, at: int) -> Plan:
        for step in range(last, j * length, -1):
            before = j if step == j * length + 1 else first_own + step - j * length - 2
            yield Back(step, before, at)
            at = before

    for j in range(ends):
        source = j
        for step in range(j * length + 1, (j + 1) * length + 1):
            target = j + 1 if step == (j + 1) * length else first_own
            yield Advance(step, source, target)
            source = target
    yield from forward(ends, T)
    yield from back(ends, T, first_own + T - ends * length - 1)
    for j in range(ends - 1, -1, -1):
        yield from forward(j, (j + 1) * length - 1)
        yield from back(j, (j + 1) * length, j + 1)


# --- the optimum for a given number of states ---


class _Table(NamedTuple):
    """For each number of free slots f, from 0, and of steps t, from 0."""

    cost: list[array[int]]  # forward steps to go back through t steps whose first and last state are there
    split: list[array[int]]  # the step whose state is best kept first


def require_states(T: int, states: int) -> None:
    """Check that a plan is possible with a number of states.

    Raises
    ------
    ValueError : there are fewer than 2 states, or than 1 if T is 1.
    """
    least = min(T, 2)
    if states < least:
        raise ValueError(f"`states` must be a whole number from {least}, because a pass back needs two, got {states!r}")


@lru_cache(maxsize=4)  # a table takes 12 bytes for each step and state
def _table(T: int, free: int) -> _Table:
    """Compute costs by dynamic programming: G(t, f) = min_y y + G(t - y, f - 1) + G(y, f), and G(1, f) = 0.

    Keeping h(y) costs y forward steps; the steps right of it then have one slot less, and those left of it all slots.
    Both parts are convex in the number of steps, so that the best y grows by 0 or 1 when t does, and one comparison
    replaces the minimum over all y; the tests compare with the full minimum.
    """
    never = 1 << 40  # beyond any cost: without a free slot, two steps are impossible
    cost = [array("q", [0, 0, *[never] * (T - 1)])]
    split = [array("i", [0] * (T + 1))]
    for _ in range(free):
        fewer, here, best = cost[-1], array("q", [0, 0]), array("i", [0, 0])
        y = 1
        for t in range(2, T + 1):
            now = y + fewer[t - y] + here[y]
            if y + 1 < t and (further := y + 1 + fewer[t - y - 1] + here[y + 1]) <= now:
                y, now = y + 1, further
            here.append(now)
            best.append(y)
        cost.append(here)
        split.append(best)
    return _Table(cost, split)


def forward_steps(T: int, states: int) -> int:
    """Return the forward steps of the optimal plan, the first forward pass included: T if ``states`` ≥ T.

    Parameters
    ----------
    T : time steps.
    states : how many of h(1) … h(T) may be in memory at a time.

    Raises
    ------
    ValueError : there are fewer than 2 states, or than 1 if T is 1.

    >>> [forward_steps(100, states) for states in (2, 3, 10, 99, 100)]
    [4951, 846, 235, 101, 100]
    """
    require_states(T, states)
    free = min(states, T) - 1
    return 1 + _table(T, free).cost[free][T]


def optimal_plan(T: int, states: int) -> Plan:
    """Plan with the fewest forward steps; the slots are 1 … ``states``, besides slot 0.

    Raises
    ------
    ValueError : see ``forward_steps``.
    """
    require_states(T, states)
    states = min(states, T)
    return _optimal_actions(T, states, _table(T, states - 1).split)


def _optimal_actions(T: int, states: int, split: list[array[int]]) -> Plan:
    free = list(range(states, 0, -1))
    waiting = [(0, T, 0)]  # (state before the first step, steps, slot of that state), the rightmost last
    end = None  # slot of the state after the last step that is still to be done
    while waiting:
        first, steps, source = waiting.pop()
        while steps > 1:
            y = split[len(free) - (end is None)][steps]
            kept = free.pop()
            yield Advance(first + 1, source, kept)
            for step in range(first + 2, first + y + 1):
                yield Advance(step, kept, kept)
            waiting.append((first, y, source))
            first, steps, source = first + y, steps - y, kept
        if end is None:
            end = free.pop()
            yield Advance(first + 1, source, end)
        yield Back(first + 1, source, end)
        free.append(end)
        end = source
