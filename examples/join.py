"""Two ways to join two tables on a key, and a claim that is caught.

    python -m bench run examples/join.py

A join by hashing takes n + m steps: each row is looked at once. Nested loops compare every row with every other, n·m
times. Here somebody says of the nested loops, too, that they take n + m. Along each table alone that even looks right,
for either grows linearly while the other stays as it is. What gives it away is that a row of the one table costs
more the longer the other is. That is claimed, too, because a law that adds up says so: see "exponent of m in n", which should
be 0, and is 1.

You will see the results of all joins checked equal, the claims about hashing and those about nested loops as n·m
supported, and nested loops as n + m refuted. So this run exits with status 1.
"""

import functools
import random

import bench


def by_hashing(left, right):
    rows = {key: value for key, value in right}
    return [(key, value, rows[key]) for key, value in left if key in rows]


def nested_loops(left, right):
    return [(key, value, other) for key, value in left for same, other in right if key == same]


def prepare(point, join):
    """The call to be timed, on two tables without repeated keys; both ways get the same, for ``random`` is seeded."""
    left, right = ([(key, key % 7) for key in random.sample(range(10_000), point[rows])] for rows in ("n", "m"))
    return lambda: join(left, right)


EXPERIMENT = bench.experiment(
    {
        "hashing": functools.partial(prepare, join=by_hashing),
        "nested loops": functools.partial(prepare, join=nested_loops),
        "nested loops, said to be n + m": functools.partial(prepare, join=nested_loops),
    },
    law={"hashing": "n + m", "nested loops": "n*m", "nested loops, said to be n + m": "n + m"},
    name="join",
    n=[30, 1000],
    m=[30, 1000],
)
