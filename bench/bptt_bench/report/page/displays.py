"""Results that a notebook shows as tables and pictures; elsewhere they are a plain list and a plain mapping."""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from bptt_bench.analyse.verdicts.analysis import Analysis
    from bptt_bench.analyse.verdicts.verdict import Verdict


NUMBERS = ("predicted", "estimate", "low", "high")  # of a verdict


class Verdicts(list["Verdict"]):
    """The verdicts of a run, a list; a notebook shows them as a table."""

    def __init__(self, analysis: Analysis) -> None:
        super().__init__(analysis.verdicts)
        self._analysis = analysis

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

        return fragments.of_verdicts(self._analysis)


class Figures(dict[str, "Figure"]):
    """Figures by name, in reading order; a notebook shows them one after the other."""

    def __init__(self, figures: dict[str, Figure], captions: dict[str, str]) -> None:
        super().__init__(figures)
        self._captions = captions

    def _repr_html_(self) -> str:
        pictures = (
            f'<figure style="margin:0 0 1.5em"><img style="max-width:100%;width:36em;background:#fff" '
            f'src="data:image/png;base64,{base64.b64encode(png(figure)).decode()}" alt="{escape(name)}">'
            f'<figcaption style="max-width:40em"><code>{escape(name)}</code>: {escape(self._captions.get(name, ""))}'
            "</figcaption></figure>"
            for name, figure in self.items()
        )
        return f"<div>{''.join(pictures)}</div>"


def png(figure: Figure) -> bytes:
    """Return a figure as a picture."""
    from bptt_bench.report.page.page import figure_bytes

    return figure_bytes(figure, "png")
