"""What validation left in a folder, as the report of a run quotes it: a headline, and where its page is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bptt_bench.errors import StoreError

FOLDER, DOCUMENT, PAGE = "validation", "validation.json", "validation.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What the report of a run says of known error rates: a sentence, and where the page is."""

    headline: str
    address: str


def summary_beside(run: Path) -> Summary | None:
    """Return the headline of the validation beside a run's folder; ``None`` if none can be read."""
    try:
        headline = read_document(run.resolve().parent / FOLDER / DOCUMENT).get("headline")
    except (StoreError, OSError):
        return None  # a run's report does not depend on it
    return Summary(headline=headline, address=f"../{FOLDER}/{PAGE}") if isinstance(headline, str) else None


def read_document(path: Path) -> dict[str, Any]:
    """Return a JSON object from a file.

    Raises
    ------
    StoreError : no such file, or something else in it.
    """
    if not path.is_file():
        raise StoreError(f"{path}: not there; `make validate` makes it")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise StoreError(f"{path}: is not JSON ({error})") from None
    if not isinstance(found, dict):
        raise StoreError(f"{path}: is a {type(found).__name__}; a JSON object is needed")
    return found
