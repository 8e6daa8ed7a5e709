"""Calls an address, plays a file into the call and records what comes back.

    SW_TOKEN=… python dial.py /public/echo --play hello.wav --record answer.wav

SW_TOKEN is a subscriber access token. For a private deployment SW_WS_URL and SW_HTTP_URL name
its servers and SW_CA_FILE its CA certificates.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from pathlib import Path

from signalwire_client import Call, CallEvent, Client, SignalWireError


def client() -> Client:
    ca_file = os.environ.get("SW_CA_FILE")
    return Client(
        os.environ["SW_TOKEN"],
        ws_url=os.environ.get("SW_WS_URL"),
        http_url=os.environ.get("SW_HTTP_URL"),
        ca_certificates_pem=Path(ca_file).read_text() if ca_file else None,
        agent="dial.py",
    )


async def show_events(call: Call) -> None:
    async for event in call.events():
        if isinstance(event, CallEvent.STATE_CHANGED):
            print(f"{event.previous.name} -> {event.state.name}")
        elif isinstance(event, CallEvent.MEDIA_CONNECTED):
            print(f"audio is up: {event.codec}")
        elif isinstance(event, CallEvent.ENDED):
            print(f"over: {event.reason.message}")


async def run(options: argparse.Namespace) -> None:
    async with client() as session:
        call = session.dial(options.address)
        watcher = asyncio.create_task(show_events(call))
        await call.answered()
        recorder = call.record_wav(options.record) if options.record else None
        if options.play:
            await call.play_wav(options.play)
        await asyncio.wait({asyncio.ensure_future(call.ended())}, timeout=options.seconds)
        if recorder is not None:
            recorder.finish()
        await call.hangup()
        await watcher
        stats = call.stats
        print(
            f"{stats.codec}: packets {stats.packets_sent} sent, {stats.packets_received} received"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description="Calls an address.")
    parser.add_argument("address", help="such as /public/echo or +15551234567")
    parser.add_argument("--play", metavar="WAV", help="plays this file into the call")
    parser.add_argument("--record", metavar="WAV", help="records the received audio")
    parser.add_argument("--seconds", type=float, default=3.0, help="then hangs up (default 3)")
    try:
        asyncio.run(run(parser.parse_args()))
    except SignalWireError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None


if __name__ == "__main__":
    main()
