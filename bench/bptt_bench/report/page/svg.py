"""Figures as parts of a page: inlined SVG with the colours of the page, whose marks carry what they show."""

from __future__ import annotations

import colorsys
import math
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator

from bptt_bench.report.marks import AS_DRAWN, Mark, read_marks

DARK_CARD = "#202225"  # what figures stand on in a dark page; templates/style.css.html.j2 has the same
LEAST_CONTRAST = 4.5  # WCAG 2.2, 1.4.3
NEUTRAL = 12  # of 255: channels that differ by less make a grey
STEP = 0.02  # of lightness
WHITE = "#ffffff"
_NUMBER = re.compile(r"-?\d+\.\d{2,}")
_COLOR = re.compile(r"#[0-9a-fA-F]{6}\b")
_REFERENCE = re.compile(r"#([^)\"']+)")
_COORDINATES = ("d", "x", "y", "width", "height", "points")


def inline(svg: str, name: str, label: str) -> str:
    """Return a figure of matplotlib as an element of a page.

    Its colours are variables of the page (``dark_colors`` gives those of a dark one), its ids are unlike those of other
    figures, and its marks say what they show (``title``, ``data-value`` and others).

    Parameters
    ----------
    name : of the figure, the beginning of its ids.
    label : what it shows, for readers who do not see it.
    """
    root = ET.fromstring(svg)  # noqa: S314  # what matplotlib has just written
    view = root.get("viewBox", "")
    referenced = set(_references(root))
    _clean(root, name, referenced, as_drawn=False)
    root.attrib.clear()
    root.attrib.update(
        {
            "viewBox": view,
            "role": "img",
            "aria-label": label,
            "style": "stroke-linejoin: round; stroke-linecap: butt; fill: var(--ink)",
        }
    )
    return ET.tostring(root, encoding="unicode")


def _references(root: ET.Element) -> Iterator[str]:
    """Yield the ids that are referred to."""
    for element in root.iter():
        for key, value in element.attrib.items():
            if key.endswith("href") or "url(" in value:
                yield from _REFERENCE.findall(value)


def _clean(element: ET.Element, name: str, referenced: set[str], *, as_drawn: bool) -> None:
    """Turn an element, and all in it, into one of a page."""
    identifier = element.attrib.pop("id", "")
    as_drawn = as_drawn or identifier == AS_DRAWN
    element.tag = element.tag.rpartition("}")[2]
    if identifier in referenced:
        element.set("id", f"{name}-{identifier}")
    for key, value in list(element.attrib.items()):
        del element.attrib[key]
        element.set(key.rpartition("}")[2], _attribute(key, value, name, as_drawn=as_drawn))
    for child in list(element):
        if child.tag.rpartition("}")[2] in ("metadata", "style"):
            element.remove(child)
        else:
            _clean(child, name, referenced, as_drawn=as_drawn)
    element.text = None if element.text is None or not element.text.strip() else element.text
    element.tail = None if element.tail is None or not element.tail.strip() else element.tail
    _annotate(element, read_marks(identifier))


def _attribute(key: str, value: str, name: str, *, as_drawn: bool) -> str:
    if key.endswith("href"):
        return f"#{name}-{value[1:]}" if value.startswith("#") else value
    if key in _COORDINATES:
        return " ".join(_NUMBER.sub(lambda found: f"{float(found[0]):.1f}", value).split())
    if key in ("style", "clip-path"):
        value = value.replace("url(#", f"url(#{name}-")
        return value if as_drawn else _COLOR.sub(lambda found: variable(found[0].lower()), value)
    return value


def _annotate(group: ET.Element, marks: list[Mark]) -> None:
    """Let each mark of a line say what it shows, if as many were drawn as there are values."""
    drawn = list(group.iter("use"))
    if len(drawn) != len(marks):
        return
    for element, mark in zip(drawn, marks, strict=True):
        ET.SubElement(element, "title").text = mark.text
        element.set("class", "mark")
        element.set("data-subject", mark.subject)
        element.set("data-at", mark.at)
        for key, value in (("value", mark.value), ("low", mark.low), ("high", mark.high)):
            if value is not None and math.isfinite(value):
                element.set(f"data-{key}", repr(float(value)))


# --- colours ----------------------------------------------------------------------------------------------------------


def variable(color: str) -> str:
    """Return the variable of the page for a colour, with the colour itself where the page has none.

    >>> variable("#ffffff"), variable("#0072b2")
    ('var(--card)', 'var(--c0072b2, #0072b2)')
    """
    return "var(--card)" if color == WHITE else f"var(--c{color[1:]}, {color})"


def dark_colors(pieces: Iterable[str]) -> dict[str, str]:
    """Return the colours of inlined figures on a dark page, by the names of their variables."""
    used = {found for piece in pieces for found in re.findall(r"var\(--c([0-9a-f]{6}),", piece)}
    return {f"--c{color}": on_dark(f"#{color}") for color in sorted(used)}


def on_dark(color: str) -> str:
    """Return a colour as it is seen on a dark page: greys are turned about, others are lightened until they stand out.

    >>> on_dark("#1a1a1a"), on_dark("#e69f00"), on_dark("#0072b2")
    ('#dddddd', '#e69f00', '#0b8fda')
    """
    channels = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    if max(channels) - min(channels) < NEUTRAL:
        return _hex([0.95 - 0.8 * sum(channels) / (3 * 255)] * 3)
    hue, lightness, saturation = colorsys.rgb_to_hls(*(channel / 255 for channel in channels))
    while contrast(color, DARK_CARD) < LEAST_CONTRAST and lightness < 1:
        lightness = min(lightness + STEP, 1.0)
        color = _hex(colorsys.hls_to_rgb(hue, lightness, saturation * 0.9))
    return color


def _hex(shares: Iterable[float]) -> str:
    return "#" + "".join(f"{round(255 * share):02x}" for share in shares)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21.

    Source: WCAG 2.2, relative luminance and contrast ratio.

    >>> round(contrast("#000000", "#ffffff"), 1)
    21.0
    """
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
