"""Draws the passes of naive and aggregated over five steps, still and animated: python docs/pictures.py [FOLDER].

The passes are recorded while the algorithms run; nothing is timed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bptt_bench.report.figures import animate_passes, figure_passes
from bptt_bench.report.page.page import figure_bytes
from bptt_rnn.checks import RECORDED_STEPS, passes

FOLDER = Path(__file__).resolve().parent / "_static"
ALGORITHMS = ("naive", "aggregated")
SYMBOLS = ("J", "h")  # of losses and hidden states


def pictures() -> dict[str, bytes]:
    """Return the files by name."""
    recorded = {name: passes(name, RECORDED_STEPS) for name in ALGORITHMS}
    return {
        "passes.png": figure_bytes(figure_passes(recorded, SYMBOLS), "png"),
        "passes.gif": animate_passes(recorded, SYMBOLS),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for name, data in pictures().items():
        (folder / name).write_bytes(data)
        print(folder / name)
