"""Extra-P and big_O behind a pipe: one JSON document a line comes in, one goes out; runs in an environment of its own.

It imports nothing of this project, whose NumPy is another. A request is ``{"tool", "factors", "points", "samples",
"asked", "middle"}``, an answer ``{"seconds_at", "seconds_per_fit", "order", "model"}`` or ``{"error"}``;
``{"tool": "hello"}`` asks for the versions. ``order`` is the tool's order in the last factor, as
``[power, power of the logarithm]``; null: none named.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
import warnings
from typing import Any

import numpy as np

BIG_O_ORDERS = {"Constant": [0, 0], "Linear": [1, 0], "Quadratic": [2, 0], "Cubic": [3, 0], "Logarithmic": [0, 1],
             "Linearithmic": [1, 1]}  # fmt: skip


def extra_p(request: dict[str, Any]) -> dict[str, Any]:
    """Extra-P's multi-parameter modeller with its defaults: mean of the repetitions, model chosen by SMAPE."""
    from extrap.entities.callpath import Callpath
    from extrap.entities.coordinate import Coordinate
    from extrap.entities.experiment import Experiment
    from extrap.entities.measurement import Measurement
    from extrap.entities.metric import Metric
    from extrap.entities.parameter import Parameter
    from extrap.modelers.model_generator import ModelGenerator

    call, metric, experiment = Callpath("call"), Metric("time"), Experiment()
    parameters = [Parameter(name) for name in request["factors"]]
    for parameter in parameters:
        experiment.add_parameter(parameter)
    experiment.add_callpath(call)
    experiment.add_metric(metric)
    for point, samples in zip(request["points"], request["samples"], strict=True):
        coordinate = Coordinate(point)
        experiment.add_coordinate(coordinate)
        experiment.add_measurement(Measurement(coordinate, call, metric, samples))
    started = time.perf_counter()
    generator = ModelGenerator(experiment)
    generator.model_all()
    spent = time.perf_counter() - started
    function = next(iter(generator.models.values())).hypothesis.function
    at = [float(np.ravel(function.evaluate(np.array(point, dtype=float)))[0]) for point in request["asked"]]
    return {
        "seconds_at": at,
        "seconds_per_fit": spent,
        "order": extra_p_order(function, len(parameters) - 1),
        "model": function.to_string(*parameters),
    }


def extra_p_order(function: Any, factor: int) -> list[float]:
    """Powers of a factor and of its logarithm in a model; Extra-P has one compound term a factor."""
    for term in function.compound_terms:
        for index, compound in term.parameter_term_pairs:
            if index == factor:
                kinds = {simple.term_type: float(simple.exponent) for simple in compound.simple_terms}
                return [kinds.get("polynomial", 0.0), kinds.get("logarithm", 0.0)]
    return [0.0, 0.0]


def big_o(request: dict[str, Any]) -> dict[str, Any]:
    """big_O on one line: the last factor varies, the others stay in the middle; it answers along that line only.

    The smallest of the repetitions is taken, as its own timing does, and its preference for simple classes, 1e-6 s², is
    kept. Both are to its advantage: without that preference 8 % of the linear tables became polynomial or n log n.
    """
    from big_o.big_o import infer_big_o_class

    points = np.array(request["points"], dtype=float)
    middle = np.array(request["middle"], dtype=float)
    on_line = np.all(points[:, :-1] == middle[:-1], axis=1)
    levels = points[on_line, -1]
    times = np.array([min(samples) for samples, kept in zip(request["samples"], on_line, strict=True) if kept])
    ascending = np.argsort(levels)
    started = time.perf_counter()
    best, _ = infer_big_o_class(levels[ascending], times[ascending])
    spent = time.perf_counter() - started
    asked = np.array(request["asked"], dtype=float)
    at = np.where(np.all(asked[:, :-1] == middle[:-1], axis=1), best.compute(asked[:, -1]), np.nan)
    return {
        "seconds_at": [float(value) if np.isfinite(value) else None for value in at],
        "seconds_per_fit": spent,
        "order": BIG_O_ORDERS.get(type(best).__name__),
        "model": str(best),
    }


def hello(_: dict[str, Any]) -> dict[str, Any]:
    """Versions of what is installed here."""
    return {name: importlib.metadata.version(name) for name in ("extrap", "big-o", "numpy")}


TOOLS = {"extra_p": extra_p, "big_o": big_o, "hello": hello}


def answer(line: str) -> str:
    """The answer to one request; whatever goes wrong is told instead."""
    try:
        request = json.loads(line)
        return json.dumps(TOOLS[request["tool"]](request))
    except Exception as error:  # noqa: BLE001  # the asking side decides what a failure of a peer means
        return json.dumps({"error": f"{type(error).__name__}: {error}"})


def main() -> None:
    """Answer until the input ends; what the tools print goes to standard error."""
    warnings.simplefilter("ignore")
    out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        print(answer(line), file=out, flush=True)


if __name__ == "__main__":
    main()
