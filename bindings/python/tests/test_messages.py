"""The directory by pages, and conversations between two subscribers."""

from __future__ import annotations

import pytest

import signalwire_client as sw
from aio import anext
from signalwire_client.testing import Gateway


async def test_the_directory_page_by_page_and_entry_by_entry(gateway: Gateway) -> None:
    client = gateway.client()
    page = await client.addresses(
        page_size=6, sort_by=sw.AddressSort.NAME, sort_order=sw.SortOrder.DESCENDING
    )
    names = [address.name for address in page.addresses]
    assert names == sorted(names, reverse=True) and page.has_next and not page.has_previous
    assert page.links.next is not None
    second = await client.addresses_at(page.links.next)
    assert second.links.previous is not None
    assert (await client.addresses_at(second.links.previous)).addresses == page.addresses
    rooms = [a async for a in client.all_addresses(address_type=sw.AddressType.ROOM, page_size=1)]
    assert {room.name for room in rooms} == {"lounge", "room"}
    with pytest.raises(sw.ProtocolError, match="another host"):
        await client.addresses_at("https://elsewhere.example/api/fabric/addresses")
    with pytest.raises(sw.InvalidArgumentError, match="page_size"):
        await anext(client.all_addresses(page_size=0))


async def test_one_address_and_its_call(gateway: Gateway) -> None:
    async with gateway.client() as client:
        echo = await client.address_by_name("/public/echo")
        assert await client.address(echo.id) == echo
        assert client.cached_address(echo.id) == echo
        assert client.cached_address("unread") is None
        with pytest.raises(sw.NotFoundError):
            await client.address_by_name("/public/nobody")
        call = client.dial_address(echo)
        assert call.destination == "/public/echo?channel=audio"
        await call.answered()
        await call.hangup()
        call = client.dial_address(echo, video=sw.MediaDirection.SEND_ONLY)
        events = call.events()
        await anext(event async for event in events if event.is_video_connected())
        assert call.media.video == sw.MediaDirection.SEND_ONLY
        await call.hangup()


async def test_two_subscribers_write_to_each_other(gateway: Gateway) -> None:
    async with (
        gateway.client(token=gateway.token("py-alice")) as alice,
        gateway.client(token=gateway.token("py-bob")) as bob,
    ):
        events = bob.events()
        address = (await bob.subscriber_info()).addresses[0]
        talk = await alice.join_conversation(address.id)
        assert talk.peer_address_id == address.id
        message = alice.compose_message(talk.id, talk.from_address_id, "hello from Python")
        assert message.state is sw.SendState.UNSENT
        await message.send()
        await message.send()
        assert await message.reconcile() is sw.SendState.SENT
        told = await anext(event async for event in events if event.is_message())
        assert told.message.text == "hello from Python"
        assert told.message.kind is sw.MessageKind.CHAT
        entries = [entry async for entry in bob.all_messages(told.message.conversation_id)]
        assert [entry.id for entry in entries] == [told.message.id]
        page = await alice.messages(talk.id, page_size=10)
        assert [entry.text for entry in page.messages] == ["hello from Python"]
        assert page.links.first is not None
        assert (await alice.messages_at(page.links.first)).messages == page.messages
        listed = [found async for found in alice.all_conversations()]
        assert [found.id for found in listed] == [talk.id]
        again = await alice.conversations(page_size=5)
        assert again.links.first is not None
        assert (await alice.conversations_at(again.links.first)).conversations == listed


async def test_a_lost_answer_is_uncertain_and_the_text_is_sent_once(gateway: Gateway) -> None:
    async with (
        gateway.client(token=gateway.token("py-carol")) as carol,
        gateway.client(token=gateway.token("py-dave")) as dave,
    ):
        address = (await dave.subscriber_info()).addresses[0]
        talk = await carol.join_conversation(address.id)
        gateway.fault("fail_http", status=0, after=True)  # the next request
        message = carol.compose_message(talk.id, talk.from_address_id, "once")
        with pytest.raises(sw.UncertainError, match="look before repeating"):
            await message.send()
        assert message.state is sw.SendState.UNCERTAIN
        await message.send()
        assert [entry.text async for entry in carol.all_messages(talk.id)] == ["once"]
        with pytest.raises(sw.InvalidArgumentError):
            carol.compose_message(talk.id, talk.from_address_id, "")


async def test_an_invited_person_calls_without_an_account(gateway: Gateway) -> None:
    async with gateway.client(token=gateway.token("py-inviter")) as host:
        own = (await host.subscriber_info()).addresses[0]
        with pytest.raises(sw.InvalidArgumentError):
            await host.create_invite(own.id, expires_at=-1)
        with pytest.raises(sw.RejectedError):
            await host.create_invite("7c11a9e0-0000-4c55-9c1f-000000000000")
        token = await host.create_invite(own.id)
        await host.online()
        events = host.events()
        async with gateway.client(token=token) as guest:
            call = guest.dial_address(own)
            await anext(event async for event in events if event.is_incoming_call())
            await call.hangup()
