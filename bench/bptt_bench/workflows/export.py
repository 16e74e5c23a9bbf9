"""Exports samples: chooses the rows and writes them atomically."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from bptt_bench.analyse.data.columns import RECORDED, choose_response
from bptt_bench.analyse.data.response import unit_of
from bptt_bench.analyse.data.samples import categories_of
from bptt_bench.analyse.evidence.evidence import fitted_samples, without_records
from bptt_bench.errors import FitError, StoreError
from bptt_bench.plan.design.columns import SECONDS_PER_EVAL
from bptt_bench.store.frame import as_samples
from bptt_bench.text.units import Unit, name_with_unit, unit_of_name
from bptt_bench.text.wording import unknown_name
from bptt_bench.workflows.run import sigterm_as_interrupt

if TYPE_CHECKING:
    import pandas as pd

Format: TypeAlias = Literal["csv", "parquet", "extra-p", "pyperf"]
FORMATS: tuple[Format, ...] = ("csv", "parquet", "extra-p", "pyperf")
TABLES = ("csv", "parquet")  # which have every column; the others have one response


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Rows of a frame to be written, and the number of rows that were left out because no fit uses them.

    ``unit`` is that of the response, ``factors`` are those of the frame, ``run`` the record of the run it came from,
    empty for other data; ``notes`` say what the reader of another tool's file left out.
    """

    to: Format
    frame: pd.DataFrame
    response: str
    unit: Unit | None
    factors: tuple[str, ...]
    run: Mapping[str, Any]
    left_out: int
    notes: tuple[str, ...] = ()

    def text(self) -> Iterator[str]:
        """Yield the document in pieces.

        Raises
        ------
        StoreError : a binary format, or data that it cannot hold.
        """
        from bptt_bench.store.exporters.csv import csv_text
        from bptt_bench.store.exporters.extra_p import extra_p_text
        from bptt_bench.store.exporters.pyperf import pyperf_document

        match self.to:
            case "csv":
                return csv_text(self.frame)
            case "extra-p":
                return extra_p_text(self.frame, self.factors, self.response)
            case "pyperf":
                document = pyperf_document(self.frame, self.factors, self.response, self.unit, self.run)
                return iter([json.dumps(document, ensure_ascii=False, allow_nan=False) + "\n"])
        raise StoreError("parquet: is a binary format; name a file with --out")

    def write(self, path: Path, *, force: bool = False) -> None:
        """Write the file, whole or not at all.

        Raises
        ------
        StoreError : there is such a file already, it cannot be written, or the format cannot hold the data.
        """
        from bptt_bench.store.exporters.parquet import write_parquet

        if self.to == "parquet":
            with write_atomically(path, force=force) as partial:
                write_parquet(self.frame, partial, factors=self.factors, run=self.run)
            return
        pieces = iter(self.text())
        with write_atomically(path, force=force) as partial, partial.open("w", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
            file.flush()
            os.fsync(file.fileno())

    def to_json(self, path: Path) -> dict[str, Any]:
        """Return what was written, as plain data."""
        return {
            "file": str(path),
            "format": self.to,
            "rows": len(self.frame),
            "factors": list(self.factors),
            "response": None if self.to in TABLES else self.response,
            "unit": None if self.to in TABLES or self.unit is None else self.unit.symbol,
            "left_out": self.left_out,
            "notes": list(self.notes),
        }


def export(
    data: Path | str | pd.DataFrame,
    to: Format,
    *,
    subjects: Sequence[str] = (),
    response: str | None = None,
    unit: str | None = None,
    factors: Sequence[str] | None = None,
    rename: Mapping[str, str] | Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> Export:
    """Prepare the samples of a run or a file for another program.

    Tables (``csv``, ``parquet``) get every row and column, of one response those rows alone that hold it; ``extra-p``
    and ``pyperf`` the samples of one response that a fit uses: above the signal floor, and none that tests
    predictions.

    Parameters
    ----------
    unit : of the response, such as ``"ms"``; by default that of its format or the one that its name states. Where no
        name stated it before, the column's does in what is written.
    factors : columns of a plain table that are factors; by default those that can be, which a note names.

    Raises
    ------
    StoreError, FitError, TextError : what cannot be used; one line each.
    """
    frame = as_samples(data, rename, ignore)
    run, known, notes = frame.attrs.get("run") or {}, frame.attrs.get("factors"), tuple(frame.attrs.get("notes", ()))
    frame = without_records(frame)
    if subjects:
        frame = _select_subjects(frame, subjects)
    one = response is not None or to not in TABLES
    wanted = choose_response(frame, response) if one else SECONDS_PER_EVAL
    if one:
        frame = _with_response(frame, wanted)
    of_response = None
    if wanted in frame.columns:
        frame, wanted, of_response = _with_unit(frame, wanted, unit_of(wanted, frame, unit))
    n_rows = len(frame)
    if to not in TABLES:
        frame = _select_fitted(frame)
    if not len(frame):
        raise FitError(
            f"--response {wanted!r}: no row holds it"
            if not n_rows
            else "data: every row is below the signal floor or tests predictions"
        )
    chosen, said = _factors(frame, wanted, to, factors, known)
    notes = (*notes, *said)
    return Export(
        to=to,
        frame=frame,
        response=wanted,
        unit=of_response,
        factors=tuple(chosen),
        run=run,
        left_out=n_rows - len(frame),
        notes=notes,
    )


def _factors(
    frame: pd.DataFrame, response: str, to: Format, asked: Sequence[str] | None, known: Sequence[str] | None
) -> tuple[list[str], list[str]]:
    """Return the factors that were asked for, or those of the frame, and notes on what is written of them."""
    notes: list[str] = []
    if asked is not None:
        chosen = _require_columns(frame, asked, response)
        left_out = [name for name in known or () if name not in chosen and name in frame.columns]
        merged = [name for name in left_out if (frame[name] != frame[name].iloc[0]).any()]
        if merged and to not in TABLES:
            names = ", ".join(merged)
            notes.append(f"--factors leaves out {names}, at different levels of which samples make one point")
    elif known is not None:
        chosen = [name for name in known if name in frame.columns]
    else:
        chosen = _choose_factors(frame, response, to)
        if to != "csv":  # which says nothing of factors
            notes.append(f"factors: {', '.join(chosen) or 'none'}; --factors names others")
    not_above_0 = int((frame[response] <= 0).sum()) if to == "pyperf" else 0
    if not_above_0:
        of = f"{not_above_0} of {len(frame)}"
        notes.append(f"values that are not above 0 are left out, {of}: pyperf takes no others")
    return chosen, notes


def _with_response(frame: pd.DataFrame, response: str) -> pd.DataFrame:
    """Return the rows that hold a response."""
    if response not in frame.columns:
        raise FitError(f"--response {response!r}: no such column; the columns are {', '.join(map(str, frame.columns))}")
    if frame[response].dtype.kind not in "iuf":
        raise FitError(f"--response {response!r}: is not a column of numbers")
    return frame[frame[response].notna().to_numpy(dtype=bool)]


def _choose_factors(frame: pd.DataFrame, response: str, to: Format) -> list[str]:
    """Return the factors of a plain table; raise if its samples would all be at one point."""
    chosen = _find_factors(frame, response)
    others = [name for name in map(str, frame.columns) if name not in RECORDED and name not in ("subject", response)]
    if to not in TABLES and others and not chosen:
        raise FitError(f"--factors: required, because no column has levels; the columns are {', '.join(others)}")
    return chosen


def _with_unit(frame: pd.DataFrame, response: str, unit: Unit | None) -> tuple[pd.DataFrame, str, Unit | None]:
    """Return the frame with a response whose name states its unit, that name, and the unit of the values.

    Where the name states another unit of the same dimension, the values are converted to that.

    Raises
    ------
    FitError : the name states a unit of another dimension.
    """
    stated_unit = unit_of_name(response)
    if unit is None or stated_unit == unit:
        return frame, response, unit
    if stated_unit is None:
        name = name_with_unit(response, unit)
        return (
            (frame.rename(columns={response: name}), name, unit)
            if name not in frame.columns
            else (frame, response, unit)
        )
    if stated_unit.dimension != unit.dimension:
        raise FitError(
            f"--unit: must be a unit that {stated_unit.symbol}, which {response} states, can be converted to, got "
            f"{unit.symbol!r}"
        )
    return frame.assign(**{response: frame[response] * (unit.scale / stated_unit.scale)}), response, stated_unit


def _select_subjects(frame: pd.DataFrame, subjects: Sequence[str]) -> pd.DataFrame:
    if "subject" not in frame.columns:
        raise FitError(f"--subject {subjects[0]!r}: the data have no column 'subject'")
    known = list(dict.fromkeys(map(str, frame["subject"].tolist())))
    for name in subjects:
        if name not in known:
            raise FitError(f"--{unknown_name('subject', name, known)}")
    return frame[frame["subject"].isin(list(subjects)).to_numpy(dtype=bool)]


def _select_fitted(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that a fit uses."""
    seen = fitted_samples(frame)
    if "below_floor" not in seen.columns:
        return seen
    return seen[~seen["below_floor"].fillna(value=False).to_numpy(dtype=bool)]


def _require_columns(frame: pd.DataFrame, factors: Sequence[str], response: str) -> list[str]:
    for name in factors:
        if name in (response, "subject"):
            what = "the response" if name == response else "the subject"
            raise FitError(f"--factors {name!r}: is {what}, and cannot be a factor as well")
        if name not in frame.columns:
            raise FitError(f"--factors {name!r}: no such column; the columns are {', '.join(map(str, frame.columns))}")
    return list(factors)


def _find_factors(frame: pd.DataFrame, response: str) -> list[str]:
    """Return the columns of a plain table that can be factors: levels, and neither a known record nor another response.

    A response has a unit by its name, or numbers that are neither whole nor come back. Where each row is a point of its
    own no level comes back, and whole numbers are levels all the same, unless they only count the rows.
    """
    categories = categories_of(frame, (), (response,))
    others = [
        name
        for name in map(str, frame.columns)
        if name not in RECORDED and name not in ("subject", response) and unit_of_name(name) is None
    ]
    found = [
        name for name in map(str, frame.columns) if name in categories or (name in others and _is_levels(frame[name]))
    ]
    come_back = any(1 < frame[name].nunique() <= len(frame) / 2 for name in found if name not in categories)
    return [name for name in found if not (come_back and _counts_rows(frame[name]))]


def _counts_rows(column: pd.Series[Any]) -> bool:
    """Return whether a column rises by one from row to row, from 0 or as an id: no factor where others have levels."""
    is_id = column.iloc[0] == 0 or str(column.name).lower().endswith("id")
    return column.dtype.kind in "iu" and is_id and bool((column.diff().iloc[1:] == 1).all())


def _is_levels(column: pd.Series[Any]) -> bool:
    """Return whether a column is of numbers as levels are: whole, or in several rows each."""
    if column.dtype.kind not in "iuf" or not bool(column.notna().all()):
        return False
    return bool((column % 1 == 0).all()) or column.nunique() <= len(column) / 2


@contextlib.contextmanager
def write_atomically(path: Path, *, force: bool) -> Iterator[Path]:
    """Yield a temporary file that replaces the path at the end, and is removed after an error.

    Raises
    ------
    StoreError : there is something at the path already that may not be replaced, or it cannot be written.
    """
    target = path.resolve()  # a link stays one: what it leads to is written
    if target.exists() and not target.is_file():
        raise StoreError(f"{path}: is not a regular file; name another with --out")
    if target.exists() and not force:
        raise StoreError(f"{path}: is there already; --force replaces it")
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    with sigterm_as_interrupt():
        try:
            yield partial
            partial.replace(target)
        except OSError as error:  # it names the partial file, which the user does not know
            raise StoreError(f"{path}: cannot be written: {error.strerror or error}") from None
        finally:
            partial.unlink(missing_ok=True)
