"""Algorithms in NumPy whose operation counts are in textbooks.

GVL: Golub and Van Loan, "Matrix Computations", 4th edition. CLRS: Cormen, Leiserson, Rivest and Stein, "Introduction to
Algorithms", 3rd edition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from bptt_bench.plan import Evaluation, Point
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


def random(*shape: int) -> Any:
    return np.random.random(shape)  # noqa: NPY002  # the generator that experiments seed


def matrix_product(point: Point) -> Evaluation:
    a, b = random(point["n"], point["k"]), random(point["k"], point["m"])

    def evaluate() -> Any:
        c = np.zeros((len(a), b.shape[1]))
        for i in range(len(a)):
            c[i] = a[i] @ b
        return c

    return evaluate


def cholesky(point: Point) -> Evaluation:
    n = point["n"]
    a = random(n, n)
    a = a @ a.T + n * np.eye(n)

    def evaluate() -> Any:
        g = np.zeros_like(a)
        for j in range(n):
            v = a[j:, j] - g[j:, :j] @ g[j, :j]
            g[j:, j] = v / np.sqrt(v[0])
        return g

    return evaluate


def lu(point: Point) -> Evaluation:
    n = point["n"]
    a = random(n, n) + n * np.eye(n)

    def evaluate() -> Any:
        u = a.copy()
        for k in range(n - 1):
            u[k + 1 :, k] /= u[k, k]
            u[k + 1 :, k + 1 :] -= np.outer(u[k + 1 :, k], u[k, k + 1 :])
        return u

    return evaluate


def householder_qr(point: Point) -> Evaluation:
    m, n = point["m"], point["n"]
    if m < n:
        raise ValueError("m must not be less than n")
    a = random(m, n)

    def evaluate() -> Any:
        r = a.copy()
        for j in range(n):
            v = r[j:, j].copy()
            v[0] += np.sign(v[0]) * np.sqrt(v @ v)
            w = (v @ r[j:, j:]) * (2 / (v @ v))
            r[j:, j:] -= np.outer(v, w)
        return r

    return evaluate


def floyd_warshall(point: Point) -> Evaluation:
    lengths = random(point["n"], point["n"])

    def evaluate() -> Any:
        d = lengths.copy()
        for k in range(len(d)):
            d = np.minimum(d, d[:, k, None] + d[None, k, :])
        return d

    return evaluate


def matrix_chain(point: Point) -> Evaluation:
    n = point["n"]
    p = random(n + 1)

    def evaluate() -> Any:
        m = np.zeros((n, n))
        for length in range(1, n):
            i = np.arange(n - length)[:, None]
            split = i + np.arange(length)
            costs = m[i, split] + m[split + 1, i + length] + p[i] * p[split + 1] * p[i + length + 1]
            m[i[:, 0], i[:, 0] + length] = costs.min(axis=1)
        return m

    return evaluate


def common_subsequence(point: Point) -> Evaluation:
    x, y = (np.random.randint(0, 3, point[name]) for name in ("n", "m"))  # noqa: NPY002  # seeded

    def evaluate() -> Any:
        c = np.zeros((len(x) + 1, len(y) + 1), dtype=np.int64)
        for i in range(len(x)):
            np.maximum(c[i, 1:], c[i, :-1] + (y == x[i]), out=c[i + 1, 1:])
            np.maximum.accumulate(c[i + 1], out=c[i + 1])
        return c

    return evaluate


def convolution(point: Point) -> Evaluation:
    x, h = random(point["n"]), random(point["m"])

    def evaluate() -> Any:
        y = np.zeros(len(x) + len(h) - 1)
        for j in range(len(h)):
            y[j : j + len(x)] += h[j] * x
        return y

    return evaluate


def fourier(point: Point) -> Evaluation:
    n, batch = point["n"], point["b"]
    if n & (n - 1):
        raise ValueError("n must be a power of two")
    x = random(batch, n) + 0j
    roots = np.exp(-2j * np.pi * np.arange(n) / n)

    def transform(a: Array, step: int) -> Any:
        if a.shape[1] == 1:
            return a
        even, odd = transform(a[:, ::2], 2 * step), transform(a[:, 1::2], 2 * step)
        turned = odd * roots[::step][: odd.shape[1]]
        return np.concatenate([even + turned, even - turned], axis=1)

    return lambda: transform(x, 1)


def k_means(point: Point) -> Evaluation:
    n, k, d, rounds = (point[name] for name in ("n", "k", "d", "r"))
    if k > n:
        raise ValueError("k must not exceed n")
    x = random(n, d)

    def evaluate() -> Any:
        centres = x[:k].copy()
        for _ in range(rounds):
            away = x[:, None, :] - centres[None]
            nearest = np.argmin((away * away).sum(axis=2), axis=1)
            sums, members = np.zeros((k, d)), np.zeros(k)
            np.add.at(sums, nearest, x)
            np.add.at(members, nearest, 1)
            centres = sums / np.maximum(members, 1)[:, None]
        return centres

    return evaluate


@dataclass(frozen=True, slots=True, kw_only=True)
class Textbook:
    """An algorithm, counts of a textbook by category as formulas in its factors, and where they stand."""

    prepare: Callable[[Point], Evaluation]
    counts: dict[str, str]
    source: str
    factors: str
    largest: int | Mapping[str, int] = 36


TEXTBOOK = [
    Textbook(
        prepare=matrix_product,
        counts={"multiply_adds": "n*k*m"},
        source="GVL, section 1.1.11: 2mnr flops, half of them multiplications",
        factors="nkm",
    ),
    Textbook(
        prepare=cholesky,
        counts={"multiply_adds": "(n**3 - n)/6", "adds_multiplies": "n*(n + 1)/2", "divisions": "n*(n + 1)/2"},
        source="GVL, algorithm 4.2.1: n³/3 flops, half of them multiplications",
        factors="n",
        largest=80,
    ),
    Textbook(
        prepare=lu,
        counts={
            "multiply_adds": "n*(n - 1)*(2*n - 1)/6",
            "adds_multiplies": "n*(n - 1)*(2*n - 1)/6",
            "divisions": "n*(n - 1)/2",
        },
        source="GVL, algorithm 3.2.1: 2n³/3 flops",
        factors="n",
        largest=80,
    ),
    Textbook(
        prepare=householder_qr,
        counts={"adds_multiplies": "n*(n + 1)*(3*m - n + 1)/6 + n*(n + 1)/2"},
        source="GVL, algorithm 5.2.1: 2n²(m - n/3) flops, a quarter of them subtractions of the outer product",
        factors="mn",
        largest={"m": 2000, "n": 200},
    ),
    Textbook(
        prepare=floyd_warshall,
        counts={"adds_multiplies": "n**3", "comparisons": "n**3"},
        source="CLRS, section 25.2: n³ relaxations",
        factors="n",
        largest=80,
    ),
    Textbook(
        prepare=matrix_chain,
        counts={"comparisons": "(n**3 - n)/6 - n*(n - 1)/2"},
        source="CLRS, section 15.2: (n³ - n)/6 splits, a minimum of s of which takes s - 1 comparisons",
        factors="n",
        largest=80,
    ),
    Textbook(
        prepare=common_subsequence,
        counts={"comparisons": "3*n*m", "adds_multiplies": "n*m", "elements_moved": "(n + 1)*(m + 1)"},
        source="CLRS, section 15.4: n·m entries, each the largest of three",
        factors="nm",
        largest=60,
    ),
    Textbook(
        prepare=convolution,
        counts={"adds_multiplies": "2*n*m"},
        source="GVL, section 1.4: a product of polynomials takes n·m multiplications and additions",
        factors="nm",
        largest=60,
    ),
    Textbook(
        prepare=fourier,
        counts={"adds_multiplies": "3*b*n*log2(n)/2"},
        source="CLRS, section 30.2: n/2 products and n sums at each of log n levels",
        factors="nb",
        largest=512,
    ),
    Textbook(
        prepare=k_means,
        counts={"adds_multiplies": "r*(3*n*k*d - n*k + n*d + n)", "comparisons": "r*(n*(k - 1) + k)"},
        source="Lloyd, Least squares quantization in PCM, 1982: n·k distances in d coordinates a round",
        factors="nkdr",
        largest={"n": 400, "k": 200, "d": 28, "r": 28},
    ),
]
