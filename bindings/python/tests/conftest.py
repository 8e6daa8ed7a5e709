"""A gateway for the whole run, and coroutines as tests.

SW_GATEWAY_BIN names the ``sw-gateway`` program of the repository's test gateway.
"""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import os
import ssl
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from signalwire_client import Client

DEADLINE = 40.0
"""Seconds for one test; only a hang takes so long."""


@dataclass
class Gateway:
    """A running gateway."""

    ws_url: str
    http_url: str
    ca_pem: str
    ca_file: str
    default_token: str
    project: str
    api_token: str

    def client(self, **options: Any) -> Client:
        """A client of this gateway, with a session of its own."""
        settings = self.options() | options
        return Client(settings.pop("token", None) or self.token(), **settings)

    def options(self) -> dict[str, Any]:
        """What leads a client to this gateway."""
        return {
            "ws_url": self.ws_url,
            "http_url": self.http_url,
            "ca_certificates_pem": self.ca_pem,
            "media_addresses": ["127.0.0.1"],
        }

    def token(self, reference: str = "python@example.com", ttl: int = 3600) -> str:
        return str(self._post("/_gateway/token", reference=reference, ttl=ttl)["token"])

    def call(self, call_id: str) -> dict[str, Any]:
        """What the gateway knows about a call."""
        found = [call for call in self.state()["calls"] if call["call_id"] == call_id]
        return dict(found[0])

    def state(self) -> dict[str, Any]:
        return self._request(f"{self.http_url}/_gateway/state", None)

    def fault(self, fault: str, /, **members: Any) -> dict[str, Any]:
        """Lets something happen; the list is in ``tests/gateway/src/fault.rs``."""
        return self._post("/_gateway/fault", fault=fault, **members)

    def _post(self, path: str, **body: Any) -> dict[str, Any]:
        return self._request(self.http_url + path, json.dumps(body).encode())

    def _request(self, url: str, body: bytes | None) -> dict[str, Any]:
        trust = ssl.create_default_context(cadata=self.ca_pem)
        with urllib.request.urlopen(url, body, timeout=10, context=trust) as answer:
            return dict(json.load(answer))


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Gateway]:
    """A gateway of its own, with the arguments of ``sw-gateway``."""
    program = os.environ.get("SW_GATEWAY_BIN")
    if not program:
        pytest.skip("SW_GATEWAY_BIN does not name the test gateway")
    process = subprocess.Popen(
        [program, "--exit-on-stdin-close", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    ready = json.loads(process.stdout.readline())
    try:
        yield Gateway(
            ws_url=ready["ws_url"],
            http_url=ready["http_url"],
            ca_pem=Path(ready["ca_file"]).read_text(),
            ca_file=ready["ca_file"],
            default_token=ready["token"],
            project=ready["project"],
            api_token=ready["api_token"],
        )
    finally:
        process.stdin.close()
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def gateway() -> Iterator[Gateway]:
    with running() as gateway:
        yield gateway


def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    arguments = {name: pyfuncitem.funcargs[name] for name in names}
    asyncio.run(asyncio.wait_for(pyfuncitem.obj(**arguments), DEADLINE))
    return True
