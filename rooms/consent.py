"""The words that a patient agrees to before a consultation is recorded: the clinic's own, or these, in each language. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from .clinic_settings import ClinicSettings

DANISH, ENGLISH = "da", "en"

STANDARD_VERSION = "standard 1"
"""Counts the texts below: a change of one is a new version."""

STANDARD: Mapping[str, str] = {
    DANISH: (
        "Klinikken vil gerne optage jeres videokonsultation: billede og lyd af alle, der er med. Optagelsen gemmes krypteret "
        "hos klinikken, og kun klinikkens behandlere kan se den. Du bestemmer selv: siger du nej, fortsætter konsultationen "
        "uden optagelse. Siger du ja, kan du stoppe optagelsen når som helst, og du kan bede klinikken om at slette den."
    ),
    ENGLISH: (
        "The clinic would like to record your video consultation: picture and sound of everyone who takes part. The recording "
        "is kept encrypted at the clinic, and only the clinic's practitioners can see it. It is up to you: if you say no, the "
        "consultation goes on without a recording. If you say yes, you can stop the recording at any time, and you can ask "
        "the clinic to delete it."
    ),
}


@dataclass(frozen=True, slots=True)
class Consent:
    """What a patient was asked, by language; `version` says which words of whom they are."""

    version: str
    texts: Mapping[str, str]

    def language_of(self, sha256: str) -> str | None:
        """In which language these words were shown, by their hash; None when they are not these words."""
        return next((language for language, text in self.texts.items() if words_hash(text) == sha256), None)


def consent_of(settings: ClinicSettings) -> Consent:
    """The words that a clinic asks with now. Its own are known by the version of the settings, which stands on its log."""
    own = {DANISH: settings.consent_da, ENGLISH: settings.consent_en}
    if not any(own.values()):
        return Consent(STANDARD_VERSION, STANDARD)
    # A clinic that wrote its words in one language alone asks with those, whatever the patient's page speaks.
    only = own[DANISH] or own[ENGLISH]
    return Consent(f"clinic {settings.version}", {language: text or only for language, text in own.items()})


def words_hash(text: str) -> str:
    """SHA-256 of the words, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
