"""Calls that are announced before they come, and the platform's call screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _native
from ._convert import awaited, guarded
from .call import Call
from .options import AnswerOptions, answer_options

if TYPE_CHECKING:
    from typing_extensions import Unpack


def parse_push(notification: str) -> _native.PushPayload:
    """Reads the JSON text of a notification that announces a call, still encrypted.

    The caller's name and number are to be shown at once. They are not authenticated. Raises
    :class:`InvalidArgumentError` for any other notification, :class:`ProtocolError` for one that
    lacks something.
    """
    return guarded(_native.parse_push, notification)


class ExpectedCall:
    """A call whose invite is on its way. Made by :meth:`Client.expect_call`.

    What is decided before the invite comes holds: an answer is given the moment that it comes, a
    rejected call is refused then and not announced. Letting go of the object changes nothing.
    """

    def __init__(self, native: _native.ExpectedCall) -> None:
        self._native = native

    @property
    def call_id(self) -> str:
        """The id that was announced."""
        return self._native.call_id()

    @property
    def state(self) -> _native.ExpectedCallState:
        """Where it stands."""
        return self._native.state()

    async def arrived(self) -> Call:
        """Waits for the invite and gives the call.

        Raises :class:`TimedOutError` when the deadline passed, :class:`CallFailedError` when the
        call was over before, :class:`GivenUpError` after :meth:`cancel`, :class:`ClosedError`
        after the client's end.
        """
        return Call(await awaited(self._native.arrived()))

    async def answer(self, **options: Unpack[AnswerOptions]) -> None:
        """Answers the call as soon as its invite is there, and waits until it is up.

        The options are those of :meth:`Call.answer`.
        Raises as :meth:`arrived` and :meth:`Call.answer`; :class:`InvalidStateError` if it was
        answered or rejected before. Cancelling the wait does not take the answer back.
        """
        await awaited(self._native.answer(answer_options(options)))

    async def reject(self) -> None:
        """Rejects the call as soon as its invite is there, as busy, and waits for that.

        It is not announced then. Rejecting takes an answer back that could not be given yet.
        Raises as :meth:`arrived` and :meth:`Call.reject`; :class:`InvalidStateError` if it was
        rejected before. An invite that comes after the deadline is ignored.
        """
        await awaited(self._native.reject())

    def cancel(self) -> None:
        """Gives up waiting. A call that comes nevertheless is announced as any other."""
        self._native.cancel()

    def __repr__(self) -> str:
        return f"<ExpectedCall {self.call_id} {self.state.name}>"


class HostCall:
    """One call as the platform's call screen sees it.

    Feed it from the system and from the client's events, and carry the actions out in order. It
    is pure: no clock, no network. Audio inputs are the system's, not one call's: give them to
    every call that is there.
    """

    def __init__(self, call_id: str) -> None:
        self._native = guarded(_native.HostCall, call_id)

    @property
    def call_id(self) -> str:
        """The id that it was made with."""
        return self._native.call_id()

    @property
    def phase(self) -> _native.HostPhase:
        """Where it stands."""
        return self._native.phase()

    def handle(self, input: _native.HostInput) -> list[_native.HostAction]:
        """Tells what happened and gives what to do, in this order; often nothing.

        Every input may come at any time and any number of times.
        """
        return guarded(self._native.handle, input)

    def __repr__(self) -> str:
        return f"<HostCall {self.call_id} {self.phase.name}>"
