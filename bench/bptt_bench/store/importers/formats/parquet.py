"""A Parquet file: a table like a CSV, with the factors in its metadata where this project wrote it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bptt_bench.errors import StoreError
from bptt_bench.store.importers.reading.columns import TIMING, missing_entries
from bptt_bench.store.importers.reading.table import Notes
from bptt_bench.store.importers.reading.text import MOST_BYTES, MOST_COLUMNS, MOST_VALUES
from bptt_bench.text.wording import list_names, printable

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MAGIC = b"PAR1"
INDEX = re.compile(r"__index_level_[0-9]+__")  # how pandas calls an index without a name
METADATA = b"bptt_bench"  # key in the schema under which our own export says {"factors": [...]}
ROWS_AT_ONCE = 65_536  # what a file claims in a few bytes is decoded piece by piece
# a page is decompressed whole, and may claim to be 2 GB: 1000 times its size in the file with gzip
MOST_DECOMPRESSED_BYTES = 4 * MOST_BYTES
REASON_CHARACTERS = 120


def read_parquet(path: Path) -> pd.DataFrame:
    """Return the rows of a Parquet file; numbers as numbers, with NaN in gaps, text and truth as text.

    Columns of other types are left out and named in ``attrs["notes"]``. How much there is to read is known from the
    file's footer before anything is decompressed.

    Raises
    ------
    StoreError : pyarrow is not installed, the file is broken, or holds more than can be read.
    """
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise StoreError(f"{path}: is Parquet, which needs pyarrow: pip install 'bptt-bench[parquet]'") from None
    try:
        with pq.ParquetFile(path) as file:
            schema, footer = file.schema_arrow, file.metadata
            _require_bounds(path, footer, schema)
            texts = [field.name for field in schema if _is_text(field.type)]
            wanted = [field.name for field in schema if _is_number(field.type) or _is_truth(field.type)] + texts
            _require_columns(path, schema, wanted)
            # one text in a million rows is a few bytes in the file: as a dictionary it stays so in memory
            with pq.ParquetFile(path, metadata=footer, read_dictionary=texts) as again:
                batches = again.iter_batches(ROWS_AT_ONCE, columns=wanted, use_threads=False)
                table = pa.Table.from_batches(_limit_rows(path, batches))
            table.validate(full=True)
            columns = {name: _column(table.column(name)) for name in schema.names if name in wanted}
    except MemoryError:
        raise StoreError(f"{path}: needs more memory than there is") from None
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, UnicodeError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        raise StoreError(f"{path}: is broken Parquet: {printable(lines[0], REASON_CHARACTERS)}") from None
    return _frame(path, columns, schema)


def _frame(path: Path, columns: Mapping[str, Any], schema: Any) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame({printable(name): values for name, values in columns.items()})
    if not len(frame):
        raise StoreError(f"{path}: has no rows")
    notes = Notes()
    left_out = [f"{printable(field.name)!r} ({field.type!s:.40})" for field in schema if field.name not in columns]
    if left_out:
        notes.add(f"columns left out, neither numbers nor text: {printable(list_names(left_out), 400)}")
    for name in [name for name in frame.columns if INDEX.fullmatch(name)]:
        if frame[name].dtype.kind in "iu" and frame[name].is_monotonic_increasing and frame[name].is_unique:
            notes.add(f"column {name!r} counts the rows: left out")
            frame = frame.drop(columns=name)
    for name in frame.columns if TIMING not in frame.columns else ():  # in a table of ours gaps are not missing data
        gaps = int(frame[name].isna().sum()) if frame[name].dtype.kind == "f" else 0
        if 0 < gaps < len(frame):
            notes.add(f"column {name!r}: {missing_entries(gaps, len(frame))}")
    frame.attrs.update(source={"tool": "table"}, notes=notes.lines())
    factors = _factors(path, schema.metadata or {}, list(frame.columns))
    if factors is not None:
        frame.attrs["factors"] = factors
    return frame


def _require_bounds(path: Path, footer: Any, schema: Any) -> None:
    """Refuse what the footer says to be too much."""
    if footer.num_columns > MOST_COLUMNS or len(schema) > MOST_COLUMNS:
        raise StoreError(f"{path}: must have at most {MOST_COLUMNS} columns, got {footer.num_columns}")
    values = footer.num_rows * footer.num_columns
    if not 0 <= values <= MOST_VALUES:
        raise StoreError(f"{path}: must have at most {MOST_VALUES} values, got {values}")
    size = sum(footer.row_group(i).total_byte_size for i in range(footer.num_row_groups))
    if not 0 <= size <= MOST_DECOMPRESSED_BYTES:
        raise StoreError(f"{path}: must have at most {MOST_DECOMPRESSED_BYTES} bytes when decompressed, got {size}")


def _require_columns(path: Path, schema: Any, wanted: Sequence[str]) -> None:
    names = [printable(name) for name in schema.names]
    twice = next((name for i, name in enumerate(names) if name in names[:i]), None)
    if twice is not None or "" in names:
        raise StoreError(f"{path}: {'a column has no name' if twice is None else f'names column {twice!r} twice'}")
    if not wanted:
        raise StoreError(f"{path}: has no column of numbers or text ({list_names(names) or 'no column at all'})")


def _limit_rows(path: Path, batches: Any) -> list[Any]:
    """Yield the batches of a file, no more rows than a footer may state: the pages may hold more than it says."""
    found, rows = [], 0
    for batch in batches:
        rows += batch.num_rows
        if rows * max(1, batch.num_columns) > MOST_VALUES:
            raise StoreError(f"{path}: must have at most {MOST_VALUES} values, got more")
        found.append(batch)
    if not found:
        raise StoreError(f"{path}: has no rows")
    return found


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _is_truth(kind: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_boolean(kind))


def _is_text(kind: Any) -> bool:
    import pyarrow as pa

    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))


def _column(column: Any) -> Any:
    """Return the values of a column (n_rows,)."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    if _is_number(column.type):
        # whole numbers with gaps become floating-point numbers with NaN, and decimal numbers the nearest to them
        return np.asarray((column.cast("float64") if pa.types.is_decimal(column.type) else column).to_numpy())
    if _is_truth(column.type):
        return pd.Series([None if value is None else str(value) for value in column.to_pylist()], dtype="str")
    parts = [_texts(chunk) for chunk in column.chunks]
    return pd.Series(np.concatenate(parts) if parts else [], dtype="str")


def _texts(chunk: Any) -> NDArray[np.object_]:
    """Return the texts of a piece, each made printable once."""
    import numpy as np

    known = [None if text is None else printable(text) for text in chunk.dictionary.to_pylist()]
    texts = np.array([*known, None], dtype=object)
    found: NDArray[np.object_] = texts[chunk.indices.fill_null(len(known)).to_numpy(zero_copy_only=False)]
    return found


def _factors(path: Path, metadata: Mapping[bytes, bytes], columns: Sequence[str]) -> list[str] | None:
    """Return the factors that our own export names; None in other files.

    Raises
    ------
    StoreError : they are named, but not as columns.
    """
    if METADATA not in metadata:
        return None
    try:
        document = json.loads(metadata[METADATA])
        factors = document["factors"] if isinstance(document, dict) else None
    except (ValueError, KeyError, RecursionError):
        factors = None
    if not isinstance(factors, list) or not all(isinstance(name, str) and name in columns for name in factors):
        raise StoreError(f"{path}: metadata {METADATA.decode()!r} does not name its factors as columns")
    return factors
