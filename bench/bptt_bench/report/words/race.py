"""A race in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bptt_bench.report import format as show

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.race import Race, Standing


def outcome(race: Race, standing: Standing) -> str:
    """Return who won at a point, and what sets its roofline."""
    if standing.speedup is None:
        won = f"{race.subject} had no one to race against"
    else:
        won = f"{race.subject} is {show.interval(*standing.speedup)} times as fast as {standing.fastest}, the fastest"
    roof = standing.roofline
    if roof is None:
        return f"{won}."
    reason = "arithmetic" if roof.limit == "operations" else "memory"
    return f"{won}; roofline {show.si(roof.seconds)}, set by {reason}."


def lines(race: Race) -> list[str]:
    """Return the race as a whole: its mean, the peaks, and who was missing."""
    found = []
    if race.mean is not None:
        count = sum(standing.speedup is not None for standing in race.standings)
        found.append(
            f"Geometric mean over {count} point{'s' if count != 1 else ''}: {race.subject} is "
            f"{show.interval(*race.mean)} times as fast as the fastest other."
        )
    if race.peaks is not None:
        found.append(
            f"Peaks with {race.peaks.threads} thread{'s' if race.peaks.threads != 1 else ''}: matrix products "
            f"{show.si(race.peaks.operations_per_second, 'FLOP/s')}, "
            f"memory {show.si(race.peaks.bytes_per_second, 'B/s')}."
        )
    found += [f"Missing: {name} ({reason})." for name, reason in race.missing.items()]
    return found
