"""Designs are sets of checked points; a block visits each cell once, in an order that only the seed decides."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from bptt_bench.errors import DesignError
from bptt_bench.plan import Cell, Design, Factor, Point, Profile, block_order


def test_lines_move_one_factor_at_a_time() -> None:
    design = Design.lines({"T": 8, "V": 64}, {"T": [4, 8, 16], "V": [32]})
    assert [dict(point) for point in design] == [
        {"T": 8, "V": 64},
        {"T": 4, "V": 64},
        {"T": 16, "V": 64},
        {"T": 8, "V": 32},
    ]


def test_grid_and_corners() -> None:
    assert len(Design.grid({"a": [1, 2, 3], "b": [1, 2]})) == 6
    assert Design.corners({"a": (1, 9), "b": (2, 8)}) == Design.grid({"a": [1, 9], "b": [2, 8]})


def test_points_are_equal_whatever_the_order_of_their_factors() -> None:
    assert Point(a=1, b=2) == Point(b=2, a=1)
    assert len({Point(a=1, b=2), Point(b=2, a=1)}) == 1
    assert len(Design.of([{"a": 1}]) + Design.of([{"a": 1}, {"a": 2}])) == 2


@pytest.mark.parametrize("value", [0, -1, 1.5, float("nan"), float("inf"), True, "3", None])
def test_a_level_that_cannot_be_is_named_with_what_can(value: object) -> None:
    with pytest.raises(DesignError, match=r"factor T must be a whole number from 1, got "):
        Factor(name="T").validate(value)


def test_levels_become_whole_numbers_and_points_follow_the_order_of_the_factors() -> None:
    design = Design.of([{"b": 2.0, "a": 1}]).validated([Factor(name="a"), Factor(name="b")])
    assert list(design.points[0].items()) == [("a", 1), ("b", 2)]
    assert type(design.points[0]["b"]) is int
    assert Factor(name="x", kind="real", minimum=0).validate(0.5) == 0.5


def test_a_real_factor_takes_anything_above_0_unless_it_names_a_minimum() -> None:
    assert Factor(name="x", kind="real").validate(0.01) == 0.01
    with pytest.raises(DesignError, match=r"factor x must be a number above 0, got 0"):
        Factor(name="x", kind="real").validate(0)
    with pytest.raises(DesignError, match=r"factor x must be a number from 0.5, got 0.4"):
        Factor(name="x", kind="real", minimum=0.5).validate(0.4)


def test_levels_of_a_category_are_text_and_points_show_them_as_they_are() -> None:
    factor = Factor(name="dtype", kind="category", levels=("float32", "float64"))
    assert factor.validate("float32") == "float32"
    assert Factor(name="backend", kind="category").validate("any text") == "any text"
    point = Point(n=8, dtype="float32")
    assert (repr(point), str(point)) == ("Point(n=8, dtype='float32')", "n=8 dtype=float32")
    assert len({point, Point(dtype="float32", n=8), Point(dtype="float64", n=8)}) == 2
    assert Design.corners({"n": (1, 9), "dtype": ("a", "b", "c")}) == Design.grid({"n": [1, 9], "dtype": list("abc")})
    lines = Design.lines({"n": 1, "dtype": "a"}, {"dtype": ["b"], "n": [2]})
    assert [str(point) for point in lines] == ["n=1 dtype=a", "n=1 dtype=b", "n=2 dtype=a"]


@pytest.mark.parametrize("level", [1, None, True, "", " a", "a\nb", "a[b]", "a" * 81, "float16"])
def test_a_level_that_no_category_can_have_is_named_with_what_can(level: object) -> None:
    with pytest.raises(DesignError, match=r"factor dtype must be (text|one of 'float32', 'float64')") as error:
        Factor(name="dtype", kind="category", levels=("float32", "float64")).validate(level)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"kind": "text"}, "kind must be one of integer, real, category, got 'text'"),
        ({"levels": ("a",)}, "only a category names its levels"),
        ({"kind": "category", "levels": "ab"}, "levels must be a tuple of texts"),
        ({"kind": "category", "levels": ("a]",)}, "without brackets"),
        ({"kind": "category", "minimum": 1}, "a category has none"),
    ],
)
def test_a_factor_that_contradicts_itself_is_refused(wrong: dict[str, Any], reason: str) -> None:
    with pytest.raises(DesignError, match=reason):
        Factor(name="f", **wrong)


def test_one_text_is_not_taken_for_several_levels() -> None:
    for make in (Design.grid, Design.corners):
        with pytest.raises(DesignError, match=r"levels of dtype must be a list, such as \['float32'\], got 'float32'"):
            make({"dtype": "float32"})  # type: ignore[dict-item]  # which is the mistake


def test_a_point_gives_its_levels_by_name_and_names_those_that_it_has() -> None:
    point = Point(n=8, items=3, dtype="float32")
    assert (point["n"], point.n, point.dtype, point["items"]) == (8, 8, "float32", 3)  # type: ignore[attr-defined]  # levels
    assert list(point.items()) == [("n", 8), ("items", 3), ("dtype", "float32")], "methods of mappings are themselves"
    with pytest.raises(KeyError, match="point: has no factor 'm'; it has n, items, dtype"):
        point["m"]
    with pytest.raises(AttributeError, match="point: has no factor 'm'; it has n, items, dtype"):
        point.m()  # type: ignore[attr-defined]  # which is the mistake
    assert point.get("m") is None
    assert "m" not in point
    assert pickle.loads(pickle.dumps(point)) == copy.deepcopy(point) == point
    assert Point({"µ": 3})["µ"] == Point({"μ": 3})["µ"] == 3, "the micro sign and the Greek letter"


@pytest.mark.parametrize(
    ("points", "reason"), [([], "has no points"), ([{"a": 1}], "needs exactly"), ([{"a": 1, "z": 1}], "exactly")]
)
def test_a_design_that_does_not_fit_its_factors_is_refused(points: list[dict[str, float]], reason: str) -> None:
    with pytest.raises(DesignError, match=reason):
        Design.of(points).validated([Factor(name="a"), Factor(name="b")])
    with pytest.raises(DesignError, match="line in 'z'"):
        Design.lines({"a": 1}, {"z": [1]})


def test_extra_points_are_visited_by_their_subject_alone() -> None:
    profile = Profile(design=Design.of([{"n": 1}]), extra={"fast": Design.of([{"n": 1}, {"n": 9}])})
    assert profile.cells(["slow", "fast"]) == (
        Cell("slow", Point(n=1)),
        Cell("fast", Point(n=1)),
        Cell("fast", Point(n=9)),
    )


@pytest.mark.parametrize("wrong", [{"blocks": 0}, {"processes": 0}, {"seconds_per_sample": 0.0}])
def test_a_profile_that_measures_nothing_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(DesignError, match=next(iter(wrong))):
        Profile(design=Design.of([{"n": 1}]), **wrong)  # type: ignore[arg-type]  # a table of wrong values


def test_a_block_visits_every_cell_once_and_keeps_the_subjects_of_a_point_together() -> None:
    cells = Profile(design=Design.grid({"n": range(1, 30)})).cells(["a", "b", "c"])
    order = block_order(cells, block=0, seed=7)
    assert Counter(order) == Counter(cells)
    points = [cell.point for cell in order]
    assert all(points[i] == points[i + 1] == points[i + 2] for i in range(0, len(points), 3))


def test_the_categories_of_a_point_are_visited_next_to_each_other() -> None:
    cells = Profile(design=Design.grid({"dtype": ["x", "y", "z"], "n": range(1, 20)})).cells(["a", "b"])
    order = block_order(cells, block=0, seed=7)
    assert Counter(order) == Counter(cells)
    sizes = [cell.point["n"] for cell in order]
    assert all(len(set(sizes[i : i + 6])) == 1 for i in range(0, len(sizes), 6))
    assert all(order[i].point == order[i + 1].point for i in range(0, len(order), 2))
    first = {order[i].point["dtype"] for i in range(0, len(order), 6)}
    assert first == {"x", "y", "z"}  # none is always the first


def test_without_categories_the_order_is_that_of_earlier_versions() -> None:
    cells = Profile(design=Design.grid({"n": range(1, 6)})).cells(["a", "b"])
    order = block_order(cells, block=1, seed=7)
    assert [(cell.subject, cell.point["n"]) for cell in order] == [
        *(("a", 4), ("b", 4), ("a", 1), ("b", 1), ("b", 3), ("a", 3), ("a", 2), ("b", 2), ("b", 5), ("a", 5)),
    ]


def test_the_order_depends_on_seed_and_block_alone() -> None:
    cells = Profile(design=Design.grid({"n": range(1, 30)})).cells(["a", "b"])
    assert block_order(cells, block=1, seed=7) == block_order(cells, block=1, seed=7)
    assert len({block_order(cells, block=b, seed=s) for b in range(3) for s in range(3)}) == 9


def test_a_point_is_found_again_in_another_process() -> None:
    point = Point(n=2, dtype="float32")
    stored = pickle.dumps((hash(point), point))
    code = f"import pickle; _, p = pickle.loads({stored!r}); print(p in {{type(p)(n=2, dtype='float32')}})"
    other = {**os.environ, "PYTHONHASHSEED": "1"}
    ran = subprocess.run([sys.executable, "-c", code], env=other, capture_output=True, text=True, check=True)
    assert ran.stdout == "True\n"
