"""A matrix product has three sizes: (n × k) times (k × m) takes n·k·m multiply-adds.

    bptt-bench run examples/matrix_product.py --out results/products

You will see a claim for each of two data types: time grows with each size by an exponent near 1, and with all three
together by one near 3. All sizes are fitted at once, to points on lines through the middle and in the corners of their
ranges, and float32 and float64 each have a fit of their own, with a coefficient of their own:

    bptt-bench fit results/products --subject "matrix product" --law "n*k*m" --where dtype=float32

The sizes do not start at 1. Below some ten rows a call takes longer than its arithmetic, and a thin product is limited
by memory. From 64 on the law holds.
"""

import bptt_bench as bench
import numpy as np


def prepare(point):
    """Return the product of two random matrices, into an existing third one."""
    rng = np.random.default_rng(0)
    n, k, m = point["n"], point["k"], point["m"]
    a, b = (rng.random(shape).astype(point["dtype"]) for shape in ((n, k), (k, m)))
    out = np.empty((n, m), dtype=point["dtype"])
    return lambda: np.matmul(a, b, out=out)


EXPERIMENT = bench.experiment(
    prepare,
    law="n*k*m",
    name="matrix product",
    margin=0.25,
    n=[64, 512],
    k=[64, 512],
    m=[64, 512],
    dtype=["float32", "float64"],
)
