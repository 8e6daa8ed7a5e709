"""Pictures: their memory, and their way through a call where the library was built with codecs.

The wheels are built without them; ``test.sh`` runs this file once more with a library that has them
and sets SW_TEST_CODECS.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from typing import Any

import numpy
import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway
from test_guides import pieces, run
from tones import until

I420, NV12 = sw.PixelFormat.I420, sw.PixelFormat.NV12
HAS_CODECS = os.environ.get("SW_TEST_CODECS") == "1"
with_codecs = pytest.mark.skipif(not HAS_CODECS, reason="the library of the wheel has no codecs")


def test_planes_are_memory_that_keeps_its_picture() -> None:
    card = sw.TestCard(160, 96)
    picture = card.picture(321, timestamp_us=5).to_format(NV12)
    assert (picture.format, picture.width, picture.height) == (NV12, 160, 96)
    assert (picture.timestamp_us, picture.rotation) == (5, sw.Rotation.NONE)
    luma, colour = picture.plane(0), picture.plane(1)
    assert (luma.shape, colour.shape, luma.readonly) == ((96, 160), (48, 160), True)
    # The strip at the top begins with a white cell and a black one.
    assert luma[6, 2] > 200 > 60 > luma[6, 9]
    array = numpy.asarray(luma)
    assert numpy.shares_memory(array, numpy.asarray(picture.plane(0)))
    before = bytes(luma)
    with pytest.raises(IndexError):
        picture.plane(2)
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    del picture, luma, colour
    gc.collect()
    for number in range(20):
        card.picture(number)
    assert array.tobytes() == before


def test_pictures_are_made_of_any_contiguous_memory() -> None:
    card = sw.TestCard(160, 96)
    source = card.picture(77)
    planes = [numpy.asarray(source.plane(number)) for number in range(3)]
    made = sw.Picture(I420, 160, 96, planes, timestamp_us=9)
    assert (card.read(made), made.timestamp_us) == (77, 9)
    assert bytes(made.plane(2)) == planes[2].tobytes()
    padded = [numpy.pad(plane, ((0, 0), (0, 8))) for plane in planes]
    assert card.read(sw.Picture(I420, 160, 96, padded)) == 77
    flat = [plane.tobytes() for plane in padded]
    assert card.read(sw.Picture(I420, 160, 96, flat, strides=[168, 88, 88])) == 77
    turned = made.with_rotation(sw.Rotation.CLOCKWISE90).with_timestamp_us(11)
    assert (turned.rotation, turned.timestamp_us) == (sw.Rotation.CLOCKWISE90, 11)
    assert (turned.upright().width, card.read(turned.upright())) == (96, None)
    assert card.read(made.scaled(320, 192)) == 77
    assert repr(turned) == "<Picture 160x96 I420, 11 us, 90 degrees>"


def test_mistakes_are_exceptions_that_say_what_to_do() -> None:
    planes = [bytes(160 * 96), bytes(80 * 48), bytes(80 * 48)]
    for wrong, text in [
        (lambda: sw.Picture(I420, 160, 96, planes[:2]), "has 3 planes; got 2"),
        (lambda: sw.Picture(NV12, 160, 96, planes), "has 2 planes; got 3"),
        (lambda: sw.Picture(I420, 160, 98, planes), "98 rows of 160 bytes"),
        (lambda: sw.Picture(I420, 160, 96, planes, strides=[159, 80, 80]), "stride of 159"),
        (lambda: sw.Picture(I420, 160, 96, planes, strides=[160]), "planes"),
        (lambda: sw.Picture(I420, 8, 8, planes), "16x16"),
        (lambda: sw.Picture(I420, 2**31, 2**31, planes), "rows of"),
        (lambda: sw.Picture(I420, 160, 96, planes, timestamp_us=-1), "timestamp_us"),
        (lambda: sw.TestCard(95, 48), "96x48"),
        (lambda: sw.TestCard(96, 48).picture(65_536), "0 to 65535"),
    ]:
        with pytest.raises(sw.InvalidArgumentError, match=text):
            wrong()
    with pytest.raises(sw.InvalidArgumentError, match="contiguous"):
        sw.Picture(I420, 160, 96, [memoryview(bytes(160 * 96 * 2))[::2], *planes[1:]])
    with pytest.raises(TypeError):
        sw.Picture("i420", 160, 96, planes)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        sw.Picture(I420, 160, 96, ["no memory"] * 3)  # type: ignore[list-item]


@pytest.mark.skipif(HAS_CODECS, reason="the library has codecs")
async def test_the_wheel_has_no_codecs_and_says_how_to_get_them(gateway: Gateway) -> None:
    card = sw.TestCard(160, 96).picture(1)
    async with gateway.client() as client:
        call = client.dial("/public/echo", video=sw.MediaDirection.SEND_RECEIVE)
        for refused in [
            lambda: call.push_picture(card),
            lambda: call.add_picture_sink(print),
            call.pictures,
            card.to_png,
        ]:
            with pytest.raises(sw.NotSupportedError, match="video-codecs sh bindings/python"):
                refused()
        with pytest.raises(sw.NotSupportedError, match="video-codecs"):
            call.set_video_encoding(max_width=640)
        assert call.picture_stats.decoded == 0
        await call.hangup()


@contextlib.asynccontextmanager
async def shown(call: sw.Call, card: sw.TestCard) -> AsyncIterator[None]:
    """Shows numbered cards, 30 per second."""

    async def show() -> None:
        for number in range(65_536):
            call.push_picture(card.picture(number, number * 33_333))
            await asyncio.sleep(0.033)

    showing = asyncio.create_task(show())
    try:
        yield
    finally:
        showing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await showing


async def test_the_mirror_of_the_guide() -> None:
    found = [p.values[0] for p in pieces() if "async def mirror" in str(p.values[0])]
    names: dict[str, Any] = {}
    await run(str(found[0]), names)
    card = sw.TestCard(160, 96).picture(1)
    black = sw.Picture(I420, 160, 96, [b"\x10" * 160 * 96, *[b"\x80" * 80 * 48] * 2])
    sent: list[sw.Picture] = []

    class Pretended:
        push_picture = staticmethod(sent.append)

        async def pictures(self) -> AsyncIterator[sw.Picture]:
            for picture in [black, card, black]:
                yield picture

    await names["mirror"](Pretended())
    assert sent == [card]


@with_codecs
@pytest.mark.parametrize("codec", list(sw.VideoCodec))
async def test_test_cards_come_back_through_a_call(gateway: Gateway, codec: sw.VideoCodec) -> None:
    both = sw.MediaDirection.SEND_RECEIVE
    card = sw.TestCard(160, 96)
    async with gateway.client() as client:
        ringing = client.dial("/public/never", video=both)
        with pytest.raises(sw.InvalidStateError):
            ringing.push_picture(card.picture(0))
        await ringing.hangup()
        call = client.dial("/public/echo", video=both, video_codecs=[codec])
        await anext(event async for event in call.events() if event.is_video_connected())
        call.set_video_encoding(max_bitrate_bps=400_000)
        with pytest.raises(sw.InvalidArgumentError):
            call.set_video_encoding(max_frame_rate=-1)
        failing = call.add_picture_sink(lambda picture: 1 / 0)
        kept = []
        async with shown(call, card), call.pictures(format=NV12, queue_pictures=30) as pictures:
            async for picture in pictures:
                kept.append(picture)
                if len(kept) == 10:
                    break
            await until(lambda: failing.failures > 1)
        call.remove_picture_sink(failing)
        numbers = [card.read(picture) for picture in kept]
        assert None not in numbers
        assert numbers == sorted(set(numbers)), "in order, none twice"
        assert {picture.format for picture in kept} == {NV12}
        assert kept[0].to_png().startswith(b"\x89PNG")
        stats = call.picture_stats
        assert stats.decoded >= 10
        assert (stats.encode_errors, stats.decode_errors) == (0, 0)
        rest = call.pictures()
        await call.hangup()
        async for _ in rest:
            pass
        with pytest.raises(sw.ClosedError):
            call.push_picture(kept[0])
        with pytest.raises(sw.ClosedError):
            call.pictures()
    assert card.read(kept[-1]) == numbers[-1], "it outlives its call"
