"""A provider's settings: presets that give way to what is set, and settings that would let too little through."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from web.identity_providers import PRESETS, Assurance, IdentityProvider, assurance_of


def provider(**more: Any) -> IdentityProvider:
    return IdentityProvider.model_validate(
        {"id": "a", "label": "A", "issuer": "https://a.example", "client_id": "v", **more}
    )


@pytest.mark.parametrize("preset", sorted(str(name) for name in PRESETS))
def test_every_preset_can_be_used_as_it_is(preset: str) -> None:
    made = provider(preset=preset)
    assert made.claims.cpr
    assert "openid" in made.scopes


def test_what_is_set_stands_before_the_preset() -> None:
    made = provider(
        preset="idura",
        acr_values="urn:grn:authn:dk:mitid:business",
        claims={"name": ["2.5.4.10"]},
        roles=["staff"],
    )
    assert made.acr_values == "urn:grn:authn:dk:mitid:business"
    assert made.scopes == ("openid", "ssn")
    assert (made.claims.cpr, made.claims.name) == (("cprNumberIdentifier",), ("2.5.4.10",))


def test_the_level_is_the_last_word_of_whatever_names_it() -> None:
    assert assurance_of("https://data.gov.dk/concept/core/nsis/Substantial") is Assurance.SUBSTANTIAL
    assert assurance_of("urn:grn:authn:dk:mitid:high") is Assurance.HIGH
    assert assurance_of("LOW") is Assurance.LOW
    assert assurance_of("urn:grn:authn:dk:mitid:business") is None
    assert assurance_of("") is None
    assert Assurance.LOW < Assurance.SUBSTANTIAL < Assurance.HIGH


@pytest.mark.parametrize(
    "more",
    [
        {"acr_values": "urn:grn:authn:dk:mitid:low"},
        {"acr_values": "urn:grn:authn:dk:mitid:substantial", "minimum_assurance": "high"},
        {"minimum_assurance": "low"},
        {"authorization_parameters": {"redirect_uri": "https://elsewhere.example"}},
        {"authorization_parameters": {"state": "x"}},
        {"preset": "nobody"},
        {"claims": {"cpr": "not-a-list"}},
        {"client_secret": "hemmelig", "claims": {"shoe_size": ["x"]}},
    ],
)
def test_settings_that_make_no_sense_are_refused(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        provider(**more)
    assert "hemmelig" not in str(refused.value)
