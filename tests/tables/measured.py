"""Measured tables in a folder: which law is stated for each, and which points are predicted.

Three tables are known by name. For others the folder holds ``tables.toml``, with a table for each file:

    ["my_times.csv"]
    law = "n*m + n"
    response = "seconds"        # by default
    size = "n*m"                # of which the largest quarter is predicted; by default the law
    by = ["dtype"]              # columns of text, each combination of which is a case of its own
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from bptt_bench.plan import CostLaw

from tests.tables.cases import Case, split

P, Q = "((W-S+2*pw)//sw + 1)", "((H-R+2*ph)//sh + 1)"  # output of a convolution
KNOWN: Mapping[str, Mapping[str, Any]] = {
    "deepbench_gemm_MI25.csv": {"law": "M*N*K + M*K + K*N + M*N", "size": "M*N*K", "by": ["ta", "tb"]},
    "deepbench_rnn_MI25.csv": {
        "law": "T*B*H**2 + T*H**2 + T*B*H",
        "size": "T*B*H**2",
        "by": ["cell"],
        "response": "fwd",
    },
    "deepbench_conv_V100.csv": {
        "law": f"{P}*{Q}*N*K*C*R*S + N*C*W*H + N*K*{P}*{Q} + K*C*R*S",
        "size": f"{P}*{Q}*N*K*C*R*S",
    },
}


def tables(folder: Path) -> Iterator[Case]:
    """Yield the cases of a folder, those of one file after the other; files that nothing is stated for are left out."""
    stated = dict(KNOWN)
    if (folder / "tables.toml").is_file():
        stated |= tomllib.loads((folder / "tables.toml").read_text(encoding="utf-8"))
    for path in sorted(folder.glob("*.csv")):
        if path.name in stated:
            yield from _cases(path, **stated[path.name])


def _cases(
    path: Path, *, law: str, size: str = "", by: tuple[str, ...] = (), response: str = "seconds"
) -> Iterator[Case]:
    whole = pd.read_csv(path)
    factors = CostLaw(law).factors
    for _, rows in whole.groupby(list(by)) if by else [((), whole)]:
        table = rows[[*factors, response]].rename(columns={response: "seconds"}).astype(np.float64)
        table.attrs["factors"] = list(factors)
        kept, held = split(table, CostLaw(size or law).evaluate({name: table[name] for name in factors}))
        kept.attrs["factors"] = list(factors)
        yield Case(kind=path.stem, law=law, factors=factors, kept=kept, held=held)
