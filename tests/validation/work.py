"""One trial: a table is simulated, ours and every peer fit it, and what they said is scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from bptt_bench.analyse.fitting.fit import fit
from bptt_bench.validation.score import STATED, Outcome, trial
from bptt_bench.validation.simulate import LAWS, Truth, simulate

from tests.validation.cells import Cell
from tests.validation.peers.answer import Peer, questions, scored
from tests.validation.peers.client import PeerError, PeerGone, Remote, Server
from tests.validation.peers.plain import LogLog, PlainNNLS

if TYPE_CHECKING:
    import pandas as pd

OURS, OURS_AUTO = "ours", "ours_auto"
DIGITS = 6  # significant ones that are kept of a figure
PLAIN: Mapping[str, Peer] = {
    "log_log": LogLog(),
    "nnls": PlainNNLS(),
    "nnls_relative": PlainNNLS(relative=True, overhead=("T",)),
}
REMOTE = ("extra_p", "big_o")


def error_beyond_t(frame: pd.DataFrame, truth: Truth, cell: Cell) -> float:
    """Relative error of ours beyond in T alone, where big_O can be asked too."""
    at = questions(cell.setting, truth)[1]
    found = fit(frame, LAWS[cell.setting.law], overhead=STATED).curve([at])[0]
    return abs(found.estimate / float(truth.at(at)) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a worker process has at hand: the peers, and what scores ours, where a test may plant something bad."""

    peers: Mapping[str, Peer]
    score: Callable[..., Outcome] = trial
    score_beyond_t: Callable[[pd.DataFrame, Truth, Cell], float] = error_beyond_t


def bench_with(python: Path | None) -> Bench:
    """Ours, the plain peers, and the others if there is an environment with them."""
    if python is None:
        return Bench(peers=PLAIN)
    server = Server(python)
    return Bench(peers={**PLAIN, **{tool: Remote(tool=tool, server=server) for tool in REMOTE}})


def work(cell: Cell, number: int, seed: int, bench: Bench) -> dict[str, Any]:
    """The record of a trial: cell, number, and what each tool came to."""
    tools: dict[str, Any] = {
        OURS: _ours(bench.score(cell.setting, cell.seeds(seed, number), orders=cell.orders, step=cell.step))
    }
    if cell.others:
        found = bench.score(cell.setting, cell.seeds(seed, number), overhead="auto", orders=False, step=False)
        tools[OURS_AUTO] = _ours(found)
        frame, truth = table_of(cell, number, seed)
        tools[OURS]["error_beyond_t"] = bench.score_beyond_t(frame, truth, cell)
        tools |= _peers(frame, truth, cell, bench)
    return {"cell": cell.index, "trial": number, "tools": rounded(tools)}


def _ours(found: Outcome) -> dict[str, Any]:
    return {
        "error_beyond": found.error_beyond,
        "exponent_error": found.exponent_error,
        "covered": dict(found.covered),
        "lack_of_fit": found.lack_of_fit,
        "orders": dict(found.orders),
        "step_found": found.step_found,
        "step_made_up": found.step_made_up,
        "seconds_per_fit": found.seconds_per_fit,
    }


def table_of(cell: Cell, number: int, seed: int) -> tuple[pd.DataFrame, Truth]:
    """The very table that ``trial`` makes of these seeds, and its truth."""
    first, _ = cell.seeds(seed, number).spawn(2)
    return simulate(cell.setting, np.random.default_rng(first))


def _peers(frame: pd.DataFrame, truth: Truth, cell: Cell, bench: Bench) -> dict[str, Any]:
    asked = questions(cell.setting, truth)
    answers: dict[str, Any] = {}
    for name, peer in bench.peers.items():
        try:
            answers[name] = scored(peer(frame, cell.setting, asked), cell.setting, truth)
        except PeerGone:
            raise  # no outcome of the tool, and nothing to be kept
        except PeerError as error:
            answers[name] = {"failed": str(error)}
    return answers


def rounded(value: Any) -> Any:
    """The same with every float to ``DIGITS`` significant digits, and truth as 0 or 1: records stay short."""
    if isinstance(value, dict):
        return {key: rounded(each) for key, each in value.items()}
    if isinstance(value, bool):
        return int(value)
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) else value
