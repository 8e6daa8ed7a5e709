"""An answering machine: beeps, records what the caller says, and ends with # or after a minute.

SW_TOKEN=… python recorder.py messages/
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

import bot
import sounds

from signalwire_client import Call, CallEvent, EventStream

LONGEST = 60.0
"""Seconds of one message."""


async def record(call: Call, folder: Path, longest: float = LONGEST) -> Path:
    """Records one call, and gives the file; the caller's number and the id are its name."""
    async with call.events() as events:
        await call.answer()
        await sounds.play(call, sounds.tone(1_000, 400))
        number = "".join(c for c in call.remote_party.number if c.isalnum()) or "unknown"
        path = folder / f"{number}-{call.id}.wav"
        with call.record_wav(path, sample_rate_hz=sounds.RATE_HZ):
            try:
                await asyncio.wait_for(_until_done(events), longest)
            except asyncio.TimeoutError:
                pass
    return path


async def _until_done(events: EventStream[CallEvent]) -> None:
    """Waits for # or the end of the call, with which the events end."""
    async for event in events:
        if isinstance(event, CallEvent.DIGIT_RECEIVED) and event.digit == "#":
            return


def main() -> None:
    parser = argparse.ArgumentParser(description="Records what callers say.")
    parser.add_argument("folder", type=Path, help="where the recordings go")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)

    async def handle(call: Call) -> None:
        print(await record(call, folder), flush=True)

    bot.run("recorder", handle)


if __name__ == "__main__":
    main()
