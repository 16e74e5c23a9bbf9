"""Names of columns: for factors that only have a place in another tool's file (``arg0``), and others on demand."""

from __future__ import annotations

import keyword
import unicodedata
from collections.abc import Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import LawError, StoreError
from bptt_bench.plan import CostLaw
from bptt_bench.plan.design.design import OF_LAWS
from bptt_bench.store.importers.reading.columns import NUMBERED
from bptt_bench.store.importers.reading.names import factor_name
from bptt_bench.text.units import unit_of_name
from bptt_bench.text.wording import list_names, printable

if TYPE_CHECKING:
    import pandas as pd

EMPTY = "empty"  # attribute of a frame: columns that were left out because nothing stands in them
REPEATED = "repeated"  # attribute of a frame: names that stood twice, with those that the further columns got


def name_factors(frame: pd.DataFrame, names: Sequence[str], *, laws: Sequence[str] = ()) -> pd.DataFrame:
    """Return the samples of one benchmark, with names given to its unnamed factors, in their order.

    Factors and responses that other benchmarks of the file have, and this one has not, are left out.

    Raises
    ------
    StoreError : more names than such factors, one that cannot be used, or a law with a name that is not a column where
        factors have none.
    """
    if "source" in frame.attrs:
        empty = [name for name in frame.columns if frame[name].isna().all()]
        frame = _drop_columns(frame, empty)
        if empty:
            frame.attrs = {**frame.attrs, EMPTY: empty}
    unnamed: list[str] = frame.attrs.get("unnamed", [])
    if not names:
        _require_known(frame, unnamed, laws)
        return frame
    if len(names) > len(unnamed):
        raise StoreError(f"--names {printable(','.join(names))}: {_count(unnamed)} without a name")
    for i, name in enumerate(names):
        if name != factor_name(name) or name in frame.columns or name in names[:i]:
            raise StoreError(f"--names: must be words that are not a column yet, got {printable(name)!r}")
    new = dict(zip(unnamed, names, strict=False))
    renamed = frame.rename(columns=new)
    renamed.attrs.update(
        factors=[new.get(name, name) for name in frame.attrs["factors"]],
        unnamed=[name for name in unnamed if name not in new],
    )
    return renamed


def select_columns(
    frame: pd.DataFrame, rename: Mapping[str, str] | Sequence[str], ignore: Sequence[str]
) -> pd.DataFrame:
    """Return the samples with columns left out, and others renamed.

    Parameters
    ----------
    rename : new names by old ones, or texts ``OLD=NEW``.

    Raises
    ------
    StoreError : no such column, or a name that no law can have or another column has.
    """
    frame = _normalize_names(frame)
    if not rename and not ignore:
        return frame
    new = dict(rename) if isinstance(rename, Mapping) else dict(map(_parse_rename, rename))
    for option, names in (("--ignore", ignore), ("--rename", new)):
        for name in names:
            if name not in frame.columns:
                known = list_names([repr(str(column)) for column in frame.columns])
                raise StoreError(f"{option} {printable(name)!r}: no such column; the columns are {known}")
    frame = _drop_columns(frame, list(dict.fromkeys(ignore)))
    new = {old: name for old, name in new.items() if old in frame.columns}
    kept = [name for name in frame.columns if name not in new]
    for i, name in enumerate(new.values()):
        if not can_be_named(name) or name in kept or name in list(new.values())[:i]:
            raise StoreError(f"--rename: must be words that are not a column yet, got {printable(name)!r}")
    renamed = frame.rename(columns=new)
    units = frame.attrs.get("units", {})
    known_units = {old: units.get(old, unit.symbol if (unit := unit_of_name(old)) is not None else None) for old in new}
    kept_units = {name: unit for name, unit in units.items() if name not in new}
    renamed.attrs["units"] = kept_units | {new[old]: unit for old, unit in known_units.items() if unit is not None}
    renamed.attrs |= _renamed_attributes(frame, new)
    return renamed


def _renamed_attributes(frame: pd.DataFrame, new: Mapping[str, str]) -> dict[str, Any]:
    """Return the attributes of a frame that name columns, after these got new names from a user."""
    found: dict[str, Any] = {}
    if "factors" in frame.attrs:
        found["factors"] = [new.get(name, name) for name in frame.attrs["factors"]]
    if "unnamed" in frame.attrs:
        found["unnamed"] = [name for name in frame.attrs["unnamed"] if name not in new]
    if NUMBERED in frame.attrs:
        found[NUMBERED] = {new.get(name, name): note for name, note in frame.attrs[NUMBERED].items()}
    if REPEATED in frame.attrs:
        found[REPEATED] = {name: others for name, others in frame.attrs[REPEATED].items() if name not in new}
    return found


def _normalize_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the samples with factors as Python reads their names, where the micro sign is the Greek letter µ.

    Units keep their sign: a column ``time_µs`` stays as it is.
    """
    columns = [str(name) for name in frame.columns]
    read = {name: unicodedata.normalize("NFKC", name) for name in columns if "µs" not in name}
    new = {name: word for name, word in read.items() if word != name and word.isidentifier() and word not in columns}
    if not new:
        return frame
    renamed = frame.rename(columns=new)
    for kind in ("factors", "unnamed"):
        if kind in frame.attrs:
            renamed.attrs[kind] = [new.get(name, name) for name in frame.attrs[kind]]
    return renamed


def _parse_rename(text: str) -> tuple[str, str]:
    old, equals, new = text.rpartition("=")
    if not equals or not old or not new:
        raise StoreError(f"--rename {printable(text)!r}: is not of the form OLD=NEW, such as 'Hidden Units=H'")
    return old, new.strip()


def can_be_named(name: str) -> bool:
    """Return whether a law can name a column."""
    return name.isidentifier() and not keyword.iskeyword(name) and name not in OF_LAWS


def rename_hint(unknown: str, columns: Sequence[str]) -> str:
    """Return a hint for a law that names no column: the column that is meant may have a name that no law can use.

    >>> rename_hint("H", ["Hidden Units", "seconds"]), rename_hint("n", ["N", "t"]), rename_hint("n", ["m", "t"])
    ("; --rename 'Hidden Units=H' gives a column that name", '; --rename N=n gives a column that name', '')
    """
    alike = [name for name in columns if factor_name(name).casefold() == unknown.casefold()]
    unnameable = [name for name in columns if not can_be_named(name)]
    first = [name for name in unnameable if factor_name(name).casefold().startswith(unknown.casefold())]
    meant = next(iter([*alike, *first, *unnameable]), None)
    return "" if meant is None else f"; --rename {quote(f'{meant}={unknown}')} gives a column that name"


def _drop_columns(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    if not names:
        return frame
    kept = frame.drop(columns=list(names))
    for kind in ("factors", "unnamed"):
        if kind in frame.attrs:
            kept.attrs[kind] = [name for name in frame.attrs[kind] if name not in names]
    return kept


def _require_known(frame: pd.DataFrame, unnamed: Sequence[str], laws: Sequence[str]) -> None:
    """Refuse a law with an unknown name, and say how to name factors that only have a place."""
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
    return f"the data have {len(unnamed)} factor{'s' if len(unnamed) > 1 else ''} ({list_names(unnamed)})"
