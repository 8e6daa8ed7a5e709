"""One call from its beginning to its end, and everything that can happen meanwhile."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import Coroutine
from typing import Any

from .. import (
    AudioCodec,
    Call,
    CallEvent,
    CallState,
    ClientEvent,
    DtmfMethod,
    EventStream,
    SignalWireError,
)
from . import commands, report
from .outcome import Failure, of_call
from .stdin import Lines

ECHO_TAIL = 0.5
"""What is played comes back a little later; hanging up at once would cut it off."""
SETTLE_LIMIT = 1.0
"""Longest wait for commands that were under way when the call ended."""


class Phone:
    """A call with its helpers."""

    def __init__(
        self,
        call: Call,
        client_events: EventStream[ClientEvent],
        options: argparse.Namespace,
        reporter: report.Reporter,
    ) -> None:
        self._call = call
        self._client_events = client_events
        self._options = options
        self._reporter = reporter
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self._outcome: str | None = None
        self._answered_at: float | None = None
        self._has_media = False
        self._has_begun = False
        self._player: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, lines: Lines) -> dict[str, Any]:
        """Stays in the call until it is over; gives what the last line says of it."""
        recorder = None
        try:
            if self._options.record:
                recorder = self._call.record_wav(self._options.record)
                self._reporter.line("recording", {"file": self._options.record})
            self._start(self._command())
            self._start(self._read(lines))
            self._start(self._watch_client())
            if getattr(self._options, "answer", False):
                self._queue.put_nowait("answer")
            async for event in self._call.events():
                self._event(event)
            await self._settle()
        except (asyncio.CancelledError, SignalWireError):
            await self._call.hangup()
            raise
        finally:
            for task in self._tasks:
                task.cancel()
        return self._result(recorder)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _event(self, event: CallEvent) -> None:
        kind, fields = report.call_event(event)
        self._reporter.line(kind, fields)
        if isinstance(event, CallEvent.STATE_CHANGED) and event.state == CallState.ACTIVE:
            if self._answered_at is None:
                self._answered_at = time.monotonic()
                if self._options.duration is not None:
                    self._start(self._hang_up_after(self._options.duration))
        elif isinstance(event, CallEvent.MEDIA_CONNECTED):
            self._has_media = True
        if self._answered_at is not None and self._has_media and not self._has_begun:
            self._has_begun = True
            if self._options.digits:
                self._queue.put_nowait(f"dtmf {self._options.digits}")
            if self._options.play:
                self._play(self._options.play)

    async def _watch_client(self) -> None:
        async for event in self._client_events:
            self._reporter.line(*report.client_event(event))

    async def _read(self, lines: Lines) -> None:
        async for line in lines:
            self._queue.put_nowait(line)
        if self._options.hangup_on_eof:
            self._queue.put_nowait("hangup")

    async def _command(self) -> None:
        """Carries out the commands, one after the other."""
        while True:
            line = await self._queue.get()
            try:
                if line.startswith("play "):
                    self._play(line[5:].strip())
                else:
                    answer = await commands.run(self._call, line, self._answer)
                    if line.startswith("reject"):
                        # That the call was declined is what was wanted.
                        self._outcome = "ok"
                    for kind, fields in answer:
                        self._reporter.line(kind, fields)
                if line != "hangup":
                    self._reporter.line("command_done", {"command": line})
            except commands.Unknown as unknown:
                self._refused(line, Failure("usage", str(unknown)))
            except SignalWireError as error:
                self._refused(line, Failure.of(error))
            finally:
                self._queue.task_done()

    def _refused(self, command: str, failure: Failure) -> None:
        fields = {"kind": failure.kind, "message": failure.message, "code": failure.code}
        self._reporter.line("error", {"command": command, **fields})

    async def _answer(self) -> None:
        await self._call.answer(audio_codecs=codecs(self._options), dtmf=dtmf(self._options))

    def _play(self, file: str) -> None:
        if self._player is not None and not self._player.done():
            self._player.cancel()
        self._player = self._start(self._playing(file))

    async def _playing(self, file: str) -> None:
        self._reporter.line("playing", {"file": file})
        is_complete = False
        try:
            await self._call.play_wav(file)
            is_complete = True
        except SignalWireError as error:
            if self._call.state in (CallState.ACTIVE, CallState.HELD):
                self._refused("play", Failure.of(error))
                if file == self._options.play:
                    self._outcome = "media_failed"
                    await self._call.hangup()
        finally:
            self._reporter.line("play_finished", {"file": file, "is_complete": is_complete})
        if file == self._options.play and self._options.duration is None:
            stats = self._call.stats
            held_back = max(0.0, stats.round_trip_ms + 2 * stats.jitter_buffer_ms) / 1000
            await self._hang_up_after(ECHO_TAIL + held_back)

    async def _hang_up_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._call.hangup()

    async def _settle(self) -> None:
        """Lets a command end that was under way; the end of the call ends it, too."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._queue.join(), SETTLE_LIMIT)
        while (event := self._client_events.try_next()) is not None:
            self._reporter.line(*report.client_event(event))

    def _result(self, recorder: Any) -> dict[str, Any]:
        call, end = self._call, self._call.end_reason
        if end is None:
            raise Failure("other", "the call ended without a reason")
        if recorder is not None:
            with contextlib.suppress(SignalWireError):
                recorder.finish()
        was_answered = self._answered_at is not None
        duration = time.monotonic() - self._answered_at if self._answered_at is not None else 0.0
        return {
            "outcome": self._outcome or of_call(end.kind.name, was_answered),
            "was_answered": was_answered,
            "duration_ms": round(duration * 1000, 3),
            "recording": self._options.record,
            **report.numbers(call.stats, call.setup_times, end),
        }


def codecs(options: argparse.Namespace) -> list[AudioCodec]:
    """The codecs that the command line allows; none for all."""
    return [AudioCodec[options.codec.upper()]] if options.codec else []


def dtmf(options: argparse.Namespace) -> DtmfMethod | None:
    """How the command line wants digits to be sent."""
    return DtmfMethod[options.dtmf.upper()] if options.dtmf else None
