"""The command line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

EPILOG = """\
exit codes:
  0  the call was answered and ended normally; other commands: done
  1  usage: an option, address or file that cannot be used
  2  authorization: the token was refused
  3  network, TLS, or the session with the service was lost
  4  the call was refused, or there is no such address
  5  busy
  6  no answer
  7  media failed
  8  anything else, such as giving up before the answer
"""

COMMANDS = """\
commands during the call, one per line on standard input:
  answer | reject | reject everywhere   a call that rings here
  mute | unmute | hold | unhold         the microphone and the call
  dtmf 123#                             digits of 0-9 A-D * #, w for a pause of 0.5 s
  play FILE                             plays a WAV file, instead of the one that plays
  stats                                 reports the numbers of this moment
  roster                                who is in the room
  mute|unmute|deaf|undeaf|remove WHO    a member by name or id, or all
  hand up|down                          the own hand
  lock | unlock                         the room
  layouts | layout NAME                 lists the layouts, takes one
  transfer ADDRESS                      sends the call elsewhere
  hangup                                ends the call

With --json every line on standard output is one JSON object with `type` and `time_ms`; the last
one has the type `result` with `outcome` and `exit_code`.
"""


class Usage(Exception):
    """An argument cannot be used."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> None:  # type: ignore[override]
        raise Usage(message)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Reads the command line; raises :class:`Usage`."""
    shared = _shared()
    parser = _Parser(
        prog="python -m signalwire_client",
        description="A phone for the command line: calls SignalWire addresses.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[shared],
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _login(
        commands.add_parser(
            "login",
            help="log in with the browser; later commands need no token then",
            parents=[_again(shared)],
        )
    )
    commands.add_parser("logout", help="forget the login", parents=[_again(shared)])
    commands.add_parser("info", help="show the subscriber of the token", parents=[_again(shared)])
    _addresses(commands.add_parser("addresses", help="list addresses", parents=[_again(shared)]))
    for name, help in (
        ("dial", "call an address and stay in the call until it ends"),
        ("listen", "wait for a call, answer or decline it, and stay in it until it ends"),
    ):
        call = commands.add_parser(
            name,
            help=help,
            epilog=COMMANDS,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[_again(shared)],
        )
        _call(call)
        if name == "dial":
            call.add_argument("address", help="/context/name, +NUMBER or sip:user@host")
            call.add_argument("--ring-timeout", type=_seconds, metavar="S")
        else:
            call.add_argument("--answer", action="store_true", help="answer the call at once")
            call.add_argument("--timeout", type=_seconds, metavar="S", help="give up after this")
    options = parser.parse_args(arguments)
    _complete(options)
    return options


def _shared() -> _Parser:
    """What every command takes."""
    shared = _Parser(add_help=False)
    shared.add_argument("--json", action="store_true", help="one JSON object per line")
    shared.add_argument("--token", help="subscriber access token; SW_TOKEN is safer")
    shared.add_argument("--token-file", type=Path, metavar="FILE", help="file with the token")
    shared.add_argument(
        "--mint",
        action="store_true",
        help="get a token with the project's credentials; for development",
    )
    shared.add_argument("--project", metavar="ID", help="with --mint; or SW_PROJECT")
    shared.add_argument("--api-token", help="with --mint; SW_API_TOKEN is safer")
    shared.add_argument("--space-url", metavar="URL", help="with --mint; or SW_SPACE_URL")
    shared.add_argument(
        "--reference",
        metavar="TEXT",
        default="softphone@example.com",
        help="with --mint: the subscriber, made if there is none with this reference",
    )
    shared.add_argument(
        "--login-file",
        metavar="FILE",
        help="file of the login; default: login.json of signalwire-softphone, SW_LOGIN_FILE",
    )
    shared.add_argument("--ws-url", metavar="URL", help="default: what the token says, SW_WS_URL")
    shared.add_argument("--http-url", metavar="URL", help="default: the token's, SW_HTTP_URL")
    shared.add_argument("--ca", type=Path, metavar="FILE", help="additional CA certificates")
    return shared


def _again(shared: argparse.ArgumentParser) -> _Parser:
    """The same after the command, where what was not given must not undo what was given before."""
    copy = _Parser(add_help=False)
    for action in shared._actions:
        if isinstance(action, argparse._StoreTrueAction):
            copy.add_argument(
                *action.option_strings,
                action="store_true",
                default=argparse.SUPPRESS,
                help=argparse.SUPPRESS,
            )
        else:
            copy.add_argument(
                *action.option_strings,
                type=action.type or str,
                default=argparse.SUPPRESS,
                help=argparse.SUPPRESS,
            )
    return copy


def _login(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--client-id", metavar="ID", help="the application's; or SW_CLIENT_ID")
    parser.add_argument(
        "--redirect-uri",
        metavar="URL",
        default="http://127.0.0.1:0/callback",
        help="where the browser returns to, as it is registered; port 0 takes a free one",
    )
    parser.add_argument("--authorize-url", metavar="URL", help="or SW_AUTHORIZE_URL")
    parser.add_argument("--token-url", metavar="URL", help="or SW_TOKEN_URL")
    parser.add_argument("--no-browser", action="store_true", help="only show the login page's URL")
    parser.add_argument(
        "--timeout", type=_seconds, metavar="S", default=300.0, help="give up after this"
    )


def _addresses(parser: argparse.ArgumentParser) -> None:
    kinds = ("app", "call", "room", "subscriber")
    parser.add_argument("--type", choices=kinds, dest="address_type")
    parser.add_argument("--name", metavar="TEXT", help="only display names that match")
    parser.add_argument("--page-size", type=int, metavar="N", help="at most this many, 1 to 1000")


def _call(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--play", metavar="FILE", help="WAV file to play once the call is up")
    parser.add_argument("--record", metavar="FILE", help="WAV file to record the far side to")
    parser.add_argument("--codec", choices=("opus", "pcmu", "pcma"))
    parser.add_argument("--duration", type=_seconds, metavar="S", help="hang up after this")
    parser.add_argument("--digits", metavar="DIGITS", help="DTMF to send once the call is up")
    parser.add_argument("--dtmf", choices=("info", "rtp", "auto"), help="how digits are sent")
    parser.add_argument("--hangup-on-eof", action="store_true")


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.001 <= value <= 86_400:
        raise argparse.ArgumentTypeError("must be seconds from 0.001 to 86400")
    return value


def _complete(options: argparse.Namespace) -> None:
    """Takes from the environment what was not given."""
    if sum(map(bool, (options.token, options.token_file, options.mint))) > 1:
        raise Usage("--token, --token-file and --mint exclude each other")
    try:
        if options.token_file:
            options.token = options.token_file.read_text().strip()
        options.token = options.token or _environment("token")
        ca = options.ca or os.environ.get("SW_CA_FILE")
        options.ca_pem = Path(ca).read_text() if ca else None
    except OSError as error:
        raise Usage(str(error)) from None
    names = ["ws_url", "http_url", "login_file", "project", "api_token", "space_url"]
    if options.command == "login":
        names += ["client_id", "authorize_url", "token_url"]
    for name in names:
        given = (getattr(options, name) or "").strip()
        setattr(options, name, given or _environment(name))


def _environment(name: str) -> str | None:
    """An empty variable counts as not set, as scripts leave it."""
    return os.environ.get(f"SW_{name.upper()}", "").strip() or None


def service_options(options: argparse.Namespace) -> Any:
    """What every client of this run is made with, besides its token."""
    return {
        "ws_url": options.ws_url,
        "http_url": options.http_url,
        "ca_certificates_pem": options.ca_pem,
        "agent": "signalwire_client",
    }
