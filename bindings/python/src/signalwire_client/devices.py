"""Microphones and loudspeakers, and what cleans their sound."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from . import _native
from ._convert import guarded
from ._exit import mark_used
from .events import EventStream

if TYPE_CHECKING:
    from typing_extensions import Buffer, Self, TypeAlias

Native = TypeVar("Native", bound="_Opened")

# Named here: inside the class `list` is its method.
_Devices: TypeAlias = "list[_native.AudioDevice]"

__all__ = ["AudioDevices", "AudioProcessor", "Loudspeaker", "Microphone"]


class AudioDevices:
    """The microphones and loudspeakers of this machine: :meth:`system`, or :meth:`silent` ones.

        devices = AudioDevices.system()
        with devices.open_microphone() as microphone, devices.open_loudspeaker() as loudspeaker:
            call.connect_microphone(microphone)
            call.connect_loudspeaker(loudspeaker)
            await call.ended()

    Every method may be called from any thread.
    """

    def __init__(self, native: _native.AudioDevices) -> None:
        self._native = native
        mark_used()

    @classmethod
    def system(cls) -> AudioDevices:
        """The devices of this machine. A machine without devices is no error: its list is empty.

        Raises :class:`NotSupportedError` where the library was built without devices, as that of
        the wheels is, which would not load on a Linux server otherwise; :class:`MediaError` where
        the audio system does not answer.
        """
        return cls(guarded(_native.AudioDevices.system))

    @classmethod
    def silent(cls) -> AudioDevices:
        """A microphone that hears nothing and a loudspeaker that nobody hears.

        For programs that want devices on a machine that has none.
        """
        return cls(guarded(_native.AudioDevices.silent))

    def list(self) -> _Devices:
        """The devices that are there now, with their rates; it may take some 10 ms for each."""
        return guarded(self._native.list)

    def events(self) -> EventStream[_native.AudioDeviceEvent]:
        """What happens to the devices and to what was opened, looked at every second.

        The first stream has everything since this object was made.
        """
        return EventStream(guarded(self._native.events))

    def open_microphone(
        self,
        device: str | None = None,
        *,
        processor: AudioProcessor | None = None,
        echo_of: Loudspeaker | None = None,
    ) -> Microphone:
        """Starts a microphone; connect it to calls by :meth:`Call.connect_microphone`.

        ``device``: id, name or part of a name; none for the default, which is then followed. A
        named one falls back to the default while it is unplugged. ``processor`` cleans what is
        heard; ``echo_of`` is the loudspeaker whose echo it takes out.
        Raises :class:`NotFoundError` when there is no such microphone, or none at all;
        :class:`InvalidArgumentError` for a part of a name that fits several;
        :class:`MediaError` when it cannot be opened, e.g. since another program has it.
        """
        native = guarded(
            self._native.open_microphone,
            device,
            None if processor is None else processor._native,
            None if echo_of is None else echo_of._native,
        )
        return Microphone(native)

    def open_loudspeaker(self, device: str | None = None) -> Loudspeaker:
        """Starts a loudspeaker; connect calls to it by :meth:`Call.connect_loudspeaker`.

        It is chosen and followed as a microphone is, and raises the same.
        """
        return Loudspeaker(guarded(self._native.open_loudspeaker, device))


class _Opened(Protocol):
    def device(self) -> _native.AudioDevice | None: ...
    def stop(self) -> None: ...


class _OpenDevice(Generic[Native]):
    """What an open microphone and an open loudspeaker have in common."""

    def __init__(self, native: Native) -> None:
        self._native = native

    @property
    def device(self) -> _native.AudioDevice | None:
        """The device in use; None while it is unplugged and there is no other."""
        return self._native.device()

    def stop(self) -> None:
        """Stops it for good, for all calls. A second call does nothing."""
        self._native.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


class Microphone(_OpenDevice[_native.Microphone]):
    """An open microphone. It stops with :meth:`stop`, at the end of its ``with``, or unused."""

    @property
    def stats(self) -> _native.MicrophoneStats:
        """Numbers of this moment."""
        return self._native.stats()


class Loudspeaker(_OpenDevice[_native.Loudspeaker]):
    """An open loudspeaker, which plays the sum of its calls.

    It stops with :meth:`stop`, at the end of its ``with``, or unused.
    """

    @property
    def stats(self) -> _native.LoudspeakerStats:
        """Numbers of this moment."""
        return self._native.stats()


class AudioProcessor:
    """Cleans the sound of one microphone: echo, noise, loudness.

    Give it what is played and what is heard, each in order and at the pace of the devices; or hand
    it to :meth:`AudioDevices.open_microphone`, which does both.
    """

    def __init__(
        self,
        *,
        echo_cancellation: bool = True,
        noise_suppression: _native.NoiseSuppression | None = None,
        gain_control: bool = True,
        high_pass: bool = True,
    ) -> None:
        """``noise_suppression``: moderate if it is left out.

        Raises :class:`NotSupportedError` where the library was built without audio processing.
        """
        options = _native.AudioProcessingOptions(
            echo_cancellation=echo_cancellation,
            noise_suppression=noise_suppression or _native.NoiseSuppression.MODERATE,
            gain_control=gain_control,
            high_pass=high_pass,
        )
        self._native = guarded(_native.AudioProcessor, options)

    def process_capture(self, pcm: Buffer, sample_rate_hz: int = 48000, channels: int = 1) -> bytes:
        """Takes what the microphone heard and gives it back cleaned.

        ``pcm``: little-endian 16-bit samples, any number of them; whole 10 ms come back, and the
        rest with a later call. The format may change; what waited in another one is then dropped.
        Raises :class:`InvalidArgumentError` for a format or length that cannot be.
        """
        format = _native.AudioFormat(sample_rate_hz=sample_rate_hz, channels=channels)
        return guarded(self._native.process_capture, bytes(memoryview(pcm)), format)

    def process_render(self, pcm: Buffer, sample_rate_hz: int = 48000, channels: int = 1) -> None:
        """Takes what the loudspeaker plays, for the echo cancellation.

        Raises as :meth:`process_capture`.
        """
        format = _native.AudioFormat(sample_rate_hz=sample_rate_hz, channels=channels)
        guarded(self._native.process_render, bytes(memoryview(pcm)), format)

    def set_delay_ms(self, delay_ms: int) -> None:
        """Says how long a sound takes through loudspeaker and microphone, where that is known.

        Raises :class:`InvalidArgumentError` beyond 500.
        """
        guarded(self._native.set_delay_ms, delay_ms)

    @property
    def stats(self) -> _native.AudioProcessingStats:
        """Numbers about the echo at this moment."""
        return self._native.stats()
