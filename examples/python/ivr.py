"""A menu that is worked with keys. A key stops what is playing; who presses none hears it again.

    SW_TOKEN=… python ivr.py [--prompts FOLDER]

With --prompts the prompts are WAV files (welcome.wav, hours.wav, …). Without, tones stand in for
them: nothing here can speak.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import bot
import sounds

from signalwire_client import Call, CallEvent, EventStream

Prompts = Callable[[Call, str], Awaitable[None]]
"""Plays the prompt of this name into the call."""


@dataclass(frozen=True)
class Menu:
    """A prompt, and where each key leads: to another menu, to a prompt, or (None) to the end."""

    prompt: str
    choices: Mapping[str, Menu | str | None]


MAIN = Menu(
    "welcome",
    {
        "1": "hours",
        "2": Menu("sales", {"1": "offers", "*": None}),
        "0": None,
    },
)
TONES = {"welcome": 440, "hours": 600, "sales": 800, "offers": 1_000, "pardon": 300, "bye": 350}


class Ivr:
    """The menu in one call."""

    def __init__(self, call: Call, prompts: Prompts, patience: float = 5.0, tries: int = 3) -> None:
        self._call = call
        self._prompts = prompts
        self._patience = patience
        self._tries = tries
        self._keys: asyncio.Queue[str | None] = asyncio.Queue()

    async def run(self, menu: Menu) -> None:
        """Answers and stays in the menu until the caller leaves it."""
        async with self._call.events() as events:
            await self._call.answer()
            reader = asyncio.create_task(self._read(events))
            try:
                await self._in(menu)
                await self._prompts(self._call, "bye")
            finally:
                reader.cancel()

    async def _read(self, events: EventStream[CallEvent]) -> None:
        async for event in events:
            if isinstance(event, CallEvent.DIGIT_RECEIVED):
                self._keys.put_nowait(event.digit)
        self._keys.put_nowait(None)

    async def _in(self, menu: Menu) -> None:
        failures = 0
        while failures < self._tries:
            key = await self._ask(menu.prompt)
            if key is None or key not in menu.choices:
                failures += 1
                if key is not None:
                    await self._prompts(self._call, "pardon")
                continue
            choice = menu.choices[key]
            if choice is None:
                return
            failures = 0
            if isinstance(choice, Menu):
                await self._in(choice)
            else:
                await self._prompts(self._call, choice)

    async def _ask(self, prompt: str) -> str | None:
        """Plays a prompt and waits for a key, which stops it; None when there is none."""
        playing = asyncio.ensure_future(self._prompts(self._call, prompt))
        key = asyncio.ensure_future(self._keys.get())
        try:
            await asyncio.wait({playing, key}, return_when=asyncio.FIRST_COMPLETED)
            if playing.done():
                # What went wrong with it, if anything.
                await playing
            return await asyncio.wait_for(key, self._patience)
        except asyncio.TimeoutError:
            return None
        finally:
            playing.cancel()
            key.cancel()


async def tones(call: Call, name: str) -> None:
    """A prompt without a recording."""
    await sounds.play(call, sounds.tone(TONES[name], 700) + sounds.silence(100))


def recordings(folder: Path) -> Prompts:
    """Prompts from WAV files."""

    async def play(call: Call, name: str) -> None:
        await call.play_wav(folder / f"{name}.wav")

    return play


def main() -> None:
    parser = argparse.ArgumentParser(description="Answers with a menu.")
    parser.add_argument("--prompts", type=Path, metavar="FOLDER", help="WAV files to play")
    folder: Path | None = parser.parse_args().prompts
    prompts = tones if folder is None else recordings(folder)
    bot.run("ivr", lambda call: Ivr(call, prompts).run(MAIN))


if __name__ == "__main__":
    main()
