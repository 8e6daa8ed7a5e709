"""A voice agent: hears a turn, thinks, speaks, and falls silent at once when the caller speaks.

    SW_TOKEN=… python voice_agent.py

The three parts that make an agent clever are protocols: :class:`SpeechToText`, :class:`Brain`,
:class:`TextToSpeech`. What stands in for them here runs on this machine and is honest about what
it is: nothing recognizes a word, and the voice is a row of tones. The loop around them is the real
thing: turns by energy, replies that stream, barge-in.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import bot
import sounds

from signalwire_client import AudioFrame, Call


class SpeechToText(Protocol):
    """Makes text of what the caller said in one turn."""

    async def transcribe(self, pcm: bytes, sample_rate_hz: int) -> str:
        """The text of 16-bit mono samples."""
        ...


class Brain(Protocol):
    """Decides what to say."""

    def reply(self, text: str) -> AsyncIterator[str]:
        """The answer, sentence by sentence, as it comes to mind."""
        ...


class TextToSpeech(Protocol):
    """Says it."""

    def speak(self, text: str) -> AsyncIterator[bytes]:
        """16-bit mono samples at ``sounds.RATE_HZ``, in pieces of any length."""
        ...


class Turn(Enum):
    """What the ear noticed."""

    BEGAN = "the caller began to speak"
    ENDED = "the caller has finished"


@dataclass
class Ear:
    """Tells by loudness when the caller's turn begins and ends.

    It takes any sound for speech: a model for voice activity belongs in its place where callers
    sit in traffic.
    """

    threshold: float = 0.02
    begins_after_ms: int = 60
    ends_after_ms: int = 500
    _run_ms: int = 0
    _is_speaking: bool = False
    # What was said before it was certain that somebody speaks belongs to the turn.
    _before: deque[bytes] = field(default_factory=lambda: deque(maxlen=10))
    _turn: bytearray = field(default_factory=bytearray)

    def hear(self, frame: AudioFrame) -> Turn | None:
        """Takes one frame."""
        is_loud = sounds.loudness(frame.samples) > self.threshold
        # The run of frames that speak against what is believed at the moment.
        self._run_ms = self._run_ms + sounds.FRAME_MS if is_loud != self._is_speaking else 0
        if self._is_speaking:
            self._turn += frame.data
            if self._run_ms >= self.ends_after_ms:
                self._is_speaking, self._run_ms = False, 0
                return Turn.ENDED
            return None
        self._before.append(frame.data)
        if self._run_ms >= self.begins_after_ms:
            self._is_speaking, self._run_ms = True, 0
            self._turn = bytearray(b"".join(self._before))
            self._before.clear()
            return Turn.BEGAN
        return None

    def turn(self) -> bytes:
        """What was said in the turn that ended."""
        return bytes(self._turn)


class Agent:
    """The agent in one call."""

    def __init__(
        self, call: Call, hearing: SpeechToText, brain: Brain, voice: TextToSpeech
    ) -> None:
        self._call = call
        self._hearing = hearing
        self._brain = brain
        self._voice = voice
        self._answer: asyncio.Task[None] | None = None
        self.interruptions = 0
        """How often the caller cut the agent short."""

    @property
    def is_answering(self) -> bool:
        """Whether it thinks or speaks at the moment."""
        return self._answer is not None and not self._answer.done()

    async def run(self) -> None:
        """Answers the call and talks until the caller hangs up."""
        await self._call.answer()
        ear = Ear()
        try:
            async with self._call.audio(sample_rate_hz=sounds.RATE_HZ) as frames:
                async for frame in frames:
                    turn = ear.hear(frame)
                    if turn is Turn.BEGAN and self.is_answering:
                        await self._be_silent()
                        self.interruptions += 1
                    elif turn is Turn.ENDED:
                        self._answer = asyncio.create_task(self._respond(ear.turn()))
        finally:
            await self._be_silent()

    async def _be_silent(self) -> None:
        """Stops thinking and speaking; what is pushed already and not yet sent is taken back."""
        self._call.clear_audio()
        if self._answer is not None:
            self._answer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._answer
            self._answer = None

    async def _respond(self, pcm: bytes) -> None:
        try:
            text = await self._hearing.transcribe(pcm, sounds.RATE_HZ)
            print(f"caller: {text}", flush=True)
            async for sentence in self._brain.reply(text):
                print(f"agent:  {sentence}", flush=True)
                async for piece in self._voice.speak(sentence):
                    await sounds.play(self._call, piece)
        except Exception as error:
            # One turn that failed is not the end of the call.
            print(f"{self._call.id}: no answer: {error}", flush=True)


class HowLong:
    """Stands in for a recognizer. It recognizes nothing: it says how long somebody spoke."""

    async def transcribe(self, pcm: bytes, sample_rate_hz: int) -> str:
        """``"(1.2 seconds of sound)"``."""
        return f"({len(pcm) / 2 / sample_rate_hz:.1f} seconds of sound)"


class Rules:
    """Stands in for a language model: one rule."""

    async def reply(self, text: str) -> AsyncIterator[str]:
        """Says what it was told, and how it can be stopped."""
        yield f"I heard {text}"
        yield "I only pretend to understand, so I go on for a while until you interrupt me"


class Tones:
    """Stands in for a voice: a tone for each word, higher for longer words."""

    LOWEST_HZ = 600

    async def speak(self, text: str) -> AsyncIterator[bytes]:
        """A piece for each word."""
        for word in text.split():
            hz = self.LOWEST_HZ + 25 * min(len(word), 16)
            yield sounds.tone(hz, 200) + sounds.silence(40)


def main() -> None:
    bot.run("voice_agent", lambda call: Agent(call, HowLong(), Rules(), Tones()).run())


if __name__ == "__main__":
    main()
