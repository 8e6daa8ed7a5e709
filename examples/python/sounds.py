"""Sound for the bots: tones, how loud something is, and playing that stops at once."""

from __future__ import annotations

import asyncio
import math
from array import array

from signalwire_client import Call

RATE_HZ = 16_000
"""The rate at which the bots hear and speak."""
FRAME_MS = 20
LEAD_MS = 160
"""How much is pushed ahead of time, so that a late event loop is not heard."""


def tone(hz: float, milliseconds: int, level: float = 0.3) -> bytes:
    """A sine that begins and ends softly."""
    count = RATE_HZ * milliseconds // 1000
    edge = RATE_HZ // 100
    step = 2 * math.pi * hz / RATE_HZ
    samples = array("h")
    for n in range(count):
        softness = min(1.0, n / edge, (count - n) / edge)
        samples.append(int(32_767 * level * softness * math.sin(step * n)))
    return samples.tobytes()


def silence(milliseconds: int) -> bytes:
    """Nothing to hear."""
    return bytes(2 * (RATE_HZ * milliseconds // 1000))


def loudness(samples: memoryview[int]) -> float:
    """The root mean square, 0 to 1. Every fourth sample will do for telling speech from silence."""
    some = samples[::4].tolist()
    return math.sqrt(sum(sample * sample for sample in some) / max(1, len(some))) / 32_768


async def play(call: Call, pcm: bytes) -> None:
    """Plays 16-bit samples at ``RATE_HZ`` in real time; cancelling it stops the sound at once."""
    size = 2 * RATE_HZ * FRAME_MS // 1000
    try:
        for start in range(0, len(pcm), size):
            await drained(call, LEAD_MS - FRAME_MS)
            call.push_audio(pcm[start : start + size], sample_rate_hz=RATE_HZ)
        await drained(call, 0)
    except asyncio.CancelledError:
        call.clear_audio()
        raise


async def drained(call: Call, left_ms: int) -> None:
    """Waits until so much of what was pushed is left to be sent, or the call is over."""
    while call.end_reason is None:
        waiting = call.queued_audio_ms - left_ms
        if waiting <= 0:
            return
        # The audio is sent by a clock, so how long that takes is known.
        await asyncio.sleep(waiting / 1000)
