"""The audio of calls through the gateway."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import weakref
from array import array
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway
from tones import Ear, share_of, speak, tone, until


@asynccontextmanager
async def call_to(gateway: Gateway, address: str) -> AsyncIterator[sw.Call]:
    """An answered call with media."""
    async with gateway.client() as client:
        call = client.dial(address)
        events = call.events()
        await call.answered()
        await anext(event async for event in events if event.is_media_connected())
        yield call


async def test_an_echo_comes_back_as_the_tone_that_was_sent(gateway: Gateway) -> None:
    async with call_to(gateway, "/public/echo") as call:
        ear = Ear()
        sink = call.add_audio_sink(ear)
        speaking = asyncio.create_task(speak(call, 440))
        await until(lambda: ear.hears(440))
        speaking.cancel()
        frame = ear.frames[-1]
        assert (frame.sample_rate_hz, frame.channels, frame.samples_per_channel) == (48_000, 1, 960)
        assert isinstance(frame.data, bytes) and len(frame.data) == 1920
        assert frame.samples.format == "h" and len(frame.samples) == 960
        times = [frame.timestamp_us for frame in ear.frames]
        assert times == sorted(set(times))
        call.remove_audio_sink(sink)
        count = len(ear.frames)
        sink.remove()
        await asyncio.sleep(0.1)
        assert len(ear.frames) == count
        assert call.stats.packets_received > 0


async def test_frames_come_at_the_rate_and_channels_that_are_asked_for(gateway: Gateway) -> None:
    async with call_to(gateway, "/public/tone") as call:
        mono, stereo = Ear(), Ear()
        call.add_audio_sink(mono, sample_rate_hz=8_000)
        call.add_audio_sink(stereo, sample_rate_hz=24_000, channels=2)
        await until(lambda: mono.hears(440) and len(stereo.frames) > 10)
        assert stereo.frames[-1].samples_per_channel == 480

        # Not sample by sample: after a late packet Opus conceals each channel by itself.
        def in_channel(channel: int) -> float:
            samples = array("h", b"".join(frame.data for frame in stereo.frames[-10:]))
            return share_of(440, 24_000, samples[channel::2])

        await until(lambda: in_channel(0) > 0.5 and in_channel(1) > 0.5)
        with pytest.raises(sw.InvalidArgumentError, match="channels"):
            call.add_audio_sink(mono, channels=3)
        with pytest.raises(sw.InvalidArgumentError, match="sample_rate_hz"):
            call.add_audio_sink(mono, sample_rate_hz=1)
        with pytest.raises(TypeError):
            call.add_audio_sink("no function")  # type: ignore[arg-type]


async def test_the_iterator_gives_frames_and_ends_with_the_call(gateway: Gateway) -> None:
    async with call_to(gateway, "/public/tone") as call:
        frames = []
        stream = call.audio(sample_rate_hz=16_000)
        async for frame in stream:
            frames.append(frame)
            if len(frames) == 25:
                await call.hangup()
        heard = b"".join(frame.data for frame in frames[10:20])
        assert share_of(440, 16_000, memoryview(heard).cast("h")) > 0.5
        assert stream.dropped == 0
        with pytest.raises(sw.ClosedError):
            call.audio()


async def test_a_slow_reader_of_the_iterator_loses_the_oldest(gateway: Gateway) -> None:
    async with call_to(gateway, "/public/tone") as call:
        async with call.audio(queue_frames=3) as stream:
            first = await anext(stream)
            await until(lambda: stream.dropped > 5)
            second = await anext(stream)
            assert second.timestamp_us - first.timestamp_us > 20_000
            reader = asyncio.create_task(anext(stream, None))
            await asyncio.sleep(0)
            reader.cancel()
            await asyncio.wait({reader})
            assert await anext(stream)
        assert await anext(stream, None) is None
        with pytest.raises(sw.InvalidArgumentError):
            call.audio(queue_frames=0)


async def test_a_forgotten_iterator_is_freed(gateway: Gateway) -> None:
    from signalwire_client import _sink

    async with call_to(gateway, "/public/tone") as call:
        stream = call.audio()
        await anext(stream)
        gone = weakref.ref(stream)
        del stream
        gc.collect()
        assert gone() is None
        await until(lambda: not _sink.living)


async def test_a_callback_that_raises_is_logged_and_goes_on(
    gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    async with call_to(gateway, "/public/tone") as call:

        def fail(frame: sw.AudioFrame) -> None:
            raise LookupError("on purpose")

        with caplog.at_level(logging.ERROR, logger="signalwire_client"):
            sink = call.add_audio_sink(fail)
            await until(lambda: sink.failures > 5)
            sink.remove()
        assert "on purpose" in caplog.text
        assert len(caplog.records) <= 2
        assert call.state is sw.CallState.ACTIVE


async def test_a_callback_may_remove_itself_and_use_the_call(gateway: Gateway) -> None:
    async with call_to(gateway, "/public/tone") as call:
        seen: list[str] = []

        def once(frame: sw.AudioFrame) -> None:
            seen.append(call.state.name)
            call.push_audio(frame.data)
            assert sw.shutdown() is False
            sink.remove()

        sink = call.add_audio_sink(once)
        await until(lambda: len(seen) > 0)
        await asyncio.sleep(0.1)
        assert seen == ["ACTIVE"]


async def test_what_can_be_pushed(gateway: Gateway) -> None:
    async with call_to(gateway, "/public/record") as call:
        samples = tone(500, 48_000, 20)
        data = samples.tobytes()
        shifted = memoryview(b"\0" + data)[1:]
        for pcm in (data, bytearray(data), memoryview(data), samples, shifted):
            assert call.push_audio(pcm) == 0
        assert call.queued_audio_ms > 0
        assert call.push_audio(bytes(2 * 48_000)) > 0, "more than the queue holds"
        assert call.push_audio(bytes(2 * 2 * 160), sample_rate_hz=8_000, channels=2) >= 0
        assert call.clear_audio() > 0 and call.queued_audio_ms == 0
        for wrong in (b"", b"x", memoryview(data)[:-1]):
            with pytest.raises(sw.InvalidArgumentError):
                call.push_audio(wrong)
        with pytest.raises(sw.InvalidArgumentError):
            call.push_audio(data[:2], channels=2)
        with pytest.raises(TypeError):
            call.push_audio(array("d", [1.0]))
        with pytest.raises(TypeError):
            call.push_audio("text")  # type: ignore[arg-type]
        await call.hangup()
        with pytest.raises(sw.ClosedError):
            call.push_audio(data)
        assert call.clear_audio() == 0


async def test_numpy_arrays_in_and_out(gateway: Gateway) -> None:
    numpy = pytest.importorskip("numpy")
    async with call_to(gateway, "/public/tone") as call:
        ear = Ear()
        call.add_audio_sink(ear, channels=2)
        await until(lambda: len(ear.frames) > 3)
        array = ear.frames[-1].to_numpy()
        assert array.shape == (960, 2) and array.dtype == numpy.int16
        assert call.push_audio(array, channels=2) == 0
        with pytest.raises((ValueError, BufferError, TypeError)):
            call.push_audio(array[::2, 0])
        with pytest.raises(TypeError):
            call.push_audio(array.astype(numpy.float32))


async def test_pushing_from_many_threads(gateway: Gateway) -> None:
    async with call_to(gateway, "/public/echo") as call:
        stop = threading.Event()
        failures: list[BaseException] = []

        def push() -> None:
            try:
                while not stop.wait(0.01):
                    call.push_audio(bytes(960))
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=push) for _ in range(4)]
        for thread in threads:
            thread.start()
        await asyncio.sleep(0.3)
        stop.set()
        for thread in threads:
            thread.join()
        assert failures == []
