"""Evidence that parts of the data share: the levels of a category change what an operation costs, mostly not the law.

A law that all parts have is paid for once by its prior, and has the evidence of all of them; laws of their own are paid
for by each part. How probable it is that there is one law for all follows from the data too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import log_softmax, logsumexp

from bptt_bench.analyse.discover.finalists import Finalist, Measured, averaged_over_constant
from bptt_bench.analyse.stats.arrays import Array
from bptt_bench.errors import LawError
from bptt_bench.plan import CostLaw

ONE_LAW = 0.5  # prior probability that the law is the same in all parts


class Part(NamedTuple):
    """What laws of one part of the data are compared on, and those that its own search has kept."""

    levels: Mapping[str, Array]
    measured: Measured
    finalists: Sequence[Finalist]


def weigh_together(parts: Sequence[Part]) -> list[list[Finalist]]:
    """Return the finalists of each part, all of them, weighted by the evidence of all parts and by its own."""
    if len(parts) < 2:
        return [list(part.finalists) for part in parts]
    laws: dict[tuple[str, ...], Finalist] = {}
    for part in parts:
        for one in part.finalists:
            if np.isfinite(one.log_weight):
                laws.setdefault(tuple(sorted(one.terms)), one)
    costs = np.array([one.cost for one in laws.values()])
    evidence, constants = _evidence(parts, list(laws.values()))
    alone = evidence - costs  # (parts, laws)
    together = evidence.sum(axis=0) - costs
    if not (np.isfinite(together).any() and np.isfinite(alone).any(axis=1).all()):
        return [list(part.finalists) for part in parts]
    one_law, own_laws = float(logsumexp(together)), float(logsumexp(alone, axis=1).sum())
    log_shared = np.log(ONE_LAW) - np.logaddexp(np.log(ONE_LAW), np.log(1 - ONE_LAW) + own_laws - one_law)
    log_own = np.log(1 - ONE_LAW) - np.logaddexp(np.log(1 - ONE_LAW), np.log(ONE_LAW) + one_law - own_laws)
    found = []
    for own, has_constant in zip(alone, constants, strict=True):
        weights = np.logaddexp(log_shared + log_softmax(together), log_own + log_softmax(own))
        weights = np.where(np.isfinite(own), weights, -np.inf)
        found.append(
            [
                one._replace(log_weight=float(weight), constant=bool(constant))
                for one, weight, constant in zip(laws.values(), weights, has_constant, strict=True)
            ]
        )
    return found


def _evidence(parts: Sequence[Part], laws: Sequence[Finalist]) -> tuple[Array, Array]:
    """Return the log evidence of each law in each part (parts, laws), and whether a constant stands beside it."""
    found, constants = np.full((len(parts), len(laws)), -np.inf), np.zeros((len(parts), len(laws)))
    for i, part in enumerate(parts):
        for j, one in enumerate(laws):
            try:
                with np.errstate(all="ignore"):
                    design = CostLaw(" + ".join(one.terms)).columns(dict(part.levels))
            except LawError:  # a factor that this part does not have
                continue
            if np.isfinite(design).all() and (design >= 0).all():
                if one.terms == ("1",):
                    found[i, j] = part.measured.log_weight(design)
                else:
                    found[i, j], constants[i, j] = averaged_over_constant(design, part.measured)
    return found, constants
