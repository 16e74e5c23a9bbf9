"""Host effects in samples of several hosts, and tests of whether hosts differ in the shape of the cost.

One factor per host, relative to the host with most samples, is removed before the law is fitted. Contrasts between
hosts (``bptt_bench.analyse.stats.contrast``) then test whether one factor is enough for all terms and points. A term
that is disproportionately slow on one host rejects the single-factor model, and so does time that grows faster with a
factor on one host.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bptt_bench.analyse.data.samples import Samples
from bptt_bench.analyse.data.visit_tables import (
    Visits,
    common_rows,
    process_indices,
    select_rows,
    undisturbed_tables,
)
from bptt_bench.analyse.stats.arrays import Array, Flags
from bptt_bench.analyse.stats.collinearity import group_terms
from bptt_bench.analyse.stats.contrast import Estimate, ProcessTable, contrast
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.stats.holm import holm

TOLERANCE = 0.02  # of a term's unit cost: the effect of buffer addresses, which are fixed within a process
LEAST_POINTS = 3  # common to two hosts, to compare more than their speeds


class Disagreement(NamedTuple):
    """A ratio of unit costs between hosts that differs from the ratio of their speeds, for some terms.

    With ``growth``, a factor of the experiment: the ratio by which time grows more on this host, from that factor's
    smallest level to its largest.
    """

    terms: tuple[str, ...]
    ratio: Interval
    growth: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"terms": list(self.terms), "growth": self.growth, **self.ratio._asdict()}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host: its slowness relative to the reference, and its disagreements with it.

    ``slowness`` is 1 without an interval for the reference itself, and ``None`` without a common point.
    """

    name: str
    n_samples: int
    slowness: Interval | None
    disagreements: tuple[Disagreement, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "host": self.name,
            "n_samples": self.n_samples,
            "slowness": None if self.slowness is None else self.slowness._asdict(),
            "disagreements": [one.to_json() for one in self.disagreements],
        }


def remove_host_effects(samples: Samples, confidence: float) -> tuple[Samples, tuple[Host, ...]]:
    """Return the samples scaled to the speed of the host with most of them, and the hosts.

    Blocks become blocks of a host. Samples of a single host are returned unchanged.
    """
    host = samples.host
    if host is None or len(samples.host_names) < 2:
        return samples, ()
    counts = np.bincount(host, minlength=len(samples.host_names))
    order = [int(h) for h in np.argsort(-counts, kind="stable")]
    y, known = samples.log_seconds.copy(), host == order[0]
    first = samples.host_names[order[0]]
    found = {order[0]: Host(name=first, n_samples=int(counts[order[0]]), slowness=Interval(1, 1, 1))}
    left = order[1:]
    while left:  # a host may share points with only one other, whose speed must be known first
        h = next((h for h in left if _share_points(samples, known, host == h)), left[0])
        left.remove(h)
        slowness = _slowness(dataclasses.replace(samples, log_seconds=y), known, host == h, confidence)
        if slowness is not None:
            y[host == h] -= np.log(slowness.estimate)
            known = known | (host == h)
        found[h] = Host(name=samples.host_names[h], n_samples=int(counts[h]), slowness=slowness)
    block, names = samples.block, samples.block_names
    if block is not None:
        pairs, block = np.unique(np.column_stack([block, host]), axis=0, return_inverse=True)
        names, block = tuple((names[b], samples.host_names[h]) for b, h in pairs), block.reshape(-1)
    scaled = dataclasses.replace(samples, log_seconds=y, block=block, block_names=names)
    return scaled, tuple(found[h] for h in order)


def find_disagreements(
    samples: Samples, hosts: Sequence[Host], shares: Array, terms: Sequence[str], *, smallest: float, confidence: float
) -> tuple[Host, ...]:
    """Return the hosts with their disagreements with the reference, tested by Holm over all hosts, terms and factors.

    A disagreement of terms also changes the growth with their factors, which is then not reported.

    Parameters
    ----------
    samples : without host effects.
    shares : of the terms at the samples' points (n_points, k).
    """
    estimates: list[tuple[int, tuple[str, ...], str | None, Estimate]] = []
    number = {name: h for h, name in enumerate(samples.host_names)}
    assert samples.host is not None
    reference = samples.host == number[hosts[0].name]
    for i, one in enumerate(hosts[1:], start=1):
        mine = samples.host == number[one.name]
        first, second = _tables(samples, reference, mine)
        rows = common_rows(first, second)
        if one.slowness is None or len(rows) < LEAST_POINTS:
            continue
        pair = select_rows(first, rows), select_rows(second, rows)
        groups = group_terms(shares[rows], smallest)
        if len(groups.groups) > 1:
            found = contrast(*pair, groups.shares, paired=False)
            centre = found.centre()
            for j, members in enumerate(groups.groups):
                estimate = found.estimate(np.eye(len(centre))[j] - centre)
                estimates.append((i, tuple(terms[m] for m in members), None, estimate))
        for factor, levels in samples.levels.items():
            position = _relative_levels(levels[rows])
            if position is not None:
                found = contrast(*pair, np.column_stack([1 - position, position]), paired=False)
                estimates.append((i, (), factor, found.estimate(np.array([-1.0, 1.0]))))
    tests = holm([estimate for *_, estimate in estimates], tolerance=TOLERANCE, confidence=confidence)
    about: dict[int, list[Disagreement]] = {}
    for (i, names, growth, _), test in zip(estimates, tests, strict=True):
        if test.rejected and not (growth and any(known.terms for known in about.get(i, ()))):
            about.setdefault(i, []).append(Disagreement(names, test.interval, growth))
    return tuple(dataclasses.replace(one, disagreements=tuple(about.get(i, ()))) for i, one in enumerate(hosts))


def _relative_levels(levels: Array) -> Array | None:
    """Return the positions of levels between the smallest (0) and the largest (1), logarithmic if above 0."""
    scale = np.log(levels) if levels.min() > 0 else levels
    span = scale.max() - scale.min()
    return None if span == 0 else np.asarray((scale - scale.min()) / span)


def _share_points(samples: Samples, first: Flags, second: Flags) -> bool:
    return bool(np.isin(samples.point[first], samples.point[second]).any())


def _tables(samples: Samples, first: Flags, second: Flags) -> tuple[ProcessTable, ProcessTable]:
    """Return tables of undisturbed visits for two parts of the samples, with a row for each point of all."""
    process = process_indices(samples)
    parts = []
    for part in (first, second):
        mine = np.unique(process[part])
        parts.append(Visits(samples, np.minimum(np.searchsorted(mine, process), len(mine) - 1), len(mine), part))
    tables = undisturbed_tables(*parts)
    return tables[0], tables[1]


def _slowness(samples: Samples, known: Flags, mine: Flags, confidence: float) -> Interval | None:
    """Return the slowness of a host relative to those already known; ``None`` without a common point."""
    first, second = _tables(samples, known, mine)
    rows = common_rows(first, second)
    if not len(rows):
        return None
    ratio = contrast(select_rows(first, rows), select_rows(second, rows), np.ones((len(rows), 1)), paired=False)
    return ratio.estimate(np.ones(1)).interval(confidence)


__all__ = ["Disagreement", "Host", "find_disagreements", "remove_host_effects"]
