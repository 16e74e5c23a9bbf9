"""Which visits are made, in which order, by which process, and how long the rest will take."""

from __future__ import annotations

import pytest
from bptt_bench.measure.loop.progress import TimeLeft
from bptt_bench.measure.protocol.schedule import (
    Block,
    StoredProgress,
    Visit,
    divide_blocks,
    plan_blocks,
    plan_cells,
    remaining_blocks,
)
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import Cell, Design, Experiment, Factor, Point, Profile, Subject, block_order

from tests.bench.measure.fakes import linear, toy


def visit(subject: str = "s", n: int = 1, block: int = 0) -> Visit:
    return Visit(subject, Point(n=n), block, "whole")


def test_every_cell_is_visited_once_in_every_block_in_seeded_order() -> None:
    experiment = toy(linear(FakeClock(), "a"), linear(FakeClock(), "b"), placebo="a", n=(1, 2, 3))
    cells = plan_cells(experiment, experiment.profile("quick"))
    blocks = plan_blocks(experiment, experiment.profile("quick"), seed=7)
    assert [block.number for block in blocks] == [0, 1, 2]
    for block in blocks:
        expected = [(*cell, block.number, "whole") for cell in block_order(cells, block=block.number, seed=7)]
        assert list(block.visits) == expected
        assert len(set(block.visits)) == 9


def test_phases_are_timed_right_after_the_whole_in_the_last_blocks_only() -> None:
    experiment = toy(linear(FakeClock(), "a", phased=True), linear(FakeClock(), "b"), blocks=4, phase_blocks=2)
    blocks = plan_blocks(experiment, experiment.profile("quick"), seed=0)
    phased = [[v for v in block.visits if v.timing == "phases"] for block in blocks]
    assert [len(visits) for visits in phased] == [0, 0, 2, 2]
    for block in blocks[2:]:
        for before, after in zip(block.visits, block.visits[1:], strict=False):
            if after.timing == "phases":
                assert before == after._replace(timing="whole")
    assert {v.subject for visits in phased for v in visits} == {"a"}


def test_levels_become_plain_numbers_in_the_order_of_the_factors() -> None:
    experiment = Experiment(
        name="two",
        factors=(Factor(name="n"), Factor(name="m")),
        subjects=(Subject(name="s", prepare=lambda point: lambda: None),),
        profiles={"quick": Profile(design=Design.of([{"m": 2.0, "n": 3.0}]))},
    )
    (cell,) = plan_cells(experiment, experiment.profile("quick"))
    assert repr(list(cell.point.items())) == "[('n', 3), ('m', 2)]"


def test_what_is_done_is_left_out() -> None:
    blocks = [Block(0, (visit(n=1), visit(n=2))), Block(1, (visit(n=1, block=1),))]
    left = remaining_blocks(blocks, StoredProgress(samples=frozenset({visit(n=2), visit(n=1, block=1)})).samples)
    assert left == (Block(0, (visit(n=1),)), Block(1, ()))


@pytest.mark.parametrize(
    ("blocks", "processes", "expected"),
    [(5, 2, [3, 2]), (4, 2, [2, 2]), (3, 5, [1, 1, 1]), (7, 3, [3, 2, 2]), (2, 1, [2])],
)
def test_blocks_are_dealt_out_in_order_and_evenly(blocks: int, processes: int, expected: list[int]) -> None:
    shares = divide_blocks([Block(number, ()) for number in range(blocks)], processes)
    assert sorted((len(share) for share in shares), reverse=True) == expected
    assert [block.number for share in shares for block in share] == list(range(blocks))


def test_time_left_is_what_each_visit_cost_when_last_made() -> None:
    visits = [
        visit("a", 1, 0),
        visit("a", 2, 0),
        visit("a", 1, 1),
        visit("a", 2, 1),
        visit("a", 1, 2),
        visit("a", 2, 2),
    ]
    left = TimeLeft.of(visits)
    assert left.estimate() is None
    left.complete(visits[0], 1.0)
    assert left.estimate() == 2 * 1.0 + 3 * 1.0  # the other kind is taken for an average one
    left.complete(visits[1], 10.0)
    assert left.estimate() == 2 * 1.0 + 2 * 10.0
    left.complete(visits[2], 0.5)  # prepared already
    assert left.estimate() == 1 * 0.5 + 2 * 10.0
    left.drop(visits[3])
    assert left.estimate() == 1 * 0.5 + 1 * 10.0


def test_an_average_visit_costs_what_each_kind_cost_last() -> None:
    visits = [visit("a", 1, 0), visit("a", 1, 1), visit("b", 1, 0), visit("b", 2, 0), visit("b", 2, 1)]
    left = TimeLeft.of(visits)
    left.complete(visits[0], 9.0)
    left.complete(visits[1], 1.0)
    assert left.estimate() == 3 * 1.0
    left.complete(visits[2], 5.0)
    assert left.estimate() == 2 * 3.0
    left.expect({Cell("b", Point(n=2)): 0.5})
    assert left.estimate() == 2 * 0.5
    left.complete(visits[3], 0.1)
    left.complete(visits[4], 0.1)
    assert left.estimate() == 0
    left.add([visit("c", 1, 2)])
    assert left.estimate() == pytest.approx((1.0 + 5.0 + 0.1) / 3)


def test_the_time_left_is_unknown_while_few_kinds_of_visits_are_known() -> None:
    visits = [visit("a", n, 0) for n in range(1, 41)]
    left = TimeLeft.of(visits)
    for made in visits[:3]:
        left.complete(made, 100.0)
        assert left.estimate() is None, "three cells of forty may all be large ones"
    left.complete(visits[3], 0.0)
    assert left.estimate() == 36 * 75.0
    left.expect({Cell("a", Point(n=n)): 1.0 for n in range(5, 41)})
    assert left.estimate() == 36 * 1.0
