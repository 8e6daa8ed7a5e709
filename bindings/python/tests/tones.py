"""Tones, how to hear them, and waiting for things."""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections.abc import Callable

from signalwire_client import AudioFrame, Call


def tone(hz: float, rate: int, milliseconds: int, channels: int = 1) -> array[int]:
    """A sine; whole periods of it join without a click."""
    step = 2 * math.pi * hz / rate
    wave = (int(12_000 * math.sin(step * n)) for n in range(rate * milliseconds // 1000))
    return array("h", (sample for sample in wave for _ in range(channels)))


def share_of(hz: float, rate: int, samples: memoryview | array[int]) -> float:
    """Which share of the energy lies at ``hz``, 0 to 1; 0 for near silence. Goertzel."""
    energy = sum(sample * sample for sample in samples)
    if energy < 100_000 * len(samples):
        return 0.0
    factor = 2 * math.cos(2 * math.pi * hz / rate)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    power = last * last + before * before - factor * last * before
    return 2 * power / (len(samples) * energy)


class Ear:
    """An audio callback that keeps what it hears."""

    def __init__(self) -> None:
        self.frames: list[AudioFrame] = []

    def __call__(self, frame: AudioFrame) -> None:
        self.frames.append(frame)

    def hears(self, hz: float) -> bool:
        """Whether the last ten frames are this tone."""
        last = self.frames[-10:]
        if len(last) < 10:
            return False
        data = b"".join(frame.data for frame in last)
        return share_of(hz, last[0].sample_rate_hz, memoryview(data).cast("h")) > 0.5


async def until(condition: Callable[[], bool], seconds: float = 15.0) -> None:
    """Waits for a condition that somebody else brings about."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)


async def speak(call: Call, hz: float, rate: int = 48_000) -> None:
    """Sends a tone until the call ends or this is cancelled."""
    sound = tone(hz, rate, 50)
    while True:
        if call.queued_audio_ms < 100:
            call.push_audio(sound, sample_rate_hz=rate)
        else:
            await asyncio.sleep(0.005)
