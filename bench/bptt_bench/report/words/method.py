"""How a run was measured and judged, in words and with the run's own numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from bptt_bench.analyse.findings.obstacles import NoRows
from bptt_bench.plan import PLACEBO_SUFFIX, CheckClaim
from bptt_bench.report import format as show
from bptt_bench.report.words.content import noise_line
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.text.wording import join_names

if TYPE_CHECKING:
    import pandas as pd

    from bptt_bench.analyse.verdicts.analysis import Analysis

UNTIMED = "memory", "counts"  # stages in which nothing is timed
MOST_SKIPS = 5  # that are named; the store holds all
FITTING = (
    "Each law is fitted as stated, together with overhead terms for what an implementation costs beside it. "
    "Coefficients are not negative and residuals are relative, so that small and large points count alike. A point "
    "enters with one robust location of its samples. Intervals come from leaving out one point at a time, which "
    "allows for points that have effects of their own, and use Student's t on points less terms."
)
JUDGING = (
    "A claim is supported when the whole interval of the estimate lies inside the margin stated with the claim, "
    "refuted when the whole interval lies outside, and inconclusive otherwise. A term that takes too small a part "
    "of the time at the point in question is not identifiable there, and too little data is never a pass."
)
CHECKS = " Operation counts are compared exactly, before any time is looked at."


def method(analysis: Analysis) -> list[tuple[str, str]]:
    """Return paragraphs, each with its heading; what the run did not record is left out."""
    attrs, claims = analysis.frame.attrs, analysis.experiment.claims
    return [
        ("Measuring", _measuring(analysis.frame, attrs.get("run", {}), attrs.get("workers", []))),
        ("Noise", noise_line(analysis)),
        ("Left out", _left_out(analysis)),
        ("Time spent", _time_spent(attrs.get("finish"))),
        ("Fitting", FITTING),
        ("Judging", JUDGING + (CHECKS if any(isinstance(claim, CheckClaim) for claim in claims) else "")),
    ]


def _measuring(frame: pd.DataFrame, run: dict[str, Any], workers: list[dict[str, Any]]) -> str:
    from bptt_bench.analyse.predict.foresight import beyond_samples

    sentences = []
    cells, blocks = run.get("cells"), run.get("blocks")
    tests = len(beyond_samples(frame))
    weighed, counted = (int((frame["stage"] == stage).sum()) if "stage" in frame.columns else 0 for stage in UNTIMED)
    timed = len(frame) - tests - weighed - counted
    if cells is not None and blocks is not None and timed:
        sentences.append(
            f"{_count(cells, 'cell')} (a subject at a point) were visited once in each of {_count(blocks, 'block')}, "
            f"in an order shuffled from seed {run.get('seed', 0)}, with the subjects of a point next to each other"
        )
    of_sweep = " of the sweep" if tests else ""
    if timed or not counted:
        sentences.append(f"{_count(timed, 'sample')}{of_sweep} were kept, every one of them")
    if tests:
        more = show.number(tests, 9)
        again = ", and at some of its own to see whether the machine had changed" if "anchors" in frame.attrs else ""
        tested = f"{more} more were taken at points beyond it, to test predictions{again}"
        sentences.append(f"{tested}; no fit has seen them")
    if workers:
        threads = run.get("threads")
        pinned = f", BLAS pinned to {_count(threads, 'thread')} and read back" if threads is not None else ""
        sentences.append(f"They were taken in {_count(len(workers), 'fresh process', 'fresh processes')}{pinned}")
        floors = [worker["floor_seconds"] for worker in workers if worker.get("floor_seconds") is not None]
        if floors:
            subtracted = ", which is subtracted" if frame.attrs.get("subtracts_empty_call") else ""
            sentences.append(f"An empty call cost {show.si(max(floors))}{subtracted}")
    if timed:
        sentences.append(
            "Inputs were prepared outside the timing, samples calibrated and warmed up, garbage collection off"
        )
    sentences += _inputs(frame.attrs.get("inputs", {}))
    if weighed:
        sentences.append(
            f"The memory of {_count(weighed, 'cell')} was measured in a process of its own, each in two evaluations "
            "that found no buffers: one for the peak of the process, one for what Python and NumPy allocate"
        )
    if counted:
        sentences.append(
            f"What an evaluation does was counted for {_count(counted, 'cell')}, in evaluations of their own"
        )
    return ". ".join(sentences) + "."


def _inputs(inputs: Mapping[str, tuple[int, int, bool]]) -> Iterator[str]:
    """Yield sentences on how many inputs the samples were taken on; none for a run that did not record them."""
    single, several = [], []
    for subject, (fewest, most, once) in inputs.items():
        if subject.endswith(PLACEBO_SUFFIX):
            continue
        if most == 1:
            single.append(subject)
            continue
        numbers = show.number(most, 9) if fewest == most else f"{show.number(fewest, 9)} to {show.number(most, 9)}"
        several.append(f"{subject} {numbers}{', none of them twice' if once else ''}")
    if several:
        yield f"The evaluations of a sample took turns at several inputs, fewest for long calls: {'; '.join(several)}"
    if single:
        yield f"A sample had a single input, evaluated again and again: {', '.join(single)}"


def _left_out(analysis: Analysis) -> str:
    below, skips = analysis.below_floor, analysis.skips
    floor = f"{_count(below, 'sample')} lay below the signal floor" if below else "No sample lay below the signal floor"
    shown = [f"{skip['subject']} at {show.point(skip['point'])} ({skip['reason']})" for skip in skips[:MOST_SKIPS]]
    more = f" and {len(skips) - MOST_SKIPS} more" if len(skips) > MOST_SKIPS else ""
    skipped = f"{_count(len(skips), 'cell')} skipped: {'; '.join(shown)}{more}" if skips else "no cell was skipped"
    return " ".join([f"{floor}; {skipped}.", *_without_fit(analysis)])


def _without_fit(analysis: Analysis) -> Iterator[str]:
    """Yield what has no fit; responses of which the same subjects were not measured are one sentence together."""
    unmeasured: dict[str, list[str]] = {}
    for (subject, response), reason in analysis.failures.items():
        if isinstance(reason.finding, NoRows):
            unmeasured.setdefault(response, []).append(subject)
        else:
            yield f"No fit: {words(reason.finding)}."
    together: dict[tuple[str, ...], list[str]] = {}
    for response, subjects in unmeasured.items():
        together.setdefault(tuple(subjects), []).append(show.response(response))
    for names, responses in together.items():
        yield f"Not measured of {join_names(names)}: {join_names(responses)}."


def _time_spent(finish: dict[str, Any] | None) -> str:
    if not finish:
        return "The run was not finished, or did not come from this tool: how the time was spent is not known."
    share, wall = finish.get("busy_share"), finish.get("wall_seconds_after_workers_started")
    inside = "" if share is None else f", {show.percent(share)} of it inside evaluations"
    return f"{show.duration(wall)} after the workers had started{inside}."


def _count(n: float, one: str, many: str | None = None) -> str:
    return f"{show.number(n, 9)} {one if n == 1 else many or one + 's'}"
