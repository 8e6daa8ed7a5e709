"""Tests without the service: a gateway on this machine that behaves like it, and pytest fixtures.

    pip install 'signalwire-client[testing]'

    async def test_the_bot_echoes(sw_gateway, sw_client):
        call = sw_client.dial("/public/echo")
        await call.answered()
        ...

The fixtures are in :mod:`signalwire_client._pytest`, which pytest finds by itself. Without
pytest, :func:`run_gateway` starts a gateway, and ``python -m signalwire_client.testing`` does so
for a person or for a program in another language.

The gateway is the program ``sw-gateway``: sessions, calls and real media on loopback, with faults
on demand. It comes with the package ``signalwire-client-testing``, or the environment variable
``SW_GATEWAY_BIN`` names it. It is for tests only: nothing here is imported by the package itself.
"""

from __future__ import annotations

from .gateway import (
    Gateway,
    GatewayError,
    Subscriber,
    find_gateway,
    run_gateway,
)

__all__ = [
    "Gateway",
    "GatewayError",
    "Subscriber",
    "find_gateway",
    "run_gateway",
]
