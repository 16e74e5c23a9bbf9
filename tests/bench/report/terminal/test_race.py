"""A race in words, as a table and drawn: everybody is there, in order, and who is missing is named."""

from __future__ import annotations

import io

import numpy as np
import pytest
from bptt_bench.analyse import analyse
from bptt_bench.analyse.verdicts.race import Race
from bptt_bench.plan import Point, RooflineClaim
from bptt_bench.report.figures import gallery
from bptt_bench.report.figures.race import figure_race, figure_roofline
from bptt_bench.report.figures.style import LOOKS
from bptt_bench.report.terminal.race import show_race
from bptt_bench.report.words.content import verdict_rows
from bptt_bench.report.words.race import lines
from matplotlib.figure import Figure
from rich.console import Console

from tests.bench.analyse.verdicts.test_race import AGREEMENT, PEAKS, TIMES, compared, experiment, frame, raced, speedup


@pytest.fixture
def race() -> Race:
    return raced(peaks=[{"peaks": PEAKS}], missing={"jet": "it is not installed"})


def printed(race: Race) -> str:
    buffer = io.StringIO()
    show_race(race, Console(file=buffer, width=80))
    return buffer.getvalue()


def test_the_table_ranks_all_subjects_at_each_point(race: Race) -> None:
    text = printed(race)
    first = text[text.index("n = 10") : text.index("n = 100")]
    assert first.index("tuned") < first.index("other") < first.index("slow")
    assert "times as fast as other, the fastest" in first
    assert "set by arithmetic" in first
    assert "set by memory" in text[text.index("n = 100") :]
    assert max(map(len, text.splitlines())) <= 80


def test_mean_peaks_and_the_missing_are_in_words(race: Race) -> None:
    mean, peaks, missing = lines(race)
    assert mean.startswith("Geometric mean over 2 points: tuned is")
    assert "4\u202fGFLOP/s" in peaks
    assert "2 threads" in peaks
    assert missing == "Missing: jet (it is not installed)."


def test_without_peaks_or_others_the_table_says_what_there_is() -> None:
    alone = raced({"tuned": TIMES["tuned"]})
    text = printed(alone)
    assert "tuned had no one to race against." in text
    assert "roofline " not in text.replace("of the roofline", "")
    assert lines(alone) == []


def test_the_race_is_drawn_with_a_mark_for_each_time_and_a_stroke_for_each_roofline(race: Race) -> None:
    (axes,) = figure_race(race).axes
    marks = [line for line in axes.lines if line.get_linestyle() == "None"]
    assert sorted(float(line.get_xdata()[0]) for line in marks) == sorted(  # type: ignore[index,arg-type]
        found.estimate for standing in race.standings for found in standing.seconds.values()
    )
    strokes = [float(line.get_xdata()[0]) for line in axes.lines if line.get_linewidth() > 2]  # type: ignore[index,arg-type]
    assert strokes == [4e-6, 5e-5]


def test_the_roofline_bends_where_both_roofs_meet(race: Race) -> None:
    (axes,) = figure_roofline(race).axes
    across, up = (np.asarray(axes.lines[0].get_data()[place], dtype=float) for place in (0, 1))
    assert (across[1], up[1]) == (2.0, 4e9)
    assert up[0] == pytest.approx(across[0] * 2e9)
    assert up[2] == 4e9


def test_no_roofline_is_drawn_without_peaks() -> None:
    with pytest.raises(ValueError, match="the run has no peaks"):
        figure_roofline(raced())


def test_a_report_of_a_race_has_both_figures_and_rows_for_its_verdicts() -> None:
    claim = RooflineClaim(name="share", subject="tuned", at=Point(n=10), at_least=0.25)
    samples = frame(TIMES, peaks=[{"peaks": PEAKS}], agreements=compared(("tuned", 10, 1e-7), ("other", 10, 2e-7)))
    analysis = analyse(samples, experiment(speedup(1.5), claim, agreement=AGREEMENT))
    assert [named.name for named in gallery(analysis)] == ["race", "roofline"]
    rows = {row.claim: row for row in verdict_rows(analysis)}
    assert rows["results of tuned = slow"].predicted == "≤ 1e-06"
    assert rows["at least 1.5"].predicted == "≥ 1.5 times"
    assert rows["share"].predicted == "≥ 25\u202f%"


def test_a_race_is_drawn_on_axes_of_the_caller_with_the_looks_of_the_experiment(race: Race) -> None:
    for draw in (figure_race, figure_roofline):
        figure = Figure(figsize=(6, 6))
        assert draw(race, {"tuned": LOOKS[4], "other": LOOKS[5], "slow": LOOKS[6]}, ax=figure.subplots()) is figure
        colors = {line.get_color() for line in figure.axes[0].lines if line.get_linestyle() == "None"}
        assert colors == {LOOKS[4].color, LOOKS[5].color, LOOKS[6].color}
