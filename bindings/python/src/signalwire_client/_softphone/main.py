"""The program: reads the command line, runs it, and gives the exit code."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from typing import Any

from .. import AddressType, Call, Client, ClientEvent, EventStream, SignalWireError, dial_string
from . import identity, login, report
from .args import Usage, parse
from .outcome import EXIT_CODES, Failure
from .phone import Phone, codecs, dtmf
from .stdin import Lines


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and gives the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    reporter: report.Reporter = (
        report.JsonReporter() if "--json" in words else report.TextReporter()
    )
    try:
        result = asyncio.run(_run(parse(words), reporter))
    except Usage as usage:
        result = _failed(Failure("usage", str(usage)))
    except SignalWireError as error:
        result = _failed(Failure.of(error))
    except Failure as failure:
        result = _failed(failure)
    except (KeyboardInterrupt, asyncio.CancelledError):
        result = _failed(Failure("other", "interrupted"))
    code = EXIT_CODES[result["outcome"]]
    reporter.line("result", {**result, "exit_code": code})
    return code


def _failed(failure: Failure) -> dict[str, Any]:
    error = {"kind": failure.kind, "message": failure.message, "code": failure.code}
    return {"outcome": failure.outcome, "error": error}


async def _run(options: argparse.Namespace, reporter: report.Reporter) -> dict[str, Any]:
    if options.command == "login":
        return await login.login(options, reporter)
    if options.command == "logout":
        return login.logout(options)
    client = await identity.client(options)
    if options.command == "info":
        return await _info(client, reporter)
    if options.command == "addresses":
        return await _addresses(client, options, reporter)
    task = asyncio.current_task()
    if task is not None and sys.platform != "win32":
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    events = client.events()
    watching = asyncio.create_task(_watch(events, reporter))
    try:
        await client.connect()
    finally:
        watching.cancel()
    try:
        if options.command == "dial":
            phone = _dial(client, events, options, reporter)
        else:
            phone = await _listen(client, events, options, reporter)
        return await phone.run(Lines())
    finally:
        await client.disconnect()


async def _watch(events: EventStream[ClientEvent], reporter: report.Reporter) -> None:
    async for event in events:
        reporter.line(*report.client_event(event))


async def _info(client: Client, reporter: report.Reporter) -> dict[str, Any]:
    reporter.line("subscriber", await report.whole_subscriber(client))
    return {"outcome": "ok"}


async def _addresses(
    client: Client, options: argparse.Namespace, reporter: report.Reporter
) -> dict[str, Any]:
    kind = AddressType[options.address_type.upper()] if options.address_type else None
    page = await client.addresses(
        address_type=kind, display_name=options.name, page_size=options.page_size
    )
    for entry in page.addresses:
        reporter.line("address", report.address(entry, dial_string(entry)))
    reporter.line("addresses", {"count": len(page.addresses), "has_next": page.has_next})
    return {"outcome": "ok"}


def _dial(
    client: Client,
    events: EventStream[ClientEvent],
    options: argparse.Namespace,
    reporter: report.Reporter,
) -> Phone:
    call = client.dial(
        options.address,
        ring_timeout_ms=int((options.ring_timeout or 0) * 1000),
        audio_codecs=codecs(options),
        dtmf=dtmf(options),
    )
    reporter.line("dialing", {"call_id": call.id, "address": options.address})
    return Phone(call, events, options, reporter)


async def _listen(
    client: Client,
    events: EventStream[ClientEvent],
    options: argparse.Namespace,
    reporter: report.Reporter,
) -> Phone:
    await client.online()
    reporter.line("listening", {})
    try:
        call = await asyncio.wait_for(_incoming(client, events, reporter), options.timeout)
    except asyncio.TimeoutError:
        raise Failure("no_answer", "nobody called") from None
    party = call.remote_party
    fields = {"call_id": call.id, "name": party.name, "number": party.number}
    reporter.line("incoming", fields)
    return Phone(call, events, options, reporter)


async def _incoming(
    client: Client, events: EventStream[ClientEvent], reporter: report.Reporter
) -> Call:
    async for event in events:
        if isinstance(event, ClientEvent.INCOMING_CALL):
            # None when the caller gave up at once.
            if (call := client.call(event.call_id)) is not None:
                return call
        else:
            reporter.line(*report.client_event(event))
    raise Failure("network", "the session is over")
