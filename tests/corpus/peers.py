"""Asks big_O, bigO of plasma-umass and perfplot about a function of the corpus, in an environment of their own.

    .venv-corpus/bin/python -m tests.corpus.peers list_sorted "n*log(n)" "n**2"

Each tool measures the function itself, as its own documentation shows, from the smallest to the largest level. Printed
is one JSON document: what each answered, in its own terms, and its seconds; or the error that it ended with. How the
answers compare with the laws is decided elsewhere (``answers``).
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from bptt_bench.plan import Evaluation, Point

from tests.corpus.entry import Entry
from tests.corpus.functions import ENTRIES
from tests.corpus.held_out import ENTRIES as HELD_OUT

SEED = 1
TIMINGS = 5  # of each size, of which big_O takes the shortest
CALLS = 30  # of growing sizes, as in the README of bigO
SECONDS_A_SIZE = 0.1  # of perfplot; its default of 1 s only makes a shortest time a little shorter


def prepare_at(entry: Entry) -> Callable[[int], Evaluation]:
    """Return what prepares a function of one factor at a level, with the random numbers that ours gets."""
    (factor,) = entry.levels
    subject = entry.experiment().subject(entry.name)
    return lambda n: subject.prepare(Point({factor: int(n)}))


def ask_big_o(entry: Entry, _laws: Sequence[str]) -> dict[str, Any]:
    """Return the class that big_O names, and its coefficients."""
    import big_o

    (levels,) = entry.levels.values()
    best, _ = big_o.big_o(
        lambda evaluate: evaluate(), prepare_at(entry), min_n=min(levels), max_n=max(levels), n_timings=TIMINGS
    )
    return {"best": type(best).__name__, "coefficients": [float(one) for one in best.coefficients()]}


def ask_bigo(entry: Entry, laws: Sequence[str]) -> dict[str, Any]:
    """Return the model that bigO infers, and for each law that it knows whether it finds a worse one that fits better.

    Its laws are upper bounds. Laws are given in ``n``.
    """
    from bigO import bigO, models

    @bigO.track(lambda _evaluate, n: n)  # type: ignore[untyped-decorator,unused-ignore]
    def evaluated(evaluate: Evaluation, _n: int) -> object:
        return evaluate()

    (levels,) = entry.levels.values()
    prepare = prepare_at(entry)
    for n in np.linspace(min(levels), max(levels), CALLS).astype(int):
        evaluated(prepare(n), int(n))
    (recorded,) = bigO._performance_data.values()
    lengths = np.array([one["length"] for one in recorded["observations"]])
    times = np.array([one["time"] for one in recorded["observations"]])
    np.random.seed(SEED)  # noqa: NPY002  # its bootstrap draws from it
    exceeded = {}
    for law in laws:
        try:
            found = models.check_bound(lengths, times, models.get_model(f"O({law})"))
        except ValueError:  # not among its models, or not to be fitted
            continue
        exceeded[law] = len(found.better_models) > 0
    fits = models.infer_bound(lengths, times).models
    return {"best": str(fits[0]) if fits else "", "exceeded": exceeded}


def ask_perfplot(entry: Entry, _laws: Sequence[str]) -> dict[str, Any]:
    """Return the seconds that perfplot finds at each level: it names no class and checks no law."""
    import perfplot

    (factor,) = entry.levels
    levels = sorted(point[factor] for point in entry.experiment().profile("quick").design)
    data = perfplot.bench(
        setup=prepare_at(entry),
        kernels=[lambda evaluate: evaluate()],
        labels=[entry.name],
        n_range=levels,
        target_time_per_measurement=SECONDS_A_SIZE,
        equality_check=None,
        show_progress=False,
    )
    return {"times": [float(one) for one in data.timings_s[0]]}


TOOLS = {"big_O": ask_big_o, "bigO": ask_bigo, "perfplot": ask_perfplot}


def main(arguments: Sequence[str]) -> int:
    """Ask each tool about one function and some laws; what the tools print goes to standard error."""
    name, *laws = arguments
    warnings.simplefilter("ignore")
    out, sys.stdout = sys.stdout, sys.stderr
    answers: dict[str, Any] = {}
    for tool, ask in TOOLS.items():
        start = time.monotonic()
        try:
            answers[tool] = ask({**ENTRIES, **HELD_OUT}[name], laws)
        except Exception as error:  # noqa: BLE001  # a tool that fails has not answered: the others are asked
            answers[tool] = {"error": f"{type(error).__name__}: {error}"}
        answers[tool]["seconds"] = time.monotonic() - start
    print(json.dumps(answers), file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
