"""How far verdicts can be trusted: what runs agree on, what a placebo shows, which planted faults were caught."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from scipy.stats import binom

from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.analysis import Analysis
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import Fault

WORDS: tuple[Word, ...] = get_args(Word)
CHECK = "check"  # kind of the claims that a deterministic check judges
ALARM_LEVEL = 0.05  # share of 95 % intervals that miss by right
SURPRISING = 0.01  # probability below which more alarms than that are no accident


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """What one of several runs of an experiment came to.

    Attributes
    ----------
    name : of the run, such as ``healthy-3``.
    fault : the planted fault, ``None`` for a healthy run.
    placebo, placebo_alarms, noise, contaminated_share : as in ``Analysis``.
    """

    name: str
    fault: str | None
    verdicts: tuple[Verdict, ...]
    placebo: Interval | None
    placebo_alarms: tuple[int, int]
    noise: float | None
    contaminated_share: float | None

    @classmethod
    def of(cls, name: str, analysis: Analysis) -> Repeat:
        """What is kept of the analysis of a run."""
        return cls(
            name=name,
            fault=(analysis.frame.attrs.get("run") or {}).get("fault"),
            verdicts=analysis.verdicts,
            placebo=analysis.placebo,
            placebo_alarms=analysis.placebo_alarms,
            noise=analysis.noise,
            contaminated_share=analysis.contaminated_share,
        )

    def words(self) -> dict[str, Word]:
        """The verdict of each claim."""
        return {verdict.claim: verdict.verdict for verdict in self.verdicts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How often a claim had its commonest verdict; of two equally common ones the more cautious counts."""

    claim: str
    kind: str
    counts: Mapping[Word, int]
    commonest: Word
    same: int
    runs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultFound:
    """What became of a planted fault.

    Attributes
    ----------
    runs, caught : runs with the fault; those in which a claim was refuted that healthy runs support.
    by_check, by_timing : those in which a deterministic check, and a claim about time, was among them.
    claims : by claim, in how many runs it was refuted so.
    expected : claims that were said to catch it.
    """

    fault: str
    statement: str
    runs: int
    caught: int
    by_check: int
    by_timing: int
    claims: Mapping[str, int]
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceboAlarms:
    """How often a subject was found to differ from itself, at 95 %: over all points of a run, and point by point."""

    runs: int
    alarms: int
    points: int
    point_alarms: int


def stability(repeats: Sequence[Repeat]) -> tuple[Stability, ...]:
    """The verdicts of every claim over runs, in the order of the claims.

    Raises
    ------
    ValueError : no runs.
    """
    if not repeats:
        raise ValueError("repeats: 0 given; at least 1 is needed")
    kinds = {verdict.claim: verdict.kind for repeat in repeats for verdict in repeat.verdicts}
    found = []
    for claim, kind in kinds.items():
        counts = Counter(word for repeat in repeats if (word := repeat.words().get(claim)) is not None)
        commonest = max(WORDS, key=lambda word: (counts[word], word == "inconclusive"))
        found.append(
            Stability(
                claim=claim,
                kind=kind,
                counts={word: counts[word] for word in WORDS},
                commonest=commonest,
                same=counts[commonest],
                runs=len(repeats),
            )
        )
    return tuple(found)


def fault_found(fault: Fault, healthy: Iterable[Stability], repeats: Sequence[Repeat]) -> FaultFound:
    """Whether runs with a fault refuted what runs without it support."""
    supported = {one.claim: one.kind for one in healthy if one.commonest == "supported"}
    refuted = [
        [verdict.claim for verdict in repeat.verdicts if verdict.verdict == "refuted" and verdict.claim in supported]
        for repeat in repeats
        if repeat.fault == fault.name
    ]
    return FaultFound(
        fault=fault.name,
        statement=fault.statement,
        runs=len(refuted),
        caught=sum(bool(claims) for claims in refuted),
        by_check=sum(any(supported[claim] == CHECK for claim in claims) for claims in refuted),
        by_timing=sum(any(supported[claim] != CHECK for claim in claims) for claims in refuted),
        claims=dict(Counter(claim for claims in refuted for claim in claims).most_common()),
        expected=fault.caught_by,
    )


def placebo_alarms(repeats: Sequence[Repeat]) -> PlaceboAlarms | None:
    """Alarms of the placebo over runs, with or without a fault; ``None`` where no run measured one."""
    measured = [repeat for repeat in repeats if repeat.placebo is not None]
    if not measured:
        return None
    return PlaceboAlarms(
        runs=len(measured),
        alarms=sum(not repeat.placebo.low <= 1 <= repeat.placebo.high for repeat in measured if repeat.placebo),
        points=sum(repeat.placebo_alarms[1] for repeat in measured),
        point_alarms=sum(repeat.placebo_alarms[0] for repeat in measured),
    )


def contradictions(quiet: Iterable[Stability], repeats: Iterable[Repeat]) -> list[tuple[str, str]]:
    """Runs and claims whose verdict is the opposite of the commonest one: refuted for supported, or the other way."""
    opposite: dict[Word, Word] = {"supported": "refuted", "refuted": "supported"}
    commonest = {one.claim: one.commonest for one in quiet}
    return [
        (repeat.name, claim)
        for repeat in repeats
        for claim, word in repeat.words().items()
        if claim in commonest and word == opposite.get(commonest[claim])
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """How often 95 % intervals held the truth in simulated measurements with the noise that was found.

    ``share`` is over all quantities of all trials; ``lowest`` the quantity that fared worst, with its own.
    """

    noise: float
    trials: int
    share: float
    lowest: tuple[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """What a self-test found; ``healthy`` is the number of runs without a fault.

    Attributes
    ----------
    noise, contaminated_share : medians over the runs of what ``Analysis`` has.
    """

    healthy: int
    noise: float | None
    contaminated_share: float | None
    placebo: PlaceboAlarms | None
    faults: tuple[FaultFound, ...]
    claims: tuple[Stability, ...]
    coverage: Coverage | None = None

    @property
    def reasons(self) -> list[str]:
        """Why verdicts are not to be trusted; empty if they are."""
        missed = [
            f"the planted fault {one.fault!r} was caught in {one.caught} of {one.runs} runs"
            for one in self.faults
            if one.caught < one.runs
        ]
        refuted = [
            f"{one.claim!r} was refuted in {one.counts['refuted']} of {one.runs} healthy runs"
            for one in self.claims
            if one.counts["refuted"]
        ]
        return [*missed, *refuted]

    @property
    def caveats(self) -> list[str]:
        """What to keep in mind even so."""
        found = [
            f"claims about time saw the fault {one.fault!r} in {one.by_timing} of {one.runs} runs"
            for one in self.faults
            if one.by_timing < one.runs and self._expects_timing(one)
        ]
        if self.placebo is not None and self.placebo.points:
            n, k = self.placebo.points, self.placebo.point_alarms
            if binom.sf(k - 1, n, ALARM_LEVEL) < SURPRISING:
                found.append(f"the placebo differs from itself at {k} of {n} points, where {ALARM_LEVEL:.0%} would do")
        changing = sum(one.same < one.runs for one in self.claims)
        if changing:
            found.append(f"{changing} of {len(self.claims)} claims changed their verdict from run to run")
        return found

    def _expects_timing(self, fault: FaultFound) -> bool:
        kinds = {one.claim: one.kind for one in self.claims}
        return any(kinds.get(claim, CHECK) != CHECK for claim in fault.expected)

    @property
    def trusted(self) -> bool:
        return not self.reasons

    def in_words(self) -> str:
        """The upshot in one sentence."""
        if self.reasons:
            return f"on this machine verdicts are not to be trusted, because {'; '.join(self.reasons)}"
        n = len(self.faults)
        caught = {0: "the experiment plants no fault", 1: "the planted fault was caught"}.get(
            n, f"all {n} planted faults were caught"
        )
        fine = f"{caught}, and none of {len(self.claims)} claims was refuted in {self.healthy} healthy runs"
        trusted = "verdicts here can be trusted"
        timed = [one for one in self.claims if one.kind != CHECK]
        if timed and all(one.commonest == "inconclusive" for one in timed):
            noise = "" if self.noise is None else f" with {self.noise:.1%} noise"
            trusted = (
                "on this machine, as it is now, only checks can be trusted, because none of "
                f"{len(timed)} claims about time could be decided{noise}"
            )
        return f"{trusted}: {fine}" + (f"; but {'; '.join(self.caveats)}" if self.caveats else "")

    def to_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        return {**asdict(self), "trusted": self.trusted, "reasons": self.reasons, "caveats": self.caveats}


def trust(repeats: Sequence[Repeat], faults: Sequence[Fault], coverage: Coverage | None = None) -> Trust:
    """What healthy runs and runs with planted faults say together.

    Raises
    ------
    ValueError : no healthy runs.
    """
    healthy = [repeat for repeat in repeats if repeat.fault is None]
    claims = stability(healthy)
    return Trust(
        healthy=len(healthy),
        noise=median_of(repeat.noise for repeat in repeats),
        contaminated_share=median_of(repeat.contaminated_share for repeat in repeats),
        placebo=placebo_alarms(repeats),
        faults=tuple(fault_found(fault, claims, repeats) for fault in faults),
        claims=claims,
        coverage=coverage,
    )


def median_of(values: Iterable[float | None]) -> float | None:
    """The median of the values that there are."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
