"""Laws that were derived from the code of a run's experiment, stored beside its samples."""

from __future__ import annotations

from pathlib import Path

DERIVED = "derived.json"  # the document that ``bptt-bench derive --out`` writes
MOST_BYTES = 4_000_000  # of a document: one of nine subjects with thirteen counts each takes 54 000


def stored_derivation(folder: Path) -> str | None:
    """Return the text of the document in a run's folder; None if there is none, or one that is far too long."""
    path = folder / DERIVED
    try:
        if path.stat().st_size > MOST_BYTES:
            return None
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None  # what is read of a run does not depend on it
