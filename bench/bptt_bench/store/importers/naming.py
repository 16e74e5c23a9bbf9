"""Factors that only have a place in another tool's file, ``arg0`` and so on: names for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bptt_bench.plan import CostLaw, LawError
from bptt_bench.store.importers.names import factor_name
from bptt_bench.store.importers.text import listed, printable
from bptt_bench.store.samples import StoreError

if TYPE_CHECKING:
    import pandas as pd


def with_names(frame: pd.DataFrame, names: Sequence[str], *, laws: Sequence[str] = ()) -> pd.DataFrame:
    """The samples of one benchmark, its factors without a name given some, in their order.

    Factors and responses that other benchmarks of the file have, and this one has not, are left out.

    Raises
    ------
    StoreError : more names than such factors, one that cannot be used, or a law with a name that is no column where
        factors have none.
    """
    if "source" in frame.attrs:
        frame = _without(frame, [name for name in frame.columns if frame[name].isna().all()])
    unnamed: list[str] = frame.attrs.get("unnamed", [])
    if not names:
        _require_known(frame, unnamed, laws)
        return frame
    if len(names) > len(unnamed):
        raise StoreError(f"--names {printable(','.join(names))}: {_count(unnamed)} without a name")
    for i, name in enumerate(names):
        if name != factor_name(name) or name in frame.columns or name in names[:i]:
            raise StoreError(f"--names: {printable(name)!r} cannot be used; allowed are words that are no column yet")
    new = dict(zip(unnamed, names, strict=False))
    renamed = frame.rename(columns=new)
    renamed.attrs.update(
        factors=[new.get(name, name) for name in frame.attrs["factors"]],
        unnamed=[name for name in unnamed if name not in new],
    )
    return renamed


def _without(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    if not names:
        return frame
    kept = frame.drop(columns=list(names))
    for kind in ("factors", "unnamed"):
        kept.attrs[kind] = [name for name in frame.attrs[kind] if name not in names]
    return kept


def _require_known(frame: pd.DataFrame, unnamed: Sequence[str], laws: Sequence[str]) -> None:
    """Say how to name what only has a place, before a law is said to have an unknown name."""
    for law in laws if unnamed else ():
        try:
            unknown = [name for name in CostLaw(law).factors if name not in frame.columns]
        except LawError:
            return  # the fit says what is wrong with it
        if unknown:
            given = ",".join(unknown[: len(unnamed)])
            raise StoreError(
                f"law {law!r}: unknown name {unknown[0]!r}; {_count(unnamed)} without a name: "
                f"give names in this order, such as --names {given}"
            )


def _count(unnamed: Sequence[str]) -> str:
    if not unnamed:
        return "the data have no factor"
    return f"the data have {len(unnamed)} factor{'s' if len(unnamed) > 1 else ''} ({listed(unnamed)})"
