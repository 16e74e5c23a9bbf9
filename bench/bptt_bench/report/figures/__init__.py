"""Figures: an analysis in, matplotlib figures out; nothing is saved here and no global state is touched."""

from bptt_bench.report.figures.exponents import figure_exponents
from bptt_bench.report.figures.gallery import Maps, NamedFigure, gallery
from bptt_bench.report.figures.lines import Line, lines_along
from bptt_bench.report.figures.overview import figure_overview
from bptt_bench.report.figures.parity import figure_parity
from bptt_bench.report.figures.ratio import RatioGroup, figure_ratio, ratio_groups
from bptt_bench.report.figures.scaling import figure_scaling
from bptt_bench.report.figures.shares import ShareGroup, figure_shares, share_groups
from bptt_bench.report.figures.visits import figure_visits

__all__ = [
    "Line",
    "Maps",
    "NamedFigure",
    "RatioGroup",
    "ShareGroup",
    "figure_exponents",
    "figure_overview",
    "figure_parity",
    "figure_ratio",
    "figure_scaling",
    "figure_shares",
    "figure_visits",
    "gallery",
    "lines_along",
    "ratio_groups",
    "share_groups",
]
