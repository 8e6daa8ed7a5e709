"""What programs do wrong: each time a clear exception, and the client goes on."""

from __future__ import annotations

import asyncio
import gc
import itertools
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway
from tones import Ear, until

NO_TEXT = "\ud800"
"""Half of a pair: Python has such texts, UTF-8 does not."""


async def fails(act: Callable[[], Any], *kinds: type[BaseException]) -> str:
    """The text of the exception that comes at once or when it is awaited."""
    with pytest.raises(kinds) as failure:
        result = act()
        if hasattr(result, "__await__"):
            await result
    return str(failure.value)


@pytest.mark.parametrize("value", [None, 3, 1.5, b"bytes", ["list"], NO_TEXT])
async def test_what_is_no_text(sw_client: sw.Client, value: Any) -> None:
    call = sw_client.dial("/public/echo")
    await call.answered()
    events = call.events()
    takes_text: list[Callable[[], Any]] = [
        lambda: sw.Client(value),
        lambda: sw.HostCall(value),
        lambda: sw.parse_push(value),
        lambda: sw_client.dial(value),
        lambda: sw_client.dial("/public/echo", node_id=value or 3),
        lambda: sw_client.address(value),
        lambda: sw_client.address_by_name(value),
        lambda: sw_client.addresses_at(value),
        lambda: sw_client.call(value),
        lambda: sw_client.cached_address(value),
        lambda: sw_client.compose_message(value, value, value),
        lambda: sw_client.expect_call(value),
        lambda: sw_client.handle_push(value),
        lambda: sw_client.join_conversation(value),
        lambda: sw_client.messages(value),
        lambda: sw_client.update_token(value),
        lambda: call.execute(value),
        lambda: call.play_wav(value),
        lambda: call.record_wav(value),
        lambda: call.remove_member(value),
        lambda: call.send_digits(value),
        lambda: call.set_audio_muted(value, True),
        lambda: call.set_layout(value),
        lambda: call.subscribe(value),
        lambda: call.transfer(value),
    ]
    for act in takes_text:
        # A path may be of bytes to Python, and then is not of text.
        assert await fails(act, TypeError, sw.InvalidArgumentError)
    assert call.state is sw.CallState.ACTIVE and events.missed == 0


@pytest.mark.parametrize("value", [-1, 2**32, 2**70, 1.5, "1", None])
async def test_what_is_no_number(sw_client: sw.Client, value: Any) -> None:
    call = sw_client.dial("/public/echo")
    await call.answered()
    takes_number: list[Callable[[], Any]] = [
        lambda: sw_client.dial("/public/echo", ring_timeout_ms=value),
        lambda: sw_client.dial("/public/echo", opus_complexity=value),
        lambda: sw.Client("", connect_timeout_ms=value),
        lambda: sw_client.expect_call("x", value),
        lambda: sw_client.preflight(call_ms=value),
        lambda: call.push_audio(bytes(960), sample_rate_hz=value),
        lambda: call.push_audio(bytes(960), channels=value),
        lambda: call.add_audio_sink(print, sample_rate_hz=value),
        lambda: call.audio(channels=value),
        lambda: call.audio(queue_frames=value if value != 2**32 else -value),
        lambda: call.record_wav("never.wav", sample_rate_hz=value),
        lambda: call.set_input_volume(sw.MemberTarget.ALL(), value if value != -1 else -51),
    ]
    for act in takes_number:
        assert await fails(act, TypeError, sw.InvalidArgumentError)
    assert call.state is sw.CallState.ACTIVE


@pytest.mark.parametrize("value", [None, 3, "SENDRECV", object()])
async def test_what_is_none_of_the_values_to_choose(sw_client: sw.Client, value: Any) -> None:
    call = sw_client.dial("/public/echo")
    await call.answered()
    takes_one: list[Callable[[], Any]] = [
        lambda: sw.dial_string(value),
        lambda: sw.Client.with_credentials(value),
        lambda: sw_client.dial_address(value),
        lambda: sw_client.dial("/public/echo", audio_codecs=[value]),
        lambda: sw_client.dial("/public/echo", audio_codecs=value or 3),
        lambda: sw_client.dial("/public/echo", video=value or 3),
        lambda: sw_client.register_device(value, "token"),
        lambda: sw_client.set_do_not_disturb(value),
        lambda: call.set_media(value, value),
        lambda: call.push_video(b"x", value, timestamp_us=0),
        lambda: call.add_audio_sink(value),
        lambda: call.add_video_sink(value),
    ]
    for act in takes_one:
        assert await fails(act, TypeError)
    assert len(sw_client.calls()) == 1


async def test_options_that_do_not_exist_and_lists_that_are_none(sw_client: sw.Client) -> None:
    dial: Any = sw_client.dial
    with pytest.raises(TypeError, match=r"'ring_timeout'.*ring_timeout_ms"):
        dial("/public/echo", ring_timeout=3)
    with pytest.raises(TypeError, match="media_addresses must be a list of str"):
        sw.Client("", media_addresses="127.0.0.1")
    with pytest.raises(TypeError, match="opus_dtx must be a bool"):
        dial("/public/echo", opus_dtx=1)
    with pytest.raises(TypeError, match="user_variables must be a mapping"):
        dial("/public/echo", user_variables=[1])
    loop: dict[str, object] = {}
    loop["self"] = loop
    for variables in ({"x": object()}, {"x": float("nan")}, loop):
        with pytest.raises(sw.InvalidArgumentError, match="user_variables cannot be written"):
            dial("/public/echo", user_variables=variables)
    assert sw_client.calls() == []


async def test_everything_may_be_called_after_the_end(gateway: Gateway) -> None:
    client = gateway.client()
    await client.connect()
    call = client.dial("/public/echo")
    await call.answered()
    sink = call.add_audio_sink(Ear())
    stream, events = call.audio(), call.events()
    await client.disconnect()
    assert (await call.ended()).kind is sw.EndKind.SHUTDOWN
    ended: list[Callable[[], Any]] = [
        client.connect,
        client.online,
        client.session_record,
        client.network_changed,
        lambda: client.dial("/public/echo"),
        lambda: call.send_digits("1"),
        call.hold,
        call.mute,
        call.layouts,
        lambda: call.play_wav("x.wav"),
        lambda: call.record_wav("x.wav"),
        lambda: call.push_audio(bytes(960)),
        lambda: call.add_audio_sink(print),
        lambda: call.add_video_sink(print),
        call.request_key_frame,
    ]
    for act in ended:
        await fails(act, sw.ClosedError)
    sink.remove()
    stream.cancel()
    events.cancel()
    await call.hangup()
    await client.disconnect()
    assert [frame async for frame in stream] == []
    assert call.stats and call.diagnostics() and client.diagnostics()


async def test_a_dial_that_is_cancelled_is_hung_up(gateway: Gateway, sw_client: sw.Client) -> None:
    made: list[sw.Call] = []

    async def talk() -> None:
        made.append(sw_client.dial("/public/never"))
        async with made[0]:
            raise AssertionError("nobody answers")

    talking = asyncio.create_task(talk())
    await until(lambda: bool(made) and made[0].state is sw.CallState.RINGING)
    talking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await talking
    assert made[0].end_reason is not None
    assert made[0].end_reason.kind is sw.EndKind.LOCAL_HANGUP
    await gateway.until(lambda g: g.call(made[0].id)["state"] == "ended")
    with pytest.raises(sw.CallFailedError):
        async with sw_client.dial("/public/busy"):
            raise AssertionError("it is busy")
    with pytest.raises(LookupError):
        async with sw_client.dial("/public/echo") as call:
            raise LookupError
    assert call.end_reason is not None


async def steps_of(start: Callable[[], Any]) -> int:
    """Cancels it after 0, 1, 2 … turns of the event loop, until it ends before that."""
    for steps in itertools.count():
        work = asyncio.ensure_future(start())
        for _ in range(steps):
            await asyncio.sleep(0)
        is_over = work.done()
        work.cancel()
        await asyncio.wait({work})
        if is_over or steps > 8:
            return steps
    raise AssertionError


async def test_cancelling_at_every_await(gateway: Gateway) -> None:
    async with gateway.client() as client:
        own = (await client.subscriber_info()).addresses[0]
        group = await client.join_conversation((await client.address_by_name("/public/echo")).id)

        async def dialled() -> None:
            async with client.dial("/public/echo") as call:
                await call.send_digits("1")
                await call.hold()
                await call.unhold()

        async def hung_up() -> None:
            call = client.dial("/public/echo")
            await call.hangup()

        async def sent() -> None:
            await client.compose_message(group.id, own.id, "text").send()

        async def read() -> None:
            async for _ in client.all_messages(group.id):
                pass

        async def connected() -> None:
            async with gateway.client() as other:
                assert other.state is sw.ClientState.CONNECTED

        async def listed() -> None:
            async for _ in client.all_addresses():
                pass

        async def watched() -> None:
            async for _ in client.events():
                pass

        async def listened() -> None:
            async with client.dial("/public/tone") as call:
                async for _ in call.audio():
                    pass

        async def waited() -> None:
            await client.dial("/public/never").answered()

        for act in (dialled, hung_up, sent, read, connected, listed, watched, listened, waited):
            assert await steps_of(act) > 0
        for act in (client.subscriber_info, client.online, client.preflight):
            assert await steps_of(act) > 0
        # Whatever was left of them, the client works.
        for call in client.calls():
            await call.hangup()
        assert client.calls() == []
        async with client.dial("/public/echo") as call:
            assert call.state is sw.CallState.ACTIVE


async def test_an_answer_that_is_cancelled_leaves_a_call_that_can_be_hung_up(
    sw_gateway: Gateway, sw_client: sw.Client, sw_subscriber: Any
) -> None:
    events = sw_client.events()
    await sw_client.online()
    for steps in range(4):
        call_id = sw_gateway.call_subscriber(sw_subscriber)
        await anext(event async for event in events if event.is_incoming_call())
        call = sw_client.call(call_id)
        assert call is not None
        answering = asyncio.ensure_future(call.answer())
        for _ in range(steps):
            await asyncio.sleep(0)
        answering.cancel()
        await asyncio.wait({answering})
        await call.hangup()
        assert (await call.ended()) is not None
        await sw_gateway.until(lambda g, id=call_id: g.call(id)["state"] == "ended")


async def test_garbage_is_collected_in_any_order(gateway: Gateway) -> None:
    kinds = ("client", "call", "events", "stream", "sink")
    for order in list(itertools.permutations(kinds))[::17]:
        client = gateway.client()
        await client.connect()
        call = client.dial("/public/tone")
        await call.answered()
        things: dict[str, Any] = {
            "events": call.events(),
            "stream": call.audio(),
            "sink": call.add_audio_sink(Ear()),
            "call": call,
            "client": client,
        }
        call_id, gone = call.id, weakref.ref(client)
        del client, call
        for kind in order:
            del things[kind]
            gc.collect()
        assert gone() is None
        # Nobody holds the client any more: its session ends, and with it the call.
        await gateway.until(lambda g, id=call_id: g.call(id)["state"] == "ended")


async def test_a_cycle_with_a_callback_in_it_is_collected_after_the_call(gateway: Gateway) -> None:
    class Holder:
        call: sw.Call
        sink: sw.AudioSink

        def on_frame(self, frame: sw.AudioFrame) -> None:
            pass

    async with gateway.client() as client:
        holder = Holder()
        holder.call = client.dial("/public/tone")
        await holder.call.answered()
        holder.sink = holder.call.add_audio_sink(holder.on_frame)
        gone = weakref.ref(holder)
        await holder.call.hangup()
        del holder
        await until(lambda: gc.collect() >= 0 and gone() is None)


async def test_a_callback_that_does_not_return_holds_up_nobody_else(gateway: Gateway) -> None:
    release = threading.Event()
    stuck, other = gateway.client(), gateway.client()
    async with other:
        await stuck.connect()
        call = stuck.dial("/public/tone")
        await call.answered()
        entered = threading.Event()

        def never(frame: sw.AudioFrame) -> None:
            entered.set()
            release.wait()

        sink = call.add_audio_sink(never)
        await until(entered.is_set)
        try:
            ear = Ear()
            async with other.dial("/public/tone") as working:
                working.add_audio_sink(ear)
                await until(lambda: ear.hears(440))
            # Neither does it keep its own call from ending.
            await asyncio.wait_for(call.hangup(), 5)
            await asyncio.wait_for(stuck.disconnect(), 8)
        finally:
            release.set()
        await asyncio.to_thread(sink.remove)
