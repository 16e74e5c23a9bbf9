"""How far verdicts can be trusted: what runs agree on, what a placebo shows, which planted faults were caught."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, get_args

from scipy.special import bdtrc

from bptt_bench.analyse.findings.limits import Word
from bptt_bench.analyse.stats.estimate import Interval
from bptt_bench.analyse.verdicts.analysis import Analysis
from bptt_bench.analyse.verdicts.verdict import Verdict
from bptt_bench.plan import Fault

WORDS: tuple[Word, ...] = get_args(Word)
CHECK = "check"  # kind of the claims that a deterministic check judges
ALARM_LEVEL = 0.05  # share of 95 % intervals that miss by right
SURPRISING = 0.01  # probability below which more alarms than that are not chance


class ClaimKey(NamedTuple):
    """A claim and the subject that it is about: several subjects may have claims of one name."""

    claim: str
    subject: str


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
        """Keep what matters of the analysis of a run."""
        return cls(
            name=name,
            fault=(analysis.frame.attrs.get("run") or {}).get("fault"),
            verdicts=analysis.verdicts,
            placebo=analysis.placebo,
            placebo_alarms=analysis.placebo_alarms,
            noise=analysis.noise,
            contaminated_share=analysis.contaminated_share,
        )

    def words(self) -> dict[ClaimKey, Word]:
        """Return the verdict of each claim on each subject."""
        return {ClaimKey(verdict.claim, verdict.subject): verdict.verdict for verdict in self.verdicts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stability:
    """How often a claim had its commonest verdict; of two equally common ones the more cautious counts."""

    claim: str
    subject: str
    kind: str
    counts: Mapping[Word, int]
    commonest: Word
    same: int
    runs: int

    @property
    def judged(self) -> ClaimKey:
        """The claim with its subject."""
        return ClaimKey(self.claim, self.subject)


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
    """Return the verdicts of every claim over runs, in the order of the claims.

    Raises
    ------
    ValueError : no runs.
    """
    if not repeats:
        raise ValueError("repeats: 0 given; at least 1 is needed")
    kinds = {ClaimKey(one.claim, one.subject): one.kind for repeat in repeats for one in repeat.verdicts}
    found = []
    for judged, kind in kinds.items():
        counts = Counter(word for repeat in repeats if (word := repeat.words().get(judged)) is not None)
        commonest = max(WORDS, key=lambda word: (counts[word], word == "inconclusive"))
        found.append(
            Stability(
                claim=judged.claim,
                subject=judged.subject,
                kind=kind,
                counts={word: counts[word] for word in WORDS},
                commonest=commonest,
                same=counts[commonest],
                runs=len(repeats),
            )
        )
    return tuple(found)


def fault_found(fault: Fault, healthy: Iterable[Stability], repeats: Sequence[Repeat]) -> FaultFound:
    """Return whether runs with a fault refuted what runs without it support."""
    supported = {one.judged: one.kind for one in healthy if one.commonest == "supported"}
    refuted = [
        [judged for judged, word in repeat.words().items() if word == "refuted" and judged in supported]
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
        claims=dict(Counter(name for claims in refuted for name in {one.claim: None for one in claims}).most_common()),
        expected=fault.caught_by,
    )


def placebo_alarms(repeats: Sequence[Repeat]) -> PlaceboAlarms | None:
    """Return the alarms of the placebo over runs, with or without a fault; ``None`` where no run measured one."""
    measured = [repeat for repeat in repeats if repeat.placebo is not None]
    if not measured:
        return None
    return PlaceboAlarms(
        runs=len(measured),
        alarms=sum(not repeat.placebo.low <= 1 <= repeat.placebo.high for repeat in measured if repeat.placebo),
        points=sum(repeat.placebo_alarms[1] for repeat in measured),
        point_alarms=sum(repeat.placebo_alarms[0] for repeat in measured),
    )


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
    def missed_faults(self) -> tuple[FaultFound, ...]:
        """Planted faults that were not caught in every run: with any of them verdicts are not to be trusted."""
        return tuple(one for one in self.faults if one.caught < one.runs)

    @property
    def wrongly_refuted(self) -> tuple[Stability, ...]:
        """Claims that were refuted in a healthy run: with any of them verdicts are not to be trusted."""
        return tuple(one for one in self.claims if one.counts["refuted"])

    @property
    def trusted(self) -> bool:
        """Whether verdicts on this machine are to be trusted."""
        return not (self.missed_faults or self.wrongly_refuted)

    @property
    def unseen_by_timing(self) -> tuple[FaultFound, ...]:
        """Faults that claims about time are expected to catch and did not catch in every run."""
        kinds = {one.claim: one.kind for one in self.claims}
        return tuple(
            one
            for one in self.faults
            if one.by_timing < one.runs and any(kinds.get(claim, CHECK) != CHECK for claim in one.expected)
        )

    @property
    def restless_placebo(self) -> PlaceboAlarms | None:
        """The alarms of the placebo where they are more than chance explains."""
        if self.placebo is None or not self.placebo.points:
            return None
        p_value = float(bdtrc(self.placebo.point_alarms - 1, self.placebo.points, ALARM_LEVEL))
        return self.placebo if p_value < SURPRISING else None

    @property
    def changing_claims(self) -> tuple[Stability, ...]:
        """Claims whose verdict changed from run to run."""
        return tuple(one for one in self.claims if one.same < one.runs)

    @property
    def decides_only_checks(self) -> bool:
        """Whether there are claims about time, and none of them could be decided."""
        timed = [one for one in self.claims if one.kind != CHECK]
        return bool(timed) and all(one.commonest == "inconclusive" for one in timed)


def trust(repeats: Sequence[Repeat], faults: Sequence[Fault], coverage: Coverage | None = None) -> Trust:
    """Return what healthy runs and runs with planted faults show together.

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
    """Return the median of the values that are known."""
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
