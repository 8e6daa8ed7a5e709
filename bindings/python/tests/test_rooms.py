"""Members, layout and room of a call, and what an agent says."""

from __future__ import annotations

from typing import Any

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway

OWN = sw.MemberTarget.OWN()
ALL = sw.MemberTarget.ALL()


class Room:
    """A call that was moved into a room with dora and emil."""

    def __init__(self, call: sw.Call) -> None:
        self.call = call
        self.events = call.events()

    @classmethod
    async def enter(cls, client: sw.Client) -> Room:
        room = cls(client.dial("/public/moved"))
        await room.next("joined")
        await room.next("joined")
        await room.next("layout_changed")
        return room

    async def next(self, kind: str) -> Any:
        """The next event of this kind."""
        return await anext(e async for e in self.events if getattr(e, f"is_{kind}")())

    def member(self, name: str) -> sw.Member:
        return next(member for member in self.call.members if f":{name}@" in member.name)


async def test_members_are_seen_and_controlled(gateway: Gateway) -> None:
    async with gateway.client() as client:
        room = await Room.enter(client)
        call, dora = room.call, room.member("dora")
        assert len(call.members) == 4
        assert sum(member.is_self for member in call.members) == 2
        assert dora.kind is sw.MemberKind.MEMBER and not dora.audio_muted
        assert "self" in call.capabilities

        await call.set_audio_muted(dora, True)
        updated = await room.next("member_updated")
        assert (updated.member_id, updated.changed) == (dora.member_id, ["audio_muted"])
        assert updated.member.audio_muted and not call.is_muted
        await call.set_audio_muted(OWN, True)
        assert (await room.next("member_updated")).member.is_self and call.is_muted
        await call.set_audio_muted(ALL, False)
        for _ in range(3):
            assert not (await room.next("member_updated")).member.audio_muted
        assert not call.is_muted

        await call.set_video_muted(dora.member_id, False)
        await call.set_deaf(dora, True)
        await call.set_hand_raised(OWN, True)
        await call.set_input_volume(dora, -50)
        await call.set_output_volume(OWN, 50)
        await call.set_input_sensitivity(OWN, 100)
        await call.set_audio_flags(OWN, auto_gain=False)
        await call.set_low_bitrate(OWN, True)
        await call.set_locked(True)
        await call.set_locked(False)
        for _ in range(8):
            await room.next("member_updated")
        dora = room.member("dora")
        assert dora.is_deaf and not dora.video_muted and dora.input_volume == -50
        own = next(member for member in reversed(call.members) if member.is_self)
        assert own.hand_raised and own.low_bitrate and own.auto_gain is False
        assert (own.output_volume, own.input_sensitivity) == (50, 100)

        await call.remove_member(dora.member_id)
        assert (await room.next("member_left")).member.member_id == dora.member_id
        with pytest.raises(sw.NotFoundError):
            await call.set_deaf(dora, False)


async def test_members_come_talk_and_go(gateway: Gateway) -> None:
    async with gateway.client() as client:
        room = await Room.enter(client)
        call_id = room.call.id
        gateway.fault("member_joins", call_id=call_id, name="fay")
        fay = (await room.next("member_joined")).member
        assert room.member("fay") == fay
        gateway.fault("member_talks", call_id=call_id, member_id=fay.member_id)
        talking = await room.next("member_talking")
        assert talking.is_talking and talking.member_id == fay.member_id
        assert room.member("fay").is_talking
        gateway.fault("member_leaves", call_id=call_id, member_id=fay.member_id, reason="away")
        left = await room.next("member_left")
        assert (left.member.member_id, left.reason) == (fay.member_id, "away")
        gateway.fault("leave_segment", call_id=call_id)
        assert (await room.next("segment_left")).room_session_id == fay.room_session_id
        assert [member.is_self for member in room.call.members] == [True]


async def test_a_layout_is_chosen_and_filled(gateway: Gateway) -> None:
    async with gateway.client() as client:
        room = await Room.enter(client)
        call, dora = room.call, room.member("dora")
        assert "highlight-1-responsive" in await call.layouts()
        await call.set_layout("highlight-1-responsive")
        assert (await room.next("layout_changed")).layout.id == "highlight-1-responsive"
        await call.set_positions({dora.member_id: "reserved-0"})
        changed = await room.next("layout_changed")
        assert call.layout == changed.layout and room.member("dora").position == "reserved-0"
        assert any(layer.member_id == dora.member_id for layer in changed.layout.layers)
        with pytest.raises(sw.RejectedError):
            await call.set_layout("no such layout")
        with pytest.raises(sw.InvalidArgumentError):
            await call.set_positions({})


async def test_mistakes_and_refusals(gateway: Gateway) -> None:
    async with gateway.client() as client:
        ringing = client.dial("/public/never")
        assert ringing.members == [] and ringing.layout is None and ringing.capabilities == []
        with pytest.raises(sw.InvalidStateError):
            await ringing.set_locked(True)
        call = client.dial("/public/echo")
        room = Room(call)
        await room.next("joined")
        for volume in (51, -51):
            with pytest.raises(sw.InvalidArgumentError, match="volume"):
                await call.set_input_volume(OWN, volume)
        with pytest.raises(sw.InvalidArgumentError):
            await call.set_audio_flags(OWN)
        with pytest.raises(sw.InvalidArgumentError):
            await call.set_deaf("", True)
        with pytest.raises(TypeError):
            await call.set_deaf(7, True)  # type: ignore[arg-type]
        with pytest.raises(sw.NotFoundError):
            await call.set_deaf("stranger", True)
        with pytest.raises(sw.InvalidArgumentError):
            await call.transfer("nowhere")
        with pytest.raises(sw.RejectedError):
            await call.transfer("/public/tone")
        assert call.state is sw.CallState.ACTIVE
        await call.end_for(OWN)
        await call.ended()
        for late in (call.set_deaf(OWN, True), call.layouts(), call.transfer("/public/tone")):
            with pytest.raises(sw.ClosedError):
                await late


async def test_what_an_agent_says_is_read(gateway: Gateway) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/agent")
        await call.answered()
        room = Room(call)
        await call.subscribe_transcript()
        await call.send_digits("42")
        heard = await room.next("transcript")
        while heard.speaker is sw.Speaker.AGENT:  # what was left of the greeting
            heard = await room.next("transcript")
        assert (heard.text, heard.is_final, heard.confidence) == ("42", False, None)
        heard = await room.next("transcript")
        assert (heard.text, heard.is_final, heard.confidence) == ("42", True, 0.95)
        said = [await room.next("transcript") for _ in range(3)]
        assert [part.text for part in said] == ["You said ", "42.", "You said 42."]
        assert [part.is_final for part in said] == [False, False, True]
        assert not said[2].is_interrupted and said[2].event_type == "ai.completion"
