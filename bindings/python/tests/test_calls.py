"""Calls through the gateway: signalling and how failures are told."""

from __future__ import annotations

import asyncio
import contextlib
import wave
from pathlib import Path

import pytest

import signalwire_client as sw
from aio import aiter, anext
from signalwire_client.testing import Gateway
from tones import speak, until


async def test_the_subscriber_and_the_directory(gateway: Gateway) -> None:
    client = gateway.client()
    subscriber = await client.subscriber_info()
    assert subscriber.id and subscriber.raw_json.startswith("{")
    page = await client.addresses(page_size=100)
    dialable = {sw.dial_string(address) for address in page.addresses}
    assert "/public/echo?channel=audio" in dialable
    rooms = await client.addresses(address_type=sw.AddressType.ROOM)
    assert {address.address_type for address in rooms.addresses} == {sw.AddressType.ROOM}
    with pytest.raises(sw.InvalidArgumentError, match="page_size"):
        await client.addresses(page_size=0)


async def test_connect_and_disconnect_are_told_and_may_be_repeated(gateway: Gateway) -> None:
    client = gateway.client(agent="tests")
    events = client.events()
    assert client.state is sw.ClientState.DISCONNECTED
    await client.connect()
    await client.connect()
    assert client.state is sw.ClientState.CONNECTED
    await client.disconnect()
    await client.disconnect()
    states = [event.state async for event in events if event.is_state_changed()]
    assert states[0] is sw.ClientState.CONNECTING
    assert states[-1] is sw.ClientState.CLOSED
    with pytest.raises(sw.ClosedError):
        await client.connect()


async def test_a_call_from_dial_to_hangup(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/echo", user_variables={"who": "python"})
        assert [known.id for known in client.calls()] == [call.id]
        events = call.events()
        first = await anext(event async for event in events if event.is_state_changed())
        assert first.previous is sw.CallState.NEW
        await call.answered()
        assert call.state is sw.CallState.ACTIVE
        connected = await anext(event async for event in events if event.is_media_connected())
        assert connected.codec == "opus"
        await call.hangup()
        await call.hangup()
        seen = [event async for event in events]
        assert seen[-1].is_ended() and seen[-1].reason.kind is sw.EndKind.LOCAL_HANGUP
        assert call.end_reason == seen[-1].reason == await call.ended()
        assert call.setup_times.answered_ms and call.setup_times.media_connected_ms
        assert gateway.call(call.id)["user_variables"]["who"] == "python"
        with pytest.raises(sw.ClosedError):
            await call.send_digits("1")


@pytest.mark.parametrize(
    ("address", "kind", "code"),
    [
        ("/public/reject", "REJECTED", 21),
        ("/public/busy", "BUSY", 17),
        ("/public/nobody-by-this-name", "NOT_FOUND", 3),
    ],
)
async def test_refusals(gateway: Gateway, address: str, kind: str, code: int) -> None:
    async with gateway.client() as client:
        call = client.dial(address)
        with pytest.raises(sw.CallFailedError) as failure:
            await call.answered()
        assert failure.value.code == code
        assert str(code) in str(failure.value)
        assert call.end_reason is not None and call.end_reason.kind is sw.EndKind[kind]


async def test_the_far_side_hangs_up(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/bye")
        await call.answered()
        assert (await call.ended()).kind is sw.EndKind.REMOTE_HANGUP


async def test_nobody_answers(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/never", ring_timeout_ms=300)
        with pytest.raises(sw.CallFailedError):
            await call.answered()
        assert call.end_reason is not None and call.end_reason.kind is sw.EndKind.NO_ANSWER


async def test_digits_mute_and_hold(gateway: Gateway) -> None:
    async with gateway.client() as client:
        ringing = client.dial("/public/never")
        with pytest.raises(sw.InvalidStateError):
            await ringing.hold()
        await ringing.hangup()
        call = client.dial("/public/echo")
        events = call.events()
        await call.answered()
        await anext(event async for event in events if event.is_joined())
        with pytest.raises(sw.InvalidArgumentError):
            await call.send_digits("12x")
        await call.send_digits("12#")
        await until(lambda: "12#" in str(gateway.call(call.id)["digits"]))
        await call.mute()
        assert call.is_muted and gateway.call(call.id)["audio_muted"]
        await call.unmute()
        assert not call.is_muted and not gateway.call(call.id)["audio_muted"]
        await call.hold()
        assert call.state is sw.CallState.HELD and gateway.call(call.id)["held"]
        await call.unhold()
        assert call.state is sw.CallState.ACTIVE
        await call.hangup()


async def test_digits_in_the_audio(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/echo", dtmf=sw.DtmfMethod.RTP)
        events = call.events()
        await call.answered()
        await anext(event async for event in events if event.is_media_connected())
        await call.send_digits("4#")
        await until(lambda: gateway.call(call.id)["rtp_digits"] == "4#")
        assert gateway.call(call.id)["digits"] == ""
        gateway.fault("press_keys", digits="7", duration_ms=120)
        pressed = await anext(event async for event in events if event.is_digit_received())
        assert (pressed.digit, pressed.duration_ms) == ("7", 120)
        await call.hangup()


async def test_files_are_played_and_recorded(gateway: Gateway, tmp_path: Path) -> None:
    played, recorded = tmp_path / "in.wav", tmp_path / "out.wav"
    with wave.open(str(played), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 16_000 // 2))
    async with gateway.client() as client:
        ringing = client.dial("/public/never")
        with pytest.raises(sw.InvalidStateError):
            await ringing.play_wav(played)
        await ringing.hangup()
        call = client.dial("/public/echo")
        await call.answered()
        with call.record_wav(recorded, sample_rate_hz=8_000) as recorder:
            await call.play_wav(played)
        recorder.finish()
        with pytest.raises(sw.MediaError, match="nothing"):
            await call.play_wav(tmp_path / "nothing.wav")
        with pytest.raises(sw.MediaError):
            call.record_wav(tmp_path / "no-folder" / "x.wav")
    with wave.open(str(recorded), "rb") as file:
        assert file.getframerate() == 8_000
        assert file.getnframes() > 8_000 // 4


async def test_both_sides_are_recorded(gateway: Gateway, tmp_path: Path) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/tone", packet_time_ms=40, audio_codecs=[sw.AudioCodec.G722])
        await call.answered()
        stereo, ogg = tmp_path / "both.wav", tmp_path / "mixed.ogg"
        with (
            call.record(stereo, side=sw.RecordSide.BOTH, sample_rate_hz=16_000) as first,
            call.record(ogg, side=sw.RecordSide.MIXED, format=sw.RecordFormat.OGG_OPUS),
        ):
            heard = call.audio()
            for _ in range(50):
                await anext(heard)
        assert first.lost_ms() == 0
        with pytest.raises(sw.InvalidArgumentError, match="sample_rate_hz"):
            call.record(ogg, format=sw.RecordFormat.OGG_OPUS, sample_rate_hz=8_000)
    with wave.open(str(stereo), "rb") as file:
        assert (file.getframerate(), file.getnchannels()) == (16_000, 2)
        assert file.getnframes() > 16_000 // 2
    assert ogg.read_bytes()[:4] == b"OggS"


async def test_calls_in_one_conference(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call, other = client.dial("/public/tone"), client.dial("/public/echo")
        await call.answered()
        await other.answered()
        mixer = sw.Mixer()
        mixer.add(call)
        mixer.add(other)
        assert mixer.call_ids() == [call.id, other.id]
        loud = asyncio.Event()
        loop = asyncio.get_running_loop()

        def hear(pcm: bytes) -> None:
            assert len(pcm) == 1_920
            if max(memoryview(pcm).cast("h")) > 3_000:
                loop.call_soon_threadsafe(loud.set)

        mixer.set_sink(hear)
        await loud.wait()
        mixer.set_sink(None)
        assert mixer.push_audio(bytes(1_920)) == 0
        assert mixer.clear_audio() <= 20
        mixer.set_gain(call, 0.0)
        mixer.remove(call)
        with pytest.raises(sw.InvalidArgumentError):
            mixer.set_gain(call, 1.0)
        with pytest.raises(sw.InvalidArgumentError):
            mixer.push_audio(b"x")


async def test_what_cannot_be_dialled(gateway: Gateway) -> None:
    client = gateway.client()
    with pytest.raises(sw.NotConnectedError):
        client.dial("/public/echo")
    async with client:
        with pytest.raises(sw.InvalidArgumentError, match="is not an address"):
            client.dial("alice")
        with pytest.raises(ValueError, match="opus_bitrate_bps"):
            client.dial("/public/echo", opus_bitrate_bps=1)
        with pytest.raises(sw.NotSupportedError):
            client.dial("/public/echo?channel=messaging")
    with pytest.raises(sw.ClosedError):
        client.dial("/public/echo")


async def test_tokens_and_hosts_that_are_no_good(gateway: Gateway) -> None:
    with pytest.raises(sw.InvalidTokenError) as failure:
        gateway.client(token="not-a-token")
    assert "not-a-token" not in str(failure.value)
    expired = gateway.client(token=gateway.token(ttl=-60))
    with pytest.raises(sw.UnauthorizedError):
        await expired.connect()
    with pytest.raises(sw.UnauthorizedError):
        await expired.subscriber_info()
    nowhere = gateway.client(ws_url="wss://127.0.0.1:9", http_url="https://127.0.0.1:9")
    with pytest.raises(sw.NetworkError):
        await nowhere.connect()
    unknown = gateway.client(ws_url="wss://nobody.invalid")
    with pytest.raises(sw.NetworkError):
        await unknown.connect()
    untrusted = gateway.client(ca_certificates_pem=None)
    with pytest.raises(sw.TlsError):
        await untrusted.connect()
    with pytest.raises(sw.InvalidArgumentError, match="connect_timeout_ms"):
        gateway.client(connect_timeout_ms=0)


async def test_every_wait_may_be_cancelled(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/slow")
        events = call.events()
        waits = [
            asyncio.create_task(call.answered()),
            asyncio.create_task(call.ended()),
            asyncio.create_task(call.hold()),
            asyncio.create_task(client.subscriber_info()),
            asyncio.create_task(client.connect()),
        ]
        await asyncio.sleep(0)
        for wait in waits:
            wait.cancel()
        results = await asyncio.gather(*waits, return_exceptions=True)
        assert {type(result) for result in results} <= {
            asyncio.CancelledError,
            sw.InvalidStateError,
        }
        assert call.end_reason is None
        for _ in range(50):
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(anext(events), 0.001)
        await call.answered()
        assert call.state is sw.CallState.ACTIVE


async def test_streams_end_when_they_are_cancelled(gateway: Gateway) -> None:
    async with gateway.client() as client:
        events = client.events()
        while events.try_next() is not None:
            pass

        async def read() -> None:
            async for _ in events:
                pass

        reader = asyncio.create_task(read())
        await asyncio.sleep(0.01)
        events.cancel()
        await reader
        assert [event async for event in events] == []
        assert events.missed == 0


async def test_two_clients_do_not_disturb_each_other(gateway: Gateway) -> None:
    async with gateway.client(agent="one") as one, gateway.client(agent="two") as two:
        first, second = one.dial("/public/echo"), two.dial("/public/echo")
        await asyncio.gather(first.answered(), second.answered())
        assert len(one.calls()) == len(two.calls()) == 1
        await one.disconnect()
        assert (await first.ended()).kind is sw.EndKind.SHUTDOWN
        assert second.state is sw.CallState.ACTIVE
        speaking = asyncio.create_task(speak(second, 500))
        await until(lambda: second.stats.packets_sent > 5)
        speaking.cancel()


async def test_any_request_of_the_service_can_be_made(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/echo")
        events = call.events()
        await call.answered()
        await anext(event async for event in events if event.is_joined())
        assert (await call.execute("call.layout.list"))["layouts"]
        await call.execute("call.mute", {"channels": ["audio"]})
        assert gateway.call(call.id)["audio_muted"] is True
        await call.subscribe("user_event")
        with pytest.raises(sw.InvalidArgumentError, match=r"call\."):
            await call.execute("mute")
        with pytest.raises(sw.NotFoundError):
            await call.execute("call.nobody.knows")
        await call.hangup()


async def incoming(client: sw.Client, events: sw.EventStream[sw.ClientEvent]) -> sw.Call:
    """The call that rings next."""
    event = await anext(event async for event in events if event.is_incoming_call())
    call = client.call(event.call_id)
    assert call is not None
    assert (call.state, call.direction) == (sw.CallState.RINGING, sw.Direction.INBOUND)
    assert call.remote_party.number == event.from_number == "/private/caller-example-com"
    return call


async def test_a_call_that_comes_in_is_answered_or_refused(gateway: Gateway) -> None:
    callee = gateway.client(token=gateway.token("callee@example.com"))
    caller = gateway.client(token=gateway.token("caller@example.com"))
    async with callee, caller:
        events = callee.events()
        await callee.online()
        out = caller.dial("/private/callee-example-com", user_variables={"why": "test"})
        call = await incoming(callee, events)
        frames = aiter(call.audio())
        await call.answer(user_variables={"who": "python"})
        assert call.state is sw.CallState.ACTIVE
        await out.answered()
        assert (await anext(frames)).samples
        with pytest.raises(sw.InvalidStateError):
            await call.answer()
        await out.hangup()
        assert (await call.ended()).kind is sw.EndKind.REMOTE_HANGUP
        assert callee.call(call.id) is None

        out = caller.dial("/private/callee-example-com")
        call = await incoming(callee, events)
        await call.reject()
        assert call.end_reason is not None and call.end_reason.code == 17
        assert (await out.ended()).kind is sw.EndKind.BUSY
        with pytest.raises(sw.ClosedError):
            await call.answer()
        await callee.offline()


async def test_a_call_moves_when_the_network_changes(gateway: Gateway) -> None:
    # An address of loopback that no interface has: each notice takes it away from the call.
    async with gateway.client(media_addresses=["127.0.0.9"]) as client:
        call = client.dial("/public/echo")
        events = call.events()
        await anext(event async for event in events if event.is_media_connected())
        client.network_changed()
        recovering = await anext(event async for event in events if event.is_recovering())
        assert recovering.attempt == 1 and recovering.reason
        recovered = await anext(event async for event in events if event.is_recovered())
        assert recovered.gap_ms < 10_000
        assert not call.is_recovering and call.state is sw.CallState.ACTIVE
        await call.hangup()


async def test_a_session_can_be_written_down_and_a_bad_record_is_refused(gateway: Gateway) -> None:
    client = gateway.client()
    with pytest.raises(sw.NotConnectedError):
        client.session_record()
    await client.connect()
    assert client.session_record().startswith("sw1.")
    with pytest.raises(sw.InvalidArgumentError, match="resume_from"):
        gateway.client(resume_from="garbage")
    await client.disconnect()
    with pytest.raises(sw.ClosedError):
        client.session_record()


async def test_calls_are_declined_without_asking(gateway: Gateway) -> None:
    callee = gateway.client(token=gateway.token("callee@example.com"))
    caller = gateway.client(token=gateway.token("caller@example.com"))
    async with callee, caller:
        events = callee.events()
        await callee.online()
        callee.set_do_not_disturb(sw.DoNotDisturb.ALWAYS)
        out = caller.dial("/private/callee-example-com")
        assert (await out.ended()).kind is sw.EndKind.BUSY
        declined = await anext(event async for event in events if event.is_call_declined())
        assert declined.from_number == "/private/caller-example-com"
        assert declined.to_number == "/private/callee-example-com"
        callee.set_do_not_disturb(sw.DoNotDisturb.OFF)
        out = caller.dial("/private/callee-example-com")
        await (await incoming(callee, events)).reject()
        await callee.offline()


async def test_an_invite_says_what_was_chosen(gateway: Gateway) -> None:
    async with gateway.client() as client:
        own = (await client.subscriber_info()).addresses[0].id
        call = client.dial("/public/echo", from_fabric_address_id=own, node_id="n-9@eu")
        await call.answered()
        invites = [i for i in gateway.state()["invites"] if i["callID"] == call.id]
        assert invites[0]["node_id"] == "n-9@eu"
        assert invites[0]["dialogParams"]["from_fabric_address_id"] == own
        with pytest.raises(sw.InvalidArgumentError, match="node_id"):
            client.dial("/public/echo", node_id="")
