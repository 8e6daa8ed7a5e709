"""Carries the program ``sw-gateway`` for :mod:`signalwire_client.testing`, which is what to use."""

from __future__ import annotations

import sys
from pathlib import Path


def program() -> Path:
    """The program of this platform."""
    name = "sw-gateway.exe" if sys.platform == "win32" else "sw-gateway"
    return Path(__file__).parent / "bin" / name
