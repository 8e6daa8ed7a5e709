"""``python -m signalwire_client``: who calls, by a login or with a project's credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from browser import USER, browse
from signalwire_client.testing import Gateway

COMMAND = (sys.executable, "-m", "signalwire_client", "--json")
LIMIT = 60.0
"""Seconds; only a hang takes so long."""


def environment(gateway: Gateway, file: Path | None = None, **more: str) -> dict[str, str]:
    """Nobody's token; the login of this file."""
    return {
        "SW_WS_URL": gateway.ws_url,
        "SW_HTTP_URL": gateway.http_url,
        "SW_CA_FILE": gateway.ca_file,
        "SW_LOGIN_FILE": str(file or ""),
        "SW_CLIENT_ID": "gateway-app",
        "SW_AUTHORIZE_URL": f"{gateway.http_url}/login/oauth/authorize",
        "SW_TOKEN_URL": f"{gateway.http_url}/oauth/token",
        **more,
    }


def run(env: dict[str, str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """Runs one command; gives its exit code and its lines."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def log_in(gateway: Gateway, file: Path, decision: str) -> tuple[int, list[dict[str, Any]]]:
    """Logs in as a person would."""
    process = subprocess.Popen(
        [*COMMAND, "login", "--no-browser"],
        env=environment(gateway, file),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            page = json.loads(process.stdout.readline())
            assert page["type"] == "login_page"
            back = browse(gateway, page["url"], decision)
            if decision == "allow":
                with urllib.request.urlopen(back) as response:
                    assert response.status == 200
            else:
                with pytest.raises(urllib.error.HTTPError) as refused:
                    urllib.request.urlopen(back)
                assert refused.value.code == 400
            rest = process.communicate(timeout=LIMIT)[0]
        finally:
            process.kill()
    return process.returncode, [json.loads(line) for line in rest.splitlines()]


def kept(file: Path) -> dict[str, str]:
    tokens: dict[str, str] = json.loads(file.read_text())["tokens"]
    return tokens


def test_a_login_is_kept_for_its_owner_alone_and_renewed_at_the_next_start(
    gateway: Gateway, tmp_path: Path
) -> None:
    file = tmp_path / "state" / "login.json"
    env = environment(gateway, file)
    code, before = run(env, "info")
    assert (code, before[-1]["outcome"]) == (1, "usage")
    assert "log in first" in before[-1]["error"]["message"]

    code, said = log_in(gateway, file, "allow")
    assert code == 0, said
    assert [line["type"] for line in said] == ["logged_in", "subscriber", "result"]
    assert said[0]["file"] == str(file)
    assert said[1]["email"] == USER
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
    first = kept(file)
    assert not [name for name in ("access_token", "refresh_token") if first[name] in str(said)]

    renewals = gateway.state()["oauth"]["refreshes"]
    code, said = run(env, "dial", "/public/echo", "--duration", "0.2")
    assert code == 0, said
    assert gateway.state()["oauth"]["refreshes"] == renewals, "the first token was still good"
    gateway.fault("expire_token")
    code, said = run(env, "info")
    assert (code, said[0]["email"]) == (0, USER)
    assert gateway.state()["oauth"]["refreshes"] == renewals + 1
    assert kept(file)["refresh_token"] != first["refresh_token"]
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file], "nothing is left of the writing"

    assert run(env, "logout")[0] == 0
    assert not file.exists()
    assert run(env, "logout")[0] == 0, "who is logged out can log out"


def test_a_login_that_is_refused_keeps_nothing(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "login.json"
    code, said = log_in(gateway, file, "deny")
    assert (code, said[-1]["outcome"]) == (2, "unauthorized")
    assert not file.exists()
    code, said = run(environment(gateway, file), "login", "--no-browser", "--timeout", "0.05")
    assert (code, said[-1]["outcome"]) == (8, "other")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("login", "--client-id", " "), "--client-id"),
        (("--mint", "info"), "--project"),
        (("--mint", "--token", "x", "info"), "exclude"),
    ],
)
def test_what_is_missing_is_said(
    gateway: Gateway, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    env = environment(gateway, tmp_path / "login.json", SW_CLIENT_ID="")
    code, said = run(env, *arguments)
    assert (code, said[-1]["outcome"]) == (1, "usage")
    assert why in said[-1]["error"]["message"]


def test_another_file_is_no_login(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "login.json"
    for text in ("no JSON", "[]"):
        file.write_text(text)
        code, said = run(environment(gateway, file), "info")
        assert (code, said[-1]["outcome"]) == (1, "usage")
        assert "log in again" in said[-1]["error"]["message"]
    file.write_text("{}")
    # A login without a client id.
    assert run(environment(gateway, file), "info")[0] == 1


def test_a_token_is_minted_with_the_projects_credentials(gateway: Gateway) -> None:
    project = environment(gateway, SW_PROJECT=gateway.project, SW_SPACE_URL=gateway.http_url)
    # A token in the environment does not forbid it.
    right = {**project, "SW_API_TOKEN": gateway.api_token, "SW_TOKEN": "ignored"}
    code, said = run(right, "--mint", "--reference", "carol@example.com", "info")
    assert code == 0, said
    assert said[0]["email"] == "carol@example.com"
    assert gateway.api_token not in str(said)
    code, said = run({**project, "SW_API_TOKEN": "wrong"}, "info", "--mint")
    assert (code, said[-1]["outcome"]) == (2, "unauthorized")
    closed = {**right, "SW_SPACE_URL": "https://127.0.0.1:1"}
    code, said = run(closed, "info", "--mint")
    assert (code, said[-1]["outcome"]) == (3, "network")
