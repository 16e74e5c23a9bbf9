"""Choice of the inner loops of ``fused``: compiled by numba where that is installed, else of NumPy."""

from __future__ import annotations

import functools

from bptt_rnn.kernels.plain import PLAIN, Kernels
from bptt_rnn.kernels.thread_pool import libraries


@functools.cache
def kernels(compiled: bool | None = None) -> Kernels:
    """Return compiled inner loops if numba is installed, else those of NumPy; or the kind requested.

    Raises
    ------
    ImportError : ``compiled`` is true and numba is not installed.
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
