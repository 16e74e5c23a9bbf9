"""Figures: an analysis in, matplotlib figures out; nothing is saved here and no global state is touched.

Every figure function takes ``size``, the width and height in inches, and ``style``, settings of matplotlib (a mapping
such as ``{"font.size": 9}``) in place of those of the house. It takes ``ax`` as well: axes of the caller's, which get
their own title and legend, and whose figure is returned. Where several panels are drawn, they divide the place of these
axes, whose figure must have ``layout="constrained"``. The caller's ``rcParams`` stay as they are.
"""

from bptt_bench.report.figures.exponents import figure_exponents
from bptt_bench.report.figures.gallery import NamedFigure, gallery, recorded_passes
from bptt_bench.report.figures.lines import Line, lines_along
from bptt_bench.report.figures.overview import figure_overview
from bptt_bench.report.figures.parity import figure_parity
from bptt_bench.report.figures.passes import animate_passes, figure_passes
from bptt_bench.report.figures.plane import figure_plane
from bptt_bench.report.figures.ratio import RatioGroup, figure_ratio, ratio_groups
from bptt_bench.report.figures.scaling import figure_scaling
from bptt_bench.report.figures.shares import ShareGroup, figure_shares, share_groups

__all__ = [
    "Line",
    "NamedFigure",
    "RatioGroup",
    "ShareGroup",
    "animate_passes",
    "figure_exponents",
    "figure_overview",
    "figure_parity",
    "figure_passes",
    "figure_plane",
    "figure_ratio",
    "figure_scaling",
    "figure_shares",
    "gallery",
    "lines_along",
    "ratio_groups",
    "recorded_passes",
    "share_groups",
]
