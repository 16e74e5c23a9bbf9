"""The page and the Markdown: they need nothing but themselves, escape what strangers wrote, and say it in order."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.analyse.findings.estimates import Deviation
from bptt_bench.analyse.findings.obstacles import NoRows, UnusableData
from bptt_bench.analyse.findings.reason import Kind, Reason
from bptt_bench.plan import PLACEBO_SUFFIX, CheckClaim, Experiment
from bptt_bench.report.figures import NamedFigure, animate_passes, figure_parity, figure_passes
from bptt_bench.report.page.page import (
    LARGEST_INLINE_SVG,
    escape_markdown,
    figure_bytes,
    picture,
    render_html,
    render_markdown,
    write_report,
)
from bptt_bench.report.words.content import noise_line
from bptt_bench.report.words.findings.clauses import words
from bptt_bench.report.words.reasons import text_beside_regimes
from PIL import Image

HOSTILE = "<script>alert('1')</script> & \"x\" | `y` [z](http://example.org) <img src=x onerror=1>"
REFERENCE = Path(__file__).resolve().parents[4] / "results" / "reference"
LARGEST_PAGE = 3_000_000  # bytes


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, and the text outside style sheets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.style = ""
        self.scripts: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "img", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            self.style += data
        elif self.open and self.open[-1] == "script":
            self.scripts.append(data)
        else:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def html(report: Path) -> str:
    return (report / "report.html").read_text(encoding="utf-8")


def without_figures(analysis: Analysis) -> Page:
    return Page(render_html(analysis, []))


def hostile(analysis: Analysis, experiment: Experiment | None = None) -> Analysis:
    """The analysis with every text that a stranger may write made hostile."""
    finding = Deviation(largest=0, allowed=0, cases=1, detail=HOSTILE)
    reason = Reason(kind=Kind.WITHIN, finding=finding)
    verdict = replace(analysis.verdicts[0], claim=HOSTILE, subject=HOSTILE, reason=reason)
    claim = CheckClaim(name=HOSTILE, subject=HOSTILE, statement=HOSTILE, check=lambda seed: None)  # type: ignore[arg-type, return-value]
    named = replace(experiment or analysis.experiment, name=HOSTILE, claims=(claim,))
    frame = analysis.frame.copy()
    frame.attrs["run"] = {**analysis.frame.attrs["run"], "profile": HOSTILE, "environment": {HOSTILE: HOSTILE}}
    skips = ({"subject": HOSTILE, "point": {"n": 1}, "reason": HOSTILE},)
    return replace(
        analysis,
        evidence=replace(analysis.evidence, frame=frame, experiment=named),
        verdicts=(verdict,),
        skips=skips,
        notes=(HOSTILE,),
    )


def test_page_needs_nothing_but_itself(html: str) -> None:
    page = Page(html)
    assert page.open == []
    assert {tag for tag, _ in page.tags} & {"link", "iframe", "object", "embed", "base"} == set()
    assert page.all("script") == [{"type": "application/json", "id": "data"}, {}]
    addresses = [
        value or "" for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "href"}
    ]
    assert len(addresses) > 10
    assert [address[:60] for address in addresses if not address.startswith(("#", "data:image/"))] == []
    assert "url(" not in page.style
    assert "@import" not in page.style
    targets = {attributes.get("id") for _, attributes in page.tags}
    assert {address[1:] for address in addresses if address.startswith("#")} <= targets
    assert len(html.encode()) < LARGEST_PAGE


def test_only_the_script_of_the_page_may_run(html: str) -> None:
    page = Page(html)
    (policy,) = [meta["content"] or "" for meta in page.all("meta") if meta.get("http-equiv")]
    digest = base64.b64encode(hashlib.sha256(page.scripts[-1].encode()).digest()).decode()
    assert policy == (f"default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{digest}'")


def test_inlined_figures_are_pictures_with_words(html: str, figures: list[NamedFigure]) -> None:
    moving = [image for image in Page(html).all("img") if (image["src"] or "").startswith("data:image/gif")]
    assert [image["alt"] for image in moving] == ["Passes back, as the code made them, one after the other"]
    images = [image for image in Page(html).all("img") if image not in moving]
    drawings = Page(html).all("svg")
    assert len(images) + len(drawings) == len(figures)
    named = [image["alt"] for image in images] + [drawing["aria-label"] for drawing in drawings]
    assert sorted(map(str, named)) == sorted(figure.title for figure in figures)
    text = Page(html).text
    assert all(figure.caption in text for figure in figures)


def test_the_answer_comes_first_then_claims_figures_fits_method_and_environment(html: str) -> None:
    sections = [attributes["id"] for attributes in Page(html).all("section")]
    assert sections == ["answer", "claims", "sizes", "figures", "fits", "method", "environment"]


def test_claims_and_figures_lead_to_each_other(html: str, analysis: Analysis) -> None:
    page = Page(html)
    links = [link["href"] for link in page.all("a")]
    claims = [one["id"] for one in page.all("details") if (one.get("class") or "").startswith("claim")]
    assert len(claims) == len(analysis.verdicts)
    to_figures = [link["data-figure"] for link in page.all("a") if "data-figure" in link]
    figures = {figure["id"] for figure in page.all("figure")}
    assert set(to_figures) <= figures
    assert len(to_figures) == sum(verdict.kind != "check" for verdict in analysis.verdicts) + 1  # and a check of passes
    assert sum(f"#{claim}" in links for claim in claims) >= len(to_figures) - 1


def test_every_verdict_stands_in_the_page_and_in_the_markdown(report: Path, html: str, analysis: Analysis) -> None:
    text = Page(html).text
    markdown = (report / "report.md").read_text(encoding="utf-8")
    for verdict in analysis.verdicts:
        assert verdict.claim in text
        assert text_beside_regimes(verdict.reason) in text
        assert escape_markdown(text_beside_regimes(verdict.reason)) in markdown
    assert text.count("✓ supported") == sum(verdict.verdict == "supported" for verdict in analysis.verdicts)
    assert "9 of 10 claims supported, 1 inconclusive" in text


def test_page_serves_light_dark_phone_and_print(html: str) -> None:
    page = Page(html)
    assert {"name": "viewport", "content": "width=device-width, initial-scale=1"} in page.all("meta")
    for query in ("prefers-color-scheme: dark", "max-width: 48rem", "@media print"):
        assert query in page.style
    assert "img.raster { filter: invert" in page.style, "pictures of pixels need to be turned about in the dark"


def test_every_cell_of_a_card_has_a_label(html: str) -> None:
    cells = [cell for cell in Page(html).all("td") if cell]
    assert cells
    assert all("data-label" in cell or cell.get("class") == "title" for cell in cells)


def luminance(color: str) -> float:
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_stands_out_in_light_dark_and_print(html: str) -> None:
    blocks = [block for block in re.findall(r":root \{([^}]*)\}", html) if "--ink" in block]
    schemes = [dict(re.findall(r"--(\w+): (#\w{6})", block)) for block in blocks]
    assert len(schemes) == 3
    for scheme in schemes:
        for ink in ("ink", "soft", "supported", "refuted", "inconclusive"):
            one, two = sorted((luminance(scheme[ink]), luminance(scheme["card"])))
            assert (two + 0.05) / (one + 0.05) >= 4.5, f"{ink} on card"  # WCAG 2.2, 1.4.3


def test_hostile_words_stay_words_in_html(analysis: Analysis) -> None:
    page = without_figures(hostile(analysis))
    assert page.all("img") == []
    assert len(page.all("script")) == 2
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert page.text.count(HOSTILE) >= 6


def columns(line: str) -> int:
    return len(re.findall(r"(?<!\\)\|", line)) - 1


def test_hostile_words_stay_words_in_markdown(analysis: Analysis) -> None:
    text = render_markdown(hostile(analysis), [])
    assert "<script" not in re.sub(r"\\<", "", text)
    assert re.search(r"(?<!\\)\]\(http", text) is None
    assert text.count(escape_markdown(HOSTILE)) >= 6


@pytest.mark.parametrize("change", [lambda analysis: analysis, hostile], ids=["plain", "hostile"])
def test_rows_of_a_markdown_table_have_as_many_cells_as_its_head(
    analysis: Analysis, change: Callable[[Analysis], Analysis]
) -> None:
    text = render_markdown(change(analysis), [])
    tables = [block.splitlines() for block in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE)]
    assert len(tables) >= 5
    for table in tables:
        assert {columns(line) for line in table} == {columns(table[0])}
        assert set(table[1]) <= set("|-")


def test_markdown_points_at_figures_that_are_there(report: Path, figures: list[NamedFigure]) -> None:
    text = (report / "report.md").read_text(encoding="utf-8")
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", text)
    assert len(links) == len(figures)
    assert [link for link in links if not (report / link).is_file()] == []


def test_report_writes_each_figure_twice_and_says_what_it_wrote(report: Path, figures: list[NamedFigure]) -> None:
    written = {str(path.relative_to(report)) for path in report.rglob("*") if path.is_file()}
    expected = {f"figures/{named.name}.{kind}" for named in figures for kind in ("png", "svg")} | {"figures/passes.gif"}
    assert written == expected | {"report.html", "report.md"}
    with Image.open(report / "figures" / "parity.png") as image:
        assert image.width >= 150 * 5.4


def test_handed_back_paths_are_those_written(analysis: Analysis, tmp_path: Path) -> None:
    bare = replace(analysis, evidence=replace(analysis.evidence, fits={}), verdicts=())
    paths = write_report(bare, tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in paths] == [
        "figures/passes.png",
        "figures/passes.svg",
        "figures/passes.gif",
        "report.html",
        "report.md",
    ]


def test_a_title_of_several_figures_is_named_once(analysis: Analysis, figures: list[NamedFigure]) -> None:
    more = [replace(figures[0], name=f"again-{i}", title="Time against T", is_further=True) for i in range(3)]
    files = {"svg": figure_bytes(figures[0].figure, "svg"), "png": b"png"}
    text = Page(render_html(analysis, [picture(one, files) for one in (figures[0], *more)])).text
    assert re.search(r"3 more, drawn like these:\s+Time against T\s*\n", text)


def test_derived_laws_are_in_print(analysis: Analysis) -> None:
    derived = (REFERENCE / "derived.json").read_text(encoding="utf-8")
    frame = analysis.frame.copy()
    frame.attrs = {**analysis.frame.attrs, "derived": derived}
    bare = replace(analysis, evidence=replace(analysis.evidence, fits={}, frame=frame), verdicts=())
    page, text = Page(render_html(bare, [])).text, render_markdown(bare, [])
    assert "3·H²·T" in page
    assert "H·T²·d/2" in page
    assert "3·H²·T" in text
    assert not [line for line in (*page.splitlines(), *text.splitlines()) if re.search(r"[A-Za-z]\*+[A-Za-z\d(]", line)]


def test_the_same_analysis_gives_the_same_bytes(analysis: Analysis) -> None:
    assert figure_bytes(figure_parity(analysis), "svg") == figure_bytes(figure_parity(analysis), "svg")
    one, two = (figure_passes({"a": [(1, [1])]}) for _ in range(2))
    assert figure_bytes(one, "png") == figure_bytes(two, "png")
    assert animate_passes({"a": [(1, [1])]}) == animate_passes({"a": [(1, [1])]})
    assert render_html(analysis, []) == render_html(analysis, [])


def test_svg_tells_no_date(report: Path) -> None:
    assert "<dc:date>" not in (report / "figures" / "parity.svg").read_text(encoding="utf-8")


def test_a_heavy_svg_goes_into_the_page_as_png(figures: list[NamedFigure]) -> None:
    empty = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
    light, heavy = (empty.format(text).encode() for text in ("<g/>", "<g/>" * LARGEST_INLINE_SVG))
    pictures = [picture(figures[0], {"svg": svg, "png": b"png"}) for svg in (light, heavy)]
    assert [one.svg is None for one in pictures] == [False, True]
    assert (pictures[0].address, pictures[1].address) == (None, "data:image/png;base64,cG5n")


def test_method_speaks_with_the_numbers_of_the_run(analysis: Analysis) -> None:
    text = without_figures(analysis).text
    for expected in (
        "120 cells (a subject at a point) were visited once in each of 5 blocks",
        "840 samples were kept",
        "2 fresh processes, BLAS pinned to 1 thread",
        "An empty call cost 50\u202fns",
        "1 min 37 s after the workers had started, 92\u202f% of it inside evaluations",
        "1 cell skipped: each at V = 1\u202f000\u202f000, H = 100, T = 35 (would need 4.1 GB of 2.0 GB)",
        "2023-11-14 22:13 UTC, profile quick",
        noise_line(analysis),
    ):
        assert expected in text


def test_method_says_on_how_many_inputs_the_samples_were_taken(analysis: Analysis) -> None:
    frame = analysis.frame.copy()
    assert "took turns" not in without_figures(analysis).text
    frame.attrs["inputs"] = {"each": (1, 1000, False), "sum": (1, 1, True), "all": (16, 16, True)}
    frame.attrs["inputs"]["each" + PLACEBO_SUFFIX] = (1, 1000, False)
    assert (
        "The evaluations of a sample took turns at several inputs, fewest for long calls: each 1 to 1\u202f000; "
        "all 16, none of them twice. A sample had a single input, evaluated again and again: sum."
    ) in without_figures(replace(analysis, evidence=replace(analysis.evidence, frame=frame))).text


def test_environment_is_shown_with_units_and_without_the_name_of_the_machine(analysis: Analysis) -> None:
    text = without_figures(analysis).text
    assert "L2 1\u202fMiB, L3 32\u202fMiB" in text
    assert "Imaginary <CPU> & co" in text
    assert "a-name-nobody-needs" not in text


def test_a_run_that_recorded_nothing_about_itself_still_gets_a_page(analysis: Analysis) -> None:
    frame = analysis.frame.copy()
    frame.attrs = {}
    short = Reason(kind=Kind.NO_DATA, finding=UnusableData(subject="x", error="too short"))
    page = without_figures(
        replace(
            analysis,
            evidence=replace(analysis.evidence, frame=frame, failures={("x", "y"): short}),
            skips=(),
        )
    )
    assert "Not recorded." in page.text
    assert "No fit: x, too short." in page.text
    assert "how the time was spent is not known" in page.text


def test_what_was_not_measured_of_several_subjects_is_one_sentence(analysis: Analysis) -> None:
    failures = {
        (subject, response): Reason(kind=Kind.NO_DATA, finding=NoRows(subject=subject, response=response))
        for subject in ("one", "two")
        for response in ("up_seconds_per_eval", "down_seconds_per_eval")
    }
    page = without_figures(replace(analysis, evidence=replace(analysis.evidence, failures=failures)))
    assert "Not measured of one and two: phase up and phase down." in page.text
    assert "No fit" not in page.text


def test_a_term_that_is_unknown_is_called_so(analysis: Analysis) -> None:
    text = re.sub(r"\n+", " ", without_figures(analysis).text)
    fit = analysis.fits["each", "seconds_per_eval"]
    (vague,) = [term for term in fit.terms if term.term == "T*H**2"]
    assert vague.reason is not None
    assert f"no{words(vague.reason)}" in text
