"""Evaluations that did not do the work that a law is about: what they returned, changed or remembered says so.

A time is worth judging only if each evaluation does the work of the first. Several points must show that it does not,
or most of the larger ones, where the work is most of the time; what warms up once costs about the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bptt_bench.analyse.data.response import is_exact
from bptt_bench.analyse.evidence.evidence import without_records
from bptt_bench.analyse.findings.obstacles import ChangedInput, PromiseReturned, RememberedWork
from bptt_bench.analyse.findings.reason import Finding, Kind, Reason
from bptt_bench.analyse.findings.remarks import GrowingInput
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import PLACEBO_SUFFIX, CheckClaim, Claim, Point
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL

if TYPE_CHECKING:
    import pandas as pd

CHANGED = 1.5  # times as long with its inputs put back from which a call depends on what it changes in them
CACHED = 3.0  # the same for caches and mappings: tables that are kept on purpose seldom save most of a call
CACHES = ("cache", "dict", "OrderedDict", "defaultdict")
LEAST_DIFFERENCE = 5e-6  # seconds: to put inputs back empties the caches of the call itself, which costs up to 1 µs
SLOWER = 2.0  # times as fast with its inputs put back from which each call leaves more to do for the next
REMEMBERED = 10.0  # times as long as later ones from which a first evaluation did other work; new memory costs up to 6
GROWTH_SHARE = 0.3  # of the growth of the first evaluations (in logarithms) that this factor must follow
LEAST_GROWTH = 1.5  # of the first evaluations, from which a growth can be seen
LEAST_FIRST_SECONDS = 1e-4  # of first evaluations: a shorter one may be long for cold caches alone
MANY_TURNS = 5  # comparisons, of which one may be disturbed
LEAST_SECONDS = 1e-9  # a clock cannot read a shorter time
FEWEST_POINTS = 3  # that show that calls become slower, or that work is remembered; one may be chance


def withhold(
    verdict: Verdict, claim: Claim, findings: Mapping[str, Finding], promised: Mapping[str, Finding]
) -> Verdict:
    """Return the verdict, left open where the work of a subject that it is about was not done.

    Parameters
    ----------
    findings : by subject, why its times say nothing of its law.
    promised : those among them that say as little of its memory, because no evaluation did the work.
    """
    if isinstance(claim, CheckClaim):
        return verdict
    known = promised if is_exact(getattr(claim, "response", "")) else findings
    finding = next((known[name] for name in _subjects(claim) if name in known), None)
    return verdict if finding is None else verdict.left_open(Reason(kind=Kind.NOT_DONE, finding=finding))


def find_undone_work(frame: pd.DataFrame) -> tuple[dict[str, Finding], dict[str, Finding]]:
    """Return by subject what shows that evaluations did not do their work; all, and those that returned promises."""
    inspections = _by_subject(frame.attrs.get("inspections", ()))
    promised: dict[str, Finding] = {}
    found: dict[str, Finding] = {}
    for name, records in inspections.items():
        promise, change = _promised(records), _changed(records)
        promised |= {} if promise is None else {name: promise}
        found |= {} if change is None else {name: change}
    if "first_seconds" in frame.columns and "process" in frame.columns:
        factors = list(frame.attrs["factors"])
        bare = without_records(frame)
        names = bare["subject"].astype(str).str.removesuffix(PLACEBO_SUFFIX)
        usable = bare["first_seconds"].notna() & bare[SECONDS_PER_EVAL].notna()
        by_subject = bare[usable].groupby(names[usable])
        remembered = {str(name): _remembered(rows, factors) for name, rows in by_subject}
        found = {name: one for name, one in remembered.items() if one is not None} | found
    return {**found, **promised}, promised


def find_growing_inputs(frame: pd.DataFrame) -> tuple[GrowingInput, ...]:
    """Return the inputs that each call leaves longer, each where it has grown the most."""
    found: dict[tuple[str, str], GrowingInput] = {}
    for subject, records in _by_subject(frame.attrs.get("inspections", ())).items():
        for record in records:
            for name, (first, last) in (record.get("grown") or {}).items():
                known = found.get((subject, name))
                if known is None or last * known.first > known.last * first:
                    found[subject, name] = GrowingInput(
                        subject=subject, name=str(name), first=first, last=last, at=Point(record["point"])
                    )
    return tuple(found.values())


def _subjects(claim: Claim) -> list[str]:
    over = getattr(claim, "over", ())
    others = [over] if isinstance(over, str) else list(over)
    less = getattr(claim, "less", None)
    return [claim.subject, *others, *([less] if less else [])]


def _by_subject(records: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for record in records:
        found.setdefault(str(record["subject"]).removesuffix(PLACEBO_SUFFIX), []).append(record)
    return found


def _promised(records: Sequence[Mapping[str, Any]]) -> PromiseReturned | None:
    kinds = [record["returned"] for record in records if record.get("returned") is not None]
    if 2 * len(kinds) < len(records) or not kinds:
        return None
    return PromiseReturned(returned=str(kinds[0]))


class _Compared(NamedTuple):
    """An inspection that compared: how many times as long evaluations take whose inputs were put back, and where."""

    seconds: float
    factor: float
    more: float  # seconds that putting back costs
    changed: Mapping[str, str]
    at: Point

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> _Compared:
        """Summarise a comparison; the factor is 1 if times with and without restored inputs hardly differ."""
        restored, repeated = (
            np.maximum(record[name], LEAST_SECONDS) for name in ("restored_seconds", "repeated_seconds")
        )
        apart = _above(restored, repeated) or _above(repeated, restored)
        more = float(np.median(restored) - np.median(repeated))
        apart &= abs(more) >= LEAST_DIFFERENCE
        shown = {name: kind for name, kind in record["changed"].items() if kind != "cell"} or record["changed"]
        return cls(
            seconds=float(np.median(restored)),
            factor=float(np.median(restored) / np.median(repeated)) if apart else 1.0,
            more=more,
            changed=shown,
            at=Point(record["point"]),
        )

    @property
    def is_table(self) -> bool:
        """Whether only caches and mappings were changed, which are often kept on purpose."""
        return set(self.changed.values()) <= set(CACHES)

    @property
    def least(self) -> float:
        """The factor from which the call depends on what it changes."""
        return CACHED if self.is_table else CHANGED


def _above(ones: np.ndarray[Any, Any], others: np.ndarray[Any, Any]) -> bool:
    """Return whether all of some times are longer than others, apart from one disturbed time if they are many."""
    ordered = np.sort(others)
    return bool(ones.min() > ordered[-2 if len(ordered) >= MANY_TURNS else -1])


def _grows(compared: Sequence[_Compared]) -> bool:
    """Return whether what a table saves grows with the points, as work does; loading or compiling once does not."""
    half = len(compared) // 2
    if half < 1:
        return False
    lower, upper = (float(np.median([one.more for one in part])) for part in (compared[:half], compared[half:]))
    return upper >= LEAST_GROWTH * max(lower, LEAST_SECONDS)


def _changed(records: Sequence[Mapping[str, Any]]) -> ChangedInput | None:
    """Return what the call changes and how much its time depends on that; ``None`` if it does not."""
    compared = [_Compared.of(record) for record in records if record.get("restored_seconds")]
    if not compared:
        return None
    largest: dict[Point, _Compared] = {}  # by point: a placebo may have found the work done by its subject
    for each in sorted(compared, key=lambda one: one.seconds):
        if each.at not in largest or each.factor > largest[each.at].factor:
            largest[each.at] = each
    known = sorted(largest.values(), key=lambda one: one.seconds)
    upper = known[len(known) // 2 :]
    points = {Point(record["point"]) for record in records}
    faster = [one for one in known if one.factor >= one.least]
    is_upper = 2 * len(known) >= len(points) and 2 * sum(one in faster for one in upper) > len(upper)
    is_table = bool(faster) and faster[-1].is_table
    if (is_upper and (not is_table or _grows(known))) or (len(faster) >= FEWEST_POINTS and not is_table):
        last = faster[-1]
        return ChangedInput(changed=last.changed, factor=last.factor, at=last.at)
    slower = [one for one in known if one.factor <= 1 / SLOWER]
    if len(slower) < FEWEST_POINTS:
        return None
    worst = min(slower, key=lambda one: one.factor)
    return ChangedInput(changed=worst.changed, factor=worst.factor, at=worst.at)


def _remembered(rows: pd.DataFrame, factors: list[str]) -> RememberedWork | None:
    """Return by how much first evaluations in a process were slower, if the more so the longer they took.

    What is compiled, imported or touched for the first time takes about as long at every point, or a few times as long
    as later evaluations; what is not done again takes the more times as long the more there was to do. The first cell
    of a process is left out, because it includes all that is loaded.
    """
    cells = list(zip(rows["process"], *(rows[name] for name in factors), strict=True))
    begun = rows["started_at"].tolist()
    earliest: dict[object, int] = {}
    for place in sorted(range(len(cells)), key=begun.__getitem__):
        earliest.setdefault(cells[place][0], place)
    cold = {cells[place] for place in earliest.values()}
    warm = rows[[cell not in cold for cell in cells]]
    table = warm.groupby(factors).agg(first=("first_seconds", "min"), later=(SECONDS_PER_EVAL, "median"))
    table = table.sort_values("first")
    if len(table) < FEWEST_POINTS + 1:
        return None
    first = table["first"].to_numpy()
    factor = first / np.maximum(table["later"].to_numpy(), LEAST_SECONDS)
    half = len(table) // 2
    lower, upper = float(np.median(factor[:half])), float(np.median(factor[half:]))
    growth = float(np.median(first[half:])) / max(float(np.median(first[:half])), LEAST_SECONDS)
    if (
        float(np.median(first[half:])) < LEAST_FIRST_SECONDS
        or upper < REMEMBERED
        or growth < LEAST_GROWTH
        or np.log(upper / lower) < GROWTH_SHARE * np.log(growth)
    ):
        return None
    levels = table.index[-1]
    point = Point(dict(zip(factors, levels if isinstance(levels, tuple) else (levels,), strict=True)))
    return RememberedWork(factor=float(factor[-1]), at=point)
