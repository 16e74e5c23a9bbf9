"""The report as one self-contained page and as Markdown, and the files of its figures."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2
import matplotlib as mpl
from matplotlib.figure import Figure

from bptt_bench.report import format as show
from bptt_bench.report.figures.gallery import NamedFigure, gallery
from bptt_bench.report.figures.style import STYLE
from bptt_bench.report.terminal.readings import readings_of, readings_table
from bptt_bench.report.words import content
from bptt_bench.report.words.error_rates import Summary, summary_beside
from bptt_bench.report.words.foresight import foresight_section
from bptt_bench.report.words.laws import found_laws
from bptt_bench.report.words.machine import machine_rows
from bptt_bench.report.words.method import method

if TYPE_CHECKING:
    from bptt_bench.analyse.verdicts.analysis import Analysis

PNG_DPI = 160  # dots per inch: 5.4 inches are 864 pixels, sharp on a phone of twice the density
LARGEST_INLINE_SVG = 250_000  # bytes; a figure that would be larger as SVG goes into the page as PNG


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """Return a figure as a file; the same figure always gives the same bytes.

    It is laid out once, for all files: finding out how much room every text takes is most of the time of drawing.

    Parameters
    ----------
    kind : ``"png"`` or ``"svg"``.
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
    """A figure as it stands in the page: its text, and the data address of the picture and of its animation."""

    name: str
    title: str
    caption: str
    address: str
    width: int
    height: int
    animation: str | None = None


def picture(named: NamedFigure, files: Mapping[str, bytes]) -> Picture:
    """Return a figure ready to be put into the page, as SVG, or as PNG where that is much smaller."""
    kind, media = ("svg", "svg+xml") if len(files["svg"]) <= LARGEST_INLINE_SVG else ("png", "png")
    width, height = (round(96 * inches) for inches in named.figure.get_size_inches())
    return Picture(
        name=named.name,
        title=named.title,
        caption=named.caption,
        address=_address(media, files[kind]),
        width=width,
        height=height,
        animation=_address("gif", files["gif"]) if "gif" in files else None,
    )


def _address(media: str, data: bytes) -> str:
    return f"data:image/{media};base64,{base64.b64encode(data).decode('ascii')}"


def render_html(analysis: Analysis, pictures: Sequence[Picture], known: Summary | None = None) -> str:
    """Return the report as one self-contained HTML page; ``known`` are the error rates that it quotes."""
    return templates().get_template("report.html.j2").render(_context(analysis), pictures=pictures, known=known)


def render_markdown(analysis: Analysis, figures: Sequence[NamedFigure], folder: str = "figures") -> str:
    """Return the report as Markdown, its figures in a folder beside it."""
    return templates().get_template("report.md.j2").render(_context(analysis), figures=figures, folder=folder)


def write_report(analysis: Analysis, directory: Path) -> list[Path]:
    """Write figures/*.png, *.svg and *.gif, report.html and report.md into a folder; hand back what was written."""
    named = gallery(analysis)
    folder = directory / "figures"
    folder.mkdir(parents=True, exist_ok=True)
    written, pictures = [], []
    for figure in named:
        files = {kind: figure_bytes(figure.figure, kind) for kind in ("png", "svg")}
        if figure.animation is not None:
            files["gif"] = figure.animation()
        for kind, data in files.items():
            path = folder / f"{figure.name}.{kind}"
            path.write_bytes(data)
            written.append(path)
        pictures.append(picture(figure, files))
    known = summary_beside(directory)
    pages = {"report.html": render_html(analysis, pictures, known), "report.md": render_markdown(analysis, named)}
    for name, text in pages.items():
        (directory / name).write_text(text, encoding="utf-8")
        written.append(directory / name)
    return written


def _factors(analysis: Analysis) -> list[tuple[str, str]]:
    """Return name and meaning of each factor; categories of the run have become subjects of the analysis."""
    factors = [(factor.name, factor.meaning) for factor in analysis.experiment.factors]
    known = {name for name, _ in factors}
    recorded = analysis.frame.attrs.get("run", {}).get("factors", ())
    return [*factors, *((name, "each level a subject of its own") for name in recorded if name not in known)]


def _context(analysis: Analysis) -> dict[str, Any]:
    run = analysis.frame.attrs.get("run", {})
    readings = readings_of(analysis.frame.attrs)
    return {
        "name": analysis.experiment.name,
        "run": _run_line(run),
        "tally": content.tally(analysis),
        "verdicts": content.verdict_rows(analysis),
        "laws": found_laws(analysis.evidence),
        "noise": content.noise_line(analysis),
        "machine": machine_rows(analysis),
        "method": method(analysis),
        "fits": content.fit_tables(analysis),
        "memory": content.memory_tables(analysis),
        "counts": content.count_tables(analysis),
        "foreseen": foresight_section(analysis.frame),
        "factors": _factors(analysis),
        "environment": content.environment_rows(analysis),
        "machine_notes": content.machine_notes(analysis),
        "readings": None if readings is None else readings_table(readings),
    }


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


def templates() -> jinja2.Environment:
    """Return the templates of this folder: HTML is escaped, Markdown has a filter ``md`` for that."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("bptt_bench.report", "templates"),
        autoescape=jinja2.select_autoescape(enabled_extensions=("html.j2",), default=False),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["md"] = escape_markdown
    return environment


def escape_markdown(text: str) -> str:
    r"""Return text that Markdown shows unchanged, on one line.

    >>> escape_markdown("a|b <i>*c*\nd")
    'a\\|b \\<i\\>\\*c\\* d'
    """
    return re.sub(r"([\\`*_\[\]<>|#~&!])", r"\\\1", " ".join(text.split()))
