"""The test of everything that a call needs, and what is told for a report of a problem."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway, run_gateway
from tones import until


def unused_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def milliseconds(times: sw.ConnectTimes) -> float:
    """The sum of the steps that follow on one another."""
    opened = times.token_ms + times.dns_ms + times.tcp_ms + times.tls_ms + times.websocket_ms
    return float(opened + times.authorize_ms)


async def test_a_good_network_passes_and_the_steps_sum_up(gateway: Gateway) -> None:
    client = gateway.client()
    assert client.connect_times is None
    report = await client.preflight("/public/echo", call_ms=2_000)
    assert report.verdict == sw.PreflightVerdict.PASSED, report
    assert report.problems == []
    assert client.state == sw.ClientState.CONNECTED
    times = client.connect_times
    assert times is not None and times == report.signalling
    assert times.tls_ms > 0 and times.websocket_ms > 0 and times.authorize_ms > 0
    assert milliseconds(times) == pytest.approx(times.total_ms, abs=1)
    heard = report.call
    assert heard is not None and heard.is_echo_heard and heard.first_packet_ms is not None
    assert (heard.codec.lower(), heard.loss_fraction) == ("opus", 0.0)
    assert (await client.preflight()).call is None
    await client.disconnect()
    with pytest.raises(sw.ClosedError):
        await client.preflight()


async def test_the_report_names_what_is_wrong(gateway: Gateway) -> None:
    kind = sw.PreflightProblemKind
    async with gateway.client() as client:
        deaf = await client.preflight("/public/record", call_ms=1_000)
        assert deaf.verdict == sw.PreflightVerdict.FAILED
        assert kind.NO_ECHO in [problem.kind for problem in deaf.problems]
        nobody = await client.preflight("/public/nobody", call_ms=1_000)
        assert [problem.kind for problem in nobody.problems] == [kind.CALL_FAILED]
        assert nobody.problems[0].message
        with pytest.raises(sw.InvalidArgumentError, match="call_ms"):
            await client.preflight(call_ms=999)
        with pytest.raises(sw.InvalidArgumentError):
            await client.preflight("no address")
    nowhere = {"ws_url": f"wss://127.0.0.1:{unused_port()}", "connect_timeout_ms": 3_000}
    expired = {"token": gateway.token(ttl=-5)}
    for options, expected in ((nowhere, kind.NO_SIGNALLING), (expired, kind.UNAUTHORIZED)):
        client = gateway.client(**options)
        report = await client.preflight("/public/echo")
        assert [problem.kind for problem in report.problems] == [expected]
        assert report.signalling is None and report.call is None
        await client.disconnect()


async def test_servers_that_do_not_answer_are_named_without_credentials() -> None:
    kind = sw.PreflightProblemKind
    server = {
        "urls": [f"turn:127.0.0.1:{unused_port()}?transport=tcp"],
        "username": "user",
        "credential": "cAnArY-credential",
    }
    with run_gateway("--ice-servers", json.dumps([server])) as gateway:
        async with gateway.client() as client:
            report = await client.preflight()
    assert report.verdict == sw.PreflightVerdict.IMPAIRED
    assert [problem.kind for problem in report.problems] == [kind.SERVER_UNREACHABLE, kind.NO_RELAY]
    (shown,) = report.servers
    assert (shown.transport, shown.is_relay) == (sw.PreflightTransport.TCP, True)
    assert not shown.is_reached and shown.error
    assert "cAnArY" not in repr(report)


async def test_giving_up_the_wait_hangs_up_the_test_call(gateway: Gateway) -> None:
    async with gateway.client() as client:
        test = asyncio.create_task(client.preflight("/public/echo", call_ms=60_000))
        await until(lambda: len(client.calls()) == 1)
        (call,) = client.calls()
        await call.answered()
        test.cancel()
        with pytest.raises(asyncio.CancelledError):
            await test
        assert (await call.ended()).kind == sw.EndKind.LOCAL_HANGUP


async def test_diagnostics_tell_what_happened_and_no_secret(gateway: Gateway) -> None:
    token = gateway.token()
    client = gateway.client(token=token, agent="diagnosed")
    assert json.loads(client.diagnostics())["connect_times"] is None
    await client.connect()
    call = client.dial("/public/echo")
    events = call.events()
    await anext(event async for event in events if event.is_media_connected())
    told = json.loads(client.diagnostics())
    assert (told["state"], told["library"]) == ("Connected", sw.version())
    assert told["options"]["agent"] == "diagnosed"
    assert told["connect_times"]["total_ms"] > 0
    (shown,) = told["calls"]
    assert (shown["id"], shown["state"]) == (call.id, "Active")
    assert "a=ice-pwd:<redacted>" in shown["local_description"]
    assert "a=fingerprint:<redacted>" in shown["remote_description"]
    await call.hangup()
    after = json.loads(client.diagnostics())
    assert after["calls"] == []
    assert [ended["id"] for ended in after["ended_calls"]] == [call.id]
    assert json.loads(call.diagnostics())["end"]["kind"] == "LocalHangup"
    everything = json.dumps([told, after]) + call.diagnostics()
    secrets = [part for part in token.split(".")[1:] if len(part) >= 8]
    assert secrets
    assert not any(part in everything for part in secrets)
    await client.disconnect()
