"""The page in a real browser: nothing overflows, nothing needs the script, and a mark shows the value of the JSON."""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bptt_bench.analyse import Analysis
from bptt_bench.report.page.page import write_report
from bptt_bench.report.words.documents import report_document
from PIL import Image

from tests.bench.report.page.test_validation import document, goal, written
from tests.bench.report.words.test_answers import law_analysis

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: apt install chromium)")
WIDTHS = (360, 390, 768, 1280)
SECONDS = 20  # that a busy browser may take to show what it was asked for
MARK = "#answer svg .mark[data-value]"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(scope="module")
def pages(report: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The addresses of the page of a large run, and of ten-line experiments that are supported and refuted."""
    addresses = {"large": (report / "report.html").as_uri()}
    for name, grows in (("followed", lambda n: n * 3.0), ("refuted", lambda n: n**2)):
        folder = tmp_path_factory.mktemp(name)
        write_report(law_analysis(grows, law="n"), folder, kinds=("html",))
        addresses[name] = (folder / "report.html").as_uri()
    return addresses


def opened(browser: Browser, address: str, *, width: int = 1280, height: int = 800, **context: Any) -> Page:
    page = browser.new_context(viewport={"width": width, "height": height}, **context).new_page()
    page.set_default_timeout(SECONDS * 1000)
    page.on("pageerror", lambda error: pytest.fail(str(error)))
    page.on("console", lambda message: pytest.fail(message.text) if message.type == "error" else None)
    page.goto(address)
    return page


@pytest.mark.parametrize("name", ["large", "followed", "refuted"])
def test_nothing_overflows(browser: Browser, pages: dict[str, str], name: str) -> None:
    for width in WIDTHS:
        page = opened(browser, pages[name], width=width)
        page.add_style_tag(content="details::details-content { content-visibility: visible; block-size: auto }")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{name} at {width} px"
        page.context.close()


BROKEN_WORDS = """() => [...document.querySelectorAll("th")].flatMap(cell => [...cell.childNodes]).flatMap(node =>
  [...(node.nodeType === Node.TEXT_NODE ? node.data.matchAll(/[a-z]+/gi) : [])].filter(word => {
    const range = document.createRange();
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    return range.getClientRects().length > 1;
  }).map(word => word[0]))"""


def test_no_word_of_a_heading_is_broken(browser: Browser, tmp_path: Path) -> None:
    long = goal(figure="0.00062 ± 0.00004 / 0.00230 ± 0.00006", note="a long note on how it was found " * 5)
    written(tmp_path, document(goals=[long]))
    page = opened(browser, (tmp_path / "validation.html").as_uri(), width=1000)
    assert page.locator("th").count() > 6
    assert page.evaluate(BROKEN_WORDS) == []
    page.context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_overflows_without_the_script(browser: Browser, pages: dict[str, str], width: int) -> None:
    page = opened(browser, pages["large"], width=width, java_script_enabled=False)
    with Image.open(io.BytesIO(page.screenshot(full_page=True))) as seen:
        assert seen.width == width
    page.context.close()


def test_without_the_script_the_page_is_whole(browser: Browser, pages: dict[str, str], analysis: Analysis) -> None:
    page = opened(browser, pages["large"], java_script_enabled=False)
    expect(page.locator("details.claim")).to_have_count(len(analysis.verdicts))
    claim = page.locator("details.claim").first
    expect(claim.locator(".whole")).to_be_hidden()
    claim.locator("summary").click()
    expect(claim.locator(".whole")).to_be_visible()
    expect(page.locator("#sizes")).to_be_hidden()
    expect(page.locator("button")).to_have_count(0)
    assert page.locator("figure svg title").count() > 50  # a browser shows these by itself
    page.context.close()


def test_a_mark_shows_the_value_that_the_json_holds(browser: Browser, pages: dict[str, str]) -> None:
    analysis = law_analysis(lambda n: n * 3.0, law="n")
    (fit,) = report_document(analysis)["fits"]
    page = opened(browser, pages["followed"])
    marks = page.locator(MARK)
    expect(marks).to_have_count(len(fit["points"]))
    for n, point in enumerate(fit["points"]):
        mark = marks.nth(n)
        assert float(mark.get_attribute("data-value") or "nan") == point["measured"]
        mark.hover(force=True)
        tip = page.locator("#tip")
        expect(tip).to_be_visible()
        expect(tip).to_contain_text(f"n = {point['at']['n']:,.0f}".replace(",", "\u202f"))
        assert tip.inner_text() == mark.locator("title").text_content()
    page.context.close()


def test_the_keyboard_reaches_links_claims_marks_and_sizes(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["followed"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "A"
    page.locator("#answer figure > svg").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).to_be_visible()
    first = page.locator("#tip").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tip")).not_to_have_text(first)
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()
    page.locator("details.claim > summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("details.claim .whole").first).to_be_visible()
    page.locator("#size").focus()
    before = page.locator("#answer-at-size").inner_text()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#answer-at-size")).not_to_have_text(before)
    page.context.close()


def test_the_law_answers_at_any_size_with_what_the_fit_predicts(browser: Browser, pages: dict[str, str]) -> None:
    analysis = law_analysis(lambda n: n * 3.0, law="n")
    page = opened(browser, pages["followed"])
    curve = json.loads(page.locator("#data").text_content() or "")["curves"][0]["curve"]
    for place in (0, len(curve) // 2, len(curve) - 1):
        page.locator("#size").fill(str(place))
        (value,) = analysis.fits["sort", "seconds_per_eval"].predict([{"n": curve[place][0]}])
        assert float(page.locator("#answer-at-size").get_attribute("data-value") or "nan") == pytest.approx(
            value.estimate, rel=1e-5
        )
    height = page.locator(".chart circle.asked").get_attribute("cy") or ""
    page.locator("#linear").check()
    expect(page.locator(".chart circle.asked")).not_to_have_attribute("cy", height)
    page.context.close()


def test_no_label_of_the_answering_chart_is_cut_off(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["followed"])
    ends = """() => { const drawn = document.querySelector(".chart");
      const chart = drawn.closest("svg") ?? drawn.querySelector("svg");
      const edge = chart.getBoundingClientRect();
      return [...chart.querySelectorAll("text")].map(text => text.getBoundingClientRect())
        .filter(box => box.right > edge.right + 0.5 || box.left < edge.left - 0.5).length; }"""
    assert page.locator(".chart text").count() > 5
    curve = json.loads(page.locator("#data").text_content() or "")["curves"][0]["curve"]
    for place in range(len(curve)):
        page.locator("#size").fill(str(place))
        assert page.evaluate(ends) == 0
    page.context.close()


def test_a_refuted_law_is_asked_with_a_warning(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["refuted"])
    expect(page.locator("#sizes .note")).to_contain_text("The law is refuted")
    page.context.close()


def test_parts_are_folded_on_a_phone_and_a_link_unfolds_them(browser: Browser, pages: dict[str, str]) -> None:
    wide, narrow = (opened(browser, pages["large"], width=width) for width in (1280, 360))
    assert wide.locator("details.fold").count() == wide.locator("details.fold[open]").count() > 3
    expect(narrow.locator("details.fold[open]")).to_have_count(0)
    method = narrow.locator("#method .text")
    expect(method).to_be_hidden()
    narrow.locator('nav a[href="#method"]').click()
    expect(method).to_be_visible()
    narrow.locator("#filter").fill("crossover")
    expect(narrow.locator("details.claim:visible")).to_have_count(2)
    for page in (wide, narrow):
        page.context.close()
    unscripted = opened(browser, pages["large"], width=360, java_script_enabled=False)
    expect(unscripted.locator("#method .text")).to_be_visible()
    unscripted.context.close()
    linked = opened(browser, f"{pages['large']}#environment", width=360)
    expect(linked.locator("details.fold[open]")).to_have_count(1)
    linked.context.close()


def test_claims_are_filtered_ordered_and_show_their_picture(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["large"])
    page.locator("#filter").fill("crossover")
    expect(page.locator("details.claim:visible")).to_have_count(2)
    page.locator("#filter").fill("")
    page.locator("#order").select_option("name")
    names = page.locator(".list details.claim .name")
    expect(names).not_to_have_count(0)
    assert names.all_inner_texts() == sorted(names.all_inner_texts())
    page.locator("#order").select_option("")
    claim = page.locator("details.claim", has_text="crossover, V=512")
    claim.locator("summary").click()
    expect(claim.locator(".beside svg")).to_be_visible()
    page.context.close()


def test_a_picture_is_enlarged_and_closed(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["followed"])
    page.locator(".enlarge").first.click()
    picture = page.locator("dialog svg")
    whole = picture.get_attribute("viewBox") or ""
    page.get_by_role("button", name="Larger").click()
    expect(picture).not_to_have_attribute("viewBox", whole)
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_have_count(0)
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["large", "refuted"])
def test_no_accessibility_fault_is_found(browser: Browser, pages: dict[str, str], name: str, scheme: Any) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = opened(browser, pages[name], color_scheme=scheme, bypass_csp=True)
    found = axe.run(page, options={"resultTypes": ["violations"]})
    assert found.violations_count == 0, found.generate_report()
    page.context.close()


def test_figures_are_dark_on_a_dark_page(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["large"], color_scheme="dark")
    fills = page.evaluate(
        """[...document.querySelectorAll("figure > svg")].map(
            (svg) => getComputedStyle(svg.querySelector("path")).fill)"""
    )
    assert set(fills) == {"rgb(32, 34, 37)"}
    page.context.close()


def test_the_page_prints(browser: Browser, pages: dict[str, str]) -> None:
    page = opened(browser, pages["large"], color_scheme="dark")
    document = page.pdf(format="A4")
    assert document.startswith(b"%PDF")
    assert document.count(b"/Type /Page\n") + document.count(b"/Type /Page ") < 25
    page.context.close()
