"""The pieces of Python in the guides and the README run, against the gateway."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import signalwire_client as sw
from conftest import Gateway
from tones import until

ROOT = Path(__file__).parents[3]


def pieces() -> Iterator[Any]:
    """Each fenced piece, named by its file and line."""
    for file in [ROOT / "README.md", *sorted((ROOT / "docs" / "guide").glob("*.md"))]:
        lines, begin = file.read_text().splitlines(), None
        for number, line in enumerate(lines, 1):
            if line == "```python":
                begin = number
            elif line == "```" and begin is not None:
                yield pytest.param("\n".join(lines[begin : number - 1]), id=f"{file.stem}:{begin}")
                begin = None


@pytest.fixture
def clients(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> list[sw.Client]:
    """Lets clients that a piece makes find the gateway, and keeps them."""
    made: list[sw.Client] = []
    real = sw.Client

    class Here(real):  # type: ignore[misc, valid-type]
        def __init__(self, token: str, **options: Any) -> None:
            super().__init__(token, **(gateway.options() | options))
            made.append(self)

        @classmethod
        def with_credentials(cls, credentials: Any, **options: Any) -> sw.Client:
            client = real.with_credentials(credentials, **(gateway.options() | options))
            made.append(client)
            return client

    monkeypatch.setattr(sw, "Client", Here)
    monkeypatch.setenv("SW_TOKEN", gateway.token())
    return made


async def run(piece: str, names: dict[str, Any]) -> None:
    """Runs the statements, and then ``main`` if the piece defines one."""
    code = compile(piece, "piece", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    result = eval(code, names)
    if inspect.isawaitable(result):
        await result
    if "main" in names:
        await names["main"]()


async def hang_up_when_heard(task: asyncio.Task[None], clients: list[sw.Client]) -> None:
    """Ends the calls of a piece that listens until its call is over."""
    while not task.done():
        await asyncio.wait({task}, timeout=0.05)
        for client in clients:
            for call in client.calls():
                if call.stats.packets_received > 50 and call.stats.packets_sent > 25:
                    await call.hangup()


@pytest.mark.parametrize("piece", list(pieces()))
async def test_a_piece(piece: str, gateway: Gateway, clients: list[sw.Client]) -> None:
    async with gateway.client() as client:
        call = client.dial("/public/echo")
        if "async for event in events" not in piece:
            await call.answered()
        names: dict[str, Any] = {
            "__name__": "guide",
            "client": client,
            "call": call,
            "token": gateway.token(),
        }
        names["Client"] = sw.Client
        task = asyncio.create_task(run(piece, names))
        if "async for frame" in piece:
            # The piece may add a client of its own to the list.
            clients.append(client)
            await hang_up_when_heard(task, clients)
        await task


async def test_the_bot_of_the_guide_answers(gateway: Gateway) -> None:
    found = [p.values[0] for p in pieces() if "async def serve" in str(p.values[0])]
    names: dict[str, Any] = {}
    await run(str(found[0]), names)
    async with gateway.client() as bot, gateway.client(token=gateway.token("caller")) as caller:
        subscriber = await bot.subscriber_info()
        own = subscriber.addresses[0]
        bot_task = asyncio.create_task(names["serve"](bot))
        # Sessions of earlier tests may be online, too.
        await until(
            lambda: any(
                session["online"] and session["reference"] == subscriber.email
                for session in gateway.state()["sessions"]
            )
        )
        call = caller.dial_address(own)
        await call.answered()
        call.push_audio(bytes(2 * 8_000), sample_rate_hz=16_000)
        async for frame in call.audio(sample_rate_hz=16_000):
            if not frame.is_concealed:
                break
        await call.hangup()
        bot_task.cancel()
