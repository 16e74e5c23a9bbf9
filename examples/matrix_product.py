"""A matrix product has three sizes: (n × k) times (k × m) takes n·k·m multiply-adds.

    python -m bench run examples/matrix_product.py

You will see three claims, one for each size, each with an exponent near 1. All are fitted at once, to points on
lines through the middle and in the corners of the three ranges, not one size after the other.

Why not from 1 on? Below some ten rows or columns a call costs more than its arithmetic, and a thin product is no
product for the library: it moves memory, at another price. From 64 on the law holds; the exponents stay a little under 1,
because larger products keep the arithmetic units busier.
"""

import numpy as np

import bench


def prepare(point):
    """The product of two random matrices, into a third that is there already."""
    a = np.random.random((point["n"], point["k"]))
    b = np.random.random((point["k"], point["m"]))
    out = np.empty((point["n"], point["m"]))
    return lambda: np.matmul(a, b, out=out)


EXPERIMENT = bench.experiment(
    prepare,
    law="n*k*m",
    name="matrix product",
    n=[64, 512],
    k=[64, 512],
    m=[64, 512],
)
