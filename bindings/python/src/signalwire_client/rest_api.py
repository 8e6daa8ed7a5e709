"""The REST API for backends: tokens for clients, subscribers with their SIP credentials, resources.

It authenticates with the project's API token, which must never be part of an application that is
given away; such an application gets a subscriber token from its backend.

    from signalwire_client.rest_api import RestClient

    rest = RestClient("example", project_id, api_token)        # example.signalwire.com
    minted = await rest.create_subscriber_token("alice@example.com")
    async for subscriber in rest.subscribers():
        print(subscriber.email)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from . import _native
from ._convert import awaited, guarded
from ._exit import mark_used
from ._native import Address, Resource, SipCredential, SubscriberResource
from .lists import EntryList, _Source

__all__ = [
    "Resource",
    "RestClient",
    "SipCredential",
    "SubscriberResource",
    "SubscriberToken",
    "TokenPair",
]

Entry = TypeVar("Entry")


class SubscriberToken(NamedTuple):
    """A new token of a subscriber. :func:`repr` shows no token."""

    subscriber_id: str
    token: str
    """The access token: what :class:`Client` takes."""
    refresh_token: str
    """For :meth:`RestClient.refresh_subscriber_token`; stays on the backend."""

    def __repr__(self) -> str:
        return f"SubscriberToken({self.subscriber_id!r}, <redacted>)"


class TokenPair(NamedTuple):
    """An access token and its refresh token. :func:`repr` shows neither."""

    token: str
    refresh_token: str

    def __repr__(self) -> str:
        return "TokenPair(<redacted>)"


class _Pages(Generic[Entry]):
    """A list whose first page is read when the first entry is asked for."""

    def __init__(self, read: Callable[[], Awaitable[_Source[Entry]]]) -> None:
        self._read = read
        self._list: _Source[Entry] | None = None

    async def next(self) -> Entry | None:
        if self._list is None:
            self._list = await self._read()
        return await self._list.next()


class RestClient:
    """A project's access to the REST API of its space.

    - ``space``: its name (``example``), host or base URL.
    - ``project_id``, ``api_token``: the project's id (UUID) and one of its API tokens.
    - ``embeds_url``: the host that exchanges embed tokens; by default the space.
    - ``connect_timeout_ms``, ``request_timeout_ms``, ``total_timeout_ms``: one connection, one try,
      and one operation with its repetitions; 1 to 600000.

    Every method raises, besides what it names: :class:`UnauthorizedError` (project, API token or
    its scopes), :class:`NotFoundError`, :class:`RejectedError` (what the service does not take),
    :class:`RateLimitedError`, :class:`ServerError`, :class:`TimedOutError`, :class:`NetworkError`,
    :class:`TlsError`, :class:`ProtocolError`; :class:`InvalidArgumentError` for what cannot be,
    before anything is sent. The ``code`` of an exception is the HTTP status. Requests are repeated
    up to twice where that can do no harm.
    """

    def __init__(
        self,
        space: str,
        project_id: str,
        api_token: str,
        *,
        ca_certificates_pem: str | None = None,
        embeds_url: str | None = None,
        subscribers_path: str = "/api/fabric/resources/subscribers",
        connect_timeout_ms: int = 10_000,
        request_timeout_ms: int = 30_000,
        total_timeout_ms: int = 60_000,
    ) -> None:
        options = _native.RestOptions(
            space=space,
            project_id=project_id,
            api_token=api_token,
            ca_certificates_pem=ca_certificates_pem,
            embeds_url=embeds_url,
            subscribers_path=subscribers_path,
            connect_timeout_ms=connect_timeout_ms,
            request_timeout_ms=request_timeout_ms,
            total_timeout_ms=total_timeout_ms,
        )
        self._native = guarded(_native.RestClient, options)
        mark_used()

    async def create_subscriber_token(
        self,
        reference: str,
        *,
        expire_at: int | None = None,
        application_id: str | None = None,
        password: str | None = None,
        fingerprint: str | None = None,
        scope: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        display_name: str | None = None,
        job_title: str | None = None,
        time_zone: str | None = None,
        country: str | None = None,
        company_name: str | None = None,
        region: str | None = None,
    ) -> SubscriberToken:
        """Issues a token for the subscriber of this reference, who is created if unknown.

        ``expire_at``: seconds since 1970, by default two hours from now. ``fingerprint`` (a device
        key's thumbprint) with ``scope="sat:refresh"`` makes a token that its holder binds and
        renews.
        It is not repeated once it may have been processed.
        """
        request = _native.SubscriberTokenRequest(
            reference=reference,
            expire_at=expire_at,
            application_id=application_id,
            password=password,
            fingerprint=fingerprint,
            scope=scope,
            first_name=first_name,
            last_name=last_name,
            display_name=display_name,
            job_title=job_title,
            time_zone=time_zone,
            country=country,
            company_name=company_name,
            region=region,
        )
        made = await awaited(self._native.create_subscriber_token(request))
        return SubscriberToken(made.subscriber_id(), made.token(), made.refresh_token())

    async def refresh_subscriber_token(self, refresh_token: str) -> TokenPair:
        """A new pair for a refresh token, which is spent by it: store the new one at once."""
        made = await awaited(self._native.refresh_subscriber_token(refresh_token))
        return TokenPair(made.token(), made.refresh_token())

    async def create_guest_token(
        self,
        allowed_addresses: Iterable[str],
        *,
        expire_at: int | None = None,
        region: str | None = None,
        ch: str | None = None,
    ) -> TokenPair:
        """A token for a guest, who may call these addresses (1 to 10 ids) and cannot be called."""
        request = _native.GuestTokenRequest(
            allowed_addresses=list(allowed_addresses), expire_at=expire_at, region=region, ch=ch
        )
        made = await awaited(self._native.create_guest_token(request))
        return TokenPair(made.token(), made.refresh_token())

    async def create_invite_token(
        self, subscriber_token: str, address_id: str, *, expires_at: int | None = None
    ) -> str:
        """A token with which an invited person may call one address of a subscriber.

        ``subscriber_token`` is the inviting subscriber's access token, which authorizes it. Raises
        :class:`InvalidTokenError` if that is not one.
        """
        request = _native.InviteTokenRequest(address_id=address_id, expires_at=expires_at)
        return await awaited(self._native.create_invite_token(subscriber_token, request))

    async def exchange_embed_token(self, embed_token: str) -> str:
        """A guest's access token for the public token of an embedded button (``c2c_…``)."""
        return await awaited(self._native.exchange_embed_token(embed_token))

    async def create_subscriber(
        self,
        email: str,
        *,
        password: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        display_name: str | None = None,
        job_title: str | None = None,
        time_zone: str | None = None,
        country: str | None = None,
        company_name: str | None = None,
    ) -> SubscriberResource:
        """Creates a subscriber. ``password``: 8 to 72 characters, by default a random one.

        Raises :class:`RejectedError` for an e-mail address that is taken.
        """
        request = _native.SubscriberRequest(
            email=email,
            password=password,
            first_name=first_name,
            last_name=last_name,
            display_name=display_name,
            job_title=job_title,
            time_zone=time_zone,
            country=country,
            company_name=company_name,
        )
        return await awaited(self._native.create_subscriber(request))

    async def update_subscriber(
        self,
        id: str,
        email: str,
        *,
        password: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        display_name: str | None = None,
        job_title: str | None = None,
        time_zone: str | None = None,
        country: str | None = None,
        company_name: str | None = None,
    ) -> SubscriberResource:
        """Replaces the subscriber with this resource id (PUT); what is ``None`` is not sent."""
        request = _native.SubscriberRequest(
            email=email,
            password=password,
            first_name=first_name,
            last_name=last_name,
            display_name=display_name,
            job_title=job_title,
            time_zone=time_zone,
            country=country,
            company_name=company_name,
        )
        return await awaited(self._native.update_subscriber(id, request))

    def subscribers(self, *, page_size: int | None = None) -> EntryList[SubscriberResource]:
        """Every subscriber of the project; pages of ``page_size`` are read as they are needed."""
        return EntryList(_Pages(lambda: self._native.subscribers(page_size)))

    async def subscriber(self, id: str) -> SubscriberResource:
        """The subscriber with this resource id."""
        return await awaited(self._native.subscriber(id))

    async def delete_subscriber(self, id: str) -> None:
        """Deletes the subscriber with this resource id."""
        await awaited(self._native.delete_subscriber(id))

    def subscriber_addresses(self, id: str, *, page_size: int | None = None) -> EntryList[Address]:
        """Every address of a subscriber."""
        return EntryList(_Pages(lambda: self._native.subscriber_addresses(id, page_size)))

    def resources(self, *, page_size: int | None = None) -> EntryList[Resource]:
        """Every resource of the project."""
        return EntryList(_Pages(lambda: self._native.resources(page_size)))

    async def resource(self, id: str) -> Resource:
        """One resource."""
        return await awaited(self._native.resource(id))

    async def delete_resource(self, id: str) -> None:
        """Deletes a resource of any kind, with its addresses."""
        await awaited(self._native.delete_resource(id))

    def resource_addresses(self, id: str, *, page_size: int | None = None) -> EntryList[Address]:
        """Every address of a resource."""
        return EntryList(_Pages(lambda: self._native.resource_addresses(id, page_size)))

    def sip_credentials(
        self, subscriber_id: str, *, page_size: int | None = None
    ) -> EntryList[SipCredential]:
        """Every SIP credential of the subscriber with this resource id."""
        return EntryList(_Pages(lambda: self._native.sip_credentials(subscriber_id, page_size)))

    async def create_sip_credential(
        self,
        subscriber_id: str,
        username: str,
        password: str,
        *,
        caller_id: str | None = None,
        send_as: str | None = None,
        ciphers: Iterable[str] = (),
        codecs: Iterable[str] = (),
        encryption: str | None = None,
    ) -> SipCredential:
        """Gives a subscriber further SIP credentials. ``encryption``: ``required``, ``optional`` or
        ``default``; what is left out is the service's own."""
        request = _native.SipCredentialRequest(
            username=username,
            password=password,
            caller_id=caller_id,
            send_as=send_as,
            ciphers=list(ciphers),
            codecs=list(codecs),
            encryption=encryption,
        )
        return await awaited(self._native.create_sip_credential(subscriber_id, request))

    async def sip_credential(self, subscriber_id: str, id: str) -> SipCredential:
        """One SIP credential; the service never tells its password."""
        return await awaited(self._native.sip_credential(subscriber_id, id))

    async def update_sip_credential(
        self,
        subscriber_id: str,
        id: str,
        *,
        username: str | None = None,
        password: str | None = None,
        caller_id: str | None = None,
        send_as: str | None = None,
        ciphers: Iterable[str] = (),
        codecs: Iterable[str] = (),
        encryption: str | None = None,
    ) -> SipCredential:
        """Changes what is given; the rest stays."""
        request = _native.SipCredentialRequest(
            username=username,
            password=password,
            caller_id=caller_id,
            send_as=send_as,
            ciphers=list(ciphers),
            codecs=list(codecs),
            encryption=encryption,
        )
        return await awaited(self._native.update_sip_credential(subscriber_id, id, request))

    async def delete_sip_credential(self, subscriber_id: str, id: str) -> None:
        """Takes SIP credentials away."""
        await awaited(self._native.delete_sip_credential(subscriber_id, id))
