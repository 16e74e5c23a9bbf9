"""Several hosts in one set of samples: how fast each is, and whether they disagree about the shape of the cost.

One factor per host says how many times as slow it is as the host with most samples; it is taken out before the law is
fitted. Whether one factor is enough for all terms and points is then tested: the hosts are two sides of a contrast
(``bptt_bench.analyse.stats.contrast``). A term that is disproportionately slow on one host rejects the single factor,
and so does time that grows faster with a factor on one of them, which the terms of a law need not show, and a single
one never.
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

TOLERANCE = 0.02  # of a term's price: what the addresses of buffers, dealt once a process, may do to it
LEAST_POINTS = 3  # that hosts share, to compare more than their speeds


class Disagreement(NamedTuple):
    """Terms that are slower or faster on a host than one speed for all terms predicts: by which factor.

    Where it is not about terms but about ``growth`` with a factor of the experiment, by how much more time grows there
    from that factor's smallest level to its largest.
    """

    terms: tuple[str, ...]
    ratio: Interval
    growth: str | None = None

    def in_words(self) -> str:
        """One clause of a sentence."""
        if self.growth is not None:
            times, low, high = self.ratio
            return f"time grows {times:.2f} times as much [{low:.2f}, {high:.2f}] with {self.growth}"
        names = " + ".join(self.terms) + (" together" if len(self.terms) > 1 else "")
        times, low, high = self.ratio
        return f"{names} {times:.2f} times as dear [{low:.2f}, {high:.2f}] beside the other terms"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"terms": list(self.terms), "growth": self.growth, **self.ratio._asdict()}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host: how many times as slow as the reference, and about which terms it disagrees with that.

    ``slowness`` is 1 without an interval for the reference itself, and ``None`` where no point tells it.
    """

    name: str
    n_samples: int
    slowness: Interval | None
    disagreements: tuple[Disagreement, ...] = ()

    def in_words(self) -> str:
        """One clause of a sentence."""
        if self.slowness is None:
            return f"host {self.name} shares no point with the others, so that its speed cannot be told"
        times, low, high = self.slowness
        return f"host {self.name} is {times:.2f} times as slow [{low:.2f}, {high:.2f}]"

    def to_json(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "host": self.name,
            "n_samples": self.n_samples,
            "slowness": None if self.slowness is None else self.slowness._asdict(),
            "disagreements": [one.to_json() for one in self.disagreements],
        }


def remove_host_effects(samples: Samples, confidence: float) -> tuple[Samples, tuple[Host, ...]]:
    """The samples as the host with most of them would have taken them, and what the others were found to be.

    Blocks are from then on blocks of a host. Samples of one host come back as they are.
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
    while left:  # a host may share points with another one only, whose speed must then be known first
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
    steadied = dataclasses.replace(samples, log_seconds=y, block=block, block_names=names)
    return steadied, tuple(found[h] for h in order)


def find_disagreements(
    samples: Samples, hosts: Sequence[Host], shares: Array, terms: Sequence[str], *, smallest: float, confidence: float
) -> tuple[Host, ...]:
    """The hosts, with what each disagrees about, tested against the reference; Holm over all hosts, terms and factors.

    What terms disagree about also changes the growth with their factors, which is then not said again.

    Parameters
    ----------
    samples : with the hosts' speeds taken out. shares : of the terms at the samples' points (n_points, k).
    """
    told: list[tuple[int, tuple[str, ...], str | None, Estimate]] = []
    number = {name: h for h, name in enumerate(samples.host_names)}
    assert samples.host is not None
    reference = samples.host == number[hosts[0].name]
    for i, one in enumerate(hosts[1:], start=1):
        mine = samples.host == number[one.name]
        first, second = _tables(samples, reference, mine)
        rows = common_rows(first, second)
        if one.slowness is None or len(rows) < LEAST_POINTS:
            continue
        sides = select_rows(first, rows), select_rows(second, rows)
        groups = group_terms(shares[rows], smallest)
        if len(groups.groups) > 1:
            found = contrast(*sides, groups.shares, paired=False)
            centre = found.centre()
            for j, members in enumerate(groups.groups):
                estimate = found.estimate(np.eye(len(centre))[j] - centre)
                told.append((i, tuple(terms[m] for m in members), None, estimate))
        for factor, levels in samples.levels.items():
            place = _between(levels[rows])
            if place is not None:
                found = contrast(*sides, np.column_stack([1 - place, place]), paired=False)
                told.append((i, (), factor, found.estimate(np.array([-1.0, 1.0]))))
    tests = holm([estimate for *_, estimate in told], tolerance=TOLERANCE, confidence=confidence)
    about: dict[int, list[Disagreement]] = {}
    for (i, names, growth, _), test in zip(told, tests, strict=True):
        if test.rejected and not (growth and any(known.terms for known in about.get(i, ()))):
            about.setdefault(i, []).append(Disagreement(names, test.interval, growth))
    return tuple(dataclasses.replace(one, disagreements=tuple(about.get(i, ()))) for i, one in enumerate(hosts))


def _between(levels: Array) -> Array | None:
    """Where levels lie between the smallest (0) and the largest (1), on a logarithmic scale where they have one."""
    scale = np.log(levels) if levels.min() > 0 else levels
    reach = scale.max() - scale.min()
    return None if reach == 0 else np.asarray((scale - scale.min()) / reach)


def _share_points(samples: Samples, first: Flags, second: Flags) -> bool:
    return bool(np.isin(samples.point[first], samples.point[second]).any())


def _tables(samples: Samples, first: Flags, second: Flags) -> tuple[ProcessTable, ProcessTable]:
    """A table for each of two parts of the samples, of undisturbed visits, with a row for each point of all."""
    process = process_indices(samples)
    sides = []
    for part in (first, second):
        mine = np.unique(process[part])
        sides.append(Visits(samples, np.minimum(np.searchsorted(mine, process), len(mine) - 1), len(mine), part))
    tables = undisturbed_tables(*sides)
    return tables[0], tables[1]


def _slowness(samples: Samples, known: Flags, mine: Flags, confidence: float) -> Interval | None:
    """How many times as slow the samples of a host are as those already known; ``None`` without a common point."""
    first, second = _tables(samples, known, mine)
    rows = common_rows(first, second)
    if not len(rows):
        return None
    alike = contrast(select_rows(first, rows), select_rows(second, rows), np.ones((len(rows), 1)), paired=False)
    return alike.estimate(np.ones(1)).interval(confidence)


def in_words(hosts: Sequence[Host]) -> str:
    """What is to be said of several hosts; empty for one.

    >>> in_words([Host(name="a", n_samples=9, slowness=Interval(1, 1, 1)),
    ...           Host(name="b", n_samples=6, slowness=Interval(1.308, 1.28, 1.341))])
    'host b is 1.31 times as slow [1.28, 1.34] as host a; they agree about the shape'
    """
    if len(hosts) < 2:
        return ""
    reference = hosts[0].name
    parts = [f"{one.in_words()} as host {reference}" if one.slowness else one.in_words() for one in hosts[1:]]
    about = [f"{found.in_words()} on {one.name}" for one in hosts for found in one.disagreements]
    parts.append(f"hosts disagree about the shape: {', '.join(about)}" if about else "they agree about the shape")
    return "; ".join(parts)


__all__ = ["Disagreement", "Host", "find_disagreements", "in_words", "remove_host_effects"]
