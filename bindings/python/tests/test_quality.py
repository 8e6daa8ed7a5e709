"""Loss, silence and speech as the application is told of them."""

from __future__ import annotations

import asyncio
from array import array

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway
from tones import speak


async def test_loss_is_warned_of_until_it_is_over(gateway: Gateway) -> None:
    loss = sw.WarningKind.HIGH_LOSS
    async with gateway.client() as client:
        call = client.dial("/public/tone")
        events = call.events()
        speaking, mos = False, 0.0
        while not (speaking and mos):
            event = await anext(events)
            if event.is_speaking_changed():
                assert not event.is_local
                speaking = event.is_speaking
            elif event.is_quality_changed():
                mos = event.mos
        assert mos > 4.0
        warnings = (e async for e in events if e.is_warning() and e.kind == loss)
        gateway.fault("impair_media", call_id=call.id, loss=0.25)
        assert (await anext(warnings)).is_raised
        assert call.stats.mos < 4.0 and call.stats.packets_lost > 0
        gateway.fault("impair_media", call_id=call.id)
        assert not (await anext(warnings)).is_raised
        await call.hangup()


async def be_silent(call: sw.Call) -> None:
    """Sends digital silence until this is cancelled."""
    silence = array("h", bytes(2 * 960))
    while True:
        if call.queued_audio_ms < 100:
            call.push_audio(silence)
        else:
            await asyncio.sleep(0.005)


async def test_a_microphone_without_sound_is_noticed(gateway: Gateway) -> None:
    silent = sw.WarningKind.SILENT_MICROPHONE
    async with gateway.client() as client:
        call = client.dial("/public/echo")
        await call.answered()
        told = call.events()
        sending = asyncio.create_task(be_silent(call))
        warnings = (e async for e in told if e.is_warning() and e.kind == silent)
        assert (await anext(warnings)).is_raised
        speech = call.events()
        sending.cancel()
        sending = asyncio.create_task(speak(call, 500))
        assert not (await anext(warnings)).is_raised
        # First here, then, by the echo, there.
        turns = (e async for e in speech if e.is_speaking_changed())
        first, second = await anext(turns), await anext(turns)
        assert [first.is_local, second.is_local] == [True, False]
        assert first.is_speaking and second.is_speaking
        sending.cancel()
        await call.hangup()
