"""Functions that no rule for verdicts was developed on, with the laws of their documentation or textbooks.

They were chosen, and committed, before any of them was measured or judged, so that verdicts on them say how often
verdicts are right on functions that nobody has seen. They are never changed after that: neither functions, laws nor
levels, whatever the verdicts are. A law that turns out to be in doubt is named beside the figures.

Levels are those that a user would choose. Wrong laws differ from the true one by half a power or more, in at least one
factor.

Abbreviations of sources: CLRS: Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", 3rd edition. TC:
"Time complexity", wiki.python.org. GVL: Golub and Van Loan, "Matrix Computations", 4th edition. GKP: Graham, Knuth and
Patashnik, "Concrete Mathematics", 2nd edition.
"""

from __future__ import annotations

import collections
import difflib
import hashlib
import heapq
import itertools
import json
import math
import random
import re
import sqlite3
import zlib
from typing import Any

import numpy as np
from bptt_bench.plan import Evaluation, Point

from tests.corpus.entry import Entry, Register, array, letters, numbers

ENTRIES: dict[str, Entry] = {}
entry = Register(ENTRIES)


# --- bytes and text ---------------------------------------------------------------------------------------------------


@entry("n", ("n**2", "n**0.5"), "FIPS 180-4: one compression for each 64 bytes", n=[10_000, 100_000, 1_000_000])
def digest_sha256(point: Point) -> Evaluation:
    data = random.randbytes(point["n"])
    return lambda: hashlib.sha256(data).digest()


@entry(
    "n",
    ("n**2", "n**0.5"),
    "zlib, doc/algorithm.txt: hash chains are followed for a bounded number of steps",
    n=[100_000, 300_000, 1_000_000],
)
def zlib_compress(point: Point) -> Evaluation:
    words = [letters(random.randrange(2, 9)) for _ in range(2000)]
    data = " ".join(random.choices(words, k=point["n"] // 3 + 1)).encode()[: point["n"]]
    return lambda: zlib.compress(data)


@entry(
    "n*k",
    ("n + k", "n**2*k"),
    "RFC 8259: a grammar of one character of lookahead; each value is read once",
    n=[100, 1000, 10_000],
    k=[3, 10, 30],
)
def json_records(point: Point) -> Evaluation:
    names = [letters(6) for _ in range(point["k"])]
    text = json.dumps([{name: random.randrange(10**6) for name in names} for _ in range(point["n"])])
    return lambda: json.loads(text)


@entry(
    "n**3",
    ("n**2", "n"),
    "Davis, Coghlan, Servant and Lee 2018: k stars in a row backtrack over n**k places",
    n=[20, 40, 80, 160],
)
def regex_three_stars(point: Point) -> Evaluation:
    text, pattern = "x" * point["n"] + "y", re.compile("x*x*x*$")
    return lambda: pattern.match(text)


@entry(
    "n**2",
    ("n", "n**0.5"),
    "difflib: SequenceMatcher takes quadratic time in the worst case",
    bound="upper",
    n=[100, 400, 1600],
)
def difflib_ratio(point: Point) -> Evaluation:
    one, other = letters(point["n"]), letters(point["n"])
    return lambda: difflib.SequenceMatcher(None, one, other, autojunk=False).ratio()


@entry(
    "n + m",
    ("n*m", "(n + m)**2"),
    "CLRS, section 32.4: Knuth-Morris-Pratt",
    n=[1000, 10_000, 100_000],
    m=[100, 1000, 10_000],
)
def knuth_morris_pratt(point: Point) -> Evaluation:
    text, pattern = letters(point["n"], "ab"), letters(point["m"], "ab")

    def evaluate() -> int:
        border = [0] * len(pattern)
        k = 0
        for i in range(1, len(pattern)):
            while k and pattern[k] != pattern[i]:
                k = border[k - 1]
            k += pattern[k] == pattern[i]
            border[i] = k
        found = k = 0
        for letter in text:
            while k and pattern[k] != letter:
                k = border[k - 1]
            k += pattern[k] == letter
            if k == len(pattern):
                found += 1
                k = border[k - 1]
        return found

    return evaluate


# --- containers and iterators -----------------------------------------------------------------------------------------


@entry(
    "1",
    ("n", "n**0.5"),
    "Python, ranges: whole numbers are tested for membership in constant time",
    n=[1000, 100_000, 10_000_000],
)
def range_membership(point: Point) -> Evaluation:
    values = range(point["n"])
    wanted = [random.randrange(2 * point["n"]) for _ in range(1000)]
    return lambda: sum(value in values for value in wanted)


@entry(
    "n",
    ("1", "n**2"),
    "collections.deque: indexed access slows to O(n) in the middle",
    n=[10_000, 100_000, 1_000_000],
)
def deque_middle(point: Point) -> Evaluation:
    values = collections.deque(range(point["n"]))
    middle = point["n"] // 2
    return lambda: [values[middle] for _ in range(100)]


@entry(
    "log(n)",
    ("n", "n**0.5"),
    "CLRS, section 6.5: insert and extract in O(log n)",
    n=[1000, 10_000, 100_000],
)
def heap_push_and_pop(point: Point) -> Evaluation:
    heap = numbers(point["n"])
    heapq.heapify(heap)
    further = [random.randrange(10 * point["n"]) for _ in range(300)]

    def evaluate() -> None:
        for value in further:
            heapq.heappush(heap, value)
            heapq.heappop(heap)

    return evaluate


@entry(
    "n*log(k)",
    ("k", "n**0.5*log(k)"),
    "CLRS, section 6.5: the k largest are kept in a heap",
    bound="upper",
    n=[5000, 50_000, 500_000],
    k=[10, 100, 1000],
)
def heap_nlargest(point: Point) -> Evaluation:
    values = [random.random() for _ in range(point["n"])]
    return lambda: heapq.nlargest(point["k"], values)


@entry(
    "k",
    ("N", "k*N**0.5"),
    "random.sample: fast for a sample from a large population that is a range",
    N=[1_000_000, 30_000_000, 1_000_000_000],
    k=[100, 1000, 10_000],
)
def random_sample(point: Point) -> Evaluation:
    population = range(point["N"])
    return lambda: random.sample(population, point["k"])


@entry("factorial(n)", ("n**3", "2**n"), "itertools.permutations: n! of them", n=[5, 6, 7, 8, 9])
def all_permutations(point: Point) -> Evaluation:
    values = range(point["n"])
    return lambda: sum(1 for _ in itertools.permutations(values))


@entry("2**n", ("n**2", "n**4"), "GKP, section 1.1: the tower of Hanoi, 2ⁿ - 1 moves", n=[8, 11, 14, 17])
def tower_of_hanoi(point: Point) -> Evaluation:
    def moves(n: int, start: str, goal: str, spare: str) -> int:
        return moves(n - 1, start, spare, goal) + 1 + moves(n - 1, spare, goal, start) if n else 0

    return lambda: moves(point["n"], "a", "b", "c")


# --- whole numbers ----------------------------------------------------------------------------------------------------


@entry("n**3", ("n**2", "n"), "CLRS, section 31.6: modular powers of n bits", n=[512, 1024, 2048, 4096])
def modular_power(point: Point) -> Evaluation:
    base, exponent = random.getrandbits(point["n"]), random.getrandbits(point["n"])
    modulus = random.getrandbits(point["n"]) | 1
    return lambda: pow(base, exponent, modulus)


@entry("n**2", ("n", "n**3"), "Knuth, volume 2, 4.5.2: Lehmer's algorithm for n bits", n=[30_000, 90_000, 270_000])
def integer_gcd(point: Point) -> Evaluation:
    a, b = random.getrandbits(point["n"]), random.getrandbits(point["n"])
    return lambda: math.gcd(a, b)


@entry(
    "log(n)",
    ("n", "n**0.5"),
    "Knuth, volume 2, 4.5.3: Euclid's algorithm, 0.843·ln(n) + 1.47 steps on average",
    n=[100, 10_000, 1_000_000, 100_000_000],
)
def euclid(point: Point) -> Evaluation:
    pairs = [(random.randint(1, point["n"]), random.randint(1, point["n"])) for _ in range(300)]

    def evaluate() -> int:
        total = 0
        for a, b in pairs:
            while b:
                a, b = b, a % b
            total += a
        return total

    return evaluate


@entry(
    "n**0.5",
    ("n", "log(n)"),
    "Knuth, volume 2, 4.5.4: a prime is divided by all numbers up to its root",
    n=[10_000, 1_000_000, 100_000_000],
)
def trial_division(point: Point) -> Evaluation:
    def is_prime(n: int) -> bool:
        if n % 2 == 0:
            return n == 2
        divisor = 3
        while divisor * divisor <= n:
            if n % divisor == 0:
                return False
            divisor += 2
        return n > 1

    prime = next(n for n in itertools.count(max(point["n"], 2)) if is_prime(n))
    return lambda: is_prime(prime)


@entry(
    "n*log(n)",
    ("n**2", "n**0.5"),
    "Hardy and Wright, section 18.2: n·ln(n) divisors of the numbers up to n",
    n=[1000, 10_000, 100_000],
)
def divisor_counts(point: Point) -> Evaluation:
    n: int = point["n"]

    def evaluate() -> list[int]:
        divisors = [0] * (n + 1)
        for i in range(1, n + 1):
            for j in range(i, n + 1, i):
                divisors[j] += 1
        return divisors

    return evaluate


# --- sorting, geometry, dynamic programming ---------------------------------------------------------------------------


@entry("n*log(n)", ("n**2", "n**0.5"), "CLRS, section 2.3: merge sort", n=[300, 3000, 30_000])
def merge_sort(point: Point) -> Evaluation:
    given = numbers(point["n"])

    def merge_sorted(values: list[int]) -> list[int]:
        if len(values) < 2:
            return values
        middle = len(values) // 2
        left, right = merge_sorted(values[:middle]), merge_sorted(values[middle:])
        merged = []
        i = j = 0
        while i < len(left) and j < len(right):
            if left[i] <= right[j]:
                merged.append(left[i])
                i += 1
            else:
                merged.append(right[j])
                j += 1
        return merged + left[i:] + right[j:]

    return lambda: merge_sorted(given)


@entry(
    "n + k",
    ("n*k", "(n + k)**2"),
    "CLRS, section 8.2: counting sort",
    n=[1000, 10_000, 100_000],
    k=[1000, 10_000, 100_000],
)
def counting_sort(point: Point) -> Evaluation:
    values = [random.randrange(point["k"]) for _ in range(point["n"])]

    def evaluate() -> list[int]:
        counts = [0] * point["k"]
        for value in values:
            counts[value] += 1
        ordered: list[int] = []
        for value, count in enumerate(counts):
            ordered.extend([value] * count)
        return ordered

    return evaluate


@entry(
    "n*log(n)",
    ("n**2", "n**0.5"),
    "de Berg et al., Computational Geometry, section 1.1: convex hull",
    n=[300, 3000, 30_000],
)
def convex_hull(point: Point) -> Evaluation:
    points = [(random.random(), random.random()) for _ in range(point["n"])]

    def half(ordered: list[tuple[float, float]]) -> list[tuple[float, float]]:
        hull: list[tuple[float, float]] = []
        for x, y in ordered:
            while len(hull) > 1:
                (a, b), (c, d) = hull[-2:]
                if (c - a) * (y - b) > (d - b) * (x - a):
                    break
                hull.pop()
            hull.append((x, y))
        return hull

    def evaluate() -> list[tuple[float, float]]:
        ordered = sorted(points)
        return half(ordered)[:-1] + half(ordered[::-1])[:-1]

    return evaluate


@entry(
    "n*W",
    ("n + W", "n"),
    "CLRS, exercise 16.2-2: the 0-1 knapsack by dynamic programming",
    n=[10, 40, 160],
    W=[100, 400, 1600],
)
def knapsack(point: Point) -> Evaluation:
    capacity: int = point["W"]
    items = [(random.randint(1, capacity // 4 + 1), random.random()) for _ in range(point["n"])]

    def evaluate() -> float:
        best = [0.0] * (capacity + 1)
        for weight, value in items:
            for room in range(capacity, weight - 1, -1):
                best[room] = max(best[room], best[room - weight] + value)
        return best[capacity]

    return evaluate


@entry("n**3", ("n**2", "n"), "CLRS, section 15.2: order of matrix products", n=[15, 30, 60, 120])
def matrix_chain_order(point: Point) -> Evaluation:
    n: int = point["n"]
    sizes = [random.randint(10, 100) for _ in range(n + 1)]

    def evaluate() -> int:
        cost = [[0] * n for _ in range(n)]
        for length in range(2, n + 1):
            for i in range(n - length + 1):
                j = i + length - 1
                cost[i][j] = min(
                    cost[i][k] + cost[k + 1][j] + sizes[i] * sizes[k + 1] * sizes[j + 1] for k in range(i, j)
                )
        return cost[0][n - 1]

    return evaluate


@entry(
    "n*k*m",
    ("n*m", "n + k + m"),
    "CLRS, section 4.2: matrix product by its definition",
    n=[10, 20, 40],
    k=[10, 20, 40],
    m=[10, 20, 40],
)
def matrix_product_of_lists(point: Point) -> Evaluation:
    a, b = array(point["n"], point["k"]).tolist(), array(point["k"], point["m"]).tolist()

    def evaluate() -> list[list[float]]:
        product = [[0.0] * point["m"] for _ in range(point["n"])]
        for i in range(point["n"]):
            for j in range(point["m"]):
                total = 0.0
                for k in range(point["k"]):
                    total += a[i][k] * b[k][j]
                product[i][j] = total
        return product

    return evaluate


# --- NumPy, SciPy and pandas ------------------------------------------------------------------------------------------


@entry("1", ("n", "n**0.5"), "NumPy, copies and views: basic slicing copies no data", n=[100, 500, 2000])
def array_views(point: Point) -> Evaluation:
    values = array(point["n"], point["n"])
    return lambda: [values[i:, ::2].T for i in range(500)]


@entry("m*n**2", ("m*n", "m + n"), "GVL, section 5.2: Householder QR", m=[500, 2000, 8000], n=[20, 40, 80])
def array_qr(point: Point) -> Evaluation:
    values = array(point["m"], point["n"])
    return lambda: np.linalg.qr(values)


@entry(
    "(n + m)*log(n + m)",
    ("n*m", "n"),
    "CLRS, section 30.1: products of polynomials by fast Fourier transforms",
    n=[1000, 10_000, 100_000],
    m=[1000, 10_000, 100_000],
    needs=("scipy",),
)
def convolution_by_fft(point: Point) -> Evaluation:
    from scipy.signal import fftconvolve

    values, kernel = array(point["n"]), array(point["m"])
    return lambda: fftconvolve(values, kernel)


@entry(
    "m*log(n)",
    ("m*n", "m*n**0.5"),
    "Friedman, Bentley and Finkel 1977: nearest neighbours in a k-d tree, O(log n) each",
    n=[1000, 10_000, 100_000],
    m=[300, 3000],
    needs=("scipy",),
)
def tree_query(point: Point) -> Evaluation:
    from scipy.spatial import cKDTree

    tree, wanted = cKDTree(array(point["n"], 2)), array(point["m"], 2)
    return lambda: tree.query(wanted)


@entry(
    "n**2",
    ("n", "n**3"),
    "scipy.cluster.hierarchy.linkage: single linkage by a minimum spanning tree, O(n²)",
    n=[200, 600, 1800],
    needs=("scipy",),
)
def single_linkage(point: Point) -> Evaluation:
    from scipy.cluster.hierarchy import linkage

    values = array(point["n"], 2)
    return lambda: linkage(values, "single")


@entry(
    "n**2*k**2",
    ("n**2", "n*k"),
    "scipy.ndimage.convolve: each pixel with each weight",
    n=[50, 100, 200],
    k=[3, 6, 12],
    needs=("scipy",),
)
def image_convolve(point: Point) -> Evaluation:
    from scipy import ndimage

    image, weights = array(point["n"], point["n"]), array(point["k"], point["k"])
    return lambda: ndimage.convolve(image, weights)


@entry(
    "n*d**2",
    ("n*d", "n**2*d**2"),
    "pandas.DataFrame.corr: each pair of columns, row by row",
    n=[1000, 4000, 16_000],
    d=[8, 16, 32],
    needs=("pandas",),
)
def frame_correlation(point: Point) -> Evaluation:
    import pandas as pd

    return pd.DataFrame(array(point["n"], point["d"])).corr


@entry(
    "n*log(w)",
    ("n*w", "n**2*log(w)"),
    "Hettinger, recipe 576930: a running median by a skip list, O(log w) a row, as pandas has it",
    n=[10_000, 30_000, 100_000],
    w=[10, 100, 1000],
    needs=("pandas",),
)
def rolling_median(point: Point) -> Evaluation:
    import pandas as pd

    return pd.Series(array(point["n"])).rolling(point["w"]).median


# --- sqlite3 ----------------------------------------------------------------------------------------------------------


def two_tables(n: int, m: int, *, indexed: bool) -> sqlite3.Connection:
    """Return a database with a table of n rows and one of m, whose keys are all different."""
    database = sqlite3.connect(":memory:")
    database.execute("create table a (k integer)")
    database.execute("create table b (k integer)")
    database.executemany("insert into a values (?)", ((random.randrange(10 * m),) for _ in range(n)))
    database.executemany("insert into b values (?)", ((key,) for key in numbers(m)))
    if indexed:
        database.execute("create index by_k on b (k)")
    return database


@entry(
    "n*log(m)",
    ("n*m", "n*m**0.5"),
    "SQLite query planner: a nested loop whose inner table is searched by its index",
    n=[300, 3000],
    m=[1000, 10_000, 100_000],
)
def sql_join_by_index(point: Point) -> Evaluation:
    database = two_tables(point["n"], point["m"], indexed=True)
    return lambda: database.execute("select count(*) from a join b on a.k = b.k").fetchone()


@entry(
    "n*m",
    ("n + m", "n"),
    "SQLite query optimizer: joins are nested loops",
    n=[50, 200, 800],
    m=[50, 200, 800],
)
def sql_join_of_all(point: Point) -> Evaluation:
    database = two_tables(point["n"], point["m"], indexed=False)
    return lambda: database.execute("select count(*) from a, b where a.k < b.k").fetchone()


# --- graphs -----------------------------------------------------------------------------------------------------------


@entry("V*E", ("V + E", "E"), "CLRS, section 24.1: Bellman-Ford", V=[10, 40, 160], E=[50, 200, 800])
def bellman_ford(point: Point) -> Evaluation:
    v: int = point["V"]
    edges = [(random.randrange(v), random.randrange(v), random.random()) for _ in range(point["E"])]

    def evaluate() -> list[float]:
        distance = [0.0] + [math.inf] * (v - 1)
        for _ in range(v - 1):
            for start, end, length in edges:
                if distance[start] + length < distance[end]:
                    distance[end] = distance[start] + length
        return distance

    return evaluate


@entry(
    "V + E",
    ("V*E", "(V + E)**2"),
    "CLRS, section 22.4: topological sort",
    V=[500, 2000, 8000],
    E=[1000, 4000, 16_000],
    needs=("networkx",),
)
def networkx_topological_sort(point: Point) -> Evaluation:
    import networkx as nx

    made = nx.DiGraph()
    made.add_nodes_from(range(point["V"]))
    pairs = ((random.randrange(point["V"]), random.randrange(point["V"])) for _ in range(point["E"]))
    made.add_edges_from((min(pair), max(pair)) for pair in pairs if pair[0] != pair[1])
    return lambda: list(nx.topological_sort(made))


@entry(
    "E*V**0.5",
    ("V**0.5", "log(E)"),
    "networkx.bipartite.hopcroft_karp_matching: O(E·√V)",
    bound="upper",
    V=[100, 400, 1600],
    E=[200, 800, 3200],
    needs=("networkx",),
)
def networkx_matching(point: Point) -> Evaluation:
    import networkx as nx

    half = max(point["V"] // 2, 1)
    made = nx.bipartite.gnmk_random_graph(half, half, point["E"], seed=random.randrange(10**6))
    return lambda: nx.bipartite.hopcroft_karp_matching(made, range(half))


# --- scikit-learn -----------------------------------------------------------------------------------------------------


@entry(
    "n*d**2",
    ("n*d", "n**2*d**2"),
    "scikit-learn, ordinary least squares: O(n·d²) for n ≥ d",
    n=[1000, 4000, 16_000],
    d=[10, 20, 40],
    needs=("sklearn",),
)
def linear_regression(point: Point) -> Evaluation:
    from sklearn.linear_model import LinearRegression

    values, targets = array(point["n"], point["d"]), array(point["n"])
    return lambda: LinearRegression().fit(values, targets)


# --- accidental quadratics --------------------------------------------------------------------------------------------


@entry("n**2", ("n", "n**3"), "TC: get slice, O(k), for all that is left", n=[500, 2000, 8000])
def list_slice_off_first(point: Point) -> Evaluation:
    given = numbers(point["n"])

    def evaluate() -> int:
        values, total = given, 0
        while values:
            total += values[0]
            values = values[1:]
        return total

    return evaluate


@entry("n**2", ("n", "n**3"), "Python, sequence types: repeated concatenation is quadratic", n=[100, 400, 1600])
def flatten_by_sum(point: Point) -> Evaluation:
    lists: list[list[Any]] = [list(range(10)) for _ in range(point["n"])]
    return lambda: sum(lists, [])  # noqa: RUF017  # what it costs is the point
