"""The peaks of this machine: large matrix products and long moves, with all the threads of a run.

The probe of single calls does not show them: its products are small, and its moves are those of one thread. Here a
product is large enough for every thread to be busy, and a move is divided among as many threads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from bptt_bench.measure.timing.clock import Clock
from bptt_bench.measure.timing.timing import no_garbage_collection, seconds_of
from bptt_bench.plan.machine.peaks import Peaks

SECONDS = 6.0  # after which no round begins: some dozens of rounds, over several slow periods of the machine
MOST_ROUNDS = 60
LEAST_ROUNDS = 2  # the first call of each kind touches new memory and wakes the threads
SHAPES = ((1024, 1024, 1024), (2048, 2048, 2048), (4096, 128, 4096))  # (m, n, k): two square products and a thin one
MOVED_BYTES = 192 << 20  # each array: several times the last cache of any machine of today
MEMORY_SHARE = 0.5  # of what is available; the rest is for others
ARRAYS = 3  # of a move
LEAST_BYTES = 1 << 20  # each array, however little memory there is
HALF = 0.5

Call = Callable[[], object]


def read_peaks(clock: Clock, *, threads: int, available: int, seconds: float = SECONDS) -> Peaks:
    """Return the best rates of many rounds.

    Parameters
    ----------
    threads : among which moves are divided; the library divides matrix products itself.
    available : bytes that can still be allocated.
    seconds : after which no round is begun.
    """
    with ThreadPoolExecutor(threads) as pool:
        products, moves = product_calls(), move_calls(pool, threads, available)
        best: dict[str, float] = {}
        end, rounds = clock.now() + seconds, 0
        with no_garbage_collection():
            while rounds < LEAST_ROUNDS or (rounds < MOST_ROUNDS and clock.now() < end):
                for name, work, call in (*products, *moves):
                    spent = seconds_of(call, 1, clock)
                    if spent > 0:
                        best[name] = max(best.get(name, 0.0), work / spent)
                rounds += 1
    return Peaks(
        products={name: best[name] for name, _, _ in products},
        moves={name: best[name] for name, _, _ in moves},
        threads=threads,
    )


def product_calls() -> list[tuple[str, float, Call]]:
    """Return matrix products in float32: name, operations, call."""
    calls: list[tuple[str, float, Call]] = []
    for m, n, k in SHAPES:
        left, right = np.full((m, k), HALF, np.float32), np.full((k, n), HALF, np.float32)
        calls.append((f"{m}x{n}x{k}", 2.0 * m * n * k, partial(np.dot, left, right, np.empty((m, n), np.float32))))
    return calls


def move_calls(pool: ThreadPoolExecutor, threads: int, available: int) -> list[tuple[str, float, Call]]:
    """Return moves of long arrays, divided among threads: name, bytes, call."""
    size = max(LEAST_BYTES, min(MOVED_BYTES, int(MEMORY_SHARE * available / ARRAYS)))
    length = size // 8 // threads * threads
    first, second, out = (np.full(length, HALF) for _ in range(ARRAYS))
    parts = [slice(i * length // threads, (i + 1) * length // threads) for i in range(threads)]

    def divided(one: Callable[[slice], object]) -> Call:
        return lambda: _all(pool, one, parts)

    return [
        ("read", 8.0 * length, divided(lambda part: np.maximum.reduce(first[part]))),
        ("copy", 16.0 * length, divided(lambda part: np.copyto(out[part], first[part]))),
        ("add", 24.0 * length, divided(lambda part: np.add(first[part], second[part], out=out[part]))),
    ]


def _all(pool: ThreadPoolExecutor, one: Callable[[slice], object], parts: Sequence[slice]) -> None:
    """Have every thread do its part, and wait for the last."""
    for _ in pool.map(one, parts):
        pass
