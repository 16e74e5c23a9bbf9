"""What a host needs to open an experiment: the request, the files that are sent along, the code it must have itself."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bptt_bench.errors import MeasureError
from bptt_bench.measure.engines.fingerprint import fingerprints
from bptt_bench.measure.engines.task import ShippedFile
from bptt_bench.measure.protocol.messages import OpenRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What goes to every host.

    Attributes
    ----------
    opening : the request with which measuring processes begin; files are named in it by their last name alone.
    shipped : an experiment that is a file or a module without a package, and the corpus.
    code : fingerprints of what is not shipped, which every host must have: the harness, and the experiment's package.
    """

    opening: OpenRequest
    shipped: Sequence[ShippedFile]
    code: Mapping[str, str]

    @classmethod
    def of(cls, opening: OpenRequest) -> Payload:
        """Return the payload of a run whose measuring processes begin with some request.

        Raises
        ------
        MeasureError : a file cannot be read.
        """
        source = Path(opening.module) if opening.module.endswith(".py") else _file_without_package(opening.module)
        paths = [Path(path) for path in (source, opening.corpus) if path is not None]
        try:
            shipped = [ShippedFile.read(path) for path in paths]
        except OSError as error:
            raise MeasureError(f"{error.filename}: cannot be read: {error.strerror}") from None
        return cls(
            opening=dataclasses.replace(
                opening,
                module=opening.module if source is None else source.name,
                corpus=None if opening.corpus is None else paths[-1].name,
            ),
            shipped=shipped,
            code=fingerprints(opening.module if source is None else None),
        )


def _file_without_package(module: str) -> Path | None:
    """Return the file of a module without a package, which hosts are not expected to have."""
    if "." in module:
        return None
    spec = importlib.util.find_spec(module)
    origin = None if spec is None or spec.origin is None else Path(spec.origin)
    return origin if origin is not None and origin.suffix == ".py" and origin.name != "__init__.py" else None
