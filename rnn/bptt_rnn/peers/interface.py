"""The interface of all peers."""

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
    """An implementation of the loss and its gradients in another library.

    Attributes
    ----------
    name : for display.
    missing : returns why it cannot run here, in a few words, or None; imports nothing.
    prepare : returns the timed call for a model and token ids (T + 1,), after all compilation. It shares the arrays of
        the model if the library can.
    gradients : converts the result of the call to the loss and ``Gradients``; not timed.
    """

    name: str
    missing: Callable[[], str | None]
    prepare: Callable[[Params, Tokens], Evaluation]
    gradients: Callable[[Any], tuple[float, Gradients]]


def not_installed(module: str) -> str | None:
    """Return why a library cannot be used, without importing it; None if it can."""
    return None if find_spec(module) is not None else f"{module} is not installed"


def threads() -> int:
    """Return the threads that numerical libraries may use: ``OMP_NUM_THREADS``, or all cores of this process."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return int(limit) if limit.isdigit() and int(limit) > 0 else len(os.sched_getaffinity(0))
