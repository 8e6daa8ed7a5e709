"""Logging in with the system's browser, and the file that keeps what that gave.

It is the file of the Rust example ``softphone``: a login of either is one of both.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import threading
import webbrowser
from pathlib import Path
from typing import Any

from .. import Client, Credentials, OAuth
from ..errors import SignalWireError
from . import report
from .args import Usage, service_options
from .outcome import Failure

_SETTINGS = ("client_id", "redirect_uri", "authorize_url", "token_url")
"""Where the login was done; it must be renewed there."""


async def login(options: argparse.Namespace, reporter: report.Reporter) -> dict[str, Any]:
    """Opens the browser, waits until it comes back, and keeps the tokens."""
    if not options.client_id:
        raise Usage("login needs --client-id or SW_CLIENT_ID; SignalWire's support issues it")
    store = FileStore(_file(options), {name: getattr(options, name) for name in _SETTINGS})
    loop = asyncio.get_running_loop()

    def show(url: str) -> None:
        reporter.line("login_page", {"url": url})
        if not options.no_browser:
            # A browser of the terminal returns when it is left. Nobody waits for this thread.
            threading.Thread(target=_browse, args=(url, loop, reporter), daemon=True).start()

    try:
        tokens = await store.oauth(options).login(show, timeout_ms=int(options.timeout * 1000))
    except SignalWireError as error:
        raise Failure.of_login(error) from None
    try:
        store.save(tokens.to_text())
    except OSError as error:
        raise Failure("other", f"{store.file} cannot be written: {error.strerror}") from None
    client = Client(tokens.access_token(), **service_options(options))
    reporter.line("logged_in", {"file": str(store.file)})
    reporter.line("subscriber", await report.whole_subscriber(client))
    return {"outcome": "ok"}


def _browse(url: str, loop: asyncio.AbstractEventLoop, reporter: report.Reporter) -> None:
    if webbrowser.open(url):
        return
    # The URL on the screen is enough.
    fields = {"command": None, "kind": "other", "message": "no browser could be opened"}
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(reporter.line, "error", {**fields, "code": None})


def logout(options: argparse.Namespace) -> dict[str, Any]:
    """Forgets the tokens; the browser may still be logged in."""
    store = FileStore(_file(options), {})
    try:
        store.clear()
    except OSError as error:
        raise Failure("other", f"{store.file} cannot be removed: {error.strerror}") from None
    return {"outcome": "ok"}


def credentials(options: argparse.Namespace) -> Credentials | None:
    """The credentials of an earlier login, if there was one."""
    store = FileStore(_file(options), {})
    try:
        kept = store.read()
    except OSError as error:
        raise Usage(f"{store.file}: {error.strerror}") from None
    except ValueError:
        text = f"{store.file}: this is no file of softphone login; log in again"
        raise Usage(text) from None
    if kept is None:
        return None
    store.settings = {name: kept.get(name) for name in _SETTINGS}
    return store.oauth(options).credentials(store)


def _file(options: argparse.Namespace) -> Path:
    """``--login-file``, else a file among the program's own state."""
    if options.login_file:
        return Path(options.login_file)
    state = os.environ.get("XDG_STATE_HOME")
    if not state and (home := os.environ.get("HOME")):
        state = os.path.join(home, ".local", "state")
    state = state or os.environ.get("LOCALAPPDATA")
    if not state:
        raise Usage("there is no home folder: name a file with --login-file")
    return Path(state) / "signalwire-softphone" / "login.json"


class FileStore:
    """Tokens in a file that only its owner can read; a store for :meth:`OAuth.credentials`."""

    def __init__(self, file: Path, settings: dict[str, str | None]) -> None:
        self.file = file
        self.settings = settings

    def oauth(self, options: argparse.Namespace) -> OAuth:
        """Logins where this one was done."""
        return OAuth(
            self.settings.get("client_id") or "",
            self.settings.get("redirect_uri") or "",
            authorize_url=self.settings.get("authorize_url"),
            token_url=self.settings.get("token_url"),
            ca_certificates_pem=options.ca_pem,
        )

    def read(self) -> dict[str, Any] | None:
        """The whole file; None without one. Raises OSError, and ValueError for another file."""
        try:
            kept = json.loads(self.file.read_text("utf-8"))
        except FileNotFoundError:
            return None
        if not isinstance(kept, dict):
            raise ValueError("no object")
        return kept

    def load(self) -> str | None:
        """The tokens of the login."""
        kept = self.read()
        return None if kept is None else json.dumps(kept.get("tokens"))

    def save(self, text: str) -> None:
        """Keeps other tokens.

        A new file with the right permissions takes the place of the old one, so that a crash leaves
        one of the two whole.
        """
        content = json.dumps({**self.settings, "tokens": json.loads(text)})
        # On Windows the folder of the user's profile is private already.
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.file.with_suffix(f".{os.getpid()}.new")
        try:
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.file)
        except BaseException:
            new.unlink(missing_ok=True)
            raise

    def clear(self) -> None:
        """Forgets the login."""
        self.file.unlink(missing_ok=True)
