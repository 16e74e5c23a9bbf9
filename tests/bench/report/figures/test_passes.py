"""A figure of passes shows every pass that was recorded, with all that it carries."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.report.figures import animate_passes, figure_passes, gallery, recorded_passes
from bptt_bench.report.figures.passes import MOST_PLACES, can_be_drawn
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

EACH = [(at, [of]) for of in (1, 2, 3) for at in range(of, 0, -1)]
SWEEP = [(3, [3]), (2, [2, 3]), (1, [1, 2, 3])]


def stripes(axes: Axes) -> list[tuple[float, float]]:
    """Where the stripes of passes begin and end, rounded to places."""
    spans = [np.asarray(line.get_xdata(), float) for line in axes.lines if line.get_linestyle() == "-"]
    return sorted((round(float(x[1])), round(float(x[0]))) for x in spans if len(x) == 2)


def titles(figure: Figure) -> list[str]:
    return [axes.get_title(loc="left") for axes in figure.axes]


def test_every_pass_has_a_stripe_for_each_origin_that_it_carries() -> None:
    figure = figure_passes({"each": EACH, "sweep": SWEEP}, ("J", "h"))
    expected = sorted((place, place - 1) for place, origins in EACH for _ in origins)
    for axes in figure.axes:  # both carry every origin through every place up to its own
        assert stripes(axes) == expected
    assert titles(figure) == ["each: 6 passes", "sweep: 3 passes"]


def test_what_is_carried_together_is_named_as_a_growing_sum() -> None:
    sweep = figure_passes({"each": EACH, "sweep": SWEEP}, ("J", "h")).axes[1]
    sums = {round(text.get_position()[0] + 0.5): text.get_text() for text in sweep.texts if "(" in text.get_text()}
    written = [text.get_text() for text in sweep.texts]
    assert [name for name in written if name.startswith("ΣJ") or name == "J(3)"].count("J(3)") == 2  # node and sum
    assert (sums[2], sums[1]) == ("ΣJ(2…3)", "ΣJ(1…3)")


def test_those_who_make_the_same_passes_share_a_panel_and_who_makes_none_has_none() -> None:
    figure = figure_passes({"each": EACH, "sweep": SWEEP, "none": [], "again": SWEEP})
    assert titles(figure) == ["each: 6 passes", "sweep, again: 3 passes"]


def test_chains_begin_anew_where_a_pass_does_not_follow_the_one_before() -> None:
    (axes,) = figure_passes({"cut": [(2, [1, 2]), (1, [1, 2]), (4, [3, 4]), (3, [3, 4])]}).axes
    rows = {float(np.asarray(line.get_ydata())[0]) for line in axes.lines if line.get_marker() == "o"}
    assert rows == {-1.0, -2.0}


@pytest.mark.parametrize(
    ("passes", "message"),
    [
        ({}, "there are none"),
        ({"a": []}, "there are none"),
        ({"a": [(MOST_PLACES + 1, [1])]}, f"{MOST_PLACES + 1} places or chains; at most {MOST_PLACES}"),
        ({"a": [(1, [1])] * (MOST_PLACES + 1)}, f"{MOST_PLACES + 1} places or chains"),
        ({"a": [(1, [10**12])]}, "1000000000000 places or chains"),
    ],
)
def test_passes_that_cannot_be_distinguished_are_refused(
    passes: dict[str, list[tuple[int, list[int]]]], message: str
) -> None:
    assert not can_be_drawn(passes)
    for draw in (figure_passes, animate_passes):
        with pytest.raises(ValueError, match=message):
            draw(passes)


def test_the_animation_makes_one_pass_a_frame_until_all_are_made() -> None:
    with Image.open(io.BytesIO(animate_passes({"each": EACH, "sweep": SWEEP}, ("J", "h")))) as moving:
        assert moving.n_frames == 1 + len(EACH)  # type: ignore[attr-defined]  # of a GIF
        seen = []
        for frame in range(1 + len(EACH)):
            moving.seek(frame)
            seen.append(np.asarray(moving.convert("RGB")))
    ink = [int((frame < 250).any(axis=2).sum()) for frame in seen]
    assert all(later > earlier for earlier, later in itertools.pairwise(ink))
    assert tuple(seen[0][0, 0]) == (255, 255, 255)


def test_passes_come_from_the_checks_of_the_run(analysis: Analysis) -> None:
    passes, symbols = recorded_passes(analysis)
    assert {name: len(made) for name, made in passes.items()} == {"each": 10, "sweep": 4, "base": 0}
    assert symbols == ("J", "h")
    (named,) = [one for one in gallery(analysis) if one.name == "passes"]
    assert named.caption.endswith("Without a pass back: base.")
    assert named.animation is not None
