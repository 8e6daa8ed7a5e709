"""A Pipecat transport over one SignalWire call.

    pip install pipecat-ai signalwire-client
    SW_TOKEN=… python pipecat_transport.py          # an echo through a pipeline

    params = TransportParams(audio_in_enabled=True, audio_out_enabled=True)
    transport = SignalWireTransport(call, params)
    Pipeline([transport.input(), stt, llm, tts, transport.output()])

Audio goes in and out at the rates of the pipeline, the library converts them. Keys that the caller
presses come as ``InputDTMFFrame``; ``OutputDTMFFrame`` sends digits. An interruption is heard at
once: what was pushed ahead is taken back. The pipeline's end hangs up, and when the caller hangs up
the event ``on_client_disconnected`` tells: end the pipeline then.
"""

# Pipecat is large; the other examples are to be checked without it, too.
# pyright: reportMissingImports=false

from __future__ import annotations

import asyncio

import bot
import sounds
from pipecat.audio.dtmf.types import KeypadEntry
from pipecat.frames.frames import (
    CancelFrame,
    EndFrame,
    Frame,
    InputAudioRawFrame,
    InputDTMFFrame,
    InterruptionFrame,
    OutputAudioRawFrame,
    OutputDTMFFrame,
    OutputDTMFUrgentFrame,
    StartFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.transports.base_input import BaseInputTransport
from pipecat.transports.base_output import BaseOutputTransport
from pipecat.transports.base_transport import BaseTransport, TransportParams
from pipecat.workers.runner import WorkerRunner

from signalwire_client import Call, CallEvent, SignalWireError


class SignalWireTransport(BaseTransport):
    """One call as the two ends of a pipeline.

    The call has to be answered before the pipeline starts. Events, both with the call:
    ``on_client_connected`` at the start, ``on_client_disconnected`` when it is over.
    """

    def __init__(self, call: Call, params: TransportParams) -> None:
        super().__init__()
        self.call = call
        self._input = _Input(self, params)
        self._output = _Output(self, params)
        self._register_event_handler("on_client_connected")
        self._register_event_handler("on_client_disconnected")

    def input(self) -> FrameProcessor:
        """Where the caller's audio and keys come from."""
        return self._input

    def output(self) -> FrameProcessor:
        """Where the audio for the caller goes."""
        return self._output

    def get_client_id(self, client: Call) -> str:
        """The call's id."""
        return client.id

    async def begun(self) -> None:
        """The pipeline has started."""
        await self._call_event_handler("on_client_connected", self.call)

    async def over(self) -> None:
        """The call is over, whoever ended it."""
        await self._call_event_handler("on_client_disconnected", self.call)


class _Input(BaseInputTransport):
    """Reads the call's audio and events."""

    def __init__(self, transport: SignalWireTransport, params: TransportParams) -> None:
        super().__init__(params)
        self._transport = transport
        self._readers: list[asyncio.Task[None]] = []

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        if self._readers:
            return
        call = self._transport.call
        await self.set_transport_ready(frame)
        self._readers.append(self.create_task(self._read_events(call)))
        if self._params.audio_in_enabled:
            self._readers.append(self.create_task(self._read_audio(call)))
        await self._transport.begun()

    async def stop(self, frame: EndFrame) -> None:
        await super().stop(frame)
        await self._end()

    async def cancel(self, frame: CancelFrame) -> None:
        await super().cancel(frame)
        await self._end()

    async def _end(self) -> None:
        readers, self._readers = self._readers, []
        for reader in readers:
            await self.cancel_task(reader)

    async def _read_audio(self, call: Call) -> None:
        channels = self._params.audio_in_channels
        async with call.audio(sample_rate_hz=self.sample_rate, channels=channels) as frames:
            async for frame in frames:
                audio = InputAudioRawFrame(frame.data, frame.sample_rate_hz, channels)
                await self.push_audio_frame(audio)

    async def _read_events(self, call: Call) -> None:
        async with call.events() as events:
            async for event in events:
                # The pipeline knows twelve keys; A to D are nobody's.
                if isinstance(event, CallEvent.DIGIT_RECEIVED) and event.digit in "0123456789*#":
                    await self.push_frame(InputDTMFFrame(button=KeypadEntry(event.digit)))
        await self._transport.over()


class _Output(BaseOutputTransport):
    """Pushes audio into the call, in real time."""

    def __init__(self, transport: SignalWireTransport, params: TransportParams) -> None:
        super().__init__(params)
        self._transport = transport
        self._interruptions = 0

    async def start(self, frame: StartFrame) -> None:
        await super().start(frame)
        await self.set_transport_ready(frame)

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        if isinstance(frame, InterruptionFrame):
            self._interruptions += 1
            self._transport.call.clear_audio()
        await super().process_frame(frame, direction)

    async def stop(self, frame: EndFrame) -> None:
        # What was said before the end is still played.
        await super().stop(frame)
        await sounds.drained(self._transport.call, 0)
        await self._transport.call.hangup()

    async def cancel(self, frame: CancelFrame) -> None:
        await super().cancel(frame)
        await self._transport.call.hangup()

    async def write_audio_frame(self, frame: OutputAudioRawFrame) -> bool:
        call = self._transport.call
        before = self._interruptions
        await sounds.drained(call, sounds.LEAD_MS)
        if self._interruptions != before and frame.interruptible:
            # It waited for its turn when the caller cut in.
            return True
        try:
            call.push_audio(
                frame.audio, sample_rate_hz=frame.sample_rate, channels=frame.num_channels
            )
        except SignalWireError:
            return False
        return True

    def _supports_native_dtmf(self) -> bool:
        return True

    async def _write_dtmf_native(self, frame: OutputDTMFFrame | OutputDTMFUrgentFrame) -> None:
        digits = "".join(button.value for button in frame.buttons or ())
        if digits:
            await self._transport.call.send_digits(digits)


class Echo(FrameProcessor):
    """The smallest pipeline: what is heard is said."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, InputAudioRawFrame):
            frame = OutputAudioRawFrame(frame.audio, frame.sample_rate, frame.num_channels)
        await self.push_frame(frame, direction)


async def converse(call: Call, *processors: FrameProcessor) -> None:
    """Answers a call and runs a pipeline of these processors in it until it is over."""
    await call.answer()
    params = TransportParams(
        audio_in_enabled=True,
        audio_out_enabled=True,
        audio_out_auto_silence=False,
        audio_out_end_silence_secs=0,
    )
    transport = SignalWireTransport(call, params)
    pipeline = Pipeline([transport.input(), *processors, transport.output()])
    rates = PipelineParams(
        audio_in_sample_rate=sounds.RATE_HZ, audio_out_sample_rate=sounds.RATE_HZ
    )
    worker = PipelineWorker(pipeline, params=rates)

    async def ended(transport: SignalWireTransport, call: Call) -> None:
        await worker.cancel()

    transport.add_event_handler("on_client_disconnected", ended)
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    bot.run("pipecat", lambda call: converse(call, Echo()))
