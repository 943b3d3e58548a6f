"""An identity provider as the settings describe it: how it is asked, which claims mean what, how sure it has to be. Pure.

The presets are what the Danish brokers ask for and give; whatever the settings say themselves stands before them. `oidc.py` does
the asking.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

Role = Literal["staff", "patient"]
Preset = Literal["idura", "signaturgruppen", "signicat", "mitid-erhverv", "mitid"]


class Assurance(IntEnum):
    """The levels of the Danish national standard for identity assurance (NSIS), in order."""

    LOW = 1
    SUBSTANTIAL = 2
    HIGH = 3


def assurance_of(text: str) -> Assurance | None:
    """The level that a claim or an `acr` value names, by its last word; None where that is no level.

    Brokers write it as `https://data.gov.dk/concept/core/nsis/Substantial`, `urn:grn:authn:dk:mitid:substantial` or
    `SUBSTANTIAL`.
    """
    return Assurance.__members__.get(re.split(r"[/:#]", text)[-1].upper())


class ClaimMap(BaseModel):
    """Under which names a provider says what; of several names, the first that the token has counts."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    cpr: tuple[str, ...] = ("cpr",)
    name: tuple[str, ...] = ("name",)
    professional_id: tuple[str, ...] = Field(default=(), description="The person's id as an employee (MitID Erhverv).")
    cvr: tuple[str, ...] = Field(default=(), description="The organisation that the person acts for.")
    assurance: tuple[str, ...] = Field(default=(), description="The level of assurance (NSIS).")


_OWN_PARAMETERS = frozenset(
    {
        "acr_values",
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "nonce",
        "redirect_uri",
        "response_type",
        "scope",
        "state",
    }
)


class IdentityProvider(BaseModel):
    """One OpenID Connect provider, and how it is spoken to."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    id: str = Field(pattern=r"^[a-z0-9-]{1,32}$", description="Stands in /login/{id}/...")
    label: str = Field(description="On the button.")
    issuer: str = Field(description="The issuer identifier, exactly as in the provider's discovery document.")
    client_id: str
    client_secret: SecretStr | None = None
    preset: Preset | None = Field(default=None, description="Whose ways to begin with; all below may be set beside it.")
    scopes: tuple[str, ...] = ("openid",)
    acr_values: str | None = Field(default=None, description="Asked for as it stands, when given.")
    authorization_parameters: Mapping[str, str] = Field(
        default_factory=dict, description="More to ask for, such as idp_values."
    )
    claims: ClaimMap = ClaimMap()
    userinfo: bool = Field(default=False, description="Whether more claims are fetched from the userinfo endpoint.")
    minimum_assurance: Literal["substantial", "high"] = "substantial"
    assurance_required: bool = Field(
        default=False, description="Whether a token that says nothing of its level of assurance is refused."
    )
    roles: tuple[Role, ...] = ("staff", "patient")
    logout_there: bool = Field(
        default=True, description="Whether logging out here leads to the provider's own logout, where it has one."
    )
    backchannel_issuer: str | None = Field(
        default=None,
        description="Where this server itself reaches the issuer, when it is elsewhere than where browsers do.",
    )

    @model_validator(mode="before")
    @classmethod
    def _begin_with_preset(cls, given: Any) -> Any:
        preset = PRESETS.get(given.get("preset")) if isinstance(given, dict) else None
        if preset is None:
            return given
        claims = given.get("claims", {})
        merged = {**preset["claims"], **claims} if isinstance(claims, Mapping) else claims
        return {**preset, **given, "claims": merged}

    @field_validator("authorization_parameters")
    @classmethod
    def _not_our_own(cls, parameters: Mapping[str, str]) -> Mapping[str, str]:
        taken = sorted(_OWN_PARAMETERS & parameters.keys())
        if taken:
            raise ValueError(f"these are set by the login itself: {', '.join(taken)}")
        return MappingProxyType(dict(parameters))

    @model_validator(mode="after")
    def _asks_for_enough(self) -> Self:
        levels = [assurance_of(value) for value in (self.acr_values or "").split()]
        if any(level is not None and level < self.minimum for level in levels):
            raise ValueError("acr_values asks for a lower level of assurance than minimum_assurance takes")
        return self

    @property
    def minimum(self) -> Assurance:
        """The lowest level of assurance that is let in, where the provider names one."""
        return Assurance[self.minimum_assurance.upper()]


PRESETS: Mapping[str | None, Mapping[str, Any]] = MappingProxyType(
    {
        # Idura (once Criipto) gives no level of assurance: it is the one asked for.
        "idura": {
            "scopes": ("openid", "ssn"),
            "acr_values": "urn:grn:authn:dk:mitid:substantial",
            "claims": {
                "cpr": ("cprNumberIdentifier",),
                "cvr": ("cvrNumberIdentifier",),
            },
        },
        "signaturgruppen": {
            "scopes": ("openid", "nemlogin"),
            "authorization_parameters": {"idp_values": "mitid_erhverv"},
            "claims": {
                "cpr": ("nemlogin.cpr", "dk.cpr", "cpr"),
                "name": ("nemlogin.name", "name"),
                "professional_id": ("nemlogin.persistent_professional_id",),
                "cvr": ("nemlogin.cvr",),
                "assurance": ("loa",),
            },
            "assurance_required": True,
        },
        "signicat": {
            "scopes": ("openid", "profile", "idp-id", "nin", "mitid-extra"),
            "claims": {"cpr": ("nin",), "assurance": ("mitid_loa",)},
            "assurance_required": True,
        },
        # The two below are for a broker that is none of these; their names are those of all of them.
        "mitid-erhverv": {
            "claims": {
                "cpr": ("nemlogin.cpr", "cprNumberIdentifier", "nin", "dk.cpr", "cpr"),
                "professional_id": ("nemlogin.persistent_professional_id", "professional_id"),
                "cvr": ("nemlogin.cvr", "cvrNumberIdentifier", "cvr"),
                "assurance": ("loa", "mitid_loa"),
            },
            "roles": ("staff",),
        },
        "mitid": {
            "claims": {
                "cpr": ("cprNumberIdentifier", "nin", "dk.cpr", "cpr"),
                "assurance": ("loa", "mitid_loa"),
            },
        },
    }
)
"""What a provider of a name asks for and gives, as its documentation has it; read them against it before relying on them."""
