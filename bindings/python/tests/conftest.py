"""Coroutines as tests, with the fixtures that users of the package have."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Iterator

import pytest

from signalwire_client.testing import Gateway

DEADLINE = 40.0
"""Seconds for one test; only a hang takes so long."""


@pytest.fixture(scope="session")
def gateway(sw_gateway: Gateway) -> Gateway:
    return sw_gateway


SECRET_MARK = "cAnArYsEcReT"
"""Part of every secret that the gateway makes up."""


@pytest.fixture(autouse=True)
def no_secret_is_shown(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> Iterator[None]:
    """Fails a test during which a secret was logged, at any level, or written to a stream."""
    with caplog.at_level(1):
        yield
    shown = capfd.readouterr()
    # By itself ``caplog`` has those of the present phase, which is the end.
    records = [*caplog.get_records("setup"), *caplog.get_records("call")]
    for text in (shown.out, shown.err, *map(logging.Formatter().format, records)):
        assert SECRET_MARK not in text, "a secret was shown"


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), DEADLINE))
    return True
