"""Three ways to sort, one law: n·log(n).

    bptt-bench run examples/sorting.py --out results/sorting

You will see that all three give the same list, and one claim for each: that its time grows with n as n·log(n) does,
which at these sizes is an exponent of 1.09. Then compare other laws:

    bptt-bench fit results/sorting --subject merge --law "n*log(n)" --versus n --versus "n**2"

The sizes and the margin of ±0.25 are chosen so because no law of two terms is exact. The branch predictor of the
processor learns a short list that is sorted repeatedly: with 1000 numbers a comparison of ``sorted`` takes a third of
its time with 100 000. A long list exceeds the cache, which is slower again.
"""

import functools
import random

import bptt_bench as bench
import numpy as np


def builtin(values):
    return lambda: sorted(values)


def numpy(values):
    array = np.array(values)
    return lambda: np.sort(array)  # sorts a copy, so that each call sorts the same numbers


def merge(values):
    def sort(part):
        if len(part) < 2:
            return part
        left, right = sort(part[: len(part) // 2]), sort(part[len(part) // 2 :])
        left.reverse(), right.reverse()
        merged = []
        while left and right:
            merged.append(left.pop() if left[-1] <= right[-1] else right.pop())
        return merged + left[::-1] + right[::-1]

    return lambda: sort(values)


def prepare(point, make):
    """Return the timed call on random numbers; ``random`` is seeded by the point, so all functions sort the same."""
    return make(random.sample(range(1_000_000_000), point["n"]))


EXPERIMENT = bench.experiment(
    {make.__name__: functools.partial(prepare, make=make) for make in (builtin, numpy, merge)},
    law="n*log(n)",
    name="sorting",
    margin=0.25,
    n=[10_000, 100_000],
)
