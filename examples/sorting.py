"""Three ways to sort, one law: n·log(n).

    bptt-bench run examples/sorting.py --out results/sorting

You will see that all three give the same list, and one claim for each: that its time grows with n as n·log(n) does,
which at these sizes is an exponent of 1.09. Then ask whether another law would do as well:

    bptt-bench fit results/sorting --subject merge --law "n*log(n)" --versus n --versus "n**2"

The sizes are chosen, and the margin of ±0.25 is, because no law of two terms is the whole truth. A short list that is
sorted over and over is learned by heart by the branch predictor of the processor: with 1000 numbers a comparison of
``sorted`` costs a third of what it costs with 100 000. And a long list leaves the cache, which makes it slower again.
"""

import functools
import random

import bptt_bench as bench
import numpy as np


def builtin(values):
    return lambda: sorted(values)


def numpy(values):
    array = np.array(values)
    return lambda: np.sort(array)  # a copy: the next call must find the same unsorted numbers


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


def prepare(point, way):
    """The call to be timed, on random numbers; ``random`` is seeded by the point, so that all ways sort the same."""
    return way(random.sample(range(1_000_000_000), point["n"]))


EXPERIMENT = bench.experiment(
    {way.__name__: functools.partial(prepare, way=way) for way in (builtin, numpy, merge)},
    law="n*log(n)",
    name="sorting",
    margin=0.25,
    n=[10_000, 100_000],
)
