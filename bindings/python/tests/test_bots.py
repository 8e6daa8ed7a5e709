"""The bots of ``examples/python``, called by somebody."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from array import array
from collections.abc import AsyncIterator
from pathlib import Path

import bot
import echo_bot
import ivr
import pytest
import recorder
import sounds
import voice_agent

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway, Subscriber
from tones import Ear, share_of, speak, until


@contextlib.asynccontextmanager
async def serving(client: sw.Client, handler: bot.Handler, **options: int) -> AsyncIterator[None]:
    """The bot takes calls meanwhile."""
    task = asyncio.create_task(bot.serve(client, handler, **options))
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def online(gateway: Gateway, subscriber: Subscriber) -> None:
    """Waits until somebody can be called."""

    def is_online(gateway: Gateway) -> bool:
        sessions = gateway.state()["sessions"]
        return any(s["online"] and s["reference"] == subscriber.reference for s in sessions)

    await gateway.until(is_online)


async def test_the_echo_bot(
    sw_gateway: Gateway,
    sw_client: sw.Client,
    sw_subscriber: Subscriber,
    sw_other_client: sw.Client,
) -> None:
    async with serving(sw_client, echo_bot.echo, calls_at_once=1):
        await online(sw_gateway, sw_subscriber)
        async with sw_other_client.dial(sw_subscriber.address) as call:
            ear = Ear()
            call.add_audio_sink(ear)
            speaking = asyncio.create_task(speak(call, 440))
            await until(lambda: ear.hears(440))
            speaking.cancel()
            # One call at once; the next one is told so.
            second = sw_other_client.dial(sw_subscriber.address)
            assert (await second.ended()).kind is sw.EndKind.BUSY
        await until(lambda: not sw_client.calls())


async def test_the_menu(
    sw_gateway: Gateway, sw_client: sw.Client, sw_subscriber: Subscriber
) -> None:
    prompts: list[str] = []

    async def prompt(call: sw.Call, name: str) -> None:
        prompts.append(name)
        await ivr.tones(call, name)

    async def handle(call: sw.Call) -> None:
        await ivr.Ivr(call, prompt).run(ivr.MAIN)

    async with serving(sw_client, handle):
        await online(sw_gateway, sw_subscriber)
        call_id = sw_gateway.call_subscriber(sw_subscriber, source="silence", telephone_events=True)
        await sw_gateway.until(lambda g: abs(g.call(call_id)["frequency"] - 440) < 20)
        sw_gateway.press_keys("1", call_id=call_id)
        await sw_gateway.until(lambda g: abs(g.call(call_id)["frequency"] - 600) < 20)
        await until(lambda: prompts[-1] == "welcome" and len(prompts) > 2)
        for keys, heard in (("7", "pardon"), ("2", "sales"), ("*", "welcome")):
            count = len(prompts)
            sw_gateway.press_keys(keys, call_id=call_id)
            await until(lambda count=count, heard=heard: heard in prompts[count:])
        sw_gateway.press_keys("0", call_id=call_id)
        await sw_gateway.until(lambda g: g.call(call_id)["state"] == "ended")
        assert prompts[-1] == "bye"


async def test_the_menu_gives_up_on_a_caller_who_presses_nothing(
    sw_gateway: Gateway, sw_client: sw.Client, sw_subscriber: Subscriber
) -> None:
    prompts: list[str] = []

    async def prompt(call: sw.Call, name: str) -> None:
        prompts.append(name)

    async def handle(call: sw.Call) -> None:
        await ivr.Ivr(call, prompt, patience=0.05, tries=2).run(ivr.MAIN)

    async with serving(sw_client, handle):
        await online(sw_gateway, sw_subscriber)
        call_id = sw_gateway.call_subscriber(sw_subscriber, source="silence")
        await sw_gateway.until(lambda g: g.call(call_id)["state"] == "ended")
        assert prompts == ["welcome", "welcome", "bye"]


@pytest.mark.parametrize("ending", ["the caller hangs up", "the key #"])
async def test_the_answering_machine(
    sw_gateway: Gateway,
    sw_client: sw.Client,
    sw_subscriber: Subscriber,
    tmp_path: Path,
    ending: str,
) -> None:
    done: list[Path] = []

    async def handle(call: sw.Call) -> None:
        done.append(await recorder.record(call, tmp_path))

    async with serving(sw_client, handle):
        await online(sw_gateway, sw_subscriber)
        call_id = sw_gateway.call_subscriber(sw_subscriber, source="tone", telephone_events=True)
        # Half a second of it is on the disk.
        await until(lambda: any(file.stat().st_size > 16_000 for file in tmp_path.iterdir()))
        if ending == "the key #":
            sw_gateway.press_keys("#", call_id=call_id)
        else:
            sw_gateway.hang_up(call_id)
        await until(lambda: len(done) == 1)
        await sw_gateway.until(lambda g: g.call(call_id)["state"] == "ended")
    with wave.open(str(done[0]), "rb") as file:
        assert file.getframerate() == sounds.RATE_HZ
        heard = array("h", file.readframes(file.getnframes()))
    assert share_of(440, sounds.RATE_HZ, heard[2_000:6_000]) > 0.5


class LongWinded:
    """A brain that would go on for a minute."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def reply(self, text: str) -> AsyncIterator[str]:
        self.heard.append(text)
        for _ in range(10):
            yield "on and on and on and on and on"


async def test_the_voice_agent_falls_silent_when_the_caller_speaks(
    sw_gateway: Gateway,
    sw_client: sw.Client,
    sw_subscriber: Subscriber,
    sw_other_client: sw.Client,
) -> None:
    agents: list[voice_agent.Agent] = []
    brain = LongWinded()

    async def handle(call: sw.Call) -> None:
        agents.append(voice_agent.Agent(call, voice_agent.HowLong(), brain, voice_agent.Tones()))
        await agents[-1].run()

    async with serving(sw_client, handle):
        await online(sw_gateway, sw_subscriber)
        async with sw_other_client.dial(sw_subscriber.address) as call:
            ear = Ear()
            call.add_audio_sink(ear, sample_rate_hz=sounds.RATE_HZ)

            def hears_the_agent() -> bool:
                last = ear.frames[-5:]
                return any(sounds.loudness(frame.samples) > 0.02 for frame in last)

            # What is said before media flow both ways nobody hears.
            events = call.events()
            await anext(event async for event in events if event.is_media_connected())
            await until(lambda: sw_client.calls()[0].stats.packets_received > 10)
            assert not agents[0].is_answering
            await sounds.play(call, sounds.tone(300, 600))
            await until(hears_the_agent)
            assert brain.heard and "seconds of sound" in brain.heard[0]
            agent = agents[0]
            assert agent.is_answering and agent.interruptions == 0

            # The caller cuts in, and goes on speaking until it is silent at the other end.
            speaking = asyncio.create_task(speak(call, 300))
            await until(lambda: agent.interruptions == 1)
            assert not agent.is_answering
            assert sw_client.calls()[0].queued_audio_ms == 0, "nothing more of it is sent"
            await until(lambda: not hears_the_agent())
            speaking.cancel()
            await until(lambda: len(brain.heard) == 2)


def test_the_ear_knows_a_turn_from_a_click() -> None:
    def frame(pcm: bytes) -> sw.AudioFrame:
        return sw.AudioFrame(pcm, sounds.RATE_HZ, 1, 0, False)

    ear = voice_agent.Ear()
    quiet, loud = frame(sounds.silence(20)), frame(sounds.tone(300, 20))
    turns = [ear.hear(sound) for sound in [quiet] * 5 + [loud] * 2 + [quiet] * 40]
    assert not any(turns), "two frames are a click"
    turns = [ear.hear(sound) for sound in [loud] * 50 + [quiet] * 10 + [loud] * 10 + [quiet] * 30]
    assert [turn for turn in turns if turn] == [voice_agent.Turn.BEGAN, voice_agent.Turn.ENDED]
    spoken = len(ear.turn()) / 2 / sounds.RATE_HZ
    assert 1.4 < spoken < 2.2, "the pause in the middle is part of the turn"


async def test_an_interruption_takes_back_what_pipecat_pushed(
    sw_gateway: Gateway,
    sw_client: sw.Client,
    sw_subscriber: Subscriber,
    sw_other_client: sw.Client,
) -> None:
    pytest.importorskip("pipecat", reason="pipecat-ai is not installed")
    import pipecat_transport
    from pipecat.frames.frames import (
        Frame,
        InputAudioRawFrame,
        InterruptionFrame,
        OutputAudioRawFrame,
    )
    from pipecat.processors.frame_processor import FrameDirection, FrameProcessor

    class Talker(FrameProcessor):  # type: ignore[misc, unused-ignore]
        """Says a minute of tone to the first sound, until it is interrupted."""

        has_spoken = False
        interrupted = asyncio.Event()

        async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
            await super().process_frame(frame, direction)
            if isinstance(frame, InputAudioRawFrame):
                if not self.has_spoken:
                    self.has_spoken = True
                    pcm = sounds.tone(500, 1_000) * 60
                    await self.push_frame(OutputAudioRawFrame(pcm, sounds.RATE_HZ, 1))
                elif interrupt.is_set() and not self.interrupted.is_set():
                    await self.push_frame(InterruptionFrame())
                    self.interrupted.set()
                return
            await self.push_frame(frame, direction)

    interrupt = asyncio.Event()
    talker = Talker()

    async def handle(call: sw.Call) -> None:
        await pipecat_transport.converse(call, talker)

    async with serving(sw_client, handle):
        await online(sw_gateway, sw_subscriber)
        async with sw_other_client.dial(sw_subscriber.address) as call:
            ear = Ear()
            call.add_audio_sink(ear)
            speaking = asyncio.create_task(speak(call, 300))
            await until(lambda: ear.hears(500))
            interrupt.set()
            await talker.interrupted.wait()
            await until(lambda: sw_client.calls()[0].queued_audio_ms == 0)
            heard = len(ear.frames)
            await until(lambda: len(ear.frames) > heard + 50)
            last = ear.frames[-10:]
            assert all(sounds.loudness(frame.samples) < 0.02 for frame in last), "it is silent"
            speaking.cancel()
        await until(lambda: not sw_client.calls())


async def test_a_pipecat_pipeline_echoes(
    sw_gateway: Gateway,
    sw_client: sw.Client,
    sw_subscriber: Subscriber,
    sw_other_client: sw.Client,
) -> None:
    pytest.importorskip("pipecat", reason="pipecat-ai is not installed")
    import pipecat_transport

    async def handle(call: sw.Call) -> None:
        await pipecat_transport.converse(call, pipecat_transport.Echo())

    async with serving(sw_client, handle):
        await online(sw_gateway, sw_subscriber)
        async with sw_other_client.dial(sw_subscriber.address) as call:
            ear = Ear()
            call.add_audio_sink(ear)
            speaking = asyncio.create_task(speak(call, 500))
            await until(lambda: ear.hears(500))
            speaking.cancel()
        # The pipeline has noticed and ended.
        await until(lambda: not sw_client.calls())
