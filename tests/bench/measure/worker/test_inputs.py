"""What a call works on is found, seen to change, and put back."""

from __future__ import annotations

import array
import functools
import itertools
import sys
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from bptt_bench.measure.worker.inputs import Input, estimate_bytes, find_inputs, is_used_up

GLOBAL = [3, 1, 2]
BYTES, ARRAY = bytearray(b"a"), array.array("d", [1])


def sort_global() -> None:
    GLOBAL.sort()


def calls_another() -> None:
    sort_global()


@functools.lru_cache
def cached(n: int) -> int:
    return n


class Slotted:
    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values = [1]

    def work(self) -> None: ...


class Worker:
    def __init__(self) -> None:
        self.queue = deque([1])
        self.calls = 0

    def work(self) -> None: ...


def closure(values: object) -> Callable[[], object]:
    return lambda: values


@pytest.mark.parametrize(
    ("call", "name", "kind"),
    [
        (closure([1]), "values", "list"),
        (closure([[1], [2]]), "values[1]", "list"),
        (closure({"a": [1]}), "values['a']", "list"),
        (closure(np.ones(2)), "values", "ndarray"),
        (closure(Worker()), "values.queue", "deque"),
        (functools.partial(len, [1]), "argument 1", "list"),
        (functools.partial(sorted, [1], key=closure([2])), "values", "list"),
        ([1].sort, "the list of sort()", "list"),
        (Worker().work, "the Worker of work().queue", "deque"),
        (Slotted().work, "the Slotted of work().values", "list"),
        (lambda values=BYTES: values, "values", "bytearray"),
        (lambda *, values=ARRAY: values, "values", "array"),
        (sort_global, "GLOBAL", "list"),
        (calls_another, "GLOBAL", "list"),
        (lambda: cached(3), "cached", "cache"),
        (cached, "cached", "cache"),
        (closure(iter([1])), "values", "list_iterator"),
        (closure(iter([1])), "values", "list"),
        (closure(itertools.cycle([[1], [2]])), "values[1]", "list"),
        (closure(map(len, [[1], [2]])), "values[0][1]", "list"),
    ],
)
def test_inputs_are_found(call: Callable[[], object], name: str, kind: str) -> None:
    assert (name, kind) in {(each.name, each.kind) for each in find_inputs(call)}


def test_arguments_are_found_and_each_object_once() -> None:
    data = [1]
    found = find_inputs(sorted, (data, [data]), {"key": None, "other": {1}})
    assert [each.name for each in found] == ["argument 1", "argument 2", "other"]


def test_what_refers_to_itself_or_is_very_large_is_looked_at_with_an_end() -> None:
    knot: list[Any] = []
    knot.append(knot)
    many = [[i] for i in range(10_000)]
    assert len(find_inputs(closure(knot))) == 2  # with the cell of the closure
    assert len(find_inputs(closure(many))) < 100


def test_modules_and_libraries_are_not_looked_into() -> None:
    assert not [each for each in find_inputs(lambda: np.mean([1, 2])) if each.kind != "cell"]


CHANGES: list[tuple[Any, Callable[[Any], object]]] = [
    ([3, 1, 2], lambda value: value.sort()),
    (list(range(100_000, 0, -1)), lambda value: value.sort()),
    ([1], lambda value: value.append(2)),
    ([1, 2], lambda value: value.pop()),
    (deque([1, 2]), lambda value: value.popleft()),
    ({1: 2}, lambda value: value.update({1: 3})),
    ({1: 2}, lambda value: value.clear()),
    (OrderedDict(a=1, b=2), lambda value: value.move_to_end("a")),
    ({1, 2}, lambda value: value.add(3)),
    (bytearray(b"abc"), lambda value: value.extend(b"d")),
    (array.array("d", [2, 1]), lambda value: value.reverse()),
    (np.array([2.0, 1.0]), lambda value: value.sort()),
    (np.arange(1e6)[::-1], lambda value: value.sort()),
    (np.array([[2, 1], [4, 3]], order="F"), lambda value: value.sort(axis=None) if value.ndim == 1 else value.sort()),
    (np.array(["b", "a"], dtype=object), lambda value: value.sort()),
]


@pytest.mark.parametrize(("value", "change"), CHANGES, ids=lambda each: type(each).__name__)
def test_a_change_is_seen_and_put_back(value: Any, change: Callable[[Any], object]) -> None:
    one = Input("value", value)
    before, restore = one.digest(), one.restorer(1 << 30)
    kept = value.copy() if hasattr(value, "copy") else value[:]
    assert one.digest() == before
    change(value)
    assert one.digest() != before
    assert restore is not None
    restore()
    assert one.digest() == before
    np.testing.assert_equal(value, kept)
    restore()  # as often as one likes
    np.testing.assert_equal(value, kept)


def test_a_variable_of_a_closure_is_put_back() -> None:
    data = [2, 1]

    def call() -> list[int]:
        nonlocal data
        data = sorted(data)
        return data

    (cell,) = (each for each in find_inputs(call) if each.kind == "cell")
    before, restore = cell.digest(), cell.restorer(1 << 20)
    call()
    assert cell.digest() != before
    assert restore is not None
    restore()
    assert data == [2, 1]


def test_a_cache_is_emptied() -> None:
    (cache,) = (each for each in find_inputs(lambda: cached(4)) if each.kind == "cache")
    before, restore = cache.digest(), cache.restorer(0)
    cached(4)
    assert cache.digest() != before
    assert restore is not None
    restore()
    assert cached.cache_info().currsize == 0


def test_what_is_too_large_or_read_only_cannot_be_put_back() -> None:
    fixed = np.ones(3)
    fixed.flags.writeable = False
    assert Input("x", np.ones(1000)).restorer(7999) is None
    assert Input("x", list(range(1000))).restorer(1000) is None
    assert Input("x", fixed).restorer(1 << 20) is None
    assert Input("x", iter([1])).restorer(1 << 20) is None


def test_an_iterator_is_used_up_at_its_end_and_is_never_asked_for_an_item() -> None:
    def generated() -> Iterator[int]:
        yield from (1, 2)

    makers: list[Callable[[], Iterator[Any]]] = [
        lambda: iter([1, 2]),
        lambda: iter((1, 2)),
        lambda: iter(range(2)),
        lambda: iter({1: 2, 3: 4}),
        lambda: iter({1, 2}),
        lambda: reversed([1, 2]),
        lambda: map(abs, [1, 2]),
        lambda: zip([1, 2], [3, 4], strict=True),
        lambda: filter(None, [1, 2]),
        lambda: enumerate([1, 2]),
        generated,
    ]
    for make in makers:
        iterator = make()
        assert not is_used_up(iterator)
        next(iterator)
        assert not is_used_up(iterator)
        list(iterator)
        assert is_used_up(iterator), make
    endless = itertools.count()
    assert not is_used_up(endless)
    assert next(endless) == 0


class Refuses(list[int]):
    """A collection that will not be looked at."""

    def __len__(self) -> int:
        raise RuntimeError("not now")

    def __iter__(self) -> Iterator[int]:
        raise RuntimeError("not now")


def test_what_will_not_be_looked_at_fails_nothing() -> None:
    refuses, data = Refuses(), [1]
    found = find_inputs(lambda: (refuses, data))
    assert ("data", "list") in {(each.name, each.kind) for each in found}
    assert [each.digest() for each in found if each.value is refuses] == [None]


def test_values_whose_comparison_is_no_yes_or_no_are_known_by_their_place() -> None:
    record = np.zeros(1, dtype=[("a", float, 3)])[0]
    one = Input("x", [record, np.ones(3)])
    assert one.digest() == one.digest()
    assert Input("x", np.ones(3)) != Input("x", np.ones(3))


def test_what_a_library_has_compiled_is_not_touched() -> None:
    dispatcher = np.vectorize(len)  # callable, of a library, with a mapping of what it has made
    assert vars(dispatcher)
    assert [each.kind for each in find_inputs(closure(dispatcher))] == ["cell"]


def test_bytes_are_those_of_all_that_is_reached_each_object_once() -> None:
    numbers, array = [float(n) for n in range(10_000)], np.zeros((100, 100))
    assert estimate_bytes(find_inputs(lambda: (numbers, numbers))) == pytest.approx(10_000 * (8 + 24), rel=0.02)
    assert estimate_bytes(find_inputs(lambda: (array, array.sum()))) == 80_000
    nested = [[float(n) for n in range(100 * k, 100 * k + 100)] for k in range(100)]
    assert estimate_bytes(find_inputs(lambda: nested)) == pytest.approx(10_000 * (8 + 24), rel=0.1)
    text, same = "x" * 5000, [0] * 10_000
    assert estimate_bytes(find_inputs(lambda: text)) == pytest.approx(5000, rel=0.02)
    assert estimate_bytes(find_inputs(lambda: same)) < 10_000 * 11  # one number, and places for it
    table = {n: str(n) for n in range(1000, 9000)}
    assert estimate_bytes(find_inputs(lambda: table)) == pytest.approx(
        sys.getsizeof(table) + 8000 * (sys.getsizeof(1000) + sys.getsizeof("1000")), rel=0.05
    )


def test_bytes_of_what_will_not_be_looked_at_are_not_counted() -> None:
    refuses, data = Refuses(), np.zeros(100)
    assert estimate_bytes(find_inputs(lambda: (refuses, data))) == 800
