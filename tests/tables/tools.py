"""The tools that predict: ours, and others as their users would call them."""

from __future__ import annotations

import atexit
import functools
import os
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import threadpoolctl
from bptt_bench.plan import CostLaw, Point
from bptt_bench.workflows.predict import predict

from tests.tables.cases import Answer, Array, Case
from tests.validation.peers.client import PeerError, PeerGone, Server

Tool = Callable[[Case], Answer]


def ours(case: Case) -> Answer:
    """Predict with the stated law."""
    return _predict(case, case.law)


def without_law(case: Case) -> Answer:
    """Predict with the laws that are found in the points to learn from."""
    return _predict(case, None)


def _predict(case: Case, law: str | None) -> Answer:
    points = [Point(dict(zip(case.factors, row, strict=True))) for row in case.held[list(case.factors)].to_numpy()]
    found = {one.at: one for one in predict(case.kept, list(points), law=law)}
    answers = [found[point] for point in points]
    value, low, high = (
        np.array([getattr(one, name) for one in answers], dtype=np.float64) for name in ("value", "low", "high")
    )
    return Answer(value=value, low=low, high=high, grades=tuple(str(one.grade) for one in answers))


def law_alone(case: Case) -> Answer:
    """Predict by the stated law and a constant, fitted to relative errors, without neighbours, backtests or grades."""
    from bptt_bench.analyse.fitting.fit import fit

    found = np.array(fit(case.kept, case.law).predict(case.levels(case.held)))
    return Answer(value=found[:, 0], low=found[:, 1], high=found[:, 2])


def log_log(case: Case) -> Answer:
    """Predict by a product of powers, least squares of logarithms."""
    columns = _logs(case, case.levels(case.kept))
    weights = np.linalg.lstsq(columns, _log_seconds(case), rcond=None)[0]
    return Answer(value=np.exp(_logs(case, case.levels(case.held)) @ weights))


def nnls(case: Case) -> Answer:
    """Predict by the stated law and a constant, non-negative least squares of seconds."""
    from scipy.optimize import nnls as solve

    law = CostLaw(case.law).plus("1")
    columns, seconds = law.columns(case.levels(case.kept)), case.kept["seconds"].to_numpy(dtype=np.float64)
    scale = np.linalg.norm(columns, axis=0)
    weights = solve(columns / scale, seconds)[0] / scale
    return Answer(value=np.maximum(law.columns(case.levels(case.held)) @ weights, 1e-300))


def gaussian_process(case: Case) -> Answer:
    """Predict by a Gaussian process on logarithms, with a length for each factor and a constant mean."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel

    logs, held = _logs(case, case.levels(case.kept))[:, 1:], _logs(case, case.levels(case.held))[:, 1:]
    kernel = ConstantKernel(1.0) * RBF(np.ones(logs.shape[1])) + WhiteKernel(0.01)
    model = GaussianProcessRegressor(kernel, normalize_y=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(logs, _log_seconds(case))
        centre, error = model.predict(held, return_std=True)
    low, high = np.exp(centre - 1.96 * error), np.exp(centre + 1.96 * error)
    return Answer(value=np.exp(centre), low=low, high=high)


def boosted_trees(case: Case) -> Answer:
    """Predict by gradient-boosted trees on logarithms."""
    from sklearn.ensemble import GradientBoostingRegressor

    model = GradientBoostingRegressor(random_state=0)
    model.fit(_logs(case, case.levels(case.kept))[:, 1:], _log_seconds(case))
    return Answer(value=np.exp(model.predict(_logs(case, case.levels(case.held))[:, 1:])))


def extra_p(case: Case) -> Answer:
    """Predict by Extra-P's multi-parameter modeller with its defaults, in an environment of its own."""
    grouped = case.kept.groupby(list(case.factors))["seconds"].apply(list)
    points = [list(np.atleast_1d(point)) for point in grouped.index]
    request = {
        "tool": "extra_p",
        "factors": case.factors,
        "points": [list(map(float, point)) for point in points],
        "samples": grouped.tolist(),
        "asked": case.held[list(case.factors)].to_numpy(dtype=np.float64).tolist(),
    }
    try:
        found = _extra_p_server().ask(request)
    except PeerGone:
        raise
    except PeerError:  # as where it wants more points than there are
        return Answer(value=np.full(len(case.held), np.nan))
    return Answer(value=np.array(found["seconds_at"], dtype=np.float64))


@functools.cache
def _extra_p_server() -> Server:
    server = Server(EXTRA_P)
    atexit.register(server.close)
    return server


EXTRA_P = Path(os.environ.get("EXTRA_P_PYTHON", ".venv-extrap/bin/python"))
OURS, WITHOUT_LAW = "bptt-bench", "without a law"
TOOLS: Mapping[str, Tool] = {
    OURS: ours,
    WITHOUT_LAW: without_law,
    "law alone": law_alone,
    "log-log": log_log,
    "NNLS": nnls,
    "Extra-P": extra_p,
    "Gaussian process": gaussian_process,
    "boosted trees": boosted_trees,
}


def usable(names: tuple[str, ...] = ()) -> Iterator[tuple[str, Tool | str]]:
    """Yield the tools, or why one cannot be used here."""
    for name, tool in TOOLS.items():
        if names and name not in names:
            continue
        if name == "Extra-P" and not EXTRA_P.is_file():
            yield name, f"its environment is not installed: EXTRA_P_PYTHON names {EXTRA_P}"
            continue
        if name in ("Gaussian process", "boosted trees"):
            try:
                import sklearn  # noqa: F401  # whether it is there
            except ImportError:
                yield name, "scikit-learn is not installed"
                continue
        yield name, tool


def answer(tool: Tool, case: Case) -> Answer:
    """Return what a tool predicts, with one BLAS thread."""
    with threadpoolctl.threadpool_limits(limits=1, user_api="blas"):
        return tool(case)


def _logs(case: Case, levels: Mapping[str, Array]) -> Array:
    varied = [name for name in case.factors if case.kept[name].nunique() > 1]
    with np.errstate(divide="ignore"):
        logs = [np.log(np.maximum(levels[name], 0.5)) for name in varied]  # a padding may be 0
    return np.column_stack([np.ones(len(next(iter(levels.values())))), *logs])


def _log_seconds(case: Case) -> Array:
    return np.asarray(np.log(case.kept["seconds"].to_numpy(dtype=np.float64)))
