"""``python -m signalwire_client`` as a program; the scenarios play whole calls with it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from signalwire_client.testing import Gateway


def run(gateway: Gateway, *arguments: str, token: str | None = None, said: str = "") -> Any:
    env = {
        "SW_WS_URL": gateway.ws_url,
        "SW_HTTP_URL": gateway.http_url,
        "SW_CA_FILE": gateway.ca_file,
        "SW_TOKEN": gateway.token() if token is None else token,
    }
    command = [sys.executable, "-m", "signalwire_client", *arguments]
    return subprocess.run(
        command, env=env, input=said, text=True, capture_output=True, timeout=60, check=False
    )


def lines(done: Any) -> list[dict[str, Any]]:
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_call_by_commands(gateway: Gateway) -> None:
    done = run(gateway, "--json", "dial", "/public/echo", "--digits", "1", "--duration", "0.2")
    said = lines(done)
    assert done.returncode == 0, done.stderr
    assert "ended" in [line["type"] for line in said]
    assert said[-1]["type"] == "result"
    assert {"type": "command_done", "command": "dtmf 1"}.items() <= next(
        line for line in said if line["type"] == "command_done"
    ).items()
    assert said[-1]["outcome"] == "answered"
    assert said[-1]["stats"]["codec"] == "opus"


def test_the_subscriber_and_the_directory(gateway: Gateway) -> None:
    subscriber = lines(run(gateway, "info", "--json"))[0]
    assert subscriber["type"] == "subscriber"
    assert subscriber["addresses"][0]["dial"].startswith("/private/")
    rooms = lines(run(gateway, "--json", "addresses", "--type", "room"))
    assert {line["address_type"] for line in rooms if line["type"] == "address"} == {"room"}


@pytest.mark.parametrize(
    ("arguments", "token", "code", "outcome"),
    [
        (("dial",), None, 1, "usage"),
        (("dial", "no address"), None, 1, "usage"),
        (("dial", "/public/echo", "--duration", "never"), None, 1, "usage"),
        (("info",), "", 1, "usage"),
        (("info",), "no token", 2, "unauthorized"),
        (("listen", "--timeout", "0.05"), None, 6, "no_answer"),
    ],
)
def test_what_cannot_be_done(
    gateway: Gateway, arguments: tuple[str, ...], token: str | None, code: int, outcome: str
) -> None:
    done = run(gateway, "--json", *arguments, token=token)
    result = lines(done)[-1]
    assert (done.returncode, result["outcome"], result["exit_code"]) == (code, outcome, code)
    assert result["error"]["message"]


def test_people_get_text(gateway: Gateway) -> None:
    done = run(gateway, "dial", "/public/busy")
    assert done.returncode == 5
    assert done.stdout.splitlines()[-1].startswith("busy: ")
