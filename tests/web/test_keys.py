"""The installation key: made once, open to nobody else, and another key for each purpose."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from rooms.errors import RecordingKeyMissing
from web.keys import KEY_BYTES, InstallationKey, KeyFileRefused, recording_keys
from web.settings import Settings


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


def test_a_key_in_a_variable(tmp_path: Path) -> None:
    text = base64.b64encode(b"k" * KEY_BYTES).decode()
    settings = Settings(key=SecretStr(text), key_file=tmp_path / "none")
    assert InstallationKey.of(settings).reveal() == b"k" * KEY_BYTES
    assert not (tmp_path / "none").exists()
    for wrong in ("", "no base64 !", base64.b64encode(b"short").decode()):
        with pytest.raises(KeyFileRefused, match="VENTERUM_KEY is not a key") as refused:
            InstallationKey.of(Settings(key=SecretStr(wrong)))
        assert wrong == "" or wrong not in str(refused.value)


def test_recordings_keys_come_from_a_file_a_variable_or_the_installations(tmp_path: Path) -> None:
    installation = InstallationKey(b"k" * KEY_BYTES)
    file = tmp_path / "recording.key"
    file.write_bytes(b"r" * KEY_BYTES)
    file.chmod(0o600)
    usual = recording_keys(Settings(), installation)
    by_file = recording_keys(Settings(recording_key_file=file), installation)
    text = SecretStr(base64.b64encode(b"r" * KEY_BYTES).decode())
    by_variable = recording_keys(Settings(recording_key=text), installation)
    assert by_file.current_id == by_variable.current_id != usual.current_id is not None
    # What was wrapped before opens on: by the installation's without being named, by another where it is.
    key_id, wrapped = usual.new("one")
    assert by_file.open("one", key_id, wrapped) == usual.open("one", key_id, wrapped)
    assert by_file.current_id is not None
    assert not usual.knows(by_file.current_id)
    assert recording_keys(Settings(recording_old_key_files=(file,)), installation).knows(by_file.current_id)
    # One that cannot be read keeps nobody from serving: there is none to record with, and the old ones open.
    file.chmod(0o644)
    without = recording_keys(Settings(recording_key_file=file), installation)
    assert without.current_id is None
    assert without.open("one", key_id, wrapped)
    with pytest.raises(RecordingKeyMissing):
        without.new("two")
    with pytest.raises(ValidationError, match="not both"):
        Settings(recording_key=text, recording_key_file=file)
