"""What the figures draw is what the analysis says: each drawn number is compared with a plainer way to it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import bptt_bench as bench
import numpy as np
import pandas as pd
import pytest
from bptt_bench.analyse import Analysis, Verdict, analyse
from bptt_bench.analyse.evidence.measured_shares import measured_share
from bptt_bench.analyse.findings.obstacles import ExponentOutOfRange
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.analyse.fitting.regime import Regime
from bptt_bench.plan import (
    PLACEBO_SUFFIX,
    CostLaw,
    Design,
    Experiment,
    ExponentClaim,
    Factor,
    Point,
    Profile,
    RatioClaim,
    Subject,
)
from bptt_bench.report.figures import (
    NamedFigure,
    figure_exponents,
    figure_parity,
    figure_ratio,
    figure_scaling,
    figure_shares,
    gallery,
    lines_along,
    ratio_groups,
    share_groups,
)
from bptt_bench.report.figures.lines import on_line
from bptt_bench.report.figures.ratio import measured_ratios
from bptt_bench.report.figures.scaling import law_alone
from bptt_bench.report.figures.shares import _stack
from bptt_bench.report.words.content import term_label
from bptt_bench.report.words.method import method
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

WHOLE = "seconds_per_eval"
TRUE_RATIO = "(V + (T+1)/2*H) / (V + H)"


def marks(axes: Axes, marker: str, *, least_size: float = 0.0) -> list[Line2D]:
    """Points drawn with a marker; ``least_size`` leaves the caps of whiskers out."""
    lines = [each for each in axes.lines if each.get_marker() == marker and each.get_markersize() > least_size]
    return [each for each in lines if each.get_linestyle() == "None" or len(np.asarray(each.get_xdata())) == 1]


# --- lines through the design -------------------------------------------------------------------------------------


def table(*points: dict[str, int]) -> pd.DataFrame:
    return pd.DataFrame(list(points))


def test_the_longest_line_comes_first_and_two_levels_make_no_line() -> None:
    points = {
        "a": table(*({"n": n, "k": 1} for n in (1, 2, 4))),
        "b": table(*({"n": n, "k": 2} for n in (1, 2, 4, 8)), *({"n": n, "k": 3} for n in (1, 2))),
    }
    first, second = lines_along("n", ["n", "k"], points)
    assert (first.fixed, first.levels, first.subjects) == (Point(k=2), (1, 2, 4, 8), ("b",))
    assert (second.fixed, second.levels, second.subjects) == (Point(k=1), (1, 2, 4), ("a",))
    assert lines_along("k", ["n", "k"], points) == []


def test_a_logarithmic_line_has_no_place_for_the_level_0() -> None:
    rows = pd.DataFrame({"share": [0.0, 0.1, 0.2, 0.5], "k": 1})
    (line,) = lines_along("share", ["share", "k"], {"a": rows})
    assert line.levels == (0.1, 0.2, 0.5)
    assert line.select(rows)["share"].tolist() == [0.1, 0.2, 0.5]
    assert lines_along("share", ["share", "k"], {"a": rows[:3]}) == []
    points = Design.grid({"share": [0.0, 0.1, 0.2], "k": [0, 1]})
    claims = [RatioClaim(name="r", subject="a", over="b", ratio="1", points=points)]
    (group,) = ratio_groups(claims)
    assert (group.factor, {point["share"] for point in group.points}) == ("share", {0.1, 0.2})
    assert ratio_groups([replace(claims[0], points=Design.of([{"share": 0.0}]))]) == []


def test_a_line_leaves_the_placebo_out() -> None:
    rows = table(*({"n": n} for n in (1, 2, 4)))
    (line,) = lines_along("n", ["n"], {"a": rows, "a" + PLACEBO_SUFFIX: rows})
    assert line.subjects == ("a",)
    assert line.fixed == Point()


def test_a_subject_that_does_not_depend_on_a_factor_joins_every_line() -> None:
    points = {
        "a": table(*({"n": n, "k": k} for n in (1, 2, 4) for k in (1, 2))),
        "b": table(*({"n": n} for n in (1, 2, 4))),
    }
    assert {(line.fixed["k"], line.subjects) for line in lines_along("n", ["n", "k"], points)} == {
        (1, ("a", "b")),
        (2, ("a", "b")),
    }


# --- scaling ------------------------------------------------------------------------------------------------------


def test_scaling_draws_the_points_as_measured_and_residuals_beneath(analysis: Analysis) -> None:
    points = {name: analysis.fits[name, WHOLE].points for name in ("base", "sweep", "each")}
    line = next(line for line in lines_along("T", ["V", "H", "T"], points) if line.fixed == Point(V=1024, H=128))
    upper, *strips = figure_scaling(analysis, line).axes
    assert len(strips) == 3, "residuals of each subject in a strip of their own"
    rows = points["each"].query("V == 1024 and H == 128").sort_values("T")
    (drawn,) = marks(upper, "s", least_size=5.1)
    np.testing.assert_array_equal(drawn.get_xdata(), rows["T"])
    np.testing.assert_array_equal(drawn.get_ydata(), rows["measured"])
    assert [strip.texts[0].get_text() for strip in strips] == list(line.subjects)
    (residual,) = marks(strips[line.subjects.index("each")], "s")
    np.testing.assert_array_equal(residual.get_xdata(), rows["T"], "where they were measured, not beside it")
    np.testing.assert_allclose(np.asarray(residual.get_ydata()), rows["measured"] / rows["fitted"] - 1)
    assert not [marker for strip in strips[:2] for marker in marks(strip, "s")]


def test_the_law_alone_is_the_law_without_overhead(analysis: Analysis) -> None:
    fit = analysis.fits["sweep", WHOLE]
    coefficient = {term.term: term.coefficient for term in fit.terms}
    at = pd.DataFrame({"V": [1024.0], "H": [128.0], "T": [16.0]})
    expected = coefficient["T*H*V"] * 16 * 128 * 1024 + coefficient["T*H**2"] * 16 * 128**2
    np.testing.assert_allclose(law_alone(fit, at), expected)
    assert law_alone(fit, at)[0] < fit.curve(at)[0].estimate


def test_scaling_names_the_law_alone_only_where_it_is_drawn() -> None:
    n = [1000, 2000, 4000, 8000]
    for constant in (0.0, 1e-5):
        data = pd.DataFrame({"n": n, "seconds_per_eval": [constant + 1e-8 * level for level in n]})
        subject = Subject(name="s", prepare=lambda _point: print, law=CostLaw("n"), overhead=("1",))
        points = Design.of({"n": level} for level in n)
        experiment = Experiment(
            name="x", factors=(Factor(name="n"),), subjects=(subject,), profiles={"quick": Profile(design=points)}
        )
        found = analyse(data.assign(subject="s", below_floor=False), experiment, [])
        (line,) = lines_along("n", ["n"], {"s": found.fits["s", WHOLE].points})
        labels = [text.get_text() for text in figure_scaling(found, line).legends[0].get_texts()]
        assert ("terms of the law alone" in labels) == (constant > 0)
        assert "Operation counts" not in dict(method(found))["Judging"], "none was checked"


def test_scaling_without_a_fit_says_so(analysis: Analysis) -> None:
    (line, *_) = lines_along("T", ["V", "H", "T"], {"base": analysis.fits["base", WHOLE].points})
    with pytest.raises(ValueError, match="'nothing': none of base has a fit of it"):
        figure_scaling(analysis, line, "nothing")


def test_a_very_wide_band_does_not_stretch_the_axis(analysis: Analysis) -> None:
    fit = analysis.fits["base", WHOLE]
    wide = replace(fit, influence=fit.influence._replace(error=300 * fit.influence.error))  # a band of many decades
    changed = replace(analysis, evidence=replace(analysis.evidence, fits={("base", WHOLE): wide}))
    (line, *_) = lines_along("T", ["V", "H", "T"], {"base": fit.points})
    low, high = figure_scaling(changed, line).axes[0].get_ylim()
    measured = line.select(fit.points)["measured"]
    assert measured.min() / 100 < low < high < measured.max() * 10


def test_a_wild_point_is_an_arrow_at_the_edge_and_leaves_the_scale_to_the_others(analysis: Analysis) -> None:
    fit = analysis.fits["base", WHOLE]
    points = fit.points.copy()
    wild = points.index[(points["V"] == 1024) & (points["H"] == 128) & (points["T"] == 8)]
    points.loc[wild, ["measured", "low", "high"]] *= 30
    changed = replace(
        analysis, evidence=replace(analysis.evidence, fits={("base", WHOLE): replace(fit, points=points)})
    )
    line = next(line for line in lines_along("T", ["V", "H", "T"], {"base": points}) if line.fixed["V"] == 1024)
    for figure in (figure_scaling(changed, line), figure_parity(changed)):
        lower = figure.axes[1]
        assert lower.get_ylim() == (-1.0, 1.0)
        (arrow,) = marks(lower, "^")
        assert list(np.asarray(arrow.get_ydata())) == [1.0]


# --- ratio --------------------------------------------------------------------------------------------------------


def test_ratio_claims_about_one_pair_share_a_figure() -> None:
    first, second = (
        RatioClaim(name=f"r{n}", subject="a", over="b", ratio="n", points=Design.grid({"n": [1, 2, 4], "k": [n]}))
        for n in (1, 2)
    )
    other = RatioClaim(name="o", subject="a", over="c", ratio="n", points=Design.grid({"n": [1, 2], "k": [1]}))
    one, two = ratio_groups([first, second, other])
    assert (one.factor, len(one.points), one.over) == ("n", 6, "b")
    assert list(one.curves()) == [Point(k=1), Point(k=2)]
    assert two.over == "c"


@pytest.mark.parametrize(("ratio", "is_drawn"), [("1", True), ("(T+1)/(T+1)", True), ("H/256", False)])
def test_ratio_draws_others_in_grey_for_which_one_curve_is_predicted(
    make_analysis: Callable[..., Analysis], analysis: Analysis, ratio: str, is_drawn: bool
) -> None:
    name = f"sweep{PLACEBO_SUFFIX}"
    points = Design.grid({"V": [512, 2048], "H": [256], "T": [8, 16, 32]})
    again = RatioClaim(name="again", subject=name, over="sweep", less="base", ratio=ratio, points=points)
    with_it = make_analysis(claims=(*analysis.experiment.claims, again))
    group, other = ratio_groups(with_it.experiment.claims)
    figure = figure_ratio(with_it, group)
    (axes,) = figure.axes
    crosses = [line for line in axes.lines if line.get_marker() == "x"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert any(label.startswith(f"{name}: ") for label in labels) == is_drawn
    assert len(crosses) == is_drawn
    if is_drawn:
        ratios = measured_ratios(with_it, other)
        assert list(np.asarray(crosses[0].get_ydata())) == [float(ends[0]) for ends in ratios.values()]
    assert not any(text.get_text().startswith("each: ") for text in figure_ratio(with_it, other).legends[0].get_texts())


def test_ratio_draws_prediction_and_measurement_where_they_belong(analysis: Analysis) -> None:
    (group,) = ratio_groups(analysis.experiment.claims)
    (axes,) = figure_ratio(analysis, group).axes
    small, large = marks(axes, "o")[0], marks(axes, "s")[0]  # V = 512 and V = 2048
    T = np.array([4, 8, 16, 32, 64])
    np.testing.assert_array_equal(small.get_xdata(), T)
    for drawn, V in ((small, 512), (large, 2048)):
        # what the simulation is made of: each and sweep, less base, phases and step costs included
        rest = 6e-10 * T * 256 * V - 2e-10 * T * 256 * V + 5e-6 * T
        each = rest + 4e-10 * T * (T + 1) / 2 * 256**2 + 3e-6 * T
        sweep = rest + 4e-10 * T * 256**2 + 3e-6 * T
        np.testing.assert_allclose(np.asarray(drawn.get_ydata()), each / sweep, rtol=0.05)
    curve = next(line for line in axes.lines if line.get_marker() == "None" and len(np.asarray(line.get_xdata())) > 10)
    x, y = np.asarray(curve.get_xdata()), np.asarray(curve.get_ydata())
    np.testing.assert_allclose(y, (512 + (x + 1) / 2 * 256) / (512 + 256))


def test_ratio_whiskers_are_the_intervals_of_the_verdict(analysis: Analysis) -> None:
    (group,) = ratio_groups(analysis.experiment.claims)
    (axes,) = figure_ratio(analysis, group).axes
    (verdict,) = [each for each in analysis.verdicts if each.kind == "ratio"]  # of the worst point
    segments = [segment for each in axes.collections for segment in each.get_segments()]  # type: ignore[attr-defined]
    ends = [(segment[0][1], segment[1][1]) for segment in segments if segment[0][0] == segment[1][0]]
    assert len(ends) == len(group.points)
    assert any(pair == pytest.approx((verdict.low, verdict.high)) for pair in ends)


def test_crossovers_are_marked_at_their_levels(analysis: Analysis) -> None:
    (group,) = ratio_groups(analysis.experiment.claims)
    (axes,) = figure_ratio(analysis, group).axes
    strokes = marks(axes, "|", least_size=10)
    predicted = sorted(float(np.asarray(line.get_xdata())[0]) for line in strokes)
    assert predicted == [4.0, 16.0]
    found = {v.claim: v.estimate for v in analysis.verdicts if v.kind == "crossover"}
    drawn = sorted(float(np.asarray(line.get_xdata())[0]) for line in axes.lines if line.get_marker() == "D")
    assert drawn == sorted(value for value in found.values() if value is not None)


# --- shares -------------------------------------------------------------------------------------------------------


def test_shares_add_up_and_those_with_the_factor_lie_at_the_bottom(analysis: Analysis) -> None:
    (group,) = share_groups(analysis.experiment.claims)
    labels, shares = _stack(analysis.fits["sweep", WHOLE], group, np.array([1024.0, 65536.0]))
    np.testing.assert_allclose(sum(shares), 1.0)
    assert labels[0] == "T·H·V"
    fit = analysis.fits["sweep", WHOLE]
    for k, V in enumerate((1024, 65536)):
        expected = fit.share(["T*H*V"], Point(V=V, H=128, T=16)).estimate
        np.testing.assert_allclose(shares[0][k], expected)


def test_shares_distinguish_measured_from_extrapolated(analysis: Analysis) -> None:
    (group,) = share_groups(analysis.experiment.claims)
    (axes,) = figure_shares(analysis, group).axes
    assert axes.get_title(loc="left") == "measured: V = 64 to 4\u202f096; paler: extrapolated"
    edges = [line for line in axes.lines if list(np.asarray(line.get_xdata())) == [4096, 4096]]
    assert len(edges) == 1


def test_marks_of_shares_are_measured_and_not_read_off_the_fit(analysis: Analysis) -> None:
    (group,) = share_groups(analysis.experiment.claims)
    figure = figure_shares(analysis, group)
    (drawn_line,) = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    drawn = dict(zip(*np.asarray(drawn_line.get_data()).tolist(), strict=True))
    levels = on_line(analysis.fits["sweep", WHOLE].points, group.fixed)["V"]
    assert sorted(drawn) == sorted(levels)
    for V, share in drawn.items():
        found = measured_share(analysis.evidence, "sweep", "V", Point(group.fixed, V=V))
        assert found is not None
        assert share == found.time.estimate
    assert "measured: phase output" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_marks_of_shares_say_that_they_are_fitted_where_no_phase_was_timed(analysis: Analysis) -> None:
    (group,) = share_groups(analysis.experiment.claims)
    frame = analysis.frame.drop(columns=[name for name in analysis.frame if str(name).startswith("output_")])
    figure = figure_shares(analyse(frame, analysis.experiment), group)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "fitted: all terms with V" in labels
    assert not any(label.startswith("measured") for label in labels)


def test_shares_off_every_measured_line_say_so(analysis: Analysis) -> None:
    (group,) = share_groups(analysis.experiment.claims)
    far = replace(group, fixed=Point(H=99, T=7))
    (axes,) = figure_shares(analysis, far).axes
    assert "nothing was measured on this line" in axes.get_title(loc="left")


def test_a_term_beyond_a_threshold_is_named_after_the_term_it_carries_on(analysis: Analysis) -> None:
    fit = analysis.fits["sweep", WHOLE]
    regime = Regime(term="T*H*V", companion="T*H**2", working_set="4*H*V", threshold=8.2e6, low=1e6, high=1e7)
    assert [term_label(replace(fit, regimes=(regime,)), term) for term in fit.terms[:2]] == [
        "T·H·V",
        "T·H·V beyond 8.2\u202fMB",
    ]


# --- exponents ----------------------------------------------------------------------------------------------------


def judged(analysis: Analysis, **changes: object) -> Analysis:
    """The analysis with its first exponent verdict changed and the others left out."""
    verdict: Verdict = next(each for each in analysis.verdicts if each.kind == "exponent")
    return replace(analysis, verdicts=(replace(verdict, **changes),))  # type: ignore[arg-type]


def test_exponent_row_shows_prediction_margin_estimate_and_word(analysis: Analysis) -> None:
    figure = figure_exponents(judged(analysis, predicted=1.0, estimate=1.2, low=1.15, high=1.3, verdict="refuted"))
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["exponent of V, sweep", "refuted"]
    (predicted,) = marks(axes, "|")
    (estimate,) = [line for line in axes.lines if line.get_marker() == "X"]
    assert (predicted.get_xdata(), estimate.get_xdata()) == ([1.0], [1.2])
    band = axes.collections[0].get_datalim(axes.transData)
    np.testing.assert_allclose([band.x0, band.x1], [0.9, 1.1])
    assert any(list(np.asarray(line.get_xdata())) == [1.15, 1.3] for line in axes.lines)


def test_a_law_is_drawn_as_it_is_printed() -> None:
    experiment = bench.experiment({"sort": lambda _point: list}, law="n*log(n)", n=[1000, 100_000])
    rows = [
        {"subject": "sort", "n": n, "seconds_per_eval": 1e-8 * n * np.log(n) * (1 + 0.01 * k)}
        for n in (1000, 2154, 4642, 10_000, 21_544, 46_416, 100_000)
        for k in range(3)
    ]
    (axes,) = figure_exponents(analyse(pd.DataFrame(rows), experiment)).axes
    assert axes.texts[0].get_text() == "follows n·log(n), sort"


def test_exponent_without_estimate_shows_the_prediction_alone(analysis: Analysis) -> None:
    changes = {"estimate": None, "low": None, "high": None, "verdict": "inconclusive"}
    reason = Reason(kind=Kind.NOT_IDENTIFIABLE, finding=ExponentOutOfRange(range=2))
    (axes,) = figure_exponents(judged(analysis, reason=reason, **changes)).axes
    assert [line.get_marker() for line in axes.lines] == ["|"]
    assert axes.texts[1].get_text() == "inconclusive: not identifiable"


def test_endless_interval_ends_in_arrows_inside_the_picture(analysis: Analysis) -> None:
    (axes,) = figure_exponents(judged(analysis, estimate=1.0, low=-math.inf, high=math.inf)).axes
    for arrow, end in zip("<>", axes.get_xlim(), strict=True):
        (drawn,) = [line for line in axes.lines if line.get_marker() == arrow]
        assert list(np.asarray(drawn.get_xdata())) == [end]
    assert axes.get_xlim()[1] < 3


def many_exponents(analysis: Analysis, n: int) -> Analysis:
    """The analysis with so many exponents, of two subjects in turns; the first is beyond the picture."""
    claim = next(each for each in analysis.experiment.claims if isinstance(each, ExponentClaim))
    verdict = next(each for each in analysis.verdicts if each.kind == "exponent")
    subjects = [("sweep", "each")[k % 2] for k in range(n)]
    names = [f"{subject}: exponent {k}" for k, subject in enumerate(subjects)]
    claims = [replace(claim, name=name, subject=of) for name, of in zip(names, subjects, strict=True)]
    found = {"predicted": 1.5, "low": 1.5, "high": 1.6, "estimate": 1.55, "verdict": "supported"}
    verdicts = [replace(verdict, claim=name, subject=of, **found) for name, of in zip(names, subjects, strict=True)]  # type: ignore[arg-type]
    verdicts[0] = replace(verdicts[0], estimate=9.0, low=8.0, high=10.0, verdict="refuted")
    experiment = replace(analysis.experiment, claims=tuple(claims))
    return replace(analysis, evidence=replace(analysis.evidence, experiment=experiment), verdicts=tuple(verdicts))


def test_many_exponents_stand_subject_by_subject_in_low_rows_less_what_was_predicted(analysis: Analysis) -> None:
    figure = figure_exponents(many_exponents(analysis, 16))
    (axes,) = figure.axes
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert labels[:3] == ["sweep", "exponent 0 (1.5)", "exponent 2 (1.5)"]
    assert (len(labels), labels[9], labels[10]) == (18, "each", "exponent 1 (1.5)")
    estimates = [line for line in axes.lines if line.get_marker() == "o"]
    assert [float(np.asarray(line.get_xdata())[0]) for line in estimates] == pytest.approx([0.05] * 15)
    assert [float(np.asarray(line.get_xdata())[0]) for line in axes.lines if line.get_marker() == "|"] == [0.0] * 16
    assert [line.get_marker() for line in axes.lines if line.get_marker() in ("<", ">")] == [">"], "beyond the picture"
    assert figure.get_size_inches()[1] < 0.35 * 16, "a row takes a third of the height of one among few"


def test_exponents_need_a_judged_exponent(analysis: Analysis) -> None:
    with pytest.raises(ValueError, match="none of an exponent"):
        figure_exponents(replace(analysis, verdicts=()))


# --- parity -----------------------------------------------------------------------------------------------------


def test_parity_shows_every_point_of_every_subject(analysis: Analysis) -> None:
    upper, *panels = figure_parity(analysis).axes
    for panel, marker, name in zip(panels, "dos", ("base", "sweep", "each"), strict=False):
        assert panel.get_title(loc="left") == name
        points = analysis.fits[name, WHOLE].points
        ((above,), (below,)) = marks(upper, marker), marks(panel, marker)
        np.testing.assert_array_equal(above.get_xdata(), points["fitted"])
        np.testing.assert_array_equal(above.get_ydata(), points["measured"])
        np.testing.assert_allclose(np.asarray(below.get_ydata()), points["measured"] / points["fitted"] - 1)


# --- the whole ----------------------------------------------------------------------------------------------------


def test_scaling_shows_the_line_on_which_an_exponent_is_judged(figures: list[NamedFigure]) -> None:
    by_name = {named.name: named.figure for named in figures}
    titles = {name: figure.get_suptitle() for name, figure in by_name.items()}
    assert titles["scaling-T-recur"].endswith("at V = 64, H = 512")
    assert titles["scaling-T"].endswith("at V = 1\u202f024, H = 128")


def test_a_run_without_claims_still_has_its_scaling_and_parity(make_analysis: Callable[..., Analysis]) -> None:
    names = {named.name.removesuffix("-2") for named in gallery(make_analysis(claims=()))}
    assert names == {"passes", "scaling-V", "scaling-H", "scaling-T", "parity"}


def test_a_run_without_any_fit_has_the_figure_of_its_checks_alone(analysis: Analysis) -> None:
    bare = replace(analysis, evidence=replace(analysis.evidence, fits={}), verdicts=())
    assert [named.name for named in gallery(bare)] == ["passes"]
