"""What the generated records show of themselves: everything but secrets."""

from __future__ import annotations

from typing import Any

import pytest

from signalwire_client import _native as native

SECRET = "s3cr3t"


def records() -> list[Any]:
    device = native.Device(
        id="d-1",
        device_type=native.DeviceType.IOS,
        device_token=SECRET,
        device_name="phone",
        registered_at="",
        push_notification_key=SECRET,
    )
    options = native.RestOptions(space="example", project_id="p-1", api_token=SECRET)
    return [
        native.ClientOptions(token=SECRET, resume_from=SECRET),
        device,
        options,
        native.SipCredentialRequest(username="desk", password=SECRET),
        native.SubscriberRequest(email="rosa@example.com", password=SECRET),
        native.SubscriberTokenRequest(reference="rosa", password=SECRET),
    ]


@pytest.mark.parametrize("record", records(), ids=lambda record: type(record).__name__)
def test_no_description_of_a_record_shows_its_secret(record: Any) -> None:
    for text in (str(record), repr(record), f"{[record]}"):
        assert SECRET not in text
        assert type(record).__name__ in text
