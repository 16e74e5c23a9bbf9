"""What the phase switch costs while it is off: the time of the gradients over that of the same source without it.

    python -m tests.scaling.instrumentation_cost [--rounds N] [--point V d H T]

Copies of the package ``bptt_rnn.gradients`` are made from its own source: one as it is, one without a trace of
``phase`` and ``on_pass``, and, as a placebo, another one as it is. All are timed in one run, in turn, in changing
order. Where code and buffers happen to lie in memory moves such ratios by a percent, so every round loads fresh copies
and buffers; the interval is that of a t quantile over the rounds.
"""

from __future__ import annotations

import argparse
import ast
import gc
import importlib.util
import itertools
import math
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

PACKAGE = "bptt_rnn.gradients"
ROOT = PACKAGE.partition(".")[0]  # all of it is copied, as far as the package imports it
SWITCHES = frozenset({"phase", "on_pass"})
POINT = (32, 16, 16, 1)  # V, d, H, T: the smallest of the quick profile, so that Python's own work is most of the time
ROUNDS, PAIRS = 30, 100
SECONDS_PER_SAMPLE = 0.5e-3  # short, so that few are interrupted and both of a pair see the same machine
GOAL = 1.01
_serial = itertools.count()


class Strip(ast.NodeTransformer):
    """Takes the switches out: ``if phase is not None: …``, the parameters of that name, and the arguments for them."""

    def __init__(self) -> None:
        self.removed = 0

    def visit_If(self, node: ast.If) -> Any:
        tests = node.test.values if isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.And) else []
        if tests and all(map(_is_switched_off, tests)):
            self.removed += 1
            return [self.visit(each) for each in node.body]
        match node.test:
            case ast.Compare(left=ast.Name(id=name), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
                if name in SWITCHES and not node.orelse:
                    self.removed += 1
                    return None
        return self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.arguments:
        positional = [*node.posonlyargs, *node.args]
        first_default = len(positional) - len(node.defaults)
        kept = [place for place, parameter in enumerate(positional) if parameter.arg not in SWITCHES]
        node.defaults = [node.defaults[place - first_default] for place in kept if place >= first_default]
        node.args = [positional[place] for place in kept if place >= len(node.posonlyargs)]
        node.posonlyargs = [positional[place] for place in kept if place < len(node.posonlyargs)]
        named = [pair for pair in zip(node.kwonlyargs, node.kw_defaults, strict=True) if pair[0].arg not in SWITCHES]
        node.kwonlyargs, node.kw_defaults = [pair[0] for pair in named], [pair[1] for pair in named]
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        node.args = [one for one in node.args if not (isinstance(one, ast.Name) and one.id in SWITCHES)]
        node.keywords = [one for one in node.keywords if one.arg not in SWITCHES]
        return node


def _is_switched_off(test: ast.expr) -> bool:
    """Whether a test is ``phase is None``."""
    match test:
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return name in SWITCHES
    return False


def stripped(source: str) -> tuple[ast.Module, int]:
    """The tree without switches, and how many times a switch was tested in it.

    Raises
    ------
    ValueError : a switch is used in a way that cannot be taken out; the message gives the line.
    """
    strip = Strip()
    tree = ast.fix_missing_locations(strip.visit(ast.parse(source)))
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in SWITCHES:
            raise ValueError(f"line {node.lineno}: {node.id} is used other than by `if {node.id} is not None: …`")
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and not body:
            body.append(ast.copy_location(ast.Pass(), node))
    return ast.fix_missing_locations(tree), strip.removed


class Copy:
    """A copy of the package from its source, under a name of its own."""

    def __init__(self, *, strip: bool) -> None:
        self.removed = 0
        self._strip = strip
        self._name = f"_copy_{next(_serial)}"
        self.package = self._load(PACKAGE)

    def _load(self, original: str) -> ModuleType:
        name = self._name + original.removeprefix(ROOT)
        if name in sys.modules:
            return sys.modules[name]
        spec = importlib.util.find_spec(original)
        assert spec is not None
        assert spec.origin is not None
        source = Path(spec.origin).read_text(encoding="utf-8")
        tree = ast.parse(source)
        if self._strip:
            tree, removed = stripped(source)
            self.removed += removed
        module = sys.modules[name] = ModuleType(name)
        for node in tree.body:  # what a function imports when it is called has no part in what is timed here
            if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(f"{ROOT}."):
                node.module = self._load(node.module).__name__
        exec(compile(tree, spec.origin, "exec"), module.__dict__)
        return module

    def close(self) -> None:
        """Forget the modules of the copy."""
        for name in [name for name in sys.modules if name.split(".")[0] == self._name]:
            del sys.modules[name]

    def evaluation(self, algorithm: str, point: Sequence[int]) -> Callable[[], Any]:
        """A call of the algorithm on inputs that are the same for every copy, with a workspace of its own."""
        V, d, H, T = point
        rng = np.random.default_rng(0)
        params = importlib.import_module("bptt_rnn.model").Params.init(V, d, H, rng)
        tokens = rng.integers(0, V, T + 1)
        function = self.package.forward if algorithm == "forward" else self.package.ALGORITHMS[algorithm]
        workspace = self.package.Workspace()
        return lambda: function(params, tokens, None, workspace)


def algorithms() -> list[str]:
    """Everything that takes the switch: the algorithms and the forward pass."""
    return ["forward", *importlib.import_module(PACKAGE).ALGORITHMS]


class Ratio(NamedTuple):
    """A ratio of times and its 95 % interval."""

    estimate: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.estimate:.4f} [{self.low:.4f}, {self.high:.4f}]"


def ratio(logarithms: Sequence[float]) -> Ratio:
    """The mean of the rounds, as a ratio; each round is one observation."""
    from scipy import stats

    centre = statistics.fmean(logarithms)
    error = statistics.stdev(logarithms) / math.sqrt(len(logarithms))
    reach = float(stats.t.ppf(0.975, len(logarithms) - 1)) * error
    return Ratio(math.exp(centre), math.exp(centre - reach), math.exp(centre + reach))


def seconds(evaluate: Callable[[], Any], evaluations: int) -> float:
    """Seconds that some evaluations take in one go."""
    start = time.perf_counter()
    for _ in range(evaluations):
        evaluate()
    return time.perf_counter() - start


def measure_round(algorithm: str, point: Sequence[int], pairs: int) -> tuple[float, float]:
    """Logarithms of two ratios to the time without a switch: with it, and, as placebo, of two copies that have it."""
    copies = [Copy(strip=False), Copy(strip=True), Copy(strip=False)]
    try:
        evaluations = [copy.evaluation(algorithm, point) for copy in copies]
        for evaluate in evaluations:
            seconds(evaluate, 50)  # warm up: buffers, caches, specialised bytecode
        number = max(1, round(SECONDS_PER_SAMPLE * 50 / seconds(evaluations[0], 50)))
        orders = itertools.cycle(itertools.permutations(range(3)))
        times = []
        for _, order in zip(range(pairs), orders, strict=False):
            taken = [0.0] * 3
            for which in order:
                taken[which] = seconds(evaluations[which], number)
            times.append([math.log(value) for value in taken])
    finally:
        for copy in copies:
            copy.close()
    return statistics.median(t[0] - t[1] for t in times), statistics.median(t[0] - t[2] for t in times)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the ratios; status 1 when one of them is certainly above the goal."""
    parser = argparse.ArgumentParser(prog="python -m tests.scaling.instrumentation_cost", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"fresh copies ({ROUNDS} by default, at least 2)")
    parser.add_argument("--point", type=int, nargs=4, default=POINT, metavar=("V", "d", "H", "T"))
    options = parser.parse_args(arguments)
    names = algorithms()
    print(f"time with the phase switch off / without one, at V d H T = {options.point}, {options.rounds} rounds")
    gc.disable()
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for _ in range(options.rounds):
        for name in names:
            found[name].append(measure_round(name, options.point, PAIRS))
        gc.collect()
    too_dear = False
    for name, rounds in found.items():
        switch, placebo = (ratio(values) for values in zip(*rounds, strict=True))
        too_dear |= switch.low > GOAL
        print(f"{name:12} {switch}   placebo {placebo}   goal ≤ {GOAL}")
    return int(too_dear)


if __name__ == "__main__":
    sys.exit(main())
