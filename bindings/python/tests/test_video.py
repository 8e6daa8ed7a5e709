"""Encoded video through the gateway."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway
from tones import until

CLIP = Path(__file__).resolve().parents[3] / "tests" / "data" / "clip.ivf"


def clip() -> list[bytes]:
    """The VP8 frames of the clip."""
    file = CLIP.read_bytes()
    frames = []
    at = 32
    while at < len(file):
        (length,) = struct.unpack_from("<I", file, at)
        frames.append(file[at + 12 : at + 12 + length])
        at += 12 + length
    return frames


async def test_frames_come_back_and_video_stops_inside_the_call(gateway: Gateway) -> None:
    vp8 = sw.VideoCodec.VP8
    async with gateway.client() as client:
        call = client.dial("/public/echo", video=sw.MediaDirection.SEND_RECEIVE)
        events = call.events()
        await call.answered()
        await anext(event async for event in events if event.is_video_connected())
        assert call.media.video == sw.MediaDirection.SEND_RECEIVE
        seen: list[sw.VideoFrame] = []
        sink = call.add_video_sink(seen.append)
        frames = clip()
        for number, frame in enumerate(frames):
            dropped = call.push_video(bytearray(frame), vp8, timestamp_us=number * 33_333)
            assert dropped == 0
            # The next one when this one is on its way.
            await until(lambda sent=number: call.stats.video.frames_sent > sent)
        await until(lambda: len(seen) == len(frames))
        assert [frame.data for frame in seen] == frames
        first = seen[0]
        assert (first.codec, first.is_key_frame, first.width, first.height) == (vp8, True, 160, 96)
        assert call.stats.video.frames_received == len(frames)
        call.request_key_frame()
        await anext(event async for event in events if event.is_key_frame_requested())
        call.remove_video_sink(sink)
        await call.set_media(sw.MediaDirection.SEND_RECEIVE, sw.MediaDirection.INACTIVE)
        assert call.media.video == sw.MediaDirection.INACTIVE
        assert not call.is_video_muted
        with pytest.raises(sw.InvalidStateError):
            call.push_video(frames[0], vp8, timestamp_us=0)
        with pytest.raises(sw.InvalidArgumentError):
            call.push_video(b"", vp8, timestamp_us=0)
        await call.hangup()
        with pytest.raises(sw.ClosedError):
            call.add_video_sink(seen.append)


async def test_the_channel_alone_switches_video_on(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/echo?channel=video")
        events = call.events()
        await anext(event async for event in events if event.is_video_connected())
        assert call.media.video == sw.MediaDirection.SEND_RECEIVE
        assert call.parent_id is None
        await call.hangup()


async def test_a_screen_and_a_device_are_calls_of_their_own(gateway: Gateway) -> None:
    async with gateway.client() as client:
        ringing = client.dial("/public/never")
        with pytest.raises(sw.InvalidStateError):
            await ringing.start_screen_share()
        await ringing.hangup()
        call = client.dial("/public/echo")
        events = call.events()
        await anext(event async for event in events if event.is_joined())
        with pytest.raises(sw.InvalidArgumentError):
            await call.add_device(sends_video=False)
        screen = await call.start_screen_share(layout="full-screen", position="reserved-1")
        assert screen.parent_id == call.id
        told = screen.events()
        await anext(event async for event in told if event.is_video_connected())
        sends, nothing = sw.MediaDirection.SEND_ONLY, sw.MediaDirection.INACTIVE
        assert (screen.media.audio, screen.media.video) == (nothing, sends)
        for number, frame in enumerate(clip()):
            screen.push_video(frame, sw.VideoCodec.VP8, timestamp_us=number * 33_333)
            await asyncio.sleep(0.02)
        await until(lambda: screen.stats.video.frames_sent > 0)
        device = await call.add_device(sends_audio=True, sends_video=False)
        up = device.events()
        await anext(event async for event in up if event.is_media_connected())
        assert (device.media.audio, device.media.video) == (sends, nothing)
        await screen.hangup()
        assert call.state == sw.CallState.ACTIVE
        await call.hangup()
        await device.ended()
