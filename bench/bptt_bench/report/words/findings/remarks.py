"""Remarks on verdicts in words."""

from __future__ import annotations

from bptt_bench.analyse.data.response import no_noise
from bptt_bench.analyse.findings import remarks
from bptt_bench.analyse.findings.reason import Width
from bptt_bench.analyse.fitting.diagnose import describe
from bptt_bench.report.format import law, term
from bptt_bench.report.words.findings.clauses import OR_CONSUME, about, points_text, sum_of, words
from bptt_bench.text.numbers import in_percent, number, span_in_sentence
from bptt_bench.text.units import BYTE
from bptt_bench.text.wording import printable


@words.register
def _(one: Width) -> str:
    figures = ""
    if one.scatter is not None and one.location_error is not None:
        scatter, error = in_percent(one.scatter), in_percent(one.location_error)
        figures = f"points lie {scatter} off the law, their own error is {error}"
    if one.response is not None:
        no_samples = f"because {no_noise(one.response)}: more samples would not help"
        return f"it is the law's misfit that makes it wide, {no_samples}"
    if one.cause == "misfit":
        return f"it is the law's misfit that makes it wide, not noise ({figures}): more samples would not help"
    if one.cause == "noise":
        return f"it is noise that makes it wide ({figures}): more samples would help" if figures else ""
    if one.machine is not None:
        busy = f"the machine was busy during the run ({words(one.machine)})"
        return f"{busy}, which makes it wide: a run on a quiet machine would decide"
    return "without repetitions noise and misfit cannot be distinguished" if one.remedy == "repetitions" else ""


@words.register
def _(one: remarks.PointsOutside) -> str:
    return f"{'below that' if one.is_below else 'outside'} at {one.outside} of {one.n_points} points"


@words.register
def _(one: remarks.MissingPoints) -> str:
    return f"{one.missing} of the claimed points {'was' if one.missing == 1 else 'were'} not measured"


@words.register
def _(one: remarks.AbsentSubjects) -> str:
    named = ", ".join(f"{name} ({reason})" if reason else name for name, reason in one.subjects.items())
    return f"{len(one.subjects)} of {one.n_claimed} did not run: {named}"


@words.register
def _(_one: remarks.SlowPeaks) -> str:
    return "more than all of it: the peaks were read in a slower moment"


@words.register
def _(one: remarks.SelectedPoints) -> str:
    return f"judged on the {one.n_points} of {one.of} points in the same cache regime"


@words.register
def _(one: remarks.CacheRegime) -> str:
    where = span_in_sentence(*one.threshold, BYTE, digits=2)
    return (
        f"once its working set {term(one.working_set)} has left a cache at about {where}, "
        f"each operation of {term(one.term)} costs up to {one.slowdown:.1f}x as much"
    )


@words.register
def _(one: remarks.UnequalParts) -> str:
    times = max(one.falling_over_rising, 1 / one.falling_over_rising)
    slower, other = (one.falling, one.rising) if one.falling_over_rising > 1 else (one.rising, one.falling)
    return f"at {about(one.factor, one.level)} {sum_of(slower)} costs {times:.2g} times {sum_of(other)}"


@words.register
def _(_one: remarks.SingleProcess) -> str:
    return "one process alone does not show by how much processes differ"


@words.register
def _(_one: remarks.UnknownMachineSpeed) -> str:
    return "the machine may have run at another speed; measured in turns (--baseline) that is known"


@words.register
def _(one: remarks.RatioRange) -> str:
    return f"between {one.low:.3g} and {one.high:.3g} times the cost"


@words.register
def _(one: remarks.CodeChange) -> str:
    files = "the run does not say with which it began" if one.files is None else ", ".join(one.files)
    return f"measured with two versions of the code: {printable(files)}"


@words.register
def _(one: remarks.LawChange) -> str:
    measured = law(printable(one.measured)) if one.measured else "none"
    judged = law(one.judged) if one.judged else "none"
    return f"{one.subject}: judged by the law {judged}; when it was measured it was {measured}"


@words.register
def _(one: remarks.GrowingInput) -> str:
    grows = f"{one.first} items after the first one, {one.last} after the last, at {describe(one.at)}"
    return f"{one.subject}: the input `{one.name}` is changed by each call ({grows}); work on a copy, {OR_CONSUME}"


@words.register
def _(one: remarks.UnmeasuredPoints) -> str:
    return f"not {'counted' if one.is_counting else 'measured'} at {points_text(one.points)}"


@words.register
def _(one: remarks.OddLevel) -> str:
    whose = ", which was put in," if one.is_added else ""
    at = describe({one.factor: one.level})
    times = f"{number(one.times)} times as long"
    return f"{one.subject} at {at}{whose} takes {times} as the levels beside it say, in all repetitions"
