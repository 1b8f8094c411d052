"""Being stopped: a program that is told to end puts its work in order first.

An interrupt (``SIGINT``) raises an exception, and so everything that has to be undone on the way
out is; a request to end (``SIGTERM``) would end Python on the spot. Within :func:`stops_in_order`
it raises, too. ``SIGKILL`` cannot be seen coming: workers and other helpers watch the process that
started them, and the operating system drops its locks.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 128 + signal.SIGTERM
"""Exit code of a program that was told to end."""
_PARENT = os.getppid()
"""Who started this process; asked for as early as can be, because it may not be there for long."""
_LOOK_S = 0.5


@contextmanager
def stops_in_order() -> Iterator[None]:
    """A block that ``SIGTERM`` leaves by ``SystemExit(143)``; a second one ends it on the spot.

    Under ``make``, the end of ``make`` counts as one: nobody is there any more for whom to go on.
    It changes nothing outside the main thread, where signals do not arrive.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    over = threading.Event()
    before = signal.signal(signal.SIGTERM, _leave)
    if "MAKELEVEL" in os.environ:
        _when_parent_ends(lambda: os.kill(os.getpid(), signal.SIGTERM), over)
    try:
        yield
    finally:
        over.set()
        signal.signal(signal.SIGTERM, before)


def end_with_parent() -> None:
    """End this process, whatever it is doing, as soon as the one that started it has ended."""
    _when_parent_ends(lambda: os._exit(TERMINATED), threading.Event())


def _leave(_number: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    raise SystemExit(TERMINATED)


def _when_parent_ends(act: Callable[[], None], over: threading.Event) -> None:
    """Where there are no orphans (Windows), the number of the parent never changes."""

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if os.getppid() != _PARENT:
                act()
                return

    threading.Thread(target=watch, daemon=True).start()
