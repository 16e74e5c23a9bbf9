"""Which inner loops ``fused`` runs: compiled by numba where that is installed, else those of NumPy."""

from __future__ import annotations

import functools

from bptt_rnn.kernels.plain import PLAIN, Kernels
from bptt_rnn.kernels.thread_pool import libraries


@functools.cache
def kernels(compiled: bool | None = None) -> Kernels:
    """The compiled inner loops where numba is installed, else those of NumPy; or the one way that is asked for.

    Raises
    ------
    ImportError : ``compiled`` is asked for and numba is not installed.
    """
    if compiled is False:
        return PLAIN
    try:
        from bptt_rnn.kernels.compiled import COMPILED
    except ImportError as error:
        if compiled:
            raise ImportError(f"compiled: needs numba, which the extra `fast` installs ({error})") from error
        return PLAIN
    libraries.cache_clear()  # numba loads SciPy's BLAS
    return COMPILED
