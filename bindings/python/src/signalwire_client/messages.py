"""Text messages on their way."""

from __future__ import annotations

from . import _native
from ._convert import awaited


class OutgoingMessage:
    """One text message to be sent. Made by :meth:`Client.compose_message`.

    The service has no key by which it would tell a repetition, so a lost answer leaves it open
    whether the message arrived. :meth:`send` may be called again after any exception: it sends
    the text a second time only after the conversation's history showed that the first did not
    arrive.
    """

    def __init__(self, native: _native.OutgoingMessage) -> None:
        self._native = native

    @property
    def state(self) -> _native.SendState:
        """Where it stands."""
        return self._native.state()

    async def send(self) -> None:
        """Sends it and waits for the service's answer. Needs no session.

        A sent message is not sent again: the second call does nothing. Raises
        :class:`UncertainError` when the answer was lost or the service failed: call this again to
        find out and go on; :class:`RejectedError` for an unknown conversation or another's
        address; :class:`InvalidStateError` while it is being sent; :class:`NetworkError`,
        :class:`TlsError`, :class:`UnauthorizedError`, :class:`RateLimitedError`. Cancelling the
        wait does not stop it.
        """
        await awaited(self._native.send())

    async def reconcile(self) -> _native.SendState:
        """Looks into the conversation's history whether an uncertain message arrived.

        Gives ``SENT`` or ``UNSENT``; in any other state that one. The same text written by
        another device of the subscriber within two minutes is taken for it. Raises as
        :meth:`Client.messages`; the message stays uncertain.
        """
        return await awaited(self._native.reconcile())

    def __repr__(self) -> str:
        return f"<OutgoingMessage {self.state.name}>"
