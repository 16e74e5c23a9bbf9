"""How a run fits its own laws, for fits of the same law by name: all commands then give it the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.data.samples import own_subjects
from bptt_bench.analyse.evidence.evidence import fit_options, laws_of
from bptt_bench.analyse.evidence.strata import Strata
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.plan import CostLaw
from bptt_bench.plan.experiment.stratum import stratum
from bptt_bench.store.runs.experiments import ExperimentRecord

if TYPE_CHECKING:
    import pandas as pd


def options_of_run(frame: pd.DataFrame, rows: pd.DataFrame, law: CostLaw | str, response: str) -> dict[str, Any]:
    """Return how the experiment of a run fits a law to a response of a subject; empty unless it is the subject's own.

    Parameters
    ----------
    frame : with the records of the run in ``attrs``.
    rows : those of it that are fitted, of one subject.

    Returns
    -------
    options of ``bench.fit``: the terms of the overhead, the blocks, and the bytes that a subject declares.
    """
    described = frame.attrs.get("experiment")
    names = own_subjects(list(map(str, rows["subject"].unique()))) if "subject" in rows.columns else []
    if not isinstance(described, ExperimentRecord) or len(names) != 1:
        return {}
    strata = Strata.of(described.experiment, frame)
    named = stratum(names[0], {name: str(rows[name].iloc[0]) for name in strata.categories})
    stated = law if isinstance(law, CostLaw) else CostLaw(law)
    for subject in strata.stratify().subjects:
        for one, own, overhead in laws_of(subject) if subject.name == named else ():
            if one == response and _is_same(stated, own, rows):
                return fit_options(subject, response, frame, overhead)
    return {}


def _is_same(one: CostLaw, other: CostLaw, rows: pd.DataFrame) -> bool:
    """Return whether two laws have the same terms at these points, but for their order and constants."""
    if len(one.terms) != len(other.terms) or set(one.factors) != set(other.factors):
        return False
    levels = {name: rows[name].to_numpy(dtype=np.float64) for name in one.factors}
    these, those = (_scaled(law.columns(levels or {"": np.ones(1)})) for law in (one, other))
    return all(any(np.allclose(mine, theirs, rtol=1e-9, atol=0) for theirs in those.T) for mine in these.T)


def _scaled(columns: Array) -> Array:
    with np.errstate(all="ignore"):  # what is infinite is the same as nothing
        return np.asarray(columns / np.maximum(columns.max(axis=0), 1e-300))
