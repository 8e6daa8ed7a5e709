"""Devices without hardware, and the audio processor where the library was built with it."""

from __future__ import annotations

import asyncio
import math
from array import array

import pytest

from aio import anext
from conftest import Gateway
from signalwire_client import (
    AudioDeviceEvent,
    AudioDeviceKind,
    AudioDevices,
    AudioProcessor,
    ClosedError,
    InvalidArgumentError,
    NoiseSuppression,
    NotFoundError,
    NotSupportedError,
)

LIMIT = 20


def test_the_wheel_has_no_devices_and_says_so() -> None:
    with pytest.raises(NotSupportedError, match="feature `devices`"):
        AudioDevices.system()


async def test_a_call_with_silent_devices(gateway: Gateway) -> None:
    devices = AudioDevices.silent()
    facts = [(d.id, d.kind, d.is_default, d.sample_rates_hz) for d in devices.list()]
    assert facts == [
        ("null", AudioDeviceKind.INPUT, True, [48000]),
        ("null", AudioDeviceKind.OUTPUT, True, [48000]),
    ]
    with pytest.raises(NotFoundError, match='"Silence"'):
        devices.open_microphone("none")
    events = devices.events()
    with devices.open_loudspeaker("silence") as loudspeaker:
        microphone = devices.open_microphone(echo_of=loudspeaker)
        for kind in (AudioDeviceKind.OUTPUT, AudioDeviceKind.INPUT):
            event = await asyncio.wait_for(anext(events), LIMIT)
            assert isinstance(event, AudioDeviceEvent.OPENED)
            assert event.device.kind == kind
        async with gateway.client() as client:
            call = client.dial("/public/echo")
            await call.answered()
            call.connect_microphone(microphone)
            call.connect_loudspeaker(loudspeaker)
            assert microphone.stats.captured_ms == 0
            assert loudspeaker.stats.underruns == 0
            assert microphone.device is not None
            microphone.stop()
            microphone.stop()
            assert microphone.device is None
            call.disconnect_microphone(microphone)
            call.disconnect_loudspeaker(loudspeaker)
            await call.hangup()
            with pytest.raises(ClosedError):
                call.connect_microphone(microphone)
    assert loudspeaker.device is None


def test_a_processor_or_why_there_is_none() -> None:
    try:
        processor = AudioProcessor(noise_suppression=NoiseSuppression.OFF, echo_cancellation=False)
    except NotSupportedError as error:
        assert "feature `audio-processing`" in error.reason
        return
    tone = array("h", (int(8000 * math.sin(i / 20)) for i in range(1000)))
    cleaned = processor.process_capture(tone)
    assert len(cleaned) == 2 * 960
    assert len(processor.process_capture(tone[:440])) == 2 * 480
    processor.process_render(tone)
    processor.set_delay_ms(100)
    with pytest.raises(InvalidArgumentError):
        processor.set_delay_ms(501)
    with pytest.raises(InvalidArgumentError):
        processor.process_render(b"\0\0", channels=2)
    assert processor.stats.delay_ms is None
