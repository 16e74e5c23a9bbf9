"""The samples of a frame, subject by subject and point by point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


class Series(NamedTuple):
    """The samples of one subject at one point; ``rows`` are their places in the frame (n_samples,)."""

    subject: str
    point: Mapping[str, int | float | str]
    rows: NDArray[np.intp]

    @property
    def numbers(self) -> dict[str, int | float]:
        """Return the levels that are numbers."""
        return {name: level for name, level in self.point.items() if not isinstance(level, str)}

    @property
    def stratum(self) -> str:
        """Return the subject with its categories, as the analysis names it; empty where there is neither."""
        texts = " ".join(f"{name}={level}" for name, level in self.point.items() if isinstance(level, str))
        return " ".join(filter(None, (self.subject, f"[{texts}]" if texts else "")))


def series_of(frame: pd.DataFrame, factors: Sequence[str]) -> list[Series]:
    """Return subjects and points in the order in which they first appear; a missing level is left out of its point."""
    import numpy as np

    names = [*(["subject"] if "subject" in frame.columns else []), *factors]
    places: dict[tuple[Any, ...], list[int]] = {}
    keys = zip(*(frame[name].tolist() for name in names), strict=True) if names else ((),) * len(frame)
    for row, key in enumerate(keys):
        places.setdefault(tuple(None if level != level else level for level in key), []).append(row)  # NaN
    has_subject = "subject" in frame.columns
    return [
        Series(
            subject=str(key[0]) if has_subject else "",
            point={
                name: plain_level(level)
                for name, level in zip(factors, key[has_subject:], strict=True)
                if level is not None
            },
            rows=np.array(rows, dtype=np.intp),
        )
        for key, rows in places.items()
    ]


def plain_level(level: Any) -> int | float | str:
    """Return a level as JSON has it: whole numbers without a point, truth as text.

    >>> plain_level(35.0), plain_level(0.5), plain_level("float32"), plain_level(True)
    (35, 0.5, 'float32', 'True')
    """
    if isinstance(level, str | bool):
        return str(level)
    number = float(level)
    return int(number) if number.is_integer() else number
