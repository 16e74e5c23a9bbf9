"""What a host needs to open an experiment: the request, the files that are sent along, the code it must have itself."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.measure.engines.code import fingerprints
from bench.measure.engines.task import Shipped
from bench.measure.messages import Open
from bench.measure.records import MeasureError


@dataclass(frozen=True, slots=True, kw_only=True)
class Cargo:
    """What goes to every host.

    Attributes
    ----------
    opening : the request with which measuring processes begin; files are named in it by their last name alone.
    shipped : an experiment that is a file, and the corpus.
    code : fingerprints of what is not shipped, which every host must have: the harness, and the experiment's package.
    """

    opening: Open
    shipped: Sequence[Shipped]
    code: Mapping[str, str]

    @classmethod
    def of(cls, opening: Open) -> Cargo:
        """The cargo of a run that begins its measuring processes with some request.

        Raises
        ------
        MeasureError : a file cannot be read.
        """
        is_file = opening.module.endswith(".py")
        paths = [Path(opening.module)] if is_file else []
        paths += [] if opening.corpus is None else [Path(opening.corpus)]
        try:
            shipped = [Shipped.of(path) for path in paths]
        except OSError as error:
            raise MeasureError(f"{error.filename}: cannot be read: {error.strerror}") from None
        return cls(
            opening=dataclasses.replace(
                opening,
                module=paths[0].name if is_file else opening.module,
                corpus=None if opening.corpus is None else paths[-1].name,
            ),
            shipped=shipped,
            code=fingerprints(None if is_file else opening.module),
        )
