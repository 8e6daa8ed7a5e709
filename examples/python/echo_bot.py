"""Answers every call and sends back what it hears.

SW_TOKEN=… python echo_bot.py
"""

from __future__ import annotations

import bot

from signalwire_client import Call


async def echo(call: Call) -> None:
    """One call, until the caller hangs up."""
    await call.answer()
    async with call.audio() as frames:
        async for frame in frames:
            call.push_audio(frame.data, sample_rate_hz=frame.sample_rate_hz)


if __name__ == "__main__":
    bot.run("echo_bot", echo)
