"""Two ways to join two tables on a key, and a claim that is caught.

    bptt-bench run examples/join.py

A join by hashing takes n + m steps: each row is read once. Nested loops compare every row with every other, n·m times.
Here the nested loops are also claimed to take n + m. Along each table alone that looks right: time grows linearly with
either table while the other keeps its size. But a row of one table takes more time the longer the other table is. If
both tables grow, time grows to the power 2, not 1, and growth is judged with each table and with both.

You will see the results of all joins checked equal, the claims about hashing and about loops as n·m supported, and
loops as n + m refuted, which is why this run exits with status 1.
"""

import functools
import random

import bptt_bench as bench


def by_hashing(left, right):
    rows = dict(right)
    return [(key, value, rows[key]) for key, value in left if key in rows]


def nested_loops(left, right):
    return [(key, value, other) for key, value in left for same, other in right if key == same]


def prepare(point, join):
    """Return the timed call on two tables without repeated keys; ``random`` is seeded, so both joins get the same."""
    left, right = ([(key, key % 7) for key in random.sample(range(10_000), point[rows])] for rows in ("n", "m"))
    return lambda: join(left, right)


EXPERIMENT = bench.experiment(
    {
        "hashing": functools.partial(prepare, join=by_hashing),
        "loops": functools.partial(prepare, join=nested_loops),
        "loops as n + m": functools.partial(prepare, join=nested_loops),
    },
    law={"hashing": "n + m", "loops": "n*m", "loops as n + m": "n + m"},
    name="join",
    margin=0.25,
    n=[30, 1000],
    m=[30, 1000],
)
