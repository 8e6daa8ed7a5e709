"""Who calls: a token that is given or minted with a project's credentials, or an earlier login."""

from __future__ import annotations

import argparse

from .. import Client
from ..errors import NotFoundError, RejectedError
from . import login
from .args import Usage, service_options
from .outcome import Failure


async def client(options: argparse.Namespace) -> Client:
    """A client of whom the command line names."""
    token = await _mint(options) if options.mint else options.token
    if token:
        return Client(token, **service_options(options))
    credentials = login.credentials(options)
    if credentials is None:
        raise Usage("no token: give --token-file FILE, set SW_TOKEN, use --mint, or log in first")
    return Client.with_credentials(credentials, **service_options(options))


async def _mint(options: argparse.Namespace) -> str:
    """Issues a token with the project's credentials."""
    for name in ("project", "api_token", "space_url"):
        if not getattr(options, name):
            option = name.replace("_", "-")
            raise Usage(f"--mint needs --{option} or SW_{name.upper()}")
    try:
        from ..rest_api import RestClient
    except ImportError:
        raise Usage("--mint needs a library with the feature rest-api") from None
    space = options.space_url.rstrip("/")
    rest = RestClient(
        space if "://" in space else f"https://{space}",
        options.project,
        options.api_token,
        ca_certificates_pem=options.ca_pem,
    )
    try:
        return (await rest.create_subscriber_token(options.reference)).token
    except (NotFoundError, RejectedError) as error:
        # No call was refused.
        message = f"the space gave no token: {error.reason}"
        raise Failure("other", message, code=error.code) from None
