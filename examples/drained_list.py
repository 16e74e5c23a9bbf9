"""Taking the items of a list from its front: each `list.pop(0)` moves all that are left, so n of them take n² steps.

    bptt-bench run examples/drained_list.py --out results/drained

The law that is claimed, n, is refuted by the number of instructions, and the function that grows more is named.
`collections.deque` takes items from both of its ends and follows n.
"""

import bptt_bench as bench


def prepare(point):
    """Return a function that copies a list and empties the copy from its front."""
    values = list(range(point["n"]))

    def drain():
        waiting, total = list(values), 0
        while waiting:
            total += waiting.pop(0)
        return total

    return drain


EXPERIMENT = bench.experiment(prepare, law="n", name="drained list", measure="instructions", n=[1000, 30_000])
