"""Plans with few states: they can be carried out and have the least cost, compared with a search over all plans."""

from __future__ import annotations

import heapq
from itertools import count

import pytest
from bptt_rnn.gradients.recomputation import (
    Advance,
    Back,
    Plan,
    forward_steps,
    optimal_plan,
    segment_length,
    segmented_plan,
    segmented_slots,
)


def carried_out(plan: Plan, T: int, slots: int) -> int:
    """Forward steps of a plan, each action of which finds the states that it needs."""
    held, left, steps = {0: 0}, T, 0
    for action in plan:
        if isinstance(action, Advance):
            assert held[action.source] == action.step - 1
            assert 1 <= action.target <= slots
            held[action.target] = action.step
            steps += 1
        else:
            assert isinstance(action, Back)
            assert action.step == left
            assert (held[action.before], held[action.at]) == (left - 1, left)
            left -= 1
    assert left == 0
    assert held[0] == 0
    return steps


def cheapest(T: int, states: int) -> int:
    """Fewest forward steps, by a search over all that can be in memory: any state may follow from the one before it."""
    tie = count()
    start = (frozenset[int](), T)
    best = {start: 0}
    queue = [(0, next(tie), start)]
    while queue:
        cost, _, (held, left) = heapq.heappop(queue)
        if left == 0:
            return cost
        if cost > best[held, left]:
            continue
        known = held | {0}
        following = []
        if left in known and left - 1 in known:
            following.append((cost, (held - {left}, left - 1)))
        for state in known:
            if state < left:
                grown = held | {state + 1}
                dropped = [grown] if len(grown) <= states else [grown - {one} for one in held]
                following += [(cost + 1, (kept, left)) for kept in dropped]
        for unit_cost, place in following:
            if unit_cost < best.get(place, unit_cost + 1):
                best[place] = unit_cost
                heapq.heappush(queue, (unit_cost, next(tie), place))
    raise AssertionError("no plan")


@pytest.mark.parametrize("T", range(1, 9))
def test_no_plan_is_cheaper(T: int) -> None:
    for states in range(min(T, 2), T + 2):
        assert forward_steps(T, states) == cheapest(T, states)


def test_short_cut_of_the_dynamic_programme_finds_the_full_minimum() -> None:
    T, states = 60, 12
    cost = {(t, 0): 0 if t <= 1 else 10**9 for t in range(T + 1)}
    for free in range(1, states):
        cost |= {(0, free): 0, (1, free): 0}
        for t in range(2, T + 1):
            cost[t, free] = min(y + cost[t - y, free - 1] + cost[y, free] for y in range(1, t))
    for t in range(1, T + 1):
        for free in range(min(t, 2) - 1, min(t, states)):
            assert forward_steps(t, free + 1) == 1 + cost[t, free]


@pytest.mark.parametrize("T", [1, 2, 3, 4, 5, 8, 9, 10, 17, 100])
def test_optimal_plans_can_be_carried_out_and_cost_what_they_should(T: int) -> None:
    for states in {min(T, 2), 3, 5, 10, T, T + 3}:
        if states >= min(T, 2):
            assert carried_out(optimal_plan(T, states), T, states) == forward_steps(T, states)


@pytest.mark.parametrize("T", [*range(1, 30), 100, 101])
def test_plans_of_segments_can_be_carried_out_in_one_more_forward_pass(T: int) -> None:
    length = segment_length(T)
    assert (length - 1) ** 2 < T <= length**2
    steps = carried_out(segmented_plan(T), T, segmented_slots(T))
    assert steps == T + (T - 1) // length * (length - 1) <= 2 * T
    assert segmented_slots(T) <= 2 * length


def test_with_all_states_nothing_is_formed_again() -> None:
    assert forward_steps(50, 50) == forward_steps(50, 80) == 50


@pytest.mark.parametrize(("T", "states", "least"), [(5, 1, 2), (2, 0, 2), (1, 0, 1)])
def test_too_few_states_are_named(T: int, states: int, least: int) -> None:
    for function in (forward_steps, optimal_plan):
        with pytest.raises(ValueError, match=f"`states` must be a whole number from {least}, .* got {states}"):
            function(T, states)
