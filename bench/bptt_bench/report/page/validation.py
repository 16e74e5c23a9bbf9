"""The page about known error rates: rendered from the documents that validation left in a folder."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bptt_bench.errors import StoreError
from bptt_bench.report import format as show
from bptt_bench.report.figures.gallery import NamedFigure
from bptt_bench.report.figures.validation import figure_beyond, figure_coverage
from bptt_bench.report.page.page import Picture, figure_bytes, page_templates, picture
from bptt_bench.report.page.svg import dark_colors
from bptt_bench.report.words.error_rates import DOCUMENT, PAGE, read_document

SECTION_KEYS = ("title", "statement", "columns", "rows")  # what another document must have to become a section
MARKS = {"met": ("✓", "supported"), "missed": ("✗", "refuted")}  # and how the style sheet calls them
COVERAGE = (
    "Each mark is the share of intervals that hold the truth in one kind of simulated measurement, over coefficients, "
    "local exponents and the prediction; bars are two Monte-Carlo standard errors to either side."
)
BEYOND = "All tools were given the very same simulated tables. Tools that fit one variable only cannot answer here."


def write_page(folder: Path) -> list[Path]:
    """Write validation.html and its figures from the documents in a folder; hand back what was written.

    Raises
    ------
    StoreError : validation.json is not there or not what it should be.
    """
    found = read_document(folder / DOCUMENT)
    try:
        figures = list(_figures(found))
        files = [{kind: figure_bytes(named.figure, kind) for kind in ("png", "svg")} for named in figures]
        page = render(found, list(sections(folder)), list(map(picture, figures, files)))
    except (KeyError, TypeError) as error:
        raise StoreError(f"{folder / DOCUMENT}: {error} is missing or not what it should be") from error
    written = []
    (folder / "figures").mkdir(exist_ok=True)
    for named, kinds in zip(figures, files, strict=True):
        for kind, data in kinds.items():
            path = folder / "figures" / f"{named.name}.{kind}"
            path.write_bytes(data)
            written.append(path)
    (folder / PAGE).write_text(page, encoding="utf-8")
    return [*written, folder / PAGE]


def sections(folder: Path) -> Iterator[Mapping[str, Any]]:
    """Yield other documents in the folder that have a title, a statement and a table, ordered by name."""
    for path in sorted(folder.glob("*.json")):
        if path.name == DOCUMENT:
            continue
        found = read_document(path)
        if all(key in found for key in SECTION_KEYS):
            yield {"name": path.stem, "findings": [], **found}


def render(found: Mapping[str, Any], extra: Sequence[Mapping[str, Any]], pictures: Sequence[Picture]) -> str:
    """Return the page as one self-contained HTML document."""
    return (
        page_templates()
        .get_template("validation.html.j2")
        .render(
            found=found,
            goals=[{**goal, **_marked(goal["verdict"])} for goal in found["goals"]],
            cells=[_cell_row(cell) for cell in found["coverage"]["cells"]],
            made=_made(found["made"]),
            sections=extra,
            pictures=pictures,
            colors=dark_colors(one.svg for one in pictures if one.svg is not None),
        )
    )


def _marked(verdict: str) -> dict[str, str]:
    mark, kind = MARKS.get(verdict, ("·", "inconclusive"))
    return {"mark": mark, "kind": kind}


def _figures(found: Mapping[str, Any]) -> Iterator[NamedFigure]:
    if found["coverage"]["cells"]:
        draw = functools.partial(figure_coverage, found["coverage"])
        yield NamedFigure(name="coverage", title="Coverage in every cell", caption=COVERAGE, draw=draw)
    if any(error["median"] is not None for error in found["beyond"]):
        draw = functools.partial(figure_beyond, found["beyond"])
        yield NamedFigure(name="beyond", title="Error of extrapolation, tool by tool", caption=BEYOND, draw=draw)


def _cell_row(cell: Mapping[str, Any]) -> dict[str, str]:
    by_quantity = sorted((value, name) for name, value in cell["quantities"].items())
    return {
        "law": cell["law"],
        "design": f"{cell['design']} points",
        "noise": show.percent(cell["noise"]),
        "effects": show.percent(cell["point_effects"]),
        "coverage": f"{100 * cell['coverage']:.1f} ± {100 * cell['standard_error']:.1f}{show.NARROW}%",
        "lowest": f"{100 * by_quantity[0][0]:.1f}{show.NARROW}%, {show.term(by_quantity[0][1])}"
        if by_quantity
        else "–",
        "highest": f"{100 * by_quantity[-1][0]:.1f}{show.NARROW}%, {show.term(by_quantity[-1][1])}"
        if by_quantity
        else "–",
    }


def _made(made: Mapping[str, Any]) -> list[tuple[str, str]]:
    versions = {**made.get("versions", {}), **(made.get("peers") or {})}
    rows = [
        ("Simulated measurements", show.level(made["trials"])),
        ("Of each cell", show.level(made["trials_per_cell"])),
        ("Seed", str(made["seed"])),
        ("Source", f"{made['source']} (hash of what decides an outcome)"),
        ("Versions", ", ".join(f"{name} {version}" for name, version in versions.items())),
    ]
    if made.get("wall_seconds") is not None:
        rows.append(("Time", show.duration(made["wall_seconds"])))
    return rows
