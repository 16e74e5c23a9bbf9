"""Error rates of verdicts on exponents: true claims refuted and false claims supported, on simulated runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.analyse.verdicts.judges import judge
from bptt_bench.plan import Experiment, ExponentClaim, Factor, Point, Profile, Subject
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.validation.score import OWN_ORDER
from bptt_bench.validation.simulate import DESIGNS, LAWS, LEVELS, MIDDLE, OVERHEAD, Setting, Truth, simulate

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.1  # of the claims
EXTRA_EXPONENT = 0.2  # by which the terms of false claims grow faster
CLAIMED = ("T", "V")  # factors whose exponents are claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictTrial:
    """Verdicts on one simulated measurement, by factor, for true and for false claims."""

    setting: Setting
    true: Mapping[str, str]
    false: Mapping[str, str]


def verdict_trial(setting: Setting, seeds: np.random.SeedSequence) -> VerdictTrial:
    """Judge the exponents in T and V of a table that follows its law, and of tables that grow faster.

    The claimed terms are those of the law with the factor, judged at its largest level with the others in the middle.
    In the tables of false claims the same terms grow with an exponent larger by ``EXTRA_EXPONENT``.
    """
    frame, truth = simulate(setting, np.random.default_rng(seeds))
    false = {factor: with_extra_exponent(frame, truth, setting, factor) for factor in CLAIMED}
    return VerdictTrial(
        setting=setting,
        true={factor: _verdict(frame, setting, factor) for factor in CLAIMED},
        false={factor: _verdict(table, setting, factor) for factor, table in false.items()},
    )


def with_extra_exponent(frame: pd.DataFrame, truth: Truth, setting: Setting, factor: str) -> pd.DataFrame:
    """Return the table with ``EXTRA_EXPONENT`` more in the exponent of the claimed terms, and the same noise."""
    levels = {name: frame[name].to_numpy(dtype=np.float64) for name in LEVELS}
    times = truth.law.columns(levels) * truth.coefficients
    freed = np.isin([str(term) for term in truth.law.terms], _terms(setting, factor))
    growth = np.where(freed, (levels[factor] / MIDDLE[factor])[:, None] ** EXTRA_EXPONENT, 1.0)
    slower: Array = (times * growth).sum(axis=1) / times.sum(axis=1)
    changed = frame.assign(**{SECONDS_PER_EVAL: frame[SECONDS_PER_EVAL] * slower})
    changed.attrs.update(frame.attrs)
    return changed


def _terms(setting: Setting, factor: str) -> tuple[str, ...]:
    """Return the claimed terms: in V the one that has it, in T all that share the order in question."""
    own = OWN_ORDER[setting.law] if factor == "T" else ""
    return tuple(str(term) for term in LAWS[setting.law].terms if factor in term.factors and str(term).startswith(own))


def _verdict(frame: pd.DataFrame, setting: Setting, factor: str) -> str:
    at = Point({**MIDDLE, factor: max(LEVELS[factor])})
    claim = ExponentClaim(
        name=factor, subject="simulated", factor=factor, terms=_terms(setting, factor), at=at, margin=MARGIN
    )
    subject = Subject(name="simulated", prepare=_prepare_nothing, law=LAWS[setting.law], overhead=tuple(OVERHEAD))
    experiment = Experiment(
        name="validation",
        factors=tuple(Factor(name=name) for name in LEVELS),
        subjects=(subject,),
        profiles={"simulated": Profile(design=DESIGNS[setting.design])},
        claims=(claim,),
    )
    (verdict,) = judge(frame.assign(subject="simulated"), experiment)
    return verdict.verdict


def _prepare_nothing(_point: Mapping[str, float]) -> Callable[[], None]:
    return lambda: None


def verdict_summary(outcomes: Sequence[VerdictTrial]) -> dict[str, Any]:
    """Return shares of verdicts: true claims supported or refuted, and false claims supported or refuted.

    Raises
    ------
    ValueError : no outcomes.
    """
    if not outcomes:
        raise ValueError("`outcomes` must have at least 1 element, got 0")
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
