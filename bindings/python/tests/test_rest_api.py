"""The REST API for backends, and tokens that are bound to a device key."""

from __future__ import annotations

from typing import Any

import pytest

from signalwire_client import (
    Client,
    Credentials,
    DeviceKey,
    InvalidArgumentError,
    NotFoundError,
    RejectedError,
    TokenReason,
    UnauthorizedError,
)
from signalwire_client.rest_api import RestClient
from signalwire_client.testing import Gateway


def rest_client(gateway: Gateway, api_token: str | None = None) -> RestClient:
    return RestClient(
        gateway.http_url,
        gateway.project,
        api_token or gateway.api_token,
        ca_certificates_pem=gateway.ca_pem,
    )


def options(gateway: Gateway) -> dict[str, Any]:
    return {
        "ws_url": gateway.ws_url,
        "http_url": gateway.http_url,
        "ca_certificates_pem": gateway.ca_pem,
    }


async def test_tokens_of_every_kind(gateway: Gateway) -> None:
    rest = rest_client(gateway)
    minted = await rest.create_subscriber_token("rosa@example.com", display_name="Rosa")
    assert minted.token not in repr(minted)
    client = Client(minted.token, **options(gateway))
    info = await client.subscriber_info()
    assert (info.id, info.display_name) == (minted.subscriber_id, "Rosa")
    pair = await rest.refresh_subscriber_token(minted.refresh_token)
    assert pair.token != minted.token and pair.token not in repr(pair)
    with pytest.raises(RejectedError) as spent:
        await rest.refresh_subscriber_token(minted.refresh_token)
    assert spent.value.code == 422
    address = info.addresses[0].id
    assert (await rest.create_guest_token([address])).token
    assert await rest.create_invite_token(minted.token, address)
    assert await rest.exchange_embed_token("c2c_7acc0e5e968706a032983cd80cdca219")
    with pytest.raises(UnauthorizedError) as refused:
        await rest_client(gateway, "PTs3cr3t").create_subscriber_token("rosa@example.com")
    assert "PTs3cr3t" not in str(refused.value)


async def test_subscribers_resources_and_sip_credentials(gateway: Gateway) -> None:
    rest = rest_client(gateway)
    made = [await rest.create_subscriber(f"page{n}@example.com") for n in range(5)]
    found = [entry async for entry in rest.subscribers(page_size=2)]
    assert {entry.id for entry in made} <= {entry.id for entry in found}
    first = made[0]
    changed = await rest.update_subscriber(first.id, first.email, display_name="First")
    assert changed.display_name == "First" and await rest.subscriber(first.id) == changed
    addresses = [entry async for entry in rest.subscriber_addresses(first.id)]
    assert addresses == [entry async for entry in rest.resource_addresses(first.id)]
    assert [entry.display_name for entry in addresses] == ["First"]
    resources = [entry async for entry in rest.resources(page_size=3)]
    assert await rest.resource(first.id) in resources

    desk = await rest.create_sip_credential(first.id, "desk", "s3cr3t pass", codecs=["OPUS"])
    desk = await rest.update_sip_credential(first.id, desk.id, encryption="required")
    assert (desk.username, desk.codecs, desk.encryption) == ("desk", ["OPUS"], "required")
    assert [entry async for entry in rest.sip_credentials(first.id)] == [desk]
    assert await rest.sip_credential(first.id, desk.id) == desk
    await rest.delete_sip_credential(first.id, desk.id)
    with pytest.raises(NotFoundError):
        await rest.sip_credential(first.id, desk.id)

    await rest.delete_resource(made[1].id)
    for entry in [made[0], *made[2:]]:
        await rest.delete_subscriber(entry.id)
    for entry in made:
        with pytest.raises(NotFoundError):
            await rest.subscriber(entry.id)
    with pytest.raises(InvalidArgumentError):
        await rest.subscriber("../resources")
    with pytest.raises(InvalidArgumentError):
        _ = [entry async for entry in rest.resources(page_size=0)]


async def test_a_token_is_bound_to_the_device_key(gateway: Gateway) -> None:
    made = await DeviceKey.generate()
    key = DeviceKey.from_pkcs8(made.to_pkcs8())
    assert key.thumbprint == made.thumbprint and len(key.thumbprint) == 43
    with pytest.raises(InvalidArgumentError):
        DeviceKey.from_pkcs8(b"nonsense")
    rest = rest_client(gateway)

    async def backend(reason: TokenReason, fingerprint: str | None) -> str:
        assert fingerprint == key.thumbprint
        minted = await rest.create_subscriber_token(
            "bound@example.com", fingerprint=fingerprint, scope="sat:refresh"
        )
        return minted.token

    exchanges = gateway.state()["counters"]["bound_exchanges"]
    credentials = Credentials.provider(backend).bound_to(key)
    async with Client.with_credentials(credentials, **options(gateway)) as client:
        assert (await client.subscriber_info()).token_key_thumbprint == key.thumbprint
    assert gateway.state()["counters"]["bound_exchanges"] == exchanges + 1

    token = await backend(TokenReason.INITIAL, key.thumbprint)
    thief = Credentials.token(token).bound_to(await DeviceKey.generate())
    with pytest.raises(UnauthorizedError):
        await Client.with_credentials(thief, **options(gateway)).connect()
