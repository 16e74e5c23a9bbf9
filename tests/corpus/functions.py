"""Functions of well-known libraries, with the laws of their documentation or textbooks and two wrong laws each.

Levels are those that a user would choose; ``source`` says who states the law. Wrong laws differ from the true one by
half a power or more, in at least one factor.

Abbreviations of sources: CLRS: Cormen, Leiserson, Rivest and Stein, "Introduction to Algorithms", 3rd edition. TC:
"Time complexity", wiki.python.org. GVL: Golub and Van Loan, "Matrix Computations", 4th edition.
"""

from __future__ import annotations

import bisect
import collections
import heapq
import itertools
import json
import math
import random
import re
import sqlite3
from typing import Any

import numpy as np
from bptt_bench.plan import Evaluation, Point

from tests.corpus.entry import Entry, Register, array, letters, numbers

ENTRIES: dict[str, Entry] = {}
entry = Register(ENTRIES)


# --- lists, sets and dictionaries -------------------------------------------------------------------------------------


@entry("n*log(n)", ("n**2", "n**0.5"), "TC: sort", n=[1000, 10_000, 100_000])
def list_sorted(point: Point) -> Evaluation:
    values = numbers(point["n"])
    return lambda: sorted(values)


@entry("n", ("n**2", "1"), "Timsort, listsort.txt of CPython: sorted input", n=[1000, 10_000, 100_000])
def list_sorted_already(point: Point) -> Evaluation:
    values = list(range(point["n"]))
    return lambda: sorted(values)


@entry("n", ("n**2", "1"), "TC: x in s", n=[1000, 10_000, 100_000])
def list_search(point: Point) -> Evaluation:
    values = list(range(point["n"]))
    return lambda: -1 in values


@entry("n", ("n**2", "n**1.5"), "TC: copy", n=[1000, 10_000, 100_000])
def list_copy(point: Point) -> Evaluation:
    return numbers(point["n"]).copy


@entry("n", ("n**2", "n**1.5"), "TC: min(s)", n=[1000, 10_000, 100_000])
def list_min(point: Point) -> Evaluation:
    values = numbers(point["n"])
    return lambda: min(values)


@entry("n", ("n**2", "n**1.5"), "TC: get slice, extend", n=[1000, 10_000, 100_000])
def list_comprehension(point: Point) -> Evaluation:
    values = numbers(point["n"])
    return lambda: [value + 1 for value in values]


@entry("n**2", ("n", "n**3"), "TC: insert, n times at the front", n=[2000, 8000, 32_000])
def list_insert_at_front(point: Point) -> Evaluation:
    def evaluate() -> list[int]:
        values: list[int] = []
        for i in range(point["n"]):
            values.insert(0, i)
        return values

    return evaluate


@entry("n", ("n**2", "n**1.5"), "collections: appendleft and pop are O(1)", n=[1000, 10_000, 100_000])
def deque_through(point: Point) -> Evaluation:
    def evaluate() -> int:
        queue = collections.deque(range(point["n"]))
        total = 0
        while queue:
            total += queue.popleft()
        return total

    return evaluate


@entry("n", ("n**2", "n**1.5"), "TC: set item, average case", n=[1000, 10_000, 100_000])
def dict_build(point: Point) -> Evaluation:
    values = numbers(point["n"])
    return lambda: dict.fromkeys(values)


@entry("1", ("n", "n**0.5"), "TC: x in s of a set, average case", n=[1000, 10_000, 100_000])
def set_membership(point: Point) -> Evaluation:
    members = set(numbers(point["n"]))
    wanted = [3 * i for i in range(1000)]
    return lambda: sum(value in members for value in wanted)


@entry("n + m", ("n*m", "(n + m)**2"), "TC: union of sets", n=[1000, 10_000, 100_000], m=[1000, 10_000, 100_000])
def set_union(point: Point) -> Evaluation:
    some, others = set(numbers(point["n"])), {-value for value in numbers(point["m"])}
    return lambda: some | others


@entry("n", ("n**2", "n**1.5"), "Counter adds 1 for each element; TC: set item", n=[1000, 10_000, 100_000])
def counter_of_few_kinds(point: Point) -> Evaluation:
    values = [random.randrange(50) for _ in range(point["n"])]
    return lambda: collections.Counter(values)


@entry("n**2", ("n", "n**3"), "TC: x in s of a list, n times", n=[200, 800, 3200])
def duplicates_by_list(point: Point) -> Evaluation:
    values = numbers(point["n"])

    def evaluate() -> int:
        seen: list[int] = []
        for value in values:
            if value not in seen:
                seen.append(value)
        return len(seen)

    return evaluate


# --- heaps, bisection, iteration --------------------------------------------------------------------------------------


@entry("n", ("n**2", "n**1.5"), "heapq: heapify is linear", n=[1000, 10_000, 100_000])
def heap_heapify(point: Point) -> Evaluation:
    values = numbers(point["n"])

    def evaluate() -> list[int]:
        heap = list(values)
        heapq.heapify(heap)
        return heap

    return evaluate


@entry("n*log(n)", ("n**2", "n**0.5"), "CLRS, chapter 6: heapsort", n=[1000, 10_000, 100_000])
def heap_sort(point: Point) -> Evaluation:
    values = numbers(point["n"])

    def evaluate() -> list[int]:
        heap = list(values)
        heapq.heapify(heap)
        return [heapq.heappop(heap) for _ in range(len(heap))]

    return evaluate


@entry("n*log(k)", ("n*k", "n**2*log(k)"), "heapq.merge of k lists", n=[4000, 16_000, 64_000], k=[4, 32, 256])
def heap_merge(point: Point) -> Evaluation:
    values = numbers(point["n"])
    lists = [sorted(values[i :: point["k"]]) for i in range(point["k"])]
    return lambda: sum(1 for _ in heapq.merge(*lists))


@entry("log(n)", ("n", "n**0.5"), "bisect: O(log n)", n=[1000, 10_000, 100_000, 1_000_000])
def bisect_search(point: Point) -> Evaluation:
    values = list(range(point["n"]))
    wanted = [random.randrange(point["n"]) for _ in range(1000)]
    return lambda: [bisect.bisect(values, value) for value in wanted]


@entry("n**2", ("n", "n**3"), "pairs of n elements: n*(n-1)/2", n=[100, 400, 1600])
def combinations_of_two(point: Point) -> Evaluation:
    values = numbers(point["n"])
    return lambda: sum(1 for _ in itertools.combinations(values, 2))


@entry("n", ("n**2", "n**1.5"), "itertools.accumulate: one step an element", n=[1000, 10_000, 100_000])
def accumulate(point: Point) -> Evaluation:
    values = numbers(point["n"])
    return lambda: collections.deque(itertools.accumulate(values, max), maxlen=0)  # sums would grow by digits


@entry("2**n", ("n**2", "n"), "subsets of n elements: 2ⁿ", n=[8, 11, 14, 17])
def all_subsets(point: Point) -> Evaluation:
    values = range(point["n"])
    return lambda: sum(1 for size in range(point["n"] + 1) for _ in itertools.combinations(values, size))


@entry("1.618**n", ("n**2", "n**4"), "CLRS, problem 4-4: calls of a recursive Fibonacci grow as φⁿ", n=[12, 16, 20, 24])
def fibonacci_recursive(point: Point) -> Evaluation:
    def fibonacci(n: int) -> int:
        return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

    return lambda: fibonacci(point["n"])


# --- text -------------------------------------------------------------------------------------------------------------


@entry("n", ("n**2", "n**1.5"), "str.join copies each piece once", n=[1000, 10_000, 100_000])
def text_join(point: Point) -> Evaluation:
    pieces = [letters(8) for _ in range(point["n"])]
    return lambda: "".join(pieces)


@entry("n", ("n**2", "n**1.5"), "str.split looks at each character once", n=[10_000, 100_000, 1_000_000])
def text_split(point: Point) -> Evaluation:
    return letters(point["n"], "abcdefg ").split


@entry("n", ("n**2", "n**1.5"), "re: a class of characters needs no backtracking", n=[10_000, 100_000, 1_000_000])
def regex_words(point: Point) -> Evaluation:
    text, pattern = letters(point["n"], "abcdefg "), re.compile("[a-g]+")
    return lambda: sum(1 for _ in pattern.finditer(text))


@entry(
    "2**n", ("n", "n**3"), "Friedl, Mastering Regular Expressions: (x+)+$ tries all partitions", n=[8, 11, 14, 17, 20]
)
def regex_backtracking(point: Point) -> Evaluation:
    text, pattern = "x" * point["n"] + "y", re.compile("(x+)+$")
    return lambda: pattern.match(text)


@entry("n**2", ("n", "n**3"), "re: a lazy pattern tried at each place runs to the end", n=[500, 2000, 8000])
def regex_quadratic(point: Point) -> Evaluation:
    text, pattern = "x" * point["n"], re.compile("x*y")
    return lambda: pattern.search(text)


@entry("n*m", ("n + m", "n"), "CLRS, section 15.4: longest common subsequence", n=[60, 120, 240], m=[60, 120, 240])
def longest_common_subsequence(point: Point) -> Evaluation:
    one, other = letters(point["n"], "ab"), letters(point["m"], "ab")

    def evaluate() -> int:
        row = [0] * (len(other) + 1)
        for a in one:
            before = 0
            for j, b in enumerate(other):
                here = row[j + 1]
                row[j + 1] = before + 1 if a == b else max(here, row[j])
                before = here
        return row[-1]

    return evaluate


@entry("n", ("n**2", "n**1.5"), "json writes each value once", n=[1000, 10_000, 100_000])
def json_dump(point: Point) -> Evaluation:
    document = [{"id": i, "name": "x"} for i in range(point["n"])]
    return lambda: json.dumps(document)


@entry("n", ("n**2", "n**1.5"), "json reads each character once", n=[1000, 10_000, 100_000])
def json_load(point: Point) -> Evaluation:
    text = json.dumps([{"id": i, "name": "x"} for i in range(point["n"])])
    return lambda: json.loads(text)


# --- whole numbers ----------------------------------------------------------------------------------------------------


@entry("n", ("n**2", "n**1.5"), "CLRS, section 31.1: addition of n digits", n=[10_000, 100_000, 1_000_000])
def integer_add(point: Point) -> Evaluation:
    a, b = random.getrandbits(point["n"]), random.getrandbits(point["n"])
    return lambda: a + b


@entry("n**1.585", ("n", "n**2.2"), "Knuth, volume 2, 4.3.3: Karatsuba", n=[20_000, 60_000, 180_000])
def integer_multiply(point: Point) -> Evaluation:
    a, b = random.getrandbits(point["n"]), random.getrandbits(point["n"])
    return lambda: a * b


@entry(
    "n*log(log(n))", ("n**2", "n**0.5"), "sieve of Eratosthenes; Knuth, volume 2, 4.5.4", n=[10_000, 100_000, 1_000_000]
)
def sieve(point: Point) -> Evaluation:
    n: int = point["n"]

    def evaluate() -> int:
        prime = bytearray([1]) * (n + 1)
        for i in range(2, math.isqrt(n) + 1):
            if prime[i]:
                prime[i * i :: i] = bytes(len(range(i * i, n + 1, i)))
        return sum(prime) - 2

    return evaluate


# --- NumPy and SciPy --------------------------------------------------------------------------------------------------


@entry("n", ("n**2", "n**1.5"), "numpy.sum: one addition an element", n=[10_000, 100_000, 1_000_000])
def array_sum(point: Point) -> Evaluation:
    return array(point["n"]).sum


@entry("n*log(n)", ("n**2", "n**0.5"), "numpy.sort: O(n log n)", n=[10_000, 100_000, 1_000_000])
def array_sort(point: Point) -> Evaluation:
    values = array(point["n"])
    return lambda: np.sort(values, kind="stable")


@entry("n", ("n**2", "n**1.5"), "numpy.partition: introselect, O(n)", n=[10_000, 100_000, 1_000_000])
def array_partition(point: Point) -> Evaluation:
    values = array(point["n"])
    return lambda: np.partition(values, point["n"] // 2)


@entry("n*log(n)", ("n**2", "n**0.5"), "numpy.unique sorts", n=[10_000, 100_000, 1_000_000])
def array_unique(point: Point) -> Evaluation:
    values = array(point["n"])
    return lambda: np.unique(values)


@entry("n", ("n**2", "n**1.5"), "numpy.cumsum: one addition an element", n=[10_000, 100_000, 1_000_000])
def array_cumsum(point: Point) -> Evaluation:
    return array(point["n"]).cumsum


@entry(
    "m*log(n)", ("m*n", "m*n**0.5"), "numpy.searchsorted: binary search", n=[1000, 30_000, 1_000_000], m=[1000, 10_000]
)
def array_searchsorted(point: Point) -> Evaluation:
    values, wanted = np.sort(array(point["n"])), array(point["m"])
    return lambda: np.searchsorted(values, wanted)


@entry("n*log(n)", ("n**2", "n**0.5"), "CLRS, chapter 30: fast Fourier transform", n=[4096, 32_768, 262_144])
def array_fft(point: Point) -> Evaluation:
    values = array(point["n"])
    return lambda: np.fft.fft(values)


@entry("n*m", ("n + m", "n"), "numpy.convolve: direct sum", n=[2000, 8000, 32_000], m=[20, 80, 320])
def array_convolve(point: Point) -> Evaluation:
    values, kernel = array(point["n"]), array(point["m"])
    return lambda: np.convolve(values, kernel)


@entry("n*m", ("n + m", "n"), "GVL, section 1.1: outer product", n=[200, 800, 3200], m=[200, 800])
def array_outer(point: Point) -> Evaluation:
    a, b = array(point["n"]), array(point["m"])
    return lambda: np.outer(a, b)


@entry(
    "n*k*m", ("n*m", "n + k + m"), "GVL, section 1.1: matrix product", n=[64, 192, 512], k=[64, 192, 512], m=[64, 192]
)
def matrix_product(point: Point) -> Evaluation:
    a, b = array(point["n"], point["k"]), array(point["k"], point["m"])
    return lambda: a @ b


@entry("n*m", ("n + m", "n"), "GVL, section 1.1: matrix and vector", n=[200, 800, 3200], m=[200, 800])
def matrix_vector(point: Point) -> Evaluation:
    a, x = array(point["n"], point["m"]), array(point["m"])
    return lambda: a @ x


@entry("n**3", ("n**2", "n"), "GVL, section 3.4: Gaussian elimination", n=[128, 256, 512, 1024])
def matrix_solve(point: Point) -> Evaluation:
    a, b = array(point["n"], point["n"]), array(point["n"])
    return lambda: np.linalg.solve(a, b)


@entry("n**3", ("n**2", "n"), "GVL, section 4.2: Cholesky factorisation", n=[128, 256, 512, 1024])
def matrix_cholesky(point: Point) -> Evaluation:
    a = array(point["n"], point["n"])
    a = a @ a.T + point["n"] * np.eye(point["n"])
    return lambda: np.linalg.cholesky(a)


@entry("n**3", ("n**2", "n"), "GVL, section 8.3: symmetric eigenvalues", n=[64, 128, 256])
def matrix_eigenvalues(point: Point) -> Evaluation:
    a = array(point["n"], point["n"])
    a = a + a.T
    return lambda: np.linalg.eigvalsh(a)


@entry(
    "n",
    ("n**2", "n**1.5"),
    "scipy.sparse: a product touches each entry once",
    n=[10_000, 100_000, 1_000_000],
    needs=("scipy",),
)
def sparse_product(point: Point) -> Evaluation:
    from scipy import sparse

    a = sparse.diags_array([1.0, 2.0, 3.0], offsets=[-1, 0, 1], shape=(point["n"], point["n"]), format="csr")
    x = array(point["n"])
    return lambda: a @ x


@entry(
    "n**2*d",
    ("n*d", "n**2"),
    "pairwise distances: one a pair and coordinate",
    n=[100, 300, 900],
    d=[4, 16, 64],
    needs=("scipy",),
)
def pairwise_distances(point: Point) -> Evaluation:
    from scipy.spatial.distance import pdist

    values = array(point["n"], point["d"])
    return lambda: pdist(values)


@entry(
    "n*log(n)",
    ("n**2", "n**0.5"),
    "scipy.spatial: Delaunay in the plane",
    n=[300, 1000, 3000, 10_000],
    needs=("scipy",),
)
def triangulation(point: Point) -> Evaluation:
    from scipy.spatial import Delaunay

    values = array(point["n"], 2)
    return lambda: Delaunay(values)


@entry(
    "n*log(n)", ("n**2", "n**0.5"), "scipy.spatial.cKDTree: balanced tree", n=[1000, 10_000, 100_000], needs=("scipy",)
)
def tree_build(point: Point) -> Evaluation:
    from scipy.spatial import cKDTree

    values = array(point["n"], 2)
    return lambda: cKDTree(values)


@entry(
    "n**3",
    ("n**1.5", "n"),
    "scipy.optimize: Jonker-Volgenant, O(n³)",
    bound="upper",
    n=[50, 150, 450],
    needs=("scipy",),
)
def assignment(point: Point) -> Evaluation:
    from scipy.optimize import linear_sum_assignment

    costs = array(point["n"], point["n"])
    return lambda: linear_sum_assignment(costs)


# --- pandas and sqlite3 -----------------------------------------------------------------------------------------------


@entry(
    "n + m",
    ("n*m", "(n + m)**2"),
    "hash join",
    n=[10_000, 100_000, 1_000_000],
    m=[10_000, 100_000, 1_000_000],
    needs=("pandas",),
)
def frame_merge(point: Point) -> Evaluation:
    import pandas as pd

    left = pd.DataFrame({"key": np.argsort(array(point["n"])), "x": array(point["n"])})
    right = pd.DataFrame({"key": np.argsort(array(point["m"])), "y": array(point["m"])})
    return lambda: left.merge(right, on="key")


@entry("n + g", ("n*g", "(n + g)**2"), "hash aggregation", n=[30_000, 300_000], g=[10, 1000, 30_000], needs=("pandas",))
def frame_groupby(point: Point) -> Evaluation:
    import pandas as pd

    frame = pd.DataFrame({"key": (point["g"] * array(point["n"])).astype(int), "x": array(point["n"])})
    return frame.groupby("key")["x"].sum


@entry(
    "n*log(n)",
    ("n**2", "n**0.5"),
    "pandas.DataFrame.sort_values: quicksort",
    n=[10_000, 100_000, 1_000_000],
    needs=("pandas",),
)
def frame_sort(point: Point) -> Evaluation:
    import pandas as pd

    frame = pd.DataFrame({"key": array(point["n"])})
    return lambda: frame.sort_values("key")


@entry("n", ("n**2", "n**1.5"), "rolling mean: O(1) a row", n=[10_000, 100_000, 1_000_000], needs=("pandas",))
def frame_rolling(point: Point) -> Evaluation:
    import pandas as pd

    series = pd.Series(array(point["n"]))
    return lambda: series.rolling(50).mean()


def table(n: int, *, indexed: bool) -> sqlite3.Connection:
    """Return a database with a table of n rows."""
    database = sqlite3.connect(":memory:")
    database.execute("create table t (k integer, v integer)")
    database.executemany("insert into t values (?, ?)", ((value, i) for i, value in enumerate(numbers(n))))
    if indexed:
        database.execute("create index by_k on t (k)")
    return database


@entry("n", ("n**2", "n**1.5"), "SQLite: a full scan reads each row", n=[1000, 10_000, 100_000])
def sql_scan(point: Point) -> Evaluation:
    database = table(point["n"], indexed=False)
    return lambda: database.execute("select sum(v) from t").fetchone()


@entry("log(n)", ("n", "n**0.5"), "SQLite query planner: an index is searched in O(log n)", n=[1000, 10_000, 100_000])
def sql_index(point: Point) -> Evaluation:
    database = table(point["n"], indexed=True)
    wanted = [random.randrange(10 * point["n"]) for _ in range(300)]
    return lambda: [database.execute("select v from t where k = ?", (key,)).fetchone() for key in wanted]


@entry("n*log(n)", ("n**2", "n**0.5"), "SQLite: order by sorts", n=[1000, 10_000, 100_000])
def sql_order(point: Point) -> Evaluation:
    database = table(point["n"], indexed=False)
    return lambda: database.execute("select k from t order by k").fetchall()


# --- graphs -----------------------------------------------------------------------------------------------------------


def graph(v: int, e: int) -> list[list[tuple[int, float]]]:
    """Return the neighbours of v nodes with lengths: a path through all of them and e further edges."""
    neighbours: list[list[tuple[int, float]]] = [[(i + 1, 1.0)] if i + 1 < v else [] for i in range(v)]
    for _ in range(e):
        neighbours[random.randrange(v)].append((random.randrange(v), random.random()))
    return neighbours


@entry(
    "V + E",
    ("V*E", "(V + E)**2"),
    "CLRS, section 22.2: breadth-first search",
    V=[1000, 4000, 16_000],
    E=[4000, 16_000, 64_000],
)
def graph_breadth_first(point: Point) -> Evaluation:
    neighbours = graph(point["V"], point["E"])

    def evaluate() -> int:
        seen = {0}
        queue = collections.deque([0])
        while queue:
            for node, _ in neighbours[queue.popleft()]:
                if node not in seen:
                    seen.add(node)
                    queue.append(node)
        return len(seen)

    return evaluate


@entry(
    "(E + V)*log(V)",
    ("V", "log(V)"),
    "CLRS, section 24.3: Dijkstra with a binary heap",
    bound="upper",
    V=[1000, 4000, 16_000],
    E=[4000, 16_000, 64_000],
)
def graph_dijkstra(point: Point) -> Evaluation:
    neighbours = graph(point["V"], point["E"])

    def evaluate() -> float:
        distance = {0: 0.0}
        heap = [(0.0, 0)]
        while heap:
            far, node = heapq.heappop(heap)
            if far > distance[node]:
                continue
            for other, length in neighbours[node]:
                if far + length < distance.get(other, float("inf")):
                    distance[other] = far + length
                    heapq.heappush(heap, (far + length, other))
        return sum(distance.values())

    return evaluate


@entry("V**3", ("V**2", "V"), "CLRS, section 25.2: Floyd-Warshall", V=[16, 32, 64, 128])
def graph_all_pairs(point: Point) -> Evaluation:
    v = point["V"]
    lengths = array(v, v).tolist()

    def evaluate() -> float:
        d = [list(row) for row in lengths]
        for k in range(v):
            through = d[k]
            for row in d:
                first = row[k]
                for j in range(v):
                    if first + through[j] < row[j]:
                        row[j] = first + through[j]
        return sum(map(sum, d))

    return evaluate


@entry(
    "V + E",
    ("log(V)", "E**0.5"),
    "networkx: connected components, O(V + E); not met where edges join components and so save work",
    bound="upper",
    V=[500, 2000, 8000],
    E=[2000, 8000, 32_000],
    needs=("networkx",),
)
def networkx_components(point: Point) -> Evaluation:
    import networkx as nx

    made = nx.gnm_random_graph(point["V"], point["E"], seed=0)
    return lambda: nx.number_connected_components(made)


@entry(
    "V**2 + V*E",
    ("V + E", "E"),
    "Brandes 2001: betweenness, O(V·E) for the searches and O(V) for the tables of each",
    V=[50, 100, 200],
    E=[200, 400, 800],
    needs=("networkx",),
)
def networkx_betweenness(point: Point) -> Evaluation:
    import networkx as nx

    made = nx.gnm_random_graph(point["V"], point["E"], seed=0)
    return lambda: nx.betweenness_centrality(made)


# --- scikit-learn -----------------------------------------------------------------------------------------------------


@entry(
    "n*k*d",
    ("n*d", "n**2*k*d"),
    "scikit-learn: one iteration of k-means",
    n=[2000, 8000, 32_000],
    k=[4, 16],
    d=[4, 16],
    needs=("sklearn",),
)
def kmeans_iteration(point: Point) -> Evaluation:
    from sklearn.cluster import KMeans

    values = array(point["n"], point["d"])
    start = values[: point["k"]]
    return lambda: KMeans(point["k"], init=start, n_init=1, max_iter=1, algorithm="lloyd", tol=0.0).fit(values)


@entry(
    "n*m*d",
    ("n + m", "n*d"),
    "scikit-learn: nearest neighbours by brute force",
    n=[500, 2000, 8000],
    m=[100, 400],
    d=[8, 32],
    needs=("sklearn",),
)
def neighbours_brute(point: Point) -> Evaluation:
    from sklearn.neighbors import NearestNeighbors

    found = NearestNeighbors(n_neighbors=3, algorithm="brute").fit(array(point["n"], point["d"]))
    asked = array(point["m"], point["d"])
    return lambda: found.kneighbors(asked)


# --- accidental quadratics --------------------------------------------------------------------------------------------


@entry("n**2", ("n", "n**3"), "a tuple that grows by + is copied each time", n=[500, 2000, 8000])
def tuple_concatenation(point: Point) -> Evaluation:
    def evaluate() -> tuple[int, ...]:
        found: tuple[int, ...] = ()
        for i in range(point["n"]):
            found += (i,)
        return found

    return evaluate


@entry("n**2", ("n", "n**3"), "TC: pop(0) moves all others", n=[8000, 32_000])
def list_pop_first(point: Point) -> Evaluation:
    def evaluate() -> int:
        values = list(range(point["n"]))
        total = 0
        while values:
            total += values.pop(0)
        return total

    return evaluate


@entry("n**2", ("n", "n**3"), "numpy.append copies the array each time", n=[500, 2000, 8000])
def array_append(point: Point) -> Evaluation:
    def evaluate() -> Any:
        found = np.empty(0)
        for i in range(point["n"]):
            found = np.append(found, i)
        return found

    return evaluate


@entry("n**2", ("n", "n**3"), "insertion sort of random input; CLRS, section 2.2", n=[100, 400, 1600])
def insertion_sort(point: Point) -> Evaluation:
    given = numbers(point["n"])

    def evaluate() -> list[int]:
        values = list(given)
        for i in range(1, len(values)):
            value, j = values[i], i
            while j and values[j - 1] > value:
                values[j] = values[j - 1]
                j -= 1
            values[j] = value
        return values

    return evaluate
