"""Fixtures for pytest; found by itself where ``signalwire-client`` is installed.

- ``sw_gateway`` (session): a :class:`Gateway`; the ini option ``sw_gateway_arguments`` has its
  arguments, such as ``--dialect browser``.
- ``sw_subscriber``: a subscriber that no other test has; ``sw_other_subscriber``: another one.
- ``sw_client``, ``sw_other_client``: a connected :class:`Client` of each. They are disconnected
  after the test, which hangs up their calls.
- ``sw_fault``: ``sw_fault("drop_sockets")``, see :meth:`Gateway.fault`; what lasts is ended after
  the test.

None of them is asynchronous, so they fit pytest-asyncio, anyio and tests that run a loop of their
own: a client can be used in every event loop. The package is imported when a fixture is used.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from . import Client
    from .testing import Gateway, Subscriber


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declares the ini option."""
    parser.addini("sw_gateway_arguments", "arguments of the test gateway", "args", default=[])


@pytest.fixture(scope="session")
def sw_gateway(pytestconfig: pytest.Config) -> Iterator[Gateway]:
    """A gateway for the whole run."""
    from .testing import GatewayError, run_gateway

    try:
        with run_gateway(*pytestconfig.getini("sw_gateway_arguments")) as gateway:
            yield gateway
    except GatewayError as error:
        # Not a reason to skip: tests that silently do not run prove nothing.
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def sw_subscriber(sw_gateway: Gateway) -> Subscriber:
    """A subscriber that no other test has."""
    return sw_gateway.subscriber()


@pytest.fixture
def sw_other_subscriber(sw_gateway: Gateway) -> Subscriber:
    """Another one."""
    return sw_gateway.subscriber()


@pytest.fixture
def sw_client(sw_gateway: Gateway, sw_subscriber: Subscriber) -> Iterator[Client]:
    """A connected client; it is disconnected after the test, and its calls are hung up."""
    yield from _connected(sw_gateway, sw_subscriber)


@pytest.fixture
def sw_other_client(sw_gateway: Gateway, sw_other_subscriber: Subscriber) -> Iterator[Client]:
    """A connected client of another subscriber."""
    yield from _connected(sw_gateway, sw_other_subscriber)


@pytest.fixture
def sw_fault(sw_gateway: Gateway) -> Iterator[Callable[..., dict[str, Any]]]:
    """Lets something happen at the gateway, and ends it after the test."""
    yield sw_gateway.fault
    sw_gateway.clear_faults()


def _connected(gateway: Gateway, subscriber: Subscriber) -> Iterator[Client]:
    client = gateway.client(subscriber)
    _run(client.connect())
    yield client
    _run(client.disconnect())


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end, also where a loop is running in this thread."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
