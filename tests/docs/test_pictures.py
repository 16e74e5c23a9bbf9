"""The pictures of passes that the documentation shows are what the code makes now."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from docs.pictures import FOLDER, pictures


def frames(data: bytes) -> list[np.ndarray]:
    """Every frame in grey, coarse enough that another version of a library draws the same."""
    with Image.open(io.BytesIO(data)) as image:
        found = []
        for n in range(getattr(image, "n_frames", 1)):
            image.seek(n)
            found.append(np.asarray(image.convert("L").resize((60, 50)), dtype=np.float64))
    return found


@pytest.mark.parametrize("name", ["passes.png", "passes.gif"])
def test_a_committed_picture_shows_the_passes_that_are_made(name: str) -> None:
    drawn, committed = frames(pictures()[name]), frames((Path(FOLDER) / name).read_bytes())
    assert len(drawn) == len(committed) == {"passes.png": 1, "passes.gif": 1 + 15}[name]
    for now, then in zip(drawn, committed, strict=True):
        assert np.abs(now - then).mean() < 2.0
    assert np.abs(drawn[-1] - 255).mean() > 2.0, "something is drawn"
