"""What is kept between blocks stays within its budget, and goes when memory is needed."""

from __future__ import annotations

from bptt_bench.measure.worker.prepared_cache import PreparedCache


def filled(budget: int, *sizes: int) -> PreparedCache[str]:
    cache = PreparedCache[str](budget)
    for key, size in enumerate(sizes):
        cache.put(key, f"value {key}", size)
    return cache


def kept(cache: PreparedCache[str], keys: int) -> list[int]:
    return [key for key in range(keys) if cache.get(key) is not None]


def test_the_least_recently_used_goes_first() -> None:
    cache = filled(30, 10, 10, 10)
    assert cache.get(0) == "value 0"
    cache.put(3, "value 3", 15)
    assert kept(cache, 4) == [0, 3]
    assert cache.bytes_kept == 25


def test_what_is_larger_than_the_budget_or_of_unknown_size_is_not_kept() -> None:
    cache = filled(30, 10)
    cache.put(1, "too large", 31)
    cache.put(2, "unknown", None)
    cache.put(3, "just fits", 20)
    assert kept(cache, 4) == [0, 3]


def test_room_is_made_by_giving_up_no_more_than_needed() -> None:
    cache = filled(100, 10, 20, 30)
    assert cache.make_room(25, lambda: 60 - cache.bytes_kept)
    assert kept(cache, 3) == [2]
    assert cache.bytes_kept == 30


def test_room_that_cannot_be_made_empties_the_cache() -> None:
    cache = filled(100, 10, 20)
    assert not cache.make_room(61, lambda: 60 - cache.bytes_kept)
    assert len(cache) == 0
    assert cache.bytes_kept == 0
