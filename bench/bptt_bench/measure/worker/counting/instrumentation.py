"""Switch callgrind's instrumentation on and off from inside the process that it watches.

Instrumented code is some ten times as slow as code that Valgrind only translates: what is not counted, such as imports
and preparation, is left uninstrumented. The request is a sequence of instructions that does nothing on the processor
and that Valgrind recognises; it is part of the stable interface that its header documents.

Source: ``valgrind.h`` (PLAT_amd64_linux) and ``callgrind.h`` of Valgrind.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import mmap
import platform
import sys
import time
from collections.abc import Callable, Iterator

MACHINES = ("x86_64", "AMD64")
CODE = bytes.fromhex(
    "4889f8"  # mov rax, rdi: the address of the request and its five arguments
    "31d2"  # xor edx, edx: what is returned where no Valgrind is
    "48c1c703 48c1c70d 48c1c73d 48c1c733"  # rol rdi, 3; 13; 61; 51: 128 bits in all, which change nothing
    "4887db"  # xchg rbx, rbx: the request
    "4889d0"  # mov rax, rdx
    "c3"  # ret
)
CALLGRIND = (ord("C") << 24) + (ord("T") << 16)
RUNNING_ON_VALGRIND, START, STOP = 0x1001, CALLGRIND + 4, CALLGRIND + 5
ARGUMENTS = 5
LONG = 1.0  # seconds between evaluations, instrumented, from which it is quicker to switch
SLOWER = 10.0  # instrumented code than other


@functools.cache
def client_request() -> Callable[[int], int] | None:
    """Return a function that makes a request of Valgrind; None where this cannot be done.

    That is so on other processors, and where the system forbids memory that is both written and executed.
    """
    if platform.machine() not in MACHINES or not sys.platform.startswith("linux"):
        return None
    try:
        page = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return None
    page.write(CODE)
    code = ctypes.c_char.from_buffer(page)
    call = ctypes.CFUNCTYPE(ctypes.c_long, ctypes.c_void_p)(ctypes.addressof(code))

    def request(number: int, _code: ctypes.c_char = code) -> int:  # the page lives as long as the function
        arguments = (ctypes.c_long * (1 + ARGUMENTS))(number)
        return int(call(ctypes.addressof(arguments)))

    return request


def switch_instrumentation(*, on: bool) -> None:
    """Begin or end instrumentation, where that can be switched; without Valgrind nothing happens."""
    request = client_request()
    if request is not None:
        request(START if on else STOP)


class Instrumentation:
    """Instrumentation that begins with an evaluation, and ends with it only where what comes in between takes long.

    After each switch all code is translated again, which takes some seconds for a large library. Preparing a small
    input takes less, even instrumented.

    Parameters
    ----------
    now : reads a clock, in seconds.
    switch : begins or ends instrumentation.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.perf_counter,
        switch: Callable[[bool], None] = lambda on: switch_instrumentation(on=on),
    ) -> None:
        self._now, self._switch = now, switch
        self._is_on = self._stays_on = False
        self._ended: float | None = None

    @contextlib.contextmanager
    def during(self, preparing: float | None = None) -> Iterator[None]:
        """Instrument evaluations.

        Parameters
        ----------
        preparing : seconds that it took to prepare them; None: those since the last one ended.
        """
        if preparing is None and self._ended is not None:
            preparing = self._now() - self._ended
        if preparing is not None:
            self._stays_on = preparing <= (LONG if self._is_on else LONG / SLOWER)
        if not self._is_on:
            self._switch(True)
            self._is_on = True
        try:
            yield
        finally:
            if not self._stays_on:
                self._switch(False)
                self._is_on = False
            self._ended = self._now()
