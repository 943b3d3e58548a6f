"""The installation key: made once, open to nobody else, and another key for each purpose."""

from __future__ import annotations

from pathlib import Path

import pytest

from web.keys import KEY_BYTES, InstallationKey, KeyFileRefused


def test_a_missing_key_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "venterum.key"
    first = InstallationKey.load(file, create=True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert InstallationKey.load(file, create=True).reveal() == first.reveal()
    assert [path.name for path in file.parent.iterdir()] == ["venterum.key"]


def test_a_missing_key_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(KeyFileRefused, match="/dev/urandom"):
        InstallationKey.load(tmp_path / "venterum.key", create=False)


@pytest.mark.parametrize("length", [0, KEY_BYTES - 1, KEY_BYTES + 1])
def test_a_file_that_is_no_key(tmp_path: Path, length: int) -> None:
    file = tmp_path / "venterum.key"
    file.write_bytes(b"k" * length)
    file.chmod(0o600)
    with pytest.raises(KeyFileRefused, match="exactly 32 bytes"):
        InstallationKey.load(file, create=True)


def test_a_key_that_everybody_can_read(tmp_path: Path) -> None:
    file = tmp_path / "venterum.key"
    file.write_bytes(b"k" * KEY_BYTES)
    file.chmod(0o644)
    with pytest.raises(KeyFileRefused, match="chmod 600"):
        InstallationKey.load(file, create=True)


def test_purposes_have_keys_of_their_own_and_none_is_printed() -> None:
    key = InstallationKey(b"k" * KEY_BYTES)
    derived = {key.cookie_key, key.media_secret, key.live_key, key.test_identity_key, key.reveal()}
    assert len(derived) == 5
    assert {len(each) for each in derived} == {KEY_BYTES}
    assert key.cookie_key == InstallationKey(b"k" * KEY_BYTES).cookie_key
    assert "k" * 4 not in repr(key)
