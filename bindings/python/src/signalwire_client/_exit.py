"""The end of the process.

A thread of the library that is inside a callback, or that tells the end of a wait, while the
interpreter ends would abort the process; the library must end first.
"""

from __future__ import annotations

import atexit
import os

from . import _native

_used_in_process = 0
"""The process that used the library last; a forked child has nothing to shut down."""


def mark_used() -> None:
    """Called by whatever is made here that makes the library's threads work."""
    global _used_in_process
    _used_in_process = os.getpid()


def _shutdown_at_exit() -> None:
    if os.getpid() == _used_in_process:
        _native.shutdown()


atexit.register(_shutdown_at_exit)
