"""A session that outlives its process."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway

DYING = """
import asyncio, os
from signalwire_client import Client

async def main():
    client = Client(
        os.environ["SW_TOKEN"],
        ws_url=os.environ["SW_WS_URL"],
        http_url=os.environ["SW_HTTP_URL"],
        ca_certificates_pem=open(os.environ["SW_CA_FILE"]).read(),
        media_addresses=["127.0.0.1"],
    )
    await client.connect()
    call = client.dial("/public/tone")
    events = call.events()
    async for event in events:
        if event.is_media_connected():
            break
    print(call.id, client.session_record(), flush=True)
    os._exit(0)

asyncio.run(main())
"""


@pytest.mark.parametrize("with_credentials", [False, True])
async def test_another_process_goes_on_with_a_call(
    gateway: Gateway, with_credentials: bool
) -> None:
    token = gateway.token()
    variables = {
        "SW_TOKEN": token,
        "SW_WS_URL": gateway.ws_url,
        "SW_HTTP_URL": gateway.http_url,
        "SW_CA_FILE": gateway.ca_file,
    }
    dead = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", DYING],
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    call_id, record = dead.stdout.split()
    options = gateway.options() | {"resume_from": record}
    if with_credentials:
        client = sw.Client.with_credentials(sw.Credentials.token(token), **options)
    else:
        client = sw.Client(token, **options)
    events = client.events()
    await client.connect()
    restored = await anext(event async for event in events if event.is_call_restored())
    assert restored.call_id == call_id
    call = client.call(call_id)
    assert call is not None and call.state == sw.CallState.ACTIVE
    await call.send_digits("5")
    assert gateway.call(call_id)["digits"] == "5"
    await call.hangup()
    await client.disconnect()


def test_a_damaged_record_is_refused(gateway: Gateway) -> None:
    options = gateway.options() | {"resume_from": "damaged"}
    with pytest.raises(sw.InvalidArgumentError):
        sw.Client(gateway.token(), **options)
    with pytest.raises(sw.InvalidArgumentError):
        sw.Client.with_credentials(sw.Credentials.token(gateway.token()), **options)
