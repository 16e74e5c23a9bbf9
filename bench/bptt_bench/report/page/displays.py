"""Results that a notebook shows as tables and pictures; elsewhere they are a plain list and a plain mapping."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from bptt_bench.errors import ExperimentError
from bptt_bench.text.arguments import require_texts
from bptt_bench.text.wording import unknown_name

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict
    from bptt_bench.report.figures.gallery import NamedFigure


NUMBERS = ("predicted", "estimate", "low", "high")  # of a verdict
COLORS = 256  # of a picture in a notebook, whose file holds it: a third of the size, and no difference to be seen


class Verdicts(list["Verdict"]):
    """The verdicts of a run, a list; a notebook shows them as a table.

    Attributes
    ----------
    analysis : the fits and verdicts that they are of.
    """

    def __init__(self, analysis: Analysis) -> None:
        super().__init__(analysis.verdicts)
        self.analysis = analysis

    def select(self, *texts: str) -> Verdicts:
        """Return the verdicts on claims whose name contains at least one of the texts, in their order.

        Raises
        ------
        ExperimentError : no claim contains one of the texts; the message lists the claims.
        TextError : one of them is not a text.
        """
        require_texts(texts=texts)
        claims = [one.claim for one in self]
        for text in texts:
            if not any(text in claim for claim in claims):
                raise ExperimentError(unknown_name("claim", text, claims))
        chosen = tuple(one for one in self if any(text in one.claim for text in texts))
        return Verdicts(replace(self.analysis, verdicts=chosen))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the verdicts as plain data, as ``verdict --json`` lists them."""
        from bptt_bench.report.words.documents import verdict_documents

        return verdict_documents(self)

    def to_frame(self) -> pd.DataFrame:
        """Return the verdicts as a table, a row for each.

        The columns are those of ``verdict --json`` without the evidence. What is undefined is NaN, and an interval may
        be infinite.
        """
        import pandas as pd

        from bptt_bench.report.words.reasons import text_of

        named = {name: [getattr(one, name) for one in self] for name in ("claim", "subject", "kind")}
        numbers = {name: np.array([getattr(one, name) for one in self], dtype=np.float64) for name in NUMBERS}
        texts = {
            "verdict": [one.verdict for one in self],
            "reason": [text_of(one.reason) for one in self],
            "kind_of_reason": [str(one.reason.kind) for one in self],
        }
        return pd.DataFrame({**named, **numbers, **texts})

    def _repr_html_(self) -> str:
        from bptt_bench.report.page import fragments

        return fragments.of_verdicts(self.analysis)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """Show a table as plain text in IPython, where the repr of a verdict takes ten lines."""
        from bptt_bench.report.words import content

        rows = content.verdict_rows(self.analysis)
        if not cycle:
            printer.text("\n".join(f"{row.mark} {row.claim}: {row.measured}, {row.predicted} claimed" for row in rows))


class Figures(Mapping[str, "Figure"]):
    """Figures by name, in reading order, each drawn when it is first asked for; a notebook shows them one by one."""

    def __init__(self, named: Iterable[NamedFigure]) -> None:
        self._named = {one.name: one for one in named}

    def __getitem__(self, name: str) -> Figure:
        """Return a figure.

        Raises
        ------
        KeyError : the run has none of this name; the message lists those that it has.
        """
        if name not in self._named:
            raise KeyError(unknown_name("figure", name, list(self)))
        return self._named[name].figure

    def __contains__(self, name: object) -> bool:
        return name in self._named  # the default would draw it

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __repr__(self) -> str:
        return f"Figures({', '.join(self)})"

    def _repr_html_(self) -> str:
        pictures = (
            f'<figure style="margin:0 0 1.5em"><img style="max-width:100%;width:36em;background:#fff" '
            f'src="data:image/png;base64,{base64.b64encode(png(figure)).decode()}" alt="{escape(name)}">'
            f'<figcaption style="max-width:40em"><code>{escape(name)}</code>: {escape(self._named[name].caption)}'
            "</figcaption></figure>"
            for name, figure in self.items()
        )
        return f"<div>{''.join(pictures)}</div>"


def png(figure: Figure) -> bytes:
    """Return a figure as a picture with a palette."""
    from PIL import Image

    from bptt_bench.report.page.page import figure_bytes

    with Image.open(io.BytesIO(figure_bytes(figure, "png"))) as picture:
        dpi, palette = picture.info.get("dpi"), picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    palette.save(buffer, "PNG", **({} if dpi is None else {"dpi": dpi}))
    return buffer.getvalue()
