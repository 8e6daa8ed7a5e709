"""Devices, notifications, expected calls, and the call screen."""

from __future__ import annotations

import asyncio
import json

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway


def push(gateway: Gateway, reference: str) -> tuple[str, str]:
    """A call to this subscriber: its id and its notification."""
    told = gateway.fault("push_call", reference=reference, source="tone")
    return str(told["call_id"]), json.dumps(told["notification"])


async def test_a_notification_wakes_the_client(gateway: Gateway) -> None:
    reference = "py-woken"
    client = gateway.client(token=gateway.token(reference))
    device = await client.register_device(sw.DeviceType.IOS, "aabb")
    assert device.push_notification_key not in repr(client)
    call_id, notification = push(gateway, reference)
    shown = sw.parse_push(notification)
    assert shown.incoming_caller_name == "/public/gateway" and not shown.with_video
    call = await client.handle_push(notification, device.push_notification_key)
    assert call.id == call_id and call.state is sw.CallState.RINGING
    await call.answer()
    await call.hangup()
    with pytest.raises(sw.CallFailedError):
        await client.handle_push(notification)
    with pytest.raises(sw.InvalidArgumentError):
        sw.parse_push("{}")
    await client.unregister_device(device.id)
    with pytest.raises(sw.NotFoundError):
        await client.unregister_device(device.id)
    await client.disconnect()


async def test_an_answer_before_the_invite(gateway: Gateway) -> None:
    reference = "py-expecting"
    async with gateway.client(token=gateway.token(reference)) as client:
        await client.register_device(sw.DeviceType.ANDROID, "ccdd")
        call_id, notification = push(gateway, reference)
        expected = client.expect_call(call_id)
        assert expected.call_id == call_id and expected.state is sw.ExpectedCallState.WAITING
        _, call = await asyncio.gather(expected.answer(), client.handle_push(notification))
        assert call.state is sw.CallState.ACTIVE
        assert (await expected.arrived()).id == call_id
        await call.hangup()


async def test_an_expectation_ends(gateway: Gateway) -> None:
    async with gateway.client() as client:
        events = client.events()
        expected = client.expect_call("never", deadline_ms=50)
        with pytest.raises(sw.TimedOutError):
            await expected.answer()
        over = await anext(event async for event in events if event.is_expected_call_over())
        assert over.call_id == "never" and over.is_expired
        assert expected.state is sw.ExpectedCallState.EXPIRED
        given_up = client.expect_call("given-up")
        given_up.cancel()
        with pytest.raises(sw.GivenUpError):
            await given_up.reject()
        with pytest.raises(sw.InvalidArgumentError):
            client.expect_call("")


def test_the_call_screen() -> None:
    call = sw.HostCall("c-1")
    assert call.call_id == "c-1" and call.phase is sw.HostPhase.NEW
    reason = sw.HostEndReason.REMOTE_ENDED
    story = [
        sw.HostInput.PUSHED(),
        sw.HostInput.USER_ANSWERS(),
        sw.HostInput.CONNECTED(),
        sw.HostInput.AUDIO_ACTIVATED(),
        sw.HostInput.INTERRUPTION_BEGAN(),
        sw.HostInput.INTERRUPTION_ENDED(should_resume=True),
        sw.HostInput.CALL_ENDED(reason=reason),
    ]
    told = [action for input in story for action in call.handle(input)]
    assert told == [
        sw.HostAction.REPORT_INCOMING(),
        sw.HostAction.ANSWER(),
        sw.HostAction.FULFILL_ANSWER(),
        sw.HostAction.START_AUDIO(),
        sw.HostAction.STOP_AUDIO(),
        sw.HostAction.START_AUDIO(),
        sw.HostAction.STOP_AUDIO(),
        sw.HostAction.REPORT_ENDED(reason=reason),
    ]
    assert call.phase is sw.HostPhase.OVER
