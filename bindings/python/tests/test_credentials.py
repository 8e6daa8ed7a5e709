"""Tokens that come from the application or from a login."""

from __future__ import annotations

import asyncio
import urllib.request
from typing import Any

import pytest

from browser import USER, browse
from signalwire_client import (
    AccessToken,
    Client,
    Credentials,
    MemoryTokenStore,
    NetworkError,
    OAuth,
    OAuthFailure,
    RejectedError,
    SignalWireError,
    TimedOutError,
    TokenReason,
    UnauthorizedError,
    oauth_failure,
)
from signalwire_client.testing import Gateway


def options(gateway: Gateway) -> dict[str, Any]:
    return {
        "ws_url": gateway.ws_url,
        "http_url": gateway.http_url,
        "ca_certificates_pem": gateway.ca_pem,
    }


async def test_tokens_come_from_a_coroutine_and_a_refused_one_is_replaced(
    gateway: Gateway,
) -> None:
    asked: list[TokenReason] = []

    async def backend(reason: TokenReason, fingerprint: str | None) -> AccessToken | str:
        assert fingerprint is None
        asked.append(reason)
        await asyncio.sleep(0)
        if reason is TokenReason.INITIAL:
            return AccessToken(gateway.token(ttl=-5))
        return gateway.token()

    client = Client.with_credentials(Credentials.provider(backend), **options(gateway))
    async with client:
        assert asked == [TokenReason.INITIAL, TokenReason.REFUSED]
        assert (await client.subscriber_info()).email == "python@example.com"
        await client.update_token(gateway.token())
        with pytest.raises(UnauthorizedError):
            await client.update_token(gateway.token(ttl=-5))
        await client.subscriber_info()


async def test_what_a_coroutine_raises_becomes_an_error(gateway: Gateway) -> None:
    failures: list[Exception] = [OSError("s3cret"), UnauthorizedError("log in again")]

    async def backend(reason: TokenReason, fingerprint: str | None) -> str:
        raise failures.pop(0)

    client = Client.with_credentials(Credentials.provider(backend), **options(gateway))
    with pytest.raises(NetworkError, match="OSError") as raised:
        await client.connect()
    assert "s3cret" not in str(raised.value)
    with pytest.raises(UnauthorizedError, match="log in again"):
        await client.connect()
    await client.disconnect()


async def test_an_embed_token_is_exchanged(gateway: Gateway) -> None:
    credentials = Credentials.embed(
        gateway.http_url, "c2c_7acc0e5e", ca_certificates_pem=gateway.ca_pem
    )
    async with Client.with_credentials(credentials, **options(gateway)) as client:
        with pytest.raises(RejectedError):
            await client.online()


def oauth(gateway: Gateway, redirect_uri: str) -> OAuth:
    return OAuth(
        "gateway-app",
        redirect_uri,
        authorize_url=f"{gateway.http_url}/login/oauth/authorize",
        token_url=f"{gateway.http_url}/oauth/token",
        ca_certificates_pem=gateway.ca_pem,
    )


def reason(error: SignalWireError) -> OAuthFailure | None:
    return None if error.code is None else oauth_failure(error.code)


async def test_a_login_is_kept_and_makes_a_client(gateway: Gateway) -> None:
    logins = oauth(gateway, "com.example.app://callback")
    flow = logins.begin()
    callback = await asyncio.to_thread(browse, gateway, flow.authorize_url())
    assert logins.is_callback(callback)
    assert not logins.is_callback("com.example.app://settings")
    tokens = await logins.complete(callback)
    assert tokens.can_refresh()
    assert tokens.access_token() not in repr(tokens)
    with pytest.raises(SignalWireError) as again:
        await logins.complete(callback)
    assert reason(again.value) is OAuthFailure.USED_TWICE

    store = MemoryTokenStore(await logins.refresh(tokens))
    credentials = logins.credentials(store)
    async with Client.with_credentials(credentials, **options(gateway)) as client:
        assert (await client.subscriber_info()).email == USER
    store.clear()
    client = Client.with_credentials(logins.credentials(store), **options(gateway))
    with pytest.raises(UnauthorizedError) as nobody:
        await client.connect()
    assert reason(nobody.value) is OAuthFailure.NOT_LOGGED_IN
    await client.disconnect()


async def test_the_listener_waits_for_the_browser(gateway: Gateway) -> None:
    logins = oauth(gateway, "http://127.0.0.1:0/callback")
    visits: list[asyncio.Future[Any]] = []

    def visit(url: str) -> str:
        with urllib.request.urlopen(browse(gateway, url)) as response:
            return str(response.read().decode())

    def open_browser(url: str) -> None:
        loop = asyncio.get_running_loop()
        visits.append(loop.run_in_executor(None, visit, url))

    tokens = await logins.login(open_browser)
    assert "Logged in" in await visits[0]
    assert tokens.expires_at() is not None
    with pytest.raises(TimedOutError) as late:
        await logins.login(lambda url: None, timeout_ms=1)
    assert reason(late.value) is OAuthFailure.NO_CALLBACK
