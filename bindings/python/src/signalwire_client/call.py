"""A call and its audio."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from . import _native
from ._convert import awaited, guarded
from .events import EventStream
from .options import AnswerOptions, answer_options, json_object
from .recorder import Recorder

if TYPE_CHECKING:
    from typing_extensions import Buffer, TypeAlias, Unpack

    from .audio import AudioFrame, AudioPort, AudioSink, AudioStream
    from .devices import Loudspeaker, Microphone
    from .pictures import Picture, PicturePort, PictureSink, PictureStream
    from .video import VideoFrame, VideoPort, VideoSink


Target: TypeAlias = "str | _native.Member | _native.MemberTarget"
"""Whom a request is about: a member's id, a member, the own member, or all."""


class Call:
    """A call of a client. Made by :meth:`Client.dial`, or given by :meth:`Client.call`.

    Every method may be called from any thread and at any time, also after the end. Letting go of
    the object does not hang up; the call goes on until :meth:`hangup`, the far side or the
    client's end.
    """

    def __init__(self, native: _native.Call) -> None:
        self._native = native
        self._port: AudioPort | None = None
        self._video: VideoPort | None = None
        self._pictures: PicturePort | None = None

    @property
    def id(self) -> str:
        """The call's id (UUID), unique for ever; the service knows this leg by it."""
        return self._native.id()

    @property
    def destination(self) -> str:
        """The destination as it was dialled; of a call that came in, the own address."""
        return self._native.destination()

    @property
    def direction(self) -> _native.Direction:
        """Whether this call was dialled here or came in."""
        return self._native.direction()

    @property
    def remote_party(self) -> _native.RemoteParty:
        """Who is at the other end: the caller, or what was dialled."""
        return self._native.remote_party()

    @property
    def state(self) -> _native.CallState:
        """Where the call stands at this moment."""
        return self._native.state()

    @property
    def end_reason(self) -> _native.EndReason | None:
        """Why the call ended; None while it has not."""
        return self._native.end_reason()

    @property
    def is_muted(self) -> bool:
        """Whether the microphone is muted, by this side or by the service."""
        return self._native.is_muted()

    @property
    def is_video_muted(self) -> bool:
        """Whether the camera is muted, by this side or by the service: then no video is sent."""
        return self._native.is_video_muted()

    @property
    def media(self) -> _native.MediaDirections:
        """In which directions audio and video flow, as both sides agreed on."""
        return self._native.media()

    @property
    def is_recovering(self) -> bool:
        """Whether the media path is being made anew at this moment; the state stays as it is."""
        return self._native.is_recovering()

    @property
    def stats(self) -> _native.CallStats:
        """Numbers about the call's audio at this moment; after the end those of its last one."""
        return self._native.stats()

    @property
    def setup_times(self) -> _native.SetupTimes:
        """When each step of the set-up was done."""
        return self._native.setup_times()

    def diagnostics(self) -> str:
        """What happened in this call and how it stands, as JSON for a report of a problem.

        Also after the end. It has the state, who ended it and why, the steps of the set-up, the
        last events by name, the descriptions of media (SDP), candidates and statistics. Addresses
        and the other party's number are in it; ICE credentials, fingerprints and keys are not, nor
        is anything that was said or written.
        """
        return self._native.diagnostics()

    @property
    def queued_audio_ms(self) -> int:
        """Milliseconds of pushed audio that wait to be sent."""
        return self._native.queued_audio_ms()

    def events(self) -> EventStream[_native.CallEvent]:
        """A stream of this call's events; the first one holds everything since it was dialled."""
        return EventStream(self._native.events())

    async def answered(self) -> None:
        """Waits until the call is answered. Cancelling the wait does not hang up.

        Raises :class:`CallFailedError` with the cause when it is refused or ends first, and
        :class:`GivenUpError` after the client's shutdown.
        """
        await awaited(self._native.answered())

    async def ended(self) -> _native.EndReason:
        """Waits until the call is over and tells why.

        Raises :class:`GivenUpError` if the library was shut down meanwhile.
        """
        return await awaited(self._native.ended())

    async def answer(self, **options: Unpack[AnswerOptions]) -> None:
        """Answers a call that came in with audio both ways, and waits until it is up.

        The options are those of :meth:`Client.dial`, as far as :class:`AnswerOptions` has them.
        Raises :class:`InvalidArgumentError`,
        :class:`InvalidStateError` for a call that was dialled here or is answered already,
        :class:`ClosedError` after its end, and :class:`CallFailedError` when the caller gave up
        meanwhile, another device was faster, or no common media was found.
        """
        await awaited(self._native.answer(answer_options(options)))

    async def reject(self) -> None:
        """Refuses a call that came in as busy; the subscriber's other devices ring on.

        Raises :class:`InvalidStateError` for a call that was dialled here or is answered already,
        :class:`ClosedError` after its end.
        """
        await awaited(self._native.reject())

    async def reject_everywhere(self) -> None:
        """Refuses a call on all devices of the subscriber; raises as :meth:`reject`."""
        await awaited(self._native.reject_everywhere())

    async def hangup(self) -> None:
        """Hangs up and waits until the service confirmed, at most 2 s; it is over in any case.

        Audio stops at once. Hanging up an ended call does nothing.
        """
        await awaited(self._native.hangup())

    async def send_digits(self, digits: str) -> None:
        """Sends DTMF: 1 to 64 of ``0-9 A-D * #``, and ``w``/``W`` for a pause of 0.5 s/1 s.

        They go the way that the option ``dtmf`` of :meth:`Client.dial` or :meth:`answer` chose:
        through the service unless said otherwise, and this waits until it took them; or in the
        audio stream, where this waits until the last one was sent, 160 ms per digit, while no
        other audio is sent.
        Raises :class:`InvalidArgumentError`, :class:`InvalidStateError` unless the call is
        answered, for the audio stream also while it is held or has no media yet,
        :class:`NotSupportedError` where the far side takes no digits in the audio stream,
        :class:`MediaError` when its audio was stopped before the last one was out,
        :class:`ClosedError`, :class:`TimedOutError`, :class:`RejectedError`.
        """
        await awaited(self._native.send_digits(digits))

    async def mute(self) -> None:
        """Mutes the microphone, here and at the service. Muting twice does nothing.

        Raises :class:`InvalidStateError` unless the call is answered and joined,
        :class:`ClosedError`, and :class:`TimedOutError` or :class:`RejectedError`, after which
        the local side stays muted.
        """
        await awaited(self._native.mute())

    async def unmute(self) -> None:
        """Undoes :meth:`mute`; raises the same, after which the local side stays muted."""
        await awaited(self._native.unmute())

    async def hold(self) -> None:
        """Puts the call on hold: the service stops sending media.

        Raises :class:`InvalidStateError` unless answered, :class:`ClosedError`,
        :class:`TimedOutError` (state unchanged, retry is safe), :class:`RejectedError`.
        """
        await awaited(self._native.hold())

    async def unhold(self) -> None:
        """Takes the call off hold; raises as :meth:`hold`."""
        await awaited(self._native.unhold())

    @property
    def members(self) -> list[_native.Member]:
        """Everybody known to be in the call at this moment, in the order in which they came.

        The own member (more than once while the call is in several sessions, see
        ``room_session_id``), other people, screens, devices. Empty before the call joined its
        session. Each change is also an event.
        """
        return self._native.members()

    @property
    def layout(self) -> _native.Layout | None:
        """The layout where the call is at the moment; None before the service told one."""
        return self._native.layout()

    @property
    def capabilities(self) -> list[str]:
        """What the own member may do where the call is at the moment, as the service words it.

        Such as ``self.mute`` or ``member.remove``; a word grants everything below it (``self``).
        Empty before the call joined its session.
        """
        return self._native.capabilities()

    async def set_audio_muted(self, target: Target, muted: bool) -> None:
        """Mutes or unmutes a microphone: the service stops passing on the member's audio.

        Of the own microphone, silence is sent from here at once, too; when the request fails it
        stays muted. Repeating does nothing.

        ``target`` of this and the other methods about members: a member's id, a ``Member``, or
        ``MemberTarget.OWN()``, ``MemberTarget.ALL()``. All of them raise
        :class:`InvalidArgumentError` for an argument out of its range, :class:`InvalidStateError`
        unless the call is answered and joined (wait for the event ``Joined``),
        :class:`NotFoundError` for a member that is not in :attr:`members` or that the service no
        longer knows, :class:`ClosedError` after the end, :class:`TimedOutError` and
        :class:`NetworkError` (unsure whether it was done; asking again is safe),
        :class:`RejectedError` with the service's code, -32001 when :attr:`capabilities` do not
        allow it. Nothing is checked here against the capabilities: the service decides.
        """
        await awaited(self._native.set_audio_muted(_target(target), muted))

    async def set_video_muted(self, target: Target, muted: bool) -> None:
        """Mutes or unmutes a camera at the service; raises as :meth:`set_audio_muted`."""
        await awaited(self._native.set_video_muted(_target(target), muted))

    async def set_deaf(self, target: Target, deaf: bool) -> None:
        """Stops or restores the audio that a member hears; raises as :meth:`set_audio_muted`."""
        await awaited(self._native.set_deaf(_target(target), deaf))

    async def set_hand_raised(self, target: Target, raised: bool) -> None:
        """Raises or lowers a hand; raises as :meth:`set_audio_muted`."""
        await awaited(self._native.set_hand_raised(_target(target), raised))

    async def set_input_volume(self, target: Target, volume: int) -> None:
        """Sets the volume of a member's microphone, -50 to 50; 0 leaves it as it comes.

        Raises as :meth:`set_audio_muted`.
        """
        await awaited(self._native.set_input_volume(_target(target), volume))

    async def set_output_volume(self, target: Target, volume: int) -> None:
        """Sets the volume of what a member hears, -50 to 50; 0 leaves it as it comes.

        Raises as :meth:`set_audio_muted`.
        """
        await awaited(self._native.set_output_volume(_target(target), volume))

    async def set_input_sensitivity(self, target: Target, sensitivity: int) -> None:
        """Sets below which level a member's sound counts as silence, 0 to 100; 30 by default.

        Has an effect in conferences only. Raises as :meth:`set_audio_muted`.
        """
        await awaited(self._native.set_input_sensitivity(_target(target), sensitivity))

    async def set_audio_flags(
        self,
        target: Target,
        *,
        echo_cancellation: bool | None = None,
        auto_gain: bool | None = None,
        noise_suppression: bool | None = None,
    ) -> None:
        """Switches what the service does to a member's microphone; None leaves it as it is.

        At least one must be given. Raises as :meth:`set_audio_muted`.
        """
        flags = _native.AudioFlags(
            echo_cancellation=echo_cancellation,
            auto_gain=auto_gain,
            noise_suppression=noise_suppression,
        )
        await awaited(self._native.set_audio_flags(_target(target), flags))

    async def set_low_bitrate(self, target: Target, low: bool) -> None:
        """Asks the service to send a member video of low bit rate, or no longer.

        Raises as :meth:`set_audio_muted`.
        """
        await awaited(self._native.set_low_bitrate(_target(target), low))

    async def set_locked(self, locked: bool) -> None:
        """Locks the room, so that nobody else can join, or unlocks it.

        Raises as :meth:`set_audio_muted`.
        """
        await awaited(self._native.set_locked(locked))

    async def layouts(self) -> list[str]:
        """The names of the layouts that :meth:`set_layout` takes.

        Raises as :meth:`set_audio_muted`, and :class:`ProtocolError` for an answer without a list.
        """
        return await awaited(self._native.layouts())

    async def set_layout(self, name: str) -> None:
        """Chooses a layout by its name; the event ``LayoutChanged`` tells the effect.

        Place members with :meth:`set_positions` afterwards. Raises as :meth:`set_audio_muted`, and
        :class:`RejectedError` for a name that the service lacks.
        """
        await awaited(self._native.set_layout(name))

    async def set_positions(self, positions: Mapping[str, str]) -> None:
        """Places members in the layout, all in one request: each member's id with its position.

        A position is ``auto``, ``reserved-0``, ``standard-0`` and so on, ``off-canvas``,
        ``playback`` or ``full-screen``. 1 to 1024 members. Has no effect outside of conferences.
        Raises as :meth:`set_audio_muted`.
        """
        places = [
            _native.MemberPosition(target=_target(member_id), position=position)
            for member_id, position in positions.items()
        ]
        await awaited(self._native.set_positions(places))

    async def remove_member(self, member_id: str) -> None:
        """Removes another member from the session; raises as :meth:`set_audio_muted`."""
        await awaited(self._native.remove_member(member_id))

    async def end_for(self, target: Target) -> None:
        """Ends the call of a member at the service. For the own call :meth:`hangup` is usual.

        Whether others are dropped with a member is the service's decision. Raises as
        :meth:`set_audio_muted`.
        """
        await awaited(self._native.end_for(_target(target)))

    async def transfer(self, destination: str) -> None:
        """Asks the service to connect the far side with ``destination`` instead.

        The forms are those of :meth:`Client.dial`. What becomes of this call then the service
        decides: it ends it, or moves it on, which the event ``Joined`` tells. Raises
        :class:`InvalidArgumentError` for what is no destination, :class:`InvalidStateError` unless
        the call is answered, :class:`ClosedError`, :class:`TimedOutError` (unsure whether it was
        done), :class:`NotSupportedError` where the service has no transfer,
        :class:`RejectedError` with its code where it refused.
        """
        await awaited(self._native.transfer(destination))

    async def subscribe_transcript(self) -> None:
        """Asks for what is said in a conversation with an AI agent: the event ``Transcript``.

        Subscribing twice does nothing. Raises as :meth:`subscribe`; asking again is safe.
        """
        await awaited(self._native.subscribe_transcript())

    async def subscribe(self, event_type: str) -> None:
        """Asks the service for one more type of event during this call, such as ``user_event``.

        They come as the event ``Other``, or as the event of their own that a type has here. For
        what an AI agent says see :meth:`subscribe_transcript`. Raises
        :class:`InvalidArgumentError`, :class:`InvalidStateError` unless answered,
        :class:`ClosedError`, :class:`TimedOutError` (retry is safe), :class:`RejectedError`.
        """
        await awaited(self._native.subscribe(event_type))

    async def execute(
        self, method: str, params: Mapping[str, object] | None = None
    ) -> dict[str, Any]:
        """Sends any ``call.*`` request of the service and gives its result.

        For what this class has no method for: ``await call.execute("call.raisehand")``. ``self``,
        who asks, is added unless given; ``target``, who is acted on, is the own member unless
        ``target`` or ``targets`` is given. Another member is named by its three ids,
        ``{"member_id", "call_id", "node_id"}``, as its events have them.
        Raises :class:`InvalidArgumentError`, :class:`InvalidStateError` unless answered and joined,
        :class:`ClosedError`, :class:`TimedOutError` (unsure whether it was done),
        :class:`NotFoundError` for a method that the service lacks, :class:`RejectedError` with the
        service's code.
        """
        text = json_object("params", params)
        result = json.loads(await awaited(self._native.execute(method, text)))
        return result if isinstance(result, dict) else {"result": result}

    def push_audio(self, pcm: Buffer, *, sample_rate_hz: int = 48_000, channels: int = 1) -> int:
        """Queues audio to be sent: interleaved native 16-bit samples, whole frames.

        ``pcm`` is any object with contiguous memory of bytes or ``int16``: bytes, bytearray,
        memoryview, array, a numpy array. It is read in place and may be reused afterwards. The
        queue holds 200 ms by default; when it is full the oldest is dropped. Audio pushed before
        the answer is dropped. Never blocks. Gives the milliseconds that had to be dropped,
        normally 0. Raises :class:`InvalidArgumentError`, :class:`ClosedError`, and
        :class:`TypeError` for memory of another type.
        """
        return self._audio_port().push(pcm, sample_rate_hz, channels)

    def clear_audio(self) -> int:
        """Discards at once what was pushed and is not sent yet, for a bot that is interrupted.

        The far side hears silence from the next packet on, or what is pushed after it. A push at
        the same time, of another thread, is discarded as a whole or not at all. A file that is
        played goes on: cancel its wait. Gives the milliseconds that were discarded, rounded up: 0
        when nothing waited, and after the end; they do not count as dropped. Any thread.
        """
        return self._native.clear_audio()

    def add_audio_sink(
        self,
        callback: Callable[[AudioFrame], object],
        *,
        sample_rate_hz: int = 48_000,
        channels: int = 1,
    ) -> AudioSink:
        """Calls ``callback`` with every 20 ms frame of received audio, on a media thread.

        It runs one call after the other until the call ends or the sink is removed. Silence and
        lost packets arrive as (concealed) frames. A callback that is slower than real time loses
        the oldest of 10 frames. What it raises is logged, and the next frame comes anyway. It
        must not wait for the event loop. For a coroutine see :meth:`audio`.
        Raises :class:`InvalidArgumentError`, :class:`ClosedError`.
        """
        return self._audio_port().add_sink(callback, sample_rate_hz, channels)

    def remove_audio_sink(self, sink: AudioSink) -> None:
        """Ends the deliveries to a sink; the same as :meth:`AudioSink.remove`."""
        sink.remove()

    def audio(
        self, *, sample_rate_hz: int = 48_000, channels: int = 1, queue_frames: int = 50
    ) -> AudioStream:
        """The received audio for ``async for frame in call.audio():``, from now on.

        Up to ``queue_frames`` frames of 20 ms wait for the reader; when it is slower the oldest
        are dropped and counted. Ends with the call.
        Raises :class:`InvalidArgumentError`, :class:`ClosedError`.
        """
        return self._audio_port().stream(sample_rate_hz, channels, queue_frames)

    def push_video(self, data: Buffer, codec: _native.VideoCodec, *, timestamp_us: int) -> int:
        """Queues an encoded frame to be sent: a VP8 frame, or an H.264 access unit (Annex B).

        ``data`` is any object with contiguous memory; it is copied as a whole. ``timestamp_us``:
        when it was captured, by any clock that never goes back. The first frame has to be a key
        frame, and so has the next one after the event ``KeyFrameRequested``. Never blocks. Gives
        how many frames were dropped, normally 0: the queue of 10 was full, a key frame was missing,
        or the camera is muted. Raises :class:`InvalidArgumentError`, :class:`InvalidStateError`
        before the event ``VideoConnected`` and while video is not sent, :class:`ClosedError`.
        """
        return self._video_port().push(data, codec, timestamp_us)

    def add_video_sink(self, callback: Callable[[VideoFrame], object]) -> VideoSink:
        """Calls ``callback`` with every received encoded frame, on a media thread.

        The first one is a key frame. It runs one call after the other until the call ends or
        the sink is removed. A callback that is 30 frames behind loses them and goes on with a
        key frame. What it raises is logged.
        Raises :class:`ClosedError`.
        """
        return self._video_port().add_sink(callback)

    def remove_video_sink(self, sink: VideoSink) -> None:
        """Ends the deliveries to a sink; the same as :meth:`VideoSink.remove`."""
        sink.remove()

    def push_picture(self, picture: Picture) -> int:
        """Queues a picture to be encoded and sent, on a thread of the call's own.

        Key frames, size, number and bit rate are taken care of; see :meth:`set_video_encoding`.
        Never blocks; the planes are copied. Two pictures may wait: a third one takes the place of
        the oldest. Gives how many were dropped, normally 0; all while the camera is muted. Use
        either this or :meth:`push_video` in one call.
        Raises :class:`NotSupportedError` where the library was built without the negotiated codec,
        as that of the wheels is without both; :class:`InvalidStateError` before the event
        ``VideoConnected`` and while video is not sent; :class:`ClosedError`.
        """
        return self._picture_port().push(picture)

    def set_video_encoding(
        self,
        *,
        max_bitrate_bps: int = 0,
        max_width: int = 0,
        max_height: int = 0,
        max_frame_rate: float = 0.0,
    ) -> None:
        """Says how pushed pictures are encoded, from the next one on; also before there is video.

        0 leaves the choice to the library.

        - ``max_bitrate_bps``: by default what is usual for the size, 0.1 to 2.5 Mbit/s.
        - ``max_width``, ``max_height``: larger pictures are made smaller, their shape kept.
        - ``max_frame_rate``: what comes sooner is left out. The bits are spread over so many
          pictures per second, over 30 by default.

        Raises :class:`InvalidArgumentError`, :class:`NotSupportedError` where the library was
        built without codecs, :class:`ClosedError`.
        """
        encoding = _native.VideoEncoding(
            max_bitrate_bps=max_bitrate_bps,
            max_width=max_width,
            max_height=max_height,
            max_frame_rate=max_frame_rate,
        )
        guarded(self._native.set_video_encoding, encoding)

    def add_picture_sink(
        self,
        callback: Callable[[Picture], object],
        *,
        format: _native.PixelFormat = _native.PixelFormat.I420,
    ) -> PictureSink:
        """Calls ``callback`` with every received picture, on a media thread.

        It runs one call after the other until the call ends or the sink is removed. The picture
        may be kept. Two pictures wait for a slow callback, and the latest win. No picture is ever
        damaged: after a loss nothing comes before the next key frame, which is asked for. What it
        raises is logged. It must not wait for the event loop; for a coroutine see
        :meth:`pictures`.
        Raises :class:`NotSupportedError` where the library was built without codecs, as that of
        the wheels is; :class:`MediaError`; :class:`ClosedError`.
        """
        return self._picture_port().add_sink(callback, format)

    def remove_picture_sink(self, sink: PictureSink) -> None:
        """Ends the deliveries to a sink; the same as :meth:`PictureSink.remove`."""
        sink.remove()

    def pictures(
        self,
        *,
        format: _native.PixelFormat = _native.PixelFormat.I420,
        queue_pictures: int = 2,
    ) -> PictureStream:
        """The received pictures for ``async for picture in call.pictures():``, from now on.

        Up to ``queue_pictures`` wait for the reader; when it is slower the oldest are dropped and
        counted. Ends with the call. Raises as :meth:`add_picture_sink`.
        """
        return self._picture_port().stream(format, queue_pictures)

    @property
    def picture_stats(self) -> _native.PictureStats:
        """What became of the call's pictures so far; the last numbers after the end."""
        return self._native.picture_stats()

    def request_key_frame(self) -> None:
        """Asks the far side for a key frame, at most twice a second. Losses ask by themselves.

        Raises :class:`ClosedError`.
        """
        guarded(self._native.request_key_frame)

    async def set_media(self, audio: _native.MediaDirection, video: _native.MediaDirection) -> None:
        """Changes what flows: adds video to an audio call, stops it, turns directions.

        Waits until the far side agreed; one change is negotiated at a time. Raises
        :class:`InvalidStateError` unless the call is answered, :class:`RejectedError` or
        :class:`TimedOutError` when the service does not take it, after which everything is as it
        was, :class:`MediaError` when the far side agreed on less, which then counts,
        :class:`ClosedError`.
        """
        directions = _native.MediaDirections(audio=audio, video=video)
        await awaited(self._native.set_media(directions))

    @property
    def parent_id(self) -> str | None:
        """The id of the call that this one is a screen or device of; None for any other call."""
        return self._native.parent_id()

    async def start_screen_share(
        self,
        *,
        with_audio: bool = False,
        video_codecs: Iterable[_native.VideoCodec] = (),
        layout: str | None = None,
        position: str | None = None,
        user_variables: Mapping[str, object] | None = None,
        media_timeout_ms: int = 15_000,
    ) -> Call:
        """Shares a screen: a further leg that only sends, a call of its own.

        Push the screen's frames into it. It appears in the session as a member of kind
        ``SCREEN`` whose parent is the own member. Hanging it up ends the sharing; it ends with
        this call at the latest.

        - ``with_audio``: whether the screen has sound, too, which is pushed as audio.
        - ``layout``: the layout that the session is to have; by default the service's.
        - ``position``: where the screen is to be shown, such as ``reserved-0``.
        - the others: as for :meth:`Client.dial`.

        Raises :class:`InvalidArgumentError`, :class:`InvalidStateError` unless this call is
        answered, :class:`ClosedError`. That the capability ``screenshare`` is missing shows as
        the leg's end.
        """
        options = _native.ScreenShareOptions(
            with_audio=with_audio,
            video_codecs=list(video_codecs),
            layout=layout,
            position=position,
            user_variables_json=json_object("user_variables", user_variables),
            media_timeout_ms=media_timeout_ms,
        )
        return Call(await awaited(self._native.start_screen_share(options)))

    async def add_device(
        self,
        *,
        sends_audio: bool = False,
        sends_video: bool = True,
        video_codecs: Iterable[_native.VideoCodec] = (),
        user_variables: Mapping[str, object] | None = None,
        media_timeout_ms: int = 15_000,
    ) -> Call:
        """Adds a device, such as a second camera or microphone: a further leg that only sends.

        It is a call of its own as with :meth:`start_screen_share`, and a member of kind
        ``DEVICE``; it must send audio or video. Raises as there.
        """
        options = _native.DeviceOptions(
            sends_audio=sends_audio,
            sends_video=sends_video,
            video_codecs=list(video_codecs),
            user_variables_json=json_object("user_variables", user_variables),
            media_timeout_ms=media_timeout_ms,
        )
        return Call(await awaited(self._native.add_device(options)))

    async def play_wav(self, path: str | os.PathLike[str]) -> None:
        """Plays a WAV file into the call in real time and waits until it was sent.

        PCM of 8 to 32 bits or float, any usual rate, mono or stereo; at most 256 MB. Cancelling
        the wait stops the file. Raises :class:`InvalidStateError` unless the call is answered,
        :class:`MediaError` for files that cannot be read, :class:`ClosedError`.
        """
        await awaited(self._native.play_wav(os.fspath(path)))

    def record(
        self,
        path: str | os.PathLike[str],
        *,
        side: _native.RecordSide = _native.RecordSide.RECEIVED,
        format: _native.RecordFormat = _native.RecordFormat.WAV,
        sample_rate_hz: int = 48_000,
        opus_bitrate_bps: int = 0,
    ) -> Recorder:
        """Records the call to a file: what is received, what is sent, or both; replaces the file.

        - ``side``: ``RECEIVED``, ``SENT``, ``BOTH`` (stereo: left sent, right received), ``MIXED``.
        - ``format``: ``WAV`` or ``OGG_OPUS``.
        - ``sample_rate_hz``: 8000 to 192000, for both sides a multiple of 50; 48000 for Ogg.
        - ``opus_bitrate_bps``: 6000 to 510000; 0 is 32000 for each channel.

        Both sides are on one time line from the moment that media flow: what is lost, muted, held
        or not pushed is silence. A slow disk costs audio, after 10 s, never the call; the file is
        valid at any moment but for the last half second. It ends with :meth:`Recorder.finish`, at
        the end of a ``with`` block, or with the call.
        Raises :class:`InvalidArgumentError`, :class:`MediaError` when the file cannot be made,
        :class:`ClosedError`.
        """
        options = _native.RecordOptions(
            side=side,
            format=format,
            sample_rate_hz=sample_rate_hz,
            opus_bitrate_bps=opus_bitrate_bps,
        )
        return Recorder(guarded(self._native.record, os.fspath(path), options))

    def record_wav(
        self, path: str | os.PathLike[str], *, sample_rate_hz: int = 48_000, channels: int = 1
    ) -> Recorder:
        """Records the received audio to a 16-bit WAV file; an existing one is replaced.

        It ends with :meth:`Recorder.finish`, at the end of a ``with`` block, or with the call.
        Raises :class:`InvalidArgumentError`, :class:`MediaError`, :class:`ClosedError`.
        """
        shape = _format(sample_rate_hz, channels)
        return Recorder(guarded(self._native.record_wav, os.fspath(path), shape))

    def _audio_port(self) -> AudioPort:
        # Two threads may make one each; the second one is used and both are freed.
        if self._port is None:
            from .audio import AudioPort

            self._port = AudioPort(self._native)
        return self._port

    def _video_port(self) -> VideoPort:
        if self._video is None:
            from .video import VideoPort

            self._video = VideoPort(self._native)
        return self._video

    def _picture_port(self) -> PicturePort:
        if self._pictures is None:
            from .pictures import PicturePort

            self._pictures = PicturePort(self._native)
        return self._pictures

    async def __aenter__(self) -> Call:
        """Waits until a call that was dialled is answered; one that came in is taken as it is.

        Raises as :meth:`answered`. If that fails or is cancelled, the call is hung up.
        """
        if self.direction == _native.Direction.OUTBOUND:
            try:
                await self.answered()
            except BaseException:
                await self.hangup()
                raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.hangup()

    def __repr__(self) -> str:
        return f"<Call {self.id} {self.destination} {self.state.name}>"

    def connect_microphone(self, microphone: Microphone) -> None:
        """Sends what a microphone hears, until the call ends or the microphone stops.

        While its device is unplugged silence is sent. One microphone may be connected to several
        calls. Connecting it twice does nothing.
        Raises :class:`ClosedError` after the end.
        """
        guarded(self._native.connect_microphone, microphone._native)

    def disconnect_microphone(self, microphone: Microphone) -> None:
        """Stops sending what a microphone hears. One that is not connected is ignored."""
        self._native.disconnect_microphone(microphone._native)

    def connect_loudspeaker(self, loudspeaker: Loudspeaker) -> None:
        """Plays what is received, until the call ends or the loudspeaker stops.

        Sinks go on beside it. Connecting it twice does nothing.
        Raises :class:`ClosedError` after the end.
        """
        guarded(self._native.connect_loudspeaker, loudspeaker._native)

    def disconnect_loudspeaker(self, loudspeaker: Loudspeaker) -> None:
        """Stops playing the call. A loudspeaker that is not connected is ignored."""
        self._native.disconnect_loudspeaker(loudspeaker._native)


def _target(target: Target) -> _native.MemberTarget:
    if isinstance(target, _native.MemberTarget):
        return target
    if isinstance(target, _native.Member):
        target = target.member_id
    if not isinstance(target, str):
        raise TypeError(f"a member's id, a Member or a MemberTarget, not {type(target).__name__}")
    # The generated class has no annotations.
    make = cast("Callable[[str], _native.MemberTarget]", _native.MemberTarget.MEMBER)
    return make(target)


def _format(sample_rate_hz: int, channels: int) -> _native.AudioFormat:
    return _native.AudioFormat(sample_rate_hz=sample_rate_hz, channels=channels)
