"""Every figure that an analysis gives rise to, with its caption."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from bptt_bench.analyse.data.response import is_exact, meaning, no_noise
from bptt_bench.plan import (
    Claim,
    CrossoverClaim,
    ExponentClaim,
    LawClaim,
    Point,
    RatioClaim,
    RooflineClaim,
    ShareClaim,
    SpeedupClaim,
)
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL, phase_of
from bptt_bench.report import format as show
from bptt_bench.report.figures.exponents import exponent_rows, figure_exponents
from bptt_bench.report.figures.foresight import figure_foresight
from bptt_bench.report.figures.lines import Line, lines_along
from bptt_bench.report.figures.machine import figure_machine
from bptt_bench.report.figures.overview import figure_overview
from bptt_bench.report.figures.parity import figure_parity
from bptt_bench.report.figures.passes import Pass, animate_passes, can_be_drawn, figure_passes
from bptt_bench.report.figures.plane import figure_plane, ratio_plane
from bptt_bench.report.figures.race import figure_race, figure_roofline
from bptt_bench.report.figures.ratio import RatioGroup, all_ratios, figure_ratio, groups_beside, ratio_groups
from bptt_bench.report.figures.scaling import figure_growth, figure_scaling
from bptt_bench.report.figures.shares import figure_shares, share_groups
from bptt_bench.report.figures.style import subject_looks
from bptt_bench.report.words.content import judged_claims
from bptt_bench.report.words.foresight import accuracy_lines
from bptt_bench.report.words.laws import answer_text
from bptt_bench.report.words.machine import sentence
from bptt_bench.report.words.race import lines as race_lines

if TYPE_CHECKING:
    from bptt_bench.analyse.discover.law_set import LawSet
    from bptt_bench.analyse.verdicts.analysis import Analysis

SECOND_LINE_LEVELS = 4  # a further line along the same factor is shown when it has at least this many levels
MOST_LINES = 2  # lines a factor and response
MANY_SUBJECTS = 5  # from so many on a page shows them all
OVERVIEW_FACTORS = 2  # on that page: those that the measured lines follow farthest
MACHINE_LINES = 2  # beside each other in a figure of the machine's rates: those along the widest ranges

# kinds of figures, the one that answers best first
LEADING = ("ratio", "race", "overview", "scaling", "growth", "exponents")

EXPONENTS = (
    "Each row is one claim. The stroke is the predicted exponent, the grey band the margin that the claim allows, "
    "the mark the estimate with its interval. Supported: the whole interval lies inside the band. An arrow marks an"
    " interval that runs out of the picture. Where there are many claims, their estimates are shown less what was "
    "predicted, which stands in brackets."
)
FORESIGHT = (
    "Points beyond the sweep were predicted with their intervals, the predictions stored, and only then measured. A "
    "mark above 0: predicted slower than it was. A stroke beside 0 and a hollow mark: the interval missed. Grey dots: "
    "the points of the sweep, to which the law was fitted."
)
MACHINE = (
    "Dashed: what the declared operations would take at the rates of the probe, with no constant fitted to these times;"
    " beneath, its parts. Arithmetic: products at the speed of their shape in the cache. Memory: what they and "
    "element-wise passes take longer because their operands lie further away, and copying and clearing. Dispatch: "
    "calling NumPy and Python. "
)
AGAIN = "Drawn like the first figure of this kind. "
OVERVIEW = (
    "Marks: measured. Lines: each algorithm's law with its overhead terms, fitted to all of its points at once. A line "
    "is as long as what was measured of it. Where two lie on each other, their dashes alternate, and the marks of one "
    "stand inside those of the other. The triangles have the slopes 1 and 2. Beneath: the laws without overhead."
)
RATIO = (
    "Marks: the measured ratio with its interval. Lines: the predicted ratio, {ratio}, with no constant fitted. A "
    "mark above its line: {subject} costs more beside {over} than predicted. A stroke on a line shows where one "
    "part is predicted to overtake the other, a diamond where it was found to."
)
BESIDE = " Grey: {subject}, for which one line is predicted at all levels of the other factors."
PLANE = (
    "A cell is a measured point; its number and its colour are the measured ratio. The line: where one part is "
    "predicted to overtake the other. Beneath: every point at which the ratio was measured, with its interval, against "
    "the predicted ratio. Above 0: the ratio is larger than predicted."
)
SCALING = (
    "Marks: measured, with intervals. Solid: the law with its overhead terms, fitted to all points at once, with "
    "the band of the fit. Dashed: the terms of the law alone; the gap to the solid curve is overhead, and what the "
    "same operations cost more beyond a cache. Beneath, subject by subject: how far the measured points lie from the "
    "fit; an arrow points to one that lies further off. The triangles have the slopes 1 and 2. "
)
EXACT = (
    "Marks: measured, once each, for {reason}. Solid: the law with its overhead terms, fitted to all points at once."
    " Dashed: the terms of the law alone. Beneath, subject by subject: how far the measured points lie "
    "from the fit. The triangles have the slopes 1 and 2. "
)
GROWTH = (
    "Marks: measured, with intervals. The thick line: the law that is the answer, dashed on grey where it goes beyond "
    "what was measured. Thin lines: the other laws that the data do not exclude. The band: where a further sample lies "
    "with a probability of 95 %, whichever of these laws holds. The triangles have the slopes 1 and 2. "
)
SCALING_AGAIN = "Drawn like the first figure of time against a factor. "
ERRORS = "Mean error of the fits over all their points: {errors}."
SHARES = (
    "Areas: share of the fitted time that each term takes; the terms with {factor} lie at the bottom, and the line "
    "above them is their sum. Circles: share of the phases with {factor} in the measured time, with its interval and "
    "with the calls made in them; where no phase was timed, the fitted sum. Dotted: the share of these phases in the "
    "declared multiply-adds. Triangles: the share claimed. Paler areas lie beyond what was measured and are the law's "
    "word alone."
)
PARITY = (
    "Every point of every subject against the time that its fitted law gives. On the line: equal. Beneath, subject by "
    "subject on a scale that shows the difference, among the points of all others in grey: a trend or a cluster there "
    "is what the law does not explain."
)
RACE = (
    "Marks: the time of an evaluation with its interval, the fastest on top. The upright stroke: the roofline, which is"
    " max(operations / peak of matrix products, bytes / bandwidth) at the peaks that this machine reached just before. "
)
ROOFLINE = (
    "Each column of marks is one point of the race, at the operations that it takes for each byte that nobody can do "
    "without. The line: what the machine allows; on it, nothing is left to be gained."
)
PASSES = (
    "Recorded while the code ran, over a few steps. An arrow: one pass back, from its place to the one before. Its "
    "stripes: the parts that it carries. Chains with one stripe each go the same way again and again; where parts are "
    "added up on the way, one pass carries the sum."
)


@dataclass(frozen=True, kw_only=True)  # without slots: the figure is kept
class NamedFigure:
    """A figure with the name of its file, its title, and a caption that says what to see.

    ``draw`` makes the figure, when it is first asked for. ``animation`` draws the same as an animated GIF, where it has
    a course. ``claims`` are the names and subjects of those that it shows; ``is_further`` says that it is drawn like
    one before it.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[], Figure]
    animation: Callable[[], bytes] | None = None
    claims: tuple[tuple[str, str], ...] = ()
    is_further: bool = False

    @functools.cached_property
    def figure(self) -> Figure:
        """Return the figure, drawn once."""
        return self.draw()

    @property
    def kind(self) -> str:
        """What it shows, the first word of its name."""
        return self.name.partition("-")[0]


def leading(figures: Sequence[NamedFigure]) -> list[NamedFigure]:
    """Return the figures that answer first: the passes that the code made, and the one that the question is about."""
    by_kind = {figure.kind: figure for figure in reversed(figures)}
    passes = [by_kind["passes"]] if "passes" in by_kind else []
    return [*passes, *[by_kind[kind] for kind in LEADING if kind in by_kind][:1]]


def recorded_passes(analysis: Analysis) -> tuple[dict[str, list[Pass]], tuple[str, str]]:
    """Return the passes that the checks of a run recorded, by who made them, and the symbols of origins and places."""
    passes: dict[str, list[Pass]] = {}
    symbols = ("origin", "place")
    for record in analysis.frame.attrs.get("checks", ()):
        for name, made in record.get("passes", {}).items():
            passes[name] = [(place, tuple(origins)) for place, origins in made]
        if record.get("pass_symbols"):
            symbols = (record["pass_symbols"][0], record["pass_symbols"][1])
    return passes, symbols


def gallery(analysis: Analysis) -> list[NamedFigure]:
    """Return the figures of a report in reading order; those for which the run holds nothing are left out."""
    parts = (
        *(_passes(analysis), _ratios(analysis), _race(analysis), _overview(analysis), _foresight(analysis)),
        *(_planes(analysis), _exponents(analysis), _scaling(analysis), _growth(analysis), _machine(analysis)),
        _shares(analysis),
    )
    named: dict[str, NamedFigure] = {}
    for found in itertools.chain(*parts, _parity(analysis)):
        candidates = itertools.chain([found.name], (f"{found.name}-{n}" for n in itertools.count(2)))
        name = next(candidate for candidate in candidates if candidate not in named)
        named[name] = replace(found, name=name)
    return list(named.values())


def _overview(analysis: Analysis) -> Iterator[NamedFigure]:
    factors = [factor.name for factor in analysis.experiment.factors]
    points = {subject: fit.points for (subject, response), fit in analysis.fits.items() if response == SECONDS_PER_EVAL}
    if len(points) < MANY_SUBJECTS:
        return
    longest = [lines[0] for lines in (_by_subjects(lines_along(name, factors, points)) for name in factors) if lines]
    widest = sorted(longest, key=lambda line: (-len(line.subjects), line.levels[0] / line.levels[-1]))[
        :OVERVIEW_FACTORS
    ]
    if widest:
        yield NamedFigure(
            name="overview",
            title="All algorithms on one page",
            caption=OVERVIEW,
            draw=functools.partial(
                figure_overview, analysis, sorted(widest, key=lambda line: factors.index(line.factor))
            ),
        )


def _by_subjects(lines: list[Line]) -> list[Line]:
    """Return the lines that most subjects follow first, among these the longest."""
    return sorted(lines, key=lambda line: -len(line.subjects))


def _race(analysis: Analysis) -> Iterator[NamedFigure]:
    race = analysis.race
    if race is None or not race.standings:
        return
    yield NamedFigure(
        name="race",
        title="The race",
        caption=RACE + " ".join(race_lines(race)),
        draw=functools.partial(figure_race, race, subject_looks(analysis.experiment)),
        claims=_names(one for one in judged_claims(analysis) if isinstance(one, SpeedupClaim)),
    )
    if race.peaks is not None and any(standing.roofline is not None for standing in race.standings):
        yield NamedFigure(
            name="roofline",
            title="Roofline",
            caption=ROOFLINE,
            draw=functools.partial(figure_roofline, race, subject_looks(analysis.experiment)),
            claims=_names(one for one in judged_claims(analysis) if isinstance(one, RooflineClaim)),
        )


def _foresight(analysis: Analysis) -> Iterator[NamedFigure]:
    from bptt_bench.analyse.predict.foresight import checked_predictions, unmeasured

    found = checked_predictions(analysis.frame)
    if found:
        yield NamedFigure(
            name="foresight",
            title="Foreseen",
            caption=" ".join([FORESIGHT, *accuracy_lines(found, unmeasured(analysis.frame, found))]),
            draw=functools.partial(figure_foresight, analysis, found),
        )


def _exponents(analysis: Analysis) -> Iterator[NamedFigure]:
    rows = exponent_rows(analysis)
    if rows:
        yield NamedFigure(
            name="exponents",
            title="Exponents",
            caption=EXPONENTS,
            draw=functools.partial(figure_exponents, analysis),
            claims=tuple((verdict.claim, verdict.subject) for verdict, _ in rows),
        )


def _ratios(analysis: Analysis) -> Iterator[NamedFigure]:
    for group in ratio_groups(judged_claims(analysis)):
        names = [name for name in (group.subject, group.over, group.less) if name is not None]
        if any((name, SECONDS_PER_EVAL) not in analysis.fits for name in names):
            continue
        yield NamedFigure(
            name=_file_name("ratio", group.subject, group.over),
            title=group.title,
            caption=RATIO.format(ratio=show.law(group.ratio), subject=group.subject, over=group.over)
            + "".join(BESIDE.format(subject=other.subject) for other in groups_beside(analysis, group)),
            draw=functools.partial(figure_ratio, analysis, group),
            claims=_names(one for one in judged_claims(analysis) if _is_of_ratio(one, group)),
        )


def _planes(analysis: Analysis) -> Iterator[NamedFigure]:
    for group in ratio_groups(judged_claims(analysis)):
        plane = ratio_plane(all_ratios(analysis, group), group.factor)
        if plane is not None:
            yield NamedFigure(
                name=_file_name("plane", group.subject, group.over),
                title=f"{group.title}, over {plane.up} and {plane.across}",
                caption=PLANE,
                draw=functools.partial(figure_plane, analysis, group),
                claims=_names(one for one in judged_claims(analysis) if _is_of_ratio(one, group)),
            )


def _passes(analysis: Analysis) -> Iterator[NamedFigure]:
    passes, symbols = recorded_passes(analysis)
    if can_be_drawn(passes):
        none = [name for name, made in passes.items() if not made]
        of_checks = {record["claim"] for record in analysis.frame.attrs.get("checks", ()) if record.get("passes")}
        yield NamedFigure(
            name="passes",
            title="Passes back, as the code made them",
            caption=PASSES + (f" Without a pass back: {', '.join(none)}." if none else ""),
            draw=functools.partial(figure_passes, passes, symbols),
            claims=_names(one for one in judged_claims(analysis) if one.name in of_checks),
            animation=functools.partial(animate_passes, passes, symbols),
        )


def _scaling(analysis: Analysis) -> Iterator[NamedFigure]:
    factors = [factor.name for factor in analysis.experiment.factors]
    exponents = [claim for claim in judged_claims(analysis) if isinstance(claim, ExponentClaim)]
    laws = [claim for claim in judged_claims(analysis) if isinstance(claim, LawClaim)]
    of_laws = [response for claim in laws for response in (claim.response, *claim.work)]
    explained = {False: SCALING, True: EXACT}
    for response in dict.fromkeys([SECONDS_PER_EVAL, *(claim.response for claim in exponents), *of_laws]):
        points = {subject: fit.points for (subject, name), fit in analysis.fits.items() if name == response}
        judged = [claim for claim in exponents if claim.response == response]
        kind = is_exact(response)
        every = response == SECONDS_PER_EVAL or response in of_laws
        for factor in factors if every else dict.fromkeys(claim.factor for claim in judged):
            at = [claim.at for claim in judged if claim.factor == factor]
            for rank, line in enumerate(_chosen(lines_along(factor, factors, points), at)):
                claims: list[ExponentClaim | LawClaim] = [*judged, *laws]
                shown = [one for one in claims if _is_on_line(one, factor, response, line)]
                part = () if response == SECONDS_PER_EVAL else (phase_of(response) or response,)
                yield NamedFigure(
                    name=_file_name("scaling", factor, *part, *(() if rank == 0 else (str(rank + 1),))),
                    title=show.against(response, factor),
                    caption=explained[kind].format(reason=no_noise(response)) + _errors(analysis, line, response),
                    draw=functools.partial(figure_scaling, analysis, line, response),
                    claims=_names(shown),
                    is_further=explained[kind] in (AGAIN, SCALING_AGAIN),
                )
                explained[kind] = AGAIN if kind else SCALING_AGAIN


def _growth(analysis: Analysis) -> Iterator[NamedFigure]:
    from bptt_bench.analyse.discover.of_run import find_laws

    found = {name: one for name, one in find_laws(analysis.evidence).items() if not isinstance(one, str)}
    factors = [factor.name for factor in analysis.experiment.factors]
    points = {name: one.fit.points for name, one in found.items()}
    explained = GROWTH
    for factor in factors:
        for line in lines_along(factor, factors, points)[:1]:
            yield NamedFigure(
                name=_file_name("growth", factor),
                title=f"How the {meaning(found[line.subjects[0]].fit.response)} grows with {factor}",
                caption=explained + " ".join(_growth_text(name, found[name]) for name in line.subjects),
                draw=functools.partial(figure_growth, analysis, line, found),
                is_further=explained == AGAIN,
            )
            explained = AGAIN


def _growth_text(subject: str, found: LawSet) -> str:
    return f"{subject}: {answer_text(found)}."


def _machine(analysis: Analysis) -> Iterator[NamedFigure]:
    factors = [factor.name for factor in analysis.experiment.factors]
    exponents = [claim for claim in judged_claims(analysis) if isinstance(claim, ExponentClaim)]
    explained = MACHINE
    for subject, prediction in analysis.machine_predictions.items():
        lines = []
        for factor in factors:
            at = [claim.at for claim in exponents if claim.factor == factor and claim.response == SECONDS_PER_EVAL]
            lines += _chosen(lines_along(factor, factors, {subject: prediction.points}), at)[:1]
        widest = sorted(lines, key=lambda line: line.levels[0] / line.levels[-1])[:MACHINE_LINES]
        if widest:
            yield NamedFigure(
                name=_file_name("machine", subject),
                title=f"Where the time of {subject} goes, by the machine's own rates",
                caption=explained + sentence(analysis, prediction),
                draw=functools.partial(figure_machine, analysis, subject, widest),
                is_further=explained == AGAIN,
            )
            explained = AGAIN


def _chosen(lines: list[Line], judged: Sequence[Point]) -> list[Line]:
    """Return a line through a point where an exponent is judged, else the longest; and a second long one."""
    ranked = sorted(lines, key=lambda line: not any(line.at(at[line.factor]) == at for at in judged))
    return ranked[:1] + [line for line in ranked[1:MOST_LINES] if len(line.levels) >= SECOND_LINE_LEVELS]


def _errors(analysis: Analysis, line: Line, response: str) -> str:
    errors = [
        f"{name} {show.percent(analysis.fits[name, response].error.in_sample_mape)}"
        for name in line.subjects
        if (name, response) in analysis.fits
    ]
    return ERRORS.format(errors=", ".join(errors))


def _shares(analysis: Analysis) -> Iterator[NamedFigure]:
    for group in share_groups(judged_claims(analysis)):
        if (group.subject, SECONDS_PER_EVAL) in analysis.fits:
            yield NamedFigure(
                name=_file_name("shares", group.subject, group.factor),
                title=f"Where the time of {group.subject} goes, against {group.factor}",
                caption=SHARES.format(factor=group.factor),
                draw=functools.partial(figure_shares, analysis, group),
                claims=_names(
                    one
                    for one in judged_claims(analysis)
                    if isinstance(one, ShareClaim) and (one.subject, one.factor) == (group.subject, group.factor)
                ),
            )


def _parity(analysis: Analysis) -> Iterator[NamedFigure]:
    if any((name, SECONDS_PER_EVAL) in analysis.fits for name in subject_looks(analysis.experiment)):
        yield NamedFigure(
            name="parity",
            title="Predicted and measured",
            caption=PARITY,
            draw=functools.partial(figure_parity, analysis),
        )


def _names(claims: Iterable[Claim]) -> tuple[tuple[str, str], ...]:
    return tuple((claim.name, claim.subject) for claim in claims)


def _is_of_ratio(claim: Claim, group: RatioGroup) -> bool:
    """Return whether a claim is about the ratio of a figure, or about a crossover that is marked in it."""
    if isinstance(claim, RatioClaim):
        return (claim.subject, claim.over, claim.less) == (group.subject, group.over, group.less)
    return isinstance(claim, CrossoverClaim) and (claim.subject, claim.factor) == (group.subject, group.factor)


def _is_on_line(claim: ExponentClaim | LawClaim, factor: str, response: str, line: Line) -> bool:
    """Return whether a figure along a line shows how a claimed response grows."""
    if claim.subject not in line.subjects:
        return False
    if isinstance(claim, LawClaim):
        return response in (claim.response, *claim.work)
    return (claim.factor, claim.response) == (factor, response)


def _file_name(*parts: str) -> str:
    return "-".join("".join(c if c.isalnum() else "_" for c in part) for part in parts)
