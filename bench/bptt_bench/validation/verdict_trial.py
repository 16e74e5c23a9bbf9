"""How often a verdict on an exponent is wrong: true claims refuted and false ones supported, on simulated runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.plan import Experiment, ExponentClaim, Factor, Point, Profile, Subject
from bptt_bench.validation.score import OWN_ORDER
from bptt_bench.validation.simulate import DESIGNS, LAWS, LEVELS, MIDDLE, OVERHEAD, Array, Setting, Truth, simulate

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.1  # of the claims
OFF_BY = 0.2  # exponent by which the false claims' terms really grow faster
BENT = ("T", "V")  # factors whose exponents are claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictTrial:
    """Verdicts on one simulated measurement: factor -> word, for claims that are true, and for false ones."""

    setting: Setting
    true: Mapping[str, str]
    false: Mapping[str, str]


def verdict_trial(setting: Setting, seeds: np.random.SeedSequence) -> VerdictTrial:
    """Judge the exponents in T and V of a table that follows its law, and of tables that grow by ``OFF_BY`` faster.

    The terms claimed are those of the law with the factor, judged at the largest level of it with the others in the
    middle; what is bent is the same terms.
    """
    frame, truth = simulate(setting, np.random.default_rng(seeds))
    return VerdictTrial(
        setting=setting,
        true={factor: _word(frame, setting, factor) for factor in BENT},
        false={factor: _word(bent(frame, truth, setting, factor), setting, factor) for factor in BENT},
    )


def bent(frame: pd.DataFrame, truth: Truth, setting: Setting, factor: str) -> pd.DataFrame:
    """The table as it would be had the claimed terms another ``OFF_BY`` in their exponent, with the same noise."""
    levels = {name: frame[name].to_numpy(dtype=np.float64) for name in LEVELS}
    times = truth.law.columns(levels) * truth.coefficients
    freed = np.isin([str(term) for term in truth.law.terms], _terms(setting, factor))
    growth = np.where(freed, (levels[factor] / MIDDLE[factor])[:, None] ** OFF_BY, 1.0)
    slower: Array = (times * growth).sum(axis=1) / times.sum(axis=1)
    changed = frame.assign(seconds_per_eval=frame["seconds_per_eval"] * slower)
    changed.attrs.update(frame.attrs)
    return changed


def _terms(setting: Setting, factor: str) -> tuple[str, ...]:
    """The terms claimed: in V the one that has it; in T all that share the order in question."""
    own = OWN_ORDER[setting.law] if factor == "T" else ""
    return tuple(str(term) for term in LAWS[setting.law].terms if factor in term.factors and str(term).startswith(own))


def _word(frame: pd.DataFrame, setting: Setting, factor: str) -> str:
    at = Point({**MIDDLE, factor: max(LEVELS[factor])})
    claim = ExponentClaim(
        name=factor, subject="simulated", factor=factor, terms=_terms(setting, factor), at=at, margin=MARGIN
    )
    experiment = Experiment(
        name="validation",
        factors=tuple(Factor(name=name) for name in LEVELS),
        subjects=(Subject(name="simulated", prepare=_nothing, law=LAWS[setting.law], overhead=tuple(OVERHEAD)),),
        profiles={"simulated": Profile(design=DESIGNS[setting.design])},
        claims=(claim,),
    )
    (verdict,) = judge(frame.assign(subject="simulated"), experiment)
    return verdict.verdict


def _nothing(_point: Mapping[str, float]) -> Callable[[], None]:
    return lambda: None


def verdict_summary(outcomes: Sequence[VerdictTrial]) -> dict[str, Any]:
    """Shares of verdicts: of true claims ``supported`` and wrongly ``refuted``, of false ones the other way round.

    Raises
    ------
    ValueError : no outcomes.
    """
    if not outcomes:
        raise ValueError("outcomes: 0 given; at least 1 is needed")
    true = [word for each in outcomes for word in each.true.values()]
    false = [word for each in outcomes for word in each.false.values()]
    return {
        "trials": len(outcomes),
        "claims": len(true),
        "true_supported": true.count("supported") / len(true),
        "true_refuted": true.count("refuted") / len(true),
        "false_refuted": false.count("refuted") / len(false),
        "false_supported": false.count("supported") / len(false),
    }
