"""The settings: defaults that fit one machine, and refusals that do not repeat what was set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from web.settings import Settings


def test_the_defaults_are_one_machine_and_no_demonstration() -> None:
    settings = Settings()
    assert settings.origin == "http://127.0.0.1:8080"
    assert not settings.secure
    assert not settings.demo
    assert not settings.shared
    assert settings.identity_providers == ()


def test_the_environment_sets_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = {
        "id": "keycloak",
        "label": "Log ind",
        "issuer": "https://id.example",
        "client_id": "v",
        "client_secret": "s3cret",
    }
    monkeypatch.setenv("VENTERUM_IDENTITY_PROVIDERS", json.dumps([provider]))
    monkeypatch.setenv("VENTERUM_PUBLIC_URL", "https://Video.Example/")
    monkeypatch.setenv("VENTERUM_REDIS_URL", "redis://:pass@redis/0")
    monkeypatch.setenv("VENTERUM_DATABASE_URL", "postgresql+asyncpg://v:pass@db/v")
    settings = Settings()
    assert settings.origin == "https://video.example"
    assert settings.secure
    assert settings.shared
    assert settings.identity_providers[0].roles == ("staff", "patient")
    assert "s3cret" not in repr(settings)
    assert "pass" not in repr(settings)


@pytest.mark.parametrize("url", ["ftp://a", "video.example", "https://a/path", "https://a?x=1"])
def test_a_public_address_that_is_no_origin(url: str) -> None:
    with pytest.raises(ValidationError):
        Settings(public_url=url)


def test_trusted_proxies_are_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENTERUM_TRUSTED_PROXIES", '["10.0.0.0/8", "fd00::/8"]')
    assert [str(network) for network in Settings().trusted_proxies] == ["10.0.0.0/8", "fd00::/8"]
    monkeypatch.setenv("VENTERUM_TRUSTED_PROXIES", '["proxy.example"]')
    with pytest.raises(ValidationError):
        Settings()


def test_two_providers_by_one_id(monkeypatch: pytest.MonkeyPatch) -> None:
    provider = {"id": "a", "label": "A", "issuer": "https://a", "client_id": "v", "client_secret": "s3cret"}
    monkeypatch.setenv("VENTERUM_IDENTITY_PROVIDERS", json.dumps([provider, provider]))
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "s3cret" not in str(refused.value)


def test_a_missing_key_is_made_where_nothing_was_kept_with_another(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/venterum.sqlite3"
    assert Settings(database_url=url).makes_key
    (tmp_path / "venterum.sqlite3").touch()
    assert not Settings(database_url=url).makes_key
    assert Settings(database_url=url, demo=True).makes_key
    assert not Settings(database_url="postgresql+asyncpg://db/v").makes_key


def test_several_workers_take_both_stores() -> None:
    assert not Settings(redis_url="redis://r").shared
    assert not Settings(database_url="postgresql+asyncpg://db/v").shared


def test_the_media_node_can_be_reached_and_found() -> None:
    assert Settings(media_host="192.0.2.1").offered_addresses == ("192.0.2.1",)
    assert (
        Settings(media_host="0.0.0.0", media_addresses=("192.0.2.1", "2001:db8::1")).offered_addresses[0] == "192.0.2.1"
    )
    for wrong in (
        {"media_host": "0.0.0.0"},
        {"media_host": "localhost"},
        {"media_addresses": ["video.example"]},
        {"media_inside": False},
    ):
        with pytest.raises(ValidationError):
            Settings.model_validate(wrong)
