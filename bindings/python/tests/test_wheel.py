"""What is installed: the wheels that the build backend wrote."""

from __future__ import annotations

import importlib.metadata
import os
import sys
import sysconfig
from pathlib import Path

import pytest

from signalwire_client.errors import BY_KIND, SignalWireError
from signalwire_client.errors import __all__ as errors


@pytest.mark.parametrize("name", ["signalwire-client", "signalwire-client-testing"])
def test_one_wheel_fits_every_python_of_this_platform(name: str) -> None:
    wheel = importlib.metadata.distribution(name).read_text("WHEEL")
    assert wheel is not None
    tag = next(line for line in wheel.splitlines() if line.startswith("Tag: "))
    assert tag.startswith("Tag: py3-none-")
    if sys.platform == "linux" and "-gnu" in str(sysconfig.get_config_var("MULTIARCH")):
        assert tag.startswith("Tag: py3-none-manylinux_2_"), tag


def test_only_the_second_wheel_has_the_gateway() -> None:
    files = importlib.metadata.files("signalwire-client") or []
    assert not [file for file in files if "sw-gateway" in file.name]
    programs = [
        file
        for file in importlib.metadata.files("signalwire-client-testing") or []
        if file.name.startswith("sw-gateway")
    ]
    assert len(programs) == 1
    assert os.access(Path(str(programs[0].locate())), os.X_OK)


def test_every_exception_is_exported() -> None:
    assert set(errors) == {"SignalWireError", *(kind.__name__ for kind in BY_KIND.values())}
    assert all(issubclass(kind, SignalWireError) for kind in BY_KIND.values())
