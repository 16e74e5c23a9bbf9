"""The report as one self-contained page and as Markdown, and the files of its figures."""

from __future__ import annotations

import base64
import hashlib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.figure import Figure

from bptt_bench.report import format as show
from bptt_bench.report.figures.gallery import NamedFigure, gallery, leading
from bptt_bench.report.figures.style import STYLE
from bptt_bench.report.marks import without_marks
from bptt_bench.report.page.curves import as_script_data, law_curves
from bptt_bench.report.page.svg import dark_colors, inline
from bptt_bench.report.terminal.readings import readings_of, readings_table
from bptt_bench.report.words import content
from bptt_bench.report.words.answers import answers, regime_rows
from bptt_bench.report.words.content import VerdictRow, verdict_groups, verdict_rows
from bptt_bench.report.words.derive import section_of_run
from bptt_bench.report.words.error_rates import Summary, summary_beside
from bptt_bench.report.words.foresight import foresight_section
from bptt_bench.report.words.laws import found_laws
from bptt_bench.report.words.machine import machine_rows
from bptt_bench.report.words.method import method
from bptt_bench.text.wording import join_names

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis

PNG_DPI = 160  # dots per inch: 5.4 inches are 864 pixels, sharp on a phone of twice the density
LARGEST_INLINE_SVG = 250_000  # bytes; a figure that would be larger as SVG goes into the page as PNG


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """Return a figure as a file; the same figure always gives the same bytes.

    Parameters
    ----------
    kind : ``"png"`` or ``"svg"``.
    """
    data = drawn(figure, kind)
    return without_marks(data.decode("utf-8")).encode("utf-8") if kind == "svg" else data


def drawn(figure: Figure, kind: str) -> bytes:
    """Return a figure as matplotlib writes it; its SVG holds what its marks carry.

    It is laid out once, for all files: finding out how much room every text takes is most of the time of drawing.
    """
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # the stubs list every key as a literal
        engine = figure.get_layout_engine()
        if engine is not None:
            engine.execute(figure)
            figure.set_layout_engine(None)  # or it would be drawn twice for each file, once to be laid out anew
        figure.savefig(
            buffer, format=kind, dpi=PNG_DPI, metadata={"Date": None} if kind == "svg" else {"Software": None}
        )
    return buffer.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A figure as it stands in the page: its text, and its SVG, or the data address where it is a PNG.

    ``claims`` are the places of the claims that it shows, with their names.
    """

    name: str
    title: str
    caption: str
    width: int
    height: int
    svg: Markup | None = None
    address: str | None = None
    animation: str | None = None
    claims: tuple[tuple[str, str], ...] = ()
    is_further: bool = False


def picture(named: NamedFigure, files: Mapping[str, bytes], rows: Sequence[VerdictRow] = ()) -> Picture:
    """Return a figure ready to be put into the page, as SVG, or as PNG where that is much smaller.

    Parameters
    ----------
    files : the figure by kind of file; the SVG as ``drawn`` gives it, or without what its marks carry.
    rows : the verdicts that the page lists, in the order of the claims.
    """
    text = inline(files["svg"].decode("utf-8"), f"picture-{named.name}", named.title)
    is_light = len(text.encode("utf-8")) <= LARGEST_INLINE_SVG
    width, height = (round(96 * inches) for inches in named.figure.get_size_inches())
    shown = set(named.claims)
    return Picture(
        name=named.name,
        title=named.title,
        caption=named.caption,
        width=width,
        height=height,
        svg=Markup(text) if is_light else None,  # noqa: S704  # a tree of elements that was written out, all escaped
        address=None if is_light else _address("png", files["png"]),
        animation=_address("gif", files["gif"]) if "gif" in files else None,
        claims=tuple((row.anchor, row.claim) for row in rows if (row.stated, row.subject) in shown),
        is_further=named.is_further,
    )


def _address(media: str, data: bytes) -> str:
    return f"data:image/{media};base64,{base64.b64encode(data).decode('ascii')}"


def render_html(
    analysis: Analysis, pictures: Sequence[Picture], known: Summary | None = None, leading: Sequence[str] = ()
) -> str:
    """Return the report as one self-contained HTML page.

    Parameters
    ----------
    known : error rates that it quotes.
    leading : names of the pictures that stand on its first screen.
    """
    by_claim: dict[str, str] = {}
    for one in pictures:
        for anchor, _ in one.claims:
            by_claim.setdefault(anchor, one.name)
    return (
        page_templates()
        .get_template("report.html.j2")
        .render(
            _context(analysis),
            first=[one for one in pictures if one.name in leading],
            pictures=[one for one in pictures if one.name not in leading],
            picture_of=by_claim,
            known=known,
            colors=dark_colors(one.svg for one in pictures if one.svg is not None),
            data=Markup(as_script_data({"curves": law_curves(analysis)})),  # noqa: S704  # it can end no element
        )
    )


def render_markdown(
    analysis: Analysis, figures: Sequence[NamedFigure], folder: str = "figures", leading: Sequence[str] = ()
) -> str:
    """Return the report as Markdown, its figures in a folder beside it."""
    first = [figure for figure in figures if figure.name in leading]
    others = [figure for figure in figures if figure.name not in leading]
    return (
        templates().get_template("report.md.j2").render(_context(analysis), first=first, figures=others, folder=folder)
    )


def render_summary(analysis: Analysis) -> str:
    """Return the report as a summary of a job in CI: a few lines of Markdown without pictures."""
    return templates().get_template("summary.md.j2").render(_context(analysis))


def write_report(analysis: Analysis, directory: Path, kinds: Sequence[str] = ("html", "markdown")) -> list[Path]:
    """Write figures/*.png, *.svg and *.gif, report.html and report.md into a folder; hand back what was written.

    Parameters
    ----------
    kinds : which reports, of ``html`` and ``markdown``; figures become files for Markdown, which shows them.
    """
    named = gallery(analysis)
    rows = verdict_rows(analysis)
    first = [figure.name for figure in leading(named)]
    directory.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    pictures = []
    for figure in named:
        files = {kind: drawn(figure.figure, kind) for kind in ("png", "svg")}
        if figure.animation is not None:
            files["gif"] = figure.animation()
        if "html" in kinds:
            pictures.append(picture(figure, files, rows))
        if "markdown" in kinds:
            written += _write_figure(directory / "figures", figure.name, files)
    pages = {}
    if "html" in kinds:
        pages["report.html"] = render_html(analysis, pictures, summary_beside(directory), first)
    if "markdown" in kinds:
        pages["report.md"] = render_markdown(analysis, named, leading=first)
    for name, text in pages.items():
        (directory / name).write_text(text, encoding="utf-8")
        written.append(directory / name)
    return written


def _write_figure(folder: Path, name: str, files: Mapping[str, bytes]) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    for kind, data in files.items():
        path = folder / f"{name}.{kind}"
        path.write_bytes(without_marks(data.decode("utf-8")).encode("utf-8") if kind == "svg" else data)
        yield path


def _factors(analysis: Analysis) -> list[tuple[str, str]]:
    """Return name and meaning of each factor; categories of the run have become subjects of the analysis."""
    factors = [(factor.name, factor.meaning) for factor in analysis.experiment.factors]
    known = {name for name, _ in factors}
    recorded = analysis.frame.attrs.get("run", {}).get("factors", ())
    return [*factors, *((name, "each level a subject of its own") for name in recorded if name not in known)]


def _context(analysis: Analysis) -> dict[str, Any]:
    run = analysis.frame.attrs.get("run", {})
    readings = readings_of(analysis.frame.attrs)
    laws = found_laws(analysis.evidence)
    is_open = bool(laws) and all(verdict.kind == content.CHECK for verdict in analysis.verdicts)
    return {
        "name": analysis.experiment.name,
        "question": _question(analysis, is_open=is_open),
        "run": _run_line(run),
        "is_open": is_open,
        "tally": "" if is_open and not analysis.verdicts else content.tally(analysis),
        "answers": answers(analysis),
        "laws": laws,
        "groups": verdict_groups(verdict_rows(analysis)),
        "regimes": regime_rows(analysis),
        "unsaid": show.unnamed_subject,
        "noise": content.noise_line(analysis),
        "machine": machine_rows(analysis),
        "method": method(analysis),
        "fits": content.fit_tables(analysis),
        "memory": content.memory_tables(analysis),
        "counts": content.count_tables(analysis),
        "derived": section_of_run(analysis.frame.attrs),
        "foreseen": foresight_section(analysis.frame),
        "factors": _factors(analysis),
        "environment": content.environment_rows(analysis),
        "machine_notes": content.machine_notes(analysis),
        "readings": None if readings is None else readings_table(readings),
    }


def _question(analysis: Analysis, *, is_open: bool) -> str:
    """Return what the report answers: where nothing is claimed of a cost, how it grows."""
    if not is_open:
        return f"{analysis.experiment.name}: does the measured cost follow its law?"
    factors = [factor.name for factor in analysis.experiment.factors if not factor.is_category]
    return f"How does {analysis.experiment.name} scale with {join_names(factors)}?"


def _run_line(run: Mapping[str, Any]) -> str:
    """Return when and how the run was made, in one line."""
    parts = []
    if run.get("started_at") is not None:
        parts.append(datetime.fromtimestamp(run["started_at"], tz=UTC).strftime("%Y-%m-%d %H:%M UTC"))
    if run.get("profile") is not None:
        parts.append(f"profile {run['profile']}")
    if run.get("threads") is not None:
        parts.append(f"{show.number(run['threads'])} BLAS thread{'' if run['threads'] == 1 else 's'}")
    return ", ".join(parts)


def page_templates() -> jinja2.Environment:
    """Return the templates with what every page needs: the script, and its hash, which the page allows alone."""
    environment = templates()
    script = environment.get_template("script.js.j2").render()
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    environment.globals |= {
        "script": Markup(script),  # noqa: S704  # our own
        "script_hash": f"sha256-{digest}",
    }
    return environment


def templates() -> jinja2.Environment:
    """Return the templates of this folder: HTML is escaped, Markdown has the filters ``md`` and ``line`` for that."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bptt_bench.report", "templates"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["formulas"] = show.formulas
    environment.filters["md"] = escape_markdown
    environment.filters["line"] = escape_line
    return environment


def escape_line(text: str) -> str:
    """Return text that HTML shows unchanged, on one line: Markdown does not look into an element of HTML.

    >>> escape_line("a <i> \\n b")
    'a &lt;i&gt; b'
    """
    return str(escape(" ".join(text.split())))


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown shows unchanged, on one line.

    >>> escape_markdown("a|b <i>*c*\nd")
    'a\\|b \\<i\\>\\*c\\* d'
    """
    return re.sub(r"([\\`*_\[\]<>|#~&!])", r"\\\1", " ".join(text.split()))
