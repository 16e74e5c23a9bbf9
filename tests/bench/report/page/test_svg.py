"""Figures in the page: nothing of one touches another, colours suit a dark page, and marks say what they show."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from bptt_bench.report.figures.style import LOOKS, STYLE, new_figure
from bptt_bench.report.marks import Mark, carry, keep_colors, without_marks
from bptt_bench.report.page.page import drawn
from bptt_bench.report.page.svg import DARK_CARD, LEAST_CONTRAST, contrast, dark_colors, inline, on_dark
from matplotlib import rc_context

HOSTILE = "<script>alert('1')</script> & \"x\""


def figure(marks: int = 3, label: str = "label") -> str:
    with rc_context(STYLE):  # type: ignore[arg-type]
        made = new_figure(2.0)
        axes = made.subplots()
        (line,) = axes.plot([1, 2, 3], [1, 4, 9], marker="o", color="#0072B2")
        carry(
            line,
            [Mark(subject=HOSTILE, at=f"n = {n}", value=n / 3, low=0.1, text=f"{n} {HOSTILE}") for n in range(marks)],
        )
        axes.set_title(label)
        keep_colors(axes.text(1, 5, "1.94", color="#ffffff"))
        return drawn(made, "svg").decode("utf-8")


def elements(text: str) -> list[ET.Element]:
    return list(ET.fromstring(text).iter())


def test_each_mark_says_what_it_shows() -> None:
    marks = [one for one in elements(inline(figure(), "a", "A")) if one.get("class") == "mark"]
    assert [float(one.get("data-value", "nan")) for one in marks] == [0.0, 1 / 3, 2 / 3]
    assert [one.get("data-at") for one in marks] == ["n = 0", "n = 1", "n = 2"]
    assert [one.get("data-low") for one in marks] == ["0.1"] * 3
    assert all(one.get("data-high") is None for one in marks)
    assert [one.findtext("title") for one in marks] == [f"{n} {HOSTILE}" for n in range(3)]


def test_as_many_marks_as_values_or_none() -> None:
    assert not any(one.get("data-value") for one in elements(inline(figure(marks=2), "a", "A")))


def test_ids_of_two_figures_differ_and_every_reference_is_met() -> None:
    one, two = (inline(figure(), name, name) for name in ("a", "b"))
    ids = [re.findall(r'\bid="([^"]+)"', text) for text in (one, two)]
    assert ids[0]
    assert not set(ids[0]) & set(ids[1])
    for text, known in zip((one, two), ids, strict=True):
        references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
        assert references
        assert {first or second for first, second in references} <= set(known)


def test_a_figure_brings_no_style_sheet_no_date_and_no_colour_of_its_own() -> None:
    text = inline(figure(), "a", "A")
    assert {one.tag for one in elements(text)} & {"style", "metadata", "script"} == set()
    outside = re.sub(r"var\(--c[0-9a-f]{6}, #[0-9a-f]{6}\)", "", text)
    assert re.findall(r"#[0-9a-fA-F]{6}", outside) == ["#ffffff"]  # the number that keeps its colour
    assert 'aria-label="A"' in text


def test_what_keeps_its_colours_is_left_as_it_was_drawn() -> None:
    text = inline(figure(), "a", "A")
    (kept,) = [one for one in elements(text) if one.tag == "text" and one.text == "1.94"]
    assert "var(" not in kept.get("style", "")


def test_hostile_words_stay_words() -> None:
    text = inline(figure(label=HOSTILE), "a", HOSTILE)
    assert "<script" not in text
    assert any(one.text == HOSTILE for one in elements(text))


def test_files_hold_no_values() -> None:
    text = figure()
    assert "marks:" in text
    assert "marks:" not in without_marks(text)
    assert "as-drawn" not in without_marks(text)
    ET.fromstring(without_marks(text))


@pytest.mark.parametrize("color", [how.color.lower() for how in LOOKS])
def test_every_subject_stands_out_on_a_dark_page(color: str) -> None:
    assert contrast(on_dark(color), DARK_CARD) >= LEAST_CONTRAST - 1.0  # greys keep a place between ink and paper
    assert dark_colors([f"fill: var(--c{color[1:]}, {color})"]) == {f"--c{color[1:]}": on_dark(color)}
