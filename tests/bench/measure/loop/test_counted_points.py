"""Which points of several factors are counted, with a made-up counter."""

from __future__ import annotations

from itertools import product

from bptt_bench.measure.loop.counted_points import Sizes, count_points, lines_through_tops
from bptt_bench.measure.timing.clock import FakeClock
from bptt_bench.plan import CostLaw, Point

GRID = [Point(n=n, m=m) for n, m in product((200, 400, 800, 1600, 3200), (200, 400, 800))]
LAW = CostLaw("n*m")


class Counted:
    """The points that are counted of code of a law, where an instruction takes so many seconds."""

    def __init__(self, points: list[Point], law: CostLaw, seconds: float, *, budget: float = 15.0) -> None:
        self.counts: dict[Point, float] = {}
        clock = FakeClock()

        def count(point: Point, _seconds: float) -> float:
            self.counts[point] = 20_000 + 10 * float(law.evaluate(dict(point)))
            clock.advance(0.2 + seconds * self.counts[point])
            return self.counts[point]

        self.left_out = count_points(law, points, count, {}, seconds=budget, now=clock.now)
        self.top = max(self.counts, key=lambda point: self.counts[point])
        self.seconds = clock.now()

    def along(self, name: str) -> list[float]:
        """Return the levels of a factor at which all others are those of the largest point."""
        return sorted(point[name] for point in self.counts if {**point, name: 0} == {**self.top, name: 0})


def test_each_factor_varies_alone_below_the_largest_point() -> None:
    found = Counted(GRID, LAW, 2e-8)
    assert found.top == Point(n=3200, m=800)
    assert found.along("n") == [200, 400, 800, 1600, 3200]
    assert found.along("m") == [200, 400, 800]
    assert not found.left_out


def test_where_time_is_short_all_lines_through_a_smaller_point_are_counted() -> None:
    found = Counted(GRID, LAW, 5e-7)
    assert found.counts[found.top] < 10 * 3200 * 800
    assert all(len(found.along(name)) >= 3 for name in ("n", "m"))
    assert found.seconds < 1.2 * 15.0
    assert not found.left_out


def test_a_sum_is_counted_where_each_of_its_terms_is_large() -> None:
    points = [Point(V=V, E=E) for V, E in product((1000, 4000, 16_000), (4000, 16_000, 64_000))]
    found = Counted(points, CostLaw("V + E"), 2e-8)
    assert found.along("V") == [1000, 4000, 16_000]
    assert found.along("E") == [4000, 16_000, 64_000]


def test_a_design_without_its_corners_is_counted_as_it_is() -> None:
    points = [Point(n=n, m=n // 2) for n in (100, 200, 400, 800)]
    assert lines_through_tops(points) == [points]
    assert set(points) <= set(Counted(points, LAW, 2e-8).counts)


def test_lines_have_three_levels_of_each_factor_if_there_are_so_many() -> None:
    designs = lines_through_tops(GRID)
    assert [design[0] for design in designs] == [Point(n=n, m=800) for n in (3200, 1600, 800)]
    for design in designs:
        assert len(set(design)) == len(design)
        assert {point["m"] for point in design if point["n"] == design[0]["n"]} == {200, 400, 800}


def test_sizes_are_those_of_the_law_or_of_the_levels_where_these_grow_more() -> None:
    size_of = Sizes(CostLaw("n"), [Point(n=10, m=1), Point(n=20, m=400)])
    assert size_of(Point(n=10, m=1)) == 1
    assert size_of(Point(n=1000, m=1)) == 100
    assert size_of(Point(n=10, m=400)) == 20
    assert Sizes(None, [Point(n=2)])(Point(n=8)) == 4
