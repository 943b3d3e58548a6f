"""TURN credentials, against published vectors and the draft's words, with the clock as an argument."""

from __future__ import annotations

import base64
import subprocess

import pytest

from signaling.turn import turn_credentials, turn_password


@pytest.mark.parametrize(
    ("key", "data", "digest"),
    [
        # RFC 2202, section 3, test cases 2 and 1: HMAC-SHA-1.
        ("Jefe", "what do ya want for nothing?", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("\x0b" * 20, "Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
    ],
)
def test_the_password_is_base64_of_hmac_sha1(key: str, data: str, digest: str) -> None:
    assert turn_password(key, data) == base64.b64encode(bytes.fromhex(digest)).decode()


def test_openssl_makes_the_same_password() -> None:
    made = turn_credentials("north", "mbzrxpgjys", now_s=1433895318.7, lifetime_s=600)
    command = ["openssl", "dgst", "-sha1", "-hmac", "north", "-binary"]
    digest = subprocess.run(command, input=made.username.encode(), capture_output=True, check=True).stdout
    assert made.password == base64.b64encode(digest).decode()


def test_the_user_name_says_when_it_runs_out() -> None:
    made = turn_credentials("s", "name", now_s=1_000.9, lifetime_s=600)
    assert (made.username, made.expires_at_s) == ("1600:name", 1_600)
    later = turn_credentials("s", "name", now_s=1_001.0, lifetime_s=600)
    assert later.username == "1601:name"
    assert later.password != made.password


def test_a_password_is_not_printed() -> None:
    made = turn_credentials("s", "name", now_s=0, lifetime_s=600)
    assert made.password not in repr(made)
