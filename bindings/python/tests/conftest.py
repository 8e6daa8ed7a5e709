"""Coroutines as tests, with the fixtures that users of the package have."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from signalwire_client.testing import Gateway

DEADLINE = 40.0
"""Seconds for one test; only a hang takes so long."""


@pytest.fixture(scope="session")
def gateway(sw_gateway: Gateway) -> Gateway:
    return sw_gateway


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), DEADLINE))
    return True
