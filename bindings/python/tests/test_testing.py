"""The package's pytest fixtures, as its users have them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway, GatewayError, Subscriber, find_gateway, run_gateway


async def test_a_client_is_connected_and_calls_another(
    sw_client: sw.Client, sw_other_client: sw.Client, sw_other_subscriber: Subscriber
) -> None:
    assert sw_client.state is sw.ClientState.CONNECTED
    events = sw_other_client.events()
    await sw_other_client.online()
    call = sw_client.dial(sw_other_subscriber.address)
    ringing = await anext(event async for event in events if event.is_incoming_call())
    theirs = sw_other_client.call(ringing.call_id)
    assert theirs is not None
    await theirs.answer()
    await call.answered()
    await call.hangup()
    await theirs.ended()


async def test_the_gateway_calls_and_presses_keys(
    sw_gateway: Gateway, sw_client: sw.Client, sw_subscriber: Subscriber
) -> None:
    with pytest.raises(GatewayError, match="nobody is online"):
        sw_gateway.call_subscriber(sw_subscriber)
    events = sw_client.events()
    await sw_client.online()
    call_id = sw_gateway.call_subscriber(sw_subscriber, source="tone", telephone_events=True)
    await anext(event async for event in events if event.is_incoming_call())
    call = sw_client.call(call_id)
    assert call is not None
    heard = call.events()
    await call.answer()
    await anext(event async for event in heard if event.is_media_connected())
    assert sw_gateway.press_keys("5", call_id=call_id) == 1
    digit = await anext(event async for event in heard if event.is_digit_received())
    assert digit.digit == "5"
    sw_gateway.hang_up(call_id)
    assert (await call.ended()).kind is sw.EndKind.REMOTE_HANGUP
    assert sw_gateway.recording(call_id).startswith(b"RIFF")


async def test_faults_end_with_the_test(
    sw_gateway: Gateway, sw_client: sw.Client, sw_fault: Callable[..., dict[str, Any]]
) -> None:
    sw_fault("delay_answers", ms=50)
    assert sw_gateway.state()["faults"]["delay_ms"] == 50
    sw_gateway.clear_faults()
    assert sw_gateway.state()["faults"]["delay_ms"] == 0
    with pytest.raises(GatewayError, match="no such fault"):
        sw_fault("no such thing")
    with pytest.raises(GatewayError, match="no call"):
        sw_gateway.call("nobody")


def test_subscribers_keep_their_secrets(sw_gateway: Gateway) -> None:
    first, second = sw_gateway.subscriber(), sw_gateway.subscriber()
    assert first.reference != second.reference
    assert first.token not in repr(first) and sw_gateway.api_token not in repr(sw_gateway)
    assert Subscriber("Ann.B@example.com", "").address == "/private/ann-b-example-com"


async def test_a_gateway_without_pytest() -> None:
    with run_gateway() as gateway:
        async with gateway.client() as client:
            assert (await client.subscriber_info()).id
    with pytest.raises(GatewayError, match="does not answer"):
        gateway.state()


def pytest_run(folder: Path, test: str, *options: str, **variables: str) -> tuple[int, str]:
    """A run of its own in an empty project."""
    (folder / "test_it.py").write_text(test)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options]
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_the_fixtures_work_with_pytest_asyncio(tmp_path: Path) -> None:
    test = """
async def test_echo(sw_gateway, sw_client):
    call = sw_client.dial("/public/echo")
    await call.answered()
    assert (await sw_gateway.until(lambda g: g.call(call.id)["state"] == "answered"))
"""
    code, said = pytest_run(tmp_path, test, "-o", "asyncio_mode=auto")
    assert code == 0 and "1 passed" in said, said


def test_a_missing_gateway_fails_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    test = "def test_it(sw_gateway): pass"
    code, said = pytest_run(tmp_path, test, SW_GATEWAY_BIN=str(tmp_path / "nothing"))
    assert code == 1 and "SW_GATEWAY_BIN names no program" in said, said
    monkeypatch.setitem(sys.modules, "signalwire_client_testing", None)
    monkeypatch.delenv("SW_GATEWAY_BIN", raising=False)
    with pytest.raises(GatewayError, match=r"pip install 'signalwire-client\[testing\]'"):
        find_gateway()


def test_the_plugin_costs_nothing_where_it_is_not_used(tmp_path: Path) -> None:
    test = """
import sys
def test_it():
    assert "signalwire_client._pytest" in sys.modules
    assert "signalwire_client._native" not in sys.modules
    assert "signalwire_client.testing" not in sys.modules
"""
    code, said = pytest_run(tmp_path, test)
    assert code == 0, said
