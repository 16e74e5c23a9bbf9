"""What the answers of other tools say of a law: supported, refuted, or nothing."""

from __future__ import annotations

import json
import math
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from bptt_bench.plan import CostLaw

from tests.corpus.entry import Entry

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 300.0  # after which the tools are not waited for
# Of a fitted power, or relative of the logarithm of a base: half of what separates true laws from wrong ones.
MARGIN = 0.25
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Growth(NamedTuple):
    """A class of growth: base**n · n**power · log(n)**logs, which are compared in this order."""

    rate: float  # the logarithm of the base
    power: float
    logs: float

    def is_near(self, other: Growth) -> bool:
        """Return whether two are one class, where exponents were fitted."""
        if self.rate or other.rate:
            return abs(self.rate - other.rate) <= MARGIN * max(self.rate, other.rate)
        return self.logs == other.logs and abs(self.power - other.power) <= MARGIN


class PeerError(RuntimeError):
    """The process of the other tools did not start, ended or took too long."""


def in_n(law: str, entry: Entry) -> str:
    """Return a law of one factor in the name that other tools give it.

    >>> from tests.corpus.functions import ENTRIES
    >>> in_n("V**3", ENTRIES["graph_all_pairs"])
    'n**3'
    """
    (factor,) = entry.levels
    return re.sub(rf"\b{factor}\b", "n", law)


def growth_of(law: str) -> Growth | None:
    """Return the class of a law in n; None for one that the other tools have no word for.

    >>> growth_of("n*log(n)"), growth_of("n**0.5"), growth_of("1"), growth_of("n*log(log(n))")
    (Growth(rate=0.0, power=1.0, logs=1.0), Growth(rate=0.0, power=0.5, logs=0.0), Growth(rate=0.0, power=0.0, logs=0.0), None)
    """  # noqa: E501
    if found := re.fullmatch(r"([\d.]+)\*\*n", law):
        return Growth(math.log(float(found[1])), 0.0, 0.0)
    found = re.fullmatch(r"(?:(1)|(n)(?:\*\*([\d.]+))?)?(?:(?:^|\*)(log\(n\)))?", law)
    if not law or found is None:
        return None
    power = float(found[3] or 1) if found[2] else 0.0
    return Growth(0.0, power, float(found[4] is not None))


def class_of_big_o(answer: Mapping[str, Any]) -> Growth:
    """Return the class that big_O names.

    >>> class_of_big_o({"best": "Polynomial", "coefficients": [1e-9, 1.58]})
    Growth(rate=0.0, power=1.58, logs=0.0)
    """
    fixed = {
        "Constant": Growth(0.0, 0.0, 0.0),
        "Logarithmic": Growth(0.0, 0.0, 1.0),
        "Linear": Growth(0.0, 1.0, 0.0),
        "Linearithmic": Growth(0.0, 1.0, 1.0),
        "Quadratic": Growth(0.0, 2.0, 0.0),
        "Cubic": Growth(0.0, 3.0, 0.0),
    }
    last = float(answer["coefficients"][-1])
    if answer["best"] == "Exponential":
        return Growth(math.log(last), 0.0, 0.0)
    return Growth(0.0, last, 0.0) if answer["best"] == "Polynomial" else fixed[answer["best"]]


def rises_by(law: str, entry: Entry) -> float:
    """Return how many times as much a law says at the largest level as at the smallest."""
    (factor,) = entry.levels
    low, high = ({factor: pick(entry.levels[factor])} for pick in (min, max))
    return float(CostLaw(law).evaluate(high)) / float(CostLaw(law).evaluate(low))


def verdict_of(tool: str, answer: Mapping[str, Any], law: str, entry: Entry) -> str | None:
    """Return what an answer says of a law; None where it says nothing.

    big_O names one class: a law of another one is refuted, or, as an upper bound, a law of a lower one. The laws of
    bigO are upper bounds: nothing is said of one that is above the true law, because to accept it is not a mistake.
    perfplot only times.
    """
    if "error" in answer or tool == "perfplot":
        return None
    if tool == "bigO":
        is_above = rises_by(law, entry) > rises_by(entry.law, entry)
        exceeded = None if is_above else answer["exceeded"].get(in_n(law, entry))
        return None if exceeded is None else ("refuted" if exceeded else "supported")
    stated, named = growth_of(in_n(law, entry)), class_of_big_o(answer)
    if stated is None:
        return None
    is_met = stated.is_near(named) or (entry.bound == "upper" and named < stated)
    return "supported" if is_met else "refuted"


def ask(python: Path, entry: Entry, laws: Sequence[str]) -> dict[str, Any]:
    """Return what the tools answer about a function of one factor.

    Raises
    ------
    PeerError : their process failed.
    """
    command = [str(python.absolute()), "-m", "tests.corpus.peers", entry.name, *(in_n(law, entry) for law in laws)]
    environment = {**os.environ, **ONE_THREAD, "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    with tempfile.TemporaryDirectory() as folder:  # bigO writes what it has measured where it runs
        try:
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            raise PeerError(f"{entry.name}: the other tools took more than {SECONDS:g} s") from None
        except OSError as error:
            raise PeerError(f"{python}: does not start ({error})") from None
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise PeerError(f"{entry.name}: the other tools failed: {last}")
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers
