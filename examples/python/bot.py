"""What the bots here have in common: a client from the environment, and one task for each call.

SW_TOKEN is a subscriber access token; the bot answers at that subscriber's address. For a private
deployment SW_WS_URL and SW_HTTP_URL name its servers and SW_CA_FILE its CA certificates.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from signalwire_client import Call, Client, ClientEvent, EventStream, SignalWireError

Handler = Callable[[Call], Awaitable[None]]
"""What a bot does with a call. The call is hung up when it returns."""


def client_from_environment(agent: str) -> Client:
    """A client, not connected yet."""
    ca_file = os.environ.get("SW_CA_FILE")
    return Client(
        os.environ["SW_TOKEN"],
        ws_url=os.environ.get("SW_WS_URL"),
        http_url=os.environ.get("SW_HTTP_URL"),
        ca_certificates_pem=Path(ca_file).read_text() if ca_file else None,
        agent=agent,
    )


async def serve(client: Client, handler: Handler, *, calls_at_once: int = 20) -> None:
    """Takes the calls of a connected client until it is cancelled or the client ends.

    Who calls while ``calls_at_once`` calls are up is told that the bot is busy.
    """
    tasks: set[asyncio.Task[None]] = set()
    async with client.events() as events:
        await client.online()
        try:
            async for call in incoming(client, events):
                if len(tasks) >= calls_at_once:
                    await call.reject()
                    continue
                task = asyncio.create_task(_handle(call, handler))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def incoming(client: Client, events: EventStream[ClientEvent]) -> AsyncIterator[Call]:
    """The calls that ring, one after the other."""
    async for event in events:
        if isinstance(event, ClientEvent.INCOMING_CALL):
            # None when the caller gave up at once.
            if (call := client.call(event.call_id)) is not None:
                yield call


async def _handle(call: Call, handler: Handler) -> None:
    # However the handler ends, the call ends with it.
    async with call:
        try:
            await handler(call)
        except SignalWireError as error:
            # Above all: the caller hung up in the middle.
            print(f"{call.id}: {error}", flush=True)


def run(agent: str, handler: Handler) -> None:
    """The main program of a bot: goes online and stays there until it is interrupted."""

    async def main() -> None:
        async with client_from_environment(agent) as client:
            own = [address.name for address in (await client.subscriber_info()).addresses]
            print(f"{agent} answers at {', '.join(own) or 'no address'}", flush=True)
            await serve(client, handler)

    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        print("bye")
    except SignalWireError as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from None
