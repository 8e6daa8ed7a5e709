"""What a person does in a browser during a login, without one."""

from __future__ import annotations

import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

import pytest

from signalwire_client.testing import Gateway

USER = "olive@example.com"


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def browse(gateway: Gateway, url: str, decision: str = "allow") -> str:
    """Fills in the forms as a person would; gives where the browser is sent to."""
    context = ssl.create_default_context(cadata=gateway.ca_pem)
    opener = urllib.request.build_opener(_Stay, urllib.request.HTTPSHandler(context=context))

    def hidden(html: str) -> str:
        found = re.search(r'name="request" value="([^"]+)"', html)
        assert found is not None
        return found[1]

    def send(path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode()
        with opener.open(gateway.http_url + path, data) as response:
            return str(response.read().decode())

    with opener.open(url) as response:
        request = hidden(response.read().decode())
    send("/login/oauth/login", request=request, username=USER, password="correct horse battery")
    with pytest.raises(urllib.error.HTTPError) as redirect:
        send("/login/oauth/consent", request=request, decision=decision)
    assert redirect.value.code == 302
    return str(redirect.value.headers["location"])
