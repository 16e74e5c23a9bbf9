"""Peers that live in an environment of their own, asked over a pipe: one process answers for all tables."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self

import numpy as np
from bptt_bench.plan import Point
from bptt_bench.validation.simulate import MIDDLE, Setting

from tests.validation.peers.answer import FACTORS, Answer, per_point

if TYPE_CHECKING:
    import pandas as pd

SERVER = Path(__file__).with_name("server.py")
ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")
ORDER_IN_T = {"aggregated": [1.0, 0.0], "naive": [2.0, 0.0]}  # power of T and of log T that is true


class PeerError(RuntimeError):
    """The process of the peers did not start, ended, or says that a tool failed."""


class PeerGone(PeerError):
    """The process of the peers has ended: that says nothing about a tool."""


class Server:
    """A process with other tools; starts when made, ends with the block that it is used in."""

    def __init__(self, python: Path) -> None:
        try:
            self._process = subprocess.Popen(
                [str(python), str(SERVER)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env={**os.environ, **ONE_THREAD}, start_new_session=True,  # out of reach of Ctrl-C
            )  # fmt: skip
        except OSError as error:
            raise PeerError(f"{python}: does not start ({error})") from None
        try:
            self.versions: dict[str, str] = self.ask({"tool": "hello"})
        except PeerError:
            self.close()
            raise

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request.

        Raises
        ------
        PeerGone : the process has ended.
        PeerError : the tool failed.
        """
        pipe_in, pipe_out = self._pipes()
        try:
            pipe_in.write(json.dumps(request) + "\n")
            pipe_in.flush()
            line = pipe_out.readline()
        except OSError:
            line = ""
        if not line:
            raise PeerGone(f"{request['tool']}: its process ended with status {self._process.poll()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(f"{request['tool']}: {answer['error']}")
        return answer

    def close(self) -> None:
        """End the process."""
        with contextlib.suppress(OSError):  # what it no longer reads is lost with it
            self._pipes()[0].close()
        self._process.wait()
        self._pipes()[1].close()

    def _pipes(self) -> tuple[IO[str], IO[str]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A tool of the server as a peer: ``extra_p`` or ``big_o``."""

    tool: str
    server: Server

    def __call__(self, frame: pd.DataFrame, setting: Setting, asked: Sequence[Point]) -> Answer:
        points, samples = per_point(frame)
        answer = self.server.ask(
            {
                "tool": self.tool,
                "factors": FACTORS,
                "points": [_row(point) for point in points],
                "samples": samples,
                "asked": [_row(point) for point in asked],
                "middle": _row(MIDDLE),
            }
        )
        order = answer["order"]
        word = "undetermined" if order is None else "this" if order == ORDER_IN_T[setting.law] else "other"
        return Answer(
            seconds_at=np.array(answer["seconds_at"], dtype=np.float64),  # None becomes NaN
            seconds_per_fit=answer["seconds_per_fit"],
            orders={"its own": word},
            model=answer["model"],
        )


def _row(point: Point) -> list[float]:
    return [float(point[name]) for name in FACTORS]
