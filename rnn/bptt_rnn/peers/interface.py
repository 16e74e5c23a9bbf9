"""What all peers share: what they are made from, what they hand back, and why one may be missing."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from bptt_rnn.gradients import Gradients
from bptt_rnn.model import Params, Tokens

Evaluation = Callable[[], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A library's own way to the loss and its gradients.

    Attributes
    ----------
    name : as it is shown.
    missing : why it cannot run here, in a few words; None: it can. Asked before anything is imported.
    prepare : from a model and token ids (T + 1,) the call that is timed; whatever the library compiles or transforms
        once is done before it hands that back. The arrays of the model are shared wherever the library can.
    gradients : what the call returned, as the loss and ``Gradients``; never timed.
    """

    name: str
    missing: Callable[[], str | None]
    prepare: Callable[[Params, Tokens], Evaluation]
    gradients: Callable[[Any], tuple[float, Gradients]]


def not_installed(module: str) -> str | None:
    """Why a library cannot be used, found out without importing it."""
    return None if find_spec(module) is not None else f"{module} is not installed"


def threads() -> int:
    """Threads that numerical libraries were told to use, or all cores that this process may run on."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() and int(told) > 0 else len(os.sched_getaffinity(0))
